/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate of ours with its private key: made by us and signed by itself, or an operator's. It is
 * counted and does not change: rotation is making a new one, while sessions and session descriptions
 * that named the old one keep theirs.
 */
#ifndef MS_TLS_CERTIFICATE_H
#define MS_TLS_CERTIFICATE_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/span.h"
#include "core/time.h"
#include "tls/fingerprint.h"

struct ms_tls_certificate;

/**
 * A new key on P-256 and a certificate for it, signed by itself with ECDSA and SHA-256, valid from an
 * hour before `now` (wall clock, since 1970) for `days`. `name`: its common name, up to 64 octets of
 * UTF-8; empty: "anonymous". -EINVAL, -ENOMEM, -EIO (libcrypto). Counted, one reference.
 */
MS_MUST_CHECK int ms_tls_certificate_make(struct ms_span name, ms_usec now, unsigned days,
					  struct ms_tls_certificate **ret_cert);

/**
 * Of others: a certificate (PEM, or DER) and its key (PEM without passphrase, or DER), borrowed. Only
 * the first certificate of a PEM text is taken: trust is by fingerprint, so there is no chain to send.
 * -EINVAL (cannot be read), -EKEYREJECTED (the key is not the certificate's, or too weak), -ENOMEM.
 */
MS_MUST_CHECK int ms_tls_certificate_load(struct ms_span certificate, struct ms_span key,
					  struct ms_tls_certificate **ret_cert);

/** One more reference. NULL is fine. Returns its argument. */
struct ms_tls_certificate *ms_tls_certificate_ref(struct ms_tls_certificate *cert);

/** One reference less; the last one wipes the key. NULL is fine. Returns NULL. */
struct ms_tls_certificate *ms_tls_certificate_unref(struct ms_tls_certificate *cert);

/** Its DER, borrowed from it. */
struct ms_span ms_tls_certificate_der(const struct ms_tls_certificate *cert);

/** Its fingerprint; computed once. NULL for NONE. Whether SHA-1 may be told is the caller's policy. */
const struct ms_tls_fingerprint *
ms_tls_certificate_fingerprint(const struct ms_tls_certificate *cert, enum ms_tls_hash hash);

/** The hash of its signature (RFC 8122 section 5.1 wants a fingerprint by it too); NONE if not known. */
enum ms_tls_hash ms_tls_certificate_signature_hash(const struct ms_tls_certificate *cert);

/** When it expires, wall clock since 1970. Peers that go by fingerprint do not look at it. */
ms_usec ms_tls_certificate_expires(const struct ms_tls_certificate *cert);

/** Appends certificate and key as PEM, for a file of the user's. `b` must be a secret buffer. -ENOMEM. */
MS_MUST_CHECK int ms_tls_certificate_put_pem(const struct ms_tls_certificate *cert,
					     struct ms_buf *b);

#endif
