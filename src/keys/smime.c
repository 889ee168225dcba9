/* SPDX-License-Identifier: Apache-2.0 */
/* PSK S/MIME for immediate messages. See smime.h. */
#include "keys/smime.h"

#include <errno.h>

#include "core/alloc.h"
#include "mikey/timestamp.h"

#define CS_ID 1    /* one crypto session: TR 33.829 annex E */
#define TAG_LEN 16 /* ms_cms_params.tag_len of 0 */

/* The traffic key of the one PSK S/MIME session, derived from a GTGK as the profile has it. */
static const struct ms_mikey_traffic *message_key(const struct ms_keys_smime *s,
						  const struct ms_mikey_csb *c)
{
	const struct ms_mikey_traffic *t;

	if (ms_mikey_csb_count(c) != 1)
		return NULL;
	t = ms_mikey_csb_at(c, 0);
	if (t->prot_type != s->profile->prot_type_psk_mime ||
	    (t->key_type != MS_MIKEY_KEY_GTGK && t->key_type != MS_MIKEY_KEY_GTGK_SALT))
		return NULL;
	return t;
}

/* With room for the proof of origin, whose octets are known once there is an object. */
static int start_transfer(const struct ms_keys_smime *s, struct ms_mikey_ticket_held *held,
			  struct ms_span called, ms_usec now, struct ms_mikey_transfer **ret_t)
{
	static const uint8_t zeroes[MS_KEYS_PROOF_MAX];
	const struct ms_mikey_session session = { .cs_id = CS_ID,
						  .prot_type =
							  (uint8_t)s->profile->prot_type_psk_mime };
	const size_t mac = s->cms.tag_len ? s->cms.tag_len : TAG_LEN;
	const struct ms_mikey_ext proof = {
		.type = (uint8_t)s->profile->proof_ext_type,
		.data = ms_span_of(zeroes, ms_keys_proof_len(s->profile, mac)),
	};
	const struct ms_mikey_offer offer = {
		.called = { (uint8_t)s->profile->id_type, called },
		.session = &session,
		.n_sessions = 1,
		.ext = &proof,
		.n_exts = s->prove ? 1 : 0,
	};
	MS_CLEANUP(ms_buf_done) struct ms_buf init;

	ms_buf_init(&init, MS_MIKEY_MESSAGE_MAX);
	if (s->prove && proof.data.len == 0)
		return -EINVAL;
	return ms_mikey_transfer_start(s->party, held, &offer, now, &init, ret_t);
}

/* The order that has no circle: RANDRi, TEK, object and MAC, extension, V, Vi, Vr. */
static int put_proof(const struct ms_keys_smime *s, struct ms_mikey_transfer *t,
		     const struct ms_cms_message *m, struct ms_span tek, struct ms_span entity)
{
	const struct ms_keys_proof_of of = {
		.profile = s->profile,
		.tek = tek,
		.mac = ms_cms_mac(m),
		.entity = entity,
	};
	uint8_t data[MS_KEYS_PROOF_MAX];
	int err = ms_keys_proof_make(&of, data);

	if (err)
		return err;
	return ms_mikey_transfer_amend(t, s->profile->proof_ext_type,
				       ms_span_of(data, ms_keys_proof_len(s->profile, of.mac.len)));
}

int ms_keys_smime_seal(const struct ms_keys_smime *s, struct ms_mikey_ticket_held *held,
		       struct ms_span called, struct ms_span entity, ms_usec now,
		       struct ms_buf *out)
{
	MS_CLEANUP(ms_mikey_transfer_freep) struct ms_mikey_transfer *t = NULL;
	MS_CLEANUP(ms_mikey_csb_freep) struct ms_mikey_csb *csb = NULL;
	MS_CLEANUP(ms_cms_freep) struct ms_cms_message *m = NULL;
	const struct ms_cms_locator *at = ms_cms_locator(ms_span_str(s->profile->transfer_locator));
	const struct ms_mikey_traffic *key;
	int err;

	if (!at)
		return -EINVAL;
	err = start_transfer(s, held, called, now, &t);
	if (!err)
		err = ms_mikey_transfer_bundle(t, &csb);
	if (err)
		return err;
	key = message_key(s, csb);
	if (!key)
		return -EINVAL;
	err = ms_cms_seal(&s->cms, ms_secret_span(&key->tek), entity, s->random, &m);
	if (!err && s->prove)
		err = put_proof(s, t, m, ms_secret_span(&key->tek), entity);
	if (!err)
		err = ms_cms_put_transfer(m, at, ms_mikey_transfer_sent(t));
	return err ? err : ms_cms_write(m, out);
}

struct ms_keys_smime_in {
	struct ms_keys_smime smime;
	struct ms_cms_message *cms;         /* owned */
	struct ms_mikey_incoming *incoming; /* owned */
	uint8_t replay_id[MS_KEYS_REPLAY_ID];
	bool forgotten;
	enum ms_keys_proof proof; /* of an opened one */
};

struct ms_keys_smime_in *ms_keys_smime_in_free(struct ms_keys_smime_in *in)
{
	if (!in)
		return NULL;
	ms_mikey_incoming_free(in->incoming);
	ms_cms_free(in->cms);
	return ms_free(in);
}

static int read_object(struct ms_keys_smime_in *in, struct ms_span der, ms_usec now,
		       struct ms_fault *fault)
{
	const struct ms_keys_smime *s = &in->smime;
	const struct ms_cms_locator *at = ms_cms_locator(ms_span_str(s->profile->transfer_locator));
	struct ms_span init;
	int err = ms_cms_read(der, &s->limits, &in->cms, fault);

	if (err)
		return err;
	if (!at || ms_cms_transfer(in->cms, at, &init))
		return ms_fault_set(fault, -ENOENT, 0, "transfer_init_missing", 0);
	err = ms_mikey_incoming_new(s->party, init, MS_SPAN_NULL, NULL, now, fault, &in->incoming);
	if (err)
		return err;
	if (ms_keys_replay_id(ms_mikey_incoming_message(in->incoming), in->replay_id))
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_AUTH, "mac_missing", 0);
	if (s->replay && ms_keys_replay_seen(s->replay, in->replay_id))
		return ms_fault_set(fault, -EALREADY, MS_MIKEY_ERR_TS, "replay", 0);
	return 0;
}

int ms_keys_smime_read(const struct ms_keys_smime *s, struct ms_span der, ms_usec now,
		       struct ms_fault *fault, struct ms_keys_smime_in **ret_in)
{
	struct ms_keys_smime_in *in = ms_zalloc(sizeof(*in));
	int err;

	if (!in)
		return -ENOMEM;
	in->smime = *s;
	err = read_object(in, der, now, fault);
	if (err) {
		ms_keys_smime_in_free(in);
		return err;
	}
	*ret_in = in;
	return 0;
}

bool ms_keys_smime_claims_proof(const struct ms_keys_smime_in *in)
{
	struct ms_span data;

	return ms_keys_proof_find(in->smime.profile, ms_mikey_incoming_message(in->incoming),
				  &data);
}

enum ms_keys_proof ms_keys_smime_proof(const struct ms_keys_smime_in *in)
{
	return in->proof;
}

struct ms_mikey_incoming *ms_keys_smime_incoming(struct ms_keys_smime_in *in)
{
	return in->incoming;
}

/* Everything has verified; now the message must not have been seen while the KMS was asked. */
static int enter_replay(struct ms_keys_smime_in *in, struct ms_fault *fault)
{
	const struct ms_mikey_message *m = ms_mikey_incoming_message(in->incoming);
	ms_usec stamp;
	int err;

	if (ms_mikey_ts_to_usec(&m->t, &stamp))
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_TS, "timestamp_type", 0);
	err = ms_keys_replay_enter(in->smime.replay, in->replay_id, stamp);
	if (err == -EALREADY)
		return ms_fault_set(fault, err, MS_MIKEY_ERR_TS, "replay", 0);
	if (err != -ESTALE)
		return err ? ms_fault_set(fault, err, 0, "replay_cache", 0) : 0;
	in->forgotten = true;
	return in->smime.take_forgotten
		       ? 0
		       : ms_fault_set(fault, err, MS_MIKEY_ERR_TS, "replay_forgotten", 0);
}

ms_usec ms_keys_smime_made(const struct ms_keys_smime_in *in)
{
	ms_usec stamp;

	return ms_mikey_ts_to_usec(&ms_mikey_incoming_message(in->incoming)->t, &stamp) ? 0 : stamp;
}

bool ms_keys_smime_forgotten(const struct ms_keys_smime_in *in)
{
	return in->forgotten;
}

ms_usec ms_keys_smime_ticket_end(const struct ms_keys_smime *s, struct ms_span der)
{
	const struct ms_cms_locator *at = ms_cms_locator(ms_span_str(s->profile->transfer_locator));
	MS_CLEANUP(ms_cms_freep) struct ms_cms_message *cms = NULL;
	struct ms_mikey_message m;
	struct ms_span init;
	ms_usec end;

	if (ms_cms_read(der, &s->limits, &cms, NULL) || !at || ms_cms_transfer(cms, at, &init) ||
	    ms_mikey_decode(init, &m, NULL) || !m.ticket.set)
		return 0;
	return ms_mikey_ts_to_usec(&m.ticket.end, &end) ? 0 : end;
}

static int check_proof(const struct ms_keys_smime_in *in, struct ms_span tek, struct ms_span entity,
		       enum ms_keys_proof *ret_proof, struct ms_fault *fault)
{
	const struct ms_keys_proof_of of = {
		.profile = in->smime.profile,
		.tek = tek,
		.mac = ms_cms_mac(in->cms),
		.entity = entity,
	};
	struct ms_span data;

	if (!ms_keys_proof_find(of.profile, ms_mikey_incoming_message(in->incoming), &data)) {
		*ret_proof = MS_KEYS_PROOF_NONE;
		return 0;
	}
	if (!ms_keys_proof_fits(&of, data))
		return ms_fault_set(fault, -EPERM, MS_MIKEY_ERR_AUTH, "proof_mismatch", 0);
	*ret_proof = ms_mikey_incoming_vouched(in->incoming) ? MS_KEYS_PROOF_PROVED
							     : MS_KEYS_PROOF_UNCHECKED;
	return 0;
}

bool ms_keys_smime_claimed(const struct ms_keys_smime_in *in, struct ms_keys_identity *ret_sender)
{
	const struct ms_mikey_message *m = ms_mikey_incoming_message(in->incoming);
	const struct ms_mikey_id *id = m->id_i.data.len > 0 ? &m->id_i : &m->ticket.initiator;

	return id->data.len > 0 && ms_keys_identity_parse(id->data, ret_sender) == 0;
}

int ms_keys_smime_enter(struct ms_keys_smime_in *in, struct ms_fault *fault)
{
	return in->smime.replay ? enter_replay(in, fault) : 0;
}

int ms_keys_smime_open(struct ms_keys_smime_in *in, ms_usec now, struct ms_buf *entity,
		       struct ms_keys_identity *ret_sender, struct ms_fault *fault)
{
	MS_CLEANUP(ms_mikey_csb_freep) struct ms_mikey_csb *csb = NULL;
	const struct ms_mikey_traffic *key;
	struct ms_keys_identity sender;
	enum ms_keys_proof proof = MS_KEYS_PROOF_NONE;
	size_t before = entity->len;
	int err = ms_mikey_incoming_answer(in->incoming, NULL, now, NULL, &csb);

	if (err)
		return ms_fault_set(fault, err, 0, "key_exchange", 0);
	key = message_key(&in->smime, csb);
	if (!key)
		return ms_fault_set(fault, -EPERM, MS_MIKEY_ERR_SP, "not_a_message_key", 0);
	if (!ms_mikey_csb_peer_proven(csb) ||
	    ms_keys_identity_parse(ms_mikey_csb_peer(csb).data, &sender))
		return ms_fault_set(fault, -EPERM, MS_MIKEY_ERR_ID, "sender_not_proven", 0);
	err = ms_cms_open(in->cms, ms_secret_span(&key->tek), entity, fault);
	if (!err)
		err = check_proof(in, ms_secret_span(&key->tek),
				  ms_span_from(ms_buf_span(entity), before), &proof, fault);
	if (!err && !in->smime.enter_later)
		err = ms_keys_smime_enter(in, fault);
	if (err) {
		ms_buf_truncate(entity, before);
		return err;
	}
	in->proof = proof;
	*ret_sender = sender;
	return 0;
}
