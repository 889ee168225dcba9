/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of properties, parameters and statistics between their two forms: text (RFC 3525 B.3) and a
 * BER encoding by the type of the item (the table in A.2, "double wrapping").
 */
#include <errno.h>

#include "ber/ber.h"
#include "core/hex.h"
#include "h248/package.h"

enum { ENUMERATED = 0x0a, UTF8_STRING = 0x0c, IA5_STRING = 0x16, VISIBLE_STRING = 0x1a };

#define DIGITS_MAX 20 /* of a 64-bit number with its sign */

static enum ms_h248_type type_of(uint16_t item)
{
	return item < MS_H248_ITEM_COUNT ? ms_h248_items[item].type : MS_H248_TYPE_NONE;
}

/* ---- text to number ---- */

static int read_decimal(struct ms_span s, int64_t *ret_number)
{
	uint64_t v, max = INT64_MAX;
	bool negative = s.len > 0 && s.p[0] == '-';
	int err = ms_span_u64(ms_span_from(s, negative), max, &v);
	if (err == 0)
		*ret_number = negative ? -(int64_t)v : (int64_t)v;
	return err;
}

static int read_boolean(struct ms_span s, int64_t *ret_number)
{
	bool on = ms_span_is_nocase(s, "on") || ms_span_is_nocase(s, "true");
	if (!on && !ms_span_is_nocase(s, "off") && !ms_span_is_nocase(s, "false"))
		return -EINVAL;
	*ret_number = on;
	return 0;
}

/* Index into ms_h248_choices, or 0. */
static unsigned find_choice(const struct ms_h248_registry *r, uint16_t item, struct ms_span name)
{
	const struct ms_h248_item *it = &ms_h248_items[item];
	for (unsigned i = it->choices; i < it->choices + (unsigned)it->n_choices; i++)
		if (ms_span_eq_nocase(r->choices[i].name, name))
			return i;
	return 0;
}

static int in_range(uint16_t item, int64_t n)
{
	const struct ms_h248_item *it = &ms_h248_items[item];
	return n >= it->min && n <= it->max ? 0 : -ERANGE;
}

int ms_h248_value_number(const struct ms_h248_registry *r, uint16_t item,
			 const struct ms_h248_value *v, int64_t *ret_number)
{
	int64_t n = 0;
	unsigned choice;
	int err;

	if (v->form == MS_H248_BER)
		return -EINVAL;
	switch (type_of(item)) {
	case MS_H248_TYPE_INTEGER:
	case MS_H248_TYPE_DOUBLE:
		err = read_decimal(v->octets, &n);
		if (err == 0)
			err = in_range(item, n);
		break;
	case MS_H248_TYPE_BOOLEAN:
		err = read_boolean(v->octets, &n);
		break;
	case MS_H248_TYPE_ENUM:
		choice = find_choice(r, item, v->octets);
		err = choice ? 0 : -EINVAL;
		n = ms_h248_choices[choice].number;
		break;
	default:
		err = -EINVAL;
	}
	if (err == 0)
		*ret_number = n;
	return err;
}

/* ---- text to BER ---- */

/* An element; the tag is universal and primitive. NULL content: not filled in. */
static int put_element(struct ms_h248_value *v, struct ms_h248_arena *a, unsigned id,
		       struct ms_span content, uint8_t **ret_content)
{
	size_t header = ms_der_header_size(content.len);
	uint8_t *p = ms_h248_arena_get(a, header + content.len);
	struct ms_buf b;

	if (!p)
		return -ENOMEM;
	ms_buf_init_fixed(&b, p, header + content.len);
	ms_der_put_header(&b, id, content.len);
	if (content.p && content.len)
		memcpy(p + header, content.p, content.len);
	if (ret_content)
		*ret_content = p + header;
	v->octets = ms_span_of(p, header + content.len);
	v->form = MS_H248_BER;
	return 0;
}

/* Two's complement in as few octets as hold it (X.690 section 8.3). */
static int put_integer(struct ms_h248_value *v, struct ms_h248_arena *a, unsigned id, int64_t n)
{
	uint8_t octets[8];
	size_t skip = 0;

	for (size_t i = 0; i < 8; i++)
		octets[i] = (uint8_t)((uint64_t)n >> (56 - 8 * i));
	uint8_t sign = n < 0 ? 0xff : 0;
	while (skip < 7 && octets[skip] == sign && ((octets[skip + 1] ^ sign) & 0x80) == 0)
		skip++;
	return put_element(v, a, id, ms_span_of(octets + skip, 8 - skip), NULL);
}

static int put_octets(struct ms_h248_value *v, struct ms_h248_arena *a)
{
	struct ms_span text = v->octets;
	uint8_t *p;

	for (size_t i = 0; i < text.len; i++)
		if (ms_hex_digit(text.p[i]) < 0 || text.len % 2)
			return -EINVAL;
	int err = put_element(v, a, MS_BER_OCTET_STRING, ms_span_of(NULL, text.len / 2), &p);
	for (size_t i = 0; err == 0 && i < text.len / 2; i++)
		p[i] = (uint8_t)(ms_hex_digit(text.p[2 * i]) << 4 |
				 ms_hex_digit(text.p[2 * i + 1]));
	return err;
}

/* g/sc SigID: package and signal as four octets (RFC 3525 E.1.2). */
static int put_signal_name(const struct ms_h248_registry *r, struct ms_h248_value *v,
			   struct ms_h248_arena *a)
{
	struct ms_span item = v->octets, package = ms_span_cut(&item, '/');
	uint32_t id = ms_h248_name_of(r, ms_h248_item_find(r, MS_H248_SIGNAL, package, item)).id;
	uint8_t octets[4] = { (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8),
			      (uint8_t)id };
	return id ? put_element(v, a, MS_BER_OCTET_STRING, ms_span_of(octets, 4), NULL) : -EINVAL;
}

static int put_string(struct ms_h248_value *v, struct ms_h248_arena *a)
{
	unsigned id = IA5_STRING;
	for (size_t i = 0; i < v->octets.len; i++)
		if (v->octets.p[i] >= 0x80)
			id = UTF8_STRING;
	return put_element(v, a, id, v->octets, NULL);
}

int ms_h248_value_to_ber(const struct ms_h248_registry *r, uint16_t item, struct ms_h248_value *v,
			 struct ms_h248_arena *a)
{
	enum ms_h248_type type = type_of(item);
	int64_t n;
	int err = 0;

	if (v->form == MS_H248_BER)
		return 0;
	switch (type) {
	case MS_H248_TYPE_STRING:
		return put_string(v, a);
	case MS_H248_TYPE_OCTETS:
		return put_octets(v, a);
	case MS_H248_TYPE_OCTET_TEXT:
		return put_element(v, a, MS_BER_OCTET_STRING, v->octets, NULL);
	case MS_H248_TYPE_SIGNAL_NAME:
		return put_signal_name(r, v, a);
	case MS_H248_TYPE_ENUM: {
		unsigned choice = find_choice(r, item, v->octets);
		return choice ? put_integer(v, a, ENUMERATED, r->choices[choice].number) : -EINVAL;
	}
	case MS_H248_TYPE_BOOLEAN:
		err = read_boolean(v->octets, &n);
		if (err == 0)
			err = put_element(v, a, MS_BER_BOOLEAN, ms_span_of(n ? "\xff" : "\0", 1),
					  NULL);
		return err;
	case MS_H248_TYPE_INTEGER:
	case MS_H248_TYPE_DOUBLE:
		if (read_decimal(v->octets, &n) < 0)
			return -EINVAL;
		return put_integer(v, a, MS_BER_INTEGER, n);
	default:
		return -EINVAL;
	}
}

/* ---- BER to text ---- */

static int read_integer(struct ms_span s, int64_t *ret_number)
{
	if (s.len == 0 || s.len > 8)
		return -EINVAL;
	uint64_t v = s.p[0] & 0x80 ? UINT64_MAX : 0;
	for (size_t i = 0; i < s.len; i++)
		v = v << 8 | s.p[i];
	*ret_number = (int64_t)v;
	return 0;
}

static int set_text(struct ms_h248_value *v, enum ms_h248_form form, struct ms_span text)
{
	v->octets = text;
	v->form = form;
	return 0;
}

static int set_decimal(struct ms_h248_value *v, struct ms_h248_arena *a, int64_t n)
{
	char digits[DIGITS_MAX + 1];
	struct ms_buf b;

	ms_buf_init_fixed(&b, digits, sizeof(digits));
	ms_buf_printf(&b, "%lld", (long long)n);
	struct ms_span s = ms_h248_arena_copy(a, ms_buf_span(&b));
	return s.p ? set_text(v, MS_H248_TEXT, s) : -ENOMEM;
}

static int set_hex(struct ms_h248_value *v, struct ms_h248_arena *a, struct ms_span octets)
{
	static const char digits[] = "0123456789ABCDEF";
	uint8_t *p = ms_h248_arena_get(a, octets.len * 2 + 1);
	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < octets.len; i++) {
		p[2 * i] = (uint8_t)digits[octets.p[i] >> 4];
		p[2 * i + 1] = (uint8_t)digits[octets.p[i] & 15];
	}
	return set_text(v, MS_H248_QUOTED, ms_span_of(p, octets.len * 2));
}

static int set_signal_name(const struct ms_h248_registry *r, struct ms_h248_value *v,
			   struct ms_h248_arena *a, struct ms_span octets)
{
	uint32_t id = 0;
	for (size_t i = 0; i < octets.len && i < 4; i++)
		id = id << 8 | octets.p[i];
	struct ms_h248_name n = ms_h248_name_of(r, ms_h248_item_find_number(r, MS_H248_SIGNAL, id));
	if (octets.len != 4 || !n.ref)
		return set_hex(v, a, octets);
	uint8_t *p = ms_h248_arena_get(a, n.package.len + 1 + n.item.len);
	if (!p)
		return -ENOMEM;
	memcpy(p, n.package.p, n.package.len);
	p[n.package.len] = '/';
	memcpy(p + n.package.len + 1, n.item.p, n.item.len);
	return set_text(v, MS_H248_QUOTED, ms_span_of(p, n.package.len + 1 + n.item.len));
}

static int set_choice(const struct ms_h248_registry *r, uint16_t item, struct ms_h248_value *v,
		      int64_t n)
{
	const struct ms_h248_item *it = &ms_h248_items[item];
	for (unsigned i = it->choices; i < it->choices + (unsigned)it->n_choices; i++)
		if (r->choices[i].number == n)
			return set_text(v, MS_H248_TEXT, r->choices[i].name);
	return -EINVAL;
}

static bool is_string(unsigned id)
{
	return id == IA5_STRING || id == UTF8_STRING || id == VISIBLE_STRING ||
	       id == MS_BER_OCTET_STRING;
}

/* A value whose item is unknown, by its own tag. */
static int to_text_by_tag(struct ms_h248_value *v, struct ms_h248_arena *a,
			  const struct ms_ber_tlv *e)
{
	int64_t n;

	if (e->id == MS_BER_BOOLEAN && e->value.len == 1)
		return set_text(v, MS_H248_TEXT,
				e->value.p[0] ? MS_SPAN_LIT("on") : MS_SPAN_LIT("off"));
	if (e->id == MS_BER_INTEGER || e->id == ENUMERATED)
		return read_integer(e->value, &n) < 0 ? -EINVAL : set_decimal(v, a, n);
	if (e->id == MS_BER_OCTET_STRING)
		return set_hex(v, a, e->value);
	return is_string(e->id) ? set_text(v, MS_H248_QUOTED, e->value) : -EINVAL;
}

static int to_text_by_type(const struct ms_h248_registry *r, uint16_t item, struct ms_h248_value *v,
			   struct ms_h248_arena *a, const struct ms_ber_tlv *e)
{
	bool number = e->id == MS_BER_INTEGER || e->id == ENUMERATED;
	int64_t n = 0;

	if (number && read_integer(e->value, &n) < 0)
		return -EINVAL;
	switch (type_of(item)) {
	case MS_H248_TYPE_INTEGER:
	case MS_H248_TYPE_DOUBLE:
		return number ? set_decimal(v, a, n) : -EINVAL;
	case MS_H248_TYPE_ENUM:
		return number ? set_choice(r, item, v, n) : -EINVAL;
	case MS_H248_TYPE_BOOLEAN:
		return e->id == MS_BER_BOOLEAN ? to_text_by_tag(v, a, e) : -EINVAL;
	case MS_H248_TYPE_STRING:
	case MS_H248_TYPE_OCTET_TEXT:
		return is_string(e->id) ? set_text(v, MS_H248_QUOTED, e->value) : -EINVAL;
	case MS_H248_TYPE_OCTETS:
		return e->id == MS_BER_OCTET_STRING ? set_hex(v, a, e->value) : -EINVAL;
	case MS_H248_TYPE_SIGNAL_NAME:
		return is_string(e->id) ? set_signal_name(r, v, a, e->value) : -EINVAL;
	default:
		return to_text_by_tag(v, a, e);
	}
}

int ms_h248_value_to_text(const struct ms_h248_registry *r, uint16_t item, struct ms_h248_value *v,
			  struct ms_h248_arena *a)
{
	if (v->form != MS_H248_BER)
		return 0;
	struct ms_ber c = ms_ber_of(v->octets);
	struct ms_ber_tlv e;
	if (ms_ber_next(&c, &e) < 0 || ms_ber_end(&c) < 0)
		return -EINVAL;
	return to_text_by_type(r, item, v, a, &e);
}
