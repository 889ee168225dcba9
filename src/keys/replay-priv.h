/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the replay cache: what it remembers, and the file. */
#ifndef MS_KEYS_REPLAY_PRIV_H
#define MS_KEYS_REPLAY_PRIV_H

#include <sys/types.h>

#include "core/hash.h"
#include "keys/replay.h"

struct ms_keys_seen {
	ms_usec stamp;
	uint8_t id[MS_KEYS_REPLAY_ID];
};

struct ms_keys_replay {
	struct ms_hash *ids;       /* owned; the values say nothing */
	struct ms_keys_seen *heap; /* owned; the oldest first */
	size_t n, cap, max;
	ms_usec floor; /* timestamp of the newest that was forgotten; INT64_MIN if none */
	/* the file */
	char *path;    /* owned; NULL without */
	int fd;        /* owned; -1 without */
	off_t read_to; /* how much of the file was read */
};

/** Remembers what the file says was taken: not what is older than all of a full cache. -ENOMEM. */
MS_MUST_CHECK int ms_keys_replay_recall(struct ms_keys_replay *r,
					const uint8_t id[MS_KEYS_REPLAY_ID], ms_usec stamp);

/** Raises the floor. */
void ms_keys_replay_forgotten(struct ms_keys_replay *r, ms_usec stamp);

/* ---- replay-file.c: all do nothing without a file, and return 0 or negative errno ---- */

/** Nobody else may write until ms_keys_replay_unlock(); then reads what others wrote. */
MS_MUST_CHECK int ms_keys_replay_lock(struct ms_keys_replay *r);
void ms_keys_replay_unlock(struct ms_keys_replay *r);

/** Reads what was written since. */
MS_MUST_CHECK int ms_keys_replay_catch_up(struct ms_keys_replay *r);

/** Writes one at the end, locked. Nothing is left of it after an error. */
MS_MUST_CHECK int ms_keys_replay_append(struct ms_keys_replay *r, const struct ms_keys_seen *s);

/** Writes the file anew, locked, if most of it was forgotten. Failing is told to nobody: it is tried
 * again with the next. */
void ms_keys_replay_tidy(struct ms_keys_replay *r);

#endif
