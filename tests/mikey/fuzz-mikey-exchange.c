/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile octets for everybody who waits for a message: Initiator (answers to a Ticket Request and a
 * Transfer), Responder (a TRANSFER_INIT, an answer to a Resolve), both ends of a bundle (updates).
 *
 * The first octet says who, and with its top bit whether the MAC is put right before the message is
 * handed over, so that what lies behind the MAC is reached as well. All keys are the same in each
 * run. Nothing that is refused may change anything: the genuine message is still taken afterwards.
 */
#include <stdlib.h>

#include "core/alloc.h"
#include "memory-call.h"
#include "mikey/bundle.h"
#include "mikey/guard.h"
#include "mikey/held-priv.h"
#include "mikey/resolve-priv.h"
#include "mikey/ticket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REQUEST, TRANSFER, INCOMING, RESOLVE, UPDATE, UPDATE_ANSWER, N_ROLES };

/* What all receivers have: one whole call, and the messages that were sent. */
static struct {
	bool ready;
	struct memory_kms k;
	struct call c;
	struct ms_mikey_request *request;
	struct ms_mikey_resolve *resolve;
	struct ms_buf genuine[N_ROLES];
} w;

static int next_octets(void *arg, void *p, size_t n)
{
	uint32_t *x = arg;

	for (size_t i = 0; i < n; i++) {
		*x = *x * 1664525 + 1013904223;
		((uint8_t *)p)[i] = (uint8_t)(*x >> 24);
	}
	return 0;
}

static void need(bool ok)
{
	if (!ok)
		abort();
}

static void keep(int role, struct ms_span s)
{
	ms_buf_init(&w.genuine[role], MS_MIKEY_MESSAGE_MAX);
	ms_buf_put_span(&w.genuine[role], s);
}

static void start_request(void)
{
	const struct ms_mikey_id bob = memory_id("sip:bob@example.com");
	const struct ms_mikey_wanted want = { .flags = SESSION_FLAGS | MS_MIKEY_FLAG_L |
						       MS_MIKEY_FLAG_M,
					      .responder = &bob,
					      .n_responders = 1 };

	need(ms_mikey_request_start(&w.c.a, &want, w.k.now, &w.c.out, &w.request) == 0);
	need(memory_ask(&w.k, ms_buf_span(&w.c.out), &w.c.in) == 0);
	keep(REQUEST, ms_buf_span(&w.c.in));
	need(ms_mikey_request_finish(w.request, ms_buf_span(&w.c.in), w.k.now, NULL, &w.c.ticket) ==
	     0);
}

static void start_update(void)
{
	const struct ms_mikey_update u = { .want_answer = true };
	struct ms_mikey_csb *csb;

	keep(UPDATE, MS_SPAN_NULL);
	need(ms_mikey_csb_update_start(w.c.csb_a, &u, w.k.now, &w.genuine[UPDATE]) == 0);
	keep(UPDATE_ANSWER, MS_SPAN_NULL);
	need(ms_mikey_transfer_finish(w.c.transfer, ms_buf_span(&w.c.resp), w.k.now, NULL, &csb) ==
	     0);
	ms_mikey_csb_free(csb);
	need(ms_mikey_csb_update_take(w.c.csb_b, ms_buf_span(&w.genuine[UPDATE]), NULL, NULL,
				      w.k.now, &w.genuine[UPDATE_ANSWER], NULL) == 0);
}

static void start(void)
{
	static uint32_t seed = 1;
	static struct ms_random random = { next_octets, &seed };

	memory_random = &random;
	need(memory_kms_init(&w.k) == 0);
	call_init(&w.c, &w.k, ALICE, BOB, &ms_mikey_suite_128);
	start_request();
	need(call_offer(&w.c, NULL) == 0 && call_receive(&w.c) == 0);
	keep(INCOMING, ms_buf_span(&w.c.init));
	keep(RESOLVE, ms_buf_span(&w.c.in));
	need(ms_mikey_resolve_resume(&w.c.b, ms_buf_span(&w.c.out), MS_SPAN_NULL, &w.resolve) == 0);
	need(call_answer(&w.c, NULL) == 0);
	keep(TRANSFER, ms_buf_span(&w.c.resp));
	start_update();
	w.ready = true;
}

/* A message decoded, and the keys that protect it. */
struct sealed {
	struct ms_mikey_message m, init;
	struct ms_mikey_guard g;
	struct ms_mikey_cover c;
	enum ms_mikey_which which;
};

static int kms_guard(struct sealed *s, struct ms_span init, struct ms_span psk)
{
	need(ms_mikey_decode(init, &s->init, NULL) == 0);
	ms_mikey_cover_resp(&s->c, &s->m, init);
	return ms_mikey_guard_set(&s->g, &s->m.hdr, psk, s->init.rand_i, s->init.rand_r);
}

static int bundle_guard(struct sealed *s, struct ms_span init)
{
	const struct ms_mikey_csb *c = w.c.csb_b;
	static struct ms_mikey_message resp;

	need(ms_mikey_decode(ms_buf_span(&w.genuine[TRANSFER]), &resp, NULL) == 0);
	need(ms_mikey_decode(ms_buf_span(&w.genuine[INCOMING]), &s->init, NULL) == 0);
	if (init.p)
		ms_mikey_cover_resp(&s->c, &s->m, init);
	else
		ms_mikey_cover_init(&s->c, &s->m, s->m.id_i.data.p ? s->m.id_i.data : w.c.a.id.data,
				    s->m.id_r.data.p ? s->m.id_r.data : w.c.b.id.data);
	return ms_mikey_guard_set(&s->g, &s->m.hdr, ms_secret_span(&c->key), s->init.rand_i,
				  resp.rand_r);
}

static int guard(struct sealed *s, int role)
{
	const struct ms_mikey_resolved *r = ms_mikey_incoming_outcome(w.c.incoming);

	s->which = role == INCOMING ? MS_MIKEY_INIT : MS_MIKEY_RESP;
	switch (role) {
	case REQUEST:
		return kms_guard(s, ms_mikey_request_sent(w.request), w.c.a.psk);
	case RESOLVE:
		return kms_guard(s, ms_mikey_resolve_sent(w.resolve), w.c.b.psk);
	case INCOMING:
		ms_mikey_cover_init(&s->c, &s->m,
				    s->m.id_i.data.p ? s->m.id_i.data : s->m.ticket.initiator.data,
				    s->m.id_r.data.p ? s->m.id_r.data : w.c.b.id.data);
		return ms_mikey_guard_set(&s->g, &s->m.hdr, ms_secret_span(&r->mpki), s->m.rand_i,
					  MS_SPAN_NULL);
	case TRANSFER:
		need(ms_mikey_decode(ms_buf_span(&w.genuine[INCOMING]), &s->init, NULL) == 0);
		ms_mikey_cover_resp(&s->c, &s->m, s->init.raw);
		return ms_mikey_guard_set(&s->g, &s->m.hdr, ms_secret_span(&r->mpkr),
					  s->init.rand_i, s->m.rand_r);
	case UPDATE:
		return bundle_guard(s, MS_SPAN_NULL);
	default:
		return bundle_guard(s, ms_buf_span(&w.genuine[UPDATE]));
	}
}

/* As if the sender had made the message: the MAC, and Vi with it. */
static void put_right(int role, uint8_t *p, size_t n)
{
	static struct sealed s;
	size_t len;

	if (ms_mikey_decode(ms_span_of(p, n), &s.m, NULL) < 0 || !s.m.v.set || s.m.v.mac.len == 0 ||
	    guard(&s, role) < 0)
		return;
	len = s.m.v.mac.len;
	if (ms_mikey_guard_mac(&s.g, s.which, s.m.v.mac_alg, &s.c, p + s.m.v_mac) < 0)
		return;
	/* First Payload, Next Payload, algorithm, MAC of Vi. */
	if (s.m.ticket.set && s.m.ticket.initiator_data.len >= 3 + len)
		memmove(p + s.m.initiator_data + 2 + 3, p + s.m.v_mac, len);
}

static int take_incoming(struct ms_span in)
{
	MS_CLEANUP(ms_mikey_incoming_freep) struct ms_mikey_incoming *i = NULL;
	MS_CLEANUP(ms_mikey_csb_freep) struct ms_mikey_csb *csb = NULL;
	MS_CLEANUP(ms_mikey_resolved_freep) struct ms_mikey_resolved *any = NULL;
	struct ms_buf out;
	int err = ms_mikey_incoming_new(&w.c.b, in, MS_SPAN_NULL, NULL, w.k.now, NULL, &i);

	if (err < 0)
		return err;
	need(ms_mikey_resolved_copy(ms_mikey_incoming_outcome(w.c.incoming), &any) == 0);
	any->any = true;
	err = ms_mikey_incoming_use(i, any, w.k.now, NULL);
	if (err < 0)
		return err;
	ms_buf_init(&out, MS_MIKEY_MESSAGE_MAX);
	err = ms_mikey_incoming_answer(i, NULL, w.k.now, &out, &csb);
	ms_buf_done(&out);
	return err;
}

/* Bundles change, so each input gets one of its own. */
static int take_update(struct ms_span in, bool answer)
{
	MS_CLEANUP(ms_mikey_csb_freep) struct ms_mikey_csb *csb = NULL;
	const struct ms_mikey_csb *from = answer ? w.c.csb_a : w.c.csb_b;
	struct ms_mikey_csb_state s = { .initiator = answer,
					.transfer_init = ms_buf_span(&w.genuine[INCOMING]),
					.transfer_resp = ms_buf_span(&w.genuine[TRANSFER]),
					.key = ms_secret_span(&from->key),
					.keys = &from->keys };
	struct ms_buf out;
	int err;

	need(ms_mikey_csb_resume(answer ? &w.c.a : &w.c.b, &s, &csb) == 0);
	if (answer) {
		need(ms_mikey_csb_update_resume(csb, ms_buf_span(&w.genuine[UPDATE])) == 0);
		return ms_mikey_csb_update_finish(csb, in, w.k.now, NULL);
	}
	ms_buf_init(&out, MS_MIKEY_MESSAGE_MAX);
	err = ms_mikey_csb_update_take(csb, in, NULL, NULL, w.k.now, &out, NULL);
	need(err == 0 || out.len == 0);
	ms_buf_done(&out);
	return err;
}

static int take(int role, struct ms_span in)
{
	MS_CLEANUP(ms_mikey_ticket_held_freep) struct ms_mikey_ticket_held *h = NULL;
	MS_CLEANUP(ms_mikey_resolved_freep) struct ms_mikey_resolved *r = NULL;
	MS_CLEANUP(ms_mikey_csb_freep) struct ms_mikey_csb *csb = NULL;

	switch (role) {
	case REQUEST:
		return ms_mikey_request_finish(w.request, in, w.k.now, NULL, &h);
	case RESOLVE:
		return ms_mikey_resolve_finish(w.resolve, in, w.k.now, NULL, &r);
	case TRANSFER:
		return ms_mikey_transfer_finish(w.c.transfer, in, w.k.now, NULL, &csb);
	case INCOMING:
		return take_incoming(in);
	default:
		return take_update(in, role == UPDATE_ANSWER);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;
	int role, err;

	if (!w.ready)
		start();
	if (size == 0)
		return 0;
	role = (data[0] & 0x7f) % N_ROLES;
	copy = ms_zalloc(size);
	need(copy != NULL);
	memcpy(copy, data + 1, size - 1);
	if (data[0] & 0x80)
		put_right(role, copy, size - 1);
	err = take(role, ms_span_of(copy, size - 1));
	ms_free(copy);
	need(err == 0 || take(role, ms_buf_span(&w.genuine[role])) == 0);
	return 0;
}
