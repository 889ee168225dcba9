/* SPDX-License-Identifier: Apache-2.0 */
/* Events, EventBuffer, Signals, DigitMap and ObservedEvents descriptors, written (RFC 3525 7.1, B.2). */
#include "h248/text-out.h"

/* ---- digit maps ---- */

static void timer(struct ms_h248_out *out, char letter, uint8_t value)
{
	if (!value)
		return;
	if (value > 99)
		ms_h248_out_fail(out);
	ms_h248_out_c(out, letter);
	ms_h248_out_c(out, ':');
	ms_h248_out_number(out, value);
	ms_h248_out_c(out, ',');
}

void ms_h248_out_digitmap(struct ms_h248_out *out, const struct ms_h248_digitmap *d)
{
	ms_h248_out_token(out, MS_H248_T_DIGITMAP);
	ms_h248_out_equal(out);
	if (d->name.len)
		ms_h248_out_checked(out, d->name, MS_H248_C_NAME, 64);
	if (d->name.len && !d->body.len && !d->t && !d->s && !d->l && !d->z)
		return;
	ms_h248_out_c(out, '{');
	timer(out, 'T', d->t);
	timer(out, 'S', d->s);
	timer(out, 'L', d->l);
	timer(out, 'Z', d->z);
	ms_h248_out_octets(out, d->body, true);
	ms_h248_out_c(out, '}');
}

/* ---- signals ---- */

static void completion(struct ms_h248_out *out, struct ms_h248_list *list, unsigned bits)
{
	static const struct {
		unsigned bit;
		enum ms_h248_token token;
	} reasons[] = {
		{ MS_H248_NC_TIMEOUT, MS_H248_T_TIMEOUT },
		{ MS_H248_NC_EVENT, MS_H248_T_INTERRUPT_EVENT },
		{ MS_H248_NC_SIGNAL, MS_H248_T_INTERRUPT_SIGNALS },
		{ MS_H248_NC_OTHER, MS_H248_T_OTHER_REASON },
		{ MS_H248_NC_ITERATION, MS_H248_T_ITERATION },
	};
	struct ms_h248_list inner = { 0 };
	ms_h248_out_item_token(out, list, MS_H248_T_NOTIFY_COMPLETION);
	ms_h248_out_equal(out);
	for (size_t i = 0; i < MS_ARRAY_SIZE(reasons); i++)
		if (bits & reasons[i].bit)
			ms_h248_out_item_token(out, &inner, reasons[i].token);
	ms_h248_out_end(out, &inner, true);
}

static void type_and_direction(struct ms_h248_out *out, struct ms_h248_list *list,
			       const struct ms_h248_signal *s)
{
	static const enum ms_h248_token types[] = {
		[MS_H248_BRIEF] = MS_H248_T_BRIEF,
		[MS_H248_ON_OFF] = MS_H248_T_ON_OFF,
		[MS_H248_TIME_OUT] = MS_H248_T_TIMEOUT,
	};
	static const enum ms_h248_token directions[] = {
		[MS_H248_DIRECTION_INTERNAL] = MS_H248_T_INTERNAL,
		[MS_H248_DIRECTION_EXTERNAL] = MS_H248_T_EXTERNAL,
		[MS_H248_DIRECTION_BOTH] = MS_H248_T_BOTH,
	};
	if ((unsigned)s->type >= MS_ARRAY_SIZE(types) ||
	    (unsigned)s->direction >= MS_ARRAY_SIZE(directions)) {
		ms_h248_out_fail(out);
		return;
	}
	if (s->type != MS_H248_SIGNAL_TYPE_ABSENT)
		ms_h248_out_item_is(out, list, MS_H248_T_SIGNAL_TYPE, types[s->type]);
	if (s->direction != MS_H248_DIRECTION_ABSENT)
		ms_h248_out_item_is(out, list, MS_H248_T_DIRECTION, directions[s->direction]);
}

static void centiseconds(struct ms_h248_out *out, struct ms_h248_list *list,
			 enum ms_h248_token token, bool has, uint32_t value)
{
	if (has && value > UINT16_MAX)
		ms_h248_out_fail(out);
	else if (has)
		ms_h248_out_item_number(out, list, token, value);
}

static void signal_request(struct ms_h248_out *out, const struct ms_h248_signal *s)
{
	struct ms_h248_list list = { 0 };
	ms_h248_out_name(out, &s->name);
	if (s->stream)
		ms_h248_out_item_number(out, &list, MS_H248_T_STREAM, s->stream);
	type_and_direction(out, &list, s);
	centiseconds(out, &list, MS_H248_T_DURATION, s->has_duration, s->duration);
	if (s->has_completion)
		completion(out, &list, s->completion);
	if (s->keep_active)
		ms_h248_out_item_token(out, &list, MS_H248_T_KEEP_ACTIVE);
	if (s->has_request_id) {
		ms_h248_out_item_token(out, &list, MS_H248_T_REQUEST_ID);
		ms_h248_out_equal(out);
		ms_h248_out_request_id(out, s->request_id);
	}
	centiseconds(out, &list, MS_H248_T_INTERSIGNAL, s->has_delay, s->delay);
	ms_h248_out_params(out, &list, s->params, false);
	ms_h248_out_end(out, &list, false);
}

static void signal_list(struct ms_h248_out *out, const struct ms_h248_signal *all)
{
	struct ms_h248_list list = { 0 };
	ms_h248_out_token(out, MS_H248_T_SIGNAL_LIST);
	ms_h248_out_equal(out);
	ms_h248_out_number(out, all->list_id);
	for (const struct ms_h248_signal *s = all->list; s; s = s->next) {
		ms_h248_out_item(out, &list);
		if (s->is_list)
			ms_h248_out_fail(out);
		signal_request(out, s);
	}
	ms_h248_out_end(out, &list, true);
}

void ms_h248_out_signals(struct ms_h248_out *out, const struct ms_h248_signals *all, bool braces)
{
	struct ms_h248_list list = { 0 };
	ms_h248_out_token(out, MS_H248_T_SIGNALS);
	for (const struct ms_h248_signal *s = all->list; s; s = s->next) {
		ms_h248_out_item(out, &list);
		if (s->is_list)
			signal_list(out, s);
		else
			signal_request(out, s);
	}
	ms_h248_out_end(out, &list, braces);
}

/* ---- events ---- */

static void embed(struct ms_h248_out *out, const struct ms_h248_signals *signals,
		  const struct ms_h248_events *events, bool embedded)
{
	struct ms_h248_list list = { 0 };
	if (embedded && events) /* one level, no more */
		ms_h248_out_fail(out);
	ms_h248_out_token(out, MS_H248_T_EMBED);
	if (signals) {
		ms_h248_out_item(out, &list);
		ms_h248_out_signals(out, signals, false);
	}
	if (events && !embedded) {
		ms_h248_out_item(out, &list);
		ms_h248_out_events(out, events, true, false);
	}
	ms_h248_out_end(out, &list, true);
}

static void regulated(struct ms_h248_out *out, const struct ms_h248_event *e, bool embedded)
{
	struct ms_h248_list list = { 0 };
	ms_h248_out_token(out, MS_H248_T_NOTIFY_REGULATED);
	if (e->regulated_signals || e->regulated_events) {
		ms_h248_out_item(out, &list);
		embed(out, e->regulated_signals, e->regulated_events, embedded);
	}
	ms_h248_out_end(out, &list, false);
}

static void notify(struct ms_h248_out *out, struct ms_h248_list *list,
		   const struct ms_h248_event *e, bool embedded)
{
	switch (e->notify) {
	case MS_H248_NOTIFY_DEFAULT:
		return;
	case MS_H248_NOTIFY_IMMEDIATE:
		ms_h248_out_item_token(out, list, MS_H248_T_NOTIFY_IMMEDIATE);
		return;
	case MS_H248_NOTIFY_NEVER:
		ms_h248_out_item_token(out, list, MS_H248_T_NOTIFY_NEVER);
		return;
	case MS_H248_NOTIFY_REGULATED:
		ms_h248_out_item(out, list);
		regulated(out, e, embedded);
		return;
	}
	ms_h248_out_fail(out);
}

static void event(struct ms_h248_out *out, const struct ms_h248_event *e, bool embedded)
{
	struct ms_h248_list list = { 0 };
	ms_h248_out_name(out, &e->name);
	if (e->stream)
		ms_h248_out_item_number(out, &list, MS_H248_T_STREAM, e->stream);
	if (e->keep_active)
		ms_h248_out_item_token(out, &list, MS_H248_T_KEEP_ACTIVE);
	notify(out, &list, e, embedded);
	if (e->reset_events)
		ms_h248_out_item_token(out, &list, MS_H248_T_RESET_EVENTS);
	if (e->digitmap.present) {
		ms_h248_out_item(out, &list);
		ms_h248_out_digitmap(out, &e->digitmap);
	}
	if (e->signals || e->events) {
		ms_h248_out_item(out, &list);
		embed(out, e->signals, e->events, embedded);
	}
	ms_h248_out_params(out, &list, e->params, false);
	ms_h248_out_end(out, &list, false);
}

static void event_list(struct ms_h248_out *out, const struct ms_h248_event *e, bool embedded,
		       bool braces)
{
	struct ms_h248_list list = { 0 };
	for (; e; e = e->next) {
		ms_h248_out_item(out, &list);
		event(out, e, embedded);
	}
	ms_h248_out_end(out, &list, braces);
}

void ms_h248_out_events(struct ms_h248_out *out, const struct ms_h248_events *e, bool embedded,
			bool braces)
{
	ms_h248_out_token(out, MS_H248_T_EVENTS);
	if (e->has_request_id) {
		ms_h248_out_equal(out);
		ms_h248_out_request_id(out, e->request_id);
	} else if (e->list && !braces) {
		ms_h248_out_fail(out); /* only an Audit descriptor has events without a request */
	}
	event_list(out, e->list, embedded, braces || e->has_request_id);
}

void ms_h248_out_event_buffer(struct ms_h248_out *out, const struct ms_h248_event *e, bool braces)
{
	ms_h248_out_token(out, MS_H248_T_EVENT_BUFFER);
	event_list(out, e, true, braces);
}

void ms_h248_out_observed(struct ms_h248_out *out, const struct ms_h248_command *c)
{
	struct ms_h248_list list = { 0 };
	ms_h248_out_token(out, MS_H248_T_OBSERVED);
	ms_h248_out_equal(out);
	ms_h248_out_request_id(out, c->observed_id);
	for (const struct ms_h248_observed *o = c->observed; o; o = o->next) {
		struct ms_h248_list inner = { 0 };
		ms_h248_out_item(out, &list);
		if (o->time.present) {
			ms_h248_out_timestamp(out, &o->time);
			ms_h248_out_c(out, ':');
		}
		ms_h248_out_name(out, &o->name);
		if (o->stream)
			ms_h248_out_item_number(out, &inner, MS_H248_T_STREAM, o->stream);
		ms_h248_out_params(out, &inner, o->params, false);
		ms_h248_out_end(out, &inner, false);
	}
	ms_h248_out_end(out, &list, true);
}
