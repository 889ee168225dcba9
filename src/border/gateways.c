/* SPDX-License-Identifier: Apache-2.0 */
/* Gateways on the network: engine, transports and timer, from their start to their end. */
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

void ms_border_gateways_touched(struct ms_border_gateways *g)
{
	if (!g->closing)
		ms_defer_call(&g->settle);
}

void ms_border_gateways_changed(struct ms_border_gateways *g)
{
	g->changed = true;
	ms_border_gateways_touched(g);
}

static void tick(void *arg)
{
	struct ms_border_gateways *g = arg;

	ms_mgc_tick(g->mgc, ms_loop_now());
	ms_border_gateways_touched(g);
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
	struct ms_mgc_handlers h = ms_border_engine_handlers(g);

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
		.handlers = &ms_border_association_handlers,
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
