/* SPDX-License-Identifier: Apache-2.0 */
/* The Initiator takes a TRANSFER_RESP: RFC 6043 section 4.2.2.4. */
#include <errno.h>

#include "mikey/check.h"
#include "mikey/error-priv.h"
#include "mikey/transfer-priv.h"

/* An answer being taken. */
struct answer {
	struct ms_mikey_message init, resp;
	struct ms_secret key; /* MPKi or MPKr' */
	struct ms_mikey_keyring keys;
	struct ms_mikey_guard guard;
};

static void answer_wipe(struct answer *a)
{
	ms_secret_wipe(&a->key);
	ms_mikey_keyring_wipe(&a->keys);
	ms_mikey_guard_wipe(&a->guard);
}

/* With key forking the answer is under MPKr', which RANDRkms and IDRr give (section 5.1.1). */
static int answer_key(const struct ms_mikey_transfer *t, struct answer *a, struct ms_fault *fault)
{
	const struct ms_mikey_message *m = &a->resp;
	int err;

	if ((t->flags & MS_MIKEY_FLAG_G) && !m->rand_r.p)
		return ms_mikey_refuse(fault, MS_MIKEY_R_MISSING_PAYLOAD);
	a->keys = t->keys;
	if (!(t->flags & MS_MIKEY_FLAG_I)) {
		a->key = t->mpki;
		return 0;
	}
	if (!m->id_r.data.p || !m->rand_kms.p)
		return ms_mikey_refuse(fault, MS_MIKEY_R_MISSING_PAYLOAD);
	err = ms_mikey_fork(t->policy_prf, MS_MIKEY_FOR_MPKR_FORK, ms_secret_span(&t->mpkr),
			    m->id_r.data, m->rand_kms, &a->key);
	if (err == 0)
		err = ms_mikey_keyring_fork(&a->keys, t->policy_prf, m->id_r.data, m->rand_kms);
	return err < 0 ? ms_mikey_refuse(fault, MS_MIKEY_R_IDENTITY_MISMATCH) : 0;
}

static int verify(const struct ms_mikey_transfer *t, struct answer *a, struct ms_fault *fault)
{
	bool g = t->flags & MS_MIKEY_FLAG_G;
	struct ms_mikey_cover c;

	if (ms_mikey_guard_set(&a->guard, &a->resp.hdr, ms_secret_span(&a->key), a->init.rand_i,
			       g ? a->resp.rand_r : MS_SPAN_NULL) < 0)
		return ms_mikey_refuse(fault, MS_MIKEY_R_INTERNAL);
	ms_mikey_cover_resp(&c, &a->resp, a->init.raw);
	return ms_mikey_guard_verify(&a->guard, MS_MIKEY_RESP, &a->resp.v, &c, fault);
}

/* An Error message in place of an answer: under MPKi, as the TRANSFER_INIT. */
static int take_error(const struct ms_mikey_transfer *t, struct answer *a, struct ms_fault *fault)
{
	if (ms_mikey_guard_set(&a->guard, &a->init.hdr, ms_secret_span(&t->mpki), a->init.rand_i,
			       MS_SPAN_NULL) < 0)
		return ms_mikey_refuse(fault, MS_MIKEY_R_INTERNAL);
	return ms_mikey_error_taken(&a->guard, &a->resp, MS_MIKEY_R_PEER_ERROR,
				    MS_MIKEY_R_PEER_ERROR_UNAUTHENTICATED, fault);
}

static int read_answer(const struct ms_mikey_transfer *t, struct ms_span in, struct answer *a,
		       struct ms_fault *fault)
{
	const struct ms_mikey_local *local = t->me->local;
	int err = ms_mikey_decode(in, &a->resp, fault);

	if (err == 0)
		err = ms_mikey_decode(ms_mikey_octets_span(&t->sent), &a->init, fault);
	if (err < 0)
		return err;
	if (a->resp.hdr.data_type == MS_MIKEY_ERROR)
		return take_error(t, a, fault);
	if (a->resp.hdr.data_type != MS_MIKEY_TRANSFER_RESP)
		return ms_mikey_refuse(fault, MS_MIKEY_R_UNEXPECTED_DATA_TYPE);
	/* RFC 6043 section 6.10: without F the Responder must not answer. */
	if (!(t->flags & MS_MIKEY_FLAG_F))
		return ms_mikey_refuse(fault, MS_MIKEY_R_UNEXPECTED_MESSAGE);
	err = ms_mikey_check_hdr(&a->resp.hdr, &a->init.hdr, false, fault);
	if (err == 0)
		err = ms_mikey_check_frame(&a->resp, local, fault);
	if (err == 0)
		err = answer_key(t, a, fault);
	return err < 0 ? err : verify(t, a, fault);
}

static int check_answer(const struct ms_mikey_transfer *t, struct answer *a, struct ms_fault *fault)
{
	struct ms_mikey_sp_source src = { .m = { &a->resp, &a->init } };
	int err = ms_mikey_check_map(&a->resp, &src, MS_MIKEY_MAP_ANSWER, t->me->local, fault);

	if (err == 0)
		err = ms_mikey_check_map_kept(&a->resp, &a->init, fault);
	if (err == 0 && ms_mikey_keyring_merge(&a->keys, &t->own) < 0)
		err = ms_mikey_refuse(fault, MS_MIKEY_R_KEY_TOO_LONG);
	if (err == 0)
		err = ms_mikey_take_keyring(&a->guard, MS_MIKEY_RESP, &a->resp,
					    t->flags & MS_MIKEY_FLAG_M, t->me->local, &a->keys,
					    fault);
	return err < 0 ? err : ms_mikey_check_spis(&a->resp, &a->keys, fault);
}

int ms_mikey_transfer_finish(const struct ms_mikey_transfer *t, struct ms_span in,
			     ms_usec now MS_UNUSED, struct ms_fault *fault,
			     struct ms_mikey_csb **ret_c)
{
	MS_CLEANUP(answer_wipe) struct answer a;
	struct ms_mikey_bundle_spec spec = { .me = t->me,
					     .initiator = true,
					     .flags = t->flags,
					     .init = &a.init,
					     .resp = &a.resp,
					     .id_i = ms_mikey_name_id(&t->owner),
					     .keys = &a.keys };
	int err;

	a.keys.n = 0;
	a.key.len = 0;
	a.guard.key.n = 0;
	err = read_answer(t, in, &a, fault);
	if (err == 0)
		err = check_answer(t, &a, fault);
	if (err < 0)
		return err;
	spec.key = ms_secret_span(&a.key);
	spec.id_r = a.resp.id_r.data.p ? a.resp.id_r : ms_mikey_name_id(&t->called);
	return ms_mikey_bundle_new(&spec, fault, ret_c);
}
