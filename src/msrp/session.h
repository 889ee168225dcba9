/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MSRP engine of an endpoint (RFC 4975): octets and a clock value in; octets, calls of handlers
 * and the next deadline out.
 *
 * A connection (struct ms_msrp_conn) is one TCP or TLS stream. It carries one or several sessions
 * (struct ms_msrp_session). The owner of the socket does four things:
 *
 *   - octets arrived:      ms_msrp_conn_input(), until it takes no more; what it did not take is
 *                          given again after some output has been fetched (back-pressure)
 *   - the socket can take: ms_msrp_conn_output() into the send buffer, until it returns 0
 *   - time passed:         ms_msrp_conn_tick() at ms_msrp_conn_deadline()
 *   - the stream ended:    ms_msrp_conn_lost()
 *
 * After any call, and after ms_msrp_send() and the like, ms_msrp_conn_wants_output() tells whether
 * to fetch output. Nothing is written ahead: octets of a message are read from its source when there
 * is room for them, so neither side holds more than one piece of a file in memory.
 *
 * Handlers may send, abort and close messages and sessions, of this and other connections. They must
 * not free a connection or session, nor call input, output, tick or lost of the connection they were
 * called from. Every message that was begun or queued ends with exactly one call of end() or done().
 */
#ifndef MS_MSRP_SESSION_H
#define MS_MSRP_SESSION_H

#include "core/random.h"
#include "core/time.h"
#include "msrp/head.h"

struct ms_msrp_conn;
struct ms_msrp_session;
struct ms_msrp_out; /* a message being sent */
struct ms_msrp_in;  /* a message being received */

/*
 * Limits of a session: each is a configuration key in a program. Times in microseconds, sizes in
 * octets.
 */
struct ms_msrp_limits {
	unsigned incoming;     /* messages being received at a time in a session */
	unsigned outgoing;     /* messages queued or awaiting reports in a session */
	unsigned ranges;       /* gaps + 1 in one message received out of order */
	size_t collect;        /* a message gathered in memory for ms_msrp_handlers.message */
	size_t chunk;          /* largest body of one chunk; 0: no limit, the chunk is interrupted
				  * when something else wants to be sent. 2048 suits old relays */
	size_t share;          /* what each of several big messages sends in turn, at least 2048 */
	ms_usec transaction;   /* wait for a response: 30 s, RFC 4975 section 7.1.1 */
	ms_usec incoming_idle; /* a message of which no octet came for so long is dropped */
	ms_usec report; /* wait for success reports after the last octet; MS_NEVER: for ever */
};

extern const struct ms_msrp_limits ms_msrp_limits_default;

/** Octets of a message, read when there is room for them. */
struct ms_msrp_source {
	/**
	 * Puts up to `size` (> 0) octets from `offset` (0 is the first octet of the message) into dst
	 * and their number into *ret_n. Returns 0; *ret_n 0 means the end of the message. -EAGAIN:
	 * none at hand, ms_msrp_out_wake() will be called when there are. Other negative errno: the
	 * message is aborted. The last octets may be asked for a second time.
	 */
	int (*read)(void *arg, uint64_t offset, uint8_t *dst, size_t size, size_t *ret_n);
	void *arg; /* borrowed until the message is done */
};

/** How a message that was sent ended. */
enum ms_msrp_outcome {
	MS_MSRP_SENT,        /* all was sent and nothing more will be heard (Failure-Report no or
			      * partial, Success-Report no) */
	MS_MSRP_ACCEPTED,    /* each chunk was answered with 200 */
	MS_MSRP_REPORTED,    /* success reports cover all octets */
	MS_MSRP_REFUSED,     /* an error response or failure report: see the code */
	MS_MSRP_TIMED_OUT,   /* no response in time, or 408 (RFC 4975 section 10.4) */
	MS_MSRP_ABORTED,     /* by ms_msrp_out_abort() or the source */
	MS_MSRP_UNCONFIRMED, /* the session ended, or no report came, before the outcome was known */
};

/** How a message that was being received ended. */
enum ms_msrp_in_end {
	MS_MSRP_IN_COMPLETE,
	MS_MSRP_IN_ABORTED, /* by the sender, with '#' */
	MS_MSRP_IN_STOPPED, /* by us: a handler's or the engine's status code was sent */
	MS_MSRP_IN_IDLE,    /* nothing came for too long */
	MS_MSRP_IN_LOST,    /* the session or connection ended */
};

/** What the application learns. Any handler may be NULL. `arg` is that of the session. */
struct ms_msrp_handlers {
	/**
	 * The first chunk of a new message arrives. Return 0 to receive it through data(), 1 to have
	 * it gathered in memory for message() (the default if begin is NULL), or a status code to
	 * refuse it (403, 413, 415 ...).
	 */
	int (*begin)(void *arg, struct ms_msrp_in *in);

	/**
	 * Octets of the message from `offset` on (0 is the first octet); chunks may come in any order
	 * and overlap, the later ones win. Return 0 or a status code to stop the message.
	 */
	int (*data)(void *arg, struct ms_msrp_in *in, uint64_t offset, struct ms_span octets);

	/** A whole gathered message. Return 0, or a status code for a failure report. */
	int (*message)(void *arg, struct ms_msrp_in *in, struct ms_span body);

	/**
	 * A message begun with 0 has ended; `in` is invalid afterwards. For MS_MSRP_IN_COMPLETE return
	 * 0, or a status code to have a failure report sent instead of a success report.
	 */
	int (*end)(void *arg, struct ms_msrp_in *in, enum ms_msrp_in_end how);

	/** A message came a second time, complete; it was acknowledged and not delivered again. */
	void (*duplicate)(void *arg, struct ms_span message_id);

	/** A success report covers octets first..last (counting from 1) of a message sent. */
	void (*reported)(void *arg, struct ms_msrp_out *out, uint64_t first, uint64_t last);

	/** The message sent has ended; `out` is invalid afterwards. `code` is a status code or 0. */
	void (*done)(void *arg, struct ms_msrp_out *out, enum ms_msrp_outcome outcome, int code);

	/** The session is bound to its connection: the peer's first request or response came. */
	void (*bound)(void *arg);

	/**
	 * The session must be considered as failed (RFC 4975 sections 5.4, 7.3.2 and 10): `code` is
	 * 481, 506 or that of a failure report; 0 if the connection was lost. Nothing more is sent on
	 * it.
	 */
	void (*failed)(void *arg, int code);
};

/** The message identifiers last received, to recognise duplicates, also across sessions. */
struct ms_msrp_history;

/** Remembers the last `max` messages. -ENOMEM. Owned by the caller. */
MS_MUST_CHECK int ms_msrp_history_new(unsigned max, struct ms_msrp_history **ret_h);
struct ms_msrp_history *ms_msrp_history_free(struct ms_msrp_history *h);

struct ms_msrp_session_params {
	struct ms_span local_uri; /* our own URI in this session: From-Path of what we send */
	struct ms_span
		remote_path;      /* To-Path of what we send: our relays' Use-Path, then the peer's
				     * a=path, separated by spaces */
	bool active;              /* we send the first SEND (RFC 4975 section 5.4, RFC 6135) */
	enum ms_msrp_match match; /* how the To-Path of requests is matched with local_uri */
	struct ms_span accept_types, accept_wrapped_types; /* ours; accept_types empty: "*" */
	struct ms_span peer_accept_types, peer_accept_wrapped_types; /* likewise */
	uint64_t max_size;      /* ours, octets of a message; MS_MSRP_UNKNOWN: none */
	uint64_t peer_max_size; /* the peer's; MS_MSRP_UNKNOWN: none */
	struct ms_msrp_limits limits;
	struct ms_msrp_history *history; /* borrowed, outlives the session; NULL: one of its own */
	struct ms_msrp_handlers handlers;
	void *arg; /* for the handlers, borrowed */
};

/** Defaults: accept everything, no maximum sizes, default limits. */
void ms_msrp_session_params_init(struct ms_msrp_session_params *p);

/**
 * A session, on no connection yet. All of *params is copied. -EINVAL (malformed URI, path or types),
 * -ENOMEM. Owned by the caller.
 */
MS_MUST_CHECK int ms_msrp_session_new(const struct ms_msrp_session_params *params,
				      const struct ms_random *random,
				      struct ms_msrp_session **ret_s);

/**
 * Detaches (its messages end as unconfirmed or lost, without handlers being called for the session
 * itself) and frees. NULL is fine. Returns NULL. Not from a handler.
 */
struct ms_msrp_session *ms_msrp_session_free(struct ms_msrp_session *s);

/** The connection the session is on, or NULL. */
struct ms_msrp_conn *ms_msrp_session_conn(const struct ms_msrp_session *s);

/** True once the peer's first request or response came and until the session failed. */
bool ms_msrp_session_is_bound(const struct ms_msrp_session *s);

struct ms_msrp_conn_params {
	struct ms_msrp_head_limits
		head;          /* what a request or response may have; all 0: the defaults */
	unsigned transactions; /* requests awaiting a response, at most 1024; 0: the default */
	size_t control; /* octets of responses and reports waiting for output, beyond which no
				* further request is taken; 0: the default */
	/**
	 * For a passive connection: which session does this URI name? Called when a request names
	 * none of the sessions on the connection. NULL: there is none (481). A session that is on
	 * another connection is answered with 506. May be NULL.
	 */
	struct ms_msrp_session *(*find)(void *arg, const struct ms_msrp_uri *to);
	void *arg;
};

extern const struct ms_msrp_conn_params ms_msrp_conn_params_default;

/** An engine for one stream. `params` NULL: defaults. -ENOMEM. Owned by the caller. */
MS_MUST_CHECK int ms_msrp_conn_new(const struct ms_msrp_conn_params *params,
				   const struct ms_random *random, struct ms_msrp_conn **ret_c);

/** Detaches all sessions as ms_msrp_conn_lost() does and frees. NULL is fine. Returns NULL. */
struct ms_msrp_conn *ms_msrp_conn_free(struct ms_msrp_conn *c);

/**
 * Puts the session on the connection: an active one will send; a passive one that shall be found by
 * the peer's first request. -EBUSY if it is on one already.
 */
MS_MUST_CHECK int ms_msrp_conn_attach(struct ms_msrp_conn *c, struct ms_msrp_session *s);

/** Takes the session off; its messages end. The connection and other sessions stay. */
void ms_msrp_session_detach(struct ms_msrp_session *s);

/**
 * Octets from the stream. Returns 0 and in *ret_used how many were taken (fewer than given if
 * responses wait for output: give the rest later), or -EBADMSG (the stream makes no sense: close it;
 * ms_msrp_conn_fault() says why), -ENOMEM.
 */
MS_MUST_CHECK int ms_msrp_conn_input(struct ms_msrp_conn *c, struct ms_span octets, ms_usec now,
				     size_t *ret_used);

/** Up to `size` octets for the stream into dst; returns how many, 0 if there is nothing to send. */
MS_MUST_CHECK size_t ms_msrp_conn_output(struct ms_msrp_conn *c, uint8_t *dst, size_t size,
					 ms_usec now);

/** True if ms_msrp_conn_output() would probably give octets. */
bool ms_msrp_conn_wants_output(const struct ms_msrp_conn *c);

/** When to call ms_msrp_conn_tick(), or MS_NEVER. */
ms_usec ms_msrp_conn_deadline(const struct ms_msrp_conn *c);
void ms_msrp_conn_tick(struct ms_msrp_conn *c, ms_usec now);

/** The stream has ended: all sessions fail with code 0 and are detached. */
void ms_msrp_conn_lost(struct ms_msrp_conn *c);

/**
 * 0, or the error after which the connection is of no use: what input() returned, or -ENOMEM or a
 * failing random generator met by output() or tick(). Close the stream then.
 */
MS_MUST_CHECK int ms_msrp_conn_status(const struct ms_msrp_conn *c);

/** Why input was refused. */
struct ms_fault ms_msrp_conn_fault(const struct ms_msrp_conn *c);

/** What went through a connection. */
struct ms_msrp_counters {
	uint64_t requests_in, responses_in, reports_in, octets_in;
	uint64_t requests_out, responses_out, reports_out, octets_out;
	uint64_t refused;     /* requests answered with an error, or that would have been */
	uint64_t unmatched;   /* responses and reports that fit nothing */
	uint64_t timeouts;    /* requests without a response in time */
	uint64_t interrupted; /* chunks cut to let something else pass */
};
const struct ms_msrp_counters *ms_msrp_conn_counters(const struct ms_msrp_conn *c);

/* Sending */

struct ms_msrp_send {
	struct ms_span content_type; /* of the whole message */
	struct ms_span wrapped_type; /* what a container holds, to be checked; may be empty */
	struct ms_span content_disposition; /* may be empty */
	struct ms_span message_id;          /* an ident; empty: a new one is made */
	struct ms_span body;                /* copied; used if source.read is NULL */
	struct ms_msrp_source source;
	uint64_t total; /* of the source, octets, or MS_MSRP_UNKNOWN; ignored with body */
	uint64_t from;  /* octets not to send: continues a message begun in an earlier session */
	bool success_report;
	enum ms_msrp_failure_report failure_report;
	void *user; /* for ms_msrp_out_user() */
};

/**
 * Queues a message. -EINVAL (malformed type, disposition or identifier), -EPROTONOSUPPORT (the peer
 * does not accept the type, or answered 415 to it before), -EMSGSIZE (over the peer's max-size),
 * -ENOBUFS (limits.outgoing messages are queued already), -ENOTCONN (the session failed), -ENOMEM.
 * May be called before the session is attached. `ret_out` may be NULL; what it gives is owned by the
 * session and valid until done() was called for it.
 */
MS_MUST_CHECK int ms_msrp_send(struct ms_msrp_session *s, const struct ms_msrp_send *m,
			       struct ms_msrp_out **ret_out);

/** Sends a SEND without a body, to keep address translators awake (RFC 4975 section 7.1). */
void ms_msrp_session_keepalive(struct ms_msrp_session *s);

/** No further octets of the message; the peer is told with '#'. done() follows (perhaps at once). */
void ms_msrp_out_abort(struct ms_msrp_out *out);

/** The source has octets again. */
void ms_msrp_out_wake(struct ms_msrp_out *out);

void *ms_msrp_out_user(const struct ms_msrp_out *out);

/** Octets handed to the stream so far, counted from the start of the message. */
uint64_t ms_msrp_out_sent(const struct ms_msrp_out *out);

/* Receiving: what is known of a message in the handlers. Spans are borrowed, valid like `in`. */

struct ms_span ms_msrp_in_content_type(const struct ms_msrp_in *in);
/** Of the whole message, or MS_MSRP_UNKNOWN while it is. */
uint64_t ms_msrp_in_total(const struct ms_msrp_in *in);

/**
 * Stops receiving with `code` (413 if the user cancels). The response goes out at once; end() is
 * called with MS_MSRP_IN_STOPPED, from here. Not from begin() or data() of the same message, which
 * return the code instead.
 */
void ms_msrp_in_stop(struct ms_msrp_in *in, int code);

#endif
