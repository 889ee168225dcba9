/* SPDX-License-Identifier: Apache-2.0 */
/* Making and opening MIKEY base tickets: RFC 6043 appendix A. */
#include "mikey/ticket.h"

#include <errno.h>

#include "mikey/mac.h"
#include "mikey/mikey-priv.h"
#include "mikey/writer.h"

struct ticket_keys {
	struct ms_secret auth;
	struct ms_mikey_encr_keys encr;
};

static void ticket_keys_wipe(struct ticket_keys *k)
{
	ms_secret_wipe(&k->auth);
	ms_mikey_encr_keys_wipe(&k->encr);
}

/* RFC 6043 appendix A.2.1: auth_key, encr_key and salt_key from the TPK. */
static int derive_keys(const struct ms_prf_key *tpk, struct ms_span rand, unsigned mac_alg,
		       unsigned encr_alg, struct ticket_keys *k)
{
	struct ms_mikey_label l;
	size_t encr_len, salt_len;
	int mac_len = ms_mikey_mac_len(mac_alg);
	int err = ms_mikey_encr_lens(encr_alg, &encr_len, &salt_len);

	if (err < 0 || mac_len <= 0)
		return -EINVAL;
	ms_mikey_label_tpk(&l, MS_MIKEY_FOR_AUTH, rand);
	err = ms_mikey_derive(tpk, &l, (size_t)mac_len, &k->auth);
	if (err < 0)
		return err;
	ms_mikey_label_tpk(&l, MS_MIKEY_FOR_ENCR, rand);
	err = ms_mikey_derive(tpk, &l, encr_len, &k->encr.encr);
	if (err < 0)
		return err;
	ms_mikey_label_tpk(&l, MS_MIKEY_FOR_SALT, rand);
	return ms_mikey_derive(tpk, &l, salt_len, &k->encr.salt);
}

/* KEMAC = E(encr_key, MPK || {TEK, TGK, GTGK}) */
static int seal_keys(const struct ms_mikey_ticket_spec *spec, const struct ticket_keys *k,
		     struct ms_buf *cipher)
{
	uint8_t plain_octets[MS_MIKEY_TICKET_KEYS_MAX];
	struct ms_buf plain;
	int err;

	ms_buf_init_fixed(&plain, plain_octets, sizeof(plain_octets));
	ms_mikey_keys_encode(&plain, spec->keys);
	err = ms_buf_status(&plain);
	if (err == 0)
		err = ms_mikey_kemac_encrypt(spec->encr_alg, &k->encr, MS_MIKEY_CSB_TICKET,
					     &spec->t, ms_buf_span(&plain), cipher);
	ms_wipe(plain_octets, plain.len);
	return err;
}

/*
 * The MAC runs over the TICKET payload from Ticket Type on through the octet before the MAC itself:
 * not over Next Payload, nor Initiator Data and their length (RFC 6043 appendix A.1).
 */
static int put_ticket_data(const struct ms_mikey_ticket_spec *spec, const struct ticket_keys *k,
			   struct ms_span cipher, struct ms_buf *out, size_t ticket_start)
{
	struct ms_mikey_writer w;
	struct ms_mikey_cover cover = { .n = 1 };
	uint8_t mac[MS_HASH_MAX];
	size_t mark = ms_buf_open_u16(out);
	size_t mac_at;
	int err;

	ms_mikey_write_bare(&w, out);
	ms_mikey_put_thdr(&w, spec->thdr);
	ms_mikey_put_t(&w, &spec->t);
	ms_mikey_put_rand(&w, spec->rand);
	ms_mikey_put_kemac(&w, spec->encr_alg, cipher);
	if (spec->psk.data.p)
		ms_mikey_put_idr(&w, MS_MIKEY_ROLE_PSK, &spec->psk);
	mac_at = ms_mikey_put_v(&w, spec->mac_alg);
	ms_buf_close_u16(out, mark);
	err = ms_buf_status(out);
	if (err < 0)
		return err;
	cover.part[0] = ms_span_of(out->p + ticket_start + 1, mac_at - ticket_start - 1);
	ms_mikey_mac(spec->mac_alg, ms_secret_span(&k->auth), &cover, mac);
	memcpy(out->p + mac_at, mac, (size_t)ms_mikey_mac_len(spec->mac_alg));
	return 0;
}

static int put_whole(const struct ms_mikey_ticket_spec *spec, const struct ms_prf_key *tpk,
		     struct ms_buf *out)
{
	MS_CLEANUP(ticket_keys_wipe) struct ticket_keys k = { .auth.len = 0 };
	uint8_t cipher_octets[MS_MIKEY_TICKET_KEYS_MAX + 8];
	struct ms_mikey_writer w;
	struct ms_buf cipher;
	size_t start = out->len;
	int err = derive_keys(tpk, spec->rand, spec->mac_alg, spec->encr_alg, &k);

	if (err < 0)
		return err;
	ms_buf_init_fixed(&cipher, cipher_octets, sizeof(cipher_octets));
	err = seal_keys(spec, &k, &cipher);
	if (err < 0)
		return err;
	/* A TICKET begins as a TP does. */
	ms_mikey_write_bare(&w, out);
	ms_mikey_put_tp(&w, spec->policy);
	err = put_ticket_data(spec, &k, ms_buf_span(&cipher), out, start);
	if (err < 0)
		return err;
	ms_buf_put_u16(out, 0); /* Initiator Data length */
	return ms_buf_status(out);
}

int ms_mikey_ticket_make(const struct ms_mikey_ticket_spec *spec, const struct ms_prf_key *tpk,
			 struct ms_buf *out)
{
	size_t start = out->len;
	int err = put_whole(spec, tpk, out);

	if (err < 0)
		ms_buf_truncate(out, start);
	return err;
}

void ms_mikey_opened_wipe(struct ms_mikey_opened *o)
{
	ms_secret_wipe(&o->mpk);
	ms_secret_wipe(&o->mpki);
	ms_secret_wipe(&o->mpkr);
	ms_wipe(o->plain, o->len);
	o->len = 0;
	o->keys.n = 0;
}

int ms_mikey_mpk_split(unsigned prf_func, struct ms_span mpk, struct ms_span rand,
		       struct ms_secret *ret_mpki, struct ms_secret *ret_mpkr)
{
	MS_CLEANUP(ms_prf_key_wipe) struct ms_prf_key k;
	struct ms_mikey_label l;
	int err;

	k.n = 0;
	err = ms_mikey_inkey(&k, prf_func, mpk);
	if (err < 0)
		return err;
	ms_mikey_label_mpk(&l, MS_MIKEY_FOR_MPKI, rand);
	err = ms_mikey_derive(&k, &l, mpk.len, ret_mpki);
	if (err < 0)
		return err;
	ms_mikey_label_mpk(&l, MS_MIKEY_FOR_MPKR, rand);
	return ms_mikey_derive(&k, &l, mpk.len, ret_mpkr);
}

/* The ticket from Ticket Type to the MAC of its Ticket Data. */
static struct ms_span ticket_covered(const struct ms_mikey_policy *ticket,
				     const struct ms_mikey_ticket_data *d)
{
	size_t data_at = (size_t)(ticket->ticket_data.p - ticket->raw.p);

	return ms_span_sub(ticket->raw, 1, data_at + d->v_mac - 1);
}

/* First an MPK, then others (RFC 6043 appendix A.1). */
static int check_opened(struct ms_mikey_opened *o, struct ms_fault *fault)
{
	if (o->keys.n == 0 || o->keys.key[0].type != MS_MIKEY_KEY_MPK)
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED, "missing_mpk", 0);
	for (size_t i = 1; i < o->keys.n; i++) {
		if (o->keys.key[i].type == MS_MIKEY_KEY_MPK)
			return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED,
					    "unexpected_mpk", 0);
	}
	if (ms_secret_set(&o->mpk, o->keys.key[0].key) < 0)
		return ms_mikey_parse_fault(fault, 0);
	return 0;
}

static int open_keys(const struct ms_mikey_policy *ticket, const struct ms_mikey_ticket_data *d,
		     const struct ticket_keys *k, struct ms_mikey_opened *o, struct ms_fault *fault)
{
	struct ms_buf plain;
	int err;

	ms_buf_init_fixed(&plain, o->plain, sizeof(o->plain));
	err = ms_mikey_kemac_decrypt(d->kemac.encr_alg, &k->encr, MS_MIKEY_CSB_TICKET, &d->t,
				     d->kemac.encr_data, &plain);
	if (err == -EIO)
		return err;
	o->len = plain.len;
	if (err < 0)
		return ms_mikey_parse_fault(fault, 0);
	err = ms_mikey_keys_decode(ms_buf_span(&plain), &o->keys, fault);
	if (err == 0)
		err = check_opened(o, fault);
	if (err < 0)
		return err;
	if (ms_mikey_mpk_split(ticket->prf, ms_secret_span(&o->mpk), d->rand, &o->mpki, &o->mpkr) <
	    0)
		return ms_mikey_parse_fault(fault, 0);
	o->data = *d;
	return 0;
}

int ms_mikey_ticket_open(const struct ms_mikey_policy *ticket,
			 const struct ms_mikey_ticket_data *data, const struct ms_prf_key *tpk,
			 struct ms_mikey_opened *ret_o, struct ms_fault *fault)
{
	MS_CLEANUP(ticket_keys_wipe) struct ticket_keys k = { .auth.len = 0 };
	struct ms_mikey_cover cover = { .n = 1 };
	size_t encr_len, salt_len;
	int err;

	if (ms_mikey_encr_lens(data->kemac.encr_alg, &encr_len, &salt_len) < 0)
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_ENCR, "unsupported_encr", 0);
	if (data->kemac.mac_alg != MS_MIKEY_MAC_NULL)
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_MAC, "kemac_mac_not_null", 0);
	if (derive_keys(tpk, data->rand, data->v.mac_alg, data->kemac.encr_alg, &k) < 0)
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_MAC, "unsupported_mac", 0);
	cover.part[0] = ticket_covered(ticket, data);
	if (!ms_mikey_mac_ok(&data->v, ms_secret_span(&k.auth), &cover))
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_TICKET, "ticket_bad_mac", 0);
	err = open_keys(ticket, data, &k, ret_o, fault);
	if (err < 0)
		ms_mikey_opened_wipe(ret_o);
	return err;
}
