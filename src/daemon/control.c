/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket's clients: a line in, a line out, one request at a time each. */
#include "daemon/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/buf.h"
#include "core/list.h"
#include "loop/loop.h"
#include "loop/tcp.h"

#define TABLES_MAX 8

struct ms_control {
	struct ms_tcp_listener *listener;
	const struct ms_control_command *tables[TABLES_MAX];
	size_t n_tables;
	struct ms_list clients;
	unsigned n_clients;
	struct ms_control_stats stats;
};

/* A client is its request: it lives until both its socket and the answer owed are gone. */
struct ms_control_request {
	struct ms_list link;
	struct ms_control *control; /* NULL: it is gone */
	struct ms_tcp *tcp;         /* NULL: the client is gone */
	struct ms_buf in;
	json_t *root; /* the request in hand; NULL: none */
	uid_t uid;
	bool working, ended; /* in work(); the client sends no more */
};

static void end_client(struct ms_control_request *r)
{
	r->tcp = ms_tcp_finish(r->tcp, MS_SEC);
	if (r->control) {
		ms_list_remove(&r->link);
		r->control->n_clients--;
		r->control = NULL;
	}
	if (r->root || r->working)
		return;
	ms_buf_done(&r->in);
	ms_free(r);
}

/* ---- answers ---- */

static void work(struct ms_control_request *r);

static void send_line(struct ms_control_request *r, json_t *answer)
{
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
	static const char sorry[] = "{\"ok\":false,\"error\":\"the answer is too long\"}\n";
	size_t n = text ? strlen(text) : 0;

	if (r->tcp && n > 0 && n < MS_CONTROL_REPLY_MAX) {
		text[n] = '\n'; /* in place of the NUL: one write */
		if (ms_tcp_send(r->tcp, ms_span_of(text, n + 1)))
			r->tcp = ms_tcp_close(r->tcp);
	} else if (r->tcp && ms_tcp_send(r->tcp, MS_SPAN_LIT(sorry))) {
		r->tcp = ms_tcp_close(r->tcp);
	}
	/* the library's memory */
	free(text);
	json_decref(answer);
}

static void answered(struct ms_control_request *r)
{
	json_decref(r->root);
	r->root = NULL;
	if (!r->control || !r->tcp)
		end_client(r);
	else if (!r->working)
		work(r);
}

void ms_control_reply(struct ms_control_request *r, json_t *result)
{
	send_line(r, json_pack("{s:b,s:o}", "ok", 1, "result", result ? result : json_null()));
	answered(r);
}

void ms_control_fail(struct ms_control_request *r, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (r->control)
		r->control->stats.failed++;
	send_line(r, json_pack("{s:b,s:s}", "ok", 0, "error", text));
	answered(r);
}

/* ---- requests ---- */

/* Of several of one name the last that was added: a program may know better than the frame. */
static const struct ms_control_command *find(const struct ms_control *c, const char *name)
{
	for (size_t t = c->n_tables; t-- > 0;)
		for (const struct ms_control_command *cmd = c->tables[t]; cmd->name; cmd++)
			if (strcmp(cmd->name, name) == 0)
				return cmd;
	return NULL;
}

static void run_help(struct ms_control_request *r, json_t *args MS_UNUSED, void *arg MS_UNUSED)
{
	json_t *list = json_array();

	for (size_t t = 0; r->control && t < r->control->n_tables; t++)
		for (const struct ms_control_command *c = r->control->tables[t]; c->name; c++)
			if (find(r->control, c->name) == c)
				json_array_append_new(list,
						      json_pack("{s:s,s:s,s:s}", "command", c->name,
								"args", c->args ? c->args : "",
								"help", c->help ? c->help : ""));
	ms_control_reply(r, list);
}

static const struct ms_control_command own_commands[] = {
	{ .name = "help", .help = "Lists the commands.", .run = run_help },
	{ 0 },
};

static void take_line(struct ms_control_request *r, struct ms_span line)
{
	const struct ms_control_command *cmd;
	const char *name;
	json_t *args;

	if (ms_control_parse(line, &r->root, &name, &args)) {
		r->control->stats.malformed++;
		r->root = json_null();
		ms_control_fail(
			r, "not a request: want one line {\"command\": \"...\", \"args\": {...}}");
		return;
	}
	r->control->stats.requests++;
	cmd = find(r->control, name);
	if (cmd)
		cmd->run(r, args, cmd->arg);
	else
		ms_control_fail(r, "no such command; \"help\" lists them");
}

/* Lines one after the other, as long as each is answered at once. */
static void work(struct ms_control_request *r)
{
	r->working = true;
	while (r->control && r->tcp && !r->root) {
		struct ms_span rest = ms_buf_span(&r->in), line = ms_span_cut(&rest, '\n');

		if (!rest.p)
			break;
		take_line(r, line);
		ms_buf_consume(&r->in, line.len + 1);
	}
	r->working = false;
	if (!r->root && (!r->control || !r->tcp || r->ended))
		end_client(r);
}

static void received(struct ms_tcp *tcp MS_UNUSED, struct ms_span data, void *arg)
{
	struct ms_control_request *r = arg;

	ms_buf_put_span(&r->in, data);
	if (ms_buf_status(&r->in)) {
		r->control->stats.malformed++;
		send_line(r, json_pack("{s:b,s:s}", "ok", 0, "error", "the request is too long"));
		end_client(r);
	} else if (!r->root) {
		work(r);
	}
}

static void peer_ended(struct ms_tcp *tcp MS_UNUSED, void *arg)
{
	struct ms_control_request *r = arg;

	r->ended = true;
	if (!r->root)
		end_client(r);
}

static void closed(struct ms_tcp *tcp, int err MS_UNUSED, void *arg)
{
	struct ms_control_request *r = arg;

	r->tcp = ms_tcp_close(tcp);
	end_client(r);
}

static const struct ms_tcp_handlers handlers = {
	.received = received,
	.eof = peer_ended,
	.closed = closed,
};

static uid_t peer_uid(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 ? (uid_t)-1 : cred.uid;
}

static void accepted(int fd, const struct ms_addr *peer, void *arg)
{
	const struct ms_tcp_options options = {
		.queue_max = 2 * MS_CONTROL_REPLY_MAX,
		.idle_limit = MS_CONTROL_IDLE,
		.name = "control",
	};
	struct ms_control *c = arg;
	struct ms_control_request *r = NULL;

	if (c->n_clients < MS_CONTROL_CLIENTS_MAX)
		r = ms_zalloc(sizeof(*r));
	if (!r) {
		c->stats.refused++;
		close(fd);
		return;
	}
	r->uid = peer_uid(fd);
	ms_buf_init_secret(&r->in, MS_CONTROL_LINE_MAX);
	if (ms_tcp_attach(fd, peer, &options, &handlers, r, &r->tcp)) {
		ms_free(r);
		return;
	}
	r->control = c;
	c->n_clients++;
	ms_list_append(&c->clients, &r->link);
}

uid_t ms_control_peer_uid(const struct ms_control_request *r)
{
	return r->uid;
}

/* ---- the socket ---- */

int ms_control_new(const char *path, mode_t mode, struct ms_control **ret_c)
{
	const struct ms_tcp_listen_options options = { .unix_mode = mode };
	struct ms_control *c = ms_zalloc(sizeof(*c));
	struct ms_addr a;
	char text[256];
	int err = c ? 0 : -ENOMEM;

	if (err)
		return err;
	ms_list_init(&c->clients);
	snprintf(text, sizeof(text), "unix:%s", path);
	err = ms_addr_parse(ms_span_str(text), 0, &a);
	if (err == 0)
		err = ms_tcp_listen(&a, &options, accepted, c, &c->listener);
	if (err == 0)
		err = ms_control_add(c, own_commands);
	if (err) {
		ms_control_free(c);
		return err;
	}
	*ret_c = c;
	return 0;
}

int ms_control_add(struct ms_control *c, const struct ms_control_command *table)
{
	if (c->n_tables == TABLES_MAX)
		return -ENOSPC;
	c->tables[c->n_tables++] = table;
	return 0;
}

const struct ms_control_stats *ms_control_stats(const struct ms_control *c)
{
	return &c->stats;
}

struct ms_control *ms_control_free(struct ms_control *c)
{
	if (!c)
		return NULL;
	ms_tcp_listener_close(c->listener);
	while (!ms_list_empty(&c->clients))
		end_client(MS_CONTAINER_OF(c->clients.next, struct ms_control_request, link));
	return ms_free(c);
}
