/* SPDX-License-Identifier: Apache-2.0 */
/* ROOT: its properties (RFC 3525 E.2, base root package version 2) and its events. */
#include "h248/mg-priv.h"

/* Times of ROOT in ms, pending limits as numbers; where they are kept. */
struct property {
	uint16_t ref;
	size_t offset; /* in struct ms_h248_root_timing */
	bool time;
};

#define AT(m) offsetof(struct ms_h248_root_timing, m)

static const struct property properties[] = {
	{ MS_H248_ROOT_NORMALMGEXECUTIONTIME, AT(execution), true },
	{ MS_H248_ROOT_MGPROVISIONALRESPONSETIMERVALUE, AT(provisional), true },
	{ MS_H248_ROOT_MGORIGINATEDPENDINGLIMIT, AT(pendings_out), false },
	{ MS_H248_ROOT_MGCORIGINATEDPENDINGLIMIT, AT(pendings_in), false },
};

static unsigned set(struct mg_job *j, struct ms_h248_root_timing *timing,
		    const struct ms_h248_param *p)
{
	int64_t v;

	if (!p->name.ref)
		return ms_mg_refuse(
			j,
			ms_h248_package_find(j->g->o.coding.registry, p->name.package) ? 450 : 440,
			p->name.item);
	if (ms_h248_items[p->name.ref].read_only)
		return ms_mg_refuse(j, 445, p->name.item);
	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++) {
		char *at = (char *)timing + properties[i].offset;

		if (properties[i].ref != p->name.ref)
			continue;
		if (!p->values ||
		    ms_h248_value_number(j->g->o.coding.registry, p->name.ref, p->values, &v) ||
		    v < 1 || v > 3600000)
			return ms_mg_refuse(j, 449, p->name.item);
		if (properties[i].time)
			*(ms_usec *)(void *)at = v * MS_MSEC;
		else
			*(uint32_t *)(void *)at = (uint32_t)v;
		return 0;
	}
	/* how long the controller takes is the controller's to know; we do not use it */
	if (p->name.ref == MS_H248_ROOT_NORMALMGCEXECUTIONTIME ||
	    p->name.ref == MS_H248_ROOT_MGCPROVISIONALRESPONSETIMERVALUE)
		return 0;
	return ms_mg_refuse(j, 455, p->name.item);
}

static unsigned set_all(struct mg_job *j, const struct ms_h248_media *m)
{
	struct ms_h248_root_timing timing = j->g->timing;

	if (m->streams || m->service_state || m->event_buffer)
		return 447;
	for (const struct ms_h248_param *p = m->state_properties; p; p = p->next) {
		unsigned code = set(j, &timing, p);

		if (code)
			return code;
	}
	j->timing = timing;
	j->timing_set = true;
	return 0;
}

unsigned ms_mg_root_modify(struct mg_job *j, const struct ms_h248_command *cmd,
			   struct ms_h248_command *reply)
{
	unsigned code = 0;

	if (cmd->signals && cmd->signals->list)
		return ms_mg_refuse(j, 513, cmd->signals->list->name.item);
	if (cmd->modem || cmd->mux || cmd->digitmap.present)
		return 444;
	j->g->root_job = j;
	code = ms_mg_events_apply(j, &j->g->root, cmd);
	if (!code && cmd->media)
		code = set_all(j, cmd->media);
	return !code && cmd->audit ? ms_mg_audit(j, &j->g->root, cmd->audit, reply) : code;
}

/* ---- audit ---- */

static unsigned add(struct mg_job *j, struct ms_h248_param ***at, uint16_t ref, uint64_t number)
{
	struct ms_h248_param *p = ms_h248_arena_get(&j->arena, sizeof(*p));
	struct ms_h248_value *v = ms_h248_arena_get(&j->arena, sizeof(*v));
	uint8_t room[24];
	struct ms_buf b;

	if (!p || !v)
		return 510;
	ms_buf_init_fixed(&b, room, sizeof(room));
	ms_buf_printf(&b, "%llu", (unsigned long long)number);
	p->name = ms_h248_name_of(j->g->o.coding.registry, ref);
	p->values = v;
	v->octets = ms_h248_arena_copy(&j->arena, ms_buf_span(&b));
	if (!v->octets.p)
		return 510;
	**at = p;
	*at = &p->next;
	return 0;
}

unsigned ms_mg_root_properties(struct mg_job *j, struct ms_h248_param **ret_list)
{
	const struct ms_mg *g = j->g;
	struct ms_h248_param **at = ret_list;
	unsigned code = add(j, &at, MS_H248_ROOT_MAXNUMBEROFCONTEXTS, g->limits.contexts);

	if (!code)
		code = add(j, &at, MS_H248_ROOT_MAXTERMINATIONSPERCONTEXT, g->limits.terminations);
	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]) && !code; i++) {
		const char *from = (const char *)&g->timing + properties[i].offset;

		code = add(j, &at, properties[i].ref,
			   properties[i].time
				   ? (uint64_t)(*(const ms_usec *)(const void *)from / MS_MSEC)
				   : *(const uint32_t *)(const void *)from);
	}
	return code;
}
