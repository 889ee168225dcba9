/* SPDX-License-Identifier: Apache-2.0 */
/* The control role's process: start, parent, links to workers, end. */
#include "mgw/control.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "mgw/role.h"
#include "priv/fd.h"
#include "priv/role.h"
#include "priv/sandbox.h"

/* How long the last ServiceChange has to be answered. */
#define CLOSING (2 * MS_SEC)

static struct ms_mgw_control control;

/* ---- links to workers ---- */

static void on_link(unsigned events, void *arg)
{
	struct ms_mgw_control *c = arg;
	uint32_t index;
	int fd, err;

	(void)events;
	while ((err = ms_fd_receive(c->links.fd, &index, &fd)) == 0) {
		err = index > UINT16_MAX ? -EINVAL
					 : ms_mgw_plane_link(c->plane, (uint16_t)index, fd);
		if (err)
			MS_LOG(&ms_log_main, MS_LOG_ERROR, "link to media worker %u: %s", index,
			       strerror(-err));
	}
	/* Without the parent there will be no more of them; its channel tells the rest. */
	if (err != -EAGAIN)
		ms_watch_stop(&c->links);
}

/* ---- the parent ---- */

static void closing_over(void *arg)
{
	(void)arg;
	ms_loop_stop();
}

static void begin_end(struct ms_mgw_control *c)
{
	if (ms_timer_running(&c->closing))
		return;
	bool in_service = ms_mg_state(c->mg) == MS_MG_IN_SERVICE;
	ms_mg_close(c->mg, ms_loop_now());
	ms_mgw_control_touched(c);
	ms_timer_start(&c->closing, in_service ? CLOSING : 0);
}

static void from_parent(struct ms_chan *chan, struct ms_msg *m, void *arg)
{
	struct ms_mgw_control *c = arg;

	(void)chan;
	if (m->type == MS_MGW_MSG_STOP)
		begin_end(c);
	else if (m->type == MS_MGW_MSG_LEVEL)
		ms_mgw_role_level(m);
	else if (m->type == MS_MGW_MSG_ASK)
		ms_mgw_control_asked(c, m);
}

static void parent_gone(struct ms_chan *chan, int err, void *arg)
{
	struct ms_mgw_control *c = arg;

	(void)chan;
	(void)err;
	c->parent = ms_chan_free(c->parent);
	ms_loop_stop();
}

static const struct ms_chan_handlers parent_handlers = { .message = from_parent,
							 .closed = parent_gone };

/* ---- start and end ---- */

static int drop(const struct ms_mgw_control *c)
{
	/* The JSON library reads /dev/urandom at its first object, which would be too late. */
	json_object_seed(0);
	int err = ms_daemon_role_drop(&c->config->daemon, true);
	if (err)
		return err;
	return ms_sandbox_enter(MS_SANDBOX_NET_SERVER | MS_SANDBOX_NET_CLIENT, NULL, 0);
}

/*
 * On a core that both share, commands do not interrupt the media worker: what has come in meanwhile is
 * worked through at once when it sleeps, or at the next tick of the scheduler. That is a third of what a
 * call costs this role. Without it commands work as well.
 */
static void let_media_first(void)
{
	struct sched_param none = { 0 };

	(void)!sched_setscheduler(0, SCHED_BATCH, &none);
}

static int start(struct ms_mgw_control *c)
{
	struct ms_mgw_hello hello;
	int err = ms_mgw_role_config(&hello, &c->owner);

	if (err)
		return err;
	c->config = ms_config_values(c->owner);
	c->since = ms_loop_now();
	ms_timer_init(&c->closing, "control.closing", closing_over, c);
	ms_watch_init(&c->links, "control.links", on_link, c);
	err = ms_daemon_role_signals();
	if (err == 0)
		err = ms_chan_new(MS_ROLE_FD, 0, false, &parent_handlers, c, &c->parent);
	if (err == 0)
		err = ms_mgw_control_open(c);
	if (err == 0)
		err = ms_mgw_control_metrics(c);
	if (err == 0)
		err = ms_watch_set(&c->links, MS_ROLE_FD + MS_MGW_FD_LINK, MS_LOOP_READ);
	let_media_first();
	return err ? err : drop(c);
}

static void stop(struct ms_mgw_control *c)
{
	ms_watch_stop(&c->links);
	ms_timer_stop(&c->closing);
	c->metrics = ms_http_server_free(c->metrics);
	ms_mgw_control_shut(c);
	c->parent = ms_chan_free(c->parent);
	c->owner = ms_config_free(c->owner);
}

int ms_mgw_control_main(void)
{
	ms_log_category_add(&ms_mgw_log_h248);
	ms_log_category_add(&ms_mgw_log_media);
	int err = ms_daemon_role_init("mediasec-mgw/control");

	if (err == 0)
		err = start(&control);
	if (err) {
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "control: %s", strerror(-err));
	} else {
		ms_daemon_role_ready(MS_ROLE_FD + MS_MGW_FD_STATUS);
		ms_mgw_control_touched(&control);
		err = ms_loop_run();
	}
	stop(&control);
	return err ? 1 : 0;
}
