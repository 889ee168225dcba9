/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One side of a test with a foreign peer: does what its arguments say, prints what happened as letters
 * (see world.h) and the last status.
 *
 *   sip-peer serve TRANSPORT PORT LOG            waits for things to happen until they read LOG
 *   sip-peer message TRANSPORT PORT URI BODY     sends a MESSAGE
 *   sip-peer call TRANSPORT PORT URI BODY        calls, and hangs up when answered
 */
#include "world.h"

#define PATIENCE_MS 75000

static struct user me;
static const char *expected;
static bool hang_up;

static void finish_if_done(struct user *u)
{
	if (expected && strcmp(u->log, expected) == 0)
		ms_loop_stop();
}

static void note(struct user *u, char letter)
{
	world_note(u, letter);
	finish_if_done(u);
}

static void request(struct ms_sip *sip, const struct ms_sip_message *m, void *arg)
{
	struct user *u = arg;
	struct ms_sip_content echo = { .type = "text/plain", .body = ms_sip_body(m) };

	if (ms_sip_reply(sip, m, 200, NULL, &echo) == 0)
		note(u, 'q');
}

static void invite(struct ms_sip *sip, struct ms_sip_session *s, const struct ms_sip_message *m,
		   void *arg)
{
	world_invite(sip, s, m, arg);
	finish_if_done(arg);
}

static void answered(struct ms_sip_session *s, const struct ms_sip_message *m, void *arg)
{
	world_calls.answered(s, m, arg);
	if (hang_up)
		ms_sip_session_end(s, NULL);
}

static void confirmed(struct ms_sip_session *s, const struct ms_sip_message *m, void *arg)
{
	world_calls.confirmed(s, m, arg);
	finish_if_done(arg);
}

static void closed(struct ms_sip_session *s, int err, const struct ms_sip_message *m, void *arg)
{
	world_calls.closed(s, err, m, arg);
	ms_loop_stop();
}

static void response(int err, const struct ms_sip_message *m, void *arg)
{
	world_response(err, m, arg);
	ms_loop_stop();
}

static void too_late(void *arg MS_UNUSED)
{
	ms_loop_stop();
}

static const struct ms_sip_handlers handlers = { .request = request, .invite = invite };

static int start(int argc, char **argv)
{
	static struct ms_sip_session_handlers calls;
	struct ms_sip_request_spec message = { .method = "MESSAGE",
					       .content = { .type = "text/plain" } };
	struct ms_sip_invite_spec call = { .content = { .type = "application/sdp" } };

	calls = world_calls;
	calls.answered = answered;
	calls.confirmed = confirmed;
	calls.closed = closed;
	if (strcmp(argv[1], "serve") == 0) {
		expected = argv[4];
		return 0;
	}
	if (argc < 6)
		return -1;
	message.uri = call.uri = argv[4];
	message.content.body = call.content.body = ms_span_str(argv[5]);
	if (strcmp(argv[1], "message") == 0)
		return ms_sip_request(me.account, &message, response, &me, NULL);
	hang_up = true;
	return ms_sip_session_invite(me.account, &call, &calls, &me, &me.session);
}

static int open_stack(enum ms_sip_transport t, uint16_t port)
{
	struct ms_sip_bind bind = { t, "127.0.0.1", port };
	struct ms_sip_config config = { .binds = &bind,
					.n_binds = 1,
					.handlers = handlers,
					.arg = &me,
					.user_agent = "sip-peer" };
	struct ms_sip_account_config account = { .identity = "sip:alice@127.0.0.1",
						 .password = "secret" };
	int err = ms_sip_new(&config, NULL, &me.sip);

	return err < 0 ? err : ms_sip_account_new(me.sip, &account, &me.account);
}

int main(int argc, char **argv)
{
	struct ms_timer timer;
	uint64_t port;

	if (argc < 5 || ms_span_u64(ms_span_str(argv[3]), UINT16_MAX, &port) < 0)
		return 2;
	if (world_setup(NULL) < 0 ||
	    open_stack(strcmp(argv[2], "tcp") == 0 ? MS_SIP_TCP : MS_SIP_UDP, (uint16_t)port) < 0 ||
	    start(argc, argv) < 0)
		return 2;
	ms_timer_init(&timer, "test", too_late, NULL);
	ms_timer_start(&timer, PATIENCE_MS * MS_MSEC);
	(void)fprintf(stderr, "ready\n");
	if (ms_loop_run() < 0)
		return 2;
	/* The last answer is on its way: let repetitions be answered for a moment. */
	world_pass(300);
	(void)printf("%s %u %.*s\n", me.log, me.status, (int)me.body_len, (const char *)me.body);
	ms_timer_stop(&timer);
	world_close(&me);
	return world_teardown(NULL);
}
