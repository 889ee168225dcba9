/* SPDX-License-Identifier: Apache-2.0 */
/* A table with every type of value, for the tests of the configuration and its fuzz target. */
#ifndef MS_TEST_CONFIG_TABLE_H
#define MS_TEST_CONFIG_TABLE_H

#include "daemon/config.h"

struct inner {
	const char *name;
	uint64_t port;
};

struct outer {
	uint64_t number;
	ms_usec time;
	uint64_t size;
	bool flag;
	const char *text;
	struct ms_addr addr;
	unsigned choice;
	struct inner map;
	struct ms_config_list list;  /* of struct inner */
	struct ms_config_list words; /* of const char * */
	struct ms_profile profile;
};

static const char *const colours[] = { "red", "green", NULL };

static const struct ms_config_field inner_fields[] = {
	{ .key = "name",
	  .type = MS_CONFIG_TEXT,
	  MS_CONFIG_AT(struct inner, name),
	  .min = 1,
	  .max = 16,
	  .help = "A name." },
	{ .key = "port",
	  .type = MS_CONFIG_UINT,
	  MS_CONFIG_AT(struct inner, port),
	  .value = "80",
	  .min = 1,
	  .max = 65535,
	  .help = "A port." },
	{ 0 },
};

static const struct ms_config_field map_fields[] = {
	{ .key = "name",
	  .type = MS_CONFIG_TEXT,
	  MS_CONFIG_AT(struct inner, name),
	  .value = "nobody",
	  .help = "A name." },
	{ .key = "port",
	  .type = MS_CONFIG_UINT,
	  MS_CONFIG_AT(struct inner, port),
	  .value = "80",
	  .min = 1,
	  .max = 65535,
	  .help = "A port." },
	{ 0 },
};

static const struct ms_config_field word = { .type = MS_CONFIG_TEXT, .max = 8 };

static const struct ms_config_field outer_fields[] = {
	{ .key = "number",
	  .type = MS_CONFIG_UINT,
	  MS_CONFIG_AT(struct outer, number),
	  .value = "7",
	  .min = 1,
	  .max = 100,
	  .help = "A number." },
	{ .key = "time",
	  .type = MS_CONFIG_TIME,
	  MS_CONFIG_AT(struct outer, time),
	  .value = "30s",
	  .max = 3600 * MS_SEC,
	  .help = "A time." },
	{ .key = "size",
	  .type = MS_CONFIG_SIZE,
	  MS_CONFIG_AT(struct outer, size),
	  .value = "64k",
	  .help = "A size." },
	{ .key = "flag",
	  .type = MS_CONFIG_BOOL,
	  MS_CONFIG_AT(struct outer, flag),
	  .value = "true",
	  .help = "A flag." },
	{ .key = "text",
	  .type = MS_CONFIG_TEXT,
	  MS_CONFIG_AT(struct outer, text),
	  .value = "",
	  .help = "A text." },
	{ .key = "addr",
	  .type = MS_CONFIG_ADDR,
	  MS_CONFIG_AT(struct outer, addr),
	  .value = "127.0.0.1",
	  .min = 1,
	  .max = 8080,
	  .help = "An address." },
	{ .key = "choice",
	  .type = MS_CONFIG_ENUM,
	  MS_CONFIG_AT(struct outer, choice),
	  .value = "green",
	  .names = colours,
	  .help = "A colour." },
	{ .key = "map",
	  .type = MS_CONFIG_MAP,
	  MS_CONFIG_AT(struct outer, map),
	  .fields = map_fields,
	  .help = "A section." },
	{ .key = "list",
	  .type = MS_CONFIG_LIST,
	  MS_CONFIG_AT(struct outer, list),
	  .max = 10,
	  .fields = inner_fields,
	  .item_size = sizeof(struct inner),
	  .help = "A list." },
	{ .key = "words",
	  .type = MS_CONFIG_LIST,
	  MS_CONFIG_AT(struct outer, words),
	  .item = &word,
	  .item_size = sizeof(const char *),
	  .help = "Words." },
	{ .key = "profile",
	  .type = MS_CONFIG_PROFILE,
	  MS_CONFIG_AT(struct outer, profile),
	  .help = "The profile." },
	{ 0 },
};

#endif
