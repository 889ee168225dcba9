/* SPDX-License-Identifier: Apache-2.0 */
#include "h248/mid.h"

#include <errno.h>

#include "core/hex.h"
#include "core/ip.h"

static bool is_number(struct ms_span s, uint16_t *ret_port)
{
	uint32_t n = 0;

	if (s.len == 0 || s.len > 5)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		n = n * 10 + (uint32_t)(s.p[i] - '0');
	}
	*ret_port = (uint16_t)n;
	return n > 0 && n <= UINT16_MAX;
}

/* What follows the closing bracket: nothing, or ":port". */
static int port_after(struct ms_span rest, uint16_t *ret_port)
{
	*ret_port = 0;
	if (rest.len == 0)
		return 0;
	return rest.p[0] == ':' && is_number(ms_span_from(rest, 1), ret_port) ? 0 : -EINVAL;
}

static int bracketed(struct ms_span text, char close, struct ms_span *ret_inside,
		     uint16_t *ret_port)
{
	const uint8_t *end = memchr(text.p, close, text.len);

	if (!end)
		return -EINVAL;
	size_t n = (size_t)(end - text.p);
	*ret_inside = ms_span_sub(text, 1, n - 1);
	return ret_inside->len ? port_after(ms_span_from(text, n + 1), ret_port) : -EINVAL;
}

static int parse_address(struct ms_span text, struct ms_h248_mid *m)
{
	struct ms_span inside;
	int err = bracketed(text, ']', &inside, &m->port);
	uint8_t family = err ? 0 : ms_ip_parse(inside, m->address);

	if (family == 0)
		return -EINVAL;
	m->kind = family == 6 ? MS_H248_MID_IPV6 : MS_H248_MID_IPV4;
	return 0;
}

/* RFC 3525 annex B: domainName begins with a letter or digit and has letters, digits, '-', '.'. */
static bool is_domain(struct ms_span s)
{
	bool ok = s.len > 0 && s.len <= 255 && s.p[0] != '-' && s.p[0] != '.';

	for (size_t i = 0; ok && i < s.len; i++) {
		uint8_t c = s.p[i] | 0x20;

		ok = (c >= 'a' && c <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-' ||
		     s.p[i] == '.';
	}
	return ok;
}

/* pathNAME: an optional '*', then letters, digits and some marks, at most 64; here it must have a slash. */
static bool is_device(struct ms_span s)
{
	bool slash = false;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i] | 0x20;

		slash = slash || s.p[i] == '/';
		if (!(c >= 'a' && c <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') &&
		    !memchr("_/.@-", s.p[i], 5))
			return false;
	}
	return slash && s.len <= 64;
}

int ms_h248_mid_parse(struct ms_span text, struct ms_h248_mid *ret_mid)
{
	struct ms_h248_mid m = { .kind = MS_H248_MID_NONE };
	int err = 0;

	if (text.len == 0)
		return -EINVAL;
	if (text.p[0] == '[') {
		err = parse_address(text, &m);
	} else if (is_device(text)) {
		m.kind = MS_H248_MID_DEVICE;
		m.name = text;
	} else {
		m.kind = MS_H248_MID_DOMAIN;
		m.name = text;
		if (text.p[0] == '<')
			err = bracketed(text, '>', &m.name, &m.port);
		if (err == 0 && !is_domain(m.name))
			err = -EINVAL;
	}
	if (err == 0)
		*ret_mid = m;
	return err;
}

static void put_port(struct ms_buf *out, uint16_t port)
{
	if (!port)
		return;
	ms_buf_put_u8(out, ':');
	ms_buf_put_decimal(out, port);
}

void ms_h248_mid_put(struct ms_buf *out, const struct ms_h248_mid *m)
{
	switch (m->kind) {
	case MS_H248_MID_NONE:
		break;
	case MS_H248_MID_IPV4:
	case MS_H248_MID_IPV6:
		ms_buf_put_u8(out, '[');
		ms_ip_put(out, m->kind == MS_H248_MID_IPV6 ? 6 : 4, m->address);
		ms_buf_put_u8(out, ']');
		put_port(out, m->port);
		break;
	case MS_H248_MID_DOMAIN:
		ms_buf_put_u8(out, '<');
		ms_buf_put(out, m->name.p, m->name.len);
		ms_buf_put_u8(out, '>');
		put_port(out, m->port);
		break;
	case MS_H248_MID_DEVICE:
		ms_buf_put(out, m->name.p, m->name.len);
		break;
	case MS_H248_MID_MTP:
		ms_buf_put_str(out, "MTP{");
		ms_hex_encode_upper(out, m->name, 0);
		ms_buf_put_u8(out, '}');
		break;
	}
}
