/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <errno.h>

static void count_sent(bool sent, enum ms_sip_transport t, const char *source MS_UNUSED,
		       const char *destination MS_UNUSED, struct ms_span message MS_UNUSED,
		       void *arg)
{
	struct user *u = arg;

	if (!sent)
		return;
	u->sent++;
	u->sent_by[t]++;
}

void world_open(struct user *u, const char *name, const char *address, enum ms_sip_transport t,
		const struct ms_sip_handlers *handlers, const struct ms_sip_tls *tls)
{
	const struct ms_sip_account_config account = { .password = "secret" };

	world_open_as(u, name, address, t, handlers, tls, &account);
}

void world_open_as(struct user *u, const char *name, const char *address, enum ms_sip_transport t,
		   const struct ms_sip_handlers *handlers, const struct ms_sip_tls *tls,
		   const struct ms_sip_account_config *template)
{
	static const char *const params[] = { "", ";transport=tcp", ";transport=tls" };
	/* UDP and TCP on one port, as a large request expects it. */
	struct ms_sip_bind binds[2] = { { t, address, 0 }, { MS_SIP_TCP, address, 0 } };
	struct ms_sip_config config = {
		.binds = binds, .n_binds = t == MS_SIP_UDP ? 2 : 1, .user_agent = "test", .arg = u
	};
	struct ms_sip_account_config account = *template;
	MS_CLEANUP(ms_buf_done) struct ms_buf error;
	static uint16_t port = 11200;
	bool v6 = strchr(address, ':') != NULL;
	int err = -EADDRINUSE;

	memset(u, 0, sizeof(*u));
	ms_buf_init(&error, 1024);
	if (handlers)
		config.handlers = *handlers;
	config.handlers.trace = count_sent;
	if (tls)
		config.tls = *tls;
	for (int tries = 0; err == -EADDRINUSE && tries < 200; tries++) {
		binds[0].port = binds[1].port = port;
		port = port < 11990 ? port + 1 : 11200;
		err = ms_sip_new(&config, &error, &u->sip);
	}
	assert_int_equal(err, 0);
	(void)snprintf(u->uri, sizeof(u->uri), "sip:%s@%s%s%s:%u%s", name, v6 ? "[" : "", address,
		       v6 ? "]" : "", ms_sip_port(u->sip, 0), params[t]);
	if (!account.identity)
		account.identity = u->uri;
	assert_int_equal(ms_sip_account_new(u->sip, &account, &u->account), 0);
}

void world_close(struct user *u)
{
	ms_sip_message_unref(u->kept);
	u->sip = ms_sip_free(u->sip);
}

static struct {
	struct user *user;
	const char *log;
	bool late;
} waiting;

static void too_late(void *arg MS_UNUSED)
{
	waiting.late = true;
	ms_loop_stop();
}

void world_until(struct user *u, const char *log, unsigned ms)
{
	struct ms_timer timer;

	waiting.user = u;
	waiting.log = log;
	waiting.late = false;
	ms_timer_init(&timer, "test", too_late, NULL);
	ms_timer_start(&timer, 5 * ms * MS_MSEC); /* `ms` is for a quiet machine */
	while (strcmp(u->log, log) != 0 && !waiting.late)
		assert_int_equal(ms_loop_run(), 0);
	ms_timer_stop(&timer);
	waiting.user = NULL;
	assert_string_equal(u->log, log);
}

void world_pass(unsigned ms)
{
	struct ms_timer timer;

	waiting.user = NULL;
	ms_timer_init(&timer, "test", too_late, NULL);
	ms_timer_start(&timer, ms * MS_MSEC);
	assert_int_equal(ms_loop_run(), 0);
	ms_timer_stop(&timer); /* something else may have stopped the loop */
}

void world_note(struct user *u, char letter)
{
	size_t n = strlen(u->log);

	assert_true(n + 1 < sizeof(u->log));
	u->log[n] = letter;
	u->log[n + 1] = 0;
	if (waiting.user == u && strcmp(u->log, waiting.log) == 0)
		ms_loop_stop();
}

static void keep(char *dst, size_t size, struct ms_span s)
{
	if (ms_span_to_str(s, dst, size) < 0)
		dst[0] = '\0';
}

void world_take(struct user *u, const struct ms_sip_message *m)
{
	struct ms_sip_address a;
	struct ms_span body = ms_sip_body(m);

	assert_true(body.len <= sizeof(u->body));
	if (body.len > 0)
		memcpy(u->body, body.p, body.len);
	u->body_len = body.len;
	keep(u->type, sizeof(u->type), ms_sip_content_type(m));
	keep(u->from, sizeof(u->from), ms_sip_from(m).uri);
	keep(u->warning, sizeof(u->warning), ms_sip_header(m, "Warning"));
	if (ms_sip_asserted_identity(m, 0, &a))
		keep(u->asserted, sizeof(u->asserted), a.uri);
	u->status = ms_sip_status(m);
}

void world_response(int err, const struct ms_sip_message *m, void *arg)
{
	struct user *u = arg;

	u->err = err;
	if (m)
		world_take(u, m);
	world_note(u, m ? 'r' : 'e');
}

/* ---- calls ---- */

static void progress(struct ms_sip_session *s MS_UNUSED, const struct ms_sip_message *m, void *arg)
{
	world_take(arg, m);
	world_note(arg, 'p');
}

static void answered(struct ms_sip_session *s MS_UNUSED, const struct ms_sip_message *m, void *arg)
{
	world_take(arg, m);
	world_note(arg, 'a');
}

static void confirmed(struct ms_sip_session *s MS_UNUSED, const struct ms_sip_message *m MS_UNUSED,
		      void *arg)
{
	world_note(arg, 'k');
}

static const struct ms_sip_content answer = { .type = "application/sdp",
					      .body = { (const uint8_t *)"answer", 6 } };

static void refuse(struct ms_sip_session *s)
{
	static const struct ms_sip_header_value warning = {
		"Warning", { (const uint8_t *)"306 callee \"no key\"", 19 }
	};
	static const struct ms_sip_content content = { .headers = &warning,
						       .n_headers = 1,
						       .type = "application/mikey",
						       .body = { (const uint8_t *)"\1\0\6", 3 } };

	assert_int_equal(ms_sip_session_respond(s, 488, NULL, &content), 0);
}

static void offered(struct ms_sip_session *s, const struct ms_sip_message *m, void *arg)
{
	struct user *u = arg;

	world_take(u, m);
	world_note(u, 'o');
	if (u->body_len > 0 && u->body[0] == 'N')
		refuse(s);
	else if (u->body_len > 0 && u->body[0] == 'A')
		assert_int_equal(ms_sip_session_respond(s, 200, NULL, &answer), 0);
}

static void modified(struct ms_sip_session *s MS_UNUSED, int err, const struct ms_sip_message *m,
		     void *arg)
{
	struct user *u = arg;

	u->err = err;
	if (m)
		world_take(u, m);
	world_note(u, 'm');
}

static void inside(struct ms_sip_session *s MS_UNUSED, const struct ms_sip_message *m, void *arg)
{
	struct user *u = arg;

	world_take(u, m);
	assert_int_equal(ms_sip_reply(u->sip, m, 200, NULL, NULL), 0);
	world_note(u, 'q');
}

static void closed(struct ms_sip_session *s, int err, const struct ms_sip_message *m, void *arg)
{
	struct user *u = arg;

	assert_ptr_equal(s, u->session);
	u->session = NULL;
	u->err = err;
	u->status = 0;
	if (m)
		world_take(u, m);
	world_note(u, err < 0 ? 'C' : 'c');
}

const struct ms_sip_session_handlers world_calls = {
	.progress = progress,
	.answered = answered,
	.confirmed = confirmed,
	.offered = offered,
	.modified = modified,
	.request = inside,
	.closed = closed,
};

void world_invite(struct ms_sip *sip MS_UNUSED, struct ms_sip_session *s,
		  const struct ms_sip_message *m, void *arg)
{
	struct user *u = arg;

	world_take(u, m);
	ms_sip_session_take(s, u->account, &world_calls, u);
	u->session = s;
	world_note(u, 'i');
	switch (u->body_len > 0 ? u->body[0] : 0) {
	case 'A':
		assert_int_equal(ms_sip_session_respond(s, 180, NULL, NULL), 0);
		assert_int_equal(ms_sip_session_respond(s, 200, NULL, &answer), 0);
		break;
	case 'R':
		assert_int_equal(ms_sip_session_respond(s, 180, NULL, NULL), 0);
		break;
	case 'N':
		refuse(s);
		u->session = NULL;
		break;
	default:
		break;
	}
}

void world_call(struct user *u, const char *to, const char *body)
{
	struct ms_sip_invite_spec spec = {
		.uri = to, .content = { .type = "application/sdp", .body = ms_span_str(body) }
	};

	assert_int_equal(ms_sip_session_invite(u->account, &spec, &world_calls, u, &u->session), 0);
}

int world_setup(void **state MS_UNUSED)
{
	if (ms_loop_init() < 0)
		return -1;
	return ms_sip_init();
}

int world_teardown(void **state MS_UNUSED)
{
	ms_sip_exit();
	ms_loop_close();
	return 0;
}
