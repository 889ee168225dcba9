/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, URIs, parameters, warnings and the digest computation; no network. */
#include "ms-test.h"

#include <errno.h>

#include "sip/sip-priv.h"

static struct ms_sip_address address(const char *text)
{
	struct ms_sip_address a;

	assert_int_equal(ms_sip_address_parse(ms_span_str(text), &a), 0);
	return a;
}

/* Examples of RFC 3261 sections 20.10 and 20.20. */
static void test_addresses(void **state MS_UNUSED)
{
	struct ms_span v;
	struct ms_sip_address a = address(
		"\"Mr. Watson\" <sip:watson@worcester.bell-telephone.com>;q=0.7; expires=3600");

	assert_span_str(a.display, "Mr. Watson");
	assert_span_str(a.uri, "sip:watson@worcester.bell-telephone.com");
	assert_true(ms_sip_param(a.params, "expires", &v));
	assert_span_str(v, "3600");
	assert_false(ms_sip_param(a.params, "tag", &v));
	a = address("sip:+12125551212@server.phone2net.com;tag=887s");
	assert_span_str(a.uri, "sip:+12125551212@server.phone2net.com");
	assert_true(ms_sip_param(a.params, "tag", &v));
	assert_span_str(v, "887s");
	a = address("Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8");
	assert_span_str(a.display, "Anonymous");
	a = address("\"<evil> \\\", \" <sip:a@b;x=y>, <sip:c@d>");
	assert_span_str(a.uri, "sip:a@b;x=y");
	assert_int_equal(a.params.len, 0);
}

static void test_bad_addresses(void **state MS_UNUSED)
{
	static const char *const bad[] = { "",         "<sip:a@b",   "\"open <sip:a@b>",
					   "nonsense", "<sip:a@b>x", "\"a\" b <sip:a@b>",
					   "sip:a b" };
	struct ms_sip_address a;

	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++)
		assert_int_equal(ms_sip_address_parse(ms_span_str(bad[i]), &a), -EBADMSG);
}

/* RFC 3261 section 19.1.3. */
static void test_uris(void **state MS_UNUSED)
{
	struct ms_sip_uri u;
	struct ms_span v;

	assert_int_equal(ms_sip_uri_parse(MS_SPAN_LIT("sip:alice:secretword@atlanta.com;"
						      "transport=tcp"),
					  &u),
			 0);
	assert_span_str(u.host, "atlanta.com");
	assert_true(ms_sip_param(u.params, "transport", &v));
	assert_span_str(v, "tcp");
	assert_int_equal(
		ms_sip_uri_parse(MS_SPAN_LIT("sips:alice@atlanta.com?subject=project%20x"), &u), 0);
	assert_true(u.secure);
	assert_span_str(u.headers, "?subject=project%20x");
	assert_int_equal(
		ms_sip_uri_parse(MS_SPAN_LIT("sip:atlanta.com;method=REGISTER?to=a%40b"), &u), 0);
	assert_int_equal(u.user.len, 0);
	assert_int_equal(ms_sip_uri_parse(MS_SPAN_LIT("sip:alice;day=tuesday@atlanta.com"), &u), 0);
	assert_span_str(u.user, "alice;day=tuesday");
	assert_int_equal(u.params.len, 0);
	assert_int_equal(ms_sip_uri_parse(MS_SPAN_LIT("sip:u@[2001:db8::1]:5062;lr"), &u), 0);
	assert_span_str(u.host, "2001:db8::1");
	assert_int_equal(u.port, 5062);
	assert_true(u.ipv6);
}

static void test_bad_uris(void **state MS_UNUSED)
{
	static const char *const bad[] = {
		"",          "sip:",          "sip:@host", "tel:+1",       "sip:a@[::1",
		"sip:a@h:x", "sip:a@h:70000", "sip:a@h b", "sip:a@[::1]x", "<sip:a@b>"
	};
	struct ms_sip_uri u;

	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++)
		assert_int_equal(ms_sip_uri_parse(ms_span_str(bad[i]), &u), -EBADMSG);
}

static void test_same_uri(void **state MS_UNUSED)
{
	assert_true(ms_sip_uri_same(MS_SPAN_LIT("sip:a@HOST;x=1"), MS_SPAN_LIT("SIP:a@host")));
	assert_false(ms_sip_uri_same(MS_SPAN_LIT("sip:A@host"), MS_SPAN_LIT("sip:a@host")));
	assert_false(ms_sip_uri_same(MS_SPAN_LIT("sips:a@host"), MS_SPAN_LIT("sip:a@host")));
	assert_false(ms_sip_uri_same(MS_SPAN_LIT("sip:a@host:5060"), MS_SPAN_LIT("sip:a@host")));
	assert_false(ms_sip_uri_same(MS_SPAN_LIT("x"), MS_SPAN_LIT("x")));
}

/* RFC 3261 section 20.43. */
static void test_warnings(void **state MS_UNUSED)
{
	struct ms_sip_warning w;

	assert_int_equal(ms_sip_warning_parse(MS_SPAN_LIT("301 isi.edu \"Incompatible network "
							  "address type 'E.164'\""),
					      &w),
			 0);
	assert_int_equal(w.code, 301);
	assert_span_str(w.agent, "isi.edu");
	assert_span_str(w.text, "Incompatible network address type 'E.164'");
	assert_int_equal(ms_sip_warning_parse(MS_SPAN_LIT("39 x \"y\""), &w), -EBADMSG);
	assert_int_equal(ms_sip_warning_parse(MS_SPAN_LIT("399 x y"), &w), -EBADMSG);
	assert_int_equal(ms_sip_warning_parse(MS_SPAN_LIT("399 x \"y"), &w), -EBADMSG);
}

static void test_reasons(void **state MS_UNUSED)
{
	assert_string_equal(ms_sip_reason_of(488), "Not Acceptable Here");
	assert_string_equal(ms_sip_reason_of(499), "Bad Request");
	assert_string_equal(ms_sip_reason_of(7), "Unknown");
}

/* RFC 7616 section 3.9.1, both algorithms. */
static void test_digest(void **state MS_UNUSED)
{
	struct ms_sip_digest_input in = {
		.user = MS_SPAN_LIT("Mufasa"),
		.realm = MS_SPAN_LIT("http-auth@example.org"),
		.password = MS_SPAN_LIT("Circle of Life"),
		.nonce = MS_SPAN_LIT("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
		.method = MS_SPAN_LIT("GET"),
		.uri = MS_SPAN_LIT("/dir/index.html"),
		.cnonce = MS_SPAN_LIT("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
		.nc = MS_SPAN_LIT("00000001"),
	};
	char hex[65];

	assert_int_equal(ms_sip_digest(&in, hex), 0);
	assert_string_equal(hex, "8ca523f5e9506fed4657c9700eebdbec");
	in.sha256 = true;
	assert_int_equal(ms_sip_digest(&in, hex), 0);
	assert_string_equal(hex,
			    "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
}

/* RFC 2069 as corrected by its erratum, kept by RFC 3261 section 22.4 item 8: no qop. */
static void test_digest_without_qop(void **state MS_UNUSED)
{
	struct ms_sip_digest_input in = {
		.user = MS_SPAN_LIT("Mufasa"),
		.realm = MS_SPAN_LIT("testrealm@host.com"),
		.password = MS_SPAN_LIT("CircleOfLife"),
		.nonce = MS_SPAN_LIT("dcd98b7102dd2f0e8b11d0f600bfb0c093"),
		.method = MS_SPAN_LIT("GET"),
		.uri = MS_SPAN_LIT("/dir/index.html"),
	};
	char hex[65];

	assert_int_equal(ms_sip_digest(&in, hex), 0);
	assert_string_equal(hex, "1949323746fe6a43ef61f9606e7febea");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_uris),
		cmocka_unit_test(test_bad_uris),
		cmocka_unit_test(test_same_uri),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_digest_without_qop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
