/* SPDX-License-Identifier: Apache-2.0 */
/* Responses on their way back: RFC 3261 sections 16.7, 17.2 and 18.2. */
#include <errno.h>

#include "core/alloc.h"
#include "sip/proxy-priv.h"

void ms_sip_heard_free(struct ms_sip_heard *h)
{
	ms_list_remove(&h->link);
	ms_sip_packet_unref(h->m);
	ms_buf_done(&h->sent);
	ms_free(h);
}

/* ---- the way back ---- */

void ms_sip_put_via_received(const struct ms_sip_packet *m, const struct ms_sip_hop *from,
			     struct ms_buf *b)
{
	char text[MS_ADDR_TEXT_MAX];

	(void)ms_addr_print_host(&from->peer, text);
	if (ms_span_is(m->via.host, text) && !m->via.rport)
		return;
	ms_buf_printf(b, ";received=%s", text);
	if (m->via.rport)
		ms_buf_printf(b, ";rport=%u", (unsigned)ms_addr_port(&from->peer));
}

/* Section 18.2.2: without rport to the port that the Via names; a lost stream is opened anew. */
static struct ms_sip_hop way_back(const struct ms_sip_packet *m, const struct ms_sip_hop *from)
{
	struct ms_sip_hop hop = *from;
	uint16_t port = m->via.port ? m->via.port : from->transport == MS_SIP_TLS ? 5061 : 5060;

	hop.stream = 0;
	if (from->transport != MS_SIP_UDP || !m->via.rport)
		ms_addr_set_port(&hop.peer, port);
	return hop;
}

int ms_sip_proxy_send_back(struct ms_sip_proxy *p, const struct ms_sip_packet *m,
			   const struct ms_sip_hop *from, struct ms_span octets)
{
	struct ms_sip_hop hop = way_back(m, from), same = *from;
	int err = -ENOTCONN;

	if (from->transport != MS_SIP_UDP)
		err = ms_sip_wire_send(p->wire, &same, octets);
	/* A user's connection cannot be opened from here. */
	if (err == -ENOTCONN &&
	    (from->transport == MS_SIP_UDP || !p->flows || from->side == MS_SIP_CORE))
		err = ms_sip_wire_send(p->wire, &hop, octets);
	if (err < 0)
		ms_sip_proxy_count(p, MS_SIP_PROXY_TRANSPORT);
	return err;
}

void ms_sip_proxy_refuse(struct ms_sip_proxy *p, const struct ms_sip_packet *m,
			 const struct ms_sip_hop *from, unsigned status)
{
	static const struct ms_sip_edit retry = { "Retry-After",
						  { (const uint8_t *)"5", 1 },
						  false };
	struct ms_sip_change c = { .edits = &retry, .n_edits = status == 503 ? 1 : 0 };
	MS_CLEANUP(ms_buf_done) struct ms_buf b, received;

	ms_buf_init(&b, 2 * p->wire->limits.message);
	ms_buf_init(&received, 256);
	if (ms_sip_packet_is(m, "ACK"))
		return;
	ms_sip_put_via_received(m, from, &received);
	/* Section 8.2.7: a stateless answer has the same tag each time. */
	ms_sip_packet_answer(m, status, NULL, "refused", ms_buf_span(&received), &c, &b);
	if (ms_buf_status(&b) == 0 && ms_sip_proxy_send_back(p, m, from, ms_buf_span(&b)) == 0 &&
	    status >= 300)
		ms_sip_proxy_count(p, MS_SIP_PROXY_REJECTED);
}

/* ---- the server transaction ---- */

/* Section 17.2.1 and RFC 6026 section 7.1; section 17.2.2. */
static void move(struct ms_sip_exchange *x, unsigned status)
{
	bool udp = x->from.transport == MS_SIP_UDP;

	if (status < 200 || x->state != MS_SIP_SERVER_PROCEEDING)
		return;
	ms_timer_stop(&x->decision);
	if (x->invite && status < 300) {
		x->state = MS_SIP_SERVER_ACCEPTED;
		ms_timer_start(&x->timer, MS_SIP_PROXY_64T1); /* L */
		return;
	}
	x->state = MS_SIP_SERVER_COMPLETED;
	if (x->invite) {
		ms_timer_start(&x->timer, MS_SIP_PROXY_64T1); /* H */
		x->interval = MS_SIP_PROXY_T1;
		if (udp)
			ms_timer_start(&x->repeat, x->interval); /* G */
	} else {
		ms_timer_start(&x->timer, udp ? MS_SIP_PROXY_64T1 : 0); /* J */
	}
}

void ms_sip_exchange_send(struct ms_sip_exchange *x, unsigned status)
{
	if (x->ack)
		return;
	if (status >= 300)
		ms_sip_proxy_count(x->proxy, MS_SIP_PROXY_REJECTED);
	/* Failure is counted; the sender repeats his request and gets it again. */
	(void)!ms_sip_proxy_send_back(x->proxy, x->request, &x->from, ms_buf_span(&x->last));
	move(x, status);
}

static int write_answer(struct ms_sip_exchange *x, unsigned status, const char *reason,
			const struct ms_sip_change *c)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf received;

	ms_buf_init(&received, 256);
	ms_sip_put_via_received(x->request, &x->from, &received);
	ms_buf_reset(&x->last);
	ms_sip_packet_answer(x->request, status, reason, x->tag, ms_buf_span(&received), c,
			     &x->last);
	return ms_buf_status(&received) ? -ENOMEM : ms_buf_status(&x->last);
}

void ms_sip_exchange_answer(struct ms_sip_exchange *x, unsigned status, const char *reason,
			    const struct ms_sip_change *c)
{
	if (x->ack || (x->state != MS_SIP_SERVER_PROCEEDING && status != 100))
		return;
	if (write_answer(x, status, reason, c) < 0) {
		status = 500;
		if (write_answer(x, status, NULL, NULL) < 0)
			return; /* no memory: the sender repeats */
	}
	ms_sip_exchange_send(x, status);
}

/* ---- with the user ---- */

static struct ms_sip_heard *first_waiting(const struct ms_sip_exchange *x)
{
	return ms_list_empty(&x->waiting)
		       ? NULL
		       : MS_CONTAINER_OF(x->waiting.next, struct ms_sip_heard, link);
}

void ms_sip_exchange_ask(struct ms_sip_exchange *x)
{
	struct ms_sip_heard *h = first_waiting(x);

	if (!h || x->asking)
		return;
	x->asking = true;
	ms_timer_start(&x->decision, x->proxy->wire->limits.decision);
	if (x->proxy->handlers.response)
		x->proxy->handlers.response(x, h->m, h->why, x->proxy->arg);
	else
		ms_sip_exchange_pass(x, NULL);
}

/* Those that come again until they are acknowledged: 2xx to INVITE, and reliable ones (RFC 3262). */
static bool comes_again(const struct ms_sip_exchange *x, const struct ms_sip_packet *m)
{
	return x->invite && m &&
	       (ms_sip_packet_is_success(m) || ms_sip_packet_get(m, "RSeq").len > 0);
}

/* The user has decided about the first one: `octets` is what was sent for it. */
static void settle(struct ms_sip_exchange *x, struct ms_span octets)
{
	struct ms_sip_heard *h = first_waiting(x);

	x->asking = false;
	ms_timer_stop(&x->decision);
	ms_list_remove(&h->link);
	if (comes_again(x, h->m)) {
		ms_buf_init(&h->sent, octets.len);
		ms_buf_put_span(&h->sent, octets);
		ms_list_append(&x->answered, &h->link);
	} else {
		x->n_heard--;
		ms_sip_heard_free(h);
	}
	/* The next one waits for the end of this handler. */
	if (!ms_list_empty(&x->waiting))
		ms_timer_start(&x->decision, 0);
}

/* What stands for a failure (section 16.7 item 6; 16.9; RFC 5626 section 11). */
static unsigned status_of(const struct ms_sip_exchange *x, enum ms_sip_failure why)
{
	if (x->cancelled)
		return 487;
	return why == MS_SIP_FAILED_TIMEOUT ? 408 : why == MS_SIP_FAILED_FLOW ? 430 : 500;
}

static void pass_packet(struct ms_sip_exchange *x, const struct ms_sip_packet *m,
			const struct ms_sip_change *c, struct ms_buf *out)
{
	struct ms_sip_rewrite r = { .change = c, .max_forwards = -1 };

	ms_buf_reset(out);
	ms_sip_packet_write(m, &r, out);
	if (ms_buf_status(out)) {
		ms_sip_exchange_answer(x, 500, NULL, NULL);
		return;
	}
	(void)!ms_sip_proxy_send_back(x->proxy, x->request, &x->from, ms_buf_span(out));
	move(x, m->status);
}

void ms_sip_exchange_pass(struct ms_sip_exchange *x, const struct ms_sip_change *c)
{
	/* A 2xx after another final answer (of a fork) does not take the place of that one. */
	bool late = x->state != MS_SIP_SERVER_PROCEEDING;
	struct ms_sip_heard *h = first_waiting(x);
	MS_CLEANUP(ms_buf_done) struct ms_buf out;

	ms_buf_init(&out, 2 * x->proxy->wire->limits.message);
	if (!x->asking || !h)
		return;
	if (h->m)
		pass_packet(x, h->m, c, late ? &out : &x->last);
	else
		ms_sip_exchange_answer(x, status_of(x, h->why), NULL, c);
	settle(x, ms_buf_span(late ? &out : &x->last));
}

void ms_sip_exchange_absorb(struct ms_sip_exchange *x)
{
	if (x->asking)
		settle(x, MS_SPAN_NULL);
}

void ms_sip_exchange_replace(struct ms_sip_exchange *x, unsigned status,
			     const struct ms_sip_change *c)
{
	if (!x->asking)
		return;
	ms_sip_exchange_answer(x, status, NULL, c);
	if (status >= 200 && x->client)
		ms_sip_client_cancel(x->client);
	settle(x, MS_SPAN_NULL);
}

void ms_sip_exchange_reject(struct ms_sip_exchange *x, unsigned status, const char *reason,
			    const struct ms_sip_change *c)
{
	x->decided = true;
	ms_sip_exchange_answer(x, status, reason, c);
	if (status >= 200 && x->client)
		ms_sip_client_cancel(x->client);
	if (x->ack) {
		x->state = MS_SIP_SERVER_OVER;
		ms_timer_start(&x->timer, 0);
	}
}
