/* SPDX-License-Identifier: Apache-2.0 */
/* All but REGISTER through the P-CSCF: TS 24.229 clauses 5.2.6 to 5.2.8; RFC 3325. */
#include <errno.h>

#include "alg/alg.h"

/* ---- what users may not say, what they are said to be ---- */

static void put_asserted(const struct ms_alg_contact *c, struct ms_span wish,
			 struct ms_border_edits *edits)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_span identity = ms_alg_contact_identity(c, wish);

	ms_buf_init(&b, 4096);
	ms_buf_put_u8(&b, '<');
	ms_buf_put_span(&b, identity);
	ms_buf_put_u8(&b, '>');
	if (ms_buf_status(&b))
		edits->err = ms_buf_status(&b);
	else
		ms_border_edit_set(edits, "P-Asserted-Identity", ms_buf_span(&b));
}

static struct ms_span preferred(const struct ms_sip_packet *m)
{
	struct ms_sip_address a;

	return ms_sip_packet_address(m, "P-Preferred-Identity", 0, &a) ? a.uri : MS_SPAN_NULL;
}

/* From users nothing is believed (RFC 3325 section 5). `c` NULL: nobody is asserted. */
static void assert_user(const struct ms_alg_contact *c, const struct ms_sip_packet *m,
			struct ms_border_edits *edits)
{
	ms_border_edit_remove(edits, "P-Preferred-Identity");
	if (c)
		put_asserted(c, preferred(m), edits);
	else
		ms_border_edit_remove(edits, "P-Asserted-Identity");
}

static struct ms_anchor_context media_of(const struct ms_alg_contact *c)
{
	return (struct ms_anchor_context){ .ue_msrp = c && (c->agreed & MS_ALG_MSRP_TLS),
					   .ue_bfcp = c && (c->agreed & MS_ALG_BFCP_TLS),
					   .nat = c && c->nat };
}

static bool makes_dialog(const struct ms_sip_packet *m)
{
	return ms_sip_packet_is(m, "INVITE") || ms_sip_packet_is(m, "SUBSCRIBE") ||
	       ms_sip_packet_is(m, "REFER") || ms_sip_packet_is(m, "NOTIFY");
}

/* ---- from users ---- */

/* The registrar said which way (RFC 3608); what the user wrote is replaced by it (5.2.6.3.3). */
static void use_service_route(struct ms_alg *a, const struct ms_alg_contact *c,
			      struct ms_border_way *way, struct ms_sip_hop *hop)
{
	struct ms_sip_address first;

	ms_border_edit_remove(way->edits, "Route");
	for (size_t i = 0; i < c->routes.n; i++)
		ms_border_edit_add(way->edits, "Route", ms_span_str(c->routes.text[i]));
	if (c->routes.n > 0 && ms_sip_address_parse(ms_span_str(c->routes.text[0]), &first) == 0 &&
	    ms_sip_proxy_hop_of(ms_border_proxy(a->service.border), MS_SIP_CORE, first.uri, hop))
		way->hop = hop;
}

static bool is_had(const struct ms_alg *a, struct ms_span extension)
{
	const char *tags[MS_ALG_TAGS];

	ms_alg_agreement_tags(a, tags);
	for (const char *const *tag = tags; *tag; tag++)
		if (ms_span_is_nocase(extension, *tag))
			return true;
	return ms_span_is_nocase(extension, "path");
}

/* An extension that we would have to have (RFC 3261 section 16.3 item 5). */
static bool has_extension(struct ms_alg *a, struct ms_sip_exchange *x)
{
	struct ms_span value;

	for (size_t i = 0;
	     ms_sip_packet_element(ms_sip_exchange_request(x), "Proxy-Require", i, &value); i++) {
		struct ms_sip_edit unsupported = { "Unsupported", value, false };
		struct ms_sip_change c = { .edits = &unsupported, .n_edits = 1 };

		if (is_had(a, value))
			continue;
		ms_border_reject(a->service.border, x, 420, "extension_required", &c);
		return false;
	}
	return true;
}

static void from_user_first(struct ms_alg *a, struct ms_sip_exchange *x, struct ms_alg_contact *c)
{
	const struct ms_sip_packet *m = ms_sip_exchange_request(x);
	struct ms_border_edits edits = { .n = 0 };
	struct ms_border_way way = { .record_route = makes_dialog(m),
				     .edits = &edits,
				     .media = media_of(c) };
	struct ms_sip_hop hop;

	if (c && !ms_alg_verified(a, x, c->agreed, true))
		return;
	ms_alg_strip_agreement(a, m, &edits);
	assert_user(c, m, &edits);
	ms_alg_put_charging(a, m, &edits);
	if (c)
		use_service_route(a, c, &way, &hop);
	ms_border_forward(a->service.border, x, &way);
}

/* Inside a dialog the route says all, if it is one that we gave (clause 5.2.6.3.7). */
static void from_user_inside(struct ms_alg *a, struct ms_sip_exchange *x, struct ms_alg_contact *c)
{
	const struct ms_sip_packet *m = ms_sip_exchange_request(x);
	struct ms_border_edits edits = { .n = 0 };
	struct ms_border_way way = { .record_route = makes_dialog(m),
				     .edits = &edits,
				     .media = media_of(c) };

	if (ms_sip_exchange_own_routes(x) < 2) {
		ms_border_reject(a->service.border, x, 403, "no_route", NULL);
		return;
	}
	ms_alg_strip_agreement(a, m, &edits);
	assert_user(NULL, m, &edits);
	ms_border_edit_remove(&edits, "P-Charging-Vector");
	ms_border_forward(a->service.border, x, &way);
}

static bool is_for_us(const struct ms_alg *a, const struct ms_sip_packet *m)
{
	struct ms_sip_uri uri;

	return ms_sip_uri_parse(m->uri, &uri) == 0 && uri.user.len == 0 &&
	       ms_sip_proxy_is_own(ms_border_proxy(a->service.border), uri.host,
				   uri.port ? uri.port : 5060);
}

static void from_user(struct ms_alg *a, struct ms_sip_exchange *x)
{
	const struct ms_sip_packet *m = ms_sip_exchange_request(x);
	struct ms_sip_address from = { 0 };
	struct ms_alg_contact *c;

	if (!has_extension(a, x))
		return;
	if (ms_sip_packet_is(m, "REGISTER")) {
		ms_alg_take_register(a, x);
		return;
	}
	if (!ms_sip_packet_address(m, "From", 0, &from))
		from.uri = MS_SPAN_NULL;
	c = ms_alg_contact_of(a->registrar, ms_sip_exchange_from(x), from.uri);
	if (!c && a->config->access.unregistered == MS_ALG_REFUSE)
		ms_border_reject(a->service.border, x, 403, "not_registered", NULL);
	else if (m->to_tag.len > 0)
		from_user_inside(a, x, c);
	else
		from_user_first(a, x, c);
}

/* ---- to users ---- */

/* What is the network's own stays inside (clauses 5.2.6.4.3, 4.4; RFC 3323). */
static void strip_for_user(const struct ms_sip_packet *m, struct ms_border_edits *edits)
{
	ms_border_edit_remove(edits, "P-Charging-Vector");
	ms_border_edit_remove(edits, "P-Charging-Function-Addresses");
	ms_border_edit_remove(edits, "P-Visited-Network-ID");
	if (ms_sip_packet_has_token(m, "Privacy", "id"))
		ms_border_edit_remove(edits, "P-Asserted-Identity");
}

static void to_user(struct ms_alg *a, struct ms_sip_exchange *x)
{
	const struct ms_sip_packet *m = ms_sip_exchange_request(x);
	struct ms_border_edits edits = { .n = 0 };
	struct ms_border_way way = { .record_route = makes_dialog(m), .edits = &edits };
	struct ms_sip_hop hop;

	/* Only by Path or a route of ours: an address in the Request-URI alone leads nowhere. */
	if (ms_sip_exchange_own_routes(x) == 0 || !ms_sip_exchange_next(x, &hop)) {
		ms_border_reject(a->service.border, x, 404, "no_route", NULL);
		return;
	}
	/* His connection broke, and he has registered by a new one meanwhile. */
	if (!ms_sip_proxy_alive(ms_border_proxy(a->service.border), &hop) &&
	    ms_alg_reach(m->uri, &hop, a))
		way.hop = &hop;
	way.media = media_of(ms_alg_contact_of(a->registrar, &hop, MS_SPAN_NULL));
	strip_for_user(m, &edits);
	ms_border_forward(a->service.border, x, &way);
}

/* ---- the border's handlers ---- */

void ms_alg_request(struct ms_border *b, struct ms_sip_exchange *x, void *arg)
{
	const struct ms_sip_packet *m = ms_sip_exchange_request(x);
	struct ms_alg *a = arg;

	if (ms_sip_packet_is(m, "OPTIONS") && is_for_us(a, m))
		ms_border_answer_options(x);
	else if (ms_sip_exchange_from(x)->side == MS_SIP_ACCESS)
		from_user(a, x);
	else
		to_user(a, x);
	(void)b;
}

void ms_alg_response(struct ms_border *b, struct ms_sip_exchange *x, const struct ms_sip_packet *m,
		     struct ms_border_edits *edits, void *tag, void *arg)
{
	bool from_access = ms_sip_exchange_from(x)->side == MS_SIP_ACCESS;
	struct ms_alg *a = arg;

	(void)b;
	(void)tag;
	if (!m)
		return;
	if (from_access && ms_sip_packet_is(m, "REGISTER"))
		ms_alg_register_response(a, x, m, edits);
	if (from_access)
		strip_for_user(m, edits);
	else
		assert_user(ms_alg_contact_of(a->registrar, ms_sip_exchange_to(x), MS_SPAN_NULL), m,
			    edits);
}

bool ms_alg_reach(struct ms_span contact, struct ms_sip_hop *ret_hop, void *arg)
{
	const struct ms_alg *a = arg;
	const struct ms_alg_contact *c = ms_alg_contact_by_uri(a->registrar, contact);

	if (c)
		*ret_hop = c->hop;
	return c != NULL;
}

void ms_alg_stream_lost(const struct ms_sip_hop *hop, void *arg)
{
	struct ms_alg *a = arg;

	if (hop->side == MS_SIP_ACCESS)
		ms_alg_registrar_flow_lost(a->registrar, hop);
}
