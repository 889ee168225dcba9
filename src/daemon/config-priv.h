/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the configuration: shared by the reader of YAML and the reader of values. */
#ifndef MS_DAEMON_CONFIG_PRIV_H
#define MS_DAEMON_CONFIG_PRIV_H

#include <stdarg.h>
#include <stddef.h>

#include "core/list.h"
#include "daemon/config.h"

/** A piece of memory of the configuration, or the line a key stands at. */
struct ms_config_piece {
	struct ms_list link;
	unsigned line; /* of the key whose path is in `text`; 0: only memory */
	_Alignas(max_align_t) char text[];
};

struct ms_config {
	char *name;
	void *values;
	struct ms_list pieces;
};

/** An empty one with `size` octets of values, zeroed; `name` stands in complaints. NULL: no memory. */
struct ms_config *ms_config_new(const char *name, size_t size);

/** Memory that lives as long as the configuration; zeroed. NULL if there is none. */
void *ms_config_alloc(struct ms_config *c, size_t size);

/** Keeps the line a key stands at, for ms_config_complain(). 0 or -ENOMEM. */
MS_MUST_CHECK int ms_config_remember(struct ms_config *c, const char *path, unsigned line);

/** Fills *error with "NAME:LINE: PATH: text"; no line if 0, no path if "". */
void ms_config_say(struct ms_config_error *error, const char *name, unsigned line, const char *path,
		   const char *fmt, va_list ap) MS_PRINTF(5, 0);

/**
 * Reads YAML text into c->values. 0, -ENOMEM, -E2BIG (a table of ours is too long) or -EINVAL with
 * *ret_error filled.
 */
MS_MUST_CHECK int ms_config_read(struct ms_config *c, struct ms_span text,
				 const struct ms_config_field *fields,
				 struct ms_config_error *ret_error);

/** Why a value was refused, in words. */
struct ms_config_reason {
	char text[160];
};

/**
 * Reads one scalar's text into the member at `at`. 0, -ENOMEM, or -EINVAL with the reason filled.
 */
MS_MUST_CHECK int ms_config_scalar(struct ms_config *c, const struct ms_config_field *f,
				   struct ms_span text, void *at, struct ms_config_reason *why);

/** "a number", "a time such as 30s", ...: what the field's type wants. */
const char *ms_config_type_name(enum ms_config_type type);

#endif
