/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket Request and Ticket Resolve with certificates in place of pre-shared keys: RFC 6043 sections
 * 4.2.1.3 and 4.2.3.3. Keys and certificates are made here, by libcrypto.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "ms-test.h"

#include "memory-call.h"
#include "mikey/pk.h"

/* A key pair with a self-signed certificate. */
struct identity {
	uint8_t key[4096], cert[4096];
	struct ms_span key_der, cert_der;
};

static struct identity kms_id, alice, bob;

static void make_identity(struct identity *id, const char *name)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	X509 *x = X509_new();
	uint8_t *p = id->key;
	int n;

	assert_non_null(key);
	assert_non_null(x);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (const uint8_t *)name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_true(i2d_PrivateKey(key, NULL) <= (int)sizeof(id->key));
	n = i2d_PrivateKey(key, &p);
	id->key_der = ms_span_of(id->key, (size_t)n);
	assert_true(i2d_X509(x, NULL) <= (int)sizeof(id->cert));
	p = id->cert;
	n = i2d_X509(x, &p);
	id->cert_der = ms_span_of(id->cert, (size_t)n);
	X509_free(x);
	EVP_PKEY_free(key);
}

static int make_identities(void **state MS_UNUSED)
{
	make_identity(&kms_id, "kms");
	make_identity(&alice, "alice");
	make_identity(&bob, "bob");
	return 0;
}

static struct ms_mikey_credential *credential(const struct identity *id, bool user)
{
	struct ms_mikey_credential *c = NULL;

	assert_int_equal(ms_mikey_credential_new(id->key_der, &id->cert_der, 1,
						 user ? kms_id.cert_der : MS_SPAN_NULL, &c),
			 0);
	return c;
}

struct world {
	struct memory_kms k;
	struct call c;
	struct ms_mikey_credential *kms, *alice, *bob;
};

static void world_init(struct world *w, const struct ms_mikey_suite *suite)
{
	assert_int_equal(memory_kms_init(&w->k), 0);
	w->kms = credential(&kms_id, false);
	w->alice = credential(&alice, true);
	w->bob = credential(&bob, true);
	w->k.kms.credential = w->kms;
	w->k.user[ALICE].cert = alice.cert_der;
	w->k.user[BOB].cert = bob.cert_der;
	call_init(&w->c, &w->k, ALICE, BOB, suite);
	w->c.a.credential = w->alice;
	w->c.a.psk = MS_SPAN_NULL;
	w->c.b.credential = w->bob;
	w->c.b.psk = MS_SPAN_NULL;
}

static void world_done(struct world *w)
{
	call_done(&w->c);
	memory_kms_done(&w->k);
	ms_mikey_credential_free(w->kms);
	ms_mikey_credential_free(w->alice);
	ms_mikey_credential_free(w->bob);
}

static void whole_call(void **state MS_UNUSED)
{
	static const struct ms_mikey_suite *const suites[] = { &ms_mikey_suite_128,
							       &ms_mikey_suite_256 };

	for (size_t i = 0; i < MS_ARRAY_SIZE(suites); i++) {
		struct world w;

		world_init(&w, suites[i]);
		assert_int_equal(call_all(&w.c, SESSION_FLAGS, "sip:bob@example.com"), 0);
		assert_true(call_agrees(&w.c));
		assert_int_equal(w.k.outcome.data_type, MS_MIKEY_RESOLVE_INIT_PK);
		assert_true(ms_mikey_csb_peer_proven(w.c.csb_a));
		world_done(&w);
	}
}

/* A user with a certificate calls one with a pre-shared key. */
static void mixed(void **state MS_UNUSED)
{
	struct world w;

	world_init(&w, &ms_mikey_suite_256);
	w.c.b = memory_party(&w.k, BOB, &ms_mikey_suite_256, false);
	assert_int_equal(call_all(&w.c, SESSION_FLAGS, "sip:bob@example.com"), 0);
	assert_true(call_agrees(&w.c));
	assert_int_equal(w.k.outcome.data_type, MS_MIKEY_RESOLVE_INIT_PSK);
	world_done(&w);
}

static int request(struct world *w, struct ms_buf *out, struct ms_mikey_request **r)
{
	static const struct ms_mikey_id bob_id = { MS_MIKEY_ID_URI,
						   MS_SPAN_LIT("sip:bob@example.com") };
	const struct ms_mikey_wanted want = { .flags = SESSION_FLAGS,
					      .responder = &bob_id,
					      .n_responders = 1 };

	ms_buf_reset(out);
	return ms_mikey_request_start(&w->c.a, &want, w->k.now, out, r);
}

static void refuses(struct world *w, const char *reason)
{
	assert_int_equal(memory_ask(&w->k, ms_buf_span(&w->c.out), &w->c.in), 0);
	assert_false(w->k.outcome.granted);
	assert_string_equal(w->k.outcome.reason, reason);
}

static void refusals(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_mikey_request_freep) struct ms_mikey_request *r = NULL;
	struct world w;

	world_init(&w, &ms_mikey_suite_128);
	assert_int_equal(request(&w, &w.c.out, &r), 0);
	/* The signature covers everything before it, and is not over-long. */
	w.c.out.p[w.c.out.len - 1] ^= 1;
	refuses(&w, "bad_mac");
	w.c.out.p[w.c.out.len - 1] ^= 1;
	w.c.out.p[5] ^= 1; /* CSB ID */
	refuses(&w, "bad_mac");
	w.c.out.p[5] ^= 1;
	assert_int_equal(memory_ask(&w.k, ms_buf_span(&w.c.out), &w.c.in), 0);
	assert_true(w.k.outcome.granted);
	refuses(&w, "replay");
	/* A certificate that is nobody's, or somebody else's. */
	w.k.user[ALICE].cert = MS_SPAN_NULL;
	r = ms_mikey_request_free(r);
	assert_int_equal(request(&w, &w.c.out, &r), 0);
	refuses(&w, "bad_certificate");
	w.k.user[MALLORY].cert = alice.cert_der;
	refuses(&w, "identity_mismatch");
	w.k.user[MALLORY].cert = MS_SPAN_NULL;
	w.k.user[ALICE].cert = alice.cert_der;
	/* An envelope for another KMS. */
	w.k.kms.credential = w.bob;
	refuses(&w, "bad_certificate");
	/* A KMS without certificate has no use for these messages. */
	w.k.kms.credential = NULL;
	refuses(&w, "unexpected_data_type");
	world_done(&w);
}

static void credentials(void **state MS_UNUSED)
{
	struct ms_mikey_credential *c = NULL;

	assert_int_equal(ms_mikey_credential_new(alice.key_der, &bob.cert_der, 1, MS_SPAN_NULL, &c),
			 -EINVAL);
	assert_int_equal(
		ms_mikey_credential_new(alice.key_der, &alice.cert_der, 0, MS_SPAN_NULL, &c),
		-EINVAL);
	assert_int_equal(
		ms_mikey_credential_new(alice.cert_der, &alice.cert_der, 1, MS_SPAN_NULL, &c),
		-EINVAL);
	assert_int_equal(
		ms_mikey_credential_new(alice.key_der, &alice.cert_der, 1, MS_SPAN_LIT("x"), &c),
		-EINVAL);
}

static int one_request(void *arg)
{
	MS_CLEANUP(ms_mikey_request_freep) struct ms_mikey_request *r = NULL;
	MS_CLEANUP(ms_mikey_ticket_held_freep) struct ms_mikey_ticket_held *h = NULL;
	MS_CLEANUP(ms_buf_done) struct ms_buf out, in;
	struct world *w = arg;
	int err;

	ms_buf_init(&out, MS_MIKEY_MESSAGE_MAX);
	ms_buf_init(&in, MS_MIKEY_MESSAGE_MAX);
	err = request(w, &out, &r);
	if (err == 0)
		err = memory_ask(&w->k, ms_buf_span(&out), &in);
	return err < 0 ? err : ms_mikey_request_finish(r, ms_buf_span(&in), w->k.now, NULL, &h);
}

static void torture(void **state MS_UNUSED)
{
	struct world w;

	world_init(&w, &ms_mikey_suite_128);
	w.k.replay = ms_mikey_replay_free(w.k.replay);
	assert_true(ms_test_torture(one_request, &w) > 3);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_call), cmocka_unit_test(mixed),
		cmocka_unit_test(refusals),   cmocka_unit_test(credentials),
		cmocka_unit_test(torture),
	};

	return cmocka_run_group_tests_name("mikey-pk", tests, make_identities, NULL);
}
