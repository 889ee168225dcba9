/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flow tokens (RFC 5626 sections 5.2 and 5.3): which flow a user is reached by, in the user part of our
 * Path and Record-Route values. The other side hands them back; the HMAC says that they are ours, so
 * nobody can have us send to where he likes.
 */
#include <errno.h>

#include "core/hex.h"
#include "core/secret.h"
#include "sip/proxy-priv.h"

#define MAC_OCTETS 12
#define TOKEN_MAX 48

/* side, transport, point, stream, port, address */
static void put_fields(struct ms_buf *b, const struct ms_sip_hop *hop)
{
	const struct ms_addr *a = &hop->peer;

	ms_buf_put_u8(b, (unsigned)hop->side);
	ms_buf_put_u8(b, (unsigned)hop->transport);
	ms_buf_put_u16(b, hop->point);
	ms_buf_put_u64(b, hop->stream);
	ms_buf_put_u16(b, ms_addr_port(a));
	if (ms_addr_family(a) == AF_INET6)
		ms_buf_put(b, &a->u.in6.sin6_addr, 16);
	else
		ms_buf_put(b, &a->u.in.sin_addr, 4);
}

void ms_sip_token_put(const struct ms_hmac_key *key, const struct ms_sip_hop *hop, struct ms_buf *b)
{
	uint8_t octets[TOKEN_MAX], mac[MS_HASH_MAX];
	struct ms_span fields;
	struct ms_buf t;

	ms_buf_init_fixed(&t, octets, sizeof(octets));
	put_fields(&t, hop);
	fields = ms_buf_span(&t);
	ms_hmac(key, &fields, 1, mac);
	ms_buf_put(&t, mac, MAC_OCTETS);
	ms_hex_encode(b, ms_buf_span(&t));
}

static int read_fields(struct ms_span s, struct ms_sip_hop *ret_hop)
{
	struct ms_sip_hop hop = { 0 };

	if (s.len != 14 + 4 && s.len != 14 + 16)
		return -EBADMSG;
	if (s.p[0] > MS_SIP_CORE || s.p[1] > MS_SIP_TLS)
		return -EBADMSG;
	hop.side = s.p[0];
	hop.transport = s.p[1];
	hop.point = (uint16_t)(s.p[2] << 8 | s.p[3]);
	for (size_t i = 0; i < 8; i++)
		hop.stream = hop.stream << 8 | s.p[4 + i];
	*ret_hop = hop;
	return ms_addr_from_octets(ms_span_from(s, 14), (uint16_t)(s.p[12] << 8 | s.p[13]),
				   &ret_hop->peer);
}

int ms_sip_token_read(const struct ms_hmac_key *key, struct ms_span text,
		      struct ms_sip_hop *ret_hop)
{
	uint8_t octets[TOKEN_MAX], mac[MS_HASH_MAX];
	struct ms_span fields;
	struct ms_buf t;

	ms_buf_init_fixed(&t, octets, sizeof(octets));
	if (text.len > 2 * sizeof(octets) || ms_hex_decode(&t, text) < 0 || t.len < MAC_OCTETS)
		return -EBADMSG;
	fields = ms_span_sub(ms_buf_span(&t), 0, t.len - MAC_OCTETS);
	ms_hmac(key, &fields, 1, mac);
	if (!ms_secret_equal(ms_span_of(mac, MAC_OCTETS),
			     ms_span_from(ms_buf_span(&t), fields.len)))
		return -EACCES;
	return read_fields(fields, ret_hop);
}
