/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of a file as it streams, shared by both directions. */
#ifndef MS_MSRP_TRANSFER_PRIV_H
#define MS_MSRP_TRANSFER_PRIV_H

#include "crypto/digest.h"
#include "msrp/transfer.h"

struct ms_msrp_file_hash {
	struct ms_digest *sha1, *sha256; /* owned; NULL if not wanted */
	uint64_t done;                   /* octets from the start of the file taken in */
};

/** Begins those digests that are wanted. */
MS_MUST_CHECK int ms_msrp_file_hash_init(struct ms_msrp_file_hash *h, bool sha1, bool sha256);
void ms_msrp_file_hash_done(struct ms_msrp_file_hash *h);
MS_MUST_CHECK int ms_msrp_file_hash_update(struct ms_msrp_file_hash *h, struct ms_span octets);
/** Takes in what the store has from h->done up to `end` (MS_MSRP_UNKNOWN: to its end). */
MS_MUST_CHECK int ms_msrp_file_hash_store(struct ms_msrp_file_hash *h,
					  const struct ms_msrp_file_store *store, uint64_t end);
/** Ends the digests into *s. */
MS_MUST_CHECK int ms_msrp_file_hash_final(struct ms_msrp_file_hash *h,
					  struct ms_msrp_file_selector *s);

/** The file's octets in the range: their number, or MS_MSRP_UNKNOWN. */
uint64_t ms_msrp_file_length(const struct ms_msrp_file_params *p);

#endif
