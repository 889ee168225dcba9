/* SPDX-License-Identifier: Apache-2.0 */
/* mediasec-list: start, reload and stop. One process, one loop. */
#include <errno.h>

#include "core/random.h"
#include "list/held.h"
#include "list/http.h"
#include "list/lists.h"
#include "list/notify.h"
#include "list/post.h"
#include "list/psi.h"
#include "list/uri-list.h"
#include "priv/sandbox.h"

#define CONFIG_MAX ((size_t)1024 * 1024)
#define HELD_MAX ((size_t)1000000)

struct ms_lists ms_lists;

static struct ms_counter_set *const counter_sets[] = { &ms_lists_counters, &ms_lists_sip_counters,
						       &ms_keys_counters, NULL };
static struct ms_log_category *const categories[] = { &ms_lists_log, NULL };

/* ---- opening ---- */

/* Keyrings borrow from the configuration they were made with, so that one has to stay. */
static int keep_first(struct ms_lists *s)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	int err;

	ms_buf_init(&b, CONFIG_MAX);
	ms_config_put(ms_lists_config_fields, s->config, &b);
	err = ms_buf_status(&b);
	if (err == 0)
		err = ms_config_take(ms_buf_span(&b), ms_lists_config_fields,
				     sizeof(struct ms_lists_config), &s->first);
	if (err == 0)
		s->keys_config = ms_config_values(s->first);
	return err;
}

static int open_directory(struct ms_lists *s, struct ms_buf *error)
{
	const struct ms_lists_config *c = s->config;
	const struct ms_lists_directory_options o = { .path = c->store.file,
						      .busy = c->store.busy,
						      .lists = c->limits.lists,
						      .members = c->limits.members };

	return ms_lists_directory_open(&o, error, &s->directory);
}

static int open_tables(struct ms_lists *s)
{
	uint8_t key[16];
	int err = ms_random_fill(&ms_random_system, key, sizeof(key));

	if (err == 0)
		err = ms_hash_new(HELD_MAX, key, &s->held);
	if (err == 0)
		err = ms_lists_rate_new(s->config->limits.senders, &s->rate);
	if (err == 0)
		ms_lists_rate_set(s->rate, s->config->limits.rate, s->config->limits.rate_burst);
	return err;
}

static int open_sip(struct ms_lists *s, struct ms_buf *error)
{
	struct ms_sip_point points[MS_SIP_POINTS_MAX];
	struct ms_sip_proxy_config c = ms_lists_proxy_config(s->config, points);

	c.handlers = (struct ms_sip_proxy_handlers){ .request = ms_lists_request,
						     .ended = ms_lists_exchange_ended };
	return ms_sip_proxy_new(&c, error, &s->proxy);
}

static int open_post(struct ms_lists *s)
{
	const struct ms_lists_post_spec spec = {
		.config = &s->keys_config->delivery,
		.store = ms_lists_directory_store(s->directory),
		.proxy = s->proxy,
		.tag_header = s->keys_config->profile.list_header,
		.handlers = { .tell = ms_lists_notify, .held = ms_lists_held_take, .arg = s }
	};

	return ms_lists_post_new(&spec, &s->post);
}

static int open_all(struct ms_lists *s, struct ms_buf *error)
{
	int err = keep_first(s);

	if (err == 0)
		err = open_tables(s);
	if (err == 0)
		err = ms_lists_keys_open(s, error);
	if (err == 0)
		err = open_directory(s, error);
	if (err == 0)
		err = open_sip(s, error);
	if (err == 0)
		err = open_post(s);
	return err ? err : ms_lists_http_open(s->config, error);
}

/*
 * The database, the replay cache and the token file are opened by their paths again, so there is no
 * other root directory (ms_lists_config_check()); libcurl looks up names in a thread.
 */
static int drop(const struct ms_lists *s)
{
	const struct ms_sandbox_drop d = { .user = s->config->daemon.user,
					   .group = s->config->daemon.group };
	const char *what = "";
	int err = ms_sandbox_drop(&d, &what);

	if (err)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "cannot drop privileges (%s): %s", what,
		       strerror(-err));
	return err ? err
		   : ms_sandbox_enter(MS_SANDBOX_FILES_READ | MS_SANDBOX_FILES_WRITE |
					      MS_SANDBOX_NET_SERVER | MS_SANDBOX_NET_CLIENT |
					      MS_SANDBOX_THREADS,
				      NULL, 0);
}

static int start(struct ms_daemon *d, const void *config)
{
	struct ms_lists *s = &ms_lists;
	MS_CLEANUP(ms_buf_done) struct ms_buf error;
	int err;

	ms_buf_init(&error, 1024);
	s->daemon = d;
	s->config = config;
	ms_list_init(&s->pending);
	ms_lists_held_open();
	ms_lists_counters_start();
	err = open_all(s, &error);
	if (err < 0) {
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "%s",
		       error.len > 0 ? ms_buf_cstr(&error) : strerror(-err));
		return err;
	}
	ms_lists_held_begin();
	return drop(s);
}

/* ---- reload and end ---- */

/* What is read when it is needed; everything else is taken at the start. */
static const char *const loose[] = { MS_DAEMON_LOOSE,
				     "sip.trusted",
				     "kms.away",
				     "kms.retry",
				     "kms.hold",
				     "tickets.algorithm",
				     "tickets.explicit_max",
				     "tickets.group_suffix",
				     "limits.members",
				     "limits.size",
				     "limits.pending",
				     "limits.rate",
				     "limits.rate_burst",
				     "content",
				     "uri_list",
				     "http.token_file",
				     "http.lists_owner",
				     "http.domains",
				     NULL };

static int reload(struct ms_daemon *d, const void *config)
{
	struct ms_lists *s = &ms_lists;
	const struct ms_lists_config *next = config;
	MS_CLEANUP(ms_buf_done) struct ms_buf error;

	ms_buf_init(&error, 1024);
	if (ms_lists_http_reload(next, &error)) {
		ms_daemon_explain(d, ms_buf_cstr(&error));
		return -EINVAL;
	}
	s->config = next;
	ms_lists_rate_set(s->rate, next->limits.rate, next->limits.rate_burst);
	ms_lists_directory_set_members(s->directory, next->limits.members);
	return 0;
}

#define STOP_STEP (50 * MS_MSEC)

static struct {
	struct ms_timer timer;
	ms_usec until;
} stopping;

/* Requests under way get their answers; what is not delivered is in the store. */
static void stop_step(void *arg)
{
	struct ms_lists *s = &ms_lists;

	if (ms_clock_mono() >= stopping.until ||
	    (s->n_pending == 0 && ms_lists_post_busy(s->post) == 0))
		ms_daemon_stopped(arg);
	else
		ms_timer_start(&stopping.timer, STOP_STEP);
}

static void stop(struct ms_daemon *d)
{
	struct ms_lists *s = &ms_lists;

	ms_sip_proxy_drain(s->proxy, true);
	ms_lists_held_stop();
	ms_lists_psi_stop();
	ms_lists_uri_stop();
	ms_lists_post_drain(s->post);
	stopping.until = ms_usec_add(ms_clock_mono(), s->config->daemon.stop_limit);
	ms_timer_init(&stopping.timer, "list.stop", stop_step, d);
	ms_timer_start(&stopping.timer, 0);
}

static void done(struct ms_daemon *d)
{
	struct ms_lists *s = &ms_lists;

	(void)d;
	ms_lists_http_close();
	ms_timer_stop(&s->retry);
	ms_timer_stop(&stopping.timer);
	s->proxy = ms_sip_proxy_free(s->proxy);
	ms_lists_notify_end();
	s->post = ms_lists_post_free(s->post);
	ms_lists_psi_end();
	ms_lists_uri_end();
	ms_lists_keys_close(s);
	s->directory = ms_lists_directory_close(s->directory);
	s->rate = ms_lists_rate_free(s->rate);
	s->held = ms_hash_free(s->held);
	s->first = ms_config_free(s->first);
}

const struct ms_daemon_app ms_lists_app = {
	.name = "mediasec-list",
	.summary = "List server: passes protected messages on to the members of lists.",
	.config_path = "/etc/mediasec/list.yaml",
	.fields = ms_lists_config_fields,
	.config_size = sizeof(struct ms_lists_config),
	.daemon_offset = offsetof(struct ms_lists_config, daemon),
	.check = ms_lists_config_check,
	.start = start,
	.reload = reload,
	.loose = loose,
	.stop = stop,
	.done = done,
	.counters = counter_sets,
	.categories = categories,
	.commands = ms_lists_commands,
};

int main(int argc, char **argv)
{
	return ms_daemon_main(&ms_lists_app, argc, argv);
}
