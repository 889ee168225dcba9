/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ix between IBCF and TrGW, TS 29.162 and TS 29.238, whose tables were not available: Iq without TLS and
 * certificate fingerprints, since e2ae is not visible to a TrGW and e2e passes as octets.
 */
#include "h248/coding.h"

const struct ms_h248_profile ms_h248_profile_ix = {
	.name = offsetof(struct ms_profile, h248_profile_ix),
	.protocol = 2,
	.latch = true,
};
