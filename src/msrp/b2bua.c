/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and responses from one leg to the other (RFC 4975 sections 5, 7). */
#include "msrp/b2bua.h"

#include <errno.h>

#include "core/alloc.h"
#include "msrp/b2bua-priv.h"

#define WAITS_MAX 1024u
/* Start line, field names, end-lines and the range of all that is written for one event, and what the
 * parser may give back of its own. */
#define ROOM_FIXED 1024u

/* ---- birth and death ---- */

static void leg_init(struct ms_msrp_b2bua_leg *leg, const struct ms_msrp_b2bua_limits *limits)
{
	*leg = (struct ms_msrp_b2bua_leg){ 0 };
	ms_msrp_parser_init(&leg->parser, &limits->head);
	ms_buf_init(&leg->own, MS_MSRP_URI_MAX);
	ms_buf_init(&leg->peer, MS_MSRP_PATH_MAX * (MS_MSRP_URI_MAX + 1));
	ms_buf_init(&leg->kept, limits->head.head);
	ms_buf_init(&leg->method, limits->head.line);
}

static void leg_done(struct ms_msrp_b2bua_leg *leg)
{
	ms_msrp_parser_done(&leg->parser);
	ms_buf_done(&leg->own);
	ms_buf_done(&leg->peer);
	ms_buf_done(&leg->kept);
	ms_buf_done(&leg->method);
	ms_msrp_waits_done(&leg->waits);
}

static struct ms_msrp_b2bua_limits limits_of(const struct ms_msrp_b2bua_limits *given)
{
	struct ms_msrp_b2bua_limits l = given ? *given : (struct ms_msrp_b2bua_limits){ 0 };
	if (!l.head.head)
		l.head = ms_msrp_head_limits_default;
	if (!l.transactions)
		l.transactions = WAITS_MAX;
	return l;
}

int ms_msrp_b2bua_new(const struct ms_msrp_b2bua_limits *given, const struct ms_random *random,
		      struct ms_msrp_b2bua **ret_b)
{
	struct ms_msrp_b2bua_limits limits = limits_of(given);
	if (limits.transactions & (limits.transactions - 1))
		return -EINVAL;
	struct ms_msrp_b2bua *b = ms_zalloc(sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->limits = limits;
	b->room = SIZE_MAX;
	int err = 0;
	for (int i = 0; i < 2; i++) {
		leg_init(&b->legs[i], &limits);
		if (!err)
			err = ms_msrp_waits_init(&b->legs[i].waits, random, limits.transactions);
	}
	if (err) {
		ms_msrp_b2bua_free(b);
		return err;
	}
	*ret_b = b;
	return 0;
}

struct ms_msrp_b2bua *ms_msrp_b2bua_free(struct ms_msrp_b2bua *b)
{
	if (b) {
		leg_done(&b->legs[0]);
		leg_done(&b->legs[1]);
		ms_free(b);
	}
	return NULL;
}

/* ---- paths ---- */

static size_t room(const struct ms_msrp_b2bua *b)
{
	size_t paths = 0;
	for (int i = 0; i < 2; i++) {
		size_t n = b->legs[i].own.len + b->legs[i].peer.len;
		paths = n > paths ? n : paths;
	}
	/* A head with its fields, written anew after an interruption; the answer that interrupts. */
	return b->limits.head.head + paths + 2 * MS_MSRP_URI_MAX + ROOM_FIXED;
}

static int keep(struct ms_buf *b, struct ms_span s)
{
	ms_buf_reset(b);
	ms_buf_put_span(b, s);
	return ms_buf_status(b);
}

int ms_msrp_b2bua_set_paths(struct ms_msrp_b2bua *b, unsigned leg_number, struct ms_span own,
			    struct ms_span peer)
{
	struct ms_msrp_b2bua_leg *leg = &b->legs[leg_number & 1];
	struct ms_msrp_path path;
	struct ms_msrp_uri uri;
	if (ms_msrp_uri_parse(own, &uri) < 0 || ms_msrp_path_parse(peer, &path) < 0)
		return -EINVAL;
	if (keep(&leg->own, own) < 0 || keep(&leg->peer, path.text) < 0 ||
	    ms_msrp_uri_parse(ms_buf_span(&leg->own), &leg->own_uri) < 0 ||
	    ms_msrp_path_parse(ms_buf_span(&leg->peer), &path) < 0) {
		ms_buf_reset(&leg->own);
		ms_buf_reset(&leg->peer);
		return -ENOMEM;
	}
	leg->peer_uri = path.uri[0].text;
	b->room = b->legs[0].own.len && b->legs[1].own.len ? room(b) : SIZE_MAX;
	return 0;
}

size_t ms_msrp_b2bua_room(const struct ms_msrp_b2bua *b)
{
	return room(b);
}

/* ---- writing ---- */

static struct ms_span tid_of(const struct ms_msrp_b2bua_leg *leg)
{
	return ms_span_of(leg->tid, sizeof(leg->tid));
}

/* The fields of a request, with the range of what is still to come in place of its own. */
static void put_fields_again(struct ms_buf *out, const struct ms_msrp_b2bua_leg *from)
{
	struct ms_span rest = from->fields;
	while (rest.len) {
		struct ms_span line = ms_span_sub(rest, 0, ms_span_find(rest, '\n') + 1);
		if (!ms_span_starts_nocase(line, MS_SPAN_LIT("Byte-Range:")))
			ms_buf_put_span(out, line);
		rest = ms_span_from(rest, line.len);
	}
	struct ms_msrp_range range = from->range;
	range.first += from->passed;
	ms_buf_put(out, "Byte-Range: ", 12);
	ms_msrp_range_put(out, &range);
	ms_buf_put(out, "\r\n", 2);
}

/* Start line, paths and fields of the request of `from` to the peer of `to`, under a new identifier. */
static void put_head(struct ms_msrp_b2bua_leg *from, struct ms_msrp_b2bua_leg *to,
		     struct ms_buf *out)
{
	ms_msrp_waits_name(&to->waits, from->tid);
	ms_buf_put(out, "MSRP ", 5);
	ms_buf_put(out, from->tid, sizeof(from->tid));
	ms_buf_put_u8(out, ' ');
	ms_buf_put_span(out, ms_buf_span(&from->method));
	ms_buf_put(out, "\r\nTo-Path: ", 11);
	ms_buf_put_span(out, ms_buf_span(&to->peer));
	ms_buf_put(out, "\r\nFrom-Path: ", 13);
	ms_buf_put_span(out, ms_buf_span(&to->own));
	ms_buf_put(out, "\r\n", 2);
	if (from->cut)
		put_fields_again(out, from);
	else
		ms_buf_put_span(out, from->fields);
	from->cut = false;
}

static int await(struct ms_msrp_b2bua_leg *from, struct ms_msrp_b2bua_leg *to, ms_usec now,
		 bool part)
{
	if (!from->answered)
		return 0;
	from->wait.part = part;
	int forgotten = ms_msrp_waits_add(&to->waits, now, &from->wait);
	if (forgotten > 0)
		from->counters.forgotten++;
	return forgotten < 0 ? forgotten : 0;
}

/* The chunk that is on its way from `from` to the peer of `to` ends here and goes on in a new one. What it
 * is called now stays known: an error may come back for this part. */
static void cut(struct ms_msrp_b2bua_leg *from, struct ms_msrp_b2bua_leg *to, struct ms_buf *out)
{
	if (from->state != B2BUA_PASSING || from->cut)
		return;
	struct ms_msrp_b2bua_wait *wait = ms_msrp_waits_find(&to->waits, tid_of(from));
	if (wait)
		wait->part = true;
	ms_msrp_put_end(out, tid_of(from), '+', true);
	from->cut = true;
	to->counters.interrupted++;
}

static int go_on(struct ms_msrp_b2bua_leg *from, struct ms_msrp_b2bua_leg *to, ms_usec now,
		 struct ms_buf *out)
{
	put_head(from, to, out);
	ms_buf_put(out, "\r\n", 2);
	return await(from, to, now, false);
}

/* ---- requests ---- */

/* RFC 4975 section 7.2: no responses to REPORT, nor where the sender wants to know nothing. */
static void refuse(struct ms_msrp_b2bua_leg *leg, struct ms_msrp_b2bua_leg *other, int code,
		   struct ms_buf *out)
{
	const struct ms_msrp_head *h = &leg->parser.head;
	leg->state = leg->parser.body ? B2BUA_DROPPING : B2BUA_IDLE;
	if (h->method == MS_MSRP_REPORT) {
		leg->counters.unmatched++;
		return;
	}
	leg->counters.refused++;
	if (h->failure == MS_MSRP_FAILURE_NO)
		return;
	cut(other, leg, out);
	ms_msrp_put_response(out, h->tid, code, h->from.uri[0].text, h->to.uri[0].text);
	ms_msrp_put_end(out, h->tid, '$', false);
}

static bool ours(const struct ms_msrp_b2bua_leg *leg, const struct ms_msrp_path *to)
{
	return to->n == 1 && (ms_span_eq(to->uri[0].text, leg->own_uri.text) ||
			      ms_msrp_uri_equal(&to->uri[0], &leg->own_uri, MS_MSRP_MATCH_URI));
}

/* The status to refuse a request with, 0: it passes. */
static int refusal(const struct ms_msrp_b2bua *b, const struct ms_msrp_b2bua_leg *leg)
{
	const struct ms_msrp_head *h = &leg->parser.head;
	if (h->refuse.code)
		return h->refuse.code;
	if (!ours(leg, &h->to))
		return MS_MSRP_NO_SESSION;
	if (h->method == MS_MSRP_AUTH ||
	    (h->method == MS_MSRP_OTHER_METHOD && b->limits.refuse_unknown))
		return MS_MSRP_UNKNOWN_METHOD;
	return 0;
}

static void count(struct ms_msrp_b2bua_leg *leg)
{
	switch (leg->parser.head.method) {
	case MS_MSRP_SEND:
		leg->counters.sends++;
		break;
	case MS_MSRP_REPORT:
		leg->counters.reports++;
		break;
	default:
		leg->counters.others++;
	}
}

static int keep_request(struct ms_msrp_b2bua_leg *leg)
{
	const struct ms_msrp_head *h = &leg->parser.head;
	leg->fields = h->fields;
	leg->passed = 0;
	leg->cut = false;
	leg->range = h->has_range ? h->range
				  : (struct ms_msrp_range){ 1, MS_MSRP_UNKNOWN, MS_MSRP_UNKNOWN };
	leg->answered = h->method != MS_MSRP_REPORT && h->failure != MS_MSRP_FAILURE_NO;
	leg->wait.errors_only = h->failure == MS_MSRP_FAILURE_PARTIAL;
	leg->wait.len = (uint8_t)h->tid.len;
	memcpy(leg->wait.tid, h->tid.p, h->tid.len);
	return keep(&leg->method, h->method_name);
}

static int request(struct ms_msrp_b2bua *b, struct ms_msrp_b2bua_leg *leg,
		   struct ms_msrp_b2bua_leg *other, ms_usec now, struct ms_buf *back,
		   struct ms_buf *on)
{
	int code = refusal(b, leg);
	if (code) {
		refuse(leg, other, code, back);
		return 0;
	}
	int err = keep_request(leg);
	if (err < 0)
		return err;
	count(leg);
	put_head(leg, other, on);
	if (leg->parser.body) {
		ms_buf_put(on, "\r\n", 2);
		leg->state = B2BUA_PASSING;
	} else {
		ms_msrp_put_end(on, tid_of(leg), leg->parser.flag, false);
		leg->state = B2BUA_IDLE;
	}
	return await(leg, other, now, false);
}

/* ---- responses ---- */

static void put_response(struct ms_msrp_b2bua_leg *other, const struct ms_msrp_head *h,
			 struct ms_span tid, struct ms_buf *on)
{
	const uint8_t code[4] = { (uint8_t)('0' + h->status / 100),
				  (uint8_t)('0' + h->status / 10 % 10),
				  (uint8_t)('0' + h->status % 10), ' ' };
	ms_buf_put(on, "MSRP ", 5);
	ms_buf_put_span(on, tid);
	ms_buf_put_u8(on, ' ');
	ms_buf_put(on, code, h->comment.len ? 4 : 3);
	ms_buf_put_span(on, h->comment);
	ms_buf_put(on, "\r\nTo-Path: ", 11);
	ms_buf_put_span(on, other->peer_uri);
	ms_buf_put(on, "\r\nFrom-Path: ", 13);
	ms_buf_put_span(on, ms_buf_span(&other->own));
	ms_buf_put(on, "\r\n", 2);
	ms_buf_put_span(on, h->fields);
	ms_msrp_put_end(on, tid, '$', false);
}

static void response(struct ms_msrp_b2bua_leg *leg, struct ms_msrp_b2bua_leg *other,
		     struct ms_buf *on)
{
	const struct ms_msrp_head *h = &leg->parser.head;
	struct ms_msrp_b2bua_wait *wait = ms_msrp_waits_find(&leg->waits, h->tid);
	leg->state = leg->parser.body ? B2BUA_DROPPING : B2BUA_IDLE;
	if (!wait) {
		leg->counters.unmatched++;
		return;
	}
	wait->at = 0;
	if (wait->part && h->status / 100 == 2)
		return;
	leg->counters.responses++;
	put_response(other, h, ms_span_of(wait->tid, wait->len), on);
}

/* ---- the stream ---- */

static int body(struct ms_msrp_b2bua_leg *leg, struct ms_msrp_b2bua_leg *other, ms_usec now,
		struct ms_span piece, struct ms_buf *on)
{
	if (leg->state != B2BUA_PASSING)
		return 0;
	if (leg->cut) {
		int err = go_on(leg, other, now, on);
		if (err < 0)
			return err;
	}
	leg->passed += piece.len;
	leg->counters.body += piece.len;
	ms_buf_put_span(on, piece);
	return 0;
}

static int end(struct ms_msrp_b2bua_leg *leg, struct ms_msrp_b2bua_leg *other, ms_usec now,
	       struct ms_buf *on)
{
	int err = 0;
	if (leg->state == B2BUA_PASSING) {
		if (leg->cut)
			err = go_on(leg, other, now, on);
		ms_msrp_put_end(on, tid_of(leg), leg->parser.flag, true);
	}
	leg->state = B2BUA_IDLE;
	return err;
}

static size_t left(const struct ms_buf *b)
{
	return b->max - b->len;
}

/* How much input may be looked at for one event: none before there is room for what it may cause. */
static size_t allowance(const struct ms_msrp_b2bua *b, const struct ms_buf *back,
			const struct ms_buf *on)
{
	return left(back) < b->room || left(on) < b->room ? 0 : left(on) - b->room + 1;
}

/* A request that goes on in later input keeps its fields: an interruption would need them. */
static int keep_fields(struct ms_msrp_b2bua_leg *leg)
{
	if (leg->state != B2BUA_PASSING || leg->fields.p == leg->kept.p)
		return 0;
	int err = keep(&leg->kept, leg->fields);
	leg->fields = ms_buf_span(&leg->kept);
	return err;
}

static int handle(struct ms_msrp_b2bua *b, struct ms_msrp_b2bua_leg *leg,
		  struct ms_msrp_b2bua_leg *other, ms_usec now, int event, struct ms_span piece,
		  struct ms_buf *back, struct ms_buf *on)
{
	switch (event) {
	case MS_MSRP_PARSE_HEAD:
		if (leg->parser.head.method != MS_MSRP_RESPONSE)
			return request(b, leg, other, now, back, on);
		response(leg, other, on);
		return 0;
	case MS_MSRP_PARSE_BODY:
		return body(leg, other, now, piece, on);
	case MS_MSRP_PARSE_END:
		return end(leg, other, now, on);
	default:
		return 0;
	}
}

int ms_msrp_b2bua_input(struct ms_msrp_b2bua *b, unsigned leg_number, ms_usec now,
			struct ms_span in, struct ms_buf *out[static 2], size_t *ret_taken,
			struct ms_fault *fault)
{
	unsigned number = leg_number & 1;
	struct ms_msrp_b2bua_leg *leg = &b->legs[number], *other = &b->legs[!number];
	struct ms_buf *back = out[number], *on = out[!number];
	struct ms_span rest = in, piece = MS_SPAN_NULL;
	int event = MS_MSRP_PARSE_HEAD, err = 0;
	while (!err && (rest.len || event != MS_MSRP_PARSE_NONE)) {
		size_t most = allowance(b, back, on);
		if (!most)
			break;
		struct ms_span slice = ms_span_sub(rest, 0, most);
		size_t given = slice.len;
		event = ms_msrp_parser_next(&leg->parser, &slice, &piece);
		rest = ms_span_from(rest, given - slice.len);
		err = event < 0 ? event : handle(b, leg, other, now, event, piece, back, on);
	}
	if (event < 0 && fault)
		*fault = leg->parser.fault;
	if (!err)
		err = keep_fields(leg);
	if (!err)
		err = ms_buf_status(on) < 0 ? ms_buf_status(on) : ms_buf_status(back);
	*ret_taken = in.len - rest.len;
	return err;
}

bool ms_msrp_b2bua_in_message(const struct ms_msrp_b2bua *b, unsigned leg)
{
	return b->legs[leg & 1].state != B2BUA_IDLE;
}

const struct ms_msrp_b2bua_counters *ms_msrp_b2bua_counters(const struct ms_msrp_b2bua *b,
							    unsigned leg)
{
	return &b->legs[leg & 1].counters;
}
