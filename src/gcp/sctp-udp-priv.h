/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCTP in this process, encapsulated in UDP (RFC 6951): the stack below (sctp-udp.c) and the
 * associations on it (sctp-udp-conn.c).
 *
 * libusrsctp runs without threads of its own: it gets packets and time from our loop and gives packets
 * to a function. Its notion of an address is a pointer; ours are numbers of links that point nowhere.
 * There is one stack a process, shared by all entities in it.
 */
#ifndef MS_GCP_SCTP_UDP_PRIV_H
#define MS_GCP_SCTP_UDP_PRIV_H

#include "gcp/gcp-priv.h"

/** A socket of the encapsulation. */
struct ms_sctp_udp {
	struct ms_list link; /* of the stack */
	struct ms_gcp *g;
	int fd;
	struct ms_watch watch;
	struct ms_addr local;
	uint32_t number;
};

/** A UDP address of a peer, seen from one of our sockets. */
struct ms_sctp_link {
	struct ms_list link; /* of the stack: `idle` or `used` */
	struct ms_sctp_udp *udp;
	struct ms_addr peer;
	uintptr_t number; /* what the stack takes for its address */
	unsigned users;   /* associations */
};

/** Something an upcall has marked; dealt with when the stack has returned. */
struct ms_sctp_ready {
	struct ms_list link;
	bool listed;
	void (*handler)(struct ms_sctp_ready *r);
};

/** Starts the stack if it does not run. -ENOMEM. */
MS_MUST_CHECK int ms_sctp_start(void);

/** The encapsulation socket of this entity at this host (and our UDP port). */
MS_MUST_CHECK int ms_sctp_udp_of(struct ms_gcp *g, const struct ms_addr *host,
				 struct ms_sctp_udp **ret_udp);

/** The link to a peer's UDP address; made if new. -ENOMEM, -ENOSPC. */
MS_MUST_CHECK int ms_sctp_link_to(struct ms_sctp_udp *udp, const struct ms_addr *peer,
				  struct ms_sctp_link **ret_link);

/** By what the stack knows; NULL: gone. */
struct ms_sctp_link *ms_sctp_link_of(const void *address);

void ms_sctp_link_use(struct ms_sctp_link *l);
void ms_sctp_link_leave(struct ms_sctp_link *l);

/** From upcalls: call r->handler soon. */
void ms_sctp_mark(struct ms_sctp_ready *r);
void ms_sctp_unmark(struct ms_sctp_ready *r);

/** After the stack was called for whatever reason: what upcalls marked, and its clock. */
void ms_sctp_settle(void);

#endif
