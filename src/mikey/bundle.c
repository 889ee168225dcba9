/* SPDX-License-Identifier: Apache-2.0 */
/* Crypto session bundles: how they come to be, and what can be asked of them. */
#include "mikey/bundle.h"

#include <errno.h>

#include "core/alloc.h"
#include "mikey/reason.h"

int ms_mikey_octets_set(struct ms_mikey_octets *o, struct ms_span s)
{
	uint8_t *p = ms_zalloc(s.len + 1);

	if (!p)
		return -ENOMEM;
	if (s.len > 0)
		memcpy(p, s.p, s.len);
	ms_free(o->p);
	o->p = p;
	o->len = s.len;
	return 0;
}

void ms_mikey_octets_done(struct ms_mikey_octets *o)
{
	o->p = ms_free(o->p);
	o->len = 0;
}

int ms_mikey_name_set(struct ms_mikey_name *n, const struct ms_mikey_id *id)
{
	n->type = id->type;
	if (id->data.p)
		return ms_mikey_octets_set(&n->data, id->data);
	ms_mikey_octets_done(&n->data);
	return 0;
}

struct ms_mikey_id ms_mikey_name_id(const struct ms_mikey_name *n)
{
	return (struct ms_mikey_id){ .type = n->type, .data = ms_mikey_octets_span(&n->data) };
}

struct ms_mikey_csb *ms_mikey_csb_free(struct ms_mikey_csb *c)
{
	if (!c)
		return NULL;
	ms_mikey_octets_done(&c->init);
	ms_mikey_octets_done(&c->resp);
	ms_mikey_octets_done(&c->id_i.data);
	ms_mikey_octets_done(&c->id_r.data);
	ms_mikey_octets_done(&c->sent);
	for (size_t i = 0; i < c->n_sps; i++)
		ms_mikey_octets_done(&c->sp[i]);
	ms_wipe(c, sizeof(*c));
	return ms_free(c);
}

void ms_mikey_csb_freep(struct ms_mikey_csb **c)
{
	*c = ms_mikey_csb_free(*c);
}

void ms_mikey_bundle_saw(struct ms_mikey_csb *c, const struct ms_mikey_ts *t)
{
	struct ms_mikey_ts *latest;

	if (!t->set || t->type > MS_MIKEY_TS_NTP_UTC_32)
		return;
	latest = &c->latest[t->type];
	if (!latest->set || ms_mikey_ts_later(t->type, t->value, latest->value))
		*latest = *t;
}

static void drop_oldest_sp(struct ms_mikey_csb *c)
{
	ms_mikey_octets_done(&c->sp[0]);
	memmove(&c->sp[0], &c->sp[1], (MS_MIKEY_SPS_MAX - 1) * sizeof(c->sp[0]));
	c->n_sps--;
	c->sp[c->n_sps] = (struct ms_mikey_octets){ NULL, 0 };
}

int ms_mikey_bundle_keep_sps(struct ms_mikey_csb *c, const struct ms_mikey_message *m)
{
	for (size_t i = 0; m && i < m->n_payloads; i++) {
		int err;

		if (m->payload[i].type != MS_MIKEY_P_SP)
			continue;
		if (c->n_sps == MS_MIKEY_SPS_MAX)
			drop_oldest_sp(c);
		err = ms_mikey_octets_set(&c->sp[c->n_sps], m->payload[i].raw);
		if (err < 0)
			return err;
		c->n_sps++;
	}
	return 0;
}

struct ms_mikey_rands ms_mikey_bundle_rands(unsigned flags, const struct ms_mikey_message *init,
					    const struct ms_mikey_message *resp)
{
	/* RFC 6043 section 5.1.3: RANDRi with H, RANDRr with G. */
	return (struct ms_mikey_rands){
		.i = flags & MS_MIKEY_FLAG_H ? init->rand_i : MS_SPAN_NULL,
		.r = resp && (flags & MS_MIKEY_FLAG_G) ? resp->rand_r : MS_SPAN_NULL,
	};
}

static int bundle_copy(struct ms_mikey_csb *c, const struct ms_mikey_bundle_spec *s)
{
	int err = ms_mikey_octets_set(&c->init, s->init->raw);

	if (err == 0 && s->resp)
		err = ms_mikey_octets_set(&c->resp, s->resp->raw);
	if (err == 0)
		err = ms_mikey_name_set(&c->id_i, &s->id_i);
	if (err == 0)
		err = ms_mikey_name_set(&c->id_r, &s->id_r);
	if (err == 0)
		err = ms_mikey_bundle_keep_sps(c, s->init);
	if (err == 0)
		err = ms_mikey_bundle_keep_sps(c, s->resp);
	return err < 0 ? err : ms_secret_set(&c->key, s->key);
}

int ms_mikey_bundle_new(const struct ms_mikey_bundle_spec *s, struct ms_fault *fault,
			struct ms_mikey_csb **ret_c)
{
	const struct ms_mikey_message *last = s->resp ? s->resp : s->init;
	struct ms_mikey_rands rands = ms_mikey_bundle_rands(s->flags, s->init, s->resp);
	MS_CLEANUP(ms_mikey_csb_freep) struct ms_mikey_csb *c = ms_zalloc(sizeof(*c));
	struct ms_mikey_sp_source src = { .m = { last, s->init } };
	int err;

	if (!c)
		return -ENOMEM;
	c->me = s->me;
	c->initiator = s->initiator;
	c->flags = s->flags;
	c->hdr = s->init->hdr;
	c->which = s->resp ? MS_MIKEY_RESP : MS_MIKEY_INIT;
	ms_mikey_bundle_saw(c, &s->init->t);
	if (s->resp)
		ms_mikey_bundle_saw(c, &s->resp->t);
	if (s->keys)
		c->keys = *s->keys;
	err = bundle_copy(c, s);
	if (err == 0)
		err = ms_mikey_traffics_derive(last, &src, &c->keys, &rands, s->me->local,
					       &c->traffics, fault);
	if (err < 0)
		return err;
	*ret_c = c;
	c = NULL;
	return 0;
}

uint32_t ms_mikey_csb_id(const struct ms_mikey_csb *c)
{
	return c->hdr.csb_id;
}

bool ms_mikey_csb_is_initiator(const struct ms_mikey_csb *c)
{
	return c->initiator;
}

struct ms_mikey_id ms_mikey_csb_peer(const struct ms_mikey_csb *c)
{
	return ms_mikey_name_id(c->initiator ? &c->id_r : &c->id_i);
}

bool ms_mikey_csb_peer_proven(const struct ms_mikey_csb *c)
{
	/* To an Initiator only an answer under MPKr' proves who it is. */
	return (c->flags & MS_MIKEY_FLAG_I) && (!c->initiator || c->which == MS_MIKEY_RESP);
}

size_t ms_mikey_csb_count(const struct ms_mikey_csb *c)
{
	return c->traffics.n;
}

const struct ms_mikey_traffic *ms_mikey_csb_at(const struct ms_mikey_csb *c, size_t i)
{
	return i < c->traffics.n ? &c->traffics.at[i] : NULL;
}

const struct ms_mikey_traffic *ms_mikey_csb_traffic(const struct ms_mikey_csb *c, unsigned cs_id)
{
	for (size_t i = 0; i < c->traffics.n; i++) {
		if (c->traffics.at[i].cs_id == cs_id)
			return &c->traffics.at[i];
	}
	return NULL;
}
