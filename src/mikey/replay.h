/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remembers authenticated INIT messages until their timestamps are out of the window: RFC 3830
 * section 5.4. What identifies a message are the octets under its MAC, since others can be changed
 * by anybody. Forged messages never get in.
 */
#ifndef MS_MIKEY_REPLAY_H
#define MS_MIKEY_REPLAY_H

#include "core/random.h"
#include "core/time.h"
#include "mikey/message.h"

/** Octets of a message's name: SHA-256 of what its MAC covers. */
#define MS_MIKEY_REPLAY_ID 32

struct ms_mikey_replay; /* owned */

/**
 * At most `max` messages, and as many peers with COUNTER timestamps. Returns 0, -ENOMEM, or what
 * the random source says.
 */
MS_MUST_CHECK int ms_mikey_replay_new(size_t max, const struct ms_random *random,
				      struct ms_mikey_replay **ret_r);

/** NULL is fine. Returns NULL. */
struct ms_mikey_replay *ms_mikey_replay_free(struct ms_mikey_replay *r);

/** Whether it was seen, before its MAC is looked at; also drops what is out of the window. */
bool ms_mikey_replay_seen(struct ms_mikey_replay *r, const uint8_t id[MS_MIKEY_REPLAY_ID],
			  ms_usec now);

/**
 * Enters an authenticated message, to be kept until `until`. -EALREADY if it is in; -ENOSPC if the
 * cache is full of messages that are still in their windows; -ENOMEM.
 */
MS_MUST_CHECK int ms_mikey_replay_enter(struct ms_mikey_replay *r,
					const uint8_t id[MS_MIKEY_REPLAY_ID], ms_usec until);

/** COUNTER: whether `value` is greater than the peer's last. */
bool ms_mikey_replay_counter_ok(const struct ms_mikey_replay *r, struct ms_span peer,
				uint32_t value);

/** COUNTER: remembers an authenticated value for good. -EALREADY, -ENOSPC, -ENOMEM. */
MS_MUST_CHECK int ms_mikey_replay_counter_enter(struct ms_mikey_replay *r, struct ms_span peer,
						uint32_t value);

size_t ms_mikey_replay_count(const struct ms_mikey_replay *r);

#endif
