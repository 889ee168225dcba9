/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, writing: Audit descriptors with their individual items (H.248.1 version 2). */
#include "h248/binary-write-priv.h"

void ms_wr_ind_property_items(struct wr *w, const struct ms_h248_param *list)
{
	for (; list; list = list->next) {
		size_t one = ms_wr_open(w, U_SEQUENCE);
		ms_wr_name(w, P(0), &list->name);
		if (list->values && ms_wr_since(w, 3))
			ms_wr_param(w, C(1), list, 4);
		ms_wr_close(w, one);
	}
}

static void wr_ind_properties(struct wr *w, unsigned id, const struct ms_h248_param *list)
{
	size_t all = ms_wr_open(w, id);
	ms_wr_ind_property_items(w, list);
	ms_wr_close(w, all);
}

static void wr_ind_control(struct wr *w, unsigned id, const struct ms_h248_local_control *c)
{
	size_t mark = ms_wr_open(w, id);
	bool selects = c->mode && c->mode != MS_H248_MODE_ASKED;

	if (c->mode_unequal) /* has no binary form */
		ms_wr_bad(w);
	if (c->mode == MS_H248_MODE_ASKED)
		ms_wr_null(w, P(0));
	if (c->reserve_value)
		ms_wr_null(w, P(1));
	if (c->reserve_group)
		ms_wr_null(w, P(2));
	if (c->properties)
		wr_ind_properties(w, C(3), c->properties);
	if (selects && ms_wr_since(w, 3))
		ms_wr_u8(w, P(4), c->mode - MS_H248_MODE_SENDONLY);
	ms_wr_close(w, mark);
}

static void wr_ind_statistic(struct wr *w, unsigned id, const struct ms_h248_param *p)
{
	size_t mark = ms_wr_open(w, id);
	if (!p || p->next) /* the module has room for one */
		ms_wr_bad(w);
	else
		ms_wr_name(w, P(0), &p->name);
	ms_wr_close(w, mark);
}

static void wr_ind_stream(struct wr *w, unsigned id, const struct ms_h248_stream *s)
{
	size_t mark = ms_wr_open(w, id);
	if (s->has_control)
		wr_ind_control(w, C(0), &s->control);
	if (s->local.present)
		ms_wr_sdp_names(w, C(1), &s->local);
	if (s->remote.present)
		ms_wr_sdp_names(w, C(2), &s->remote);
	if (s->has_statistics && ms_wr_since(w, 3))
		wr_ind_statistic(w, C(3), s->statistics);
	ms_wr_close(w, mark);
}

static void wr_ind_state(struct wr *w, const struct ms_h248_media *m)
{
	size_t mark = ms_wr_open(w, C(0));
	bool selects = m->service_state && m->service_state != MS_H248_SERVICE_ASKED;

	if (m->service_state_unequal)
		ms_wr_bad(w);
	wr_ind_properties(w, C(0), m->state_properties);
	if (m->event_buffer)
		ms_wr_null(w, P(1));
	if (m->service_state == MS_H248_SERVICE_ASKED)
		ms_wr_null(w, P(2));
	if (selects && ms_wr_since(w, 3))
		ms_wr_u8(w, P(3), m->service_state - MS_H248_SERVICE_TEST);
	ms_wr_close(w, mark);
}

static void wr_ind_media(struct wr *w, const struct ms_h248_media *m)
{
	size_t mark = ms_wr_open(w, C(0));
	if (m->has_state)
		wr_ind_state(w, m);
	if (m->streams) {
		size_t choice = ms_wr_open(w, C(1));
		if (m->streams->id == 0) {
			wr_ind_stream(w, C(0), m->streams);
		} else {
			size_t list = ms_wr_open(w, C(1));
			for (const struct ms_h248_stream *s = m->streams; s; s = s->next) {
				size_t one = ms_wr_open(w, U_SEQUENCE);
				ms_wr_uint(w, P(0), s->id);
				wr_ind_stream(w, C(1), s);
				ms_wr_close(w, one);
			}
			ms_wr_close(w, list);
		}
		ms_wr_close(w, choice);
	}
	ms_wr_close(w, mark);
}

static void wr_ind_events(struct wr *w, unsigned id, unsigned first,
			  const struct ms_h248_events *events)
{
	for (const struct ms_h248_event *e = events->list; e; e = e->next) {
		size_t mark = ms_wr_open(w, id);
		if (first && events->has_request_id)
			ms_wr_uint(w, P(0), events->request_id);
		ms_wr_name(w, P(first), &e->name);
		if (e->stream)
			ms_wr_uint(w, P(first + 1), e->stream);
		ms_wr_close(w, mark);
	}
}

static void wr_ind_one_signal(struct wr *w, unsigned id, const struct ms_h248_signal *s)
{
	size_t mark = ms_wr_open(w, id);
	ms_wr_name(w, P(0), &s->name);
	if (s->stream)
		ms_wr_uint(w, P(1), s->stream);
	if (s->has_request_id && ms_wr_since(w, 3))
		ms_wr_uint(w, P(2), s->request_id);
	ms_wr_close(w, mark);
}

static void wr_ind_signals(struct wr *w, const struct ms_h248_signals *signals)
{
	for (const struct ms_h248_signal *s = signals->list; s; s = s->next) {
		size_t mark = ms_wr_open(w, C(3));
		if (!s->is_list) {
			wr_ind_one_signal(w, C(0), s);
		} else {
			size_t list = ms_wr_open(w, C(1));
			ms_wr_uint(w, P(0), s->list_id);
			if (s->list)
				wr_ind_one_signal(w, C(1), s->list);
			ms_wr_close(w, list);
		}
		ms_wr_close(w, mark);
	}
}

static void wr_ind_items(struct wr *w, const struct ms_h248_audit *a)
{
	if (a->media)
		wr_ind_media(w, a->media);
	if (a->events)
		wr_ind_events(w, C(1), 1, a->events);
	if (a->event_buffer)
		wr_ind_events(w, C(2), 0, a->event_buffer);
	if (a->signals)
		wr_ind_signals(w, a->signals);
	if (a->digitmap.present) {
		size_t mark = ms_wr_open(w, C(4));
		if (a->digitmap.name.len)
			ms_wr_string(w, P(0), a->digitmap.name);
		ms_wr_close(w, mark);
	}
	for (const struct ms_h248_param *p = a->statistics; p; p = p->next) {
		size_t mark = ms_wr_open(w, C(5));
		ms_wr_name(w, P(0), &p->name);
		ms_wr_close(w, mark);
	}
	for (const struct ms_h248_package *p = a->packages; p; p = p->next) {
		size_t mark = ms_wr_open(w, C(6));
		ms_wr_package(w, p);
		ms_wr_close(w, mark);
	}
}

void ms_wr_audit(struct wr *w, unsigned id, const struct ms_h248_audit *a)
{
	size_t mark = ms_wr_open(w, id);
	if (a->tokens)
		ms_wr_bits(w, P(0), a->tokens);
	if ((a->media || a->events || a->event_buffer || a->signals || a->digitmap.present ||
	     a->statistics || a->packages) &&
	    ms_wr_since(w, 2)) {
		size_t items = ms_wr_open(w, C(1));
		wr_ind_items(w, a);
		ms_wr_close(w, items);
	}
	ms_wr_close(w, mark);
}
