/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the sdp module. */
#ifndef MS_SDP_SDP_PRIV_H
#define MS_SDP_SDP_PRIV_H

#include "sdp/sdp.h"

/** RFC 4975 section 9: the port of an MSRP URI that names none. */
#define MS_SDP_MSRP_PORT 2855

/** RFC 863: what an active party writes, since nobody connects to it (RFC 4145 section 4.1). */
#define MS_SDP_DISCARD_PORT 9

/** "a=key-mgmt" of the section, with its fields cut; false past the last. */
MS_MUST_CHECK bool ms_sdp_keymgmt_at(const struct ms_sdp_section *s, size_t i,
				     struct ms_span *ret_protocol, struct ms_span *ret_data);

#endif
