/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list server's queue on disk: jobs (a message with its recipients), how far each has come, and
 * requests held as they came. In the database of store/lists.h.
 *
 * Outcomes are one octet a recipient, all of a job in one row: a flush costs one row a job, however many
 * recipients had an answer. Errors are those of store/store.h.
 */
#ifndef MS_STORE_LISTS_QUEUE_H
#define MS_STORE_LISTS_QUEUE_H

#include "core/buf.h"
#include "store/store.h"

/** The tables, for the schema of the database. */
#define MS_STORE_QUEUE_SCHEMA                                                                \
	"CREATE TABLE job (id INTEGER PRIMARY KEY AUTOINCREMENT, created INTEGER NOT NULL,"  \
	"  expires INTEGER NOT NULL, head BLOB NOT NULL, recipients BLOB NOT NULL,"          \
	"  body BLOB NOT NULL);"                                                             \
	"CREATE TABLE progress (job INTEGER PRIMARY KEY REFERENCES job ON DELETE CASCADE,"   \
	"  outcomes BLOB NOT NULL);"                                                         \
	"CREATE TABLE held (id INTEGER PRIMARY KEY AUTOINCREMENT, expires INTEGER NOT NULL," \
	"  request BLOB NOT NULL);"

struct ms_store_job {
	int64_t id; /* never used again */
	ms_usec created, expires;
	struct ms_span head;       /* whatever the queue's user needs */
	struct ms_span recipients; /* likewise */
	struct ms_span outcomes;   /* empty: none written yet */
	struct ms_span body;       /* not when jobs are listed */
	uint64_t body_len;
};

/** `j->id` is not looked at. */
MS_MUST_CHECK int ms_store_job_add(struct ms_store *s, const struct ms_store_job *j,
				   int64_t *ret_id);
MS_MUST_CHECK int ms_store_job_outcomes(struct ms_store *s, int64_t id, struct ms_span outcomes);
/** One that is not there: 0. */
MS_MUST_CHECK int ms_store_job_remove(struct ms_store *s, int64_t id);
/** Appends the body. -ENOENT. */
MS_MUST_CHECK int ms_store_job_body(struct ms_store *s, int64_t id, struct ms_buf *b);

/** Told each job, oldest first, but for its body; non-zero ends the walk with that value. The handler
 * must not change the store. */
MS_MUST_CHECK int ms_store_jobs(struct ms_store *s,
				int (*f)(const struct ms_store_job *j, void *arg), void *arg);

MS_MUST_CHECK int ms_store_held_add(struct ms_store *s, struct ms_span request, ms_usec expires,
				    int64_t *ret_id);
/** One that is not there: 0. */
MS_MUST_CHECK int ms_store_held_remove(struct ms_store *s, int64_t id);
/** The first one after `after` into `b`; 0: the oldest. -ENOENT: there is none. */
MS_MUST_CHECK int ms_store_held_next(struct ms_store *s, int64_t after, struct ms_buf *b,
				     int64_t *ret_id, ms_usec *ret_expires);
MS_MUST_CHECK int ms_store_held_count(struct ms_store *s, size_t *ret_n, uint64_t *ret_octets);

#endif
