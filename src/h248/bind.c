/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completes the names and values of a whole tree from the package tables, so that engines see one kind
 * of message whatever coding it came in or will leave in.
 */
#include <errno.h>

#include "h248/package.h"

#define ANY 0xffffu /* '*' as a number (RFC 3525 A.2, PkgdName) */

/* Nesting of embedded events and signals: the grammar has two levels, a tree built by hand may loop. */
#define DEPTH_MAX 8

struct binder {
	const struct ms_h248_registry *r;
	struct ms_h248_arena *a;
	struct ms_fault *fault;
	enum ms_h248_bind to;
	unsigned depth;
	int err; /* the first */
};

static void refuse(struct binder *b, int err, int code, const char *reason)
{
	if (b->err == 0)
		b->err = ms_fault_set(b->fault, err, code, reason, 0);
}

/* H.248.8: the item of that kind is not known. */
static int code_of(enum ms_h248_kind kind)
{
	static const int codes[] = {
		[MS_H248_PROPERTY] = 445,  [MS_H248_EVENT] = 451,     [MS_H248_SIGNAL] = 452,
		[MS_H248_STATISTIC] = 453, [MS_H248_PARAMETER] = 446,
	};
	return codes[kind];
}

static bool is_any(struct ms_span s)
{
	return s.len == 1 && s.p[0] == '*';
}

static unsigned number_or_any(struct ms_span text, unsigned number)
{
	return is_any(text) ? ANY : number;
}

/* A package of the registry and '*' as its item, or both '*'. */
static void bind_wildcard(struct binder *b, struct ms_h248_name *n)
{
	if (!n->package.len) {
		uint16_t p = ms_h248_package_find_number(b->r, n->id >> 16);
		n->package = n->id >> 16 == ANY ? MS_SPAN_LIT("*") : b->r->packages[p].name;
		n->item = n->package.len ? MS_SPAN_LIT("*") : n->item;
		return;
	}
	uint16_t p = ms_h248_package_find(b->r, n->package);
	unsigned number = number_or_any(n->package, (unsigned)b->r->packages[p].number);
	if (number)
		n->id = MS_H248_ID(number, ANY);
	else if (b->to == MS_H248_BIND_BER)
		refuse(b, -ENOENT, 440, "package_unknown");
}

static void bind_name(struct binder *b, struct ms_h248_name *n, enum ms_h248_kind kind)
{
	if (is_any(n->item) || (!n->item.len && (n->id & ANY) == ANY)) {
		bind_wildcard(b, n);
		return;
	}
	if (n->package.len)
		n->ref = ms_h248_item_find(b->r, kind, n->package, n->item);
	else
		n->ref = ms_h248_item_find_number(b->r, kind, n->id);
	if (n->ref && n->package.len &&
	    !n->id) /* a package's own number, also for inherited items */
		n->id = MS_H248_ID(b->r->packages[ms_h248_package_find(b->r, n->package)].number,
				   b->r->items[n->ref].number);
	if (n->ref && !n->package.len) {
		n->package = b->r->packages[ms_h248_package_find_number(b->r, n->id >> 16)].name;
		n->item = b->r->items[n->ref].name;
	}
	if (!n->id && b->to == MS_H248_BIND_BER)
		refuse(b, -ENOENT, ms_h248_package_find(b->r, n->package) ? code_of(kind) : 440,
		       "name_unknown");
}

static void bind_param_name(struct binder *b, struct ms_h248_name *n, uint16_t parent)
{
	if (n->item.len)
		n->ref = ms_h248_param_find(b->r, parent, n->item);
	else
		n->ref = ms_h248_param_find_number(b->r, parent, n->id & ANY);
	if (!n->ref) {
		if (!n->id && b->to == MS_H248_BIND_BER)
			refuse(b, -ENOENT, 446, "parameter_unknown");
		return;
	}
	n->item = b->r->items[n->ref].name;
	n->id = MS_H248_ID(0, b->r->items[n->ref].number);
}

static void bind_values(struct binder *b, const struct ms_h248_param *p)
{
	for (struct ms_h248_value *v = p->values; v; v = v->next) {
		bool text = b->to == MS_H248_BIND_TEXT;
		int err = text ? ms_h248_value_to_text(b->r, p->name.ref, v, b->a)
			       : ms_h248_value_to_ber(b->r, p->name.ref, v, b->a);
		if (err == -ENOMEM)
			refuse(b, err, 500, "no_memory");
		else if (err < 0 && !text)
			refuse(b, err, 449, "value_type");
	}
}

/* "$" alone, unquoted: CHOOSE in both forms; the binary codec writes no value (RFC 3525 A.2). */
static bool is_choose(const struct ms_h248_value *v)
{
	return v && !v->next && v->form == MS_H248_TEXT && v->octets.len == 1 &&
	       v->octets.p[0] == '$';
}

static void bind_list(struct binder *b, struct ms_h248_param *list, enum ms_h248_kind kind,
		      uint16_t parent)
{
	for (struct ms_h248_param *p = list; p; p = p->next) {
		if (kind == MS_H248_PARAMETER)
			bind_param_name(b, &p->name, parent);
		else
			bind_name(b, &p->name, kind);
		if (!is_choose(p->values))
			bind_values(b, p);
	}
}

/* ---- descriptors ---- */

static void bind_events(struct binder *b, struct ms_h248_events *events);

static void bind_signal_list(struct binder *b, struct ms_h248_signal *s)
{
	if (++b->depth > DEPTH_MAX)
		refuse(b, -EINVAL, 442, "nested_too_deep");
	for (; s && b->err == 0; s = s->next) {
		if (!s->is_list)
			bind_name(b, &s->name, MS_H248_SIGNAL);
		bind_list(b, s->params, MS_H248_PARAMETER, s->name.ref);
		bind_signal_list(b, s->list);
	}
	b->depth--;
}

static void bind_signals(struct binder *b, struct ms_h248_signals *s)
{
	if (s)
		bind_signal_list(b, s->list);
}

static void bind_event_list(struct binder *b, struct ms_h248_event *e)
{
	if (++b->depth > DEPTH_MAX)
		refuse(b, -EINVAL, 442, "nested_too_deep");
	for (; e && b->err == 0; e = e->next) {
		bind_name(b, &e->name, MS_H248_EVENT);
		bind_list(b, e->params, MS_H248_PARAMETER, e->name.ref);
		bind_signals(b, e->signals);
		bind_events(b, e->events);
		bind_signals(b, e->regulated_signals);
		bind_events(b, e->regulated_events);
	}
	b->depth--;
}

static void bind_events(struct binder *b, struct ms_h248_events *events)
{
	if (events)
		bind_event_list(b, events->list);
}

static void bind_media(struct binder *b, struct ms_h248_media *m)
{
	if (!m)
		return;
	bind_list(b, m->state_properties, MS_H248_PROPERTY, 0);
	for (struct ms_h248_stream *s = m->streams; s; s = s->next) {
		bind_list(b, s->control.properties, MS_H248_PROPERTY, 0);
		bind_list(b, s->statistics, MS_H248_STATISTIC, 0);
	}
}

static void bind_packages(struct binder *b, struct ms_h248_package *list)
{
	for (struct ms_h248_package *p = list; p; p = p->next) {
		uint16_t ref = p->name.package.len
				       ? ms_h248_package_find(b->r, p->name.package)
				       : ms_h248_package_find_number(b->r, p->name.id >> 16);
		if (ref)
			p->name = ms_h248_package_name_of(b->r, ref);
		else if (!p->name.id && b->to == MS_H248_BIND_BER)
			refuse(b, -ENOENT, 440, "package_unknown");
	}
}

static void bind_audit(struct binder *b, struct ms_h248_audit *a)
{
	if (!a)
		return;
	bind_media(b, a->media);
	bind_events(b, a->events);
	bind_signals(b, a->signals);
	bind_events(b, a->event_buffer);
	bind_list(b, a->statistics, MS_H248_STATISTIC, 0);
	bind_packages(b, a->packages);
}

static void bind_observed(struct binder *b, struct ms_h248_observed *list)
{
	for (struct ms_h248_observed *o = list; o; o = o->next) {
		bind_name(b, &o->name, MS_H248_EVENT);
		bind_list(b, o->params, MS_H248_PARAMETER, o->name.ref);
	}
}

static void bind_termination(struct binder *b, struct ms_h248_termination *t)
{
	int err = 0;
	if (t->kind != MS_H248_TERMINATION_NAMED)
		return;
	if (b->to == MS_H248_BIND_BER && !t->octets.len)
		err = ms_h248_termination_to_ber(b->r, t, b->a);
	else if (b->to == MS_H248_BIND_TEXT && !t->name.len)
		err = ms_h248_termination_to_text(b->r, t, b->a);
	if (err < 0)
		refuse(b, err, err == -ENOMEM ? 500 : 430, "termination_name");
}

static void bind_terminations(struct binder *b, struct ms_h248_termination *list)
{
	for (; list && b->err == 0; list = list->next)
		bind_termination(b, list);
}

static void bind_command(struct binder *b, struct ms_h248_command *c)
{
	bind_terminations(b, c->terminations);
	if (c->mux)
		bind_terminations(b, c->mux->terminations);
	bind_media(b, c->media);
	bind_events(b, c->events);
	bind_event_list(b, c->event_buffer);
	bind_signals(b, c->signals);
	bind_audit(b, c->audit);
	bind_observed(b, c->observed);
	bind_list(b, c->statistics, MS_H248_STATISTIC, 0);
	bind_packages(b, c->packages);
	if (c->service_change)
		bind_audit(b, c->service_change->info);
}

static void bind_action(struct binder *b, struct ms_h248_action *a)
{
	for (struct ms_h248_topology *t = a->attributes.topology; t; t = t->next) {
		bind_termination(b, &t->from);
		bind_termination(b, &t->to);
	}
	bind_list(b, a->attributes.properties, MS_H248_PROPERTY, 0);
	bind_list(b, a->attributes.audit_properties, MS_H248_PROPERTY, 0);
	if (a->attributes.select)
		bind_list(b, a->attributes.select->properties, MS_H248_PROPERTY, 0);
	for (struct ms_h248_command *c = a->commands; c && b->err == 0; c = c->next)
		bind_command(b, c);
}

int ms_h248_bind_transaction(struct ms_h248_transaction *t, const struct ms_h248_registry *r,
			     enum ms_h248_bind to, struct ms_h248_arena *a, struct ms_fault *fault)
{
	struct binder b = { .r = r, .a = a, .fault = fault, .to = to };
	for (struct ms_h248_action *action = t->actions; action && b.err == 0;
	     action = action->next)
		bind_action(&b, action);
	return b.err;
}

int ms_h248_bind(struct ms_h248_message *m, const struct ms_h248_registry *r, enum ms_h248_bind to,
		 struct ms_h248_arena *a, struct ms_fault *fault)
{
	int err = 0;
	for (struct ms_h248_transaction *t = m->transactions; t && err == 0; t = t->next)
		err = ms_h248_bind_transaction(t, r, to, a, fault);
	return err;
}
