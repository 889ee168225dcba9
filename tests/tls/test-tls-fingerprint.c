/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprints and certificates: RFC 8122 section 5. */
#include "ms-test.h"

#include <errno.h>
#include <stdio.h>

#include "core/alloc.h"
#include "tls/certificate.h"

/* RFC 8122 section 3.4 and the figure of h248 profiles print this one. */
#define SHA1_TEXT "SHA-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB"

static const ms_usec now = 1767225600 * MS_SEC; /* 2026-01-01 */

static struct ms_tls_certificate *made(const char *name)
{
	struct ms_tls_certificate *cert = NULL;

	assert_int_equal(ms_tls_certificate_make(ms_span_str(name), now, 30, &cert), 0);
	return cert;
}

static void test_parse(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_tls_fingerprint fp;

	ms_buf_init(&b, 512);
	assert_int_equal(ms_tls_fingerprint_parse(MS_SPAN_LIT(SHA1_TEXT), &fp), 0);
	assert_int_equal(fp.hash, MS_TLS_SHA1);
	assert_int_equal(fp.digest[0], 0x4a);
	assert_int_equal(fp.digest[19], 0xab);
	ms_tls_fingerprint_put(&b, &fp);
	assert_string_equal(ms_buf_cstr(&b),
			    "sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB");
	/* Lower-case digits are against the grammar and mean the same. */
	assert_int_equal(
		ms_tls_fingerprint_parse(
			MS_SPAN_LIT(
				" sha-1 4a:ad:b9:b1:3f:82:18:3b:54:02:12:df:3e:5d:49:6b:19:e5:7c:ab "),
			&fp),
		0);
}

static void test_parse_refuses(void **state MS_UNUSED)
{
	static const struct {
		const char *text;
		int err;
	} bad[] = {
		{ "", -EINVAL },
		{ "SHA-256", -EINVAL },
		{ "SHA-256 ", -EINVAL },
		{ "SHA-256 4A:AD", -EINVAL },
		{ SHA1_TEXT ":00", -EINVAL },
		{ "SHA-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AG", -EINVAL },
		{ "SHA-1 4A-AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB", -EINVAL },
		{ "MD5 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B", -EOPNOTSUPP },
		{ "md2 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B", -EOPNOTSUPP },
		{ "sha3-256 00", -EOPNOTSUPP },
	};

	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++) {
		struct ms_tls_fingerprint fp = { .hash = MS_TLS_SHA384 };

		assert_int_equal(ms_tls_fingerprint_parse(ms_span_str(bad[i].text), &fp),
				 bad[i].err);
		assert_int_equal(fp.hash, MS_TLS_SHA384);
	}
}

static void test_every_hash_by_name(void **state MS_UNUSED)
{
	for (int h = MS_TLS_SHA1; h <= MS_TLS_SHA512; h++) {
		enum ms_tls_hash found = MS_TLS_HASH_NONE;
		const char *name = ms_tls_hash_name((enum ms_tls_hash)h);

		assert_int_equal(ms_tls_hash_find(ms_span_str(name), &found), 0);
		assert_int_equal(found, h);
		assert_true(ms_tls_hash_length(found) >= 20);
	}
	assert_string_equal(ms_tls_hash_name(MS_TLS_HASH_NONE), "");
	assert_int_equal(ms_tls_hash_length(MS_TLS_HASH_NONE), 0);
}

/* RFC 8122 section 5.1: the most preferred hash of those offered decides, and it alone. */
static void test_the_strongest_decides(void **state MS_UNUSED)
{
	const struct ms_tls_fingerprint list[] = { { .hash = MS_TLS_SHA1 },
						   { .hash = MS_TLS_SHA384 },
						   { .hash = MS_TLS_SHA256 } };

	assert_int_equal(ms_tls_fingerprint_deciding(list, 3, false), MS_TLS_SHA384);
	assert_int_equal(ms_tls_fingerprint_deciding(list, 1, false), MS_TLS_HASH_NONE);
	assert_int_equal(ms_tls_fingerprint_deciding(list, 1, true), MS_TLS_SHA1);
	assert_int_equal(ms_tls_fingerprint_deciding(NULL, 0, true), MS_TLS_HASH_NONE);
}

/* The fingerprint is that of `openssl x509 -fingerprint`: a hash over the DER. */
static void test_of_certificate(void **state MS_UNUSED)
{
	struct ms_tls_certificate *a = made("alice"), *b = made("");
	struct ms_tls_fingerprint fp;

	for (int h = MS_TLS_SHA1; h <= MS_TLS_SHA512; h++) {
		assert_int_equal(
			ms_tls_fingerprint_of(ms_tls_certificate_der(a), (enum ms_tls_hash)h, &fp),
			0);
		assert_true(ms_tls_fingerprint_eq(
			&fp, ms_tls_certificate_fingerprint(a, (enum ms_tls_hash)h)));
		assert_false(ms_tls_fingerprint_eq(
			&fp, ms_tls_certificate_fingerprint(b, (enum ms_tls_hash)h)));
	}
	assert_null(ms_tls_certificate_fingerprint(a, MS_TLS_HASH_NONE));
	assert_int_equal(ms_tls_certificate_signature_hash(a), MS_TLS_SHA256);
	assert_true(ms_tls_certificate_expires(a) == now + 30 * (ms_usec)86400 * MS_SEC);
	assert_null(ms_tls_certificate_unref(a));
	assert_null(ms_tls_certificate_unref(b));
}

static void test_references(void **state MS_UNUSED)
{
	struct ms_tls_certificate *a = made("alice");

	assert_ptr_equal(ms_tls_certificate_ref(a), a);
	ms_tls_certificate_unref(a);
	assert_int_equal(ms_tls_certificate_der(a).p[0], 0x30);
	ms_tls_certificate_unref(a);
	assert_null(ms_tls_certificate_ref(NULL));
	assert_null(ms_tls_certificate_unref(NULL));
}

/* As a user's client keeps it in a file. */
static void test_pem(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf pem;
	struct ms_tls_certificate *a = made("alice"), *b = made("bob"), *again = NULL;
	MS_CLEANUP(ms_buf_done) struct ms_buf other;

	ms_buf_init_secret(&pem, 16384);
	ms_buf_init_secret(&other, 16384);
	assert_int_equal(ms_tls_certificate_put_pem(a, &pem), 0);
	assert_int_equal(ms_tls_certificate_put_pem(b, &other), 0);
	assert_int_equal(ms_tls_certificate_load(ms_buf_span(&pem), ms_buf_span(&pem), &again), 0);
	assert_true(ms_tls_fingerprint_eq(ms_tls_certificate_fingerprint(a, MS_TLS_SHA256),
					  ms_tls_certificate_fingerprint(again, MS_TLS_SHA256)));
	ms_tls_certificate_unref(again);
	/* DER of the certificate, PEM of the key */
	assert_int_equal(
		ms_tls_certificate_load(ms_tls_certificate_der(a), ms_buf_span(&pem), &again), 0);
	ms_tls_certificate_unref(again);
	assert_int_equal(ms_tls_certificate_load(ms_buf_span(&pem), ms_buf_span(&other), &again),
			 -EKEYREJECTED);
	assert_int_equal(ms_tls_certificate_load(ms_buf_span(&pem), MS_SPAN_LIT("no key"), &again),
			 -EINVAL);
	assert_int_equal(ms_tls_certificate_load(MS_SPAN_LIT(""), ms_buf_span(&pem), &again),
			 -EINVAL);
	ms_tls_certificate_unref(a);
	ms_tls_certificate_unref(b);
}

static void test_bad_arguments(void **state MS_UNUSED)
{
	struct ms_tls_certificate *cert = NULL;
	char name[66] = { 0 };

	memset(name, 'n', 65);
	assert_int_equal(ms_tls_certificate_make(MS_SPAN_LIT("n"), now, 0, &cert), -EINVAL);
	assert_int_equal(ms_tls_certificate_make(ms_span_str(name), now, 1, &cert), -EINVAL);
	assert_null(cert);
}

static int torture(void *arg MS_UNUSED)
{
	struct ms_tls_certificate *cert = NULL;
	int err = ms_tls_certificate_make(MS_SPAN_LIT("alice"), now, 30, &cert);

	ms_tls_certificate_unref(cert);
	return err;
}

static void test_lack_of_memory(void **state MS_UNUSED)
{
	assert_true(ms_test_torture(torture, NULL) >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_every_hash_by_name),
		cmocka_unit_test(test_the_strongest_decides),
		cmocka_unit_test(test_of_certificate),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_pem),
		cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_lack_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
