/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of ours: repetition with timers that adapt (RFC 3525 D.1.3), Pendings, giving up. */
#include <errno.h>

#include "h248/association-priv.h"

/* TCP's gains and factor; annex D.1.3 leaves them open. */
#define AAD_SHIFT 3
#define ADEV_SHIFT 2
#define ADEV_FACTOR 4

static struct ms_h248_waiting *find(const struct ms_h248_entity *e, uint32_t id)
{
	for (struct ms_h248_idlink *l = ms_h248_idmap_first(&e->waiting, id); l; l = l->next)
		if (l->hash == id)
			return MS_H248_OWNER(l, struct ms_h248_waiting, link);
	return NULL;
}

static void waiting_free(struct ms_h248_waiting *w)
{
	struct ms_h248_entity *e = w->a->e;

	ms_h248_idmap_take(&e->waiting, &w->link);
	ms_list_remove(&w->all);
	ms_h248_wheel_stop(&e->wheel, &w->timer);
	w->a->n_waiting--;
	e->counts.waiting--;
	ms_h248_parts_free(w);
	ms_h248_pool_put(&e->pool, w->octets, w->len);
	ms_h248_pool_put(&e->pool, w, sizeof(*w));
}

/* ---- timers ---- */

static ms_usec clamp(ms_usec v, ms_usec least, ms_usec largest)
{
	return v < least ? least : v > largest ? largest : v;
}

/* xorshift64*: breaks synchronisation between peers; nobody's secret hangs on it. */
static uint64_t dice(struct ms_h248_entity *e)
{
	e->dice ^= e->dice >> 12;
	e->dice ^= e->dice << 25;
	e->dice ^= e->dice >> 27;
	return e->dice * 0x2545f4914f6cdd1dU;
}

static ms_usec first_delay(const struct ms_h248_association *a)
{
	const struct ms_h248_timers *t = &a->e->timers;

	ms_usec estimate = a->aad == 0 ? t->first : a->aad + ADEV_FACTOR * a->adev;

	if (a->path.transport != MS_H248_UDP)
		return t->stream;
	return clamp(estimate > a->held ? estimate : a->held, t->shortest, t->longest);
}

/* "It should double AAD, compute a random value between 0.5 AAD and AAD, and set the timer to the sum
 * of that and N times the average deviation" (annex D.1.3). */
static ms_usec next_delay(struct ms_h248_waiting *w)
{
	struct ms_h248_entity *e = w->a->e;
	ms_usec half;

	if (w->pendings > 0)
		return e->timers.after_pending;
	if (w->a->path.transport != MS_H248_UDP)
		return e->timers.stream; /* annex D.2.3 */
	w->delay = clamp(w->delay * 2, e->timers.shortest, e->timers.longest);
	/* Other requests begin with it as well: repeated ones measure nothing, so that a network that became
	 * slow would never be noticed. It is no measured delay: the next one that is lifts it, and where
	 * messages are lost at random, requests that needed no repetition come soon. */
	if (w->delay > w->a->held)
		w->a->held = w->delay;
	half = w->delay / 2;
	return clamp(half + (ms_usec)(dice(e) % (uint64_t)(half + 1)) + ADEV_FACTOR * w->a->adev,
		     e->timers.shortest, e->timers.longest);
}

static void measure(struct ms_h248_association *a, ms_usec delay)
{
	ms_usec off;

	a->held = 0;
	if (a->aad == 0) {
		a->aad = delay > 0 ? delay : 1;
		a->adev = delay / 2;
		return;
	}
	off = delay - a->aad;
	a->aad += off / (1 << AAD_SHIFT);
	a->adev += ((off < 0 ? -off : off) - a->adev) / (1 << ADEV_SHIFT);
	if (a->aad <= 0)
		a->aad = 1;
}

static void arm(struct ms_h248_waiting *w, ms_usec delay, ms_usec now)
{
	ms_h248_wheel_set(&w->a->e->wheel, &w->timer, ms_usec_add(now, delay));
}

/* ---- sending ---- */

/* "Unique within the scope of the sender" (section 8.1.1); 0 means that there was none. */
static uint32_t new_id(struct ms_h248_entity *e)
{
	do
		e->next_id++;
	while (e->next_id == 0 || find(e, e->next_id));
	return e->next_id;
}

static struct ms_h248_waiting *waiting_new(struct ms_h248_association *a, uint32_t id)
{
	struct ms_h248_entity *e = a->e;
	struct ms_h248_waiting *w = ms_h248_pool_get(&e->pool, sizeof(*w));

	if (!w)
		return NULL;
	memset(w, 0, sizeof(*w));
	ms_list_init(&w->parts);
	w->octets = ms_h248_keep(e, ms_buf_span(&e->scratch));
	if (!w->octets) {
		ms_h248_pool_put(&e->pool, w, sizeof(*w));
		return NULL;
	}
	w->len = e->scratch.len;
	w->a = a;
	w->id = id;
	w->timer.kind = MS_H248_TIMER_REPEAT;
	w->link.hash = id;
	ms_h248_idmap_put(&e->waiting, &w->link);
	ms_list_append(&a->waiting, &w->all);
	a->n_waiting++;
	e->counts.waiting++;
	return w;
}

int ms_h248_request(struct ms_h248_association *a, struct ms_h248_action *actions, void *request,
		    ms_usec now, uint32_t *ret_id)
{
	struct ms_h248_entity *e = a->e;
	struct ms_h248_transaction t = { .kind = MS_H248_REQUEST, .actions = actions };
	struct ms_h248_waiting *w;
	int err;

	if (a->ended)
		return -ECONNRESET;
	if (a->n_waiting >= e->limits.requests)
		return -EAGAIN;
	t.id = new_id(e);
	err = ms_h248_encode(a, &a->path, &t);
	if (err)
		return err;
	w = waiting_new(a, t.id);
	if (!w)
		return -ENOMEM;
	ms_h248_wheel_see(&e->wheel, now);
	w->request = request;
	w->sent = w->heard = now;
	w->delay = first_delay(a);
	arm(w, w->delay, now);
	e->counts.requests_out++;
	ms_h248_gather_put(a, &a->path, ms_span_of(w->octets, w->len));
	*ret_id = t.id;
	return 0;
}

void ms_h248_waiting_resend(struct ms_h248_association *a, ms_usec now)
{
	struct ms_list *link;

	ms_list_foreach (link, &a->waiting) {
		struct ms_h248_waiting *w = MS_H248_OWNER(link, struct ms_h248_waiting, all);

		w->heard = now;
		w->repeats = w->pendings = 0;
		w->repeated = true;
		w->delay = first_delay(a);
		arm(w, w->delay, now);
		a->e->counts.repeats_out++;
		ms_h248_gather_put(a, &a->path, ms_span_of(w->octets, w->len));
	}
}

/* ---- the end of a request ---- */

void ms_h248_waiting_fail(struct ms_h248_waiting *w, int err)
{
	struct ms_h248_association *a = w->a;
	void *request = w->request;

	waiting_free(w);
	a->e->handlers.answered(a, request, err, NULL, NULL, a->e->arg);
}

static void give_up(struct ms_h248_waiting *w)
{
	struct ms_h248_association *a = w->a;
	struct ms_h248_entity *e = a->e;
	bool first = !a->lost;

	a->lost = true;
	e->counts.timeouts++;
	ms_h248_waiting_fail(w, -ETIMEDOUT);
	if (first && !a->ended && e->handlers.lost)
		e->handlers.lost(a, MS_H248_LOST_TIMEOUT, e->arg);
}

void ms_h248_waiting_repeat(struct ms_h248_waiting *w, ms_usec now)
{
	struct ms_h248_entity *e = w->a->e;

	/* "Prior to any retransmission, it is checked that the time elapsed since the sending of the
	 * initial datagram is no greater than T-MAX" (annex D.1.5). */
	if (now - w->heard >= e->timers.t_max || w->repeats >= e->timers.repeats) {
		give_up(w);
		return;
	}
	w->repeats++;
	w->repeated = true;
	e->counts.repeats_out++;
	arm(w, next_delay(w), now);
	ms_h248_gather_put(w->a, &w->a->path, ms_span_of(w->octets, w->len));
}

/* ---- what comes back ---- */

static struct ms_h248_waiting *asked(struct ms_h248_association *a, uint32_t id)
{
	struct ms_h248_waiting *w = find(a->e, id);

	if (w && w->a == a)
		return w;
	a->e->counts.strays++;
	return NULL;
}

/* The end: the reply is confirmed and the user told. */
static void answered(struct ms_h248_waiting *w, int err, const struct ms_h248_message *m,
		     const struct ms_h248_transaction *t, ms_usec now)
{
	struct ms_h248_association *a = w->a;
	void *request = w->request;

	/* "Upon receipt of a final response following receipt of provisional responses, an immediate
	 * confirmation shall be sent" (annex D.1.4) */
	ms_h248_ack_put(a, w->id, t->ack_required || w->pendings > 0, now);
	if (!w->repeated && w->pendings == 0 && w->n_parts == 0)
		measure(a, now - w->sent);
	a->e->counts.replies_in++;
	waiting_free(w);
	a->e->handlers.answered(a, request, err, err ? NULL : m, err ? NULL : t, a->e->arg);
}

/* H.248.1 version 3: each segment is confirmed; from the first on the request is not repeated. */
static void receive_segment(struct ms_h248_association *a, struct ms_h248_waiting *w,
			    const struct ms_h248_message *m, const struct ms_h248_transaction *t,
			    ms_usec now)
{
	struct ms_h248_transaction whole;
	struct ms_h248_transaction confirm = { .kind = MS_H248_SEGMENT_REPLY,
					       .id = t->id,
					       .segment = t->segment,
					       .segment_end = t->segment_end };
	int r = w ? ms_h248_part_receive(w, t, &whole) : 0;

	if (r == -ENOBUFS)
		return;
	a->e->counts.segments_in++;
	ms_h248_send_once(a, &a->path, &confirm);
	if (w && r == 0) {
		w->heard = now;
		arm(w, a->e->timers.t_max, now);
	} else if (w) {
		answered(w, r < 0 ? r : 0, m, &whole, now);
		ms_h248_arena_done(&a->e->whole); /* large and rare */
	}
}

void ms_h248_waiting_reply(struct ms_h248_association *a, const struct ms_h248_message *m,
			   const struct ms_h248_transaction *t, ms_usec now)
{
	struct ms_h248_waiting *w = asked(a, t->id);

	if (!w && t->ack_required) /* it has not heard our confirmation */
		ms_h248_ack_put(a, t->id, true, now);
	if (t->segment)
		receive_segment(a, w, m, t, now);
	else if (w)
		answered(w, 0, m, t, now);
}

void ms_h248_waiting_pending(struct ms_h248_association *a, uint32_t id, ms_usec now)
{
	struct ms_h248_waiting *w = asked(a, id);

	a->e->counts.pendings_in++;
	if (!w)
		return;
	if (++w->pendings > a->timing.pendings_in) {
		ms_h248_waiting_fail(w, -EMLINK);
		return;
	}
	w->heard = now;
	w->repeats = 0;
	arm(w, a->e->timers.after_pending, now);
}
