/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions protected to the edge of the network: TS 33.328 clauses 7.2.1 and 7.3.1, TS 24.229 clause
 * 7.5.2 (a=3ge2ae), RFC 8122 (a=fingerprint).
 */
#include <errno.h>

#include "ue/call-priv.h"

bool ms_ue_call_has_fingerprint(const struct ms_sdp *sdp, const struct ms_sdp_media *m)
{
	struct ms_span value;

	return ms_sdp_attr_inherited(sdp, m, "fingerprint", &value);
}

void ms_ue_call_e2ae_attributes(const struct ms_ue_call *c, bool offer,
				struct ms_sdp_attr_value v[static MS_UE_E2AE_ATTRS], size_t *n)
{
	size_t k = 0;

	if (!c->e2ae)
		return;
	for (size_t i = 0; i < c->ue->n_fingerprints; i++)
		v[k++] = (struct ms_sdp_attr_value){ "fingerprint",
						     ms_span_str(c->ue->fingerprint[i]) };
	if (offer)
		v[k++] = (struct ms_sdp_attr_value){ "3ge2ae", MS_SPAN_LIT("requested") };
	*n += k;
}

/* RFC 8122 section 5: those of the line, else those of the session. */
int ms_ue_call_read_fingerprints(const struct ms_ue *ue, const struct ms_sdp *sdp,
				 const struct ms_sdp_media *m, struct ms_ue_fingerprints *ret,
				 struct ms_fault *f)
{
	const struct ms_sdp_section *s =
		ms_sdp_has(&m->section, "fingerprint") ? &m->section : &sdp->session;
	bool sha1 = ue->settings->config->profile.fingerprint_sha1;
	struct ms_ue_fingerprints found = { 0 };
	struct ms_span value;

	for (size_t i = 0;
	     found.n < MS_TLS_FINGERPRINTS_MAX && ms_sdp_attr_at(s, "fingerprint", i, &value);
	     i++) {
		int err = ms_tls_fingerprint_parse(value, &found.v[found.n]);

		if (err == -EINVAL)
			return ms_fault_set(f, -EPROTO, 488, "fingerprint_malformed", 0);
		found.n += err == 0;
	}
	if (ms_tls_fingerprint_deciding(found.v, found.n, sha1) == MS_TLS_HASH_NONE)
		return ms_fault_set(f, -EPROTO, 488, "fingerprint_missing", 0);
	*ret = found;
	return 0;
}

/* TS 33.328 7.1.2 NOTE 2: who has not registered may ask; who has, asks where the network has it too. */
int ms_ue_call_may_ask(const struct ms_ue_call *c, const char *mechanism, struct ms_fault *f)
{
	switch ((enum ms_ue_e2ae)c->ue->settings->config->media.e2ae) {
	case MS_UE_E2AE_ASK:
		return 0;
	case MS_UE_E2AE_REGISTERED:
		if (ms_sip_media_security(c->ue->account, mechanism))
			return 0;
		return ms_fault_set(f, -EPERM, 0, "e2ae_not_announced", 0);
	case MS_UE_E2AE_OFF:
		break;
	}
	return ms_fault_set(f, -EPERM, 0, "e2ae_off", 0);
}

const char *ms_ue_call_security(const struct ms_ue_call *c)
{
	return c->secure ? "e2e" : c->e2ae ? "e2ae" : "none";
}
