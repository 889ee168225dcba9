/* SPDX-License-Identifier: Apache-2.0 */
/* Where a request goes, and how those behind it come back: RFC 3261 sections 16.4 to 16.6. */
#include <errno.h>

#include "sip/proxy-priv.h"

#define SIP_PORT 5060
#define SIPS_PORT 5061

/* ---- what is ours ---- */

static const struct ms_sip_wire_point *own_point(const struct ms_sip_proxy *p, struct ms_span host,
						 uint16_t port)
{
	for (size_t i = 0; i < p->wire->n_points; i++) {
		const struct ms_sip_wire_point *w = &p->wire->point[i];
		char text[MS_ADDR_TEXT_MAX];

		if (port != 0 && ms_addr_port(&w->config.address) != port)
			continue;
		if (ms_span_is_nocase(host, w->advertised
						    ? w->advertised
						    : ms_addr_print_host(&w->config.address, text)))
			return w;
	}
	return NULL;
}

bool ms_sip_proxy_is_own(const struct ms_sip_proxy *p, struct ms_span host, uint16_t port)
{
	return own_point(p, host, port) != NULL;
}

static const struct ms_sip_wire_point *
own_route(const struct ms_sip_proxy *p, const struct ms_sip_address *a, struct ms_sip_uri *ret_uri)
{
	if (ms_sip_uri_parse(a->uri, ret_uri) < 0)
		return NULL;
	return own_point(p, ret_uri->host, ret_uri->port ? ret_uri->port : SIP_PORT);
}

static int take_route(struct ms_sip_exchange *x, const struct ms_sip_wire_point *point,
		      const struct ms_sip_uri *uri)
{
	int err = uri->user.len > 0 ? ms_sip_token_read(&x->proxy->token_key, uri->user, &x->token)
				    : -EBADMSG;

	x->own_routes++;
	x->own_side = point->config.side;
	x->own_known = true;
	x->token_known = err == 0;
	return err == -EACCES ? err : 0;
}

int ms_sip_exchange_read_routes(struct ms_sip_exchange *x)
{
	const struct ms_sip_wire_point *point;
	struct ms_sip_address a;
	struct ms_sip_uri uri;
	int err = 0;

	while (err == 0 && ms_sip_packet_address(x->request, "Route", x->own_routes, &a)) {
		point = own_route(x->proxy, &a, &uri);
		if (!point)
			return 0;
		err = take_route(x, point, &uri);
	}
	return err;
}

size_t ms_sip_exchange_own_routes(const struct ms_sip_exchange *x)
{
	return x->own_routes;
}

/* ---- next hops ---- */

static enum ms_sip_transport transport_of(const struct ms_sip_uri *uri)
{
	struct ms_span t;

	if (uri->secure)
		return MS_SIP_TLS;
	if (!ms_sip_param(uri->params, "transport", &t))
		return MS_SIP_UDP;
	return ms_span_is_nocase(t, "tcp")   ? MS_SIP_TCP
	       : ms_span_is_nocase(t, "tls") ? MS_SIP_TLS
					     : MS_SIP_UDP;
}

static int address_of(const struct ms_sip_uri *uri, enum ms_sip_transport t,
		      struct ms_addr *ret_addr)
{
	uint16_t port = uri->port ? uri->port : t == MS_SIP_TLS ? SIPS_PORT : SIP_PORT;
	char text[64];
	struct ms_buf b;

	ms_buf_init_fixed(&b, text, sizeof(text));
	ms_buf_printf(&b, uri->ipv6 ? "[%.*s]" : "%.*s", MS_SPAN_FMT(uri->host));
	return ms_buf_status(&b) ? -EINVAL : ms_addr_parse(ms_buf_span(&b), port, ret_addr);
}

/* Only literals: "localhost" and "*" are names here, too. */
static bool is_literal(const struct ms_sip_uri *uri)
{
	if (uri->ipv6)
		return true;
	for (size_t i = 0; i < uri->host.len; i++)
		if (uri->host.p[i] != '.' && (uri->host.p[i] < '0' || uri->host.p[i] > '9'))
			return false;
	return true;
}

static bool complete(const struct ms_sip_proxy *p, struct ms_sip_hop *hop)
{
	const struct ms_sip_wire_point *point = ms_sip_wire_point_for(
		p->wire, hop->side, hop->transport, ms_addr_family(&hop->peer));

	if (!point)
		return false;
	hop->point = point->index;
	return true;
}

bool ms_sip_proxy_hop_of(const struct ms_sip_proxy *p, enum ms_sip_side side, struct ms_span text,
			 struct ms_sip_hop *ret_hop)
{
	struct ms_sip_hop hop = { .side = side };
	struct ms_sip_uri uri;
	bool is_uri = ms_sip_uri_parse(text, &uri) == 0;

	if (is_uri && is_literal(&uri)) {
		hop.transport = transport_of(&uri);
		if (address_of(&uri, hop.transport, &hop.peer) < 0 ||
		    own_point(p, uri.host, ms_addr_port(&hop.peer)))
			return false;
	} else {
		hop.transport = p->next_transport[side];
		hop.peer = p->next_hop[side];
		if (!ms_addr_is_set(&hop.peer))
			return false;
	}
	if (!complete(p, &hop))
		return false;
	*ret_hop = hop;
	return true;
}

/* A request that knows both our sides names the way out last; a first one goes across. */
static enum ms_sip_side side_of(const struct ms_sip_exchange *x)
{
	if (x->own_routes >= 2)
		return x->own_side;
	return x->from.side == MS_SIP_ACCESS ? MS_SIP_CORE : MS_SIP_ACCESS;
}

bool ms_sip_exchange_next(struct ms_sip_exchange *x, struct ms_sip_hop *ret_hop)
{
	struct ms_sip_address a;

	if (x->token_known) {
		*ret_hop = x->token;
		return true;
	}
	if (ms_sip_packet_address(x->request, "Route", x->own_routes, &a))
		return ms_sip_proxy_hop_of(x->proxy, side_of(x), a.uri, ret_hop);
	return ms_sip_proxy_hop_of(x->proxy, side_of(x), x->request->uri, ret_hop);
}

/* ---- how they come back ---- */

/* <sip:token@host:port;transport=tcp;lr>; the token leads to `peer`, if that is a user's flow. */
static void put_own_uri(const struct ms_sip_proxy *p, const struct ms_sip_hop *face,
			const struct ms_sip_hop *user, struct ms_buf *b)
{
	static const char *const params[] = { "", ";transport=tcp", ";transport=tls" };

	ms_buf_put_str(b, "<sip:");
	if (user) {
		ms_sip_token_put(&p->token_key, user, b);
		ms_buf_put_u8(b, '@');
	}
	ms_sip_wire_put_host(&p->wire->point[face->point], b);
	ms_buf_put_str(b, params[face->transport]);
	ms_buf_put_str(b, ";lr>");
}

static void put_face(const struct ms_sip_proxy *p, const struct ms_sip_hop *face, struct ms_buf *b)
{
	ms_buf_put_str(b, "Record-Route: ");
	put_own_uri(p, face, p->flows && face->side == MS_SIP_ACCESS ? face : NULL, b);
	ms_buf_put_str(b, "\r\n");
}

/* Two values, one each way (RFC 5658): the sides differ in address, perhaps in transport. */
void ms_sip_put_record_route(const struct ms_sip_exchange *x, const struct ms_sip_hop *to,
			     struct ms_buf *b)
{
	put_face(x->proxy, to, b);
	put_face(x->proxy, &x->from, b);
}

/* RFC 3327 section 5.2, RFC 5626 section 5.1. */
void ms_sip_put_path(const struct ms_sip_exchange *x, const struct ms_sip_hop *to, struct ms_buf *b)
{
	ms_buf_put_str(b, "Path: ");
	put_own_uri(x->proxy, to, x->proxy->flows ? &x->from : NULL, b);
	ms_buf_put_str(b, "\r\n");
}
