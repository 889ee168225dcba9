/* SPDX-License-Identifier: Apache-2.0 */
#include "core/reader.h"

#include <errno.h>

struct ms_reader ms_reader_of(struct ms_span s)
{
	static const uint8_t nothing;
	const uint8_t *p = s.p ? s.p : &nothing;

	return (struct ms_reader){ p, p, p + s.len };
}

static int read_be(struct ms_reader *r, unsigned octets, uint64_t *ret_v)
{
	uint64_t v = 0;

	if (ms_read_left(r) < octets)
		return -EBADMSG;
	for (unsigned i = 0; i < octets; i++)
		v = v << 8 | r->p[i];
	r->p += octets;
	*ret_v = v;
	return 0;
}

int ms_read_u8(struct ms_reader *r, uint8_t *ret_v)
{
	uint64_t v;
	int err = read_be(r, 1, &v);

	if (err == 0)
		*ret_v = (uint8_t)v;
	return err;
}

int ms_read_u16(struct ms_reader *r, uint16_t *ret_v)
{
	uint64_t v;
	int err = read_be(r, 2, &v);

	if (err == 0)
		*ret_v = (uint16_t)v;
	return err;
}

int ms_read_u24(struct ms_reader *r, uint32_t *ret_v)
{
	uint64_t v;
	int err = read_be(r, 3, &v);

	if (err == 0)
		*ret_v = (uint32_t)v;
	return err;
}

int ms_read_u32(struct ms_reader *r, uint32_t *ret_v)
{
	uint64_t v;
	int err = read_be(r, 4, &v);

	if (err == 0)
		*ret_v = (uint32_t)v;
	return err;
}

int ms_read_u64(struct ms_reader *r, uint64_t *ret_v)
{
	return read_be(r, 8, ret_v);
}

int ms_read_span(struct ms_reader *r, size_t n, struct ms_span *ret_s)
{
	if (ms_read_left(r) < n)
		return -EBADMSG;
	*ret_s = ms_span_of(r->p, n);
	r->p += n;
	return 0;
}

int ms_read_lv8(struct ms_reader *r, struct ms_span *ret_s)
{
	struct ms_reader at = *r;
	uint8_t n;

	if (ms_read_u8(&at, &n) < 0 || ms_read_span(&at, n, ret_s) < 0)
		return -EBADMSG;
	*r = at;
	return 0;
}

int ms_read_lv16(struct ms_reader *r, struct ms_span *ret_s)
{
	struct ms_reader at = *r;
	uint16_t n;

	if (ms_read_u16(&at, &n) < 0 || ms_read_span(&at, n, ret_s) < 0)
		return -EBADMSG;
	*r = at;
	return 0;
}

int ms_read_end(const struct ms_reader *r)
{
	return r->p == r->end ? 0 : -EBADMSG;
}
