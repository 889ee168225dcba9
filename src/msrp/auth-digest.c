/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP Digest as MSRP relays use it: RFC 4976 section 9.1, RFC 2617 section 3.2.2. */
#include <errno.h>

#include "core/hex.h"
#include "msrp/auth-priv.h"

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
struct ms_span ms_msrp_digest_param(struct ms_span list, const char *wanted)
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
struct ms_span ms_msrp_digest_params(struct ms_span value)
{
	if (!ms_span_starts_nocase(value, MS_SPAN_LIT("Digest ")))
		return MS_SPAN_NULL;
	return ms_span_from(value, 7);
}

int ms_msrp_auth_keep(struct ms_buf *b, struct ms_span s)
{
	ms_buf_reset(b);
	ms_buf_put_span(b, s);
	return ms_buf_status(b);
}

/* RFC 4976 section 9.1: Digest with qop=auth, no MD5-sess. */
int ms_msrp_digest_challenge(struct ms_msrp_auth *a, const struct ms_msrp_head *h)
{
	struct ms_span list = ms_msrp_digest_params(ms_msrp_head_field(h, "WWW-Authenticate"));
	struct ms_span algorithm = ms_msrp_digest_param(list, "algorithm");
	int err;

	if (!list.p || !ms_msrp_digest_param(list, "nonce").p ||
	    !ms_msrp_digest_param(list, "realm").p ||
	    !list_has(ms_msrp_digest_param(list, "qop"), "auth"))
		return -EBADMSG;
	if (!algorithm.p || ms_span_is_nocase(algorithm, "MD5"))
		a->algorithm = MS_DIGEST_MD5;
	else if (ms_span_is_nocase(algorithm, "SHA-256"))
		a->algorithm = MS_DIGEST_SHA256;
	else
		return -EBADMSG;
	err = ms_msrp_auth_keep(&a->realm, ms_msrp_digest_param(list, "realm"));
	if (err == 0)
		err = ms_msrp_auth_keep(&a->nonce, ms_msrp_digest_param(list, "nonce"));
	if (err == 0)
		err = ms_msrp_auth_keep(&a->opaque, ms_msrp_digest_param(list, "opaque"));
	return err;
}

/* Hex of the digest of up to three parts with colons between. */
static int hash(const struct ms_msrp_auth *a, const struct ms_span *part, unsigned n,
		char hex[static MSRP_HEX_MAX])
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
	ms_buf_init_fixed(&b, hex, MSRP_HEX_MAX);
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
int ms_msrp_digest_respond(struct ms_msrp_auth *a, const char *method,
			   char hex[static MSRP_HEX_MAX])
{
	char ha1[MSRP_HEX_MAX], ha2[MSRP_HEX_MAX];
	size_t n = 2 * ms_digest_length(a->algorithm);
	struct ms_span a1[] = { ms_buf_span(&a->user), ms_buf_span(&a->realm),
				ms_secret_span(&a->password) };
	struct ms_span a2[] = { ms_span_str(method), request_uri(a) };
	struct ms_span all[] = { ms_span_of(ha1, n),      ms_buf_span(&a->nonce),
				 MS_SPAN_LIT("00000001"), ms_span_of(a->cnonce, MSRP_CNONCE_LEN),
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

void ms_msrp_digest_put(struct ms_msrp_auth *a, struct ms_buf *b)
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
	ms_buf_put(b, a->cnonce, MSRP_CNONCE_LEN);
	if (a->opaque.len > 0) {
		ms_buf_put_str(b, "\", opaque=\"");
		ms_buf_put_span(b, ms_buf_span(&a->opaque));
	}
	ms_buf_put_str(b, "\", response=\"");
	ms_buf_put(b, a->response, a->hex_len);
	ms_buf_put_str(b, "\"\r\n");
}
