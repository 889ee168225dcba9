/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MS_CMS_CMS_PRIV_H
#define MS_CMS_CMS_PRIV_H

#include "ber/ber.h"
#include "cms/cms.h"

/** A wrapped key of 32 octets (RFC 3394). */
#define MS_CMS_WRAPPED_MAX 40

/** Octets the joined or own pieces of a message live in; one buffer each, so that none moves. */
enum ms_cms_piece {
	MS_CMS_KEY_ID,
	MS_CMS_WRAPPED,
	MS_CMS_NONCE,
	MS_CMS_CIPHER,
	MS_CMS_MAC,
	MS_CMS_AAD,
	MS_CMS_PIECES,
};

struct ms_cms_message {
	enum ms_aead_alg alg;
	size_t kek_len;
	struct ms_span piece[MS_CMS_PIECES]; /* into what was read, or into own[] */
	struct ms_buf own[MS_CMS_PIECES];
	bool has_key_id;
};

/* message.c */
struct ms_cms_message *ms_cms_new(size_t piece_max);
/** Copies into own[i]. */
MS_MUST_CHECK int ms_cms_keep(struct ms_cms_message *m, enum ms_cms_piece i, struct ms_span s);

/* oid.c: content octets of object identifiers. Static. */
extern const struct ms_span ms_cms_oid_data;
extern const struct ms_span ms_cms_oid_auth_enveloped;
struct ms_span ms_cms_oid_of_alg(enum ms_aead_alg alg);
MS_MUST_CHECK int ms_cms_alg_of_oid(struct ms_span oid, enum ms_aead_alg *ret_alg);
struct ms_span ms_cms_oid_of_wrap(size_t kek_len);
/** The KEK length in octets that goes with a wrap algorithm; 0 if unknown. */
size_t ms_cms_wrap_of_oid(struct ms_span oid);

/** aes-ICVlen when it is not there (RFC 5084 section 3.1, 3.2). */
#define MS_CMS_ICV_DEFAULT 12

#endif
