/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that several roles make: RFC 6043 sections 4.2 and 6.10, RFC 3830 section 5.4. */
#include "mikey/check.h"

#include <errno.h>

#include "mikey/policy.h"
#include "mikey/reason.h"
#include "mikey/timestamp.h"

static bool suite_ok(bool is_256, const struct ms_mikey_local *local)
{
	return is_256 ? local->suite_256 : local->suite_128;
}

int ms_mikey_check_prf(unsigned prf, const struct ms_mikey_local *local, struct ms_fault *fault)
{
	if (prf > MS_MIKEY_PRF_HMAC_SHA_256 || !suite_ok(prf == MS_MIKEY_PRF_HMAC_SHA_256, local))
		return ms_mikey_refuse(fault, MS_MIKEY_R_UNSUPPORTED_PRF);
	return 0;
}

int ms_mikey_check_mac(unsigned mac_alg, const struct ms_mikey_local *local, struct ms_fault *fault)
{
	if (mac_alg == MS_MIKEY_MAC_NULL || mac_alg > MS_MIKEY_MAC_HMAC_SHA_256_256 ||
	    !suite_ok(mac_alg == MS_MIKEY_MAC_HMAC_SHA_256_256, local))
		return ms_mikey_refuse(fault, MS_MIKEY_R_UNSUPPORTED_MAC);
	return 0;
}

static bool encr_ok(unsigned encr_alg, const struct ms_mikey_local *local)
{
	switch (encr_alg) {
	case MS_MIKEY_ENCR_AES_CM_128:
		return local->suite_128;
	case MS_MIKEY_ENCR_AES_KW_128:
		return local->key_wrap;
	case MS_MIKEY_ENCR_AES_CM_256:
		return local->suite_256;
	default:
		return false;
	}
}

int ms_mikey_check_kemac(const struct ms_mikey_kemac *k, const struct ms_mikey_local *local,
			 struct ms_fault *fault)
{
	if (k->mac_alg != MS_MIKEY_MAC_NULL)
		return ms_mikey_refuse(fault, MS_MIKEY_R_KEMAC_MAC_NOT_NULL);
	if (!encr_ok(k->encr_alg, local))
		return ms_mikey_refuse(fault, MS_MIKEY_R_UNSUPPORTED_ENCR);
	return 0;
}

int ms_mikey_check_frame(const struct ms_mikey_message *m, const struct ms_mikey_local *local,
			 struct ms_fault *fault)
{
	int err = ms_mikey_check_prf(m->hdr.prf, local, fault);

	if (err < 0)
		return err;
	if (!m->t.set || !m->v.set)
		return ms_mikey_refuse(fault, MS_MIKEY_R_MISSING_PAYLOAD);
	return ms_mikey_check_mac(m->v.mac_alg, local, fault);
}

int ms_mikey_check_clock(const struct ms_mikey_ts *t, const struct ms_mikey_local *local,
			 ms_usec now, struct ms_fault *fault)
{
	ms_usec at;

	if (t->type == MS_MIKEY_TS_COUNTER)
		return local->counter ? 0 : ms_mikey_refuse(fault, MS_MIKEY_R_UNSUPPORTED_TS_TYPE);
	if (ms_mikey_ts_to_usec(t, &at) < 0 || at > now + local->ahead || at < now - local->skew)
		return ms_mikey_refuse(fault, MS_MIKEY_R_STALE_TIMESTAMP);
	return 0;
}

ms_usec ms_mikey_window_end(const struct ms_mikey_ts *t, const struct ms_mikey_local *local,
			    ms_usec now)
{
	ms_usec at;

	/* COUNTER: what bars a replay is the counter itself, so the window is for good measure. */
	if (ms_mikey_ts_to_usec(t, &at) < 0)
		at = now;
	return at + local->skew + MS_SEC;
}

int ms_mikey_check_empty_map(const struct ms_mikey_message *m, struct ms_fault *fault)
{
	if (m->hdr.n_cs != 0 || m->hdr.map_type != MS_MIKEY_MAP_EMPTY)
		return ms_mikey_refuse(fault, MS_MIKEY_R_CS_MAP_INVALID);
	return 0;
}

int ms_mikey_check_hdr(const struct ms_mikey_hdr *resp, const struct ms_mikey_hdr *init, bool map,
		       struct ms_fault *fault)
{
	if (resp->csb_id != init->csb_id || resp->prf != init->prf ||
	    (map && (resp->map_type != init->map_type || resp->n_cs != init->n_cs)))
		return ms_mikey_refuse(fault, MS_MIKEY_R_HEADER_MISMATCH);
	return 0;
}

int ms_mikey_check_ticket_type(const struct ms_mikey_policy *p, struct ms_fault *fault)
{
	if (p->ticket_type != MS_MIKEY_TICKET_BASE || p->subtype != MS_MIKEY_TICKET_BASE_SUBTYPE ||
	    p->version != MS_MIKEY_TICKET_BASE_VERSION)
		return ms_mikey_refuse(fault, MS_MIKEY_R_TICKET_TYPE_UNSUPPORTED);
	return 0;
}

int ms_mikey_check_flags(unsigned flags, bool has_tgk, struct ms_fault *fault)
{
	if (ms_mikey_flags_check(flags, has_tgk))
		return ms_mikey_refuse(fault, MS_MIKEY_R_TICKET_POLICY_INCONSISTENT);
	return 0;
}

static int check_validity(const struct ms_mikey_policy *p, ms_usec now, struct ms_fault *fault)
{
	switch (ms_mikey_policy_validity(p, now)) {
	case MS_MIKEY_VALID:
		return 0;
	case MS_MIKEY_NOT_YET:
		return ms_mikey_refuse(fault, MS_MIKEY_R_TICKET_NOT_YET_VALID);
	case MS_MIKEY_EXPIRED:
		return ms_mikey_refuse(fault, MS_MIKEY_R_TICKET_EXPIRED);
	case MS_MIKEY_BAD_PERIOD:
		break;
	}
	return ms_mikey_refuse(fault, MS_MIKEY_R_TICKET_POLICY_UNACCEPTABLE);
}

int ms_mikey_check_ticket(const struct ms_mikey_policy *p, unsigned prf,
			  const struct ms_mikey_local *local, ms_usec now, struct ms_fault *fault)
{
	int err = ms_mikey_check_ticket_type(p, fault);

	if (err == 0)
		err = ms_mikey_check_prf(p->prf, local, fault);
	/* RFC 6043 section 12.1: 256-bit algorithms are not mixed with others. */
	if (err == 0 && p->prf != prf && !local->mixed_prf)
		err = ms_mikey_refuse(fault, MS_MIKEY_R_UNSUPPORTED_PRF);
	if (err == 0)
		err = ms_mikey_check_flags(p->flags, false, fault);
	if (err == 0 && p->n_responders == 0)
		err = ms_mikey_refuse(fault, MS_MIKEY_R_TICKET_POLICY_UNACCEPTABLE);
	return err < 0 ? err : check_validity(p, now, fault);
}

int ms_mikey_check_flags_wanted(const struct ms_mikey_policy *p, const struct ms_mikey_local *local,
				struct ms_fault *fault)
{
	if ((p->flags & local->require_flags) != local->require_flags ||
	    (p->flags & local->refuse_flags))
		return ms_mikey_refuse(fault, MS_MIKEY_R_TICKET_POLICY_UNACCEPTABLE);
	return 0;
}

int ms_mikey_check_keys(const struct ms_mikey_keys *k, size_t n_mpks, struct ms_fault *fault)
{
	for (size_t i = 0; i < n_mpks; i++) {
		if (i >= k->n || k->key[i].type != MS_MIKEY_KEY_MPK)
			return ms_mikey_refuse(fault, MS_MIKEY_R_MISSING_MPK);
	}
	for (size_t i = 0; i < k->n; i++) {
		if (i >= n_mpks && k->key[i].type == MS_MIKEY_KEY_MPK)
			return ms_mikey_refuse(fault, MS_MIKEY_R_UNEXPECTED_MPK);
		if (k->key[i].key.len > MS_SECRET_MAX || k->key[i].salt.len > MS_SECRET_MAX)
			return ms_mikey_refuse(fault, MS_MIKEY_R_KEY_TOO_LONG);
		if (k->key[i].key.len == 0)
			return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED, "parse", 0);
	}
	return 0;
}
