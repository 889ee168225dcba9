/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tickets and resolved tickets as octets, for files that only their owner can read. The form is
 * ours: a magic number with a version, then lengths and values.
 */
#include <errno.h>

#include "mikey/held-priv.h"
#include "mikey/resolve-priv.h"

#define HELD_MAGIC 0x4d534801u     /* "MSH", 1 */
#define RESOLVED_MAGIC 0x4d535201u /* "MSR", 1 */

void ms_mikey_keyring_serialise(const struct ms_mikey_keyring *r, struct ms_buf *b)
{
	ms_buf_put_u8(b, (unsigned)r->n);
	for (size_t i = 0; i < r->n; i++) {
		const struct ms_mikey_skey *k = &r->key[i];

		ms_buf_put_u8(b, k->type);
		ms_buf_put_lv8(b, ms_span_of(k->spi, k->spi_len));
		ms_buf_put_lv8(b, ms_secret_span(&k->key));
		ms_buf_put_lv8(b, ms_secret_span(&k->salt));
	}
}

int ms_mikey_keyring_parse(struct ms_reader *r, struct ms_mikey_keyring *ret_r)
{
	uint8_t n, type;

	ret_r->n = 0;
	if (ms_read_u8(r, &n) < 0)
		return -EBADMSG;
	for (unsigned i = 0; i < n; i++) {
		struct ms_span spi, key, salt;

		if (ms_read_u8(r, &type) < 0 || ms_read_lv8(r, &spi) < 0 ||
		    ms_read_lv8(r, &key) < 0 || ms_read_lv8(r, &salt) < 0 ||
		    ms_mikey_keyring_add(ret_r, type, key, salt, spi) < 0)
			return -EBADMSG;
	}
	return 0;
}

void ms_mikey_ticket_held_serialise(const struct ms_mikey_ticket_held *h, struct ms_buf *b)
{
	ms_buf_put_u32(b, HELD_MAGIC);
	ms_buf_put_u32(b, h->uses);
	ms_buf_put_lv16(b, ms_mikey_octets_span(&h->ticket));
	ms_buf_put_lv8(b, ms_secret_span(&h->mpki));
	ms_buf_put_lv8(b, ms_secret_span(&h->mpkr));
	ms_mikey_keyring_serialise(&h->keys, b);
}

int ms_mikey_ticket_held_parse(struct ms_span s, struct ms_mikey_ticket_held **ret_h)
{
	MS_CLEANUP(ms_mikey_keyring_wipe) struct ms_mikey_keyring keys = { .n = 0 };
	struct ms_reader r = ms_reader_of(s);
	struct ms_span ticket, mpki, mpkr;
	uint32_t magic, uses;
	int err;

	if (ms_read_u32(&r, &magic) < 0 || magic != HELD_MAGIC || ms_read_u32(&r, &uses) < 0 ||
	    ms_read_lv16(&r, &ticket) < 0 || ms_read_lv8(&r, &mpki) < 0 ||
	    ms_read_lv8(&r, &mpkr) < 0 || ms_mikey_keyring_parse(&r, &keys) < 0 ||
	    ms_read_end(&r) < 0)
		return -EBADMSG;
	err = ms_mikey_ticket_held_new(ticket, mpki, mpkr, &keys, ret_h);
	if (err == 0)
		(*ret_h)->uses = uses;
	return err;
}

void ms_mikey_resolved_serialise(const struct ms_mikey_resolved *r, struct ms_buf *b)
{
	ms_buf_put_u32(b, RESOLVED_MAGIC);
	ms_buf_put_u8(b, r->any);
	ms_buf_put(b, r->ticket_id, sizeof(r->ticket_id));
	ms_buf_put_u64(b, (uint64_t)r->end);
	ms_buf_put_lv8(b, ms_secret_span(&r->mpki));
	ms_buf_put_lv8(b, ms_secret_span(&r->mpkr));
	ms_buf_put_u8(b, r->id_r.data.p != NULL);
	ms_buf_put_u8(b, r->id_r.type);
	ms_buf_put_lv16(b, ms_mikey_octets_span(&r->id_r.data));
	ms_buf_put_u8(b, r->has_rand_kms);
	ms_buf_put_lv8(b, ms_span_of(r->rand_kms, r->rand_kms_len));
	ms_mikey_keyring_serialise(&r->keys, b);
}

static int read_id(struct ms_reader *r, struct ms_mikey_id *ret_id)
{
	uint8_t has;

	if (ms_read_u8(r, &has) < 0 || ms_read_u8(r, &ret_id->type) < 0 ||
	    ms_read_lv16(r, &ret_id->data) < 0)
		return -EBADMSG;
	if (!has)
		ret_id->data = MS_SPAN_NULL;
	return 0;
}

static int read_rand(struct ms_reader *r, struct ms_span *ret_rand)
{
	uint8_t has;

	if (ms_read_u8(r, &has) < 0 || ms_read_lv8(r, ret_rand) < 0)
		return -EBADMSG;
	if (!has)
		*ret_rand = MS_SPAN_NULL;
	return 0;
}

int ms_mikey_resolved_parse(struct ms_span s, struct ms_mikey_resolved **ret_r)
{
	MS_CLEANUP(ms_mikey_keyring_wipe) struct ms_mikey_keyring keys = { .n = 0 };
	struct ms_mikey_resolved_parts parts = { .keys = &keys };
	struct ms_reader r = ms_reader_of(s);
	struct ms_span id;
	uint32_t magic;
	uint64_t end;
	uint8_t any;
	int err;

	if (ms_read_u32(&r, &magic) < 0 || magic != RESOLVED_MAGIC || ms_read_u8(&r, &any) < 0 ||
	    ms_read_span(&r, MS_MIKEY_TICKET_ID, &id) < 0 || ms_read_u64(&r, &end) < 0 ||
	    ms_read_lv8(&r, &parts.mpki) < 0 || ms_read_lv8(&r, &parts.mpkr) < 0 ||
	    read_id(&r, &parts.id_r) < 0 || read_rand(&r, &parts.rand_kms) < 0 ||
	    ms_mikey_keyring_parse(&r, &keys) < 0 || ms_read_end(&r) < 0)
		return -EBADMSG;
	err = ms_mikey_resolved_new(&parts, ret_r);
	if (err < 0)
		return err;
	(*ret_r)->any = any != 0;
	(*ret_r)->end = (ms_usec)end;
	memcpy((*ret_r)->ticket_id, id.p, id.len);
	return 0;
}
