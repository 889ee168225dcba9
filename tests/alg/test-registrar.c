/* SPDX-License-Identifier: Apache-2.0 */
/* What a P-CSCF keeps of its users. */
#include "ms-test.h"

#include <errno.h>

#include "alg/agreement.h"
#include "alg/registrar.h"

#define ALICE "sip:alice@one.example"
#define CONTACT "sip:alice@192.0.2.7:5060"

static struct ms_sip_packet *answer(void)
{
	struct ms_sip_packet *p = NULL;

	assert_int_equal(
		ms_sip_packet_read(
			ms_span_str(
				"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
				"From: <" ALICE ">;tag=1\r\nTo: <" ALICE ">;tag=2\r\nCall-ID: c\r\n"
				"CSeq: 1 REGISTER\r\nService-Route: <sip:s1;lr>, <sip:s2;lr>\r\n"
				"P-Associated-URI: <" ALICE ">, <tel:+491>\r\n\r\n"),
			&p, NULL),
		0);
	return p;
}

static struct ms_sip_hop hop(const char *address, uint64_t stream)
{
	struct ms_sip_hop h = { .side = MS_SIP_ACCESS,
				.transport = stream ? MS_SIP_TCP : MS_SIP_UDP,
				.stream = stream };

	assert_int_equal(ms_addr_parse(ms_span_str(address), 5060, &h.peer), 0);
	return h;
}

static int add(struct ms_alg_registrar *r, const char *aor, const char *uri,
	       const struct ms_sip_hop *h, const struct ms_sip_packet *m)
{
	struct ms_alg_registration g = { .aor = ms_span_str(aor),
					 .uri = ms_span_str(uri),
					 .hop = h,
					 .answer = m,
					 .expires_s = 600,
					 .agreed = MS_ALG_MSRP_TLS };

	return ms_alg_register(r, &g);
}

static void test_life(void **state MS_UNUSED)
{
	struct ms_sip_hop one = hop("192.0.2.7:5060", 0), two = hop("198.51.100.1:9", 77);
	struct ms_sip_packet *m = answer();
	struct ms_alg_registrar *r;
	struct ms_alg_contact *c;

	assert_int_equal(ms_alg_registrar_new(10, 2, &r), 0);
	assert_int_equal(add(r, ALICE, CONTACT, &one, m), 0);
	c = ms_alg_contact_of(r, &one, MS_SPAN_NULL);
	assert_non_null(c);
	assert_false(c->nat);
	assert_int_equal(c->routes.n, 2);
	assert_string_equal(c->routes.text[1], "<sip:s2;lr>");
	assert_span_str(ms_alg_contact_identity(c, MS_SPAN_LIT("tel:+491")), "tel:+491");
	assert_span_str(ms_alg_contact_identity(c, MS_SPAN_LIT("sip:boss@one.example")), ALICE);
	assert_null(ms_alg_contact_of(r, &two, MS_SPAN_NULL));
	/* The same contact by another flow: the old one is gone. */
	assert_int_equal(add(r, ALICE, CONTACT, &two, m), 0);
	assert_null(ms_alg_contact_of(r, &one, MS_SPAN_NULL));
	c = ms_alg_contact_of(r, &two, MS_SPAN_NULL);
	assert_true(c->nat);
	ms_alg_registrar_flow_lost(r, &two);
	assert_int_equal(ms_alg_registrar_count(r), 0);
	ms_alg_registrar_free(r);
	ms_sip_packet_unref(m);
}

static void test_several(void **state MS_UNUSED)
{
	struct ms_sip_hop one = hop("[2001:db8::1]:5060", 0);
	struct ms_sip_packet *m = answer();
	struct ms_alg_registrar *r;

	assert_int_equal(ms_alg_registrar_new(3, 2, &r), 0);
	assert_int_equal(add(r, ALICE, "sip:a@[2001:db8::1]", &one, m), 0);
	assert_int_equal(add(r, "sip:bella@one.example", "sip:b@[2001:db8::1]", &one, m), 0);
	assert_int_equal(add(r, "sip:carla@one.example", "sip:c@[2001:db8::1]", &one, m), -ENOSPC);
	assert_string_equal(ms_alg_contact_of(r, &one, MS_SPAN_LIT("sip:bella@one.example"))->aor,
			    "sip:bella@one.example");
	assert_string_equal(ms_alg_contact_of(r, &one, MS_SPAN_LIT("sip:x@y"))->aor, ALICE);
	ms_alg_deregister(r, MS_SPAN_LIT(ALICE), MS_SPAN_NULL);
	assert_int_equal(ms_alg_registrar_count(r), 1);
	ms_alg_registrar_free(r);
	ms_sip_packet_unref(m);
}

static int tortured(void *arg)
{
	struct ms_sip_hop one = hop("192.0.2.7:5060", 0);
	struct ms_alg_registrar *r;
	int err = ms_alg_registrar_new(10, 2, &r);

	if (err < 0)
		return err;
	err = add(r, ALICE, CONTACT, &one, arg);
	assert_int_equal(ms_alg_registrar_count(r), err == 0 ? 1 : 0);
	ms_alg_registrar_free(r);
	return err;
}

static void test_memory(void **state MS_UNUSED)
{
	struct ms_sip_packet *m = answer();

	assert_true(ms_test_torture(tortured, m) > 8);
	ms_sip_packet_unref(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
