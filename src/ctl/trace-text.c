/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ladder in text: a column a participant, an arrow a message, a double line an event. A label
 * that does not fit into its arrow stands in a line above.
 */
#include <stdio.h>

#include "ctl/trace.h"

#define TIME_WIDTH 11 /* "   12.345  " */
#define ROW_MAX 1024

/* One row of characters, blank at first, with the lanes' lines. */
struct row {
	char c[ROW_MAX];
	unsigned len;
};

static unsigned column_of(unsigned lane, unsigned width)
{
	return TIME_WIDTH + width / 2 + lane * width;
}

static void put_text(struct row *r, unsigned at, const char *text, size_t len)
{
	for (size_t i = 0; i < len && at + i < r->len; i++)
		r->c[at + i] = text[i];
}

static void start(struct row *r, const struct ms_trace *t, unsigned width)
{
	r->len = TIME_WIDTH + t->n_lanes * width;
	if (r->len > ROW_MAX)
		r->len = ROW_MAX;
	memset(r->c, ' ', r->len);
	for (unsigned i = 0; i < t->n_lanes; i++)
		put_text(r, column_of(i, width), "|", 1);
}

static void finish(const struct row *r, struct ms_buf *out)
{
	unsigned len = r->len;
	while (len > 0 && r->c[len - 1] == ' ')
		len--;
	ms_buf_put(out, r->c, len);
	ms_buf_put_u8(out, '\n');
}

static void put_heads(const struct ms_trace *t, unsigned width, struct ms_buf *out)
{
	struct row r;

	start(&r, t, width);
	for (unsigned i = 0; i < t->n_lanes; i++) {
		unsigned len = (unsigned)strlen(t->lanes[i]);
		if (len > width - 1)
			len = width - 1;
		put_text(&r, column_of(i, width) - len / 2, t->lanes[i], len);
	}
	finish(&r, out);
	start(&r, t, width);
	finish(&r, out);
}

static void put_time(struct row *r, const struct ms_trace *t, const struct ms_trace_line *l)
{
	char text[24];
	ms_usec since = l->time - t->lines[0].time;
	int n = snprintf(text, sizeof(text), "%5lld.%03lld", (long long)(since / MS_SEC),
			 (long long)(since % MS_SEC / 1000));
	put_text(r, 0, text, n > 0 ? (size_t)n : 0);
}

/* From the left column to the right one, both outside of the arrow. */
static void put_arrow(struct row *r, unsigned left, unsigned right, bool rightwards, bool event)
{
	char shaft = event ? '=' : '-';
	for (unsigned i = left + 1; i < right && i < r->len; i++)
		r->c[i] = shaft;
	if (event)
		return;
	if (rightwards)
		put_text(r, right - 1, ">", 1);
	else
		put_text(r, left + 1, "<", 1);
}

/* A label may run on behind the last lane. */
static void put_above(struct row *r, unsigned at, const char *label, size_t len)
{
	while (r->len < at + len && r->len < ROW_MAX)
		r->c[r->len++] = ' ';
	put_text(r, at, label, len);
}

static void put_line(const struct ms_trace *t, unsigned width, const struct ms_trace_line *l,
		     struct ms_buf *out)
{
	bool rightwards = l->to > l->from, self = l->to == l->from;
	unsigned left = column_of(rightwards ? l->from : l->to, width);
	unsigned right = self ? left + width / 2 : column_of(rightwards ? l->to : l->from, width);
	size_t len = strlen(l->label);
	bool fits = len + 6 <= right - left;
	struct row r;

	start(&r, t, width);
	if (!fits) {
		put_above(&r, left + 2, l->label, len);
		finish(&r, out);
		start(&r, t, width);
	}
	put_time(&r, t, l);
	put_arrow(&r, left, right, rightwards, l->event || self);
	if (fits) {
		unsigned at = left + (right - left - (unsigned)len) / 2;
		put_text(&r, at - 1, " ", 1);
		put_text(&r, at, l->label, len);
		put_text(&r, at + (unsigned)len, " ", 1);
	}
	finish(&r, out);
}

void ms_trace_text(const struct ms_trace *t, unsigned width, struct ms_buf *out)
{
	/* many participants: narrower, so that a row has all of them */
	if (t->n_lanes * width > ROW_MAX - TIME_WIDTH)
		width = (ROW_MAX - TIME_WIDTH) / t->n_lanes;
	put_heads(t, width, out);
	for (size_t i = 0; i < t->n; i++)
		put_line(t, width, &t->lines[i], out);
	struct row r;
	start(&r, t, width);
	finish(&r, out);
}
