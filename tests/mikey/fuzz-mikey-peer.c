/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Initiator and Responder in the middle of an exchange that was genuine so far: the first octet of
 * the input chooses the place and the ticket's flags, the rest is the next message, taken as it is
 * and again with its MAC put right. Nothing may be kept of a message that is refused.
 */
#include <errno.h>

#include "core/alloc.h"
#include "fuzz-world.h"
#include "mikey/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum place { REQUEST_RESP, TRANSFER_INIT, RESOLVE_RESP, TRANSFER_RESP };

#define COMMON (MS_MIKEY_FLAG_D | MS_MIKEY_FLAG_J | MS_MIKEY_FLAG_N | MS_MIKEY_FLAG_O)

static const uint16_t flag_words[] = {
	COMMON | MS_MIKEY_FLAG_E | MS_MIKEY_FLAG_F | MS_MIKEY_FLAG_G | MS_MIKEY_FLAG_H |
		MS_MIKEY_FLAG_I,
	COMMON | MS_MIKEY_FLAG_F | MS_MIKEY_FLAG_H | MS_MIKEY_FLAG_L | MS_MIKEY_FLAG_M,
};

/* All messages of a genuine run. */
struct genuine {
	struct ms_buf request, response, init, resolve, resolved, transfer_resp;
	struct ms_mikey_ticket_held *held;
	struct ms_mikey_transfer *transfer;
};

static void begin(struct genuine *g, uint16_t flags)
{
	struct ms_buf *all[] = { &g->request, &g->response, &g->init,
				 &g->resolve, &g->resolved, &g->transfer_resp };

	for (size_t i = 0; i < MS_ARRAY_SIZE(all); i++)
		ms_buf_init(all[i], MS_MIKEY_MESSAGE_MAX);
	g->held = world_ticket(flags, &g->request, &g->response);
	g->transfer = world_transfer(g->held, &g->init);
}

static void end(struct genuine *g)
{
	ms_mikey_transfer_free(g->transfer);
	ms_mikey_ticket_held_free(g->held);
	ms_buf_done(&g->request);
	ms_buf_done(&g->response);
	ms_buf_done(&g->init);
	ms_buf_done(&g->resolve);
	ms_buf_done(&g->resolved);
	ms_buf_done(&g->transfer_resp);
}

static void check_fault(int err, const struct ms_fault *f)
{
	WORLD_CHECK(err == 0 || err == -ENOMEM || f->reason);
}

static void take_request_resp(struct genuine *g, struct ms_span in)
{
	struct ms_mikey_request *r = NULL;
	struct ms_mikey_ticket_held *h = NULL;
	struct ms_fault f = { 0, NULL, 0 };

	WORLD_CHECK(ms_mikey_request_resume(&world_alice, ms_buf_span(&g->request), MS_SPAN_NULL,
					    &r) == 0);
	check_fault(ms_mikey_request_finish(r, in, WORLD_NOW, &f, &h), &f);
	if (h)
		WORLD_CHECK(!ms_mikey_flags_check(ms_mikey_ticket_held_policy(h)->flags, false));
	ms_mikey_ticket_held_free(h);
	ms_mikey_request_free(r);
}

/* The bundle of an answered call. */
static void answer(struct genuine *g, struct ms_mikey_incoming *i)
{
	struct ms_mikey_csb *csb = NULL;

	if (ms_mikey_incoming_answer(i, NULL, WORLD_NOW, &g->transfer_resp, &csb) < 0)
		return;
	for (size_t n = 0; n < ms_mikey_csb_count(csb); n++)
		WORLD_CHECK(ms_mikey_csb_at(csb, n)->tek.len > 0);
	ms_mikey_csb_free(csb);
}

/* Bob asks the KMS and takes what it says, or `resp` in its place. */
static void resolve(struct genuine *g, struct ms_mikey_incoming *i, uint8_t *resp, size_t n,
		    bool fix)
{
	struct ms_mikey_kms_outcome outcome;
	struct ms_fault f = { 0, NULL, 0 };
	int err;

	if (ms_mikey_incoming_resolve(i, WORLD_NOW, &g->resolve) < 0)
		return;
	if (!resp) {
		if (ms_mikey_kms_handle(&world_kms, ms_buf_span(&g->resolve), WORLD_NOW,
					&g->resolved, &outcome) < 0)
			return;
		resp = g->resolved.p;
		n = g->resolved.len;
	} else if (fix) {
		world_sign_psk(resp, n, ms_buf_span(&g->resolve));
	}
	err = ms_mikey_incoming_resolved(i, ms_span_of(resp, n), WORLD_NOW, &f);
	check_fault(err, &f);
	WORLD_CHECK((err == 0) == (ms_mikey_incoming_outcome(i) != NULL));
	if (err == 0)
		answer(g, i);
}

static void receive(struct genuine *g, struct ms_span init, uint8_t *resp, size_t n, bool fix)
{
	struct ms_mikey_incoming *i = NULL;
	struct ms_fault f = { 0, NULL, 0 };
	int err = ms_mikey_incoming_new(&world_bob, init, MS_SPAN_LIT("mikey"), NULL, WORLD_NOW, &f,
					&i);

	check_fault(err, &f);
	if (err == 0)
		resolve(g, i, resp, n, fix);
	ms_mikey_incoming_free(i);
}

static void take_transfer_resp(struct genuine *g, struct ms_span in)
{
	struct ms_mikey_csb *csb = NULL;
	struct ms_fault f = { 0, NULL, 0 };

	check_fault(ms_mikey_transfer_finish(g->transfer, in, WORLD_NOW, &f, &csb), &f);
	ms_mikey_csb_free(csb);
}

static void take(struct genuine *g, enum place place, uint8_t *p, size_t n, bool fix)
{
	switch (place) {
	case REQUEST_RESP:
		if (fix)
			world_sign_psk(p, n, ms_buf_span(&g->request));
		take_request_resp(g, ms_span_of(p, n));
		return;
	case TRANSFER_INIT:
		if (fix)
			world_sign_transfer_init(p, n);
		receive(g, ms_span_of(p, n), NULL, 0, false);
		return;
	case RESOLVE_RESP:
		receive(g, ms_buf_span(&g->init), p, n, fix);
		return;
	case TRANSFER_RESP:
		if (fix)
			world_sign_transfer_resp(p, n, ms_buf_span(&g->init));
		take_transfer_resp(g, ms_span_of(p, n));
		return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t *copy;

	if (n == 0)
		return 0;
	copy = ms_zalloc(n);
	if (!copy)
		return 0;
	for (unsigned fix = 0; fix < 2; fix++) {
		struct genuine g;

		memcpy(copy, p, n);
		world_reset(p[0] >> 4 & 1);
		begin(&g, flag_words[p[0] >> 3 & 1]);
		take(&g, (enum place)(p[0] & 3), copy + 1, n - 1, fix);
		end(&g);
	}
	ms_free(copy);
	return 0;
}
