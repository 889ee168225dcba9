/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs of origin as files: what a third party that trusts the KMS needs to see for itself who wrote
 * a message. A proof is the CMS object as it was received, in PEM (RFC 7468 section 9), under a few
 * lines for people, which prove nothing. Several stand one after the other in the file that
 * message.proof_file names. There is no key in it: whoever checks it lets the KMS resolve the ticket.
 */
#ifndef MS_UE_PROOF_H
#define MS_UE_PROOF_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/time.h"

/** Longest text of one proof, octets. */
#define MS_UE_PROOF_TEXT_MAX (512 * 1024)

/** The lines for people. Borrowed. */
struct ms_ue_proof_note {
	struct ms_span from, to;
	ms_usec written, received; /* since 1970 */
};

/** Appends a proof. Errors stick in the buffer. */
void ms_ue_proof_put(struct ms_buf *b, const struct ms_ue_proof_note *n, struct ms_span object);

/**
 * Cuts the next proof off *text: its lines for people (borrowed), itself as it stands (borrowed) and
 * its object (appended to `object`, which gets it or nothing). Text between proofs is passed over.
 * Returns 0, -ENOENT (there is none), -EBADMSG (one that has no end or is no base64), or what the
 * buffer says.
 */
MS_MUST_CHECK int ms_ue_proof_next(struct ms_span *text, struct ms_span *ret_note,
				   struct ms_span *ret_proof, struct ms_buf *object);

/**
 * Appends a proof to the file (mode 0600, created if it is not there) and has it on disk. -EFBIG (it
 * would be larger than `max` octets), or negative errno; then the file is as it was.
 */
MS_MUST_CHECK int ms_ue_proof_keep(const char *path, uint64_t max, const struct ms_ue_proof_note *n,
				   struct ms_span object);

/** Reads a whole file of at most `max` octets. -EFBIG, or negative errno. */
MS_MUST_CHECK int ms_ue_proof_load(const char *path, uint64_t max, struct ms_buf *text);

#endif
