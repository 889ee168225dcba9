/* SPDX-License-Identifier: Apache-2.0 */
/* Bearers as descriptors: the flows of TS 23.334 6.2.10, and what must be refused. */
#include "ms-test.h"

#include <errno.h>

#include "h248/coding.h"
#include "h248/package.h"

static struct ms_h248_registry registry;
static const struct ms_h248_coding iq = { &ms_h248_profile_iq, &registry };
static const struct ms_h248_coding ix = { &ms_h248_profile_ix, &registry };

#define FP                                                                                       \
	"4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3E:4B:65:2E:7D:46:3F:54:42" \
	":CD:54:F1"

static int setup(void **state)
{
	(void)state;
	ms_h248_registry_init(&registry);
	return 0;
}

static struct ms_bearer access_bearer(void)
{
	struct ms_bearer b;

	ms_bearer_init(&b);
	memcpy(b.realm, "access", 7);
	b.mode = MS_BEARER_SENDRECV;
	b.tls = true;
	b.setup = MS_BEARER_SETUP_PASSIVE;
	b.want_fingerprints = 1u << MS_BEARER_SHA256;
	b.remote = (struct ms_bearer_address){ 4, { 10, 1, 2, 3 }, 9 };
	b.remote_setup = MS_BEARER_SETUP_ACTIVE;
	assert_int_equal(ms_bearer_fingerprint_get(MS_SPAN_LIT("sha-256 " FP),
						   &b.remote_fingerprints.list[0]),
			 0);
	b.remote_fingerprints.n = 1;
	b.incoming = MS_BEARER_FORWARD;
	b.latch = MS_BEARER_LATCH;
	b.report_release = b.report_tls = true;
	b.heartbeat_s = 300;
	return b;
}

/* ---- SDP ---- */

static void test_sdp_is_written_as_the_digest_shows(void **state)
{
	struct ms_bearer b = access_bearer();
	char room[1024];
	struct ms_buf buf;

	(void)state;
	ms_buf_init_fixed(&buf, room, sizeof(room));
	ms_h248_coding_put_sdp(&buf, &b, MS_H248_CODING_LOCAL);
	assert_span_str(ms_buf_span(&buf), "v=0\r\nc=IN IP4 $\r\nm=- $ TCP/TLS -\r\n"
					   "a=setup:passive\r\na=fingerprint:SHA-256 $");
	ms_buf_reset(&buf);
	ms_h248_coding_put_sdp(&buf, &b, MS_H248_CODING_REMOTE);
	assert_span_str(ms_buf_span(&buf), "v=0\r\nc=IN IP4 10.1.2.3\r\nm=- 9 TCP/TLS -\r\n"
					   "a=setup:active\r\na=fingerprint:SHA-256 " FP);
}

static void test_sdp_is_read_back(void **state)
{
	static const char text[] = "\nv=0\nc=IN IP6 2001:db8::7\nm=message 50020 tcp/tls/msrp *\n"
				   "a=setup:actpass\na=unknown:x\na=fingerprint:SHA-1 $\n"
				   "a=fingerprint:SHA-256 " FP "\na=path:msrps://x:1/s;tcp\n";
	struct ms_bearer b;
	struct ms_fault f;
	char room[1024];
	struct ms_buf buf;

	(void)state;
	ms_bearer_init(&b);
	assert_int_equal(ms_h248_coding_get_sdp(MS_SPAN_LIT(text), MS_H248_CODING_LOCAL, &b, &f),
			 0);
	assert_int_equal(b.local.family, 6);
	assert_int_equal(b.local.octets[15], 7);
	assert_int_equal(b.local.port, 50020);
	assert_true(b.tls);
	assert_int_equal(b.application, MS_BEARER_MSRP);
	assert_int_equal(b.setup, MS_BEARER_SETUP_ACTPASS);
	assert_int_equal(b.want_fingerprints, 1u << MS_BEARER_SHA1);
	assert_int_equal(b.local_fingerprints.n, 1);
	assert_int_equal(b.local_fingerprints.list[0].digest[31], 0xf1);
	assert_string_equal(b.local_path, "msrps://x:1/s;tcp");
	ms_buf_init_fixed(&buf, room, sizeof(room));
	ms_h248_coding_put_sdp(&buf, &b, MS_H248_CODING_LOCAL);
	assert_span_str(ms_buf_span(&buf),
			"v=0\r\nc=IN IP6 2001:db8::7\r\nm=message 50020 TCP/TLS/MSRP *\r\n"
			"a=setup:actpass\r\na=fingerprint:SHA-256 " FP
			"\r\na=fingerprint:SHA-1 $\r\na=path:msrps://x:1/s;tcp");
}

/* TS 23.334 8.2: three ways to ask for a fingerprint; "$" leaves the family that is wanted. */
static void test_choose_is_understood(void **state)
{
	static const char *const asks[] = { "SHA-256 $", "$ $", "$" };
	struct ms_bearer b;
	char text[128];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		snprintf(text, sizeof(text),
			 "v=0\r\nc=IN IP6 $\r\nm=- $ TCP/TLS -\r\na=fingerprint:%s", asks[i]);
		ms_bearer_init(&b);
		assert_int_equal(
			ms_h248_coding_get_sdp(ms_span_str(text), MS_H248_CODING_LOCAL, &b, NULL),
			0);
		assert_int_equal(b.want_fingerprints, 1u << MS_BEARER_SHA256);
		assert_int_equal(b.local.family, 6);
		assert_int_equal(b.local.port, 0);
	}
}

static void test_sdp_that_is_refused(void **state)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{ "", 474 },
		{ "v=0\nc=IN IP4 1.2.3.4", 474 },
		{ "m=- 1 TCP -\nm=- 2 TCP -", 474 },
		{ "m=- 70000 TCP -", 474 },
		{ "m=- 1 UDP/DTLS -", 449 },
		{ "c=IN IP4 1.2.3.400\nm=- 1 TCP -", 474 },
		{ "c=IN IP6 1.2.3.4\nm=- 1 TCP -", 474 },
		{ "m=- 1 TCP -\na=setup:sideways", 474 },
		{ "m=- 1 TCP/TLS -\na=fingerprint:MD5 00:11", 449 },
		{ "m=- 1 TCP/TLS -\na=fingerprint:SHA-256 00:11", 474 },
		{ "m=- 1 TCP/TLS -\na=fingerprint:SHA-1 $", 474 }, /* Remote asks nothing */
		{ "nonsense", 474 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ms_bearer b;
		struct ms_fault f = { 0 };

		ms_bearer_init(&b);
		assert_int_equal(ms_h248_coding_get_sdp(ms_span_str(cases[i].text),
							MS_H248_CODING_REMOTE, &b, &f),
				 -EBADMSG);
		assert_int_equal(f.code, cases[i].code);
	}
}

/* ---- descriptors ---- */

static const struct ms_h248_param *find(const struct ms_h248_param *p, uint16_t ref)
{
	while (p && p->name.ref != ref)
		p = p->next;
	return p;
}

static void test_bearer_becomes_descriptors(void **state)
{
	struct ms_bearer b = access_bearer();
	struct ms_h248_command cmd = { .verb = MS_H248_ADD };
	const struct ms_h248_stream *s;
	struct ms_h248_arena a;

	(void)state;
	b.policy.filter_address = true;
	b.policy.inactivity_s = 60;
	b.policy.inactivity_direction = MS_BEARER_BOTH;
	b.start_tls = true;
	ms_h248_arena_init(&a, 0);
	assert_int_equal(ms_h248_coding_put(&iq, &a, &b, 2, MS_H248_PUT_ALL, 1002, &cmd), 0);
	s = cmd.media->streams;
	assert_int_equal(s->id, 2);
	assert_int_equal(s->control.mode, MS_H248_MODE_SENDRECV);
	assert_span_str(find(s->control.properties, MS_H248_IPDC_REALM)->values->octets, "access");
	assert_span_str(find(s->control.properties, MS_H248_XEM_TCPIN)->values->octets, "forward");
	assert_span_str(find(s->control.properties, MS_H248_GM_SAF)->values->octets, "on");
	assert_null(find(s->control.properties, MS_H248_XEM_REL)); /* at its default */
	assert_true(s->local.present && s->remote.present);
	assert_int_equal(cmd.events->request_id, 1002);
	assert_int_equal(cmd.events->list->name.ref, MS_H248_HANGTERM_THB);
	assert_int_equal(cmd.events->list->stream, 0);
	assert_span_str(cmd.events->list->params->values->octets, "300");
	assert_int_equal(cmd.events->list->next->name.ref, MS_H248_G_CAUSE);
	assert_int_equal(cmd.events->list->next->stream, 2);
	assert_int_equal(cmd.signals->list->name.ref, MS_H248_IPNAPT_LATCH);
	assert_span_str(cmd.signals->list->params->values->octets, "LATCH");
	assert_int_equal(cmd.signals->list->next->name.ref, MS_H248_TLSBSC_ESTBNC);
	assert_null(cmd.signals->list->next->next);
	ms_h248_arena_done(&a);
}

static void test_trunk_gateway_ends_no_tls(void **state)
{
	struct ms_bearer b = access_bearer();
	struct ms_h248_command cmd = { .verb = MS_H248_ADD };
	struct ms_h248_arena a;

	(void)state;
	ms_h248_arena_init(&a, 0);
	assert_int_equal(ms_h248_coding_put(&ix, &a, &b, 1, MS_H248_PUT_ALL, 1, &cmd), -EOPNOTSUPP);
	assert_null(cmd.media);
	ms_h248_arena_done(&a);
}

static int put_all(void *arg)
{
	struct ms_bearer b = access_bearer();
	struct ms_h248_command cmd = { .verb = MS_H248_ADD };
	struct ms_h248_arena a;
	int err;

	(void)arg;
	ms_h248_arena_init(&a, 0);
	err = ms_h248_coding_put(&iq, &a, &b, 1, MS_H248_PUT_ALL, 7, &cmd);
	ms_h248_arena_done(&a);
	return err;
}

static void test_without_memory(void **state)
{
	(void)state;
	assert_true(ms_test_torture(put_all, NULL) >= 1);
}

static void test_reply_fills_local(void **state)
{
	struct ms_h248_stream s = {
		.id = 1,
		.local = { true,
			   MS_SPAN_LIT("v=0\r\nc=IN IP4 203.0.113.7\r\nm=- 50020 TCP/TLS -\r\n"
				       "a=setup:passive\r\na=fingerprint:SHA-256 " FP) },
	};
	struct ms_h248_media m = { .streams = &s };
	struct ms_h248_command reply = { .verb = MS_H248_ADD, .media = &m };
	struct ms_bearer b = access_bearer();

	(void)state;
	assert_int_equal(ms_h248_coding_get_reply(&reply, 1, &b), 0);
	assert_int_equal(b.local.octets[3], 7);
	assert_int_equal(b.local.port, 50020);
	assert_int_equal(b.local_fingerprints.n, 1);
	assert_int_equal(b.remote.port, 9); /* what we asked stays */
	assert_int_equal(ms_h248_coding_get_reply(&reply, 2, &b), -ENOENT);
}

/* TS 23.334 6.2.10.5 and 8.5: what failed, what passed. */
static void test_observed_events(void **state)
{
	struct ms_h248_value type = { .octets = MS_SPAN_LIT("EstFail") };
	struct ms_h248_value alert = { .octets = MS_SPAN_LIT("42") };
	struct ms_h248_value cause = { .octets = MS_SPAN_LIT("fpmismatch"),
				       .form = MS_H248_QUOTED };
	struct ms_h248_param params[3] = {
		{ .name.ref = MS_H248_TLSBSC_BNCCHANGE_TYPE, .values = &type },
		{ .name.ref = MS_H248_TLSBSC_BNCCHANGE_ALERT, .values = &alert },
		{ .name.ref = MS_H248_TLSBSC_BNCCHANGE_FAILURECAUSE, .values = &cause },
	};
	struct ms_h248_observed o = { .name.ref = MS_H248_TLSBSC_BNCCHANGE,
				      .stream = 3,
				      .params = params };
	struct ms_bearer_event e;
	uint16_t stream;

	(void)state;
	params[0].next = &params[1];
	params[1].next = &params[2];
	assert_int_equal(ms_h248_coding_get_event(&iq, &o, &stream, &e), 0);
	assert_int_equal(stream, 3);
	assert_int_equal(e.kind, MS_BEARER_TLS_FAILED);
	assert_int_equal(e.alert, 42);
	assert_string_equal(e.cause, "fpmismatch");
	o.name.ref = MS_H248_HANGTERM_THB;
	assert_int_equal(ms_h248_coding_get_event(&iq, &o, &stream, &e), -ENOENT);
}

static void test_profile_names(void **state)
{
	struct ms_profile values = ms_profile_default;

	(void)state;
	assert_string_equal(ms_h248_profile_name(&ms_h248_profile_iq, &values), "xIq/1");
	assert_string_equal(ms_h248_profile_name(&ms_h248_profile_ix, &values), "xIx/1");
	(void)snprintf(values.h248_profile_mp, sizeof(values.h248_profile_mp), "lab/2");
	assert_string_equal(ms_h248_profile_name(&ms_h248_profile_mp, &values), "lab/2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sdp_is_written_as_the_digest_shows),
		cmocka_unit_test(test_sdp_is_read_back),
		cmocka_unit_test(test_choose_is_understood),
		cmocka_unit_test(test_sdp_that_is_refused),
		cmocka_unit_test(test_bearer_becomes_descriptors),
		cmocka_unit_test(test_trunk_gateway_ends_no_tls),
		cmocka_unit_test(test_without_memory),
		cmocka_unit_test(test_reply_fills_local),
		cmocka_unit_test(test_observed_events),
		cmocka_unit_test(test_profile_names),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
