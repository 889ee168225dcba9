/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The media plane of the gateway: stream endpoints over TCP, with or without TLS, joined in pairs. A
 * controller's orders come in as the operations of h248/plane.h (src/mgw/media/worker.c takes them from
 * the control role), what happens goes out as struct ms_bearer_event.
 *
 * An endpoint is one TCP connection at most: it listens (passive) while its gate is open, until that
 * one connection is there; or it connects when told to, or when its partner's peer connects and is
 * forwarded. TLS begins as soon as TCP stands. Octets flow once both partners are up, each side no
 * faster than the other one takes them.
 *
 * What an idle endpoint keeps is a struct of some 300 octets and the TLS session; buffers are shared by
 * all endpoints of the process (one media plane a process).
 */
#ifndef MS_MGW_MEDIA_MEDIA_H
#define MS_MGW_MEDIA_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/fault.h"
#include "core/span.h"
#include "core/time.h"
#include "h248/bearer.h"
#include "h248/plane.h"
#include "tls/tls.h"

struct ms_media;

/** 0 or NULL means what is in brackets. */
struct ms_media_config {
	size_t read_size;          /* octets read from a connection at once (128 KiB) */
	size_t waiting_max;        /* octets waiting to be sent to one TLS peer (256 KiB); at least
				    * twice read_size */
	size_t memory_max;         /* octets waiting for all peers together (64 MiB) */
	uint32_t endpoints;        /* most endpoints (65,536) */
	uint32_t half_open;        /* TCP or TLS not yet established (16,384) */
	uint32_t handshakes_per_s; /* TLS sessions begun a second, on average (no limit) */
	uint32_t handshakes_burst; /* and at once (as many as in a second) */
	ms_usec round_budget;      /* least time a round of the loop gives to set-ups (0.1 ms);
				    * up to ten times that where octets take long */
	ms_usec finish_limit;      /* a peer has to end its direction after we did (10 s) */
	uint32_t tcp_ms, tls_ms;   /* guards where a bearer names none (profile values) */
	bool anonymous_clients;    /* our servers do not ask for a certificate (they do) */
	bool allow_sha1;           /* SHA-1 fingerprints may decide (no) */
	enum ms_tls_versions versions;
	const char *cert_suites, *cert_suites_13, *psk_suites; /* OpenSSL's names (the profile's) */
	void (*keylog)(void *arg, const char *line);           /* laboratory only (none) */
	void *keylog_arg;
};

struct ms_media_handlers {
	/**
	 * Whatever happens at an endpoint, armed or not. May be called from any function here; it must
	 * not call any.
	 */
	void (*event)(ms_plane_endpoint endpoint, const struct ms_bearer_event *e, void *arg);
	void *arg;
};

/** Counts since the start; and, from `endpoints` on, how many there are now. */
struct ms_media_stats {
	uint64_t accepted, connected; /* TCP connections in, out */
	uint64_t tcp_failed;          /* refused, timed out, reset while being set up */
	uint64_t handshakes;          /* TLS sessions established */
	uint64_t handshakes_failed;   /* of these, by why: */
	uint64_t failed_fingerprint, failed_certificate, failed_psk, failed_timeout, failed_other;
	uint64_t dropped_source;    /* accepted, but not from where the filter allows */
	uint64_t refused_half_open; /* limits */
	uint64_t refused_handshakes;
	uint64_t refused_memory;  /* ended for octets that waited too long */
	uint64_t refused_files;   /* no descriptor left */
	uint64_t released, reset; /* connections that were up and ended, with a RST */
	uint64_t octets;          /* relayed, without TLS */
	uint64_t msrp_sends, msrp_reports, msrp_others; /* requests whose paths were changed */
	uint64_t msrp_responses;                        /* and responses */
	uint64_t msrp_refused;        /* requests answered with an error instead */
	uint64_t spliced;             /* of octets, without being copied */
	uint64_t endpoints, half, up; /* now */
	uint64_t waiting;             /* octets waiting for peers, now */
};

/**
 * The media plane of this process; needs ms_loop_init(). `c` and its texts are borrowed during the call,
 * `h` is copied. -EBUSY (there is one), -ENOMEM, -EINVAL (suites; *f says which kind). Owned.
 */
MS_MUST_CHECK int ms_media_new(const struct ms_media_config *c, const struct ms_media_handlers *h,
			       struct ms_media **ret_m, struct ms_fault *f);
/** Ends everything at once, telling nobody. NULL is fine. Returns NULL. */
struct ms_media *ms_media_free(struct ms_media *m);

/**
 * A certificate of the gateway by the number the control role gave it; the last one given is the newest.
 * Takes a reference. -EEXIST, -ENOMEM, -EIO.
 */
MS_MUST_CHECK int ms_media_certificate(struct ms_media *m, uint32_t number,
				       struct ms_tls_certificate *cert);
/** Forgets it; sessions that use it keep it. Harmless if there is none. */
void ms_media_certificate_forget(struct ms_media *m, uint32_t number);

/* ---- the operations of h248/plane.h; errors are H.248.8 codes, 0: done ---- */

/** `bearer` as ms_bearer_pack() wrote it, copied. */
MS_MUST_CHECK uint16_t ms_media_set(struct ms_media *m, ms_plane_endpoint endpoint,
				    uint32_t certificate, struct ms_span bearer);
/** `partner` 0: nobody any more. A former partner of either is alone then. */
MS_MUST_CHECK uint16_t ms_media_pair(struct ms_media *m, ms_plane_endpoint endpoint,
				     ms_plane_endpoint partner, enum ms_plane_flow flow);
MS_MUST_CHECK uint16_t ms_media_start_tcp(struct ms_media *m, ms_plane_endpoint endpoint);
MS_MUST_CHECK uint16_t ms_media_start_tls(struct ms_media *m, ms_plane_endpoint endpoint);
MS_MUST_CHECK uint16_t ms_media_release(struct ms_media *m, ms_plane_endpoint endpoint, bool reset);
MS_MUST_CHECK uint16_t ms_media_statistics(struct ms_media *m, ms_plane_endpoint endpoint,
					   struct ms_bearer_statistics *ret_s);
MS_MUST_CHECK uint16_t ms_media_delete(struct ms_media *m, ms_plane_endpoint endpoint, bool reset,
				       struct ms_bearer_statistics *ret_s);

/** Any of them, filling op->error and op->statistics. */
void ms_media_apply(struct ms_media *m, struct ms_plane_op *op);

/** How many endpoints were SET with certificate `number` (not 0). */
size_t ms_media_certificate_users(const struct ms_media *m, uint32_t number);

/** Live, borrowed. */
const struct ms_media_stats *ms_media_stats(const struct ms_media *m);

#endif
