/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digest access authentication as client: RFC 7616 with RFC 3261 section 22 and RFC 8760. qop=auth or
 * none; MD5 and SHA-256, also with -sess. A challenge is kept, so that the next request carries its
 * answer at once.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "core/alloc.h"
#include "sip/sip-priv.h"

/* Realms one account may meet. */
#define MAX_REALMS 8

/* ---- the computation ---- */

/* Hash of the parts joined with ':', in hex. */
static int hash_parts(bool sha256, const struct ms_span *parts, size_t n, char ret_hex[static 65])
{
	const EVP_MD *md = sha256 ? EVP_sha256() : EVP_md5();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t out[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	int ok = ctx && EVP_DigestInit_ex(ctx, md, NULL);

	for (size_t i = 0; i < n && ok; i++) {
		if (i > 0)
			ok = EVP_DigestUpdate(ctx, ":", 1);
		if (ok)
			ok = EVP_DigestUpdate(ctx, parts[i].p, parts[i].len);
	}
	if (ok)
		ok = EVP_DigestFinal_ex(ctx, out, &len);
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return -EIO;
	for (unsigned i = 0; i < len; i++)
		(void)snprintf(ret_hex + 2 * (size_t)i, 3, "%02x", out[i]);
	ms_wipe(out, sizeof(out));
	return 0;
}

/* A1 of RFC 7616 section 3.4.2 */
static int hash_a1(const struct ms_sip_digest_input *in, char ret_hex[static 65])
{
	int err = hash_parts(in->sha256, (struct ms_span[]){ in->user, in->realm, in->password }, 3,
			     ret_hex);
	char first[65];

	if (err < 0 || !in->sess)
		return err;
	memcpy(first, ret_hex, sizeof(first));
	err = hash_parts(in->sha256,
			 (struct ms_span[]){ ms_span_str(first), in->nonce, in->cnonce }, 3,
			 ret_hex);
	ms_wipe(first, sizeof(first));
	return err;
}

int ms_sip_digest(const struct ms_sip_digest_input *in, char ret_hex[static 65])
{
	char a1[65], a2[65];
	int err = hash_a1(in, a1);

	if (err == 0)
		err = hash_parts(in->sha256, (struct ms_span[]){ in->method, in->uri }, 2, a2);
	if (err == 0 && in->nc.len > 0)
		err = hash_parts(in->sha256,
				 (struct ms_span[]){ ms_span_str(a1), in->nonce, in->nc, in->cnonce,
						     MS_SPAN_LIT("auth"), ms_span_str(a2) },
				 6, ret_hex);
	else if (err == 0)
		err = hash_parts(in->sha256,
				 (struct ms_span[]){ ms_span_str(a1), in->nonce, ms_span_str(a2) },
				 3, ret_hex);
	ms_wipe(a1, sizeof(a1));
	return err;
}

/* ---- challenges ---- */

void ms_sip_realm_free(struct ms_sip_realm *r)
{
	ms_list_remove(&r->link);
	ms_free(r->realm);
	ms_free(r->nonce);
	ms_free(r->opaque);
	ms_free(r);
}

/* The value of a comma-separated auth-param; quotes off. */
static struct ms_span auth_param(struct ms_span list, const char *name)
{
	while (list.len > 0) {
		size_t end = ms_sip_list_end(list);
		struct ms_span value = ms_span_sub(list, 0, end);
		struct ms_span key = ms_span_trim(ms_span_cut(&value, '='));

		list = ms_span_from(list, end + 1);
		if (!ms_span_is_nocase(key, name))
			continue;
		value = ms_span_trim(value);
		if (value.len >= 2 && value.p[0] == '"' && value.p[value.len - 1] == '"')
			value = ms_span_sub(value, 1, value.len - 2);
		return value;
	}
	return MS_SPAN_NULL;
}

static bool has_word(struct ms_span list, const char *word)
{
	while (list.len > 0)
		if (ms_span_is_nocase(ms_span_trim(ms_span_cut(&list, ',')), word))
			return true;
	return false;
}

static int set_algorithm(struct ms_sip_realm *r, struct ms_span a)
{
	static const struct {
		const char *name;
		bool sha256, sess;
	} known[] = { { "MD5", false, false },
		      { "MD5-sess", false, true },
		      { "SHA-256", true, false },
		      { "SHA-256-sess", true, true } };

	if (a.len == 0)
		return 0;
	for (size_t i = 0; i < MS_ARRAY_SIZE(known); i++) {
		if (!ms_span_is_nocase(a, known[i].name))
			continue;
		r->sha256 = known[i].sha256;
		r->sess = known[i].sess;
		return 0;
	}
	return -ENOTSUP;
}

static struct ms_sip_realm *find_realm(const struct ms_sip_account *a,
				       const struct ms_sip_realm *like, struct ms_span realm)
{
	struct ms_list *link;

	ms_list_foreach (link, &a->realms) {
		struct ms_sip_realm *r = MS_CONTAINER_OF(link, struct ms_sip_realm, link);

		if (r->proxy == like->proxy && r->for_register == like->for_register &&
		    ms_span_is(realm, r->realm))
			return r;
	}
	return NULL;
}

static int fill_realm(struct ms_sip_realm *r, struct ms_span params)
{
	struct ms_span qop = auth_param(params, "qop"), opaque = auth_param(params, "opaque");

	if (set_algorithm(r, auth_param(params, "algorithm")) < 0)
		return -ENOTSUP;
	r->qop_auth = has_word(qop, "auth");
	if (qop.len > 0 && !r->qop_auth)
		return -ENOTSUP;
	r->realm = ms_strdup_span(auth_param(params, "realm"));
	r->nonce = ms_strdup_span(auth_param(params, "nonce"));
	r->opaque = opaque.p ? ms_strdup_span(opaque) : NULL;
	return r->realm && r->nonce && (r->opaque || !opaque.p) ? 0 : -ENOMEM;
}

static size_t count_realms(const struct ms_sip_account *a)
{
	struct ms_list *link;
	size_t n = 0;

	ms_list_foreach (link, &a->realms)
		n++;
	return n;
}

/* One challenge. 0: taken; 1: passed over, since we cannot answer that kind. */
static int take(struct ms_sip_account *a, struct ms_span value, const struct ms_sip_realm *like)
{
	struct ms_span rest = ms_span_trim(value);
	struct ms_span scheme = ms_span_cut(&rest, ' ');
	struct ms_sip_realm *old, *r;
	int err;

	if (!ms_span_is_nocase(scheme, "Digest") || auth_param(rest, "nonce").len == 0)
		return 1;
	old = find_realm(a, like, auth_param(rest, "realm"));
	/* Asked again for what we answered a moment ago: the password is wrong. */
	if (old && old->owner == like->owner &&
	    !ms_span_is_nocase(auth_param(rest, "stale"), "true"))
		return -EACCES;
	if (!old && count_realms(a) >= MAX_REALMS)
		return -EACCES;
	r = ms_zalloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	*r = *like;
	ms_list_init(&r->link);
	err = fill_realm(r, rest);
	if (err < 0) {
		ms_sip_realm_free(r);
		return err == -ENOTSUP ? 1 : err;
	}
	if (old)
		ms_sip_realm_free(old);
	ms_list_append(&a->realms, &r->link);
	return 0;
}

int ms_sip_digest_take(struct ms_sip_account *a, const struct sip_msg *m, const void *owner)
{
	struct ms_sip_realm like = { .proxy = m->scode == 407,
				     .for_register = !pl_strcmp(&m->cseq.met, "REGISTER"),
				     .owner = owner };
	const char *name = like.proxy ? "Proxy-Authenticate" : "WWW-Authenticate";
	struct ms_span value;

	if (!a->has_password)
		return -EACCES;
	/* The server's order is its preference; the first kind we know is taken (RFC 8760 2.4). */
	for (size_t i = 0; ms_sip_header_at(ms_sip_cooked(m), name, i, &value); i++) {
		int err = take(a, value, &like);

		if (err <= 0)
			return err;
	}
	return -EACCES;
}

/* ---- answers ---- */

static void put_quoted_param(struct ms_buf *b, const char *name, struct ms_span value)
{
	ms_buf_printf(b, "%s=\"", name);
	ms_buf_put_span(b, value);
	ms_buf_put_str(b, "\"");
}

static void put_answer(struct ms_buf *b, struct ms_sip_account *a, struct ms_sip_realm *r,
		       const char *method, const char *uri)
{
	static const char *const algorithms[] = { "MD5", "MD5-sess", "SHA-256", "SHA-256-sess" };
	char cnonce[MS_SIP_TOKEN_SIZE], nc[9], response[65];
	struct ms_sip_digest_input in = {
		r->sha256,
		r->sess,
		ms_span_str(a->auth_user),
		ms_span_str(r->realm),
		ms_secret_span(&a->password),
		ms_span_str(r->nonce),
		ms_span_str(method),
		ms_span_str(uri),
		MS_SPAN_NULL,
		MS_SPAN_NULL,
	};
	int err = ms_sip_token(cnonce);

	(void)snprintf(nc, sizeof(nc), "%08x", ++r->nc);
	in.cnonce = ms_span_str(cnonce);
	if (r->qop_auth)
		in.nc = ms_span_str(nc);
	if (err == 0)
		err = ms_sip_digest(&in, response);
	if (err < 0) {
		ms_buf_fail(b, err);
		return;
	}
	ms_buf_put_str(b, r->proxy ? "Proxy-Authorization: Digest " : "Authorization: Digest ");
	put_quoted_param(b, "username", in.user);
	put_quoted_param(b, ", realm", in.realm);
	put_quoted_param(b, ", nonce", in.nonce);
	put_quoted_param(b, ", uri", in.uri);
	put_quoted_param(b, ", response", ms_span_str(response));
	ms_buf_printf(b, ", algorithm=%s", algorithms[(r->sha256 ? 2 : 0) + (r->sess ? 1 : 0)]);
	if (r->opaque)
		put_quoted_param(b, ", opaque", ms_span_str(r->opaque));
	if (r->qop_auth || r->sess)
		put_quoted_param(b, ", cnonce", in.cnonce);
	if (r->qop_auth)
		ms_buf_printf(b, ", qop=auth, nc=%s", nc);
	ms_buf_put_str(b, "\r\n");
}

void ms_sip_put_digest(struct ms_buf *b, struct ms_sip_account *a, const char *method,
		       const char *uri)
{
	struct ms_list *link;

	ms_list_foreach (link, &a->realms) {
		struct ms_sip_realm *r = MS_CONTAINER_OF(link, struct ms_sip_realm, link);

		if (r->for_register == !strcmp(method, "REGISTER"))
			put_answer(b, a, r, method, uri);
	}
}
