/* SPDX-License-Identifier: Apache-2.0 */
/* AUTH with HTTP Digest: RFC 4976 sections 5.1, 7 and 9.1; RFC 2617 section 3.2.2. */
#include <errno.h>

#include "core/alloc.h"
#include "core/hex.h"
#include "crypto/digest.h"
#include "msrp/auth.h"
#include "msrp/session-priv.h"

#define NONCE_MAX 512
#define CNONCE_LEN 16
#define HEX_MAX (2 * MS_DIGEST_MAX)
#define ATTEMPTS_MAX 4
#define PATH_TEXT_MAX 8192

struct ms_msrp_auth {
	struct ms_msrp_conn *conn;
	const struct ms_random *random;
	struct ms_buf to_path, local_uri, user;
	struct ms_secret password;
	uint32_t expires;
	void (*done)(void *arg, int err, int code, struct ms_span use_path, uint32_t expires);
	void *arg;
	bool wanted; /* the request is to be written */
	unsigned attempts;
	/* the relay's challenge */
	bool challenged;
	enum ms_digest_algorithm algorithm;
	struct ms_buf realm, nonce, opaque;
	char cnonce[CNONCE_LEN];
	char response[HEX_MAX], rspauth[HEX_MAX];
	size_t hex_len;
};

/* One "name=value" or "name="quoted"" of a comma-separated list; false at its end or if malformed. */
static bool next_param(struct ms_span *list, struct ms_span *ret_name, struct ms_span *ret_value)
{
	struct ms_span s = ms_span_trim(*list);
	size_t eq = ms_span_find(s, '='), end;

	if (eq == s.len || eq == 0)
		return false;
	*ret_name = ms_span_trim(ms_span_sub(s, 0, eq));
	s = ms_span_from(s, eq + 1);
	if (s.len > 0 && s.p[0] == '"') {
		s = ms_span_from(s, 1);
		end = ms_span_find(s, '"');
		if (end == s.len)
			return false;
		*ret_value = ms_span_sub(s, 0, end);
		s = ms_span_from(s, end + 1);
		end = ms_span_find(s, ',');
	} else {
		end = ms_span_find(s, ',');
		*ret_value = ms_span_trim(ms_span_sub(s, 0, end));
	}
	*list = ms_span_from(s, end + 1);
	return true;
}

/* The value of a parameter; p == NULL if absent. */
static struct ms_span param(struct ms_span list, const char *wanted)
{
	struct ms_span name, value;

	while (next_param(&list, &name, &value)) {
		if (ms_span_is_nocase(name, wanted))
			return value;
	}
	return MS_SPAN_NULL;
}

static bool list_has(struct ms_span list, const char *wanted)
{
	while (list.p) {
		if (ms_span_is_nocase(ms_span_trim(ms_span_cut(&list, ',')), wanted))
			return true;
	}
	return false;
}

/* "Digest" and what follows it; p == NULL if it is another scheme. */
static struct ms_span digest_params(struct ms_span value)
{
	if (!ms_span_starts_nocase(value, MS_SPAN_LIT("Digest ")))
		return MS_SPAN_NULL;
	return ms_span_from(value, 7);
}

static int keep(struct ms_buf *b, struct ms_span s)
{
	ms_buf_reset(b);
	ms_buf_put_span(b, s);
	return ms_buf_status(b);
}

/* RFC 4976 section 9.1: Digest with qop=auth, no MD5-sess. */
static int read_challenge(struct ms_msrp_auth *a, const struct ms_msrp_head *h)
{
	struct ms_span list = digest_params(ms_msrp_head_field(h, "WWW-Authenticate"));
	struct ms_span algorithm = param(list, "algorithm");
	int err;

	if (!list.p || !param(list, "nonce").p || !param(list, "realm").p ||
	    !list_has(param(list, "qop"), "auth"))
		return -EBADMSG;
	if (!algorithm.p || ms_span_is_nocase(algorithm, "MD5"))
		a->algorithm = MS_DIGEST_MD5;
	else if (ms_span_is_nocase(algorithm, "SHA-256"))
		a->algorithm = MS_DIGEST_SHA256;
	else
		return -EBADMSG;
	err = keep(&a->realm, param(list, "realm"));
	if (err == 0)
		err = keep(&a->nonce, param(list, "nonce"));
	if (err == 0)
		err = keep(&a->opaque, param(list, "opaque"));
	return err;
}

/* Hex of the digest of up to three parts with colons between. */
static int hash(const struct ms_msrp_auth *a, const struct ms_span *part, unsigned n,
		char hex[static HEX_MAX])
{
	uint8_t raw[MS_DIGEST_MAX];
	struct ms_digest *d = NULL;
	struct ms_buf b;
	size_t len = 0;
	int err = ms_digest_new(a->algorithm, &d);

	for (unsigned i = 0; i < n && err == 0; i++) {
		if (i > 0)
			err = ms_digest_update(d, MS_SPAN_LIT(":"));
		if (err == 0)
			err = ms_digest_update(d, part[i]);
	}
	if (err == 0)
		err = ms_digest_final(d, raw, &len);
	ms_digest_free(d);
	if (err < 0)
		return err;
	ms_buf_init_fixed(&b, hex, HEX_MAX);
	ms_hex_encode(&b, ms_span_of(raw, len));
	ms_wipe(raw, sizeof(raw));
	return ms_buf_status(&b);
}

/* RFC 4976 section 9.1: the request-URI of H(A2) is the rightmost of To-Path. */
static struct ms_span request_uri(const struct ms_msrp_auth *a)
{
	struct ms_msrp_path path;

	if (ms_msrp_path_parse(ms_buf_span(&a->to_path), &path) < 0)
		return MS_SPAN_NULL;
	return path.uri[path.n - 1].text;
}

/* RFC 2617 section 3.2.2.1 with qop; `method` empty for rspauth (section 3.2.3) */
static int respond(struct ms_msrp_auth *a, const char *method, char hex[static HEX_MAX])
{
	char ha1[HEX_MAX], ha2[HEX_MAX];
	size_t n = 2 * ms_digest_length(a->algorithm);
	struct ms_span a1[] = { ms_buf_span(&a->user), ms_buf_span(&a->realm),
				ms_secret_span(&a->password) };
	struct ms_span a2[] = { ms_span_str(method), request_uri(a) };
	struct ms_span all[] = { ms_span_of(ha1, n),      ms_buf_span(&a->nonce),
				 MS_SPAN_LIT("00000001"), ms_span_of(a->cnonce, CNONCE_LEN),
				 MS_SPAN_LIT("auth"),     ms_span_of(ha2, n) };
	int err = hash(a, a1, 3, ha1);

	if (err == 0)
		err = hash(a, a2, 2, ha2);
	if (err == 0)
		err = hash(a, all, 6, hex);
	ms_wipe(ha1, sizeof(ha1));
	a->hex_len = n;
	return err;
}

static void put_authorization(struct ms_msrp_auth *a, struct ms_buf *b)
{
	ms_buf_put_str(b, "Authorization: Digest username=\"");
	ms_buf_put_span(b, ms_buf_span(&a->user));
	ms_buf_put_str(b, "\", realm=\"");
	ms_buf_put_span(b, ms_buf_span(&a->realm));
	ms_buf_put_str(b, "\", nonce=\"");
	ms_buf_put_span(b, ms_buf_span(&a->nonce));
	ms_buf_put_str(b, "\", uri=\"");
	ms_buf_put_span(b, request_uri(a));
	if (a->algorithm == MS_DIGEST_SHA256)
		ms_buf_put_str(b, "\", algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"");
	else
		ms_buf_put_str(b, "\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"");
	ms_buf_put(b, a->cnonce, CNONCE_LEN);
	if (a->opaque.len > 0) {
		ms_buf_put_str(b, "\", opaque=\"");
		ms_buf_put_span(b, ms_buf_span(&a->opaque));
	}
	ms_buf_put_str(b, "\", response=\"");
	ms_buf_put(b, a->response, a->hex_len);
	ms_buf_put_str(b, "\"\r\n");
}

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
		put_authorization(a, &c->stage);
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
	struct ms_span said = param(ms_msrp_head_field(h, "Authentication-Info"), "rspauth");

	if (!a->challenged || !said.p)
		return true;
	if (respond(a, "", a->rspauth) < 0)
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
	struct ms_span list = digest_params(ms_msrp_head_field(h, "WWW-Authenticate"));
	bool stale = ms_span_is_nocase(param(list, "stale"), "true");
	int err;

	if ((a->challenged && !stale) || a->user.len == 0 || a->attempts >= ATTEMPTS_MAX) {
		finish(a, -EACCES, h->status, MS_SPAN_NULL, 0);
		return;
	}
	err = read_challenge(a, h);
	if (err == 0)
		err = ms_msrp_random_text(a->random, a->cnonce, CNONCE_LEN);
	if (err == 0)
		err = respond(a, "AUTH", a->response);
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
	err = keep(&a->to_path, p->to_path);
	if (err == 0)
		err = keep(&a->local_uri, p->local_uri);
	if (err == 0)
		err = keep(&a->user, p->user);
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
