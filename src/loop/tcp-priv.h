/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a connection, shared by its making (tcp.c) and its traffic (tcp-io.c). */
#ifndef MS_LOOP_TCP_PRIV_H
#define MS_LOOP_TCP_PRIV_H

#include "core/buf.h"
#include "loop/loop.h"
#include "loop/tcp.h"

enum ms_tcp_state {
	MS_TCP_CONNECTING,
	MS_TCP_OPEN,
	MS_TCP_FINISHING, /* nobody listens any more; what is queued still goes out */
	MS_TCP_OVER,      /* `closed` was told */
};

struct ms_tcp {
	enum ms_tcp_state state;
	int fd;
	struct ms_watch watch;
	const struct ms_tcp_handlers *handlers; /* borrowed */
	void *arg;
	struct ms_buf out;
	size_t sent; /* octets at the front of `out` that the kernel has */
	bool corked, paused;
	bool waiting;        /* `drained` is owed */
	bool eof_read;       /* the peer sends no more */
	bool shut, was_shut; /* our end is to be sent; was sent */
	int broken;          /* an error found while sending, told from `tell` */
	struct ms_defer tell;
	struct ms_timer timer; /* connect, idle or finish limit */
	ms_usec idle_limit, active;
	struct ms_addr peer;
	bool busy, dead; /* in `drained`; closed there */
};

/** How many connections are MS_TCP_FINISHING. */
extern unsigned ms_tcp_finishing;

/** Frees at once, or after `drained` if that is what is running. */
void ms_tcp_release(struct ms_tcp *c);

/** The end: tells the owner, who frees it; frees it if nobody owns it any more. */
void ms_tcp_over(struct ms_tcp *c, int err);

/** Asks the loop for what can be used now. */
void ms_tcp_update_watch(struct ms_tcp *c);

/** Writes what the kernel takes of the queue. */
void ms_tcp_flush(struct ms_tcp *c);

/** Handlers for watch, timer and the deferred call. */
void ms_tcp_ready(unsigned events, void *arg);
void ms_tcp_time_due(void *arg);
void ms_tcp_tell_due(void *arg);

#endif
