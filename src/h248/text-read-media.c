/* SPDX-License-Identifier: Apache-2.0 */
/* Media, Modem and Mux descriptors (RFC 3525 7.1.2 to 7.1.8, B.2), in commands and in Audit descriptors. */
#include "h248/text-priv.h"

static bool once(struct ms_h248_in *in, bool there)
{
	if (there)
		ms_h248_in_fail(in, 448, "h248_twice", NULL);
	return !there;
}

static enum ms_h248_mode mode(struct ms_h248_in *in)
{
	struct ms_span w;
	switch (ms_h248_in_token(in, &w)) {
	case MS_H248_T_SENDONLY:
		return MS_H248_MODE_SENDONLY;
	case MS_H248_T_RECVONLY:
		return MS_H248_MODE_RECVONLY;
	case MS_H248_T_SENDRECV:
		return MS_H248_MODE_SENDRECV;
	case MS_H248_T_INACTIVE:
		return MS_H248_MODE_INACTIVE;
	case MS_H248_T_LOOPBACK:
		return MS_H248_MODE_LOOPBACK;
	default:
		ms_h248_in_fail(in, in->syntax, "h248_mode", w.p);
		return MS_H248_MODE_ABSENT;
	}
}

/* A name of which an Audit descriptor may have no value, or with '#' the value it has not. */
static bool asked_only(struct ms_h248_in *in, bool *ret_unequal)
{
	if (!in->audit)
		ms_h248_in_want(in, '=');
	else if (ms_h248_in_is(in, '#'))
		*ret_unequal = true;
	else
		return !ms_h248_in_is(in, '=');
	return false;
}

static enum ms_h248_flag reserved(struct ms_h248_in *in, enum ms_h248_flag before)
{
	if (!once(in, before != MS_H248_FLAG_ABSENT))
		return before;
	return in->audit && ms_h248_in_next(in) != '=' ? MS_H248_FLAG_ASKED : ms_h248_in_flag(in);
}

/* localParm = ( streamMode / propertyParm / reservedValueMode / reservedGroupMode ) */
static void local_control(struct ms_h248_in *in, struct ms_h248_local_control *lc)
{
	struct ms_h248_param **tail = &lc->properties;
	struct ms_span w;
	if (!ms_h248_in_open(in))
		return;
	do {
		switch (ms_h248_in_token(in, &w)) {
		case MS_H248_T_MODE:
			if (once(in, lc->mode != MS_H248_MODE_ABSENT))
				lc->mode = asked_only(in, &lc->mode_unequal) ? MS_H248_MODE_ASKED
									     : mode(in);
			break;
		case MS_H248_T_RESERVED_VALUE:
			lc->reserve_value = reserved(in, lc->reserve_value);
			break;
		case MS_H248_T_RESERVED_GROUP:
			lc->reserve_group = reserved(in, lc->reserve_group);
			break;
		default:
			tail = ms_h248_in_param(in, w, true, tail);
		}
	} while (ms_h248_in_more(in));
}

static void sdp(struct ms_h248_in *in, struct ms_h248_sdp *s)
{
	if (!once(in, s->present))
		return;
	s->present = true;
	/* v3 audits ask for all of it by the bare token. */
	if (in->audit && ms_h248_in_next(in) != '{')
		return;
	ms_h248_in_want(in, '{');
	s->sdp = ms_h248_in_octets(in);
}

/* streamParm, whose token is at hand; false: it is none */
static bool stream_parm(struct ms_h248_in *in, enum ms_h248_token token, struct ms_h248_stream *s)
{
	switch (token) {
	case MS_H248_T_LOCAL:
		sdp(in, &s->local);
		return true;
	case MS_H248_T_REMOTE:
		sdp(in, &s->remote);
		return true;
	case MS_H248_T_LOCAL_CONTROL:
		if (once(in, s->has_control))
			local_control(in, &s->control);
		s->has_control = true;
		return true;
	case MS_H248_T_STATISTICS:
		if (once(in, s->has_statistics))
			ms_h248_in_statistics(in, &s->statistics);
		s->has_statistics = true;
		return true;
	default:
		return false;
	}
}

/* streamDescriptor = StreamToken EQUAL StreamID LBRKT streamParm *(COMMA streamParm) RBRKT */
static void stream(struct ms_h248_in *in, struct ms_h248_stream *s)
{
	struct ms_span w;
	s->id = (uint16_t)ms_h248_in_equal_number(in, UINT16_MAX);
	if (!s->id) /* A.2: from 1; in this tree 0 is the form without Stream */
		ms_h248_in_fail(in, in->syntax, "h248_stream_id", NULL);
	if (!ms_h248_in_open(in))
		return;
	do {
		if (!stream_parm(in, ms_h248_in_token(in, &w), s))
			ms_h248_in_fail(in, 444, "h248_unknown_descriptor", w.p);
	} while (ms_h248_in_more(in));
}

static enum ms_h248_service_state service_state(struct ms_h248_in *in)
{
	struct ms_span w;
	switch (ms_h248_in_token(in, &w)) {
	case MS_H248_T_TEST:
		return MS_H248_SERVICE_TEST;
	case MS_H248_T_OUT_OF_SERVICE:
		return MS_H248_SERVICE_OUT;
	case MS_H248_T_IN_SERVICE:
		return MS_H248_SERVICE_IN;
	default:
		ms_h248_in_fail(in, in->syntax, "h248_service_state", w.p);
		return MS_H248_SERVICE_ABSENT;
	}
}

/* eventBufferControl = BufferToken EQUAL ( "OFF" / LockStepToken ) */
static enum ms_h248_buffer_control buffer_control(struct ms_h248_in *in)
{
	struct ms_span w;
	if (!ms_h248_in_equal(in)) {
		if (!in->audit)
			ms_h248_in_want(in, '=');
		return MS_H248_BUFFER_ASKED;
	}
	switch (ms_h248_in_token(in, &w)) {
	case MS_H248_T_OFF:
		return MS_H248_BUFFER_OFF;
	case MS_H248_T_LOCKSTEP:
		return MS_H248_BUFFER_LOCKSTEP;
	default:
		ms_h248_in_fail(in, in->syntax, "h248_buffer", w.p);
		return MS_H248_BUFFER_ABSENT;
	}
}

/* terminationStateParm = (propertyParm / serviceStates / eventBufferControl ) */
static void termination_state(struct ms_h248_in *in, struct ms_h248_media *m)
{
	struct ms_h248_param **tail = &m->state_properties;
	struct ms_span w;
	if (!once(in, m->has_state))
		return;
	m->has_state = true;
	if (!ms_h248_in_open(in))
		return;
	do {
		switch (ms_h248_in_token(in, &w)) {
		case MS_H248_T_SERVICE_STATES:
			if (once(in, m->service_state != MS_H248_SERVICE_ABSENT))
				m->service_state = asked_only(in, &m->service_state_unequal)
							   ? MS_H248_SERVICE_ASKED
							   : service_state(in);
			break;
		case MS_H248_T_BUFFER:
			if (once(in, m->event_buffer != MS_H248_BUFFER_ABSENT))
				m->event_buffer = buffer_control(in);
			break;
		default:
			tail = ms_h248_in_param(in, w, true, tail);
		}
	} while (ms_h248_in_more(in));
}

/* The stream that the item `token` belongs to: a new one, or the one without a number. */
static struct ms_h248_stream *stream_for(struct ms_h248_in *in, enum ms_h248_token token,
					 struct ms_h248_stream *last)
{
	if (last && (token == MS_H248_T_STREAM) != (last->id != 0)) {
		/* either streamParm(s) or streamDescriptor(s) but not both */
		ms_h248_in_fail(in, 447, "h248_streams_mixed", NULL);
		return NULL;
	}
	if (last && token != MS_H248_T_STREAM)
		return last;
	return ms_h248_in_node(in, sizeof(*last));
}

/* mediaParm = (streamParm / streamDescriptor / terminationStateDescriptor) */
struct ms_h248_media *ms_h248_in_media(struct ms_h248_in *in)
{
	struct ms_h248_media *m = ms_h248_in_node(in, sizeof(*m));
	struct ms_h248_stream *s = NULL, **tail;
	struct ms_span w;
	if (!m || !ms_h248_in_open(in))
		return m;
	tail = &m->streams;
	do {
		enum ms_h248_token token = ms_h248_in_token(in, &w);
		if (token == MS_H248_T_TERMINATION_STATE) {
			termination_state(in, m);
			continue;
		}
		struct ms_h248_stream *of = stream_for(in, token, s);
		if (!of)
			return m;
		if (of != s) {
			*tail = s = of;
			tail = &of->next;
		}
		if (token == MS_H248_T_STREAM)
			stream(in, s);
		else if (!stream_parm(in, token, s))
			ms_h248_in_fail(in, 444, "h248_unknown_descriptor", w.p);
	} while (ms_h248_in_more(in));
	return m;
}

/* ---- deprecated ---- */

/* ModemToken (( EQUAL modemType) / (LSBRKT modemType *(COMMA modemType) RSBRKT)) [ LBRKT ... RBRKT ] */
struct ms_h248_modem *ms_h248_in_modem(struct ms_h248_in *in)
{
	struct ms_h248_modem *m = ms_h248_in_node(in, sizeof(*m));
	if (!m)
		return NULL;
	if (ms_h248_in_equal(in)) {
		m->types = ms_h248_in_need(in);
	} else {
		ms_h248_in_want(in, '[');
		const uint8_t *start = in->p;
		do {
			(void)ms_h248_in_need(in);
		} while (ms_h248_in_is(in, ','));
		m->types = ms_span_trim(ms_span_of(start, (size_t)(in->p - start)));
		ms_h248_in_want(in, ']');
	}
	if (ms_h248_in_next(in) != '{' || !ms_h248_in_open(in))
		return m;
	struct ms_h248_param **tail = &m->properties;
	do {
		tail = ms_h248_in_param(in, ms_h248_in_need(in), true, tail);
	} while (ms_h248_in_more(in));
	return m;
}

static enum ms_h248_mux_type mux_type(struct ms_h248_in *in, struct ms_span *ret_extension)
{
	struct ms_span w;
	switch (ms_h248_in_token(in, &w)) {
	case MS_H248_T_H221:
		return MS_H248_MUX_H221;
	case MS_H248_T_H223:
		return MS_H248_MUX_H223;
	case MS_H248_T_H226:
		return MS_H248_MUX_H226;
	case MS_H248_T_V76:
		return MS_H248_MUX_V76;
	case MS_H248_T_NX64:
		return MS_H248_MUX_NX64;
	default:
		if (!ms_h248_is_extension(w))
			ms_h248_in_fail(in, in->syntax, "h248_mux_type", w.p);
		*ret_extension = w;
		return MS_H248_MUX_EXTENSION;
	}
}

/* muxDescriptor = MuxToken EQUAL MuxType terminationIDList */
struct ms_h248_mux *ms_h248_in_mux(struct ms_h248_in *in)
{
	struct ms_h248_mux *m = ms_h248_in_node(in, sizeof(*m));
	if (!m)
		return NULL;
	ms_h248_in_want(in, '=');
	m->type = mux_type(in, &m->extension);
	m->terminations = ms_h248_in_terminations(in, '{', '}');
	return m;
}
