/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anchor and controller against the gateway's engine, in memory: real messages over a network that loses,
 * doubles and delays them. A test turns the clock and chooses what fails.
 */
#ifndef TESTS_ANCHOR_BOTH_WORLD_H
#define TESTS_ANCHOR_BOTH_WORLD_H

#include "ms-test.h"

#include "anchor/anchor.h"
#include "h248/association.h"
#include "h248/binary.h"
#include "h248/mg.h"
#include "h248/package.h"
#include "h248/text.h"

#define FLIGHTS 4096
#define CALLS 40

struct flight {
	ms_usec at;
	unsigned to; /* 0: controller, 1: gateway */
	uint8_t *octets;
	size_t len;
};

enum phase { FREE, OFFERING, OFFERED, ANSWERING, UP };

struct world;

struct call {
	struct world *w;
	struct ms_anchor_session *s;
	enum phase phase;
	bool ended;
};

struct world {
	ms_usec now;
	uint64_t dice;
	unsigned loss, doubled;
	bool cut, stubborn;
	const struct ms_h248_codec *codec;
	struct ms_h248_registry registry, gateway_registry;
	struct flight flights[FLIGHTS];
	size_t n_flights;
	struct ms_h248_entity *e[2];
	struct ms_h248_association *to_gateway, *to_controller;
	struct ms_mgc *mgc;
	struct ms_mgc_gateway *g;
	struct ms_mg *mg;
	uint16_t port;
	uint64_t token;            /* of a list of operations to be completed */
	ms_plane_endpoint set[64]; /* endpoints that were set lately */
	size_t n_set;
	struct ms_anchor *anchor;
	struct call calls[CALLS];
	unsigned good, bad, ends;
};

/* Between controller (0) and gateway (1), each as the other one sees it. */
extern const struct ms_h248_path path_of[2];
/* Of the callee to what `begin` offers. */
extern const char both_answer[];

/* An offer of that call, which is free. */
void begin(struct call *c);
/* For the anchor: `arg` is the call. */
void on_done(void *arg, struct ms_anchor_session *s, const struct ms_anchor_result *r);
/* Lets time pass; `busy`: with calls that come and go. */
void run(struct world *w, ms_usec time, bool busy);
/* One side's association layer, and the gateway's engine: again, after it lost its memory. */
void open_entity(struct world *w, int i, const char *name);
void open_gateway(struct world *w);
/* At the gateway. */
uint32_t contexts(const struct world *w);
/* `patience`: of the controller with a gateway that is away; `stubborn`: requests are repeated for two minutes. */
void open_world(struct world *w, uint64_t seed, const struct ms_h248_codec *codec, ms_usec patience,
		bool stubborn);
/* In the end the gateway holds nothing. */
void close_world(struct world *w);

#endif
