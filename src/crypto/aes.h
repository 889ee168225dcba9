/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES in counter mode (AES-CM, RFC 3830 section 4.2.3 and RFC 3711 section 4.1.1) and AES key wrap
 * (RFC 3394). Keys of 16 or 32 octets. One cipher context is kept and used again (not for several
 * threads); the key schedule is overwritten after each call.
 */
#ifndef MS_CRYPTO_AES_H
#define MS_CRYPTO_AES_H

#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/span.h"

#define MS_AES_BLOCK 16

/** Octets that wrapping adds. */
#define MS_AES_WRAP_EXTRA 8

/** Longest text that can be wrapped, in octets. */
#define MS_AES_WRAP_MAX 65528

/**
 * Encrypts or decrypts (the same) in.len octets to `out`, which may be in.p. `iv` is the first
 * counter block. Returns 0, -EINVAL (key length), or -EIO if libcrypto fails.
 */
MS_MUST_CHECK int ms_aes_cm(struct ms_span key, const uint8_t iv[MS_AES_BLOCK], struct ms_span in,
			    uint8_t *out);

/** The initial value of RFC 3394 section 2.2.3.1: A6A6A6A6A6A6A6A6. */
extern const uint8_t ms_aes_wrap_iv[8];

/**
 * RFC 3394 with initial value `iv`. plain.len must be a multiple of 8, at least 16 and at most
 * MS_AES_WRAP_MAX, else -EINVAL; plain.len + 8 octets go to `out`, which must not overlap.
 * Returns 0, -EINVAL, or -EIO.
 */
MS_MUST_CHECK int ms_aes_wrap(struct ms_span kek, const uint8_t iv[8], struct ms_span plain,
			      uint8_t *out);

/**
 * The inverse: wrapped.len - 8 octets go to `out`. Returns 0, -EINVAL (lengths as above), -EBADMSG
 * if the integrity check fails (`out` is then wiped), or -EIO.
 */
MS_MUST_CHECK int ms_aes_unwrap(struct ms_span kek, const uint8_t iv[8], struct ms_span wrapped,
				uint8_t *out);

#endif
