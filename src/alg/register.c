/* SPDX-License-Identifier: Apache-2.0 */
/* REGISTER through the P-CSCF: TS 24.229 clause 5.2.2, RFC 3327, RFC 3608, RFC 3329. */
#include <errno.h>

#include "alg/alg.h"
#include "core/hex.h"
#include "core/random.h"

#define EXPIRES_MAX 31536000u

/* ---- media security ---- */

/* RFC 3329; and what users with media security alone ask for: docs/profile.md. */
void ms_alg_agreement_tags(const struct ms_alg *a, const char *ret_tags[static MS_ALG_TAGS])
{
	ret_tags[0] = "sec-agree";
	ret_tags[1] = a->config->shared.profile.mediasec_option_tag;
	ret_tags[2] = NULL;
}

static unsigned announced(const struct ms_alg *a)
{
	return (a->config->access.msrp_tls ? MS_ALG_MSRP_TLS : 0u) |
	       (a->config->access.bfcp_tls ? MS_ALG_BFCP_TLS : 0u);
}

unsigned ms_alg_agree(const struct ms_alg *a, const struct ms_sip_packet *m)
{
	return ms_alg_agreement_read(m, "Security-Client") & announced(a);
}

void ms_alg_strip_agreement(const struct ms_alg *a, const struct ms_sip_packet *m,
			    struct ms_border_edits *edits)
{
	const char *tags[MS_ALG_TAGS];

	ms_alg_agreement_tags(a, tags);
	ms_border_edit_remove(edits, "Security-Client");
	ms_border_edit_remove(edits, "Security-Verify");
	ms_border_edit_untoken(edits, m, "Require", tags);
	ms_border_edit_untoken(edits, m, "Proxy-Require", tags);
}

static void put_server(unsigned mechanisms, struct ms_border_edits *edits)
{
	char text[96];
	struct ms_buf b;

	ms_buf_init_fixed(&b, text, sizeof(text));
	ms_alg_agreement_put(mechanisms, &b);
	ms_border_edit_set(edits, "Security-Server", ms_buf_span(&b));
}

bool ms_alg_verified(struct ms_alg *a, struct ms_sip_exchange *x, unsigned agreed, bool was_told)
{
	const struct ms_sip_packet *m = ms_sip_exchange_request(x);
	bool there = ms_alg_agreement_present(m, "Security-Verify");
	struct ms_border_edits edits = { .n = 0 };
	struct ms_sip_change c;
	bool good = true;

	if (a->config->access.verify >= MS_ALG_VERIFY_CHECK && there)
		good = ms_alg_agreement_read(m, "Security-Verify") == agreed;
	if (a->config->access.verify == MS_ALG_VERIFY_REQUIRE && was_told && agreed && !there)
		good = false;
	if (good)
		return true;
	/* RFC 3329 section 2.3.1: our list again, so that the user sees it was tampered with. */
	put_server(agreed ? agreed : announced(a), &edits);
	c = ms_border_edits_change(&edits);
	ms_border_reject(a->service.border, x, 494, "security_agreement", &c);
	ms_border_edits_done(&edits);
	return false;
}

/* ---- the request ---- */

void ms_alg_put_charging(const struct ms_alg *a, const struct ms_sip_packet *m,
			 struct ms_border_edits *edits)
{
	uint8_t random[12];
	char text[128];
	struct ms_buf b;

	(void)m;
	/* Users have no say in this (TS 24.229 clause 5.2.6.3). */
	ms_border_edit_remove(edits, "P-Charging-Function-Addresses");
	if (!a->config->access.charging ||
	    ms_random_fill(&ms_random_system, random, sizeof(random)) < 0) {
		ms_border_edit_remove(edits, "P-Charging-Vector");
		return;
	}
	ms_buf_init_fixed(&b, text, sizeof(text));
	ms_buf_put_str(&b, "icid-value=");
	ms_hex_encode(&b, ms_span_of(random, sizeof(random)));
	ms_border_edit_set(edits, "P-Charging-Vector", ms_buf_span(&b));
}

static void put_network(const struct ms_alg *a, struct ms_border_edits *edits)
{
	const char *name = a->config->access.visited_network;
	char text[300];
	struct ms_buf b;

	ms_buf_init_fixed(&b, text, sizeof(text));
	ms_buf_printf(&b, "\"%s\"", name);
	ms_border_edit_set(edits, "P-Visited-Network-ID", *name ? ms_buf_span(&b) : MS_SPAN_NULL);
}

static bool is_known(const struct ms_alg *a, const struct ms_sip_exchange *x)
{
	return ms_alg_contact_of(a->registrar, ms_sip_exchange_from(x), MS_SPAN_NULL) != NULL;
}

void ms_alg_take_register(struct ms_alg *a, struct ms_sip_exchange *x)
{
	const struct ms_sip_packet *m = ms_sip_exchange_request(x);
	struct ms_border_edits edits = { .n = 0 };
	struct ms_border_way way = { .path = true, .edits = &edits };

	if (!ms_alg_registrar_has_room(a->registrar, ms_sip_exchange_from(x)) && !is_known(a, x)) {
		ms_border_reject(a->service.border, x, 503, "too_many_contacts", NULL);
		return;
	}
	if (!ms_alg_verified(a, x, ms_alg_agree(a, m),
			     ms_sip_packet_get(m, "Authorization").len > 0))
		return;
	ms_alg_strip_agreement(a, m, &edits);
	ms_border_edit_add(&edits, "Require", MS_SPAN_LIT("path"));
	ms_border_edit_remove(&edits, "Path");
	ms_border_edit_remove(&edits, "P-Asserted-Identity");
	put_network(a, &edits);
	ms_alg_put_charging(a, m, &edits);
	ms_border_forward(a->service.border, x, &way);
}

/* ---- the response ---- */

static bool expires_of(struct ms_span text, uint32_t *ret_s)
{
	uint64_t v;

	if (ms_span_u64(ms_span_trim(text), EXPIRES_MAX, &v) < 0)
		return false;
	*ret_s = (uint32_t)v;
	return true;
}

/* What the registrar granted that contact; 0: it is not bound (RFC 3261 section 10.3 item 8). */
static uint32_t granted(const struct ms_sip_packet *answer, struct ms_span uri)
{
	struct ms_sip_address a;
	struct ms_span value;
	uint32_t s = 0;

	for (size_t i = 0; ms_sip_packet_address(answer, "Contact", i, &a); i++) {
		if (!ms_sip_uri_same(a.uri, uri))
			continue;
		if (ms_sip_param(a.params, "expires", &value) && expires_of(value, &s))
			return s;
		if (expires_of(ms_sip_packet_get(answer, "Expires"), &s))
			return s;
		return 3600;
	}
	return 0;
}

static void keep(struct ms_alg *a, struct ms_sip_exchange *x, const struct ms_sip_packet *m,
		 struct ms_span aor, struct ms_span uri)
{
	const struct ms_sip_packet *request = ms_sip_exchange_request(x);
	struct ms_alg_registration g = { .aor = aor,
					 .uri = uri,
					 .hop = ms_sip_exchange_from(x),
					 .answer = m,
					 .expires_s = granted(m, uri),
					 .agreed = ms_alg_agree(a, request) };

	if (g.expires_s == 0)
		ms_alg_deregister(a->registrar, aor, uri);
	else if (ms_alg_register(a->registrar, &g) < 0)
		MS_LOG(&ms_border_log, MS_LOG_WARNING, "contact %s of %s cannot be kept",
		       MS_QUOTED(uri), MS_QUOTED(aor));
}

static void take_bindings(struct ms_alg *a, struct ms_sip_exchange *x,
			  const struct ms_sip_packet *m)
{
	const struct ms_sip_packet *request = ms_sip_exchange_request(x);
	struct ms_sip_address to, contact;
	struct ms_span value;

	if (!ms_sip_packet_address(request, "To", 0, &to))
		return;
	for (size_t i = 0; ms_sip_packet_element(request, "Contact", i, &value); i++) {
		if (ms_span_is(value, "*"))
			ms_alg_deregister(a->registrar, to.uri, MS_SPAN_NULL);
		else if (ms_sip_address_parse(value, &contact) == 0)
			keep(a, x, m, to.uri, contact.uri);
	}
}

void ms_alg_register_response(struct ms_alg *a, struct ms_sip_exchange *x,
			      const struct ms_sip_packet *m, struct ms_border_edits *edits)
{
	unsigned agreed = ms_alg_agree(a, ms_sip_exchange_request(x));

	if (!m || m->status < 200)
		return;
	if (m->status < 300)
		take_bindings(a, x, m);
	ms_border_edit_remove(edits, "Security-Server");
	if (agreed && (m->status < 300 || m->status == 401))
		put_server(agreed, edits);
}
