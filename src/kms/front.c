/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front: the role that speaks HTTP (Ua). It checks what can be checked without keys, hands
 * MIKEY messages to the vault and its answers back. It has no key, no file and no store.
 */
#include <stdio.h>

#include "core/alloc.h"
#include "kms/front-priv.h"
#include "kms/msg.h"
#include "priv/role.h"
#include "priv/sandbox.h"

static void each_second(void *arg)
{
	struct ms_kms_front *f = arg;

	ms_timer_start(&f->second, MS_SEC);
	ms_kms_front_drop_late(f);
	ms_kms_front_gauges(f);
	if (!f->link)
		return;
	ms_counters_put(&ms_kms_front_set, ms_chan_begin(f->link, MS_KMS_MSG_COUNTERS, 0));
	/* The next second brings newer ones. */
	(void)!ms_chan_end(f->link);
}

/* ---- channels ---- */

static void from_vault(struct ms_chan *c, struct ms_msg *m, void *arg)
{
	(void)c;
	if (m->type == MS_KMS_MSG_ANSWER)
		ms_kms_front_answer(arg, m);
	else if (m->type == MS_KMS_MSG_METERED)
		ms_kms_front_metered(arg, m);
}

/* The parent starts both of us again; until then nobody waits for an answer that cannot come. */
static void vault_gone(struct ms_chan *c, int err, void *arg)
{
	struct ms_kms_front *f = arg;

	(void)c;
	(void)err;
	f->link = ms_chan_free(f->link);
	ms_kms_front_drop_all(f);
	ms_kms_front_answer_scrapes(f, 503);
}

static void limits_of(const struct ms_kms_config *c, struct ms_http_limits *l)
{
	*l = (struct ms_http_limits){
		.head_max = c->http.head_max,
		.body_max = c->http.body_max,
		.connections = (uint32_t)c->http.connections,
		.per_address = (uint32_t)c->http.per_address,
		.rate = (uint32_t)c->http.rate,
		.rate_burst = (uint32_t)c->http.rate_burst,
		.per_connection = (uint32_t)c->http.per_connection,
		.head_limit = c->http.head_limit,
		.body_limit = c->http.body_limit,
		.idle_limit = c->http.idle_limit,
		.send_limit = c->http.send_limit,
	};
}

static void reload(struct ms_kms_front *f, struct ms_span body)
{
	struct ms_http_limits l;
	struct ms_kms_config next;
	struct ms_config *owner;
	int err = ms_kms_role_reconfig(body, &next, &owner);

	if (err) {
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "reload: %s", strerror(-err));
		return;
	}
	f->config = next;
	/* The route's path is in the old octets; it is the same, as it cannot be changed. */
	f->route[0].path = f->config.profile.kms_path;
	ms_config_free(f->config_owner);
	f->config_owner = owner;
	ms_log_set_level(NULL, (enum ms_log_level)f->config.daemon.log_level);
	limits_of(&f->config, &l);
	ms_http_server_set_limits(f->server, &l);
}

static void stopped(void *arg)
{
	struct ms_kms_front *f = arg;

	f->server = ms_http_server_free(f->server);
	ms_loop_stop();
}

static void from_parent(struct ms_chan *c, struct ms_msg *m, void *arg)
{
	struct ms_kms_front *f = arg;

	(void)c;
	if (m->type == MS_KMS_MSG_CONFIG) {
		reload(f, ms_msg_rest(m));
	} else if (m->type == MS_KMS_MSG_STOP && !f->stopping) {
		f->stopping = true;
		ms_http_server_stop(f->server, f->config.daemon.stop_limit, stopped, f);
	}
}

static void parent_gone(struct ms_chan *c, int err, void *arg)
{
	struct ms_kms_front *f = arg;

	(void)c;
	(void)err;
	f->parent = ms_chan_free(f->parent);
	ms_loop_stop();
}

static const struct ms_chan_handlers vault_handlers = { .message = from_vault,
							.closed = vault_gone };
static const struct ms_chan_handlers parent_handlers = { .message = from_parent,
							 .closed = parent_gone };

/* ---- start ---- */

static int serve(struct ms_kms_front *f, const struct ms_kms_hello *hello)
{
	struct ms_http_server_options o = { .routes = f->route, .n_routes = 1 };
	int fd = MS_ROLE_FD + MS_KMS_FD_LISTEN, err;

	limits_of(&f->config, &o.limits);
	f->route[0] = (struct ms_http_route){ f->config.profile.kms_path, MS_HTTP_POST,
					      ms_kms_front_request, f };
	err = ms_http_server_new(&o, &f->server);
	for (uint32_t i = 0; err == 0 && i < hello->n_listen; i++)
		err = ms_http_server_listen_fd(f->server, fd++);
	if (err || !hello->has_metrics)
		return err;
	f->route[1] = (struct ms_http_route){ "/metrics", MS_HTTP_GET, ms_kms_front_scrape, f };
	o = (struct ms_http_server_options){ .routes = &f->route[1], .n_routes = 1 };
	o.limits.connections = 16;
	err = ms_http_server_new(&o, &f->metrics);
	return err ? err : ms_http_server_listen_fd(f->metrics, fd);
}

static int start(struct ms_kms_front *f)
{
	struct ms_kms_hello hello;
	int err = ms_kms_role_config(MS_ROLE_FD + MS_KMS_FD_CONFIG, &hello, &f->config,
				     &f->config_owner);

	if (err)
		return err;
	ms_log_set_level(NULL, (enum ms_log_level)f->config.daemon.log_level);
	ms_buf_init(&f->scratch, 256 << 10);
	err = ms_kms_front_pending_new(f);
	if (err == 0)
		err = ms_daemon_role_signals();
	if (err == 0)
		err = ms_chan_new(MS_ROLE_FD, 0, false, &parent_handlers, f, &f->parent);
	if (err == 0)
		err = ms_chan_new(MS_ROLE_FD + MS_KMS_FD_LINK, 64 << 20, false, &vault_handlers, f,
				  &f->link);
	if (err == 0)
		err = serve(f, &hello);
	if (err == 0)
		err = ms_daemon_role_drop(&f->config.daemon, true);
	if (err)
		return err;
	ms_timer_init(&f->second, "front.second", each_second, f);
	ms_timer_start(&f->second, MS_SEC);
	return ms_sandbox_enter(MS_SANDBOX_NET_SERVER, NULL, 0);
}

static void stop(struct ms_kms_front *f)
{
	ms_timer_stop(&f->second);
	ms_kms_front_answer_scrapes(f, 503);
	f->server = ms_http_server_free(f->server);
	f->metrics = ms_http_server_free(f->metrics);
	f->link = ms_chan_free(f->link);
	f->parent = ms_chan_free(f->parent);
	f->pending = ms_free(f->pending);
	ms_buf_done(&f->scratch);
	f->config_owner = ms_config_free(f->config_owner);
}

int ms_kms_front_main(void)
{
	static struct ms_kms_front front;
	int err = ms_daemon_role_init("mediasec-kms/front");

	ms_kms_counters_init();
	if (err == 0)
		err = start(&front);
	if (err) {
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "front: %s", strerror(-err));
	} else {
		ms_daemon_role_ready(MS_ROLE_FD + MS_KMS_FD_STATUS);
		err = ms_loop_run();
	}
	stop(&front);
	return err ? 1 : 0;
}
