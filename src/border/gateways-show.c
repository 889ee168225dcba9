/* SPDX-License-Identifier: Apache-2.0 */
/* Gateways for operators: the list, draining, counters of controller and anchor. */
#include <stdio.h>

#include "anchor/anchor.h"
#include "border/gateways-priv.h"
#include "h248/mid.h"

static json_t *gate_json(const struct ms_border_gate *gate)
{
	const char *state = ms_mgc_state_name(ms_mgc_gateway_state(gate->g));
	char path[MS_ADDR_TEXT_MAX] = "";

	if (gate->association)
		ms_gcp_path_print(ms_h248_association_path(gate->association), path);
	return json_pack("{s:s, s:s, s:s, s:i, s:i, s:I, s:s}", "name",
			 ms_mgc_gateway_name(gate->g), "state", gate->config ? state : "leaving",
			 "profile", ms_mgc_gateway_profile(gate->g), "version",
			 (int)ms_mgc_gateway_version(gate->g), "weight",
			 (int)ms_mgc_gateway_weight(gate->g), "contexts",
			 (json_int_t)ms_mgc_gateway_contexts(gate->g), "path", path);
}

json_t *ms_border_gateways_list(const struct ms_border_gateways *g)
{
	json_t *list = json_array();
	struct ms_list *l;

	ms_border_gate_foreach(l, g) json_array_append_new(list, gate_json(ms_border_gate_at(l)));
	return list;
}

bool ms_border_gateways_drain(struct ms_border_gateways *g, const char *name, bool drain)
{
	struct ms_border_gate *gate = ms_border_gate_find(g, name);

	if (gate)
		ms_mgc_gateway_drain(gate->g, drain);
	return gate;
}

/* ---- counters ---- */

#define COUNTERS_MAX 96

static struct ms_counter counters[COUNTERS_MAX];

static void add(struct ms_counter c)
{
	struct ms_counter_set *s = &ms_border_h248_counters;

	if (s->n < COUNTERS_MAX)
		counters[s->n++] = c;
}

static void add_event(const char *name)
{
	add((struct ms_counter)MS_COUNTER_LABEL(
		"events_total", "What happened at the controller of gateways and in descriptions.",
		"event", name));
}

static void add_gauge(const char *name, const char *help, const char *state)
{
	add((struct ms_counter){ .name = name,
				 .help = help,
				 .label = state ? "state" : NULL,
				 .label_value = state,
				 .kind = MS_KIND_GAUGE });
}

/* The names come from the modules that count; the table is filled before it is first shown. */
static void fill(void)
{
	static const char *const labels[MS_MGC_STATES] = {
		[MS_MGC_AWAY] = "away",
		[MS_MGC_COMING] = "coming",
		[MS_MGC_IN_SERVICE] = "in_service",
		[MS_MGC_DRAINING] = "draining",
	};

	if (ms_border_h248_counters.n)
		return;
	for (size_t i = 0; ms_mgc_counters[i]; i++)
		add_event(ms_mgc_counters[i]);
	for (size_t i = 0; ms_anchor_counters[i]; i++)
		add_event(ms_anchor_counters[i]);
	add_event("h248_stranger");
	add_event("h248_misplaced");
	add_event("other");
	for (unsigned i = 0; i < MS_MGC_STATES; i++)
		add_gauge("gateways", "Gateways, by state.", labels[i]);
	add_gauge("contexts", "Contexts of calls, at all gateways together.", NULL);
}

/* Those of the gauges: the last ones of the table. */
static void refresh(struct ms_counter_set *set, void *arg)
{
	uint64_t states[MS_MGC_STATES] = { 0 }, contexts = 0;
	const struct ms_border_gateways *g = arg;
	struct ms_counter *gauge;
	struct ms_list *l;

	fill();
	gauge = &set->counters[set->n - MS_MGC_STATES - 1];
	if (g)
		ms_border_gate_foreach(l, g)
		{
			const struct ms_mgc_gateway *one = ms_border_gate_at(l)->g;

			states[ms_mgc_gateway_state(one)]++;
			contexts += ms_mgc_gateway_contexts(one);
		}
	for (unsigned i = 0; i < MS_MGC_STATES; i++)
		ms_gauge(&gauge[i], states[i]);
	ms_gauge(&gauge[MS_MGC_STATES], contexts);
}

struct ms_counter_set ms_border_h248_counters = { .prefix = "mediasec_h248",
						  .counters = counters,
						  .refresh = refresh };

void ms_border_gateways_count(void *arg, const char *event)
{
	(void)arg;
	fill();
	ms_count_reason(&ms_border_h248_counters, "events_total", event);
}
