/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A coding for tests of the transaction layer: it carries what that layer looks at and one context
 * number a transaction, in a few octets that any input decodes from or not.
 */
#ifndef MS_TEST_PLAIN_CODEC_H
#define MS_TEST_PLAIN_CODEC_H

#include "h248/codec.h"

extern const struct ms_h248_codec plain_codec;

#endif
