/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile CSB updates and answers to updates (RFC 6043 section 5.2), for a bundle of an SRTP and a
 * TLS session.
 *
 * The first octet says which of the two, and with its top bit whether the MAC is put right before the
 * message is handed over, so that what lies behind the MAC is reached as well. All keys are the same
 * in each run. Nothing that is refused may change anything: the genuine message is still taken
 * afterwards.
 */
#include <stdlib.h>

#include "core/alloc.h"
#include "memory-call.h"
#include "mikey/bundle.h"
#include "mikey/guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { UPDATE, ANSWER, N_KINDS };

/* One whole call, an update of the caller's and its answer. */
static struct {
	bool ready;
	struct memory_kms k;
	struct call c;
	struct ms_buf genuine[N_KINDS];
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

static void call(void)
{
	const struct ms_mikey_id bob = memory_id("sip:bob@example.com");
	const struct ms_mikey_wanted want = { .flags = SESSION_FLAGS | MS_MIKEY_FLAG_L |
						       MS_MIKEY_FLAG_M,
					      .responder = &bob,
					      .n_responders = 1 };
	const struct ms_mikey_session session[] = {
		{ .cs_id = 1, .n_policies = 1, .has_ssrc = true, .ssrc = 7 },
		{ .cs_id = 2, .prot_type = w.k.local.prot_tls },
	};
	const struct ms_mikey_sp sp = { .prot_type = MS_MIKEY_PROT_SRTP };
	const struct ms_mikey_offer o = { .called = w.c.b.id,
					  .session = session,
					  .n_sessions = 2,
					  .sp = &sp,
					  .n_sps = 1,
					  .sdp_ids = MS_SPAN_LIT("mikey") };

	need(call_ticket(&w.c, &want) == 0 && call_offer(&w.c, &o) == 0);
	need(call_receive(&w.c) == 0 && call_answer(&w.c, NULL) == 0);
}

/* A bundle as it was before the update, of one end. */
static struct ms_mikey_csb *bundle(bool initiator)
{
	const struct ms_mikey_csb *from = initiator ? w.c.csb_a : w.c.csb_b;
	struct ms_mikey_csb_state s = { .initiator = initiator,
					.transfer_init = ms_buf_span(&w.c.init),
					.transfer_resp = ms_buf_span(&w.c.resp),
					.key = ms_secret_span(&from->key),
					.keys = &from->keys };
	struct ms_mikey_csb *csb;

	need(ms_mikey_csb_resume(initiator ? &w.c.a : &w.c.b, &s, &csb) == 0);
	return csb;
}

static void start(void)
{
	static uint32_t seed = 1;
	static struct ms_random random = { next_octets, &seed };
	MS_CLEANUP(ms_mikey_csb_freep) struct ms_mikey_csb *a = NULL, *b = NULL;
	struct ms_mikey_keyring ring = { .n = 0 };
	const struct ms_mikey_update u = { .keys = &ring, .want_answer = true };

	memory_random = &random;
	need(memory_kms_init(&w.k) == 0);
	call_init(&w.c, &w.k, ALICE, BOB, &ms_mikey_suite_128);
	call();
	need(ms_mikey_keyring_add(&ring, MS_MIKEY_KEY_TGK, MS_SPAN_LIT("0123456789abcdef"),
				  MS_SPAN_NULL, MS_SPAN_LIT("new")) == 0);
	ms_buf_init(&w.genuine[UPDATE], MS_MIKEY_MESSAGE_MAX);
	ms_buf_init(&w.genuine[ANSWER], MS_MIKEY_MESSAGE_MAX);
	a = bundle(true);
	b = bundle(false);
	need(ms_mikey_csb_update_start(a, &u, w.k.now, &w.genuine[UPDATE]) == 0);
	need(ms_mikey_csb_update_take(b, ms_buf_span(&w.genuine[UPDATE]), NULL, NULL, w.k.now,
				      &w.genuine[ANSWER], NULL) == 0);
	w.ready = true;
}

/* As if the other end had made the message. */
static void put_right(int kind, uint8_t *p, size_t n)
{
	static struct ms_mikey_message m, init, resp;
	const struct ms_mikey_csb *csb = w.c.csb_b;
	struct ms_mikey_guard g;
	struct ms_mikey_cover c;

	if (ms_mikey_decode(ms_span_of(p, n), &m, NULL) < 0 || !m.v.set || m.v.mac.len == 0)
		return;
	need(ms_mikey_decode(ms_buf_span(&w.c.init), &init, NULL) == 0);
	need(ms_mikey_decode(ms_buf_span(&w.c.resp), &resp, NULL) == 0);
	if (kind == ANSWER)
		ms_mikey_cover_resp(&c, &m, ms_buf_span(&w.genuine[UPDATE]));
	else
		ms_mikey_cover_init(&c, &m, m.id_i.data.p ? m.id_i.data : w.c.a.id.data,
				    m.id_r.data.p ? m.id_r.data : w.c.b.id.data);
	if (ms_mikey_guard_set(&g, &m.hdr, ms_secret_span(&csb->key), init.rand_i, resp.rand_r) ==
	    0)
		(void)!ms_mikey_guard_mac(&g, MS_MIKEY_RESP, m.v.mac_alg, &c, p + m.v_mac);
}

static int take(int kind, struct ms_span in)
{
	MS_CLEANUP(ms_mikey_csb_freep) struct ms_mikey_csb *csb = bundle(kind == ANSWER);
	struct ms_buf out;
	int err;

	if (kind == ANSWER) {
		need(ms_mikey_csb_update_resume(csb, ms_buf_span(&w.genuine[UPDATE])) == 0);
		err = ms_mikey_csb_update_finish(csb, in, w.k.now, NULL);
		need(err == 0 || ms_mikey_csb_update_finish(csb, ms_buf_span(&w.genuine[ANSWER]),
							    w.k.now, NULL) == 0);
		return err;
	}
	ms_buf_init(&out, MS_MIKEY_MESSAGE_MAX);
	err = ms_mikey_csb_update_take(csb, in, NULL, NULL, w.k.now, &out, NULL);
	need(err == 0 || out.len == 0);
	need(err == 0 || ms_mikey_csb_update_take(csb, ms_buf_span(&w.genuine[UPDATE]), NULL, NULL,
						  w.k.now, &out, NULL) == 0);
	ms_buf_done(&out);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;
	int kind;

	if (!w.ready)
		start();
	if (size == 0)
		return 0;
	kind = (data[0] & 0x7f) % N_KINDS;
	copy = ms_zalloc(size);
	need(copy != NULL);
	memcpy(copy, data + 1, size - 1);
	if (data[0] & 0x80)
		put_right(kind, copy, size - 1);
	(void)take(kind, ms_span_of(copy, size - 1));
	ms_free(copy);
	return 0;
}
