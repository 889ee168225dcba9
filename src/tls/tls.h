/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS sessions over octets: no sockets, no clock. TS 33.328 annex H: TLS-PSK whose key is the TEK of
 * the crypto session of this very connection, so it is given before the handshake, the identity is
 * empty and whatever identity or hint the peer sends is ignored.
 *
 *    received octets -> ms_tls_input() -> ms_tls_plain(), ms_tls_consume()
 *    ms_tls_write()  -> ms_tls_output(), ms_tls_sent() -> octets to send
 *
 * After every call look at ms_tls_output(), ms_tls_state() and ms_tls_deadline(); output is to be
 * sent whatever the call returned (an alert may be in it).
 */
#ifndef MS_TLS_TLS_H
#define MS_TLS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/fault.h"
#include "core/span.h"
#include "core/time.h"

/** Longest identity we send, in octets. */
#define MS_TLS_IDENTITY_MAX 128

/** What sessions share. Zero or NULL means what is in brackets. */
struct ms_tls_config {
	/** OpenSSL names parted by ':', in order. Has to be given: the profile has a list. */
	const char *psk_suites;
	bool allow_null;          /* NULL encryption suites may be named in psk_suites (refused) */
	bool allow_dh;            /* DHE_PSK and ECDHE_PSK likewise (refused: TS 33.328 H.2) */
	bool allow_renegotiation; /* the peer may renegotiate, RFC 5746 only (refused) */
	bool allow_legacy_peer;   /* peers without RFC 5746 at all (refused) */
	size_t plain_max;         /* decrypted octets kept for the reader (256 KiB) */
	size_t output_max;        /* octets kept for sending (256 KiB) */
	ms_usec handshake_time;   /* from start to finish (30 s) */
	/** Lab use: one line of the NSS key log format a session. NULL: none (default). */
	void (*keylog)(void *arg, const char *line);
	void *keylog_arg;
};

struct ms_tls_context; /* shared; outlives its sessions */

/**
 * -EINVAL if a suite is unknown, is no PSK suite or is of a refused kind (*f has the reason:
 * "tls_suite_unknown", "tls_suite_null", "tls_suite_dh"), -ENOMEM. Owned.
 */
MS_MUST_CHECK int ms_tls_context_new(const struct ms_tls_config *c, struct ms_tls_context **ret_ctx,
				     struct ms_fault *f);
struct ms_tls_context *ms_tls_context_free(struct ms_tls_context *ctx);

enum ms_tls_role {
	MS_TLS_CLIENT, /* MSRP: the active party of a=setup (RFC 6135 section 6) */
	MS_TLS_SERVER,
};

/** How the peers know each other. Certificates with fingerprints will be another one. */
enum ms_tls_mode {
	MS_TLS_PSK_12, /* TLS 1.2 with a PSK: the 3GPP profile */
	MS_TLS_PSK_13, /* TLS 1.3 external PSK (RFC 8446 section 4.2.11): private, needs an identity */
};

struct ms_tls_peer {
	enum ms_tls_role role;
	enum ms_tls_mode mode;
	struct ms_span psk; /* the TEK, 1 to 64 octets; copied, wiped when the session goes */
	struct ms_span
		identity; /* sent by a client (empty); no NUL inside. TLS 1.3: both sides alike */
};

enum ms_tls_state {
	MS_TLS_HANDSHAKE,
	MS_TLS_OPEN,   /* octets flow both ways */
	MS_TLS_HALF,   /* the peer closed properly; what was received may still be read */
	MS_TLS_CLOSED, /* we closed; nothing more will be sent or read */
	MS_TLS_FAILED, /* ms_tls_fault() says why */
};

struct ms_tls;

/** A session. A client's first flight is in ms_tls_output() at once. -EINVAL, -ENOMEM. Owned. */
MS_MUST_CHECK int ms_tls_new(struct ms_tls_context *ctx, const struct ms_tls_peer *peer,
			     ms_usec now, struct ms_tls **ret_t);
/** NULL is fine. Wipes the key. Returns NULL. */
struct ms_tls *ms_tls_free(struct ms_tls *t);

/**
 * Gives received octets. They are borrowed for the call; *ret_taken of them are used up. Fewer are
 * taken only when plain_max decrypted octets wait: then consume and give the rest again (an empty
 * `octets` is fine, and right after ms_tls_consume() when everything had been taken). Returns 0 or,
 * once the session has failed, -EPROTO.
 */
MS_MUST_CHECK int ms_tls_input(struct ms_tls *t, struct ms_span octets, size_t *ret_taken);

/** The transport ended; all octets received have been given. Without a close_notify before it this is
 * a truncation: -EPROTO, reason "tls_truncated". What was decrypted before stays readable. */
MS_MUST_CHECK int ms_tls_input_end(struct ms_tls *t);

/** Decrypted octets in order, borrowed until the next call on `t`. */
struct ms_span ms_tls_plain(const struct ms_tls *t);
void ms_tls_consume(struct ms_tls *t, size_t n);

/**
 * Encrypts. *ret_taken octets were taken: fewer than given when output_max octets wait to be sent
 * (send, then offer the rest), none before the handshake is finished. -EPIPE after ms_tls_close(),
 * -EPROTO when failed.
 */
MS_MUST_CHECK int ms_tls_write(struct ms_tls *t, struct ms_span plain, size_t *ret_taken);

/** Octets to send, borrowed until the next call on `t`; and how many of them were sent. */
struct ms_span ms_tls_output(const struct ms_tls *t);
void ms_tls_sent(struct ms_tls *t, size_t n);

/** Sends close_notify after what was written. The transport is to be closed once the output is
 * sent (23.333 clause 5.20.2: TCP goes with TLS). */
void ms_tls_close(struct ms_tls *t);

enum ms_tls_state ms_tls_state(const struct ms_tls *t);

/**
 * Why it failed: reason is a static counter name ("tls_psk_mismatch", "tls_alert_<name>" for alerts
 * of the peer, "tls_truncated", "tls_timeout", ...), code the alert number or 0. NULL if it has not.
 */
const struct ms_fault *ms_tls_fault(const struct ms_tls *t);

/** The library's own words about the failure, static; "" if none. For logs. */
const char *ms_tls_fault_detail(const struct ms_tls *t);

/** When ms_tls_expire() wants to be called; MS_NEVER after the handshake. */
ms_usec ms_tls_deadline(const struct ms_tls *t);
/** The handshake's time is up: the session fails, if `now` is not before the deadline. */
void ms_tls_expire(struct ms_tls *t, ms_usec now);

/** OpenSSL name of the suite in use, static; NULL before the handshake is finished. */
const char *ms_tls_suite(const struct ms_tls *t);

/** "TLSv1.2", static. */
const char *ms_tls_version(const struct ms_tls *t);

/** The identity a server was sent, borrowed, only to be logged; empty if none. */
struct ms_span ms_tls_peer_identity(const struct ms_tls *t);

#endif
