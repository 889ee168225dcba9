/* SPDX-License-Identifier: Apache-2.0 */
/* A bearer description through its packed form and back. */
#include <errno.h>

#include "ms-test.h"

#include "h248/plane.h"

static void fill(struct ms_bearer *b)
{
	ms_bearer_init(b);
	(void)snprintf(b->realm, sizeof(b->realm), "%s", "access");
	b->mode = MS_BEARER_SENDRECV;
	b->application = MS_BEARER_MSRP;
	b->tls = b->psk_wanted = b->keep_partner = true;
	assert_int_equal(ms_secret_set(&b->psk, MS_SPAN_LIT("0123456789abcdef")), 0);
	(void)snprintf(b->psk_identity, sizeof(b->psk_identity), "%s", "alice");
	b->setup = MS_BEARER_SETUP_ACTPASS;
	b->remote_setup = MS_BEARER_SETUP_PASSIVE;
	b->local = (struct ms_bearer_address){ 4, { 192, 0, 2, 10 }, 40010 };
	b->remote = (struct ms_bearer_address){ 6, { 0x20, 1, 0xd, 0xb8, [15] = 1 }, 9 };
	b->want_fingerprints = 1u << MS_BEARER_SHA256;
	b->local_fingerprints.n = 1;
	b->local_fingerprints.list[0] =
		(struct ms_bearer_fingerprint){ MS_BEARER_SHA256, 32, { 1, 2, 3 } };
	b->remote_fingerprints.n = 2;
	b->remote_fingerprints.list[0] =
		(struct ms_bearer_fingerprint){ MS_BEARER_SHA512, 64, { 4, 5 } };
	b->remote_fingerprints.list[1] = b->local_fingerprints.list[0];
	(void)snprintf(b->local_path, sizeof(b->local_path), "%s", "$");
	(void)snprintf(b->remote_path, sizeof(b->remote_path), "%s",
		       "msrp://[2001:db8::1]:9/a;tcp");
	b->incoming = MS_BEARER_DISCARD;
	b->tcp_mode = MS_BEARER_MERGE;
	b->tcp_ms = 15000;
	b->tls_ms = 10000;
	b->latch = MS_BEARER_RELATCH;
	b->policy.filter_address = b->policy.filter_port = true;
	b->policy.n_prefixes = 1;
	b->policy.prefixes[0] = (struct ms_bearer_prefix){ 4, { 10, 1 }, 16 };
	b->policy.port_first = 1000;
	b->policy.port_last = 2000;
	b->policy.has_dscp = true;
	b->policy.dscp = 0x2e;
	b->policy.police = true;
	b->policy.sustained_rate = 1ull << 40;
	b->policy.burst = 1500;
	b->policy.peak_rate = 7;
	b->policy.inactivity_s = 60;
	b->policy.inactivity_direction = MS_BEARER_BOTH;
	b->report_release = b->report_tcp = b->report_tls = true;
	b->heartbeat_s = 300;
}

static void test_all_that_is_set_comes_back(void **state)
{
	struct ms_bearer b, back;
	struct ms_buf out;

	(void)state;
	fill(&b);
	ms_buf_init_secret(&out, MS_BEARER_PACKED_MAX);
	ms_bearer_pack(&b, &out);
	assert_int_equal(ms_buf_status(&out), 0);
	assert_int_equal(ms_bearer_unpack(ms_buf_span(&out), &back), 0);
	assert_memory_equal(&b, &back, sizeof(b));
	ms_buf_done(&out);
	ms_bearer_wipe(&b);
	ms_bearer_wipe(&back);
}

static void test_a_plain_bearer_is_small(void **state)
{
	struct ms_bearer b;
	uint8_t room[64];
	struct ms_buf out;

	(void)state;
	ms_bearer_init(&b);
	b.mode = MS_BEARER_SENDRECV;
	(void)snprintf(b.realm, sizeof(b.realm), "%s", "core");
	b.local = (struct ms_bearer_address){ 4, { 192, 0, 2, 10 }, 40010 };
	b.remote = (struct ms_bearer_address){ 4, { 192, 0, 2, 11 }, 2855 };
	ms_buf_init_fixed(&out, room, sizeof(room));
	ms_bearer_pack(&b, &out);
	assert_int_equal(ms_buf_status(&out), 0);
	assert_true(out.len <= 40);
}

static void test_damage_is_refused(void **state)
{
	struct ms_bearer b, back;
	struct ms_buf out;

	(void)state;
	fill(&b);
	ms_buf_init_secret(&out, MS_BEARER_PACKED_MAX);
	ms_bearer_pack(&b, &out);
	/* a cut in a value is always seen; between two values it is a smaller description */
	size_t whole = 0;
	for (size_t n = 0; n < out.len; n++)
		whole += ms_bearer_unpack(ms_span_of(out.p, n), &back) == 0;
	assert_in_range(whole, 1, 20);
	out.p[0] = 99;
	assert_int_equal(ms_bearer_unpack(ms_buf_span(&out), &back), -EBADMSG);
	ms_buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_that_is_set_comes_back),
		cmocka_unit_test(test_a_plain_bearer_is_small),
		cmocka_unit_test(test_damage_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
