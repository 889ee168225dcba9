/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The post office of the list server: messages that are ready to go, each to many recipients. A message
 * is durable before its sender hears 202; then it goes to every recipient through the core, with
 * retries, and for those who are away it waits until they register.
 *
 *   ms_lists_post_submit() -> one commit for all of this round -> done(0) -> requests -> outcomes
 *
 * This is where the engine (delivery.h, pure), the queue (queue.h) and SIP meet.
 */
#ifndef MS_LISTS_POST_H
#define MS_LISTS_POST_H

#include "core/buf.h"
#include "daemon/config.h"
#include "list/outcome.h"
#include "sip/proxy.h"
#include "store/store.h"

/** Section `delivery` of the configuration; the table is in post-config.c. */
struct ms_lists_delivery_config {
	uint64_t parallel;              /* requests under way at a time */
	uint64_t window;                /* octets of them */
	uint64_t attempts;              /* of one recipient that is there but fails */
	ms_usec retry_first, retry_max; /* pauses between them double */
	ms_usec away_retry; /* for one who is away, without news of a registration; 0: never */
	ms_usec keep;       /* the longest a message waits, whatever its ticket allows */
	uint64_t messages, octets;               /* in the queue, in all */
	uint64_t member_messages, member_octets; /* that wait for one recipient */
	ms_usec flush;   /* outcomes are written together, at the latest after this */
	uint64_t untold; /* messages at a time whose authors are told; of more they are not */
};
extern const struct ms_config_field ms_lists_delivery_fields[];

struct ms_lists_post;   /* owned */
struct ms_lists_letter; /* a message in it */

/** What a sender wants to be told (RFC 5438), and the facts a notification repeats. */
struct ms_lists_wish {
	unsigned wishes;           /* enum ms_imdn_wish; 0: nothing */
	struct ms_span message_id; /* imdn.Message-ID */
	struct ms_span date_time;
};

/** A message to be delivered; all borrowed for the call. */
struct ms_lists_parcel {
	struct ms_span from;     /* From value without its tag, as the author wrote it */
	struct ms_span asserted; /* P-Asserted-Identity value, or empty */
	struct ms_span content_type, encoding; /* encoding: Content-Transfer-Encoding or empty */
	struct ms_span body;                   /* the same octets go to every recipient */
	struct ms_span privacy;                /* Privacy value (RFC 3323), or empty */
	struct ms_span tag;                    /* value of the spec's tag_header, or empty */
	unsigned max_forwards;                 /* of what came; one less goes out */
	ms_usec expires;       /* end of its ticket, wall clock; MS_NEVER: unknown */
	struct ms_span origin; /* URI of the sender */
	struct ms_span list;   /* PSI; empty for URI-lists */
	struct ms_lists_wish wish;
	int64_t held; /* goes in the same commit (ms_lists_post_hold()); 0: none */
	/* It tells the sender of that message of the first `n_about` of its news, which are none any more
	 * from the same commit on. NULL: it tells of nothing. */
	struct ms_lists_letter *about;
	size_t n_about;
};

struct ms_lists_post_handlers {
	/** There is news (ms_lists_post_news()) of a message whose sender asked for it, also when an
	 * earlier run left it. Not called again for this message before a parcel about it is durable, or
	 * has failed, or it is hushed; until then `l` and `p` stay. May be NULL. */
	void (*tell)(struct ms_lists_letter *l, const struct ms_lists_parcel *p, void *arg);
	/** A message held (ms_lists_post_hold()) by an earlier run or before ms_lists_post_resume(). */
	void (*held)(int64_t id, struct ms_span request, void *arg);
	void *arg;
};

struct ms_lists_post_spec {
	const struct ms_lists_delivery_config *config; /* copied */
	struct ms_store *store;                        /* borrowed; of the list server's schema */
	struct ms_sip_proxy *proxy;                    /* borrowed */
	const char *tag_header; /* name of the header for a parcel's tag; borrowed */
	struct ms_lists_post_handlers handlers;
};

/** Takes up what earlier runs left, from the next round of the loop on. -ENOMEM, or as the store. */
MS_MUST_CHECK int ms_lists_post_new(const struct ms_lists_post_spec *spec,
				    struct ms_lists_post **ret_p);

/** Writes outcomes down and closes; what was not delivered stays in the store. After its proxy was
 * freed, since answers may come until then. NULL is fine. Returns NULL. */
struct ms_lists_post *ms_lists_post_free(struct ms_lists_post *p);

/** Told once: 0 when the message survives a kill, or negative errno and it is forgotten. */
typedef void ms_lists_posted_f(int err, void *arg);

/**
 * Takes a message for `n` recipients: URIs in the form of keys/identity.h, each once. 0, and done()
 * follows at the end of this round of the loop; or -ENOSPC (the queue is full), -EMSGSIZE, -EINVAL (no
 * recipients), -ENOMEM, and nothing happened.
 */
MS_MUST_CHECK int ms_lists_post_submit(struct ms_lists_post *p,
				       const struct ms_lists_parcel *parcel,
				       const struct ms_span *recipients, size_t n,
				       ms_lists_posted_f *done, void *arg);

/** A final outcome (delivered, failed, expired) of which the sender wants to know. */
struct ms_lists_news {
	struct ms_span recipient; /* borrowed */
	enum ms_lists_outcome outcome;
};

/** The first `max` that he has not been told. */
size_t ms_lists_post_news(const struct ms_lists_letter *l, struct ms_lists_news *ret_news,
			  size_t max);

/** He will not be told those. The letter is not to be used any more. */
void ms_lists_post_hush(struct ms_lists_letter *l);

/** Keeps a request as it came (whole, as on the wire) that cannot be worked on yet. Errors as above. */
MS_MUST_CHECK int ms_lists_post_hold(struct ms_lists_post *p, struct ms_span request,
				     ms_usec expires, ms_lists_posted_f *done, void *arg);

/** Hands every held request to handlers.held again, oldest first. */
void ms_lists_post_resume(struct ms_lists_post *p);

/** A held request is refused after all, or answered without a delivery. */
void ms_lists_post_drop(struct ms_lists_post *p, int64_t held);

/** That user has registered: what waits goes now. */
void ms_lists_post_registered(struct ms_lists_post *p, struct ms_span uri);

/** No new requests are begun; done once none is under way (see _busy). */
void ms_lists_post_drain(struct ms_lists_post *p);

/** Requests under way and not answered. */
size_t ms_lists_post_busy(const struct ms_lists_post *p);

struct ms_lists_post_state {
	size_t messages, octets;         /* in the queue */
	size_t waiting, away, under_way; /* recipients */
	size_t held;
	size_t untold; /* of everybody it is known what became, but not told yet */
	uint64_t sent, delivered, failed, expired, repeated; /* since the start */
};
void ms_lists_post_state(const struct ms_lists_post *p, struct ms_lists_post_state *ret_state);

/** Appends one line per message in the queue, for the operator. */
void ms_lists_post_show(const struct ms_lists_post *p, struct ms_buf *b);

#endif
