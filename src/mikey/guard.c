/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of one exchange at work: RFC 6043 sections 5.1.2 and 5.5. */
#include "mikey/guard.h"

#include <errno.h>

#include "mikey/check.h"
#include "mikey/kemac.h"
#include "mikey/reason.h"

int ms_mikey_guard_set(struct ms_mikey_guard *g, const struct ms_mikey_hdr *hdr,
		       struct ms_span inkey, struct ms_span rand_i, struct ms_span rand_r)
{
	g->csb_id = hdr->csb_id;
	g->rands.i = rand_i;
	g->rands.r = rand_r;
	return ms_mikey_inkey(&g->key, hdr->prf, inkey);
}

void ms_mikey_guard_wipe(struct ms_mikey_guard *g)
{
	ms_prf_key_wipe(&g->key);
}

int ms_mikey_guard_verify(const struct ms_mikey_guard *g, enum ms_mikey_which which,
			  const struct ms_mikey_v *v, const struct ms_mikey_cover *c,
			  struct ms_fault *fault)
{
	MS_CLEANUP(ms_secret_wipe) struct ms_secret auth = { .len = 0 };

	if (ms_mikey_msg_auth(&g->key, g->csb_id, which, &g->rands, v->mac_alg, &auth) < 0)
		return ms_mikey_refuse(fault, MS_MIKEY_R_UNSUPPORTED_MAC);
	if (!ms_mikey_mac_ok(v, ms_secret_span(&auth), c))
		return ms_mikey_refuse(fault, MS_MIKEY_R_BAD_MAC);
	return 0;
}

int ms_mikey_guard_mac(const struct ms_mikey_guard *g, enum ms_mikey_which which, unsigned mac_alg,
		       const struct ms_mikey_cover *c, uint8_t *mac)
{
	MS_CLEANUP(ms_secret_wipe) struct ms_secret auth = { .len = 0 };
	uint8_t full[MS_HASH_MAX];
	int err;

	err = ms_mikey_msg_auth(&g->key, g->csb_id, which, &g->rands, mac_alg, &auth);
	if (err < 0)
		return err;
	ms_mikey_mac(mac_alg, ms_secret_span(&auth), c, full);
	memcpy(mac, full, (size_t)ms_mikey_mac_len(mac_alg));
	return 0;
}

int ms_mikey_guard_put_keys(const struct ms_mikey_guard *g, enum ms_mikey_which which,
			    unsigned encr_alg, const struct ms_mikey_ts *t,
			    const struct ms_mikey_keys *keys, struct ms_buf *plain,
			    struct ms_mikey_writer *w)
{
	MS_CLEANUP(ms_mikey_encr_keys_wipe) struct ms_mikey_encr_keys ek = { 0 };
	MS_CLEANUP(ms_buf_done) struct ms_buf sealed;
	uint8_t room[MS_MIKEY_SEALED_ROOM];
	int err;

	ms_buf_init_fixed(&sealed, room, sizeof(room));
	ms_mikey_keys_encode(plain, keys);
	err = ms_buf_status(plain);
	if (err == 0)
		err = ms_mikey_msg_encr(&g->key, g->csb_id, which, &g->rands, encr_alg, &ek);
	if (err == 0)
		err = ms_mikey_kemac_encrypt(encr_alg, &ek, g->csb_id, t, ms_buf_span(plain),
					     &sealed);
	if (err < 0)
		return err;
	ms_mikey_put_kemac(w, encr_alg, ms_buf_span(&sealed));
	return ms_buf_status(w->b);
}

int ms_mikey_guard_get_keys(const struct ms_mikey_guard *g, enum ms_mikey_which which,
			    const struct ms_mikey_message *m, const struct ms_mikey_local *local,
			    struct ms_mikey_keys *ret_keys, struct ms_buf *plain,
			    struct ms_fault *fault)
{
	MS_CLEANUP(ms_mikey_encr_keys_wipe) struct ms_mikey_encr_keys ek = { 0 };
	const struct ms_mikey_kemac *k = &m->kemac;
	int err;

	err = ms_mikey_check_kemac(k, local, fault);
	if (err < 0)
		return err;
	if (ms_mikey_msg_encr(&g->key, g->csb_id, which, &g->rands, k->encr_alg, &ek) < 0)
		return ms_mikey_refuse(fault, MS_MIKEY_R_UNSUPPORTED_ENCR);
	err = ms_mikey_kemac_decrypt(k->encr_alg, &ek, g->csb_id, &m->t, k->encr_data, plain);
	if (err == -EINVAL || err == -EBADMSG)
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED, "parse",
				    m->kemac_at);
	if (err < 0)
		return err;
	return ms_mikey_keys_decode(ms_buf_span(plain), ret_keys, fault);
}
