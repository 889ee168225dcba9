/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent of the control role and the media workers. A worker that dies is replaced alone and the
 * control role gets a link to the new one; with the control role everything starts anew, since nobody
 * else knows what the contexts were. Too many deaths in a minute are given up.
 */
#include "mgw/parent.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "core/alloc.h"
#include "loop/loop.h"
#include "mgw/ask.h"
#include "mgw/config.h"
#include "mgw/role.h"
#include "priv/chan.h"
#include "priv/fd.h"
#include "priv/role.h"

#define RESTARTS_MAX 10
#define START_LIMIT_MS 60000

struct child {
	struct parent *parent;
	struct ms_daemon_child run;
	uint32_t index; /* of a worker */
	bool wanted;    /* died and is to be started again */
};

struct parent {
	struct ms_daemon *d;
	const struct ms_mgw_config *config; /* borrowed, in force */
	struct child control;
	struct child *workers;
	unsigned n_workers;
	int links; /* to the control role: links to workers go there */
	struct ms_timer again;
	struct ms_daemon_deaths deaths;
	bool stopping;
};

static struct parent parent = { .links = -1 };

/* ---- starting ---- */

static void chan_message(struct ms_chan *c, struct ms_msg *m, void *arg)
{
	(void)c;
	(void)arg;
	if (m->type == MS_MGW_MSG_ANSWER)
		ms_mgw_ask_answered(m);
	else
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "a role sent message %u", m->type);
}

static void ended(struct ms_role *r, int status, const char *text, void *arg);

/* With `link` as the role's own descriptor, which stays the caller's. */
static int spawn(struct child *child, const char *name, int link)
{
	struct parent *p = child->parent;
	const struct ms_mgw_hello hello = { .workers = p->n_workers, .index = child->index };
	const struct ms_daemon_child_start s = { .name = name,
						 .head = ms_span_of(&hello, sizeof(hello)),
						 .fields = ms_mgw_config_fields,
						 .values = p->config,
						 .fds = &link,
						 .n_fds = 1,
						 .limit_ms = START_LIMIT_MS,
						 .message = chan_message,
						 .ended = ended,
						 .arg = child };

	return ms_daemon_child_start(&child->run, &s);
}

static int start_worker(struct child *w)
{
	int link[2], err = ms_role_pair(link);

	if (err)
		return err;
	err = spawn(w, "media", link[0]);
	if (err == 0)
		err = ms_fd_send(w->parent->links, w->index, link[1]);
	close(link[0]);
	close(link[1]);
	w->wanted = err != 0;
	if (err) {
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "media worker %u did not start: %s", w->index,
		       strerror(-err));
		ms_daemon_child_end(&w->run);
	}
	return err;
}

static void end_all(struct parent *p)
{
	ms_mgw_ask_lost();
	ms_daemon_child_end(&p->control.run);
	for (unsigned i = 0; i < p->n_workers; i++)
		ms_daemon_child_end(&p->workers[i].run);
	if (p->links >= 0)
		close(p->links);
	p->links = -1;
}

static int start_control(struct parent *p)
{
	int pair[2], err = ms_role_pair(pair);

	if (err)
		return err;
	p->links = pair[1];
	err = spawn(&p->control, "control", pair[0]);
	close(pair[0]);
	if (err)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "the control role did not start: %s",
		       strerror(-err));
	return err;
}

static int start_all(struct parent *p)
{
	int err = start_control(p);

	for (unsigned i = 0; err == 0 && i < p->n_workers; i++)
		err = start_worker(&p->workers[i]);
	if (err)
		end_all(p);
	return err;
}

/* ---- watching ---- */

static void start_again_soon(struct parent *p)
{
	if (!ms_daemon_deaths_bear(&p->deaths, RESTARTS_MAX)) {
		p->stopping = true;
		end_all(p);
		ms_daemon_stop(p->d, 1);
		return;
	}
	ms_timer_start(&p->again, MS_DAEMON_AGAIN);
}

static void again(void *arg)
{
	struct parent *p = arg;
	int err = 0;

	if (!p->control.run.role) {
		err = start_all(p);
		if (err == 0)
			MS_LOG(&ms_log_main, MS_LOG_NOTICE, "control and workers serve again");
	}
	for (unsigned i = 0; err == 0 && i < p->n_workers; i++) {
		if (!p->workers[i].wanted)
			continue;
		err = start_worker(&p->workers[i]);
		if (err == 0)
			MS_LOG(&ms_log_main, MS_LOG_NOTICE, "media worker %u serves again", i);
	}
	if (err)
		start_again_soon(p);
}

static struct child *next_to_stop(struct parent *p)
{
	/* Control first: it takes leave of its controllers and still needs the workers for that. */
	if (p->control.run.role)
		return &p->control;
	for (unsigned i = 0; i < p->n_workers; i++)
		if (p->workers[i].run.role)
			return &p->workers[i];
	return NULL;
}

static void stop_next(struct parent *p)
{
	struct child *c = next_to_stop(p);

	if (!c)
		ms_daemon_stopped(p->d);
	else if (c->run.chan && ms_chan_send(c->run.chan, MS_MGW_MSG_STOP, 0, MS_SPAN_NULL))
		ms_role_kill(c->run.role, SIGKILL);
	/* Without a channel it is ending already: a worker does when control has gone. */
}

static void ended(struct ms_role *r, int status, const char *text, void *arg)
{
	struct child *c = arg;
	struct parent *p = c->parent;
	bool is_control = c == &p->control;

	if (!p->stopping || status != 0)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "%s %u %s", ms_role_name(r), c->index, text);
	ms_daemon_child_end(&c->run);
	if (p->stopping) {
		stop_next(p);
		return;
	}
	if (is_control)
		end_all(p);
	else
		c->wanted = true;
	start_again_soon(p);
}

/* ---- the operator ---- */

struct ms_chan *ms_mgw_parent_control(void)
{
	return parent.control.run.chan;
}

static void tell_level(struct ms_chan *chan, const struct ms_log_category *category)
{
	struct ms_buf *b = chan ? ms_chan_begin(chan, MS_MGW_MSG_LEVEL, 0) : NULL;

	if (!b)
		return;
	ms_buf_put_u8(b, (uint8_t)category->level);
	ms_buf_put(b, category->name, strlen(category->name));
	if (ms_chan_end(chan))
		MS_LOG(&ms_log_main, MS_LOG_WARNING, "a role was not told its level of the log");
}

/* ---- the daemon's hooks ---- */

static void levels(struct ms_daemon *d)
{
	const struct parent *p = ms_daemon_state(d);

	for (const struct ms_log_category *c = ms_log_category_next(NULL); c;
	     c = ms_log_category_next(c)) {
		tell_level(p->control.run.chan, c);
		for (unsigned i = 0; i < p->n_workers; i++)
			tell_level(p->workers[i].run.chan, c);
	}
}

static int start(struct ms_daemon *d, const void *config)
{
	struct parent *p = &parent;

	p->d = d;
	p->config = config;
	p->n_workers = ms_mgw_workers(config);
	p->workers = ms_zalloc(p->n_workers * sizeof(*p->workers));
	if (!p->workers)
		return -ENOMEM;
	p->control.parent = p;
	for (unsigned i = 0; i < p->n_workers; i++)
		p->workers[i] = (struct child){ .parent = p, .index = i };
	ms_daemon_set_state(d, p);
	ms_timer_init(&p->again, "parent.again", again, p);
	return start_all(p);
}

/* Everything else is what the processes were started with. */
static const char *const loose[] = { MS_DAEMON_LOOSE, NULL };

static int reload(struct ms_daemon *d, const void *config)
{
	struct parent *p = ms_daemon_state(d);

	p->config = config;
	return 0;
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
	end_all(p);
	ms_free(p->workers);
	p->workers = NULL;
	p->n_workers = 0;
}

static struct ms_log_category *const categories[] = { &ms_mgw_log_h248, &ms_mgw_log_media, NULL };

const struct ms_daemon_app ms_mgw_app = {
	.name = "mediasec-mgw",
	.summary = "Media gateway under H.248 control: IMS-AGW, TrGW, MRFP.",
	.config_path = "/etc/mediasec/mgw.yaml",
	.fields = ms_mgw_config_fields,
	.config_size = sizeof(struct ms_mgw_config),
	.daemon_offset = offsetof(struct ms_mgw_config, daemon),
	.check = ms_mgw_config_check,
	.start = start,
	.reload = reload,
	.loose = loose,
	.stop = stop,
	.done = done,
	.levels = levels,
	.categories = categories,
	.commands = ms_mgw_ask_commands,
};
