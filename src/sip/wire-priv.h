/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages over UDP, TCP and TLS for the proxy, on our own loop: whole messages in, whole messages out
 * (RFC 3261 section 18, RFC 5626 sections 4.4.1 and 5.4). No libre here. A stream has a number; who
 * keeps one may find later that it has gone.
 */
#ifndef MS_SIP_WIRE_PRIV_H
#define MS_SIP_WIRE_PRIV_H

#include <openssl/ssl.h>

#include "core/hash.h"
#include "core/list.h"
#include "loop/loop.h"
#include "loop/tcp.h"
#include "sip/proxy.h"

struct ms_sip_wire;

/* ---- tally.c: how many of something a host has ---- */

struct ms_sip_tally;

MS_MUST_CHECK int ms_sip_tally_new(size_t hosts_max, struct ms_sip_tally **ret_t);
struct ms_sip_tally *ms_sip_tally_free(struct ms_sip_tally *t);
/** One more; -ENOSPC: it has `max` already, or the table is full. */
MS_MUST_CHECK int ms_sip_tally_add(struct ms_sip_tally *t, const struct ms_addr *host, size_t max);
void ms_sip_tally_remove(struct ms_sip_tally *t, const struct ms_addr *host);

/* ---- wire.c ---- */

struct ms_sip_wire_handlers {
	/** A whole message; borrowed. */
	void (*received)(const struct ms_sip_hop *from, struct ms_span octets, void *arg);
	/** The stream has gone; hop->stream names it. */
	void (*lost)(const struct ms_sip_hop *hop, void *arg);
	void (*trace)(bool sent, const struct ms_sip_hop *hop, const struct ms_addr *own,
		      struct ms_span message, void *arg); /* may be NULL */
	void (*count)(enum ms_sip_proxy_counter c, void *arg);
};

struct ms_sip_wire_point {
	struct ms_sip_wire *wire;
	struct ms_sip_point config; /* address: the bound one */
	char *advertised;           /* owned or NULL */
	uint16_t index;
	int fd; /* UDP; -1 */
	struct ms_watch watch;
	struct ms_tcp_listener *listener;
};

struct ms_sip_wire {
	struct ms_sip_wire_handlers handlers;
	void *arg;
	struct ms_sip_proxy_limits limits; /* with defaults filled in */
	struct ms_sip_wire_point point[MS_SIP_POINTS_MAX];
	size_t n_points;
	SSL_CTX *tls;
	char *peer_name; /* owned; NULL: no TLS outwards */
	struct ms_hash *by_number;
	struct ms_hash *by_peer; /* the streams we opened */
	struct ms_list streams;
	size_t n_streams;
	struct ms_sip_tally *hosts;
	uint64_t last_number;
	uint8_t *datagram; /* owned; room for one */
};

/** Opens the points; errors as ms_sip_proxy_new(). */
MS_MUST_CHECK int ms_sip_wire_new(const struct ms_sip_proxy_config *c,
				  const struct ms_sip_wire_handlers *handlers, void *arg,
				  struct ms_buf *error, struct ms_sip_wire **ret_w);
struct ms_sip_wire *ms_sip_wire_free(struct ms_sip_wire *w);
/** As ms_sip_proxy_change(). */
MS_MUST_CHECK int ms_sip_wire_change(struct ms_sip_wire *w, const struct ms_sip_proxy_config *c,
				     struct ms_buf *error);

/**
 * Sends one message; connects if the hop has no stream, and writes its number into *hop. -ENOTCONN:
 * that stream has gone; -ENOSPC, -ENOBUFS, -ENOTSUP (no such point), or what the socket says.
 */
MS_MUST_CHECK int ms_sip_wire_send(struct ms_sip_wire *w, struct ms_sip_hop *hop,
				   struct ms_span octets);

bool ms_sip_wire_alive(const struct ms_sip_wire *w, const struct ms_sip_hop *hop);

/** The point of that side, transport and family; NULL: none. */
const struct ms_sip_wire_point *ms_sip_wire_point_for(const struct ms_sip_wire *w,
						      enum ms_sip_side side,
						      enum ms_sip_transport t, int family);

/** "192.0.2.1:5060" of that point, as it stands in Via and URIs. Appends. */
void ms_sip_wire_put_host(const struct ms_sip_wire_point *p, struct ms_buf *b);

/* ---- wire-udp.c ---- */

MS_MUST_CHECK int ms_sip_wire_udp_open(struct ms_sip_wire_point *p);
MS_MUST_CHECK int ms_sip_wire_udp_send(struct ms_sip_wire_point *p, const struct ms_addr *to,
				       struct ms_span octets);

/* ---- wire-stream.c ---- */

struct ms_sip_stream_tls;

struct ms_sip_wire_stream {
	struct ms_list link;
	struct ms_sip_wire *wire;
	struct ms_sip_hop hop; /* stream: its number */
	struct ms_tcp *tcp;
	SSL *ssl;       /* NULL: TCP */
	bool connected; /* TCP stands */
	bool ready;     /* and TLS, if there is TLS */
	bool opened;    /* by us; then it is in by_peer */
	bool counted;
	struct ms_buf in;   /* an unfinished message */
	struct ms_buf wait; /* messages for when it is ready */
	struct ms_timer first;
};

MS_MUST_CHECK int ms_sip_wire_listen(struct ms_sip_wire_point *p);
MS_MUST_CHECK int ms_sip_wire_connect(struct ms_sip_wire_point *p, const struct ms_addr *to,
				      struct ms_sip_wire_stream **ret_s);
MS_MUST_CHECK int ms_sip_wire_stream_send(struct ms_sip_wire_stream *s, struct ms_span octets);
void ms_sip_wire_stream_free(struct ms_sip_wire_stream *s);

/* ---- wire-tls.c ---- */

MS_MUST_CHECK int ms_sip_wire_tls_new(struct ms_sip_wire *w, const struct ms_sip_proxy_tls *config,
				      struct ms_buf *error);
/** The files read again: for connections from now on. On failure all is as before. */
MS_MUST_CHECK int ms_sip_wire_tls_renew(struct ms_sip_wire *w,
					const struct ms_sip_proxy_tls *config,
					struct ms_buf *error);
MS_MUST_CHECK int ms_sip_wire_tls_attach(struct ms_sip_wire_stream *s);
/** Gives encrypted octets; plain ones go to s->in. Negative: the stream is to be closed. */
MS_MUST_CHECK int ms_sip_wire_tls_input(struct ms_sip_wire_stream *s, struct ms_span octets);
MS_MUST_CHECK int ms_sip_wire_tls_write(struct ms_sip_wire_stream *s, struct ms_span octets);

#endif
