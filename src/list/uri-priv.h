/* SPDX-License-Identifier: Apache-2.0 */
/* A URI-list message on its way: uri-list.c, uri-parts.c, uri-recipients.c, uri-send.c. */
#ifndef MS_LISTS_URI_PRIV_H
#define MS_LISTS_URI_PRIV_H

#include "keys/smime.h"
#include "list/held.h"
#include "list/uri-list.h"
#include "mime/entity.h"
#include "mime/resource-lists.h"

/** Parts of a message beside its list. */
#define MS_LISTS_URI_PARTS_MAX 8

struct ms_lists_uri_parts {
	struct ms_mime_entity list;
	struct ms_mime_entity payload[MS_LISTS_URI_PARTS_MAX];
	size_t n;
};

struct ms_lists_uri_work {
	struct ms_list link;
	struct ms_sip_exchange *x;     /* borrowed; NULL: it has ended */
	struct ms_sip_packet *request; /* a reference */
	struct ms_lists_held held;
	struct ms_lists_sender sender;
	struct ms_lists_uri_parts parts; /* into the request */

	struct ms_keys_ring *ring;     /* the service's; borrowed */
	struct ms_keys_asking *asking; /* while the KMS is asked */
	struct ms_buf object;          /* the protected list */
	struct ms_keys_smime_in *in;   /* owned; into `object` */

	struct ms_resource_entry *entry;   /* owned: each recipient once, URIs as identities */
	struct ms_keys_identity *identity; /* owned: their URIs */
	struct ms_span *uri;               /* owned: likewise */
	size_t n;
	ms_usec expires;       /* end of the tickets of its parts; MS_NEVER: unknown */
	struct ms_buf history; /* CMS; empty: none goes out */
	bool posted;           /* the post office has it and will call */
};

/** Frees it; nothing is answered. */
void ms_lists_uri_free(struct ms_lists_uri_work *w);

/** Answers (who waits for one that was held was told 202: it is taken out of the store) and frees it. */
void ms_lists_uri_refuse(struct ms_lists_uri_work *w, unsigned status, const char *reason,
			 const char *detail);
void ms_lists_uri_accept(struct ms_lists_uri_work *w);

/**
 * uri-parts.c: takes a multipart/mixed body apart. -EBADMSG, -ENOENT (no list in it), -EEXIST (two), -E2BIG
 * (too many parts), -ENODATA (nothing beside the list), -ENOTSUP (another type).
 */
MS_MUST_CHECK int ms_lists_uri_parts(const struct ms_sip_packet *m,
				     struct ms_lists_uri_parts *ret_parts);

/** An entity as it came, header and all: `fields` and `body` lie in one piece. */
struct ms_span ms_lists_uri_raw(const struct ms_mime_entity *e);

/** Is it protected? */
bool ms_lists_uri_is_protected(const struct ms_mime_entity *e);

/**
 * uri-recipients.c: who is written to, from the list's document. Each recipient once, with the highest
 * copy control it was given (RFC 5364 section 4). 0, or the work has been refused: negative.
 */
MS_MUST_CHECK int ms_lists_uri_recipients(struct ms_lists_uri_work *w, struct ms_span xml);

/**
 * uri-ticket.c: may all recipients resolve the tickets of its protected parts, and until when? Sets
 * w->expires. -EACCES: one may not; else what ms_keys_smime_read() says, with *f.
 */
MS_MUST_CHECK int ms_lists_uri_tickets(struct ms_lists_uri_work *w, struct ms_fault *f);

/** uri-held.c: the key management server does not answer: held, or 503 by policy. */
void ms_lists_uri_away(struct ms_lists_uri_work *w, const char *detail);

/** It was held, stays in the store and is tried again later. Frees it. */
void ms_lists_uri_wait(struct ms_lists_uri_work *w);

/** What may be better later: one that was held waits, another is refused with 503. */
void ms_lists_uri_later(struct ms_lists_uri_work *w, const char *reason, const char *detail);

/** uri-send.c: protects the history, if there is one, and posts. */
void ms_lists_uri_send(struct ms_lists_uri_work *w);

#endif
