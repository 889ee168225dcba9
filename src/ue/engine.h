/* SPDX-License-Identifier: Apache-2.0 */
/* What runs over the connection of a session's media: MSRP or BFCP. Octets and the time, no sockets. */
#ifndef MS_UE_ENGINE_H
#define MS_UE_ENGINE_H

#include <stddef.h>

#include "core/attr.h"
#include "core/span.h"
#include "core/time.h"
#include "msrp/session.h"

/** `arg` is the engine's own; none of these frees what owns it. */
struct ms_ue_engine {
	/** The connection stands. Negative errno. */
	int (*open)(void *arg);
	/** Plain octets came; *ret_used of them were taken. Negative errno with *ret_reason, static. */
	int (*input)(void *arg, struct ms_span octets, ms_usec now, size_t *ret_used,
		     const char **ret_reason);
	/** Up to `size` octets to be sent are put into `room`; returns how many. */
	size_t (*output)(void *arg, uint8_t *room, size_t size, ms_usec now);
	/** 0, or negative errno once nothing more will come out. */
	int (*status)(void *arg);
	ms_usec (*deadline)(void *arg);
	void (*tick)(void *arg, ms_usec now);
	/** The connection is gone. */
	void (*lost)(void *arg);
	/** The media goes; what `open` made is freed. */
	void (*close)(void *arg);
};

/** MSRP: one session on a connection of its own. */
struct ms_ue_msrp {
	struct ms_msrp_session *session; /* borrowed; outlives the media */
	struct ms_msrp_conn *conn;       /* owned, while the connection stands */
};
extern const struct ms_ue_engine ms_ue_msrp_engine; /* arg: struct ms_ue_msrp */

/** BFCP; arg: struct ms_bfcp_client, borrowed; outlives the media. */
extern const struct ms_ue_engine ms_ue_bfcp_engine;

#endif
