/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cert.h"

#include <errno.h>

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/alloc.h"
#include "crypto/rsa-priv.h"

struct ms_cert {
	X509 *x509;             /* owned */
	struct ms_rsa_key *key; /* owned */
};

struct ms_cert *ms_cert_free(struct ms_cert *cert)
{
	if (cert) {
		X509_free(cert->x509);
		ms_rsa_free(cert->key);
	}
	return ms_free(cert);
}

void ms_cert_freep(struct ms_cert **cert)
{
	*cert = ms_cert_free(*cert);
}

static X509 *read_x509(struct ms_span der)
{
	const unsigned char *p = der.p;
	X509 *x509;

	if (der.len == 0 || der.len > MS_CERT_MAX)
		return NULL;
	x509 = d2i_X509(NULL, &p, (long)der.len);
	if (x509 && p != der.p + der.len) {
		X509_free(x509);
		x509 = NULL;
	}
	ERR_clear_error();
	return x509;
}

int ms_cert_new(struct ms_span der, struct ms_cert **ret_cert)
{
	MS_CLEANUP(ms_cert_freep) struct ms_cert *cert = ms_zalloc(sizeof(*cert));
	int err;

	if (!cert)
		return -ENOMEM;
	cert->x509 = read_x509(der);
	if (!cert->x509)
		return -EINVAL;
	err = ms_rsa_adopt(X509_get_pubkey(cert->x509), &cert->key);
	if (err < 0)
		return err;
	*ret_cert = cert;
	cert = NULL;
	return 0;
}

const struct ms_rsa_key *ms_cert_key(const struct ms_cert *cert)
{
	return cert->key;
}

bool ms_cert_valid_at(const struct ms_cert *cert, ms_usec now)
{
	time_t t = (time_t)(now / MS_SEC);

	/* X509_cmp_time: <0 if the certificate's time is at or before t, 0 on error */
	return X509_cmp_time(X509_get0_notBefore(cert->x509), &t) < 0 &&
	       X509_cmp_time(X509_get0_notAfter(cert->x509), &t) > 0;
}

bool ms_cert_may_sign(const struct ms_cert *cert)
{
	return X509_get_key_usage(cert->x509) & X509v3_KU_DIGITAL_SIGNATURE;
}

bool ms_cert_may_encrypt(const struct ms_cert *cert)
{
	return X509_get_key_usage(cert->x509) & X509v3_KU_KEY_ENCIPHERMENT;
}
