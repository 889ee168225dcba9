/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway's side of H.248 as an engine (RFC 3525 sections 6 to 11; TS 29.334, TS 29.238, TS
 * 29.333): the control association with one of its controllers, contexts, terminations, their streams,
 * events, signals and statistics. Pure: requests as trees and the time in; replies, requests of our
 * own and operations on the media plane (plane.h) out.
 *
 * Commands of a transaction are carried out in order; one that fails leaves no trace and ends the
 * transaction, unless it is optional (RFC 3525 section 8). When the media plane cannot do what the
 * whole transaction asked, all of it is undone and the answer is error 510.
 *
 * Trees that go in must be bound (ms_h248_bind(), text); trees that come out have names complete for
 * both codecs and values as text, to be bound for the binary one.
 */
#ifndef MS_H248_MG_H
#define MS_H248_MG_H

#include "core/attr.h"
#include "core/random.h"
#include "core/time.h"
#include "h248/association.h"
#include "h248/bearer.h"
#include "h248/coding.h"
#include "h248/message.h"
#include "h248/plane.h"

struct ms_mg; /* owned by its program */

#define MS_MG_STRANGER 0xffffffffu /* a controller that is none of ours */

/* ---- what the program supplies ---- */

/** The control association (RFC 3525 sections 7.2.8 and 11). */
enum ms_mg_state {
	MS_MG_WAITING,     /* before a registration: restart avalanche, or all controllers failed */
	MS_MG_REGISTERING, /* ServiceChange sent */
	MS_MG_IN_SERVICE,
	MS_MG_CLOSED, /* left by ServiceChange Forced; nothing happens by itself */
	MS_MG_STATES,
};

struct ms_mg_handlers {
	/**
	 * Sends a request to a controller (index). Encoded before this returns, and used up. The end is told by
	 * ms_mg_answered() with the cookie. 0 or negative errno: then there is no end to tell.
	 */
	int (*request)(void *arg, unsigned controller, uint32_t cookie,
		       struct ms_h248_action *actions);
	/** The reply to ms_mg_request(); called once for each, perhaps before that returns. Borrowed. */
	void (*reply)(void *arg, void *job, const struct ms_h248_transaction *t);
	/** May be NULL, as all that follow: the association changed. `why` is static. */
	void (*state)(void *arg, enum ms_mg_state from, enum ms_mg_state to, unsigned controller,
		      const char *why);
	/** The version of messages to this controller from now on. */
	void (*version)(void *arg, unsigned controller, uint8_t version);
	/** Where the controller wants our requests (ServiceChangeAddress). */
	void (*address)(void *arg, unsigned controller, const struct ms_h248_mid *where);
	/** We are sent to another controller (MgcIdToTry): its index, perhaps a new one, or
	 * MS_MG_STRANGER: we do not go there. */
	unsigned (*redirect)(void *arg, const struct ms_h248_mid *where);
	/** Properties of ROOT about transactions were set by the controller. */
	void (*timing)(void *arg, unsigned controller, const struct ms_h248_root_timing *timing);
	/** Something to count; a static name such as "bearer_released", see ms_mg_counters. */
	void (*count)(void *arg, const char *counter);
	void *arg; /* borrowed */
};

/** Everything a controller can make us keep. Zero members: what the comments say. */
struct ms_mg_limits {
	uint32_t contexts;         /* 100,000; error 412 */
	uint32_t terminations;     /* of a context, 16; error 434 */
	uint32_t all_terminations; /* 2 a context; error 432 */
	uint32_t streams;          /* of a termination, 4; error 510 */
	uint32_t events;           /* of a termination, 16; error 510 */
	uint32_t buffered; /* observed events of a termination in its EventBuffer, 16; 518 */
	uint32_t jobs;     /* transactions that wait for the media plane, 10,000; error 511 */
	uint32_t commands; /* commands of a transaction, wildcards resolved, 100,000 */
	size_t tree;       /* octets of a reply's tree, 64 MiB */
};

struct ms_mg_options {
	struct ms_h248_coding coding; /* profile and registry, borrowed */
	const char *profile;          /* "name/version" to register with; NULL: the profile's */
	uint8_t version;              /* highest H.248 version, 1 to 3; 0: the profile's */
	bool warm;                    /* 902 Warm Boot instead of 901 Cold Boot */
	unsigned controllers;         /* how many there are; tried from 0 on */
	const char *const *realms;    /* names; the first is the default. Copied */
	unsigned n_realms;
	struct ms_mg_limits limits;
	ms_usec avalanche;     /* longest random wait before the first registration; 0: none */
	ms_usec retry;         /* wait after all controllers failed; 0: 5 s */
	ms_usec hold;          /* contexts without a controller are released after; 0: 10 minutes,
				  MS_NEVER: never */
	ms_usec wall;          /* added to `now` it is the wall clock, for time stamps; 0: none */
	uint32_t ito_unit_ms;  /* unit of it/ito; 0: the project profile's */
	ms_usec drain;         /* what a Graceful ServiceChange gives as delay; 0: 60 s */
	bool any_profile;      /* a reply that names another profile is taken */
	struct ms_plane plane; /* borrowed functions */
	struct ms_mg_handlers handlers;
	const struct ms_random *random; /* borrowed; NULL: ms_random_system */
};

/** Some counters the engine calls `count` with, for the program to register. NULL-terminated, static. */
extern const char *const ms_mg_counters[];

/** -ENOMEM, -EINVAL (no realm, no controller, missing function), or what the random source says. */
MS_MUST_CHECK int ms_mg_new(const struct ms_mg_options *o, ms_usec now, struct ms_mg **ret_g);

/** Frees everything; the plane and the handlers are not called. NULL is fine. Returns NULL. */
struct ms_mg *ms_mg_free(struct ms_mg *g);

/* ---- the controller's requests ---- */

/**
 * Executes a request of controller `controller` (MS_MG_STRANGER: of none of ours). 0: the reply went
 * or will go out through handlers.reply with `job`. -EAGAIN: a context in it is being worked on by an
 * earlier transaction; keep the request and ask again after the next handlers.reply or ms_mg_applied().
 */
MS_MUST_CHECK int ms_mg_request(struct ms_mg *g, unsigned controller, void *job,
				const struct ms_h248_transaction *t, ms_usec now);

/** Nobody waits for this job's reply any more. It is executed all the same. */
void ms_mg_request_aborted(struct ms_mg *g, void *job);

/* ---- what we asked of a controller ---- */

/** The end of a request: err 0 and its reply, or a negative errno and NULL. */
void ms_mg_answered(struct ms_mg *g, uint32_t cookie, int err, const struct ms_h248_transaction *t,
		    ms_usec now);

/** Something came from the controller; feeds it/ito. ms_mg_request() and _answered() imply it. */
void ms_mg_heard(struct ms_mg *g, unsigned controller, ms_usec now);

/** The controller does not answer, or the connection to it is gone: the next one is tried. */
void ms_mg_controller_lost(struct ms_mg *g, unsigned controller, ms_usec now);

/** Version of a message the controller refused with 406: registration goes on with a lower one. */
void ms_mg_message_error(struct ms_mg *g, unsigned controller, unsigned code, ms_usec now);

/* ---- the media plane ---- */

/** The list of operations of this token is done: each has its error and statistics. */
void ms_mg_applied(struct ms_mg *g, uint64_t token, ms_usec now);

/** Something happened at an endpoint. One that is not there any more is ignored. */
void ms_mg_event(struct ms_mg *g, ms_plane_endpoint e, const struct ms_bearer_event *event,
		 ms_usec now);

/**
 * A home is gone with all its endpoints: bearers are reported as released (g/cause FT "worker-lost", or
 * ServiceChange Forced 904 where that is not armed); the terminations stay. Operations that were on
 * their way are to be completed by the plane, with error 510, before this.
 */
void ms_mg_home_lost(struct ms_mg *g, uint16_t home, ms_usec now);

/* ---- the operator ---- */

/** Share of capacity in use, percent: from 80 on ocp and chp speak up, at 100 new contexts are refused (511). */
void ms_mg_load(struct ms_mg *g, unsigned percent, ms_usec now);

/** ServiceChange Graceful on ROOT: no new contexts; or in service again (Restart 900). */
void ms_mg_drain(struct ms_mg *g, bool drain, ms_usec now);

/** ServiceChange Forced on ROOT (905), then MS_MG_CLOSED. Before an orderly end. */
void ms_mg_close(struct ms_mg *g, ms_usec now);

/* ---- time ---- */

void ms_mg_tick(struct ms_mg *g, ms_usec now);
/** When ms_mg_tick() wants to be called, or MS_NEVER. */
ms_usec ms_mg_deadline(const struct ms_mg *g);

/* ---- looking at it ---- */

struct ms_mg_figures {
	uint32_t contexts, terminations, streams, jobs;
	uint64_t transactions, commands, errors; /* errors: commands answered with one */
	uint64_t notifies;
};

enum ms_mg_state ms_mg_state(const struct ms_mg *g);
const char *ms_mg_state_name(enum ms_mg_state s);
/** The controller we are registered or registering with; MS_MG_STRANGER: none. */
unsigned ms_mg_controller(const struct ms_mg *g);
uint8_t ms_mg_version(const struct ms_mg *g);
bool ms_mg_draining(const struct ms_mg *g);
void ms_mg_figures(const struct ms_mg *g, struct ms_mg_figures *ret);

/** One stream endpoint as an operator sees it. */
struct ms_mg_view {
	uint32_t context;
	const char *termination; /* text id */
	uint16_t stream;
	ms_plane_endpoint endpoint;
	uint16_t home;
	bool live, tcp_up, tls_up;
	const struct ms_bearer *bearer; /* with its key wiped */
};

/**
 * Calls f for each stream endpoint of `context` (MS_H248_CONTEXT_ALL: of all) until it returns
 * non-zero, which is then returned; else 0. -ENOENT: no such context.
 */
int ms_mg_each(const struct ms_mg *g, uint32_t context,
	       int (*f)(void *arg, const struct ms_mg_view *v), void *arg);

/** The same for one endpoint: what f returns, or -ENOENT. */
int ms_mg_look(const struct ms_mg *g, ms_plane_endpoint e,
	       int (*f)(void *arg, const struct ms_mg_view *v), void *arg);

#endif
