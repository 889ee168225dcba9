/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who connects where: connection set-up (RFC 6135) and Connection Establishment for Media Anchoring
 * (RFC 6714) as pure functions over plain structures. Names must be resolved by the caller.
 */
#ifndef MS_MSRP_SETUP_H
#define MS_MSRP_SETUP_H

#include "core/buf.h"
#include "msrp/uri.h"

/** a=setup; "holdconn" counts as absent (RFC 6135 section 4.2.1). */
enum ms_msrp_setup {
	MS_MSRP_SETUP_ABSENT,
	MS_MSRP_SETUP_ACTIVE,
	MS_MSRP_SETUP_PASSIVE,
	MS_MSRP_SETUP_ACTPASS
};

/** The attribute's value: "active" ...; empty, "holdconn" or anything else gives ABSENT. */
enum ms_msrp_setup ms_msrp_setup_parse(struct ms_span value);

/** "active", "passive", "actpass"; NULL for ABSENT. */
const char *ms_msrp_setup_name(enum ms_msrp_setup setup);

/**
 * What an offer says: actpass if we can be reached (or use a relay), else active (RFC 6135 section
 * 4.2.2, RFC 6714 section 4.2).
 */
enum ms_msrp_setup ms_msrp_setup_offer(bool reachable, bool relay);

/**
 * What an answer says. `offer` ABSENT is an RFC 4975 offerer, who is active. `reachable`: the offerer
 * can connect to us. -EPROTO if nobody could connect (the offer is active and we are not reachable).
 */
MS_MUST_CHECK int ms_msrp_setup_answer(enum ms_msrp_setup offer, bool reachable, bool relay,
				       enum ms_msrp_setup *ret_setup);

/**
 * True in *ret_active if we open the connection (and are TLS client, RFC 6135 section 6).
 * -EPROTO if the two attributes contradict each other (active and active).
 */
MS_MUST_CHECK int ms_msrp_setup_active(bool offerer, enum ms_msrp_setup offer,
				       enum ms_msrp_setup answer, bool *ret_active);

/** The MSRP part of a peer's session description. All borrowed. */
struct ms_msrp_description {
	bool cema; /* a=msrp-cema was there */
	enum ms_msrp_setup setup;
	struct ms_msrp_path path;             /* a=path */
	struct ms_span host;                  /* c= line: an address or a name */
	uint16_t port;                        /* m= line; 9 if the peer is active */
	const struct ms_span *host_addresses; /* what `host` resolves to, if it is a name */
	unsigned n_host_addresses;
	const struct ms_span *path_addresses; /* what the first URI's host resolves to, if a name */
	unsigned n_path_addresses;
};

/**
 * RFC 6714 section 4.4: do c= and m= name the address and port of a URI of the path? Resolved
 * addresses count for its first URI. With setup:active and port 9 only the hosts are compared, since
 * nobody connects there.
 */
bool ms_msrp_address_matches(const struct ms_msrp_description *d);

enum ms_msrp_connect {
	MS_MSRP_CONNECT_PATH,    /* we connect to the first URI of the peer's path (RFC 4975) */
	MS_MSRP_CONNECT_MEDIA,   /* we connect to the c= and m= address (CEMA) */
	MS_MSRP_CONNECT_RELAY,   /* we connect to our own relay (RFC 6135 section 4.5) */
	MS_MSRP_CONNECT_WAIT,    /* the peer connects to us */
	MS_MSRP_CONNECT_REOFFER, /* send a new offer without a=msrp-cema (RFC 6714 section 4.2) */
	MS_MSRP_CONNECT_REJECT /* port 0 or 488 (section 4.3); or end the session: a middlebox would
				* stand between two who are to be alone */
};

struct ms_msrp_plan {
	enum ms_msrp_connect connect;
	bool active; /* we send the first SEND and are TLS client */
	bool cema;   /* put a=msrp-cema into our answer; for an offerer: CEMA is in use */
	enum ms_msrp_setup setup; /* for our answer */
	struct ms_span host;      /* where to connect to, borrowed; empty for RELAY and WAIT */
	uint16_t port;
	const char *reason; /* static: why rejected or offered again; else NULL */
};

/** Our side. */
struct ms_msrp_here {
	bool cema;      /* we do CEMA */
	bool reachable; /* we can accept a connection */
	bool relay;     /* we use a relay of our own */
	bool end_to_end; /* TLS must end at the peer itself: no relays, no middlebox that terminates */
};

/** The answerer's decision about an offer: RFC 6714 section 4.3, RFC 6135 section 4.2.2. */
void ms_msrp_plan_answer(const struct ms_msrp_here *here, const struct ms_msrp_description *offer,
			 struct ms_msrp_plan *ret_plan);

/** The offerer's decision about the answer to an offer with `offered`: RFC 6714 section 4.2. */
void ms_msrp_plan_offer(const struct ms_msrp_here *here, enum ms_msrp_setup offered,
			const struct ms_msrp_description *answer, struct ms_msrp_plan *ret_plan);

/**
 * a=path of our description: our relays in reverse order of use, then our own URI (RFC 4976 section
 * 5.1). `use_path` may be empty.
 */
MS_MUST_CHECK int ms_msrp_put_local_path(struct ms_buf *b, struct ms_span use_path,
					 struct ms_span own_uri);

/** remote_path of a session: our relays in order of use, then the peer's a=path. */
MS_MUST_CHECK int ms_msrp_put_remote_path(struct ms_buf *b, struct ms_span use_path,
					  struct ms_span peer_path);

#endif
