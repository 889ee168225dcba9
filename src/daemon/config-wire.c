/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of a configuration as octets, driven by the same table that reads the file: how a parent
 * hands them to its roles, which read no file. Both ends are the same executable, so values without
 * pointers go as they are.
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/reader.h"
#include "daemon/config-priv.h"

/* Longest list a role accepts: its parent has read it from a file of at most 1 MiB. */
#define ITEMS_MAX 65536u

static size_t plain_size(enum ms_config_type type)
{
	switch (type) {
	case MS_CONFIG_UINT:
	case MS_CONFIG_SIZE:
		return sizeof(uint64_t);
	case MS_CONFIG_TIME:
		return sizeof(ms_usec);
	case MS_CONFIG_BOOL:
		return sizeof(bool);
	case MS_CONFIG_ADDR:
		return sizeof(struct ms_addr);
	case MS_CONFIG_ENUM:
		return sizeof(unsigned);
	case MS_CONFIG_PROFILE:
		return sizeof(struct ms_profile);
	default:
		return 0;
	}
}

/* ---- writing ---- */

static void put_value(const struct ms_config_field *f, const uint8_t *at, struct ms_buf *out);

static void put_text(const char *text, struct ms_buf *out)
{
	ms_buf_put_lv16(out, ms_span_of(text, strlen(text) + 1));
}

static void put_list(const struct ms_config_field *f, const struct ms_config_list *list,
		     struct ms_buf *out)
{
	const uint8_t *at = list->items;

	ms_buf_put_u32(out, (uint32_t)list->n);
	for (size_t i = 0; i < list->n; i++, at += f->item_size) {
		if (f->fields)
			ms_config_put(f->fields, at, out);
		else
			put_value(f->item, at, out);
	}
}

static void put_value(const struct ms_config_field *f, const uint8_t *at, struct ms_buf *out)
{
	if (f->type == MS_CONFIG_MAP)
		ms_config_put(f->fields, at, out);
	else if (f->type == MS_CONFIG_TEXT)
		put_text(*(const char *const *)(const void *)at, out);
	else if (f->type == MS_CONFIG_LIST)
		put_list(f, (const void *)at, out);
	else
		ms_buf_put(out, at, plain_size(f->type));
}

/* A MAP's members are at offsets from its own beginning. */
void ms_config_put(const struct ms_config_field *fields, const void *values, struct ms_buf *out)
{
	for (const struct ms_config_field *f = fields; f->key; f++)
		put_value(f, (const uint8_t *)values + f->offset, out);
}

/* ---- reading ---- */

static int get_value(const struct ms_config_field *f, uint8_t *at, struct ms_reader *in,
		     struct ms_config *c);

static int get_fields(const struct ms_config_field *f, uint8_t *base, struct ms_reader *in,
		      struct ms_config *c)
{
	int err = 0;

	for (; err == 0 && f->key; f++)
		err = get_value(f, base + f->offset, in, c);
	return err;
}

static int get_text(struct ms_reader *in, uint8_t *at)
{
	struct ms_span text;
	int err = ms_read_lv16(in, &text);

	if (err)
		return err;
	if (text.len == 0 || text.p[text.len - 1] != 0)
		return -EBADMSG;
	*(const char **)(void *)at = (const char *)text.p;
	return 0;
}

static int get_list(const struct ms_config_field *f, struct ms_config_list *list,
		    struct ms_reader *in, struct ms_config *c)
{
	uint32_t n;
	int err = ms_read_u32(in, &n);

	if (err)
		return err;
	if (n > ITEMS_MAX)
		return -EBADMSG;
	uint8_t *items = n ? ms_config_alloc(c, n * f->item_size) : NULL;
	if (n && !items)
		return -ENOMEM;
	for (uint32_t i = 0; err == 0 && i < n; i++)
		err = f->fields ? get_fields(f->fields, items + i * f->item_size, in, c)
				: get_value(f->item, items + i * f->item_size, in, c);
	if (err == 0)
		*list = (struct ms_config_list){ .items = items, .n = n };
	return err;
}

static int get_value(const struct ms_config_field *f, uint8_t *at, struct ms_reader *in,
		     struct ms_config *c)
{
	struct ms_span s;

	if (f->type == MS_CONFIG_MAP)
		return get_fields(f->fields, at, in, c);
	if (f->type == MS_CONFIG_TEXT)
		return get_text(in, at);
	if (f->type == MS_CONFIG_LIST)
		return get_list(f, (void *)at, in, c);
	int err = ms_read_span(in, plain_size(f->type), &s);
	if (err == 0)
		memcpy(at, s.p, s.len);
	return err;
}

/* The texts of the values lie in the copy, so it belongs to the configuration. */
static int take(struct ms_config *c, struct ms_span octets, const struct ms_config_field *fields)
{
	uint8_t *copy = octets.len ? ms_config_alloc(c, octets.len) : NULL;

	if (!copy)
		return octets.len ? -ENOMEM : -EBADMSG;
	memcpy(copy, octets.p, octets.len);
	struct ms_reader in = ms_reader_of(ms_span_of(copy, octets.len));
	int err = get_fields(fields, c->values, &in, c);
	return err ? err : ms_read_end(&in);
}

int ms_config_take(struct ms_span octets, const struct ms_config_field *fields, size_t size,
		   struct ms_config **ret_config)
{
	struct ms_config *c = ms_config_new("", size);
	int err = c ? take(c, octets, fields) : -ENOMEM;

	if (err)
		ms_config_free(c);
	else
		*ret_config = c;
	return err ? err == -ENOMEM ? err : -EBADMSG : 0;
}
