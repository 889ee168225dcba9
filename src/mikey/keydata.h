/* SPDX-License-Identifier: Apache-2.0 */
/* Key data sub-payloads, the clear contents of a KEMAC: RFC 3830 section 6.13, RFC 6043 6.2.1. */
#ifndef MS_MIKEY_KEYDATA_H
#define MS_MIKEY_KEYDATA_H

#include "core/buf.h"
#include "mikey/message.h"

/** Most keys in one KEMAC. */
#define MS_MIKEY_KEYS_MAX 32

/** One key; spans are borrowed from the clear contents. */
struct ms_mikey_key {
	uint8_t type; /* enum ms_mikey_key_type */
	uint8_t kv;   /* enum ms_mikey_kv */
	struct ms_span key;
	struct ms_span salt;     /* types with SALT only */
	struct ms_span spi;      /* KV SPI only */
	struct ms_span from, to; /* KV interval only */
};

struct ms_mikey_keys {
	struct ms_mikey_key key[MS_MIKEY_KEYS_MAX];
	size_t n;
};

/** Does this type carry a salt? */
static inline bool ms_mikey_key_has_salt(unsigned type)
{
	return type == MS_MIKEY_KEY_TGK_SALT || type == MS_MIKEY_KEY_TEK_SALT ||
	       type == MS_MIKEY_KEY_GTGK_SALT;
}

static inline bool ms_mikey_key_is_tgk(unsigned type)
{
	return type == MS_MIKEY_KEY_TGK || type == MS_MIKEY_KEY_TGK_SALT;
}

static inline bool ms_mikey_key_is_tek(unsigned type)
{
	return type == MS_MIKEY_KEY_TEK || type == MS_MIKEY_KEY_TEK_SALT;
}

/**
 * Decodes all of `s`; empty gives no keys. Returns 0 or -EBADMSG ("parse", "unknown_key_type",
 * "too_many_keys") with fault->offset in `s`.
 */
MS_MUST_CHECK int ms_mikey_keys_decode(struct ms_span s, struct ms_mikey_keys *ret_keys,
				       struct ms_fault *fault);

/** Appends the encoding of all keys; errors stick (-EINVAL for a type or KV that is not known). */
void ms_mikey_keys_encode(struct ms_buf *b, const struct ms_mikey_keys *keys);

/**
 * The TGK, GTGK or TEK with this SPI, or NULL. MPKs are passed over (RFC 6043 section 6.2.1: an
 * MPK's SPI selects nothing). Borrowed.
 */
const struct ms_mikey_key *ms_mikey_keys_find_spi(const struct ms_mikey_keys *keys,
						  struct ms_span spi);

/** Is there a TGK or TGK+SALT? */
bool ms_mikey_keys_have_tgk(const struct ms_mikey_keys *keys);

#endif
