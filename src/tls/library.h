/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A libcrypto that knows no more than handshakes need. For the key in each certificate it is shown, libcrypto
 * 3.0 asks every decoder of its provider in turn whether it could read it, which takes longer than to
 * verify a signature. Here there are few to be asked: those of a public key in a certificate. Keys
 * are derived by functions of ours (kdf.h), and a peer's point is checked once, not twice.
 */
#ifndef MS_TLS_LIBRARY_H
#define MS_TLS_LIBRARY_H

#include <openssl/types.h>

/** For SSL_CTX_new_ex(); one for the process, never freed. NULL, OpenSSL's default, if it cannot be made. */
OSSL_LIB_CTX *ms_tls_library(void);

#endif
