/* SPDX-License-Identifier: Apache-2.0 */
/* The attributes of a context: set, told, and chosen by (RFC 3525 sections 6.1.1 and 7.2.9; version 3 selection). */
#include "h248/mg-priv.h"

/* RFC 3525 section 7.2.9: as they are after what the same action changed. */
static unsigned tell(struct mg_job *j, const struct mg_context *c,
		     const struct ms_h248_context *asked, struct ms_h248_context *ret)
{
	if (!asked->audit)
		return 0;
	if (asked->audit_properties) /* a context has none here */
		return ms_mg_refuse(j, 445, asked->audit_properties->name.item);
	ret->present = true;
	if (asked->audit_emergency && c->attributes.emergency)
		ret->emergency = MS_H248_FLAG_ON;
	else if (asked->audit_emergency && j->g->version > 2) /* before, off has no token */
		ret->emergency = MS_H248_FLAG_OFF;
	if (asked->audit_ieps)
		ret->ieps = c->attributes.ieps ? MS_H248_FLAG_ON : MS_H248_FLAG_OFF;
	if (asked->audit_priority) {
		ret->has_priority = true;
		ret->priority = c->attributes.priority;
	}
	return asked->audit_topology ? ms_mg_topology_tell(j, c, ret) : 0;
}

static unsigned change(struct mg_job *j, struct mg_context *c, const struct ms_h248_context *asked)
{
	struct mg_attributes now = c->attributes;
	struct mg_undo *u;
	unsigned code;

	if (asked->has_priority)
		now.priority = asked->priority;
	if (asked->emergency)
		now.emergency = asked->emergency == MS_H248_FLAG_ON;
	if (asked->ieps)
		now.ieps = asked->ieps == MS_H248_FLAG_ON;
	now.topology = NULL;
	code = asked->has_topology ? ms_mg_topology_take(j, c, asked, &now.topology) : 0;
	u = code ? NULL : ms_mg_undo_new(j, MG_UNDO_ATTRIBUTES, c);
	if (!u) {
		ms_mg_topology_free(now.topology);
		return code ? code : 510;
	}
	u->old.attributes = c->attributes;
	if (!asked->has_topology) {
		u->old.attributes.topology = NULL;
		u->keep_topology = true;
		now.topology = c->attributes.topology;
	}
	c->attributes = now;
	return 0;
}

unsigned ms_mg_context_attributes(struct mg_job *j, struct mg_context *c,
				  const struct ms_h248_context *asked, struct ms_h248_context *ret)
{
	if (asked->properties)
		return ms_mg_refuse(j, 445, asked->properties->name.item);
	if (asked->has_priority && asked->priority > 15)
		return 449;
	unsigned code = change(j, c, asked);
	return code ? code : tell(j, c, asked, ret);
}

/* ---- version 3: which contexts an action on all of them is about ---- */

static bool listed(const struct ms_h248_context_id *list, uint32_t id)
{
	for (; list; list = list->next)
		if (list->id == id)
			return true;
	return false;
}

/* Conditions that are given: all must hold, or with OR one of them. */
static bool holds(const struct ms_h248_context_select *s, const struct mg_attributes *a)
{
	unsigned given = 0, met = 0;

	if (s->emergency) {
		given++;
		met += a->emergency == (s->emergency == MS_H248_FLAG_ON);
	}
	if (s->ieps) {
		given++;
		met += a->ieps == (s->ieps == MS_H248_FLAG_ON);
	}
	if (s->has_priority) {
		given++;
		met += a->priority == s->priority;
	}
	return s->logic == MS_H248_SELECT_OR ? met || !given : met == given;
}

bool ms_mg_context_selected(const struct mg_context *c, const struct ms_h248_context *asked)
{
	const struct ms_h248_context_select *s = asked->select;

	if (asked->list && !listed(asked->list, c->id))
		return false;
	return !s || ((!s->list || listed(s->list, c->id)) && holds(s, &c->attributes));
}

static unsigned all_known(const struct ms_mg *g, const struct ms_h248_context_id *list)
{
	for (; list; list = list->next) {
		const struct mg_context *c = ms_mg_context_find(g, list->id);

		if (!c || !c->n)
			return 411;
	}
	return 0;
}

unsigned ms_mg_context_selection(struct mg_job *j, uint32_t context,
				 const struct ms_h248_context *asked)
{
	const struct ms_h248_context_select *s = asked->select;
	unsigned code;

	if (!s && !asked->list)
		return 0;
	if (context != MS_H248_CONTEXT_ALL)
		return ms_mg_refuse(j, 421, MS_SPAN_LIT("selection in one context"));
	if (s && s->properties)
		return ms_mg_refuse(j, 445, s->properties->name.item);
	code = all_known(j->g, asked->list);
	return code || !s ? code : all_known(j->g, s->list);
}
