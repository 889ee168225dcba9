/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec: known octets, every cut, indefinite lengths, versions, wildcards, SDP. */
#include "ms-test.h"

#include <errno.h>

#include "h248/binary.h"
#include "h248/package.h"

static struct ms_h248_arena arena;
static struct ms_buf out;

static int setup(void **state)
{
	(void)state;
	ms_h248_arena_init(&arena, 0);
	ms_buf_init(&out, MS_H248_BINARY_MAX);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ms_h248_arena_done(&arena);
	ms_buf_done(&out);
	return 0;
}

/* Version 1 from [1.2.3.4]:2945: context CHOOSE, Add CHOOSE with one stream: SendRecv and
 * Local "v=0", "c=IN IP4 $". Laid out by hand after annex A. */
static const uint8_t add_request[] = {
	0x30, 0x7a,                                                 /* MegacoMessage */
	0xa1, 0x78,                                                 /* mess */
	0x80, 0x01, 0x01,                                           /* version */
	0xa1, 0x0c, 0xa0, 0x0a,                                     /* mId, ip4Address */
	0x80, 0x04, 1,    2,    3,    4,    0x81, 0x02, 0x0b, 0x81, /* address, port */
	0xa2, 0x65, 0xa1, 0x63,                                     /* messageBody, transactions */
	0xa0, 0x61, 0x80, 0x01, 0x2a,                               /* request 42 */
	0xa1, 0x5c, 0x30, 0x5a,                                     /* actions, ActionRequest */
	0x80, 0x05, 0x00, 0xff, 0xff, 0xff, 0xfe,                   /* contextId CHOOSE */
	0xa3, 0x51, 0x30, 0x4f, 0xa0, 0x4d,       /* commandRequests, CommandRequest, command */
	0xa0, 0x4b,                               /* addReq */
	0xa0, 0x0d, 0x30, 0x0b,                   /* terminationID, one */
	0xa0, 0x03, 0x04, 0x01, 0x5f,             /* wildcard: CHOOSE from bit 31 down */
	0x81, 0x04, 0,    0,    0,    0,          /* id */
	0xa1, 0x3a, 0xa0, 0x38,                   /* descriptors, media */
	0xa1, 0x36, 0xa1, 0x34, 0x30, 0x32,       /* streams, multiStream, one */
	0x80, 0x01, 0x01,                         /* streamID */
	0xa1, 0x2d,                               /* streamParms */
	0xa0, 0x05, 0x80, 0x01, 0x02, 0xa3, 0x00, /* localControl: sendRecv, no properties */
	0xa1, 0x24, 0xa0, 0x22, 0x30, 0x20,       /* local, propGrps, one */
	0x30, 0x0d, 0x80, 0x04, 0,    0,    0xb0, 0x01, /* SDP_V */
	0xa1, 0x05, 0x04, 0x03, 0x16, 0x01, '0',        /* "0", wrapped twice */
	0x30, 0x0f, 0x80, 0x04, 0,    0,    0xb0, 0x08, /* SDP_C */
	0xa1, 0x07, 0x04, 0x05, 0x16, 0x03, 'I',  'N',  '$',
};

static struct ms_h248_message decode(const void *octets, size_t len)
{
	const struct ms_h248_message *m;
	assert_int_equal(ms_h248_binary_decode(ms_span_of(octets, len), &arena, NULL, &m), 0);
	return *m;
}

static void test_request(void **state)
{
	struct ms_h248_message m = decode(add_request, sizeof(add_request));
	const struct ms_h248_transaction *t = m.transactions;
	const struct ms_h248_command *c = t->actions->commands;

	(void)state;
	assert_int_equal(m.version, 1);
	assert_int_equal(m.mid.kind, MS_H248_MID_IPV4);
	assert_memory_equal(m.mid.address, "\1\2\3\4", 4);
	assert_int_equal(m.mid.port, 2945);
	assert_int_equal(t->kind, MS_H248_REQUEST);
	assert_int_equal(t->id, 42);
	assert_int_equal(t->actions->context, MS_H248_CONTEXT_CHOOSE);
	assert_int_equal(c->verb, MS_H248_ADD);
	assert_int_equal(c->terminations->kind, MS_H248_TERMINATION_CHOOSE);
	assert_int_equal(c->media->streams->id, 1);
	assert_int_equal(c->media->streams->control.mode, MS_H248_MODE_SENDRECV);
	assert_true(ms_span_is(c->media->streams->local.sdp, "v=0\r\nc=IN$"));
	assert_int_equal(ms_h248_binary_encode(&m, &out), 0);
	assert_int_equal(out.len, sizeof(add_request));
	assert_memory_equal(out.p, add_request, out.len);
}

static void test_every_cut_is_refused(void **state)
{
	const struct ms_h248_message *m;
	struct ms_h248_refused refused;

	(void)state;
	for (size_t n = 0; n < sizeof(add_request); n++) {
		ms_h248_arena_reset(&arena);
		assert_int_equal(
			ms_h248_binary_decode(ms_span_of(add_request, n), &arena, &refused, &m),
			-EBADMSG);
		assert_true(refused.fault.code >= 400);
	}
}

static void test_indefinite_lengths(void **state)
{
	struct ms_h248_message m = decode(add_request, sizeof(add_request));

	(void)state;
	for (unsigned levels = 1; levels <= 9; levels++) {
		struct ms_buf again;
		ms_buf_init(&again, MS_H248_BINARY_MAX);
		ms_buf_reset(&out);
		assert_int_equal(ms_h248_binary_encode_indefinite(&m, levels, &out), 0);
		assert_true(out.p[1] == 0x80);
		struct ms_h248_message n = decode(out.p, out.len);
		assert_int_equal(ms_h248_binary_encode(&n, &again), 0);
		assert_int_equal(again.len, sizeof(add_request));
		assert_memory_equal(again.p, add_request, again.len);
		ms_buf_done(&again);
	}
}

/* The string "IN$" of SDP_C in two pieces of the outer octet string. */
static void test_string_in_pieces(void **state)
{
	uint8_t octets[sizeof(add_request) + 4];
	static const uint8_t tail[] = { 0x30, 0x13, 0x80, 4,    0,    0,    0xb0,
					0x08, 0xa1, 0x0b, 0x24, 0x09, 0x04, 0x02,
					0x16, 0x03, 0x04, 0x03, 'I',  'N',  '$' };
	/* each enclosing length grows by 4 */
	static const uint8_t lengths[] = { 1,  3,  22, 24, 26, 31, 33, 42, 44, 46,
					   48, 65, 67, 69, 71, 73, 78, 87, 89, 91 };

	(void)state;
	memcpy(octets, add_request, sizeof(add_request) - 17);
	memcpy(octets + sizeof(add_request) - 17, tail, sizeof(tail));
	for (size_t i = 0; i < sizeof(lengths); i++)
		octets[lengths[i]] = (uint8_t)(octets[lengths[i]] + 4);
	struct ms_h248_message m = decode(octets, sizeof(octets));
	assert_true(ms_span_is(m.transactions->actions->commands->media->streams->local.sdp,
			       "v=0\r\nc=IN$"));
}

/* Where it was refused, so that the right transaction is answered (RFC 3525 section 8.2.2). */
static void test_refused_inside(void **state)
{
	static const struct {
		size_t at;
		uint8_t octet;
		int code;
		bool transaction, context;
	} cases[] = {
		{ 0, 0x31, 400, false, false },  /* no SEQUENCE */
		{ 25, 0xa9, 403, false, false }, /* no such transaction */
		{ 30, 0xa2, 403, true, false },  /* no actions */
		{ 32, 0x31, 403, true, false },  /* no ActionRequest */
		{ 41, 0xa4, 422, true, true },   /* no commands */
		{ 47, 0xa9, 442, true, true },   /* no such command */
		{ 94, 0x81, 442, true, true },   /* no property name */
	};
	uint8_t octets[sizeof(add_request)];

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		const struct ms_h248_message *m;
		struct ms_h248_refused refused;
		memcpy(octets, add_request, sizeof(octets));
		octets[cases[i].at] = cases[i].octet;
		assert_int_equal(ms_h248_binary_decode(ms_span_of(octets, sizeof(octets)), &arena,
						       &refused, &m),
				 -EBADMSG);
		assert_int_equal(refused.fault.code, cases[i].code);
		assert_int_equal(refused.has_transaction, cases[i].transaction);
		assert_int_equal(refused.has_context, cases[i].context);
		assert_int_equal(refused.transaction, cases[i].transaction ? 42 : 0);
		assert_int_equal(refused.version, i > 0);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
		const char *reason;
	} bad[] = {
		{ "", 0, "message" },
		{ "\x31\x00", 2, "element_type" },
		{ "\x30\x00", 2, "message" },
		{ "\x30\x80", 2, "cut_short" },
		{ "\x30\x84\xff\xff\xff\xff", 6, "cut_short" },
		{ "\x30\x88\x01\x01\x01\x01\x01\x01\x01\x01", 10, "cut_short" },
		{ "\x30\x02\xa1\x00", 4, "message" },
		{ "\x30\x05\xa1\x03\x80\x01\x64", 7, "integer_range" },
		{ "\x30\x08\xa1\x06\x80\x01\x01\x80\x01\x01", 10, "field_order" },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++) {
		const struct ms_h248_message *m;
		struct ms_h248_refused refused;
		struct ms_span in = ms_span_of(bad[i].octets, bad[i].len);
		assert_int_equal(ms_h248_binary_decode(in, &arena, &refused, &m), -EBADMSG);
		assert_string_equal(refused.fault.reason, bad[i].reason);
		assert_int_equal(refused.fault.code, 400);
	}
}

/* A message error from device "a", with its octets in unusual forms; NULL: it is read. */
static void test_unusual_forms(void **state)
{
#define SENDER "\x80\x01\x01\xa1\x03\x83\x01\x61"
#define ERROR "\xa2\x06\xa0\x04\x80\x02\x01\x90"
#define FORM(octets, reason)                       \
	{                                          \
		octets, sizeof(octets) - 1, reason \
	}
	static const struct {
		const char *octets;
		size_t len;
		const char *reason;
	} forms[] = {
		FORM("\x30\x12\xa1\x10" SENDER ERROR, NULL),
		FORM("\x30\x81\x13\xa1\x81\x10" SENDER ERROR, NULL),
		FORM("\x30\x82\x00\x14\xa1\x82\x00\x10" SENDER ERROR, NULL),
		FORM("\x30\x84\x00\x00\x00\x15\xa1\x83\x00\x00\x10" SENDER ERROR, NULL),
		FORM("\x30\x80\xa1\x80" SENDER ERROR "\x00\x00\x00\x00", NULL),
		/* a length past the end, an octet missing, an end missing */
		FORM("\x30\x82\x01\x2c\xa1\x10" SENDER ERROR, "cut_short"),
		FORM("\x30\x13\xa1\x11" SENDER ERROR "\x83", "cut_short"),
		FORM("\x30\x80\xa1\x80" SENDER ERROR "\x00\x00", "cut_short"),
		/* extensions: tag 30, tag 32, two of them */
		FORM("\x30\x14\xa1\x12" SENDER ERROR "\x9e\x00", NULL),
		FORM("\x30\x15\xa1\x13" SENDER ERROR "\x9f\x20\x00", NULL),
		FORM("\x30\x18\xa1\x16" SENDER ERROR "\xbf\x81\x20\x00\x9f\x1f", "cut_short"),
		FORM("\x30\x19\xa1\x17" SENDER ERROR "\xbf\x81\x20\x00\x9f\x1f\x00", NULL),
		/* ordinary fields do not follow them, nor each other twice, nor another class */
		FORM("\x30\x16\xa1\x14" SENDER ERROR "\x9e\x00\x9e\x00", "field_order"),
		FORM("\x30\x17\xa1\x15" SENDER ERROR "\x9f\x20\x00\x9e\x00", "field_order"),
		FORM("\x30\x14\xa1\x12" SENDER ERROR "\x04\x00", "field_order"),
		FORM("\x30\x14\xa1\x12" SENDER ERROR "\xc4\x00", "field_order"),
		FORM("\x30\x14\xa1\x12" SENDER ERROR "\x82\x00", "field_order"),
	};
#undef SENDER
#undef ERROR
#undef FORM

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(forms); i++) {
		const struct ms_h248_message *m = NULL;
		struct ms_h248_refused refused = { .fault = { .reason = NULL } };
		struct ms_span in = ms_span_of(forms[i].octets, forms[i].len);
		int err = ms_h248_binary_decode(in, &arena, &refused, &m);
		if (forms[i].reason) {
			assert_int_equal(err, -EBADMSG);
			assert_string_equal(refused.fault.reason, forms[i].reason);
			continue;
		}
		if (err)
			fail_msg("form %zu: %s", i, refused.fault.reason);
		assert_true(ms_span_is(m->mid.name, "a"));
		assert_int_equal(m->error->code, 400);
	}
}

/* Nested without end in indefinite lengths: refused by depth, not by the stack. */
static void test_too_deep(void **state)
{
	static uint8_t octets[MS_H248_BINARY_MAX];
	const struct ms_h248_message *m;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(octets); i += 2) {
		octets[i] = 0xa1;
		octets[i + 1] = 0x80;
	}
	octets[0] = 0x30;
	assert_int_equal(
		ms_h248_binary_decode(ms_span_of(octets, sizeof(octets)), &arena, NULL, &m),
		-EBADMSG);
}

static void test_too_long(void **state)
{
	static const uint8_t octets[MS_H248_BINARY_MAX + 1];
	const struct ms_h248_message *m;

	(void)state;
	assert_int_equal(
		ms_h248_binary_decode(ms_span_of(octets, sizeof(octets)), &arena, NULL, &m),
		-EBADMSG);
}

/* ---- a message built by hand, everything a gateway says ---- */

struct tree {
	struct ms_h248_message m;
	struct ms_h248_transaction t;
	struct ms_h248_action action;
	struct ms_h248_command command;
	struct ms_h248_termination termination;
	struct ms_h248_observed observed;
	struct ms_h248_param type;
	struct ms_h248_value value;
	struct ms_h248_signals signals;
	struct ms_h248_signal signal;
};

static void grow(struct tree *t, unsigned version)
{
	*t = (struct tree){ 0 };
	t->m = (struct ms_h248_message){ .version = (uint8_t)version, .transactions = &t->t };
	t->m.mid.kind = MS_H248_MID_DOMAIN;
	t->m.mid.name = MS_SPAN_LIT("agw1.example.net");
	t->t = (struct ms_h248_transaction){ .id = 77, .actions = &t->action };
	t->action.context = 7;
	t->action.commands = &t->command;
	t->command.verb = MS_H248_NOTIFY;
	t->command.terminations = &t->termination;
	t->termination.octets = MS_SPAN_LIT("\x20\x00\x00\x01");
	t->command.has_observed = true;
	t->command.observed_id = 1002;
	t->command.observed = &t->observed;
	t->observed.name =
		(struct ms_h248_name){ MS_SPAN_LIT("tlsbsc"), MS_SPAN_LIT("BNCChange"), 0, 0 };
	t->observed.stream = 1;
	t->observed.time = (struct ms_h248_timestamp){ true, "20260101", "12000000" };
	t->observed.params = &t->type;
	t->type.name.item = MS_SPAN_LIT("Type");
	t->type.values = &t->value;
	t->value.octets = MS_SPAN_LIT("EstFail");
}

static void test_notify_bound(void **state)
{
	struct ms_h248_registry r;
	struct tree t;

	(void)state;
	ms_h248_registry_init(&r);
	grow(&t, 2);
	assert_int_equal(ms_h248_binary_encode(&t.m, &out), -EINVAL); /* names without numbers */
	assert_int_equal(out.len, 0);
	ms_buf_reset(&out);
	assert_int_equal(ms_h248_bind(&t.m, &r, MS_H248_BIND_BER, &arena, NULL), 0);
	assert_int_equal(ms_h248_binary_encode(&t.m, &out), 0);
	struct ms_h248_message m = decode(out.p, out.len);
	assert_int_equal(ms_h248_bind(&m, &r, MS_H248_BIND_TEXT, &arena, NULL), 0);
	const struct ms_h248_observed *o = m.transactions->actions->commands->observed;
	assert_int_equal(o->name.ref, MS_H248_TLSBSC_BNCCHANGE);
	assert_true(ms_span_is(o->name.item, "BNCChange"));
	assert_int_equal(o->stream, 1);
	assert_memory_equal(o->time.date, "20260101", 8);
	assert_int_equal(o->params->name.ref, MS_H248_TLSBSC_BNCCHANGE_TYPE);
	assert_true(ms_span_is(o->params->values->octets, "EstFail"));
}

/* What version 3 brought is not written to a peer of version 2. */
static void test_versions(void **state)
{
	struct tree t;

	(void)state;
	for (unsigned version = 2; version <= 3; version++) {
		grow(&t, version);
		t.command.verb = MS_H248_MODIFY;
		t.command.signals = &t.signals;
		t.signals.list = &t.signal;
		t.signal.name.id = 0xf0890001;
		t.signal.direction = MS_H248_DIRECTION_BOTH;
		ms_buf_reset(&out);
		assert_int_equal(ms_h248_binary_encode(&t.m, &out), version == 3 ? 0 : -EINVAL);
	}
	struct ms_h248_message m = decode(out.p, out.len);
	assert_int_equal(m.transactions->actions->commands->signals->list->direction,
			 MS_H248_DIRECTION_BOTH);
}

static void test_terminations(void **state)
{
	static const struct {
		enum ms_h248_termination_kind kind;
		const char *octets, *wildcard;
		size_t len, wildcards;
	} cases[] = {
		{ MS_H248_TERMINATION_ROOT, "\xff\xff\xff\xff\xff\xff\xff\xff", "", 8, 0 },
		{ MS_H248_TERMINATION_ROOT, "\xff\xff\xff\xff", "", 4, 0 },
		{ MS_H248_TERMINATION_ALL, "\0\0\0\0", "\xdf", 4, 1 },
		{ MS_H248_TERMINATION_CHOOSE, "\0", "\x47", 1, 1 },
		{ MS_H248_TERMINATION_NAMED, "\x20\x00\x00\x07", "", 4, 0 },
		{ MS_H248_TERMINATION_NAMED, "\x20\x00\x00\x00", "\x57", 4, 1 },
		{ MS_H248_TERMINATION_NAMED, "\x01\x1e\x00", "\x17\x07", 3, 2 }, /* A.1 */
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		struct tree t;
		grow(&t, 1);
		t.command.verb = MS_H248_SUBTRACT;
		t.termination.octets = ms_span_of(cases[i].octets, cases[i].len);
		t.termination.wildcard = ms_span_of(cases[i].wildcard, cases[i].wildcards);
		ms_buf_reset(&out);
		assert_int_equal(ms_h248_binary_encode(&t.m, &out), 0);
		struct ms_h248_message m = decode(out.p, out.len);
		const struct ms_h248_termination *got =
			m.transactions->actions->commands->terminations;
		assert_int_equal(got->kind, cases[i].kind);
		assert_true(ms_span_eq(got->octets, t.termination.octets));
		assert_true(ms_span_eq(got->wildcard, t.termination.wildcard));
	}
}

/* Kinds without octets get those of A.1 and of four octets. */
static void test_terminations_by_kind(void **state)
{
	static const enum ms_h248_termination_kind kinds[] = { MS_H248_TERMINATION_ROOT,
							       MS_H248_TERMINATION_CHOOSE,
							       MS_H248_TERMINATION_ALL };

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(kinds); i++) {
		struct tree t;
		grow(&t, 1);
		t.command.verb = MS_H248_SUBTRACT;
		t.termination = (struct ms_h248_termination){ .kind = kinds[i] };
		ms_buf_reset(&out);
		assert_int_equal(ms_h248_binary_encode(&t.m, &out), 0);
		struct ms_h248_message m = decode(out.p, out.len);
		assert_int_equal(m.transactions->actions->commands->terminations->kind, kinds[i]);
	}
}

static void put_sdp(const char *text, int want)
{
	struct ms_h248_stream stream = { .local = { true, ms_span_str(text) } };
	struct ms_h248_media media = { .streams = &stream };
	struct tree t;

	grow(&t, 1);
	t.command.verb = MS_H248_MODIFY;
	t.command.media = &media;
	ms_buf_reset(&out);
	assert_int_equal(ms_h248_binary_encode(&t.m, &out), want);
}

static void test_sdp(void **state)
{
	static const struct {
		const char *in, *back;
	} cases[] = {
		{ "v=0\r\nc=IN IP4 $\r\nm=- $ TCP -\r\n", "v=0\r\nc=IN IP4 $\r\nm=- $ TCP -" },
		{ " v=0\n\n a=x y \n", "v=0\r\na=x y " },
		{ "v=0\r\na=1\r\nv=0\r\na=2", "v=0\r\na=1\r\nv=0\r\na=2" },
		{ "v=0\r\na=caf\xc3\xa9", "v=0\r\na=caf\xc3\xa9" },
		{ "v=$", "v=$" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		put_sdp(cases[i].in, 0);
		struct ms_h248_message m = decode(out.p, out.len);
		const struct ms_h248_stream *s = m.transactions->actions->commands->media->streams;
		assert_true(s->local.present);
		assert_true(ms_span_is(s->local.sdp, cases[i].back));
	}
	put_sdp("x=1", -EINVAL);
	put_sdp("v", -EINVAL);
}

/* Transactions one by one, then a message around them, is the message at once. */
static void test_codec(void **state)
{
	struct ms_h248_message m = decode(add_request, sizeof(add_request)), empty = m;
	struct ms_buf transaction;

	(void)state;
	empty.transactions = NULL;
	ms_buf_init(&transaction, MS_H248_BINARY_MAX);
	ms_h248_codec_binary.put_transaction(&transaction, m.transactions, m.version);
	ms_h248_codec_binary.put_message(&out, &empty, ms_buf_span(&transaction));
	assert_int_equal(ms_buf_status(&out), 0);
	assert_int_equal(out.len, sizeof(add_request));
	assert_memory_equal(out.p, add_request, out.len);
	ms_buf_done(&transaction);
}

/* Contents around the sizes where a length takes another octet. */
static void test_lengths(void **state)
{
	static char text[70000];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "s=", 2);
	for (size_t n = 3; n < 66000; n += n < 400 || n > 65000 ? 1 : 97) {
		struct ms_h248_stream stream = { .local = { true, ms_span_of(text, n) } };
		struct ms_h248_media media = { .streams = &stream };
		struct tree t;
		grow(&t, 1);
		t.command.verb = MS_H248_MODIFY;
		t.command.media = &media;
		ms_buf_reset(&out);
		ms_h248_arena_done(&arena);
		int err = ms_h248_binary_encode(&t.m, &out);
		if (err == -EMSGSIZE && n > 65000)
			return;
		assert_int_equal(err, 0);
		struct ms_h248_message m = decode(out.p, out.len);
		assert_int_equal(m.transactions->actions->commands->media->streams->local.sdp.len,
				 n);
	}
	fail_msg("never too long");
}

static int decode_once(void *arg)
{
	struct ms_h248_arena a;
	const struct ms_h248_message *m;
	struct ms_buf b;

	(void)arg;
	ms_h248_arena_init(&a, 0);
	ms_buf_init(&b, MS_H248_BINARY_MAX);
	int err = ms_h248_binary_decode(ms_span_of(add_request, sizeof(add_request)), &a, NULL, &m);
	if (err == 0)
		err = ms_h248_binary_encode(m, &b);
	ms_h248_arena_done(&a);
	ms_buf_done(&b);
	return err;
}

static void test_torture(void **state)
{
	(void)state;
	assert_true(ms_test_torture(decode_once, NULL) > 1);
}

/* An arena that is full refuses the message and says so. */
static void test_arena_full(void **state)
{
	const struct ms_h248_message *m;
	struct ms_h248_refused refused;
	struct ms_h248_arena small;
	struct ms_h248_ack acks[600] = { { 0 } }; /* more than 4 KiB of tree */
	struct tree t;

	(void)state;
	grow(&t, 1);
	for (size_t i = 0; i < 600; i++)
		acks[i] = (struct ms_h248_ack){ i + 1 < 600 ? &acks[i + 1] : NULL, 1, 2 };
	t.t.kind = MS_H248_ACK;
	t.t.acks = acks;
	assert_int_equal(ms_h248_binary_encode(&t.m, &out), 0);
	ms_h248_arena_init(&small, 4096);
	assert_int_equal(ms_h248_binary_decode(ms_buf_span(&out), &small, &refused, &m), -ENOMEM);
	assert_int_equal(refused.fault.code, 500);
	ms_h248_arena_done(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_request, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_cut_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_indefinite_lengths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_string_in_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_inside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unusual_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_deep, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notify_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_versions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_terminations, setup, teardown),
		cmocka_unit_test_setup_teardown(test_terminations_by_kind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sdp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_codec, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lengths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torture, setup, teardown),
		cmocka_unit_test_setup_teardown(test_arena_full, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
