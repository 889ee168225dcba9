/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration: one YAML file, read against a table that says for each key its type, default,
 * limits and meaning. The table is also the documentation (ms_config_document()).
 *
 * Strict: an unknown key, a key given twice, a value of the wrong type or out of range, an alias or
 * a second document is an error that names file, line and key. There is no include. Secrets are
 * never in the file, only paths to them.
 *
 * Style of all our files: keys in lower_case, sections as nested mappings, times with a unit ("500ms",
 * "30s", "5m", "24h", "7d"), sizes with a unit ("64k", "8M"), addresses as "host:port" with IPv6 in
 * brackets, booleans as true and false.
 */
#ifndef MS_DAEMON_CONFIG_H
#define MS_DAEMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/profile.h"
#include "core/time.h"
#include "loop/addr.h"

enum ms_config_type {
	MS_CONFIG_UINT, /* uint64_t; min, max */
	MS_CONFIG_TIME, /* ms_usec; a number with unit us, ms, s, m, h, d; min, max in microseconds */
	MS_CONFIG_SIZE, /* uint64_t octets; a number, perhaps with k, M or G (powers of 1024) */
	MS_CONFIG_BOOL, /* bool */
	MS_CONFIG_TEXT, /* const char *, owned by the configuration; max octets (0: 1024); may be "" */
	MS_CONFIG_ADDR, /* struct ms_addr; min 0: "" leaves it unset; max: port if none is given */
	MS_CONFIG_ENUM, /* unsigned: index into names */
	MS_CONFIG_MAP,  /* a nested structure at offset; fields */
	MS_CONFIG_LIST, /* struct ms_config_list; item describes one element; min, max elements */
	MS_CONFIG_PROFILE, /* struct ms_profile: names of src/core/profile.def, defaults from there */
};

/** Elements of a list, owned by the configuration: an array of what the item type stores. */
struct ms_config_list {
	void *items;
	size_t n;
};

struct ms_config_field {
	const char *key; /* NULL ends a table */
	enum ms_config_type type;
	size_t offset;     /* of the member in its structure */
	const char *value; /* default as it would be written; NULL: the key must be given. Not for
			       MAP, LIST and PROFILE, which may be left out (MAP: members' defaults;
			       LIST: needs min elements) */
	uint64_t min, max; /* max 0: no upper limit */
	const char *const *names;             /* ENUM: ended by NULL */
	const struct ms_config_field *fields; /* MAP; LIST of mappings */
	const struct ms_config_field
		*item;    /* LIST of scalars: type and limits of one (key unused) */
	size_t item_size; /* LIST: sizeof one element */
	const char *help; /* one sentence for the manual */
};

/** Member `m` of structure `s`: the offset half of a field. */
#define MS_CONFIG_AT(s, m) .offset = offsetof(s, m)

/** What is wrong, ready to be printed: "kms.yaml:12: http.listen: not an address: ..." */
struct ms_config_error {
	char text[512];
};

/** Longest key path, as in "peers[12].address". */
#define MS_CONFIG_PATH_MAX 192

struct ms_config; /* a loaded file; owned */

/**
 * Reads a file (at most 1 MiB) into a new structure of `size` octets described by `fields`.
 * Returns 0, or negative errno with *ret_error filled: -EINVAL for what is wrong in the file, else
 * what opening or reading it gave.
 */
MS_MUST_CHECK int ms_config_load(const char *path, const struct ms_config_field *fields,
				 size_t size, struct ms_config **ret_config,
				 struct ms_config_error *ret_error);

/** As ms_config_load() from memory; `name` stands for the file in messages. */
MS_MUST_CHECK int ms_config_parse(struct ms_span text, const char *name,
				  const struct ms_config_field *fields, size_t size,
				  struct ms_config **ret_config, struct ms_config_error *ret_error);

/** The structure, borrowed. */
const void *ms_config_values(const struct ms_config *c);

/**
 * For checks that need several keys: fills *ret_error with file, the line where `key` ("http.listen",
 * "peers[2].name") stands (or none if it was left out), key and text; returns -EINVAL.
 */
int ms_config_complain(const struct ms_config *c, const char *key,
		       struct ms_config_error *ret_error, const char *fmt, ...) MS_PRINTF(4, 5);

/** NULL is fine. Returns NULL. */
struct ms_config *ms_config_free(struct ms_config *c);

/** Appends the values at `values` as octets, for a role of the same executable. */
void ms_config_put(const struct ms_config_field *fields, const void *values, struct ms_buf *out);

/**
 * The inverse: a configuration from a copy of what ms_config_put() wrote with the same table. 0, -ENOMEM
 * or -EBADMSG. Owned.
 */
MS_MUST_CHECK int ms_config_take(struct ms_span octets, const struct ms_config_field *fields,
				 size_t size, struct ms_config **ret_config);

/** A copy of the values of a configuration, for what outlives it. As ms_config_take(). */
MS_MUST_CHECK int ms_config_copy(const struct ms_config_field *fields, const void *values,
				 size_t size, struct ms_config **ret_config);

/**
 * Do two configurations of this table differ in a key outside of `loose` ("access.verify",
 * "profile.id_type"; a section, or a list, stands for all in it; ended by NULL)? *ret_path names the first such key.
 */
MS_MUST_CHECK bool ms_config_differs(const struct ms_config_field *fields, const void *a,
				     const void *b, const char *const *loose,
				     char ret_path[static MS_CONFIG_PATH_MAX]);

/** Writes the table as an annotated YAML file with all defaults: what --print-config shows. */
void ms_config_document(const struct ms_config_field *fields, struct ms_buf *out);

#endif
