/* SPDX-License-Identifier: Apache-2.0 */
/* Suites, the timestamps a party issues, and the defaults of its local policy. */
#include "mikey/party.h"

#include "mikey/timestamp.h"

const struct ms_mikey_suite ms_mikey_suite_128 = {
	.prf = MS_MIKEY_PRF_1,
	.encr = MS_MIKEY_ENCR_AES_CM_128,
	.mac = MS_MIKEY_MAC_HMAC_SHA_1_160,
	.key = 16,
};

const struct ms_mikey_suite ms_mikey_suite_256 = {
	.prf = MS_MIKEY_PRF_HMAC_SHA_256,
	.encr = MS_MIKEY_ENCR_AES_CM_256,
	.mac = MS_MIKEY_MAC_HMAC_SHA_256_256,
	.key = 32,
};

const struct ms_mikey_suite *ms_mikey_suite_of(const struct ms_profile *profile)
{
	return ms_span_is(ms_span_str(profile->algorithms), "128") ? &ms_mikey_suite_128
								   : &ms_mikey_suite_256;
}

bool ms_mikey_ts_later(uint8_t type, uint64_t a, uint64_t b)
{
	if (ms_mikey_ts_len(type) == 4)
		return (int32_t)((uint32_t)a - (uint32_t)b) > 0;
	return (int64_t)(a - b) > 0;
}

struct ms_mikey_ts ms_mikey_clock_next(struct ms_mikey_clock *c, ms_usec now)
{
	struct ms_mikey_ts t = { .set = true, .type = c->type, .value = c->last + 1 };

	if (c->type != MS_MIKEY_TS_COUNTER) {
		t = ms_mikey_ts_of(c->type, now);
		if (c->last != 0 && !ms_mikey_ts_later(c->type, t.value, c->last))
			t.value = c->last + 1;
	}
	if (ms_mikey_ts_len(c->type) == 4)
		t.value &= UINT32_MAX;
	c->last = t.value;
	return t;
}

void ms_mikey_local_init(struct ms_mikey_local *l, const struct ms_profile *profile)
{
	*l = (struct ms_mikey_local){
		.skew = profile->clock_skew_s * MS_SEC,
		.ahead = profile->clock_skew_s * MS_SEC,
		.suite_128 = true,
		.suite_256 = true,
		.key_wrap = true,
		.prot_tls = (uint8_t)profile->prot_type_tls,
		.prot_mime = (uint8_t)profile->prot_type_psk_mime,
		.prot_app = (uint8_t)profile->prot_type_app,
		.prot_srtp = true,
		.srtp_encr_algs = 1u << 1,
		.srtp_auth_algs = 1u << 1,
		.wildcard = profile->wildcard[0] ? (int)(uint8_t)profile->wildcard[0] : -1,
	};
}
