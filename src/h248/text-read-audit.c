/* SPDX-License-Identifier: Apache-2.0 */
/* Audit, Packages and ServiceChange descriptors, context attributes (RFC 3525 7.1.12 to 7.1.18, 6.1, B.2). */
#include "h248/text-priv.h"

/* ---- packages ---- */

/* packagesItem = NAME "-" UINT16 */
static struct ms_h248_package *package(struct ms_h248_in *in)
{
	struct ms_h248_package *p = ms_h248_in_node(in, sizeof(*p));
	struct ms_span w = ms_h248_in_need(in);
	size_t dash = ms_span_find(w, '-');
	uint64_t version = 0;
	if (!p)
		return NULL;
	p->name.package = ms_span_sub(w, 0, dash);
	if (!dash || dash > 64 || !ms_h248_all(p->name.package, MS_H248_C_NAME) ||
	    ms_span_u64(ms_span_from(w, dash + 1), UINT16_MAX, &version) < 0)
		ms_h248_in_fail(in, in->syntax, "h248_package", w.p);
	p->version = (uint16_t)version;
	return p;
}

struct ms_h248_package *ms_h248_in_packages(struct ms_h248_in *in)
{
	struct ms_h248_package *list = NULL, **tail = &list;
	if (!ms_h248_in_open(in))
		return NULL;
	do {
		*tail = package(in);
		if (!*tail)
			return list;
		tail = &(*tail)->next;
	} while (ms_h248_in_more(in));
	return list;
}

/* ---- audit ---- */

uint32_t ms_h248_audit_bit(enum ms_h248_token token)
{
	switch (token) {
	case MS_H248_T_MUX:
		return MS_H248_AUDIT_MUX;
	case MS_H248_T_MODEM:
		return MS_H248_AUDIT_MODEM;
	case MS_H248_T_MEDIA:
		return MS_H248_AUDIT_MEDIA;
	case MS_H248_T_EVENTS:
		return MS_H248_AUDIT_EVENTS;
	case MS_H248_T_SIGNALS:
		return MS_H248_AUDIT_SIGNALS;
	case MS_H248_T_DIGITMAP:
		return MS_H248_AUDIT_DIGITMAP;
	case MS_H248_T_STATISTICS:
		return MS_H248_AUDIT_STATISTICS;
	case MS_H248_T_OBSERVED:
		return MS_H248_AUDIT_OBSERVED;
	case MS_H248_T_PACKAGES:
		return MS_H248_AUDIT_PACKAGES;
	case MS_H248_T_EVENT_BUFFER:
		return MS_H248_AUDIT_EVENT_BUFFER;
	default:
		return 0;
	}
}

static void event_buffer(struct ms_h248_in *in, struct ms_h248_audit *audit)
{
	struct ms_h248_events *e = ms_h248_in_node(in, sizeof(*e));
	if (!e)
		return;
	e->list = ms_h248_in_event_list(in, true);
	audit->event_buffer = e;
}

/* indAudauditReturnParameter (v2): what follows the token says which parts are asked for. */
static void individual(struct ms_h248_in *in, enum ms_h248_token token, struct ms_h248_audit *audit)
{
	switch (token) {
	case MS_H248_T_MEDIA:
		audit->media = ms_h248_in_media(in);
		break;
	case MS_H248_T_EVENTS:
		audit->events = ms_h248_in_events(in, true);
		break;
	case MS_H248_T_SIGNALS:
		audit->signals = ms_h248_in_signals(in);
		break;
	case MS_H248_T_EVENT_BUFFER:
		event_buffer(in, audit);
		break;
	case MS_H248_T_DIGITMAP:
		ms_h248_in_digitmap(in, &audit->digitmap);
		break;
	case MS_H248_T_STATISTICS:
		ms_h248_in_statistics(in, &audit->statistics);
		break;
	case MS_H248_T_PACKAGES:
		audit->packages = ms_h248_in_packages(in);
		break;
	default:
		ms_h248_in_fail(in, in->syntax, "h248_audit_item", NULL);
	}
}

static bool asked_already(const struct ms_h248_audit *a, enum ms_h248_token token)
{
	switch (token) {
	case MS_H248_T_MEDIA:
		return a->media;
	case MS_H248_T_EVENTS:
		return a->events;
	case MS_H248_T_SIGNALS:
		return a->signals;
	case MS_H248_T_EVENT_BUFFER:
		return a->event_buffer;
	case MS_H248_T_DIGITMAP:
		return a->digitmap.present;
	case MS_H248_T_STATISTICS:
		return a->statistics;
	default:
		return a->packages && token == MS_H248_T_PACKAGES;
	}
}

void ms_h248_in_audit_item(struct ms_h248_in *in, enum ms_h248_token token,
			   struct ms_h248_audit *audit)
{
	uint32_t bit = ms_h248_audit_bit(token);
	uint8_t next = ms_h248_in_next(in);
	if (!bit || audit->tokens & bit || asked_already(audit, token)) {
		ms_h248_in_fail(in, bit ? 448 : in->syntax, "h248_audit_item", NULL);
		return;
	}
	if (next != '{' && next != '=') {
		audit->tokens |= bit;
		return;
	}
	in->audit = true;
	individual(in, token, audit);
	in->audit = false;
	if (!asked_already(audit, token)) /* empty braces: all of it */
		audit->tokens |= bit;
}

/* auditDescriptor = AuditToken LBRKT [ auditItem *(COMMA auditItem) ] RBRKT */
struct ms_h248_audit *ms_h248_in_audit(struct ms_h248_in *in)
{
	struct ms_h248_audit *a = ms_h248_in_node(in, sizeof(*a));
	struct ms_span w;
	if (!a || !ms_h248_in_open(in))
		return a;
	do {
		ms_h248_in_audit_item(in, ms_h248_in_token(in, &w), a);
	} while (ms_h248_in_more(in));
	return a;
}

/* ---- service change ---- */

static enum ms_h248_sc_method method(struct ms_h248_in *in, struct ms_span *ret_name)
{
	struct ms_span w;
	ms_h248_in_want(in, '=');
	switch (ms_h248_in_token(in, &w)) {
	case MS_H248_T_FAILOVER:
		return MS_H248_SC_FAILOVER;
	case MS_H248_T_FORCED:
		return MS_H248_SC_FORCED;
	case MS_H248_T_GRACEFUL:
		return MS_H248_SC_GRACEFUL;
	case MS_H248_T_RESTART:
		return MS_H248_SC_RESTART;
	case MS_H248_T_DISCONNECTED:
		return MS_H248_SC_DISCONNECTED;
	case MS_H248_T_HANDOFF:
		return MS_H248_SC_HANDOFF;
	default:
		if (!ms_h248_is_extension(w))
			ms_h248_in_fail(in, in->syntax, "h248_method", w.p);
		*ret_name = w;
		return MS_H248_SC_EXTENSION;
	}
}

/* ServiceChangeAddressToken EQUAL ( mId / portNumber ) */
static struct ms_h248_mid address(struct ms_h248_in *in)
{
	ms_h248_in_want(in, '=');
	if (!(ms_h248_class[ms_h248_in_next(in)] & MS_H248_C_DIGIT))
		return ms_h248_in_mid(in);
	return (struct ms_h248_mid){ .port_only = true,
				     .port = (uint16_t)ms_h248_in_number(in, UINT16_MAX) };
}

static struct ms_span reason(struct ms_h248_in *in)
{
	ms_h248_in_want(in, '=');
	return ms_h248_in_next(in) == '"' ? ms_h248_in_quoted(in) : ms_h248_in_need(in);
}

/* ProfileToken EQUAL NAME SLASH Version */
static struct ms_span profile(struct ms_h248_in *in)
{
	ms_h248_in_want(in, '=');
	struct ms_span w = ms_h248_in_need(in);
	size_t slash = ms_span_find(w, '/');
	uint64_t version;
	if (!slash || slash > 64 || ms_span_u64(ms_span_from(w, slash + 1), 99, &version) < 0)
		ms_h248_in_fail(in, in->syntax, "h248_profile", w.p);
	return w;
}

static struct ms_h248_audit *info(struct ms_h248_in *in, struct ms_h248_service_change *sc)
{
	if (!sc->info)
		sc->info = ms_h248_in_node(in, sizeof(*sc->info));
	return sc->info;
}

/* A parameter that is no token: a time, or an extension, appended to *tail. */
static struct ms_h248_param **other(struct ms_h248_in *in, struct ms_h248_service_change *sc,
				    struct ms_span w, enum ms_h248_token token,
				    struct ms_h248_param **tail)
{
	if (ms_h248_is_timestamp(w))
		sc->time = ms_h248_timestamp_of(w);
	else if (ms_h248_is_extension(w))
		return ms_h248_in_param(in, w, false, tail);
	else if (ms_h248_audit_bit(token) && info(in, sc)) /* v2: auditItem */
		ms_h248_in_audit_item(in, token, sc->info);
	else
		ms_h248_in_fail(in, in->syntax, "h248_service_change", w.p);
	return tail;
}

static struct ms_h248_param **parameter(struct ms_h248_in *in, struct ms_h248_service_change *sc,
					struct ms_h248_param **tail)
{
	struct ms_span w;
	enum ms_h248_token token = ms_h248_in_token(in, &w);
	switch (token) {
	case MS_H248_T_METHOD:
		sc->method = method(in, &sc->method_name);
		return tail;
	case MS_H248_T_REASON:
		sc->reason = reason(in);
		return tail;
	case MS_H248_T_DELAY:
		sc->has_delay = true;
		sc->delay = ms_h248_in_equal_number(in, UINT32_MAX);
		return tail;
	case MS_H248_T_SERVICE_CHANGE_ADDRESS:
		sc->address = address(in);
		return tail;
	case MS_H248_T_MGC_ID:
		ms_h248_in_want(in, '=');
		sc->mgc_id = ms_h248_in_mid(in);
		return tail;
	case MS_H248_T_PROFILE:
		sc->profile = profile(in);
		return tail;
	case MS_H248_T_VERSION:
		sc->version = (uint8_t)ms_h248_in_equal_number(in, 99);
		return tail;
	case MS_H248_T_SERVICE_CHANGE_INCOMPLETE:
		sc->incomplete = true;
		return tail;
	default:
		return other(in, sc, w, token, tail);
	}
}

/* ServicesToken LBRKT serviceChangeParm *(COMMA serviceChangeParm) RBRKT, requests and replies */
struct ms_h248_service_change *ms_h248_in_service_change(struct ms_h248_in *in)
{
	struct ms_h248_service_change *sc = ms_h248_in_node(in, sizeof(*sc));
	if (!sc || !ms_h248_in_open(in))
		return sc;
	struct ms_h248_param **tail = &sc->extensions;
	do {
		tail = parameter(in, sc, tail);
	} while (ms_h248_in_more(in));
	return sc;
}
