/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which gateways there are: those of the configuration, and what another configuration makes of them. One
 * that is no longer in it gets no new calls and goes when its last one has ended; named again before, it
 * stays.
 */
#include <errno.h>

#include "border/gateways-priv.h"
#include "core/alloc.h"

/* ---- one gateway ---- */

static int options_of(struct ms_border_gate *gate, const struct ms_border_gateway *config,
		      struct ms_border_realms *realms, struct ms_mgc_gateway_options *o)
{
	int err = ms_border_realms_of(config->realms, realms);

	*o = (struct ms_mgc_gateway_options){ .weight = (unsigned)config->weight, .user = gate };
	for (size_t i = 0; !err && i < realms->n; i++)
		o->realms[i] = realms->name[i];
	return err ? -EINVAL : 0;
}

int ms_border_gate_add(struct ms_border_gateways *g, const struct ms_border_gateway *config)
{
	struct ms_border_gate *gate = ms_zalloc(sizeof(*gate));
	struct ms_mgc_gateway_options o;
	struct ms_border_realms realms;
	char name[MS_MGC_NAME_MAX];
	int err;

	if (!gate)
		return -ENOMEM;
	gate->config = config;
	err = options_of(gate, config, &realms, &o);
	if (!err)
		err = ms_border_gateway_name(config->name, name);
	o.name = name;
	if (!err)
		err = ms_mgc_gateway_add(g->mgc, &o, &gate->g);
	if (err)
		ms_free(gate);
	else
		ms_list_append(&g->gates, &gate->link);
	return err;
}

void ms_border_gate_free(struct ms_border_gate *gate)
{
	ms_list_remove(&gate->link);
	ms_free(gate);
}

/* ---- another configuration ---- */

struct ms_border_gate *ms_border_gate_find(const struct ms_border_gateways *g, const char *name)
{
	char canonical[MS_MGC_NAME_MAX];
	const struct ms_mgc_gateway *mg = NULL;

	if (g->mgc && !ms_border_gateway_name(name, canonical))
		mg = ms_mgc_gateway_find(g->mgc, ms_span_str(canonical));
	return mg ? ms_mgc_gateway_user(mg) : NULL;
}

static int keep(struct ms_border_gate *gate, const struct ms_border_gateway *config)
{
	struct ms_mgc_gateway_options o;
	struct ms_border_realms realms;
	int err = options_of(gate, config, &realms, &o);

	if (!err)
		err = ms_mgc_gateway_change(gate->g, &o);
	if (err)
		return err;
	gate->config = config;
	ms_mgc_gateway_leave(gate->g, false);
	return 0;
}

/* Whose configuration is not of this one. */
static void leave_others(struct ms_border_gateways *g, const struct ms_border_h248_config *config)
{
	const struct ms_border_gateway *list = config->gateways.items;
	struct ms_list *l;

	ms_border_gate_foreach(l, g)
	{
		struct ms_border_gate *gate = ms_border_gate_at(l);
		bool stays = false;

		for (size_t i = 0; i < config->gateways.n; i++)
			stays = stays || gate->config == &list[i];
		if (stays)
			continue;
		gate->config = NULL;
		ms_mgc_gateway_leave(gate->g, true);
	}
}

static int take(struct ms_border_gateways *g, const struct ms_border_h248_config *config,
		struct ms_buf *error)
{
	const struct ms_border_gateway *list = config->gateways.items;

	for (size_t i = 0; i < config->gateways.n; i++) {
		struct ms_border_gate *gate = ms_border_gate_find(g, list[i].name);
		int err = gate ? keep(gate, &list[i]) : ms_border_gate_add(g, &list[i]);

		if (err) {
			ms_buf_printf(error, "h248.gateways: %s: %s", list[i].name, strerror(-err));
			return err;
		}
	}
	leave_others(g, config);
	return 0;
}

int ms_border_gateways_change(struct ms_border_gateways *g,
			      const struct ms_border_h248_config *config, struct ms_buf *error)
{
	int err = 0;

	if (!g->mgc != !config->gateways.n) {
		ms_buf_printf(error, "h248.gateways: %s needs a restart",
			      g->mgc ? "to have none" : "the first one");
		return -EBUSY;
	}
	if (g->mgc)
		err = take(g, config, error);
	if (err) {
		/* what was there is known already: that cannot fail */
		(void)!take(g, g->config, error);
		return err;
	}
	g->config = config;
	if (g->mgc)
		ms_border_gateways_changed(g);
	return 0;
}

bool ms_border_gates_part(struct ms_border_gateways *g)
{
	struct ms_list *l, *tmp;
	bool left = false;

	ms_list_foreach_safe (l, tmp, &g->gates) {
		struct ms_border_gate *gate = ms_border_gate_at(l);
		char name[MS_MGC_NAME_MAX];

		if (gate->config)
			continue;
		(void)!ms_span_to_str(ms_span_str(ms_mgc_gateway_name(gate->g)), name,
				      sizeof(name));
		if (ms_mgc_gateway_remove(gate->g)) {
			left = true;
			continue;
		}
		MS_LOG(&ms_border_h248_log, MS_LOG_NOTICE, "gateway=%s forgotten", name);
		if (gate->association)
			ms_h248_association_end(gate->association, ms_loop_now());
		ms_border_gate_free(gate);
		g->changed = true;
	}
	return left;
}
