/* SPDX-License-Identifier: Apache-2.0 */
/* The events of a parser as text in which the pieces of bodies are joined, for comparing. */
#ifndef MS_TEST_PARSE_LOG_H
#define MS_TEST_PARSE_LOG_H

#include "msrp/parser.h"

static inline void parse_log_head(struct ms_buf *log, const struct ms_msrp_parser *p)
{
	const struct ms_msrp_head *h = &p->head;

	ms_buf_printf(log, "\n[head m=%d s=%d body=%d refuse=%s tid=", h->method, h->status,
		      p->body, h->refuse.reason ? h->refuse.reason : "-");
	ms_buf_put_span(log, h->tid);
	ms_buf_put_str(log, " to=");
	ms_buf_put_span(log, h->to.text);
	ms_buf_put_str(log, " from=");
	ms_buf_put_span(log, h->from.text);
	ms_buf_put_str(log, " id=");
	ms_buf_put_span(log, h->message_id);
	if (h->has_range) {
		ms_buf_put_str(log, " range=");
		ms_msrp_range_put(log, &h->range);
	}
	ms_buf_put_str(log, " type=");
	ms_buf_put_span(log, h->content_type);
	ms_buf_printf(log, " report=%d failure=%d success=%d]", h->report_status, h->failure,
		      h->success);
}

/* Parses a stream given in pieces; cut(arg, left) says how long the next one is. */
static inline void parse_log(struct ms_buf *log, struct ms_span stream,
			     size_t (*cut)(void *arg, size_t left), void *arg)
{
	struct ms_msrp_parser p;
	struct ms_span body;
	int event = 0;

	ms_msrp_parser_init(&p, NULL);
	while (stream.len > 0 && event >= 0) {
		size_t n = cut(arg, stream.len);
		struct ms_span piece = ms_span_sub(stream, 0, n);

		stream = ms_span_from(stream, n);
		for (;;) {
			event = ms_msrp_parser_next(&p, &piece, &body);
			if (event == MS_MSRP_PARSE_HEAD)
				parse_log_head(log, &p);
			else if (event == MS_MSRP_PARSE_BODY)
				ms_buf_put_span(log, body);
			else if (event == MS_MSRP_PARSE_END)
				ms_buf_printf(log, "[end %c]", p.flag);
			else
				break;
		}
	}
	if (event < 0)
		ms_buf_printf(log, "[error %d %s]", event, p.fault.reason ? p.fault.reason : "-");
	ms_msrp_parser_done(&p);
}

static inline size_t parse_cut_whole(void *arg, size_t left)
{
	(void)arg;
	return left;
}

static inline size_t parse_cut_octet(void *arg, size_t left)
{
	(void)arg;
	(void)left;
	return 1;
}

/* Lengths from a linear congruence whose state is *arg, mostly short. */
static inline size_t parse_cut_random(void *arg, size_t left)
{
	uint32_t *state = arg;
	size_t n;

	*state = *state * 1664525u + 1013904223u;
	n = 1 + (*state >> 16) % ((*state >> 28) < 10 ? 7 : 97);
	return n < left ? n : left;
}

#endif
