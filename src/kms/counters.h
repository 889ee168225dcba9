/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of both roles. Each role counts in its own set; copies travel as they are. */
#ifndef MS_KMS_COUNTERS_H
#define MS_KMS_COUNTERS_H

#include "daemon/counter.h"

/** Upper ends of the buckets for the time of an answer, microseconds; a last one has the rest. */
#define MS_KMS_LATENCY_BUCKETS 8

enum ms_kms_vault_counter {
	MS_KMS_V_ISSUED,
	MS_KMS_V_RESOLVED,
	MS_KMS_V_ERROR_MESSAGES,
	MS_KMS_V_UNREADABLE,
	MS_KMS_V_WITHHELD,
	MS_KMS_V_FAILED,
	MS_KMS_V_REPLAYS,
	MS_KMS_V_BATCHES,
	MS_KMS_V_AUDIT_ERRORS,
	MS_KMS_V_JOURNAL_ERRORS,
	MS_KMS_V_JOURNAL_OCTETS,
	MS_KMS_V_JOURNAL_SYNCS,
	MS_KMS_V_CHANGES,
	MS_KMS_V_REPLAY_RECORDS,
	MS_KMS_V_REPLAY_BUCKETS,
	MS_KMS_V_REPLAY_AHEAD,
	MS_KMS_V_USERS,
	MS_KMS_V_IDENTITIES,
	MS_KMS_V_KEYS,
	MS_KMS_V_TPKS,
	MS_KMS_V_FIXED, /* refused_total{reason} follows */
};

enum ms_kms_front_counter {
	MS_KMS_F_REQUESTS,
	MS_KMS_F_OVERLOAD,
	MS_KMS_F_BAD_QUERY,
	MS_KMS_F_MEDIA_TYPE,
	MS_KMS_F_BAD_BODY,
	MS_KMS_F_LATE,
	MS_KMS_F_ANSWER_US,
	MS_KMS_F_ANSWER_COUNT,
	MS_KMS_F_LATENCY, /* MS_KMS_LATENCY_BUCKETS + 1 of them */
	MS_KMS_F_HTTP = MS_KMS_F_LATENCY + MS_KMS_LATENCY_BUCKETS + 1,
	MS_KMS_F_ACCEPTED = MS_KMS_F_HTTP,
	MS_KMS_F_REFUSED_TOTAL,
	MS_KMS_F_REFUSED_ADDRESS,
	MS_KMS_F_MALFORMED,
	MS_KMS_F_NOT_FOUND,
	MS_KMS_F_METHOD,
	MS_KMS_F_RATE,
	MS_KMS_F_SLOW,
	MS_KMS_F_GONE,
	MS_KMS_F_OPEN,
	MS_KMS_F_IN_FLIGHT,
	MS_KMS_F_COUNT,
};

extern struct ms_counter_set ms_kms_vault_set, ms_kms_front_set;

/** Fills the tables (the reasons come from src/mikey) and makes the sets known. Call once. */
void ms_kms_counters_init(void);

/** Counts a refusal under its reason. */
void ms_kms_count_refused(const char *reason);

/** Counts an answer that took `us` microseconds. */
void ms_kms_count_latency(uint64_t us);

#endif
