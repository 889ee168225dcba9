/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions whose peers know each other by the fingerprint of a certificate: RFC 8122, two in memory. */
#include "pair.h"

#include <errno.h>

#include "core/buf.h"

static const ms_usec now = 1767225600 * MS_SEC; /* 2026-01-01 */

/* What both sides are told. Certificates: ours of the client and of the server, and a stranger's. */
struct setting {
	struct ms_tls_config cc, cs;
	struct ms_tls_peer pc, ps;
	struct ms_tls_certificate *client, *server, *stranger;
	struct ms_tls_fingerprint of_client, of_server, of_stranger;
};

static struct ms_tls_certificate *made(const char *name)
{
	struct ms_tls_certificate *cert = NULL;

	assert_int_equal(ms_tls_certificate_make(ms_span_str(name), now, 30, &cert), 0);
	return cert;
}

/* Mutual, TLS of version `v`, by SHA-256: the good case, which tests then spoil. */
static void set(struct setting *s, enum ms_tls_versions v)
{
	*s = (struct setting){ .client = made("c"), .server = made("s"), .stranger = made("x") };
	s->of_client = *ms_tls_certificate_fingerprint(s->client, MS_TLS_SHA256);
	s->of_server = *ms_tls_certificate_fingerprint(s->server, MS_TLS_SHA256);
	s->of_stranger = *ms_tls_certificate_fingerprint(s->stranger, MS_TLS_SHA256);
	s->cc.cert_versions = s->cs.cert_versions = v;
	s->pc = (struct ms_tls_peer){ .mode = MS_TLS_CERTIFICATE,
				      .certificate = s->client,
				      .fingerprints = &s->of_server,
				      .n_fingerprints = 1 };
	s->ps = (struct ms_tls_peer){ .mode = MS_TLS_CERTIFICATE,
				      .certificate = s->server,
				      .fingerprints = &s->of_client,
				      .n_fingerprints = 1 };
}

static void unset(struct setting *s)
{
	ms_tls_certificate_unref(s->client);
	ms_tls_certificate_unref(s->server);
	ms_tls_certificate_unref(s->stranger);
}

static void start(struct pair *p, struct setting *s)
{
	pair_open(p, &s->cc, &s->cs, &s->pc, &s->ps);
	pump(p);
}

static void finish(struct pair *p, struct setting *s)
{
	pair_close(p);
	unset(s);
}

static void exchange(struct pair *p)
{
	size_t taken = 0;

	assert_open(p);
	assert_int_equal(ms_tls_write(p->c, MS_SPAN_LIT("to the server"), &taken), 0);
	assert_int_equal(taken, 13);
	assert_int_equal(ms_tls_write(p->s, MS_SPAN_LIT("to the client"), &taken), 0);
	pump(p);
	assert_span_str(ms_tls_plain(p->s), "to the server");
	assert_span_str(ms_tls_plain(p->c), "to the client");
}

/* One side saw the fault, the other one only the alert. */
static void assert_refused(const struct ms_tls *by, const struct ms_tls *other, const char *reason,
			   const char *token, const char *alert, unsigned number)
{
	assert_failed(by, reason);
	assert_string_equal(ms_tls_fault_token(by), token);
	assert_int_equal(ms_tls_fault_alert(by), number);
	assert_failed(other, alert);
	assert_string_equal(ms_tls_fault_token(other), "peeralert");
	assert_int_equal(ms_tls_fault_alert(other), number);
	assert_int_equal(ms_tls_plain(by).len, 0);
}

static const enum ms_tls_versions versions[] = { MS_TLS_ONLY_12, MS_TLS_ONLY_13 };
static const char *const names[] = { "TLSv1.2", "TLSv1.3" };

static void test_mutual(void **state MS_UNUSED)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(versions); i++) {
		struct setting s;
		struct pair p;

		set(&s, versions[i]);
		start(&p, &s);
		assert_string_equal(ms_tls_version(p.c), names[i]);
		assert_null(ms_tls_fault_token(p.c));
		assert_int_equal(ms_tls_fault_alert(p.c), 255);
		exchange(&p);
		ms_tls_close(p.c);
		pump(&p);
		assert_int_equal(ms_tls_state(p.s), MS_TLS_HALF);
		finish(&p, &s);
	}
}

static void test_the_newest_version_of_both(void **state MS_UNUSED)
{
	struct setting s;
	struct pair p;

	set(&s, MS_TLS_12_OR_13);
	start(&p, &s);
	assert_string_equal(ms_tls_version(p.s), "TLSv1.3");
	finish(&p, &s);
	set(&s, MS_TLS_12_OR_13);
	s.cc.cert_versions = MS_TLS_ONLY_12;
	start(&p, &s);
	assert_string_equal(ms_tls_version(p.s), "TLSv1.2");
	exchange(&p);
	finish(&p, &s);
	set(&s, MS_TLS_ONLY_12);
	s.cc.cert_versions = MS_TLS_ONLY_13;
	start(&p, &s);
	assert_refused(p.s, p.c, "tls_version", "noprotocol", "tls_alert_protocol_version", 70);
	finish(&p, &s);
}

/* Each octet may come alone. */
static void test_any_split_of_octets(void **state MS_UNUSED)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(versions); i++) {
		struct setting s;
		struct pair p;

		set(&s, versions[i]);
		pair_open(&p, &s.cc, &s.cs, &s.pc, &s.ps);
		p.step = 1;
		pump(&p);
		exchange(&p);
		finish(&p, &s);
	}
}

static void test_the_contexts_certificate(void **state MS_UNUSED)
{
	struct setting s;
	struct pair p;

	set(&s, MS_TLS_12_OR_13);
	s.ps.certificate = NULL;
	s.pc.role = MS_TLS_CLIENT;
	s.ps.role = MS_TLS_SERVER;
	p = (struct pair){ .ctx_c = context_of(&s.cc), .ctx_s = context_of(&s.cs) };
	assert_int_equal(ms_tls_new(p.ctx_s, &s.ps, 0, &p.s), -ENOKEY);
	assert_int_equal(ms_tls_context_certificate(p.ctx_s, s.stranger), 0);
	assert_int_equal(ms_tls_context_certificate(p.ctx_s, s.server), 0);
	assert_int_equal(ms_tls_new(p.ctx_s, &s.ps, 0, &p.s), 0);
	/* Rotation: sessions that have begun keep the one that was told to their peer. */
	assert_int_equal(ms_tls_context_certificate(p.ctx_s, s.stranger), 0);
	assert_int_equal(ms_tls_new(p.ctx_c, &s.pc, 0, &p.c), 0);
	pump(&p);
	exchange(&p);
	finish(&p, &s);
}

static void test_server_with_wrong_certificate(void **state MS_UNUSED)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(versions); i++) {
		struct setting s;
		struct pair p;

		set(&s, versions[i]);
		s.ps.certificate = s.stranger;
		start(&p, &s);
		assert_refused(p.c, p.s, "tls_fingerprint_mismatch", "fpmismatch",
			       "tls_alert_bad_certificate", 42);
		finish(&p, &s);
	}
}

static void test_client_with_wrong_certificate(void **state MS_UNUSED)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(versions); i++) {
		struct setting s;
		struct pair p;

		set(&s, versions[i]);
		s.pc.certificate = s.stranger;
		start(&p, &s);
		assert_refused(p.s, p.c, "tls_fingerprint_mismatch", "fpmismatch",
			       "tls_alert_bad_certificate", 42);
		finish(&p, &s);
	}
}

/* The strongest hash decides: a right SHA-256 does not help beside a wrong SHA-512. Of several
 * fingerprints by that hash one has to match. */
static void test_several_fingerprints(void **state MS_UNUSED)
{
	struct ms_tls_fingerprint list[3];
	struct setting s;
	struct pair p;

	set(&s, MS_TLS_12_OR_13);
	list[0] = s.of_server;
	list[1] = *ms_tls_certificate_fingerprint(s.stranger, MS_TLS_SHA512);
	s.pc.fingerprints = list;
	s.pc.n_fingerprints = 2;
	start(&p, &s);
	assert_failed(p.c, "tls_fingerprint_mismatch");
	pair_close(&p);
	list[2] = *ms_tls_certificate_fingerprint(s.server, MS_TLS_SHA512);
	s.pc.n_fingerprints = 3;
	start(&p, &s);
	exchange(&p);
	finish(&p, &s);
}

static void test_sha1_only_by_switch(void **state MS_UNUSED)
{
	struct ms_tls_fingerprint fp;
	struct ms_tls *t = NULL;
	struct setting s;
	struct pair p;

	set(&s, MS_TLS_12_OR_13);
	fp = *ms_tls_certificate_fingerprint(s.server, MS_TLS_SHA1);
	s.pc.fingerprints = &fp;
	p.ctx_c = context_of(&s.cc);
	s.pc.role = MS_TLS_CLIENT;
	assert_int_equal(ms_tls_new(p.ctx_c, &s.pc, 0, &t), -EOPNOTSUPP);
	ms_tls_context_free(p.ctx_c);
	s.cc.allow_sha1 = true;
	start(&p, &s);
	exchange(&p);
	finish(&p, &s);
}

static void test_anonymous_client(void **state MS_UNUSED)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(versions); i++) {
		struct setting s;
		struct pair p;

		set(&s, versions[i]);
		s.ps.anonymous_client = true;
		s.ps.n_fingerprints = 0;
		start(&p, &s);
		exchange(&p);
		assert_int_equal(ms_tls_verify(p.s, &s.of_stranger, 1), -EALREADY);
		finish(&p, &s);
	}
}

static void test_suites(void **state MS_UNUSED)
{
	struct setting s;
	struct pair p;

	set(&s, MS_TLS_ONLY_12);
	s.cc.cert_suites = "ECDHE-ECDSA-AES256-GCM-SHA384";
	start(&p, &s);
	assert_string_equal(ms_tls_suite(p.s), "ECDHE-ECDSA-AES256-GCM-SHA384");
	pair_close(&p);
	s.cs.cert_suites = "ECDHE-ECDSA-AES128-GCM-SHA256";
	start(&p, &s);
	assert_refused(p.s, p.c, "tls_no_common_suite", "nocipher", "tls_alert_handshake_failure",
		       40);
	finish(&p, &s);
	set(&s, MS_TLS_ONLY_13);
	s.cs.cert_suites_13 = "TLS_CHACHA20_POLY1305_SHA256";
	start(&p, &s);
	assert_string_equal(ms_tls_suite(p.c), "TLS_CHACHA20_POLY1305_SHA256");
	pair_close(&p);
	s.cc.cert_suites_13 = "TLS_AES_128_GCM_SHA256";
	start(&p, &s);
	assert_string_equal(ms_tls_fault_token(p.s), "nocipher");
	finish(&p, &s);
}

static void refused(struct ms_tls_config c, const char *reason)
{
	struct ms_tls_context *ctx = NULL;
	struct ms_fault f = { 0 };

	assert_int_equal(ms_tls_context_new(&c, &ctx, &f), -EINVAL);
	assert_null(ctx);
	assert_string_equal(f.reason, reason);
}

static void test_refused_suites(void **state MS_UNUSED)
{
	static const char *const legacy[] = { "AES128-SHA", "AES128-SHA256",
					      "DHE-RSA-AES128-GCM-SHA256",
					      "ECDHE-ECDSA-AES128-SHA" };
	static const char *const never[] = { "PSK-AES128-GCM-SHA256", "AECDH-AES128-SHA",
					     "RSA-PSK-AES128-GCM-SHA256",
					     "TLS_AES_128_GCM_SHA256" };

	for (size_t i = 0; i < MS_ARRAY_SIZE(legacy); i++) {
		struct ms_tls_config c = { .cert_suites = legacy[i] };
		struct ms_tls_context *ctx = NULL;

		refused(c, "tls_suite_legacy");
		c.allow_legacy_suites = true;
		assert_int_equal(ms_tls_context_new(&c, &ctx, NULL), 0);
		ms_tls_context_free(ctx);
	}
	for (size_t i = 0; i < MS_ARRAY_SIZE(never); i++)
		refused((struct ms_tls_config){ .cert_suites = never[i],
						.allow_legacy_suites = true },
			"tls_suite_not_certificate");
	refused((struct ms_tls_config){ .cert_suites = "ECDHE-RSA-NULL-SHA",
					.allow_legacy_suites = true },
		"tls_suite_null");
	refused((struct ms_tls_config){ .cert_suites = "ECDHE-ROT13" }, "tls_suite_unknown");
	refused((struct ms_tls_config){ .cert_suites = "ECDHE-ECDSA-AES128-GCM-SHA256",
					.cert_suites_13 = "TLS_ROT13" },
		"tls_suite_unknown");
}

/* The connection outruns the answer: both sides wait, nothing passes, then the fingerprints come. */
static void late(enum ms_tls_versions v, bool by_server, bool right)
{
	struct setting s;
	struct ms_tls *t;
	struct pair p;
	size_t taken = 99;

	set(&s, v);
	*(by_server ? &s.ps.n_fingerprints : &s.pc.n_fingerprints) = 0;
	start(&p, &s);
	t = by_server ? p.s : p.c;
	assert_int_equal(ms_tls_state(t), MS_TLS_UNVERIFIED);
	assert_true(ms_tls_deadline(t) < MS_NEVER);
	assert_int_equal(ms_tls_write(t, MS_SPAN_LIT("too early"), &taken), 0);
	assert_int_equal(taken, 0);
	/* A TLS 1.3 client is through and may write. */
	if (ms_tls_state(p.c) == MS_TLS_OPEN)
		assert_int_equal(ms_tls_write(p.c, MS_SPAN_LIT("early bird"), &taken), 0);
	pump(&p);
	assert_int_equal(ms_tls_plain(t).len, 0);
	assert_int_equal(ms_tls_verify(t,
				       by_server ? (right ? &s.of_client : &s.of_stranger)
						 : (right ? &s.of_server : &s.of_stranger),
				       1),
			 right ? 0 : -EPROTO);
	pump(&p);
	if (!right) {
		assert_refused(t, by_server ? p.c : p.s, "tls_fingerprint_mismatch", "fpmismatch",
			       "tls_alert_bad_certificate", 42);
	} else {
		assert_open(&p);
		if (by_server && v == MS_TLS_ONLY_13) {
			assert_span_str(ms_tls_plain(t), "early bird");
			ms_tls_consume(t, 10);
		}
		exchange(&p);
		assert_int_equal(ms_tls_verify(t, &s.of_stranger, 1), -EALREADY);
	}
	finish(&p, &s);
}

static void test_late_fingerprints(void **state MS_UNUSED)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(versions); i++) {
		for (int how = 0; how < 4; how++)
			late(versions[i], how & 1, how & 2);
	}
}

/* They come before they are needed, or are corrected. */
static void test_fingerprints_during_handshake(void **state MS_UNUSED)
{
	struct setting s;
	struct pair p;

	set(&s, MS_TLS_12_OR_13);
	s.pc.fingerprints = &s.of_stranger;
	s.ps.n_fingerprints = 0;
	pair_open(&p, &s.cc, &s.cs, &s.pc, &s.ps);
	assert_int_equal(ms_tls_verify(p.s, &s.of_client, 1), 0);
	assert_int_equal(ms_tls_verify(p.c, &s.of_server, 1), 0);
	assert_int_equal(ms_tls_verify(p.c, &s.of_server, 0), -EINVAL);
	pump(&p);
	exchange(&p);
	finish(&p, &s);
}

static void test_time_passes_unverified(void **state MS_UNUSED)
{
	struct setting s;
	struct pair p;

	set(&s, MS_TLS_12_OR_13);
	s.ps.n_fingerprints = 0;
	start(&p, &s);
	assert_int_equal(ms_tls_state(p.s), MS_TLS_UNVERIFIED);
	ms_tls_expire(p.s, 31 * MS_SEC);
	assert_failed(p.s, "tls_timeout");
	assert_string_equal(ms_tls_fault_token(p.s), "timeout");
	assert_int_equal(ms_tls_verify(p.s, &s.of_client, 1), -EPROTO);
	finish(&p, &s);
}

/* A peer that nobody knows yet cannot make us keep more than held_max octets. */
static void test_flood_while_unverified(void **state MS_UNUSED)
{
	static uint8_t block[5000];
	struct setting s;
	size_t taken = 0;
	struct pair p;

	set(&s, MS_TLS_ONLY_13);
	s.ps.n_fingerprints = 0;
	s.cs.held_max = 9000;
	start(&p, &s);
	assert_int_equal(ms_tls_state(p.c), MS_TLS_OPEN);
	for (int i = 0; i < 4; i++)
		assert_int_equal(ms_tls_write(p.c, ms_span_of(block, sizeof(block)), &taken), 0);
	pump(&p);
	assert_true(ms_tls_output(p.c).len > 10000);
	assert_int_equal(ms_tls_verify(p.s, &s.of_client, 1), 0);
	pump(&p);
	assert_int_equal(ms_tls_plain(p.s).len, 20000);
	finish(&p, &s);
}

/* The client does not like our certificate and leaves before its own fingerprint is known. */
static void test_alert_and_end_while_unverified(void **state MS_UNUSED)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(versions); i++) {
		struct setting s;
		struct pair p;

		set(&s, versions[i]);
		s.ps.n_fingerprints = 0;
		s.ps.certificate = s.stranger;
		start(&p, &s);
		assert_failed(p.c, "tls_fingerprint_mismatch");
		assert_int_equal(ms_tls_state(p.s), MS_TLS_UNVERIFIED);
		assert_int_equal(ms_tls_input_end(p.s), -EPROTO);
		assert_failed(p.s, "tls_alert_bad_certificate");
		finish(&p, &s);

		set(&s, versions[i]);
		s.ps.n_fingerprints = 0;
		start(&p, &s);
		assert_int_equal(ms_tls_input_end(p.s), -EPROTO);
		assert_failed(p.s, "tls_truncated");
		assert_string_equal(ms_tls_fault_token(p.s), "tcplost");
		finish(&p, &s);
	}
}

/* Its certificate says nothing but its fingerprint: it expired in 1971. */
static void test_expired_certificate(void **state MS_UNUSED)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(versions); i++) {
		struct setting s;
		struct pair p;

		set(&s, versions[i]);
		ms_tls_certificate_unref(s.client);
		assert_int_equal(
			ms_tls_certificate_make(MS_SPAN_LIT("old"), 86400 * MS_SEC, 365, &s.client),
			0);
		s.pc.certificate = s.client;
		s.of_client = *ms_tls_certificate_fingerprint(s.client, MS_TLS_SHA256);
		start(&p, &s);
		exchange(&p);
		finish(&p, &s);
	}
}

static void test_bad_arguments(void **state MS_UNUSED)
{
	struct ms_tls_config psk_only = { .psk_suites = ms_profile_default.psk_suites };
	struct ms_tls_config cert_only = { .cert_suites = ms_profile_default.cert_suites };
	struct ms_tls_fingerprint many[MS_TLS_FINGERPRINTS_MAX + 1] = { 0 };
	struct ms_tls_peer psk = { .psk = MS_SPAN_LIT(PSK32) };
	struct ms_tls_context *ctx = NULL;
	struct ms_tls *t = NULL;
	struct setting s;

	set(&s, MS_TLS_12_OR_13);
	assert_int_equal(ms_tls_context_new(&psk_only, &ctx, NULL), 0);
	assert_int_equal(ms_tls_new(ctx, &s.pc, 0, &t), -EINVAL);
	assert_int_equal(ms_tls_context_certificate(ctx, s.client), -EINVAL);
	ms_tls_context_free(ctx);
	assert_int_equal(ms_tls_context_new(&cert_only, &ctx, NULL), 0);
	assert_int_equal(ms_tls_new(ctx, &psk, 0, &t), -EINVAL);
	s.pc.fingerprints = many;
	s.pc.n_fingerprints = MS_ARRAY_SIZE(many);
	assert_int_equal(ms_tls_new(ctx, &s.pc, 0, &t), -EINVAL);
	s.pc.n_fingerprints = 1;
	assert_int_equal(ms_tls_new(ctx, &s.pc, 0, &t), -EOPNOTSUPP);
	ms_tls_context_free(ctx);
	unset(&s);
}

/* The two versions in turn, with fingerprints that come late. */
static int torture(void *arg)
{
	struct setting *s = arg;
	struct pair p = { .step = 0 };
	size_t taken = 0;
	int err = ms_tls_context_new(&s->cc, &p.ctx_c, NULL);

	if (err == 0)
		err = ms_tls_context_new(&s->cs, &p.ctx_s, NULL);
	if (err == 0)
		err = ms_tls_new(p.ctx_c, &s->pc, 0, &p.c);
	if (err == 0)
		err = ms_tls_new(p.ctx_s, &s->ps, 0, &p.s);
	if (err == 0) {
		pump(&p);
		if (ms_tls_state(p.s) == MS_TLS_UNVERIFIED)
			err = ms_tls_verify(p.s, &s->of_client, 1);
	}
	if (err == 0) {
		pump(&p);
		err = ms_tls_write(p.c, MS_SPAN_LIT("hello"), &taken);
		pump(&p);
		if (err == 0 && !ms_span_is(ms_tls_plain(p.s), "hello"))
			err = -ENOMEM;
	}
	pair_close(&p);
	return err == -EPROTO ? -ENOMEM : err;
}

static void test_lack_of_memory(void **state MS_UNUSED)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(versions); i++) {
		struct setting s;

		set(&s, versions[i]);
		s.pc.role = MS_TLS_CLIENT;
		s.ps.role = MS_TLS_SERVER;
		s.ps.n_fingerprints = 0;
		s.cc.cert_suites = s.cs.cert_suites = ms_profile_default.cert_suites;
		assert_true(ms_test_torture(torture, &s) >= 8);
		unset(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mutual),
		cmocka_unit_test(test_the_newest_version_of_both),
		cmocka_unit_test(test_any_split_of_octets),
		cmocka_unit_test(test_the_contexts_certificate),
		cmocka_unit_test(test_server_with_wrong_certificate),
		cmocka_unit_test(test_client_with_wrong_certificate),
		cmocka_unit_test(test_several_fingerprints),
		cmocka_unit_test(test_sha1_only_by_switch),
		cmocka_unit_test(test_anonymous_client),
		cmocka_unit_test(test_suites),
		cmocka_unit_test(test_refused_suites),
		cmocka_unit_test(test_late_fingerprints),
		cmocka_unit_test(test_fingerprints_during_handshake),
		cmocka_unit_test(test_time_passes_unverified),
		cmocka_unit_test(test_flood_while_unverified),
		cmocka_unit_test(test_alert_and_end_while_unverified),
		cmocka_unit_test(test_expired_certificate),
		cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_lack_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
