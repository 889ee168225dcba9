/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed messages between roles over a socket pair. Many messages travel in one write and one read:
 * what the handlers of one round of the loop send goes out together.
 *
 * On the wire (host order: both ends are the same executable): length of the body (4 octets), type
 * (2), zero (2), id (8), body. The peer is our own program: a message that is too short or too long
 * for what its type says is our bug or a break-in, and ends the process.
 */
#ifndef MS_PRIV_CHAN_H
#define MS_PRIV_CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/reader.h"
#include "core/span.h"

/** Longest body of one message, octets. */
#define MS_CHAN_BODY_MAX (1024 * 1024)

struct ms_chan; /* owned by who made it */

/** A received message: valid until the handler returns. */
struct ms_msg {
	uint16_t type; /* number from the program's own list */
	uint64_t id;   /* which request, chosen by the sender; 0 if none */
	struct ms_reader body;
};

struct ms_chan_handlers {
	/** One message. Take every field with ms_msg_...() and finish with ms_msg_end(). */
	void (*message)(struct ms_chan *c, struct ms_msg *m, void *arg);
	/** The other end is gone: 0 or negative errno. Call ms_chan_free() here or later. */
	void (*closed)(struct ms_chan *c, int err, void *arg);
	/** The queue is empty again after ms_chan_end() said -ENOBUFS. May be NULL. */
	void (*drained)(struct ms_chan *c, void *arg);
};

/**
 * A channel over `fd` (owned from now, also on error). `queue_max`: most octets queued for sending;
 * 0: 8 MiB. `secret`: buffers are wiped when freed. `handlers` borrowed. Returns 0 or negative errno.
 */
MS_MUST_CHECK int ms_chan_new(int fd, size_t queue_max, bool secret,
			      const struct ms_chan_handlers *handlers, void *arg,
			      struct ms_chan **ret_c);

/** Closes; nothing more is sent. NULL is fine. Allowed in its handlers. Returns NULL. */
struct ms_chan *ms_chan_free(struct ms_chan *c);

/* ---- sending: begin, put with ms_buf_put_...(), end ---- */

/** The channel's output buffer, borrowed, with the message's header written. */
struct ms_buf *ms_chan_begin(struct ms_chan *c, uint16_t type, uint64_t id);

/**
 * Finishes the message begun. Returns 0 (it goes out at the end of this round), or: -ENOBUFS (queue
 * full), -EMSGSIZE (body over MS_CHAN_BODY_MAX), -ENOMEM, -EPIPE (other end gone); the message is
 * then taken back whole.
 */
MS_MUST_CHECK int ms_chan_end(struct ms_chan *c);

/** Drops the message begun. */
void ms_chan_abandon(struct ms_chan *c);

/** Message with a body that is there already. As ms_chan_begin() .. ms_chan_end(). */
MS_MUST_CHECK int ms_chan_send(struct ms_chan *c, uint16_t type, uint64_t id, struct ms_span body);

/** Octets waiting to be sent. */
size_t ms_chan_queued(const struct ms_chan *c);

/** Writes what is queued now, waiting if need be at most `limit_ms`; before an exit. 0 or errno. */
int ms_chan_flush(struct ms_chan *c, int limit_ms);

/* ---- taking: a field that is not there ends the process ---- */

uint8_t ms_msg_u8(struct ms_msg *m);
uint16_t ms_msg_u16(struct ms_msg *m);
uint32_t ms_msg_u32(struct ms_msg *m);
uint64_t ms_msg_u64(struct ms_msg *m);

/** As ms_buf_put_lv16() wrote it; borrowed from the message. */
struct ms_span ms_msg_lv16(struct ms_msg *m);

/** As ms_chan_put_lv32() wrote it; borrowed from the message. */
struct ms_span ms_msg_lv32(struct ms_msg *m);

/** All that is left; borrowed from the message. */
struct ms_span ms_msg_rest(struct ms_msg *m);

/** Octets left over end the process. */
void ms_msg_end(const struct ms_msg *m);

/** Four length octets and the span. */
void ms_chan_put_lv32(struct ms_buf *b, struct ms_span s);

#endif
