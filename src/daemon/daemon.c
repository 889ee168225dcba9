/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a daemon: configuration, start, signals, reload, stop. */
#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/daemon-priv.h"
#include "priv/sandbox.h"

static const struct ms_config_field level_fields[] = {
	{ .key = "category",
	  .type = MS_CONFIG_TEXT,
	  MS_CONFIG_AT(struct ms_daemon_log_level, category),
	  .min = 1,
	  .help = "Name of the category; the control command `log` lists them." },
	{ .key = "level",
	  .type = MS_CONFIG_ENUM,
	  MS_CONFIG_AT(struct ms_daemon_log_level, level),
	  .names = ms_log_level_names,
	  .help = "Least important level written." },
	{ 0 },
};

const struct ms_config_field ms_daemon_config_fields[] = {
	{ .key = "user",
	  .type = MS_CONFIG_TEXT,
	  MS_CONFIG_AT(struct ms_daemon_config, user),
	  .value = "",
	  .help = "User to become when started as root; empty: stay." },
	{ .key = "group",
	  .type = MS_CONFIG_TEXT,
	  MS_CONFIG_AT(struct ms_daemon_config, group),
	  .value = "",
	  .help = "Group to become; empty: the user's." },
	{ .key = "chroot",
	  .type = MS_CONFIG_TEXT,
	  MS_CONFIG_AT(struct ms_daemon_config, chroot_dir),
	  .value = "",
	  .help = "Root directory for the roles that need no files; empty: none." },
	{ .key = "control",
	  .type = MS_CONFIG_TEXT,
	  MS_CONFIG_AT(struct ms_daemon_config, control),
	  .value = "",
	  .max = 100,
	  .help = "Path of the control socket; empty: none." },
	{ .key = "control_group",
	  .type = MS_CONFIG_BOOL,
	  MS_CONFIG_AT(struct ms_daemon_config, control_group),
	  .value = "false",
	  .help = "Whether the group may use the control socket too." },
	{ .key = "pid_file",
	  .type = MS_CONFIG_TEXT,
	  MS_CONFIG_AT(struct ms_daemon_config, pid_file),
	  .value = "",
	  .help = "Path of the pid file; empty: none." },
	{ .key = "log_level",
	  .type = MS_CONFIG_ENUM,
	  MS_CONFIG_AT(struct ms_daemon_config, log_level),
	  .value = "info",
	  .names = ms_log_level_names,
	  .help = "Least important level written." },
	{ .key = "log_levels",
	  .type = MS_CONFIG_LIST,
	  MS_CONFIG_AT(struct ms_daemon_config, log_levels),
	  .max = 64,
	  .fields = level_fields,
	  .item_size = sizeof(struct ms_daemon_log_level),
	  .help = "Levels of single categories." },
	{ .key = "stop_limit",
	  .type = MS_CONFIG_TIME,
	  MS_CONFIG_AT(struct ms_daemon_config, stop_limit),
	  .value = "30s",
	  .max = 3600 * MS_SEC,
	  .help = "Longest time that requests under way are waited for at the end." },
	{ 0 },
};

const struct ms_daemon_config *ms_daemon_common_of(const struct ms_daemon_app *app,
						   const struct ms_config *c)
{
	const char *values = ms_config_values(c);

	return (const struct ms_daemon_config *)(const void *)(values + app->daemon_offset);
}

const struct ms_daemon_config *ms_daemon_common(const struct ms_daemon *d)
{
	return ms_daemon_common_of(d->app, d->config);
}

const void *ms_daemon_config(const struct ms_daemon *d)
{
	return ms_config_values(d->config);
}

void ms_daemon_set_state(struct ms_daemon *d, void *state)
{
	d->state = state;
}

void *ms_daemon_state(const struct ms_daemon *d)
{
	return d->state;
}

/* ---- configuration ---- */

static bool is_category(const char *name)
{
	const struct ms_log_category *c = ms_log_category_next(NULL);

	while (c && strcmp(c->name, name) != 0)
		c = ms_log_category_next(c);
	return c;
}

static int check_levels(const struct ms_daemon *d, const struct ms_config *c,
			struct ms_config_error *ret_error)
{
	const struct ms_config_list *list = &ms_daemon_common_of(d->app, c)->log_levels;
	const struct ms_daemon_log_level *levels = list->items;
	char key[64];

	for (size_t i = 0; i < list->n; i++) {
		if (is_category(levels[i].category))
			continue;
		snprintf(key, sizeof(key), "daemon.log_levels[%zu].category", i);
		return ms_config_complain(c, key, ret_error, "no category is called \"%.64s\"",
					  levels[i].category);
	}
	return 0;
}

static int load(const struct ms_daemon *d, struct ms_config **ret_c,
		struct ms_config_error *ret_error)
{
	struct ms_config *c;
	int err = ms_config_load(d->options.config_path, d->app->fields, d->app->config_size, &c,
				 ret_error);

	if (err)
		return err;
	err = check_levels(d, c, ret_error);
	if (err == 0 && d->app->check)
		err = d->app->check(c, ret_error);
	if (err)
		ms_config_free(c);
	else
		*ret_c = c;
	return err;
}

void ms_daemon_set_levels(const struct ms_daemon *d)
{
	const struct ms_daemon_config *common = ms_daemon_common(d);
	const struct ms_daemon_log_level *levels = common->log_levels.items;
	unsigned level = common->log_level + d->options.verbose;

	ms_log_set_level(NULL, level > MS_LOG_DEBUG ? MS_LOG_DEBUG : (enum ms_log_level)level);
	for (size_t i = 0; i < common->log_levels.n; i++)
		ms_log_set_level(levels[i].category, (enum ms_log_level)levels[i].level);
}

static enum ms_log_target log_target(const struct ms_daemon *d)
{
	return d->options.foreground ? MS_LOG_STDERR : MS_LOG_SYSLOG;
}

void ms_daemon_levels_changed(struct ms_daemon *d)
{
	ms_daemon_export_log(log_target(d));
	if (d->app->levels)
		d->app->levels(d);
}

void ms_daemon_explain(struct ms_daemon *d, const char *why)
{
	(void)snprintf(d->why, sizeof(d->why), "%s", why);
}

static int reload(struct ms_daemon *d, struct ms_config_error *error)
{
	char key[MS_CONFIG_PATH_MAX];
	struct ms_config *c;
	int err;

	if (!d->app->reload) {
		snprintf(error->text, sizeof(error->text), "%s cannot reload", d->app->name);
		return -ENOTSUP;
	}
	err = load(d, &c, error);
	if (err)
		return err;
	if (ms_config_differs(d->app->fields, ms_config_values(d->config), ms_config_values(c),
			      d->app->loose, key)) {
		snprintf(error->text, sizeof(error->text),
			 "%s needs a restart; nothing was changed", key);
		ms_config_free(c);
		return -EBUSY;
	}
	d->why[0] = '\0';
	err = d->app->reload(d, ms_config_values(c));
	if (err) {
		snprintf(error->text, sizeof(error->text),
			 "the new configuration could not be put in force: %s",
			 d->why[0] ? d->why : strerror(-err));
		ms_config_free(c);
		return err;
	}
	ms_config_free(d->config);
	d->config = c;
	ms_daemon_set_levels(d);
	ms_daemon_levels_changed(d);
	return 0;
}

int ms_daemon_reload(struct ms_daemon *d, struct ms_config_error *ret_error)
{
	struct ms_config_error error = { "" };
	int err;

	ms_daemon_notify("RELOADING=1");
	err = reload(d, &error);
	ms_daemon_notify("READY=1");
	ms_daemon_count_reload(err == 0);
	if (err)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "not reloaded, going on as before: %s",
		       error.text);
	else
		MS_LOG(&ms_log_main, MS_LOG_NOTICE, "reloaded %s", d->options.config_path);
	if (ret_error)
		*ret_error = error;
	return err;
}

/* ---- the end ---- */

void ms_daemon_stopped(struct ms_daemon *d)
{
	ms_timer_stop(&d->stop_timer);
	ms_loop_stop();
}

static void stop_took_too_long(void *arg)
{
	struct ms_daemon *d = arg;

	MS_LOG(&ms_log_main, MS_LOG_WARNING, "stopping took too long: cutting off what is left");
	ms_daemon_stopped(d);
}

void ms_daemon_stop(struct ms_daemon *d, int status)
{
	if (d->stopping)
		return;
	d->stopping = true;
	d->status = status;
	ms_daemon_notify("STOPPING=1");
	MS_LOG(&ms_log_main, MS_LOG_NOTICE, "stopping");
	ms_timer_start(&d->stop_timer, ms_daemon_common(d)->stop_limit);
	if (d->app->stop)
		d->app->stop(d);
	else
		ms_daemon_stopped(d);
}

/* A second signal means it: no more waiting. */
static void on_stop_signal(int signo, void *arg)
{
	struct ms_daemon *d = arg;

	if (d->stopping) {
		MS_LOG(&ms_log_main, MS_LOG_WARNING, "signal %d again: not waiting any longer",
		       signo);
		ms_daemon_stopped(d);
		return;
	}
	ms_daemon_stop(d, 0);
}

static void on_reload_signal(int signo MS_UNUSED, void *arg)
{
	if (ms_daemon_reload(arg, NULL))
		return; /* logged and counted */
}

static void on_slow_handler(const char *name, ms_usec took, void *arg MS_UNUSED)
{
	MS_LOG(&ms_log_main, MS_LOG_WARNING, "handler %s took %lld ms", name,
	       (long long)(took / MS_MSEC));
}

/* ---- the beginning ---- */

static int open_control(struct ms_daemon *d)
{
	const struct ms_daemon_config *common = ms_daemon_common(d);
	int err;

	if (!*common->control)
		return 0;
	err = ms_control_new(common->control, common->control_group ? 0660 : 0600, &d->control);
	if (err == 0)
		err = ms_control_add(d->control, ms_daemon_commands(d));
	if (err == 0 && d->app->commands)
		err = ms_control_add(d->control, d->app->commands);
	if (err)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "control socket %s: %s", common->control,
		       strerror(-err));
	return err;
}

static int open_loop(struct ms_daemon *d)
{
	int err = ms_loop_init();

	if (err)
		return err;
	ms_loop_on_slow(on_slow_handler, d);
	ms_timer_init(&d->stop_timer, "daemon.stop", stop_took_too_long, d);
	err = ms_loop_signal(SIGTERM, on_stop_signal, d);
	if (err == 0)
		err = ms_loop_signal(SIGINT, on_stop_signal, d);
	if (err == 0)
		err = ms_loop_signal(SIGHUP, on_reload_signal, d);
	return err;
}

static int write_pid_file(const struct ms_daemon *d)
{
	const char *path = ms_daemon_common(d)->pid_file;
	int err = *path ? ms_daemon_pid_file(path) : 0;

	if (err)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "pid file %s: %s", path,
		       err == -EEXIST ? "another one is running" : strerror(-err));
	return err;
}

static int bring_up(struct ms_daemon *d)
{
	int err = ms_sandbox_no_core();

	if (err == 0)
		err = open_loop(d);
	if (err) {
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "cannot prepare the process: %s",
		       strerror(-err));
		return err;
	}
	err = write_pid_file(d);
	if (err == 0)
		err = open_control(d);
	if (err == 0)
		err = d->app->start(d, ms_daemon_config(d));
	return err;
}

static int run(struct ms_daemon *d)
{
	int err = bring_up(d);

	if (err == 0) {
		MS_LOG(&ms_log_main, MS_LOG_NOTICE, "%s %s started", d->app->name, MS_VERSION);
		ms_daemon_notify("READY=1");
		ms_daemon_detached(d->ready_fd, 0);
		err = ms_loop_run();
	} else {
		ms_daemon_detached(d->ready_fd, 1);
	}
	ms_timer_stop(&d->stop_timer);
	if (d->app->done)
		d->app->done(d);
	d->control = ms_control_free(d->control);
	ms_loop_close();
	if (err)
		return 1;
	MS_LOG(&ms_log_main, MS_LOG_NOTICE, "stopped");
	return d->status;
}

static int print_config(const struct ms_daemon_app *app)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;

	ms_buf_init(&text, 1024 * 1024);
	ms_buf_printf(&text, "# %s: %s\n", app->name, app->summary);
	ms_config_document(app->fields, &text);
	if (ms_buf_status(&text))
		return 1;
	return fwrite(text.p, 1, text.len, stdout) == text.len ? 0 : 1;
}

/* Target and levels of the log, before anything is logged. */
static int open_log(struct ms_daemon *d)
{
	ms_log_open(d->app->name, log_target(d));
	ms_daemon_export_log(log_target(d));
	return d->options.foreground ? 0 : ms_daemon_detach(d->app->name, &d->ready_fd);
}

static void add_tables(struct ms_daemon *d)
{
	const struct ms_daemon_app *app = d->app;

	for (size_t i = 0; app->categories && app->categories[i]; i++)
		ms_log_category_add(app->categories[i]);
	ms_daemon_counters_add(d);
	for (size_t i = 0; app->counters && app->counters[i]; i++)
		ms_counter_set_add(app->counters[i]);
}

int ms_daemon_main(const struct ms_daemon_app *app, int argc, char **argv)
{
	static struct ms_daemon d; /* one a process; handlers may hold its address */
	struct ms_config_error error = { "" };
	int status = 0;

	d = (struct ms_daemon){ .app = app, .ready_fd = -1 };
	if (!ms_daemon_options_read(app, argc, argv, &d.options, &status))
		return status;
	if (d.options.print_config)
		return print_config(app);
	add_tables(&d);
	if (load(&d, &d.config, &error)) {
		fprintf(stderr, "%s: %s\n", app->name, error.text);
		return MS_EXIT_CONFIG;
	}
	ms_daemon_set_levels(&d);
	if (!d.options.check_only)
		status = open_log(&d) ? 1 : run(&d);
	else
		printf("%s: %s is good\n", app->name, d.options.config_path);
	d.config = ms_config_free(d.config);
	return status;
}
