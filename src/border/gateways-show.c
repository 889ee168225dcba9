/* SPDX-License-Identifier: Apache-2.0 */
/* Gateways for operators: the list, draining, counters of controller and anchor. */
#include <stdio.h>

#include "anchor/anchor.h"
#include "border/gateways-priv.h"
#include "h248/mid.h"

static json_t *gate_json(const struct ms_border_gate *gate)
{
	char path[MS_ADDR_TEXT_MAX] = "";

	if (gate->association)
		ms_gcp_path_print(ms_h248_association_path(gate->association), path);
	return json_pack(
		"{s:s, s:s, s:s, s:i, s:i, s:I, s:s}", "name", ms_mgc_gateway_name(gate->g),
		"state", ms_mgc_state_name(ms_mgc_gateway_state(gate->g)), "profile",
		ms_mgc_gateway_profile(gate->g), "version", (int)ms_mgc_gateway_version(gate->g),
		"weight", (int)ms_mgc_gateway_weight(gate->g), "contexts",
		(json_int_t)ms_mgc_gateway_contexts(gate->g), "path", path);
}

json_t *ms_border_gateways_list(const struct ms_border_gateways *g)
{
	json_t *list = json_array();

	for (size_t i = 0; g && g->gates && i < g->config->gateways.n; i++)
		json_array_append_new(list, gate_json(&g->gates[i]));
	return list;
}

bool ms_border_gateways_drain(struct ms_border_gateways *g, const char *name, bool drain)
{
	for (size_t i = 0; g && g->gates && i < g->config->gateways.n; i++) {
		const struct ms_border_gate *gate = &g->gates[i];

		if (strcmp(gate->config->name, name) != 0 &&
		    strcmp(ms_mgc_gateway_name(gate->g), name) != 0)
			continue;
		ms_mgc_gateway_drain(gate->g, drain);
		return true;
	}
	return false;
}

/* ---- counters ---- */

#define EVENTS_MAX 96

static struct ms_counter events[EVENTS_MAX];

static void add_event(const char *name)
{
	struct ms_counter_set *s = &ms_border_h248_counters;

	if (s->n < EVENTS_MAX)
		events[s->n++] = (struct ms_counter)MS_COUNTER_LABEL(
			"events_total",
			"What happened at the controller of gateways and in descriptions.", "event",
			name);
}

/* The names come from the modules that count; the table is filled before it is first shown. */
static void fill(void)
{
	if (ms_border_h248_counters.n)
		return;
	for (size_t i = 0; ms_mgc_counters[i]; i++)
		add_event(ms_mgc_counters[i]);
	for (size_t i = 0; ms_anchor_counters[i]; i++)
		add_event(ms_anchor_counters[i]);
	add_event("h248_stranger");
	add_event("other");
}

static void refresh(struct ms_counter_set *set, void *arg)
{
	(void)set;
	(void)arg;
	fill();
}

struct ms_counter_set ms_border_h248_counters = { .prefix = "mediasec_h248",
						  .counters = events,
						  .refresh = refresh };

void ms_border_gateways_count(void *arg, const char *event)
{
	(void)arg;
	fill();
	ms_count_reason(&ms_border_h248_counters, "events_total", event);
}
