/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets in their owner's hands. */
#include <errno.h>

#include "core/alloc.h"
#include "mikey/check.h"
#include "mikey/held-priv.h"
#include "mikey/mint.h"
#include "mikey/policy.h"
#include "mikey/reason.h"
#include "mikey/timestamp.h"
#include "mikey/writer.h"

struct ms_mikey_ticket_held *ms_mikey_ticket_held_free(struct ms_mikey_ticket_held *h)
{
	if (!h)
		return NULL;
	ms_mikey_octets_done(&h->ticket);
	ms_wipe(h, sizeof(*h));
	return ms_free(h);
}

void ms_mikey_ticket_held_freep(struct ms_mikey_ticket_held **h)
{
	*h = ms_mikey_ticket_held_free(*h);
}

struct ms_mikey_suite ms_mikey_suite_for(const struct ms_mikey_party *me, unsigned prf)
{
	if (me->suite.prf == prf)
		return me->suite;
	return prf == MS_MIKEY_PRF_HMAC_SHA_256 ? ms_mikey_suite_256 : ms_mikey_suite_128;
}

/* The payload without Initiator Data: those belong to one TRANSFER_INIT. */
static int ticket_copy(struct ms_mikey_ticket_held *h, struct ms_span raw)
{
	struct ms_mikey_payload p;
	struct ms_mikey_policy policy;
	size_t end;
	int err = ms_mikey_payload_decode(MS_MIKEY_P_TICKET, raw, &p, NULL);

	if (err == 0)
		err = ms_mikey_policy_decode(&p, &policy, NULL);
	if (err < 0)
		return err;
	end = (size_t)(policy.ticket_data.p + policy.ticket_data.len - raw.p);
	err = ms_mikey_octets_set(&h->ticket, ms_span_sub(raw, 0, end + 2));
	if (err < 0)
		return err;
	h->ticket.p[0] = MS_MIKEY_P_LAST;
	h->ticket.p[end] = h->ticket.p[end + 1] = 0;
	err = ms_mikey_payload_decode(MS_MIKEY_P_TICKET, ms_mikey_octets_span(&h->ticket), &p,
				      NULL);
	return err < 0 ? err : ms_mikey_policy_decode(&p, &h->policy, NULL);
}

int ms_mikey_ticket_held_new(struct ms_span ticket, struct ms_span mpki, struct ms_span mpkr,
			     const struct ms_mikey_keyring *keys,
			     struct ms_mikey_ticket_held **ret_h)
{
	MS_CLEANUP(ms_mikey_ticket_held_freep)
	struct ms_mikey_ticket_held *h = ms_zalloc(sizeof(*h));
	int err;

	if (!h)
		return -ENOMEM;
	err = ticket_copy(h, ticket);
	if (err == 0)
		err = ms_secret_set(&h->mpki, mpki);
	if (err == 0)
		err = ms_secret_set(&h->mpkr, mpkr);
	if (err < 0)
		return err;
	h->keys = *keys;
	*ret_h = h;
	h = NULL;
	return 0;
}

static struct ms_mikey_ts ts32(ms_usec t)
{
	if (t <= 0 || t == MS_NEVER)
		return (struct ms_mikey_ts){ .set = false };
	return ms_mikey_ts_of(MS_MIKEY_TS_NTP_UTC_32, t);
}

struct ms_mikey_tp_spec ms_mikey_wanted_tp(const struct ms_mikey_party *me,
					   const struct ms_mikey_wanted *w)
{
	return (struct ms_mikey_tp_spec){
		.kms = me->kms,
		.initiator = me->id,
		.start = ts32(w->start),
		.end = ts32(w->end),
		/* TRr is an interval: plain seconds in the 32 bits (RFC 6043 section 6.4). */
		.rekey = { .set = w->rekey_s > 0,
			   .type = MS_MIKEY_TS_NTP_UTC_32,
			   .value = w->rekey_s },
		.app = w->app,
		.n_apps = w->n_apps,
		.responder = w->responder,
		.n_responders = w->n_responders,
	};
}

/* What a ticket made here has to be (RFC 6043 section 6.10: not D means L). */
static bool may_make(const struct ms_mikey_party *me, const struct ms_mikey_wanted *w)
{
	return me->n_tpk > 0 && w->n_responders > 0 &&
	       !(w->flags & (MS_MIKEY_FLAG_D | MS_MIKEY_FLAG_K)) && (w->flags & MS_MIKEY_FLAG_L);
}

int ms_mikey_ticket_held_make(const struct ms_mikey_party *me, const struct ms_mikey_wanted *w,
			      ms_usec now, struct ms_mikey_ticket_held **ret_h)
{
	const struct ms_mikey_wish one = { .type = (uint8_t)ms_mikey_default_key(w->flags),
					   .len = me->suite.key };
	MS_CLEANUP(ms_mikey_minted_wipe) struct ms_mikey_minted minted = { .len = 0 };
	MS_CLEANUP(ms_mikey_keyring_wipe) struct ms_mikey_keyring keys = { .n = 0 };
	MS_CLEANUP(ms_buf_done) struct ms_buf ticket;
	struct ms_mikey_mint_spec spec = {
		.flags = w->flags,
		.prf = me->suite.prf,
		.tp = ms_mikey_wanted_tp(me, w),
		.wish = w->n_wishes > 0 ? w->wish : &one,
		.n_wishes = w->no_keys        ? 0
			    : w->n_wishes > 0 ? w->n_wishes
					      : 1,
		.tpk = me->tpk,
		.random = me->random,
	};
	bool forks = w->flags & MS_MIKEY_FLAG_I;
	int err;

	ms_buf_init(&ticket, MS_MIKEY_MESSAGE_MAX);
	if (!may_make(me, w))
		return -EINVAL;
	spec.t = ms_mikey_clock_next(me->clock, now);
	err = ms_mikey_mint(&spec, &ticket, &minted);
	if (err == 0)
		err = ms_mikey_keyring_take(&keys, &minted.keys, 1, NULL);
	if (err < 0)
		return err;
	return ms_mikey_ticket_held_new(ms_buf_span(&ticket), ms_secret_span(&minted.mpki),
					forks ? ms_secret_span(&minted.mpkr) : MS_SPAN_NULL, &keys,
					ret_h);
}

const struct ms_mikey_policy *ms_mikey_ticket_held_policy(const struct ms_mikey_ticket_held *h)
{
	return &h->policy;
}

const struct ms_mikey_keyring *ms_mikey_ticket_held_keys(const struct ms_mikey_ticket_held *h)
{
	return &h->keys;
}

ms_usec ms_mikey_ticket_held_end(const struct ms_mikey_ticket_held *h)
{
	ms_usec end;

	return ms_mikey_ts_to_usec(&h->policy.end, &end) == 0 ? end : MS_NEVER;
}

ms_usec ms_mikey_ticket_held_rekey(const struct ms_mikey_ticket_held *h, ms_usec used)
{
	const struct ms_mikey_ts *t = &h->policy.rekey;
	uint64_t seconds = ms_mikey_ts_len(t->type) == 8 ? t->value >> 32 : t->value;

	return t->set ? ms_usec_add(used, (ms_usec)seconds * MS_SEC) : MS_NEVER;
}

unsigned ms_mikey_ticket_held_uses(const struct ms_mikey_ticket_held *h)
{
	return h->uses;
}

int ms_mikey_ticket_held_usable(const struct ms_mikey_ticket_held *h, ms_usec now,
				struct ms_fault *fault)
{
	switch (ms_mikey_policy_validity(&h->policy, now)) {
	case MS_MIKEY_VALID:
		break;
	case MS_MIKEY_NOT_YET:
		return ms_mikey_refuse(fault, MS_MIKEY_R_TICKET_NOT_YET_VALID);
	default:
		return ms_mikey_refuse(fault, MS_MIKEY_R_TICKET_EXPIRED);
	}
	if (h->uses > 0 && !(h->policy.flags & MS_MIKEY_FLAG_J))
		return ms_mikey_refuse(fault, MS_MIKEY_R_TICKET_USED);
	return 0;
}
