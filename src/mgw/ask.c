/* SPDX-License-Identifier: Apache-2.0 */
#include "mgw/ask.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/counter.h"
#include "mgw/role.h"

/* As many as the control socket has clients, each of which waits for its answer. */
#define WAITING_MAX MS_CONTROL_CLIENTS_MAX

#define METRICS_MAX ((size_t)1 << 20)

static struct {
	struct ms_control_request *request;
	const char *command; /* static */
	uint64_t id;
} waiting[WAITING_MAX];
static uint64_t last_id;

static int wait_for(struct ms_control_request *r, const char *command, uint64_t *ret_id)
{
	for (size_t i = 0; i < WAITING_MAX; i++) {
		if (waiting[i].request)
			continue;
		waiting[i].request = r;
		waiting[i].command = command;
		waiting[i].id = *ret_id = ++last_id;
		return 0;
	}
	return -EBUSY;
}

static struct ms_control_request *take(uint64_t id, const char **ret_command)
{
	for (size_t i = 0; i < WAITING_MAX; i++) {
		struct ms_control_request *r = waiting[i].request;

		if (!r || waiting[i].id != id)
			continue;
		waiting[i].request = NULL;
		*ret_command = waiting[i].command;
		return r;
	}
	return NULL;
}

static int send_question(const char *command, json_t *args, uint64_t id)
{
	struct ms_chan *c = ms_mgw_parent_control();
	json_t *question = json_pack("{s:s,s:O}", "command", command, "args", args);
	char *text = question ? json_dumps(question, JSON_COMPACT) : NULL;
	int err = !c     ? -EPIPE
		  : text ? ms_chan_send(c, MS_MGW_MSG_ASK, id, ms_span_str(text))
			 : -ENOMEM;

	/* The library's memory. */
	free(text);
	json_decref(question);
	return err;
}

static void ask(struct ms_control_request *r, json_t *args, void *arg)
{
	const char *command;
	uint64_t id;

	if (wait_for(r, arg, &id)) {
		ms_control_fail(r, "too many questions at once");
		return;
	}
	if (send_question(arg, args, id)) {
		(void)!take(id, &command);
		ms_control_fail(r, "the control role is away; ask again in a moment");
	}
}

/* Counters of this process, beside those of the roles. */
static json_t *with_own_metrics(json_t *result)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;

	ms_buf_init(&text, METRICS_MAX);
	ms_counters_prometheus(&text);
	ms_buf_put_span(&text, ms_span_str(json_string_value(result)));
	json_decref(result);
	return ms_buf_status(&text) ? NULL : json_stringn((const char *)text.p, text.len);
}

static json_t *with_own(const char *command, json_t *result)
{
	json_t *own;

	if (strcmp(command, "metrics") == 0)
		return with_own_metrics(result);
	if (strcmp(command, "counters") != 0)
		return result;
	own = ms_counters_json();
	(void)!json_object_update_missing(result, own);
	json_decref(own);
	return result;
}

void ms_mgw_ask_answered(struct ms_msg *m)
{
	const char *command = "";
	struct ms_control_request *r = take(m->id, &command);
	bool ok = ms_msg_u8(m) != 0;
	struct ms_span text = ms_msg_rest(m);

	if (!r)
		return;
	json_t *result =
		ok ? json_loadb((const char *)text.p, text.len, JSON_DECODE_ANY, NULL) : NULL;
	if (result)
		result = with_own(command, result);
	if (result)
		ms_control_reply(r, result);
	else
		ms_control_fail(r, "%.*s", MS_SPAN_FMT(text));
}

void ms_mgw_ask_lost(void)
{
	for (size_t i = 0; i < WAITING_MAX; i++) {
		struct ms_control_request *r = waiting[i].request;

		waiting[i].request = NULL;
		if (r)
			ms_control_fail(r, "the control role ended");
	}
}

#define COMMAND(n, a, h)                                                           \
	{                                                                          \
		.name = (n), .args = (a), .help = (h), .run = ask, .arg = (char[]) \
		{                                                                  \
			n                                                          \
		}                                                                  \
	}

const struct ms_control_command ms_mgw_ask_commands[] = {
	COMMAND("status", "", "Controllers, association, workers, figures."),
	COMMAND("contexts", "", "All contexts, one line each."),
	COMMAND("context", "id=NUMBER", "One context: terminations, bearers, TLS, octets."),
	COMMAND("drain", "", "No new contexts; those that are there stay."),
	COMMAND("undrain", "", "New contexts again."),
	COMMAND("counters", "", "All counters and gauges, of all processes."),
	COMMAND("metrics", "", "The same as Prometheus text."),
	{ 0 },
};
