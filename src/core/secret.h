/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and other secrets: fixed capacity, wiped when their scope ends, no way to print them.
 */
#ifndef MS_CORE_SECRET_H
#define MS_CORE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/span.h"

/** Longest key kept in a struct ms_secret, in octets. Key data of the wire may be longer: refused. */
#define MS_SECRET_MAX 64

struct ms_secret {
	uint8_t b[MS_SECRET_MAX];
	size_t len; /* octets in use */
};

/** Overwrites with zeroes in a way the compiler does not drop. */
void ms_wipe(void *p, size_t n);

/** Wipes and sets the length to 0. For MS_CLEANUP; an all-zero object is fine. */
void ms_secret_wipe(struct ms_secret *s);

/** Takes a copy. Returns 0, or -EMSGSIZE if it is longer than MS_SECRET_MAX. */
MS_MUST_CHECK int ms_secret_set(struct ms_secret *s, struct ms_span value);

/** Borrowed view. */
static inline struct ms_span ms_secret_span(const struct ms_secret *s)
{
	return ms_span_of(s->b, s->len);
}

/** Equal octets, in a time that depends on the lengths only. */
bool ms_secret_equal(struct ms_span a, struct ms_span b);

#endif
