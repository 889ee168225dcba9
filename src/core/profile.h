/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The project profile as a structure: values that no published standard fixes. profile.def is the
 * table; docs/profile.md shows it to users.
 */
#ifndef MS_CORE_PROFILE_H
#define MS_CORE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/span.h"

/** Longest text value, with its NUL. */
#define MS_PROFILE_TEXT_MAX 256

struct ms_profile {
#define UINT(name, value, max, why, standard) uint32_t name;
#define TEXT(name, value, why, standard) char name[MS_PROFILE_TEXT_MAX];
#include "core/profile.def"
#undef UINT
#undef TEXT
};

struct ms_profile_entry {
	const char *name;
	const char *value; /* default, as text */
	const char *why;
	const char *standard; /* what a standard says, or that it was not available */
};

/** The defaults. Static, never changes. */
extern const struct ms_profile ms_profile_default;

/** Entry `i` of the table, or NULL past its end. Static. */
const struct ms_profile_entry *ms_profile_entry(size_t i);

/**
 * Sets one value from its text. -ENOENT (no such name), -EINVAL (not a number), -ERANGE (a number
 * over its maximum, or a text too long). Nothing changes on error.
 */
MS_MUST_CHECK int ms_profile_set(struct ms_profile *p, const char *name, struct ms_span value);

/** Have both the same value of entry `i`? Of one past the table's end: yes. */
MS_MUST_CHECK bool ms_profile_same(const struct ms_profile *a, const struct ms_profile *b,
				   size_t i);

#endif
