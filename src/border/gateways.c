/* SPDX-License-Identifier: Apache-2.0 */
/* Gateways on the network: associations, and the engine's requests over them. */
#include "border/gateways.h"

#include <errno.h>

#include "border/export.h"
#include "border/gateways-priv.h"
#include "core/alloc.h"
#include "h248/binary.h"
#include "h248/mid.h"
#include "h248/text.h"

struct ms_log_category ms_border_h248_log = {
	.name = "h248",
	.help = "Gateways: registration, loss, draining.",
	.level = MS_LOG_INFO,
};

/* How often it is looked whether a gateway that leaves still has calls. */
#define PARTING MS_SEC

static const struct ms_h248_codec *codec_of(unsigned encoding)
{
	static const struct ms_h248_codec *const codecs[] = {
		&ms_h248_codec_pretty,
		&ms_h248_codec_compact,
		&ms_h248_codec_binary,
	};

	return codecs[encoding];
}

static void touched(struct ms_border_gateways *g)
{
	if (!g->closing)
		ms_defer_call(&g->settle);
}

void ms_border_gateways_changed(struct ms_border_gateways *g)
{
	g->changed = true;
	touched(g);
}

static void tick(void *arg)
{
	struct ms_border_gateways *g = arg;

	ms_mgc_tick(g->mgc, ms_loop_now());
	touched(g);
}

static void settle(void *arg)
{
	struct ms_border_gateways *g = arg;
	bool parting = ms_border_gates_part(g);
	ms_usec at = ms_mgc_deadline(g->mgc), now = ms_loop_now();

	if (parting && at > now + PARTING)
		at = now + PARTING;
	if (g->changed)
		ms_border_gateways_keep(g);
	g->changed = false;
	if (at == MS_NEVER)
		ms_timer_stop(&g->tick);
	else
		ms_timer_start(&g->tick, at > now ? at - now : 0);
}

/* ---- what the engine asks for ---- */

static int on_request(void *arg, struct ms_mgc_gateway *gateway, uint32_t cookie,
		      struct ms_h248_action *actions)
{
	struct ms_border_gate *gate = ms_mgc_gateway_user(gateway);
	uint32_t id;

	touched(arg);
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
	touched(arg);
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
	touched(g);
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
	touched(g);
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

static const struct ms_h248_handlers handlers = {
	.admit = h_admit,
	.request = h_request,
	.answered = h_answered,
	.lost = h_lost,
	.message_error = h_message_error,
	.ended = h_ended,
};

/* ---- start ---- */

static int complain(struct ms_buf *error, int err, const char *what)
{
	ms_buf_printf(error, "%s: %s", what, strerror(-err));
	return err;
}

static int set_packages(struct ms_border_gateways *g, struct ms_buf *error)
{
	const struct ms_border_package *p = g->config->packages.items;

	ms_h248_registry_init(&g->registry);
	for (size_t i = 0; i < g->config->packages.n; i++) {
		int err = ms_h248_registry_set(&g->registry, ms_span_str(p[i].path),
					       ms_span_str(p[i].value));

		if (err)
			return complain(error, err, p[i].path);
	}
	return 0;
}

static int open_engine(struct ms_border_gateways *g, const struct ms_h248_profile *h248,
		       const struct ms_profile *profile)
{
	const struct ms_border_h248_config *c = g->config;
	struct ms_mgc_options o = {
		.coding = { h248, &g->registry },
		.profile = ms_h248_profile_name(h248, profile),
		.ito_unit_ms = profile->h248_ito_unit_ms,
		.any_profile = c->any_profile,
		.version = (uint8_t)c->version,
		.heartbeat = c->heartbeat,
		.inactivity_ms = (uint32_t)(c->silence / MS_MSEC),
		.thb_s = (uint32_t)c->termination_heartbeat,
		.patience = c->patience,
		.max_contexts = c->contexts,
		.max_orders = c->orders,
	};
	struct ms_mgc_handlers h = {
		.request = on_request,
		.reply = on_reply,
		.version = on_version,
		.address = on_address,
		.state = on_state,
		.count = ms_border_gateways_count,
		.arg = g,
	};

	return ms_mgc_new(&o, &h, NULL, &g->mgc);
}

static int add_gateways(struct ms_border_gateways *g, struct ms_buf *error)
{
	const struct ms_border_gateway *list = g->config->gateways.items;

	for (size_t i = 0; i < g->config->gateways.n; i++) {
		int err = ms_border_gate_add(g, &list[i]);

		if (err)
			return complain(error, err, list[i].name);
	}
	return 0;
}

static void on_message(const struct ms_h248_path *peer, const struct ms_addr *local, bool sent,
		       struct ms_span message, void *arg)
{
	struct ms_border_gateways *g = arg;
	ms_border_export_h248(g->hep, g->config->mid, peer, local, sent, message);
}

void ms_border_gateways_export(struct ms_border_gateways *g, struct ms_hep_sender *hep)
{
	g->hep = hep;
}

static int open_gcp(struct ms_border_gateways *g, const struct ms_profile *profile,
		    struct ms_buf *error)
{
	struct ms_h248_entity_options e = {
		.registry = &g->registry,
		.limits = ms_h248_limits_default,
		.timers = ms_h248_timers_default,
		.handlers = &handlers,
		.arg = g,
		.error_too_large = (uint16_t)profile->h248_error_too_large,
	};
	const struct ms_gcp_options o = {
		.limits = { .connections = (uint32_t)g->config->connections,
			    .connections_per_host = (uint32_t)g->config->connections_host,
			    .unknown = g->config->first },
		.sctp = { .ppid = profile->sctp_ppid,
			  .local_udp = (uint16_t)profile->sctp_udp_port },
		.tap = on_message,
		.tap_arg = g,
	};
	int err = ms_h248_mid_parse(ms_span_str(g->config->mid), &e.mid);

	if (err)
		return complain(error, err, "h248.mid");
	e.limits.replies = (uint32_t)g->config->replies;
	e.limits.total_octets = g->config->reply_memory;
	e.limits.message = g->config->message_max;
	e.limits.requests = (uint32_t)g->config->orders;
	e.timers.t_max = g->config->t_max;
	e.timers.long_timer = g->config->long_timer;
	e.timers.first = g->config->retransmit_first;
	e.timers.longest = g->config->retransmit_longest;
	e.timers.repeats = (uint32_t)g->config->retransmit_most;
	err = ms_gcp_new(&o, &e, &g->gcp);
	return err ? complain(error, err, "h248") : 0;
}

static int open_ports(struct ms_border_gateways *g, struct ms_buf *error)
{
	const struct ms_border_h248_listen *l = g->config->listen.items;
	char text[MS_ADDR_TEXT_MAX];

	for (size_t i = 0; i < g->config->listen.n; i++) {
		int err = ms_gcp_listen(g->gcp, (enum ms_h248_transport)l[i].transport,
					&l[i].address, codec_of(l[i].encoding), NULL);

		if (err)
			return complain(error, err, ms_addr_print(&l[i].address, text));
	}
	return 0;
}

int ms_border_gateways_new(const struct ms_border_h248_config *config,
			   const struct ms_h248_profile *h248, const struct ms_profile *profile,
			   struct ms_buf *error, struct ms_border_gateways **ret_g)
{
	struct ms_border_gateways *g = ms_zalloc(sizeof(*g));
	int err;

	if (!g)
		return complain(error, -ENOMEM, "h248");
	g->config = config;
	ms_list_init(&g->gates);
	ms_timer_init(&g->tick, "h248.tick", tick, g);
	ms_defer_init(&g->settle, settle, g);
	ms_border_h248_counters.arg = g;
	err = set_packages(g, error);
	if (!err && config->gateways.n) {
		err = open_engine(g, h248, profile);
		err = err ? complain(error, err, "h248") : add_gateways(g, error);
		if (!err)
			err = open_gcp(g, profile, error);
		if (!err)
			err = open_ports(g, error);
		if (!err)
			ms_border_gateways_restore(g);
	}
	if (err) {
		ms_border_gateways_free(g);
		return err;
	}
	*ret_g = g;
	return 0;
}

struct ms_border_gateways *ms_border_gateways_free(struct ms_border_gateways *g)
{
	struct ms_list *l, *tmp;

	if (!g)
		return NULL;
	g->closing = true;
	ms_timer_stop(&g->tick);
	ms_defer_cancel(&g->settle);
	g->gcp = ms_gcp_free(g->gcp);
	ms_border_h248_counters.arg = NULL;
	g->mgc = ms_mgc_free(g->mgc);
	ms_list_foreach_safe (l, tmp, &g->gates)
		ms_border_gate_free(ms_border_gate_at(l));
	return ms_free(g);
}

struct ms_mgc *ms_border_gateways_mgc(struct ms_border_gateways *g)
{
	return g->mgc;
}
