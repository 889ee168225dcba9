/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the configuration: shared by the reader of YAML and the reader of values. */
#ifndef MS_DAEMON_CONFIG_PRIV_H
#define MS_DAEMON_CONFIG_PRIV_H

#include <stddef.h>

#include "core/list.h"
#include "daemon/config.h"

/** Longest key path, as in "peers[12].address". */
#define MS_CONFIG_PATH_MAX 192

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

/** Memory that lives as long as the configuration; zeroed. NULL if there is none. */
void *ms_config_alloc(struct ms_config *c, size_t size);

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
