/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this user lets happen: with whom a session may be, what becomes of messages that nobody
 * vouches for, what is answered without asking. Decisions only; nothing here has state.
 */
#ifndef MS_UE_POLICY_H
#define MS_UE_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/span.h"
#include "keys/identity.h"

struct ms_ue_contact {
	char *name; /* owned; what the user types */
	struct ms_keys_identity uri;
};

struct ms_ue_contacts {
	struct ms_ue_contact *v; /* owned, n of them */
	size_t n;
};

/** With whom a session may come about, whoever was called. */
enum ms_ue_peer_policy {
	MS_UE_PEER_ANY,      /* the user sees who it is */
	MS_UE_PEER_CONTACTS, /* the called party or a contact */
	MS_UE_PEER_CALLED,   /* nobody but the called party; callers must be contacts */
};

enum ms_ue_answer {
	MS_UE_ANSWER_ASK,
	MS_UE_ANSWER_ACCEPT,
	MS_UE_ANSWER_REFUSE,
};

struct ms_ue_policy {
	enum ms_ue_peer_policy peer;
	bool plain_message;      /* show messages without protection, marked as such */
	bool unverified_message; /* show plain messages whose sender the network does not assert */
	bool plain_media;        /* take and offer MSRP without TLS */
	bool diversion; /* tickets for sessions admit anybody (?@?): calls may be diverted */
	enum ms_ue_answer chat, file;
};

/** The contact of that name, or with that URI, borrowed; NULL if there is none. */
const struct ms_ue_contact *ms_ue_contact_find(const struct ms_ue_contacts *c,
					       struct ms_span name_or_uri);

/**
 * Whom the user means by a contact's name, a URI, or a bare user part of `home`'s domain ("bob").
 * Returns 0 or -EINVAL.
 */
MS_MUST_CHECK int ms_ue_contact_resolve(const struct ms_ue_contacts *c, struct ms_span who,
					const struct ms_keys_identity *home,
					struct ms_keys_identity *ret_id);

/** May a session be with `peer`, whom the KMS vouches for? `called` is empty for incoming ones. */
bool ms_ue_policy_peer(const struct ms_ue_policy *p, const struct ms_ue_contacts *c,
		       struct ms_span called, struct ms_span peer);

/**
 * May a message without protection be shown? `asserted`: the network says who sent it
 * (P-Asserted-Identity). Returns NULL if so, else why not (static, a counter's name).
 */
const char *ms_ue_policy_plain_message(const struct ms_ue_policy *p, bool asserted);

/** Frees the contacts' memory. */
void ms_ue_contacts_done(struct ms_ue_contacts *c);

#endif
