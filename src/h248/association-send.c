/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way out: transactions are encoded one by one and gathered into messages (RFC 3525 section 8.3).
 */
#include <errno.h>

#include "h248/association-priv.h"

/* Room for header and message identifier around transactions. */
#define ENVELOPE 512u

size_t ms_h248_most(const struct ms_h248_entity *e, const struct ms_h248_path *to)
{
	size_t max = e->limits.message;

	if (to->transport == MS_H248_UDP && e->limits.datagram < max)
		max = e->limits.datagram;
	return max > ENVELOPE ? max - ENVELOPE : 0;
}

static int bind_out(struct ms_h248_entity *e, const struct ms_h248_path *to,
		    struct ms_h248_transaction *t)
{
	enum ms_h248_bind form = to->codec->binary ? MS_H248_BIND_BER : MS_H248_BIND_TEXT;

	if (!e->registry)
		return 0;
	ms_h248_arena_reset(&e->bound);
	return ms_h248_bind_transaction(t, e->registry, form, &e->bound, NULL);
}

int ms_h248_encode(struct ms_h248_association *a, const struct ms_h248_path *to,
		   struct ms_h248_transaction *t)
{
	struct ms_h248_entity *e = a->e;
	int err = bind_out(e, to, t);

	if (err)
		return err;
	ms_buf_reset(&e->scratch);
	to->codec->put_transaction(&e->scratch, t, a->version);
	err = ms_buf_status(&e->scratch);
	if (!err && e->scratch.len > ms_h248_most(e, to))
		err = -EMSGSIZE;
	return err;
}

uint8_t *ms_h248_keep(struct ms_h248_entity *e, struct ms_span octets)
{
	uint8_t *p = ms_h248_pool_get(&e->pool, octets.len);

	if (p && octets.len > 0)
		memcpy(p, octets.p, octets.len);
	return p;
}

/* ---- messages ---- */

static void send_message(struct ms_h248_association *a, const struct ms_h248_path *to,
			 const struct ms_h248_message *m, struct ms_span transactions)
{
	struct ms_h248_entity *e = a->e;

	ms_buf_reset(&e->message);
	to->codec->put_message(&e->message, m, transactions);
	if (ms_buf_status(&e->message) != 0)
		return; /* no memory: as if it were lost */
	e->counts.messages_out++;
	e->counts.octets_out += e->message.len;
	e->wire.send(to, ms_buf_span(&e->message), e->wire.arg);
}

void ms_h248_gather_flush(struct ms_h248_association *a)
{
	struct ms_h248_gather *g = &a->out;
	struct ms_h248_message m = { .version = (uint8_t)a->version, .mid = a->e->mid };

	if (g->n > 0 && ms_buf_status(&g->body) == 0)
		send_message(a, &g->path, &m, ms_buf_span(&g->body));
	ms_buf_reset(&g->body);
	g->n = 0;
	if (g->body.cap > 2 * a->e->limits.batch_octets) { /* it was an exceptional one */
		ms_buf_done(&g->body);
		ms_buf_init(&g->body, a->e->limits.message);
	}
	if (g->listed)
		ms_list_remove(&g->link);
	g->listed = false;
}

static void want_flush(struct ms_h248_association *a)
{
	struct ms_h248_entity *e = a->e;

	if (a->out.listed)
		return;
	if (ms_list_empty(&e->gathers) && e->wire.wanted)
		e->wire.wanted(e->wire.arg);
	ms_list_append(&e->gathers, &a->out.link);
	a->out.listed = true;
}

void ms_h248_gather_put(struct ms_h248_association *a, const struct ms_h248_path *to,
			struct ms_span transaction)
{
	struct ms_h248_gather *g = &a->out;
	const struct ms_h248_limits *limits = &a->e->limits;

	if (g->n > 0 && (g->n >= limits->batch ||
			 g->body.len + transaction.len + ENVELOPE > limits->batch_octets ||
			 !ms_h248_same_path(&g->path, to)))
		ms_h248_gather_flush(a);
	if (g->n++ == 0)
		g->path = *to;
	ms_buf_put_span(&g->body, transaction);
	want_flush(a);
}

void ms_h248_send_once(struct ms_h248_association *a, const struct ms_h248_path *to,
		       struct ms_h248_transaction *t)
{
	if (ms_h248_encode(a, to, t) == 0)
		ms_h248_gather_put(a, to, ms_buf_span(&a->e->scratch));
}

static bool may_complain(struct ms_h248_entity *e, ms_usec now)
{
	if (now / MS_SEC != e->error_second) {
		e->error_second = now / MS_SEC;
		e->errors_made = 0;
	}
	return e->errors_made++ < e->limits.errors;
}

void ms_h248_send_refusal(struct ms_h248_association *a, const struct ms_h248_path *to,
			  const struct ms_h248_refused *refused, ms_usec now)
{
	struct ms_h248_error error = { .code = (uint16_t)refused->fault.code };
	struct ms_h248_message m = { .version = (uint8_t)a->version,
				     .mid = a->e->mid,
				     .error = &error };
	struct ms_h248_action action = { .context = refused->context, .error = &error };
	struct ms_h248_transaction reply = { .kind = MS_H248_REPLY, .id = refused->transaction };

	if (error.code == 0 || !may_complain(a->e, now))
		return;
	a->e->counts.message_errors_out++;
	if (!refused->has_transaction) {
		send_message(a, to, &m, MS_SPAN_NULL);
	} else if (refused->kind == MS_H248_REQUEST) {
		reply.actions = refused->has_context ? &action : NULL;
		reply.error = refused->has_context ? NULL : &error;
		ms_h248_send_once(a, to, &reply);
	}
}

/* ---- acknowledgements of replies (RFC 3525 D.1.2.2) ---- */

void ms_h248_ack_put(struct ms_h248_association *a, uint32_t id, bool now_please, ms_usec now)
{
	ms_usec delay = a->e->timers.ack_delay;

	if (!now_please && delay == 0)
		return;
	if (ms_h248_idset_put(&a->acks, id) != 0) {
		ms_h248_ack_send(a);
		if (ms_h248_idset_put(&a->acks, id) != 0)
			return; /* no memory: the peer forgets it after LONG-TIMER */
	}
	a->ack_now |= now_please;
	if (a->ack_now)
		want_flush(a);
	if (!a->ack_timer.set)
		ms_h248_wheel_set(&a->e->wheel, &a->ack_timer, ms_usec_add(now, delay));
}

void ms_h248_ack_send(struct ms_h248_association *a)
{
	struct ms_h248_entity *e = a->e;
	struct ms_h248_ack acks[MS_H248_ACK_RUNS] = { 0 };
	struct ms_h248_transaction t = { .kind = MS_H248_ACK, .acks = acks };

	if (a->acks.n == 0)
		return;
	for (uint32_t i = 0; i < a->acks.n; i++)
		acks[i] = (struct ms_h248_ack){ i + 1 < a->acks.n ? &acks[i + 1] : NULL,
						a->acks.runs[i].first, a->acks.runs[i].last };
	ms_h248_idset_clear(&a->acks);
	ms_h248_wheel_stop(&e->wheel, &a->ack_timer);
	a->ack_now = false;
	e->counts.acks_out++;
	ms_h248_send_once(a, &a->path, &t);
}

/* ---- the end of a round ---- */

void ms_h248_entity_flush(struct ms_h248_entity *e, ms_usec now)
{
	(void)now;
	ms_h248_entity_enter(e);
	while (!ms_list_empty(&e->gathers)) {
		struct ms_h248_association *a =
			MS_H248_OWNER(e->gathers.next, struct ms_h248_association, out.link);

		if (a->acks.n > 0 && (a->ack_now || ms_h248_same_path(&a->out.path, &a->path)))
			ms_h248_ack_send(a); /* company for what goes there anyway */
		ms_h248_gather_flush(a);
	}
	ms_h248_entity_leave(e);
}
