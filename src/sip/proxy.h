/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stateful, dialog-transparent proxy (RFC 3261 section 16, RFC 6026): the SIP half of an IMS-ALG
 * (P-CSCF, TS 24.229 clause 5.2) and of an IBCF. Call-ID, tags and CSeq pass unchanged, so that whatever
 * goes on inside a dialog passes; what may change are headers and bodies, of requests and of responses.
 *
 *   request comes -> handlers.request -> ms_sip_exchange_forward() or ms_sip_exchange_reject()
 *   response comes -> handlers.response -> ms_sip_exchange_pass(), _absorb() or _replace()
 *   ... -> handlers.ended
 *
 * Each handler may answer at once or later: in between, responses of that exchange wait in order.
 * Repetitions, CANCEL, timers, ACK of refusals, Via, Max-Forwards, Record-Route, Path and Route are
 * the proxy's. An exchange has one target: this proxy does not fork, those behind it may.
 *
 * Two sides, each with its own addresses: the access side (of an IBCF: the other network) and the core
 * side. Host names are not resolved: a next hop that is no address literal gets the side's default.
 */
#ifndef MS_SIP_PROXY_H
#define MS_SIP_PROXY_H

#include "core/time.h"
#include "loop/addr.h"
#include "sip/packet.h"

struct ms_sip_proxy;    /* owned by who created it */
struct ms_sip_exchange; /* a request on its way, with its answers; the proxy's */

enum ms_sip_side { MS_SIP_ACCESS, MS_SIP_CORE };

/**
 * Where a message came from or goes to: a value. A stream is named by a number that is never used
 * again, so one that has gone is noticed, not mixed up.
 */
struct ms_sip_hop {
	enum ms_sip_side side;
	enum ms_sip_transport transport;
	struct ms_addr peer;
	uint64_t stream; /* 0: none (UDP), or any that leads to `peer` */
	uint16_t point;  /* index of the listening point */
};

/** "udp 192.0.2.1:5060", for logs. Returns dst. */
char *ms_sip_hop_print(const struct ms_sip_hop *h, char dst[static 160]);

/** A listening point. */
struct ms_sip_point {
	enum ms_sip_side side;
	enum ms_sip_transport transport;
	struct ms_addr address;
	const char *advertised; /* host in Via and Record-Route; NULL: the address itself */
};

#define MS_SIP_POINTS_MAX 32

struct ms_sip_proxy_limits {
	size_t exchanges; /* requests on their way; 20000 if 0; then 503 */
	size_t per_source; /* of them from one host; 2000 if 0; then 503. Inside dialogs twice both limits */
	size_t streams;      /* connections; 20000 if 0 */
	size_t streams_host; /* of them from one host; 1000 if 0 */
	size_t message;      /* octets of a message; 65536 if 0 */
	size_t queue;        /* octets that wait for one connection; 256 KiB if 0 */
	size_t udp;          /* longer requests go by TCP if they can; 1300 if 0 (section 18.1.1) */
	ms_usec idle;        /* a connection on which nothing comes is closed; 2 h if 0 */
	ms_usec first;       /* and on which nothing whole ever came; 30 s if 0 */
	ms_usec timer_c;     /* section 16.6 item 11; 185 s if 0 */
	ms_usec decision;    /* a handler that does not answer; then 408; 40 s if 0 */
};

/** Why it is over, in `response` with m NULL. */
enum ms_sip_failure {
	MS_SIP_NO_FAILURE,
	MS_SIP_FAILED_TIMEOUT,   /* timers B, F: 408 unless replaced */
	MS_SIP_FAILED_TRANSPORT, /* 503, which goes on as 500 (section 16.9) */
	MS_SIP_FAILED_FLOW, /* the connection of that user has gone: 430 (RFC 5626 section 11) */
};

struct ms_sip_proxy_handlers {
	/** A request other than CANCEL, checked. ACK of a 2xx comes here, too: it cannot be rejected. */
	void (*request)(struct ms_sip_exchange *x, void *arg);
	/** A response, or (m NULL) a failure before a final one. NULL handler: pass all. */
	void (*response)(struct ms_sip_exchange *x, const struct ms_sip_packet *m,
			 enum ms_sip_failure why, void *arg);
	/** The caller cancelled; the proxy does what is to be done. May be NULL. */
	void (*cancelled)(struct ms_sip_exchange *x, void *arg);
	/** x is freed after this: forget it. May be NULL. */
	void (*ended)(struct ms_sip_exchange *x, void *arg);
	/** A connection has gone: registrations over it cannot be reached. May be NULL. */
	void (*stream_lost)(const struct ms_sip_hop *hop, void *arg);
	/** Every message as it is on the wire, for traces. NULL: not called. */
	void (*trace)(bool sent, const struct ms_sip_hop *hop, const struct ms_addr *own,
		      struct ms_span message, void *arg);
};

struct ms_sip_proxy_tls {
	const char *cert_file; /* PEM: chain and key; needed for TLS points */
	const char *ca_file;   /* who signs the servers we connect to; NULL: no TLS outwards */
	const char *peer_name; /* name those servers must bear; NULL: no TLS outwards */
};

struct ms_sip_proxy_config {
	const struct ms_sip_point *points;
	size_t n_points;
	struct ms_sip_proxy_tls tls;
	struct ms_sip_proxy_limits limits;
	/* The access side has users, reached by the flow they came by (RFC 5626); else networks. */
	bool flows;
	struct ms_span token_key;   /* of the HMAC on flow tokens; empty: a random one */
	struct ms_addr next_hop[2]; /* by side: where names lead; unset: 478 */
	enum ms_sip_transport next_transport[2];
	struct ms_sip_proxy_handlers handlers;
	void *arg; /* borrowed */
};

/**
 * Opens the points. Strings are copied. `error` (may be NULL) gets a sentence for the operator on
 * failure. -EINVAL, -EADDRINUSE, -ENOENT (a certificate file), -ENOMEM ...
 */
MS_MUST_CHECK int ms_sip_proxy_new(const struct ms_sip_proxy_config *c, struct ms_buf *error,
				   struct ms_sip_proxy **ret_proxy);

/** Closes everything at once; `ended` is called for each exchange. NULL is fine. Returns NULL. */
struct ms_sip_proxy *ms_sip_proxy_free(struct ms_sip_proxy *p);

/**
 * Takes from `c` what can be changed: next hops, files of TLS (read again), times, and what one host may
 * have. The rest of it is not looked at. On failure all is as before, and `error` has a sentence.
 */
MS_MUST_CHECK int ms_sip_proxy_change(struct ms_sip_proxy *p, const struct ms_sip_proxy_config *c,
				      struct ms_buf *error);

/** Draining: new requests outside of dialogs get 503 with Retry-After, those inside go on. */
void ms_sip_proxy_drain(struct ms_sip_proxy *p, bool drain);

/* ---- an exchange ---- */

/** The request as it came. Borrowed. */
const struct ms_sip_packet *ms_sip_exchange_request(const struct ms_sip_exchange *x);

/** Where it came from. Borrowed. */
const struct ms_sip_hop *ms_sip_exchange_from(const struct ms_sip_exchange *x);

/**
 * Where it goes if nobody says otherwise (sections 16.4 to 16.6): the flow of the token in the last of
 * our own Route values, else what the next Route or the Request-URI names. false: nowhere known.
 */
MS_MUST_CHECK bool ms_sip_exchange_next(struct ms_sip_exchange *x, struct ms_sip_hop *ret_hop);

/** How many of the topmost Route values are ours. */
size_t ms_sip_exchange_own_routes(const struct ms_sip_exchange *x);

/** Where the request was sent to; all-zero before that. Borrowed. */
const struct ms_sip_hop *ms_sip_exchange_to(const struct ms_sip_exchange *x);

/** Room for the user. */
void ms_sip_exchange_set_user(struct ms_sip_exchange *x, void *user);
void *ms_sip_exchange_user(const struct ms_sip_exchange *x);

/** How a request goes on. Zero: as ms_sip_exchange_next() says, without a trace in the route. */
struct ms_sip_forward {
	const struct ms_sip_hop *hop; /* NULL: ms_sip_exchange_next() */
	struct ms_span uri;           /* another Request-URI; empty: as it is */
	bool record_route;            /* Record-Route for both sides (section 16.6 item 4) */
	bool path;                    /* Path with a token of where it came from (RFC 3327) */
	bool drop_routes;             /* all Route values go off, not only ours */
	struct ms_sip_change change;
};

/**
 * Sends the request on. 0, or negative errno and nothing happened: -ENETUNREACH (no next hop), -EINVAL
 * (a change cannot be written), -EALREADY (answered, or cancelled meanwhile), -ENOMEM. Failures to send
 * come by `response`.
 */
MS_MUST_CHECK int ms_sip_exchange_forward(struct ms_sip_exchange *x,
					  const struct ms_sip_forward *f);

/**
 * Answers the request: also a final 2xx (REGISTER of ours, OPTIONS). After forwarding, the request
 * behind is cancelled and what it brings absorbed. `reason` NULL: the standard phrase; `c` may be NULL.
 * For ACK: it is dropped. Failure to write counts and gives 500.
 */
void ms_sip_exchange_reject(struct ms_sip_exchange *x, unsigned status, const char *reason,
			    const struct ms_sip_change *c);

/** The response goes on to where the request came from. `c` may be NULL. */
void ms_sip_exchange_pass(struct ms_sip_exchange *x, const struct ms_sip_change *c);

/** It does not; only for provisional responses, and for 2xx whose dialog the user ends itself. */
void ms_sip_exchange_absorb(struct ms_sip_exchange *x);

/**
 * Another one goes in its place: status 101 to 699. In place of a provisional response a final one
 * ends the exchange, and CANCEL goes behind it.
 */
void ms_sip_exchange_replace(struct ms_sip_exchange *x, unsigned status,
			     const struct ms_sip_change *c);

/* ---- requests of our own ---- */

/** Told once: the final status (408, 503 also for failures), with m NULL if there was no answer. */
typedef void ms_sip_originated_f(unsigned status, const struct ms_sip_packet *m, void *arg);

struct ms_sip_origin {
	const char *method;
	struct ms_span uri;
	const struct ms_sip_hop *hop; /* NULL: by routes, else by uri, on `side` */
	enum ms_sip_side side;
	const struct ms_span *routes; /* Route values with <>, the next first */
	size_t n_routes;
	struct ms_span from, to; /* header values with their tags */
	struct ms_span call_id;  /* empty: a new one */
	uint32_t cseq;
	unsigned max_forwards;        /* 0: 70 */
	struct ms_sip_change content; /* more headers, body */
	ms_sip_originated_f *done;    /* NULL: nobody cares */
	void *arg;
};

/**
 * Sends a request of the proxy's own: BYE of the session release (TS 24.229 clause 5.2.8), ACK before
 * it, OPTIONS to see whether the next hop lives. -ENETUNREACH, -EINVAL, -ENOSPC, -ENOMEM.
 */
MS_MUST_CHECK int ms_sip_proxy_originate(struct ms_sip_proxy *p, const struct ms_sip_origin *o);

/** The hop a SIP or SIPS URI names when it is reached from that side; false: none. */
MS_MUST_CHECK bool ms_sip_proxy_hop_of(const struct ms_sip_proxy *p, enum ms_sip_side side,
				       struct ms_span uri, struct ms_sip_hop *ret_hop);

/** Is a host (and port; 0: any) one of our points, as it would stand in a URI or Via? */
bool ms_sip_proxy_is_own(const struct ms_sip_proxy *p, struct ms_span host, uint16_t port);

/** Is the stream of that hop still there? UDP: always. */
bool ms_sip_proxy_alive(const struct ms_sip_proxy *p, const struct ms_sip_hop *hop);

/* ---- counters ---- */

enum ms_sip_proxy_counter {
	MS_SIP_PROXY_RECEIVED,      /* messages */
	MS_SIP_PROXY_SENT,          /* messages */
	MS_SIP_PROXY_MALFORMED,     /* answered 400 or dropped */
	MS_SIP_PROXY_REQUESTS,      /* handed to the program */
	MS_SIP_PROXY_REPETITIONS,   /* requests and responses that had come before */
	MS_SIP_PROXY_STRAY,         /* responses and CANCELs of nothing */
	MS_SIP_PROXY_LOOPS,         /* 482, 483 */
	MS_SIP_PROXY_REFUSED_LIMIT, /* 503 for a limit */
	MS_SIP_PROXY_REJECTED,      /* final answers of our own with 3xx to 6xx */
	MS_SIP_PROXY_TIMEOUTS,      /* nobody answered */
	MS_SIP_PROXY_TRANSPORT,     /* could not be sent */
	MS_SIP_PROXY_FLOW_FAILED,   /* the connection of a user had gone */
	MS_SIP_PROXY_TOKEN_FORGED,  /* Route values of ours that are not from us */
	MS_SIP_PROXY_STREAMS,       /* connections opened, both ways */
	MS_SIP_PROXY_STREAMS_REFUSED,
	MS_SIP_PROXY_TLS_FAILED,
	MS_SIP_PROXY_ORIGINATED, /* requests of our own */
	MS_SIP_PROXY_COUNTERS
};
extern const char *const ms_sip_proxy_counter_names[MS_SIP_PROXY_COUNTERS];
uint64_t ms_sip_proxy_counter(const struct ms_sip_proxy *p, enum ms_sip_proxy_counter c);

/** Requests on their way now; open connections. */
size_t ms_sip_proxy_exchanges(const struct ms_sip_proxy *p);
size_t ms_sip_proxy_streams(const struct ms_sip_proxy *p);

/** Requests of our own that have no final answer yet: what is to be waited for at the end. */
size_t ms_sip_proxy_unanswered(const struct ms_sip_proxy *p);

#endif
