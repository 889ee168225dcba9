/* SPDX-License-Identifier: Apache-2.0 */
/* The public-key variants: RFC 6043 sections 4.2.1.3 and 4.2.3.3, RFC 3830 section 3.2. */
#include "mikey/pk.h"

#include <errno.h>

#include "core/alloc.h"
#include "crypto/cert.h"
#include "crypto/rsa.h"
#include "mikey/bundle.h"
#include "mikey/pk-priv.h"
#include "mikey/reason.h"

struct ms_mikey_credential {
	struct ms_rsa_key *key;
	struct ms_mikey_octets chain[MS_MIKEY_CHAIN_MAX];
	size_t n;
	struct ms_mikey_octets kms_der;
	struct ms_cert *kms; /* NULL at the KMS */
};

struct ms_mikey_credential *ms_mikey_credential_free(struct ms_mikey_credential *c)
{
	if (!c)
		return NULL;
	ms_rsa_free(c->key);
	ms_cert_free(c->kms);
	ms_mikey_octets_done(&c->kms_der);
	for (size_t i = 0; i < c->n; i++)
		ms_mikey_octets_done(&c->chain[i]);
	return ms_free(c);
}

void ms_mikey_credential_freep(struct ms_mikey_credential **c)
{
	*c = ms_mikey_credential_free(*c);
}

/* A signature of the one verifies with the other. */
static int check_pair(const struct ms_rsa_key *key, struct ms_span der)
{
	MS_CLEANUP(ms_cert_freep) struct ms_cert *cert = NULL;
	const struct ms_span text = MS_SPAN_LIT("mikey");
	uint8_t sig[MS_RSA_MAX];
	int err = ms_cert_new(der, &cert);

	if (err == 0)
		err = ms_rsa_sign(key, MS_RSA_PKCS1, MS_HASH_SHA256, &text, 1, sig);
	if (err == 0)
		err = ms_rsa_verify(ms_cert_key(cert), MS_RSA_PKCS1, MS_HASH_SHA256, &text, 1,
				    ms_span_of(sig, ms_rsa_size(key)));
	return err == -EBADMSG ? -EINVAL : err;
}

int ms_mikey_credential_new(struct ms_span key, const struct ms_span *chain, size_t n,
			    struct ms_span kms_cert, struct ms_mikey_credential **ret_c)
{
	MS_CLEANUP(ms_mikey_credential_freep) struct ms_mikey_credential *c = NULL;
	int err;

	if (n == 0 || n > MS_MIKEY_CHAIN_MAX)
		return -EINVAL;
	c = ms_zalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	err = ms_rsa_private_new(key, &c->key);
	if (err == 0)
		err = check_pair(c->key, chain[0]);
	for (; err == 0 && c->n < n; c->n += err == 0)
		err = ms_mikey_octets_set(&c->chain[c->n], chain[c->n]);
	if (err == 0 && kms_cert.len > 0)
		err = ms_cert_new(kms_cert, &c->kms);
	if (err == 0)
		err = ms_mikey_octets_set(&c->kms_der, kms_cert);
	if (err < 0)
		return err;
	*ret_c = c;
	c = NULL;
	return 0;
}

void ms_mikey_pk_cover(struct ms_mikey_cover *c, const struct ms_mikey_message *m,
		       struct ms_span id1, struct ms_span id2)
{
	/* RFC 6043 section 5.5: the message up to the signature, then the identities. */
	c->part[0] = ms_span_sub(m->raw, 0, m->sign_at);
	c->part[1] = id1;
	c->part[2] = id2;
	c->n = 3;
}

/* RFC 3830 section 6.5 leaves the hash of a signature to the algorithm: that of HDR's PRF. */
static enum ms_hash_alg sign_hash(unsigned prf)
{
	return ms_mikey_prf_hash(prf);
}

static int put_envelope(const struct ms_mikey_party *me, const struct ms_mikey_suite *suite,
			struct ms_mikey_writer *w, struct ms_secret *ret_envelope)
{
	const struct ms_mikey_credential *c = me->credential;
	const struct ms_rsa_key *kms = ms_cert_key(c->kms);
	uint8_t digest[MS_HASH_MAX], cipher[MS_RSA_MAX];
	struct ms_span der = ms_mikey_octets_span(&c->kms_der);
	struct ms_secret env = { .len = suite->key };
	int err = ms_random_fill(me->random, env.b, env.len);

	if (err == 0)
		err = ms_rsa_encrypt(kms, ms_secret_span(&env), cipher);
	if (err == 0) {
		/* Which of its keys the KMS has to take. */
		ms_hash(MS_HASH_SHA256, &der, 1, digest);
		ms_mikey_put_chash(w, MS_MIKEY_HASH_SHA_256, ms_span_of(digest, 32));
		ms_mikey_put_pke(w, MS_MIKEY_CACHE_NONE, ms_span_of(cipher, ms_rsa_size(kms)));
		*ret_envelope = env;
	}
	ms_secret_wipe(&env);
	return err < 0 ? err : ms_buf_status(w->b);
}

int ms_mikey_pk_finish(const struct ms_mikey_party *me, const struct ms_mikey_suite *suite,
		       struct ms_mikey_writer *w, size_t start, struct ms_secret *ret_envelope)
{
	const struct ms_mikey_credential *c = me->credential;
	uint8_t sig[MS_RSA_MAX];
	struct ms_span part[3] = { MS_SPAN_NULL, me->id.data, me->kms.data };
	size_t at;
	int err;

	if (!c->kms)
		return -EINVAL;
	for (size_t i = 0; i < c->n; i++)
		ms_mikey_put_cert(w, MS_MIKEY_CERT_X509, ms_mikey_octets_span(&c->chain[i]));
	err = put_envelope(me, suite, w, ret_envelope);
	if (err < 0)
		return err;
	at = ms_mikey_put_sign(w, MS_MIKEY_SIGN_RSA_PKCS1, ms_rsa_size(c->key));
	err = ms_buf_status(w->b);
	if (err < 0)
		return err;
	part[0] = ms_span_of(w->b->p + start, at - start);
	err = ms_rsa_sign(c->key, MS_RSA_PKCS1, sign_hash(suite->prf), part, 3, sig);
	if (err == 0)
		memcpy(w->b->p + at, sig, ms_rsa_size(c->key));
	return err;
}

/* CHASH: is the envelope key meant for the key that we have? */
static bool for_us(const struct ms_mikey_credential *c, const struct ms_mikey_message *m)
{
	struct ms_span der = ms_mikey_octets_span(&c->chain[0]);
	uint8_t digest[MS_HASH_MAX];
	enum ms_hash_alg alg;

	if (!m->chash_hash.p)
		return true;
	if (m->chash_func == MS_MIKEY_HASH_MD5)
		return false;
	alg = m->chash_func == MS_MIKEY_HASH_SHA_1 ? MS_HASH_SHA1 : MS_HASH_SHA256;
	ms_hash(alg, &der, 1, digest);
	return ms_span_eq(m->chash_hash, ms_span_of(digest, ms_hash_len(alg)));
}

int ms_mikey_pk_check(const struct ms_mikey_credential *c, const struct ms_random *random,
		      const struct ms_mikey_message *m, struct ms_span cert,
		      const struct ms_mikey_cover *cover, struct ms_secret *ret_envelope,
		      struct ms_fault *fault)
{
	MS_CLEANUP(ms_cert_freep) struct ms_cert *x = NULL;
	int err;

	if (!for_us(c, m) || m->sign_type > MS_MIKEY_SIGN_RSA_PSS)
		return ms_mikey_refuse(fault, MS_MIKEY_R_BAD_CERTIFICATE);
	err = ms_cert_new(cert, &x);
	if (err == -EINVAL || (err == 0 && !ms_cert_may_sign(x)))
		return ms_mikey_refuse(fault, MS_MIKEY_R_BAD_CERTIFICATE);
	if (err == 0)
		err = ms_rsa_verify(ms_cert_key(x),
				    m->sign_type == MS_MIKEY_SIGN_RSA_PSS ? MS_RSA_PSS
									  : MS_RSA_PKCS1,
				    sign_hash(m->hdr.prf), cover->part, cover->n, m->sign_sig);
	if (err == -EBADMSG)
		return ms_mikey_refuse(fault, MS_MIKEY_R_BAD_MAC);
	if (err == 0)
		err = ms_rsa_decrypt(c->key, random, m->pke_data, ret_envelope);
	/* A ciphertext of another length than our modulus was not made for us. */
	return err == -EINVAL ? ms_mikey_refuse(fault, MS_MIKEY_R_BAD_CERTIFICATE) : err;
}
