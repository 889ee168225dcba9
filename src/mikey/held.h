/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ticket in its owner's hands: the octets to pass on, the keys that go with it, and what its
 * policy says. It comes out of a Ticket Request (mikey/request.h), out of a cache file, or is made
 * by the Initiator itself (RFC 6043 section 4.1.1, modes 3 and 4).
 */
#ifndef MS_MIKEY_HELD_H
#define MS_MIKEY_HELD_H

#include "mikey/party.h"
#include "mikey/session.h"

/** Longest serialised ticket, in octets. */
#define MS_MIKEY_HELD_MAX (3 * MS_MIKEY_MESSAGE_MAX)

/** A key wanted from the KMS: its value is the KMS's to choose. */
struct ms_mikey_wish {
	uint8_t type;       /* enum ms_mikey_key_type, not MPK */
	uint16_t len;       /* octets */
	struct ms_span spi; /* empty: the maker of the ticket chooses */
};

/** The policy wanted (RFC 6043 section 6.10). Spans are borrowed. */
struct ms_mikey_wanted {
	uint16_t flags;                      /* enum ms_mikey_flag; K is ignored */
	const struct ms_mikey_id *responder; /* IDRr: at least one; patterns are possible */
	size_t n_responders;
	const struct ms_mikey_id *app; /* IDRapp */
	size_t n_apps;
	ms_usec start;    /* TRs, since 1970; 0: none */
	ms_usec end;      /* TRe; 0: none (the KMS then decides) */
	uint32_t rekey_s; /* TRr, seconds; 0: none */
	/* None: the default, one TGK (with I and without F one GTGK). */
	const struct ms_mikey_wish *wish;
	size_t n_wishes;
	bool no_keys; /* no session keys at all: both ends bring their own (L, M) */
};

struct ms_mikey_ticket_held; /* owned; secret */

/** NULL is fine. Returns NULL. Wipes the keys. */
struct ms_mikey_ticket_held *ms_mikey_ticket_held_free(struct ms_mikey_ticket_held *h);
void ms_mikey_ticket_held_freep(struct ms_mikey_ticket_held **h);

/**
 * From its parts: `ticket` is the TICKET payload from its Next Payload octet, mpkr is empty without
 * key forking. All is copied. Returns 0, -EBADMSG (the ticket does not decode), -EMSGSIZE (a key is
 * too long), -ENOMEM.
 */
MS_MUST_CHECK int ms_mikey_ticket_held_new(struct ms_span ticket, struct ms_span mpki,
					   struct ms_span mpkr, const struct ms_mikey_keyring *keys,
					   struct ms_mikey_ticket_held **ret_h);

/**
 * Makes a ticket with me->tpk[0], as an Initiator does in modes 3 and 4: D must not be set in
 * w->flags, and L must. Issued at `now`. Without wishes it holds one TGK. Returns 0, -EINVAL
 * (contradictory flags, no TPK, no responder), -ENOMEM, or what the random source says.
 */
MS_MUST_CHECK int ms_mikey_ticket_held_make(const struct ms_mikey_party *me,
					    const struct ms_mikey_wanted *w, ms_usec now,
					    struct ms_mikey_ticket_held **ret_h);

/** Its policy, borrowed; ticket_data is set, initiator_data is not. */
const struct ms_mikey_policy *ms_mikey_ticket_held_policy(const struct ms_mikey_ticket_held *h);

/** Its session keys, borrowed. */
const struct ms_mikey_keyring *ms_mikey_ticket_held_keys(const struct ms_mikey_ticket_held *h);

/** When it ends; MS_NEVER if that is open. */
ms_usec ms_mikey_ticket_held_end(const struct ms_mikey_ticket_held *h);

/** When the keys have to be changed after a use at `used`: TRr of the policy; MS_NEVER without. */
ms_usec ms_mikey_ticket_held_rekey(const struct ms_mikey_ticket_held *h, ms_usec used);

/** How many TRANSFER_INITs were made with it. */
unsigned ms_mikey_ticket_held_uses(const struct ms_mikey_ticket_held *h);

/**
 * Whether a TRANSFER_INIT may be made with it now. Returns 0, -ESTALE (not valid now; reasons
 * "ticket_expired", "ticket_not_yet_valid") or -EALREADY (used and without J: "ticket_used").
 */
MS_MUST_CHECK int ms_mikey_ticket_held_usable(const struct ms_mikey_ticket_held *h, ms_usec now,
					      struct ms_fault *fault);

/**
 * For a cache file that only its owner can read. `b` must be made with ms_buf_init_secret() and
 * MS_MIKEY_HELD_MAX; errors stick in it. The form is ours, versioned, and not portable between
 * major releases.
 */
void ms_mikey_ticket_held_serialise(const struct ms_mikey_ticket_held *h, struct ms_buf *b);

/** The inverse. Returns 0, -EBADMSG, -EMSGSIZE, -ENOMEM. */
MS_MUST_CHECK int ms_mikey_ticket_held_parse(struct ms_span s, struct ms_mikey_ticket_held **ret_h);

#endif
