/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time is passed in. Pure modules take a `now`; only src/loop and programs read a clock.
 */
#ifndef MS_CORE_TIME_H
#define MS_CORE_TIME_H

#include <stdint.h>

#include "core/attr.h"
#include "core/span.h"

/** Microseconds; either since 1970-01-01 00:00 UTC (wall clock) or an interval. */
typedef int64_t ms_usec;

#define MS_MSEC ((ms_usec)1000)
#define MS_SEC ((ms_usec)1000000)

/** "No deadline". */
#define MS_NEVER INT64_MAX

/** a + b without overflow: MS_NEVER if the sum would pass it. b >= 0. */
ms_usec ms_usec_add(ms_usec a, ms_usec b);

/** Writes "2026-11-20T06:45:00.123Z" (UTC, 24 characters and a NUL) into dst. Returns dst. */
char *ms_usec_to_iso(ms_usec t, char dst[static 32]);

/**
 * Reads a date and time of RFC 3339, with whatever offset, of the years 1970 to 9999. A leap second
 * counts as the second after it. -EINVAL.
 */
MS_MUST_CHECK int ms_usec_of_iso(struct ms_span text, ms_usec *ret_t);

#endif
