/* SPDX-License-Identifier: Apache-2.0 */
/* Media, Modem, Mux and Statistics descriptors, written (RFC 3525 7.1, B.2). */
#include "h248/text-out.h"

/* "Mode = x", or as audits have it "Mode" and "Mode # x" */
static void selected(struct ms_h248_out *out, struct ms_h248_list *list, enum ms_h248_token name,
		     enum ms_h248_token value, bool asked, bool unequal)
{
	ms_h248_out_item_token(out, list, name);
	if (asked)
		return;
	if (unequal)
		ms_h248_out_c(out, '#');
	else
		ms_h248_out_equal(out);
	if (value == MS_H248_T_NONE)
		ms_h248_out_fail(out);
	else
		ms_h248_out_token(out, value);
}

static void mode(struct ms_h248_out *out, struct ms_h248_list *list,
		 const struct ms_h248_local_control *lc)
{
	static const enum ms_h248_token modes[] = {
		[MS_H248_MODE_SENDONLY] = MS_H248_T_SENDONLY,
		[MS_H248_MODE_RECVONLY] = MS_H248_T_RECVONLY,
		[MS_H248_MODE_SENDRECV] = MS_H248_T_SENDRECV,
		[MS_H248_MODE_INACTIVE] = MS_H248_T_INACTIVE,
		[MS_H248_MODE_LOOPBACK] = MS_H248_T_LOOPBACK,
		[MS_H248_MODE_ASKED] = MS_H248_T_NONE,
	};
	if (lc->mode == MS_H248_MODE_ABSENT)
		return;
	if ((unsigned)lc->mode >= MS_ARRAY_SIZE(modes))
		ms_h248_out_fail(out);
	else
		selected(out, list, MS_H248_T_MODE, modes[lc->mode], lc->mode == MS_H248_MODE_ASKED,
			 lc->mode_unequal);
}

static void reserved(struct ms_h248_out *out, struct ms_h248_list *list, enum ms_h248_token name,
		     enum ms_h248_flag flag)
{
	if (flag != MS_H248_FLAG_ABSENT)
		selected(out, list, name, flag == MS_H248_FLAG_ON ? MS_H248_T_ON : MS_H248_T_OFF,
			 flag == MS_H248_FLAG_ASKED, false);
}

static void local_control(struct ms_h248_out *out, const struct ms_h248_local_control *lc)
{
	struct ms_h248_list list = { 0 };
	ms_h248_out_token(out, MS_H248_T_LOCAL_CONTROL);
	mode(out, &list, lc);
	reserved(out, &list, MS_H248_T_RESERVED_VALUE, lc->reserve_value);
	reserved(out, &list, MS_H248_T_RESERVED_GROUP, lc->reserve_group);
	ms_h248_out_params(out, &list, lc->properties, true);
	ms_h248_out_end(out, &list, true);
}

/* SDP has no white space at the start of a line, and its last line has an end (B.2). */
static void sdp(struct ms_h248_out *out, struct ms_h248_list *list, enum ms_h248_token token,
		const struct ms_h248_sdp *s)
{
	if (!s->present)
		return;
	ms_h248_out_item_token(out, list, token);
	ms_h248_out_c(out, '{');
	if (s->sdp.len) {
		ms_h248_out_c(out, '\n');
		ms_h248_out_octets(out, s->sdp, true);
		ms_h248_out_c(out, '\n');
	}
	ms_h248_out_c(out, '}');
}

static void stream_parms(struct ms_h248_out *out, struct ms_h248_list *list,
			 const struct ms_h248_stream *s)
{
	if (s->has_control) {
		ms_h248_out_item(out, list);
		local_control(out, &s->control);
	}
	sdp(out, list, MS_H248_T_LOCAL, &s->local);
	sdp(out, list, MS_H248_T_REMOTE, &s->remote);
	if (s->has_statistics) {
		ms_h248_out_item(out, list);
		ms_h248_out_statistics(out, s->statistics);
	}
}

static void stream(struct ms_h248_out *out, struct ms_h248_list *list,
		   const struct ms_h248_stream *s)
{
	struct ms_h248_list inner = { 0 };
	ms_h248_out_item_number(out, list, MS_H248_T_STREAM, s->id);
	stream_parms(out, &inner, s);
	ms_h248_out_end(out, &inner, true);
}

static void service_state(struct ms_h248_out *out, struct ms_h248_list *list,
			  const struct ms_h248_media *m)
{
	static const enum ms_h248_token states[] = {
		[MS_H248_SERVICE_TEST] = MS_H248_T_TEST,
		[MS_H248_SERVICE_OUT] = MS_H248_T_OUT_OF_SERVICE,
		[MS_H248_SERVICE_IN] = MS_H248_T_IN_SERVICE,
		[MS_H248_SERVICE_ASKED] = MS_H248_T_NONE,
	};
	if (m->service_state == MS_H248_SERVICE_ABSENT)
		return;
	if ((unsigned)m->service_state >= MS_ARRAY_SIZE(states))
		ms_h248_out_fail(out);
	else
		selected(out, list, MS_H248_T_SERVICE_STATES, states[m->service_state],
			 m->service_state == MS_H248_SERVICE_ASKED, m->service_state_unequal);
}

static void termination_state(struct ms_h248_out *out, const struct ms_h248_media *m)
{
	struct ms_h248_list list = { 0 };
	ms_h248_out_token(out, MS_H248_T_TERMINATION_STATE);
	service_state(out, &list, m);
	if (m->event_buffer != MS_H248_BUFFER_ABSENT)
		selected(out, &list, MS_H248_T_BUFFER,
			 m->event_buffer == MS_H248_BUFFER_OFF ? MS_H248_T_OFF : MS_H248_T_LOCKSTEP,
			 m->event_buffer == MS_H248_BUFFER_ASKED, false);
	ms_h248_out_params(out, &list, m->state_properties, true);
	ms_h248_out_end(out, &list, true);
}

void ms_h248_out_media(struct ms_h248_out *out, const struct ms_h248_media *m)
{
	struct ms_h248_list list = { 0 };
	ms_h248_out_token(out, MS_H248_T_MEDIA);
	if (m->has_state) {
		ms_h248_out_item(out, &list);
		termination_state(out, m);
	}
	for (const struct ms_h248_stream *s = m->streams; s; s = s->next) {
		if (s->id)
			stream(out, &list, s);
		else
			stream_parms(out, &list, s);
		/* Without a number there is one stream and no other. */
		if (s->next && (!s->id || !s->next->id))
			ms_h248_out_fail(out);
	}
	ms_h248_out_end(out, &list, true);
}

void ms_h248_out_modem(struct ms_h248_out *out, const struct ms_h248_modem *m)
{
	struct ms_h248_list list = { 0 };
	bool several = !ms_h248_all(m->types, MS_H248_C_SAFE);
	if (!m->types.len || ms_span_find(m->types, ']') < m->types.len ||
	    memchr(m->types.p, 0, m->types.len))
		ms_h248_out_fail(out);
	ms_h248_out_token(out, MS_H248_T_MODEM);
	ms_h248_out_c(out, several ? '[' : '=');
	ms_h248_out_put(out, m->types.p, m->types.len);
	if (several)
		ms_h248_out_c(out, ']');
	ms_h248_out_params(out, &list, m->properties, true);
	ms_h248_out_end(out, &list, false);
}

void ms_h248_out_mux(struct ms_h248_out *out, const struct ms_h248_mux *m)
{
	static const enum ms_h248_token types[] = {
		[MS_H248_MUX_H221] = MS_H248_T_H221, [MS_H248_MUX_H223] = MS_H248_T_H223,
		[MS_H248_MUX_H226] = MS_H248_T_H226, [MS_H248_MUX_V76] = MS_H248_T_V76,
		[MS_H248_MUX_NX64] = MS_H248_T_NX64,
	};
	ms_h248_out_token(out, MS_H248_T_MUX);
	ms_h248_out_equal(out);
	if (m->type == MS_H248_MUX_EXTENSION && ms_h248_is_extension(m->extension))
		ms_h248_out_put(out, m->extension.p, m->extension.len);
	else if (m->type == MS_H248_MUX_ABSENT || (unsigned)m->type >= MS_ARRAY_SIZE(types))
		ms_h248_out_fail(out);
	else
		ms_h248_out_token(out, types[m->type]);
	ms_h248_out_terminations(out, m->terminations, '{', '}');
}

void ms_h248_out_statistics(struct ms_h248_out *out, const struct ms_h248_param *p)
{
	struct ms_h248_list list = { 0 };
	ms_h248_out_token(out, MS_H248_T_STATISTICS);
	ms_h248_out_params(out, &list, p, true);
	ms_h248_out_end(out, &list, false);
}
