/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crypto sessions: what is offered and answered for each, the keys of a ticket, and the traffic
 * keys that come out. RFC 6043 sections 5.1.3 and 6.1.1, RFC 3830 section 6.10.1.
 */
#ifndef MS_MIKEY_SESSION_H
#define MS_MIKEY_SESSION_H

#include "core/buf.h"
#include "core/secret.h"
#include "mikey/keydata.h"

/** Most policies of one crypto session. */
#define MS_MIKEY_POLICIES_MAX 16

/** An SPI has one length octet. */
#define MS_MIKEY_SPI_MAX 255

/** One crypto session, to be offered or answered. Spans are borrowed. */
struct ms_mikey_session {
	uint8_t cs_id;
	uint8_t prot_type;
	uint8_t policy[MS_MIKEY_POLICIES_MAX]; /* policy numbers; none for TLS and PSK-MIME */
	uint8_t n_policies;
	struct ms_span spi; /* names the key; empty: the Responder chooses (only with F) */
	/* SRTP: */
	bool has_ssrc;
	uint32_t ssrc;
	bool has_roc; /* roc and seq are given too: the S flag */
	uint32_t roc;
	uint16_t seq;
};

/** A security policy: SP payload (RFC 3830 section 6.10). */
struct ms_mikey_sp {
	uint8_t policy_no;
	uint8_t prot_type;
	struct ms_span params; /* as on the wire; see ms_mikey_srtp_encode() */
};

/** A General Extension payload. */
struct ms_mikey_ext {
	uint8_t type;
	struct ms_span data;
};

/** SRTP parameters (RFC 3830 section 6.10.1). Lengths in octets. */
struct ms_mikey_srtp {
	uint8_t encr_alg; /* 0 NULL, 1 AES-CM, 2 AES-F8 */
	uint8_t encr_key_len;
	uint8_t auth_alg; /* 0 NULL, 1 HMAC-SHA-1 */
	uint8_t auth_key_len;
	uint8_t salt_len; /* of the session salt; the master salt always has 14 */
	uint8_t prf;
	uint8_t key_rate;
	bool encr;
	bool rtcp_encr;
	uint8_t fec_order;
	bool auth;
	uint8_t tag_len;
	uint8_t prefix_len;
};

/** What holds where a policy has no parameter: AES-CM with 16, HMAC-SHA-1 with 20, salt 14, tag 10. */
extern const struct ms_mikey_srtp ms_mikey_srtp_default;

/** Appends all parameters, as an SP payload has them. */
void ms_mikey_srtp_encode(const struct ms_mikey_srtp *p, struct ms_buf *b);

/**
 * Reads the parameters of a decoded SP payload; unknown types are skipped. Returns 0, or -EBADMSG
 * if a known one has not one octet.
 */
MS_MUST_CHECK int ms_mikey_srtp_decode(struct ms_span params, struct ms_mikey_srtp *ret_p);

/** A session key with its name, of a ticket or of a KEMAC. Secret. */
struct ms_mikey_skey {
	uint8_t type; /* enum ms_mikey_key_type; never MPK */
	uint8_t spi_len;
	uint8_t spi[MS_MIKEY_SPI_MAX];
	struct ms_secret key;
	struct ms_secret salt; /* length 0 if the type has none */
};

struct ms_mikey_keyring {
	struct ms_mikey_skey key[MS_MIKEY_KEYS_MAX];
	size_t n;
};

/** For MS_CLEANUP. */
void ms_mikey_keyring_wipe(struct ms_mikey_keyring *r);

/**
 * Adds a copy. Returns 0, -ENOSPC (MS_MIKEY_KEYS_MAX), -EMSGSIZE (key or SPI too long) or -EINVAL
 * (an MPK, or an unknown type).
 */
MS_MUST_CHECK int ms_mikey_keyring_add(struct ms_mikey_keyring *r, unsigned type,
				       struct ms_span key, struct ms_span salt, struct ms_span spi);

/** The key that an SPI names, or NULL. An empty SPI names none. Borrowed. */
const struct ms_mikey_skey *ms_mikey_keyring_find(const struct ms_mikey_keyring *r,
						  struct ms_span spi);

/** The first key that an SRTP, TLS or PSK-MIME session can be derived from, or NULL. Borrowed. */
const struct ms_mikey_skey *ms_mikey_keyring_first(const struct ms_mikey_keyring *r);

/** What one crypto session has to use. Secret. */
struct ms_mikey_traffic {
	uint8_t cs_id;
	uint8_t prot_type;
	uint8_t key_type; /* of the key it came from */
	uint8_t spi_len;
	uint8_t spi[MS_MIKEY_SPI_MAX];
	/* SRTP: master key. TLS: the pre-shared key, its identity being empty. PSK-MIME: the
	 * key-encryption key. */
	struct ms_secret tek;
	struct ms_secret
		salt; /* SRTP: master salt of 14 octets; else length 0 unless given with a TEK */
	struct ms_mikey_srtp srtp; /* SRTP: the policy chosen */
	uint32_t ssrc;
	uint32_t roc;
	uint16_t seq;
};

#endif
