/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MS_CORE_HEX_H
#define MS_CORE_HEX_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/span.h"

/** Appends lower-case hex digits, two an octet. */
void ms_hex_encode(struct ms_buf *b, struct ms_span s);

/** Appends s in upper-case hexadecimal, with `between` between octets; 0: nothing. */
void ms_hex_encode_upper(struct ms_buf *b, struct ms_span s, char between);

/** Appends the octets of `text` (hex digits only, an even number). Returns 0 or -EINVAL, or what the
 * buffer says; on error nothing is appended. */
MS_MUST_CHECK int ms_hex_decode(struct ms_buf *b, struct ms_span text);

/** Value of a hex digit, or -1. */
int ms_hex_digit(uint8_t c);

#endif
