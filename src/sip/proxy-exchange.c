/* SPDX-License-Identifier: Apache-2.0 */
/* A request from its coming to its end: RFC 3261 sections 16.2, 16.10 and 17.2. */
#include <errno.h>

#include "core/alloc.h"
#include "core/hex.h"
#include "core/random.h"
#include "sip/proxy-priv.h"

/* ---- the end ---- */

static void free_heard(struct ms_list *list)
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, list)
		ms_sip_heard_free(MS_CONTAINER_OF(link, struct ms_sip_heard, link));
}

void ms_sip_exchange_free(struct ms_sip_exchange *x)
{
	struct ms_sip_proxy *p = x->proxy;

	if (p->handlers.ended && x->known)
		p->handlers.ended(x, p->arg);
	ms_timer_stop(&x->repeat);
	ms_timer_stop(&x->timer);
	ms_timer_stop(&x->decision);
	if (x->client)
		ms_sip_client_orphan(x->client);
	if (x->key)
		(void)ms_hash_take(p->servers, ms_span_str(x->key));
	if (x->counted)
		ms_sip_tally_remove(p->sources, &x->from.peer);
	free_heard(&x->waiting);
	free_heard(&x->answered);
	ms_list_remove(&x->link);
	p->n_exchanges--;
	ms_buf_done(&x->last);
	ms_sip_packet_unref(x->request);
	ms_free(x->key);
	ms_free(x);
}

/* Timers H, I, J, L: nothing comes any more. An answer that is still with the user waits for him. */
static void time_due(void *arg)
{
	struct ms_sip_exchange *x = arg;

	x->state = MS_SIP_SERVER_OVER;
	if (x->asking)
		ms_timer_start(&x->timer, MS_SEC);
	else
		ms_sip_exchange_free(x);
}

/* Timer G. */
static void repeat_due(void *arg)
{
	struct ms_sip_exchange *x = arg;

	if (x->state != MS_SIP_SERVER_COMPLETED)
		return;
	x->interval = x->interval < MS_SIP_PROXY_T2 / 2 ? x->interval * 2 : MS_SIP_PROXY_T2;
	ms_timer_start(&x->repeat, x->interval);
	(void)!ms_sip_proxy_send_back(x->proxy, x->request, &x->from, ms_buf_span(&x->last));
}

/* The next response may be asked about; or the user did not answer. */
static void decision_due(void *arg)
{
	struct ms_sip_exchange *x = arg;

	if (!ms_list_empty(&x->waiting) && !x->asking) {
		ms_sip_exchange_ask(x);
		return;
	}
	ms_sip_proxy_count(x->proxy, MS_SIP_PROXY_TIMEOUTS);
	if (x->asking)
		ms_sip_exchange_replace(x, 504, NULL);
	else if (!x->decided)
		ms_sip_exchange_reject(x, 408, NULL, NULL);
}

/* ---- the beginning ---- */

static int make_tag(struct ms_sip_exchange *x)
{
	uint8_t octets[8];
	struct ms_buf b;
	int err = ms_random_fill(&ms_random_system, octets, sizeof(octets));

	ms_buf_init_fixed(&b, x->tag, sizeof(x->tag));
	ms_hex_encode(&b, ms_span_of(octets, sizeof(octets)));
	(void)ms_buf_cstr(&b);
	return err;
}

/* Who may not begin more may still end what he has: a BYE refused leaves a call that nobody wants. */
static size_t room(const struct ms_sip_exchange *x, size_t limit)
{
	return x->request->to_tag.len > 0 ? 2 * limit : limit;
}

static int enlist(struct ms_sip_exchange *x, const char *key)
{
	struct ms_sip_proxy *p = x->proxy;
	int err;

	if (p->n_exchanges > room(x, p->wire->limits.exchanges))
		return -ENOSPC;
	/* All of the core's users come from one host. */
	if (x->from.side == MS_SIP_ACCESS) {
		err = ms_sip_tally_add(p->sources, &x->from.peer,
				       room(x, p->wire->limits.per_source));
		if (err < 0)
			return err;
		x->counted = true;
	}
	err = make_tag(x);
	if (err < 0 || x->ack)
		return err;
	x->key = ms_strdup(key);
	if (!x->key)
		return -ENOMEM;
	err = ms_hash_put(p->servers, ms_span_str(x->key), x);
	if (err < 0)
		x->key = ms_free(x->key);
	return err;
}

static struct ms_sip_exchange *make(struct ms_sip_proxy *p, struct ms_sip_packet *m,
				    const struct ms_sip_hop *from)
{
	struct ms_sip_exchange *x = ms_zalloc(sizeof(*x));

	if (!x)
		return NULL;
	x->proxy = p;
	x->request = ms_sip_packet_ref(m);
	x->from = *from;
	x->invite = ms_sip_packet_is(m, "INVITE");
	x->ack = ms_sip_packet_is(m, "ACK");
	ms_buf_init(&x->last, 2 * p->wire->limits.message);
	ms_list_init(&x->waiting);
	ms_list_init(&x->answered);
	ms_timer_init(&x->repeat, "sip.timer-g", repeat_due, x);
	ms_timer_init(&x->timer, "sip.server", time_due, x);
	ms_timer_init(&x->decision, "sip.decision", decision_due, x);
	ms_list_append(&p->exchange_list, &x->link);
	p->n_exchanges++;
	return x;
}

void ms_sip_exchange_begin(struct ms_sip_proxy *p, struct ms_sip_packet *m,
			   const struct ms_sip_hop *from, const char *key)
{
	struct ms_sip_exchange *x = make(p, m, from);
	int err = x ? enlist(x, key) : -ENOMEM;

	if (err < 0) {
		ms_sip_proxy_count(p, MS_SIP_PROXY_REFUSED_LIMIT);
		ms_sip_proxy_refuse(p, m, from, 503);
		if (x)
			ms_sip_exchange_free(x);
		return;
	}
	if (ms_sip_exchange_read_routes(x) < 0) {
		/* RFC 5626 section 5.3.1. */
		ms_sip_proxy_count(p, MS_SIP_PROXY_TOKEN_FORGED);
		ms_sip_exchange_answer(x, 403, NULL, NULL);
		if (x->ack)
			ms_sip_exchange_free(x);
		return;
	}
	ms_timer_start(&x->decision, p->wire->limits.decision);
	if (x->invite)
		ms_sip_exchange_answer(x, 100, NULL, NULL);
	ms_sip_proxy_count(p, MS_SIP_PROXY_REQUESTS);
	x->known = true;
	p->handlers.request(x, p->arg);
}

/* ---- what comes after ---- */

void ms_sip_exchange_again(struct ms_sip_exchange *x)
{
	ms_sip_proxy_count(x->proxy, MS_SIP_PROXY_REPETITIONS);
	/* RFC 6026 section 7.1: in Accepted the user agent behind repeats its 2xx. */
	if (x->last.len > 0 && x->state < MS_SIP_SERVER_ACCEPTED)
		(void)!ms_sip_proxy_send_back(x->proxy, x->request, &x->from,
					      ms_buf_span(&x->last));
}

void ms_sip_exchange_acked(struct ms_sip_exchange *x)
{
	if (x->state != MS_SIP_SERVER_COMPLETED)
		return;
	x->state = MS_SIP_SERVER_CONFIRMED;
	ms_timer_stop(&x->repeat);
	ms_timer_start(&x->timer, x->from.transport == MS_SIP_UDP ? MS_SIP_PROXY_T4 : 0); /* I */
}

void ms_sip_exchange_cancel(struct ms_sip_exchange *x)
{
	struct ms_sip_proxy *p = x->proxy;

	if (x->state != MS_SIP_SERVER_PROCEEDING || x->cancelled)
		return;
	x->cancelled = true;
	if (x->client)
		ms_sip_client_cancel(x->client);
	else
		ms_sip_exchange_answer(x, 487, NULL, NULL);
	x->decided = true;
	if (p->handlers.cancelled)
		p->handlers.cancelled(x, p->arg);
}

/* ---- responses from behind ---- */

static bool same_response(const struct ms_sip_packet *a, const struct ms_sip_packet *b)
{
	return a && b && a->status == b->status && ms_span_eq(a->to_tag, b->to_tag) &&
	       ms_span_eq(ms_sip_packet_get(a, "RSeq"), ms_sip_packet_get(b, "RSeq"));
}

/* One that came before: what became of it is done again. */
static bool is_again(struct ms_sip_exchange *x, const struct ms_sip_packet *m)
{
	struct ms_list *link;

	if (!x->invite || !m || (m->status < 200 && ms_sip_packet_get(m, "RSeq").len == 0))
		return false;
	ms_list_foreach (link, &x->answered) {
		struct ms_sip_heard *h = MS_CONTAINER_OF(link, struct ms_sip_heard, link);

		if (!same_response(h->m, m))
			continue;
		if (h->sent.len > 0)
			(void)!ms_sip_proxy_send_back(x->proxy, x->request, &x->from,
						      ms_buf_span(&h->sent));
		return true;
	}
	ms_list_foreach (link, &x->waiting)
		if (same_response(MS_CONTAINER_OF(link, struct ms_sip_heard, link)->m, m))
			return true;
	return false;
}

/* After our final answer only a 2xx matters: it makes a dialog (section 16.7 item 10). */
static bool matters(const struct ms_sip_exchange *x, const struct ms_sip_packet *m)
{
	if (x->state == MS_SIP_SERVER_PROCEEDING)
		return !m || m->status != 100;
	return x->invite && ms_sip_packet_is_success(m);
}

void ms_sip_exchange_heard(struct ms_sip_exchange *x, struct ms_sip_packet *m,
			   enum ms_sip_failure why)
{
	struct ms_sip_heard *h;

	if (is_again(x, m)) {
		ms_sip_proxy_count(x->proxy, MS_SIP_PROXY_REPETITIONS);
		return;
	}
	if (!matters(x, m))
		return;
	h = x->n_heard < MS_SIP_HEARD_MAX ? ms_zalloc(sizeof(*h)) : NULL;
	if (!h) {
		/* It comes again, or the caller does. */
		ms_sip_proxy_count(x->proxy, MS_SIP_PROXY_REFUSED_LIMIT);
		if (!m || m->status >= 300)
			ms_sip_exchange_answer(x, 500, NULL, NULL);
		return;
	}
	h->m = m ? ms_sip_packet_ref(m) : NULL;
	h->why = why;
	ms_buf_init(&h->sent, 0);
	ms_list_append(&x->waiting, &h->link);
	x->n_heard++;
	ms_sip_exchange_ask(x);
}

/* ---- looking ---- */

const struct ms_sip_packet *ms_sip_exchange_request(const struct ms_sip_exchange *x)
{
	return x->request;
}

const struct ms_sip_hop *ms_sip_exchange_from(const struct ms_sip_exchange *x)
{
	return &x->from;
}

const struct ms_sip_hop *ms_sip_exchange_to(const struct ms_sip_exchange *x)
{
	return &x->to;
}

void ms_sip_exchange_set_user(struct ms_sip_exchange *x, void *user)
{
	x->user = user;
}

void *ms_sip_exchange_user(const struct ms_sip_exchange *x)
{
	return x->user;
}
