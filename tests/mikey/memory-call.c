/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a call between two users, for tests. */
#include "memory-call.h"

#include <errno.h>

void call_init(struct call *c, struct memory_kms *k, int from, int to,
	       const struct ms_mikey_suite *suite)
{
	*c = (struct call){ .k = k };
	c->a = memory_party(k, from, suite, false);
	c->b = memory_party(k, to, suite, false);
	ms_buf_init(&c->init, MS_MIKEY_MESSAGE_MAX);
	ms_buf_init(&c->resp, MS_MIKEY_MESSAGE_MAX);
	ms_buf_init(&c->out, MS_MIKEY_MESSAGE_MAX);
	ms_buf_init(&c->in, MS_MIKEY_MESSAGE_MAX);
}

static void forget(struct call *c)
{
	c->transfer = ms_mikey_transfer_free(c->transfer);
	c->incoming = ms_mikey_incoming_free(c->incoming);
	c->csb_a = ms_mikey_csb_free(c->csb_a);
	c->csb_b = ms_mikey_csb_free(c->csb_b);
}

void call_done(struct call *c)
{
	forget(c);
	c->ticket = ms_mikey_ticket_held_free(c->ticket);
	ms_buf_done(&c->init);
	ms_buf_done(&c->resp);
	ms_buf_done(&c->out);
	ms_buf_done(&c->in);
}

int call_ticket(struct call *c, const struct ms_mikey_wanted *w)
{
	MS_CLEANUP(ms_mikey_request_freep) struct ms_mikey_request *r = NULL;
	int err;

	c->ticket = ms_mikey_ticket_held_free(c->ticket);
	if (!(w->flags & MS_MIKEY_FLAG_D))
		return ms_mikey_ticket_held_make(&c->a, w, c->k->now, &c->ticket);
	ms_buf_reset(&c->out);
	err = ms_mikey_request_start(&c->a, w, c->k->now, &c->out, &r);
	if (err == 0)
		err = memory_ask(c->k, ms_buf_span(&c->out), &c->in);
	if (err == 0)
		err = ms_mikey_request_finish(r, ms_buf_span(&c->in), c->k->now, &c->fault,
					      &c->ticket);
	return err;
}

int call_offer(struct call *c, const struct ms_mikey_offer *o)
{
	const struct ms_mikey_session tls = { .cs_id = 1, .prot_type = c->k->local.prot_tls };
	const struct ms_mikey_offer one = {
		.called = c->b.id, .session = &tls, .n_sessions = 1, .sdp_ids = MS_SPAN_LIT("mikey")
	};

	forget(c);
	ms_buf_reset(&c->init);
	return ms_mikey_transfer_start(&c->a, c->ticket, o ? o : &one, c->k->now, &c->init,
				       &c->transfer);
}

static int resolve(struct call *c)
{
	int err;

	ms_buf_reset(&c->out);
	err = ms_mikey_incoming_resolve(c->incoming, c->k->now, &c->out);
	if (err == 0)
		err = memory_ask(c->k, ms_buf_span(&c->out), &c->in);
	if (err == 0)
		err = ms_mikey_incoming_resolved(c->incoming, ms_buf_span(&c->in), c->k->now,
						 &c->fault);
	return err;
}

int call_receive(struct call *c)
{
	int err;

	c->incoming = ms_mikey_incoming_free(c->incoming);
	err = ms_mikey_incoming_new(&c->b, ms_buf_span(&c->init), MS_SPAN_LIT("mikey"), c->replay,
				    c->k->now, &c->fault, &c->incoming);
	if (err < 0)
		return err;
	if (ms_mikey_incoming_can_open(c->incoming))
		return ms_mikey_incoming_open(c->incoming, c->k->now, &c->fault);
	return resolve(c);
}

int call_answer(struct call *c, const struct ms_mikey_answer *answer)
{
	int err;

	ms_buf_reset(&c->resp);
	err = ms_mikey_incoming_answer(c->incoming, answer, c->k->now, &c->resp, &c->csb_b);
	if (err < 0)
		return err;
	if (c->resp.len == 0)
		return ms_mikey_transfer_bundle(c->transfer, &c->csb_a);
	return ms_mikey_transfer_finish(c->transfer, ms_buf_span(&c->resp), c->k->now, &c->fault,
					&c->csb_a);
}

int call_all(struct call *c, uint16_t flags, const char *resolver)
{
	const struct ms_mikey_id id = memory_id(resolver);
	const struct ms_mikey_wanted w = { .flags = flags, .responder = &id, .n_responders = 1 };
	int err = call_ticket(c, &w);

	if (err == 0)
		err = call_offer(c, NULL);
	if (err == 0)
		err = call_receive(c);
	return err < 0 ? err : call_answer(c, NULL);
}

static bool same(const struct ms_mikey_traffic *x, const struct ms_mikey_traffic *y)
{
	return x && y && x->prot_type == y->prot_type && x->tek.len >= 16 && x->ssrc == y->ssrc &&
	       ms_secret_equal(ms_secret_span(&x->tek), ms_secret_span(&y->tek)) &&
	       ms_secret_equal(ms_secret_span(&x->salt), ms_secret_span(&y->salt));
}

bool call_agrees(const struct call *c)
{
	size_t n = ms_mikey_csb_count(c->csb_a);

	for (size_t i = 0; i < n; i++) {
		const struct ms_mikey_traffic *x = ms_mikey_csb_at(c->csb_a, i);

		if (!same(x, ms_mikey_csb_traffic(c->csb_b, x->cs_id)))
			return false;
	}
	return n > 0 && n == ms_mikey_csb_count(c->csb_b);
}
