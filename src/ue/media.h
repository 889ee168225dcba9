/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The media half of a session: one TCP connection, TLS on it or not, MSRP or BFCP on that. It has a
 * listening port of its own, so that the key is known by which port it is (TS 33.328 H.2: the PSK
 * identity is empty). A stranger who connects first and does not have the key is dropped; the port
 * stays open for the peer until the time is up.
 */
#ifndef MS_UE_MEDIA_H
#define MS_UE_MEDIA_H

#include <stdbool.h>
#include <stdint.h>

#include "core/time.h"
#include "loop/addr.h"
#include "tls/tls.h"
#include "ue/engine.h"

struct ms_ue_media; /* owned */

struct ms_ue_media_handlers {
	/** The connection stands, the peer has proved itself, and the engine is on it. */
	void (*open)(void *arg);
	/**
	 * It is over, once: 0 (the peer ended it properly) or negative errno; `reason` is a counter's
	 * name, static. Free it here or later, but not before the handler returns.
	 */
	void (*closed)(void *arg, int err, const char *reason);
	void *arg; /* borrowed */
};

struct ms_ue_media_options {
	struct ms_tls_context *tls; /* borrowed */
	enum ms_tls_mode tls_mode;
	struct ms_span psk_identity; /* borrowed as long as the media; mostly empty */
	ms_usec connect_limit;       /* from ms_ue_media_start() until it is open */
	ms_usec idle_limit;          /* 0: none */
	struct ms_ue_media_handlers handlers;
};

MS_MUST_CHECK int ms_ue_media_new(const struct ms_ue_media_options *o, struct ms_ue_media **ret_m);

/** Closes at once, without `closed`. Not from a handler of its own. NULL is fine. Returns NULL. */
struct ms_ue_media *ms_ue_media_free(struct ms_ue_media *m);

/**
 * Takes a port of `host` between `port_min` and `port_max` (both 0: any). Who connects waits until
 * ms_ue_media_start(). -EADDRINUSE if none is free.
 */
MS_MUST_CHECK int ms_ue_media_listen(struct ms_ue_media *m, const struct ms_addr *host,
				     uint16_t port_min, uint16_t port_max, uint16_t *ret_port);

struct ms_ue_media_start {
	bool active; /* connect to `to`; else wait */
	struct ms_addr to;
	bool tls_client;
	bool secure;        /* TLS with a pre-shared key */
	struct ms_span psk; /* copied */
	bool certificates;  /* TLS with certificates, ours is the context's */
	const struct ms_tls_fingerprint
		*fingerprints; /* the peer's, borrowed as long as the media */
	size_t n_fingerprints;
	const struct ms_ue_engine *engine;
	void *engine_arg; /* borrowed; outlives the media */
};

/** Begins. `open` or `closed` follows, never before this returns. Negative errno. */
MS_MUST_CHECK int ms_ue_media_start(struct ms_ue_media *m, const struct ms_ue_media_start *s);

/** The engine has something to send. */
void ms_ue_media_wake(struct ms_ue_media *m);

/** Suite in use, static; NULL without TLS or before it stands. */
const char *ms_ue_media_suite(const struct ms_ue_media *m);

/** Why TLS failed, in the library's words, static; "" if it has not. */
const char *ms_ue_media_detail(const struct ms_ue_media *m);

/**
 * Sends what is left, ends TLS and then the connection, in the background; `closed` is not called.
 * Afterwards only ms_ue_media_free(), which does not disturb that.
 */
void ms_ue_media_close(struct ms_ue_media *m);

#endif
