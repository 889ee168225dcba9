/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 2: what a controller asks of one stream endpoint of a gateway and what the gateway tells of
 * it (TS 23.334 clause 8, TS 23.333, TS 29.162), in words of our own structures. How each of them is
 * coded in H.248 (SDP line, property, signal, event) is the business of one file a profile; a
 * corrected identifier changes that file alone.
 *
 * Written by the controller side (IMS-ALG, IBCF, later MRFC), carried by H.248, read back by the
 * gateway side, and handed to the media workers.
 */
#ifndef MS_H248_BEARER_H
#define MS_H248_BEARER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/secret.h"
#include "core/span.h"

#define MS_BEARER_REALM_MAX 64
#define MS_BEARER_PATH_MAX 256
#define MS_BEARER_FINGERPRINTS_MAX 4
#define MS_BEARER_DIGEST_MAX 64 /* SHA-512 */
#define MS_BEARER_CAUSE_MAX 64
#define MS_BEARER_IDENTITY_MAX 128

/** What the m= line says (TS 23.334 6.2.18.4): does TLS end here, is MSRP understood here. */
enum ms_bearer_application {
	MS_BEARER_AGNOSTIC, /* octets untouched */
	MS_BEARER_MSRP,     /* paths are rewritten: B2BUA */
	MS_BEARER_BFCP,     /* agnostic too; named so in the m= line */
};

enum ms_bearer_mode { /* as enum ms_h248_mode; absent is inactive */
		      MS_BEARER_INACTIVE,
		      MS_BEARER_SENDONLY,
		      MS_BEARER_RECVONLY,
		      MS_BEARER_SENDRECV,
};

/** a=setup of Local, as asked by the controller (RFC 4145). */
enum ms_bearer_setup {
	MS_BEARER_SETUP_ABSENT,
	MS_BEARER_SETUP_ACTIVE,
	MS_BEARER_SETUP_PASSIVE,
	MS_BEARER_SETUP_ACTPASS,
};

struct ms_bearer_address {
	uint8_t family; /* 0: none; 4; 6 */
	uint8_t octets[16];
	uint16_t
		port; /* 0: none; of a Remote, 9 with setup:active means "not to be connected to" */
};

enum ms_bearer_hash {
	MS_BEARER_SHA1,
	MS_BEARER_SHA224,
	MS_BEARER_SHA256,
	MS_BEARER_SHA384,
	MS_BEARER_SHA512
};

struct ms_bearer_fingerprint {
	enum ms_bearer_hash hash;
	uint8_t len;
	uint8_t digest[MS_BEARER_DIGEST_MAX];
};

struct ms_bearer_fingerprints {
	uint8_t n;
	struct ms_bearer_fingerprint list[MS_BEARER_FINGERPRINTS_MAX];
};

enum ms_bearer_incoming { /* xem/tcpin: what a SYN does (docs/packages.md) */
			  MS_BEARER_ACCEPT,
			  MS_BEARER_FORWARD, /* opens the partner endpoint first */
			  MS_BEARER_DISCARD,
};

enum ms_bearer_tcp_mode { MS_BEARER_PROXY, MS_BEARER_RELAY, MS_BEARER_MERGE }; /* TS 23.334 5.16 */

enum ms_bearer_latch { MS_BEARER_LATCH_OFF, MS_BEARER_LATCH, MS_BEARER_RELATCH };

enum ms_bearer_direction { MS_BEARER_IN, MS_BEARER_OUT, MS_BEARER_BOTH };

struct ms_bearer_prefix {
	uint8_t family; /* 4, 6 */
	uint8_t octets[16];
	uint8_t bits;
};

#define MS_BEARER_PREFIXES_MAX 4

/** gm, ds, tman, adid, hangterm as far as they are about one stream endpoint. */
struct ms_bearer_policy {
	bool filter_address; /* gm/saf */
	uint8_t n_prefixes;  /* gm/sam; none: the Remote address */
	struct ms_bearer_prefix prefixes[MS_BEARER_PREFIXES_MAX];
	bool filter_port;               /* gm/spf */
	uint16_t port_first, port_last; /* gm/spr; 0: the Remote port */
	bool has_dscp;                  /* ds/dscp */
	uint8_t dscp;
	bool police;             /* tman/pol */
	uint64_t sustained_rate; /* tman/sdr, octets a second; 0: none */
	uint64_t burst;          /* tman/mbs, octets */
	uint64_t peak_rate;      /* tman/pdr */
	uint32_t inactivity_s;   /* adid/ipstop dt; 0: not armed */
	enum ms_bearer_direction inactivity_direction;
};

/**
 * One stream endpoint: everything that is set, after defaults. This is the form in which it is passed
 * on, some 1.5 KiB; who keeps many of them keeps something smaller.
 */
struct ms_bearer {
	char realm[MS_BEARER_REALM_MAX]; /* ipdc/realm; "" : the only or default one */
	enum ms_bearer_mode mode;
	enum ms_bearer_application application;
	bool tls;        /* TLS ends here */
	bool psk_wanted; /* and is keyed by a PSK (TS 23.333 clause 5.20.2), not by certificates */
	struct ms_secret psk; /* xem/psk; empty: none given. Never logged, never audited */
	char psk_identity[MS_BEARER_IDENTITY_MAX];
	enum ms_bearer_setup setup;
	struct ms_bearer_address local;    /* of a request: family and port 0 for "$" */
	struct ms_bearer_address remote;   /* family 0: not known yet */
	enum ms_bearer_setup remote_setup; /* a=setup in Remote, the peer's own */
	uint32_t want_fingerprints; /* bits 1 << enum ms_bearer_hash: Local a=fingerprint:... $ */
	struct ms_bearer_fingerprints local_fingerprints;  /* replies */
	struct ms_bearer_fingerprints remote_fingerprints; /* none: not known yet */
	char local_path[MS_BEARER_PATH_MAX]; /* MSRP aware: a=path of Local; "$": wanted */
	char remote_path[MS_BEARER_PATH_MAX];
	enum ms_bearer_incoming incoming;
	bool keep_partner; /* xem/rel off: the partner outlives this bearer */
	enum ms_bearer_tcp_mode tcp_mode;
	uint32_t tcp_ms, tls_ms; /* establishment guards, xem/tcpto, xem/tlsto */
	enum ms_bearer_latch latch;
	struct ms_bearer_policy policy;
	/* armed events */
	bool report_release;  /* g/cause */
	bool report_tcp;      /* tcpbcc/BNCChange */
	bool report_tls;      /* tlsbsc/BNCChange */
	uint32_t heartbeat_s; /* hangterm/thb of the termination; 0: none */
	/* orders: signals, carried out once, nothing when already done */
	bool start_tcp;              /* tcpbcc/EstBNC: active open to Remote */
	bool release, release_reset; /* RelBNC: end the bearer; by RST */
	bool start_tls; /* tlsbsc/EstBNC: TLS client once TCP is up; silence makes this end the server */
};

/** Everything absent or at its default. */
void ms_bearer_init(struct ms_bearer *b);

/** Wipes all of it, key included. For MS_CLEANUP. */
void ms_bearer_wipe(struct ms_bearer *b);

/* ---- what happens at an endpoint, told by the media side ---- */

enum ms_bearer_event_kind {
	MS_BEARER_TCP_UP,
	MS_BEARER_TCP_FAILED, /* refused, timed out */
	MS_BEARER_TLS_UP,
	MS_BEARER_TLS_FAILED,
	MS_BEARER_RELEASED, /* after it was up: general cause and words */
	MS_BEARER_IDLE,     /* adid/ipstop */
	MS_BEARER_LATCHED,  /* remote is the new one */
};

/** g/cause Generalcause values (RFC 3525 E.1.2). */
enum ms_bearer_general_cause {
	MS_BEARER_NORMAL = 1,       /* NR */
	MS_BEARER_UNAVAILABLE = 2,  /* UR */
	MS_BEARER_TEMPORARY = 3,    /* FT */
	MS_BEARER_PERMANENT = 4,    /* FP */
	MS_BEARER_INTERWORKING = 5, /* IW */
	MS_BEARER_UNSUPPORTED = 6,  /* UN */
};

struct ms_bearer_event {
	enum ms_bearer_event_kind kind;
	enum ms_bearer_general_cause general;
	int alert; /* TLS alert sent or received; 255: none */
	char cause
		[MS_BEARER_CAUSE_MAX]; /* fpmismatch nocert badpsk noprotocol nocipher timeout peeralert
					    renegrefused tcplost tcp-fin tcp-rst refused ... */
	struct ms_bearer_address remote; /* LATCHED; TCP_UP of a connection that came in */
};

struct ms_bearer_statistics {
	uint64_t octets_in,
		octets_out; /* application octets as seen at this endpoint (after/before TLS) */
	uint64_t wire_in, wire_out; /* TCP payload octets */
	uint64_t connections, connections_failed,
		connections_dropped; /* dropped: closed gate, filter */
	uint64_t handshakes, handshakes_failed;
	uint64_t up_ms; /* since the bearer came up, sum over connections */
};

#endif
