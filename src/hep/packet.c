/* SPDX-License-Identifier: Apache-2.0 */
/* HEP version 3 packets: "HEP3", the whole length, then chunks of vendor, type, length and content. */
#include <errno.h>

#include "core/reader.h"
#include "hep/hep.h"

enum {
	CHUNK_FAMILY = 1,
	CHUNK_TRANSPORT = 2,
	CHUNK_SOURCE4 = 3,
	CHUNK_DESTINATION4 = 4,
	CHUNK_SOURCE6 = 5,
	CHUNK_DESTINATION6 = 6,
	CHUNK_SOURCE_PORT = 7,
	CHUNK_DESTINATION_PORT = 8,
	CHUNK_SECONDS = 9,
	CHUNK_MICROSECONDS = 10,
	CHUNK_PROTOCOL = 11,
	CHUNK_AGENT = 12,
	CHUNK_KEY = 14,
	CHUNK_PAYLOAD = 15,
	CHUNK_CORRELATION = 17,
};

#define CHUNK_HEAD 6
enum { FAMILY_IPV4 = 2, FAMILY_IPV6 = 10 }; /* as on Linux: the format has no other numbers */

/* ---- writing ---- */

static void put_head(struct ms_buf *b, unsigned type, size_t len)
{
	ms_buf_put_u16(b, 0); /* vendor: generic */
	ms_buf_put_u16(b, type);
	ms_buf_put_u16(b, (unsigned)(CHUNK_HEAD + len));
}

static void put_u8(struct ms_buf *b, unsigned type, unsigned v)
{
	put_head(b, type, 1);
	ms_buf_put_u8(b, v);
}

static void put_u16(struct ms_buf *b, unsigned type, unsigned v)
{
	put_head(b, type, 2);
	ms_buf_put_u16(b, v);
}

static void put_u32(struct ms_buf *b, unsigned type, uint32_t v)
{
	put_head(b, type, 4);
	ms_buf_put_u32(b, v);
}

static void put_span(struct ms_buf *b, unsigned type, struct ms_span s)
{
	if (s.len == 0)
		return;
	put_head(b, type, s.len);
	ms_buf_put_span(b, s);
}

static void put_hosts(struct ms_buf *b, const struct ms_hep_packet *p)
{
	static const uint8_t any[4];
	const struct ms_addr *from = &p->source, *to = &p->destination;
	int family = ms_addr_family(from);

	if (family == AF_INET6 && ms_addr_family(to) == AF_INET6) {
		put_u8(b, CHUNK_FAMILY, FAMILY_IPV6);
		put_span(b, CHUNK_SOURCE6, ms_span_of(&from->u.in6.sin6_addr, 16));
		put_span(b, CHUNK_DESTINATION6, ms_span_of(&to->u.in6.sin6_addr, 16));
		return;
	}
	bool ipv4 = family == AF_INET && ms_addr_family(to) == AF_INET;
	put_u8(b, CHUNK_FAMILY, FAMILY_IPV4);
	put_span(b, CHUNK_SOURCE4, ms_span_of(ipv4 ? (const void *)&from->u.in.sin_addr : any, 4));
	put_span(b, CHUNK_DESTINATION4,
		 ms_span_of(ipv4 ? (const void *)&to->u.in.sin_addr : any, 4));
}

void ms_hep_put(struct ms_buf *b, const struct ms_hep_packet *p)
{
	size_t start = b->len;

	ms_buf_put_str(b, "HEP3");
	ms_buf_put_u16(b, 0);
	put_hosts(b, p);
	put_u8(b, CHUNK_TRANSPORT, p->transport);
	put_u16(b, CHUNK_SOURCE_PORT, ms_addr_port(&p->source));
	put_u16(b, CHUNK_DESTINATION_PORT, ms_addr_port(&p->destination));
	put_u32(b, CHUNK_SECONDS, (uint32_t)(p->time / MS_SEC));
	put_u32(b, CHUNK_MICROSECONDS, (uint32_t)(p->time % MS_SEC));
	put_u8(b, CHUNK_PROTOCOL, p->protocol);
	put_u32(b, CHUNK_AGENT, p->agent);
	put_span(b, CHUNK_KEY, p->key);
	put_span(b, CHUNK_CORRELATION, p->correlation);
	put_span(b, CHUNK_PAYLOAD, ms_span_sub(p->payload, 0, MS_HEP_PAYLOAD_MAX));
	size_t len = b->len - start;
	if (len > UINT16_MAX)
		ms_buf_fail(b, -EMSGSIZE);
	if (ms_buf_status(b) < 0)
		return;
	b->p[start + 4] = (uint8_t)(len >> 8);
	b->p[start + 5] = (uint8_t)len;
}

static void put_json_text(struct ms_buf *b, struct ms_span s)
{
	ms_buf_put_u8(b, '"');
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];
		if (c == '"' || c == '\\')
			ms_buf_printf(b, "\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			ms_buf_printf(b, "\\u%04x", c);
		else
			ms_buf_put_u8(b, c);
	}
	ms_buf_put_u8(b, '"');
}

void ms_hep_put_event(struct ms_buf *b, struct ms_span event, struct ms_span detail)
{
	ms_buf_put_str(b, "{\"event\":");
	put_json_text(b, event);
	if (detail.len) {
		ms_buf_put_str(b, ",\"detail\":");
		put_json_text(b, detail);
	}
	ms_buf_put_u8(b, '}');
}

/* ---- reading ---- */

/* What is gathered before addresses can be made. */
struct gathered {
	struct ms_span source, destination; /* octets of the hosts */
	uint32_t source_port, destination_port, seconds, microseconds, transport, protocol;
};

static int get_number(struct ms_span s, size_t len, uint32_t *ret_v)
{
	uint32_t v = 0;
	if (s.len != len)
		return -EBADMSG;
	for (size_t i = 0; i < len; i++)
		v = v << 8 | s.p[i];
	*ret_v = v;
	return 0;
}

static int get_host(struct ms_span s, size_t len, struct ms_span *ret_host)
{
	if (s.len != len)
		return -EBADMSG;
	*ret_host = s;
	return 0;
}

static int get_chunk(unsigned type, struct ms_span s, struct gathered *g, struct ms_hep_packet *p)
{
	switch (type) {
	case CHUNK_TRANSPORT:
		return get_number(s, 1, &g->transport);
	case CHUNK_SOURCE4:
		return get_host(s, 4, &g->source);
	case CHUNK_DESTINATION4:
		return get_host(s, 4, &g->destination);
	case CHUNK_SOURCE6:
		return get_host(s, 16, &g->source);
	case CHUNK_DESTINATION6:
		return get_host(s, 16, &g->destination);
	case CHUNK_SOURCE_PORT:
		return get_number(s, 2, &g->source_port);
	case CHUNK_DESTINATION_PORT:
		return get_number(s, 2, &g->destination_port);
	case CHUNK_SECONDS:
		return get_number(s, 4, &g->seconds);
	case CHUNK_MICROSECONDS:
		return get_number(s, 4, &g->microseconds);
	case CHUNK_PROTOCOL:
		return get_number(s, 1, &g->protocol);
	case CHUNK_AGENT:
		return get_number(s, 4, &p->agent);
	case CHUNK_KEY:
		p->key = s;
		return 0;
	case CHUNK_PAYLOAD:
		p->payload = s;
		return 0;
	case CHUNK_CORRELATION:
		p->correlation = s;
		return 0;
	default:
		return 0;
	}
}

static int finish(const struct gathered *g, struct ms_hep_packet *p)
{
	int err = 0;
	if (g->source.len)
		err = ms_addr_from_octets(g->source, (uint16_t)g->source_port, &p->source);
	if (err == 0 && g->destination.len)
		err = ms_addr_from_octets(g->destination, (uint16_t)g->destination_port,
					  &p->destination);
	/* More than a second of microseconds would carry into the seconds, and out of their 32 bits. */
	if (g->microseconds >= MS_SEC)
		err = -EBADMSG;
	p->transport = (enum ms_hep_transport)g->transport;
	p->protocol = (enum ms_hep_protocol)g->protocol;
	p->time = g->seconds * MS_SEC + g->microseconds;
	return err < 0 ? -EBADMSG : 0;
}

int ms_hep_read(struct ms_span octets, struct ms_hep_packet *ret_packet)
{
	struct ms_reader r = ms_reader_of(octets);
	struct ms_hep_packet p = { 0 };
	struct gathered g = { 0 };
	struct ms_span magic, content;
	uint16_t total, vendor, type, len;

	if (ms_read_span(&r, 4, &magic) < 0 || !ms_span_is(magic, "HEP3") ||
	    ms_read_u16(&r, &total) < 0 || total != octets.len)
		return -EBADMSG;
	while (ms_read_left(&r) > 0) {
		if (ms_read_u16(&r, &vendor) < 0 || ms_read_u16(&r, &type) < 0 ||
		    ms_read_u16(&r, &len) < 0 || len < CHUNK_HEAD ||
		    ms_read_span(&r, len - CHUNK_HEAD, &content) < 0)
			return -EBADMSG;
		if (vendor == 0 && get_chunk(type, content, &g, &p) < 0)
			return -EBADMSG;
	}
	int err = finish(&g, &p);
	if (err == 0)
		*ret_packet = p;
	return err;
}
