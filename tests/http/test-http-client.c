/* SPDX-License-Identifier: Apache-2.0 */
/* The client against our server: answers, limits, errors, cancelling. */
#include "http-test.h"

#include "http/client.h"

static struct {
	struct ms_http_client *client;
	unsigned done;
	int err, status;
	char type[64], body[256];
	size_t body_len;
} c;

static int client_setup(void **state)
{
	const struct ms_http_client_options o = { .reply_max = 4096,
						  .connect_limit = MS_SEC,
						  .total_limit = MS_SEC };

	memset(&c, 0, sizeof(c));
	return setup(state) ? -1 : ms_http_client_new(&o, &c.client);
}

static int client_teardown(void **state)
{
	c.client = ms_http_client_free(c.client);
	return teardown(state);
}

static void done(const struct ms_http_answer *a, void *arg)
{
	assert_ptr_equal(arg, &c);
	c.done++;
	c.err = a->err;
	c.status = a->status;
	c.body_len = a->body.len;
	if (a->err)
		assert_true(strlen(a->message) > 0);
	snprintf(c.type, sizeof(c.type), "%.*s", MS_SPAN_FMT(a->type));
	snprintf(c.body, sizeof(c.body), "%.*s", MS_SPAN_FMT(a->body));
	ms_loop_stop();
}

static char *url(const char *path)
{
	static char text[256];
	char host[MS_ADDR_TEXT_MAX];

	snprintf(text, sizeof(text), "http://%s%s", ms_addr_print(&t.at, host), path);
	return text;
}

static void wait_for(unsigned n)
{
	for (int i = 0; i < 1000 && c.done < n; i++)
		run_loop(10 * MS_MSEC);
	assert_int_equal(c.done, n);
}

static void get(const char *path)
{
	unsigned before = c.done;

	assert_int_equal(ms_http_get(c.client, url(path), done, &c, NULL), 0);
	assert_int_equal(c.done, before);
	wait_for(before + 1);
}

static void post_and_get(const char *where)
{
	serve_at(where, (struct ms_http_limits){ 0 });
	assert_int_equal(ms_http_post(c.client, url("/echo"), "application/mikey",
				      MS_SPAN_LIT("octets"), done, &c, NULL),
			 0);
	wait_for(1);
	assert_int_equal(c.err, 0);
	assert_int_equal(c.status, 200);
	assert_string_equal(c.type, "text/plain");
	assert_string_equal(c.body, "octets");
	get("/show?q=x");
	assert_string_equal(c.body, "q=x x= mikey=0");
	get("/nothing");
	assert_int_equal(c.err, 0);
	assert_int_equal(c.status, 404);
	get("/moved");
	assert_int_equal(c.status, 302);                               /* not followed */
	assert_int_equal(ms_http_server_stats(t.server)->accepted, 1); /* one connection for all */
}

static void test_ipv4(void **state MS_UNUSED)
{
	post_and_get("127.0.0.1:0");
}

static void test_ipv6(void **state MS_UNUSED)
{
	post_and_get("[::1]:0");
}

/* A proxy of the environment is not asked, whatever it says. */
static void test_no_proxy(void **state MS_UNUSED)
{
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	serve((struct ms_http_limits){ 0 });
	get("/show");
	assert_int_equal(c.status, 200);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

static void test_errors(void **state MS_UNUSED)
{
	serve((struct ms_http_limits){ 0 });
	get("/big");
	assert_int_equal(c.err, -EMSGSIZE);
	get("/later");
	assert_int_equal(c.err, -ETIMEDOUT);
	run_loop(10 * MS_MSEC);
	ms_http_reply(t.waiting[0], 200, NULL, MS_SPAN_NULL);
	t.server = ms_http_server_free(t.server);
	get("/show");
	assert_int_equal(c.err, -ECONNREFUSED);
}

static void test_bad_urls(void **state MS_UNUSED)
{
	static const char *const bad[] = {
		"",           "ftp://127.0.0.1/",      "file:///etc/passwd",
		"127.0.0.1/", "http://u:p@127.0.0.1/", "http://[::1/",
		"http://"
	};

	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++)
		assert_int_equal(ms_http_get(c.client, bad[i], done, &c, NULL), -EINVAL);
}

static void test_cancel(void **state MS_UNUSED)
{
	struct ms_http_call *call;

	serve((struct ms_http_limits){ 0 });
	assert_int_equal(ms_http_get(c.client, url("/later"), done, &c, &call), 0);
	run_loop(20 * MS_MSEC);
	assert_int_equal(t.n_waiting, 1);
	ms_http_cancel(call);
	ms_http_reply(t.waiting[0], 200, NULL, MS_SPAN_NULL);
	run_loop(20 * MS_MSEC);
	assert_int_equal(c.done, 0);
	/* And one that is still under way when the client goes. */
	assert_int_equal(ms_http_get(c.client, url("/later"), done, &c, NULL), 0);
	run_loop(20 * MS_MSEC);
	c.client = ms_http_client_free(c.client);
	run_loop(20 * MS_MSEC);
	assert_int_equal(c.done, 0);
	ms_http_reply(t.waiting[1], 200, NULL, MS_SPAN_NULL);
}

static void test_many(void **state MS_UNUSED)
{
	serve((struct ms_http_limits){ 0 });
	for (int i = 0; i < 100; i++)
		assert_int_equal(ms_http_post(c.client, url("/echo"), "text/plain",
					      MS_SPAN_LIT("x"), done, &c, NULL),
				 0);
	wait_for(100);
	assert_true(ms_http_server_stats(t.server)->accepted <= 8);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, client_setup, client_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ipv4),     TEST(test_ipv6),   TEST(test_no_proxy), TEST(test_errors),
		TEST(test_bad_urls), TEST(test_cancel), TEST(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
