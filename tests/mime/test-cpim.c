/* SPDX-License-Identifier: Apache-2.0 */
/* message/cpim and message/imdn+xml. */
#include "ms-test.h"

#include <errno.h>

#include "mime/cpim.h"
#include "mime/imdn.h"

#define LIT MS_SPAN_LIT

/* After the example of RFC 3862 section 5.1. */
static const char example[] =
	"From: MR SANDERS <im:piglet@100akerwood.com>\r\n"
	"To: Depressed Donkey <im:eeyore@100akerwood.com>\r\n"
	"DateTime: 2000-12-13T13:40:00-08:00\r\n"
	"Subject: the weather will be fine today\r\n"
	"Subject:;lang=fr beau temps prevu pour aujourd'hui\r\n"
	"cc: <im:pooh@100akerwood.com>\r\n"
	"To: \"A <B>\" <im:ab@100akerwood.com>\r\n"
	"NS: MyFeatures <mid:MessageFeatures@id.foo.com>\r\n"
	"MyFeatures.VitalMessageOption: Confirmation-requested\r\n"
	"NS: i <urn:ietf:params:imdn>\r\n"
	"i.Message-ID: 34jk324j\r\n"
	"i.Disposition-Notification: positive-delivery , display;x=y, other\r\n"
	"Require: Subject,i.Message-ID\r\n"
	"\r\n"
	"Content-type: text/xml; charset=utf-8\r\n"
	"Content-ID: <1234567890@foo.com>\r\n"
	"\r\n"
	"<body>\r\n";

static void test_read(void **state MS_UNUSED)
{
	struct ms_cpim m;
	struct ms_fault f = { 0 };

	assert_int_equal(ms_cpim_read(ms_span_str(example), NULL, &m, &f), 0);
	assert_span_str(m.from.name, "MR SANDERS");
	assert_span_str(m.from.uri, "im:piglet@100akerwood.com");
	assert_int_equal(m.n_to, 3);
	assert_int_equal(m.n_cc, 1);
	assert_span_str(m.to[0].uri, "im:eeyore@100akerwood.com");
	assert_span_str(m.to[1].uri, "im:ab@100akerwood.com");
	assert_span_str(m.to[1].name, "A <B>");
	assert_span_str(m.to[2].uri, "im:pooh@100akerwood.com");
	assert_span_str(m.date_time, "2000-12-13T13:40:00-08:00");
	assert_span_str(m.subject, "the weather will be fine today");
	assert_span_str(m.message_id, "34jk324j");
	assert_int_equal(m.wishes, MS_IMDN_WISH_POSITIVE | MS_IMDN_WISH_DISPLAY);
	assert_true(ms_mime_is(&m.content.type, "text", "xml"));
	assert_span_str(m.content.body, "<body>\r\n");
	assert_true(ms_span_starts(m.headers, LIT("From: MR")));
}

static void bad(const char *text, int want, const char *reason)
{
	struct ms_fault f = { 0 };
	struct ms_cpim m;

	assert_int_equal(ms_cpim_read(ms_span_str(text), NULL, &m, &f), want);
	assert_string_equal(f.reason, reason);
}

static void test_bad(void **state MS_UNUSED)
{
	bad("", -EBADMSG, "cpim_no_content");
	bad("From: <im:a@b>\r\n", -EBADMSG, "cpim_no_content");
	bad("no header\r\n\r\n\r\n", -EBADMSG, "cpim_header");
	bad("From: <im:a@b>\r\nFrom: <im:c@d>\r\n\r\n", -EBADMSG, "cpim_header_twice");
	bad("From: im:a@b\r\n\r\n", -EBADMSG, "cpim_address");
	bad("From: <>\r\n\r\n", -EBADMSG, "cpim_address");
	bad("From: <im:a b>\r\n\r\n", -EBADMSG, "cpim_address");
	bad("From: \"<im:a>\r\n\r\n", -EBADMSG, "cpim_address");
	bad("From: <im:a@b> x\r\n\r\n", -EBADMSG, "cpim_address");
	bad("DateTime: yesterday\r\n\r\n", -EBADMSG, "cpim_date_time");
	bad("DateTime: 2000-12-13T13:40:00\r\n\r\n", -EBADMSG, "cpim_date_time");
	bad("DateTime: 2000-12-13T13:40:00Zx\r\n\r\n", -EBADMSG, "cpim_date_time");
	bad("Subject: a\x01\r\n\r\n", -EBADMSG, "cpim_header");
	bad("Subject: \xff\r\n\r\n", -EBADMSG, "cpim_header");
	bad("Require: vital\r\n\r\n", -ENOTSUP, "cpim_require");
	bad("Require: imdn.Message-ID\r\n\r\n", -ENOTSUP, "cpim_require");
	bad("NS: x\r\n\r\n", -EBADMSG, "cpim_ns");
	bad("NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: \r\n\r\n", -EBADMSG,
	    "cpim_message_id");
	bad("Subject: x\r\n\r\nContent-Type: bad\r\n\r\n", -EBADMSG, "mime_content_type");
}

/* Another name space takes nothing from the core one. */
static void test_name_spaces(void **state MS_UNUSED)
{
	struct ms_cpim m;

	assert_int_equal(ms_cpim_read(LIT("NS: <urn:other>\r\nFrom: not an address\r\n"
					  "NS: x <urn:ietf:params:cpim-headers:>\r\n"
					  "x.From: <im:a@b>\r\n\r\n\r\nhi"),
				      NULL, &m, NULL),
			 0);
	assert_span_str(m.from.uri, "im:a@b");
	assert_span_str(m.content.body, "hi");
	assert_int_equal(
		ms_cpim_read(LIT("imdn.Message-ID: x\r\nfrom: x\r\n\r\n\r\nhi"), NULL, &m, NULL),
		0);
	assert_int_equal(m.message_id.len, 0);
}

static void test_write(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_cpim_out out = {
		.from = { LIT("Alice \"A\""), LIT("sip:alice@example.com") },
		.to = { MS_SPAN_NULL, LIT("sip:bob@example.com") },
		.subject = LIT("caf\xc3\xa9"),
		.date_time = LIT("2026-11-20T06:45:00.123Z"),
		.message_id = LIT("abc"),
		.wishes = MS_IMDN_WISH_POSITIVE | MS_IMDN_WISH_NEGATIVE,
		.content = { .type = LIT("text/plain"), .body = LIT("hello") },
	};
	struct ms_cpim m;

	ms_buf_init(&b, 4096);
	ms_cpim_write(&b, &out);
	assert_string_equal(
		ms_buf_cstr(&b),
		"From: \"Alice \\\"A\\\"\" <sip:alice@example.com>\r\n"
		"To: <sip:bob@example.com>\r\n"
		"DateTime: 2026-11-20T06:45:00.123Z\r\n"
		"Subject: caf\xc3\xa9\r\n"
		"NS: imdn <urn:ietf:params:imdn>\r\n"
		"imdn.Message-ID: abc\r\n"
		"imdn.Disposition-Notification: positive-delivery, negative-delivery\r\n"
		"\r\n"
		"Content-Type: text/plain\r\n\r\nhello");
	assert_int_equal(ms_cpim_read(ms_buf_span(&b), NULL, &m, NULL), 0);
	assert_span_str(m.from.uri, "sip:alice@example.com");
	assert_span_str(m.message_id, "abc");
	assert_int_equal(m.wishes, out.wishes);
	assert_span_str(m.content.body, "hello");
	out.to.uri = LIT("sip:b>\r\nX: y");
	ms_cpim_write(&b, &out);
	assert_int_equal(ms_buf_status(&b), -EINVAL);
}

static void test_imdn(void **state MS_UNUSED)
{
	struct ms_imdn n = { .message_id = "34jk<&\"324j",
			     .date_time = "2008-04-04T12:16:49-05:00",
			     .recipient_uri = "im:bob@example.com",
			     .kind = MS_IMDN_DELIVERY,
			     .status = MS_IMDN_DELIVERED };
	struct ms_imdn r;

	for (int k = MS_IMDN_DELIVERY; k <= MS_IMDN_PROCESSING; k++) {
		for (int s = MS_IMDN_DELIVERED; s <= MS_IMDN_ERROR; s++) {
			MS_CLEANUP(ms_buf_done) struct ms_buf b;

			n.kind = (enum ms_imdn_kind)k;
			n.status = (enum ms_imdn_status)s;
			ms_buf_init(&b, 4096);
			ms_imdn_write(&b, &n);
			if (ms_buf_status(&b) < 0)
				continue;
			assert_int_equal(ms_imdn_read(ms_buf_span(&b), &r, NULL), 0);
			assert_string_equal(r.message_id, n.message_id);
			assert_string_equal(r.date_time, n.date_time);
			assert_string_equal(r.recipient_uri, n.recipient_uri);
			assert_string_equal(r.subject, "");
			assert_int_equal(r.kind, k);
			assert_int_equal(r.status, s);
		}
	}
	{
		MS_CLEANUP(ms_buf_done) struct ms_buf b;

		ms_buf_init(&b, 4096);
		n.kind = MS_IMDN_DISPLAY;
		n.status = MS_IMDN_DELIVERED;
		ms_imdn_write(&b, &n);
		assert_int_equal(ms_buf_status(&b), -EINVAL);
	}
}

#define ROOT "<imdn xmlns='urn:ietf:params:xml:ns:imdn'>"
#define HEAD "<message-id>1</message-id><datetime>2</datetime>"
#define DONE "<display-notification><status><displayed/></status></display-notification></imdn>"

static void test_imdn_forms(void **state MS_UNUSED)
{
	struct ms_imdn n;

	assert_int_equal(ms_imdn_read(LIT("\xef\xbb\xbf<?xml version='1.0'?>\n<!-- c --> " ROOT HEAD
					  "<subject>&#x41;&amp;&#66;</subject>"
					  "<x:y xmlns:x='urn:z'><x:deep>text</x:deep></x:y>" DONE
					  "\n<!-- end -->\n"),
				      &n, NULL),
			 0);
	assert_string_equal(n.subject, "A&B");
	assert_int_equal(n.status, MS_IMDN_DISPLAYED);
	assert_int_equal(
		ms_imdn_read(LIT("<i:imdn xmlns:i=\"urn:ietf:params:xml:ns:imdn\"><i:message-id>"
				 "1</i:message-id><i:datetime>2</i:datetime>"
				 "<i:delivery-notification><i:status><i:failed></i:failed>"
				 "</i:status></i:delivery-notification></i:imdn>"),
			     &n, NULL),
		0);
	assert_int_equal(n.status, MS_IMDN_FAILED);
}

static void test_bad_imdn(void **state MS_UNUSED)
{
	static const char *const bad_ones[] = {
		"",
		"text",
		"<imdn>" HEAD DONE,
		"<imdn xmlns='urn:other'>" HEAD DONE,
		ROOT DONE,
		ROOT HEAD "</imdn>",
		ROOT HEAD DONE "x",
		ROOT HEAD DONE "<a/>",
		ROOT HEAD HEAD DONE,
		ROOT "<message-id>1</datetime>" DONE,
		ROOT HEAD "<unknown/>" DONE,
		ROOT HEAD "text" DONE,
		ROOT HEAD
		"<display-notification><status><delivered/></status></display-notification>"
		"</imdn>",
		ROOT HEAD "<display-notification><status><displayed/><error/></status>"
			  "</display-notification></imdn>",
		"<!DOCTYPE imdn [<!ENTITY a 'b'>]>" ROOT HEAD DONE,
		"<?xml version='1.0'?><?php x?>" ROOT HEAD DONE,
		ROOT "<message-id>&a;</message-id><datetime>2</datetime>" DONE,
		ROOT "<message-id>&#0;</message-id><datetime>2</datetime>" DONE,
		ROOT "<message-id>&#xd800;</message-id><datetime>2</datetime>" DONE,
		ROOT "<message-id><![CDATA[x]]></message-id><datetime>2</datetime>" DONE,
		ROOT "<message-id>\xff</message-id><datetime>2</datetime>" DONE,
		ROOT HEAD
		"<x:a><x:a><x:a><x:a><x:a><x:a><x:a><x:a></x:a></x:a></x:a></x:a></x:a></x:a>"
		"</x:a></x:a>" DONE,
		ROOT HEAD "<display-notification>",
	};
	struct ms_fault f = { 0 };
	struct ms_imdn n;

	for (size_t i = 0; i < MS_ARRAY_SIZE(bad_ones); i++) {
		if (ms_imdn_read(ms_span_str(bad_ones[i]), &n, &f) != -EBADMSG)
			fail_msg("taken: %s", bad_ones[i]);
		assert_string_equal(f.reason, "imdn_xml");
	}
}

static void test_imdn_too_long(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_fault f = { 0 };
	struct ms_imdn n;

	ms_buf_init(&b, 10000);
	ms_buf_put_str(&b, ROOT "<message-id>");
	for (int i = 0; i < MS_IMDN_TEXT_MAX; i++)
		ms_buf_put_u8(&b, 'x');
	ms_buf_put_str(&b, "</message-id><datetime>2</datetime>" DONE);
	assert_int_equal(ms_imdn_read(ms_buf_span(&b), &n, &f), -EMSGSIZE);
	assert_string_equal(f.reason, "imdn_too_long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),        cmocka_unit_test(test_bad),
		cmocka_unit_test(test_name_spaces), cmocka_unit_test(test_write),
		cmocka_unit_test(test_imdn),        cmocka_unit_test(test_imdn_forms),
		cmocka_unit_test(test_bad_imdn),    cmocka_unit_test(test_imdn_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
