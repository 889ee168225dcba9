/* SPDX-License-Identifier: Apache-2.0 */
/* Resource lists and copy control: the examples of RFC 4826 and RFC 5364, and what is refused. */
#include "ms-test.h"

#include <errno.h>

#include "mime/resource-lists.h"

#define HEAD                                                                \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                      \
	"<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"\n" \
	"  xmlns:cp=\"urn:ietf:params:xml:ns:copycontrol\">\n"
#define FOOT "</resource-lists>"

/* RFC 5365 section 9, figure 2. */
static const char figure2[] =
	HEAD "<list>\n"
	     "<entry uri=\"sip:bill@example.com\" cp:copyControl=\"to\" />\n"
	     "<entry uri=\"sip:randy@example.net\" cp:copyControl=\"to\" cp:anonymize=\"true\"/>\n"
	     "<entry uri=\"sip:eddy@example.com\" cp:copyControl=\"to\" cp:anonymize=\"true\"/>\n"
	     "<entry uri=\"sip:joe@example.org\" cp:copyControl=\"cc\" />\n"
	     "<entry uri=\"sip:carol@example.net\" cp:copyControl=\"cc\" cp:anonymize=\"true\"/>\n"
	     "<entry uri=\"sip:ted@example.net\" cp:copyControl=\"bcc\" />\n"
	     "<entry uri=\"sip:andy@example.com\"/>\n"
	     "</list>\n" FOOT;

static int read_text(const char *xml, struct ms_resource_lists *l, struct ms_fault *f)
{
	return ms_resource_lists_read(ms_span_str(xml), NULL, l, f);
}

static void reads_copy_control(void **state)
{
	static const enum ms_copy_control copies[] = { MS_COPY_TO, MS_COPY_TO, MS_COPY_TO,
						       MS_COPY_CC, MS_COPY_CC, MS_COPY_BCC,
						       MS_COPY_BCC };
	MS_CLEANUP(ms_resource_lists_done) struct ms_resource_lists l = { 0 };

	(void)state;
	assert_int_equal(read_text(figure2, &l, NULL), 0);
	assert_int_equal(l.n, 7);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(l.entry[i].copy, copies[i]);
	assert_span_str(l.entry[3].uri, "sip:joe@example.org");
	assert_true(l.entry[2].anonymize);
	assert_false(l.entry[3].anonymize);
	assert_true(l.entry[5].copy_given);
	assert_false(l.entry[6].copy_given);
}

/* RFC 5365 section 9, figure 3: the order and the counts. */
static void writes_history(void **state)
{
	static const struct {
		const char *uri;
		enum ms_copy_control copy;
		uint32_t count;
	} want[] = { { "sip:bill@example.com", MS_COPY_TO, 1 },
		     { MS_RESOURCE_ANONYMOUS, MS_COPY_TO, 2 },
		     { "sip:joe@example.org", MS_COPY_CC, 1 },
		     { MS_RESOURCE_ANONYMOUS, MS_COPY_CC, 1 } };
	MS_CLEANUP(ms_resource_lists_done) struct ms_resource_lists l = { 0 }, h = { 0 };
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	(void)state;
	ms_buf_init(&b, 65536);
	assert_int_equal(read_text(figure2, &l, NULL), 0);
	assert_true(ms_resource_lists_history(&b, l.entry, l.n));
	assert_int_equal(ms_buf_status(&b), 0);
	assert_int_equal(read_text(ms_buf_cstr(&b), &h, NULL), 0);
	assert_int_equal(h.n, MS_ARRAY_SIZE(want));
	for (size_t i = 0; i < h.n; i++) {
		assert_span_str(h.entry[i].uri, want[i].uri);
		assert_int_equal(h.entry[i].copy, want[i].copy);
		assert_int_equal(h.entry[i].count, want[i].count);
	}
}

static void no_history_of_blind_copies(void **state)
{
	MS_CLEANUP(ms_resource_lists_done) struct ms_resource_lists l = { 0 };
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	(void)state;
	ms_buf_init(&b, 65536);
	assert_int_equal(read_text(HEAD
				   "<list><entry uri=\"sip:a@b\" cp:anonymize=\"1\"/></list>" FOOT,
				   &l, NULL),
			 0);
	assert_false(ms_resource_lists_history(&b, l.entry, l.n));
	assert_int_equal(b.len, 0);
}

/* RFC 4826 section 3.3, but for what refers elsewhere: nested lists, names, languages, any prefix. */
static void reads_nested_lists(void **state)
{
	static const char xml[] =
		"<rl:resource-lists xmlns:rl=\"urn:ietf:params:xml:ns:resource-lists\" "
		"xmlns:x=\"urn:x\">"
		"<!-- friends --><rl:list name=\"friends &amp; more\">"
		"<rl:display-name xml:lang=\"en\">Friends</rl:display-name>"
		"<rl:entry uri=\"sip:bill@example.com\" x:copyControl=\"none\">"
		"<rl:display-name> Bill &lt;Doe&gt; </rl:display-name><x:other><x:in/></x:other></rl:entry>"
		"<rl:list name=\"close\"><rl:entry uri=\"sip:joe@example.com\" "
		"xmlns:c=\"urn:ietf:params:xml:ns:copycontrol\" c:copyControl=\"cc\"/></rl:list>"
		"</rl:list></rl:resource-lists>";
	MS_CLEANUP(ms_resource_lists_done) struct ms_resource_lists l = { 0 };

	(void)state;
	assert_int_equal(read_text(xml, &l, NULL), 0);
	assert_int_equal(l.n, 2);
	assert_span_str(l.name, "friends & more");
	assert_span_str(l.entry[0].display_name, "Bill <Doe>");
	assert_int_equal(l.entry[0].copy, MS_COPY_BCC);
	assert_int_equal(l.entry[1].copy, MS_COPY_CC);
}

static void refuses(void **state)
{
	static const struct {
		const char *xml;
		int err;
		const char *reason;
	} cases[] = {
		{ "", -EBADMSG, "resource_lists_xml" },
		{ "<list/>", -EBADMSG, "resource_lists_xml" },
		{ "<resource-lists><list/></resource-lists>", -EBADMSG, "resource_lists_xml" },
		{ HEAD "<list><entry/></list>" FOOT, -EBADMSG, "resource_lists_xml" },
		{ HEAD "<list><entry uri=\"\"/></list>" FOOT, -EBADMSG, "resource_lists_xml" },
		{ HEAD "<list><entry uri=\"a\" uri=\"b\"/></list>" FOOT, -EBADMSG,
		  "resource_lists_xml" },
		{ HEAD "<list><entry uri=\"a\" cp:copyControl=\"all\"/></list>" FOOT, -EBADMSG,
		  "resource_lists_xml" },
		{ HEAD "<list><entry uri=\"a\" cp:count=\"-1\"/></list>" FOOT, -EBADMSG,
		  "resource_lists_xml" },
		{ HEAD "<list><entry uri=\"a\" cp:anonymize=\"yes\"/></list>" FOOT, -EBADMSG,
		  "resource_lists_xml" },
		{ HEAD "<entry uri=\"sip:a@b\"/>" FOOT, -EBADMSG, "resource_lists_xml" },
		{ HEAD "<list>text</list>" FOOT, -EBADMSG, "resource_lists_xml" },
		{ HEAD "<list><entry uri=\"sip:a@b\"/></list>", -EBADMSG, "resource_lists_xml" },
		{ HEAD "<list><entry uri=\"&#10;x\"/><entry uri=\"a&#1;b\"/></list>" FOOT, -EBADMSG,
		  "resource_lists_xml" },
		{ HEAD "<list><entry-ref ref=\"a/b\"/></list>" FOOT, -ENOTSUP,
		  "resource_lists_reference" },
		{ HEAD "<list><external anchor=\"http://x/\"/></list>" FOOT, -ENOTSUP,
		  "resource_lists_reference" },
		{ HEAD "<list><list><list><list><list/></list></list></list></list>" FOOT,
		  -EMSGSIZE, "resource_lists_depth" },
		/* A bomb: entities need a DTD, and there is none. */
		{ "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]>"
		  "<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\">"
		  "<list><entry uri=\"&b;\"/></list></resource-lists>",
		  -EBADMSG, "resource_lists_xml" },
		{ HEAD "<list><entry uri=\"&b;\"/></list>" FOOT, -EBADMSG, "resource_lists_xml" },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		struct ms_resource_lists l = { 0 };
		struct ms_fault f = { 0 };

		assert_int_equal(read_text(cases[i].xml, &l, &f), cases[i].err);
		assert_string_equal(f.reason, cases[i].reason);
		assert_null(l.entry);
	}
}

/* 100,000 recipients: refused at the limit, and read where the limit allows it. */
static void bounds_entries(void **state)
{
	struct ms_resource_limits small = { .octets = 16 << 20, .entries = 1000 };
	struct ms_resource_limits large = { .octets = 16 << 20, .entries = 100000 };
	MS_CLEANUP(ms_resource_lists_done) struct ms_resource_lists l = { 0 };
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_fault f = { 0 };

	(void)state;
	ms_buf_init(&b, 16 << 20);
	ms_buf_put_str(&b, HEAD "<list>");
	for (unsigned i = 0; i < 100000; i++)
		ms_buf_printf(&b, "<entry uri=\"sip:u%u@example.com\"/>", i);
	ms_buf_put_str(&b, "</list>" FOOT);
	assert_int_equal(ms_resource_lists_read(ms_buf_span(&b), &small, &l, &f), -E2BIG);
	assert_string_equal(f.reason, "resource_lists_entries");
	assert_int_equal(ms_resource_lists_read(ms_buf_span(&b), NULL, &l, &f), -EMSGSIZE);
	assert_string_equal(f.reason, "resource_lists_octets");
	assert_int_equal(ms_resource_lists_read(ms_buf_span(&b), &large, &l, &f), 0);
	assert_int_equal(l.n, 100000);
	assert_span_str(l.entry[99999].uri, "sip:u99999@example.com");
}

static void writes_and_reads(void **state)
{
	const struct ms_resource_entry e = { .uri = MS_SPAN_LIT("sip:a&\"<>b@example.com"),
					     .display_name = MS_SPAN_LIT("Zo\xc3\xab <x>"),
					     .copy = MS_COPY_CC,
					     .copy_given = true,
					     .anonymize = true,
					     .count = 3 };
	const struct ms_resource_entry bad = { .uri = MS_SPAN_LIT("sip:a\r\nb") };
	MS_CLEANUP(ms_resource_lists_done) struct ms_resource_lists l = { 0 };
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	(void)state;
	ms_buf_init(&b, 65536);
	ms_resource_lists_write(&b, MS_SPAN_LIT("team"), &e, 1);
	assert_int_equal(read_text(ms_buf_cstr(&b), &l, NULL), 0);
	assert_int_equal(l.n, 1);
	assert_span_str(l.name, "team");
	assert_span_equal(l.entry[0].uri, e.uri);
	assert_span_equal(l.entry[0].display_name, e.display_name);
	assert_int_equal(l.entry[0].copy, MS_COPY_CC);
	assert_int_equal(l.entry[0].count, 3);
	assert_true(l.entry[0].anonymize);
	ms_resource_lists_write(&b, MS_SPAN_NULL, &bad, 1);
	assert_int_equal(ms_buf_status(&b), -EINVAL);
}

static int once(void *arg)
{
	struct ms_resource_lists l = { 0 };
	int err = read_text(arg, &l, NULL);

	ms_resource_lists_done(&l);
	return err;
}

static void survives_no_memory(void **state)
{
	(void)state;
	assert_true(ms_test_torture(once, (void *)(uintptr_t)figure2) >= 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_copy_control),
		cmocka_unit_test(writes_history),
		cmocka_unit_test(no_history_of_blind_copies),
		cmocka_unit_test(reads_nested_lists),
		cmocka_unit_test(refuses),
		cmocka_unit_test(bounds_entries),
		cmocka_unit_test(writes_and_reads),
		cmocka_unit_test(survives_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
