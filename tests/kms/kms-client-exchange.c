/* SPDX-License-Identifier: Apache-2.0 */
#include "kms-client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/alloc.h"
#include "core/base64.h"
#include "mikey/error.h"
#include "mikey/incoming.h"
#include "mikey/request.h"
#include "mikey/transfer.h"

static struct ms_buf last_body;
static char last_query[64];

void exchange_init(void)
{
	ms_buf_init(&last_body, BODY_MAX);
}

void exchange_done(void)
{
	ms_buf_done(&last_body);
}

/* ---- answers ---- */

void say(json_t *j)
{
	char *text = json_dumps(j, JSON_COMPACT);

	puts(text);
	fflush(stdout);
	free(text);
	json_decref(j);
}

void say_error(const char *what)
{
	say(json_pack("{s:b, s:s}", "ok", 0, "error", what));
}

/* What the transport or an Error message says; true if there is a response to be looked at. */
static bool has_response(const struct answer *a)
{
	static struct ms_mikey_message m;
	struct ms_mikey_error e;

	if (a->err) {
		say(json_pack("{s:b, s:s}", "ok", 0, "error", strerror(-a->err)));
		return false;
	}
	if (a->status != 200) {
		say(json_pack("{s:b, s:i}", "ok", 0, "status", a->status));
		return false;
	}
	if (a->body.len > 1 && a->body.p[1] != MS_MIKEY_ERROR)
		return true;
	if (ms_mikey_error_read(ms_buf_span(&a->body), MS_SPAN_NULL, &m, &e, NULL) || e.n == 0)
		say(json_pack("{s:b, s:i, s:s}", "ok", 0, "status", a->status, "error",
			      "unreadable answer"));
	else
		say(json_pack("{s:b, s:i, s:i}", "ok", 0, "status", a->status, "mikey",
			      (int)e.error_no[0]));
	return false;
}

static void decode_base64(struct answer *a)
{
	struct ms_buf raw;

	ms_buf_init(&raw, BODY_MAX);
	if (ms_base64_decode(&raw, ms_buf_span(&a->body), true) == 0) {
		ms_buf_reset(&a->body);
		ms_buf_put_span(&a->body, ms_buf_span(&raw));
	}
	ms_buf_done(&raw);
}

static void remember(struct ms_span body, const char *query)
{
	ms_buf_reset(&last_body);
	ms_buf_put_span(&last_body, body);
	snprintf(last_query, sizeof(last_query), "%s", query);
}

static void exchange(struct ms_buf *body, const char *query, const struct options *o,
		     struct answer *a)
{
	if (o->corrupt > 0 && (size_t)o->corrupt <= body->len)
		body->p[o->corrupt - 1] ^= 1;
	remember(ms_buf_span(body), query);
	post(ms_buf_span(body), query, o, a);
	if (a->err == 0 && o->base64)
		decode_base64(a);
}

static ms_usec now_with(long skew)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (ms_usec)t.tv_sec * MS_SEC + t.tv_nsec / 1000 + skew * MS_SEC;
}

/* ---- Ticket Request ---- */

static size_t split_ids(char *text, struct ms_mikey_id *id, size_t max)
{
	size_t n = 0;

	for (char *p = text; p && n < max;) {
		char *comma = strchr(p, ',');

		if (comma)
			*comma++ = 0;
		id[n++] = uri(p);
		p = comma;
	}
	return n;
}

static void finish_request(const struct ms_mikey_request *r, struct user *u, const char *name,
			   const struct answer *a, ms_usec now)
{
	struct ms_mikey_ticket_held *ticket = NULL;
	struct ms_fault fault = { 0 };
	const struct ms_mikey_policy *p;

	if (ms_mikey_request_finish(r, ms_buf_span(&a->body), now, &fault, &ticket)) {
		say(json_pack("{s:b, s:i, s:s}", "ok", 0, "status", a->status, "reason",
			      fault.reason ? fault.reason : "?"));
		return;
	}
	p = ms_mikey_ticket_held_policy(ticket);
	say(json_pack("{s:b, s:i, s:I, s:i, s:i}", "ok", 1, "status", a->status, "life",
		      (json_int_t)((ms_mikey_ticket_held_end(ticket) - now) / MS_SEC), "altered",
		      p->flags & MS_MIKEY_FLAG_K ? 1 : 0, "responders", (int)p->n_responders));
	keep_ticket(u, name, ticket);
}

void cmd_request(char **w, size_t n, const struct options *o)
{
	static struct ms_mikey_id id[2048];
	struct ms_mikey_wish wish[17];
	struct user *u = n >= 4 ? find_user(w[1]) : NULL;
	ms_usec now = now_with(o->skew);
	struct ms_mikey_wanted wanted = {
		.flags = MS_MIKEY_FLAG_D | MS_MIKEY_FLAG_E | MS_MIKEY_FLAG_F | MS_MIKEY_FLAG_G |
			 MS_MIKEY_FLAG_H | MS_MIKEY_FLAG_I | MS_MIKEY_FLAG_J | MS_MIKEY_FLAG_N |
			 MS_MIKEY_FLAG_O,
		.responder = id,
		.wish = wish,
		.n_wishes = (size_t)o->keys,
	};
	struct ms_mikey_request *r = NULL;
	struct ms_mikey_party me;
	struct answer a = { 0 };
	struct ms_buf body;

	if (!u || o->keys > 17) {
		say_error("request NAME HANDLE RESPONDER,...");
		return;
	}
	for (long i = 0; i < o->keys; i++)
		wish[i] = (struct ms_mikey_wish){ MS_MIKEY_KEY_TGK, 32, MS_SPAN_NULL };
	wanted.n_responders = split_ids(w[3], id, MS_ARRAY_SIZE(id));
	if (o->life)
		wanted.end = now + o->life * MS_SEC;
	if (o->start)
		wanted.start = now + o->start * MS_SEC;
	me = party_of(u, o->skew);
	ms_buf_init(&body, BODY_MAX);
	ms_buf_init(&a.body, BODY_MAX);
	if (ms_mikey_request_start(&me, &wanted, now, &body, &r)) {
		say_error("cannot make a request");
	} else {
		exchange(&body, profile.kms_request, o, &a);
		if (has_response(&a))
			finish_request(r, u, w[2], &a, now_with(o->skew));
	}
	ms_mikey_request_free(r);
	ms_buf_done(&a.body);
	ms_buf_done(&body);
}

/* ---- Ticket Resolve ---- */

static int make_transfer(struct handle *h, const struct user *to, long skew, struct ms_buf *out)
{
	const struct ms_mikey_session session = { .cs_id = 1, .prot_type = local.prot_tls };
	const struct ms_mikey_offer offer = { .called = uri(to->identity),
					      .session = &session,
					      .n_sessions = 1 };
	struct ms_mikey_party me = party_of(h->owner, skew);
	struct ms_mikey_transfer *t = NULL;
	int err;

	err = ms_mikey_transfer_start(&me, h->ticket, &offer, now_with(skew), out, &t);
	ms_mikey_transfer_free(t);
	return err;
}

static void finish_resolve(struct ms_mikey_incoming *in, const struct answer *a, ms_usec now)
{
	struct ms_fault fault = { 0 };
	const struct ms_mikey_resolved *r;
	struct ms_mikey_id admitted, from;

	if (ms_mikey_incoming_resolved(in, ms_buf_span(&a->body), now, &fault)) {
		say(json_pack("{s:b, s:i, s:s}", "ok", 0, "status", a->status, "reason",
			      fault.reason ? fault.reason : "?"));
		return;
	}
	r = ms_mikey_incoming_outcome(in);
	admitted = ms_mikey_resolved_identity(r);
	from = ms_mikey_incoming_initiator(in);
	say(json_pack("{s:b, s:i, s:s%, s:s%}", "ok", 1, "status", a->status, "admitted",
		      (const char *)admitted.data.p, admitted.data.len, "initiator",
		      (const char *)from.data.p, from.data.len));
}

void cmd_resolve(char **w, size_t n, const struct options *o)
{
	struct user *u = n >= 3 ? find_user(w[1]) : NULL;
	struct handle *h = n >= 3 ? find_handle(w[2]) : NULL;
	struct ms_mikey_incoming *in = NULL;
	struct ms_buf transfer, body;
	struct ms_fault fault = { 0 };
	struct ms_mikey_party me;
	struct answer a = { 0 };
	ms_usec now = now_with(o->skew);

	if (!u || !h) {
		say_error("resolve NAME HANDLE");
		return;
	}
	me = party_of(u, o->skew);
	ms_buf_init(&transfer, BODY_MAX);
	ms_buf_init(&body, BODY_MAX);
	ms_buf_init(&a.body, BODY_MAX);
	if (make_transfer(h, u, o->skew, &transfer)) {
		say_error("cannot make a TRANSFER_INIT");
	} else if (ms_mikey_incoming_new(&me, ms_buf_span(&transfer), MS_SPAN_NULL, NULL, now,
					 &fault, &in) ||
		   ms_mikey_incoming_resolve(in, now, &body)) {
		say_error(fault.reason ? fault.reason : "cannot make a RESOLVE_INIT");
	} else {
		exchange(&body, profile.kms_resolve, o, &a);
		if (has_response(&a))
			finish_resolve(in, &a, now_with(o->skew));
	}
	ms_mikey_incoming_free(in);
	ms_buf_done(&a.body);
	ms_buf_done(&body);
	ms_buf_done(&transfer);
}

void cmd_again(const struct options *o)
{
	struct answer a = { 0 };

	ms_buf_init(&a.body, BODY_MAX);
	post(ms_buf_span(&last_body), last_query, o, &a);
	if (has_response(&a))
		say(json_pack("{s:b, s:i}", "ok", 1, "status", a.status));
	ms_buf_done(&a.body);
}
