/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as addresses and as text. */
#include <errno.h>
#include <stdio.h>

#include "gcp/gcp-priv.h"

static const char *const names[] = {
	[MS_H248_UDP] = "udp",
	[MS_H248_TCP] = "tcp",
	[MS_H248_SCTP] = "sctp",
};

static bool is_mapped(const struct in6_addr *a)
{
	return IN6_IS_ADDR_V4MAPPED(a);
}

struct ms_h248_path ms_gcp_path_of(const struct ms_gcp_channel *ch, const struct ms_addr *peer)
{
	struct ms_h248_path path = { .transport = ch->transport,
				     .port = ms_addr_port(peer),
				     .channel = ch->number,
				     .codec = ch->codec };
	const uint8_t *in6 = peer->u.in6.sin6_addr.s6_addr;

	if (ms_addr_family(peer) == AF_INET) {
		path.family = 4;
		memcpy(path.host, &peer->u.in.sin_addr, 4);
	} else if (ms_addr_family(peer) == AF_INET6 && is_mapped(&peer->u.in6.sin6_addr)) {
		path.family = 4; /* a socket of both families: one host, one form */
		memcpy(path.host, in6 + 12, 4);
	} else if (ms_addr_family(peer) == AF_INET6) {
		path.family = 6;
		memcpy(path.host, in6, 16);
	}
	return path;
}

void ms_gcp_path_addr(const struct ms_h248_path *path, struct ms_addr *ret_addr)
{
	*ret_addr = (struct ms_addr){ 0 };
	if (path->family != 4 && path->family != 6)
		return;
	if (ms_addr_from_octets(ms_span_of(path->host, path->family == 4 ? 4 : 16), path->port,
				ret_addr) != 0)
		*ret_addr = (struct ms_addr){ 0 };
}

char *ms_gcp_path_print(const struct ms_h248_path *path, char dst[static MS_ADDR_TEXT_MAX])
{
	char text[MS_ADDR_TEXT_MAX];
	struct ms_addr addr;

	ms_gcp_path_addr(path, &addr);
	snprintf(dst, MS_ADDR_TEXT_MAX, "%s %.64s %s", names[path->transport],
		 ms_addr_print(&addr, text), path->codec ? path->codec->name : "-");
	return dst;
}
