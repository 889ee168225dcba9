/* SPDX-License-Identifier: Apache-2.0 */
/* Which way a request goes, and what of it does not: TS 24.229 clauses 5.10.2 and 5.10.3, RFC 3325. */
#include <errno.h>

#include "ibcf/ibcf.h"

/* ---- networks ---- */

static bool is_source(const struct ms_ibcf_network *n, const struct ms_addr *peer)
{
	const struct ms_addr *s = n->sources.items;

	if (ms_addr_same_host(&n->next_hop, peer))
		return true;
	for (size_t i = 0; i < n->sources.n; i++)
		if (ms_addr_same_host(&s[i], peer))
			return true;
	return false;
}

static const struct ms_ibcf_network *network_of_peer(const struct ms_ibcf *i,
						     const struct ms_addr *peer)
{
	const struct ms_ibcf_network *n = i->config->networks.items;

	for (size_t k = 0; k < i->config->networks.n; k++)
		if (is_source(&n[k], peer))
			return &n[k];
	return NULL;
}

static const struct ms_ibcf_network *network_of_domain(const struct ms_ibcf *i,
						       struct ms_span domain)
{
	const struct ms_ibcf_network *n = i->config->networks.items;

	for (size_t k = 0; k < i->config->networks.n; k++)
		if (ms_span_is_nocase(domain, n[k].domain))
			return &n[k];
	return NULL;
}

static bool is_own_domain(const struct ms_ibcf *i, struct ms_span domain)
{
	const char *const *own = i->config->domains.items;

	for (size_t k = 0; k < i->config->domains.n; k++)
		if (ms_span_is_nocase(domain, own[k]))
			return true;
	return false;
}

/* ---- what does not cross ---- */

/* Charging and topology are each network's own (clauses 5.10.2.2, 5.10.3.2). */
static void strip(const struct ms_sip_packet *m, bool trusted, struct ms_border_edits *edits)
{
	ms_border_edit_remove(edits, "P-Charging-Vector");
	ms_border_edit_remove(edits, "P-Charging-Function-Addresses");
	ms_border_edit_remove(edits, "P-Access-Network-Info");
	ms_border_edit_remove(edits, "P-Visited-Network-ID");
	ms_border_edit_remove(edits, "P-Preferred-Identity");
	if (!trusted)
		ms_border_edit_remove(edits, "P-Asserted-Identity");
	(void)m;
}

static bool makes_dialog(const struct ms_sip_packet *m)
{
	return ms_sip_packet_is(m, "INVITE") || ms_sip_packet_is(m, "SUBSCRIBE") ||
	       ms_sip_packet_is(m, "REFER") || ms_sip_packet_is(m, "NOTIFY");
}

/* ---- the two ways ---- */

static bool hop_to(const struct ms_ibcf *i, enum ms_sip_side side, const struct ms_addr *next_hop,
		   unsigned transport, struct ms_sip_hop *ret_hop)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf uri;
	static const char *const names[] = { "udp", "tcp", "tls" };
	char text[MS_ADDR_TEXT_MAX];

	ms_buf_init(&uri, 256);
	ms_buf_printf(&uri, "sip:%s;transport=%s", ms_addr_print(next_hop, text), names[transport]);
	return ms_sip_proxy_hop_of(ms_border_proxy(i->service.border), side, ms_buf_span(&uri),
				   ret_hop);
}

static void forward(struct ms_ibcf *i, struct ms_sip_exchange *x, const struct ms_sip_hop *hop,
		    bool trusted)
{
	const struct ms_sip_packet *m = ms_sip_exchange_request(x);
	struct ms_border_edits edits = { .n = 0 };
	struct ms_border_way way = { .hop = hop, .record_route = makes_dialog(m), .edits = &edits };

	strip(m, trusted, &edits);
	ms_border_forward(i->service.border, x, &way);
}

static void outwards(struct ms_ibcf *i, struct ms_sip_exchange *x, struct ms_span domain)
{
	const struct ms_ibcf_network *n = network_of_domain(i, domain);
	struct ms_sip_hop hop;

	if (!n || !hop_to(i, MS_SIP_ACCESS, &n->next_hop, n->transport, &hop))
		ms_border_reject(i->service.border, x, 404, "no_route", NULL);
	else
		forward(i, x, &hop, n->trusted);
}

static void inwards(struct ms_ibcf *i, struct ms_sip_exchange *x, const struct ms_ibcf_network *n,
		    struct ms_span domain)
{
	struct ms_sip_hop hop;

	if (!is_own_domain(i, domain) || !hop_to(i, MS_SIP_CORE, &i->config->shared.sip.core,
						 i->config->shared.sip.core_transport, &hop))
		ms_border_reject(i->service.border, x, 404, "no_route", NULL);
	else
		forward(i, x, &hop, n->trusted);
}

static bool is_for_us(const struct ms_ibcf *i, const struct ms_sip_packet *m,
		      const struct ms_sip_uri *uri)
{
	return ms_sip_packet_is(m, "OPTIONS") && uri->user.len == 0 &&
	       ms_sip_proxy_is_own(ms_border_proxy(i->service.border), uri->host,
				   uri->port ? uri->port : 5060);
}

void ms_ibcf_request(struct ms_border *b, struct ms_sip_exchange *x, void *arg)
{
	const struct ms_sip_packet *m = ms_sip_exchange_request(x);
	const struct ms_sip_hop *from = ms_sip_exchange_from(x);
	struct ms_ibcf *i = arg;
	const struct ms_ibcf_network *n = NULL;
	struct ms_sip_uri uri;

	if (from->side == MS_SIP_ACCESS) {
		n = network_of_peer(i, &from->peer);
		if (!n) {
			ms_border_reject(b, x, 403, "not_registered", NULL);
			return;
		}
	}
	if (ms_sip_uri_parse(m->uri, &uri) < 0)
		ms_border_reject(b, x, 416, "no_route", NULL);
	else if (is_for_us(i, m, &uri))
		ms_border_answer_options(x);
	else if (m->to_tag.len > 0 && ms_sip_exchange_own_routes(x) >= 2)
		forward(i, x, NULL, !n || n->trusted);
	else if (m->to_tag.len > 0)
		ms_border_reject(b, x, 403, "no_route", NULL);
	else if (n)
		inwards(i, x, n, uri.host);
	else
		outwards(i, x, uri.host);
}

void ms_ibcf_response(struct ms_border *b, struct ms_sip_exchange *x, const struct ms_sip_packet *m,
		      struct ms_border_edits *edits, void *tag, void *arg)
{
	const struct ms_ibcf_network *n;
	const struct ms_sip_hop *from = ms_sip_exchange_from(x), *to = ms_sip_exchange_to(x);

	(void)b;
	(void)tag;
	n = network_of_peer(arg, from->side == MS_SIP_ACCESS ? &from->peer : &to->peer);
	if (m)
		strip(m, n && n->trusted, edits);
}
