/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A floor participant over a reliable transport: RFC 8855 sections 6.1, 8, 10 and 12 without sockets
 * or clock. Octets and the time in, octets and events out:
 *
 *    received octets -> ms_bfcp_client_input()      events -> config.handler, during input and expire
 *    ms_bfcp_client_request() ... -> ms_bfcp_client_output(), ms_bfcp_client_sent() -> octets to send
 *
 * TLS, if any, lies below (src/tls); which side is its client is the session description's matter
 * (RFC 8856 section 8). A floor control server would use the same codec (bfcp/message.h).
 */
#ifndef MS_BFCP_CLIENT_H
#define MS_BFCP_CLIENT_H

#include "bfcp/message.h"
#include "core/time.h"

struct ms_bfcp_client;

enum ms_bfcp_event_kind {
	MS_BFCP_EVENT_HELLO,   /* the server lives; `octets`: the primitives it supports */
	MS_BFCP_EVENT_REQUEST, /* a floor request of ours has a new status */
	MS_BFCP_EVENT_FLOOR,   /* FloorStatus: who holds or waits for a floor; see `message` */
	MS_BFCP_EVENT_USER,    /* UserStatus; see `message` */
	MS_BFCP_EVENT_ERROR,   /* the server refused; `code`, `octets`: its text */
	MS_BFCP_EVENT_TIMEOUT, /* no answer in time: the connection is to be taken for broken */
	MS_BFCP_EVENT_IGNORED, /* a proper message that is not for us; `reason` */
};

/** What happened. Spans and the message are borrowed for the call. */
struct ms_bfcp_event {
	enum ms_bfcp_event_kind kind;
	uint16_t transaction;       /* ours that this answers; 0: the server spoke up */
	uint16_t request;           /* FLOOR-REQUEST-ID, REQUEST only */
	enum ms_bfcp_status status; /* REQUEST only */
	uint8_t queue;              /* REQUEST only: position, 0 if there is none */
	unsigned code;              /* ERROR only */
	struct ms_span octets;
	const char *reason;                    /* static; IGNORED only */
	const struct ms_bfcp_message *message; /* NULL for TIMEOUT */
};

/** Zero or NULL means what is in brackets. */
struct ms_bfcp_client_config {
	uint32_t conference;       /* a=confid of the session description */
	uint16_t user;             /* a=userid */
	ms_usec response_time;     /* for the answer to a request (10 s) */
	size_t message_max;        /* octets of one message (16 KiB) */
	size_t output_max;         /* octets that wait to be sent (64 KiB) */
	unsigned transactions_max; /* requests without an answer (16, at most 64) */
	unsigned requests_max;     /* ongoing floor requests of ours (16, at most 64) */
	void (*handler)(void *arg, const struct ms_bfcp_event *e);
	void *arg;
};

/** A floor request of ours that is not over. */
struct ms_bfcp_floor_request {
	uint16_t id;    /* FLOOR-REQUEST-ID, from the server */
	uint16_t floor; /* the first one it is about */
	enum ms_bfcp_status status;
	uint8_t queue;
};

/** What is asked for. */
struct ms_bfcp_ask {
	const uint16_t *floors; /* borrowed */
	size_t n_floors;        /* 1 to 32 */
	uint16_t beneficiary;   /* for whom; 0: for ourselves */
	struct ms_span text;    /* PARTICIPANT-PROVIDED-INFO; may be empty */
	unsigned priority;      /* 0 to 4 (2 is normal) */
};

/** -EINVAL (no handler, limits), -ENOMEM. Owned. */
MS_MUST_CHECK int ms_bfcp_client_new(const struct ms_bfcp_client_config *config,
				     struct ms_bfcp_client **ret_c);
struct ms_bfcp_client *ms_bfcp_client_free(struct ms_bfcp_client *c);

/*
 * Requests. Each begins a transaction whose number comes back (never 0). -EBUSY: transactions_max wait
 * for answers; -ENOBUFS: output_max octets wait; -EPIPE: the stream was broken; -EINVAL; -ENOMEM.
 */
MS_MUST_CHECK int ms_bfcp_client_hello(struct ms_bfcp_client *c, ms_usec now,
				       uint16_t *ret_transaction);
MS_MUST_CHECK int ms_bfcp_client_request(struct ms_bfcp_client *c, const struct ms_bfcp_ask *ask,
					 ms_usec now, uint16_t *ret_transaction);
/** Gives a floor back, or withdraws a request for it. */
MS_MUST_CHECK int ms_bfcp_client_release(struct ms_bfcp_client *c, uint16_t request, ms_usec now,
					 uint16_t *ret_transaction);
MS_MUST_CHECK int ms_bfcp_client_query_request(struct ms_bfcp_client *c, uint16_t request,
					       ms_usec now, uint16_t *ret_transaction);
/** Asks for, and subscribes to, the status of floors; none: ends that (section 12.1.1). */
MS_MUST_CHECK int ms_bfcp_client_query_floors(struct ms_bfcp_client *c, const uint16_t *floors,
					      size_t n, ms_usec now, uint16_t *ret_transaction);
/** 0: about ourselves. */
MS_MUST_CHECK int ms_bfcp_client_query_user(struct ms_bfcp_client *c, uint16_t user, ms_usec now,
					    uint16_t *ret_transaction);

/**
 * Received octets, borrowed; all are taken. 0, or -EPROTO once something could not be parsed: the
 * connection has to be closed (section 6.1), *f tells why ("bfcp_too_long", or as ms_bfcp_parse()).
 * -ENOMEM. Do not free the client from within the handler.
 */
MS_MUST_CHECK int ms_bfcp_client_input(struct ms_bfcp_client *c, struct ms_span octets,
				       struct ms_fault *f);

/** Octets to send, borrowed until the next call on `c`; and how many of them were sent. */
struct ms_span ms_bfcp_client_output(const struct ms_bfcp_client *c);
void ms_bfcp_client_sent(struct ms_bfcp_client *c, size_t n);

/** When ms_bfcp_client_expire() wants to be called; MS_NEVER if nothing is outstanding. */
ms_usec ms_bfcp_client_deadline(const struct ms_bfcp_client *c);
/** Each transaction whose time is up ends with an event TIMEOUT. */
void ms_bfcp_client_expire(struct ms_bfcp_client *c, ms_usec now);

/** Our floor requests that are not over, borrowed until the next call on `c`. */
const struct ms_bfcp_floor_request *ms_bfcp_client_requests(const struct ms_bfcp_client *c,
							    size_t *ret_n);

#endif
