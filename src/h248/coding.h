/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 3: how a bearer (stage 2, bearer.h) is coded in H.248 descriptors, for both ends of the
 * association: the controller writes requests and reads replies and reports (coding-put.c, coding-read.c), the
 * gateway reads requests (coding-get*.c) and writes replies and reports (coding-reply.c). What goes into Local and
 * Remote is one codec for both (coding-sdp.c).
 *
 * Names are written and compared through the registry: received trees must be bound to text
 * (ms_h248_bind()), written ones are complete for both codecs. Everything is TS 29.334 with the
 * identifiers that no readable standard gives taken from the package tables. What differs between
 * Iq, Ix and Mp is in struct ms_h248_profile, one file each.
 */
#ifndef MS_H248_CODING_H
#define MS_H248_CODING_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/profile.h"
#include "h248/bearer.h"
#include "h248/message.h"

/** One of the H.248 profiles of IMS. Static tables. */
struct ms_h248_profile {
	size_t name; /* its name is a value of the project profile: the offset in struct ms_profile */
	uint8_t protocol; /* H.248 version the profile asks for */
	bool tls;         /* TLS may end at the gateway */
	bool psk;         /* keyed by a PSK */
	bool msrp;        /* MSRP-aware endpoints */
	bool latch;       /* ipnapt */
};

extern const struct ms_h248_profile ms_h248_profile_iq; /* TS 29.334, IMS-ALG to IMS-AGW */
extern const struct ms_h248_profile ms_h248_profile_ix; /* TS 29.238, IBCF to TrGW */
extern const struct ms_h248_profile ms_h248_profile_mp; /* TS 29.333, MRFC to MRFP */

struct ms_h248_registry; /* package.h: names and numbers as configured */

/** What coding needs to know. Borrowed. */
struct ms_h248_coding {
	const struct ms_h248_profile *profile;
	const struct ms_h248_registry *registry;
};

/** "name/version" as in ServiceChange; borrowed from `values`. */
const char *ms_h248_profile_name(const struct ms_h248_profile *p, const struct ms_profile *values);

/* ---- Local and Remote (coding-sdp.c) ---- */

enum ms_h248_coding_side { MS_H248_CODING_LOCAL, MS_H248_CODING_REMOTE };

/**
 * Writes the text of Local or Remote of one stream. In Local an address, port, path "$" or fingerprint
 * that is not known but wanted is written as "$" (TS 23.334 clause 8.3); so `want_fingerprints` gives
 * "a=fingerprint:SHA-256 $" for each hash of which no fingerprint is in local_fingerprints. In
 * Remote an unknown address is 0.0.0.0 with port 0. No line end at the end.
 */
void ms_h248_coding_put_sdp(struct ms_buf *buf, const struct ms_bearer *b,
			    enum ms_h248_coding_side side);

/**
 * Reads Local or Remote into *b: application, tls, setup, address, fingerprints, path; for Local "$"
 * leaves octets and port 0 (the family stays) and sets want_fingerprints. What the text does not say is
 * reset; fields of the other side are not touched. Other lines and attributes are passed over.
 * Returns 0 or -EBADMSG with f->code 474 (invalid SDP), 449 (unsupported transport or hash; what it
 * was is at f->offset in the text), 510 (more fingerprints than we keep).
 */
MS_MUST_CHECK int ms_h248_coding_get_sdp(struct ms_span sdp, enum ms_h248_coding_side side,
					 struct ms_bearer *b, struct ms_fault *f);

/** "SHA-256 4A:AD:..." as in a=fingerprint (RFC 8122 section 5). */
void ms_bearer_fingerprint_put(struct ms_buf *buf, const struct ms_bearer_fingerprint *f);

/** The reverse. -EBADMSG (not of that form), -ENOTSUP (a hash we do not have; MD2 and MD5 are such). */
MS_MUST_CHECK int ms_bearer_fingerprint_get(struct ms_span v, struct ms_bearer_fingerprint *ret_f);

/* ---- the controller's direction (coding-put.c) ---- */

/** What of a bearer a command carries. */
enum {
	MS_H248_PUT_LOCAL = 1,
	MS_H248_PUT_REMOTE = 2, /* when known */
	MS_H248_PUT_EVENTS = 4,
	MS_H248_PUT_SIGNALS = 8, /* orders and latching */
	MS_H248_PUT_ALL = 15,
};

/**
 * Puts a stream of a termination into an Add or Modify: LocalControl always, the rest as `what`
 * says. Called once a stream; streams, events and signals add up. Everything comes from the arena.
 * `request_id` is that of the Events descriptor. Returns 0, -ENOMEM, -EMSGSIZE, or -EOPNOTSUPP when
 * the profile has no such thing (TLS at a TrGW).
 */
MS_MUST_CHECK int ms_h248_coding_put(const struct ms_h248_coding *c, struct ms_h248_arena *a,
				     const struct ms_bearer *b, uint16_t stream, unsigned what,
				     uint32_t request_id, struct ms_h248_command *cmd);

/**
 * Reads one stream of a reply of Add, Modify or AuditValue into *b: Local as the gateway filled it
 * in. -ENOENT: the reply says nothing of that stream; -EBADMSG: it makes no sense.
 */
MS_MUST_CHECK int ms_h248_coding_get_reply(const struct ms_h248_command *reply, uint16_t stream,
					   struct ms_bearer *b);

/**
 * Reads an observed event. *ret_stream 0: the event names none. Returns 0; -ENOENT: none that is
 * known here (hangterm/thb and others that are not about a bearer).
 */
MS_MUST_CHECK int ms_h248_coding_get_event(const struct ms_h248_coding *c,
					   const struct ms_h248_observed *o, uint16_t *ret_stream,
					   struct ms_bearer_event *ret_event);

/* ---- the gateway's direction (coding-get.c) ---- */

/**
 * Takes one stream of an Add or Modify (its Media, Signals, Events and what of the termination
 * applies to it) into *b, which holds what was set before (ms_bearer_init() for Add): a descriptor
 * that is there replaces the previous one of its kind whole, one that is not there leaves it. Returns 0
 * or -EBADMSG with f->code (H.248.8), f->reason and *ret_what, the item or value that it is about
 * (borrowed from the command, never a key, may be empty); nothing of *b is then valid. Orders (start_tcp,
 * start_tls, release) are those of this command alone.
 */
MS_MUST_CHECK int ms_h248_coding_get(const struct ms_h248_coding *c,
				     const struct ms_h248_command *cmd, uint16_t stream,
				     struct ms_bearer *b, struct ms_fault *f,
				     struct ms_span *ret_what);

/** Puts Local of a stream as the gateway filled it in into the reply of a command. -ENOMEM. */
MS_MUST_CHECK int ms_h248_coding_put_reply(struct ms_h248_arena *a, const struct ms_bearer *b,
					   uint16_t stream, struct ms_h248_command *reply);

/**
 * Which H.248 events tell a kind of bearer event, in the order of preference (handles, ended by 0;
 * static). TCP_UP: tcpbcc/BNCChange; RELEASED: g/cause, else the BNCChange of what was released.
 */
const uint16_t *ms_h248_coding_events(enum ms_bearer_event_kind kind);

/** A bearer event as the observed event `ref`, one of the above, of a stream. NULL: no memory. */
struct ms_h248_observed *ms_h248_coding_put_event(const struct ms_h248_coding *c,
						  struct ms_h248_arena *a,
						  const struct ms_bearer_event *event, uint16_t ref,
						  uint16_t stream);

/** Statistics for a Subtract or AuditValue reply; `mask`: bits 1 << index in ms_h248_statistics. -ENOMEM. */
MS_MUST_CHECK int ms_h248_coding_put_statistics(const struct ms_h248_coding *c,
						struct ms_h248_arena *a,
						const struct ms_bearer_statistics *s, unsigned mask,
						struct ms_h248_param **list);

/** The LocalControl properties the gateway takes, `i` from 0 on (handles); 0: no more. */
uint16_t ms_h248_coding_property(const struct ms_h248_profile *p, size_t i);

/** Which statistic is which member of struct ms_bearer_statistics. */
struct ms_h248_statistic {
	uint16_t ref;    /* package.h */
	uint16_t offset; /* of a uint64_t */
};

#define MS_H248_STATISTICS 10
extern const struct ms_h248_statistic ms_h248_statistics[MS_H248_STATISTICS];

#endif
