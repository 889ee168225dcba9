/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What protects the messages of one exchange: the input key of RFC 6043 section 5.1.2 with the CSB
 * ID and the RANDs that go into its labels. The engines check, seal, encrypt and decrypt with it.
 * Inside of src/mikey only.
 */
#ifndef MS_MIKEY_GUARD_H
#define MS_MIKEY_GUARD_H

#include "core/buf.h"
#include "mikey/derive.h"
#include "mikey/keydata.h"
#include "mikey/mac.h"
#include "mikey/party.h"
#include "mikey/writer.h"

struct ms_mikey_guard {
	struct ms_prf_key key;
	uint32_t csb_id;
	struct ms_mikey_rands rands; /* borrowed */
};

/** `inkey` is the PSK, the envelope key, MPKi or MPKr'. -EINVAL. */
MS_MUST_CHECK int ms_mikey_guard_set(struct ms_mikey_guard *g, const struct ms_mikey_hdr *hdr,
				     struct ms_span inkey, struct ms_span rand_i,
				     struct ms_span rand_r);

/** For MS_CLEANUP; zero it first. */
void ms_mikey_guard_wipe(struct ms_mikey_guard *g);

/** Verifies a V payload over what `c` covers: 0 or -EKEYREJECTED "bad_mac". */
MS_MUST_CHECK int ms_mikey_guard_verify(const struct ms_mikey_guard *g, enum ms_mikey_which which,
					const struct ms_mikey_v *v, const struct ms_mikey_cover *c,
					struct ms_fault *fault);

/** Writes the MAC over what `c` covers to `mac`. -EINVAL. */
MS_MUST_CHECK int ms_mikey_guard_mac(const struct ms_mikey_guard *g, enum ms_mikey_which which,
				     unsigned mac_alg, const struct ms_mikey_cover *c,
				     uint8_t *mac);

/** Encodes and encrypts keys into a KEMAC payload. `plain` is a secret buffer for the clear form. */
MS_MUST_CHECK int ms_mikey_guard_put_keys(const struct ms_mikey_guard *g, enum ms_mikey_which which,
					  unsigned encr_alg, const struct ms_mikey_ts *t,
					  const struct ms_mikey_keys *keys, struct ms_buf *plain,
					  struct ms_mikey_writer *w);

/**
 * Decrypts and decodes the KEMAC of a verified message; keys borrow from `plain`, a secret buffer.
 * Refused are algorithms that *local does not accept, NULL, and a MAC in the KEMAC.
 */
MS_MUST_CHECK int ms_mikey_guard_get_keys(const struct ms_mikey_guard *g, enum ms_mikey_which which,
					  const struct ms_mikey_message *m,
					  const struct ms_mikey_local *local,
					  struct ms_mikey_keys *ret_keys, struct ms_buf *plain,
					  struct ms_fault *fault);

#endif
