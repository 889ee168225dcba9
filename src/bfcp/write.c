/* SPDX-License-Identifier: Apache-2.0 */
/* Writing: RFC 8855 sections 5.1 and 5.2. */
#include <errno.h>

#include "bfcp/bfcp-priv.h"

/** Longest value of an attribute: Length is one octet and counts the two in front. */
#define VALUE_MAX 253

size_t ms_bfcp_open(struct ms_buf *b, const struct ms_bfcp_header *h)
{
	size_t mark = b->len;
	bool flags = h->version == MS_BFCP_UNRELIABLE;

	ms_buf_put_u8(b, (unsigned)h->version << 5 | (flags && h->response ? 0x10u : 0u));
	ms_buf_put_u8(b, h->primitive);
	ms_buf_put_u16(b, 0);
	ms_buf_put_u32(b, h->conference);
	ms_buf_put_u16(b, h->transaction);
	ms_buf_put_u16(b, h->user);
	return mark;
}

void ms_bfcp_close(struct ms_buf *b, size_t mark)
{
	size_t units;

	if (ms_buf_status(b) < 0)
		return;
	units = (b->len - mark - MS_BFCP_HEADER) / 4;
	if (units > UINT16_MAX) {
		ms_buf_fail(b, -EMSGSIZE);
		return;
	}
	b->p[mark + 2] = (uint8_t)(units >> 8);
	b->p[mark + 3] = (uint8_t)units;
}

static void put_head(struct ms_buf *b, unsigned type, bool mandatory, size_t value)
{
	ms_buf_put_u8(b, type << 1 | (mandatory ? 1u : 0u));
	ms_buf_put_u8(b, (unsigned)value + 2);
}

static void pad(struct ms_buf *b, size_t value)
{
	ms_buf_put_zero(b, (4 - (value + 2) % 4) % 4);
}

void ms_bfcp_put_id(struct ms_buf *b, enum ms_bfcp_type type, uint16_t id)
{
	put_head(b, type, true, 2);
	ms_buf_put_u16(b, id);
}

void ms_bfcp_put_priority(struct ms_buf *b, unsigned priority)
{
	put_head(b, MS_BFCP_PRIORITY, true, 2);
	ms_buf_put_u16(b, (priority & 7) << 13);
}

void ms_bfcp_put_status(struct ms_buf *b, enum ms_bfcp_status status, unsigned queue)
{
	put_head(b, MS_BFCP_REQUEST_STATUS, true, 2);
	ms_buf_put_u8(b, status);
	ms_buf_put_u8(b, queue);
}

void ms_bfcp_put_error(struct ms_buf *b, unsigned code, struct ms_span details)
{
	details = ms_span_sub(details, 0, VALUE_MAX - 1);
	put_head(b, MS_BFCP_ERROR_CODE, true, details.len + 1);
	ms_buf_put_u8(b, code);
	ms_buf_put_span(b, details);
	pad(b, details.len + 1);
}

void ms_bfcp_put_octets(struct ms_buf *b, enum ms_bfcp_type type, struct ms_span octets)
{
	bool text = type != MS_BFCP_SUPPORTED_ATTRIBUTES && type != MS_BFCP_SUPPORTED_PRIMITIVES;

	octets = ms_span_sub(octets, 0, VALUE_MAX);
	put_head(b, type, !text, octets.len);
	ms_buf_put_span(b, octets);
	pad(b, octets.len);
}

size_t ms_bfcp_open_group(struct ms_buf *b, enum ms_bfcp_type type, uint16_t id)
{
	size_t mark = b->len;

	put_head(b, type, true, 0);
	ms_buf_put_u16(b, id);
	return mark;
}

void ms_bfcp_close_group(struct ms_buf *b, size_t mark)
{
	if (ms_buf_status(b) < 0)
		return;
	if (b->len - mark > UINT8_MAX)
		ms_buf_fail(b, -EMSGSIZE);
	else
		b->p[mark + 1] = (uint8_t)(b->len - mark);
}
