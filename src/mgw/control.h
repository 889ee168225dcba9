/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control role of mediasec-mgw: H.248 towards the controllers (gcp, h248/association.h), the gateway
 * engine (h248/mg.h) and the media plane (plane.h). No media passes here.
 *
 *	control.c             the process: start, parent, links to workers, end
 *	control-open.c        gcp, engine and media plane as the configuration says; their end
 *	control-association.c controllers: paths, requests, replies, what became of them
 *	control-waiting.c     requests whose context is busy; the end of a round
 *	control-ask.c         the operator's questions
 *	control-hep.c         what passes, exported in HEP
 *	control-metrics.c     counters and GET /metrics
 */
#ifndef MS_MGW_CONTROL_H
#define MS_MGW_CONTROL_H

#include <jansson.h>

#include "gcp/gcp.h"
#include "h248/mg.h"
#include "h248/package.h"
#include "hep/hep.h"
#include "http/server.h"
#include "loop/loop.h"
#include "mgw/config.h"
#include "mgw/plane.h"
#include "priv/chan.h"

#define MS_MGW_CONTROLLERS_MAX 8
#define MS_MGW_SCRAPES_MAX 8

/** One of the configured controllers. */
struct ms_mgw_peer {
	const struct ms_mgw_controller *config;
	struct ms_h248_association *association; /* NULL: none now */
	bool lost; /* its connection is gone: a new one before the next request */
};

/** A request whose context is busy, encoded again until it can be asked. */
struct ms_mgw_waiting {
	struct ms_list link;
	struct ms_h248_job *job;
	unsigned controller;
	struct ms_buf octets;
};

struct ms_mgw_control {
	const struct ms_mgw_config *config;
	struct ms_config *owner; /* of `config` */
	struct ms_h248_registry registry;
	struct ms_gcp *gcp;
	struct ms_mg *mg;
	struct ms_mgw_plane *plane;
	struct ms_mgw_peer peers[MS_MGW_CONTROLLERS_MAX];
	unsigned n_peers;
	struct ms_addr listening[MS_MGW_BINARY + 1]; /* UDP, by encoding; unset: nowhere */
	struct ms_list waiting;                      /* struct ms_mgw_waiting, oldest first */
	unsigned n_waiting;
	struct ms_timer tick;
	struct ms_defer settle; /* end of a round: retry what waits, set the timer */
	struct ms_chan *parent;
	struct ms_watch links;
	struct ms_timer closing;   /* gives the last ServiceChange time to leave */
	struct ms_hep_sender *hep; /* NULL: nothing is exported */
	struct ms_http_server *metrics;
	struct ms_http_route route;
	struct ms_http_request *scrapes[MS_MGW_SCRAPES_MAX];
	unsigned n_scrapes;
	struct {
		uint64_t id; /* of MS_MGW_MSG_ASK */
		bool text;   /* as for Prometheus, not as JSON */
	} tallies[MS_MGW_SCRAPES_MAX];
	unsigned n_tallies; /* the parent's questions for counters */
	ms_usec since;
	ms_usec load_at; /* when the share of capacity in use was taken last */
};

/* ---- control-open.c ---- */

/** gcp and the gateway engine. 0 or negative errno, logged. */
MS_MUST_CHECK int ms_mgw_control_open(struct ms_mgw_control *c);
void ms_mgw_control_shut(struct ms_mgw_control *c);

/* ---- control-association.c ---- */

/** The encoding that the configuration says for a controller. */
const struct ms_h248_codec *ms_mgw_control_codec(const struct ms_mgw_controller *c);

/** Its address as text, or "a stranger"; in `dst` or static. */
const char *ms_mgw_control_name(const struct ms_mgw_control *c, unsigned controller,
				char dst[static MS_ADDR_TEXT_MAX]);

/** A new association with the controller. 0 or negative errno. */
MS_MUST_CHECK int ms_mgw_control_associate(struct ms_mgw_control *c, struct ms_mgw_peer *p);

/** What comes from controllers, what the engine asks for, what the media plane tells; `arg` is set. */
extern const struct ms_h248_handlers ms_mgw_control_handlers;
extern const struct ms_mg_handlers ms_mgw_control_engine_handlers;
extern const struct ms_mgw_plane_handlers ms_mgw_control_plane_handlers;

/* ---- control-waiting.c ---- */

/** The list and the timers; their end, before the engine's, drops the requests that still wait. */
void ms_mgw_control_rounds(struct ms_mgw_control *c);
void ms_mgw_control_rounds_end(struct ms_mgw_control *c);

/** Something was given to the engine: have its timer set and waiting requests tried again. */
void ms_mgw_control_touched(struct ms_mgw_control *c);

/** The context is busy: the request is kept and asked again, or refused with 511. */
void ms_mgw_control_wait(struct ms_mgw_control *c, unsigned controller, struct ms_h248_job *job,
			 const struct ms_h248_transaction *t);

/** Answers a request with an error of the whole transaction. */
void ms_mgw_control_refuse(struct ms_h248_job *job, uint16_t code, const char *text);

/* ---- control-ask.c ---- */

/** An MS_MGW_MSG_ASK of the parent. */
void ms_mgw_control_asked(struct ms_mgw_control *c, struct ms_msg *m);

/** Answers one; takes `result`, NULL: there is no memory. */
void ms_mgw_control_answer(struct ms_mgw_control *c, uint64_t id, json_t *result);

/* ---- control-hep.c ---- */

/** Opens the export if it is configured. 0 or negative errno, logged. */
MS_MUST_CHECK int ms_mgw_control_hep(struct ms_mgw_control *c);

/** For ms_gcp_options.tap. */
void ms_mgw_control_tap(const struct ms_h248_path *peer, const struct ms_addr *local, bool sent,
			struct ms_span message, void *arg);

/** An event of the media plane, before the engine has it. */
void ms_mgw_control_export(struct ms_mgw_control *c, ms_plane_endpoint e,
			   const struct ms_bearer_event *event);

/* ---- control-metrics.c ---- */

/** Registers the counters and serves them if the configuration says where. 0 or negative errno. */
MS_MUST_CHECK int ms_mgw_control_metrics(struct ms_mgw_control *c);

/** The parent asks for all counters; answered when the workers' have come. -EBUSY. */
MS_MUST_CHECK int ms_mgw_control_tally(struct ms_mgw_control *c, uint64_t id, bool text);

/** For ms_mg_handlers.count. */
void ms_mgw_control_count(void *arg, const char *counter);

/** The workers' counters have come. */
void ms_mgw_control_metered(void *arg);

#endif
