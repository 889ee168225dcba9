/* SPDX-License-Identifier: Apache-2.0 */
/* Error messages, the kind `error`: read, built again, forged, and handed to who waits for an answer. */
#include <errno.h>

#include "mikey/error.h"
#include "mikey/guard.h"
#include "mikey/request.h"
#include "mikey/resolve.h"
#include "mikey/transfer.h"
#include "vec-encode.h"
#include "vec-world.h"

static const json_t *about(struct vec_run *run, const json_t *v, const json_t *base)
{
	return json_array_get(json_object_get(base, "steps"),
			      (size_t)vec_int(run, v, "about_step"));
}

/* The auth_key is that of the message where the error occurred, so with its `w`. */
static bool auth_key(struct vec_run *run, const json_t *v, const json_t *step,
		     struct ms_secret *ret_key)
{
	const json_t *keys = json_object_get(step, "keys");
	struct ms_span label = vec_hex(run, keys, "auth_label");
	MS_CLEANUP(ms_prf_key_wipe) struct ms_prf_key k = { .n = 0 };
	struct ms_mikey_message m;
	int len = ms_mikey_mac_len((unsigned)vec_int(run, v, "mac_alg"));

	if (ms_mikey_decode(vec_hex(run, step, "hex"), &m, NULL) < 0 || len <= 0 ||
	    ms_mikey_inkey(&k, m.hdr.prf, vec_hex(run, keys, "key")) < 0 ||
	    ms_prf_out(&k, label, ret_key->b, (size_t)len) < 0)
		return vec_fail(run, "no auth_key");
	ret_key->len = (size_t)len;
	return vec_same(run, "auth_key", ms_secret_span(ret_key), vec_hex(run, v, "auth_key"));
}

static bool same_numbers(struct vec_run *run, const json_t *v, const struct ms_mikey_error *e)
{
	json_t *list = json_object_get(v, "errors");

	if (json_array_size(list) != e->n)
		return vec_fail(run, "%zu error numbers", e->n);
	for (size_t i = 0; i < e->n; i++) {
		if (json_integer_value(json_array_get(list, i)) != e->error_no[i])
			return vec_fail(run, "error number %u", e->error_no[i]);
	}
	return true;
}

static bool read_back(struct vec_run *run, const json_t *v, struct ms_span key)
{
	struct ms_span forged = vec_hex(run, v, "forged_hex");
	struct ms_mikey_message m;
	struct ms_mikey_error e;
	struct ms_fault fault = { 0, NULL, 0 };

	if (ms_mikey_error_read(vec_hex(run, v, "hex"), key, &m, &e, &fault) < 0)
		return vec_fail(run, "refused: %s", fault.reason);
	if (e.authenticated != (key.len > 0))
		return vec_fail(run, "authenticated: %d", e.authenticated);
	if (!same_numbers(run, v, &e))
		return false;
	if (!forged.p || ms_mikey_error_read(forged, key, &m, &e, &fault) < 0)
		return true;
	return !e.authenticated || vec_fail(run, "a forgery is authenticated");
}

static size_t sps_of(struct vec_run *run, const struct ms_mikey_message *m, struct ms_mikey_sp *sp,
		     size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_payloads; i++) {
		const struct ms_mikey_payload *p = &m->payload[i];

		if (p->type != MS_MIKEY_P_SP)
			continue;
		if (n == max) {
			vec_fail(run, "too many SPs");
			return n;
		}
		sp[n++] = (struct ms_mikey_sp){ p->u.sp.policy_no, p->u.sp.prot_type,
						p->u.sp.params };
	}
	return n;
}

/* A map of its own choice (reading 30) is for receivers; senders have theirs. */
static bool build(struct vec_run *run, const json_t *v, struct ms_span key)
{
	struct ms_span hex = vec_hex(run, v, "hex");
	struct ms_mikey_sp sp[16];
	struct ms_mikey_error_build e = { .sp = sp, .auth_key = key };
	struct ms_mikey_message m;
	struct ms_mikey_hdr hdr;
	struct ms_buf out;

	if (ms_mikey_decode(hex, &m, NULL) < 0)
		return vec_fail(run, "does not decode");
	e.n_sps = sps_of(run, &m, sp, MS_ARRAY_SIZE(sp));
	if (m.hdr.n_cs != 0 ||
	    m.hdr.map_type != (e.n_sps > 0 ? MS_MIKEY_MAP_GENERIC_ID : MS_MIKEY_MAP_EMPTY))
		return true;
	hdr = m.hdr;
	hdr.data_type = MS_MIKEY_TRANSFER_INIT;
	e.about = &hdr;
	e.t = m.t;
	e.mac_alg = m.v.set ? m.v.mac_alg : MS_MIKEY_MAC_NULL;
	e.n = json_array_size(json_object_get(v, "errors"));
	for (size_t i = 0; i < e.n && i < MS_MIKEY_ERRORS_MAX; i++)
		e.error_no[i] = (uint8_t)json_integer_value(
			json_array_get(json_object_get(v, "errors"), i));
	ms_buf_init_fixed(&out, vec_alloc(run, 65536), 65536);
	if (ms_mikey_error_write(&e, &out) < 0)
		return vec_fail(run, "cannot be built");
	return vec_same(run, "Error message built", ms_buf_span(&out), hex);
}

static bool judge(struct vec_run *run, int err, const struct ms_fault *f, bool authenticated,
		  unsigned first)
{
	bool proven = f->reason && !strstr(f->reason, "unauthenticated");

	if (err != -EREMOTEIO)
		return vec_fail(run, "taken for something else (%d, %s)", err,
				f->reason ? f->reason : "?");
	if (proven != authenticated)
		return vec_fail(run, "%s", f->reason);
	return f->code == (int)first || vec_fail(run, "number %d", f->code);
}

/* Who waits for an answer takes an Error message in its place, and keeps waiting. */
static bool deliver(struct vec_world *w, const json_t *v, const json_t *step, struct ms_span in,
		    bool authenticated)
{
	MS_CLEANUP(ms_mikey_request_freep) struct ms_mikey_request *req = NULL;
	MS_CLEANUP(ms_mikey_resolve_freep) struct ms_mikey_resolve *res = NULL;
	MS_CLEANUP(ms_mikey_ticket_held_freep) struct ms_mikey_ticket_held *held = NULL;
	MS_CLEANUP(ms_mikey_resolved_freep) struct ms_mikey_resolved *resolved = NULL;
	MS_CLEANUP(ms_mikey_transfer_freep) struct ms_mikey_transfer *t = NULL;
	MS_CLEANUP(ms_mikey_csb_freep) struct ms_mikey_csb *csb = NULL;
	const char *msg = vec_str(w->run, v, "about_msg");
	struct ms_span sent = vec_hex(w->run, step, "hex");
	json_t *ticket = json_object_get(w->base, "ticket");
	struct ms_mikey_keyring *none = vec_alloc(w->run, sizeof(*none));
	struct ms_fault f = { 0, NULL, 0 };
	struct ms_mikey_message m;
	struct vec_answer a;
	unsigned first =
		(unsigned)json_integer_value(json_array_get(json_object_get(v, "errors"), 0));
	int err = 0;

	if (strcmp(msg, "REQUEST_INIT_PSK") == 0) {
		err = ms_mikey_request_resume(&w->initiator, sent, MS_SPAN_NULL, &req);
		if (err == 0)
			err = ms_mikey_request_finish(req, in, 0, &f, &held);
	} else if (strcmp(msg, "RESOLVE_INIT_PSK") == 0) {
		err = ms_mikey_resolve_resume(&w->responder, sent, MS_SPAN_NULL, &res);
		if (err == 0)
			err = ms_mikey_resolve_finish(res, in, 0, &f, &resolved);
	} else if (strcmp(msg, "TRANSFER_INIT") == 0) {
		err = ms_mikey_decode(sent, &m, NULL);
		if (err == 0)
			err = ms_mikey_ticket_held_new(
				m.ticket.raw, vec_hex(w->run, ticket, "mpki"),
				vec_hex(w->run, ticket, "mpkr"), none, &held);
		if (err == 0)
			err = ms_mikey_transfer_resume(&w->initiator, held, sent, &t);
		if (err == 0)
			err = ms_mikey_transfer_finish(t, in, 0, &f, &csb);
	} else {
		/* About an answer: its sender has nothing to wait for, and never answers it. */
		if (!vec_kms(w, in, 0, &a))
			return false;
		return (a.err == -EBADMSG && a.octets.len == 0) ||
		       vec_fail(w->run, "an Error message was answered");
	}
	return judge(w->run, err, &f, authenticated, first);
}

static bool error(struct vec_run *run, const json_t *v)
{
	const json_t *base = vec_base(run, vec_str(run, v, "base"));
	const json_t *step = base ? about(run, v, base) : NULL;
	struct ms_secret key = { .len = 0 };
	struct ms_span forged = vec_hex(run, v, "forged_hex");
	struct vec_world w = { .replay = NULL };
	struct ms_mikey_message m;
	bool auth = json_object_get(v, "auth_key") != NULL;
	bool ok = step && vec_world_init(&w, run, base) &&
		  (!auth || auth_key(run, v, step, &key)) &&
		  read_back(run, v, ms_secret_span(&key)) && build(run, v, ms_secret_span(&key)) &&
		  deliver(&w, v, step, vec_hex(run, v, "hex"), auth);

	if (ok && forged.p && ms_mikey_decode(forged, &m, NULL) == 0) {
		struct ms_fault f = { 0, NULL, 0 };
		struct ms_mikey_error e;

		ok = ms_mikey_error_read(forged, ms_secret_span(&key), &m, &e, &f) < 0 ||
		     !e.authenticated || vec_fail(run, "a forgery is authenticated");
	}
	if (!step)
		vec_fail(run, "no such step");
	ms_secret_wipe(&key);
	vec_world_done(&w);
	return ok;
}

void vec_run_error(struct vec_run *run, json_t *vectors)
{
	vec_each(run, vectors, error);
}
