/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of this client, as the daemons have them: its events by name, what was told of messages,
 * and the exchanges of its keyring with the KMS (keys/keyring.h).
 */
#ifndef MS_UE_STATS_H
#define MS_UE_STATS_H

#include "core/buf.h"
#include "ue/event.h"

/** Before the first event. */
void ms_ue_stats_open(void);

void ms_ue_stats_count(const struct ms_ue_event *e);

/** All of them into that file in Prometheus's text format; it is never seen half written. Negative errno. */
MS_MUST_CHECK int ms_ue_stats_write(const char *path);

#endif
