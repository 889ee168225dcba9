/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a session's media: connections that may become it, and the octets' way. */
#ifndef MS_UE_MEDIA_PRIV_H
#define MS_UE_MEDIA_PRIV_H

#include "core/buf.h"
#include "core/list.h"
#include "core/secret.h"
#include "loop/loop.h"
#include "loop/tcp.h"
#include "ue/media.h"

#define MS_UE_HELD_MAX (1 << 20) /* octets received and not taken yet */
#define MS_UE_PIECE 16384        /* octets of one TLS record's content */
#define MS_UE_CANDIDATES_MAX 4   /* connections that try to prove they have the key */

/** One TCP connection, with TLS if the session has it. */
struct ms_ue_stream {
	struct ms_list link; /* among the candidates */
	struct ms_ue_media *media;
	struct ms_tcp *tcp;     /* owned */
	struct ms_tls *tls;     /* owned; NULL in a plain session */
	struct ms_buf held;     /* received and not taken */
	struct ms_buf pending;  /* plain octets of the engine that TLS did not take */
	bool connected, chosen; /* chosen: it is the session's */
};

struct ms_ue_media {
	struct ms_ue_media_options o;
	struct ms_tcp_listener *listener; /* owned */
	struct ms_ue_media_start start;
	struct ms_secret psk;
	struct ms_list streams; /* candidates, and the chosen one */
	size_t n_streams;
	struct ms_ue_stream *chosen;
	bool running;               /* the engine is on the chosen stream */
	struct ms_timer timer;      /* the next deadline of TLS, MSRP or the connection */
	struct ms_timer pump;       /* goes on with a long transfer in the loop's next round */
	ms_usec deadline;           /* until it must be open; MS_NEVER afterwards */
	bool started, over, inside; /* inside: octets are on their way through the engine */
	int err;                    /* why it is over */
	const char *reason, *detail;
};

/** Octets out, as many as the connection takes. */
void ms_ue_stream_flush(struct ms_ue_stream *s);

/** Octets in: `data` through TLS to MSRP; what is not taken is held and reading pauses. */
void ms_ue_stream_input(struct ms_ue_stream *s, struct ms_span data);

/** Sets the timer to the next deadline. */
void ms_ue_media_rearm(struct ms_ue_media *m);

/** The stream has proved itself: it becomes the session's, the others go. */
void ms_ue_media_choose(struct ms_ue_stream *s);

/** The stream is of no use any more. If it was the chosen one, or ours, the media is over. */
void ms_ue_stream_fail(struct ms_ue_stream *s, int err, const char *reason);

#endif
