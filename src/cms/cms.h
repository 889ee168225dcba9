/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pre-shared key S/MIME: CMS AuthEnvelopedData (RFC 5083, RFC 5084) in a ContentInfo, with exactly
 * one KEKRecipientInfo (RFC 5652 section 6.2.3). TS 33.328 annex I.2: AES-GCM and AES-CCM, AES key
 * wrap, 128 and 256 bits. The key encryption key is the TEK of a PSK S/MIME crypto session, and the
 * TRANSFER_INIT that names it travels in the object, at a place a locator knows.
 *
 * Writing:  ms_cms_seal(), [TRANSFER_INIT is made, it may copy ms_cms_mac()], ms_cms_put_transfer(),
 *           ms_cms_write().
 * Reading:  ms_cms_read() [parses, decrypts nothing], ms_cms_transfer() [the caller runs MIKEY on
 *           it], ms_cms_open().
 */
#ifndef MS_CMS_CMS_H
#define MS_CMS_CMS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/random.h"
#include "core/span.h"
#include "crypto/aead.h"

/** What a peer can make us hold. Zero means the default in brackets. */
struct ms_cms_limits {
	size_t message_max; /* octets of the whole object (1 MiB) */
	size_t key_id_max;  /* octets of kekid.keyIdentifier (16 KiB) */
	size_t mac_min;     /* octets of the shortest MAC taken (12); CCM knows 4 and more */
};

extern const struct ms_cms_limits ms_cms_limits_default;

/** Which algorithms a sender uses. */
struct ms_cms_params {
	enum ms_aead_alg alg;
	size_t tag_len; /* aes-ICVlen: 12 to 16 (CCM also 4, 6, 8, 10); 0 means 16 */
};

struct ms_cms_message; /* one object, being written or having been read */

/** NULL is fine. Wipes. Returns NULL. */
struct ms_cms_message *ms_cms_free(struct ms_cms_message *m);
void ms_cms_freep(struct ms_cms_message **m);

/** A place inside the object where the TRANSFER_INIT can be. No standard at hand fixes it. */
struct ms_cms_locator {
	const char *name; /* as the profile's transfer_locator names it */
	/** Puts a copy there. */
	int (*put)(struct ms_cms_message *m, struct ms_span transfer_init);
	/** The octets there, borrowed from m. -ENOENT if there are none. */
	int (*get)(const struct ms_cms_message *m, struct ms_span *ret_transfer_init);
};

/** The locator of that name ("kekid.keyIdentifier"), or NULL. Static. */
const struct ms_cms_locator *ms_cms_locator(struct ms_span name);

/**
 * Encrypts `entity` (a canonical MIME entity) under a fresh random key, which is wrapped under `kek`
 * of 16 or 32 octets. -EINVAL for a wrong KEK or tag length, -EMSGSIZE, -ENOMEM. *ret_m is owned.
 */
MS_MUST_CHECK int ms_cms_seal(const struct ms_cms_params *p, struct ms_span kek,
			      struct ms_span entity, const struct ms_random *rng,
			      struct ms_cms_message **ret_m);

/** The message authentication code, borrowed (for a proof of origin extension). */
struct ms_span ms_cms_mac(const struct ms_cms_message *m);

/** Puts the TRANSFER_INIT where `at` says. */
MS_MUST_CHECK int ms_cms_put_transfer(struct ms_cms_message *m, const struct ms_cms_locator *at,
				      struct ms_span transfer_init);

/** Appends the DER encoding. -EINVAL if there is no key identifier yet. */
MS_MUST_CHECK int ms_cms_write(const struct ms_cms_message *m, struct ms_buf *b);

/**
 * Reads an object in BER or DER; decrypts nothing. `der` is borrowed as long as *ret_m lives. *ret_m
 * is owned. -EBADMSG (malformed), -ENOTSUP (another CMS type, recipient or algorithm: *f says
 * which), -EMSGSIZE (over a limit), -ENOMEM.
 */
MS_MUST_CHECK int ms_cms_read(struct ms_span der, const struct ms_cms_limits *l,
			      struct ms_cms_message **ret_m, struct ms_fault *f);

/** The TRANSFER_INIT, borrowed from `m`. -ENOENT if it is not there. */
MS_MUST_CHECK int ms_cms_transfer(const struct ms_cms_message *m, const struct ms_cms_locator *at,
				  struct ms_span *ret_transfer_init);

/** The content encryption algorithm. */
enum ms_aead_alg ms_cms_alg(const struct ms_cms_message *m);

/** The length of key, in octets, that ms_cms_open() wants: 16 or 32. */
size_t ms_cms_kek_len(const struct ms_cms_message *m);

/**
 * Unwraps, decrypts, and only when the MAC has verified appends the plaintext to *entity. -EINVAL
 * (KEK of the wrong length), -EKEYREJECTED (the key does not unwrap; reason "cms_wrong_key"),
 * -EBADMSG (reason "cms_mac"): *entity is then as it was.
 */
MS_MUST_CHECK int ms_cms_open(const struct ms_cms_message *m, struct ms_span kek,
			      struct ms_buf *entity, struct ms_fault *f);

#endif
