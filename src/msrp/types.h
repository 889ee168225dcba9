/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Media types as negotiated in a=accept-types and a=accept-wrapped-types (RFC 4975 section 8.6).
 * Lists are kept as the attribute's value: format entries separated by spaces.
 */
#ifndef MS_MSRP_TYPES_H
#define MS_MSRP_TYPES_H

#include <stdbool.h>

#include "core/span.h"

/**
 * True if `list` admits the media type `type` ("text/plain; charset=UTF-8"): by an entry of the same
 * type, by "type/" "*", or by "*". Parameters are not looked at; case does not matter. A malformed
 * type is never admitted.
 */
bool ms_msrp_types_admit(struct ms_span list, struct ms_span type);

/** True if `list` follows the grammar format-list and has at least one entry. */
bool ms_msrp_types_valid(struct ms_span list);

/** True if `type` is type "/" subtype with optional parameters. */
bool ms_msrp_type_valid(struct ms_span type);

/** "type/subtype" without parameters; empty if malformed. */
struct ms_span ms_msrp_type_essence(struct ms_span type);

#endif
