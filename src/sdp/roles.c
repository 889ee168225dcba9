/* SPDX-License-Identifier: Apache-2.0 */
/* Who connects to whom, and where: RFC 4145, RFC 6135 and RFC 6714. */
#include <errno.h>
#include <string.h>

#include "core/ip.h"
#include "sdp/offer.h"
#include "sdp/sdp-priv.h"

int ms_sdp_setup_answer(enum ms_sdp_setup offered, enum ms_sdp_setup preferred,
			enum ms_sdp_setup *ret_setup)
{
	enum ms_sdp_setup must = MS_SDP_SETUP_NONE;

	/* RFC 4145 section 4.1; no attribute: the offerer connects (RFC 4975 section 5.4). */
	if (offered == MS_SDP_ACTIVE || offered == MS_SDP_SETUP_NONE)
		must = MS_SDP_PASSIVE;
	else if (offered == MS_SDP_PASSIVE)
		must = MS_SDP_ACTIVE;
	if (preferred == MS_SDP_SETUP_NONE || preferred == MS_SDP_ACTPASS)
		*ret_setup = must != MS_SDP_SETUP_NONE ? must : MS_SDP_PASSIVE;
	else if (must == MS_SDP_SETUP_NONE || must == preferred)
		*ret_setup = preferred;
	else
		return -EPROTO;
	return 0;
}

int ms_sdp_setup_roles(enum ms_sdp_setup offered, enum ms_sdp_setup answered,
		       bool *ret_offerer_active)
{
	switch (answered) {
	case MS_SDP_SETUP_NONE:
	case MS_SDP_PASSIVE:
		if (offered == MS_SDP_PASSIVE)
			return -EPROTO;
		*ret_offerer_active = true;
		return 0;
	case MS_SDP_ACTIVE:
		if (offered == MS_SDP_ACTIVE || offered == MS_SDP_SETUP_NONE)
			return -EPROTO;
		*ret_offerer_active = false;
		return 0;
	case MS_SDP_ACTPASS:
		break;
	}
	return -EPROTO; /* not allowed in an answer: RFC 4145 section 4.1 */
}

/* RFC 6714 section 4.4: one representation before IPv6 addresses are compared. */
static bool same_host(struct ms_span a, struct ms_span b)
{
	uint8_t x[16], y[16];
	uint8_t family = ms_ip_parse(a, x);

	if (family && ms_ip_parse(b, y) == family)
		return memcmp(x, y, family == 4 ? 4 : 16) == 0;
	return ms_span_eq_nocase(a, b);
}

bool ms_sdp_address_matches_path(const struct ms_sdp_media *m, struct ms_span path)
{
	struct ms_span first = ms_span_cut(&path, ' '), host;
	uint16_t port;

	if (ms_sdp_msrp_uri_address(first, &host, &port) < 0)
		return false;
	if (m->port != port && !(m->port == MS_SDP_DISCARD_PORT && m->setup == MS_SDP_ACTIVE))
		return false;
	return same_host(host, m->connection.address);
}

/* ---- CEMA ---- */

/* More than one URI in the path: the peer's messages go through a relay. */
static bool uses_relay(const struct ms_sdp_msrp *m)
{
	return ms_span_find(m->path, ' ') < m->path.len;
}

enum ms_sdp_cema ms_sdp_cema_offer(const struct ms_sdp_media *offer, const struct ms_sdp_msrp *m)
{
	bool active = offer->setup == MS_SDP_ACTIVE || offer->setup == MS_SDP_SETUP_NONE;

	if (!m->cema)
		return ms_sdp_address_matches_path(offer, m->path) ? MS_SDP_CEMA_FALLBACK
								   : MS_SDP_CEMA_REJECT;
	/* RFC 6714 section 4.3, criterion 2; 1 and 3 are about relays of ours. */
	return uses_relay(m) && active ? MS_SDP_CEMA_FALLBACK : MS_SDP_CEMA_USE;
}

enum ms_sdp_cema ms_sdp_cema_answer(const struct ms_sdp_media *answer, const struct ms_sdp_msrp *m)
{
	if (m->cema)
		return MS_SDP_CEMA_USE;
	if (ms_sdp_address_matches_path(answer, m->path))
		return MS_SDP_CEMA_FALLBACK;
	/* RFC 6714 section 4.2, criteria 1 and 3. */
	if (answer->setup == MS_SDP_ACTIVE || uses_relay(m))
		return MS_SDP_CEMA_REOFFER;
	return MS_SDP_CEMA_USE;
}
