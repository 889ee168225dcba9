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

static bool has_name(const struct ms_cert *cert, int type, struct ms_span name)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert->x509, NID_subject_alt_name, NULL, NULL);
	bool found = false;

	for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

		/* rfc822Name and URI are both an IA5String */
		if (n->type == type)
			found = ms_span_eq(name,
					   ms_span_of(n->d.ia5->data, (size_t)n->d.ia5->length));
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return found;
}

bool ms_cert_has_uri(const struct ms_cert *cert, struct ms_span uri)
{
	return has_name(cert, GEN_URI, uri);
}

bool ms_cert_has_email(const struct ms_cert *cert, struct ms_span address)
{
	return has_name(cert, GEN_EMAIL, address);
}

bool ms_cert_may_sign(const struct ms_cert *cert)
{
	return X509_get_key_usage(cert->x509) & X509v3_KU_DIGITAL_SIGNATURE;
}

bool ms_cert_may_encrypt(const struct ms_cert *cert)
{
	return X509_get_key_usage(cert->x509) & X509v3_KU_KEY_ENCIPHERMENT;
}

/* References to n certificates; NULL if memory is short. */
static STACK_OF(X509) * stack_of(const struct ms_cert *const *certs, size_t n)
{
	STACK_OF(X509) *stack = sk_X509_new_null();

	for (size_t i = 0; stack && i < n; i++) {
		if (sk_X509_push(stack, certs[i]->x509) <= 0) {
			sk_X509_free(stack);
			return NULL;
		}
	}
	return stack;
}

static int check_path(X509_STORE_CTX *ctx, X509 *leaf, STACK_OF(X509) * others,
		      STACK_OF(X509) * anchors, ms_usec now)
{
	X509_VERIFY_PARAM *param;

	/* The store may be NULL with a stack of trusted certificates of its own. */
	if (X509_STORE_CTX_init(ctx, NULL, leaf, others) != 1)
		return -ENOMEM;
	X509_STORE_CTX_set0_trusted_stack(ctx, anchors);
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, (time_t)(now / MS_SEC));
	X509_VERIFY_PARAM_set_depth(param, MS_CERT_CHAIN_MAX);
	/* An anchor need not be a root: whom the operator names is trusted. */
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	return X509_verify_cert(ctx) == 1 ? 0 : -EACCES;
}

int ms_cert_chain_check(const struct ms_cert *const *chain, size_t n,
			const struct ms_cert *const *anchors, size_t n_anchors, ms_usec now)
{
	STACK_OF(X509) * others, *trusted;
	X509_STORE_CTX *ctx;
	int err = -ENOMEM;

	if (n == 0 || n > MS_CERT_CHAIN_MAX)
		return -EINVAL;
	others = stack_of(chain + 1, n - 1);
	trusted = stack_of(anchors, n_anchors);
	ctx = X509_STORE_CTX_new();
	if (others && trusted && ctx)
		err = check_path(ctx, chain[0]->x509, others, trusted, now);
	X509_STORE_CTX_free(ctx);
	sk_X509_free(others);
	sk_X509_free(trusted);
	ERR_clear_error();
	return err;
}
