/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the binary codec: identifiers.
 *
 * The module of annex A has automatic tags: field n of a SEQUENCE or CHOICE has context tag n, a
 * CHOICE within another type is wrapped in the tag of its field, elements of a SEQUENCE OF have the
 * universal tag of their type (X.680 sections 24.7, 28.5, 30.6).
 */
#ifndef MS_H248_BINARY_PRIV_H
#define MS_H248_BINARY_PRIV_H

#include <errno.h>

#include "h248/binary.h"

/* Identifier octets: field n, primitive and constructed; universal types. */
#define P(n) (0x80u | (n))
#define C(n) (0xa0u | (n))
enum {
	U_BOOLEAN = 0x01,
	U_INTEGER = 0x02,
	U_OCTETS = 0x04,
	U_UTF8 = 0x0c,
	U_IA5 = 0x16,
	U_SEQUENCE = 0x30
};

#endif
