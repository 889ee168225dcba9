/* SPDX-License-Identifier: Apache-2.0 */
/* IP address literals: text in, octets out and back, without a socket header (for pure modules). */
#ifndef MS_CORE_IP_H
#define MS_CORE_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/span.h"

/** Reads "192.0.2.1" or "2001:db8::1" (no brackets, no zone). Returns 4, 6, or 0: none of them. */
MS_MUST_CHECK uint8_t ms_ip_parse(struct ms_span text, uint8_t ret_octets[static 16]);

/** Writes the literal, IPv6 as RFC 5952 recommends. Another family than 4 and 6 writes nothing. */
void ms_ip_put(struct ms_buf *b, uint8_t family, const uint8_t *octets);

#endif
