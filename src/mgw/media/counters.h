/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of a media worker, as the worker sends them and the control role shows them. */
#ifndef MS_MGW_MEDIA_COUNTERS_H
#define MS_MGW_MEDIA_COUNTERS_H

#include "daemon/counter.h"
#include "mgw/media/media.h"

/** mediasec_mgw_media_...; the control role adds the values of its workers up. */
extern struct ms_counter_set ms_media_counter_set;

/** Fills the set in from the plane's own counts. */
void ms_media_counters_fill(const struct ms_media_stats *s);

#endif
