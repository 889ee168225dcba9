/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stream sockets (TCP over IPv4 and IPv6, and UNIX) in the loop: listening, connecting, and a
 * connection with a bounded output queue, back-pressure and half-close.
 */
#ifndef MS_LOOP_TCP_H
#define MS_LOOP_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/attr.h"
#include "core/span.h"
#include "core/time.h"
#include "loop/addr.h"

struct ms_tcp;          /* a connection, owned by who made it until ms_tcp_close() */
struct ms_tcp_listener; /* owned */

/* ---- listening ---- */

/** A new connection: `fd` is owned by the handler (give it to ms_tcp_attach() or close it). */
typedef void ms_tcp_accept_f(int fd, const struct ms_addr *peer, void *arg);

struct ms_tcp_listen_options {
	int backlog;         /* 0: 511 */
	mode_t unix_mode;    /* permissions of a UNIX socket; 0: 0600 */
	int accepts_at_once; /* most connections taken in one round; 0: 16 */
};

/**
 * Binds and listens, with address reuse; port 0 lets the kernel choose. A UNIX path with nobody
 * listening on it any more is replaced; a live one gives -EADDRINUSE. `options` may be NULL. When
 * descriptors run out, accepting pauses for 100 ms. Returns 0 or negative errno.
 */
MS_MUST_CHECK int ms_tcp_listen(const struct ms_addr *a,
				const struct ms_tcp_listen_options *options,
				ms_tcp_accept_f *handler, void *arg,
				struct ms_tcp_listener **ret_listener);

/** As ms_tcp_listen() over a socket that listens already (from the parent role); owned from now. */
MS_MUST_CHECK int ms_tcp_listen_fd(int fd, const struct ms_tcp_listen_options *options,
				   ms_tcp_accept_f *handler, void *arg,
				   struct ms_tcp_listener **ret_listener);

/** Makes the listening socket only, for handing to another role. Owned by the caller. */
MS_MUST_CHECK int ms_tcp_bind(const struct ms_addr *a, const struct ms_tcp_listen_options *options,
			      int *ret_fd);

/** The address really bound. */
const struct ms_addr *ms_tcp_listener_addr(const struct ms_tcp_listener *l);

/** Stops accepting for now; waiting peers stay in the kernel's queue. */
void ms_tcp_listener_pause(struct ms_tcp_listener *l, bool pause);

/** Closes (and unlinks a UNIX path this call bound). NULL is fine. Returns NULL. */
struct ms_tcp_listener *ms_tcp_listener_close(struct ms_tcp_listener *l);

/* ---- connections ---- */

/** Every member but `closed` may be NULL. No handler is called after ms_tcp_close(). */
struct ms_tcp_handlers {
	/** An outgoing connection stands. */
	void (*connected)(struct ms_tcp *c, void *arg);
	/** Octets arrived; borrowed until the handler returns. All of them must be taken. */
	void (*received)(struct ms_tcp *c, struct ms_span data, void *arg);
	/** The output queue is empty again after ms_tcp_send() had to queue something. */
	void (*drained)(struct ms_tcp *c, void *arg);
	/** The peer sends no more; ours may go on. NULL: the connection is closed with err 0. */
	void (*eof)(struct ms_tcp *c, void *arg);
	/**
	 * The connection is over: 0 (peer closed) or negative errno: -ETIMEDOUT (connect or idle
	 * limit), -ECONNREFUSED, -ECONNRESET, ... Call ms_tcp_close() to free it, here or later.
	 */
	void (*closed)(struct ms_tcp *c, int err, void *arg);
};

struct ms_tcp_options {
	size_t queue_max;      /* most octets queued for output; 0: 256 KiB */
	ms_usec connect_limit; /* 0: 10 s */
	ms_usec idle_limit;    /* closes with -ETIMEDOUT when nothing moved; 0: none */
	struct ms_addr bind;   /* source address of ms_tcp_connect(), if set */
	const char *name;      /* static, for the slow-handler report; NULL: "tcp" */
};

/**
 * Begins a connection. `connected` or `closed` tells how it went, never before this returns.
 * `options` may be NULL. Returns 0 or negative errno (no handler is called then).
 */
MS_MUST_CHECK int ms_tcp_connect(const struct ms_addr *to, const struct ms_tcp_options *options,
				 const struct ms_tcp_handlers *handlers, void *arg,
				 struct ms_tcp **ret_c);

/** A connection over a connected socket; `fd` is owned by it on success, closed on error. */
MS_MUST_CHECK int ms_tcp_attach(int fd, const struct ms_addr *peer,
				const struct ms_tcp_options *options,
				const struct ms_tcp_handlers *handlers, void *arg,
				struct ms_tcp **ret_c);

/**
 * Sends: writes what the kernel takes at once and queues the rest. All or nothing: -ENOBUFS if the
 * queue would pass its maximum (wait for `drained`), -ENOMEM, -EPIPE after ms_tcp_shutdown(),
 * -ENOTCONN before `connected` or after `closed`. A broken connection is told by `closed`, not here.
 */
MS_MUST_CHECK int ms_tcp_send(struct ms_tcp *c, struct ms_span data);

/** While corked, ms_tcp_send() only queues; uncorking writes everything in one go. */
void ms_tcp_cork(struct ms_tcp *c, bool cork);

/** Octets queued and not yet taken by the kernel. */
size_t ms_tcp_queued(const struct ms_tcp *c);

/** Octets ms_tcp_send() would accept now. */
size_t ms_tcp_room(const struct ms_tcp *c);

/** Stops reading (the peer is slowed down by TCP) or goes on. */
void ms_tcp_pause(struct ms_tcp *c, bool pause);

/** Sends the end of our direction once the queue is out. */
void ms_tcp_shutdown(struct ms_tcp *c);

/** New handlers, e.g. after a protocol switch. Borrowed for the connection's life. */
void ms_tcp_set_handlers(struct ms_tcp *c, const struct ms_tcp_handlers *handlers, void *arg);

/** Changes the idle limit; 0 takes it away. */
void ms_tcp_set_idle(struct ms_tcp *c, ms_usec limit);

const struct ms_addr *ms_tcp_peer(const struct ms_tcp *c);

/** The local address of the connection. Returns 0 or negative errno. */
MS_MUST_CHECK int ms_tcp_local(const struct ms_tcp *c, struct ms_addr *ret_addr);

/** Ends at once; what is queued is lost. Allowed in any handler. NULL is fine. Returns NULL. */
struct ms_tcp *ms_tcp_close(struct ms_tcp *c);

/** Connections let go of whose peers have not ended theirs yet. */
#define MS_TCP_FINISHING_MAX 1024

/**
 * Lets go: no handler is called any more, the queue is still written for at most `limit`, then the
 * connection closes and frees itself. Beyond MS_TCP_FINISHING_MAX it closes at once: nobody counts
 * these any more, so that peers could use up our descriptors by them. NULL is fine. Returns NULL.
 */
struct ms_tcp *ms_tcp_finish(struct ms_tcp *c, ms_usec limit);

#endif
