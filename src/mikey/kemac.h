/* SPDX-License-Identifier: Apache-2.0 */
/* Encryption of KEMAC contents: RFC 3830 section 4.2.3, RFC 6043 section 6.2. */
#ifndef MS_MIKEY_KEMAC_H
#define MS_MIKEY_KEMAC_H

#include "core/buf.h"
#include "mikey/derive.h"
#include "mikey/timestamp.h"

/** In place of the CSB ID inside a ticket (RFC 6043 appendix A.2.1). */
#define MS_MIKEY_CSB_TICKET 0xffffffffu

/** IV = (salt_key xor (0000 | CSB ID | T)) | 0000. `salt` has 14 octets. */
void ms_mikey_iv(uint8_t iv[16], struct ms_span salt, uint32_t csb_id, uint64_t t64);

/**
 * Appends the encrypted form of `plain` to `out`. `t` is the timestamp of the message or ticket that
 * carries the KEMAC. Returns 0, -EINVAL (algorithm NULL or unknown, key lengths; for AES-KW a length
 * that is no multiple of 8 or below 16), -EIO, or what the buffer says.
 */
MS_MUST_CHECK int ms_mikey_kemac_encrypt(unsigned encr_alg, const struct ms_mikey_encr_keys *keys,
					 uint32_t csb_id, const struct ms_mikey_ts *t,
					 struct ms_span plain, struct ms_buf *out);

/** The inverse. Also -EBADMSG if AES-KW's check fails. `out` should be a secret buffer. */
MS_MUST_CHECK int ms_mikey_kemac_decrypt(unsigned encr_alg, const struct ms_mikey_encr_keys *keys,
					 uint32_t csb_id, const struct ms_mikey_ts *t,
					 struct ms_span encr_data, struct ms_buf *out);

#endif
