/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of what a Resolve yields. Inside of src/mikey only. */
#ifndef MS_MIKEY_RESOLVE_PRIV_H
#define MS_MIKEY_RESOLVE_PRIV_H

#include "mikey/bundle.h"
#include "mikey/resolve.h"

struct ms_mikey_resolved {
	bool any; /* for any ticket */
	uint8_t ticket_id[MS_MIKEY_TICKET_ID];
	ms_usec end;
	struct ms_secret mpki;
	struct ms_secret mpkr; /* MPKr'; length 0 without forking */
	struct ms_mikey_name id_r;
	bool has_rand_kms;
	uint8_t rand_kms_len;
	uint8_t rand_kms[255];
	struct ms_mikey_keyring keys;
};

/** RANDRkms, p NULL if there was none. Borrowed. */
static inline struct ms_span ms_mikey_resolved_rand(const struct ms_mikey_resolved *r)
{
	return r->has_rand_kms ? ms_span_of(r->rand_kms, r->rand_kms_len) : MS_SPAN_NULL;
}

/** A copy. -ENOMEM. */
MS_MUST_CHECK int ms_mikey_resolved_copy(const struct ms_mikey_resolved *r,
					 struct ms_mikey_resolved **ret_r);

#endif
