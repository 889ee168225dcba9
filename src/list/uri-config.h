/* SPDX-License-Identifier: Apache-2.0 */
/* Section `uri_list` of the configuration. */
#ifndef MS_LISTS_URI_CONFIG_H
#define MS_LISTS_URI_CONFIG_H

#include "daemon/config.h"

/** Whether recipients hear who the others are. */
enum ms_lists_uri_history {
	MS_LISTS_HISTORY_NONE,
	MS_LISTS_HISTORY_PROTECTED, /* as S/MIME of the service, once for all */
};

struct ms_lists_uri_config {
	const char *service;         /* its URI; "": there is none */
	uint64_t recipients, octets; /* of one list */
	struct ms_config_list
		domains; /* of const char *: of recipients who agreed to be written to */
	unsigned history;
	bool plain;
};

extern const struct ms_config_field ms_lists_uri_fields[];

#endif
