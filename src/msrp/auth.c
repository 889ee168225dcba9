/* SPDX-License-Identifier: Apache-2.0 */
/* AUTH, its answers, and when to try again: RFC 4976 sections 5.1 and 7. */
#include <errno.h>

#include "core/alloc.h"
#include "msrp/auth-priv.h"

#define NONCE_MAX 512
#define ATTEMPTS_MAX 4
#define PATH_TEXT_MAX 8192

bool ms_msrp_auth_wanted(const struct ms_msrp_auth *a)
{
	return a && a->wanted;
}

void ms_msrp_auth_put(struct ms_msrp_auth *a)
{
	struct ms_msrp_conn *c = a->conn;
	struct ms_msrp_transaction *t = ms_msrp_transaction_new(c);
	struct ms_span tid;

	if (!t)
		return;
	a->wanted = false;
	t->auth = a;
	tid = ms_span_of(t->tid, MSRP_TID_LEN);
	ms_msrp_put_request(&c->stage, tid, "AUTH", ms_buf_span(&a->to_path),
			    ms_buf_span(&a->local_uri));
	if (a->expires > 0)
		ms_buf_printf(&c->stage, "Expires: %u\r\n", a->expires);
	if (a->challenged)
		ms_msrp_digest_put(a, &c->stage);
	ms_msrp_put_end(&c->stage, tid, '$', false);
	ms_msrp_transaction_await(c, t, ms_msrp_limits_default.transaction);
	c->counters.requests_out++;
}

static void finish(struct ms_msrp_auth *a, int err, int code, struct ms_span use_path,
		   uint32_t expires)
{
	a->wanted = false;
	if (a->conn)
		a->conn->auth = NULL;
	a->conn = NULL;
	if (a->done)
		a->done(a->arg, err, code, use_path, expires);
}

void ms_msrp_auth_fail(struct ms_msrp_auth *a, int err)
{
	finish(a, err, 0, MS_SPAN_NULL, 0);
}

static uint32_t seconds(struct ms_span value)
{
	uint64_t v;

	return ms_span_u64(value, UINT32_MAX, &v) == 0 ? (uint32_t)v : 0;
}

/* A relay that knows the password says so, if it says anything: section 9.1. */
static bool relay_is_genuine(struct ms_msrp_auth *a, const struct ms_msrp_head *h)
{
	struct ms_span said =
		ms_msrp_digest_param(ms_msrp_head_field(h, "Authentication-Info"), "rspauth");

	if (!a->challenged || !said.p)
		return true;
	if (ms_msrp_digest_respond(a, "", a->rspauth) < 0)
		return false;
	return ms_secret_equal(said, ms_span_of(a->rspauth, a->hex_len));
}

static void accepted(struct ms_msrp_auth *a, const struct ms_msrp_head *h)
{
	struct ms_span use_path = ms_msrp_head_field(h, "Use-Path");
	struct ms_msrp_path path;

	if (!use_path.p || ms_msrp_path_parse(use_path, &path) < 0 || !relay_is_genuine(a, h))
		finish(a, -EBADMSG, h->status, MS_SPAN_NULL, 0);
	else
		finish(a, 0, h->status, use_path, seconds(ms_msrp_head_field(h, "Expires")));
}

/* 401: once with our password; again only if the relay says that merely its nonce was old. */
static void challenged(struct ms_msrp_auth *a, const struct ms_msrp_head *h)
{
	struct ms_span list = ms_msrp_digest_params(ms_msrp_head_field(h, "WWW-Authenticate"));
	bool stale = ms_span_is_nocase(ms_msrp_digest_param(list, "stale"), "true");
	int err;

	if ((a->challenged && !stale) || a->user.len == 0 || a->attempts >= ATTEMPTS_MAX) {
		finish(a, -EACCES, h->status, MS_SPAN_NULL, 0);
		return;
	}
	err = ms_msrp_digest_challenge(a, h);
	if (err == 0)
		err = ms_msrp_random_text(a->random, a->cnonce, MSRP_CNONCE_LEN);
	if (err == 0)
		err = ms_msrp_digest_respond(a, "AUTH", a->response);
	if (err < 0) {
		finish(a, err, h->status, MS_SPAN_NULL, 0);
		return;
	}
	a->challenged = true;
	a->attempts++;
	a->wanted = true;
}

/* 423: the time asked for does not suit; ask for what does. */
static void out_of_bounds(struct ms_msrp_auth *a, const struct ms_msrp_head *h)
{
	uint32_t min = seconds(ms_msrp_head_field(h, "Min-Expires"));
	uint32_t max = seconds(ms_msrp_head_field(h, "Max-Expires"));

	if ((min == 0 && max == 0) || a->attempts >= ATTEMPTS_MAX) {
		finish(a, -EACCES, h->status, MS_SPAN_NULL, 0);
		return;
	}
	a->expires = min > 0 ? min : max;
	a->attempts++;
	a->challenged = false; /* the nonce may have been used up */
	a->wanted = true;
}

void ms_msrp_auth_response(struct ms_msrp_auth *a, const struct ms_msrp_head *h)
{
	if (h->status >= 200 && h->status < 300)
		accepted(a, h);
	else if (h->status == MS_MSRP_UNAUTHORIZED)
		challenged(a, h);
	else if (h->status == MS_MSRP_OUT_OF_BOUNDS)
		out_of_bounds(a, h);
	else
		finish(a, -EACCES, h->status, MS_SPAN_NULL, 0);
}

/* What goes between quotes must have none. */
static bool is_quotable(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < 0x20 || s.p[i] == '"' || s.p[i] == '\\')
			return false;
	}
	return s.len <= MS_MSRP_AUTH_TEXT_MAX;
}

static int set_up(struct ms_msrp_auth *a, const struct ms_msrp_auth_params *p)
{
	int err;

	ms_buf_init(&a->to_path, PATH_TEXT_MAX);
	ms_buf_init(&a->local_uri, MS_MSRP_URI_MAX);
	ms_buf_init(&a->user, MS_MSRP_AUTH_TEXT_MAX);
	ms_buf_init(&a->realm, NONCE_MAX);
	ms_buf_init(&a->nonce, NONCE_MAX);
	ms_buf_init(&a->opaque, NONCE_MAX);
	err = ms_msrp_auth_keep(&a->to_path, p->to_path);
	if (err == 0)
		err = ms_msrp_auth_keep(&a->local_uri, p->local_uri);
	if (err == 0)
		err = ms_msrp_auth_keep(&a->user, p->user);
	if (err == 0)
		err = ms_secret_set(&a->password, p->password);
	return err;
}

int ms_msrp_auth_start(struct ms_msrp_conn *c, const struct ms_msrp_auth_params *params,
		       const struct ms_random *random, struct ms_msrp_auth **ret_a)
{
	struct ms_msrp_path path;
	struct ms_msrp_auth *a;
	int err;

	if (c->auth || c->lost)
		return -EBUSY;
	if (ms_msrp_path_parse(params->to_path, &path) < 0 ||
	    ms_msrp_path_parse(params->local_uri, &path) < 0 || path.n != 1 ||
	    !is_quotable(params->user))
		return -EINVAL;
	a = ms_zalloc(sizeof(*a));
	if (!a)
		return -ENOMEM;
	err = set_up(a, params);
	if (err < 0) {
		ms_msrp_auth_free(a);
		return err;
	}
	a->conn = c;
	a->random = random;
	a->expires = params->expires;
	a->done = params->done;
	a->arg = params->arg;
	a->wanted = true;
	c->auth = a;
	*ret_a = a;
	return 0;
}

struct ms_msrp_auth *ms_msrp_auth_free(struct ms_msrp_auth *a)
{
	if (!a)
		return NULL;
	if (a->conn) {
		a->conn->auth = NULL;
		for (unsigned i = 0; i < a->conn->params.transactions; i++) {
			if (a->conn->transactions[i].auth == a)
				a->conn->transactions[i].auth = NULL;
		}
	}
	ms_buf_done(&a->to_path);
	ms_buf_done(&a->local_uri);
	ms_buf_done(&a->user);
	ms_buf_done(&a->realm);
	ms_buf_done(&a->nonce);
	ms_buf_done(&a->opaque);
	ms_secret_wipe(&a->password);
	return ms_free(a);
}
