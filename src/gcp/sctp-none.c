/* SPDX-License-Identifier: Apache-2.0 */
/* Built without libusrsctp: SCTP is what the kernel has. */
#include <errno.h>

#include "gcp/gcp-priv.h"

int ms_gcp_sctp_udp_listen(struct ms_gcp *g, const struct ms_addr *at,
			   const struct ms_h248_codec *codec, struct ms_addr *ret_at)
{
	(void)g, (void)at, (void)codec, (void)ret_at;
	return -EPROTONOSUPPORT;
}

int ms_gcp_sctp_udp_connect(struct ms_gcp *g, const struct ms_addr *to,
			    const struct ms_h248_codec *codec, const struct ms_addr *from,
			    struct ms_gcp_channel **ret_ch)
{
	(void)g, (void)to, (void)codec, (void)from, (void)ret_ch;
	return -EPROTONOSUPPORT;
}

void ms_gcp_sctp_udp_done(struct ms_gcp *g)
{
	(void)g;
}
