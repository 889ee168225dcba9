/* SPDX-License-Identifier: Apache-2.0 */
/* What the controller reads: replies of Add and Modify, observed events. */
#include <errno.h>
#include <string.h>

#include "h248/coding.h"
#include "h248/package.h"

static const struct ms_h248_stream *stream_of(const struct ms_h248_media *m, uint16_t id)
{
	for (const struct ms_h248_stream *s = m ? m->streams : NULL; s; s = s->next)
		if (s->id == id || (s->id == 0 && id == 1))
			return s;
	return NULL;
}

int ms_h248_coding_get_reply(const struct ms_h248_command *reply, uint16_t stream,
			     struct ms_bearer *b)
{
	const struct ms_h248_stream *s = stream_of(reply->media, stream);
	struct ms_bearer read;

	if (!s || !s->local.present)
		return -ENOENT;
	ms_bearer_init(&read);
	if (ms_h248_coding_get_sdp(s->local.sdp, MS_H248_CODING_LOCAL, &read, NULL) < 0)
		return -EBADMSG;
	b->local = read.local;
	if (read.local_fingerprints.n)
		b->local_fingerprints = read.local_fingerprints;
	if (read.local_path[0])
		memcpy(b->local_path, read.local_path, sizeof(b->local_path));
	return 0;
}

/* ---- observed events ---- */

static const struct ms_h248_param *param_of(const struct ms_h248_param *list, uint16_t ref)
{
	while (list && list->name.ref != ref)
		list = list->next;
	return list;
}

static int64_t number_of(const struct ms_h248_coding *c, const struct ms_h248_param *list,
			 uint16_t ref, int64_t otherwise)
{
	const struct ms_h248_param *p = param_of(list, ref);
	int64_t n;

	if (!p || !p->values || ms_h248_value_number(c->registry, ref, p->values, &n) < 0)
		return otherwise;
	return n;
}

/* A cause is words of the gateway for our log: what is too long or has a NUL is left out. */
static void get_cause(const struct ms_h248_param *list, uint16_t ref, struct ms_bearer_event *e)
{
	const struct ms_h248_param *p = param_of(list, ref);

	if (p && p->values)
		(void)!ms_span_to_str(p->values->octets, e->cause, sizeof(e->cause));
}

static int get_change(const struct ms_h248_coding *c, const struct ms_h248_observed *o, bool tls,
		      struct ms_bearer_event *e)
{
	uint16_t type = tls ? MS_H248_TLSBSC_BNCCHANGE_TYPE : MS_H248_TCPBCC_BNCCHANGE_TYPE;

	get_cause(o->params,
		  tls ? MS_H248_TLSBSC_BNCCHANGE_FAILURECAUSE
		      : MS_H248_TCPBCC_BNCCHANGE_FAILURECAUSE,
		  e);
	if (tls)
		e->alert = (int)number_of(c, o->params, MS_H248_TLSBSC_BNCCHANGE_ALERT, 255);
	/* both packages number Type alike */
	switch (number_of(c, o->params, type, 0)) {
	case MS_H248_TCPBCC_BNCCHANGE_TYPE_EST:
		e->kind = tls ? MS_BEARER_TLS_UP : MS_BEARER_TCP_UP;
		return 0;
	case MS_H248_TCPBCC_BNCCHANGE_TYPE_ESTFAIL:
		e->kind = tls ? MS_BEARER_TLS_FAILED : MS_BEARER_TCP_FAILED;
		return 0;
	case MS_H248_TCPBCC_BNCCHANGE_TYPE_REL:
		e->kind = MS_BEARER_RELEASED;
		e->general = MS_BEARER_NORMAL;
		return 0;
	default:
		return -ENOENT;
	}
}

int ms_h248_coding_get_event(const struct ms_h248_coding *c, const struct ms_h248_observed *o,
			     uint16_t *ret_stream, struct ms_bearer_event *ret_event)
{
	struct ms_bearer_event e = { .alert = 255 };
	int err = 0;

	switch (o->name.ref) {
	case MS_H248_G_CAUSE:
		e.kind = MS_BEARER_RELEASED;
		e.general = (enum ms_bearer_general_cause)number_of(
			c, o->params, MS_H248_G_CAUSE_GENERALCAUSE, MS_BEARER_TEMPORARY);
		get_cause(o->params, MS_H248_G_CAUSE_FAILURECAUSE, &e);
		break;
	case MS_H248_TCPBCC_BNCCHANGE:
		err = get_change(c, o, false, &e);
		break;
	case MS_H248_TLSBSC_BNCCHANGE:
		err = get_change(c, o, true, &e);
		break;
	case MS_H248_ADID_IPSTOP:
		e.kind = MS_BEARER_IDLE;
		break;
	default:
		err = -ENOENT;
	}
	if (err)
		return err;
	*ret_stream = o->stream;
	*ret_event = e;
	return 0;
}
