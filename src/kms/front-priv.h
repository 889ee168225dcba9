/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the front: front.c is the process, front-request.c has the Ua interface and the requests
 * that the vault has, front-metrics.c what Prometheus asks for.
 */
#ifndef MS_KMS_FRONT_PRIV_H
#define MS_KMS_FRONT_PRIV_H

#include "http/server.h"
#include "kms/counters.h"
#include "kms/role.h"
#include "loop/loop.h"
#include "priv/chan.h"

#define MS_KMS_SCRAPES_MAX 8

/** A request that the vault has. Its number is its place and how often that was used. */
struct ms_kms_pending {
	struct ms_http_request *request; /* owned; NULL: free */
	uint32_t use;
	uint32_t next_free;
	bool base64;
};

struct ms_kms_front {
	struct ms_kms_config config;
	struct ms_config *config_owner; /* owned; the texts in `config` are in it */
	struct ms_chan *parent, *link;
	struct ms_http_server *server, *metrics;
	struct ms_http_route route[2];
	struct ms_kms_pending *pending; /* owned, n_pending of them */
	uint32_t n_pending, free, in_flight;
	struct ms_http_request *scrape[MS_KMS_SCRAPES_MAX];
	size_t n_scrapes;
	struct ms_timer second;
	struct ms_buf scratch;
	bool stopping;
};

static inline struct ms_counter *ms_kms_front_counter(enum ms_kms_front_counter c)
{
	return &ms_kms_front_set.counters[c];
}

/* ---- front-request.c ---- */

MS_MUST_CHECK int ms_kms_front_pending_new(struct ms_kms_front *f);
/** Handler of the route: refused, or in the vault's hands. */
void ms_kms_front_request(struct ms_http_request *r, void *arg);
/** The vault's answer to one of them. */
void ms_kms_front_answer(struct ms_kms_front *f, struct ms_msg *m);
/** Those that waited too long get their 503. */
void ms_kms_front_drop_late(struct ms_kms_front *f);
/** All get it: the vault has ended. */
void ms_kms_front_drop_all(struct ms_kms_front *f);

/* ---- front-metrics.c ---- */

void ms_kms_front_gauges(struct ms_kms_front *f);
/** Handler of GET /metrics: asks the vault for its counters first. */
void ms_kms_front_scrape(struct ms_http_request *r, void *arg);
/** The vault's counters: who waits for them is answered. */
void ms_kms_front_metered(struct ms_kms_front *f, struct ms_msg *m);
void ms_kms_front_answer_scrapes(struct ms_kms_front *f, int status);

#endif
