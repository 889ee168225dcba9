/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audits of several terminations in one reply (W-, RFC 3525 section 7.2.5): the union of what each has.
 * Media stand one behind the other, which are alternatives; what has a name stands once.
 */
#include "h248/mg-priv.h"

static bool is_same(const struct ms_h248_name *a, uint16_t stream, const struct ms_h248_name *b,
		    uint16_t other)
{
	return a->ref == b->ref && stream == other;
}

static void add_events(struct ms_h248_event *from, struct ms_h248_event **to)
{
	while (from) {
		struct ms_h248_event *next = from->next, **at = to;

		while (*at && !is_same(&(*at)->name, (*at)->stream, &from->name, from->stream))
			at = &(*at)->next;
		if (!*at) {
			from->next = NULL;
			*at = from;
		}
		from = next;
	}
}

static void add_signals(struct ms_h248_signal *from, struct ms_h248_signal **to)
{
	while (from) {
		struct ms_h248_signal *next = from->next, **at = to;

		while (*at && !is_same(&(*at)->name, (*at)->stream, &from->name, from->stream))
			at = &(*at)->next;
		if (!*at) {
			from->next = NULL;
			*at = from;
		}
		from = next;
	}
}

static void add_media(const struct ms_h248_media *from, struct ms_h248_media *to)
{
	struct ms_h248_stream **at = &to->streams;

	while (*at)
		at = &(*at)->next;
	*at = from->streams;
	if (!from->has_state)
		return;
	to->has_state = true;
	to->event_buffer = from->event_buffer;
	to->service_state = from->service_state;
	to->state_properties = from->state_properties;
}

static void add_observed(struct ms_h248_observed *from, struct ms_h248_observed **to)
{
	while (*to)
		to = &(*to)->next;
	*to = from;
}

void ms_mg_audit_merge(struct ms_h248_command *from, struct ms_h248_command *into)
{
	if (from->media && into->media)
		add_media(from->media, into->media);
	else if (from->media)
		into->media = from->media;
	if (from->events && into->events)
		add_events(from->events->list, &into->events->list);
	else if (from->events)
		into->events = from->events;
	if (from->signals && into->signals)
		add_signals(from->signals->list, &into->signals->list);
	else if (from->signals)
		into->signals = from->signals;
	into->has_event_buffer |= from->has_event_buffer;
	add_events(from->event_buffer, &into->event_buffer);
	if (from->packages) /* all terminations have the same */
		into->packages = from->packages;
	if (from->has_observed && !into->has_observed)
		into->observed_id = from->observed_id;
	into->has_observed |= from->has_observed;
	add_observed(from->observed, &into->observed);
}
