/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request of ours until its final answer, over as many tries as it takes: with digest after a
 * challenge (RFC 3261 section 22), at another place after a redirection (8.1.3.4), by UDP again if the
 * stream that its size asked for is not to be had (18.1.1).
 */
#include <errno.h>

#include "core/alloc.h"
#include "sip/sip-priv.h"

/* Challenges answered in one transaction: a proxy's and the server's, and one stale nonce each. */
#define MAX_CHALLENGES 4

/* What libre adds in front: request line, Via, and our Contact. */
#define HEAD_OCTETS 300

struct ms_sip_transaction {
	struct ms_list link;
	struct ms_sip *sip;
	struct ms_sip_account *account;
	struct ms_sip_dialog *dialog; /* borrowed; its owner frees us first */
	struct sip_request *req;
	ms_sip_transaction_h *handler; /* NULL: forgotten */
	void *arg;
	void (*release)(void *arg); /* of arg, when the handler is never called; or NULL */
	struct ms_timer timer;
	char *method, *uri, *from, *to;
	char call_id[MS_SIP_TOKEN_SIZE], from_tag[MS_SIP_TOKEN_SIZE];
	const char *contact_params;
	uint32_t own_cseq, *cseq, seq;
	uint8_t *tail; /* our further headers, the empty line and the body */
	size_t tail_len;
	unsigned challenges, redirects;
	bool contact, follow, no_routes;
	bool upgraded, no_upgrade; /* to a stream for size; that failed */
	bool canceled;
	bool agreed; /* tried again with the list of a 494 */
};

/* ---- end ---- */

static struct ms_sip_transaction *destroy(struct ms_sip_transaction *t)
{
	ms_list_remove(&t->link);
	ms_timer_stop(&t->timer);
	t->handler = NULL;
	if (t->release)
		t->release(t->arg);
	mem_deref(t->req);
	ms_free(t->method);
	ms_free(t->uri);
	ms_free(t->from);
	ms_free(t->to);
	ms_free(t->tail);
	return ms_free(t);
}

struct ms_sip_transaction *ms_sip_transaction_free(struct ms_sip_transaction *t)
{
	return t ? destroy(t) : NULL;
}

void ms_sip_transaction_flush(struct ms_sip_account *a)
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, &a->sip->transactions) {
		struct ms_sip_transaction *t =
			MS_CONTAINER_OF(link, struct ms_sip_transaction, link);

		if (t->account == a)
			destroy(t);
	}
}

void ms_sip_transaction_flush_dialog(struct ms_sip_dialog *d)
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, &d->sip->transactions) {
		struct ms_sip_transaction *t =
			MS_CONTAINER_OF(link, struct ms_sip_transaction, link);

		if (t->dialog == d)
			destroy(t);
	}
}

static void finish(struct ms_sip_transaction *t, int err, const struct sip_msg *m)
{
	ms_sip_transaction_h *handler = t->handler;
	void *arg = t->arg;

	if (err == -ETIMEDOUT)
		ms_sip_count(t->sip, MS_SIP_TIMEOUTS);
	else if (err < 0)
		ms_sip_count(t->sip, MS_SIP_TRANSPORT_ERRORS);
	/* The user may start the next one from here, or free what we borrow. */
	t->release = NULL;
	destroy(t);
	if (handler)
		handler(err, m, arg);
}

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

static void on_response(int err, const struct sip_msg *m, void *arg);

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
			  add_contact, on_response, t);
	mem_deref(mb);
	if (err == 0)
		ms_sip_count(t->sip, MS_SIP_REQUESTS_SENT);
	return ms_sip_error(err);
}

static int try(struct ms_sip_transaction *t)
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

/* ---- answers ---- */

static bool retry_challenge(struct ms_sip_transaction *t, const struct sip_msg *m)
{
	if ((m->scode != 401 && m->scode != 407) || t->challenges >= MAX_CHALLENGES)
		return false;
	if (ms_sip_digest_take(t->account, m, t) < 0)
		return false;
	if (strcmp(t->method, "REGISTER") == 0)
		(void)ms_sip_security_challenged(t->account, m);
	t->challenges++;
	return try(t) == 0;
}

/* RFC 3329 section 2.3.2: what we sent back is not what the server says, or we sent nothing. Once. */
static bool retry_agreement(struct ms_sip_transaction *t, const struct sip_msg *m)
{
	if (m->scode != 494 || t->agreed || !ms_sip_security_challenged(t->account, m))
		return false;
	t->agreed = true;
	return try(t) == 0;
}

static bool retry_elsewhere(struct ms_sip_transaction *t, const struct sip_msg *m)
{
	struct ms_sip_address a;
	struct ms_sip_uri u;
	char *uri;

	if (m->scode < 300 || m->scode > 399 || !t->follow ||
	    t->redirects >= t->sip->limits.redirects)
		return false;
	if (!ms_sip_contact(ms_sip_cooked(m), 0, &a) || ms_sip_uri_parse(a.uri, &u) < 0)
		return false;
	uri = ms_strdup_span(a.uri);
	if (!uri)
		return false;
	t->redirects++;
	ms_free(t->uri);
	t->uri = uri;
	return try(t) == 0;
}

static bool retry_by_udp(struct ms_sip_transaction *t, int err)
{
	if (!t->upgraded || (err != ECONNREFUSED && err != ENOTCONN))
		return false;
	t->no_upgrade = true;
	return try(t) == 0;
}

static void on_response(int err, const struct sip_msg *m, void *arg)
{
	struct ms_sip_transaction *t = arg;

	if (err || !m) {
		if (!retry_by_udp(t, err))
			finish(t, err ? ms_sip_error(err) : -EPROTO, NULL);
		return;
	}
	ms_sip_guard(t->sip, m);
	if (m->scode < 200) {
		if (t->handler)
			t->handler(0, m, t->arg);
		return;
	}
	if (ms_sip_message_fault(m, t->sip->limits.body)) {
		ms_sip_count(t->sip, MS_SIP_MALFORMED);
		finish(t, -EBADMSG, NULL);
		return;
	}
	if (!t->canceled &&
	    (retry_challenge(t, m) || retry_agreement(t, m) || retry_elsewhere(t, m)))
		return;
	finish(t, 0, m);
}

static void timed_out(void *arg)
{
	struct ms_sip_transaction *t = arg;

	finish(t, -ETIMEDOUT, NULL);
}

/* ---- start ---- */

static int set_identity(struct ms_sip_transaction *t, const struct ms_sip_transaction_spec *s)
{
	int err = 0;

	if (s->dialog) {
		t->dialog = s->dialog;
		t->cseq = &s->dialog->local_seq;
		return 0;
	}
	t->cseq = s->cseq ? s->cseq : &t->own_cseq;
	t->from = ms_strdup(s->from);
	t->to = ms_strdup(s->to);
	if (!t->from || !t->to)
		return -ENOMEM;
	if (s->from_tag && s->call_id) {
		memcpy(t->from_tag, s->from_tag, sizeof(t->from_tag));
		memcpy(t->call_id, s->call_id, sizeof(t->call_id));
		return 0;
	}
	err = ms_sip_token(t->from_tag);
	return err < 0 ? err : ms_sip_token(t->call_id);
}

static int set_tail(struct ms_sip_transaction *t, const struct ms_sip_transaction_spec *s)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, ms_sip_buffer_max(t->sip));
	if (s->headers)
		ms_buf_put_str(&b, s->headers);
	ms_sip_put_content(&b, t->sip, s->content);
	return ms_buf_steal(&b, &t->tail, &t->tail_len);
}

/* Nothing that would break the request line. */
static bool is_word(const char *s)
{
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p <= ' ')
			return false;
	return *s != '\0';
}

static int prepare(struct ms_sip_transaction *t, const struct ms_sip_transaction_spec *s)
{
	int err;

	if (!is_word(s->method) || !is_word(s->uri))
		return -EINVAL;
	t->method = ms_strdup(s->method);
	t->uri = ms_strdup(s->uri);
	if (!t->method || !t->uri)
		return -ENOMEM;
	t->contact = s->contact;
	t->contact_params = s->contact_params;
	t->follow = s->follow_redirects;
	t->no_routes = s->no_routes;
	err = set_identity(t, s);
	return err < 0 ? err : set_tail(t, s);
}

int ms_sip_transaction_start(struct ms_sip_account *a, const struct ms_sip_transaction_spec *spec,
			     ms_sip_transaction_h *handler, void *arg,
			     struct ms_sip_transaction **ret_t)
{
	struct ms_sip_transaction *t = ms_zalloc(sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->sip = a->sip;
	t->account = a;
	t->handler = handler;
	t->arg = arg;
	ms_list_append(&a->sip->transactions, &t->link);
	ms_timer_init(&t->timer, "sip.transaction", timed_out, t);
	err = prepare(t, spec);
	if (err == 0)
		err = try(t);
	if (err < 0) {
		destroy(t);
		return err;
	}
	t->release = spec->release;
	if (spec->timeout > 0)
		ms_timer_start(&t->timer, spec->timeout);
	*ret_t = t;
	return 0;
}

void ms_sip_transaction_cancel(struct ms_sip_transaction *t)
{
	t->canceled = true;
	sip_request_cancel(t->req);
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
