/* SPDX-License-Identifier: Apache-2.0 */
/* Writing DER, X.690 section 10. */
#include <errno.h>
#include <string.h>

#include "ber/ber.h"

#define SET_OF_MAX 64

static unsigned length_octets(size_t len)
{
	unsigned n = 0;

	if (len < 0x80)
		return 0;
	for (; len > 0; len >>= 8)
		n++;
	return n;
}

size_t ms_der_header_size(size_t len)
{
	return 2 + length_octets(len);
}

void ms_der_put_header(struct ms_buf *b, unsigned id, size_t len)
{
	unsigned n = length_octets(len);

	ms_buf_put_u8(b, id);
	if (n == 0) {
		ms_buf_put_u8(b, (unsigned)len);
		return;
	}
	ms_buf_put_u8(b, 0x80 | n);
	while (n-- > 0)
		ms_buf_put_u8(b, (unsigned)(len >> (8 * n)) & 0xff);
}

void ms_der_put(struct ms_buf *b, unsigned id, struct ms_span value)
{
	ms_der_put_header(b, id, value.len);
	ms_buf_put_span(b, value);
}

void ms_der_put_uint(struct ms_buf *b, uint32_t v)
{
	uint8_t be[5] = { 0, (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
			  (uint8_t)v };
	size_t skip = 0;

	while (skip < 4 && be[skip] == 0 && !(be[skip + 1] & 0x80))
		skip++;
	ms_der_put(b, MS_BER_INTEGER, ms_span_of(be + skip, 5 - skip));
}

size_t ms_der_open(struct ms_buf *b, unsigned id)
{
	ms_buf_put_u8(b, id);
	ms_buf_put_u8(b, 0);
	return b->len;
}

void ms_der_close(struct ms_buf *b, size_t mark)
{
	size_t len;
	unsigned n;

	if (ms_buf_status(b) < 0)
		return;
	len = b->len - mark;
	n = length_octets(len);
	ms_buf_put_zero(b, n);
	if (ms_buf_status(b) < 0)
		return;
	if (n > 0) {
		memmove(b->p + mark + n, b->p + mark, len);
		for (unsigned i = 0; i < n; i++)
			b->p[mark + i] = (uint8_t)(len >> (8 * (n - 1 - i)));
	}
	b->p[mark - 1] = (uint8_t)(n > 0 ? 0x80 | n : len);
}

static void put_der(struct ms_buf *b, const struct ms_ber_tlv *e, int *err);

static void put_inside(struct ms_buf *b, const struct ms_ber_tlv *e, int *err)
{
	struct ms_ber inside;
	struct ms_ber_tlv part;

	*err = ms_ber_inside(e, &inside);
	while (*err == 0 && ms_ber_end(&inside) < 0) {
		*err = ms_ber_next(&inside, &part);
		if (*err == 0)
			put_der(b, &part, err);
	}
}

/* The element again with definite, shortest lengths and octet strings in one piece. */
static void put_der(struct ms_buf *b, const struct ms_ber_tlv *e, int *err)
{
	if (e->id == (MS_BER_OCTET_STRING | MS_BER_CONSTRUCTED)) {
		struct ms_ber at = { ms_reader_of(e->whole), e->depth };
		struct ms_buf join;
		struct ms_span s;

		ms_buf_init(&join, e->value.len);
		*err = ms_ber_octets(&at, MS_BER_OCTET_STRING, &join, &s);
		if (*err == 0)
			ms_der_put(b, MS_BER_OCTET_STRING, s);
		ms_buf_done(&join);
	} else if (e->id & MS_BER_CONSTRUCTED) {
		size_t mark = ms_der_open(b, e->id);

		put_inside(b, e, err);
		ms_der_close(b, mark);
	} else {
		ms_der_put(b, e->id, e->value);
	}
}

/* Insertion sort: sets are small, and mostly sorted already. */
static void sort(struct ms_span *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct ms_span s = v[i];
		size_t at = i;

		for (; at > 0 && ms_span_cmp(v[at - 1], s) > 0; at--)
			v[at] = v[at - 1];
		v[at] = s;
	}
}

static int set_elements(const struct ms_ber *content, struct ms_buf *der, size_t *ret_end,
			size_t *ret_n)
{
	struct ms_ber at = *content;
	struct ms_ber_tlv e;
	size_t n = 0;
	int err = 0;

	while (ms_ber_end(&at) < 0) {
		if (n == SET_OF_MAX)
			return -E2BIG;
		err = ms_ber_next(&at, &e);
		if (err == 0)
			put_der(der, &e, &err);
		if (err == 0)
			err = ms_buf_status(der);
		if (err < 0)
			return err;
		ret_end[n++] = der->len;
	}
	*ret_n = n;
	return 0;
}

int ms_der_put_set_of(struct ms_buf *b, unsigned id, const struct ms_ber *content)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf der;
	struct ms_span element[SET_OF_MAX];
	size_t end[SET_OF_MAX], n = 0;
	int err;

	/* A definite length takes more room than an indefinite one only over 64 KiB, one octet. */
	ms_buf_init(&der, ms_read_left(&content->r) + ms_read_left(&content->r) / 1024 + 64);
	err = set_elements(content, &der, end, &n);
	if (err < 0)
		return err;
	for (size_t i = 0; i < n; i++)
		element[i] = ms_span_sub(ms_buf_span(&der), i > 0 ? end[i - 1] : 0,
					 end[i] - (i > 0 ? end[i - 1] : 0));
	sort(element, n);
	ms_der_put_header(b, id, der.len);
	for (size_t i = 0; i < n; i++)
		ms_buf_put_span(b, element[i]);
	return ms_buf_status(b);
}
