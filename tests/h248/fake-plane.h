/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway engine with a media plane that only remembers what was asked of it, and a controller that
 * speaks text: what tests of the engine are written with.
 */
#ifndef FAKE_PLANE_H
#define FAKE_PLANE_H

#include "ms-test.h"

#include "core/buf.h"
#include "h248/mg.h"
#include "h248/package.h"
#include "h248/text.h"

#define FAKE_OPS_MAX 64

struct fake {
	struct ms_h248_registry registry;
	struct ms_mg_options options;
	struct ms_mg *g;
	ms_usec now;
	/* the plane */
	bool reserve_fails, submit_fails;
	unsigned fail_at; /* this operation of a list fails; 0: none */
	unsigned reserved, released;
	uint16_t next_port;
	uint64_t token; /* of the list that waits; 0: none */
	struct ms_plane_op *ops;
	size_t n_ops;
	bool by_hand;               /* lists wait for fake_apply() */
	char did[4096];             /* what was carried out, as text */
	struct ms_bearer last;      /* of the last SET */
	ms_plane_endpoint endpoint; /* the last one that was SET */
	/* the controller */
	struct ms_buf reply; /* last reply, compact text of the transaction */
	unsigned replies;
	struct ms_buf request; /* last request of the gateway */
	uint32_t cookie;
	unsigned requests;
	const char *state;
	struct ms_buf counts;
	uint8_t version;             /* of messages, 2 */
	enum ms_plane_flow flow;     /* of the last PAIR */
	ms_plane_endpoint paired[2]; /* and whom it was about */
	/* the allocation after `fail_after` more fails, between the next request and its reply */
	bool tortured;
	long fail_after;
	size_t made;
};

/** Whatever is said goes through the binary codec as well, both ways: for all that follows. */
extern bool fake_binary;

/** Set-ups of tests that go through each codec. */
int fake_as_text(void **state);
int fake_as_binary(void **state);

void fake_new(struct fake *f);
/** As fake_new(), with the options changed in between: fake_begin(), change, fake_start(). */
void fake_begin(struct fake *f);
int fake_start(struct fake *f);
/** Registers: from here on controller 0 commands. */
void fake_register(struct fake *f);
void fake_free(struct fake *f);

/** A request of controller 0: "C=$ { Add=$ {...} }" or long tokens. The reply is in f->reply. */
int fake_ask(struct fake *f, const char *actions);
int fake_ask_from(struct fake *f, unsigned controller, const char *actions);
/** The reply as text, without header. */
const char *fake_reply(struct fake *f);
const char *fake_request(struct fake *f);
/** Answers the gateway's last request: "C=-{SC=ROOT}" or with err. */
void fake_answer(struct fake *f, int err, const char *actions);
/** Carries the waiting list out. */
void fake_apply(struct fake *f);
void fake_event(struct fake *f, enum ms_bearer_event_kind kind, const char *cause);
/** Does the reply, request, log ... have this in it? */
#define assert_has(text, part)                                        \
	do {                                                          \
		const char *text_ = (text);                           \
		if (!strstr(text_, part))                             \
			fail_msg("no \"%s\" in \"%s\"", part, text_); \
	} while (0)
#define assert_has_not(text, part)                                 \
	do {                                                       \
		const char *text_ = (text);                        \
		if (strstr(text_, part))                           \
			fail_msg("\"%s\" in \"%s\"", part, text_); \
	} while (0)

#endif
