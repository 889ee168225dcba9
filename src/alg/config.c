/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys, and the checks it cannot express. */
#include "alg/config.h"

#define AT(m) MS_CONFIG_AT(struct ms_alg_config, m)

static const char *const unregistered_names[] = { "refuse", "pass", NULL };
static const char *const verify_names[] = { "ignore", "check", "require", NULL };

static const struct ms_config_field access_fields[] = {
	{ "unregistered", MS_CONFIG_ENUM, AT(access.unregistered), .value = "refuse",
	  .names = unregistered_names,
	  .help = "What becomes of requests of users that have not registered here." },
	{ "verify", MS_CONFIG_ENUM, AT(access.verify), .value = "check", .names = verify_names,
	  .help = "Security-Verify: ignored; checked where it is sent; or required of users that "
		  "were sent Security-Server." },
	{ "msrp_tls", MS_CONFIG_BOOL, AT(access.msrp_tls), .value = "true",
	  .help = "Announce msrp-tls;mediasec: MSRP secured between user and gateway." },
	{ "bfcp_tls", MS_CONFIG_BOOL, AT(access.bfcp_tls), .value = "true",
	  .help = "Announce bfcp-tls;mediasec: BFCP likewise." },
	{ "visited_network", MS_CONFIG_TEXT, AT(access.visited_network), .value = "", .max = 255,
	  .help = "P-Visited-Network-ID in REGISTER; empty: none." },
	{ "state", MS_CONFIG_TEXT, AT(access.state), .value = "",
	  .help = "File in which users of UDP are kept over a restart; those of connections notice and "
		  "register again. Empty: none." },
	{ "charging", MS_CONFIG_BOOL, AT(access.charging), .value = "false",
	  .help = "Put P-Charging-Vector with a new ICID into first requests and REGISTER." },
	{ "contacts", MS_CONFIG_UINT, AT(access.contacts), .value = "100000", .min = 1,
	  .max = 10000000, .help = "Registered contacts at a time; more get 503." },
	{ "contacts_user", MS_CONFIG_UINT, AT(access.contacts_user), .value = "16", .min = 1,
	  .max = 1000, .help = "Contacts over one connection or address and port." },
	{ 0 },
};

const struct ms_config_field ms_alg_config_fields[] = {
	MS_BORDER_CONFIG(struct ms_alg_config, shared),
	{ "access", MS_CONFIG_MAP, .fields = access_fields,
	  .help = "Users: registration, and what is announced to them." },
	MS_PROFILE_CONFIG(struct ms_alg_config, shared.profile),
	{ 0 },
};

int ms_alg_config_check(const struct ms_config *c, struct ms_config_error *ret_error)
{
	const struct ms_alg_config *a = ms_config_values(c);

	return ms_border_config_check(c, &a->shared, ret_error);
}
