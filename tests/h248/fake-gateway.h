/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway of few words for tests of controllers: it answers trees by trees, keeps what it was told of
 * each termination for the test to look at, and answers when the test says so.
 */
#ifndef TESTS_H248_FAKE_GATEWAY_H
#define TESTS_H248_FAKE_GATEWAY_H

#include "h248/mgc.h"

#define FAKE_TERMINATIONS 64
#define FAKE_QUEUE 64

struct fake_termination {
	uint32_t context; /* 0: free */
	char name[64];
	uint16_t stream;
	struct ms_bearer bearer; /* what Media said; orders as of the last command */
	char realm[32];
	bool armed_release, armed_tcp, armed_tls, armed_heartbeat;
	unsigned modified; /* how often */
};

struct fake_gateway {
	const struct ms_h248_registry *registry;
	struct ms_mgc_gateway *g;
	struct fake_termination t[FAKE_TERMINATIONS];
	uint32_t next_context, next_termination;
	uint16_t refuse; /* answer the refuse_at-th command (from 0) of the next request so */
	unsigned refuse_at;
	bool refuse_audit;    /* 533 to the audit of everything */
	bool refuse_overload; /* 440 to ocp and chp */
	bool no_local;        /* forgets Local in replies */
	struct {
		uint32_t cookie;
		struct ms_h248_arena arena;
		struct ms_h248_transaction reply;
	} queue[FAKE_QUEUE];
	size_t n_queue;
	unsigned requests, adds, modifies, subtracts, audits, heartbeats, root_events;
};

void fake_init(struct fake_gateway *f, const struct ms_h248_registry *registry);
void fake_done(struct fake_gateway *f);

/** For ms_mgc_handlers.request: queues the reply. */
int fake_request(struct fake_gateway *f, uint32_t cookie, const struct ms_h248_action *actions);

/** Hands all queued replies to the controller, and those that come of it. */
void fake_deliver(struct fake_gateway *f, ms_usec now);

/** All queued requests end with -ETIMEDOUT. */
void fake_lose(struct fake_gateway *f, ms_usec now);

/** The i-th (from 0) termination in use of this stream; NULL: none. */
struct fake_termination *fake_find(struct fake_gateway *f, const char *realm, uint16_t stream);
size_t fake_terminations(const struct fake_gateway *f);
size_t fake_contexts(const struct fake_gateway *f);
void fake_forget(struct fake_gateway *f);

#endif
