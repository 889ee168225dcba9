/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What our provider does itself for libssl. Key derivation: against libcrypto's own algorithms of the same name,
 * both asked through EVP_KDF; and the key schedule that RFC 8448 prints. The check of a peer's point.
 */
#include "ms-test.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "core/hex.h"
#include "tls/derive.h"
#include "tls/library.h"

#define OUT_MAX 400

static uint8_t text[400]; /* keys, seeds and contexts are pieces of it */

static const char *const hashes[] = { "SHA2-256", "SHA384" };

static int derive(OSSL_LIB_CTX *library, const char *kdf, const OSSL_PARAM *params, uint8_t *out,
		  size_t n)
{
	EVP_KDF *k = EVP_KDF_fetch(library, kdf, NULL);
	EVP_KDF_CTX *c = EVP_KDF_CTX_new(k);
	int ok;

	assert_non_null(c);
	ok = EVP_KDF_derive(c, out, n, params);
	EVP_KDF_CTX_free(c);
	EVP_KDF_free(k);
	return ok;
}

/* Ours and libcrypto's give the same octets. */
static void compare(const char *kdf, const OSSL_PARAM *params, size_t n)
{
	uint8_t ours[OUT_MAX], theirs[OUT_MAX];

	assert_int_equal(derive(NULL, kdf, params, theirs, n), 1);
	assert_int_equal(derive(ms_tls_library(), kdf, params, ours, n), 1);
	assert_memory_equal(ours, theirs, n);
}

static OSSL_PARAM octets(const char *key, const void *p, size_t n)
{
	return OSSL_PARAM_construct_octet_string(key, (void *)(uintptr_t)p, n);
}

static OSSL_PARAM digest(const char *name)
{
	return OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)name, 0);
}

static OSSL_PARAM mode_of(int *mode)
{
	return OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, mode);
}

/* Secrets of pre-shared keys can be longer than a block of the hash. */
static void test_tls_12(void **state MS_UNUSED)
{
	for (size_t secret = 1; secret < 300; secret += 23) {
		for (size_t n = 1; n < OUT_MAX; n += 13) {
			const OSSL_PARAM p[] = {
				digest(hashes[n % 2]),
				octets(OSSL_KDF_PARAM_SECRET, text, secret),
				octets(OSSL_KDF_PARAM_SEED, "key expansion", 13),
				octets(OSSL_KDF_PARAM_SEED, text + 7, 32),
				octets(OSSL_KDF_PARAM_SEED, text + 99, 32 + n % 5),
				OSSL_PARAM_construct_end(),
			};

			compare("TLS1-PRF", p, n);
		}
	}
}

static void test_tls_13_expand(void **state MS_UNUSED)
{
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;

	for (size_t label = 1; label < 200; label += 11) {
		for (size_t n = 1; n < OUT_MAX; n += 17) {
			const OSSL_PARAM p[] = {
				mode_of(&mode),
				digest(hashes[n % 2]),
				octets(OSSL_KDF_PARAM_KEY, text, n % 2 ? 48 : 32),
				octets(OSSL_KDF_PARAM_PREFIX, "tls13 ", 6),
				octets(OSSL_KDF_PARAM_LABEL, text + 5, label),
				octets(OSSL_KDF_PARAM_DATA, text + 50, n % 65),
				OSSL_PARAM_construct_end(),
			};

			compare("TLS13-KDF", p, n);
		}
	}
}

/* With and without a secret before it, with and without a new input. */
static void test_tls_13_extract(void **state MS_UNUSED)
{
	int mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;

	for (unsigned i = 0; i < 8; i++) {
		size_t n = i & 1 ? 48 : 32, at = 0;
		OSSL_PARAM p[7];

		p[at++] = mode_of(&mode);
		p[at++] = digest(hashes[i & 1]);
		if (i & 2)
			p[at++] = octets(OSSL_KDF_PARAM_SALT, text, n);
		if (i & 4)
			p[at++] = octets(OSSL_KDF_PARAM_KEY, text + 60, 66);
		p[at++] = octets(OSSL_KDF_PARAM_PREFIX, "tls13 ", 6);
		p[at++] = octets(OSSL_KDF_PARAM_LABEL, "derived", 7);
		p[at] = OSSL_PARAM_construct_end();
		compare("TLS13-KDF", p, n);
	}
}

/* What libssl never asks for is refused rather than guessed. */
static void test_refused(void **state MS_UNUSED)
{
	int expand = EVP_KDF_HKDF_MODE_EXPAND_ONLY, both = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
	const OSSL_PARAM secret = octets(OSSL_KDF_PARAM_SECRET, text, 48);
	const OSSL_PARAM seed = octets(OSSL_KDF_PARAM_SEED, text, 32), end = { 0 };
	const OSSL_PARAM md5[] = { digest("MD5-SHA1"), secret, seed, end };
	const OSSL_PARAM no_secret[] = { digest("SHA256"), seed, end };
	const OSSL_PARAM no_seed[] = { digest("SHA256"), secret, end };
	const OSSL_PARAM seeds[] = {
		digest("SHA256"), secret, seed, seed, seed, seed, seed, seed, seed, end
	};
	const OSSL_PARAM no_mode[] = { digest("SHA256"), octets(OSSL_KDF_PARAM_KEY, text, 32),
				       end };
	const OSSL_PARAM other_mode[] = { mode_of(&both), no_mode[0], no_mode[1], end };
	const OSSL_PARAM long_label[] = { mode_of(&expand), no_mode[0], no_mode[1],
					  octets(OSSL_KDF_PARAM_LABEL, text, 256), end };
	const OSSL_PARAM long_data[] = { mode_of(&expand), no_mode[0], no_mode[1],
					 octets(OSSL_KDF_PARAM_DATA, text, 256), end };
	const OSSL_PARAM no_key[] = { mode_of(&expand), no_mode[0], end };
	const struct {
		const char *kdf;
		const OSSL_PARAM *params;
	} cases[] = { { "TLS1-PRF", md5 },         { "TLS1-PRF", no_secret },
		      { "TLS1-PRF", no_seed },     { "TLS1-PRF", seeds },
		      { "TLS13-KDF", no_mode },    { "TLS13-KDF", other_mode },
		      { "TLS13-KDF", long_label }, { "TLS13-KDF", long_data },
		      { "TLS13-KDF", no_key } };
	uint8_t out[32];

	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++)
		assert_int_equal(derive(ms_tls_library(), cases[i].kdf, cases[i].params, out, 32),
				 0);
}

static struct ms_span hex(const char *digits, uint8_t *room, size_t size)
{
	struct ms_buf b;

	ms_buf_init_fixed(&b, room, size);
	assert_int_equal(ms_hex_decode(&b, ms_span_str(digits)), 0);
	return ms_buf_span(&b);
}

/* RFC 8448 section 3: the early secret, "derived", and the handshake secret. */
static void test_rfc_8448(void **state MS_UNUSED)
{
	static const uint8_t zeros[32];
	uint8_t early[48], derived[48], handshake[48], want[48], room[48], nothing[48];
	struct ms_span shared =
		hex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d", room,
		    sizeof(room));

	ms_tls_extract(32, ms_span_of(zeros, 32), ms_span_of(zeros, 32), early);
	assert_span_equal(ms_span_of(early, 32),
			  hex("33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a",
			      want, sizeof(want)));
	ms_hash(MS_HASH_SHA256, NULL, 0, nothing);
	ms_tls_expand_label(32, ms_span_of(early, 32), MS_SPAN_LIT("tls13 "),
			    MS_SPAN_LIT("derived"), ms_span_of(nothing, 32), derived, 32);
	assert_span_equal(ms_span_of(derived, 32),
			  hex("6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba",
			      want, sizeof(want)));
	ms_tls_extract(32, ms_span_of(derived, 32), shared, handshake);
	assert_span_equal(ms_span_of(handshake, 32),
			  hex("1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac",
			      want, sizeof(want)));
}

/* ---- points ---- */

static EVP_PKEY *point(const char *group, struct ms_span encoded)
{
	EVP_PKEY *own = EVP_PKEY_Q_keygen(ms_tls_library(), NULL, "EC", group),
		 *peer = EVP_PKEY_new();
	int ok;

	assert_non_null(own);
	assert_int_equal(EVP_PKEY_copy_parameters(peer, own), 1);
	ok = EVP_PKEY_set1_encoded_public_key(peer, encoded.p, encoded.len);
	EVP_PKEY_free(own);
	if (ok == 1)
		return peer;
	EVP_PKEY_free(peer);
	return NULL;
}

/* As libssl takes a client's share: decoded, then checked for the exchange. */
static bool is_taken(const char *group, struct ms_span encoded)
{
	EVP_PKEY *own = EVP_PKEY_Q_keygen(ms_tls_library(), NULL, "EC", group);
	EVP_PKEY *peer = point(group, encoded);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(ms_tls_library(), own, NULL);
	bool taken;

	assert_int_equal(EVP_PKEY_derive_init(c), 1);
	taken = peer && EVP_PKEY_derive_set_peer(c, peer) == 1;
	EVP_PKEY_CTX_free(c);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(own);
	return taken;
}

/* The quick check of a peer's point leaves out nothing: every wrong one is refused. */
static void test_points(void **state MS_UNUSED)
{
	static const char *const groups[] = { "P-256", "P-384" };

	for (size_t i = 0; i < MS_ARRAY_SIZE(groups); i++) {
		EVP_PKEY *key = EVP_PKEY_Q_keygen(ms_tls_library(), NULL, "EC", groups[i]);
		unsigned char *good = NULL;
		size_t n = EVP_PKEY_get1_encoded_public_key(key, &good);

		assert_true(n > 0 && is_taken(groups[i], ms_span_of(good, n)));
		assert_false(is_taken(groups[i], ms_span_of("", 1))); /* at infinity */
		assert_false(is_taken(groups[i], ms_span_of(good, n - 1)));
		good[n - 1] ^= 1; /* not on the curve */
		assert_false(is_taken(groups[i], ms_span_of(good, n)));
		memset(good + 1, 0xff, n - 1); /* coordinates beyond the field */
		assert_false(is_taken(groups[i], ms_span_of(good, n)));
		OPENSSL_free(good);
		EVP_PKEY_free(key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls_12),         cmocka_unit_test(test_tls_13_expand),
		cmocka_unit_test(test_tls_13_extract), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_rfc_8448),       cmocka_unit_test(test_points),
	};

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 11 + 3);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
