/* SPDX-License-Identifier: Apache-2.0 */
/* GET /metrics for Prometheus: all counters of the program, by HTTP at an address of its own. */
#ifndef MS_BORDER_METRICS_H
#define MS_BORDER_METRICS_H

#include "daemon/config.h"

struct ms_border_metrics;

/** The key `metrics` over a struct ms_addr. */
#define MS_BORDER_METRICS_CONFIG(s, m)                                                           \
	{                                                                                        \
		.key = "metrics", .type = MS_CONFIG_ADDR, .offset = offsetof(s, m), .value = "", \
		.help = "Address of GET /metrics for Prometheus; empty: none.",                  \
	}

/** Listens, unless the address is unset: *ret_m is NULL then. `error` gets a sentence. */
MS_MUST_CHECK int ms_border_metrics_open(const struct ms_addr *address, struct ms_buf *error,
					 struct ms_border_metrics **ret_m);

/** NULL is fine. Returns NULL. */
struct ms_border_metrics *ms_border_metrics_close(struct ms_border_metrics *m);

#endif
