/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate of ours and its key, counted; fingerprints are computed when it is made. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "core/alloc.h"
#include "tls/tls-priv.h"

/** Below 112 bits OpenSSL's security level 2 would refuse it in every handshake. */
#define KEY_BITS_MIN 112

struct ms_tls_certificate {
	unsigned refs;
	X509 *x509;
	EVP_PKEY *key;
	uint8_t *der; /* owned */
	size_t der_len;
	struct ms_tls_fingerprint fingerprints[MS_TLS_SHA512 + 1];
};

static int keep_der(struct ms_tls_certificate *cert)
{
	int n = i2d_X509(cert->x509, NULL);
	unsigned char *p;

	if (n <= 0)
		return -EIO;
	p = cert->der = ms_zalloc((size_t)n);
	if (!p)
		return -ENOMEM;
	cert->der_len = (size_t)i2d_X509(cert->x509, &p);
	return 0;
}

/* libcrypto keeps the octets of a certificate that it has read, but encodes one that it has made anew in
 * each handshake, which costs a tenth of what a signature does. */
static int read_again(struct ms_tls_certificate *cert)
{
	const unsigned char *p = cert->der;
	X509 *x509 = d2i_X509(NULL, &p, (long)cert->der_len);

	if (!x509)
		return -ENOMEM;
	X509_free(cert->x509);
	cert->x509 = x509;
	return 0;
}

static int compute(struct ms_tls_certificate *cert)
{
	int err = keep_der(cert);

	if (err == 0)
		err = read_again(cert);
	for (int h = MS_TLS_SHA1; err == 0 && h <= MS_TLS_SHA512; h++)
		err = ms_tls_fingerprint_of(ms_tls_certificate_der(cert), (enum ms_tls_hash)h,
					    &cert->fingerprints[h]);
	return err;
}

int ms_tls_certificate_adopt(X509 *x509, EVP_PKEY *key, struct ms_tls_certificate **ret_cert)
{
	struct ms_tls_certificate *cert = ms_zalloc(sizeof(*cert));
	int err = -ENOMEM;

	if (!cert) {
		X509_free(x509);
		EVP_PKEY_free(key);
		return -ENOMEM;
	}
	cert->refs = 1;
	cert->x509 = x509;
	cert->key = key;
	if (!X509_check_private_key(x509, key) || EVP_PKEY_get_security_bits(key) < KEY_BITS_MIN)
		err = -EKEYREJECTED;
	else
		err = compute(cert);
	ERR_clear_error();
	if (err < 0) {
		ms_tls_certificate_unref(cert);
		return err;
	}
	*ret_cert = cert;
	return 0;
}

/* A key with a passphrase is refused; without this OpenSSL would ask at the terminal. */
static int no_passphrase(char *buf MS_UNUSED, int size MS_UNUSED, int rw MS_UNUSED,
			 void *arg MS_UNUSED)
{
	return -1;
}

static BIO *over(struct ms_span s)
{
	return s.len > 0 && s.len <= MS_TLS_PEM_MAX ? BIO_new_mem_buf(s.p, (int)s.len) : NULL;
}

static X509 *read_x509(struct ms_span text)
{
	const unsigned char *p = text.p;
	BIO *b = over(text);
	X509 *x509 = b ? PEM_read_bio_X509(b, NULL, no_passphrase, NULL) : NULL;

	BIO_free(b);
	return x509 || !b ? x509 : d2i_X509(NULL, &p, (long)text.len);
}

static EVP_PKEY *read_key(struct ms_span text)
{
	const unsigned char *p = text.p;
	BIO *b = over(text);
	EVP_PKEY *key = b ? PEM_read_bio_PrivateKey(b, NULL, no_passphrase, NULL) : NULL;

	BIO_free(b);
	return key || !b ? key : d2i_AutoPrivateKey(NULL, &p, (long)text.len);
}

int ms_tls_certificate_load(struct ms_span certificate, struct ms_span key,
			    struct ms_tls_certificate **ret_cert)
{
	X509 *x509 = read_x509(certificate);
	EVP_PKEY *pkey = x509 ? read_key(key) : NULL;

	ERR_clear_error();
	if (pkey)
		return ms_tls_certificate_adopt(x509, pkey, ret_cert);
	X509_free(x509);
	return -EINVAL;
}

struct ms_tls_certificate *ms_tls_certificate_ref(struct ms_tls_certificate *cert)
{
	if (cert)
		cert->refs++;
	return cert;
}

struct ms_tls_certificate *ms_tls_certificate_unref(struct ms_tls_certificate *cert)
{
	if (!cert || --cert->refs > 0)
		return NULL;
	X509_free(cert->x509);
	EVP_PKEY_free(cert->key);
	ms_free(cert->der);
	return ms_free(cert);
}

struct ms_span ms_tls_certificate_der(const struct ms_tls_certificate *cert)
{
	return ms_span_of(cert->der, cert->der_len);
}

const struct ms_tls_fingerprint *
ms_tls_certificate_fingerprint(const struct ms_tls_certificate *cert, enum ms_tls_hash hash)
{
	return ms_tls_hash_length(hash) > 0 ? &cert->fingerprints[hash] : NULL;
}

enum ms_tls_hash ms_tls_certificate_signature_hash(const struct ms_tls_certificate *cert)
{
	static const struct {
		int nid;
		enum ms_tls_hash hash;
	} map[] = {
		{ NID_sha1, MS_TLS_SHA1 },     { NID_sha224, MS_TLS_SHA224 },
		{ NID_sha256, MS_TLS_SHA256 }, { NID_sha384, MS_TLS_SHA384 },
		{ NID_sha512, MS_TLS_SHA512 },
	};
	int nid = NID_undef;

	if (!X509_get_signature_info(cert->x509, &nid, NULL, NULL, NULL))
		ERR_clear_error();
	for (size_t i = 0; i < MS_ARRAY_SIZE(map); i++) {
		if (map[i].nid == nid)
			return map[i].hash;
	}
	return MS_TLS_HASH_NONE;
}

ms_usec ms_tls_certificate_expires(const struct ms_tls_certificate *cert)
{
	static const time_t epoch;
	ASN1_TIME *start = ASN1_TIME_set(NULL, epoch);
	int days = 0, seconds = 0;

	if (!start || !ASN1_TIME_diff(&days, &seconds, start, X509_get0_notAfter(cert->x509)))
		ERR_clear_error();
	ASN1_TIME_free(start);
	return ((ms_usec)days * 86400 + seconds) * MS_SEC;
}

int ms_tls_certificate_put_pem(const struct ms_tls_certificate *cert, struct ms_buf *b)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *p = NULL;
	long n = 0;

	if (bio && PEM_write_bio_X509(bio, cert->x509) &&
	    PEM_write_bio_PKCS8PrivateKey(bio, cert->key, NULL, NULL, 0, NULL, NULL))
		n = BIO_get_mem_data(bio, &p);
	ms_buf_put(b, p, n > 0 ? (size_t)n : 0);
	BIO_free(bio);
	ERR_clear_error();
	return n > 0 ? ms_buf_status(b) : -ENOMEM;
}

int ms_tls_certificate_use(const struct ms_tls_certificate *cert, SSL *ssl)
{
	return SSL_use_cert_and_key(ssl, cert->x509, cert->key, NULL, 1) == 1 ? 0 : -EIO;
}

int ms_tls_certificate_use_for_all(const struct ms_tls_certificate *cert, SSL_CTX *ssl)
{
	return SSL_CTX_use_cert_and_key(ssl, cert->x509, cert->key, NULL, 1) == 1 ? 0 : -EIO;
}
