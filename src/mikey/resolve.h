/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Responder's half of the Ticket Resolve exchange: RFC 6043 section 4.2.3. And what it yields,
 * which may be kept to take further messages with the same ticket (section 5.3).
 */
#ifndef MS_MIKEY_RESOLVE_H
#define MS_MIKEY_RESOLVE_H

#include "mikey/party.h"
#include "mikey/session.h"

/** Longest serialised outcome, in octets. */
#define MS_MIKEY_RESOLVED_MAX (2 * MS_MIKEY_MESSAGE_MAX)

/** Octets of ms_mikey_ticket_id(). */
#define MS_MIKEY_TICKET_ID 32

/** The keys of a ticket as its Responder has them. Owned; secret. */
struct ms_mikey_resolved;

/** NULL is fine. Returns NULL. Wipes the keys. */
struct ms_mikey_resolved *ms_mikey_resolved_free(struct ms_mikey_resolved *r);
void ms_mikey_resolved_freep(struct ms_mikey_resolved **r);

/** Names a ticket: SHA-256 over the TICKET payload without Next Payload and Initiator Data. */
void ms_mikey_ticket_id(const struct ms_mikey_policy *ticket, uint8_t ret_id[MS_MIKEY_TICKET_ID]);

/** The ticket it belongs to. */
const uint8_t *ms_mikey_resolved_ticket_id(const struct ms_mikey_resolved *r);

/** The identity admitted (IDRr of the response, or our own), borrowed. */
struct ms_mikey_id ms_mikey_resolved_identity(const struct ms_mikey_resolved *r);

/** When the ticket ends; MS_NEVER if that is open. A cache drops it then. */
ms_usec ms_mikey_resolved_end(const struct ms_mikey_resolved *r);

/** The parts of it; spans are borrowed and copied. */
struct ms_mikey_resolved_parts {
	const struct ms_mikey_policy *ticket; /* may be NULL: then for any */
	struct ms_span mpki;
	struct ms_span mpkr;                 /* MPKr'; empty without forking */
	struct ms_mikey_id id_r;             /* IDRr of the response; absent if there was none */
	struct ms_span rand_kms;             /* RANDRkms; p NULL if there was none */
	const struct ms_mikey_keyring *keys; /* forked where they fork; may be NULL */
};

/** -EMSGSIZE (a key is too long), -ENOMEM. */
MS_MUST_CHECK int ms_mikey_resolved_new(const struct ms_mikey_resolved_parts *p,
					struct ms_mikey_resolved **ret_r);

/** For a cache, as ms_mikey_ticket_held_serialise() with MS_MIKEY_RESOLVED_MAX. */
void ms_mikey_resolved_serialise(const struct ms_mikey_resolved *r, struct ms_buf *b);

/** -EBADMSG, -EMSGSIZE, -ENOMEM. */
MS_MUST_CHECK int ms_mikey_resolved_parse(struct ms_span s, struct ms_mikey_resolved **ret_r);

struct ms_mikey_resolve; /* a Resolve under way; owned */

struct ms_mikey_resolve *ms_mikey_resolve_free(struct ms_mikey_resolve *r);
void ms_mikey_resolve_freep(struct ms_mikey_resolve **r);

/**
 * Appends a RESOLVE_INIT for this ticket to `out`: its octets go in unchanged. `me` is borrowed
 * until the resolve is freed. -EINVAL, -EMSGSIZE, -ENOMEM, or what the random source says.
 */
MS_MUST_CHECK int ms_mikey_resolve_start(const struct ms_mikey_party *me,
					 const struct ms_mikey_policy *ticket, ms_usec now,
					 struct ms_buf *out, struct ms_mikey_resolve **ret_r);

/** Takes up a Resolve that was sent before; `envelope` as ms_mikey_request_resume(). */
MS_MUST_CHECK int ms_mikey_resolve_resume(const struct ms_mikey_party *me, struct ms_span sent,
					  struct ms_span envelope, struct ms_mikey_resolve **ret_r);

/** Takes what came back. Errors as ms_mikey_request_finish(). */
MS_MUST_CHECK int ms_mikey_resolve_finish(const struct ms_mikey_resolve *r, struct ms_span in,
					  ms_usec now, struct ms_fault *fault,
					  struct ms_mikey_resolved **ret_r);

#endif
