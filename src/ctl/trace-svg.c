/* SPDX-License-Identifier: Apache-2.0 */
/* The ladder in SVG: nothing but lines and text, so that any browser and any printer shows it. */
#include "ctl/trace.h"

#define LANE 260   /* pixels between participants */
#define MARGIN 150 /* left of the first */
#define TOP 60
#define ROW 34
#define CHARS_PER_PIXEL 0.155 /* of the font of labels */

static const char head[] =
	"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
	"font-family=\"Helvetica,Arial,sans-serif\" font-size=\"11\">\n"
	"<defs><marker id=\"head\" markerWidth=\"9\" markerHeight=\"8\" refX=\"8\" refY=\"4\" "
	"orient=\"auto\"><path d=\"M0,0 L9,4 L0,8 z\"/></marker></defs>\n"
	"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n";

static void put_escaped(struct ms_buf *out, const char *text, size_t max)
{
	size_t n = 0;
	for (; *text && n < max; text++, n++)
		if (*text == '<')
			ms_buf_put_str(out, "&lt;");
		else if (*text == '>')
			ms_buf_put_str(out, "&gt;");
		else if (*text == '&')
			ms_buf_put_str(out, "&amp;");
		else
			ms_buf_put_u8(out, (unsigned char)*text);
	if (*text)
		ms_buf_put_str(out, "...");
}

static unsigned x_of(unsigned lane)
{
	return MARGIN + lane * LANE;
}

static void put_lane(const struct ms_trace *t, unsigned lane, unsigned height, struct ms_buf *out)
{
	unsigned x = x_of(lane);
	ms_buf_printf(out,
		      "<line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" stroke=\"#999\"/>\n"
		      "<rect x=\"%u\" y=\"12\" width=\"180\" height=\"26\" rx=\"4\" "
		      "fill=\"#eef\" stroke=\"#557\"/>\n"
		      "<text x=\"%u\" y=\"29\" text-anchor=\"middle\" font-size=\"13\">",
		      x, 38, x, height - 20, x - 90, x);
	put_escaped(out, t->lanes[lane], 28);
	ms_buf_put_str(out, "</text>\n");
}

static const char *colour(const struct ms_trace_line *l)
{
	if (l->protocol == MS_HEP_SIP)
		return "#0b5";
	return l->protocol == MS_HEP_H248 ? "#05b" : "#b50";
}

static void put_line(const struct ms_trace *t, size_t i, struct ms_buf *out)
{
	const struct ms_trace_line *l = &t->lines[i];
	unsigned y = TOP + (unsigned)(i + 1) * ROW, from = x_of(l->from), to = x_of(l->to);
	unsigned left = from < to ? from : to, span = from < to ? to - from : from - to;
	ms_usec since = l->time - t->lines[0].time;
	size_t most = (size_t)((span ? span : LANE) * CHARS_PER_PIXEL);

	/* What begins at the left may run on over the lanes behind it. */
	size_t room = (size_t)((x_of(t->n_lanes) - left) * CHARS_PER_PIXEL);
	ms_buf_printf(out, "<text x=\"8\" y=\"%u\" fill=\"#777\">%lld.%03lld s</text>\n", y + 4,
		      (long long)(since / MS_SEC), (long long)(since % MS_SEC / 1000));
	ms_buf_printf(out,
		      "<line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" stroke=\"%s\"%s/>\n"
		      "<text x=\"%u\" y=\"%u\" fill=\"%s\"><title>",
		      from, y, span ? to : from + LANE / 4, y, colour(l),
		      l->event ? " stroke-dasharray=\"6 3\" stroke-width=\"3\""
			       : " marker-end=\"url(#head)\"",
		      left + 8, y - 5, colour(l));
	put_escaped(out, l->label, MS_TRACE_LABEL_MAX);
	ms_buf_put_str(out, "</title>");
	put_escaped(out, l->label, room > most ? room : most);
	ms_buf_put_str(out, "</text>\n");
}

void ms_trace_svg(const struct ms_trace *t, struct ms_buf *out)
{
	unsigned width = x_of(t->n_lanes), height = TOP + (unsigned)(t->n + 2) * ROW;

	ms_buf_printf(out, head, width, height);
	for (unsigned i = 0; i < t->n_lanes; i++)
		put_lane(t, i, height, out);
	for (size_t i = 0; i < t->n; i++)
		put_line(t, i, out);
	ms_buf_put_str(out, "</svg>\n");
}
