/* SPDX-License-Identifier: Apache-2.0 */
/* Iq between IMS-ALG and IMS-AGW, TS 29.334. Its name in ServiceChange is not known: project profile. */
#include "h248/coding.h"

const struct ms_h248_profile ms_h248_profile_iq = {
	.name = offsetof(struct ms_profile, h248_profile_iq),
	.protocol = 2, /* TS 29.334 reference [10]: H.248.1 (05/2002) */
	.tls = true,
	.msrp = true, /* optional: TS 23.334 clause 5.19 */
	.latch = true,
};
