/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a list passes on: the entity its author protected, in a CPIM message (RFC 3862) whose From is
 * the author as the key management server vouches for him, whatever he wrote there himself, and whose
 * To is the list; or, for clients that do not read CPIM, the entity alone. Pure.
 */
#ifndef MS_LISTS_AUTHOR_H
#define MS_LISTS_AUTHOR_H

#include "core/buf.h"
#include "core/fault.h"
#include "core/time.h"

/** What the author asked to be told. Spans are borrowed from the opened entity. */
struct ms_lists_asked {
	unsigned wishes; /* enum ms_imdn_wish */
	struct ms_span message_id, date_time;
};

/** Where members find who wrote a message. */
enum ms_lists_author {
	MS_LISTS_AUTHOR_CPIM, /* in a wrapper, by the word of the list */
	MS_LISTS_AUTHOR_SIP /* in From and P-Asserted-Identity, by the word of the network at most */
};

/**
 * Appends the entity for the members to `out`, made of `opened`, the author's. Wishes for
 * notifications are taken out, since it is the list that is asked: they are in *ret_asked. -EBADMSG or
 * -EMSGSIZE with *f (not an entity we can read), -EPERM (a notification: that is not for lists),
 * -ENOMEM.
 */
MS_MUST_CHECK int ms_lists_author_wrap(struct ms_span opened, struct ms_span author,
				       struct ms_span list, ms_usec now, enum ms_lists_author where,
				       struct ms_buf *out, struct ms_lists_asked *ret_asked,
				       struct ms_fault *f);

#endif
