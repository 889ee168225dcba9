/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of mediasec-alg; table in config.c, shown by --print-config. */
#ifndef MS_ALG_CONFIG_H
#define MS_ALG_CONFIG_H

#include "border/service.h"

/** What a user has to be before his requests go on. */
enum ms_alg_unregistered { MS_ALG_REFUSE, MS_ALG_PASS };

/** Security-Verify (RFC 3329 section 2.3). */
enum ms_alg_verify {
	MS_ALG_VERIFY_IGNORE,
	MS_ALG_VERIFY_CHECK,   /* if it is there, it must be what we said */
	MS_ALG_VERIFY_REQUIRE, /* and who was told must say it */
};

struct ms_alg_config {
	struct ms_border_config shared;
	struct {
		unsigned unregistered; /* enum ms_alg_unregistered */
		unsigned verify;       /* enum ms_alg_verify */
		bool msrp_tls, bfcp_tls;
		const char *visited_network; /* "": not said */
		const char *state;           /* path of the file of contacts; "": none */
		bool charging;
		uint64_t contacts, contacts_user;
	} access;
};

extern const struct ms_config_field ms_alg_config_fields[];

MS_MUST_CHECK int ms_alg_config_check(const struct ms_config *c, struct ms_config_error *ret_error);

#endif
