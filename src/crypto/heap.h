/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of libcrypto between handshakes. A TLS handshake makes and frees some hundred to two thousand
 * blocks of the same few sizes, which takes the general heap a tenth of the handshake's time. A process that shakes
 * hands all day keeps them at hand instead. What is secret libcrypto wipes before it frees.
 */
#ifndef MS_CRYPTO_HEAP_H
#define MS_CRYPTO_HEAP_H

#include <stddef.h>

#include "core/attr.h"

/**
 * From now on freed blocks of libcrypto and libssl are kept for their next ones, `most` octets of them
 * at any time; the rest goes back to the heap. For a process without threads, before anything else of
 * libcrypto; later calls change the limit. With a sanitizer nothing is kept, so that it sees each block.
 * 0, or -EBUSY if libcrypto has allocated from the heap already; then all stays as it was.
 */
MS_MUST_CHECK int ms_crypto_heap_keep(size_t most);

/** Octets that are kept now. */
size_t ms_crypto_heap_kept(void);

#endif
