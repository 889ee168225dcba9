/* SPDX-License-Identifier: Apache-2.0 */
/* The codec of RFC 8855 section 5. */
#include "ms-test.h"

#include <errno.h>

#include "bfcp/message.h"
#include "core/hex.h"

static const struct ms_bfcp_header header = {
	.version = MS_BFCP_RELIABLE, .conference = 0x01020304, .transaction = 0x0a0b, .user = 0x0c0d
};

static size_t begin(struct ms_buf *b, uint8_t primitive)
{
	struct ms_bfcp_header h = header;

	h.primitive = primitive;
	ms_buf_init(b, 4096);
	return ms_bfcp_open(b, &h);
}

static void assert_hex(const struct ms_buf *b, const char *hex)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf want;

	ms_buf_init(&want, 4096);
	assert_int_equal(ms_hex_decode(&want, ms_span_str(hex)), 0);
	assert_int_equal(b->len, want.len);
	assert_memory_equal(b->p, want.p, want.len);
}

/* Each octet as figures 5 to 22 lay it out. */
static void test_layout(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	size_t mark = begin(&b, MS_BFCP_FLOOR_REQUEST);

	ms_bfcp_put_id(&b, MS_BFCP_FLOOR_ID, 0x0102);
	ms_bfcp_put_id(&b, MS_BFCP_BENEFICIARY_ID, 3);
	ms_bfcp_put_octets(&b, MS_BFCP_PARTICIPANT_PROVIDED_INFO, MS_SPAN_LIT("hi you"));
	ms_bfcp_put_priority(&b, 4);
	ms_bfcp_close(&b, mark);
	assert_int_equal(ms_buf_status(&b), 0);
	assert_hex(&b, "20010005"
		       "01020304"
		       "0a0b0c0d"
		       "05040102"
		       "03040003"
		       "1008686920796f75"
		       "09048000");
}

static void test_grouped(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	size_t mark = begin(&b, MS_BFCP_FLOOR_REQUEST_STATUS), g, inner;
	struct ms_bfcp_attribute a, part;
	struct ms_bfcp_message m;

	g = ms_bfcp_open_group(&b, MS_BFCP_FLOOR_REQUEST_INFORMATION, 9);
	inner = ms_bfcp_open_group(&b, MS_BFCP_OVERALL_REQUEST_STATUS, 9);
	ms_bfcp_put_status(&b, MS_BFCP_ACCEPTED, 2);
	ms_bfcp_close_group(&b, inner);
	inner = ms_bfcp_open_group(&b, MS_BFCP_FLOOR_REQUEST_STATUS_ATTRIBUTE, 7);
	ms_bfcp_close_group(&b, inner);
	ms_bfcp_close_group(&b, g);
	ms_bfcp_close(&b, mark);
	assert_hex(&b, "20040004"
		       "01020304"
		       "0a0b0c0d"
		       "1f100009"
		       "25080009"
		       "0b040202"
		       "23040007");

	assert_int_equal(ms_bfcp_parse(ms_buf_span(&b), &m, NULL), 0);
	assert_int_equal(m.header.payload, 4);
	assert_int_equal(m.header.conference, 0x01020304);
	assert_true(ms_bfcp_find(m.attributes, MS_BFCP_FLOOR_REQUEST_INFORMATION, &a));
	assert_int_equal(a.value, 9);
	assert_true(ms_bfcp_find(a.inner, MS_BFCP_OVERALL_REQUEST_STATUS, &part));
	assert_true(ms_bfcp_find(part.inner, MS_BFCP_REQUEST_STATUS, &part));
	assert_int_equal(part.value, MS_BFCP_ACCEPTED);
	assert_int_equal(part.queue, 2);
	assert_false(ms_bfcp_find(m.attributes, MS_BFCP_FLOOR_ID, &a));
}

/* The smallest proper message of each primitive, in both versions. */
static void put_least(struct ms_buf *b, unsigned primitive)
{
	static const uint8_t list[] = { 1, 2, 3 };
	size_t g, i;

	switch (primitive) {
	case MS_BFCP_FLOOR_REQUEST:
		ms_bfcp_put_id(b, MS_BFCP_FLOOR_ID, 1);
		break;
	case MS_BFCP_FLOOR_RELEASE:
	case MS_BFCP_FLOOR_REQUEST_QUERY:
		ms_bfcp_put_id(b, MS_BFCP_FLOOR_REQUEST_ID, 1);
		break;
	case MS_BFCP_FLOOR_REQUEST_STATUS:
	case MS_BFCP_CHAIR_ACTION:
		g = ms_bfcp_open_group(b, MS_BFCP_FLOOR_REQUEST_INFORMATION, 1);
		i = ms_bfcp_open_group(b, MS_BFCP_FLOOR_REQUEST_STATUS_ATTRIBUTE, 1);
		ms_bfcp_close_group(b, i);
		ms_bfcp_close_group(b, g);
		break;
	case MS_BFCP_HELLO_ACK:
		ms_bfcp_put_octets(b, MS_BFCP_SUPPORTED_PRIMITIVES, ms_span_of(list, 3));
		ms_bfcp_put_octets(b, MS_BFCP_SUPPORTED_ATTRIBUTES, ms_span_of(list, 3));
		break;
	case MS_BFCP_ERROR:
		ms_bfcp_put_error(b, MS_BFCP_UNKNOWN_MANDATORY_ATTRIBUTE, ms_span_of(list, 2));
		break;
	default:
		break;
	}
}

static bool needs_something(unsigned primitive)
{
	struct ms_buf b;
	size_t len;

	ms_buf_init(&b, 1024);
	put_least(&b, primitive);
	len = b.len;
	ms_buf_done(&b);
	return len > 0;
}

static void test_every_primitive(void **state MS_UNUSED)
{
	for (unsigned version = 1; version <= 2; version++) {
		for (unsigned p = 1; p <= MS_BFCP_PRIMITIVES; p++) {
			MS_CLEANUP(ms_buf_done) struct ms_buf b;
			struct ms_bfcp_header h = header;
			struct ms_bfcp_message m;
			struct ms_fault f = { 0 };
			size_t mark;

			h.version = (uint8_t)version;
			h.primitive = (uint8_t)p;
			h.response = true;
			ms_buf_init(&b, 1024);
			mark = ms_bfcp_open(&b, &h);
			put_least(&b, p);
			ms_bfcp_close(&b, mark);
			assert_int_equal(ms_bfcp_parse(ms_buf_span(&b), &m, &f), 0);
			assert_int_equal(m.header.primitive, p);
			assert_int_equal(m.header.version, version);
			assert_int_equal(m.header.response, version == 2);
			assert_non_null(ms_bfcp_primitive_name(p));
			/* Without what it has to have. */
			ms_buf_truncate(&b, MS_BFCP_HEADER);
			ms_bfcp_close(&b, mark);
			assert_int_equal(ms_bfcp_parse(ms_buf_span(&b), &m, &f),
					 needs_something(p) ? -EBADMSG : 0);
		}
	}
	assert_null(ms_bfcp_primitive_name(0));
	assert_null(ms_bfcp_primitive_name(MS_BFCP_PRIMITIVES + 1));
}

static void test_names(void **state MS_UNUSED)
{
	for (unsigned i = 1; i <= MS_BFCP_TYPES; i++)
		assert_non_null(ms_bfcp_type_name(i));
	assert_null(ms_bfcp_type_name(0));
	assert_null(ms_bfcp_type_name(MS_BFCP_TYPES + 1));
	assert_string_equal(ms_bfcp_status_name(MS_BFCP_REVOKED), "Revoked");
	assert_null(ms_bfcp_status_name(0));
	assert_null(ms_bfcp_status_name(8));
	assert_string_equal(ms_bfcp_error_name(9), "Use TLS");
	assert_null(ms_bfcp_error_name(15));
}

static void test_refusals(void **state MS_UNUSED)
{
	static const struct {
		const char *what, *hex;
		int code;
		const char *reason;
	} bad[] = {
		{ "nothing", "", 13, "bfcp_length" },
		{ "half a header", "200b0000", 13, "bfcp_length" },
		{ "version 3", "600b0000010203040a0b0c0d", 12, "bfcp_version" },
		{ "less than it says", "200b0001010203040a0b0c0d", 13, "bfcp_length" },
		{ "more than it says", "200b0000010203040a0b0c0d00000000", 13, "bfcp_length" },
		{ "a fragment", "480b0000010203040a0b0c0d", 10, "bfcp_fragment" },
		{ "primitive 0", "20000000010203040a0b0c0d", 3, "bfcp_primitive" },
		{ "primitive 18", "20120000010203040a0b0c0d", 3, "bfcp_primitive" },
		{ "attribute of 1 octet", "200b0001010203040a0b0c0d50010000", 10,
		  "bfcp_attribute" },
		{ "attribute past the end", "200b0001010203040a0b0c0d50080000", 10,
		  "bfcp_attribute" },
		{ "padding past the end", "200b0001010203040a0b0c0d50050000", 10,
		  "bfcp_attribute" },
		{ "long id", "20010002010203040a0b0c0d0506000100000000", 10, "bfcp_attribute" },
		{ "short id", "20010001010203040a0b0c0d05030100", 10, "bfcp_attribute" },
		{ "two request ids", "20020002010203040a0b0c0d0704000107040002", 10,
		  "bfcp_grammar" },
		{ "group with broken inside", "20040002010203040a0b0c0d1f08000923ff0007", 10,
		  "bfcp_attribute" },
		{ "group without its part", "20040001010203040a0b0c0d1f040009", 10,
		  "bfcp_grammar" },
		{ "unknown mandatory", "200b0001010203040a0b0c0d51040000", 4,
		  "bfcp_unknown_mandatory" },
	};

	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++) {
		MS_CLEANUP(ms_buf_done) struct ms_buf b;
		struct ms_bfcp_message m;
		struct ms_fault f = { 0 };

		ms_buf_init(&b, 256);
		assert_int_equal(ms_hex_decode(&b, ms_span_str(bad[i].hex)), 0);
		if (ms_bfcp_parse(ms_buf_span(&b), &m, &f) != -EBADMSG || f.code != bad[i].code ||
		    strcmp(f.reason, bad[i].reason) != 0)
			fail_msg("%s: %d %s", bad[i].what, f.code, f.reason ? f.reason : "taken");
	}
}

/* What is not mandatory, or stands where the grammar has no place for it, is an extension. */
static void test_extensions(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_bfcp_message m;
	uint8_t types[8];

	ms_buf_init(&b, 256);
	assert_int_equal(
		ms_hex_decode(&b, MS_SPAN_LIT("200b0003010203040a0b0c0d50060102030400000504000b")),
		0);
	assert_int_equal(ms_bfcp_parse(ms_buf_span(&b), &m, NULL), 0);
	assert_int_equal(ms_bfcp_unknown(ms_buf_span(&b), types, sizeof(types)), 0);
	b.p[12] |= 1;
	assert_int_equal(ms_bfcp_parse(ms_buf_span(&b), &m, NULL), -EBADMSG);
	assert_int_equal(ms_bfcp_unknown(ms_buf_span(&b), types, sizeof(types)), 1);
	assert_int_equal(types[0], 40 << 1);
}

static void test_framing(void **state MS_UNUSED)
{
	static const uint8_t m[] = { 0x20, 11, 0, 2, 0, 0, 0, 1, 0, 1, 0, 1 };
	static const uint8_t tls[] = { 0x16, 0x03, 0x01 };
	size_t len = 99;

	assert_int_equal(ms_bfcp_frame(MS_SPAN_NULL, 100, &len), 0);
	assert_int_equal(len, 0);
	assert_int_equal(ms_bfcp_frame(ms_span_of(m, 11), 100, &len), 0);
	assert_int_equal(len, 0);
	assert_int_equal(ms_bfcp_frame(ms_span_of(m, 12), 100, &len), 0);
	assert_int_equal(len, 20);
	assert_int_equal(ms_bfcp_frame(ms_span_of(m, 12), 19, &len), -EMSGSIZE);
	assert_int_equal(ms_bfcp_frame(ms_span_of(tls, 1), 100, &len), -EPROTO);
}

static void test_limits_of_writing(void **state MS_UNUSED)
{
	static const uint8_t text[300];
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	size_t mark = begin(&b, MS_BFCP_ERROR), g;

	ms_bfcp_put_error(&b, 4, ms_span_of(text, 300));
	ms_bfcp_put_octets(&b, MS_BFCP_ERROR_INFO, ms_span_of(text, 300));
	ms_bfcp_close(&b, mark);
	assert_int_equal(ms_buf_status(&b), 0);
	assert_int_equal(b.len, 12 + 256 + 256);
	g = ms_bfcp_open_group(&b, MS_BFCP_BENEFICIARY_INFORMATION, 1);
	ms_bfcp_put_octets(&b, MS_BFCP_USER_URI, ms_span_of(text, 253));
	ms_bfcp_close_group(&b, g);
	assert_int_equal(ms_buf_status(&b), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),          cmocka_unit_test(test_grouped),
		cmocka_unit_test(test_every_primitive), cmocka_unit_test(test_names),
		cmocka_unit_test(test_refusals),        cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_framing),         cmocka_unit_test(test_limits_of_writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
