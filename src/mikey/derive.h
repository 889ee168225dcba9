/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key derivation: RFC 6043 sections 5.1, 6.10 and A.2. A label is made by the function of its rule
 * and put through the PRF of an input key that has been set up once (crypto/prf.h), since several
 * keys come from each.
 */
#ifndef MS_MIKEY_DERIVE_H
#define MS_MIKEY_DERIVE_H

#include "core/secret.h"
#include "crypto/prf.h"
#include "mikey/message.h"

/** Longest identity that can enter a label (key forking), in octets. */
#define MS_MIKEY_ID_MAX 1024

struct ms_mikey_label {
	uint8_t b[16 + MS_MIKEY_ID_MAX + 256];
	size_t len;
};

static inline struct ms_span ms_mikey_label_span(const struct ms_mikey_label *l)
{
	return ms_span_of(l->b, l->len);
}

/** What a key is for: the constant a label starts with (RFC 3830 section 4.1.3, RFC 6043 5.1). */
enum ms_mikey_purpose {
	MS_MIKEY_FOR_AUTH,  /* auth_key of a message or ticket, and for Vr */
	MS_MIKEY_FOR_ENCR,  /* encr_key */
	MS_MIKEY_FOR_SALT,  /* salt_key */
	MS_MIKEY_FOR_TEK,   /* traffic key */
	MS_MIKEY_FOR_TSALT, /* traffic salt */
	MS_MIKEY_FOR_TAUTH, /* traffic authentication key */
	MS_MIKEY_FOR_TENCR, /* traffic encryption key */
	MS_MIKEY_FOR_MPKI,
	MS_MIKEY_FOR_MPKR,
	MS_MIKEY_FOR_MPKR_FORK, /* MPKr' */
	MS_MIKEY_FOR_TGK_FORK,  /* TGK' */
};

/** Octet w of a message label: 1 for INIT messages, 2 for responses. */
enum ms_mikey_which {
	MS_MIKEY_INIT = 1,
	MS_MIKEY_RESP = 2,
};

/** The two RANDs of a label; an absent one has p == NULL or length 0, which is the same. */
struct ms_mikey_rands {
	struct ms_span i, r;
};

/** Keys of a message, RFC 6043 section 5.1.2. RANDs up to 255 octets. */
void ms_mikey_label_msg(struct ms_mikey_label *l, enum ms_mikey_purpose purpose, uint32_t csb_id,
			enum ms_mikey_which which, const struct ms_mikey_rands *rands);

/** Traffic keys, RFC 6043 section 5.1.3: RANDRi only if H is set, RANDRr only if G is. */
void ms_mikey_label_traffic(struct ms_mikey_label *l, enum ms_mikey_purpose purpose, uint8_t cs_id,
			    const struct ms_mikey_rands *rands);

/** Forked keys, RFC 6043 section 5.1.1. Returns 0, or -EMSGSIZE if id > MS_MIKEY_ID_MAX. */
MS_MUST_CHECK int ms_mikey_label_fork(struct ms_mikey_label *l, enum ms_mikey_purpose purpose,
				      struct ms_span id_data, struct ms_span rand_kms);

/** Key for Vr, RFC 6043 section 6.10. */
void ms_mikey_label_vr(struct ms_mikey_label *l);

/** Ticket keys from the TPK, RFC 6043 appendix A.2.1. */
void ms_mikey_label_tpk(struct ms_mikey_label *l, enum ms_mikey_purpose purpose,
			struct ms_span rand);

/** MPKi and MPKr from the MPK, RFC 6043 appendix A.2.2. */
void ms_mikey_label_mpk(struct ms_mikey_label *l, enum ms_mikey_purpose purpose,
			struct ms_span rand);

/** Sets up an input key for a PRF func. -EINVAL: unknown PRF, or key length (see crypto/prf.h). */
MS_MUST_CHECK int ms_mikey_inkey(struct ms_prf_key *k, unsigned prf_func, struct ms_span inkey);

/** `len` octets (at most MS_SECRET_MAX, else -EINVAL) of the PRF with this label. */
MS_MUST_CHECK int ms_mikey_derive(const struct ms_prf_key *k, const struct ms_mikey_label *l,
				  size_t len, struct ms_secret *ret_key);

/** Keys that encrypt a KEMAC. */
struct ms_mikey_encr_keys {
	struct ms_secret encr;
	struct ms_secret salt;
};

void ms_mikey_encr_keys_wipe(struct ms_mikey_encr_keys *k);

/** Octets of encr_key and salt_key for an algorithm; -EINVAL if unknown or NULL. */
MS_MUST_CHECK int ms_mikey_encr_lens(unsigned encr_alg, size_t *ret_encr, size_t *ret_salt);

/* The usual sequences, each with the label made inside. `k` is set up over: */

/** PSK, MPKi or MPKr' (RFC 6043 section 5.1.2): auth_key for mac_alg. -EINVAL: unknown or NULL. */
MS_MUST_CHECK int ms_mikey_msg_auth(const struct ms_prf_key *k, uint32_t csb_id,
				    enum ms_mikey_which which, const struct ms_mikey_rands *rands,
				    unsigned mac_alg, struct ms_secret *ret_key);

/** Same: encr_key and salt_key for encr_alg. */
MS_MUST_CHECK int ms_mikey_msg_encr(const struct ms_prf_key *k, uint32_t csb_id,
				    enum ms_mikey_which which, const struct ms_mikey_rands *rands,
				    unsigned encr_alg, struct ms_mikey_encr_keys *ret_keys);

/** Forks MPKr or a TGK (`inkey`): same length. Uses the PRF of the Ticket Policy. */
MS_MUST_CHECK int ms_mikey_fork(unsigned prf_func, enum ms_mikey_purpose purpose,
				struct ms_span inkey, struct ms_span id_data,
				struct ms_span rand_kms, struct ms_secret *ret_key);

#endif
