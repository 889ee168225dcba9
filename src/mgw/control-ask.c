/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's questions: status, contexts, one context, drain. */
#include <errno.h>
#include <stdlib.h>

#include "core/ip.h"
#include "mgw/control.h"
#include "mgw/role.h"

static void answer_text(struct ms_mgw_control *c, uint64_t id, bool ok, struct ms_span text)
{
	struct ms_buf *b = ms_chan_begin(c->parent, MS_MGW_MSG_ANSWER, id);

	ms_buf_put_u8(b, ok);
	ms_buf_put(b, text.p, text.len);
	if (ms_chan_end(c->parent) && text.len > 64)
		answer_text(c, id, false, MS_SPAN_LIT("the answer is too long"));
}

void ms_mgw_control_answer(struct ms_mgw_control *c, uint64_t id, json_t *result)
{
	char *text = result ? json_dumps(result, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	if (text)
		answer_text(c, id, true, ms_span_str(text));
	else
		answer_text(c, id, false, MS_SPAN_LIT("out of memory"));
	/* The library's memory. */
	free(text);
	json_decref(result);
}

/* ---- status ---- */

static json_t *controllers_json(const struct ms_mgw_control *c)
{
	static const char *const transports[] = { "udp", "tcp", "sctp" };
	static const char *const encodings[] = { "pretty", "compact", "binary" };
	json_t *list = json_array();
	char text[MS_ADDR_TEXT_MAX];

	for (unsigned i = 0; list && i < c->n_peers; i++) {
		const struct ms_mgw_peer *p = &c->peers[i];

		json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:b}", "address",
						      ms_addr_print(&p->config->address, text),
						      "transport", transports[p->config->transport],
						      "encoding", encodings[p->config->encoding],
						      "ours", ms_mg_controller(c->mg) == i));
	}
	return list;
}

static void ask_status(struct ms_mgw_control *c, uint64_t id, const json_t *args)
{
	struct ms_mg_figures f;
	json_t *all = ms_mgw_plane_status(c->plane);

	(void)args;
	ms_mg_figures(c->mg, &f);
	json_t *own = json_pack("{s:s,s:s,s:b,s:i,s:I,s:I,s:I,s:I,s:o}", "mid", c->config->h248.mid,
				"association", ms_mg_state_name(ms_mg_state(c->mg)), "draining",
				ms_mg_draining(c->mg), "version", (int)ms_mg_version(c->mg),
				"contexts", (json_int_t)f.contexts, "terminations",
				(json_int_t)f.terminations, "commands", (json_int_t)f.commands,
				"seconds", (json_int_t)((ms_loop_now() - c->since) / MS_SEC),
				"controllers", controllers_json(c));
	if (!all || !own || json_object_update(own, all)) {
		json_decref(own);
		own = NULL;
	}
	json_decref(all);
	ms_mgw_control_answer(c, id, own);
}

/* ---- contexts ---- */

static json_t *address_json(const struct ms_bearer_address *a)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, 128);
	if (a->family == 0)
		return json_null();
	if (a->family == 6)
		ms_buf_put_u8(&b, '[');
	ms_ip_put(&b, a->family, a->octets);
	if (a->family == 6)
		ms_buf_put_u8(&b, ']');
	ms_buf_printf(&b, ":%u", a->port);
	return json_stringn((const char *)b.p, b.len);
}

static const char *secured(const struct ms_bearer *b)
{
	return !b->tls ? "none" : b->psk_wanted ? "psk" : "certificate";
}

static json_t *view_json(const struct ms_mg_view *v)
{
	static const char *const modes[] = { "inactive", "sendonly", "recvonly", "sendrecv" };
	static const char *const applications[] = { "agnostic", "msrp", "bfcp" };
	const struct ms_bearer *b = v->bearer;

	return json_pack("{s:I,s:s,s:i,s:I,s:i,s:s,s:s,s:s,s:s,s:o,s:o,s:b,s:b,s:b,s:b}", "context",
			 (json_int_t)v->context, "termination", v->termination, "stream",
			 (int)v->stream, "endpoint", (json_int_t)v->endpoint, "worker",
			 (int)v->home, "realm", b->realm, "mode", modes[b->mode], "application",
			 applications[b->application], "tls", secured(b), "local",
			 address_json(&b->local), "remote", address_json(&b->remote), "live",
			 v->live, "tcp_up", v->tcp_up, "tls_up", v->tls_up, "fingerprint_known",
			 b->remote_fingerprints.n > 0);
}

#define LISTED_MAX 10000

static int add_view(void *arg, const struct ms_mg_view *v)
{
	json_t *list = arg;

	return json_array_size(list) >= LISTED_MAX || json_array_append_new(list, view_json(v)) ? 1
												: 0;
}

static void ask_contexts(struct ms_mgw_control *c, uint64_t id, const json_t *args)
{
	json_t *list = json_array();

	(void)args;
	if (list)
		(void)!ms_mg_each(c->mg, MS_H248_CONTEXT_ALL, add_view, list);
	ms_mgw_control_answer(c, id, list);
}

static void ask_context(struct ms_mgw_control *c, uint64_t id, const json_t *args)
{
	uint64_t context;
	int err = ms_control_u64(args, "id", UINT32_MAX - 2, &context);

	if (err) {
		answer_text(c, id, false, MS_SPAN_LIT("id: a context's number is needed"));
		return;
	}
	json_t *list = json_array();
	err = list ? ms_mg_each(c->mg, (uint32_t)context, add_view, list) : 0;
	if (err != -ENOENT) {
		ms_mgw_control_answer(c, id, list);
		return;
	}
	json_decref(list);
	answer_text(c, id, false, MS_SPAN_LIT("no such context"));
}

/* ---- drain ---- */

static void set_drain(struct ms_mgw_control *c, uint64_t id, bool on)
{
	ms_mg_drain(c->mg, on, ms_loop_now());
	ms_mgw_control_touched(c);
	ms_mgw_control_answer(c, id, json_pack("{s:b}", "draining", ms_mg_draining(c->mg)));
}

static void ask_drain(struct ms_mgw_control *c, uint64_t id, const json_t *args)
{
	(void)args;
	set_drain(c, id, true);
}

static void ask_undrain(struct ms_mgw_control *c, uint64_t id, const json_t *args)
{
	(void)args;
	set_drain(c, id, false);
}

/* ---- counters ---- */

static void tally(struct ms_mgw_control *c, uint64_t id, bool text)
{
	if (ms_mgw_control_tally(c, id, text))
		answer_text(c, id, false, MS_SPAN_LIT("too many questions at once"));
}

static void ask_counters(struct ms_mgw_control *c, uint64_t id, const json_t *args)
{
	(void)args;
	tally(c, id, false);
}

static void ask_metrics(struct ms_mgw_control *c, uint64_t id, const json_t *args)
{
	(void)args;
	tally(c, id, true);
}

static const struct {
	const char *name;
	void (*run)(struct ms_mgw_control *c, uint64_t id, const json_t *args);
} questions[] = {
	{ "status", ask_status },   { "contexts", ask_contexts }, { "context", ask_context },
	{ "drain", ask_drain },     { "undrain", ask_undrain },   { "counters", ask_counters },
	{ "metrics", ask_metrics },
};

void ms_mgw_control_asked(struct ms_mgw_control *c, struct ms_msg *m)
{
	struct ms_span text = ms_msg_rest(m);
	json_t *q = json_loadb((const char *)text.p, text.len, 0, NULL);
	const char *name = json_string_value(json_object_get(q, "command"));

	for (size_t i = 0; name && i < MS_ARRAY_SIZE(questions); i++) {
		if (strcmp(questions[i].name, name) != 0)
			continue;
		questions[i].run(c, m->id, json_object_get(q, "args"));
		json_decref(q);
		return;
	}
	json_decref(q);
	answer_text(c, m->id, false, MS_SPAN_LIT("unknown question"));
}
