/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MS_BFCP_BFCP_PRIV_H
#define MS_BFCP_BFCP_PRIV_H

#include "bfcp/message.h"

/** How the value of an attribute looks. */
enum ms_bfcp_kind {
	MS_BFCP_KIND_OPAQUE, /* unknown types */
	MS_BFCP_KIND_ID,     /* 16 bits */
	MS_BFCP_KIND_PRIORITY,
	MS_BFCP_KIND_STATUS,
	MS_BFCP_KIND_ERROR,
	MS_BFCP_KIND_OCTETS,
	MS_BFCP_KIND_GROUP, /* 16 bits and attributes */
};

/** What may stand in a message or a grouped attribute. */
struct ms_bfcp_rule {
	uint8_t type;
	uint8_t min;
	bool many;
};

/** Rules end with type 0. */
#define MS_BFCP_RULES 7

struct ms_bfcp_type_entry {
	const char *name;
	enum ms_bfcp_kind kind;
	struct ms_bfcp_rule inner[MS_BFCP_RULES];
};

struct ms_bfcp_primitive_entry {
	const char *name;
	struct ms_bfcp_rule rules[MS_BFCP_RULES];
};

/** Of an unknown type: an entry without a name, opaque. */
const struct ms_bfcp_type_entry *ms_bfcp_type_entry(unsigned type);
/** NULL if unknown. */
const struct ms_bfcp_primitive_entry *ms_bfcp_primitive_entry(unsigned primitive);

#endif
