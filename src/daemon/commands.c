/* SPDX-License-Identifier: Apache-2.0 */
/* Control commands and counters that every daemon has. */
#include <errno.h>
#include <unistd.h>

#include "daemon/daemon-priv.h"

#define METRICS_MAX ((size_t)2 * 1024 * 1024)

static void run_version(struct ms_control_request *r, json_t *args MS_UNUSED, void *arg)
{
	const struct ms_daemon *d = arg;

	ms_control_reply(r, json_pack("{s:s,s:s,s:i}", "name", d->app->name, "version", MS_VERSION,
				      "pid", (int)getpid()));
}

static void run_counters(struct ms_control_request *r, json_t *args MS_UNUSED, void *arg MS_UNUSED)
{
	ms_control_reply(r, ms_counters_json());
}

static void run_metrics(struct ms_control_request *r, json_t *args MS_UNUSED, void *arg MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;

	ms_buf_init(&text, METRICS_MAX);
	ms_counters_prometheus(&text);
	if (ms_buf_status(&text))
		ms_control_fail(r, "too many counters for one answer");
	else
		ms_control_reply(r, json_stringn((const char *)text.p, text.len));
}

static void run_log(struct ms_control_request *r, json_t *args MS_UNUSED, void *arg MS_UNUSED)
{
	json_t *list = json_array();

	for (const struct ms_log_category *c = ms_log_category_next(NULL); c;
	     c = ms_log_category_next(c))
		json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "category", c->name, "level",
						      ms_log_level_name(c->level), "about",
						      c->help ? c->help : ""));
	ms_control_reply(r, list);
}

static void run_log_level(struct ms_control_request *r, json_t *args, void *arg)
{
	const char *name = ms_control_text(args, "category"),
		   *text = ms_control_text(args, "level");
	enum ms_log_level level;

	if (!text || ms_log_level_parse(ms_span_str(text), &level))
		ms_control_fail(r, "level is one of error, warning, notice, info, debug");
	else if (ms_log_set_level(name, level))
		ms_control_fail(r, "no such category; \"log\" lists them");
	else {
		ms_daemon_levels_changed(arg);
		run_log(r, args, NULL);
	}
}

static void run_reload(struct ms_control_request *r, json_t *args MS_UNUSED, void *arg)
{
	struct ms_config_error error = { "" };

	if (ms_daemon_reload(arg, &error))
		ms_control_fail(r, "%s", error.text);
	else
		ms_control_reply(r, json_string("reloaded"));
}

static void run_stop(struct ms_control_request *r, json_t *args MS_UNUSED, void *arg)
{
	ms_control_reply(r, json_string("stopping"));
	ms_daemon_stop(arg, 0);
}

static struct ms_control_command commands[] = {
	{ .name = "version", .help = "Name, version and process id.", .run = run_version },
	{ .name = "counters", .help = "All counters and gauges.", .run = run_counters },
	{ .name = "metrics", .help = "The same as Prometheus text.", .run = run_metrics },
	{ .name = "log", .help = "Log categories and their levels.", .run = run_log },
	{ .name = "log.level",
	  .args = "level=LEVEL [category=NAME]",
	  .help = "Sets the log level of one category, or of all.",
	  .run = run_log_level },
	{ .name = "reload", .help = "Reads the configuration again.", .run = run_reload },
	{ .name = "stop", .help = "Ends the daemon gracefully.", .run = run_stop },
	{ 0 },
};

const struct ms_control_command *ms_daemon_commands(struct ms_daemon *d)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(commands); i++)
		commands[i].arg = d;
	return commands;
}

/* ---- counters ---- */

enum { C_ROUNDS, C_SLOW, C_WATCHES, C_CONTROL, C_CONTROL_BAD, C_RELOADED, C_NOT_RELOADED, C_UP };

static struct ms_counter counters[] = {
	[C_ROUNDS] = MS_COUNTER("loop_rounds_total", "Times the event loop woke up."),
	[C_SLOW] = MS_COUNTER("loop_slow_handlers_total", "Handlers that took over 50 ms."),
	[C_WATCHES] = MS_GAUGE("open_descriptors", "Descriptors the event loop watches."),
	[C_CONTROL] = MS_COUNTER("control_requests_total", "Requests over the control socket."),
	[C_CONTROL_BAD] =
		MS_COUNTER("control_malformed_total", "Control requests that were not understood."),
	[C_RELOADED] = MS_COUNTER_LABEL(
		"reloads_total", "Attempts to read the configuration again.", "outcome", "done"),
	[C_NOT_RELOADED] = MS_COUNTER_LABEL(
		"reloads_total", "Attempts to read the configuration again.", "outcome", "refused"),
	[C_UP] = MS_GAUGE("start_time_seconds", "When this process started, in Unix time."),
};

static void refresh(struct ms_counter_set *set, void *arg)
{
	const struct ms_daemon *d = arg;
	const struct ms_loop_stats *loop = ms_loop_stats();

	set->counters[C_ROUNDS].value = loop->rounds;
	set->counters[C_SLOW].value = loop->slow;
	set->counters[C_WATCHES].value = loop->watches;
	if (!d->control)
		return;
	set->counters[C_CONTROL].value = ms_control_stats(d->control)->requests;
	set->counters[C_CONTROL_BAD].value = ms_control_stats(d->control)->malformed;
}

static struct ms_counter_set counter_set = MS_COUNTER_SET("mediasec_daemon", counters);

void ms_daemon_counters_add(struct ms_daemon *d)
{
	counter_set.refresh = refresh;
	counter_set.arg = d;
	ms_gauge(&counters[C_UP], (uint64_t)(ms_clock_wall() / MS_SEC));
	ms_counter_set_add(&counter_set);
}

void ms_daemon_count_reload(bool ok)
{
	ms_count(&counters[ok ? C_RELOADED : C_NOT_RELOADED]);
}
