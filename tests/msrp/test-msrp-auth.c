/* SPDX-License-Identifier: Apache-2.0 */
/* AUTH at a relay: RFC 4976 sections 5.1 and 9.1. The digests were computed elsewhere. */
#include <errno.h>

#include "ms-test.h"
#include "msrp/auth.h"
#include "peers.h"

#define CHALLENGE \
	"WWW-Authenticate: Digest realm=\"intra.example.com\", qop=\"auth\", nonce=\"n0nce\""
#define CNONCE "ms7u52m7djwowdid"
#define RESPONSE_MD5 "b53c7588f0e423a06f2d3dd3f4f15927"
#define RSPAUTH_MD5 "abe46afcb3a0d52c2e3b459b4639c192"
#define RESPONSE_SHA256 "8d100d5b36d00b3124bd6bf3e269398500f70703b4a0b312eb2292494c53de02"
#define USE_PATH "Use-Path: msrps://intra.example.com:9000/jui787s2f;tcp\r\n"

struct relay {
	struct peer_random random;
	struct ms_msrp_conn *conn;
	struct ms_msrp_auth *auth;
	struct ms_buf request; /* the last one */
	unsigned done;
	int err, code;
	uint32_t expires;
	char use_path[200];
};

static void on_done(void *arg, int err, int code, struct ms_span use_path, uint32_t expires)
{
	struct relay *r = arg;

	r->done++;
	r->err = err;
	r->code = code;
	r->expires = expires;
	assert_int_equal(ms_span_to_str(use_path, r->use_path, sizeof(r->use_path)), 0);
}

static int start(struct relay *r, const char *user)
{
	struct ms_msrp_auth_params params = {
		.to_path = MS_SPAN_LIT("msrps://alice@intra.example.com;tcp"),
		.local_uri = MS_SPAN_LIT("msrps://alice.example.com:9892/98cjs;tcp"),
		.user = ms_span_str(user),
		.password = MS_SPAN_LIT("open sesame"),
		.expires = 60,
		.done = on_done,
		.arg = r,
	};
	int err;

	*r = (struct relay){ .err = 1 };
	peer_random_init(&r->random, 1);
	ms_buf_init(&r->request, 4096);
	err = ms_msrp_conn_new(NULL, &r->random.random, &r->conn);
	if (err == 0)
		err = ms_msrp_auth_start(r->conn, &params, &r->random.random, &r->auth);
	return err;
}

static void stop(struct relay *r)
{
	r->auth = ms_msrp_auth_free(r->auth);
	r->conn = ms_msrp_conn_free(r->conn);
	ms_buf_done(&r->request);
}

/* Fetches the request and answers it; `fields` with a CRLF behind each. */
static int answer(struct relay *r, int code, const char *fields)
{
	uint8_t octets[4096];
	size_t n = ms_msrp_conn_output(r->conn, octets, sizeof(octets), MS_SEC), used;
	struct ms_span tid = ms_span_of(octets + 5, 18);
	struct ms_buf b;
	int err;

	ms_buf_reset(&r->request);
	ms_buf_put(&r->request, octets, n);
	if (n < 23)
		return ms_msrp_conn_status(r->conn) < 0 ? ms_msrp_conn_status(r->conn) : -ENODATA;
	ms_buf_init(&b, 4096);
	ms_buf_printf(&b,
		      "MSRP %.*s %d x\r\nTo-Path: msrps://alice.example.com:9892/98cjs;tcp\r\n"
		      "From-Path: msrps://alice@intra.example.com;tcp\r\n%s-------%.*s$\r\n",
		      MS_SPAN_FMT(tid), code, fields, MS_SPAN_FMT(tid));
	err = ms_buf_status(&b);
	if (err == 0)
		err = ms_msrp_conn_input(r->conn, ms_buf_span(&b), MS_SEC, &used);
	ms_buf_done(&b);
	return err;
}

#define assert_request_has(r, text) assert_non_null(strstr(ms_buf_cstr(&(r)->request), (text)))

static void test_success(void **state)
{
	struct relay r;

	(void)state;
	assert_int_equal(start(&r, "Alice"), 0);
	assert_int_equal(answer(&r, 401, CHALLENGE "\r\n"), 0);
	assert_request_has(&r, " AUTH\r\nTo-Path: msrps://alice@intra.example.com;tcp\r\n");
	assert_request_has(&r, "Expires: 60\r\n");
	assert_null(strstr(ms_buf_cstr(&r.request), "Authorization"));
	assert_int_equal(
		answer(&r, 200,
		       USE_PATH
		       "Expires: 900\r\nAuthentication-Info: nextnonce=\"x\", rspauth=\"" RSPAUTH_MD5
		       "\", cnonce=\"" CNONCE "\", nc=00000001, qop=auth\r\n"),
		0);
	assert_request_has(&r,
			   "Authorization: Digest username=\"Alice\", realm=\"intra.example.com\", "
			   "nonce=\"n0nce\", uri=\"msrps://alice@intra.example.com;tcp\"");
	assert_request_has(&r, "qop=auth, nc=00000001, cnonce=\"" CNONCE "\"");
	assert_request_has(&r, "response=\"" RESPONSE_MD5 "\"");
	assert_int_equal(r.done, 1);
	assert_int_equal(r.err, 0);
	assert_int_equal(r.expires, 900);
	assert_string_equal(r.use_path, "msrps://intra.example.com:9000/jui787s2f;tcp");
	stop(&r);
}

static void test_sha256_and_opaque(void **state)
{
	struct relay r;

	(void)state;
	assert_int_equal(start(&r, "Alice"), 0);
	assert_int_equal(answer(&r, 401, CHALLENGE ", algorithm=SHA-256, opaque=\"q\"\r\n"), 0);
	assert_int_equal(answer(&r, 200, USE_PATH), 0);
	assert_request_has(&r, "algorithm=SHA-256");
	assert_request_has(&r, "opaque=\"q\"");
	assert_request_has(&r, "response=\"" RESPONSE_SHA256 "\"");
	assert_int_equal(r.err, 0);
	stop(&r);
}

struct failure {
	const char *user;
	int code1;
	const char *fields1;
	int code2; /* 0: the first answer ends it */
	const char *fields2;
	int err, code;
};

static void test_failures(void **state)
{
	static const struct failure cases[] = {
		{ "Alice", 403, "", 0, "", -EACCES, 403 },
		{ "", 401, CHALLENGE "\r\n", 0, "", -EACCES, 401 },
		{ "Alice", 401, CHALLENGE "\r\n", 401, CHALLENGE "\r\n", -EACCES, 401 },
		/* section 9.1: no Basic, no auth-int, no MD5-sess */
		{ "Alice", 401, "WWW-Authenticate: Basic realm=\"x\"\r\n", 0, "", -EBADMSG, 401 },
		{ "Alice", 401,
		  "WWW-Authenticate: Digest realm=\"x\", nonce=\"y\", qop=\"auth-int\"\r\n", 0, "",
		  -EBADMSG, 401 },
		{ "Alice", 401, CHALLENGE ", algorithm=MD5-sess\r\n", 0, "", -EBADMSG, 401 },
		{ "Alice", 401, "", 0, "", -EBADMSG, 401 },
		{ "Alice", 200, "", 0, "", -EBADMSG, 200 },
		{ "Alice", 200, "Use-Path: nonsense\r\n", 0, "", -EBADMSG, 200 },
		/* the relay does not know the password itself */
		{ "Alice", 401, CHALLENGE "\r\n", 200,
		  USE_PATH "Authentication-Info: rspauth=\"00000000000000000000000000000000\"\r\n",
		  -EBADMSG, 200 },
		{ "Alice", 423, "", 0, "", -EACCES, 423 },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		struct relay r;

		assert_int_equal(start(&r, cases[i].user), 0);
		assert_int_equal(answer(&r, cases[i].code1, cases[i].fields1), 0);
		if (cases[i].code2) {
			assert_int_equal(r.done, 0);
			assert_int_equal(answer(&r, cases[i].code2, cases[i].fields2), 0);
		}
		assert_int_equal(r.done, 1);
		assert_int_equal(r.err, cases[i].err);
		assert_int_equal(r.code, cases[i].code);
		stop(&r);
	}
}

/* An old nonce, and times that do not suit, are put right; but not for ever. */
static void test_retries(void **state)
{
	struct relay r;

	(void)state;
	assert_int_equal(start(&r, "Alice"), 0);
	assert_int_equal(answer(&r, 423, "Min-Expires: 300\r\n"), 0);
	assert_int_equal(answer(&r, 401, CHALLENGE "\r\n"), 0);
	assert_request_has(&r, "Expires: 300\r\n");
	assert_int_equal(answer(&r, 401, CHALLENGE ", stale=true\r\n"), 0);
	assert_int_equal(answer(&r, 200, USE_PATH), 0);
	assert_int_equal(r.err, 0);
	stop(&r);
	assert_int_equal(start(&r, "Alice"), 0);
	for (int i = 0; i < 20 && r.done == 0; i++)
		assert_int_equal(answer(&r, 401, CHALLENGE ", stale=true\r\n"), 0);
	assert_int_equal(r.err, -EACCES);
	stop(&r);
}

static void test_silence(void **state)
{
	struct relay r;
	uint8_t octets[1000];

	(void)state;
	assert_int_equal(start(&r, "Alice"), 0);
	assert_true(ms_msrp_conn_output(r.conn, octets, sizeof(octets), MS_SEC) > 0);
	ms_msrp_conn_tick(r.conn, 31 * MS_SEC);
	assert_int_equal(r.err, -ETIMEDOUT);
	stop(&r);
	assert_int_equal(start(&r, "Alice"), 0);
	assert_true(ms_msrp_conn_output(r.conn, octets, sizeof(octets), MS_SEC) > 0);
	ms_msrp_conn_lost(r.conn);
	assert_int_equal(r.err, -ECONNRESET);
	stop(&r);
	/* freed before the answer: told nothing */
	assert_int_equal(start(&r, "Alice"), 0);
	assert_true(ms_msrp_conn_output(r.conn, octets, sizeof(octets), MS_SEC) > 0);
	r.auth = ms_msrp_auth_free(r.auth);
	ms_msrp_conn_tick(r.conn, 31 * MS_SEC);
	assert_int_equal(r.done, 0);
	stop(&r);
}

static int torture(void *arg)
{
	struct relay r;
	int err = start(&r, "Alice");

	(void)arg;
	if (err == 0)
		err = answer(&r, 401, CHALLENGE "\r\n");
	if (err == 0 && r.done == 0)
		err = answer(&r, 200, USE_PATH);
	if (err == 0)
		err = r.err;
	stop(&r);
	return err;
}

static void test_torture(void **state)
{
	(void)state;
	assert_true(ms_test_torture(torture, NULL) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_success),  cmocka_unit_test(test_sha256_and_opaque),
		cmocka_unit_test(test_failures), cmocka_unit_test(test_retries),
		cmocka_unit_test(test_silence),  cmocka_unit_test(test_torture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
