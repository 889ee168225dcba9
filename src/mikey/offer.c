/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The crypto sessions of Transfer messages: what a map may say and which policies are acceptable.
 * RFC 6043 sections 4.2.2 and 6.1.1.
 */
#include <errno.h>

#include "core/reader.h"
#include "mikey/bundle.h"
#include "mikey/reason.h"

static bool sp_of_message(const struct ms_mikey_message *m, unsigned policy_no,
			  uint8_t *ret_prot_type, struct ms_span *ret_params)
{
	const struct ms_mikey_payload *p = m ? ms_mikey_find_sp(m, policy_no) : NULL;

	if (!p)
		return false;
	*ret_prot_type = p->u.sp.prot_type;
	*ret_params = p->u.sp.params;
	return true;
}

static bool sp_of_bundle(const struct ms_mikey_csb *c, unsigned policy_no, uint8_t *ret_prot_type,
			 struct ms_span *ret_params)
{
	struct ms_mikey_payload p;

	for (size_t i = c ? c->n_sps : 0; i-- > 0;) {
		struct ms_span raw = ms_mikey_octets_span(&c->sp[i]);

		if (ms_mikey_payload_decode(MS_MIKEY_P_SP, raw, &p, NULL) < 0 ||
		    p.u.sp.policy_no != policy_no)
			continue;
		*ret_prot_type = p.u.sp.prot_type;
		*ret_params = p.u.sp.params;
		return true;
	}
	return false;
}

bool ms_mikey_sp_find(const struct ms_mikey_sp_source *src, unsigned policy_no,
		      uint8_t *ret_prot_type, struct ms_span *ret_params)
{
	return sp_of_message(src->m[0], policy_no, ret_prot_type, ret_params) ||
	       sp_of_message(src->m[1], policy_no, ret_prot_type, ret_params) ||
	       sp_of_bundle(src->csb, policy_no, ret_prot_type, ret_params);
}

static bool srtp_acceptable(const struct ms_mikey_srtp *p, const struct ms_mikey_local *local)
{
	/* A session that is not encrypted, or not authenticated, is as one with a NULL algorithm. */
	unsigned encr = p->encr ? p->encr_alg : 0, auth = p->auth ? p->auth_alg : 0;

	return encr < 32 && (local->srtp_encr_algs >> encr & 1) && auth < 32 &&
	       (local->srtp_auth_algs >> auth & 1) && p->encr_key_len > 0 &&
	       p->encr_key_len <= MS_SECRET_MAX;
}

int ms_mikey_choose_policy(const struct ms_mikey_cs *cs, const struct ms_mikey_sp_source *src,
			   const struct ms_mikey_local *local, uint8_t *ret_policy_no,
			   struct ms_mikey_srtp *ret_srtp)
{
	for (size_t i = 0; i < cs->policies.len; i++) {
		struct ms_mikey_srtp srtp;
		struct ms_span params;
		uint8_t prot;

		if (!ms_mikey_sp_find(src, cs->policies.p[i], &prot, &params) ||
		    ms_mikey_srtp_decode(params, &srtp) < 0 || !srtp_acceptable(&srtp, local))
			continue;
		*ret_policy_no = cs->policies.p[i];
		*ret_srtp = srtp;
		return 0;
	}
	return -EPERM;
}

/* Policy numbers name SP payloads of the session's Prot type. For sessions that are not SRTP there
 * is nothing to look up, so a number without SP is put up with. */
static bool policies_resolve(const struct ms_mikey_cs *cs, const struct ms_mikey_sp_source *src)
{
	for (size_t i = 0; i < cs->policies.len; i++) {
		struct ms_span params;
		uint8_t prot;

		if (!ms_mikey_sp_find(src, cs->policies.p[i], &prot, &params)) {
			if (cs->prot_type == MS_MIKEY_PROT_SRTP)
				return false;
		} else if (prot != cs->prot_type) {
			return false;
		}
	}
	return true;
}

/* How many policies: one in a response; without a response SRTP needs its one at once. */
static bool policy_count_ok(const struct ms_mikey_cs *cs, enum ms_mikey_map_rule rule)
{
	if (rule == MS_MIKEY_MAP_OFFER)
		return true;
	if (cs->prot_type == MS_MIKEY_PROT_SRTP)
		return cs->policies.len == 1;
	return rule == MS_MIKEY_MAP_COMPLETE || cs->policies.len <= 1;
}

static bool session_data_ok(const struct ms_mikey_cs *cs, enum ms_mikey_map_rule rule)
{
	if (cs->prot_type != MS_MIKEY_PROT_SRTP)
		return true;
	if (cs->session_data.len == 0)
		return rule == MS_MIKEY_MAP_OFFER;
	return cs->session_data.len == (cs->s ? 10 : 4);
}

static bool prot_type_ok(unsigned prot_type, const struct ms_mikey_local *local)
{
	if (prot_type == MS_MIKEY_PROT_SRTP)
		return local->prot_srtp;
	return prot_type == local->prot_tls || prot_type == local->prot_mime ||
	       prot_type == local->prot_app;
}

static bool cs_id_repeated(const struct ms_mikey_message *m, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (m->cs[j].cs_id == m->cs[i].cs_id)
			return true;
	}
	return false;
}

static int check_session(const struct ms_mikey_cs *cs, const struct ms_mikey_sp_source *src,
			 enum ms_mikey_map_rule rule, const struct ms_mikey_local *local,
			 struct ms_fault *fault)
{
	struct ms_mikey_srtp srtp;
	uint8_t policy_no;

	if (!prot_type_ok(cs->prot_type, local))
		return ms_mikey_refuse(fault, MS_MIKEY_R_SP_TYPE_UNSUPPORTED);
	if (!policy_count_ok(cs, rule) || !session_data_ok(cs, rule) ||
	    !policies_resolve(cs, src) || (cs->spi.len == 0 && rule != MS_MIKEY_MAP_OFFER))
		return ms_mikey_refuse(fault, MS_MIKEY_R_CS_MAP_INVALID);
	if (cs->prot_type == MS_MIKEY_PROT_SRTP && cs->policies.len > 0 &&
	    ms_mikey_choose_policy(cs, src, local, &policy_no, &srtp) < 0)
		return ms_mikey_refuse(fault, MS_MIKEY_R_SP_UNSUPPORTED);
	return 0;
}

int ms_mikey_check_map(const struct ms_mikey_message *m, const struct ms_mikey_sp_source *src,
		       enum ms_mikey_map_rule rule, const struct ms_mikey_local *local,
		       struct ms_fault *fault)
{
	int err = 0;

	if (m->hdr.map_type != MS_MIKEY_MAP_GENERIC_ID)
		return ms_mikey_refuse(fault, MS_MIKEY_R_CS_MAP_INVALID);
	for (size_t i = 0; err == 0 && i < m->hdr.n_cs; i++) {
		/* Two sessions of one number would share a key. */
		if (cs_id_repeated(m, i))
			return ms_mikey_refuse(fault, MS_MIKEY_R_CS_MAP_INVALID);
		err = check_session(&m->cs[i], src, rule, local, fault);
	}
	return err;
}

int ms_mikey_check_map_kept(const struct ms_mikey_message *answer,
			    const struct ms_mikey_message *offer, struct ms_fault *fault)
{
	for (size_t i = 0; i < answer->hdr.n_cs; i++) {
		for (size_t j = 0; j < offer->hdr.n_cs; j++) {
			if (answer->cs[i].cs_id == offer->cs[j].cs_id &&
			    answer->cs[i].prot_type != offer->cs[j].prot_type)
				return ms_mikey_refuse(fault, MS_MIKEY_R_CS_MAP_INVALID);
		}
	}
	return 0;
}

int ms_mikey_check_spis(const struct ms_mikey_message *m, const struct ms_mikey_keyring *keys,
			struct ms_fault *fault)
{
	for (size_t i = 0; i < m->hdr.n_cs; i++) {
		if (m->cs[i].spi.len > 0 && !ms_mikey_keyring_find(keys, m->cs[i].spi))
			return ms_mikey_refuse(fault, MS_MIKEY_R_NO_KEY_FOR_SPI);
	}
	return 0;
}
