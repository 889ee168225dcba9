/* SPDX-License-Identifier: Apache-2.0 */
/* Timestamps of MIKEY: RFC 3830 section 6.6, RFC 6043 sections 6.3 and 6.10. */
#ifndef MS_MIKEY_TIMESTAMP_H
#define MS_MIKEY_TIMESTAMP_H

#include "core/time.h"
#include "mikey/message.h"

/** The 64-bit form that enters the IV (RFC 3830 section 6.6, RFC 6043 section 6.3): COUNTER is
 * padded in front, NTP-UTC-32 behind. */
uint64_t ms_mikey_ts_t64(const struct ms_mikey_ts *t);

/**
 * Seconds since 1900 of an NTP timestamp: top bit set is 1968-2036, clear is 2036-2104 (RFC 4330
 * section 3, mandatory by RFC 6043 section 6.3). Returns 0, or -EINVAL for COUNTER or if not set.
 */
MS_MUST_CHECK int ms_mikey_ts_seconds(const struct ms_mikey_ts *t, uint64_t *ret_seconds);

/** As a point in time since 1970, fractions rounded down. Errors as above. */
MS_MUST_CHECK int ms_mikey_ts_to_usec(const struct ms_mikey_ts *t, ms_usec *ret_time);

/** `now` (since 1970, in 1968-2104) as NTP-UTC, NTP or NTP-UTC-32 (then seconds rounded down).
 * Not set for other types. */
struct ms_mikey_ts ms_mikey_ts_of(enum ms_mikey_ts_type type, ms_usec now);

#endif
