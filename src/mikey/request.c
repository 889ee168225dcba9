/* SPDX-License-Identifier: Apache-2.0 */
/* The Initiator's half of the Ticket Request exchange: RFC 6043 section 4.2.1. */
#include "mikey/request.h"

#include <errno.h>

#include "core/alloc.h"
#include "mikey/kx.h"
#include "mikey/mint.h"
#include "mikey/policy.h"

/* Room for a TP payload: its head and TP Data. */
#define TP_ROOM (65536 + 16)

struct ms_mikey_request {
	struct ms_mikey_kx kx;
};

struct ms_mikey_request *ms_mikey_request_free(struct ms_mikey_request *r)
{
	if (!r)
		return NULL;
	ms_mikey_kx_done(&r->kx);
	return ms_free(r);
}

void ms_mikey_request_freep(struct ms_mikey_request **r)
{
	*r = ms_mikey_request_free(*r);
}

static bool wants_tgk(const struct ms_mikey_wanted *w)
{
	for (size_t i = 0; i < w->n_wishes; i++) {
		if (ms_mikey_key_is_tgk(w->wish[i].type))
			return true;
	}
	return w->n_wishes == 0 && !w->no_keys &&
	       ms_mikey_default_key(w->flags) == MS_MIKEY_KEY_TGK;
}

static int write_tp(const struct ms_mikey_party *me, const struct ms_mikey_wanted *w,
		    struct ms_buf *b)
{
	struct ms_mikey_tp_spec spec = ms_mikey_wanted_tp(me, w);
	uint8_t room[TP_ROOM];
	struct ms_mikey_policy policy = {
		.set = true,
		.ticket_type = MS_MIKEY_TICKET_BASE,
		.subtype = MS_MIKEY_TICKET_BASE_SUBTYPE,
		.version = MS_MIKEY_TICKET_BASE_VERSION,
		.prf = me->suite.prf,
		.flags = w->flags & ~MS_MIKEY_FLAG_K,
	};
	struct ms_mikey_writer writer;
	struct ms_buf tp_data;
	int err;

	spec.wish = w->wish;
	spec.n_wishes = w->n_wishes;
	spec.no_keys = w->no_keys;
	ms_buf_init_fixed(&tp_data, room, sizeof(room));
	err = ms_mikey_tp_write(&spec, me->random, &tp_data);
	if (err < 0)
		return err;
	policy.tp_data = ms_buf_span(&tp_data);
	ms_mikey_write_bare(&writer, b);
	ms_mikey_put_tp(&writer, &policy);
	return ms_buf_status(b);
}

int ms_mikey_request_start(const struct ms_mikey_party *me, const struct ms_mikey_wanted *w,
			   ms_usec now, struct ms_buf *out, struct ms_mikey_request **ret_r)
{
	MS_CLEANUP(ms_mikey_request_freep) struct ms_mikey_request *r = NULL;
	uint8_t room[TP_ROOM];
	struct ms_buf tp;
	int err;

	if (w->n_responders == 0 || ms_mikey_flags_check(w->flags & ~MS_MIKEY_FLAG_K, wants_tgk(w)))
		return -EINVAL;
	ms_buf_init_fixed(&tp, room, sizeof(room));
	err = write_tp(me, w, &tp);
	if (err < 0)
		return err;
	r = ms_zalloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	err = ms_mikey_kx_start(&r->kx, &ms_mikey_kx_request, me, &me->suite, ms_buf_span(&tp), now,
				out);
	if (err < 0)
		return err;
	*ret_r = r;
	r = NULL;
	return 0;
}

int ms_mikey_request_resume(const struct ms_mikey_party *me, struct ms_span sent,
			    struct ms_span envelope, struct ms_mikey_request **ret_r)
{
	MS_CLEANUP(ms_mikey_request_freep) struct ms_mikey_request *r = ms_zalloc(sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	err = ms_mikey_kx_resume(&r->kx, &ms_mikey_kx_request, me, sent, envelope);
	if (err < 0)
		return err;
	*ret_r = r;
	r = NULL;
	return 0;
}

/* The granted policy is acceptable (RFC 6043 section 4.2.1.6), and the keys go with it. */
static int take_ticket(const struct ms_mikey_request *r, struct ms_mikey_kx_answer *a, ms_usec now,
		       struct ms_fault *fault)
{
	const struct ms_mikey_local *local = r->kx.me->local;
	const struct ms_mikey_policy *p = &a->resp.ticket;
	int err;

	if (!p->set)
		return ms_mikey_refuse(fault, MS_MIKEY_R_MISSING_PAYLOAD);
	err = ms_mikey_check_ticket(p, a->resp.hdr.prf, local, now, fault);
	if (err == 0)
		err = ms_mikey_check_flags_wanted(p, local, fault);
	if (err == 0)
		err = ms_mikey_kx_keys(&r->kx, a, p->flags & MS_MIKEY_FLAG_I ? 2 : 1, fault);
	if (err < 0)
		return err;
	return ms_mikey_check_flags(p->flags, ms_mikey_keys_have_tgk(&a->keys), fault);
}

int ms_mikey_request_finish(const struct ms_mikey_request *r, struct ms_span in, ms_usec now,
			    struct ms_fault *fault, struct ms_mikey_ticket_held **ret_h)
{
	MS_CLEANUP(ms_mikey_kx_answer_done) struct ms_mikey_kx_answer a;
	MS_CLEANUP(ms_mikey_keyring_wipe) struct ms_mikey_keyring keys = { .n = 0 };
	size_t n_mpks;
	int err;

	ms_mikey_kx_answer_init(&a);
	err = ms_mikey_kx_take(&r->kx, &ms_mikey_kx_request, in, &a, fault);
	if (err == 0)
		err = take_ticket(r, &a, now, fault);
	if (err < 0)
		return err;
	n_mpks = a.resp.ticket.flags & MS_MIKEY_FLAG_I ? 2 : 1;
	err = ms_mikey_keyring_take(&keys, &a.keys, n_mpks, fault);
	if (err < 0)
		return err;
	return ms_mikey_ticket_held_new(a.resp.ticket.raw, a.keys.key[0].key,
					n_mpks == 2 ? a.keys.key[1].key : MS_SPAN_NULL, &keys,
					ret_h);
}
