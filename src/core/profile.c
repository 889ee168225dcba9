/* SPDX-License-Identifier: Apache-2.0 */
#include "core/profile.h"

#include <errno.h>

const struct ms_profile ms_profile_default = {
#define UINT(name, value, max, why, standard) .name = (value),
#define TEXT(name, value, why, standard) .name = value,
#include "core/profile.def"
#undef UINT
#undef TEXT
};

static const struct ms_profile_entry entries[] = {
#define UINT(name, value, max, why, standard) { #name, #value, why, standard },
#define TEXT(name, value, why, standard) { #name, value, why, standard },
#include "core/profile.def"
#undef UINT
#undef TEXT
};

static const struct {
	const char *name;
	size_t offset;
	uint32_t max;
	bool text;
} fields[] = {
#define UINT(name, value, max, why, standard) \
	{ #name, offsetof(struct ms_profile, name), max, false },
#define TEXT(name, value, why, standard) { #name, offsetof(struct ms_profile, name), 0, true },
#include "core/profile.def"
#undef UINT
#undef TEXT
};

const struct ms_profile_entry *ms_profile_entry(size_t i)
{
	return i < MS_ARRAY_SIZE(entries) ? &entries[i] : NULL;
}

static int set_field(struct ms_profile *p, size_t i, struct ms_span value)
{
	char *at = (char *)p + fields[i].offset;
	uint64_t v;
	int err;

	if (fields[i].text) {
		err = ms_span_to_str(value, at, MS_PROFILE_TEXT_MAX);
		return err == -ENOBUFS ? -ERANGE : err;
	}
	err = ms_span_u64(value, fields[i].max, &v);
	if (err == 0)
		*(uint32_t *)(void *)at = (uint32_t)v;
	return err;
}

int ms_profile_set(struct ms_profile *p, const char *name, struct ms_span value)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(fields); i++)
		if (strcmp(fields[i].name, name) == 0)
			return set_field(p, i, value);
	return -ENOENT;
}

bool ms_profile_same(const struct ms_profile *a, const struct ms_profile *b, size_t i)
{
	const char *x = (const char *)a, *y = (const char *)b;

	if (i >= MS_ARRAY_SIZE(fields))
		return true;
	x += fields[i].offset;
	y += fields[i].offset;
	return fields[i].text ? strcmp(x, y) == 0 : memcmp(x, y, sizeof(uint32_t)) == 0;
}
