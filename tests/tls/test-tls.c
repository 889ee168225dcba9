/* SPDX-License-Identifier: Apache-2.0 */
/* TLS-PSK sessions: two peers in memory. TS 33.328 annex H. */
#include "pair.h"

#include <errno.h>

#include "core/buf.h"

static void exchange(struct pair *p)
{
	size_t taken = 0;

	assert_int_equal(ms_tls_write(p->c, MS_SPAN_LIT("to the server"), &taken), 0);
	assert_int_equal(taken, 13);
	assert_int_equal(ms_tls_write(p->s, MS_SPAN_LIT("to the client"), &taken), 0);
	pump(p);
	assert_span_str(ms_tls_plain(p->s), "to the server");
	assert_span_str(ms_tls_plain(p->c), "to the client");
	ms_tls_consume(p->s, 13);
	ms_tls_consume(p->c, 13);
	assert_int_equal(ms_tls_plain(p->s).len, 0);
}

static void run_with(const char *client_suites, const char *server_suites, const char *suite)
{
	struct ms_tls_config cc = { .psk_suites = client_suites };
	struct ms_tls_config cs = { .psk_suites = server_suites };
	struct ms_tls_peer peer = { .psk = MS_SPAN_LIT(PSK32) }, peer2 = peer;
	struct pair p;

	cc.allow_dh = cs.allow_dh = strstr(suite, "DHE") != NULL;
	cc.allow_null = cs.allow_null = strstr(suite, "NULL") != NULL;
	pair_open(&p, &cc, &cs, &peer, &peer2);
	assert_null(ms_tls_suite(p.c));
	pump(&p);
	assert_open(&p);
	assert_string_equal(ms_tls_suite(p.c), suite);
	assert_string_equal(ms_tls_suite(p.s), suite);
	assert_string_equal(ms_tls_version(p.c), "TLSv1.2");
	assert_int_equal(ms_tls_peer_identity(p.s).len, 0);
	exchange(&p);
	pair_close(&p);
}

static void test_each_suite_of_the_profile(void **state MS_UNUSED)
{
	struct ms_span rest = ms_span_str(ms_profile_default.psk_suites);
	size_t n = 0;

	do {
		char name[64];

		assert_int_equal(ms_span_to_str(ms_span_cut(&rest, ':'), name, sizeof(name)), 0);
		run_with(name, NULL, name);
		run_with(NULL, name, name);
		n++;
	} while (rest.p);
	assert_true(n >= 6);
	run_with("PSK-AES128-CCM", "PSK-AES128-CCM", "PSK-AES128-CCM");
}

static void test_order_is_ours(void **state MS_UNUSED)
{
	run_with(NULL, NULL, "PSK-AES128-GCM-SHA256");
	run_with("PSK-AES128-CBC-SHA:PSK-AES256-GCM-SHA384:PSK-AES128-GCM-SHA256",
		 "PSK-AES256-GCM-SHA384:PSK-AES128-CBC-SHA", "PSK-AES256-GCM-SHA384");
}

static void test_switchable_suites(void **state MS_UNUSED)
{
	run_with("DHE-PSK-AES128-GCM-SHA256", "DHE-PSK-AES128-GCM-SHA256",
		 "DHE-PSK-AES128-GCM-SHA256");
	run_with("ECDHE-PSK-AES128-CBC-SHA256", "ECDHE-PSK-AES128-CBC-SHA256",
		 "ECDHE-PSK-AES128-CBC-SHA256");
	run_with("PSK-NULL-SHA256", "PSK-NULL-SHA256", "PSK-NULL-SHA256");
}

static void refused(const char *suites, const char *reason, size_t offset)
{
	struct ms_tls_config c = { .psk_suites = suites };
	struct ms_tls_context *ctx = NULL;
	struct ms_fault f = { 0 };

	assert_int_equal(ms_tls_context_new(&c, &ctx, &f), -EINVAL);
	assert_null(ctx);
	assert_string_equal(f.reason, reason);
	assert_int_equal(f.offset, offset);
}

static void test_refused_suites(void **state MS_UNUSED)
{
	refused("PSK-AES128-GCM-SHA256:PSK-NULL-SHA256", "tls_suite_null", 22);
	refused("PSK-NULL-SHA", "tls_suite_null", 0);
	refused("DHE-PSK-AES128-GCM-SHA256", "tls_suite_dh", 0);
	refused("ECDHE-PSK-AES128-CBC-SHA256", "tls_suite_dh", 0);
	refused("RSA-PSK-AES128-GCM-SHA256", "tls_suite_not_psk", 0);
	refused("AES128-SHA", "tls_suite_not_psk", 0);
	refused("PSK-AES128-GCM-SHA256:PSK-ROT13", "tls_suite_unknown", 22);
	refused("ALL", "tls_suite_unknown", 0);
	refused("", "tls_suite_unknown", 0);
	refused("PSK-AES128-GCM-SHA256:", "tls_suite_unknown", 22);
	refused(NULL, "tls_suite_unknown", 0);
}

/* A server of the profile and a peer that offers only what the profile refuses. */
static void test_peer_with_only_refused_suites(void **state MS_UNUSED)
{
	static const char *const bad[] = { "PSK-NULL-SHA256", "DHE-PSK-AES128-GCM-SHA256",
					   "ECDHE-PSK-AES128-CBC-SHA256" };

	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++) {
		struct ms_tls_config cc = { .psk_suites = bad[i],
					    .allow_null = true,
					    .allow_dh = true };
		struct ms_tls_peer pc = { .psk = MS_SPAN_LIT(PSK32) }, ps = pc;
		struct pair p;

		pair_open(&p, &cc, NULL, &pc, &ps);
		pump(&p);
		assert_failed(p.s, "tls_no_common_suite");
		assert_failed(p.c, "tls_alert_handshake_failure");
		pair_close(&p);
	}
}

static void test_wrong_key(void **state MS_UNUSED)
{
	static const char *const suites[] = { NULL, "PSK-AES128-CBC-SHA" };

	for (size_t i = 0; i < MS_ARRAY_SIZE(suites); i++) {
		struct ms_tls_config cc = { .psk_suites = suites[i] };
		struct ms_tls_peer pc = { .psk = MS_SPAN_LIT(PSK32) };
		struct ms_tls_peer ps = { .psk = MS_SPAN_LIT("another key of 32 octets of size") };
		struct pair p;
		size_t taken;

		pair_open(&p, &cc, NULL, &pc, &ps);
		pump(&p);
		assert_failed(p.s, "tls_psk_mismatch");
		assert_failed(p.c, "tls_psk_mismatch");
		assert_int_equal(ms_tls_write(p.c, MS_SPAN_LIT("x"), &taken), -EPROTO);
		assert_int_equal(ms_tls_input(p.c, MS_SPAN_LIT("x"), &taken), -EPROTO);
		assert_int_equal(ms_tls_plain(p.s).len, 0);
		pair_close(&p);
	}
}

static void test_identity_is_ignored(void **state MS_UNUSED)
{
	struct ms_tls_peer pc = { .psk = MS_SPAN_LIT(PSK32), .identity = MS_SPAN_LIT("mediasec") };
	struct ms_tls_peer ps = { .psk = MS_SPAN_LIT(PSK32), .identity = MS_SPAN_LIT("other") };
	struct pair p;

	pair_open(&p, NULL, NULL, &pc, &ps);
	pump(&p);
	assert_open(&p);
	assert_span_str(ms_tls_peer_identity(p.s), "mediasec");
	exchange(&p);
	pair_close(&p);
}

static void test_bad_arguments(void **state MS_UNUSED)
{
	char long_name[MS_TLS_IDENTITY_MAX + 2];
	struct ms_tls_peer peer = { .psk = MS_SPAN_LIT("") };
	struct ms_tls_context *ctx = context_of(NULL);
	struct ms_tls *t = NULL;

	memset(long_name, 'x', sizeof(long_name));
	assert_int_equal(ms_tls_new(ctx, &peer, 0, &t), -EINVAL);
	peer.psk = ms_span_of(long_name, 65);
	assert_int_equal(ms_tls_new(ctx, &peer, 0, &t), -EINVAL);
	peer.psk = ms_span_of(long_name, 64);
	peer.identity = ms_span_of(long_name, sizeof(long_name) - 1);
	assert_int_equal(ms_tls_new(ctx, &peer, 0, &t), -EINVAL);
	peer.identity = MS_SPAN_LIT("a\0b");
	assert_int_equal(ms_tls_new(ctx, &peer, 0, &t), -EINVAL);
	peer.identity = MS_SPAN_NULL;
	peer.mode = MS_TLS_PSK_13;
	assert_int_equal(ms_tls_new(ctx, &peer, 0, &t), -EINVAL);
	assert_null(t);
	ms_tls_context_free(ctx);
}

static void test_tls13_external_psk(void **state MS_UNUSED)
{
	struct ms_tls_peer pc = { .psk = MS_SPAN_LIT(PSK32),
				  .mode = MS_TLS_PSK_13,
				  .identity = MS_SPAN_LIT("s1") };
	struct ms_tls_peer ps = pc;
	struct pair p;

	pair_open(&p, NULL, NULL, &pc, &ps);
	pump(&p);
	assert_open(&p);
	assert_string_equal(ms_tls_version(p.c), "TLSv1.3");
	assert_span_str(ms_tls_peer_identity(p.s), "s1");
	exchange(&p);
	pair_close(&p);

	ps.psk = MS_SPAN_LIT("wrong");
	pair_open(&p, NULL, NULL, &pc, &ps);
	pump(&p);
	assert_failed(p.s, "tls_psk_mismatch");
	pair_close(&p);

	ps.psk = pc.psk;
	ps.identity = MS_SPAN_LIT("s2");
	pair_open(&p, NULL, NULL, &pc, &ps);
	pump(&p);
	assert_int_equal(ms_tls_state(p.s), MS_TLS_FAILED);
	assert_int_equal(ms_tls_state(p.c), MS_TLS_FAILED);
	pair_close(&p);
}

/* The profile stops at TLS 1.2: a peer with TLS 1.3 only is refused, either way round. */
static void test_tls13_only_peer(void **state MS_UNUSED)
{
	struct ms_tls_peer pc = { .psk = MS_SPAN_LIT(PSK32),
				  .mode = MS_TLS_PSK_13,
				  .identity = MS_SPAN_LIT("s1") };
	struct ms_tls_peer ps = { .psk = MS_SPAN_LIT(PSK32) };
	struct pair p;

	pair_open(&p, NULL, NULL, &pc, &ps);
	pump(&p);
	assert_failed(p.s, "tls_version");
	assert_failed(p.c, "tls_alert_protocol_version");
	pair_close(&p);

	pc.mode = MS_TLS_PSK_12;
	pc.identity = MS_SPAN_NULL;
	ps.mode = MS_TLS_PSK_13;
	ps.identity = MS_SPAN_LIT("s1");
	pair_open(&p, NULL, NULL, &pc, &ps);
	pump(&p);
	assert_failed(p.s, "tls_version");
	assert_failed(p.c, "tls_alert_protocol_version");
	pair_close(&p);
}

static void test_any_split_of_octets(void **state MS_UNUSED)
{
	struct pair p;

	for (size_t step = 1; step < 8; step++) {
		pair_open_plain(&p);
		p.step = step;
		pump(&p);
		assert_open(&p);
		exchange(&p);
		pair_close(&p);
	}
}

/* Each octet of the server's and of the client's stream altered once: never OPEN with wrong octets. */
static void test_tampered_handshake(void **state MS_UNUSED)
{
	for (size_t at = 0; at < 420; at++) {
		struct pair p;
		size_t seen = 0, moved;

		pair_open_plain(&p);
		do {
			struct ms_span out = ms_tls_output(p.c);
			uint8_t copy[1024];

			assert_true(out.len <= sizeof(copy));
			if (out.len > 0)
				memcpy(copy, out.p, out.len);
			if (at >= seen && at < seen + out.len)
				copy[at - seen] ^= 0x10;
			seen += out.len;
			moved = out.len;
			if (out.len > 0 &&
			    ms_tls_input(p.s, ms_span_of(copy, out.len), &(size_t){ 0 }) < 0)
				assert_non_null(ms_tls_fault(p.s));
			ms_tls_sent(p.c, out.len);
			moved += carry(p.s, p.c, 0);
		} while (moved > 0);
		/* Only this one, the version in the first record's header, is protected by nothing. */
		if (at < seen && ms_tls_state(p.s) == MS_TLS_OPEN)
			assert_int_equal(at, 2);
		pair_close(&p);
	}
}

static void test_tampered_record(void **state MS_UNUSED)
{
	uint8_t copy[256];
	struct ms_span out;
	size_t taken;

	for (size_t at = 0; at < 40; at++) {
		struct pair p;

		pair_open_plain(&p);
		pump(&p);
		assert_int_equal(ms_tls_write(p.c, MS_SPAN_LIT("secret"), &taken), 0);
		out = ms_tls_output(p.c);
		assert_true(out.len < sizeof(copy));
		memcpy(copy, out.p, out.len);
		if (at < out.len)
			copy[at] ^= 1;
		if (at < out.len && ms_tls_input(p.s, ms_span_of(copy, out.len), &taken) == 0)
			assert_int_equal(ms_tls_state(p.s), MS_TLS_OPEN); /* waits for more */
		assert_int_equal(ms_tls_plain(p.s).len, 0);
		pair_close(&p);
	}
}

static void test_truncation(void **state MS_UNUSED)
{
	struct pair p;
	size_t taken;

	pair_open_plain(&p);
	pump(&p);
	assert_int_equal(ms_tls_write(p.c, MS_SPAN_LIT("half a sentence"), &taken), 0);
	pump(&p);
	assert_int_equal(ms_tls_input_end(p.s), -EPROTO);
	assert_failed(p.s, "tls_truncated");
	/* What came before the cut was authentic and may be read. */
	assert_span_str(ms_tls_plain(p.s), "half a sentence");
	pair_close(&p);

	pair_open_plain(&p);
	assert_int_equal(ms_tls_input_end(p.c), -EPROTO);
	assert_failed(p.c, "tls_truncated");
	pair_close(&p);
}

static void test_close(void **state MS_UNUSED)
{
	struct pair p;
	size_t taken;

	pair_open_plain(&p);
	pump(&p);
	assert_int_equal(ms_tls_write(p.c, MS_SPAN_LIT("bye"), &taken), 0);
	ms_tls_close(p.c);
	assert_int_equal(ms_tls_state(p.c), MS_TLS_CLOSED);
	assert_int_equal(ms_tls_write(p.c, MS_SPAN_LIT("more"), &taken), -EPIPE);
	pump(&p);
	assert_int_equal(ms_tls_state(p.s), MS_TLS_HALF);
	assert_span_str(ms_tls_plain(p.s), "bye");
	assert_int_equal(ms_tls_write(p.s, MS_SPAN_LIT("more"), &taken), -EPIPE);
	assert_int_equal(ms_tls_input_end(p.s), 0);
	ms_tls_close(p.s);
	pump(&p);
	assert_int_equal(ms_tls_state(p.s), MS_TLS_CLOSED);
	assert_int_equal(ms_tls_input_end(p.c), 0);
	pair_close(&p);
}

static void test_handshake_time(void **state MS_UNUSED)
{
	struct ms_tls_config c = { .handshake_time = 5 * MS_SEC };
	struct ms_tls_peer pc = { .psk = MS_SPAN_LIT(PSK32) }, ps = pc;
	struct pair p;

	pair_open(&p, &c, &c, &pc, &ps);
	assert_int_equal(ms_tls_deadline(p.s), 5 * MS_SEC);
	ms_tls_expire(p.s, 5 * MS_SEC - 1);
	assert_int_equal(ms_tls_state(p.s), MS_TLS_HANDSHAKE);
	ms_tls_expire(p.s, 5 * MS_SEC);
	assert_failed(p.s, "tls_timeout");
	assert_int_equal(ms_tls_deadline(p.s), MS_NEVER);
	pair_close(&p);

	pair_open(&p, &c, &c, &pc, &ps);
	pump(&p);
	assert_open(&p);
	assert_true(ms_tls_deadline(p.s) == MS_NEVER);
	ms_tls_expire(p.s, 99 * MS_SEC);
	assert_int_equal(ms_tls_state(p.s), MS_TLS_OPEN);
	pair_close(&p);
}

/* A slow reader stops the sender, and no octet is lost or doubled. */
static void test_back_pressure(void **state MS_UNUSED)
{
	struct ms_tls_config c = { .plain_max = 10000, .output_max = 20000 };
	struct ms_tls_peer pc = { .psk = MS_SPAN_LIT(PSK32) }, ps = pc;
	const size_t total = 1000000;
	size_t sent = 0, got = 0;
	uint8_t block[5000];
	struct pair p;

	pair_open(&p, &c, &c, &pc, &ps);
	pump(&p);
	while (got < total) {
		struct ms_span in;

		for (;;) {
			size_t n = total - sent < sizeof(block) ? total - sent : sizeof(block);
			size_t taken = 0;

			for (size_t i = 0; i < n; i++)
				block[i] = (uint8_t)((sent + i) % 251);
			assert_int_equal(ms_tls_write(p.c, ms_span_of(block, n), &taken), 0);
			sent += taken;
			if (taken == 0)
				break;
		}
		assert_true(ms_tls_output(p.c).len < 20000 + 17000);
		carry(p.c, p.s, 7777);
		in = ms_tls_plain(p.s);
		assert_true(in.len <= 10000);
		in.len = in.len < 3001 ? in.len : 3001;
		for (size_t i = 0; i < in.len; i++)
			assert_int_equal(in.p[i], (got + i) % 251);
		got += in.len;
		ms_tls_consume(p.s, in.len);
	}
	assert_int_equal(sent, total);
	assert_int_equal(ms_tls_plain(p.s).len, 0);
	pair_close(&p);
}

/* The same TEK may set up several sessions; their traffic keys differ. */
static void test_sessions_are_independent(void **state MS_UNUSED)
{
	struct pair p, q;
	size_t taken;

	pair_open_plain(&p);
	pair_open_plain(&q);
	pump(&p);
	pump(&q);
	assert_open(&p);
	assert_open(&q);
	assert_int_equal(ms_tls_write(p.c, MS_SPAN_LIT("for p"), &taken), 0);
	assert_int_equal(ms_tls_input(q.s, ms_tls_output(p.c), &taken), -EPROTO);
	assert_failed(q.s, "tls_bad_record_mac");
	pair_close(&p);
	pair_close(&q);
}

static void collect(void *arg, const char *line)
{
	ms_buf_put_str(arg, line);
	ms_buf_put_str(arg, "\n");
}

static void test_key_log(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf log;
	struct ms_tls_config c = { .keylog = collect, .keylog_arg = &log };
	struct ms_tls_peer pc = { .psk = MS_SPAN_LIT(PSK32) }, ps = pc;
	struct pair p;

	ms_buf_init(&log, 4096);
	pair_open(&p, &c, NULL, &pc, &ps);
	pump(&p);
	assert_true(ms_span_starts(ms_buf_span(&log), MS_SPAN_LIT("CLIENT_RANDOM ")));
	pair_close(&p);
}

static int torture(void *arg MS_UNUSED)
{
	struct ms_tls_config c = { .psk_suites = ms_profile_default.psk_suites };
	struct ms_tls_peer pc = { .psk = MS_SPAN_LIT(PSK32), .role = MS_TLS_CLIENT }, ps = pc;
	struct pair p = { 0 };
	size_t taken = 0;
	int err;

	ps.role = MS_TLS_SERVER;
	err = ms_tls_context_new(&c, &p.ctx_c, NULL);
	if (err == 0)
		err = ms_tls_context_new(&c, &p.ctx_s, NULL);
	if (err == 0)
		err = ms_tls_new(p.ctx_c, &pc, 0, &p.c);
	if (err == 0)
		err = ms_tls_new(p.ctx_s, &ps, 0, &p.s);
	if (err == 0) {
		pump(&p);
		err = ms_tls_write(p.c, MS_SPAN_LIT("hello"), &taken);
		pump(&p);
		if (err == 0 && !ms_span_is(ms_tls_plain(p.s), "hello"))
			err = -ENOMEM;
		if (ms_tls_fault(p.c) || ms_tls_fault(p.s))
			err = -ENOMEM;
	}
	pair_close(&p);
	return err;
}

static void test_lack_of_memory(void **state MS_UNUSED)
{
	assert_true(ms_test_torture(torture, NULL) >= 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_suite_of_the_profile),
		cmocka_unit_test(test_order_is_ours),
		cmocka_unit_test(test_switchable_suites),
		cmocka_unit_test(test_refused_suites),
		cmocka_unit_test(test_peer_with_only_refused_suites),
		cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_identity_is_ignored),
		cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_tls13_external_psk),
		cmocka_unit_test(test_tls13_only_peer),
		cmocka_unit_test(test_any_split_of_octets),
		cmocka_unit_test(test_tampered_handshake),
		cmocka_unit_test(test_tampered_record),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_handshake_time),
		cmocka_unit_test(test_back_pressure),
		cmocka_unit_test(test_sessions_are_independent),
		cmocka_unit_test(test_key_log),
		cmocka_unit_test(test_lack_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
