/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record layer of a session after its handshake, ours instead of libssl's: AES-GCM of TLS 1.2 (RFC
 * 5246 section 6.2.3.3, RFC 5288) and TLS 1.3 (RFC 8446 section 5).
 *
 * libssl makes the handshake; then its traffic keys are taken over and its object, some 13 KiB, is
 * freed. What a session keeps is this structure, and octets go from the caller's buffer to the desk in
 * one pass: libssl copies them twice. A gateway has tens of thousands of sessions that are idle most
 * of the time. Sessions of other suites, or that may renegotiate, stay with libssl.
 */
#ifndef MS_TLS_RECORD_PRIV_H
#define MS_TLS_RECORD_PRIV_H

#include "tls/tls-priv.h"

#define MS_TLS_HEADER 5
#define MS_TLS_TAG 16
#define MS_TLS_EXPLICIT 8 /* nonce in each record of TLS 1.2 */

/** Keys of one direction. */
struct ms_tls_side {
	uint64_t seq;
	uint8_t iv[12]; /* TLS 1.2: the first four octets, RFC 5288's salt */
	uint8_t key[32];
	uint8_t secret[48]; /* TLS 1.3: the next keys come from it */
};

struct ms_tls_record {
	struct ms_tls_side in, out;
	const char *suite; /* static */
	uint8_t *part;     /* a record that has not come whole; owned; NULL: none */
	uint32_t skip;     /* octets of a handshake message that are of no interest */
	uint16_t part_len;
	uint8_t key_len, hash_len;
	uint8_t n_head, head[4]; /* of a handshake message */
	uint8_t idle;            /* records in a row that brought no octets for the reader */
	bool v13;
	bool owes_update; /* the peer asked for new keys while octets of ours waited */
};

/** Contents of records (RFC 8446 section 5.1). */
enum { MS_TLS_ALERT = 21, MS_TLS_HANDSHAKE_MESSAGE = 22, MS_TLS_DATA = 23 };

/* record-keys.c */
/** Keeps what the key log tells of TLS 1.3's secrets. */
void ms_tls_record_secret(struct ms_tls *t, const char *line);
/** Will the handshake's next step tell a secret that we need? */
bool ms_tls_record_wants_line(const struct ms_tls *t);
/** New keys from the secret after the present one (RFC 8446 section 7.2). */
void ms_tls_record_next_keys(const struct ms_tls_record *r, struct ms_tls_side *side);
/** The session's structure with keys, or NULL: it stays with libssl. */
struct ms_tls_record *ms_tls_record_make(const struct ms_tls *t);
void ms_tls_record_wipe(struct ms_tls_secrets *s);

/* record-cipher.c */
/**
 * Opens a whole record, header included, to `out`, which has room for its body. 0 with type and
 * length, or the alert it deserves.
 */
MS_MUST_CHECK int ms_tls_record_open(struct ms_tls *t, struct ms_span record, uint8_t *out,
				     uint8_t *ret_type, size_t *ret_len);
/** Seals up to 2^14 octets; `out` has room for all of them and MS_TLS_RECORD_MORE. Octets written, or 0. */
size_t ms_tls_record_seal(struct ms_tls *t, uint8_t type, struct ms_span plain, uint8_t *out);
#define MS_TLS_RECORD_MORE (MS_TLS_HEADER + MS_TLS_EXPLICIT + 1 + MS_TLS_TAG)
/** The keys of this side are others now, or nobody's. */
void ms_tls_record_unkey(struct ms_tls_context *ctx, const struct ms_tls_side *side);
void ms_tls_record_ciphers_done(struct ms_tls_context *ctx);

/* record.c */
struct ms_tls_record *ms_tls_record_free(struct ms_tls *t);
/** Takes from *in, as ms_tls_input(). 0 or -EPROTO. */
MS_MUST_CHECK int ms_tls_record_input(struct ms_tls *t, struct ms_span *in);
MS_MUST_CHECK int ms_tls_record_write(struct ms_tls *t, struct ms_span plain, size_t *ret_taken);
void ms_tls_record_close(struct ms_tls *t);

#endif
