/* SPDX-License-Identifier: Apache-2.0 */
/* RSA signatures and key encryption, certificates and chains; keys are made on the spot. */
#include "ms-test.h"

#include <errno.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/random.h"
#include "crypto/cert.h"
#include "crypto/rsa.h"

#define DAY 86400

static EVP_PKEY *pkey;
static struct ms_rsa_key *private_key, *public_key;

static struct ms_span der_of(int len, unsigned char **der)
{
	assert_true(len > 0);
	return ms_span_of(*der, (size_t)len);
}

static struct ms_rsa_key *private_of(EVP_PKEY *p)
{
	unsigned char *der = NULL;
	struct ms_rsa_key *key = NULL;

	assert_int_equal(ms_rsa_private_new(der_of(i2d_PrivateKey(p, &der), &der), &key), 0);
	OPENSSL_free(der);
	return key;
}

static struct ms_rsa_key *public_of(EVP_PKEY *p)
{
	unsigned char *der = NULL;
	struct ms_rsa_key *key = NULL;

	assert_int_equal(ms_rsa_public_new(der_of(i2d_PUBKEY(p, &der), &der), &key), 0);
	OPENSSL_free(der);
	return key;
}

static int setup(void **state)
{
	(void)state;
	pkey = EVP_RSA_gen(2048);
	assert_non_null(pkey);
	private_key = private_of(pkey);
	public_key = public_of(pkey);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ms_rsa_free(private_key);
	ms_rsa_free(public_key);
	EVP_PKEY_free(pkey);
	return 0;
}

static void check_signature(enum ms_rsa_padding padding, enum ms_hash_alg hash)
{
	struct ms_span parts[2] = { MS_SPAN_LIT("first and "), MS_SPAN_LIT("second") };
	struct ms_span whole = MS_SPAN_LIT("first and second");
	struct ms_span other = MS_SPAN_LIT("first and secone");
	uint8_t sig[MS_RSA_MAX];
	struct ms_span s = ms_span_of(sig, ms_rsa_size(private_key));

	assert_int_equal(ms_rsa_sign(private_key, padding, hash, parts, 2, sig), 0);
	assert_int_equal(ms_rsa_verify(public_key, padding, hash, &whole, 1, s), 0);
	assert_int_equal(ms_rsa_verify(public_key, padding, hash, &other, 1, s), -EBADMSG);
	assert_int_equal(
		ms_rsa_verify(public_key, padding, hash, &whole, 1, ms_span_of(sig, s.len - 1)),
		-EBADMSG);
	assert_int_equal(ms_rsa_verify(public_key, padding, hash, &whole, 1, MS_SPAN_NULL),
			 -EBADMSG);
	assert_int_equal(ms_rsa_verify(public_key,
				       padding == MS_RSA_PSS ? MS_RSA_PKCS1 : MS_RSA_PSS, hash,
				       &whole, 1, s),
			 -EBADMSG);
	sig[17] ^= 0x20;
	assert_int_equal(ms_rsa_verify(public_key, padding, hash, &whole, 1, s), -EBADMSG);
}

static void test_signatures(void **state)
{
	(void)state;
	assert_int_equal(ms_rsa_size(public_key), 256);
	check_signature(MS_RSA_PKCS1, MS_HASH_SHA1);
	check_signature(MS_RSA_PKCS1, MS_HASH_SHA256);
	check_signature(MS_RSA_PSS, MS_HASH_SHA1);
	check_signature(MS_RSA_PSS, MS_HASH_SHA256);
}

static void test_public_key_cannot_sign(void **state)
{
	struct ms_span text = MS_SPAN_LIT("text");
	uint8_t sig[MS_RSA_MAX];

	(void)state;
	assert_int_equal(ms_rsa_sign(public_key, MS_RSA_PKCS1, MS_HASH_SHA256, &text, 1, sig),
			 -EIO);
}

static void test_encryption(void **state)
{
	uint8_t key[32], cipher[MS_RSA_MAX];
	struct ms_secret got = { .len = 0 };

	(void)state;
	memset(key, 0x5a, sizeof(key));
	key[3] = 0; /* a zero octet in the key is no separator */
	for (size_t n = 16; n <= 32; n += 8) {
		assert_int_equal(ms_rsa_encrypt(public_key, ms_span_of(key, n), cipher), 0);
		assert_int_equal(ms_rsa_decrypt(private_key, &ms_random_system,
						ms_span_of(cipher, 256), &got),
				 0);
		assert_span_equal(ms_secret_span(&got), ms_span_of(key, n));
	}
	assert_int_equal(ms_rsa_encrypt(public_key, ms_span_of(key, 20), cipher), -EINVAL);
	assert_int_equal(
		ms_rsa_decrypt(private_key, &ms_random_system, ms_span_of(cipher, 255), &got),
		-EINVAL);
	assert_int_equal(
		ms_rsa_decrypt(public_key, &ms_random_system, ms_span_of(cipher, 256), &got), -EIO);
}

static int all_c3(void *arg, void *p, size_t n)
{
	(void)arg;
	memset(p, 0xc3, n);
	return 0;
}

/* Raw blocks: what is no proper padding gives the random key, and no error. */
static void check_block(const uint8_t block[256], bool good)
{
	const struct ms_random c3 = { all_c3, NULL };
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	struct ms_secret got = { .len = 0 };
	uint8_t cipher[256], c3_key[16];
	size_t n = sizeof(cipher);

	assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
	assert_int_equal(EVP_PKEY_encrypt(ctx, cipher, &n, block, 256), 1);
	EVP_PKEY_CTX_free(ctx);
	assert_int_equal(ms_rsa_decrypt(private_key, &c3, ms_span_of(cipher, 256), &got), 0);
	memset(c3_key, 0xc3, sizeof(c3_key));
	if (good)
		assert_span_equal(ms_secret_span(&got), ms_span_of(block + 240, 16));
	else
		assert_span_equal(ms_secret_span(&got), ms_span_of(c3_key, 16));
}

static void test_wrong_padding(void **state)
{
	uint8_t block[256];

	(void)state;
	memset(block, 0x77, sizeof(block));
	block[0] = 0;
	block[1] = 2;
	block[239] = 0;
	check_block(block, true);
	block[100] = 0; /* an earlier separator: a key of 155 octets */
	check_block(block, false);
	block[100] = 0x77;
	block[1] = 1;
	check_block(block, false);
	block[1] = 2;
	block[239] = 1; /* none at all */
	check_block(block, false);
	block[238] = 0; /* 17 octets */
	check_block(block, false);
}

/* A certificate of ours by ourselves, valid for the next ten days from 1 January 2026. */
static struct ms_cert *make_cert(const char *subject, const char *usage)
{
	X509 *x = X509_new();
	unsigned char *der = NULL;
	struct ms_cert *cert = NULL;
	time_t start = 1767225600;
	X509_EXTENSION *ext;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_time_adj(X509_getm_notBefore(x), 0, &start);
	X509_time_adj(X509_getm_notAfter(x), 10 * DAY, &start);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (const unsigned char *)subject, -1, -1, 0);
	X509_NAME_add_entry_by_txt(X509_get_issuer_name(x), "CN", MBSTRING_ASC,
				   (const unsigned char *)subject, -1, -1, 0);
	X509_set_pubkey(x, pkey);
	if (usage) {
		ext = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, usage);
		X509_add_ext(x, ext, -1);
		X509_EXTENSION_free(ext);
	}
	assert_true(X509_sign(x, pkey, EVP_sha256()) > 0);
	assert_int_equal(ms_cert_new(der_of(i2d_X509(x, &der), &der), &cert), 0);
	OPENSSL_free(der);
	X509_free(x);
	return cert;
}

#define NOON ((ms_usec)(1767225600 + 12 * 3600) * MS_SEC)

static void test_certificate(void **state)
{
	struct ms_cert *c = make_cert("alice", "digitalSignature");
	struct ms_cert *plain = make_cert("bob", NULL);

	(void)state;
	assert_true(ms_cert_valid_at(c, NOON));
	assert_false(ms_cert_valid_at(c, NOON - DAY * MS_SEC));
	assert_false(ms_cert_valid_at(c, NOON + 10 * DAY * MS_SEC));
	assert_true(ms_cert_may_sign(c));
	assert_false(ms_cert_may_encrypt(c));
	assert_true(ms_cert_may_sign(plain));
	assert_true(ms_cert_may_encrypt(plain));
	assert_int_equal(ms_rsa_size(ms_cert_key(c)), 256);
	ms_cert_free(c);
	ms_cert_free(plain);
}

static void test_refused(void **state)
{
	EVP_PKEY *weak = EVP_RSA_gen(1024);
	EVP_PKEY *ec = EVP_EC_gen("P-256");
	struct ms_rsa_key *key = NULL;
	struct ms_cert *cert = NULL;
	unsigned char *der = NULL, *ec_der = NULL, *good = NULL;
	struct ms_span s;

	(void)state;
	assert_int_equal(ms_rsa_private_new(der_of(i2d_PrivateKey(weak, &der), &der), &key),
			 -EINVAL);
	assert_int_equal(ms_rsa_public_new(der_of(i2d_PUBKEY(ec, &ec_der), &ec_der), &key),
			 -EINVAL);
	s = der_of(i2d_PrivateKey(pkey, &good), &good);
	for (size_t n = 0; n < s.len; n += 37)
		assert_int_equal(ms_rsa_private_new(ms_span_of(s.p, n), &key), -EINVAL);
	assert_int_equal(ms_cert_new(s, &cert), -EINVAL);
	assert_int_equal(ms_cert_new(MS_SPAN_NULL, &cert), -EINVAL);
	assert_null(key);
	assert_null(cert);
	OPENSSL_free(der);
	OPENSSL_free(ec_der);
	OPENSSL_free(good);
	EVP_PKEY_free(weak);
	EVP_PKEY_free(ec);
}

static int read_all(void *arg)
{
	struct ms_rsa_key *key = NULL;
	int err = ms_rsa_private_new(*(struct ms_span *)arg, &key);

	ms_rsa_free(key);
	return err;
}

static void test_torture(void **state)
{
	unsigned char *der = NULL;
	struct ms_span s = der_of(i2d_PrivateKey(pkey, &der), &der);

	(void)state;
	assert_true(ms_test_torture(read_all, &s) > 0);
	OPENSSL_free(der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signatures),  cmocka_unit_test(test_public_key_cannot_sign),
		cmocka_unit_test(test_encryption),  cmocka_unit_test(test_wrong_padding),
		cmocka_unit_test(test_certificate), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_torture),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
