/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the text helpers that stays inside; no libre here, so that it can be fuzzed alone. */
#ifndef MS_SIP_TEXT_PRIV_H
#define MS_SIP_TEXT_PRIV_H

#include "core/span.h"

/** Offset of the comma that ends the first element of a header's list, or the length. */
size_t ms_sip_list_end(struct ms_span line);

#endif
