/* SPDX-License-Identifier: Apache-2.0 */
/* MAC coverage: RFC 6043 section 5.5. */
#include "mikey/mac.h"

#include "core/secret.h"

static void add(struct ms_mikey_cover *c, struct ms_span part)
{
	c->part[c->n++] = part;
}

/* The message up to its MAC. */
static struct ms_span before_mac(const struct ms_mikey_message *m)
{
	return ms_span_sub(m->raw, 0, m->v_mac);
}

void ms_mikey_cover_init(struct ms_mikey_cover *c, const struct ms_mikey_message *m,
			 struct ms_span id1, struct ms_span id2)
{
	struct ms_span text = before_mac(m);
	size_t hole = m->initiator_data;

	c->n = 0;
	if (m->hdr.data_type == MS_MIKEY_TRANSFER_INIT && m->ticket.set) {
		add(c, ms_span_sub(text, 0, hole));
		text = ms_span_from(text, hole + 2 + m->ticket.initiator_data.len);
	}
	add(c, text);
	add(c, id1);
	add(c, id2);
}

void ms_mikey_cover_resp(struct ms_mikey_cover *c, const struct ms_mikey_message *m,
			 struct ms_span init)
{
	c->n = 0;
	add(c, before_mac(m));
	add(c, init);
}

void ms_mikey_cover_error(struct ms_mikey_cover *c, const struct ms_mikey_message *m)
{
	c->n = 0;
	add(c, before_mac(m));
}

void ms_mikey_mac(unsigned mac_alg, struct ms_span auth_key, const struct ms_mikey_cover *c,
		  uint8_t mac[MS_HASH_MAX])
{
	MS_CLEANUP(ms_hmac_key_wipe) struct ms_hmac_key k;

	ms_hmac_key_set(&k, ms_mikey_mac_hash(mac_alg), auth_key);
	ms_hmac(&k, c->part, c->n, mac);
}

bool ms_mikey_mac_ok(const struct ms_mikey_v *v, struct ms_span auth_key,
		     const struct ms_mikey_cover *c)
{
	uint8_t mac[MS_HASH_MAX];

	if (!v->set || ms_mikey_mac_len(v->mac_alg) <= 0)
		return false;
	ms_mikey_mac(v->mac_alg, auth_key, c, mac);
	return ms_secret_equal(v->mac, ms_span_of(mac, ms_hash_len(ms_mikey_mac_hash(v->mac_alg))));
}
