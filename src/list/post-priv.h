/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the post office: a letter is a message with its recipients, in memory and in the store. */
#ifndef MS_LISTS_POST_PRIV_H
#define MS_LISTS_POST_PRIV_H

#include "list/delivery.h"
#include "list/post.h"
#include "loop/loop.h"

/** Largest body and largest list of recipients in the store, octets. */
#define MS_LISTS_BODY_MAX ((size_t)1 << 18)
#define MS_LISTS_RECIPIENTS_MAX ((size_t)900 << 10)
#define MS_LISTS_HEAD_MAX ((size_t)16 << 10)

/** Has the sender been told of an outcome? */
enum ms_lists_telling { MS_LISTS_UNTOLD, MS_LISTS_TELLING /* with this commit */, MS_LISTS_TOLD };

/** Beside an outcome in the store: he has. */
#define MS_LISTS_TOLD_BIT 0x80

struct ms_lists_letter {
	struct ms_list fresh;  /* not yet durable */
	struct ms_list dirty;  /* outcomes to be written, or the row to be removed */
	struct ms_list news;   /* its sender is to be told something */
	struct ms_list untold; /* finished but for that */
	struct ms_lists_post *post;
	struct ms_lists_job *job;      /* the engine's; NULL once it is finished */
	int64_t id;                    /* 0: not yet durable */
	ms_usec created, expires;      /* wall clock */
	struct ms_lists_parcel parcel; /* into `head`; without body */
	struct ms_buf head, recipients, body;
	struct ms_span *uri; /* owned; into `recipients` */
	uint8_t *outcome;    /* owned; as last told by the engine */
	uint8_t *told;       /* owned; enum ms_lists_telling */
	size_t n;
	char *content_type; /* owned */
	size_t octets;      /* of the body, also while it is not here */
	bool has_body, is_dirty, finished;
	bool is_telling; /* handlers.tell has it */
	ms_lists_posted_f *done;
	void *arg;
};

/** A request to be held that is not yet durable. */
struct ms_lists_holding {
	struct ms_list link;
	struct ms_buf request;
	ms_usec expires;
	ms_lists_posted_f *done;
	void *arg;
};

struct ms_lists_post {
	struct ms_lists_delivery_config config; /* a copy: ours may be reloaded */
	struct ms_store *store;
	struct ms_sip_proxy *proxy;
	const char *tag_header;
	struct ms_lists_post_handlers handlers;
	struct ms_lists_delivery *delivery;
	struct ms_list fresh, holding, dirty, news, untold;
	size_t held;
	uint64_t held_octets;
	struct ms_defer work;
	struct ms_timer due, flush;
};

/* ---- post-letter.c ---- */

/** Copies a parcel. -ENOMEM, -EMSGSIZE. */
MS_MUST_CHECK int ms_lists_letter_new(struct ms_lists_post *p, const struct ms_lists_parcel *parcel,
				      const struct ms_span *recipients, size_t n,
				      struct ms_lists_letter **ret_l);

/** From a row of the store. -EBADMSG (damaged), -ENOMEM. */
struct ms_store_job;
MS_MUST_CHECK int ms_lists_letter_load(struct ms_lists_post *p, const struct ms_store_job *row,
				       struct ms_lists_letter **ret_l);

/** Not the engine's job. NULL is fine. */
void ms_lists_letter_free(struct ms_lists_letter *l);

/* ---- post-queue.c ---- */

/** Writes all that is new in one commit and tells who waits for it. */
void ms_lists_post_commit(struct ms_lists_post *p);

/** It differs from its row. */
void ms_lists_letter_dirty(struct ms_lists_letter *l);

/** Takes up the rows of earlier runs. */
MS_MUST_CHECK int ms_lists_post_load(struct ms_lists_post *p);

/* ---- post-tell.c ---- */

bool ms_lists_letter_has_news(const struct ms_lists_letter *l);

/** Its news, or that of recipient `i`, should it be one, go to handlers.tell with ms_lists_post_tell(). */
void ms_lists_letter_news(struct ms_lists_letter *l);
void ms_lists_letter_outcome_news(struct ms_lists_letter *l, size_t i);
void ms_lists_post_tell(struct ms_lists_post *p);

/** The first `n` of its news are told with the next commit; that commit was made, or failed. */
void ms_lists_letter_telling(struct ms_lists_letter *l, size_t n);
void ms_lists_letter_told(struct ms_lists_letter *l, bool durable);

/* ---- post-send.c ---- */

/** The engine's `send`. */
int ms_lists_post_send(struct ms_lists_recipient *r, void *arg);

/* ---- post.c ---- */

/** At the end of this round of the loop: commit, then let the engine run. */
void ms_lists_post_kick(struct ms_lists_post *p);

/** Gives the letter to the engine. */
MS_MUST_CHECK int ms_lists_post_enter(struct ms_lists_post *p, struct ms_lists_letter *l,
				      bool again);

#endif
