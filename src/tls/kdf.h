/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key derivation of handshakes for libssl: "TLS1-PRF" and "TLS13-KDF" of the provider in library.c. libcrypto's
 * own look up, key and copy an HMAC object by name for each of the 4 to 15 derivations of a handshake,
 * which takes several times as long as the hashing.
 */
#ifndef MS_TLS_KDF_H
#define MS_TLS_KDF_H

#include <openssl/core.h>

/** An algorithm of ours by its name; NULL: none. */
const OSSL_DISPATCH *ms_tls_kdf(const char *name);

#endif
