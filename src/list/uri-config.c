/* SPDX-License-Identifier: Apache-2.0 */
#include "list/uri-config.h"

#define AT(m) MS_CONFIG_AT(struct ms_lists_uri_config, m)

static const char *const history_names[] = { "none", "protected", NULL };
static const struct ms_config_field domain_item = { .type = MS_CONFIG_TEXT, .min = 1, .max = 255 };

const struct ms_config_field ms_lists_uri_fields[] = {
	{ "service", MS_CONFIG_TEXT, AT(service), .value = "", .max = 255,
	  .help = "URI of the service for messages that bring their recipients along (RFC 5365); empty: "
		  "there is none. To be a PSI of ours at the key management server." },
	{ "recipients", MS_CONFIG_UINT, AT(recipients), .value = "1000", .min = 1, .max = 10000,
	  .help = "Of one message; more are refused." },
	{ "octets", MS_CONFIG_SIZE, AT(octets), .value = "256k", .min = 1024, .max = 4194304,
	  .help = "Longest list of recipients." },
	{ "domains", MS_CONFIG_LIST, AT(domains), .max = 256, .item = &domain_item,
	  .item_size = sizeof(const char *),
	  .help = "Domains whose users may be written to, the sender's own beside them; others get "
		  "nothing and the message is refused with 470 (RFC 5363 section 5.2)." },
	{ "history", MS_CONFIG_ENUM, AT(history), .value = "protected", .names = history_names,
	  .help = "Whether recipients are told who the visible others are (RFC 5364): protected once "
		  "for all of them, or not." },
	{ "plain", MS_CONFIG_BOOL, AT(plain), .value = "false",
	  .help = "Messages without protection are passed on, too." },
	{ 0 },
};
