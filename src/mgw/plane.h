/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The media plane as the control role sees it (h248/plane.h): port pools, which are kept here, and
 * workers, each behind a channel. A worker is a "home".
 */
#ifndef MS_MGW_PLANE_H
#define MS_MGW_PLANE_H

#include <stdbool.h>

#include "core/attr.h"
#include "h248/plane.h"
#include "mgw/config.h"

struct ms_mgw_plane; /* owned */

struct ms_mgw_plane_handlers {
	/** The operations of a token are done (ms_mg_applied()). */
	void (*applied)(void *arg, uint64_t token);
	/** ms_mg_event(). */
	void (*event)(void *arg, ms_plane_endpoint e, const struct ms_bearer_event *event);
	/** ms_mg_home_lost(). */
	void (*home_lost)(void *arg, uint16_t home);
	/** All workers' counters have come for ms_mgw_plane_meter(). */
	void (*metered)(void *arg);
	void *arg;
};

/** Pools as in the configuration (borrowed), no workers yet. -ENOMEM. */
MS_MUST_CHECK int ms_mgw_plane_new(const struct ms_mgw_config *c, unsigned workers,
				   const struct ms_mgw_plane_handlers *h,
				   struct ms_mgw_plane **ret_p);
struct ms_mgw_plane *ms_mgw_plane_free(struct ms_mgw_plane *p);

/** The interface for ms_mg_new(); its `arg` is the plane. */
struct ms_plane ms_mgw_plane_interface(struct ms_mgw_plane *p);

/** A link to worker `home` came (owned from now, also on error); an earlier one is dead. */
MS_MUST_CHECK int ms_mgw_plane_link(struct ms_mgw_plane *p, uint16_t home, int fd);

/** All workers are linked and have a certificate: new contexts have a place. */
bool ms_mgw_plane_ready(const struct ms_mgw_plane *p);

/** Asks the workers for their counters; `metered` follows, also when one of them is gone. */
void ms_mgw_plane_meter(struct ms_mgw_plane *p);

/** Share of ports in use, percent, of the fullest pool. */
unsigned ms_mgw_plane_load(const struct ms_mgw_plane *p);

/** For `status`: {"workers": [...], "realms": [...]}. New reference or NULL. */
MS_MUST_CHECK json_t *ms_mgw_plane_status(const struct ms_mgw_plane *p);

/** What workers do not count themselves. */
struct ms_mgw_plane_counts {
	uint64_t no_port, no_worker; /* reservations and contexts refused */
	uint64_t workers_lost;
	uint64_t operations;
};

const struct ms_mgw_plane_counts *ms_mgw_plane_counts(const struct ms_mgw_plane *p);

#endif
