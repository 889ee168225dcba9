/* SPDX-License-Identifier: Apache-2.0 */
/* MIME values, entities and multiparts. */
#include "ms-test.h"

#include <errno.h>

#include "core/random.h"
#include "mime/multipart.h"
#include "mime/pkcs7.h"

#define LIT MS_SPAN_LIT

static void assert_param(const struct ms_mime_value *v, const char *name, const char *want)
{
	char s[100];

	assert_int_equal(ms_mime_param_str(v, name, s, sizeof(s)), 0);
	assert_string_equal(s, want);
}

static void test_content_type(void **state MS_UNUSED)
{
	struct ms_mime_value v;
	char small[4];

	assert_int_equal(ms_mime_content_type(LIT("text/plain"), &v, NULL), 0);
	assert_true(ms_mime_is(&v, "TEXT", "Plain"));
	assert_true(ms_mime_is(&v, "text", "*"));
	assert_false(ms_mime_is(&v, "text", "html"));
	assert_int_equal(v.n_params, 0);
	assert_int_equal(
		ms_mime_content_type(LIT(" multipart / mixed (a (nested) comment\\)) ;\r\n "
					 "Boundary=\"a \\\"quoted\\\" b\" ; x=y/z ;"),
				     &v, NULL),
		0);
	assert_true(ms_mime_is(&v, "multipart", "mixed"));
	assert_param(&v, "boundary", "a \"quoted\" b");
	assert_param(&v, "X", "y/z");
	assert_int_equal(ms_mime_param_str(&v, "boundary", small, sizeof(small)), -ENOBUFS);
	assert_int_equal(ms_mime_param_str(&v, "x", small, 3), -ENOBUFS);
	assert_int_equal(ms_mime_param_str(&v, "x", small, 4), 0);
	assert_int_equal(ms_mime_param_str(&v, "none", small, 4), -ENOENT);
	assert_null(ms_mime_param(&v, "none"));
}

static void test_bad_content_types(void **state MS_UNUSED)
{
	static const char *const bad[] = {
		"",
		"text",
		"text/",
		"/plain",
		"text/plain x",
		"text/pl ain",
		"text/plain;x",
		"text/plain;x=",
		"text/plain;=y",
		"text/plain;x=\"y",
		"text/plain(",
		"text/plain;;x=y",
		"te\x80t/plain",
		"text/plain;x=y z",
		"text/plain((((((((( )))))))))",
	};
	struct ms_mime_value v;
	struct ms_fault f = { 0 };

	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++)
		assert_int_equal(ms_mime_content_type(ms_span_str(bad[i]), &v, &f), -EBADMSG);
	assert_string_equal(f.reason, "mime_content_type");
	assert_int_equal(ms_mime_content_type(LIT("a/b;x=1;X=2"), &v, &f), -E2BIG);
	assert_int_equal(
		ms_mime_content_type(LIT("a/b;a=1;b=1;c=1;d=1;e=1;f=1;g=1;h=1;i=1;j=1;k=1;l=1;m=1"
					 ";n=1;o=1;p=1;q=1"),
				     &v, &f),
		-E2BIG);
}

static void test_disposition(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_mime_value v;

	assert_int_equal(ms_mime_disposition(LIT("attachment; filename=\"My pic.jpg\"; size=4092"),
					     &v, NULL),
			 0);
	assert_span_str(v.type, "attachment");
	assert_param(&v, "filename", "My pic.jpg");
	assert_param(&v, "size", "4092");
	ms_buf_init(&b, 1000);
	ms_buf_put_str(&b, "attachment");
	ms_mime_put_param(&b, "filename", LIT("a \"b\" \\ c"));
	ms_mime_put_param(&b, "size", LIT("4092"));
	assert_string_equal(ms_buf_cstr(&b),
			    "attachment; filename=\"a \\\"b\\\" \\\\ c\"; size=4092");
	assert_int_equal(ms_mime_disposition(ms_buf_span(&b), &v, NULL), 0);
	assert_param(&v, "filename", "a \"b\" \\ c");
	ms_mime_put_param(&b, "filename", LIT("x\r\nInjected: y"));
	assert_int_equal(ms_buf_status(&b), -EINVAL);
}

static void test_pkcs7(void **state MS_UNUSED)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{ "application/pkcs7-mime; smime-type=auth-enveloped-data; name=smime.p7m", 0 },
		{ "application/pkcs7-mime; smime-type=authEnveloped-data", 0 },
		{ "Application/X-PKCS7-mime; SMIME-TYPE=\"AUTHENVELOPED-DATA\"", 0 },
		{ "application/pkcs7-mime", 0 },
		{ "application/pkcs7-mime; smime-type=enveloped-data", -ENOTSUP },
		{ "application/pkcs7-mime; smime-type=\"auth-enveloped-data "
		  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
		  -ENOTSUP },
		{ "text/plain; smime-type=auth-enveloped-data", -ENOENT },
	};
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_mime_value v;

	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		assert_int_equal(ms_mime_content_type(ms_span_str(cases[i].text), &v, NULL), 0);
		assert_int_equal(ms_mime_pkcs7_check(&v, NULL), cases[i].want);
	}
	ms_buf_init(&b, 100);
	ms_mime_put_pkcs7_type(&b, "auth-enveloped-data");
	assert_string_equal(ms_buf_cstr(&b), cases[0].text);
}

static void test_entity(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_mime_entity e;

	assert_int_equal(ms_mime_read(LIT("Content-Type: text/html;\r\n charset=utf-8\r\n"
					  "X-Other:  folded\r\n\t value \r\n"
					  "content-id: <1@example.com>\r\n"
					  "Content-Description: d\r\n"
					  "Content-Disposition: inline\r\n\r\n<p>x"),
				      NULL, &e, NULL),
			 0);
	assert_true(ms_mime_is(&e.type, "text", "html"));
	assert_span_str(e.content_id, "1@example.com");
	assert_span_str(e.disposition.type, "inline");
	assert_span_str(e.body, "<p>x");
	assert_null(ms_mime_field(&e, "X-None").p);
	ms_buf_init(&b, 100);
	ms_mime_unfold(&b, ms_mime_field(&e, "x-other"));
	assert_string_equal(ms_buf_cstr(&b), "folded value");

	assert_int_equal(ms_mime_read(LIT("\r\njust text"), NULL, &e, NULL), 0);
	assert_true(ms_mime_is(&e.type, "text", "plain"));
	assert_span_str(e.body, "just text");
	assert_int_equal(ms_mime_read(LIT("A: b\n\nlf only\r"), NULL, &e, NULL), 0);
	assert_span_str(e.body, "lf only\r");
	assert_int_equal(ms_mime_read(LIT("A: b"), NULL, &e, NULL), 0);
	assert_int_equal(e.body.len, 0);
	assert_int_equal(ms_mime_read(MS_SPAN_NULL, NULL, &e, NULL), 0);
	assert_int_equal(e.body.len, 0);
}

static void bad_entity(struct ms_span text, const struct ms_mime_limits *l, int want,
		       const char *reason)
{
	struct ms_fault f = { 0 };
	struct ms_mime_entity e;

	assert_int_equal(ms_mime_read(text, l, &e, &f), want);
	assert_string_equal(f.reason, reason);
}

static void test_bad_entities(void **state MS_UNUSED)
{
	struct ms_mime_limits l = { .header_max = 20, .fields_max = 2, .body_max = 10 };

	bad_entity(LIT("no colon\r\n\r\nx"), NULL, -EBADMSG, "mime_field");
	bad_entity(LIT("na me: x\r\n\r\nx"), NULL, -EBADMSG, "mime_field");
	bad_entity(LIT(": x\r\n\r\nx"), NULL, -EBADMSG, "mime_field");
	bad_entity(LIT(" x: y\r\n\r\nx"), NULL, -EBADMSG, "mime_field");
	bad_entity(LIT("Content-Type: a/b\r\nContent-type: c/d\r\n\r\nx"), NULL, -EBADMSG,
		   "mime_field_twice");
	bad_entity(LIT("Content-Type: a\r\n\r\nx"), NULL, -EBADMSG, "mime_content_type");
	bad_entity(LIT("Content-Transfer-Encoding: x-uu\r\n\r\nx"), NULL, -ENOTSUP,
		   "mime_transfer_encoding");
	bad_entity(LIT("A: 1\r\nB: 2\r\nC: 3\r\n\r\n"), &l, -EMSGSIZE, "mime_fields");
	bad_entity(LIT("A: 1234567890123456789\r\n\r\n"), &l, -EMSGSIZE, "mime_header_too_long");
	bad_entity(LIT("A: 1\r\n\r\n12345678901"), &l, -EMSGSIZE, "mime_body_too_long");
}

static void decodes(enum ms_mime_cte cte, const char *text, int want, const char *plain)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, 1000);
	ms_buf_put_u8(&b, '>');
	assert_int_equal(ms_mime_decode(ms_span_str(text), cte, &b), want);
	assert_string_equal(ms_buf_cstr(&b) + 1, want == 0 ? plain : "");
}

static void test_transfer_encodings(void **state MS_UNUSED)
{
	enum ms_mime_cte cte;

	decodes(MS_MIME_CTE_BASE64, "aGVs\r\nbG8=\r\n", 0, "hello");
	decodes(MS_MIME_CTE_BASE64, "aGVsbG8", -EBADMSG, NULL);
	decodes(MS_MIME_CTE_QP, "caf=C3=a9 =3D  \r\nsoft=\r\n line=  \r\n!", 0,
		"caf\xc3\xa9 =\r\nsoft line!");
	decodes(MS_MIME_CTE_QP, "x\n", 0, "x\r\n");
	decodes(MS_MIME_CTE_QP, "a=4", -EBADMSG, NULL);
	decodes(MS_MIME_CTE_QP, "a=zz", -EBADMSG, NULL);
	decodes(MS_MIME_CTE_QP, "a\x80", -EBADMSG, NULL);
	decodes(MS_MIME_CTE_IDENTITY, "as it is", 0, "as it is");
	assert_int_equal(ms_mime_cte_of(LIT(" BASE64 "), &cte), 0);
	assert_int_equal(cte, MS_MIME_CTE_BASE64);
	assert_int_equal(ms_mime_cte_of(MS_SPAN_NULL, &cte), 0);
	assert_int_equal(cte, MS_MIME_CTE_IDENTITY);
	assert_int_equal(ms_mime_cte_of(LIT("gzip"), &cte), -ENOTSUP);
}

static void write_and_read(const struct ms_mime_out *out, const char *cte)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	MS_CLEANUP(ms_buf_done) struct ms_buf body;
	struct ms_mime_entity e;
	struct ms_span field;

	ms_buf_init(&b, 10000);
	ms_buf_init(&body, 10000);
	ms_mime_write(&b, out);
	assert_int_equal(ms_buf_status(&b), 0);
	assert_int_equal(ms_mime_read(ms_buf_span(&b), NULL, &e, NULL), 0);
	field = ms_mime_field(&e, "Content-Transfer-Encoding");
	assert_span_equal(field, ms_span_str(cte));
	assert_int_equal(ms_mime_body(&e, &body), 0);
	assert_span_equal(ms_buf_span(&body), out->body);
	assert_span_equal(e.content_id, out->content_id);
}

static void test_write(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_mime_out out = { .type = LIT("text/plain"), .body = LIT("hello\r\n") };

	write_and_read(&out, "");
	out.content_id = LIT("x@y");
	out.fields = LIT("X-A: b\r\n");
	out.body = LIT("caf\xc3\xa9");
	write_and_read(&out, "binary");
	out.body = LIT("bare\nline");
	write_and_read(&out, "binary");
	out.body = LIT("bare\rline");
	write_and_read(&out, "binary");
	out.body = LIT("nul\0");
	write_and_read(&out, "binary");
	out.base64 = true;
	write_and_read(&out, "base64");
	ms_buf_init(&b, 1000);
	ms_mime_put_text(&b, LIT("a\nb\rc\r\nd\n\n"));
	assert_string_equal(ms_buf_cstr(&b), "a\r\nb\r\nc\r\nd\r\n\r\n");
	out.type = LIT("text/plain\r\nX: y");
	ms_mime_write(&b, &out);
	assert_int_equal(ms_buf_status(&b), -EINVAL);
}

static void test_multipart(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_mime_out part = { .type = LIT("text/plain"), .body = LIT("one\r\n") };
	struct ms_mime_parts it;
	struct ms_mime_entity e;
	struct ms_mime_value type;
	char boundary[40];

	ms_buf_init(&b, 4096);
	assert_int_equal(ms_mime_boundary(&ms_random_system, boundary), 0);
	assert_int_equal(strlen(boundary), 35);
	ms_mime_put_part(&b, boundary, &part);
	part.body = LIT("\0two");
	part.type = LIT("application/octet-stream");
	ms_mime_put_part(&b, boundary, &part);
	ms_mime_put_close(&b, boundary);
	type = (struct ms_mime_value){ .type = LIT("multipart"),
				       .subtype = LIT("mixed"),
				       .param = { { LIT("boundary"), ms_span_str(boundary), 0 } },
				       .n_params = 1 };
	assert_int_equal(ms_mime_parts_open(&it, &type, ms_buf_span(&b), NULL, NULL), 0);
	assert_int_equal(ms_mime_parts_next(&it, &e, NULL), 0);
	assert_span_str(e.body, "one\r\n");
	assert_int_equal(e.depth, 1);
	assert_int_equal(ms_mime_parts_next(&it, &e, NULL), 0);
	assert_span_equal(e.body, LIT("\0two"));
	assert_int_equal(ms_mime_parts_next(&it, &e, NULL), -ENOENT);
	assert_int_equal(ms_mime_find(&type, ms_buf_span(&b), "application", "*", NULL, &e, NULL),
			 0);
	assert_span_equal(e.body, LIT("\0two"));
	assert_int_equal(ms_mime_find(&type, ms_buf_span(&b), "image", "*", NULL, &e, NULL),
			 -ENOENT);
}

/* Nested, boundaries that begin alike, padded delimiters, preamble and epilogue. */
static const char nested[] =
	"preamble --aa\r\n--a \t\r\n\r\nfirst\r\n--aa\r\nnot ours\r\n--a\r\n"
	"Content-Type: multipart/alternative; boundary=\"aa\"\r\n\r\n"
	"--aa\r\nContent-Type: text/html\r\n\r\n<p>\r\n--aa--\r\n"
	"--a\r\nContent-Type: text/x-last\r\n\r\n\r\n--a--  \r\nepilogue --a\r\n";

static void test_nested_multipart(void **state MS_UNUSED)
{
	struct ms_mime_limits l = { .depth_max = 1 }, l3 = { .parts_max = 3 };
	struct ms_mime_parts it, inner;
	struct ms_mime_value type;
	struct ms_mime_entity e;
	struct ms_fault f = { 0 };

	assert_int_equal(ms_mime_content_type(LIT("multipart/mixed;boundary=a"), &type, NULL), 0);
	assert_int_equal(ms_mime_parts_open(&it, &type, ms_span_str(nested), NULL, NULL), 0);
	assert_int_equal(ms_mime_parts_next(&it, &e, NULL), 0);
	assert_span_str(e.body, "first\r\n--aa\r\nnot ours");
	assert_int_equal(ms_mime_parts_next(&it, &e, NULL), 0);
	assert_int_equal(ms_mime_parts_enter(&inner, &it, &e, NULL), 0);
	assert_int_equal(ms_mime_parts_next(&inner, &e, NULL), 0);
	assert_span_str(e.body, "<p>");
	assert_int_equal(e.depth, 2);
	assert_int_equal(ms_mime_parts_next(&inner, &e, NULL), -ENOENT);
	assert_int_equal(ms_mime_parts_next(&it, &e, NULL), 0);
	assert_span_str(e.body, "");
	assert_int_equal(ms_mime_parts_next(&it, &e, NULL), -ENOENT);
	assert_int_equal(ms_mime_find(&type, ms_span_str(nested), "text", "html", NULL, &e, &f), 0);
	assert_int_equal(ms_mime_find(&type, ms_span_str(nested), "text", "html", &l, &e, &f),
			 -EMSGSIZE);
	assert_string_equal(f.reason, "mime_depth");
	/* The budget of parts counts those inside as well. */
	assert_int_equal(ms_mime_find(&type, ms_span_str(nested), "text", "x-last", &l3, &e, &f),
			 -EMSGSIZE);
	assert_string_equal(f.reason, "mime_parts");
	l3.parts_max = 4;
	assert_int_equal(ms_mime_find(&type, ms_span_str(nested), "text", "x-last", &l3, &e, &f),
			 0);
}

static void test_bad_multiparts(void **state MS_UNUSED)
{
	static const struct {
		const char *type;
		const char *body;
		int want;
	} cases[] = {
		{ "multipart/mixed", "--a\r\n\r\nx\r\n--a--", -EBADMSG },
		{ "multipart/mixed;boundary=\"\"", "--\r\n\r\nx\r\n----", -EBADMSG },
		{ "multipart/mixed;boundary=\"a \"", "--a \r\n\r\nx\r\n--a --", -EBADMSG },
		{ "multipart/mixed;boundary=\"a\\\"\"", "--a\"\r\n\r\nx\r\n--a\"--", -EBADMSG },
		{ "multipart/mixed;boundary=a", "no delimiter", -EBADMSG },
		{ "multipart/mixed;boundary=a", "x--a\r\n", -EBADMSG },
		{ "multipart/mixed;boundary=a", "--a--\r\n", -EBADMSG },
		{ "multipart/mixed;boundary=a", "--a\r\n\r\nnever closed", -EBADMSG },
		{ "multipart/mixed;boundary=a", "--a\r\n\r\nx\r\n--a\r\n\r\nnever closed",
		  -EBADMSG },
		{ "multipart/mixed;boundary=a", "--a\r\nbad field\r\n\r\nx\r\n--a--", -EBADMSG },
	};
	struct ms_mime_value type;
	struct ms_mime_entity e;

	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		assert_int_equal(ms_mime_content_type(ms_span_str(cases[i].type), &type, NULL), 0);
		assert_int_equal(ms_mime_find(&type, ms_span_str(cases[i].body), "image", "png",
					      NULL, &e, NULL),
				 cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_content_type),
		cmocka_unit_test(test_bad_content_types),
		cmocka_unit_test(test_disposition),
		cmocka_unit_test(test_pkcs7),
		cmocka_unit_test(test_entity),
		cmocka_unit_test(test_bad_entities),
		cmocka_unit_test(test_transfer_encodings),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_multipart),
		cmocka_unit_test(test_nested_multipart),
		cmocka_unit_test(test_bad_multiparts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
