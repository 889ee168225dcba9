/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the replay protection: buckets in memory (replay.c), journals (replay-journal.c). */
#ifndef MS_KMS_REPLAY_PRIV_H
#define MS_KMS_REPLAY_PRIV_H

#include "core/list.h"
#include "kms/replay.h"

#define MS_KMS_SHARDS 256
#define MS_KMS_JOURNAL_HEAD 32

/** Records wait here between two flushes; more make an early flush. */
#define MS_KMS_PENDING_MAX ((size_t)64 * 1024)

struct ms_kms_shard {
	uint8_t (*slot)[MS_KMS_DIGEST_LEN]; /* owned; an all-zero slot is free */
	uint32_t cap, count;                /* cap is 0 or a power of two */
};

struct ms_kms_bucket {
	struct ms_list link;
	int64_t number; /* time / length of a bucket */
	struct ms_kms_shard shard[MS_KMS_SHARDS];
	uint64_t records;
	int fd;          /* journal, -1 until the first flush */
	uint64_t offset; /* everything before it is whole */
	bool closed;     /* its journal is damaged: nothing of that time is accepted */
	bool unsynced;
	uint8_t *pending; /* owned, MS_KMS_PENDING_MAX octets */
	size_t n_pending; /* octets */
};

struct ms_kms_replay {
	struct ms_kms_replay_config c; /* c.dir is not kept */
	uint8_t hash_key[16];
	int dir_fd;
	int floor_fd;
	int64_t floor; /* no bucket below it is accepted any more */
	struct ms_list buckets;
	struct ms_kms_bucket *recent; /* the bucket used last */
	struct ms_kms_replay_stats stats;
};

/** The bucket of a number, or NULL. */
struct ms_kms_bucket *ms_kms_bucket_find(const struct ms_kms_replay *r, int64_t number);

/** The bucket, made if it was not there; NULL if memory is short. */
MS_MUST_CHECK struct ms_kms_bucket *ms_kms_bucket_get(struct ms_kms_replay *r, int64_t number);

/** Puts a digest into memory: 0, -EEXIST, -ENOMEM. */
MS_MUST_CHECK int ms_kms_bucket_put(struct ms_kms_replay *r, struct ms_kms_bucket *b,
				    const uint8_t digest[static MS_KMS_DIGEST_LEN]);

/** Opens the directory and reads floor and journals into memory. */
MS_MUST_CHECK int ms_kms_journal_load(struct ms_kms_replay *r, const char *dir, ms_usec now,
				      char why[MS_KMS_REPLAY_WHY_MAX]);

/** Writes (and with MS_KMS_SYNC_BATCH syncs) what is pending. */
MS_MUST_CHECK int ms_kms_journal_write(struct ms_kms_replay *r, struct ms_kms_bucket *b);

/** Raises the floor on disk, so that a clock set back does not reopen what was forgotten. */
void ms_kms_journal_floor(struct ms_kms_replay *r, int64_t floor);

void ms_kms_journal_unlink(struct ms_kms_replay *r, int64_t number);

#endif
