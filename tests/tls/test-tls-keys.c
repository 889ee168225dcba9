/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of key that a certificate of TLS 1.2 and 1.3 may have is understood on either side. */
#include "pair.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "core/buf.h"

static const ms_usec now = 1767225600 * MS_SEC; /* 2026-01-01 */

static EVP_PKEY *rsa_pss(void)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_keygen_init(c), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(c, 2048), 1);
	assert_int_equal(EVP_PKEY_keygen(c, &key), 1);
	EVP_PKEY_CTX_free(c);
	return key;
}

static EVP_PKEY *made_key(const char *kind)
{
	EVP_PKEY *key;

	if (strcmp(kind, "RSA-PSS") == 0)
		key = rsa_pss();
	else if (strcmp(kind, "RSA") == 0)
		key = EVP_PKEY_Q_keygen(NULL, NULL, kind, (size_t)2048);
	else if (strncmp(kind, "P-", 2) == 0)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind);
	else
		key = EVP_PKEY_Q_keygen(NULL, NULL, kind);
	assert_non_null(key);
	return key;
}

static struct ms_tls_certificate *made(const char *kind)
{
	struct ms_tls_certificate *cert = NULL;
	EVP_PKEY *key = made_key(kind);
	X509 *x = X509_new();
	unsigned char *der = NULL, *secret = NULL;
	time_t t = (time_t)(now / MS_SEC);
	int n, n_secret;

	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x), t));
	assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x), t + 86400));
	assert_int_equal(X509_set_pubkey(x, key), 1);
	assert_true(X509_sign(x, key, strncmp(kind, "ED", 2) == 0 ? NULL : EVP_sha256()) > 0);
	n = i2d_X509(x, &der);
	n_secret = i2d_PrivateKey(key, &secret);
	assert_true(n > 0 && n_secret > 0);
	assert_int_equal(ms_tls_certificate_load(ms_span_of(der, (size_t)n),
						 ms_span_of(secret, (size_t)n_secret), &cert),
			 0);
	OPENSSL_free(der);
	OPENSSL_free(secret);
	X509_free(x);
	EVP_PKEY_free(key);
	return cert;
}

/* One side has a certificate of this kind, the other one P-256. */
static void talk(enum ms_tls_versions version, struct ms_tls_certificate *client,
		 struct ms_tls_certificate *server)
{
	struct ms_tls_config c = { .cert_versions = version };
	struct ms_tls_peer pc = { .mode = MS_TLS_CERTIFICATE,
				  .certificate = client,
				  .fingerprints =
					  ms_tls_certificate_fingerprint(server, MS_TLS_SHA256),
				  .n_fingerprints = 1 };
	struct ms_tls_peer ps = { .mode = MS_TLS_CERTIFICATE,
				  .certificate = server,
				  .fingerprints =
					  ms_tls_certificate_fingerprint(client, MS_TLS_SHA256),
				  .n_fingerprints = 1 };
	struct pair p;

	pair_open(&p, &c, &c, &pc, &ps);
	pump(&p);
	assert_open(&p);
	pair_close(&p);
}

static void every_kind(void **state)
{
	static const char *const kinds[] = {
		"P-256", "P-384", "RSA", "RSA-PSS", "ED25519", "ED448"
	};
	struct ms_tls_certificate *usual = made("P-256");

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(kinds); i++) {
		struct ms_tls_certificate *cert = made(kinds[i]);

		talk(MS_TLS_ONLY_13, cert, usual);
		talk(MS_TLS_ONLY_13, usual, cert);
		talk(MS_TLS_ONLY_12, cert, usual);
		ms_tls_certificate_unref(cert);
	}
	ms_tls_certificate_unref(usual);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_kind) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
