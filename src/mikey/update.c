/* SPDX-License-Identifier: Apache-2.0 */
/* CSB updates of our own, and the answers to them: RFC 6043 section 5.2. */
#include <errno.h>

#include "mikey/check.h"
#include "mikey/error-priv.h"
#include "mikey/held-priv.h"
#include "mikey/update-priv.h"

/* The sessions as they are, each with the given key if there is one. */
static int present_map(const struct ms_mikey_csb *c, const struct ms_mikey_first *f,
		       const struct ms_mikey_skey *key, struct ms_mikey_map *map)
{
	const struct ms_mikey_message *last = f->has_resp ? &f->resp : &f->init;

	for (size_t i = 0; i < c->traffics.n; i++) {
		const struct ms_mikey_traffic *t = &c->traffics.at[i];
		struct ms_mikey_session s = { .cs_id = t->cs_id, .prot_type = t->prot_type };
		int err;

		for (size_t k = 0; k < last->hdr.n_cs; k++) {
			if (last->cs[k].cs_id == t->cs_id)
				ms_mikey_session_of(&last->cs[k], &s);
		}
		s.spi = key ? ms_span_of(key->spi, key->spi_len) : ms_span_of(t->spi, t->spi_len);
		err = ms_mikey_map_add(map, &s);
		if (err < 0)
			return err;
	}
	return 0;
}

static int update_map(const struct ms_mikey_csb *c, const struct ms_mikey_first *f,
		      const struct ms_mikey_update *u, struct ms_mikey_map *map)
{
	map->n = 0;
	if (!u->session)
		return present_map(c, f, u->keys ? ms_mikey_keyring_first(u->keys) : NULL, map);
	for (size_t i = 0; i < u->n_sessions; i++) {
		int err = ms_mikey_map_add(map, &u->session[i]);

		if (err < 0)
			return err;
	}
	return 0;
}

static void note_own(struct ms_mikey_csb *c, const struct ms_mikey_message *m)
{
	ms_mikey_update_id(c, m, c->own[c->n_own++ % MS_MIKEY_OWN_UPDATES]);
}

int ms_mikey_csb_update_start(struct ms_mikey_csb *c, const struct ms_mikey_update *u, ms_usec now,
			      struct ms_buf *out)
{
	MS_CLEANUP(ms_mikey_keyring_wipe) struct ms_mikey_keyring keys = c->keys;
	MS_CLEANUP(ms_mikey_first_wipe) struct ms_mikey_first f;
	struct ms_mikey_message m;
	struct ms_mikey_map map;
	size_t start = out->len;
	int err = ms_mikey_first_read(c, &f);

	if (err == 0 && c->sent.p)
		err = -EBUSY;
	if (err == 0 && u->keys && u->keys->n > 0 && !ms_mikey_may_send_keys(c, c->initiator))
		err = -EPERM;
	if (err == 0 && u->keys)
		err = ms_mikey_keyring_merge(&keys, u->keys);
	if (err == 0)
		err = update_map(c, &f, u, &map);
	if (err < 0)
		return err;
	err = ms_mikey_update_write(c, &f, u, &map, MS_SPAN_NULL, now, out, &m);
	/* With an answer to come, the other end may bring the key of a session. */
	if (err == 0 && !(u->want_answer && ms_mikey_may_send_keys(c, !c->initiator)))
		err = ms_mikey_check_spis(&m, &keys, NULL);
	if (err == 0 && u->want_answer)
		err = ms_mikey_octets_set(&c->sent, m.raw);
	else if (err == 0)
		err = ms_mikey_update_apply(c, &f, &m, NULL, &keys, NULL);
	if (err < 0) {
		ms_buf_truncate(out, start);
		return err;
	}
	note_own(c, &m);
	if (u->want_answer)
		c->new_keys = keys;
	return 0;
}

int ms_mikey_csb_update_resume(struct ms_mikey_csb *c, struct ms_span sent)
{
	MS_CLEANUP(ms_mikey_keyring_wipe) struct ms_mikey_keyring keys = c->keys;
	MS_CLEANUP(ms_mikey_first_wipe) struct ms_mikey_first f;
	struct ms_mikey_message m;
	int err = ms_mikey_first_read(c, &f);

	if (err == 0 && c->sent.p)
		err = -EBUSY;
	if (err == 0)
		err = ms_mikey_decode(sent, &m, NULL);
	if (err < 0)
		return err;
	if (m.hdr.data_type != MS_MIKEY_TRANSFER_INIT || m.hdr.csb_id != c->hdr.csb_id)
		return -EBADMSG;
	err = ms_mikey_take_keyring(&f.guard, c->which, &m, ms_mikey_may_send_keys(c, c->initiator),
				    c->me->local, &keys, NULL);
	if (err == 0)
		err = ms_mikey_octets_set(&c->sent, sent);
	if (err < 0)
		return err;
	note_own(c, &m);
	c->new_keys = keys;
	return 0;
}

static void forget_sent(struct ms_mikey_csb *c)
{
	ms_mikey_octets_done(&c->sent);
	ms_mikey_keyring_wipe(&c->new_keys);
}

static int finish(struct ms_mikey_csb *c, const struct ms_mikey_first *f,
		  const struct ms_mikey_message *m, const struct ms_mikey_message *sent,
		  struct ms_fault *fault)
{
	MS_CLEANUP(ms_mikey_keyring_wipe) struct ms_mikey_keyring keys = c->new_keys;
	struct ms_mikey_sp_source src = { .m = { m, sent }, .csb = c };
	struct ms_mikey_cover cover;
	int err = ms_mikey_update_check(c, f, m, fault);

	if (err < 0)
		return err;
	ms_mikey_cover_resp(&cover, m, sent->raw);
	err = ms_mikey_guard_verify(&f->guard, c->which, &m->v, &cover, fault);
	if (err == 0)
		ms_mikey_bundle_saw(c, &m->t);
	if (err == 0)
		err = ms_mikey_check_map(m, &src, MS_MIKEY_MAP_ANSWER, c->me->local, fault);
	if (err == 0)
		err = ms_mikey_check_map_kept(m, sent, fault);
	if (err == 0)
		err = ms_mikey_take_keyring(&f->guard, c->which, m,
					    ms_mikey_may_send_keys(c, !c->initiator), c->me->local,
					    &keys, fault);
	if (err == 0)
		err = ms_mikey_check_spis(m, &keys, fault);
	return err < 0 ? err : ms_mikey_update_apply(c, f, m, sent, &keys, fault);
}

int ms_mikey_csb_update_finish(struct ms_mikey_csb *c, struct ms_span in, ms_usec now MS_UNUSED,
			       struct ms_fault *fault)
{
	MS_CLEANUP(ms_mikey_first_wipe) struct ms_mikey_first f;
	struct ms_mikey_message m, sent;
	int err = ms_mikey_first_read(c, &f);

	if (err < 0)
		return err;
	if (!c->sent.p)
		return ms_mikey_refuse(fault, MS_MIKEY_R_UNEXPECTED_MESSAGE);
	err = ms_mikey_decode(in, &m, fault);
	if (err == 0)
		err = ms_mikey_decode(ms_mikey_octets_span(&c->sent), &sent, fault);
	if (err < 0)
		return err;
	if (m.hdr.data_type == MS_MIKEY_ERROR)
		return ms_mikey_error_taken(&f.guard, &m, MS_MIKEY_R_PEER_ERROR,
					    MS_MIKEY_R_PEER_ERROR_UNAUTHENTICATED, fault);
	if (m.hdr.data_type != MS_MIKEY_TRANSFER_RESP)
		return ms_mikey_refuse(fault, MS_MIKEY_R_UNEXPECTED_DATA_TYPE);
	err = finish(c, &f, &m, &sent, fault);
	if (err == 0)
		forget_sent(c);
	return err;
}
