/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mediasec-list: an application server that passes messages on to the members of lists (PSIs), and
 * to the recipients of URI-lists. One process, one loop. TS 33.328 annex F, TS 24.247, RFC 5365.
 *
 *   MESSAGE -> request.c -> psi*.c       (a list kept here: decrypt, encrypt anew once, post)
 *                        -> uri-list*.c  (recipients in the body: pass on as it is, post)
 *                           post.h       (durable from here on: delivery to each)
 *                           held.h       (or kept as it came, while the KMS is away)
 */
#ifndef MS_LISTS_LISTS_H
#define MS_LISTS_LISTS_H

#include "keys/keyring.h"
#include "keys/smime.h"
#include "list/config.h"
#include "list/counters.h"
#include "list/directory.h"
#include "list/rate.h"
#include "loop/loop.h"
#include "sip/proxy.h"

struct ms_lists_post; /* list/post.h */

struct ms_lists {
	struct ms_daemon *daemon;
	const struct ms_lists_config *config; /* in force */
	struct ms_config *first;              /* a copy of the one we started with; owned */
	const struct ms_lists_config
		*keys_config;                 /* what keyrings borrow: the first one's values */
	struct ms_sip_proxy *proxy;           /* owned */
	struct ms_lists_directory *directory; /* owned */
	struct ms_lists_rate *rate;           /* owned */
	struct ms_lists_post *post;           /* owned */

	struct ms_keys_kms *kms;       /* owned */
	struct ms_keys_replay *replay; /* owned */
	struct ms_secret psk;
	struct ms_keys_identity kms_identity;
	struct ms_hash *rings; /* identity -> keyring and its identity, owned */

	struct ms_list pending; /* of struct ms_lists_work (psi.c) */
	size_t n_pending;
	struct ms_hash *held; /* names of held messages; owned */
	struct ms_timer retry;
	bool stopping;
};

/** The one of this process. */
extern struct ms_lists ms_lists;
extern const struct ms_daemon_app ms_lists_app;

/* ---- request.c ---- */

/** Who sent a request. */
struct ms_lists_sender {
	struct ms_keys_identity uri; /* P-Asserted-Identity, else From */
	bool asserted;               /* the network vouches for it */
};

/** -EINVAL: neither header is an identity. */
MS_MUST_CHECK int ms_lists_sender_of(const struct ms_sip_packet *m, struct ms_lists_sender *ret_s);

/** May that sender cause `n` more deliveries now? Else the request has been answered. */
MS_MUST_CHECK bool ms_lists_take_rate(struct ms_sip_exchange *x,
				      const struct ms_lists_sender *sender, size_t n);

/** What the proxy calls for each request. */
void ms_lists_request(struct ms_sip_exchange *x, void *arg);

/** An exchange is freed after this. */
void ms_lists_exchange_ended(struct ms_sip_exchange *x, void *arg);

/**
 * Refuses a request: counts `reason` (static, one of counters.c), logs it with `detail` (for people;
 * NULL: none), answers with `status` and a Warning that says `detail`.
 */
void ms_lists_refuse(struct ms_sip_exchange *x, unsigned status, const char *reason,
		     const char *detail);

/* ---- register.c ---- */

/** A third-party REGISTER: a user can be reached (TS 24.229 clause 5.7.1.1). Answers it. */
void ms_lists_register(struct ms_sip_exchange *x);

/* ---- keys.c ---- */

/** Reads the PSK, makes the client of the KMS, opens the replay cache. */
MS_MUST_CHECK int ms_lists_keys_open(struct ms_lists *s, struct ms_buf *error);
void ms_lists_keys_close(struct ms_lists *s);

/** The keyring of an identity of ours (a PSI), made when it is needed. -ENOSPC, -ENOMEM. */
MS_MUST_CHECK int ms_lists_ring(struct ms_lists *s, struct ms_span identity,
				struct ms_keys_ring **ret_ring);

/** That identity is given up; exchanges of its keyring with the KMS must have ended. */
void ms_lists_ring_drop(struct ms_lists *s, struct ms_span identity);

/** What S/MIME needs to act as the owner of that keyring; `replay` borrowed. Opened messages are entered
 * there when it is known that their author sent them. */
struct ms_keys_smime ms_lists_smime(const struct ms_lists *s, const struct ms_keys_ring *ring,
				    struct ms_keys_replay *replay);

/* ---- control.c ---- */

extern const struct ms_control_command ms_lists_commands[];

#endif
