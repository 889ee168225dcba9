/* SPDX-License-Identifier: Apache-2.0 */
/* Context attributes, asked for and set (RFC 3525 6.1.1, B.2; H.248.1 version 3). */
#include "h248/text-priv.h"

static bool topology_kind(enum ms_h248_token token, enum ms_h248_topology_kind *ret_kind)
{
	switch (token) {
	case MS_H248_T_BOTHWAY:
		*ret_kind = MS_H248_TOPOLOGY_BOTHWAY;
		return true;
	case MS_H248_T_ISOLATE:
		*ret_kind = MS_H248_TOPOLOGY_ISOLATE;
		return true;
	case MS_H248_T_ONEWAY:
		*ret_kind = MS_H248_TOPOLOGY_ONEWAY;
		return true;
	case MS_H248_T_ONEWAY_EXTERNAL:
		*ret_kind = MS_H248_TOPOLOGY_ONEWAY_EXTERNAL;
		return true;
	case MS_H248_T_ONEWAY_BOTH:
		*ret_kind = MS_H248_TOPOLOGY_ONEWAY_BOTH;
		return true;
	default:
		return false;
	}
}

/* What may stand behind a triple: the stream (v2), and where the kind is one of before also one of those
 * of v3, as annex A has it. Anything else begins the next triple, and the comma is put back. */
static bool triple_goes_on(struct ms_h248_in *in, struct ms_h248_topology *t)
{
	const uint8_t *before = in->p;
	enum ms_h248_topology_kind kind;
	struct ms_span w;
	if (!ms_h248_in_is(in, ','))
		return false;
	enum ms_h248_token token = ms_h248_in_token(in, &w);
	if (token == MS_H248_T_STREAM && ms_h248_in_next(in) == '=') {
		t->stream = (uint16_t)ms_h248_in_equal_number(in, UINT16_MAX);
		return !in->err;
	}
	if (!t->has_base && topology_kind(token, &kind) &&
	    kind >= MS_H248_TOPOLOGY_ONEWAY_EXTERNAL) {
		t->has_base = true;
		t->base = t->kind;
		t->kind = kind;
		return true;
	}
	if (!in->err)
		in->p = before;
	return false;
}

/* topologyTriple = terminationA COMMA terminationB COMMA topologyDirection */
static struct ms_h248_topology *triple(struct ms_h248_in *in)
{
	struct ms_h248_topology *t = ms_h248_in_node(in, sizeof(*t));
	struct ms_span w;
	if (!t)
		return NULL;
	ms_h248_in_termination(in, &t->from);
	ms_h248_in_want(in, ',');
	ms_h248_in_termination(in, &t->to);
	ms_h248_in_want(in, ',');
	if (!topology_kind(ms_h248_in_token(in, &w), &t->kind))
		ms_h248_in_fail(in, in->syntax, "h248_topology", w.p);
	while (triple_goes_on(in, t))
		;
	return t;
}

static void topology(struct ms_h248_in *in, struct ms_h248_context *c)
{
	struct ms_h248_topology **tail = &c->topology;
	if (c->has_topology)
		ms_h248_in_fail(in, 448, "h248_twice", NULL);
	c->has_topology = true;
	if (!ms_h248_in_open(in))
		return;
	do {
		*tail = triple(in);
		if (!*tail)
			return;
		tail = &(*tail)->next;
	} while (ms_h248_in_more(in));
}

/* v3: ContextListToken EQUAL LBRKT ContextID *(COMMA ContextID) RBRKT */
static void context_list(struct ms_h248_in *in, struct ms_h248_context_id **list)
{
	ms_h248_in_want(in, '=');
	if (!ms_h248_in_open(in))
		return;
	do {
		struct ms_h248_context_id *id = ms_h248_in_node(in, sizeof(*id));
		if (!id)
			return;
		id->id = ms_h248_in_context_id(in);
		*list = id;
		list = &id->next;
	} while (ms_h248_in_more(in));
}

static struct ms_h248_param **last(struct ms_h248_param **list)
{
	while (*list)
		list = &(*list)->next;
	return list;
}

/* v3: ContextAttrToken LBRKT (contextIdList / propertyParm *(COMMA propertyParm)) RBRKT */
static void attributes(struct ms_h248_in *in, struct ms_h248_param **properties,
		       struct ms_h248_context_id **list)
{
	struct ms_span w;
	if (!ms_h248_in_open(in))
		return;
	properties = last(properties);
	do {
		if (ms_h248_in_token(in, &w) == MS_H248_T_CONTEXT_LIST && !*list)
			context_list(in, list);
		else
			properties = ms_h248_in_param(in, w, true, properties);
	} while (ms_h248_in_more(in));
}

/* A.2: priority is 0 to 15 */
static void priority(struct ms_h248_in *in, bool *ret_has, uint8_t *ret_value)
{
	*ret_has = true;
	*ret_value = (uint8_t)ms_h248_in_equal_number(in, 15);
}

/* v3: EmergencyValueToken EQUAL (EmergencyToken / EmergencyOffToken) */
static enum ms_h248_flag emergency_value(struct ms_h248_in *in)
{
	struct ms_span w;
	ms_h248_in_want(in, '=');
	switch (ms_h248_in_token(in, &w)) {
	case MS_H248_T_EMERGENCY:
		return MS_H248_FLAG_ON;
	case MS_H248_T_EMERGENCY_OFF:
		return MS_H248_FLAG_OFF;
	default:
		ms_h248_in_fail(in, in->syntax, "h248_emergency", w.p);
		return MS_H248_FLAG_ABSENT;
	}
}

static struct ms_h248_context_select *select_of(struct ms_h248_in *in, struct ms_h248_context *c)
{
	if (!c->select)
		c->select = ms_h248_in_node(in, sizeof(*c->select));
	return c->select;
}

/* v3: contextAuditSelector, those items of a ContextAudit that have values; false: it is none */
static bool selector(struct ms_h248_in *in, enum ms_h248_token token, struct ms_h248_context *c)
{
	struct ms_h248_context_select *s;
	bool valued = ms_h248_in_next(in) == '=';
	bool logic = token == MS_H248_T_AND_AUDIT || token == MS_H248_T_OR_AUDIT;
	if (!valued && !logic)
		return false;
	s = select_of(in, c);
	if (!s)
		return true;
	switch (token) {
	case MS_H248_T_AND_AUDIT:
		s->logic = MS_H248_SELECT_AND;
		return true;
	case MS_H248_T_OR_AUDIT:
		s->logic = MS_H248_SELECT_OR;
		return true;
	case MS_H248_T_PRIORITY:
		priority(in, &s->has_priority, &s->priority);
		return true;
	case MS_H248_T_EMERGENCY_VALUE:
		s->emergency = emergency_value(in);
		return true;
	case MS_H248_T_IEPS:
		s->ieps = ms_h248_in_flag(in);
		return true;
	default:
		return false;
	}
}

/* Where the next name asked for and the next value that selects are appended. */
struct tails {
	struct ms_h248_param **asked;
	struct ms_h248_param **selecting;
};

static void audited(struct ms_h248_in *in, struct ms_h248_context *c, struct tails *tails);

static void select_property(struct ms_h248_in *in, struct ms_h248_context_select *s,
			    struct ms_span w, struct tails *tails)
{
	if (!tails->selecting)
		tails->selecting = &s->properties;
	tails->selecting = ms_h248_in_param(in, w, true, tails->selecting);
}

/* v3: in a ContextAudit, ContextAttr{...} holds names asked for, or values that select. */
static void audited_attributes(struct ms_h248_in *in, struct ms_h248_context *c,
			       struct tails *tails)
{
	struct ms_span w;
	if (!ms_h248_in_open(in))
		return;
	do {
		const uint8_t *start = in->p;
		enum ms_h248_token token = ms_h248_in_token(in, &w);
		uint8_t next = ms_h248_in_next(in);
		struct ms_h248_context_select *s = NULL;
		if (token == MS_H248_T_CONTEXT_LIST || next == '=' || next == '<' || next == '>' ||
		    next == '#')
			s = select_of(in, c);
		if (s && token == MS_H248_T_CONTEXT_LIST && !s->list)
			context_list(in, &s->list);
		else if (s)
			select_property(in, s, w, tails);
		else if (!in->err) {
			in->p = start;
			audited(in, c, tails);
		}
	} while (ms_h248_in_more(in));
}

/* contextAuditProperties = ( TopologyToken / EmergencyToken / PriorityToken ); v3: IEPS, names, selectors */
static void audited(struct ms_h248_in *in, struct ms_h248_context *c, struct tails *tails)
{
	struct ms_span w;
	enum ms_h248_token token = ms_h248_in_token(in, &w);
	if (selector(in, token, c))
		return;
	switch (token) {
	case MS_H248_T_TOPOLOGY:
		c->audit_topology = true;
		return;
	case MS_H248_T_EMERGENCY:
		c->audit_emergency = true;
		return;
	case MS_H248_T_PRIORITY:
		c->audit_priority = true;
		return;
	case MS_H248_T_IEPS:
		c->audit_ieps = true;
		return;
	default:
		in->audit = true;
		tails->asked = ms_h248_in_param(in, w, true, tails->asked);
		in->audit = false;
	}
}

static bool selects_nothing(const struct ms_h248_context_select *s)
{
	return s->logic == MS_H248_SELECT_ABSENT && !s->emergency && !s->ieps && !s->has_priority &&
	       !s->properties && !s->list;
}

/* contextAudit = ContextAuditToken LBRKT contextAuditProperties *(COMMA contextAuditProperties) RBRKT */
static void context_audit(struct ms_h248_in *in, struct ms_h248_context *c)
{
	struct tails here = { last(&c->audit_properties),
			      c->select ? last(&c->select->properties) : NULL };
	struct tails *tails = &here;
	struct ms_span w;
	c->audit = true;
	if (!ms_h248_in_open(in))
		return;
	do {
		const uint8_t *start = in->p;
		if (ms_h248_in_token(in, &w) == MS_H248_T_CONTEXT_ATTR) {
			audited_attributes(in, c, tails);
		} else if (!in->err) {
			in->p = start;
			audited(in, c, tails);
		}
	} while (ms_h248_in_more(in));
	if (c->select && selects_nothing(c->select)) /* an empty list of contexts */
		c->select = NULL;
}

bool ms_h248_in_context(struct ms_h248_in *in, enum ms_h248_token token, struct ms_h248_context *c)
{
	switch (token) {
	case MS_H248_T_TOPOLOGY:
		topology(in, c);
		break;
	case MS_H248_T_PRIORITY:
		priority(in, &c->has_priority, &c->priority);
		break;
	case MS_H248_T_EMERGENCY:
		c->emergency = MS_H248_FLAG_ON;
		break;
	case MS_H248_T_EMERGENCY_OFF:
		c->emergency = MS_H248_FLAG_OFF;
		break;
	case MS_H248_T_IEPS:
		c->ieps = ms_h248_in_flag(in);
		break;
	case MS_H248_T_CONTEXT_ATTR:
		attributes(in, &c->properties, &c->list);
		if (!c->properties && !c->list) /* empty braces set nothing */
			return true;
		break;
	case MS_H248_T_CONTEXT_AUDIT:
		context_audit(in, c);
		break;
	default:
		return false;
	}
	c->present = true;
	return true;
}
