/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A span is a pointer and a length into octets somebody else owns ("borrowed"). All helpers are
 * total: going too far gives an empty span, never a wild pointer.
 */
#ifndef MS_CORE_SPAN_H
#define MS_CORE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/attr.h"

struct ms_span {
	const uint8_t *p; /* borrowed; may be NULL only if len is 0 */
	size_t len;       /* octets */
};

#define MS_SPAN_NULL ((struct ms_span){ NULL, 0 })

/** A span over a string literal, without its terminating NUL. */
#define MS_SPAN_LIT(s) ((struct ms_span){ (const uint8_t *)(s), sizeof(s) - 1 })

/** For printf("%.*s"): at most INT_MAX octets. Quote peer text with ms_buf_put_quoted() in logs. */
#define MS_SPAN_FMT(s) (int)((s).len > INT32_MAX ? INT32_MAX : (s).len), (const char *)(s).p

static inline struct ms_span ms_span_of(const void *p, size_t len)
{
	return (struct ms_span){ p, len };
}

/** A span over a C string; NULL gives the empty span. */
static inline struct ms_span ms_span_str(const char *s)
{
	return s ? ms_span_of(s, strlen(s)) : MS_SPAN_NULL;
}

/** Equal octets. Not constant time: for secrets and MACs use ms_secret_equal(). */
bool ms_span_eq(struct ms_span a, struct ms_span b);

/** Equal but for the case of ASCII letters. */
bool ms_span_eq_nocase(struct ms_span a, struct ms_span b);

/** As ms_span_eq()/ms_span_eq_nocase() against a C string. */
bool ms_span_is(struct ms_span a, const char *s);
bool ms_span_is_nocase(struct ms_span a, const char *s);

bool ms_span_starts(struct ms_span s, struct ms_span prefix);
bool ms_span_starts_nocase(struct ms_span s, struct ms_span prefix);

/** memcmp order, a prefix before what it begins. <0, 0, >0. */
int ms_span_cmp(struct ms_span a, struct ms_span b);

/** From `off`, at most `len` octets; clipped to the span. */
struct ms_span ms_span_sub(struct ms_span s, size_t off, size_t len);

/** All from `off` on; empty if `off` is past the end. */
struct ms_span ms_span_from(struct ms_span s, size_t off);

/** Offset of the first `c`, or s.len if there is none. */
size_t ms_span_find(struct ms_span s, uint8_t c);

/** Offset of the first occurrence of `needle`, or s.len if there is none. */
size_t ms_span_find_span(struct ms_span s, struct ms_span needle);

/** Without leading and trailing spaces, tabs, CR and LF. */
struct ms_span ms_span_trim(struct ms_span s);

/**
 * Cuts *rest at the first `c`: returns what is before it and leaves in *rest what is after it. If
 * there is no `c`, returns all and leaves *rest empty with p == NULL (so that "a," and "a" differ:
 * after "a," rest is empty with p != NULL).
 */
struct ms_span ms_span_cut(struct ms_span *rest, uint8_t c);

/**
 * A decimal number of only digits, at least one, no sign or blanks, at most `max`.
 * Returns 0, -EINVAL (not a number) or -ERANGE (greater than max).
 */
MS_MUST_CHECK int ms_span_u64(struct ms_span s, uint64_t max, uint64_t *ret_value);

/**
 * Copies into `dst` of `size` octets as a C string. Returns 0, -ENOBUFS if it does not fit, or
 * -EINVAL if the span has a NUL inside. dst is written only on success.
 */
MS_MUST_CHECK int ms_span_to_str(struct ms_span s, char *dst, size_t size);

#endif
