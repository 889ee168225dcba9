/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS sessions over octets: no sockets, no clock. Two ways of knowing the peer:
 *
 * - TS 33.328 annex H: TLS-PSK whose key is the TEK of the crypto session of this very connection, so
 *   it is given before the handshake, the identity is empty and whatever identity or hint the peer
 *   sends is ignored.
 * - TS 33.328 clauses 6.1.2 and 6.2, RFC 8122: both sides show a certificate whose fingerprint the
 *   other one learnt from signalling. Nothing else of the certificate counts, its dates neither.
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
#include "tls/certificate.h"
#include "tls/fingerprint.h"

/** Longest identity we send, in octets. */
#define MS_TLS_IDENTITY_MAX 128

/**
 * Working space shared by the sessions of one thread, so that an idle session has none of its own: what
 * a session decrypts, and what it has to send, is put here, several records side by side, and is read
 * from here. Only when another session needs the space is what has not been consumed or sent yet moved
 * to memory of its session. Spans of a session are then borrowed until the next call on *any* session
 * of the desk.
 */
struct ms_tls_desk;

/**
 * `plain` octets for decrypted, `output` for octets to be sent. At least 16 KiB each (-EINVAL); no less
 * than what is given to ms_tls_input() at once avoids moving. -ENOMEM. Owned; outlives its contexts.
 */
MS_MUST_CHECK int ms_tls_desk_new(size_t plain, size_t output, struct ms_tls_desk **ret_desk);
struct ms_tls_desk *ms_tls_desk_free(struct ms_tls_desk *desk);

enum ms_tls_versions {
	MS_TLS_12_OR_13, /* 1.3 if both can */
	MS_TLS_ONLY_12,
	MS_TLS_ONLY_13,
};

/** What sessions share. Zero or NULL means what is in brackets. At least one list of suites is given. */
struct ms_tls_config {
	/** OpenSSL names parted by ':', in order; the profile has a list (no TLS-PSK sessions). */
	const char *psk_suites;
	/** Likewise for sessions with certificates, TLS 1.2 (no such sessions). Ephemeral Diffie-Hellman
	 * on curves and AEAD only, unless allow_legacy_suites. */
	const char *cert_suites;
	const char *cert_suites_13; /* likewise for TLS 1.3 (those of RFC 8446 section 9.1) */
	enum ms_tls_versions cert_versions;
	bool allow_legacy_suites; /* RSA key transport, DHE and CBC may be named in cert_suites (refused) */
	bool allow_sha1;          /* a SHA-1 fingerprint may decide (it is ignored) */
	struct ms_tls_desk *desk; /* borrowed (none: each session has its own memory) */
	size_t held_max; /* octets kept from a peer whose fingerprint is not known yet (64 KiB) */
	bool allow_null; /* NULL encryption suites may be named in psk_suites (refused) */
	bool allow_dh;   /* DHE_PSK and ECDHE_PSK likewise (refused: TS 33.328 H.2) */
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
 * -EINVAL if a suite is unknown, is of the other list's kind or of a refused one (*f has the reason:
 * "tls_suite_unknown", "tls_suite_not_psk", "tls_suite_not_certificate", "tls_suite_null",
 * "tls_suite_dh", "tls_suite_legacy"), -ENOMEM. Owned.
 */
MS_MUST_CHECK int ms_tls_context_new(const struct ms_tls_config *c, struct ms_tls_context **ret_ctx,
				     struct ms_fault *f);
struct ms_tls_context *ms_tls_context_free(struct ms_tls_context *ctx);

/**
 * The certificate of sessions to come that bring none of their own; takes a reference. Setting up a
 * session with it is cheaper than with another. -EINVAL (no cert_suites), -EIO (libssl refuses it).
 */
MS_MUST_CHECK int ms_tls_context_certificate(struct ms_tls_context *ctx,
					     struct ms_tls_certificate *cert);

enum ms_tls_role {
	MS_TLS_CLIENT, /* MSRP: the active party of a=setup (RFC 6135 section 6) */
	MS_TLS_SERVER,
};

/** How the peers know each other. */
enum ms_tls_mode {
	MS_TLS_PSK_12, /* TLS 1.2 with a PSK: the 3GPP profile */
	MS_TLS_PSK_13, /* TLS 1.3 external PSK (RFC 8446 section 4.2.11): private, needs an identity */
	MS_TLS_CERTIFICATE, /* TLS 1.2 or 1.3, certificates known by fingerprint */
};

/** The role is TLS's alone: who opened the TCP connection is not asked (BFCP: RFC 8856 section 8). */
struct ms_tls_peer {
	enum ms_tls_role role;
	enum ms_tls_mode mode;

	/* MS_TLS_CERTIFICATE */
	struct ms_tls_certificate
		*certificate; /* ours; a reference is taken. NULL: the context's */
	/** The peer's, copied. Those by the strongest hash decide, one of them has to match. None: they
	 * are not known yet, ms_tls_verify() will bring them. */
	const struct ms_tls_fingerprint *fingerprints;
	size_t n_fingerprints; /* up to MS_TLS_FINGERPRINTS_MAX */
	/** A server does not ask for a certificate, and knows nothing of its client. Against RFC 8122
	 * section 6.2; for measuring, and for policies that say so. */
	bool anonymous_client;

	/* MS_TLS_PSK_* */
	struct ms_span psk; /* the TEK, 1 to 64 octets; copied, wiped when the session goes */
	struct ms_span
		identity; /* sent by a client (empty); no NUL inside. TLS 1.3: both sides alike */
};

enum ms_tls_state {
	MS_TLS_HANDSHAKE,
	/** All that is missing is the fingerprint of the peer's certificate: octets of the peer are kept
	 * unread, none of ours are taken. ms_tls_verify() goes on. RFC 8122 section 6.2. */
	MS_TLS_UNVERIFIED,
	MS_TLS_OPEN,   /* octets flow both ways */
	MS_TLS_HALF,   /* the peer closed properly; what was received may still be read */
	MS_TLS_CLOSED, /* we closed; nothing more will be sent or read */
	MS_TLS_FAILED, /* ms_tls_fault() says why */
};

struct ms_tls;

/**
 * A session. A client's first flight is in ms_tls_output() at once. -EINVAL, -ENOMEM, -EOPNOTSUPP (none
 * of the fingerprints may decide), -ENOKEY (no certificate of ours). Owned.
 */
MS_MUST_CHECK int ms_tls_new(struct ms_tls_context *ctx, const struct ms_tls_peer *peer,
			     ms_usec now, struct ms_tls **ret_t);
/** NULL is fine. Wipes the key. Returns NULL. */
struct ms_tls *ms_tls_free(struct ms_tls *t);

/**
 * Gives received octets. They are borrowed for the call; *ret_taken of them are used up. Fewer are
 * taken only when one record more would pass plain_max: then consume and give the rest again (an empty
 * `octets` is fine, and right after ms_tls_consume() when everything had been taken). Returns 0 or,
 * once the session has failed, -EPROTO.
 */
MS_MUST_CHECK int ms_tls_input(struct ms_tls *t, struct ms_span octets, size_t *ret_taken);

/**
 * The peer's fingerprints have come (or others have, while none has decided yet): in HANDSHAKE they are
 * noted, in UNVERIFIED the handshake goes on, and fails with the alert bad_certificate if none matches.
 * Returns 0; -EPROTO if the session fails or has failed; -EALREADY if fingerprints have decided;
 * -EINVAL (n is 0 or over MS_TLS_FINGERPRINTS_MAX, a PSK session); -EOPNOTSUPP as ms_tls_new().
 */
MS_MUST_CHECK int ms_tls_verify(struct ms_tls *t, const struct ms_tls_fingerprint *list, size_t n);

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

/**
 * Why it failed in the words of the H.248 TLS session events of the project profile, static: "fpmismatch", "nocert",
 * "badpsk", "noprotocol", "nocipher", "timeout", "peeralert", "renegrefused", "tcplost". NULL if it has
 * not failed.
 */
const char *ms_tls_fault_token(const struct ms_tls *t);

/** The fatal alert received, else the one sent, 0 to 254; 255 if there was none. */
unsigned ms_tls_fault_alert(const struct ms_tls *t);

/** The library's own words about the failure, static; "" if none. For logs. */
const char *ms_tls_fault_detail(const struct ms_tls *t);

/** When ms_tls_expire() wants to be called; MS_NEVER after the handshake, UNVERIFIED included. */
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
