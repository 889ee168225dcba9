/* SPDX-License-Identifier: Apache-2.0 */
/* Mp between MRFC and MRFP, TS 23.333 and TS 29.333: floor control needs contexts with properties (v3). */
#include "h248/coding.h"

const struct ms_h248_profile ms_h248_profile_mp = {
	.name = offsetof(struct ms_profile, h248_profile_mp),
	.protocol = 3, /* TS 23.333 clause 8.45 is about the context */
	.tls = true,
	.psk = true,
	.msrp = true,
};
