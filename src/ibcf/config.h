/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of mediasec-ibcf; table in config.c, shown by --print-config. */
#ifndef MS_IBCF_CONFIG_H
#define MS_IBCF_CONFIG_H

#include "border/service.h"

/** Another network: one element of `networks`. */
struct ms_ibcf_network {
	const char *domain;
	struct ms_addr next_hop;
	unsigned transport;            /* enum ms_sip_transport */
	struct ms_config_list sources; /* of struct ms_addr; who else may speak for it */
	bool trusted;                  /* what it asserts of its users is believed (RFC 3325) */
};

struct ms_ibcf_config {
	struct ms_border_config shared;
	struct ms_config_list domains;  /* of const char *; our own */
	struct ms_config_list networks; /* of struct ms_ibcf_network */
};

extern const struct ms_config_field ms_ibcf_config_fields[];

MS_MUST_CHECK int ms_ibcf_config_check(const struct ms_config *c,
				       struct ms_config_error *ret_error);

#endif
