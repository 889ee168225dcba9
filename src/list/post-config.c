/* SPDX-License-Identifier: Apache-2.0 */
/* Section `delivery` of the configuration. */
#include "list/delivery.h"
#include "list/post.h"

#define AT(m) MS_CONFIG_AT(struct ms_lists_delivery_config, m)

const struct ms_config_field ms_lists_delivery_fields[] = {
	{ "parallel", MS_CONFIG_UINT, AT(parallel), .value = "200", .min = 1, .max = 100000,
	  .help = "Requests to recipients under way at a time." },
	{ "window", MS_CONFIG_SIZE, AT(window), .value = "2M", .min = 65536,
	  .help = "Octets of them; below sip.queue, which they would overflow." },
	{ "attempts", MS_CONFIG_UINT, AT(attempts), .value = "5", .min = 1, .max = MS_LISTS_PAUSES,
	  .help = "Of one recipient whose client or network fails; then failed, or away if nobody "
		  "answered." },
	{ "retry_first", MS_CONFIG_TIME, AT(retry_first), .value = "2s", .min = 1000,
	  .max = (uint64_t)3600 * MS_SEC,
	  .help = "Pause before the second attempt; then doubled." },
	{ "retry_max", MS_CONFIG_TIME, AT(retry_max), .value = "5m", .min = 1000,
	  .max = (uint64_t)86400 * MS_SEC,
	  .help = "The longest pause; also the longest Retry-After that is obeyed." },
	{ "away_retry", MS_CONFIG_TIME, AT(away_retry), .value = "15m",
	  .max = (uint64_t)86400 * 7 * MS_SEC,
	  .help = "Pause before an attempt at one who is away and did not register; 0s: none." },
	{ "keep", MS_CONFIG_TIME, AT(keep), .value = "7d", .min = 1000000,
	  .max = (uint64_t)86400 * 366 * MS_SEC,
	  .help = "The longest a message waits, if its ticket does not end before." },
	{ "messages", MS_CONFIG_UINT, AT(messages), .value = "10000", .min = 1, .max = 10000000,
	  .help = "In the queue; more are refused." },
	{ "octets", MS_CONFIG_SIZE, AT(octets), .value = "256M", .min = 65536,
	  .help = "Of all messages in the queue; more are refused." },
	{ "member_messages", MS_CONFIG_UINT, AT(member_messages), .value = "1000", .min = 1,
	  .max = 10000000, .help = "That wait for one who is away; more fail for him." },
	{ "member_octets", MS_CONFIG_SIZE, AT(member_octets), .value = "16M", .min = 65536,
	  .help = "Of the messages that wait for one who is away." },
	{ "flush", MS_CONFIG_TIME, AT(flush), .value = "100ms", .min = 1000,
	  .max = (uint64_t)60 * MS_SEC,
	  .help = "Outcomes are written together, at the latest after this." },
	{ "untold", MS_CONFIG_UINT, AT(untold), .value = "1000", .min = 1, .max = 10000000,
	  .help = "Messages whose outcomes wait to be told to their authors; of more they are not." },
	{ 0 },
};
