/* SPDX-License-Identifier: Apache-2.0 */
/* Between the controller's engine and the gateways' associations: its requests, their answers and requests. */
#include <errno.h>

#include "border/gateways-priv.h"
#include "h248/mid.h"

/* ---- what the engine asks for ---- */

static int on_request(void *arg, struct ms_mgc_gateway *gateway, uint32_t cookie,
		      struct ms_h248_action *actions)
{
	struct ms_border_gate *gate = ms_mgc_gateway_user(gateway);
	uint32_t id;

	ms_border_gateways_touched(arg);
	if (!gate->association)
		return -ENOTCONN;
	return ms_h248_request(gate->association, actions, (void *)(uintptr_t)cookie, ms_loop_now(),
			       &id);
}

static void log_refused(const struct ms_h248_job *job, const struct ms_h248_transaction *t)
{
	const struct ms_h248_association *a = ms_h248_job_association(job);
	const struct ms_border_gate *gate = a ? ms_h248_association_user(a) : NULL;
	char path[MS_ADDR_TEXT_MAX];
	uint32_t context;
	const struct ms_h248_error *e = ms_h248_reply_error(t, &context);

	if (e && gate)
		MS_LOG(&ms_border_h248_log, MS_LOG_INFO,
		       "gateway=%s at %s: its request refused: %u %s", ms_mgc_gateway_name(gate->g),
		       ms_gcp_path_print(ms_h248_association_path(a), path), e->code,
		       MS_QUOTED(e->text));
}

static void on_reply(void *arg, void *job, const struct ms_h248_transaction *t)
{
	log_refused(job, t); /* before the tree is used up */
	int err = ms_h248_job_reply(job, t, ms_loop_now());

	(void)arg;
	if (err)
		MS_LOG(&ms_border_h248_log, MS_LOG_WARNING, "a reply could not be sent: %s",
		       strerror(-err));
}

static void on_version(void *arg, struct ms_mgc_gateway *gateway, uint8_t version)
{
	struct ms_border_gate *gate = ms_mgc_gateway_user(gateway);

	(void)arg;
	if (gate->association)
		ms_h248_association_set_version(gate->association, version);
}

static void on_state(void *arg, struct ms_mgc_gateway *gateway, enum ms_mgc_state from,
		     enum ms_mgc_state to, const char *why)
{
	struct ms_border_gateways *g = arg;
	bool bad = to == MS_MGC_AWAY;

	MS_LOG(&ms_border_h248_log, bad ? MS_LOG_WARNING : MS_LOG_NOTICE,
	       "gateway=%s %s, was %s (%s)", ms_mgc_gateway_name(gateway), ms_mgc_state_name(to),
	       ms_mgc_state_name(from), why);
	ms_border_gateways_changed(g);
}

/* ServiceChangeAddress: an address and port, or the port alone (RFC 3525 section 7.2.8). */
static void on_address(void *arg, struct ms_mgc_gateway *gateway, const struct ms_h248_mid *where)
{
	struct ms_border_gateways *g = arg;
	struct ms_border_gate *gate = ms_mgc_gateway_user(gateway);
	const struct ms_h248_path *now;
	struct ms_h248_path path;
	struct ms_addr to;
	int err = 0;

	if (!gate->association)
		return;
	now = ms_h248_association_path(gate->association);
	ms_gcp_path_addr(now, &to);
	if (!where->port_only && where->kind != MS_H248_MID_IPV4 && where->kind != MS_H248_MID_IPV6)
		err = -EADDRNOTAVAIL;
	else if (!where->port_only)
		err = ms_addr_from_octets(
			ms_span_of(where->address, where->kind == MS_H248_MID_IPV6 ? 16 : 4),
			ms_addr_port(&to), &to);
	if (!err && where->port)
		ms_addr_set_port(&to, where->port);
	if (!err)
		err = ms_gcp_connect(g->gcp, now->transport, &to, now->codec, NULL, &path);
	if (err)
		MS_LOG(&ms_border_h248_log, MS_LOG_WARNING,
		       "gateway=%s wants requests where we cannot send them: %s",
		       ms_mgc_gateway_name(gateway), strerror(-err));
	else
		ms_h248_association_set_path(gate->association, &path, ms_loop_now());
}

/* ---- what comes from gateways ---- */

static struct ms_border_gate *gate_of(const struct ms_h248_association *a)
{
	return a ? ms_h248_association_user(a) : NULL;
}

static struct ms_border_gate *named(struct ms_border_gateways *g, const struct ms_h248_mid *mid,
				    char text[static MS_MGC_NAME_MAX])
{
	const struct ms_mgc_gateway *gateway;
	struct ms_buf b;

	ms_buf_init_fixed(&b, text, MS_MGC_NAME_MAX);
	ms_h248_mid_put(&b, mid);
	(void)ms_buf_cstr(&b);
	if (ms_buf_status(&b)) {
		(void)!ms_span_to_str(MS_SPAN_LIT("too long"), text, MS_MGC_NAME_MAX);
		return NULL;
	}
	gateway = ms_mgc_gateway_find(g->mgc, ms_span_str(text));
	return gateway ? ms_mgc_gateway_user(gateway) : NULL;
}

/* May it speak from there? NULL, or why not. */
static const char *misplaced(const struct ms_border_gate *gate, const struct ms_addr *from)
{
	if (gate->config && ms_addr_is_set(&gate->config->address) &&
	    !ms_addr_same_host(&gate->config->address, from))
		return "is configured at another address";
	if (gate->association && ms_mgc_gateway_state(gate->g) != MS_MGC_AWAY)
		return "is there already, at another address";
	return NULL;
}

/*
 * Only gateways of the configuration, by the name they give themselves; and nobody elsewhere takes the
 * name of one that is there. An association is of one host, so this one comes from another than before.
 */
static bool h_admit(struct ms_h248_association *a, const struct ms_h248_message *m, void *arg)
{
	char name[MS_MGC_NAME_MAX], from_text[MS_ADDR_TEXT_MAX];
	struct ms_border_gateways *g = arg;
	struct ms_border_gate *gate = named(g, &m->mid, name);
	struct ms_addr from;
	const char *why;

	ms_gcp_path_addr(ms_h248_association_path(a), &from);
	why = gate ? misplaced(gate, &from) : "is not a gateway of ours";
	if (why) {
		ms_border_gateways_count(g, gate ? "h248_misplaced" : "h248_stranger");
		MS_LOG(&ms_border_h248_log, gate ? MS_LOG_WARNING : MS_LOG_INFO,
		       "gateway=%s at %s is not listened to: it %s", name,
		       ms_addr_print(&from, from_text), why);
		return false;
	}
	if (gate->association)
		ms_h248_association_end(gate->association, ms_loop_now());
	gate->association = a;
	ms_h248_association_set_user(a, gate);
	if (ms_mgc_gateway_version(gate->g))
		ms_h248_association_set_version(a, ms_mgc_gateway_version(gate->g));
	return true;
}

static void refuse(struct ms_h248_job *job)
{
	struct ms_h248_error e = { .code = 402, .text = MS_SPAN_LIT("not one of ours") };
	struct ms_h248_transaction t = { .kind = MS_H248_REPLY, .error = &e };

	(void)!ms_h248_job_reply(job, &t, ms_loop_now());
}

static void h_request(struct ms_h248_job *job, const struct ms_h248_message *m,
		      const struct ms_h248_transaction *t, void *arg)
{
	struct ms_h248_association *a = ms_h248_job_association(job);
	struct ms_border_gate *gate = gate_of(a);

	(void)m;
	if (!gate) {
		refuse(job);
		return;
	}
	ms_mgc_request(gate->g, job, t, ms_loop_now());
	ms_border_gateways_touched(arg);
}

static void h_answered(struct ms_h248_association *a, void *request, int err,
		       const struct ms_h248_message *m, const struct ms_h248_transaction *reply,
		       void *arg)
{
	struct ms_border_gateways *g = arg;
	struct ms_border_gate *gate = gate_of(a);

	(void)m;
	if (g->closing || !gate)
		return;
	ms_mgc_answered(gate->g, (uint32_t)(uintptr_t)request, err, reply, ms_loop_now());
	ms_border_gateways_touched(g);
}

static void h_lost(struct ms_h248_association *a, enum ms_h248_lost why, void *arg)
{
	struct ms_border_gateways *g = arg;
	struct ms_border_gate *gate = gate_of(a);

	if (g->closing || !gate || gate->association != a)
		return;
	MS_LOG(&ms_border_h248_log, MS_LOG_INFO, "gateway=%s %s", ms_mgc_gateway_name(gate->g),
	       why == MS_H248_LOST_TIMEOUT ? "does not answer" : "lost its connection to us");
	ms_mgc_gateway_lost(gate->g, ms_loop_now());
	ms_border_gateways_touched(g);
}

static void h_message_error(struct ms_h248_association *a, const struct ms_h248_error *error,
			    void *arg)
{
	struct ms_border_gate *gate = gate_of(a);

	(void)arg;
	MS_LOG(&ms_border_h248_log, MS_LOG_WARNING, "gateway=%s message error %u",
	       gate ? ms_mgc_gateway_name(gate->g) : "?", error->code);
}

static void h_ended(struct ms_h248_association *a, void *arg)
{
	struct ms_border_gate *gate = gate_of(a);

	(void)arg;
	if (gate && gate->association == a)
		gate->association = NULL;
}

const struct ms_h248_handlers ms_border_association_handlers = {
	.admit = h_admit,
	.request = h_request,
	.answered = h_answered,
	.lost = h_lost,
	.message_error = h_message_error,
	.ended = h_ended,
};

struct ms_mgc_handlers ms_border_engine_handlers(struct ms_border_gateways *g)
{
	return (struct ms_mgc_handlers){
		.request = on_request,
		.reply = on_reply,
		.version = on_version,
		.address = on_address,
		.state = on_state,
		.count = ms_border_gateways_count,
		.arg = g,
	};
}
