/* SPDX-License-Identifier: Apache-2.0 */
/* Key data sub-payloads: RFC 3830 section 6.13, RFC 6043 section 6.2.1. */
#include "mikey/keydata.h"

#include "mikey/mikey-priv.h"

static int read_key(struct ms_reader *r, struct ms_mikey_key *k, uint8_t *ret_next,
		    struct ms_fault *fault)
{
	uint8_t type_kv;

	if (ms_read_u8(r, ret_next) < 0 || ms_read_u8(r, &type_kv) < 0)
		return ms_mikey_parse_fault(fault, ms_read_offset(r));
	*k = (struct ms_mikey_key){ .type = type_kv >> 4, .kv = type_kv & 0x0f };
	/* Whether a salt follows depends on the type, so an unknown one cannot be skipped. */
	if (k->type > MS_MIKEY_KEY_MPK)
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED, "unknown_key_type",
				    ms_read_offset(r) - 1);
	if (ms_read_lv16(r, &k->key) < 0 ||
	    (ms_mikey_key_has_salt(k->type) && ms_read_lv16(r, &k->salt) < 0) ||
	    ms_mikey_read_kv(r, k->kv, &k->spi, &k->from, &k->to) < 0)
		return ms_mikey_parse_fault(fault, ms_read_offset(r));
	return 0;
}

int ms_mikey_keys_decode(struct ms_span s, struct ms_mikey_keys *ret_keys, struct ms_fault *fault)
{
	struct ms_reader r = ms_reader_of(s);
	uint8_t next = s.len > 0 ? MS_MIKEY_P_KEY_DATA : MS_MIKEY_P_LAST;
	size_t n = 0;

	while (next == MS_MIKEY_P_KEY_DATA) {
		int err;

		if (n == MS_MIKEY_KEYS_MAX)
			return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED,
					    "too_many_keys", ms_read_offset(&r));
		err = read_key(&r, &ret_keys->key[n], &next, fault);
		if (err < 0)
			return err;
		n++;
	}
	if (next != MS_MIKEY_P_LAST || ms_read_end(&r) < 0)
		return ms_mikey_parse_fault(fault, ms_read_offset(&r));
	ret_keys->n = n;
	return 0;
}

static void put_key(struct ms_buf *b, const struct ms_mikey_key *k, bool last)
{
	if (k->type > MS_MIKEY_KEY_MPK || k->kv > MS_MIKEY_KV_INTERVAL)
		ms_buf_fail(b, -EINVAL);
	ms_buf_put_u8(b, last ? MS_MIKEY_P_LAST : MS_MIKEY_P_KEY_DATA);
	ms_buf_put_u8(b, (unsigned)k->type << 4 | k->kv);
	ms_buf_put_lv16(b, k->key);
	if (ms_mikey_key_has_salt(k->type))
		ms_buf_put_lv16(b, k->salt);
	if (k->kv == MS_MIKEY_KV_SPI)
		ms_buf_put_lv8(b, k->spi);
	if (k->kv == MS_MIKEY_KV_INTERVAL) {
		ms_buf_put_lv8(b, k->from);
		ms_buf_put_lv8(b, k->to);
	}
}

void ms_mikey_keys_encode(struct ms_buf *b, const struct ms_mikey_keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		put_key(b, &keys->key[i], i + 1 == keys->n);
}

const struct ms_mikey_key *ms_mikey_keys_find_spi(const struct ms_mikey_keys *keys,
						  struct ms_span spi)
{
	for (size_t i = 0; i < keys->n; i++) {
		const struct ms_mikey_key *k = &keys->key[i];

		if (k->type != MS_MIKEY_KEY_MPK && k->kv == MS_MIKEY_KV_SPI &&
		    ms_span_eq(k->spi, spi))
			return k;
	}
	return NULL;
}

bool ms_mikey_keys_have_tgk(const struct ms_mikey_keys *keys)
{
	for (size_t i = 0; i < keys->n; i++) {
		if (ms_mikey_key_is_tgk(keys->key[i].type))
			return true;
	}
	return false;
}
