/* SPDX-License-Identifier: Apache-2.0 */
/*
 * H.248 over the network: an entity (h248/association.h) on the loop, with its transports: UDP
 * (RFC 3525 D.1), TCP with TPKT (D.2, RFC 1006) and SCTP (H.248.4), IPv4 and IPv6.
 *
 *	ms_gcp_new() makes both; ms_gcp_listen() opens ports, ms_gcp_connect() gives paths for
 *	ms_h248_associate(). Everything else happens by itself: messages go to the entity, what it
 *	queues is sent at the end of the loop's round, its timers run, lost connections are told to it.
 */
#ifndef MS_GCP_GCP_H
#define MS_GCP_GCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/time.h"
#include "h248/association.h"
#include "loop/addr.h"

struct ms_gcp; /* owned */

/** What peers can make us keep. Zero: the default. */
struct ms_gcp_limits {
	uint32_t connections;          /* 1024 TCP connections and SCTP associations */
	uint32_t connections_per_host; /* 16 that come from one host (IPv6: one /64) */
	ms_usec unknown; /* 10 s: then a connection closes that no association of the entity uses */
	ms_usec connect; /* 5 s to establish one of ours */
	size_t queue;    /* 1 MiB waiting to be sent on a connection; further messages are lost */
	size_t udp_queue;  /* 1 MiB waiting to be sent on a UDP socket; likewise */
	int socket_buffer; /* 4 MiB asked of the kernel for UDP sockets, either way */
};

/** Which SCTP. */
enum ms_gcp_sctp {
	MS_GCP_SCTP_AUTO,   /* the kernel's if it has one, else the other */
	MS_GCP_SCTP_KERNEL, /* RFC 9260 over IP; the kernel must have it */
	MS_GCP_SCTP_UDP,    /* in this process, encapsulated in UDP (RFC 6951) */
};

struct ms_gcp_sctp_options {
	enum ms_gcp_sctp kind;
	uint32_t ppid;       /* payload protocol identifier; 0: the project profile's sctp_ppid */
	uint16_t local_udp;  /* encapsulation port of ours; 0: the profile's sctp_udp_port */
	uint16_t remote_udp; /* that of peers we connect to; 0: as ours */
	ms_usec heartbeat;   /* 0: 5 s; a dead peer is noticed after some of them */
};

/** A message passed by. Borrowed. */
typedef void ms_gcp_tap_f(const struct ms_h248_path *peer, const struct ms_addr *local, bool sent,
			  struct ms_span message, void *arg);

struct ms_gcp_options {
	struct ms_gcp_limits limits;
	struct ms_gcp_sctp_options sctp;
	ms_gcp_tap_f *tap; /* may be NULL: sees each message, for traces */
	void *tap_arg;
};

/**
 * Makes an entity on the loop. `entity` as for ms_h248_entity_new(); its `wire` is filled in here.
 * `options` may be NULL. -ENOMEM, -EINVAL, or what the random source says.
 */
MS_MUST_CHECK int ms_gcp_new(const struct ms_gcp_options *options,
			     const struct ms_h248_entity_options *entity, struct ms_gcp **ret_g);

/** Ends everything: associations (their handlers are called), connections, ports. NULL is fine. */
struct ms_gcp *ms_gcp_free(struct ms_gcp *g);

/** Borrowed. */
struct ms_h248_entity *ms_gcp_entity(struct ms_gcp *g);

/**
 * Opens a port; port 0 lets the kernel choose. `codec`: what is spoken there (its ->port is the
 * default by RFC 3525 section 9, which the caller fills in). `ret_at` (may be NULL): the address really
 * bound. Negative errno of the system; -EPROTONOSUPPORT: no such SCTP here.
 */
MS_MUST_CHECK int ms_gcp_listen(struct ms_gcp *g, enum ms_h248_transport transport,
				const struct ms_addr *at, const struct ms_h248_codec *codec,
				struct ms_addr *ret_at);

/**
 * A path to a peer. UDP: over the port that listens at `from` (or the first one of that family and
 * codec, or a new one). TCP, SCTP: a connection is begun, from `from` if set; messages wait for it; if
 * it fails, that is a lost path like any other. `from` may be NULL. Negative errno.
 */
MS_MUST_CHECK int ms_gcp_connect(struct ms_gcp *g, enum ms_h248_transport transport,
				 const struct ms_addr *to, const struct ms_h248_codec *codec,
				 const struct ms_addr *from, struct ms_h248_path *ret_path);

/** Closes the connection of a path (nothing for UDP). The entity is told that it is lost. */
void ms_gcp_disconnect(struct ms_gcp *g, const struct ms_h248_path *path);

/** The peer's address of a path. */
void ms_gcp_path_addr(const struct ms_h248_path *path, struct ms_addr *ret_addr);

/** "udp 192.0.2.1:2944 compact". Returns dst. */
char *ms_gcp_path_print(const struct ms_h248_path *path, char dst[static MS_ADDR_TEXT_MAX]);

/** Which SCTP would be used: MS_GCP_SCTP_KERNEL or _UDP; AUTO: none can. Asks the kernel once. */
enum ms_gcp_sctp ms_gcp_sctp_kind(const struct ms_gcp_sctp_options *options);

struct ms_gcp_counts {
	uint64_t accepted, connected, refused; /* connections; refused: by limits */
	uint64_t lost;                         /* connections that ended */
	uint64_t bad_frames;                   /* TPKT that is none: the connection closes */
	uint64_t unused;                       /* closed since no association used them */
	uint64_t send_dropped;                 /* messages that found no room or no connection */
	uint64_t truncated;                    /* datagrams longer than the limit */
};

/** Borrowed, live. */
const struct ms_gcp_counts *ms_gcp_counts(const struct ms_gcp *g);

#endif
