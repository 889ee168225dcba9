/* SPDX-License-Identifier: Apache-2.0 */
/* A server under test and raw sockets to it, driven from one loop. */
#ifndef MS_TEST_HTTP_H
#define MS_TEST_HTTP_H

#include "ms-test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/buf.h"
#include "http/server.h"
#include "loop/loop.h"

#define H "Host: h\r\n"

static struct {
	struct ms_http_server *server;
	struct ms_http_request *waiting[16];
	size_t n_waiting;
	struct ms_addr at;
	struct ms_timer end;
	bool stopped;
} t;

static void echo(struct ms_http_request *r, void *arg MS_UNUSED)
{
	ms_http_reply(r, 200, "text/plain", ms_http_body(r));
}

static void later(struct ms_http_request *r, void *arg MS_UNUSED)
{
	assert_true(t.n_waiting < MS_ARRAY_SIZE(t.waiting));
	t.waiting[t.n_waiting++] = r;
}

static void big(struct ms_http_request *r, void *arg MS_UNUSED)
{
	static uint8_t octets[8 * 1024 * 1024];

	ms_http_reply(r, 200, "application/octet-stream", ms_span_of(octets, sizeof(octets)));
}

static void show(struct ms_http_request *r, void *arg MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	char value[8];
	int err = ms_http_query(r, "q", value, sizeof(value));
	struct ms_span x = ms_http_header(r, "x-thing");

	ms_buf_init(&b, 4096);
	ms_buf_printf(&b, "q=%s x=%.*s mikey=%d", err ? "-" : value, MS_SPAN_FMT(x),
		      ms_http_is_type(r, "application/mikey"));
	ms_http_reply_fields(r, 200, "X-Err: yes\r\n", "text/plain", ms_buf_span(&b));
}

static void moved(struct ms_http_request *r, void *arg MS_UNUSED)
{
	ms_http_reply_fields(r, 302, "Location: /show\r\n", NULL, MS_SPAN_NULL);
}

static const struct ms_http_route routes[] = {
	{ "/echo", MS_HTTP_POST, echo, NULL },
	{ "/later", MS_HTTP_POST | MS_HTTP_GET, later, NULL },
	{ "/big", MS_HTTP_GET, big, NULL },
	{ "/show", MS_HTTP_GET, show, NULL },
	{ "/moved", MS_HTTP_GET, moved, NULL },
};

/*
 * Ends when the time is over and the last round had nothing to do: on a busy machine what was sent is
 * still worked off.
 */
static void run_stop(void *arg MS_UNUSED)
{
	static uint64_t events;

	if (events == ms_loop_stats()->events) {
		ms_loop_stop();
		return;
	}
	events = ms_loop_stats()->events;
	ms_timer_start(&t.end, MS_MSEC);
}

static void run_loop(ms_usec time)
{
	ms_timer_init(&t.end, "end", run_stop, NULL);
	ms_timer_start(&t.end, time);
	assert_int_equal(ms_loop_run(), 0);
	ms_timer_stop(&t.end);
}

static int setup(void **state MS_UNUSED)
{
	memset(&t, 0, sizeof(t));
	return ms_loop_init();
}

static int teardown(void **state MS_UNUSED)
{
	t.server = ms_http_server_free(t.server);
	ms_loop_close();
	return 0;
}

static void serve_at(const char *where, struct ms_http_limits limits)
{
	struct ms_http_server_options o = { .limits = limits,
					    .routes = routes,
					    .n_routes = MS_ARRAY_SIZE(routes),
					    .server_name = "mediasec" };
	struct ms_addr a;

	assert_int_equal(ms_addr_parse(ms_span_str(where), 0, &a), 0);
	assert_int_equal(ms_http_server_new(&o, &t.server), 0);
	assert_int_equal(ms_http_server_listen(t.server, &a, NULL, &t.at), 0);
}

static void serve(struct ms_http_limits limits)
{
	serve_at("127.0.0.1:0", limits);
}

#endif
