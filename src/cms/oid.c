/* SPDX-License-Identifier: Apache-2.0 */
/* Object identifiers of TS 33.328 tables I.2 and I.3 (RFC 5083, RFC 5084, RFC 3565). */
#include <errno.h>

#include "cms/cms-priv.h"

/* 1.2.840.113549.1.7.1 and 1.2.840.113549.1.9.16.1.23 */
#define PKCS "\x2a\x86\x48\x86\xf7\x0d\x01"
const struct ms_span ms_cms_oid_data = MS_SPAN_LIT(PKCS "\x07\x01");
const struct ms_span ms_cms_oid_auth_enveloped = MS_SPAN_LIT(PKCS "\x09\x10\x01\x17");

/* 2.16.840.1.101.3.4.1.x */
#define AES "\x60\x86\x48\x01\x65\x03\x04\x01"
static const struct ms_span alg_oid[] = {
	[MS_AEAD_AES_128_GCM] = MS_SPAN_LIT(AES "\x06"),
	[MS_AEAD_AES_256_GCM] = MS_SPAN_LIT(AES "\x2e"),
	[MS_AEAD_AES_128_CCM] = MS_SPAN_LIT(AES "\x07"),
	[MS_AEAD_AES_256_CCM] = MS_SPAN_LIT(AES "\x2f"),
};
static const struct ms_span wrap_128 = MS_SPAN_LIT(AES "\x05");
static const struct ms_span wrap_256 = MS_SPAN_LIT(AES "\x2d");

struct ms_span ms_cms_oid_of_alg(enum ms_aead_alg alg)
{
	return alg_oid[alg];
}

int ms_cms_alg_of_oid(struct ms_span oid, enum ms_aead_alg *ret_alg)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(alg_oid); i++) {
		if (ms_span_eq(oid, alg_oid[i])) {
			*ret_alg = (enum ms_aead_alg)i;
			return 0;
		}
	}
	return -ENOTSUP;
}

struct ms_span ms_cms_oid_of_wrap(size_t kek_len)
{
	return kek_len == 32 ? wrap_256 : wrap_128;
}

size_t ms_cms_wrap_of_oid(struct ms_span oid)
{
	if (ms_span_eq(oid, wrap_128))
		return 16;
	return ms_span_eq(oid, wrap_256) ? 32 : 0;
}
