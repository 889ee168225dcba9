/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the codec share. */
#ifndef MS_MIKEY_MIKEY_PRIV_H
#define MS_MIKEY_MIKEY_PRIV_H

#include <errno.h>

#include "core/reader.h"
#include "mikey/message.h"

/** A structure that cannot be read: -EBADMSG, error "unspecified", reason "parse". */
static inline int ms_mikey_parse_fault(struct ms_fault *f, size_t offset)
{
	return ms_fault_set(f, -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED, "parse", offset);
}

/** Adds the offset of a block to that of a fault inside it, and gives `err` back. */
static inline int ms_mikey_fault_inside(struct ms_fault *f, int err, size_t block)
{
	if (err < 0 && f)
		f->offset += block;
	return err;
}

/** KV data: what follows the key (RFC 3830 section 6.14). -EBADMSG if cut off or unknown. */
MS_MUST_CHECK int ms_mikey_read_kv(struct ms_reader *r, unsigned kv, struct ms_span *ret_spi,
				   struct ms_span *ret_from, struct ms_span *ret_to);

/** HDR and its map at the start of `s`; fills ret_m->hdr and ret_m->cs, and *ret_first with the
 * number of the first payload, *ret_len with the header's length. */
MS_MUST_CHECK int ms_mikey_hdr_decode(struct ms_span s, struct ms_mikey_message *ret_m,
				      unsigned *ret_first, size_t *ret_len, struct ms_fault *fault);

#endif
