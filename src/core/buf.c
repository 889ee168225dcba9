/* SPDX-License-Identifier: Apache-2.0 */
#include "core/buf.h"

#include <errno.h>
#include <stdio.h>

#include "core/alloc.h"
#include "core/secret.h"

#define FIRST_CAPACITY 64

void ms_buf_init(struct ms_buf *b, size_t max)
{
	*b = (struct ms_buf){ .max = max };
}

void ms_buf_init_secret(struct ms_buf *b, size_t max)
{
	*b = (struct ms_buf){ .max = max, .secret = true };
}

void ms_buf_init_fixed(struct ms_buf *b, void *array, size_t size)
{
	*b = (struct ms_buf){ .p = array, .cap = size, .max = size, .fixed = true };
}

void ms_buf_done(struct ms_buf *b)
{
	if (b->secret && b->p)
		ms_wipe(b->p, b->cap);
	if (!b->fixed)
		ms_free(b->p);
	*b = (struct ms_buf){ .max = b->max, .secret = b->secret };
}

void ms_buf_reset(struct ms_buf *b)
{
	if (b->secret && b->p)
		ms_wipe(b->p, b->cap);
	b->len = 0;
	b->err = 0;
}

int ms_buf_status(const struct ms_buf *b)
{
	return b->err;
}

void ms_buf_fail(struct ms_buf *b, int err)
{
	if (b->err == 0)
		b->err = err;
}

/* A secret buffer is copied by hand: realloc() could leave the old octets behind. */
static uint8_t *move(struct ms_buf *b, size_t cap)
{
	uint8_t *p;

	if (!b->secret)
		return ms_realloc(b->p, cap);
	p = ms_zalloc(cap);
	if (!p)
		return NULL;
	if (b->p) {
		memcpy(p, b->p, b->len);
		ms_wipe(b->p, b->cap);
		ms_free(b->p);
	}
	return p;
}

static bool make_room(struct ms_buf *b, size_t n)
{
	size_t cap = b->cap > 0 ? b->cap : FIRST_CAPACITY;
	uint8_t *p;

	if (b->err != 0)
		return false;
	if (n > b->max || b->len > b->max - n) {
		b->err = -EMSGSIZE;
		return false;
	}
	if (b->len + n <= b->cap)
		return true;
	while (cap < b->len + n)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	p = move(b, cap);
	if (!p) {
		b->err = -ENOMEM;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

uint8_t *ms_buf_extend(struct ms_buf *b, size_t n)
{
	uint8_t *p;

	if (!make_room(b, n > 0 ? n : 1))
		return NULL;
	p = b->p + b->len;
	b->len += n;
	return p;
}

void ms_buf_put(struct ms_buf *b, const void *p, size_t n)
{
	if (n == 0 || !make_room(b, n))
		return;
	memcpy(b->p + b->len, p, n);
	b->len += n;
}

void ms_buf_put_span(struct ms_buf *b, struct ms_span s)
{
	ms_buf_put(b, s.p, s.len);
}

void ms_buf_put_str(struct ms_buf *b, const char *s)
{
	ms_buf_put_span(b, ms_span_str(s));
}

void ms_buf_put_zero(struct ms_buf *b, size_t n)
{
	if (n == 0 || !make_room(b, n))
		return;
	memset(b->p + b->len, 0, n);
	b->len += n;
}

static void put_be(struct ms_buf *b, uint64_t v, unsigned octets)
{
	uint8_t be[8];

	for (unsigned i = 0; i < octets; i++)
		be[i] = (uint8_t)(v >> (8 * (octets - 1 - i)));
	ms_buf_put(b, be, octets);
}

void ms_buf_put_u8(struct ms_buf *b, unsigned v)
{
	if (make_room(b, 1))
		b->p[b->len++] = (uint8_t)v;
}

void ms_buf_put_u16(struct ms_buf *b, unsigned v)
{
	put_be(b, v, 2);
}

void ms_buf_put_u24(struct ms_buf *b, uint32_t v)
{
	put_be(b, v, 3);
}

void ms_buf_put_u32(struct ms_buf *b, uint32_t v)
{
	put_be(b, v, 4);
}

void ms_buf_put_u64(struct ms_buf *b, uint64_t v)
{
	put_be(b, v, 8);
}

void ms_buf_put_lv8(struct ms_buf *b, struct ms_span s)
{
	if (s.len > UINT8_MAX) {
		ms_buf_fail(b, -EMSGSIZE);
		return;
	}
	ms_buf_put_u8(b, (unsigned)s.len);
	ms_buf_put_span(b, s);
}

void ms_buf_put_lv16(struct ms_buf *b, struct ms_span s)
{
	if (s.len > UINT16_MAX) {
		ms_buf_fail(b, -EMSGSIZE);
		return;
	}
	ms_buf_put_u16(b, (unsigned)s.len);
	ms_buf_put_span(b, s);
}

void ms_buf_put_decimal(struct ms_buf *b, uint64_t v)
{
	char digits[20]; /* of 2^64 - 1 */
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + v % 10);
	while (v /= 10);
	ms_buf_put(b, digits + at, sizeof(digits) - at);
}

void ms_buf_vprintf(struct ms_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	/* One octet more than counted: vsnprintf() writes a NUL, which is then outside of len. */
	if (n < 0)
		ms_buf_fail(b, -EINVAL);
	else if (make_room(b, (size_t)n + 1))
		b->len += (size_t)vsnprintf((char *)b->p + b->len, (size_t)n + 1, fmt, again);
	va_end(again);
}

void ms_buf_printf(struct ms_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ms_buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void ms_buf_put_quoted(struct ms_buf *b, struct ms_span s, size_t max)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < s.len && i < max; i++) {
		uint8_t c = s.p[i];

		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
			ms_buf_put_u8(b, c);
		} else {
			ms_buf_put_str(b, "\\x");
			ms_buf_put_u8(b, (unsigned)digits[c >> 4]);
			ms_buf_put_u8(b, (unsigned)digits[c & 15]);
		}
	}
	if (s.len > max)
		ms_buf_put_str(b, "...");
}

void ms_buf_consume(struct ms_buf *b, size_t n)
{
	size_t left = n < b->len ? b->len - n : 0;

	if (n == 0)
		return;
	if (left > 0)
		memmove(b->p, b->p + n, left);
	if (b->secret && b->p)
		ms_wipe(b->p + left, b->len - left);
	b->len = left;
}

void ms_buf_truncate(struct ms_buf *b, size_t len)
{
	if (len < b->len)
		b->len = len;
}

size_t ms_buf_open_u16(struct ms_buf *b)
{
	size_t mark = b->len;

	ms_buf_put_u16(b, 0);
	return mark;
}

void ms_buf_close_u16(struct ms_buf *b, size_t mark)
{
	size_t n;

	if (b->err != 0)
		return;
	n = b->len - mark - 2;
	if (n > UINT16_MAX) {
		ms_buf_fail(b, -EMSGSIZE);
		return;
	}
	b->p[mark] = (uint8_t)(n >> 8);
	b->p[mark + 1] = (uint8_t)n;
}

const char *ms_buf_cstr(struct ms_buf *b)
{
	if (!make_room(b, 1))
		return "";
	b->p[b->len] = '\0';
	return (const char *)b->p;
}

int ms_buf_steal(struct ms_buf *b, uint8_t **ret_p, size_t *ret_len)
{
	if (b->fixed)
		return -EINVAL;
	if (b->err != 0)
		return b->err;
	*ret_p = b->p;
	*ret_len = b->len;
	b->p = NULL;
	b->len = b->cap = 0;
	return 0;
}
