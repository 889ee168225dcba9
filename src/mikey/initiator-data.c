/* SPDX-License-Identifier: Apache-2.0 */
/* Initiator Data of a TICKET, which prove its owner: RFC 6043 section 6.10. */
#include <errno.h>

#include "mikey/mac.h"
#include "mikey/ticket.h"
#include "mikey/writer.h"

/* auth_key for Vr, from MPKr with the PRF of the policy: the KMS sees no HDR of TRANSFER_INIT. */
static int vr_key(unsigned policy_prf, struct ms_span mpkr, unsigned mac_alg,
		  struct ms_secret *ret_key)
{
	MS_CLEANUP(ms_prf_key_wipe) struct ms_prf_key k;
	struct ms_mikey_label l;
	int len = ms_mikey_mac_len(mac_alg);
	int err;

	k.n = 0;
	if (len <= 0)
		return -EINVAL;
	err = ms_mikey_inkey(&k, policy_prf, mpkr);
	if (err < 0)
		return err;
	ms_mikey_label_vr(&l);
	return ms_mikey_derive(&k, &l, (size_t)len, ret_key);
}

size_t ms_mikey_initiator_data_len(unsigned mac_alg)
{
	int len = ms_mikey_mac_len(mac_alg);

	/* First Payload, then twice Next Payload, MAC algorithm and MAC */
	return 1 + 2 * (2 + (size_t)(len > 0 ? len : 0));
}

int ms_mikey_initiator_data_make(unsigned policy_prf, struct ms_span mpkr, unsigned mac_alg,
				 struct ms_span mac, uint8_t *dst)
{
	MS_CLEANUP(ms_secret_wipe) struct ms_secret key = { .len = 0 };
	struct ms_mikey_cover cover = { .n = 1 };
	struct ms_mikey_writer w;
	struct ms_buf b;
	uint8_t vr[MS_HASH_MAX];
	size_t vr_at;
	int err = vr_key(policy_prf, mpkr, mac_alg, &key);

	if (err < 0)
		return err;
	ms_buf_init_fixed(&b, dst, ms_mikey_initiator_data_len(mac_alg));
	ms_mikey_write_first(&w, &b);
	ms_mikey_put_v_mac(&w, mac_alg, mac);
	vr_at = ms_mikey_put_v(&w, mac_alg);
	err = ms_buf_status(&b);
	if (err < 0)
		return err;
	cover.part[0] = ms_span_of(dst, vr_at);
	ms_mikey_mac(mac_alg, ms_secret_span(&key), &cover, vr);
	memcpy(dst + vr_at, vr, (size_t)ms_mikey_mac_len(mac_alg));
	return 0;
}

bool ms_mikey_initiator_data_ok(unsigned policy_prf, struct ms_span mpkr, struct ms_span s,
				const struct ms_mikey_initiator_data *d)
{
	MS_CLEANUP(ms_secret_wipe) struct ms_secret key = { .len = 0 };
	struct ms_mikey_cover cover = { .n = 1 };

	if (vr_key(policy_prf, mpkr, d->vr.mac_alg, &key) < 0)
		return false;
	cover.part[0] = ms_span_sub(s, 0, d->vr_mac);
	return ms_mikey_mac_ok(&d->vr, ms_secret_span(&key), &cover);
}
