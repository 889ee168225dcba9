/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-GCM (NIST SP 800-38D) and AES-CCM (SP 800-38C) with tags of choice, one message at a time.
 */
#ifndef MS_CRYPTO_AEAD_H
#define MS_CRYPTO_AEAD_H

#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/span.h"

enum ms_aead_alg {
	MS_AEAD_AES_128_GCM,
	MS_AEAD_AES_256_GCM,
	MS_AEAD_AES_128_CCM,
	MS_AEAD_AES_256_CCM,
};

#define MS_AEAD_TAG_MAX 16
#define MS_AEAD_NONCE_MAX 64

struct ms_aead_info {
	const char *name; /* "AES-128-GCM" */
	size_t key_len;   /* octets */
	size_t nonce_min, nonce_max;
	size_t nonce_default; /* what we choose */
	size_t tag_min, tag_max;
};

/** Facts of an algorithm, static; NULL if there is none of that number. */
const struct ms_aead_info *ms_aead_info(enum ms_aead_alg alg);

/** May a message have a tag of this length? CCM has even ones only, GCM 12 to 16. */
int ms_aead_tag_ok(enum ms_aead_alg alg, size_t tag_len);

/**
 * Encrypts: plain.len octets to `ret_cipher`, `tag_len` to `ret_tag`. ret_cipher may be plain.p.
 * -EINVAL for a wrong key, nonce or tag length; -EMSGSIZE if CCM's length field cannot hold the
 * length, or it is over INT_MAX; -ENOMEM or -EIO if the library fails.
 */
MS_MUST_CHECK int ms_aead_seal(enum ms_aead_alg alg, struct ms_span key, struct ms_span nonce,
			       struct ms_span aad, struct ms_span plain, size_t tag_len,
			       uint8_t *ret_cipher, uint8_t *ret_tag);

/**
 * Decrypts cipher.len octets to `ret_plain` and checks the tag. -EBADMSG if it does not verify: then
 * ret_plain has been wiped. Otherwise as ms_aead_seal().
 */
MS_MUST_CHECK int ms_aead_open(enum ms_aead_alg alg, struct ms_span key, struct ms_span nonce,
			       struct ms_span aad, struct ms_span cipher, struct ms_span tag,
			       uint8_t *ret_plain);

#endif
