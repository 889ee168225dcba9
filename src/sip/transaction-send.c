/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One try of a request: where it goes (RFC 3261 sections 8.1.2, 12.2.1.1 and 18.1.1) and what stands in it.
 * ACK to a 2xx is sent likewise, though it is no transaction (section 13.2.2.4).
 */
#include <errno.h>

#include "sip/transaction-priv.h"

/* What libre adds in front: request line, Via, and our Contact. */
#define HEAD_OCTETS 300

/* ---- where to ---- */

struct hop {
	struct ms_sip_uri uri;
	enum ms_sip_transport transport;
};

/* The URI the request is sent to: first route, else outbound proxy, else Request-URI. */
static struct ms_span next_uri(const struct ms_sip_transaction *t)
{
	bool inside = t->dialog && t->dialog->remote_tag;
	const struct ms_sip_routes *r = inside ? &t->dialog->routes : &t->account->service_route;
	struct ms_sip_address a;

	if (t->account->proxy && !inside)
		return ms_span_str(t->account->proxy);
	if (!t->no_routes && r->n > 0 && ms_sip_address_parse(ms_span_str(r->uri[0]), &a) == 0)
		return a.uri;
	return ms_span_str(t->uri);
}

static int named_transport(struct ms_span params, enum ms_sip_transport *ret_t)
{
	static const char *const names[] = { "udp", "tcp", "tls" };
	struct ms_span v;

	if (!ms_sip_param(params, "transport", &v))
		return -ENOENT;
	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		if (!ms_span_is_nocase(v, names[i]))
			continue;
		*ret_t = (enum ms_sip_transport)i;
		return 0;
	}
	return -EAFNOSUPPORT;
}

static int choose_hop(struct ms_sip_transaction *t, size_t octets, struct hop *h)
{
	struct ms_span uri = next_uri(t);
	int err = ms_sip_uri_parse(uri, &h->uri);

	if (err < 0)
		return -EINVAL;
	h->transport = t->account->transport;
	err = named_transport(h->uri.params, &h->transport);
	if (err < 0 && err != -ENOENT)
		return err;
	if (h->uri.secure || ms_span_starts_nocase(ms_span_str(t->uri), MS_SPAN_LIT("sips:")))
		h->transport = MS_SIP_TLS;
	t->upgraded = false;
	if (h->transport == MS_SIP_UDP && octets + HEAD_OCTETS > MS_SIP_UDP_MAX) {
		if (t->no_upgrade)
			return 0;
		if (!ms_sip_has_transport(t->sip, MS_SIP_TCP))
			return -EMSGSIZE;
		h->transport = MS_SIP_TCP;
		t->upgraded = true;
		ms_sip_count(t->sip, MS_SIP_UPGRADED);
	}
	return ms_sip_has_transport(t->sip, h->transport) ? 0 : -EAFNOSUPPORT;
}

static struct pl pl_of(struct ms_span s)
{
	return (struct pl){ (const char *)s.p, s.len };
}

/* What libre looks at: host, port and transport. A sips: URI is reached by the latter. */
static struct uri route_of(const struct hop *h)
{
	static const char *const params[] = { ";transport=udp", ";transport=tcp",
					      ";transport=tls" };
	struct uri r = { 0 };

	r.scheme = pl_of(MS_SPAN_LIT("sip"));
	r.host = pl_of(h->uri.host);
	r.port = h->uri.port;
	r.params = pl_of(ms_span_str(params[h->transport]));
	return r;
}

/* ---- the message ---- */

static void put_routes(struct ms_buf *b, const struct ms_sip_routes *r)
{
	for (size_t i = 0; i < r->n; i++)
		ms_sip_put_header(b, "Route", ms_span_str(r->uri[i]));
}

/* An outbound proxy with ";lr" wants to see itself in Route; another is only where we send to. */
static void put_proxy(struct ms_buf *b, const char *proxy)
{
	struct ms_sip_uri u;
	struct ms_span v;

	if (!proxy || ms_sip_uri_parse(ms_span_str(proxy), &u) < 0 ||
	    !ms_sip_param(u.params, "lr", &v))
		return;
	ms_buf_put_str(b, "Route: <");
	ms_buf_put_str(b, proxy);
	ms_buf_put_str(b, ">\r\n");
}

static void put_head(struct ms_buf *b, const struct ms_sip_transaction *t)
{
	const struct ms_sip_dialog *d = t->dialog;

	ms_buf_printf(b, "Max-Forwards: %u\r\n", t->sip->limits.max_forwards);
	if (!d || !d->remote_tag)
		put_proxy(b, t->account->proxy);
	if (!t->no_routes)
		put_routes(b, d && d->remote_tag ? &d->routes : &t->account->service_route);
	ms_buf_printf(b, "From: %s;tag=%s\r\n", d ? d->local : t->from,
		      d ? d->local_tag : t->from_tag);
	ms_buf_printf(b, "To: %s%s%s\r\n", d ? d->remote : t->to, d && d->remote_tag ? ";tag=" : "",
		      d && d->remote_tag ? d->remote_tag : "");
	ms_buf_printf(b, "Call-ID: %s\r\nCSeq: %u %s\r\n", d ? d->call_id : t->call_id, t->seq,
		      t->method);
	if (t->sip->user_agent)
		ms_sip_put_header(b, "User-Agent", ms_span_str(t->sip->user_agent));
}

/* Called by libre when it knows from where the request will go. */
static int add_contact(enum sip_transp tp, const struct sa *src, const struct sa *dst MS_UNUSED,
		       struct mbuf *mb, void *arg)
{
	struct ms_sip_transaction *t = arg;
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	int err;

	ms_buf_init(&b, MS_SIP_VALUE_MAX);
	if (!t->contact)
		return 0;
	ms_sip_put_contact(&b, t->account->contact_user, src, tp, t->contact_params);
	err = -ms_buf_status(&b);
	return err ? err : mbuf_write_mem(mb, b.p, b.len);
}

static struct mbuf *to_mbuf(const struct ms_buf *b)
{
	struct mbuf *mb = mbuf_alloc(b->len);

	if (mb && mbuf_write_mem(mb, b->p, b->len))
		return mem_deref(mb);
	if (mb)
		mb->pos = 0;
	return mb;
}

/* libre asks DNS for what is no address literal; without servers it would only say "invalid". */
static bool can_resolve(const struct ms_sip *sip, const struct uri *route)
{
	struct sa sa;

	return sip->dnsc || sa_set(&sa, &route->host, 0) == 0;
}

static int send_message(struct ms_sip_transaction *t, const struct ms_buf *b, const struct hop *h)
{
	struct uri route = route_of(h);
	struct mbuf *mb;
	int err;

	if (!can_resolve(t->sip, &route))
		return -EDESTADDRREQ;
	mb = to_mbuf(b);
	if (!mb)
		return -ENOMEM;
	err = sip_request(&t->req, t->sip->sip, true, t->method, -1, t->uri, -1, &route, mb, 0,
			  add_contact, ms_sip_transaction_response, t);
	mem_deref(mb);
	if (err == 0)
		ms_sip_count(t->sip, MS_SIP_REQUESTS_SENT);
	return ms_sip_error(err);
}

int ms_sip_transaction_try(struct ms_sip_transaction *t)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct hop hop;
	int err;

	t->seq = ++*t->cseq;
	ms_buf_init(&b, ms_sip_buffer_max(t->sip) + 4096);
	put_head(&b, t);
	ms_sip_put_security(&b, t->account, t->method);
	ms_sip_put_digest(&b, t->account, t->method, t->uri);
	ms_buf_put(&b, t->tail, t->tail_len);
	err = ms_buf_status(&b);
	if (err == 0)
		err = choose_hop(t, b.len, &hop);
	return err < 0 ? err : send_message(t, &b, &hop);
}

/* ---- ACK, which is no transaction ---- */

int ms_sip_send_ack(struct ms_sip_account *a, struct ms_sip_dialog *d, uint32_t seq)
{
	struct ms_sip_transaction t = { .sip = a->sip,
					.account = a,
					.dialog = d,
					.method = (char *)(uintptr_t) "ACK",
					.uri = d->target,
					.seq = seq };
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct hop hop;
	struct uri route;
	struct mbuf *mb;
	int err;

	ms_buf_init(&b, ms_sip_buffer_max(a->sip));
	put_head(&b, &t);
	ms_sip_put_digest(&b, a, "ACK", d->target);
	ms_buf_put_str(&b, "Content-Length: 0\r\n\r\n");
	err = ms_buf_status(&b);
	if (err == 0)
		err = choose_hop(&t, b.len, &hop);
	if (err < 0)
		return err;
	route = route_of(&hop);
	mb = to_mbuf(&b);
	if (!mb)
		return -ENOMEM;
	err = sip_request(NULL, a->sip->sip, false, "ACK", -1, d->target, -1, &route, mb, 0, NULL,
			  NULL, NULL);
	mem_deref(mb);
	return ms_sip_error(err);
}
