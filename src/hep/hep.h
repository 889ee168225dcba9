/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HEP version 3 (Homer Encapsulation Protocol): what passed between whom and when, in one UDP packet each,
 * for HOMER and other collectors and for `mediasec trace`. Messages travel as they were on the wire;
 * what has no message (TCP and TLS came up, an MSRP session ended) travels as an event, one line of
 * JSON in a packet of type log.
 *
 * Nothing waits for a collector: a packet that cannot be sent at once is counted and forgotten.
 */
#ifndef MS_HEP_HEP_H
#define MS_HEP_HEP_H

#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/span.h"
#include "core/time.h"
#include "loop/addr.h"

/** Port collectors listen at by custom. */
#define MS_HEP_PORT 9060

/** Protocol types (chunk 11). */
enum ms_hep_protocol {
	MS_HEP_SIP = 1,
	MS_HEP_H248 = 7,
	MS_HEP_LOG = 100,
};

/** IP protocols (chunk 2). */
enum ms_hep_transport { MS_HEP_TCP = 6, MS_HEP_UDP = 17, MS_HEP_SCTP = 132 };

/** Longest payload sent; a longer one is cut. */
#define MS_HEP_PAYLOAD_MAX 60000

struct ms_hep_packet {
	struct ms_addr source, destination; /* of what passed; both of one family */
	enum ms_hep_transport transport;
	enum ms_hep_protocol protocol;
	ms_usec time; /* wall clock */
	uint32_t agent;
	struct ms_span
		correlation; /* what ties packets together: a Call-ID, "agw1/7"; may be empty */
	struct ms_span key;  /* authentication key; may be empty */
	struct ms_span payload;
};

/** Appends the packet. Addresses that are not set, or of two families, are written as 0.0.0.0. */
void ms_hep_put(struct ms_buf *b, const struct ms_hep_packet *p);

/**
 * Reads one packet; spans are borrowed from `octets`. -EBADMSG: not HEP version 3, a chunk that is cut
 * short or of a wrong size, a million microseconds or more. Chunks of other vendors and kinds are passed over.
 */
MS_MUST_CHECK int ms_hep_read(struct ms_span octets, struct ms_hep_packet *ret_packet);

/**
 * Appends the payload of an event: {"event":"tls up","detail":"TLSv1.3"}, without an empty detail. Octets
 * that are not printable ASCII become \u00XX.
 */
void ms_hep_put_event(struct ms_buf *b, struct ms_span event, struct ms_span detail);

/* ---- the sender ---- */

struct ms_hep_sender; /* owned */

/**
 * A socket towards a collector. `key` (copied, may be empty, at most 64 octets) goes into each packet,
 * readable: HEP has no better. Opens one UDP socket; nothing is sent. -ENOMEM, -EMSGSIZE (key), or
 * negative errno of the system.
 */
MS_MUST_CHECK int ms_hep_sender_new(const struct ms_addr *collector, uint32_t agent,
				    struct ms_span key, struct ms_hep_sender **ret_h);

/**
 * The same with the key from the first line of a file; "": none. *ret_h is NULL if `collector` is not set.
 * What a daemon's configuration keys hep.address, hep.id and hep.password_file say.
 */
MS_MUST_CHECK int ms_hep_sender_open(const struct ms_addr *collector, uint32_t agent,
				     const char *key_file, struct ms_hep_sender **ret_h);

/** NULL is fine; returns NULL. */
struct ms_hep_sender *ms_hep_sender_free(struct ms_hep_sender *h);

/** Sends what passed; `agent`, `key` and, if it is 0, `time` are filled in here. h may be NULL: nothing. */
void ms_hep_send(struct ms_hep_sender *h, const struct ms_hep_packet *p);

/** Sends an event between two addresses. `event` and `detail` are text for readers; h may be NULL. */
void ms_hep_send_event(struct ms_hep_sender *h, const struct ms_addr *source,
		       const struct ms_addr *destination, struct ms_span correlation,
		       const char *event, const char *detail);

struct ms_hep_counts {
	uint64_t sent;
	uint64_t lost; /* no room in the socket, no collector */
};

/** Borrowed, live. */
const struct ms_hep_counts *ms_hep_counts(const struct ms_hep_sender *h);

#endif
