/* SPDX-License-Identifier: Apache-2.0 */
/* Reading BER, X.690 sections 8.1 to 8.19. */
#include <errno.h>

#include "ber/ber.h"

#define TAG_MASK 0x1f
#define INDEFINITE 0x80
#define LENGTH_OCTETS_MAX 4

struct ms_ber ms_ber_of(struct ms_span s)
{
	return (struct ms_ber){ ms_reader_of(s), MS_BER_DEPTH };
}

/* Identifier and length. *ret_indefinite: the length comes by end-of-contents octets. */
static int read_header(struct ms_reader *r, uint8_t *ret_id, size_t *ret_len, bool *ret_indefinite)
{
	uint8_t id, first, octet;
	size_t len = 0;

	if (ms_read_u8(r, &id) < 0 || (id & TAG_MASK) == TAG_MASK || ms_read_u8(r, &first) < 0)
		return -EBADMSG;
	*ret_id = id;
	*ret_indefinite = first == INDEFINITE;
	if (first == INDEFINITE)
		return id & MS_BER_CONSTRUCTED ? 0 : -EBADMSG;
	if (first < INDEFINITE) {
		*ret_len = first;
		return 0;
	}
	/* BER allows leading zeroes; more than four length octets are of no use to anyone. */
	if ((first & 0x7f) > LENGTH_OCTETS_MAX)
		return -EBADMSG;
	for (unsigned i = 0; i < (first & 0x7fu); i++) {
		if (ms_read_u8(r, &octet) < 0)
			return -EBADMSG;
		len = len << 8 | octet;
	}
	*ret_len = len;
	return 0;
}

/*
 * Goes past the content of an element of indefinite length and its end-of-contents octets. One walk
 * over the octets: `open` counts the indefinite lengths not yet closed.
 */
static int skip_indefinite(struct ms_reader *r, unsigned depth)
{
	unsigned open = 1;

	while (open > 0) {
		struct ms_span skipped;
		bool indefinite;
		size_t len = 0;
		uint8_t id;

		if (read_header(r, &id, &len, &indefinite) < 0)
			return -EBADMSG;
		if (id == 0 && !indefinite) {
			if (len != 0)
				return -EBADMSG;
			open--;
		} else if (indefinite) {
			if (++open > depth)
				return -EBADMSG;
		} else if (ms_read_span(r, len, &skipped) < 0) {
			return -EBADMSG;
		}
	}
	return 0;
}

int ms_ber_next(struct ms_ber *c, struct ms_ber_tlv *ret_e)
{
	struct ms_reader r = c->r;
	const uint8_t *start = r.p, *content;
	struct ms_ber_tlv e = { .depth = c->depth };
	bool indefinite;
	size_t len = 0;

	if (read_header(&r, &e.id, &len, &indefinite) < 0 || e.id == 0)
		return -EBADMSG;
	content = r.p;
	if (indefinite) {
		if (skip_indefinite(&r, c->depth) < 0)
			return -EBADMSG;
		e.value = ms_span_of(content, (size_t)(r.p - content) - 2);
	} else if (ms_read_span(&r, len, &e.value) < 0) {
		return -EBADMSG;
	}
	e.whole = ms_span_of(start, (size_t)(r.p - start));
	c->r = r;
	*ret_e = e;
	return 0;
}

int ms_ber_expect(struct ms_ber *c, unsigned id, struct ms_ber_tlv *ret_e)
{
	return ms_ber_peek(c) == id ? ms_ber_next(c, ret_e) : -EBADMSG;
}

unsigned ms_ber_peek(const struct ms_ber *c)
{
	return ms_read_left(&c->r) > 0 ? *c->r.p : 0;
}

int ms_ber_inside(const struct ms_ber_tlv *e, struct ms_ber *ret_inside)
{
	if (!(e->id & MS_BER_CONSTRUCTED) || e->depth == 0)
		return -EBADMSG;
	*ret_inside = (struct ms_ber){ ms_reader_of(e->value), e->depth - 1 };
	return 0;
}

int ms_ber_enter(struct ms_ber *c, unsigned id, struct ms_ber *ret_inside)
{
	struct ms_ber at = *c, inside;
	struct ms_ber_tlv e;

	if (ms_ber_expect(&at, id, &e) < 0 || ms_ber_inside(&e, &inside) < 0)
		return -EBADMSG;
	*c = at;
	*ret_inside = inside;
	return 0;
}

int ms_ber_end(const struct ms_ber *c)
{
	return ms_read_end(&c->r);
}

int ms_ber_uint(struct ms_ber *c, uint32_t *ret_v)
{
	struct ms_ber at = *c;
	struct ms_ber_tlv e;
	uint32_t v = 0;

	if (ms_ber_expect(&at, MS_BER_INTEGER, &e) < 0 || e.value.len == 0 || e.value.len > 4 ||
	    e.value.p[0] & 0x80)
		return -EBADMSG;
	if (e.value.len > 1 && e.value.p[0] == 0 && !(e.value.p[1] & 0x80))
		return -EBADMSG;
	for (size_t i = 0; i < e.value.len; i++)
		v = v << 8 | e.value.p[i];
	*ret_v = v;
	*c = at;
	return 0;
}

/* X.690 section 8.19: groups of seven bits, none starting with an empty one, the last one ended. */
static bool oid_ok(struct ms_span oid)
{
	bool first = true;

	for (size_t i = 0; i < oid.len; i++) {
		if (first && oid.p[i] == 0x80)
			return false;
		first = !(oid.p[i] & 0x80);
	}
	return oid.len > 0 && first;
}

int ms_ber_oid(struct ms_ber *c, struct ms_span *ret_oid)
{
	struct ms_ber at = *c;
	struct ms_ber_tlv e;

	if (ms_ber_expect(&at, MS_BER_OID, &e) < 0 || !oid_ok(e.value))
		return -EBADMSG;
	*ret_oid = e.value;
	*c = at;
	return 0;
}

/* X.690 section 8.7.3: the segments of a constructed string are octet strings themselves. The
 * recursion is bounded by the cursor's depth. */
static int join_segments(const struct ms_ber_tlv *e, struct ms_buf *join)
{
	struct ms_ber inside;
	struct ms_ber_tlv part;
	int err = ms_ber_inside(e, &inside);

	while (err == 0 && ms_ber_end(&inside) < 0) {
		err = ms_ber_next(&inside, &part);
		if (err < 0)
			return err;
		if (part.id == MS_BER_OCTET_STRING)
			ms_buf_put_span(join, part.value);
		else if (part.id == (MS_BER_OCTET_STRING | MS_BER_CONSTRUCTED))
			err = join_segments(&part, join);
		else
			err = -EBADMSG;
	}
	return err < 0 ? err : ms_buf_status(join);
}

int ms_ber_octets(struct ms_ber *c, unsigned id, struct ms_buf *join, struct ms_span *ret_s)
{
	struct ms_ber at = *c;
	struct ms_ber_tlv e;
	size_t start = join->len;
	int err;

	if (ms_ber_next(&at, &e) < 0 || (e.id & ~MS_BER_CONSTRUCTED) != id)
		return -EBADMSG;
	if (e.id == id) {
		*ret_s = e.value;
	} else {
		err = join_segments(&e, join);
		if (err < 0)
			return err;
		*ret_s = ms_span_from(ms_buf_span(join), start);
	}
	*c = at;
	return 0;
}
