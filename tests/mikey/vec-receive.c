/* SPDX-License-Identifier: Apache-2.0 */
/* Messages handed to a role, to be accepted or refused: kinds `negative` and `state`. */
#include "vec-receive.h"

#include <errno.h>

#include "mikey/bundle.h"
#include "mikey/incoming.h"
#include "mikey/kms.h"
#include "mikey/request.h"
#include "mikey/transfer.h"

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* What an engine said. A fault of ours (memory, I/O) is no refusal. */
static bool verdict(struct vec_run *run, int err, const struct ms_fault *fault,
		    struct vec_verdict *ret_v)
{
	*ret_v = (struct vec_verdict){ .accepted = err == 0, .error_no = -1 };
	if (err == 0)
		return true;
	if (!fault->reason)
		return vec_fail(run, "refused without a reason (%d)", err);
	ret_v->error_no = fault->code;
	ret_v->reason = fault->reason;
	return true;
}

static bool parse(struct vec_receiver *rx, struct ms_span in, ms_usec now MS_UNUSED,
		  struct vec_verdict *ret_v)
{
	struct ms_fault fault = { 0, NULL, 0 };
	struct ms_mikey_message m;

	return verdict(rx->w->run, ms_mikey_decode(in, &m, &fault), &fault, ret_v);
}

/* An answer to what was refused is an Error message that carries the same number. */
static bool check_error(struct vec_run *run, const struct vec_answer *a)
{
	struct ms_mikey_message m;

	if (ms_mikey_decode(a->octets, &m, NULL) < 0 || m.hdr.data_type != MS_MIKEY_ERROR)
		return vec_fail(run, "refused, but the answer is no Error message");
	for (size_t i = 0; i < m.n_payloads; i++) {
		if (m.payload[i].type == MS_MIKEY_P_ERR &&
		    m.payload[i].u.err.error_no == a->outcome.error_no)
			return true;
	}
	return vec_fail(run, "the Error message has another number");
}

static bool to_kms(struct vec_receiver *rx, struct ms_span in, ms_usec now,
		   struct vec_verdict *ret_v)
{
	struct vec_run *run = rx->w->run;
	struct vec_answer a;

	if (!vec_kms(rx->w, in, now, &a))
		return false;
	if (a.err < 0 && a.err != -EBADMSG)
		return vec_fail(run, "the KMS fails (%d)", a.err);
	*ret_v = (struct vec_verdict){ .accepted = a.outcome.granted,
				       .error_no = a.outcome.error_no,
				       .reason = a.outcome.reason };
	if (a.outcome.granted)
		return vec_kms_answer_taken(rx->w, in, &a, now);
	return a.err < 0 || check_error(run, &a);
}

static bool to_request(struct vec_receiver *rx, struct ms_span in, ms_usec now,
		       struct vec_verdict *ret_v)
{
	MS_CLEANUP(ms_mikey_request_freep) struct ms_mikey_request *r = NULL;
	MS_CLEANUP(ms_mikey_ticket_held_freep) struct ms_mikey_ticket_held *held = NULL;
	struct ms_fault fault = { 0, NULL, 0 };
	struct ms_span sent = vec_hex(rx->w->run, rx->context, "sent");

	if (ms_mikey_request_resume(&rx->w->initiator, sent, MS_SPAN_NULL, &r) < 0)
		return vec_fail(rx->w->run, "the request sent cannot be taken up");
	return verdict(rx->w->run, ms_mikey_request_finish(r, in, now, &fault, &held), &fault,
		       ret_v);
}

static bool to_resolve(struct vec_receiver *rx, struct ms_span in, ms_usec now,
		       struct vec_verdict *ret_v)
{
	MS_CLEANUP(ms_mikey_resolve_freep) struct ms_mikey_resolve *r = NULL;
	MS_CLEANUP(ms_mikey_resolved_freep) struct ms_mikey_resolved *resolved = NULL;
	struct ms_fault fault = { 0, NULL, 0 };
	struct ms_span sent = vec_hex(rx->w->run, rx->context, "sent");

	if (ms_mikey_resolve_resume(&rx->w->responder, sent, MS_SPAN_NULL, &r) < 0)
		return vec_fail(rx->w->run, "the resolve sent cannot be taken up");
	return verdict(rx->w->run, ms_mikey_resolve_finish(r, in, now, &fault, &resolved), &fault,
		       ret_v);
}

/* The ticket that goes with a TRANSFER_INIT, held by its owner. */
static struct ms_mikey_ticket_held *held_of(struct vec_receiver *rx, struct ms_span sent)
{
	struct vec_run *run = rx->w->run;
	json_t *held = json_object_get(rx->context, "held");
	struct ms_mikey_keyring *ring = vec_alloc(run, sizeof(*ring));
	struct ms_mikey_ticket_held *h;
	struct ms_mikey_message m;

	if (ms_mikey_decode(sent, &m, NULL) < 0 || !m.ticket.set ||
	    !vec_ring(run, json_object_get(held, "keys"), ring) ||
	    ms_mikey_ticket_held_new(m.ticket.raw, vec_hex(run, held, "mpki"),
				     vec_hex(run, held, "mpkr"), ring, &h) < 0) {
		vec_fail(run, "the ticket held cannot be taken up");
		return NULL;
	}
	return h;
}

static bool to_transfer(struct vec_receiver *rx, struct ms_span in, ms_usec now,
			struct vec_verdict *ret_v)
{
	MS_CLEANUP(ms_mikey_ticket_held_freep) struct ms_mikey_ticket_held *held = NULL;
	MS_CLEANUP(ms_mikey_transfer_freep) struct ms_mikey_transfer *t = NULL;
	struct ms_fault fault = { 0, NULL, 0 };
	struct ms_span sent = vec_hex(rx->w->run, rx->context, "sent");

	held = held_of(rx, sent);
	if (!held || ms_mikey_transfer_resume(&rx->w->initiator, held, sent, &t) < 0)
		return vec_fail(rx->w->run, "the transfer sent cannot be taken up");
	rx->csb = ms_mikey_csb_free(rx->csb);
	return verdict(rx->w->run, ms_mikey_transfer_finish(t, in, now, &fault, &rx->csb), &fault,
		       ret_v);
}

/* IDRr and RANDRkms of the exchange that the vector is made from: what the KMS would have said. */
static void modifier(struct vec_run *run, const json_t *base, struct ms_mikey_resolved_parts *p)
{
	json_t *steps = json_object_get(base, "steps"), *step;
	size_t i;

	json_array_foreach (steps, i, step) {
		struct ms_mikey_message *m;

		if (!is(vec_str(run, step, "msg"), "RESOLVE_RESP"))
			continue;
		m = vec_alloc(run, sizeof(*m));
		if (ms_mikey_decode(vec_hex(run, step, "hex"), m, NULL) < 0)
			continue;
		p->id_r = m->id_r;
		p->rand_kms = m->rand_kms;
		return;
	}
}

static bool use_resolved(struct vec_receiver *rx, struct ms_mikey_incoming *i, ms_usec now,
			 struct ms_fault *fault, int *ret_err)
{
	MS_CLEANUP(ms_mikey_resolved_freep) struct ms_mikey_resolved *resolved = NULL;
	struct vec_run *run = rx->w->run;
	json_t *v = json_object_get(rx->context, "resolved");
	struct ms_mikey_keyring *ring = vec_alloc(run, sizeof(*ring));
	struct ms_mikey_resolved_parts parts = { .mpki = vec_hex(run, v, "mpki"),
						 .mpkr = vec_hex(run, v, "mpkr_forked"),
						 .keys = ring };

	modifier(run, rx->w->base, &parts);
	if (!vec_ring(run, json_object_get(v, "keys"), ring) ||
	    ms_mikey_resolved_new(&parts, &resolved) < 0)
		return vec_fail(run, "the outcome of resolving cannot be taken up");
	*ret_err = ms_mikey_incoming_use(i, resolved, now, fault);
	return true;
}

static bool answer(struct vec_receiver *rx, struct ms_mikey_incoming *i, ms_usec now)
{
	struct ms_buf out;
	int err;

	ms_buf_init_fixed(&out, vec_alloc(rx->w->run, 65536), 65536);
	rx->csb = ms_mikey_csb_free(rx->csb);
	err = ms_mikey_incoming_answer(i, NULL, now, &out, &rx->csb);
	return err == 0 || vec_fail(rx->w->run, "accepted, but not answered (%d)", err);
}

static bool to_responder(struct vec_receiver *rx, struct ms_span in, ms_usec now,
			 struct vec_verdict *ret_v)
{
	MS_CLEANUP(ms_mikey_incoming_freep) struct ms_mikey_incoming *i = NULL;
	struct vec_run *run = rx->w->run;
	size_t before = ms_mikey_replay_count(rx->w->replay);
	struct ms_span ids = vec_sdp_ids(run, rx->context);
	struct ms_fault fault = { 0, NULL, 0 };
	int err = ms_mikey_incoming_new(&rx->w->responder, in, ids, rx->w->replay, now, &fault, &i);

	if (err == 0 && rx->early)
		return vec_fail(run, "not refused before the KMS is asked");
	if (err == 0 && !use_resolved(rx, i, now, &fault, &err))
		return false;
	if (err < 0 && ms_mikey_replay_count(rx->w->replay) != before)
		return vec_fail(run, "refused, but in the replay cache");
	if (err == 0 && !answer(rx, i, now))
		return false;
	return verdict(run, err, &fault, ret_v);
}

/* Keys of the ticket as both ends have them after the first exchange. */
static bool ticket_ring(struct vec_receiver *rx, const struct ms_mikey_csb_state *s,
			struct ms_mikey_keyring *ring)
{
	struct vec_run *run = rx->w->run;
	json_t *keys = json_object_get(rx->w->base, "keys_in_ticket");
	struct ms_mikey_message init, resp;

	if (!vec_ring(run, json_object_get(keys, "session"), ring))
		return false;
	if (s->transfer_resp.len == 0 || ms_mikey_decode(s->transfer_init, &init, NULL) < 0 ||
	    ms_mikey_decode(s->transfer_resp, &resp, NULL) < 0 || !resp.rand_kms.p)
		return true;
	if (ms_mikey_keyring_fork(ring, init.ticket.prf, resp.id_r.data, resp.rand_kms) < 0)
		return vec_fail(run, "keys do not fork");
	return true;
}

static bool take_up_bundle(struct vec_receiver *rx)
{
	struct vec_run *run = rx->w->run;
	struct ms_mikey_keyring *ring = vec_alloc(run, sizeof(*ring));
	bool initiator = is(rx->role, "initiator");
	struct ms_mikey_csb_state s = {
		.initiator = initiator,
		.transfer_init = vec_hex(run, rx->context, "initial_transfer_init"),
		.transfer_resp = vec_hex(run, rx->context, "initial_transfer_resp"),
		.key = vec_hex(run, rx->context, "last_message_key"),
		.id_i = vec_id(run, json_object_get(rx->context, "identity_i")),
		.id_r = vec_id(run, json_object_get(rx->context, "identity_r")),
		.keys = ring,
	};

	if (rx->csb)
		return true;
	if (!ticket_ring(rx, &s, ring))
		return false;
	if (vec_int(run, rx->context, "last_message_which") != (s.transfer_resp.len > 0 ? 2u : 1u))
		return vec_fail(run, "last message and its keys do not agree");
	if (ms_mikey_csb_resume(initiator ? &rx->w->initiator : &rx->w->responder, &s, &rx->csb) <
	    0)
		return vec_fail(run, "the bundle cannot be taken up");
	return true;
}

static bool to_bundle(struct vec_receiver *rx, struct ms_span in, ms_usec now,
		      struct vec_verdict *ret_v)
{
	struct vec_run *run = rx->w->run;
	size_t before = ms_mikey_replay_count(rx->w->replay);
	struct ms_fault fault = { 0, NULL, 0 };
	struct ms_buf out;
	int err;

	if (!take_up_bundle(rx))
		return false;
	ms_buf_init_fixed(&out, vec_alloc(run, 65536), 65536);
	err = ms_mikey_csb_update_take(rx->csb, in, NULL, rx->w->replay, now, &out, &fault);
	if (err < 0 && (out.len > 0 || ms_mikey_replay_count(rx->w->replay) != before))
		return vec_fail(run, "refused, but answered or in the replay cache");
	return verdict(run, err, &fault, ret_v);
}

static const struct {
	const char *role, *operation;
	bool (*deliver)(struct vec_receiver *, struct ms_span, ms_usec, struct vec_verdict *);
} receivers[] = {
	{ "parser", "PARSE", parse },
	{ "kms", "REQUEST_INIT_PSK", to_kms },
	{ "kms", "RESOLVE_INIT_PSK", to_kms },
	{ "initiator", "REQUEST_RESP", to_request },
	{ "initiator", "TRANSFER_RESP", to_transfer },
	{ "responder", "RESOLVE_RESP", to_resolve },
	{ "responder", "TRANSFER_INIT", to_responder },
	{ "responder", "UPDATE", to_bundle },
	{ "initiator", "UPDATE", to_bundle },
};

bool vec_deliver(struct vec_receiver *rx, struct ms_span in, ms_usec now, struct vec_verdict *ret_v)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(receivers); i++) {
		if (is(receivers[i].role, rx->role) && is(receivers[i].operation, rx->operation))
			return receivers[i].deliver(rx, in, now, ret_v);
	}
	return vec_fail(rx->w->run, "unknown operation '%s' of role '%s'", rx->operation, rx->role);
}

static bool error_no_fits(struct vec_run *run, const json_t *expect, const struct vec_verdict *got)
{
	json_t *list = json_object_get(expect, "error_no"), *n;
	size_t i;

	if (!json_is_true(json_object_get(expect, "error_no_binding")))
		return true;
	json_array_foreach (list, i, n) {
		if (json_integer_value(n) == got->error_no)
			return true;
	}
	return vec_fail(run, "error number %d (%s)", got->error_no, got->reason);
}

static bool judge(struct vec_receiver *rx, const json_t *expect, const struct vec_verdict *got)
{
	struct vec_run *run = rx->w->run;
	const char *outcome = vec_str(run, expect, "outcome");
	json_t *results = json_object_get(expect, "results");

	if (is(outcome, "any"))
		return true;
	if (is(outcome, "reject")) {
		if (got->accepted)
			return vec_fail(run, "accepted");
		return error_no_fits(run, expect, got);
	}
	if (!is(outcome, "accept"))
		return vec_fail(run, "unknown outcome '%s'", outcome);
	if (!got->accepted)
		return vec_fail(run, "refused: %s", got->reason);
	if (!results)
		return true;
	if (!rx->csb)
		return vec_fail(run, "no keys came out");
	return vec_results(run, rx->csb, results);
}

static bool set_up(struct vec_receiver *rx, struct vec_world *w, struct vec_run *run,
		   const json_t *v)
{
	const json_t *base;
	json_t *policy;

	*rx = (struct vec_receiver){ .w = w,
				     .role = vec_str(run, v, "role"),
				     .operation = vec_str(run, v, "operation"),
				     .context = json_object_get(v, "context") };
	w->run = run;
	/* Decoding needs nobody. */
	if (is(rx->role, "parser"))
		return true;
	base = vec_base(run, vec_str(run, v, "base"));
	if (!base || !vec_world_init(w, run, base))
		return false;
	policy = json_object_get(rx->context, "local_policy");
	return !policy || vec_world_policy(w, policy);
}

/* `any` stage of a refusal: before the KMS is asked or after makes no difference. */
static bool set_stage(struct vec_receiver *rx, const json_t *v)
{
	const char *stage = json_string_value(json_object_get(v, "stage"));
	const char *outcome =
		json_string_value(json_object_get(json_object_get(v, "expect"), "outcome"));

	if (stage && !is(stage, "early") && !is(stage, "any"))
		return vec_fail(rx->w->run, "unknown stage '%s'", stage);
	rx->early = stage && is(stage, "early") && outcome && is(outcome, "reject");
	return true;
}

static bool negative(struct vec_run *run, const json_t *v)
{
	struct vec_world w = { .replay = NULL };
	struct vec_receiver rx;
	struct vec_verdict got;
	ms_usec now = 0;
	bool ok = set_up(&rx, &w, run, v) && set_stage(&rx, v);

	if (ok && !is(rx.role, "parser"))
		now = vec_time(run, v, "now_unix");
	ok = ok && vec_deliver(&rx, vec_hex(run, v, "input"), now, &got) &&
	     judge(&rx, json_object_get(v, "expect"), &got);
	ms_mikey_csb_free(rx.csb);
	vec_world_done(&w);
	return ok;
}

static bool state(struct vec_run *run, const json_t *v)
{
	json_t *events = json_object_get(v, "events"), *e;
	struct vec_world w = { .replay = NULL };
	struct vec_receiver rx;
	struct vec_verdict got;
	bool ok = set_up(&rx, &w, run, v);
	size_t i;

	if (json_array_size(events) == 0)
		ok = vec_fail(run, "no events");
	json_array_foreach (events, i, e) {
		ok = ok &&
		     vec_deliver(&rx, vec_hex(run, e, "input"), vec_time(run, e, "now_unix"),
				 &got) &&
		     judge(&rx, json_object_get(e, "expect"), &got);
		if (!ok)
			break;
	}
	ms_mikey_csb_free(rx.csb);
	vec_world_done(&w);
	return ok;
}

void vec_run_negative(struct vec_run *run, json_t *vectors)
{
	vec_each(run, vectors, negative);
}

void vec_run_state(struct vec_run *run, json_t *vectors)
{
	vec_each(run, vectors, state);
}
