/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a message again with changes: RFC 3261 sections 16.6, 16.7 and 8.2.6. See packet.h. */
#include <errno.h>

#include "sip/packet.h"
#include "sip/stack.h"
#include "sip/text-priv.h"

static bool is_one_line(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
			return false;
	return true;
}

static void put_line(struct ms_buf *b, struct ms_span name, struct ms_span value)
{
	/* Nothing that was given to us by others may begin a line of its own. */
	if (!is_one_line(value))
		ms_buf_fail(b, -EINVAL);
	ms_buf_put_span(b, name);
	ms_buf_put_str(b, ": ");
	ms_buf_put_span(b, value);
	ms_buf_put_str(b, "\r\n");
}

static void put_edits(struct ms_buf *b, const struct ms_sip_change *c)
{
	for (size_t i = 0; c && i < c->n_edits; i++)
		if (c->edits[i].value.p)
			put_line(b, ms_span_str(c->edits[i].name), c->edits[i].value);
}

static bool is_taken_out(const struct ms_sip_change *c, struct ms_span name)
{
	if (ms_sip_name_is(name, "Content-Length"))
		return true;
	if (c && c->new_body && ms_sip_name_is(name, "Content-Type"))
		return true;
	for (size_t i = 0; c && i < c->n_edits; i++)
		if (!c->edits[i].keep && ms_sip_name_is(name, c->edits[i].name))
			return true;
	return false;
}

static void put_body(struct ms_buf *b, const struct ms_sip_change *c, struct ms_span old)
{
	struct ms_span body = c && c->new_body ? c->body : old;

	if (c && c->new_body && c->content_type && body.len > 0)
		put_line(b, MS_SPAN_LIT("Content-Type"), ms_span_str(c->content_type));
	ms_buf_printf(b, "Content-Length: %zu\r\n\r\n", body.len);
	ms_buf_put_span(b, body);
}

static void put_start(const struct ms_sip_packet *p, const struct ms_sip_rewrite *r,
		      struct ms_buf *b)
{
	if (p->request) {
		ms_buf_put_span(b, p->method);
		ms_buf_put_u8(b, ' ');
		if (!is_one_line(r->uri))
			ms_buf_fail(b, -EINVAL);
		ms_buf_put_span(b, r->uri.len > 0 ? r->uri : p->uri);
		ms_buf_put_str(b, " SIP/2.0\r\n");
	} else if (r->status) {
		ms_buf_printf(b, "SIP/2.0 %u %s\r\n", r->status, ms_sip_reason_of(r->status));
	} else {
		ms_buf_printf(b, "SIP/2.0 %u ", p->status);
		ms_buf_put_span(b, p->reason);
		ms_buf_put_str(b, "\r\n");
	}
}

/* The line without its first `n` elements; counts down what it took. */
static struct ms_span skip_elements(struct ms_span line, size_t *n)
{
	while (*n > 0 && line.len > 0) {
		line = ms_span_from(line, ms_sip_list_end(line) + 1);
		(*n)--;
	}
	return ms_span_trim(line);
}

/* What the sender could not know is said anew (section 18.2.1, RFC 3581 section 4). */
static void put_received(struct ms_buf *b, struct ms_span element, struct ms_span received)
{
	struct ms_span rest = element;

	ms_buf_put_span(b, ms_span_trim(ms_span_cut(&rest, ';')));
	while (rest.p) {
		struct ms_span param = ms_span_trim(ms_span_cut(&rest, ';')), name = param;

		name = ms_span_trim(ms_span_cut(&name, '='));
		if (ms_span_is_nocase(name, "received") || ms_span_is_nocase(name, "rport"))
			continue;
		ms_buf_put_u8(b, ';');
		ms_buf_put_span(b, param);
	}
	ms_buf_put_span(b, received);
}

/* The first element may stand with others on its line (section 7.3.1). */
static void put_top_via(struct ms_buf *b, struct ms_span line, struct ms_span received)
{
	size_t end = ms_sip_list_end(line);

	ms_buf_put_str(b, "Via: ");
	if (received.len > 0)
		put_received(b, ms_span_sub(line, 0, end), received);
	else
		ms_buf_put_span(b, ms_span_sub(line, 0, end));
	ms_buf_put_span(b, ms_span_from(line, end));
	ms_buf_put_str(b, "\r\n");
}

/* Where a message of ours stands while its lines are written. */
struct progress {
	const struct ms_sip_packet *p;
	const struct ms_sip_rewrite *r;
	bool via_seen;
	size_t routes, vias; /* elements still to be taken off */
};

static void put_via(struct progress *s, struct ms_span value, struct ms_buf *b)
{
	if (s->p->request && !s->via_seen) {
		put_top_via(b, value, s->r->received);
	} else {
		value = skip_elements(value, &s->vias);
		if (value.len > 0)
			put_line(b, MS_SPAN_LIT("Via"), value);
	}
	s->via_seen = true;
}

static void put_one(struct progress *s, const struct ms_sip_line *l, struct ms_buf *b)
{
	struct ms_span value = l->value;

	if (ms_sip_name_is(l->name, "Via")) {
		put_via(s, value, b);
	} else if (ms_sip_name_is(l->name, "Route")) {
		value = skip_elements(value, &s->routes);
		if (value.len > 0)
			put_line(b, l->name, value);
	} else if (!ms_sip_name_is(l->name, "Max-Forwards") || s->r->max_forwards < 0) {
		put_line(b, l->name, value);
	}
}

void ms_sip_packet_write(const struct ms_sip_packet *p, const struct ms_sip_rewrite *r,
			 struct ms_buf *b)
{
	struct progress s = { .p = p, .r = r, .routes = r->routes_used };

	s.vias = p->request ? 0 : 1;
	put_start(p, r, b);
	if (r->via.len > 0)
		put_line(b, MS_SPAN_LIT("Via"), r->via);
	ms_buf_put_span(b, r->head);
	put_edits(b, r->change);
	if (p->request && r->max_forwards >= 0)
		ms_buf_printf(b, "Max-Forwards: %d\r\n", r->max_forwards);
	for (size_t i = 0; i < p->n_lines; i++)
		if (!is_taken_out(r->change, p->line[i].name))
			put_one(&s, &p->line[i], b);
	put_body(b, r->change, p->body);
}

/* ---- answers ---- */

static bool belongs_to_answer(struct ms_span name, unsigned status)
{
	return ms_sip_name_is(name, "From") || ms_sip_name_is(name, "Call-ID") ||
	       ms_sip_name_is(name, "CSeq") || (status == 100 && ms_sip_name_is(name, "Timestamp"));
}

void ms_sip_packet_answer(const struct ms_sip_packet *p, unsigned status, const char *reason,
			  const char *tag, struct ms_span received, const struct ms_sip_change *c,
			  struct ms_buf *b)
{
	bool first = true;

	if (!reason)
		reason = ms_sip_reason_of(status);
	if (!is_one_line(ms_span_str(reason)))
		ms_buf_fail(b, -EINVAL);
	ms_buf_printf(b, "SIP/2.0 %u %s\r\n", status, reason);
	for (size_t i = 0; i < p->n_lines; i++) {
		const struct ms_sip_line *l = &p->line[i];

		if (ms_sip_name_is(l->name, "Via")) {
			put_top_via(b, l->value, first ? received : MS_SPAN_NULL);
			first = false;
		} else if (ms_sip_name_is(l->name, "To")) {
			ms_buf_put_str(b, "To: ");
			ms_buf_put_span(b, l->value);
			if (p->to_tag.len == 0 && status > 100 && tag)
				ms_buf_printf(b, ";tag=%s", tag);
			ms_buf_put_str(b, "\r\n");
		} else if (belongs_to_answer(l->name, status)) {
			put_line(b, l->name, l->value);
		}
	}
	put_edits(b, c);
	put_body(b, c, MS_SPAN_NULL);
}
