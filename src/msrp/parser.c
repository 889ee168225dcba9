/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting the stream: RFC 4975 sections 5.1, 7.1 and 9. */
#include <errno.h>

#include "msrp/parser.h"
#include "msrp/scan.h"

enum state {
	IN_HEAD,  /* collecting lines up to the empty line or the end-line */
	IN_BODY,  /* looking for CRLF, end-line */
	AT_END,   /* the head was followed by an end-line */
	IN_RUINS, /* the stream was refused */
};

enum line_kind { LINE_NONE, LINE_EMPTY, LINE_END };

void ms_msrp_parser_init(struct ms_msrp_parser *p, const struct ms_msrp_head_limits *limits)
{
	*p = (struct ms_msrp_parser){ .limits = limits ? *limits : ms_msrp_head_limits_default };
	ms_buf_init(&p->text, p->limits.head + MS_MSRP_END_MAX);
	p->state = IN_HEAD;
}

void ms_msrp_parser_done(struct ms_msrp_parser *p)
{
	ms_buf_done(&p->text);
}

static int ruin(struct ms_msrp_parser *p, const char *reason)
{
	p->state = IN_RUINS;
	return ms_fault_set(&p->fault, -EBADMSG, 0, reason, p->line);
}

static struct ms_span take(struct ms_span *input, size_t n)
{
	struct ms_span s = ms_span_sub(*input, 0, n);

	*input = ms_span_from(*input, n);
	return s;
}

/*
 * Goes on looking for the line that ends the head in `s`, which begins with the head. Returns its
 * kind and in *ret_end the offset behind it, its own offset being p->line.
 */
static int find_last_line(struct ms_msrp_parser *p, struct ms_span s, size_t *ret_end)
{
	for (;;) {
		struct ms_span rest = ms_span_from(s, p->scanned);
		const uint8_t *lf = rest.len > 0 ? memchr(rest.p, '\n', rest.len) : NULL;
		size_t end = lf ? (size_t)(lf - s.p) : s.len;

		if (end - p->line > p->limits.line)
			return ruin(p, "line_too_long");
		if (end > p->limits.head + MS_MSRP_END_MAX - 1)
			return ruin(p, "head_too_long");
		p->scanned = end;
		if (!lf)
			return LINE_NONE;
		if (end == p->line || s.p[end - 1] != '\r')
			return ruin(p, "bad_line");
		*ret_end = end + 1;
		if (end == p->line + 1)
			return LINE_EMPTY;
		if (s.p[p->line] == '-')
			return LINE_END;
		p->line = p->scanned = end + 1;
	}
}

static void set_end(struct ms_msrp_parser *p, struct ms_span tid)
{
	memcpy(p->end, "\r\n-------", 2 + MSRP_HYPHENS);
	memcpy(p->end + 2 + MSRP_HYPHENS, tid.p, tid.len);
	p->end_len = 2 + MSRP_HYPHENS + tid.len;
}

static bool is_flag(uint8_t c)
{
	return c == '$' || c == '+' || c == '#';
}

/* `line` is "-------" transact-id flag CRLF */
static bool is_end_line(const struct ms_msrp_parser *p, struct ms_span line)
{
	struct ms_span wanted = ms_span_of(p->end + 2, p->end_len - 2);

	return line.len == wanted.len + 3 && ms_span_starts(line, wanted) &&
	       is_flag(line.p[wanted.len]);
}

/*
 * A body may only follow a Content-Type and must then (section 7.1). What is wrong here can be
 * answered, since the end of the request is known.
 */
static void check_body(struct ms_msrp_parser *p)
{
	struct ms_fault *refuse = &p->head.refuse;

	if (refuse->code != 0 || p->body == (p->head.content_type.p != NULL))
		return;
	*refuse = (struct ms_fault){ MS_MSRP_BAD_REQUEST, p->body ? "no_content_type" : "no_body",
				     p->line };
}

/* `s` begins with the head and its last line, which is of `kind` and ends at `end`. */
static int finish_head(struct ms_msrp_parser *p, struct ms_span s, int kind, size_t end)
{
	struct ms_span last = ms_span_sub(s, p->line, end - p->line);
	int err;

	err = ms_msrp_head_parse(ms_span_sub(s, 0, p->line), &p->limits, &p->head, &p->fault);
	if (err < 0) {
		p->state = IN_RUINS;
		return err;
	}
	set_end(p, p->head.tid);
	p->body = kind == LINE_EMPTY;
	if (p->body) {
		/* An empty body may come without the CRLF that the grammar puts behind it. */
		p->state = IN_BODY;
		memcpy(p->held, "\r\n", 2);
		p->held_len = 2;
		p->held_given = 2;
	} else {
		if (!is_end_line(p, last))
			return ruin(p, "bad_end_line");
		p->flag = (char)last.p[p->end_len - 2];
		p->state = AT_END;
	}
	check_body(p);
	return MS_MSRP_PARSE_HEAD;
}

static void start_head(struct ms_msrp_parser *p)
{
	p->state = IN_HEAD;
	p->line = p->scanned = 0;
	ms_buf_reset(&p->text);
}

/* Something else than MSRP is seen at once and not only when a line grew too long. */
static bool begins_well(struct ms_span s)
{
	struct ms_span word = ms_span_sub(MS_SPAN_LIT("MSRP "), 0, s.len);

	return ms_span_starts(s, word);
}

/* The usual case, the whole head in one piece: parsed where it is. Else it is kept. */
static int head_in_place(struct ms_msrp_parser *p, struct ms_span *input)
{
	struct ms_span s = *input;
	size_t end = 0;
	int kind;

	if (s.len == 0)
		return MS_MSRP_PARSE_NONE;
	if (!begins_well(s))
		return ruin(p, "bad_start_line");
	kind = find_last_line(p, s, &end);
	if (kind < 0)
		return kind;
	if (kind != LINE_NONE) {
		*input = ms_span_from(s, end);
		return finish_head(p, s, kind, end);
	}
	ms_buf_put_span(&p->text, take(input, s.len));
	return ms_buf_status(&p->text);
}

/* Takes one line after the other to what is kept, so that nothing of a body is copied. */
static int head_in_pieces(struct ms_msrp_parser *p, struct ms_span *input)
{
	while (input->len > 0) {
		size_t lf = ms_span_find(*input, '\n');
		size_t end = 0;
		int kind;

		if (p->text.len + (lf < input->len ? lf + 1 : lf) > p->text.max)
			return ruin(p, "head_too_long");
		ms_buf_put_span(&p->text, take(input, lf < input->len ? lf + 1 : lf));
		if (ms_buf_status(&p->text) < 0)
			return ms_buf_status(&p->text);
		if (!begins_well(ms_buf_span(&p->text)))
			return ruin(p, "bad_start_line");
		kind = find_last_line(p, ms_buf_span(&p->text), &end);
		if (kind < 0)
			return kind;
		if (kind != LINE_NONE)
			return finish_head(p, ms_buf_span(&p->text), kind, end);
	}
	return MS_MSRP_PARSE_NONE;
}

/* Could the octets from `at` on be CRLF and the end-line, as far as they are there? */
static bool may_be_end(const struct ms_msrp_parser *p, struct ms_span s, size_t at)
{
	size_t n = s.len - at < p->end_len ? s.len - at : p->end_len;

	return memcmp(s.p + at, p->end, n) == 0;
}

/* The offset of the last CR of fewer than CRLF and seven hyphens at the end of s, or s.len. */
static size_t find_partial(const struct ms_msrp_parser *p, struct ms_span s)
{
	size_t n = s.len < 2 + MSRP_HYPHENS - 1 ? s.len : 2 + MSRP_HYPHENS - 1;

	for (; n > 0; n--) {
		if (s.p[s.len - n] == '\r' && may_be_end(p, s, s.len - n))
			return s.len - n;
	}
	return s.len;
}

/* The offset of the first octet that may belong to the end-line and its CRLF, or s.len. */
static size_t find_end(const struct ms_msrp_parser *p, struct ms_span s)
{
	size_t at = MSRP_HYPHENS - 1, from, to;

	while (msrp_scan_hyphens(s, &at, &from, &to)) {
		if (from >= 2 && may_be_end(p, s, from - 2))
			return from - 2;
	}
	return find_partial(p, s);
}

/* The octet that continues what is held, as an end-line? */
static bool continues(const struct ms_msrp_parser *p, uint8_t c)
{
	if (p->held_len < p->end_len)
		return c == p->end[p->held_len];
	if (p->held_len == p->end_len)
		return is_flag(c);
	return c == (p->held_len == p->end_len + 1 ? '\r' : '\n');
}

/* What was held is no end-line, so it is body. No other end-line can begin in it but at its end. */
static int release(struct ms_msrp_parser *p, struct ms_span *ret_body)
{
	*ret_body = ms_span_of(p->held + p->held_given, p->held_len - p->held_given);
	p->held_len = p->held_given = 0;
	return ret_body->len > 0 ? MS_MSRP_PARSE_BODY : MS_MSRP_PARSE_NONE;
}

/* Compares with the end-line, octet by octet: at most MS_MSRP_END_MAX of them. */
static int match_end(struct ms_msrp_parser *p, struct ms_span *input, struct ms_span *ret_body)
{
	while (input->len > 0) {
		if (!continues(p, input->p[0]))
			return release(p, ret_body);
		p->held[p->held_len++] = input->p[0];
		*input = ms_span_from(*input, 1);
		if (p->held_len == p->end_len + 3) {
			p->flag = (char)p->held[p->end_len];
			p->held_len = p->held_given = 0;
			start_head(p);
			return MS_MSRP_PARSE_END;
		}
	}
	return MS_MSRP_PARSE_NONE;
}

static int next_of_body(struct ms_msrp_parser *p, struct ms_span *input, struct ms_span *ret_body)
{
	while (input->len > 0) {
		size_t n = 0;
		int event;

		if (p->held_len == 0)
			n = find_end(p, *input);
		if (n > 0) {
			*ret_body = take(input, n);
			return MS_MSRP_PARSE_BODY;
		}
		event = match_end(p, input, ret_body);
		if (event != MS_MSRP_PARSE_NONE)
			return event;
	}
	return MS_MSRP_PARSE_NONE;
}

int ms_msrp_parser_next(struct ms_msrp_parser *p, struct ms_span *input, struct ms_span *ret_body)
{
	switch (p->state) {
	case IN_HEAD:
		if (p->text.len == 0 && p->line == 0)
			return head_in_place(p, input);
		return head_in_pieces(p, input);
	case IN_BODY:
		return next_of_body(p, input, ret_body);
	case AT_END:
		start_head(p);
		return MS_MSRP_PARSE_END;
	default:
		return -EBADMSG;
	}
}
