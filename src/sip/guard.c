/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes by UDP is parsed once before libre sees it: garbage is counted and dropped here, where
 * libre would write a line to stderr for each datagram, and STUN would be answered.
 */
#include "sip/sip-priv.h"

static bool inspect(struct sa *src MS_UNUSED, struct mbuf *mb, void *arg)
{
	struct ms_sip *sip = arg;
	struct sip_msg *m = NULL;
	size_t pos = mb->pos;
	int err = sip_msg_decode(&m, mb);

	mem_deref(m);
	mb->pos = pos;
	if (!err)
		return false;
	/* Up to four octets are a keep-alive (RFC 5626 section 3.5.1), which libre ignores too. */
	if (mbuf_get_left(mb) > 4)
		ms_sip_count(sip, MS_SIP_MALFORMED);
	return true;
}

void ms_sip_guard(struct ms_sip *sip, const struct sip_msg *m)
{
	size_t i = 0;

	if (m->tp != SIP_TRANSP_UDP)
		return;
	while (i < MS_SIP_MAX_BINDS && sip->guard[i].sock && sip->guard[i].sock != m->sock)
		i++;
	if (i == MS_SIP_MAX_BINDS || sip->guard[i].sock)
		return;
	/* Without it all works as well. */
	if (udp_register_helper(&sip->guard[i].helper, m->sock, 0, NULL, inspect, sip) == 0)
		sip->guard[i].sock = m->sock;
}

void ms_sip_guard_done(struct ms_sip *sip)
{
	for (size_t i = 0; i < MS_SIP_MAX_BINDS; i++)
		sip->guard[i].helper = mem_deref(sip->guard[i].helper);
}
