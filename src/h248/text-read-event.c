/* SPDX-License-Identifier: Apache-2.0 */
/* Events, EventBuffer, Signals, DigitMap and ObservedEvents descriptors (RFC 3525 7.1.9 to 7.1.17, B.2). */
#include "h248/text-priv.h"

static bool relation_follows(struct ms_h248_in *in)
{
	uint8_t c = ms_h248_in_next(in);
	return c == '=' || c == '<' || c == '>' || c == '#';
}

static uint16_t stream_id(struct ms_h248_in *in)
{
	return (uint16_t)ms_h248_in_equal_number(in, UINT16_MAX);
}

/* ---- digit maps ---- */

static uint8_t *timer_of(struct ms_h248_digitmap *d, uint8_t letter)
{
	switch (letter | 0x20) {
	case 't':
		return &d->t;
	case 's':
		return &d->s;
	case 'l':
		return &d->l;
	case 'z':
		return &d->z;
	default:
		return NULL;
	}
}

/* "T" COLON Timer COMMA: cut off *s if it stands there. */
static bool take_timer(struct ms_h248_digitmap *d, struct ms_span *s)
{
	uint8_t *timer = s->len > 3 && s->p[1] == ':' ? timer_of(d, s->p[0]) : NULL;
	size_t comma = ms_span_find(*s, ',');
	uint64_t v;
	if (!timer || *timer || comma == s->len ||
	    ms_span_u64(ms_span_trim(ms_span_sub(*s, 2, comma - 2)), 99, &v) < 0)
		return false;
	*timer = (uint8_t)v;
	*s = ms_span_trim(ms_span_from(*s, comma + 1));
	return true;
}

/* digitMapValue = ["T" COLON Timer COMMA] ["S" ...] ["L" ...] ["Z" ...] digitMap */
static void digitmap_value(struct ms_h248_in *in, struct ms_h248_digitmap *d)
{
	ms_h248_in_want(in, '{');
	struct ms_span s = ms_h248_in_octets(in);
	while (take_timer(d, &s))
		;
	if (s.len)
		d->body = s;
}

/* DigitMapToken EQUAL ( ( LBRKT value RBRKT ) / (NAME [ LBRKT value RBRKT ]) ), some leave the EQUAL out */
void ms_h248_in_digitmap(struct ms_h248_in *in, struct ms_h248_digitmap *d)
{
	d->present = true;
	if (ms_h248_in_next(in) != '{') {
		ms_h248_in_want(in, '=');
		d->name = ms_h248_in_word(in);
		if (d->name.len > 64 || !ms_h248_all(d->name, MS_H248_C_NAME))
			ms_h248_in_fail(in, in->syntax, "h248_digitmap_name", d->name.p);
	}
	if (!d->name.len || ms_h248_in_next(in) == '{')
		digitmap_value(in, d);
}

/* ---- signals ---- */

static enum ms_h248_signal_type signal_type(struct ms_h248_in *in)
{
	struct ms_span w;
	ms_h248_in_want(in, '=');
	switch (ms_h248_in_token(in, &w)) {
	case MS_H248_T_BRIEF:
		return MS_H248_BRIEF;
	case MS_H248_T_ON_OFF:
		return MS_H248_ON_OFF;
	case MS_H248_T_TIMEOUT:
		return MS_H248_TIME_OUT;
	default:
		ms_h248_in_fail(in, in->syntax, "h248_signal_type", w.p);
		return MS_H248_SIGNAL_TYPE_ABSENT;
	}
}

static uint8_t reason(struct ms_h248_in *in)
{
	struct ms_span w;
	switch (ms_h248_in_token(in, &w)) {
	case MS_H248_T_TIMEOUT:
		return MS_H248_NC_TIMEOUT;
	case MS_H248_T_INTERRUPT_EVENT:
		return MS_H248_NC_EVENT;
	case MS_H248_T_INTERRUPT_SIGNALS:
		return MS_H248_NC_SIGNAL;
	case MS_H248_T_OTHER_REASON:
		return MS_H248_NC_OTHER;
	case MS_H248_T_ITERATION:
		return MS_H248_NC_ITERATION;
	default:
		ms_h248_in_fail(in, in->syntax, "h248_notification_reason", w.p);
		return 0;
	}
}

/* notifyCompletion = NotifyCompletionToken EQUAL (LBRKT notificationReason *(COMMA ...) RBRKT) */
static void completion(struct ms_h248_in *in, struct ms_h248_signal *s)
{
	s->has_completion = true;
	ms_h248_in_want(in, '=');
	if (!ms_h248_in_open(in))
		return;
	do {
		s->completion |= reason(in);
	} while (ms_h248_in_more(in));
}

static enum ms_h248_direction direction(struct ms_h248_in *in)
{
	struct ms_span w;
	ms_h248_in_want(in, '=');
	switch (ms_h248_in_token(in, &w)) {
	case MS_H248_T_INTERNAL:
		return MS_H248_DIRECTION_INTERNAL;
	case MS_H248_T_EXTERNAL:
		return MS_H248_DIRECTION_EXTERNAL;
	case MS_H248_T_BOTH:
		return MS_H248_DIRECTION_BOTH;
	default:
		ms_h248_in_fail(in, in->syntax, "h248_direction", w.p);
		return MS_H248_DIRECTION_ABSENT;
	}
}

static void duration(struct ms_h248_in *in, bool *ret_has, uint32_t *ret_value)
{
	*ret_has = true;
	*ret_value = ms_h248_in_equal_number(in, UINT16_MAX);
}

static void request_id(struct ms_h248_in *in, struct ms_h248_signal *s)
{
	ms_h248_in_want(in, '=');
	s->has_request_id = true;
	s->request_id = ms_h248_in_request_id(in);
}

/* sigParameter; the tokens stand for themselves, other names are the signal's own parameters */
static struct ms_h248_param **signal_parm(struct ms_h248_in *in, struct ms_h248_signal *s,
					  struct ms_h248_param **tail)
{
	struct ms_span w;
	switch (ms_h248_in_token(in, &w)) {
	case MS_H248_T_STREAM:
		s->stream = stream_id(in);
		return tail;
	case MS_H248_T_SIGNAL_TYPE:
		s->type = signal_type(in);
		return tail;
	case MS_H248_T_DURATION:
		duration(in, &s->has_duration, &s->duration);
		return tail;
	case MS_H248_T_NOTIFY_COMPLETION:
		completion(in, s);
		return tail;
	case MS_H248_T_DIRECTION:
		s->direction = direction(in);
		return tail;
	case MS_H248_T_REQUEST_ID:
		request_id(in, s);
		return tail;
	case MS_H248_T_INTERSIGNAL:
		duration(in, &s->has_delay, &s->delay);
		return tail;
	case MS_H248_T_KEEP_ACTIVE:
		if (!relation_follows(in)) {
			s->keep_active = true;
			return tail;
		}
		break;
	default:
		break;
	}
	return ms_h248_in_param(in, w, false, tail);
}

/* signalRequest = signalName [ LBRKT sigParameter *(COMMA sigParameter) RBRKT ] */
static struct ms_h248_signal *signal_request(struct ms_h248_in *in, struct ms_span name)
{
	struct ms_h248_signal *s = ms_h248_in_node(in, sizeof(*s));
	if (!s)
		return NULL;
	ms_h248_in_name(in, name, &s->name);
	if (ms_h248_in_next(in) != '{' || !ms_h248_in_open(in))
		return s;
	struct ms_h248_param **tail = &s->params;
	do {
		tail = signal_parm(in, s, tail);
	} while (ms_h248_in_more(in));
	return s;
}

/* signalList = SignalListToken EQUAL signalListId LBRKT signalListParm *(COMMA signalListParm) RBRKT */
static struct ms_h248_signal *signal_list(struct ms_h248_in *in)
{
	struct ms_h248_signal *s = ms_h248_in_node(in, sizeof(*s)), **tail;
	if (!s)
		return NULL;
	s->is_list = true;
	s->list_id = (uint16_t)ms_h248_in_equal_number(in, UINT16_MAX);
	if ((in->audit && ms_h248_in_next(in) != '{') || !ms_h248_in_open(in))
		return s;
	tail = &s->list;
	do {
		*tail = signal_request(in, ms_h248_in_need(in));
		if (!*tail)
			return s;
		tail = &(*tail)->next;
	} while (ms_h248_in_more(in));
	return s;
}

/* signalsDescriptor = SignalsToken [ LBRKT [ signalParm *(COMMA signalParm)] RBRKT ] */
struct ms_h248_signals *ms_h248_in_signals(struct ms_h248_in *in)
{
	struct ms_h248_signals *all = ms_h248_in_node(in, sizeof(*all));
	struct ms_h248_signal **tail;
	struct ms_span w;
	if (!all || ms_h248_in_next(in) != '{' || !ms_h248_in_open(in))
		return all;
	tail = &all->list;
	do {
		bool list = ms_h248_in_token(in, &w) == MS_H248_T_SIGNAL_LIST;
		*tail = list ? signal_list(in) : signal_request(in, w);
		if (!*tail)
			return all;
		tail = &(*tail)->next;
	} while (ms_h248_in_more(in));
	return all;
}

/* ---- events ---- */

/* EmbedToken LBRKT signalsDescriptor [COMMA embedFirst] RBRKT / EmbedToken LBRKT embedFirst RBRKT */
static void embed(struct ms_h248_in *in, struct ms_h248_signals **signals,
		  struct ms_h248_events **events, bool embedded)
{
	struct ms_span w;
	ms_h248_in_want(in, '{');
	do {
		enum ms_h248_token token = ms_h248_in_token(in, &w);
		if (token == MS_H248_T_SIGNALS && !*signals)
			*signals = ms_h248_in_signals(in);
		else if (token == MS_H248_T_EVENTS && !*events && !embedded)
			*events = ms_h248_in_events(in, true);
		else
			ms_h248_in_fail(in, in->syntax, "h248_embed", w.p);
	} while (ms_h248_in_is(in, ','));
	ms_h248_in_want(in, '}');
}

/* v3: NotifyRegulatedToken [ LBRKT (embedWithSig / embedNoSig) RBRKT ] */
static void regulated(struct ms_h248_in *in, struct ms_h248_event *e, bool embedded)
{
	struct ms_span w;
	e->notify = MS_H248_NOTIFY_REGULATED;
	if (ms_h248_in_next(in) != '{' || !ms_h248_in_open(in))
		return;
	if (ms_h248_in_token(in, &w) == MS_H248_T_EMBED)
		embed(in, &e->regulated_signals, &e->regulated_events, embedded);
	else
		ms_h248_in_fail(in, in->syntax, "h248_embed", w.p);
	ms_h248_in_want(in, '}');
}

/* An event parameter that is a token and not the name of a parameter: true if it was that. */
static bool event_token(struct ms_h248_in *in, struct ms_h248_event *e, enum ms_h248_token token,
			bool embedded)
{
	switch (token) {
	case MS_H248_T_STREAM:
		e->stream = stream_id(in);
		return true;
	case MS_H248_T_EMBED:
		embed(in, &e->signals, &e->events, embedded);
		return true;
	case MS_H248_T_DIGITMAP:
		ms_h248_in_digitmap(in, &e->digitmap);
		return true;
	case MS_H248_T_KEEP_ACTIVE:
		e->keep_active = true;
		return true;
	case MS_H248_T_NOTIFY_IMMEDIATE:
		e->notify = MS_H248_NOTIFY_IMMEDIATE;
		return true;
	case MS_H248_T_NOTIFY_NEVER:
		e->notify = MS_H248_NOTIFY_NEVER;
		return true;
	case MS_H248_T_NOTIFY_REGULATED:
		regulated(in, e, embedded);
		return true;
	case MS_H248_T_RESET_EVENTS:
		e->reset_events = true;
		return true;
	default:
		return false;
	}
}

static bool takes_value(enum ms_h248_token token)
{
	return token == MS_H248_T_STREAM || token == MS_H248_T_DIGITMAP;
}

/* requestedEvent = pkgdName [ LBRKT eventParameter *( COMMA eventParameter ) RBRKT ] */
static struct ms_h248_event *requested_event(struct ms_h248_in *in, bool embedded)
{
	struct ms_h248_event *e = ms_h248_in_node(in, sizeof(*e));
	struct ms_span w;
	if (!e)
		return NULL;
	ms_h248_in_name(in, ms_h248_in_need(in), &e->name);
	if (ms_h248_in_next(in) != '{' || !ms_h248_in_open(in))
		return e;
	struct ms_h248_param **tail = &e->params;
	do {
		enum ms_h248_token token = ms_h248_in_token(in, &w);
		/* "ka = 3" is a parameter with the name of a token. */
		if (relation_follows(in) && !takes_value(token))
			token = MS_H248_T_NONE;
		if (!event_token(in, e, token, embedded))
			tail = ms_h248_in_param(in, w, false, tail);
	} while (ms_h248_in_more(in));
	return e;
}

struct ms_h248_event *ms_h248_in_event_list(struct ms_h248_in *in, bool embedded)
{
	struct ms_h248_event *list = NULL, **tail = &list;
	if (!ms_h248_in_open(in))
		return NULL;
	do {
		*tail = requested_event(in, embedded);
		if (!*tail)
			return list;
		tail = &(*tail)->next;
	} while (ms_h248_in_more(in));
	return list;
}

/* EventsToken [ EQUAL RequestID LBRKT requestedEvent *( COMMA requestedEvent ) RBRKT ]; in audits RequestID
 * may be missing. Events are embedded once and no deeper. */
struct ms_h248_events *ms_h248_in_events(struct ms_h248_in *in, bool embedded)
{
	struct ms_h248_events *e = ms_h248_in_node(in, sizeof(*e));
	if (!e)
		return NULL;
	if (ms_h248_in_equal(in)) {
		e->has_request_id = true;
		e->request_id = ms_h248_in_request_id(in);
	} else if (!in->audit || ms_h248_in_next(in) != '{') {
		return e;
	}
	e->list = ms_h248_in_event_list(in, embedded);
	return e;
}

/* ---- observed ---- */

/* [ TimeStamp LWSP COLON] LWSP pkgdName [ LBRKT observedEventParameter *(COMMA ...) RBRKT ] */
static struct ms_h248_observed *observed_event(struct ms_h248_in *in)
{
	struct ms_h248_observed *o = ms_h248_in_node(in, sizeof(*o));
	struct ms_span w = ms_h248_in_need(in);
	if (!o)
		return NULL;
	if (ms_h248_is_timestamp(w)) {
		o->time = ms_h248_timestamp_of(w);
		ms_h248_in_want(in, ':');
		w = ms_h248_in_need(in);
	}
	ms_h248_in_name(in, w, &o->name);
	if (ms_h248_in_next(in) != '{' || !ms_h248_in_open(in))
		return o;
	struct ms_h248_param **tail = &o->params;
	do {
		if (ms_h248_in_token(in, &w) == MS_H248_T_STREAM)
			o->stream = stream_id(in);
		else
			tail = ms_h248_in_param(in, w, false, tail);
	} while (ms_h248_in_more(in));
	return o;
}

/* ObservedEventsToken EQUAL RequestID LBRKT observedEvent *(COMMA observedEvent) RBRKT */
void ms_h248_in_observed(struct ms_h248_in *in, struct ms_h248_command *c)
{
	struct ms_h248_observed **tail = &c->observed;
	c->has_observed = true;
	ms_h248_in_want(in, '=');
	c->observed_id = ms_h248_in_request_id(in);
	if (!ms_h248_in_open(in))
		return;
	do {
		*tail = observed_event(in);
		if (!*tail)
			return;
		tail = &(*tail)->next;
	} while (ms_h248_in_more(in));
}
