/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The controller with two gateways of few words, and everything it tells. The first gateway has weight 3 and
 * the realms "access" and "core", the other weight 1 and any realm.
 */
#ifndef TESTS_H248_MGC_WORLD_H
#define TESTS_H248_MGC_WORLD_H

#include "ms-test.h"

#include <errno.h>

#include "h248/fake-gateway.h"
#include "h248/package.h"

extern struct ms_h248_registry world_registry;

struct reply {
	uint16_t error; /* of the transaction or its first command */
	uint8_t version;
	char profile[32];
};

struct world {
	struct ms_mgc *m;
	struct fake_gateway fake[2];
	struct ms_mgc_gateway *g[2];
	struct reply reply;
	unsigned events, lost, done;
	struct ms_bearer_event event;
	unsigned event_slot;
	enum ms_mgc_lost why;
	int status;
	uint16_t error;
	struct ms_bearer bearer[4]; /* results by slot */
	unsigned states;
};

/* Handlers of the controller, for a test that makes its own; `arg` is the world. */
int on_request(void *arg, struct ms_mgc_gateway *g, uint32_t cookie,
	       struct ms_h248_action *actions);
void on_reply(void *arg, void *job, const struct ms_h248_transaction *t);
/* The end of a procedure likewise. */
void on_done(void *arg, struct ms_mgc_context *c, int status, uint16_t error,
	     const struct ms_mgc_result *results, size_t n);
/* Who holds a context: what it is told goes into the world. */
struct ms_mgc_context_handlers holder(struct world *w);
/* Both gateways are known to the controller, and away. */
void world_open(struct world *w, ms_usec patience);
void world_close(struct world *w);
/* What gateway `i` sends; the answer is in w->reply. */
void service_change(struct world *w, int i, enum ms_h248_sc_method method, uint8_t version,
		    const char *profile, const char *reason, ms_usec now);
void join(struct world *w, int i);
void assert_joined(struct world *w, int i);
void notify(struct world *w, int i, uint32_t context, const char *name, uint16_t ref,
	    const char *value, uint16_t param);
/* What a holder asks for. */
struct ms_bearer bearer(const char *realm, bool tls);
/* A procedure that reserves `slot` is on its way; NULL if no gateway takes a context. */
struct ms_mgc_context *reserve(struct world *w, unsigned slot);
/* One with slot 0, done. */
struct ms_mgc_context *reserved(struct world *w);
/* Before the first test. */
int world_setup(void **state);

#endif
