/* SPDX-License-Identifier: Apache-2.0 */
#include "mikey/print-priv.h"

#include <inttypes.h>

#include "core/hex.h"

static bool json(const struct ms_mikey_out *o)
{
	return o->form == MS_MIKEY_PRINT_JSON;
}

static void json_string(struct ms_buf *b, struct ms_span s)
{
	ms_buf_put_u8(b, '"');
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		/* Octets over 7e are shown as the characters of ISO 8859-1: any input gives JSON. */
		if (c < ' ' || c > '~' || c == '"' || c == '\\')
			ms_buf_printf(b, "\\u%04x", c);
		else
			ms_buf_put_u8(b, c);
	}
	ms_buf_put_u8(b, '"');
}

static void comma(struct ms_mikey_out *o)
{
	if (!o->first)
		ms_buf_put_u8(o->b, ',');
	o->first = false;
}

static void indent(struct ms_mikey_out *o)
{
	for (unsigned i = 0; i < o->depth; i++)
		ms_buf_put_str(o->b, "  ");
}

/* A key and its colon. */
static void put_key(struct ms_mikey_out *o, const char *key)
{
	if (json(o)) {
		comma(o);
		json_string(o->b, ms_span_str(key));
	} else {
		ms_buf_put_str(o->b, "       ");
		indent(o);
		for (; *key; key++)
			ms_buf_put_u8(o->b, *key == '_' ? ' ' : (uint8_t)*key);
	}
	ms_buf_put_u8(o->b, ':');
}

/* In text the value follows on the same line, which the caller ends. */
static void begin_field(struct ms_mikey_out *o, const char *key)
{
	put_key(o, key);
	if (!json(o))
		ms_buf_put_u8(o->b, ' ');
}

static void end_field(struct ms_mikey_out *o)
{
	if (!json(o))
		ms_buf_put_u8(o->b, '\n');
}

void ms_mikey_out_list(struct ms_mikey_out *o, const char *key)
{
	put_key(o, key);
	if (json(o)) {
		ms_buf_put_u8(o->b, '[');
		o->first = true;
		return;
	}
	end_field(o);
	o->depth++;
}

void ms_mikey_out_list_end(struct ms_mikey_out *o)
{
	if (json(o)) {
		ms_buf_put_u8(o->b, ']');
		o->first = false;
	} else {
		o->depth--;
	}
}

void ms_mikey_out_item(struct ms_mikey_out *o, const char *name, struct ms_span raw)
{
	size_t offset = (size_t)(raw.p - o->base);

	if (json(o)) {
		comma(o);
		ms_buf_put_u8(o->b, '{');
		o->first = true;
		ms_mikey_out_str(o, "item", name);
		ms_mikey_out_num(o, "offset", offset);
		ms_mikey_out_num(o, "length", raw.len);
		return;
	}
	ms_buf_printf(o->b, "%5zu  ", offset);
	indent(o);
	ms_buf_printf(o->b, "%s (%zu octet%s)\n", name, raw.len, raw.len == 1 ? "" : "s");
	o->depth++;
}

void ms_mikey_out_item_end(struct ms_mikey_out *o)
{
	if (json(o)) {
		ms_buf_put_u8(o->b, '}');
		o->first = false;
	} else {
		o->depth--;
	}
}

void ms_mikey_out_num(struct ms_mikey_out *o, const char *key, uint64_t v)
{
	begin_field(o, key);
	ms_buf_printf(o->b, "%" PRIu64, v);
	end_field(o);
}

void ms_mikey_out_hex32(struct ms_mikey_out *o, const char *key, uint32_t v)
{
	begin_field(o, key);
	ms_buf_printf(o->b, json(o) ? "\"%08" PRIx32 "\"" : "0x%08" PRIx32, v);
	end_field(o);
}

void ms_mikey_out_octets(struct ms_mikey_out *o, const char *key, struct ms_span s)
{
	begin_field(o, key);
	if (json(o)) {
		ms_buf_put_u8(o->b, '"');
		ms_hex_encode(o->b, s);
		ms_buf_put_u8(o->b, '"');
	} else if (s.len == 0) {
		ms_buf_put_str(o->b, "(empty)");
	} else {
		ms_hex_encode(o->b, s);
	}
	end_field(o);
}

void ms_mikey_out_str(struct ms_mikey_out *o, const char *key, const char *text)
{
	begin_field(o, key);
	if (json(o))
		json_string(o->b, ms_span_str(text));
	else
		ms_buf_put_str(o->b, text);
	end_field(o);
}

void ms_mikey_out_text(struct ms_mikey_out *o, const char *key, struct ms_span s)
{
	begin_field(o, key);
	if (json(o)) {
		json_string(o->b, s);
	} else {
		ms_buf_put_u8(o->b, '"');
		ms_buf_put_quoted(o->b, s, s.len);
		ms_buf_put_u8(o->b, '"');
	}
	end_field(o);
}

static void named(struct ms_mikey_out *o, const char *key, const char *name, unsigned v)
{
	char key_name[64];
	struct ms_buf k;

	if (!json(o)) {
		begin_field(o, key);
		ms_buf_printf(o->b, "%s (%u)", name ? name : "unknown", v);
		end_field(o);
		return;
	}
	ms_mikey_out_num(o, key, v);
	if (!name)
		return;
	ms_buf_init_fixed(&k, key_name, sizeof(key_name));
	ms_buf_put_str(&k, key);
	ms_buf_put_str(&k, "_name");
	ms_mikey_out_str(o, ms_buf_cstr(&k), name);
}

void ms_mikey_out_name(struct ms_mikey_out *o, const char *key, enum ms_mikey_registry registry,
		       unsigned v)
{
	named(o, key, ms_mikey_name(registry, v), v);
}

void ms_mikey_out_prot(struct ms_mikey_out *o, unsigned prot_type)
{
	const char *name = NULL;

	if (prot_type == MS_MIKEY_PROT_SRTP)
		name = "SRTP";
	else if (prot_type == o->profile->prot_type_tls)
		name = "TLS";
	else if (prot_type == o->profile->prot_type_psk_mime)
		name = "PSK S/MIME";
	else if (prot_type == o->profile->prot_type_app)
		name = "application specific";
	named(o, "prot_type", name, prot_type);
}
