/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "a=key-mgmt" (RFC 4567): where it stands, whose it is, which crypto sessions it keys. The data is
 * opaque here; the caller decodes its base64 and hands it to the protocol.
 */
#ifndef MS_SDP_KEYMGMT_H
#define MS_SDP_KEYMGMT_H

#include "core/buf.h"
#include "sdp/sdp.h"

enum ms_sdp_level { MS_SDP_LEVEL_NONE, MS_SDP_LEVEL_SESSION, MS_SDP_LEVEL_MEDIA };

/**
 * Finds the data of `protocol` (e.g. "mikey") that is in force for the line `media` (index), or for
 * the session if media is SIZE_MAX. A line with any key-mgmt attribute of its own is governed by its
 * own only (RFC 4567 section 3.1). Returns the level with the base64 text in *ret_data, or
 * MS_SDP_LEVEL_NONE.
 */
MS_MUST_CHECK enum ms_sdp_level ms_sdp_keymgmt_find(const struct ms_sdp *sdp, size_t media,
						    const char *protocol, struct ms_span *ret_data);

/**
 * Appends the identifiers of all key management protocols of one level, in their order, separated by
 * ';' (RFC 4567 section 4.1.4): what a General Extension "SDP IDs" must say, against bidding down.
 * `media` as above; with MS_SDP_LEVEL_NONE in force nothing is appended. Returns the level.
 */
enum ms_sdp_level ms_sdp_keymgmt_ids(const struct ms_sdp *sdp, size_t media, struct ms_buf *ids);

/** The crypto sessions of one m= line. */
struct ms_sdp_crypto_session {
	size_t media; /* index of the m= line */
	enum ms_sdp_proto kind;
	uint8_t first_id; /* CS ID of the first */
	uint8_t count;    /* SRTP two (RFC 4567 section 7.1), TLS one */
};

/**
 * Numbers the crypto sessions that one key management message covers: for media == SIZE_MAX the
 * session-level message, that is all lines that use SRTP or TLS and have no key-mgmt of their own, in
 * order; else only that line. Lines with port 0 are counted too, so that offer and answer number
 * alike. At most `max` entries are written; their number goes to *ret_n. Returns 0, -ENOSPC (more
 * than `max`) or -ERANGE (a CS ID over 255).
 */
MS_MUST_CHECK int ms_sdp_crypto_sessions(const struct ms_sdp *sdp, size_t media,
					 struct ms_sdp_crypto_session *list, size_t max,
					 size_t *ret_n);

#endif
