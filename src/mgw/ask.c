/* SPDX-License-Identifier: Apache-2.0 */
#include "mgw/ask.h"

#include <errno.h>
#include <stdlib.h>

#include "mgw/role.h"

/* As many as the control socket has clients, each of which waits for its answer. */
#define WAITING_MAX MS_CONTROL_CLIENTS_MAX

static struct {
	struct ms_control_request *request;
	uint64_t id;
} waiting[WAITING_MAX];
static uint64_t last_id;

static int wait_for(struct ms_control_request *r, uint64_t *ret_id)
{
	for (size_t i = 0; i < WAITING_MAX; i++) {
		if (waiting[i].request)
			continue;
		waiting[i].request = r;
		waiting[i].id = *ret_id = ++last_id;
		return 0;
	}
	return -EBUSY;
}

static struct ms_control_request *take(uint64_t id)
{
	for (size_t i = 0; i < WAITING_MAX; i++) {
		struct ms_control_request *r = waiting[i].request;

		if (!r || waiting[i].id != id)
			continue;
		waiting[i].request = NULL;
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
	uint64_t id;

	if (wait_for(r, &id)) {
		ms_control_fail(r, "too many questions at once");
		return;
	}
	if (send_question(arg, args, id)) {
		(void)!take(id);
		ms_control_fail(r, "the control role is away; ask again in a moment");
	}
}

void ms_mgw_ask_answered(struct ms_msg *m)
{
	struct ms_control_request *r = take(m->id);
	bool ok = ms_msg_u8(m) != 0;
	struct ms_span text = ms_msg_rest(m);

	if (!r)
		return;
	json_t *result =
		ok ? json_loadb((const char *)text.p, text.len, JSON_DECODE_ANY, NULL) : NULL;
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
	{ 0 },
};
