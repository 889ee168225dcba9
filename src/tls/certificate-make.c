/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate that signs itself. Peers know it by its fingerprint (RFC 8122 section 6.1), so its name
 * tells nothing: TS 33.328 5.4.1 lets trust rest on the signalling that carried the fingerprint.
 */
#include <errno.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "tls/tls-priv.h"

#define SERIAL_BYTES 16 /* RFC 5280 section 4.1.2.2: at most 20 octets, positive */

static bool set_serial(X509 *x)
{
	uint8_t serial[SERIAL_BYTES];
	BIGNUM *n;
	bool ok;

	if (RAND_bytes(serial, sizeof(serial)) != 1)
		return false;
	serial[0] = (serial[0] & 0x7f) | 0x40;
	n = BN_bin2bn(serial, sizeof(serial), NULL);
	ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok;
}

/* An hour early: the peer's clock may be behind. */
static bool set_times(X509 *x, ms_usec now, unsigned days)
{
	time_t t = (time_t)(now / MS_SEC);

	return ASN1_TIME_set(X509_getm_notBefore(x), t - 3600) &&
	       ASN1_TIME_adj(X509_getm_notAfter(x), t, (int)days, 0);
}

static bool set_name(X509 *x, struct ms_span name)
{
	X509_NAME *n = X509_get_subject_name(x);

	if (name.len == 0)
		name = MS_SPAN_LIT("anonymous");
	return X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, name.p, (int)name.len, -1, 0) &&
	       X509_set_issuer_name(x, n);
}

static bool add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool ok = e && X509_add_ext(x, e, -1);

	X509_EXTENSION_free(e);
	return ok;
}

static bool fill(X509 *x, EVP_PKEY *key, struct ms_span name, ms_usec now, unsigned days)
{
	return X509_set_version(x, X509_VERSION_3) && set_serial(x) && set_times(x, now, days) &&
	       set_name(x, name) && X509_set_pubkey(x, key) &&
	       add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(x, NID_key_usage, "critical,digitalSignature") &&
	       X509_sign(x, key, EVP_sha256()) > 0;
}

int ms_tls_certificate_make(struct ms_span name, ms_usec now, unsigned days,
			    struct ms_tls_certificate **ret_cert)
{
	EVP_PKEY *key;
	X509 *x;

	if (name.len > 64 || days == 0 || days > 36500)
		return -EINVAL;
	key = EVP_EC_gen("P-256");
	x = X509_new();
	if (key && x && fill(x, key, name, now, days))
		return ms_tls_certificate_adopt(x, key, ret_cert);
	ERR_clear_error();
	X509_free(x);
	EVP_PKEY_free(key);
	return -EIO;
}
