/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing session descriptions (RFC 8866). Values are checked: a CR, LF or NUL inside makes the
 * buffer fail with -EINVAL, so nothing can be smuggled in as a line of its own.
 */
#ifndef MS_SDP_BUILD_H
#define MS_SDP_BUILD_H

#include "core/buf.h"
#include "sdp/sdp.h"

/** What the lines up to the first m= say. */
struct ms_sdp_session_info {
	struct ms_span username; /* "-" if empty */
	uint64_t session_id;     /* e.g. an NTP time or random, below 2^62 */
	uint64_t version;        /* one more in each further offer or answer that differs */
	struct ms_sdp_address address;
	bool no_connection;  /* leave c= out of the session part */
	struct ms_span name; /* "-" if empty */
};

/** Writes v=, o=, s=, c= and t=0 0. */
void ms_sdp_put_session(struct ms_buf *b, const struct ms_sdp_session_info *info);

/** Writes "m=media port proto fmt". */
void ms_sdp_put_media(struct ms_buf *b, const char *media, uint16_t port, const char *proto,
		      const char *fmt);

/** Writes a c= line. */
void ms_sdp_put_connection(struct ms_buf *b, const struct ms_sdp_address *a);

/** Writes "a=name", or "a=name:value" if value.p is not NULL. */
void ms_sdp_put_attr(struct ms_buf *b, const char *name, struct ms_span value);

/** Writes "a=setup:..."; nothing for MS_SDP_SETUP_NONE. */
void ms_sdp_put_setup(struct ms_buf *b, enum ms_sdp_setup s);

/** Writes "a=sendonly" and the like; nothing for sendrecv, the default. */
void ms_sdp_put_direction(struct ms_buf *b, enum ms_sdp_direction d);

/** Writes the m= line of `m` again with another port, without its attributes. */
void ms_sdp_put_media_like(struct ms_buf *b, const struct ms_sdp_media *m, uint16_t port);

/** "a=key-mgmt:protocol data"; `raw` is written as base64. */
void ms_sdp_put_keymgmt(struct ms_buf *b, const char *protocol, struct ms_span raw);

#endif
