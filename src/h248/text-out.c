/* SPDX-License-Identifier: Apache-2.0 */
/* Writing words, numbers, names and values of the text encoding (RFC 3525 B.2). */
#include <errno.h>

#include "core/ip.h"
#include "h248/text-out.h"

#define CHUNK 1024u /* room taken at once, octets */

void ms_h248_out_fail(struct ms_h248_out *out)
{
	if (!out->err)
		out->err = -EINVAL;
	out->p = out->end = NULL;
}

bool ms_h248_out_grow(struct ms_h248_out *out, size_t n)
{
	if (out->err)
		return false;
	struct ms_buf *b = out->b;
	ms_buf_truncate(b, b->len - (size_t)(out->end - out->p));
	size_t left = b->max - b->len, want = left < CHUNK ? left : CHUNK;
	if (want < n)
		want = n;
	out->p = ms_buf_extend(b, want);
	if (!out->p) {
		out->err = ms_buf_status(b);
		ms_h248_out_fail(out);
		return false;
	}
	out->end = out->p + want;
	return true;
}

void ms_h248_out_line(struct ms_h248_out *out)
{
	ms_h248_out_c(out, '\n');
	for (unsigned i = 0; i < out->depth; i++)
		ms_h248_out_c(out, '\t');
}

void ms_h248_out_number(struct ms_h248_out *out, uint32_t v)
{
	uint8_t digits[10], *p = digits + sizeof(digits);
	do {
		*--p = (uint8_t)('0' + v % 10);
		v /= 10;
	} while (v);
	ms_h248_out_put(out, p, (size_t)(digits + sizeof(digits) - p));
}

void ms_h248_out_request_id(struct ms_h248_out *out, uint32_t id)
{
	if (id == UINT32_MAX)
		ms_h248_out_c(out, '*');
	else
		ms_h248_out_number(out, id);
}

void ms_h248_out_context_id(struct ms_h248_out *out, uint32_t id)
{
	switch (id) {
	case MS_H248_CONTEXT_NULL:
		ms_h248_out_c(out, '-');
		return;
	case MS_H248_CONTEXT_CHOOSE:
		ms_h248_out_c(out, '$');
		return;
	case MS_H248_CONTEXT_ALL:
		ms_h248_out_c(out, '*');
		return;
	default:
		ms_h248_out_number(out, id);
	}
}

void ms_h248_out_item_is(struct ms_h248_out *out, struct ms_h248_list *list,
			 enum ms_h248_token token, enum ms_h248_token value)
{
	ms_h248_out_item_token(out, list, token);
	ms_h248_out_equal(out);
	if (value == MS_H248_T_NONE)
		ms_h248_out_fail(out);
	else
		ms_h248_out_token(out, value);
}

void ms_h248_out_item_number(struct ms_h248_out *out, struct ms_h248_list *list,
			     enum ms_h248_token token, uint32_t value)
{
	ms_h248_out_item_token(out, list, token);
	ms_h248_out_equal(out);
	ms_h248_out_number(out, value);
}

/* Copied and looked at in one go; what has an octet of no class there is given back at the end. */
void ms_h248_out_checked(struct ms_h248_out *out, struct ms_span s, unsigned classes, size_t max)
{
	unsigned all = classes;
	if (!s.len || s.len > max) {
		ms_h248_out_fail(out);
		return;
	}
	if (!ms_h248_out_room(out, s.len))
		return;
	uint8_t *to = out->p;
	for (size_t i = 0; i < s.len; i++) {
		to[i] = s.p[i];
		all &= ms_h248_class[s.p[i]];
	}
	out->p += s.len;
	if (all != classes)
		ms_h248_out_fail(out);
}

void ms_h248_out_quoted(struct ms_h248_out *out, struct ms_span s)
{
	if (!ms_h248_all(s, MS_H248_C_QUOTED))
		ms_h248_out_fail(out);
	ms_h248_out_c(out, '"');
	ms_h248_out_put(out, s.p, s.len);
	ms_h248_out_c(out, '"');
}

void ms_h248_out_octets(struct ms_h248_out *out, struct ms_span s, bool escape)
{
	if (s.len && memchr(s.p, 0, s.len))
		ms_h248_out_fail(out);
	for (size_t brace; (brace = ms_span_find(s, '}')) < s.len; s = ms_span_from(s, brace + 1)) {
		if (!escape)
			ms_h248_out_fail(out);
		ms_h248_out_put(out, s.p, brace);
		ms_h248_out_put(out, "\\}", 2);
	}
	ms_h248_out_put(out, s.p, s.len);
}

void ms_h248_out_hex(struct ms_h248_out *out, struct ms_span s)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < s.len; i++) {
		ms_h248_out_c(out, digits[s.p[i] >> 4]);
		ms_h248_out_c(out, digits[s.p[i] & 15]);
	}
}

void ms_h248_out_name(struct ms_h248_out *out, const struct ms_h248_name *name)
{
	ms_h248_out_checked(out, name->package, MS_H248_C_NAME, 64);
	ms_h248_out_c(out, '/');
	ms_h248_out_checked(out, name->item, MS_H248_C_NAME, 64);
}

/* VALUE: as it came; text that would not be read back as one word goes between quotes. */
static void value(struct ms_h248_out *out, const struct ms_h248_value *v)
{
	if (!v || v->form == MS_H248_BER)
		ms_h248_out_fail(out);
	else if (v->form == MS_H248_TEXT && v->octets.len && ms_h248_all(v->octets, MS_H248_C_SAFE))
		ms_h248_out_put(out, v->octets.p, v->octets.len);
	else
		ms_h248_out_quoted(out, v->octets);
}

static void values(struct ms_h248_out *out, const struct ms_h248_value *v, const char *marks)
{
	ms_h248_out_c(out, marks[0]);
	for (char mark = 0; v; v = v->next, mark = marks[1]) {
		if (mark)
			ms_h248_out_c(out, mark);
		value(out, v);
	}
	ms_h248_out_c(out, marks[2]);
}

static void relation(struct ms_h248_out *out, const struct ms_h248_param *p)
{
	static const struct {
		const char *marks; /* opening, between values, closing; NULL: a value alone */
		char sign;
		uint8_t values; /* how many there are, 0: any number */
	} forms[] = {
		[MS_H248_EQUAL] = { NULL, '=', 1 },   [MS_H248_GREATER] = { NULL, '>', 1 },
		[MS_H248_LESS] = { NULL, '<', 1 },    [MS_H248_UNEQUAL] = { NULL, '#', 1 },
		[MS_H248_RANGE] = { "[:]", '=', 2 },  [MS_H248_ANY_OF] = { "{,}", '=', 0 },
		[MS_H248_ALL_OF] = { "[,]", '=', 0 },
	};
	unsigned n = 0;
	for (const struct ms_h248_value *v = p->values; v; v = v->next)
		n++;
	if ((unsigned)p->relation >= MS_ARRAY_SIZE(forms) ||
	    (forms[p->relation].values && forms[p->relation].values != n)) {
		ms_h248_out_fail(out);
		return;
	}
	if (forms[p->relation].sign == '=')
		ms_h248_out_equal(out);
	else
		ms_h248_out_c(out, forms[p->relation].sign);
	if (forms[p->relation].marks)
		values(out, p->values, forms[p->relation].marks);
	else
		value(out, p->values);
}

void ms_h248_out_param(struct ms_h248_out *out, const struct ms_h248_param *p, bool package)
{
	if (package)
		ms_h248_out_name(out, &p->name);
	else if (ms_h248_is_extension(p->name.item))
		ms_h248_out_put(out, p->name.item.p, p->name.item.len);
	else
		ms_h248_out_checked(out, p->name.item, MS_H248_C_NAME, 64);
	if (p->values)
		relation(out, p);
}

void ms_h248_out_params(struct ms_h248_out *out, struct ms_h248_list *list,
			const struct ms_h248_param *p, bool package)
{
	for (; p; p = p->next) {
		ms_h248_out_item(out, list);
		ms_h248_out_param(out, p, package);
	}
}

/* ---- identifiers ---- */

static void port(struct ms_h248_out *out, uint16_t n)
{
	if (!n)
		return;
	ms_h248_out_c(out, ':');
	ms_h248_out_number(out, n);
}

static void address(struct ms_h248_out *out, uint8_t family, const uint8_t *octets)
{
	char text[48];
	struct ms_buf b;
	ms_buf_init_fixed(&b, text, sizeof(text));
	ms_ip_put(&b, family, octets);
	ms_h248_out_c(out, '[');
	ms_h248_out_put(out, b.p, b.len);
	ms_h248_out_c(out, ']');
}

void ms_h248_out_mid(struct ms_h248_out *out, const struct ms_h248_mid *mid)
{
	switch (mid->kind) {
	case MS_H248_MID_IPV4:
		address(out, 4, mid->address);
		break;
	case MS_H248_MID_IPV6:
		address(out, 6, mid->address);
		break;
	case MS_H248_MID_DOMAIN:
		ms_h248_out_c(out, '<');
		ms_h248_out_checked(out, mid->name, MS_H248_C_PATH, 64);
		ms_h248_out_c(out, '>');
		break;
	case MS_H248_MID_DEVICE:
		ms_h248_out_checked(out, mid->name, MS_H248_C_PATH, 64);
		return;
	case MS_H248_MID_MTP:
		if (mid->name.len < 2 || mid->name.len > 4)
			ms_h248_out_fail(out);
		ms_h248_out_token(out, MS_H248_T_MTP);
		ms_h248_out_c(out, '{');
		ms_h248_out_hex(out, mid->name);
		ms_h248_out_c(out, '}');
		return;
	default:
		ms_h248_out_fail(out);
		return;
	}
	port(out, mid->port);
}

void ms_h248_out_termination(struct ms_h248_out *out, const struct ms_h248_termination *t)
{
	switch (t->kind) {
	case MS_H248_TERMINATION_NAMED:
		ms_h248_out_checked(out, t->name, MS_H248_C_PATH, 64);
		return;
	case MS_H248_TERMINATION_ROOT:
		ms_h248_out_put(out, "ROOT", 4);
		return;
	case MS_H248_TERMINATION_CHOOSE:
		ms_h248_out_c(out, '$');
		return;
	case MS_H248_TERMINATION_ALL:
		ms_h248_out_c(out, '*');
		return;
	}
	ms_h248_out_fail(out);
}

void ms_h248_out_terminations(struct ms_h248_out *out, const struct ms_h248_termination *t,
			      char open, char close)
{
	if (!t)
		ms_h248_out_fail(out);
	for (char mark = open; t; t = t->next, mark = ',') {
		ms_h248_out_c(out, mark);
		ms_h248_out_termination(out, t);
	}
	ms_h248_out_c(out, close);
}

void ms_h248_out_timestamp(struct ms_h248_out *out, const struct ms_h248_timestamp *t)
{
	ms_h248_out_checked(out, ms_span_of(t->date, sizeof(t->date)), MS_H248_C_DIGIT, 8);
	ms_h248_out_c(out, 'T');
	ms_h248_out_checked(out, ms_span_of(t->time, sizeof(t->time)), MS_H248_C_DIGIT, 8);
}

void ms_h248_out_error(struct ms_h248_out *out, const struct ms_h248_error *e)
{
	ms_h248_out_token(out, MS_H248_T_ERROR);
	ms_h248_out_equal(out);
	if (e->code > 9999)
		ms_h248_out_fail(out);
	ms_h248_out_number(out, e->code);
	ms_h248_out_c(out, '{');
	if (e->text.p)
		ms_h248_out_quoted(out, e->text);
	ms_h248_out_c(out, '}');
}
