/* SPDX-License-Identifier: Apache-2.0 */
/* Whole exchanges, the kind `exchange`: each message goes to the role that receives it. */
#include "vec-exchange.h"

#include <errno.h>

#include "mikey/bundle.h"
#include "mikey/policy.h"
#include "mikey/request.h"
#include "mikey/resolve-priv.h"
#include "vec-encode.h"

bool vec_refused(struct vec_walk *k, const char *what, int err, const struct ms_fault *fault)
{
	return vec_fail(k->run, "%s refused: %s (%d)", what, fault->reason ? fault->reason : "?",
			err);
}

const json_t *vec_step(const struct vec_walk *k, size_t n)
{
	return json_array_get(k->steps, n);
}

struct ms_span vec_step_octets(struct vec_walk *k, const json_t *step)
{
	return vec_hex(k->run, step, "hex");
}

/* Session keys against a list of the vector's, in its order. */
static bool same_ring(struct vec_walk *k, const struct ms_mikey_keyring *ring, const json_t *list)
{
	struct ms_mikey_keys want;

	if (!vec_keys(k->run, list, &want))
		return false;
	if (ring->n != want.n)
		return vec_fail(k->run, "%zu session keys in place of %zu", ring->n, want.n);
	for (size_t i = 0; i < want.n; i++) {
		const struct ms_mikey_skey *key = &ring->key[i];

		if (key->type != want.key[i].type ||
		    !ms_span_eq(ms_span_of(key->spi, key->spi_len), want.key[i].spi) ||
		    !ms_span_eq(ms_secret_span(&key->salt), want.key[i].salt))
			return vec_fail(k->run, "session key %zu has another type, SPI or salt", i);
		if (!vec_same(k->run, "session key", ms_secret_span(&key->key), want.key[i].key))
			return false;
	}
	return true;
}

/* Results that both ends can know after step `n`. */
bool vec_results_after(struct vec_walk *k, size_t n)
{
	json_t *results = json_object_get(k->v, "results"), *r;
	size_t i;

	json_array_foreach (results, i, r) {
		json_t *sessions = json_object_get(r, "sessions");

		if (vec_int(k->run, r, "after_step") != n)
			continue;
		if (!k->csb_i || !k->csb_r)
			return vec_fail(k->run, "no bundle after step %zu", n);
		if (vec_int(k->run, r, "csb_id") != ms_mikey_csb_id(k->csb_i))
			return vec_fail(k->run, "another CSB ID");
		if (!vec_results(k->run, k->csb_i, sessions) ||
		    !vec_results(k->run, k->csb_r, sessions))
			return false;
	}
	return true;
}

static bool kms_step(struct vec_walk *k, const json_t *step, ms_usec now)
{
	struct ms_span in = vec_step_octets(k, step);
	struct vec_answer a;

	if (!vec_kms(&k->w, in, now, &a))
		return false;
	if (!a.outcome.granted)
		return vec_fail(k->run, "the KMS refuses: %s", a.outcome.reason);
	if (!ms_mikey_id_eq(&a.outcome.user, strcmp(vec_str(k->run, step, "from"), "initiator") == 0
						     ? &k->w.user[0].id
						     : &k->w.user[1].id))
		return vec_fail(k->run, "the KMS takes it for another user's");
	return vec_kms_answer_taken(&k->w, in, &a, now);
}

static bool request_init(struct vec_walk *k, const json_t *step, ms_usec now)
{
	k->request = vec_step_octets(k, step);
	return kms_step(k, step, now);
}

static bool check_ticket(struct vec_walk *k)
{
	const struct ms_mikey_policy *p = ms_mikey_ticket_held_policy(k->held);
	json_t *ticket = json_object_get(k->v, "ticket");
	json_t *keys = json_object_get(k->v, "keys_in_ticket");

	/* From behind Next Payload to before the Initiator Data length. */
	return vec_same(k->run, "ticket", ms_span_sub(p->raw, 1, p->raw.len - 3),
			vec_hex(k->run, ticket, "payload_body")) &&
	       same_ring(k, ms_mikey_ticket_held_keys(k->held), json_object_get(keys, "session"));
}

static bool request_resp(struct vec_walk *k, const json_t *step, ms_usec now)
{
	MS_CLEANUP(ms_mikey_request_freep) struct ms_mikey_request *r = NULL;
	struct ms_fault fault = { 0, NULL, 0 };
	int err = ms_mikey_request_resume(&k->w.initiator, k->request, MS_SPAN_NULL, &r);

	k->held = ms_mikey_ticket_held_free(k->held);
	if (err == 0)
		err = ms_mikey_request_finish(r, vec_step_octets(k, step), now, &fault, &k->held);
	return err < 0 ? vec_refused(k, "REQUEST_RESP", err, &fault) : check_ticket(k);
}

/* Modes 3 and 4: the Initiator made the ticket itself, and so holds all its keys. */
static bool own_ticket(struct vec_walk *k, const struct ms_mikey_policy *ticket)
{
	json_t *v = json_object_get(k->v, "ticket");
	json_t *keys = json_object_get(k->v, "keys_in_ticket");
	struct ms_mikey_keyring *ring = vec_alloc(k->run, sizeof(*ring));
	bool forks = ticket->flags & MS_MIKEY_FLAG_I;

	if (!vec_ring(k->run, json_object_get(keys, "session"), ring) ||
	    ms_mikey_ticket_held_new(ticket->raw, vec_hex(k->run, v, "mpki"),
				     forks ? vec_hex(k->run, v, "mpkr") : MS_SPAN_NULL, ring,
				     &k->held) < 0)
		return vec_fail(k->run, "the Initiator's own ticket cannot be taken up");
	return true;
}

static bool answer_half(struct vec_walk *k, ms_usec now, size_t n)
{
	MS_CLEANUP(ms_mikey_transfer_freep) struct ms_mikey_transfer *t = NULL;
	const struct ms_mikey_message *m = ms_mikey_incoming_message(k->incoming);

	if (m->ticket.flags & MS_MIKEY_FLAG_F)
		return true;
	k->csb_i = ms_mikey_csb_free(k->csb_i);
	k->csb_r = ms_mikey_csb_free(k->csb_r);
	if (ms_mikey_transfer_resume(&k->w.initiator, k->held, k->transfer_init, &t) < 0 ||
	    ms_mikey_transfer_bundle(t, &k->csb_i) < 0 ||
	    ms_mikey_incoming_answer(k->incoming, NULL, now, NULL, &k->csb_r) < 0)
		return vec_fail(k->run, "no keys although no answer follows");
	return vec_results_after(k, n);
}

bool vec_next_is(const struct vec_walk *k, size_t n, const char *msg)
{
	const json_t *next = vec_step(k, n + 1);

	return next && strcmp(vec_str(k->run, next, "msg"), msg) == 0;
}

static bool transfer_init(struct vec_walk *k, const json_t *step, ms_usec now, size_t n)
{
	struct ms_span ids = vec_sdp_ids(k->run, json_object_get(k->v, "sdp"));
	struct ms_fault fault = { 0, NULL, 0 };
	int err;

	k->transfer_init = vec_step_octets(k, step);
	k->incoming = ms_mikey_incoming_free(k->incoming);
	err = ms_mikey_incoming_new(&k->w.responder, k->transfer_init, ids, k->w.replay, now,
				    &fault, &k->incoming);
	if (err < 0)
		return vec_refused(k, "TRANSFER_INIT", err, &fault);
	if (!k->held && !own_ticket(k, &ms_mikey_incoming_message(k->incoming)->ticket))
		return false;
	if (vec_next_is(k, n, "RESOLVE_INIT_PSK"))
		return true;
	/* Either the Responder opens the ticket itself, or it kept what it resolved before. */
	if (ms_mikey_incoming_can_open(k->incoming))
		err = ms_mikey_incoming_open(k->incoming, now, &fault);
	else if (k->resolved)
		err = ms_mikey_incoming_use(k->incoming, k->resolved, now, &fault);
	else
		return vec_fail(k->run, "nobody resolves the ticket");
	return err < 0 ? vec_refused(k, "TRANSFER_INIT", err, &fault) : answer_half(k, now, n);
}

static bool resolve_init(struct vec_walk *k, const json_t *step, ms_usec now)
{
	struct ms_mikey_message m;

	k->resolve = vec_step_octets(k, step);
	if (ms_mikey_decode(k->resolve, &m, NULL) < 0 || !k->incoming)
		return vec_fail(k->run, "RESOLVE_INIT does not decode");
	if (!vec_same(k->run, "ticket passed on", ms_span_from(m.ticket.raw, 1),
		      ms_span_from(ms_mikey_incoming_message(k->incoming)->ticket.raw, 1)))
		return false;
	return kms_step(k, step, now);
}

static bool check_forked(struct vec_walk *k, const json_t *step)
{
	json_t *fork = json_object_get(json_object_get(step, "keys"), "fork"), *list, *t;
	size_t i;

	if (!fork || json_is_null(fork))
		return true;
	if (!vec_same(k->run, "MPKr'", ms_secret_span(&k->resolved->mpkr),
		      vec_hex(k->run, fork, "mpkr_forked")))
		return false;
	list = json_object_get(fork, "tgks");
	json_array_foreach (list, i, t) {
		const struct ms_mikey_skey *key =
			ms_mikey_keyring_find(&k->resolved->keys, vec_hex(k->run, t, "spi"));

		if (!key || !vec_same(k->run, "TGK'", ms_secret_span(&key->key),
				      vec_hex(k->run, t, "tgk_forked")))
			return vec_fail(k->run, "a forked TGK is missing");
	}
	return true;
}

static bool resolve_resp(struct vec_walk *k, const json_t *step, ms_usec now, size_t n)
{
	MS_CLEANUP(ms_mikey_resolve_freep) struct ms_mikey_resolve *r = NULL;
	struct ms_fault fault = { 0, NULL, 0 };
	int err = ms_mikey_resolve_resume(&k->w.responder, k->resolve, MS_SPAN_NULL, &r);

	k->resolved = ms_mikey_resolved_free(k->resolved);
	if (err == 0)
		err = ms_mikey_resolve_finish(r, vec_step_octets(k, step), now, &fault,
					      &k->resolved);
	if (err < 0)
		return vec_refused(k, "RESOLVE_RESP", err, &fault);
	if (!k->incoming || !check_forked(k, step))
		return vec_fail(k->run, "RESOLVE_RESP out of place");
	err = ms_mikey_incoming_use(k->incoming, k->resolved, now, &fault);
	return err < 0 ? vec_refused(k, "TRANSFER_INIT", err, &fault) : answer_half(k, now, n);
}

/* The Responder's bundle: with the answer of the vector in place of one of our own. */
static bool responder_bundle(struct vec_walk *k, struct ms_span resp)
{
	const struct ms_mikey_resolved *r = ms_mikey_incoming_outcome(k->incoming);
	const struct ms_mikey_message *init = ms_mikey_incoming_message(k->incoming);
	bool forks = init->ticket.flags & MS_MIKEY_FLAG_I;
	struct ms_mikey_csb_state s = { .transfer_init = k->transfer_init,
					.transfer_resp = resp,
					.key = ms_secret_span(forks ? &r->mpkr : &r->mpki),
					.keys = &k->csb_i->keys };

	k->csb_r = ms_mikey_csb_free(k->csb_r);
	if (ms_mikey_csb_resume(&k->w.responder, &s, &k->csb_r) < 0)
		return vec_fail(k->run, "the Responder's bundle cannot be taken up");
	return true;
}

/* Our own answer to the same offer is one that the Initiator takes, with the same keys at both. */
static bool own_answer(struct vec_walk *k, ms_usec now)
{
	MS_CLEANUP(ms_mikey_transfer_freep) struct ms_mikey_transfer *t = NULL;
	MS_CLEANUP(ms_mikey_csb_freep) struct ms_mikey_csb *a = NULL, *b = NULL;
	struct ms_fault fault = { 0, NULL, 0 };
	struct ms_buf out;
	int err;

	ms_buf_init_fixed(&out, vec_alloc(k->run, 65536), 65536);
	err = ms_mikey_incoming_answer(k->incoming, NULL, now, &out, &a);
	/* A ticket without session keys: only a KEMAC of the Responder's can help. */
	if (err == -ENOKEY)
		return true;
	if (err == 0)
		err = ms_mikey_transfer_resume(&k->w.initiator, k->held, k->transfer_init, &t);
	if (err == 0)
		err = ms_mikey_transfer_finish(t, ms_buf_span(&out), now, &fault, &b);
	if (err < 0)
		return vec_refused(k, "our own TRANSFER_RESP", err, &fault);
	for (size_t i = 0; i < ms_mikey_csb_count(a); i++) {
		const struct ms_mikey_traffic *x = ms_mikey_csb_at(a, i);
		const struct ms_mikey_traffic *y = ms_mikey_csb_traffic(b, x->cs_id);

		if (!y || !vec_same(k->run, "key of our own answer", ms_secret_span(&y->tek),
				    ms_secret_span(&x->tek)))
			return vec_fail(k->run, "a session of our own answer is missing");
	}
	return true;
}

static bool transfer_resp(struct vec_walk *k, const json_t *step, ms_usec now, size_t n)
{
	MS_CLEANUP(ms_mikey_transfer_freep) struct ms_mikey_transfer *t = NULL;
	struct ms_fault fault = { 0, NULL, 0 };
	struct ms_span in = vec_step_octets(k, step);
	int err;

	if (!k->held || !k->incoming || !ms_mikey_incoming_outcome(k->incoming))
		return vec_fail(k->run, "TRANSFER_RESP out of place");
	k->csb_i = ms_mikey_csb_free(k->csb_i);
	err = ms_mikey_transfer_resume(&k->w.initiator, k->held, k->transfer_init, &t);
	if (err == 0)
		err = ms_mikey_transfer_finish(t, in, now, &fault, &k->csb_i);
	if (err < 0)
		return vec_refused(k, "TRANSFER_RESP", err, &fault);
	return own_answer(k, now) && responder_bundle(k, in) && vec_results_after(k, n);
}

static bool receive(struct vec_walk *k, size_t n)
{
	const json_t *step = vec_step(k, n);
	const char *msg = vec_str(k->run, step, "msg");
	ms_usec now = vec_time(k->run, step, "processed_at_unix");

	if (strcmp(msg, "REQUEST_INIT_PSK") == 0)
		return request_init(k, step, now);
	if (strcmp(msg, "REQUEST_RESP") == 0)
		return request_resp(k, step, now);
	if (strcmp(msg, "TRANSFER_INIT") == 0)
		return transfer_init(k, step, now, n);
	if (strcmp(msg, "RESOLVE_INIT_PSK") == 0)
		return resolve_init(k, step, now);
	if (strcmp(msg, "RESOLVE_RESP") == 0)
		return resolve_resp(k, step, now, n);
	if (strcmp(msg, "TRANSFER_RESP") == 0)
		return transfer_resp(k, step, now, n);
	if (strcmp(msg, "TRANSFER_INIT(update)") == 0)
		return vec_update_init(k, step, now, n);
	if (strcmp(msg, "TRANSFER_RESP(update)") == 0)
		return vec_update_resp(k, step, now, n);
	return vec_fail(k->run, "unknown message '%s'", msg);
}

static void walk_done(struct vec_walk *k)
{
	ms_mikey_ticket_held_free(k->held);
	ms_mikey_resolved_free(k->resolved);
	ms_mikey_incoming_free(k->incoming);
	ms_mikey_csb_free(k->csb_i);
	ms_mikey_csb_free(k->csb_r);
	vec_world_done(&k->w);
}

/* Level and readings of what failed first decide; the results belong to the step they follow. */
static const json_t *level_of(const struct vec_walk *k, size_t n, bool in_results)
{
	json_t *results = json_object_get(k->v, "results"), *r;
	size_t i;

	json_array_foreach (results, i, r) {
		if (in_results && vec_int(k->run, r, "after_step") == n)
			return r;
	}
	return vec_step(k, n);
}

static void exchange(struct vec_run *run, const json_t *v, const char *id)
{
	struct vec_walk k = { .run = run, .v = v, .steps = json_object_get(v, "steps") };
	bool ok = vec_world_init(&k.w, run, v);
	const json_t *level = v;
	size_t n;

	if (json_array_size(k.steps) == 0)
		ok = vec_fail(run, "no steps");
	for (n = 0; ok && n < json_array_size(k.steps); n++) {
		char why[sizeof(run->why)];

		ok = vec_build(&k, n) && receive(&k, n) && !run->why[0];
		if (ok)
			continue;
		level = level_of(&k, n, false);
		snprintf(why, sizeof(why), "%.400s", run->why);
		snprintf(run->why, sizeof(run->why), "step %zu: %.450s", n, why);
	}
	walk_done(&k);
	vec_end(run, level, id, ok);
}

void vec_run_exchange(struct vec_run *run, json_t *vectors)
{
	json_t *v;
	size_t i;

	json_array_foreach (vectors, i, v) {
		const char *id = json_string_value(json_object_get(v, "id"));

		id = id ? id : "(no id)";
		if (!vec_skip(run, v, id))
			exchange(run, v, id);
	}
}
