/* SPDX-License-Identifier: Apache-2.0 */
/* A node with its controller and a gateway of few words, for tests of the anchor. */
#ifndef TESTS_ANCHOR_WORLD_H
#define TESTS_ANCHOR_WORLD_H

#include "anchor/anchor.h"
#include "h248/fake-gateway.h"

struct world {
	struct ms_h248_registry *registry;
	struct ms_mgc *mgc;
	struct fake_gateway fake[2];
	struct ms_mgc_gateway *g[2];
	struct ms_anchor *anchor;
	struct ms_anchor_session *s;
	const char *dialog; /* of offers; NULL: "", as in the first INVITE */
	/* the last result */
	unsigned results;
	int status;
	char reason[64];
	char sdp[16384];
	bool changed;
	/* the end */
	unsigned ends;
	char end_reason[64], end_detail[64];
	unsigned saved;
	bool hold; /* keep the gateway's replies back */
};

/** A policy for an IMS-ALG with realms "access" and "core". */
struct ms_anchor_policy world_policy(void);

/** -ENOMEM. `ue`: registered e2ae for both media. */
int world_open(struct world *w, const struct ms_anchor_policy *p, bool ue, bool nat);
void world_close(struct world *w);
int world_session(struct world *w, bool ue, bool nat);

/** Runs to the end unless hold. The result is in *w. */
int world_offer(struct world *w, enum ms_anchor_side from, const char *sdp);
int world_answer(struct world *w, const char *dialog, const char *sdp, bool final);
void world_deliver(struct world *w);

/** An event of a termination. */
void world_event(struct world *w, const struct fake_termination *t, uint16_t ref, uint16_t p1,
		 const char *v1, uint16_t p2, const char *v2);

#endif
