/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the plane: pools (plane-pool.c), batches and links (plane.c). */
#ifndef MS_MGW_PLANE_PRIV_H
#define MS_MGW_PLANE_PRIV_H

#include "core/list.h"
#include "mgw/plane.h"
#include "mgw/ports.h"
#include "priv/chan.h"

/** Certificates of one worker that endpoints may still refer to. */
#define CERTIFICATES_MAX 64

struct certificate {
	uint32_t number;
	struct ms_bearer_fingerprints fingerprints;
};

struct worker {
	struct ms_mgw_plane *plane;
	uint16_t index;
	struct ms_chan *link;
	struct certificate certificates[CERTIFICATES_MAX]; /* the newest is the last */
	unsigned n_certificates;
	struct ms_list parts; /* struct part: operations on their way */
	uint32_t placed;      /* contexts since the start, for balance */
	uint64_t lost;
	bool metering;
};

struct pool {
	const struct ms_mgw_realm *realm;
	struct ms_bearer_address address; /* port 0 */
	struct ms_mgw_ports *ports;
};

struct ms_mgw_plane {
	struct ms_mgw_plane_handlers h;
	struct pool *pools;
	size_t n_pools;
	struct worker *workers;
	unsigned n_workers;
	unsigned next; /* where the next context goes */
	uint64_t next_part;
	struct ms_mgw_plane_counts counts;
};

/** plane-pool.c: the three functions of struct ms_plane that are answered here. */
int ms_mgw_plane_reserve(void *arg, const char *realm, const struct ms_bearer_address *local,
			 struct ms_bearer_address *ret_local);
void ms_mgw_plane_release(void *arg, const char *realm, const struct ms_bearer_address *local);
int ms_mgw_plane_fingerprint(void *arg, uint16_t home, uint32_t *certificate,
			     enum ms_bearer_hash hash, struct ms_bearer_fingerprint *ret_f);

/** Makes and ends the pools. 0 or -ENOMEM. */
int ms_mgw_plane_pools(struct ms_mgw_plane *p, const struct ms_mgw_config *c);
void ms_mgw_plane_pools_done(struct ms_mgw_plane *p);

/** A worker has a certificate more, or one less. */
void ms_mgw_plane_certificate(struct worker *w, uint32_t number,
			      const struct ms_bearer_fingerprints *list);
void ms_mgw_plane_forget(struct worker *w, uint32_t number);

#endif
