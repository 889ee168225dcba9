/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys, and the checks it cannot express. */
#include "ibcf/config.h"

#define AT(m) MS_CONFIG_AT(struct ms_ibcf_config, m)
#define NETWORK_AT(m) MS_CONFIG_AT(struct ms_ibcf_network, m)

static const char *const transport_names[] = { "udp", "tcp", "tls", NULL };

static const struct ms_config_field domain_item = { .type = MS_CONFIG_TEXT, .min = 1, .max = 255 };
static const struct ms_config_field source_item = { .type = MS_CONFIG_ADDR, .min = 1, .max = 5060 };

static const struct ms_config_field network_fields[] = {
	{ "domain", MS_CONFIG_TEXT, NETWORK_AT(domain), .min = 1, .max = 255,
	  .help = "Requests to users of this domain go there." },
	{ "next_hop", MS_CONFIG_ADDR, NETWORK_AT(next_hop), .min = 1, .max = 5060,
	  .help = "Its border." },
	{ "transport", MS_CONFIG_ENUM, NETWORK_AT(transport), .value = "tcp",
	  .names = transport_names, .help = "How." },
	{ "sources", MS_CONFIG_LIST, NETWORK_AT(sources), .max = 16, .item = &source_item,
	  .item_size = sizeof(struct ms_addr),
	  .help = "Hosts beside next_hop whose requests are taken (the port does not matter)." },
	{ "trusted", MS_CONFIG_BOOL, NETWORK_AT(trusted), .value = "false",
	  .help = "P-Asserted-Identity passes both ways." },
	{ 0 },
};

const struct ms_config_field ms_ibcf_config_fields[] = {
	MS_BORDER_CONFIG(struct ms_ibcf_config, shared),
	{ "domains", MS_CONFIG_LIST, AT(domains), .min = 1, .max = 64, .item = &domain_item,
	  .item_size = sizeof(const char *),
	  .help = "Our own domains: requests for them go to the core." },
	{ "networks", MS_CONFIG_LIST, AT(networks), .min = 1, .max = 256, .fields = network_fields,
	  .item_size = sizeof(struct ms_ibcf_network), .help = "The other networks." },
	MS_PROFILE_CONFIG(struct ms_ibcf_config, shared.profile),
	{ 0 },
};

int ms_ibcf_config_check(const struct ms_config *c, struct ms_config_error *ret_error)
{
	const struct ms_ibcf_config *i = ms_config_values(c);

	return ms_border_config_check(c, &i->shared, ret_error);
}
