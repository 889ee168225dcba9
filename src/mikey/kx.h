/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two exchanges with the KMS have in common at the user's end: the frame of an INIT message
 * around its TP or TICKET, and the checks of the answer. Inside of src/mikey only.
 */
#ifndef MS_MIKEY_KX_H
#define MS_MIKEY_KX_H

#include "mikey/bundle.h"
#include "mikey/check.h"
#include "mikey/error-priv.h"

/** One exchange under way. */
struct ms_mikey_kx {
	const struct ms_mikey_party *me; /* borrowed */
	struct ms_mikey_octets sent;
	struct ms_secret envelope; /* public-key variants: in place of the PSK */
};

void ms_mikey_kx_done(struct ms_mikey_kx *kx);

/** What makes the difference between the two. */
struct ms_mikey_kx_kind {
	uint8_t psk, pk, resp; /* data types */
	uint8_t role;          /* of our ID and RAND: MS_MIKEY_ROLE_INITIATOR or _RESPONDER */
	uint8_t payload;       /* MS_MIKEY_P_TP or MS_MIKEY_P_TICKET */
};

extern const struct ms_mikey_kx_kind ms_mikey_kx_request;
extern const struct ms_mikey_kx_kind ms_mikey_kx_resolve;

/**
 * Appends an INIT message to `out`; `payload` is the TP or TICKET from its Next Payload octet, and
 * goes in unchanged. On error `out` is as it was.
 */
MS_MUST_CHECK int ms_mikey_kx_start(struct ms_mikey_kx *kx, const struct ms_mikey_kx_kind *kind,
				    const struct ms_mikey_party *me,
				    const struct ms_mikey_suite *suite, struct ms_span payload,
				    ms_usec now, struct ms_buf *out);

/** Takes up an exchange from the octets sent. -EBADMSG, -EMSGSIZE, -ENOMEM. */
MS_MUST_CHECK int ms_mikey_kx_resume(struct ms_mikey_kx *kx, const struct ms_mikey_kx_kind *kind,
				     const struct ms_mikey_party *me, struct ms_span sent,
				     struct ms_span envelope);

/** An answer being taken: both messages decoded, and the keys of the exchange. */
struct ms_mikey_kx_answer {
	struct ms_mikey_message init;
	struct ms_mikey_message resp;
	struct ms_mikey_guard guard;
	struct ms_mikey_keys keys; /* of the KEMAC; borrowed from `plain` */
	struct ms_buf plain;
	uint8_t room[MS_MIKEY_SEALED_ROOM];
};

/** Wipes; for MS_CLEANUP after ms_mikey_kx_answer_init(). */
void ms_mikey_kx_answer_init(struct ms_mikey_kx_answer *a);
void ms_mikey_kx_answer_done(struct ms_mikey_kx_answer *a);

/** Decodes an answer; checks header, MAC, and that there is a KEMAC. */
MS_MUST_CHECK int ms_mikey_kx_take(const struct ms_mikey_kx *kx,
				   const struct ms_mikey_kx_kind *kind, struct ms_span in,
				   struct ms_mikey_kx_answer *a, struct ms_fault *fault);

/** Decrypts the KEMAC of a verified answer: `n_mpks` MPKs first, no further ones. */
MS_MUST_CHECK int ms_mikey_kx_keys(const struct ms_mikey_kx *kx, struct ms_mikey_kx_answer *a,
				   size_t n_mpks, struct ms_fault *fault);

#endif
