/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of a configuration as octets, driven by the same table that reads the file. Both ends are
 * the same executable, so structures without pointers go as they are.
 */
#include <errno.h>

#include "kms/config.h"

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

/* A MAP's members are at offsets from its own beginning. */
static void put_fields(const struct ms_config_field *f, const uint8_t *base, struct ms_buf *out)
{
	for (; f->key; f++) {
		const uint8_t *at = base + f->offset;

		if (f->type == MS_CONFIG_MAP)
			put_fields(f->fields, at, out);
		else if (f->type == MS_CONFIG_TEXT)
			ms_buf_put_lv16(
				out,
				ms_span_of(*(const char *const *)(const void *)at,
					   strlen(*(const char *const *)(const void *)at) + 1));
		else if (f->type != MS_CONFIG_LIST)
			ms_buf_put(out, at, plain_size(f->type));
	}
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

static int get_fields(const struct ms_config_field *f, uint8_t *base, struct ms_reader *in)
{
	int err = 0;

	for (; err == 0 && f->key; f++) {
		uint8_t *at = base + f->offset;
		struct ms_span s;

		if (f->type == MS_CONFIG_MAP) {
			err = get_fields(f->fields, at, in);
		} else if (f->type == MS_CONFIG_TEXT) {
			err = get_text(in, at);
		} else if (f->type != MS_CONFIG_LIST) {
			err = ms_read_span(in, plain_size(f->type), &s);
			if (err == 0)
				memcpy(at, s.p, s.len);
		}
	}
	return err;
}

void ms_kms_config_put(const struct ms_kms_config *c, struct ms_buf *out)
{
	put_fields(ms_kms_config_fields, (const uint8_t *)c, out);
}

int ms_kms_config_get(struct ms_reader *in, struct ms_kms_config *ret_c)
{
	int err;

	memset(ret_c, 0, sizeof(*ret_c));
	err = get_fields(ms_kms_config_fields, (uint8_t *)ret_c, in);
	if (ret_c->ticket.lifetime == 0)
		ret_c->ticket.lifetime = (ms_usec)ret_c->profile.ticket_lifetime_s * MS_SEC;
	return err;
}
