/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two MSRP endpoints in memory under a test's clock. The test chooses how the stream is cut, may
 * look at every octet and write octets of its own, and reads what each side experienced as a log.
 */
#ifndef MS_TEST_MSRP_PEERS_H
#define MS_TEST_MSRP_PEERS_H

#include "core/buf.h"
#include "core/random.h"
#include "msrp/session.h"

#define PEER_LOG_MAX (1 << 20)

/* A generator whose numbers a test can repeat. */
struct peer_random {
	uint64_t state;
	struct ms_random random;
};

struct peer {
	struct peer_random random;
	struct ms_msrp_conn *conn;
	struct ms_msrp_session *session;
	struct ms_buf log;  /* what the handlers were told */
	struct ms_buf in;   /* octets that came and were not taken yet */
	struct ms_buf seen; /* all octets this peer sent */
	bool keep_seen;
	int begin_answer; /* of begin(); 1: gather */
	int data_answer, end_answer, message_answer;
	uint64_t data_from;           /* data_answer counts from this offset on */
	unsigned done;                /* messages sent that are done */
	enum ms_msrp_outcome outcome; /* of the last of them */
	int code;
	unsigned received; /* messages received whole */
	uint64_t octets;
};

struct peers {
	struct peer a, b; /* a is active */
	ms_usec now;
	size_t piece; /* octets that go over at a time */
};

/** Changes parameters of the peers before the sessions are made; may be NULL. */
typedef void (*peers_tune)(struct ms_msrp_session_params *a, struct ms_msrp_session_params *b);

/** 0 or -ENOMEM; then nothing is left behind. */
int peers_init(struct peers *p, peers_tune tune);
void peers_done(struct peers *p);

/** Carries octets between the two until both are silent. 0 or the first error of an input(). */
int peers_run(struct peers *p);

/** One piece from one to the other; true if something moved. */
bool peers_step(struct peers *p, struct peer *from, struct peer *to, int *ret_err);

/** Octets of the test's own into a peer, as if they came from the network. */
int peer_feed(struct peers *p, struct peer *to, const char *text);

/** Fetches all that the peer wants to send and gives it as text (also in peer->seen). */
struct ms_span peer_fetch(struct peers *p, struct peer *from);

/** Sends a text/plain message; 0 or errno. */
int peer_say(struct peer *from, const char *text, struct ms_msrp_out **ret_out);

const char *peer_log(struct peer *p);

void peer_random_init(struct peer_random *r, uint64_t seed);

/** Parameters as the peers have them: a is msrp://a.example:7001/alice;tcp, b .../bob. */
void peer_params(struct ms_msrp_session_params *p, struct peer *peer, bool active);

#endif
