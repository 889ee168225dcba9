/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent of front and vault. When one of them dies, it says so, ends the other and starts both
 * again; the listening sockets are its own, so that clients wait in the kernel's queue meanwhile.
 * Five times in a minute is given up.
 */
#include "kms/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "kms/config.h"
#include "kms/msg.h"
#include "kms/role.h"
#include "loop/loop.h"
#include "loop/tcp.h"
#include "priv/role.h"

#define LISTEN_MAX 9
#define RESTARTS_MAX 5

/* A million users take seconds to load; the database may be busy for a minute. */
#define START_LIMIT_MS 120000

struct parent {
	struct ms_daemon *d;
	const struct ms_kms_config *config; /* borrowed, in force */
	int listen[LISTEN_MAX];
	size_t n_listen; /* without the metrics socket, which follows them */
	bool has_metrics;
	struct ms_daemon_child front, vault;
	struct ms_timer again;
	struct ms_daemon_deaths deaths;
	bool stopping;
};

static struct parent parent = { .n_listen = 0 };

/* ---- starting ---- */

static void chan_message(struct ms_chan *c, struct ms_msg *m, void *arg)
{
	(void)c;
	(void)arg;
	MS_LOG(&ms_log_main, MS_LOG_ERROR, "a role sent message %u", m->type);
}

static void ended(struct ms_role *r, int status, const char *text, void *arg);

static int spawn(struct parent *p, struct ms_daemon_child *child, const char *name, int link,
		 bool listens)
{
	const struct ms_kms_hello hello = { .n_listen = listens ? (uint32_t)p->n_listen : 0,
					    .has_metrics = listens && p->has_metrics };
	size_t n_sockets = listens ? p->n_listen + (p->has_metrics ? 1 : 0) : 0;
	int fds[1 + LISTEN_MAX] = { link };
	const struct ms_daemon_child_start s = { .name = name,
						 .head = ms_span_of(&hello, sizeof(hello)),
						 .fields = ms_kms_config_fields,
						 .values = p->config,
						 .fds = fds,
						 .n_fds = 1 + n_sockets,
						 .limit_ms = START_LIMIT_MS,
						 .message = chan_message,
						 .ended = ended,
						 .arg = p };

	memcpy(fds + 1, p->listen, n_sockets * sizeof(int));
	int err = ms_daemon_child_start(child, &s);
	if (err)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "the %s did not start", name);
	return err;
}

static int start_roles(struct parent *p)
{
	int link[2], err = ms_role_pair(link);

	if (err)
		return err;
	err = spawn(p, &p->vault, "vault", link[0], false);
	if (err == 0)
		err = spawn(p, &p->front, "front", link[1], true);
	close(link[0]);
	close(link[1]);
	if (err)
		ms_daemon_child_end(&p->vault);
	return err;
}

/* ---- watching ---- */

static void restart(struct parent *p)
{
	ms_daemon_child_end(&p->front);
	ms_daemon_child_end(&p->vault);
	if (!ms_daemon_deaths_bear(&p->deaths, RESTARTS_MAX)) {
		p->stopping = true;
		ms_daemon_stop(p->d, 1);
		return;
	}
	ms_timer_start(&p->again, MS_DAEMON_AGAIN);
}

static void again(void *arg)
{
	struct parent *p = arg;

	if (start_roles(p) == 0)
		MS_LOG(&ms_log_main, MS_LOG_NOTICE, "front and vault serve again");
	else
		restart(p);
}

/* Front first: it answers what is in flight, for which it needs the vault. */
static void stop_next(struct parent *p)
{
	struct ms_daemon_child *next = p->front.role ? &p->front : p->vault.role ? &p->vault : NULL;

	if (!next)
		ms_daemon_stopped(p->d);
	else if (!next->chan || ms_chan_send(next->chan, MS_KMS_MSG_STOP, 0, MS_SPAN_NULL))
		ms_role_kill(next->role, SIGKILL);
}

static void ended(struct ms_role *r, int status, const char *text, void *arg)
{
	struct parent *p = arg;
	struct ms_daemon_child *c = r == p->front.role ? &p->front : &p->vault;

	if (!p->stopping || status != 0)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "the %s %s", ms_role_name(r), text);
	ms_daemon_child_end(c);
	if (p->stopping)
		stop_next(p);
	else
		restart(p);
}

/* ---- the daemon's hooks ---- */

static int bind_one(struct parent *p, const struct ms_addr *a)
{
	char text[MS_ADDR_TEXT_MAX];
	int err = ms_tcp_bind(a, NULL, &p->listen[p->n_listen + (p->has_metrics ? 1 : 0)]);

	if (err)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "cannot listen on %s: %s",
		       ms_addr_print(a, text), strerror(-err));
	return err;
}

static int bind_all(struct parent *p)
{
	const struct ms_addr *a = p->config->http.listen.items;
	int err = 0;

	for (size_t i = 0; err == 0 && i < p->config->http.listen.n; i++) {
		err = bind_one(p, &a[i]);
		if (err == 0)
			p->n_listen++;
	}
	if (err || !ms_addr_is_set(&p->config->http.metrics))
		return err;
	err = bind_one(p, &p->config->http.metrics);
	p->has_metrics = err == 0;
	return err;
}

static int start(struct ms_daemon *d, const void *config)
{
	struct parent *p = &parent;
	int err;

	p->d = d;
	p->config = config;
	ms_daemon_set_state(d, p);
	ms_timer_init(&p->again, "parent.again", again, p);
	err = bind_all(p);
	return err ? err : start_roles(p);
}

static int send_config(struct ms_daemon_child *c, const struct ms_kms_config *config)
{
	if (!c->chan)
		return -ENOTCONN;
	ms_config_put(ms_kms_config_fields, config, ms_chan_begin(c->chan, MS_KMS_MSG_CONFIG, 0));
	return ms_chan_end(c->chan);
}

static int reload(struct ms_daemon *d, const void *config)
{
	struct parent *p = ms_daemon_state(d);
	const struct ms_kms_config *old = p->config;
	int err;

	p->config = config;
	err = send_config(&p->vault, config);
	if (err == 0)
		err = send_config(&p->front, config);
	/* A role that is being started again gets the new values then. */
	if (err == 0 || err == -ENOTCONN)
		return 0;
	p->config = old;
	return err;
}

static void stop(struct ms_daemon *d)
{
	struct parent *p = ms_daemon_state(d);

	p->stopping = true;
	ms_timer_stop(&p->again);
	stop_next(p);
}

static void done(struct ms_daemon *d)
{
	struct parent *p = &parent;

	(void)d;
	ms_daemon_child_end(&p->front);
	ms_daemon_child_end(&p->vault);
	for (size_t i = 0; i < p->n_listen + (p->has_metrics ? 1 : 0); i++)
		close(p->listen[i]);
}

const struct ms_daemon_app ms_kms_app = {
	.name = "mediasec-kms",
	.summary = "Key management server for MIKEY-TICKET (RFC 6043) over HTTP.",
	.config_path = "/etc/mediasec/kms.yaml",
	.fields = ms_kms_config_fields,
	.config_size = sizeof(struct ms_kms_config),
	.daemon_offset = offsetof(struct ms_kms_config, daemon),
	.check = ms_kms_config_check,
	.start = start,
	.reload = reload,
	.loose = ms_kms_config_loose,
	.stop = stop,
	.done = done,
};
