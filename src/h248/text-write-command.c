/* SPDX-License-Identifier: Apache-2.0 */
/* Commands, Audit, Packages and ServiceChange descriptors, written (RFC 3525 7.1, 7.2, B.2). */
#include "h248/text-out.h"

void ms_h248_out_packages(struct ms_h248_out *out, const struct ms_h248_package *p)
{
	struct ms_h248_list list = { 0 };
	ms_h248_out_token(out, MS_H248_T_PACKAGES);
	for (; p; p = p->next) {
		ms_h248_out_item(out, &list);
		ms_h248_out_checked(out, p->name.package, MS_H248_C_NAME, 64);
		ms_h248_out_c(out, '-');
		ms_h248_out_number(out, p->version);
	}
	ms_h248_out_end(out, &list, true);
}

/* ---- audit ---- */

static void audit_tokens(struct ms_h248_out *out, struct ms_h248_list *list, uint32_t bits)
{
	static const struct {
		uint32_t bit;
		enum ms_h248_token token;
	} tokens[] = {
		{ MS_H248_AUDIT_MUX, MS_H248_T_MUX },
		{ MS_H248_AUDIT_MODEM, MS_H248_T_MODEM },
		{ MS_H248_AUDIT_MEDIA, MS_H248_T_MEDIA },
		{ MS_H248_AUDIT_EVENTS, MS_H248_T_EVENTS },
		{ MS_H248_AUDIT_SIGNALS, MS_H248_T_SIGNALS },
		{ MS_H248_AUDIT_DIGITMAP, MS_H248_T_DIGITMAP },
		{ MS_H248_AUDIT_STATISTICS, MS_H248_T_STATISTICS },
		{ MS_H248_AUDIT_OBSERVED, MS_H248_T_OBSERVED },
		{ MS_H248_AUDIT_PACKAGES, MS_H248_T_PACKAGES },
		{ MS_H248_AUDIT_EVENT_BUFFER, MS_H248_T_EVENT_BUFFER },
	};
	for (size_t i = 0; i < MS_ARRAY_SIZE(tokens); i++)
		if (bits & tokens[i].bit)
			ms_h248_out_item_token(out, list, tokens[i].token);
}

void ms_h248_out_audit_items(struct ms_h248_out *out, struct ms_h248_list *list,
			     const struct ms_h248_audit *a)
{
	audit_tokens(out, list, a->tokens);
	if (a->media) {
		ms_h248_out_item(out, list);
		ms_h248_out_media(out, a->media);
	}
	if (a->events) {
		ms_h248_out_item(out, list);
		ms_h248_out_events(out, a->events, true, true);
	}
	if (a->signals) {
		ms_h248_out_item(out, list);
		ms_h248_out_signals(out, a->signals, true);
	}
	if (a->event_buffer) {
		ms_h248_out_item(out, list);
		ms_h248_out_event_buffer(out, a->event_buffer->list, true);
	}
	if (a->digitmap.present) {
		ms_h248_out_item(out, list);
		ms_h248_out_digitmap(out, &a->digitmap);
	}
	if (a->statistics) {
		ms_h248_out_item(out, list);
		ms_h248_out_statistics(out, a->statistics);
	}
	if (a->packages) {
		ms_h248_out_item(out, list);
		ms_h248_out_packages(out, a->packages);
	}
}

static void audit(struct ms_h248_out *out, const struct ms_h248_audit *a)
{
	struct ms_h248_list list = { 0 };
	ms_h248_out_token(out, MS_H248_T_AUDIT);
	ms_h248_out_audit_items(out, &list, a);
	ms_h248_out_end(out, &list, true);
}

/* ---- service change ---- */

static void method(struct ms_h248_out *out, struct ms_h248_list *list,
		   const struct ms_h248_service_change *sc)
{
	static const enum ms_h248_token methods[] = {
		[MS_H248_SC_FAILOVER] = MS_H248_T_FAILOVER,
		[MS_H248_SC_FORCED] = MS_H248_T_FORCED,
		[MS_H248_SC_GRACEFUL] = MS_H248_T_GRACEFUL,
		[MS_H248_SC_RESTART] = MS_H248_T_RESTART,
		[MS_H248_SC_DISCONNECTED] = MS_H248_T_DISCONNECTED,
		[MS_H248_SC_HANDOFF] = MS_H248_T_HANDOFF,
	};
	if (sc->method == MS_H248_SC_ABSENT)
		return;
	ms_h248_out_item_token(out, list, MS_H248_T_METHOD);
	ms_h248_out_equal(out);
	if (sc->method == MS_H248_SC_EXTENSION && ms_h248_is_extension(sc->method_name))
		ms_h248_out_put(out, sc->method_name.p, sc->method_name.len);
	else if ((unsigned)sc->method >= MS_ARRAY_SIZE(methods))
		ms_h248_out_fail(out);
	else
		ms_h248_out_token(out, methods[sc->method]);
}

static void addresses(struct ms_h248_out *out, struct ms_h248_list *list,
		      const struct ms_h248_service_change *sc)
{
	if (sc->address.port_only) {
		ms_h248_out_item_number(out, list, MS_H248_T_SERVICE_CHANGE_ADDRESS,
					sc->address.port);
	} else if (sc->address.kind != MS_H248_MID_NONE) {
		ms_h248_out_item_token(out, list, MS_H248_T_SERVICE_CHANGE_ADDRESS);
		ms_h248_out_equal(out);
		ms_h248_out_mid(out, &sc->address);
	}
	if (sc->mgc_id.kind != MS_H248_MID_NONE) {
		ms_h248_out_item_token(out, list, MS_H248_T_MGC_ID);
		ms_h248_out_equal(out);
		ms_h248_out_mid(out, &sc->mgc_id);
	}
}

/* ServiceChangeReason is always between quotes (B.2). */
static void reason_and_profile(struct ms_h248_out *out, struct ms_h248_list *list,
			       const struct ms_h248_service_change *sc)
{
	if (sc->reason.p) {
		ms_h248_out_item_token(out, list, MS_H248_T_REASON);
		ms_h248_out_equal(out);
		ms_h248_out_quoted(out, sc->reason);
	}
	if (sc->profile.len) {
		ms_h248_out_item_token(out, list, MS_H248_T_PROFILE);
		ms_h248_out_equal(out);
		ms_h248_out_checked(out, sc->profile, MS_H248_C_SAFE, 67);
	}
}

void ms_h248_out_service_change(struct ms_h248_out *out, const struct ms_h248_service_change *sc)
{
	struct ms_h248_list list = { 0 };
	ms_h248_out_token(out, MS_H248_T_SERVICES);
	method(out, &list, sc);
	addresses(out, &list, sc);
	reason_and_profile(out, &list, sc);
	if (sc->has_delay)
		ms_h248_out_item_number(out, &list, MS_H248_T_DELAY, sc->delay);
	if (sc->version > 99)
		ms_h248_out_fail(out);
	if (sc->version)
		ms_h248_out_item_number(out, &list, MS_H248_T_VERSION, sc->version);
	if (sc->time.present) {
		ms_h248_out_item(out, &list);
		ms_h248_out_timestamp(out, &sc->time);
	}
	if (sc->info)
		ms_h248_out_audit_items(out, &list, sc->info);
	if (sc->incomplete)
		ms_h248_out_item_token(out, &list, MS_H248_T_SERVICE_CHANGE_INCOMPLETE);
	ms_h248_out_params(out, &list, sc->extensions, false);
	ms_h248_out_end(out, &list, true);
}

/* ---- commands ---- */

static void media_descriptors(struct ms_h248_out *out, struct ms_h248_list *list,
			      const struct ms_h248_command *c)
{
	if (c->media) {
		ms_h248_out_item(out, list);
		ms_h248_out_media(out, c->media);
	}
	if (c->modem) {
		ms_h248_out_item(out, list);
		ms_h248_out_modem(out, c->modem);
	}
	if (c->mux) {
		ms_h248_out_item(out, list);
		ms_h248_out_mux(out, c->mux);
	}
}

static void event_descriptors(struct ms_h248_out *out, struct ms_h248_list *list,
			      const struct ms_h248_command *c)
{
	if (c->events) {
		ms_h248_out_item(out, list);
		ms_h248_out_events(out, c->events, false, false);
	}
	if (c->signals) {
		ms_h248_out_item(out, list);
		ms_h248_out_signals(out, c->signals, false);
	}
	if (c->digitmap.present) {
		ms_h248_out_item(out, list);
		ms_h248_out_digitmap(out, &c->digitmap);
	}
	if (c->has_event_buffer) {
		ms_h248_out_item(out, list);
		ms_h248_out_event_buffer(out, c->event_buffer, false);
	}
	if (c->has_observed) {
		ms_h248_out_item(out, list);
		ms_h248_out_observed(out, c);
	}
}

static void other_descriptors(struct ms_h248_out *out, struct ms_h248_list *list,
			      const struct ms_h248_command *c)
{
	if (c->has_statistics) {
		ms_h248_out_item(out, list);
		ms_h248_out_statistics(out, c->statistics);
	}
	if (c->packages) {
		ms_h248_out_item(out, list);
		ms_h248_out_packages(out, c->packages);
	}
	if (c->audit && out->reply) {
		audit_tokens(out, list, c->audit->tokens);
	} else if (c->audit) {
		ms_h248_out_item(out, list);
		audit(out, c->audit);
	}
	if (c->service_change) {
		ms_h248_out_item(out, list);
		ms_h248_out_service_change(out, c->service_change);
	}
	if (c->error) {
		ms_h248_out_item(out, list);
		ms_h248_out_error(out, c->error);
	}
}

static uint32_t present(const struct ms_h248_command *c)
{
	return (c->media ? MS_H248_AUDIT_MEDIA : 0u) | (c->modem ? MS_H248_AUDIT_MODEM : 0u) |
	       (c->mux ? MS_H248_AUDIT_MUX : 0u) | (c->events ? MS_H248_AUDIT_EVENTS : 0u) |
	       (c->signals ? MS_H248_AUDIT_SIGNALS : 0u) |
	       (c->digitmap.present ? MS_H248_AUDIT_DIGITMAP : 0u) |
	       (c->has_event_buffer ? MS_H248_AUDIT_EVENT_BUFFER : 0u) |
	       (c->has_observed ? MS_H248_AUDIT_OBSERVED : 0u) |
	       (c->has_statistics ? MS_H248_AUDIT_STATISTICS : 0u) |
	       (c->packages ? MS_H248_AUDIT_PACKAGES : 0u) |
	       (c->service_change ? MS_H248_D_SERVICES : 0u) | (c->error ? MS_H248_D_ERROR : 0u);
}

void ms_h248_out_command(struct ms_h248_out *out, const struct ms_h248_command *c)
{
	struct ms_h248_list list = { 0 };
	if ((unsigned)c->verb >= MS_H248_VERB_COUNT ||
	    present(c) & ~ms_h248_legal_descriptors(c->verb, out->reply)) {
		ms_h248_out_fail(out);
		return;
	}
	if (c->optional)
		ms_h248_out_put(out, "O-", 2);
	if (c->wildcard_response)
		ms_h248_out_put(out, "W-", 2);
	ms_h248_out_token(out, ms_h248_verb_token(c->verb));
	ms_h248_out_equal(out);
	if (c->context_audit)
		ms_h248_out_token(out, MS_H248_T_CONTEXT);
	if (c->context_audit && c->terminations) {
		ms_h248_out_terminations(out, c->terminations, '{', '}');
		return;
	}
	if (c->terminations && c->terminations->next)
		ms_h248_out_terminations(out, c->terminations, '[', ']');
	else if (c->terminations)
		ms_h248_out_termination(out, c->terminations);
	else if (!c->context_audit)
		ms_h248_out_fail(out);
	media_descriptors(out, &list, c);
	event_descriptors(out, &list, c);
	other_descriptors(out, &list, c);
	ms_h248_out_end(out, &list, false);
}
