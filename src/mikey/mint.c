/* SPDX-License-Identifier: Apache-2.0 */
/* Making tickets: RFC 6043 section 6.10 and appendix A. */
#include "mikey/mint.h"

#include <errno.h>

#include "core/buf.h"
#include "mikey/policy.h"
#include "mikey/ticket.h"
#include "mikey/writer.h"

/* Octets of an SPI that we choose, and of a salt. */
#define SPI_LEN 4
#define SALT_LEN 14

/* Room for TP Data: as much as their length field can say. */
#define TP_ROOM 65536

static const uint8_t zeroes[MS_SECRET_MAX];

/* The keys wanted, with zeroes for values: number, type, length and SPI are what is said. */
static int wishes_write(const struct ms_mikey_wish *wish, size_t n, const struct ms_random *random,
			struct ms_mikey_writer *w)
{
	uint8_t spi[MS_MIKEY_MINT_KEYS_MAX][SPI_LEN], room[MS_MIKEY_MINT_KEYS_MAX * 512];
	struct ms_mikey_keys keys = { .n = n };
	struct ms_buf plain;
	int err;

	if (n > MS_MIKEY_MINT_KEYS_MAX)
		return -ENOSPC;
	err = ms_random_fill(random, spi, sizeof(spi));
	if (err < 0)
		return err;
	for (size_t i = 0; i < n; i++) {
		if (wish[i].len > MS_SECRET_MAX)
			return -EINVAL;
		keys.key[i] = (struct ms_mikey_key){
			.type = wish[i].type,
			.kv = MS_MIKEY_KV_SPI,
			.key = ms_span_of(zeroes, wish[i].len),
			.salt = ms_span_of(zeroes,
					   ms_mikey_key_has_salt(wish[i].type) ? SALT_LEN : 0),
			.spi = wish[i].spi.len > 0 ? wish[i].spi : ms_span_of(spi[i], SPI_LEN),
		};
	}
	ms_buf_init_fixed(&plain, room, sizeof(room));
	ms_mikey_keys_encode(&plain, &keys);
	err = ms_buf_status(&plain);
	if (err == 0)
		ms_mikey_put_kemac(w, MS_MIKEY_ENCR_NULL, ms_buf_span(&plain));
	return err;
}

static void put_tr(struct ms_mikey_writer *w, unsigned role, const struct ms_mikey_ts *t)
{
	if (t->set)
		ms_mikey_put_tr(w, role, t);
}

static void put_idr(struct ms_mikey_writer *w, unsigned role, const struct ms_mikey_id *id)
{
	if (id->data.p)
		ms_mikey_put_idr(w, role, id);
}

int ms_mikey_tp_write(const struct ms_mikey_tp_spec *s, const struct ms_random *random,
		      struct ms_buf *b)
{
	struct ms_mikey_writer w;
	int err = 0;

	ms_mikey_write_first(&w, b);
	put_idr(&w, MS_MIKEY_ROLE_KMS, &s->kms);
	put_idr(&w, MS_MIKEY_ROLE_INITIATOR, &s->initiator);
	put_tr(&w, MS_MIKEY_TR_START, &s->start);
	put_tr(&w, MS_MIKEY_TR_END, &s->end);
	put_tr(&w, MS_MIKEY_TR_REKEY, &s->rekey);
	if (s->n_wishes > 0 || s->no_keys)
		err = wishes_write(s->wish, s->no_keys ? 0 : s->n_wishes, random, &w);
	for (size_t i = 0; i < s->n_apps; i++)
		ms_mikey_put_idr(&w, MS_MIKEY_ROLE_APP, &s->app[i]);
	for (size_t i = 0; i < s->n_responders; i++)
		ms_mikey_put_idr(&w, MS_MIKEY_ROLE_RESPONDER, &s->responder[i]);
	return err < 0 ? err : ms_buf_status(b);
}

void ms_mikey_minted_wipe(struct ms_mikey_minted *m)
{
	ms_secret_wipe(&m->mpki);
	ms_secret_wipe(&m->mpkr);
	ms_wipe(m->room, m->len);
	m->len = 0;
	m->keys.n = 0;
}

/* `n` random octets in the ticket's own room. */
static int fresh(struct ms_mikey_minted *m, const struct ms_random *random, size_t n,
		 struct ms_span *ret_s)
{
	uint8_t *p = m->room + m->len;
	int err;

	if (n > sizeof(m->room) - m->len)
		return -ENOSPC;
	err = ms_random_fill(random, p, n);
	if (err < 0)
		return err;
	m->len += n;
	*ret_s = ms_span_of(p, n);
	return 0;
}

static int fresh_key(struct ms_mikey_minted *m, const struct ms_random *random, unsigned type,
		     size_t len, struct ms_span spi)
{
	struct ms_mikey_key *k = &m->keys.key[m->keys.n];
	int err;

	if (len == 0 || len > MS_SECRET_MAX)
		return -EINVAL;
	*k = (struct ms_mikey_key){ .type = (uint8_t)type, .kv = MS_MIKEY_KV_SPI, .spi = spi };
	err = fresh(m, random, len, &k->key);
	if (err == 0 && ms_mikey_key_has_salt(type))
		err = fresh(m, random, SALT_LEN, &k->salt);
	if (err == 0 && spi.len == 0)
		err = fresh(m, random, SPI_LEN, &k->spi);
	if (err == 0)
		m->keys.n++;
	return err;
}

static int fresh_keys(const struct ms_mikey_mint_spec *s, struct ms_mikey_minted *m)
{
	size_t mpk_len = s->prf == MS_MIKEY_PRF_HMAC_SHA_256 ? 32 : 16;
	int err;

	if (s->n_wishes > MS_MIKEY_MINT_KEYS_MAX)
		return -ENOSPC;
	m->len = 0;
	m->keys.n = 0;
	err = fresh_key(m, s->random, MS_MIKEY_KEY_MPK, mpk_len, MS_SPAN_NULL);
	for (size_t i = 0; err == 0 && i < s->n_wishes; i++) {
		if (s->wish[i].type > MS_MIKEY_KEY_GTGK_SALT)
			return -EINVAL;
		err = fresh_key(m, s->random, s->wish[i].type, s->wish[i].len, s->wish[i].spi);
	}
	return err;
}

static int seal(const struct ms_mikey_mint_spec *s, struct ms_span tp_data, struct ms_buf *ticket,
		struct ms_mikey_minted *m)
{
	bool is_256 = s->prf == MS_MIKEY_PRF_HMAC_SHA_256;
	MS_CLEANUP(ms_prf_key_wipe) struct ms_prf_key tpk = { .n = 0 };
	struct ms_mikey_policy policy = {
		.set = true,
		.ticket_type = MS_MIKEY_TICKET_BASE,
		.subtype = MS_MIKEY_TICKET_BASE_SUBTYPE,
		.version = MS_MIKEY_TICKET_BASE_VERSION,
		.prf = s->prf,
		.flags = s->flags,
		.tp_data = tp_data,
	};
	struct ms_mikey_ticket_spec spec = {
		.policy = &policy,
		.encr_alg = is_256 ? MS_MIKEY_ENCR_AES_CM_256 : MS_MIKEY_ENCR_AES_CM_128,
		.mac_alg = is_256 ? MS_MIKEY_MAC_HMAC_SHA_256_256 : MS_MIKEY_MAC_HMAC_SHA_1_160,
		.t = s->t,
		.psk = s->tpk->id,
		.keys = &m->keys,
	};
	uint8_t rand[MS_SECRET_MAX];
	size_t rand_len = m->keys.key[0].key.len;
	int err;

	/* RFC 6043 section 12.1: RAND is at least as long as TPK and MPK. */
	if (s->tpk->key.len > rand_len)
		rand_len = s->tpk->key.len;
	if (rand_len > sizeof(rand))
		return -EINVAL;
	err = ms_random_fill(s->random, rand, rand_len);
	spec.rand = ms_span_of(rand, rand_len);
	if (err == 0)
		err = ms_mikey_inkey(&tpk, s->prf, s->tpk->key);
	if (err == 0)
		err = ms_mikey_ticket_make(&spec, &tpk, ticket);
	if (err == 0)
		err = ms_mikey_mpk_split(s->prf, m->keys.key[0].key, spec.rand, &m->mpki, &m->mpkr);
	return err;
}

int ms_mikey_mint(const struct ms_mikey_mint_spec *s, struct ms_buf *ticket,
		  struct ms_mikey_minted *ret_m)
{
	uint8_t room[TP_ROOM];
	struct ms_buf tp_data;
	int err;

	ret_m->len = 0;
	err = fresh_keys(s, ret_m);
	if (err < 0)
		return err;
	if (ms_mikey_flags_check(s->flags, ms_mikey_keys_have_tgk(&ret_m->keys)))
		return -EINVAL;
	ms_buf_init_fixed(&tp_data, room, sizeof(room));
	err = ms_mikey_tp_write(&s->tp, s->random, &tp_data);
	return err < 0 ? err : seal(s, ms_buf_span(&tp_data), ticket, ret_m);
}
