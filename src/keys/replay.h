/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which TRANSFER_INITs were taken, so that none is taken twice, also after a restart and also when
 * delivery is deferred for days. The rule for a full cache is that of the 3GPP text on immediate
 * messaging: a message newer than the oldest one remembered takes its place; what is not newer than
 * something that was forgotten is refused.
 */
#ifndef MS_KEYS_REPLAY_H
#define MS_KEYS_REPLAY_H

#include "core/random.h"
#include "core/time.h"
#include "mikey/message.h"

#define MS_KEYS_REPLAY_ID 32

struct ms_keys_replay; /* owned */

/** At most `max` (> 0) messages. -ENOMEM, or what the random source says. */
MS_MUST_CHECK int ms_keys_replay_new(size_t max, const struct ms_random *random,
				     struct ms_keys_replay **ret_r);

/**
 * Reads what earlier runs wrote to `path` and writes on there; other processes may write too, and
 * what they write is noticed. The file has mode 0600. Returns 0, -EBADMSG (another kind of file) or
 * negative errno.
 */
MS_MUST_CHECK int ms_keys_replay_open(struct ms_keys_replay *r, const char *path);

/** Closes the file and frees. NULL is fine. Returns NULL. */
struct ms_keys_replay *ms_keys_replay_free(struct ms_keys_replay *r);

/**
 * The name of a TRANSFER_INIT: SHA-256 over its CSB ID and its MAC, which covers all that counts.
 * -EBADMSG if it has no MAC.
 */
MS_MUST_CHECK int ms_keys_replay_id(const struct ms_mikey_message *m,
				    uint8_t ret_id[MS_KEYS_REPLAY_ID]);

/** Was it taken before? To be asked before the key management server is. */
bool ms_keys_replay_seen(struct ms_keys_replay *r, const uint8_t id[MS_KEYS_REPLAY_ID]);

/**
 * Remembers a message that was verified; `stamp` is its timestamp. Returns 0, -EALREADY (it was
 * taken), -ESTALE (not newer than one that was forgotten), -ENOMEM, or negative errno of the file:
 * then it is not taken, and the message must be refused.
 */
MS_MUST_CHECK int ms_keys_replay_enter(struct ms_keys_replay *r,
				       const uint8_t id[MS_KEYS_REPLAY_ID], ms_usec stamp);

size_t ms_keys_replay_count(const struct ms_keys_replay *r);

#endif
