/* SPDX-License-Identifier: Apache-2.0 */
/* The Responder's half of the Ticket Resolve exchange: RFC 6043 section 4.2.3. */
#include "mikey/resolve.h"

#include <errno.h>

#include "core/alloc.h"
#include "mikey/held-priv.h"
#include "mikey/kx.h"
#include "mikey/policy.h"
#include "mikey/resolve-priv.h"

struct ms_mikey_resolve {
	struct ms_mikey_kx kx;
};

struct ms_mikey_resolve *ms_mikey_resolve_free(struct ms_mikey_resolve *r)
{
	if (!r)
		return NULL;
	ms_mikey_kx_done(&r->kx);
	return ms_free(r);
}

void ms_mikey_resolve_freep(struct ms_mikey_resolve **r)
{
	*r = ms_mikey_resolve_free(*r);
}

int ms_mikey_resolve_start(const struct ms_mikey_party *me, const struct ms_mikey_policy *ticket,
			   ms_usec now, struct ms_buf *out, struct ms_mikey_resolve **ret_r)
{
	MS_CLEANUP(ms_mikey_resolve_freep) struct ms_mikey_resolve *r = ms_zalloc(sizeof(*r));
	struct ms_mikey_suite suite = ms_mikey_suite_for(me, ticket->prf);
	int err;

	if (!r)
		return -ENOMEM;
	err = ms_mikey_kx_start(&r->kx, &ms_mikey_kx_resolve, me, &suite, ticket->raw, now, out);
	if (err < 0)
		return err;
	*ret_r = r;
	r = NULL;
	return 0;
}

int ms_mikey_resolve_resume(const struct ms_mikey_party *me, struct ms_span sent,
			    struct ms_span envelope, struct ms_mikey_resolve **ret_r)
{
	MS_CLEANUP(ms_mikey_resolve_freep) struct ms_mikey_resolve *r = ms_zalloc(sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	err = ms_mikey_kx_resume(&r->kx, &ms_mikey_kx_resolve, me, sent, envelope);
	if (err < 0)
		return err;
	*ret_r = r;
	r = NULL;
	return 0;
}

int ms_mikey_resolve_finish(const struct ms_mikey_resolve *r, struct ms_span in,
			    ms_usec now MS_UNUSED, struct ms_fault *fault,
			    struct ms_mikey_resolved **ret_r)
{
	MS_CLEANUP(ms_mikey_kx_answer_done) struct ms_mikey_kx_answer a;
	MS_CLEANUP(ms_mikey_keyring_wipe) struct ms_mikey_keyring keys = { .n = 0 };
	struct ms_mikey_resolved_parts parts = { .keys = &keys };
	bool forks;
	int err;

	ms_mikey_kx_answer_init(&a);
	err = ms_mikey_kx_take(&r->kx, &ms_mikey_kx_resolve, in, &a, fault);
	if (err < 0)
		return err;
	forks = a.init.ticket.flags & MS_MIKEY_FLAG_I;
	/* RFC 6043 section 4.2.3.5: with key forking the modifier comes along. */
	if (forks && (!a.resp.id_r.data.p || !a.resp.rand_kms.p))
		return ms_mikey_refuse(fault, MS_MIKEY_R_MISSING_PAYLOAD);
	err = ms_mikey_kx_keys(&r->kx, &a, forks ? 2 : 1, fault);
	if (err == 0)
		err = ms_mikey_check_flags(a.init.ticket.flags, ms_mikey_keys_have_tgk(&a.keys),
					   fault);
	if (err == 0)
		err = ms_mikey_keyring_take(&keys, &a.keys, forks ? 2 : 1, fault);
	if (err < 0)
		return err;
	parts.ticket = &a.init.ticket;
	parts.mpki = a.keys.key[0].key;
	parts.mpkr = forks ? a.keys.key[1].key : MS_SPAN_NULL;
	parts.id_r = a.resp.id_r;
	parts.rand_kms = a.resp.rand_kms;
	return ms_mikey_resolved_new(&parts, ret_r);
}
