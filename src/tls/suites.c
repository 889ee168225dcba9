/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cipher suites by name, and which of them a profile admits: TS 33.328 clauses 5.3 (no NULL
 * encryption) and H.2 (PSK without Diffie-Hellman); for certificates what RFC 9325 section 4.2 keeps,
 * the rest of what MSRP and BFCP once demanded (RFC 4975 section 14.1, RFC 8855 section 7) by switch.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include "tls/tls-priv.h"

/* RFC 8446 section 9.1: the one that must be there, and those that should. */
#define SUITES_13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

typedef const char *refusal(const struct ms_tls_config *c, const SSL_CIPHER *suite);

static const SSL_CIPHER *find_suite(const SSL_CTX *ssl, struct ms_span name)
{
	STACK_OF(SSL_CIPHER) *all = SSL_CTX_get_ciphers(ssl);

	for (int i = 0; i < sk_SSL_CIPHER_num(all); i++) {
		const SSL_CIPHER *c = sk_SSL_CIPHER_value(all, i);

		if (ms_span_is(name, SSL_CIPHER_get_name(c)))
			return c;
	}
	return NULL;
}

static const char *refuse_psk(const struct ms_tls_config *c, const SSL_CIPHER *suite)
{
	switch (SSL_CIPHER_get_kx_nid(suite)) {
	case NID_kx_psk:
		return NULL;
	case NID_kx_dhe_psk:
	case NID_kx_ecdhe_psk:
		return c->allow_dh ? NULL : "tls_suite_dh";
	default:
		return "tls_suite_not_psk";
	}
}

static const char *refuse_cert(const struct ms_tls_config *c, const SSL_CIPHER *suite)
{
	int kx = SSL_CIPHER_get_kx_nid(suite), auth = SSL_CIPHER_get_auth_nid(suite);

	if (auth != NID_auth_rsa && auth != NID_auth_ecdsa)
		return "tls_suite_not_certificate";
	if (kx == NID_kx_ecdhe && SSL_CIPHER_is_aead(suite))
		return NULL;
	if (kx != NID_kx_ecdhe && kx != NID_kx_dhe && kx != NID_kx_rsa)
		return "tls_suite_not_certificate";
	return c->allow_legacy_suites ? NULL : "tls_suite_legacy";
}

static const char *refuse(const SSL_CTX *ssl, const struct ms_tls_config *c, struct ms_span name,
			  refusal *of_kind)
{
	const SSL_CIPHER *suite = find_suite(ssl, name);
	const char *reason = suite ? of_kind(c, suite) : "tls_suite_unknown";

	if (!reason && SSL_CIPHER_get_cipher_nid(suite) == NID_undef && !c->allow_null)
		reason = "tls_suite_null";
	return reason;
}

static int set_suites(SSL_CTX *ssl, const struct ms_tls_config *c, const char *names,
		      refusal *of_kind, struct ms_fault *f)
{
	struct ms_span rest = ms_span_str(names);

	if (!SSL_CTX_set_cipher_list(ssl, "ALL:eNULL"))
		return -ENOMEM;
	do {
		struct ms_span name = ms_span_cut(&rest, ':');
		const char *reason = refuse(ssl, c, name, of_kind);

		if (reason)
			return ms_fault_set(f, -EINVAL, 0, reason,
					    (size_t)((const char *)name.p - names));
	} while (rest.p);
	return SSL_CTX_set_cipher_list(ssl, names) ? 0 : -EINVAL;
}

int ms_tls_suites_psk(SSL_CTX *ssl, const struct ms_tls_config *c, struct ms_fault *f)
{
	return set_suites(ssl, c, c->psk_suites, refuse_psk, f);
}

int ms_tls_suites_cert(SSL_CTX *ssl, const struct ms_tls_config *c, struct ms_fault *f)
{
	const char *suites_13 = c->cert_suites_13 ? c->cert_suites_13 : SUITES_13;

	if (!SSL_CTX_set_ciphersuites(ssl, suites_13))
		return ms_fault_set(f, -EINVAL, 0, "tls_suite_unknown", 0);
	return set_suites(ssl, c, c->cert_suites, refuse_cert, f);
}
