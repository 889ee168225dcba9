/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our provider lends the algorithms of the default provider that are named here, but derives keys itself and
 * checks points quickly.
 */
#include "tls/library.h"

#include <openssl/core_dispatch.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "core/attr.h"
#include "tls/kdf.h"

#define NAMES_MAX 20
#define FUNCTIONS_MAX 64 /* of an algorithm */

/* What TLS 1.2 and 1.3 have for suites that a configuration may name (suites.c). */
static const struct operation {
	int number;
	const char *property; /* those with this one alone; NULL: all */
	const char *names[NAMES_MAX];
} operations[] = {
	{ OSSL_OP_DIGEST,
	  NULL,
	  { "SHA1", "SHA2-224", "SHA2-256", "SHA2-384", "SHA2-512", "MD5", "MD5-SHA1" } },
	{ OSSL_OP_CIPHER,
	  NULL,
	  { "AES-128-GCM", "AES-256-GCM", "AES-128-CCM", "AES-256-CCM", "AES-128-CBC",
	    "AES-256-CBC", "AES-128-CBC-HMAC-SHA1", "AES-256-CBC-HMAC-SHA1",
	    "AES-128-CBC-HMAC-SHA256", "AES-256-CBC-HMAC-SHA256", "ChaCha20-Poly1305", "NULL" } },
	{ OSSL_OP_MAC, NULL, { "HMAC" } },
	{ OSSL_OP_KDF, NULL, { "TLS1-PRF", "HKDF", "TLS13-KDF" } },
	{ OSSL_OP_RAND, NULL, { "CTR-DRBG", "SEED-SRC" } },
	{ OSSL_OP_KEYMGMT,
	  NULL,
	  { "EC", "X25519", "ED25519", "ED448", "RSA", "RSA-PSS", "DH", "HMAC" } },
	{ OSSL_OP_KEYEXCH, NULL, { "ECDH", "X25519", "DH" } },
	{ OSSL_OP_SIGNATURE, NULL, { "ECDSA", "ED25519", "ED448", "RSA", "HMAC" } },
	{ OSSL_OP_ASYM_CIPHER, NULL, { "RSA" } },
	/* The keys in certificates; "DER" finds out whose key it is. */
	{ OSSL_OP_DECODER,
	  "input=der,structure=SubjectPublicKeyInfo",
	  { "DER", "EC", "ED25519", "ED448", "RSA", "RSA-PSS" } },
};

static struct {
	OSSL_LIB_CTX *context;
	OSSL_PROVIDER *lender, *ours;
	/* of each operation; the last one all-zero */
	OSSL_ALGORITHM lent[MS_ARRAY_SIZE(operations)][NAMES_MAX + 1];
} library;

/* ---- which ones ---- */

/* libcrypto's names are lists, the usual one first. */
static bool is_wanted(const struct operation *o, const OSSL_ALGORITHM *a)
{
	size_t len = strcspn(a->algorithm_names, ":");

	if (o->property && !strstr(a->property_definition, o->property))
		return false;
	for (size_t i = 0; i < NAMES_MAX && o->names[i]; i++)
		if (strlen(o->names[i]) == len &&
		    strncasecmp(o->names[i], a->algorithm_names, len) == 0)
			return true;
	return false;
}

/* ---- checking a peer's point ---- */

static OSSL_FUNC_keymgmt_validate_fn *validate_ec;

/*
 * The quick check: a point is on the curve and not at infinity. That is all there is to check on curves whose
 * order is prime, as P-256 and P-384 (SP 800-56A section 5.6.2.3.4, for ephemeral keys); the full one multiplies
 * by the order, which takes longer than the key exchange.
 */
static int validate_quickly(const void *key, int selection, int check MS_UNUSED)
{
	return validate_ec(key, selection, OSSL_KEYMGMT_VALIDATE_QUICK_CHECK);
}

/* libcrypto's functions for EC keys with that one in place of its own. */
static const OSSL_DISPATCH *quick_ec(const OSSL_DISPATCH *theirs)
{
	static OSSL_DISPATCH ours[FUNCTIONS_MAX];
	size_t n = 0;

	for (; theirs[n].function_id != 0; n++) {
		if (n + 1 == FUNCTIONS_MAX)
			return theirs;
		ours[n] = theirs[n];
		if (theirs[n].function_id == OSSL_FUNC_KEYMGMT_VALIDATE) {
			validate_ec = OSSL_FUNC_keymgmt_validate(&theirs[n]);
			ours[n].function = (void (*)(void))validate_quickly;
		}
	}
	return ours;
}

/* ---- what is lent ---- */

/* libcrypto's algorithm, or ours of that name. */
static OSSL_ALGORITHM ours_or(const struct operation *o, const OSSL_ALGORITHM *a)
{
	const OSSL_DISPATCH *ours = ms_tls_kdf(a->algorithm_names);
	OSSL_ALGORITHM found = *a;

	if (ours)
		found.implementation = ours;
	else if (o->number == OSSL_OP_KEYMGMT && strncmp(a->algorithm_names, "EC:", 3) == 0)
		found.implementation = quick_ec(a->implementation);
	return found;
}

static void choose(const struct operation *o, OSSL_ALGORITHM *to)
{
	int no_cache = 0;
	const OSSL_ALGORITHM *a =
		OSSL_PROVIDER_query_operation(library.lender, o->number, &no_cache);

	for (size_t n = 0; a && a->algorithm_names && n < NAMES_MAX; a++)
		if (is_wanted(o, a))
			to[n++] = ours_or(o, a);
}

/* ---- our provider ---- */

static const OSSL_ALGORITHM *query(void *context MS_UNUSED, int operation, int *no_cache)
{
	*no_cache = 0;
	for (size_t i = 0; i < MS_ARRAY_SIZE(operations); i++)
		if (operations[i].number == operation)
			return library.lent[i];
	return NULL;
}

/* What groups there are for key exchange. */
static int capabilities(void *context MS_UNUSED, const char *what, OSSL_CALLBACK *tell, void *arg)
{
	return OSSL_PROVIDER_get_capabilities(library.lender, what, tell, arg);
}

static const OSSL_DISPATCH functions[] = {
	{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query },
	{ OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))capabilities },
	{ 0, NULL },
};

static int begin(const OSSL_CORE_HANDLE *core MS_UNUSED, const OSSL_DISPATCH *in MS_UNUSED,
		 const OSSL_DISPATCH **ret_functions, void **ret_context)
{
	*ret_functions = functions;
	*ret_context = OSSL_PROVIDER_get0_provider_ctx(library.lender);
	return 1;
}

/* ---- making it ---- */

static bool make(void)
{
	uint8_t octet;

	library.lender = OSSL_PROVIDER_load(NULL, "default");
	if (!library.lender)
		return false;
	for (size_t i = 0; i < MS_ARRAY_SIZE(operations); i++)
		choose(&operations[i], library.lent[i]);
	library.context = OSSL_LIB_CTX_new();
	if (!library.context || !OSSL_PROVIDER_add_builtin(library.context, "mediasec", begin))
		return false;
	library.ours = OSSL_PROVIDER_load(library.context, "mediasec");
	/* Its random generator seeds itself now, before there is a sandbox. */
	return library.ours && RAND_bytes_ex(library.context, &octet, 1, 0) == 1;
}

static void unmake(void)
{
	if (library.ours)
		OSSL_PROVIDER_unload(library.ours);
	OSSL_LIB_CTX_free(library.context);
	if (library.lender)
		OSSL_PROVIDER_unload(library.lender);
	memset(&library, 0, sizeof(library));
}

OSSL_LIB_CTX *ms_tls_library(void)
{
	if (!library.context && !make()) {
		unmake();
		ERR_clear_error();
	}
	return library.context;
}
