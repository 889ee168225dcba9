/* SPDX-License-Identifier: Apache-2.0 */
/* Taking up a bundle from its messages. */
#include <errno.h>

#include "mikey/bundle.h"

/* Traffic keys of sessions whose keys are not given are simply not there. */
static void only_known(struct ms_mikey_message *m, const struct ms_mikey_keyring *keys)
{
	for (size_t i = 0; i < m->hdr.n_cs; i++) {
		if (!keys || !ms_mikey_keyring_find(keys, m->cs[i].spi))
			m->cs[i].spi = MS_SPAN_NULL;
	}
}

int ms_mikey_csb_resume(const struct ms_mikey_party *me, const struct ms_mikey_csb_state *s,
			struct ms_mikey_csb **ret_c)
{
	struct ms_mikey_message init, resp;
	struct ms_mikey_bundle_spec spec = { .me = me,
					     .initiator = s->initiator,
					     .init = &init,
					     .key = s->key,
					     .id_i = s->id_i,
					     .id_r = s->id_r,
					     .keys = s->keys };
	int err = ms_mikey_decode(s->transfer_init, &init, NULL);

	if (err == 0 && s->transfer_resp.len > 0) {
		err = ms_mikey_decode(s->transfer_resp, &resp, NULL);
		spec.resp = &resp;
	}
	if (err < 0)
		return err;
	if (init.hdr.data_type != MS_MIKEY_TRANSFER_INIT || !init.ticket.set)
		return -EBADMSG;
	spec.flags = init.ticket.flags;
	if (!spec.id_i.data.p)
		spec.id_i = init.id_i.data.p ? init.id_i : init.ticket.initiator;
	if (!spec.id_r.data.p)
		spec.id_r = spec.resp && resp.id_r.data.p ? resp.id_r : init.id_r;
	only_known(spec.resp ? &resp : &init, s->keys);
	return ms_mikey_bundle_new(&spec, NULL, ret_c);
}
