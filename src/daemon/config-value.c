/* SPDX-License-Identifier: Apache-2.0 */
/* From the text of a value to the member of a structure. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/alloc.h"
#include "daemon/config-priv.h"

#define TEXT_MAX 1024

const char *ms_config_type_name(enum ms_config_type type)
{
	static const char *const names[] = {
		[MS_CONFIG_UINT] = "a number",
		[MS_CONFIG_TIME] = "a time with its unit, such as 500ms, 30s, 5m, 24h or 7d",
		[MS_CONFIG_SIZE] = "a size such as 4096, 64k, 8M or 1G",
		[MS_CONFIG_BOOL] = "true or false",
		[MS_CONFIG_TEXT] = "text",
		[MS_CONFIG_ADDR] = "an address such as 127.0.0.1:80, [::1]:80 or unix:/path",
		[MS_CONFIG_ENUM] = "one of a few words",
		[MS_CONFIG_MAP] = "a mapping",
		[MS_CONFIG_LIST] = "a list",
		[MS_CONFIG_PROFILE] = "a mapping of profile names",
	};

	return names[type];
}

static int refuse(struct ms_config_reason *why, const char *text)
{
	snprintf(why->text, sizeof(why->text), "%s", text);
	return -EINVAL;
}

static int wrong_type(const struct ms_config_field *f, struct ms_config_reason *why)
{
	snprintf(why->text, sizeof(why->text), "must be %s", ms_config_type_name(f->type));
	return -EINVAL;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit time_units[] = {
	{ "us", 1 },         { "ms", 1000 },       { "s", 1000000 }, { "m", 60000000 },
	{ "h", 3600000000 }, { "d", 86400000000 }, { NULL, 0 },
};

static const struct unit size_units[] = {
	{ "", 1 }, { "k", 1024 }, { "M", 1048576 }, { "G", 1073741824 }, { NULL, 0 },
};

static const struct unit no_units[] = { { "", 1 }, { NULL, 0 } };

/* Digits, then one of the units. 0 needs none. */
static int read_number(struct ms_span text, const struct unit *units, uint64_t *ret_v)
{
	size_t digits = 0;
	uint64_t v;

	while (digits < text.len && text.p[digits] >= '0' && text.p[digits] <= '9')
		digits++;
	if (ms_span_u64(ms_span_sub(text, 0, digits), INT64_MAX, &v))
		return -EINVAL;
	if (v == 0 && digits == text.len) {
		*ret_v = 0;
		return 0;
	}
	for (; units->name; units++) {
		if (!ms_span_is(ms_span_from(text, digits), units->name))
			continue;
		if (v > (uint64_t)INT64_MAX / units->factor)
			return -EINVAL;
		*ret_v = v * units->factor;
		return 0;
	}
	return -EINVAL;
}

static int out_of_range(const struct ms_config_field *f, const char *unit, uint64_t factor,
			struct ms_config_reason *why)
{
	if (f->max > 0)
		snprintf(why->text, sizeof(why->text),
			 "must be between %" PRIu64 "%s and %" PRIu64 "%s", f->min / factor, unit,
			 f->max / factor, unit);
	else
		snprintf(why->text, sizeof(why->text), "must be at least %" PRIu64 "%s",
			 f->min / factor, unit);
	return -EINVAL;
}

static int set_number(const struct ms_config_field *f, struct ms_span text, void *at,
		      struct ms_config_reason *why)
{
	const struct unit *units = f->type == MS_CONFIG_TIME   ? time_units
				   : f->type == MS_CONFIG_SIZE ? size_units
							       : no_units;
	uint64_t v;

	if (read_number(text, units, &v))
		return wrong_type(f, why);
	if (v < f->min || (f->max > 0 && v > f->max)) {
		bool seconds = f->type == MS_CONFIG_TIME && f->min % 1000000 == 0;

		if (f->type != MS_CONFIG_TIME)
			return out_of_range(f, "", 1, why);
		return out_of_range(f, seconds ? "s" : "us", seconds ? 1000000 : 1, why);
	}
	if (f->type == MS_CONFIG_TIME)
		*(ms_usec *)at = (ms_usec)v;
	else
		*(uint64_t *)at = v;
	return 0;
}

static int set_bool(const struct ms_config_field *f, struct ms_span text, void *at,
		    struct ms_config_reason *why)
{
	bool v = ms_span_is(text, "true");

	if (!v && !ms_span_is(text, "false"))
		return wrong_type(f, why);
	*(bool *)at = v;
	return 0;
}

static int set_text(struct ms_config *c, const struct ms_config_field *f, struct ms_span text,
		    void *at, struct ms_config_reason *why)
{
	char *copy;

	if (ms_span_find(text, 0) < text.len)
		return refuse(why, "may not contain a NUL");
	if (text.len > (f->max > 0 ? f->max : TEXT_MAX))
		return refuse(why, "is too long");
	if (text.len < f->min)
		return refuse(why, f->min == 1 ? "may not be empty" : "is too short");
	copy = ms_config_alloc(c, text.len + 1);
	if (!copy)
		return -ENOMEM;
	if (text.len > 0)
		memcpy(copy, text.p, text.len);
	*(const char **)at = copy;
	return 0;
}

static int set_addr(const struct ms_config_field *f, struct ms_span text, void *at,
		    struct ms_config_reason *why)
{
	if (text.len == 0 && f->min == 0) {
		*(struct ms_addr *)at = (struct ms_addr){ 0 };
		return 0;
	}
	if (ms_addr_parse(text, (uint16_t)f->max, at))
		return wrong_type(f, why);
	return 0;
}

static int set_enum(const struct ms_config_field *f, struct ms_span text, void *at,
		    struct ms_config_reason *why)
{
	size_t n = 0;

	for (unsigned i = 0; f->names[i]; i++) {
		if (ms_span_is(text, f->names[i])) {
			*(unsigned *)at = i;
			return 0;
		}
	}
	n += (size_t)snprintf(why->text, sizeof(why->text), "must be one of:");
	for (unsigned i = 0; f->names[i] && n < sizeof(why->text); i++)
		n += (size_t)snprintf(why->text + n, sizeof(why->text) - n, " %s", f->names[i]);
	return -EINVAL;
}

int ms_config_scalar(struct ms_config *c, const struct ms_config_field *f, struct ms_span text,
		     void *at, struct ms_config_reason *why)
{
	switch (f->type) {
	case MS_CONFIG_UINT:
	case MS_CONFIG_TIME:
	case MS_CONFIG_SIZE:
		return set_number(f, text, at, why);
	case MS_CONFIG_BOOL:
		return set_bool(f, text, at, why);
	case MS_CONFIG_TEXT:
		return set_text(c, f, text, at, why);
	case MS_CONFIG_ADDR:
		return set_addr(f, text, at, why);
	case MS_CONFIG_ENUM:
		return set_enum(f, text, at, why);
	case MS_CONFIG_MAP:
	case MS_CONFIG_LIST:
	case MS_CONFIG_PROFILE:
		break;
	}
	return wrong_type(f, why);
}
