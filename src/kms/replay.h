/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replay protection of the KMS: which authenticated messages were seen (RFC 3830 section 5.4),
 * remembered across restarts and kills, at a cost that does not grow with their number.
 *
 * A message is a digest of 16 octets and the time until which it must be remembered: T plus the
 * skew. Time is cut into buckets; a bucket has its digests in memory, in 256 small hash tables
 * (growing one never takes long), and a journal file that is only appended to. When the time of a
 * bucket has passed, the bucket is forgotten whole and its file unlinked.
 *
 * Durability. ms_kms_replay_flush() writes all new records with one call a bucket and must be called
 * before the answers to their messages leave. Written records survive the end of the process in any
 * way. Against a loss of power MS_KMS_SYNC_BATCH syncs in each flush; MS_KMS_SYNC_INTERVAL in each
 * ms_kms_replay_sync(), so that messages answered since the last one could be replayed within the
 * clock skew after a power loss; MS_KMS_SYNC_NEVER leaves it to the kernel.
 *
 * Torn writes: a record counts once all of it is in the file; a rest at the end is overwritten. A
 * journal whose head is damaged closes its bucket: messages of that time are refused as too old
 * rather than perhaps accepted twice.
 */
#ifndef MS_KMS_REPLAY_H
#define MS_KMS_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/time.h"

#define MS_KMS_DIGEST_LEN 16
#define MS_KMS_REPLAY_WHY_MAX 256

enum ms_kms_sync { MS_KMS_SYNC_NEVER, MS_KMS_SYNC_INTERVAL, MS_KMS_SYNC_BATCH };

struct ms_kms_replay_config {
	const char *dir;    /* exists, ours alone */
	ms_usec window;     /* `until` is at most this far from now: twice the skew */
	ms_usec bucket;     /* length of a bucket; at least a second */
	size_t max_records; /* in memory; further messages are refused */
	enum ms_kms_sync sync;
	const uint8_t *hash_key; /* 16 random octets, copied */
};

struct ms_kms_replay;

/**
 * Reads the journals. Returns 0 or negative errno with one line in `why`; 0 with `why` not empty is
 * a warning (damaged journal, clock behind). Owned by the caller.
 */
MS_MUST_CHECK int ms_kms_replay_open(const struct ms_kms_replay_config *c, ms_usec now,
				     char why[MS_KMS_REPLAY_WHY_MAX], struct ms_kms_replay **ret_r);

/** Writes what is left to write and closes. NULL is fine. Returns NULL. */
struct ms_kms_replay *ms_kms_replay_close(struct ms_kms_replay *r);

/**
 * Was this message seen? 0 no; -EEXIST yes; -ESTALE: it is older than what is remembered, whatever
 * the clock says now.
 */
MS_MUST_CHECK int ms_kms_replay_check(const struct ms_kms_replay *r,
				      const uint8_t digest[static MS_KMS_DIGEST_LEN],
				      ms_usec until);

/** Remembers. Returns as ms_kms_replay_check(), or -ENOSPC (max_records), -ENOMEM. */
MS_MUST_CHECK int ms_kms_replay_add(struct ms_kms_replay *r,
				    const uint8_t digest[static MS_KMS_DIGEST_LEN], ms_usec until);

/**
 * Writes the records added since the last call. On error (-ENOSPC, -EIO, ...) the answers to their
 * messages must not leave; the records are kept, and written with the next flush.
 */
MS_MUST_CHECK int ms_kms_replay_flush(struct ms_kms_replay *r);

/** Syncs what was written since the last call. For a timer with MS_KMS_SYNC_INTERVAL. */
MS_MUST_CHECK int ms_kms_replay_sync(struct ms_kms_replay *r);

/** Forgets buckets outside the window. For a timer; call about once a second. */
void ms_kms_replay_expire(struct ms_kms_replay *r, ms_usec now);

/** How far the newest record is ahead of anything that could have been accepted at `now`; 0: the
 * clock agrees with the journal. */
ms_usec ms_kms_replay_ahead(const struct ms_kms_replay *r, ms_usec now);

struct ms_kms_replay_stats {
	uint64_t records; /* in memory */
	uint64_t buckets;
	uint64_t written; /* octets written to journals since the start */
	uint64_t flushes; /* write calls */
	uint64_t syncs;
	uint64_t errors;  /* failed writes and syncs */
	uint64_t damaged; /* journals that could not be read */
	uint64_t loaded;  /* records read at the start */
};

const struct ms_kms_replay_stats *ms_kms_replay_stats(const struct ms_kms_replay *r);

#endif
