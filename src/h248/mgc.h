/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The controller's side of H.248 as an engine (TS 23.334, TS 29.162, TS 23.333; RFC 3525 sections 7
 * and 11): the gateways it knows, their registration and supervision, and the procedures of stage 2 on
 * contexts and their endpoints. Pure: messages as trees and the time in, messages and events out; a
 * test runs it against the gateway engine in memory.
 *
 *   struct ms_mgc            one controller, owned by its program
 *   struct ms_mgc_gateway    one gateway it was told of; owned by the controller
 *   struct ms_mgc_context    one context at one gateway; owned by who asked for it
 *   struct ms_mgc_procedure  one transaction in that context; borrowed until ms_mgc_run()
 *
 * An endpoint is one stream of one termination and is known to the caller by a slot number, so that a
 * caller never handles termination ids.
 */
#ifndef MS_H248_MGC_H
#define MS_H248_MGC_H

#include "core/attr.h"
#include "core/random.h"
#include "core/span.h"
#include "core/time.h"
#include "h248/bearer.h"
#include "h248/coding.h"
#include "h248/message.h"

struct ms_mgc;
struct ms_mgc_gateway;
struct ms_mgc_context;
struct ms_mgc_procedure;

#define MS_MGC_NAME_MAX 64  /* a gateway's message identifier as text, "<agw1.example.net>:2944" */
#define MS_MGC_REALMS_MAX 8 /* realms of a gateway */
#define MS_MGC_SLOTS_MAX 16 /* endpoints of a context */
#define MS_MGC_TERMINATION_MAX 64 /* octets of a termination id */

/* ---- what the program supplies ---- */

enum ms_mgc_state {
	MS_MGC_AWAY,   /* never registered, went by ServiceChange Forced, or was given up */
	MS_MGC_COMING, /* registered; its contexts are being audited */
	MS_MGC_IN_SERVICE,
	MS_MGC_DRAINING, /* by the operator, ServiceChange Graceful, or leaving: no new contexts */
	MS_MGC_STATES,
};

/** What becomes of a context without its holder having asked. */
enum ms_mgc_lost {
	MS_MGC_LOST_GATEWAY, /* does not answer, or left by ServiceChange Forced */
	MS_MGC_LOST_RESTART, /* the gateway began anew (901, 902 after state loss, 915) */
	MS_MGC_LOST_UNKNOWN, /* the gateway says it has no such context */
};

struct ms_mgc_handlers {
	/**
	 * Sends a request to the gateway; the tree is used up. The end is told by
	 * ms_mgc_answered() with the cookie. 0 or negative errno: then there is no end to tell.
	 */
	int (*request)(void *arg, struct ms_mgc_gateway *g, uint32_t cookie,
		       struct ms_h248_action *actions);
	/** The reply to ms_mgc_request(); called once for each, before that returns. Borrowed. */
	void (*reply)(void *arg, void *job, const struct ms_h248_transaction *t);
	/** The version of messages to this gateway from now on. May be NULL, as all that follow. */
	void (*version)(void *arg, struct ms_mgc_gateway *g, uint8_t version);
	/** The gateway wants our requests elsewhere (ServiceChangeAddress). */
	void (*address)(void *arg, struct ms_mgc_gateway *g, const struct ms_h248_mid *where);
	/** A gateway changed its state: log, counters, persistence. `why` is static. */
	void (*state)(void *arg, struct ms_mgc_gateway *g, enum ms_mgc_state from,
		      enum ms_mgc_state to, const char *why);
	/** Something to count; a static name, see ms_mgc_counters. */
	void (*count)(void *arg, const char *counter);
	void *arg; /* borrowed */
};

/** The counters the engine calls `count` with, for the program to register. Ends with NULL. */
extern const char *const ms_mgc_counters[];

struct ms_mgc_options {
	struct ms_h248_coding coding; /* profile NULL: Iq; the registry must be given */
	const char *profile; /* "name/version" of gateways; NULL: the project profile's. Borrowed */
	bool any_profile;    /* take gateways that name another one, or none */
	uint8_t version;     /* highest H.248 version; 0: the profile's */
	ms_usec heartbeat;   /* empty AuditValue on ROOT so often; 0: 10 s, MS_NEVER: never */
	uint32_t
		inactivity_ms; /* it/ito mit: the gateway asks when it hears nothing; 0: not armed */
	uint32_t ito_unit_ms;  /* unit of it/ito; 0: the project profile's */
	uint32_t thb_s;        /* hangterm/thb timerx of every endpoint; 0: 300 */
	ms_usec patience; /* after a gateway is lost its contexts wait so long for its return; 0: none */
	size_t max_contexts; /* 0: 100,000 */
	size_t max_orders;   /* transactions on their way to all gateways; 0: 20,000 */
	size_t tree;         /* octets of a request's tree; 0: 256 KiB */
};

/* ---- the controller ---- */

/** -ENOMEM, -EINVAL. `random` chooses gateways and the first transaction id. */
MS_MUST_CHECK int ms_mgc_new(const struct ms_mgc_options *o, const struct ms_mgc_handlers *h,
			     const struct ms_random *random, struct ms_mgc **ret_mgc);

/** Frees all of it; contexts must be gone. NULL is fine. Returns NULL. */
struct ms_mgc *ms_mgc_free(struct ms_mgc *m);

struct ms_mgc_gateway_options {
	const char *name; /* the message identifier it registers with, as text */
	unsigned weight;  /* share of new contexts; 0: none but those that name it */
	const char *realms[MS_MGC_REALMS_MAX]; /* it can be asked for; none: any */
	void *user;                            /* the program's own, e.g. its association */
};

/** Tells of a gateway. -ENOMEM, -EEXIST. */
MS_MUST_CHECK int ms_mgc_gateway_add(struct ms_mgc *m, const struct ms_mgc_gateway_options *o,
				     struct ms_mgc_gateway **ret_g);

/** The gateway of that message identifier, or NULL. */
struct ms_mgc_gateway *ms_mgc_gateway_find(const struct ms_mgc *m, struct ms_span name);
/** The i-th gateway (from 0), or NULL. */
struct ms_mgc_gateway *ms_mgc_gateway_at(const struct ms_mgc *m, size_t i);
const char *ms_mgc_gateway_name(const struct ms_mgc_gateway *g);
void *ms_mgc_gateway_user(const struct ms_mgc_gateway *g);
enum ms_mgc_state ms_mgc_gateway_state(const struct ms_mgc_gateway *g);
const char *ms_mgc_state_name(enum ms_mgc_state s);
size_t ms_mgc_gateway_contexts(const struct ms_mgc_gateway *g);
unsigned ms_mgc_gateway_weight(const struct ms_mgc_gateway *g);
/** H.248 version agreed; 0 before registration. */
uint8_t ms_mgc_gateway_version(const struct ms_mgc_gateway *g);
/** "name/version" of the profile the gateway registered with; "" before. */
const char *ms_mgc_gateway_profile(const struct ms_mgc_gateway *g);

/** The operator's: no new contexts; or new ones again. */
void ms_mgc_gateway_drain(struct ms_mgc_gateway *g, bool drain);

/**
 * Another weight and other realms for new contexts; contexts there stay, name and user too. -EINVAL (a
 * realm's name is too long), then nothing is changed.
 */
MS_MUST_CHECK int ms_mgc_gateway_change(struct ms_mgc_gateway *g,
					const struct ms_mgc_gateway_options *o);

/** It is to be forgotten: no new contexts, those there go on; or it stays after all. */
void ms_mgc_gateway_leave(struct ms_mgc_gateway *g, bool leave);

/**
 * Forgets it; not to be called by a handler. -EBUSY as long as somebody holds a context there, or a
 * request of ours is on its way.
 */
MS_MUST_CHECK int ms_mgc_gateway_remove(struct ms_mgc_gateway *g);

/**
 * A controller that was restarted: takes the gateway as registered with this version and profile. It is
 * audited at once, or (`later`) when it is first heard, where it has to connect to us. -EINVAL when it
 * is not MS_MGC_AWAY.
 */
MS_MUST_CHECK int ms_mgc_gateway_restore(struct ms_mgc_gateway *g, uint8_t version,
					 struct ms_span profile, bool later, ms_usec now);

/* ---- what comes in ---- */

/** A request of the gateway: ServiceChange, Notify. Answered through handlers.reply with `job`. */
void ms_mgc_request(struct ms_mgc_gateway *g, void *job, const struct ms_h248_transaction *t,
		    ms_usec now);

/**
 * The end of a request: err 0 and its reply, or a negative errno and NULL: the transaction layer gave
 * up, and the gateway counts as lost.
 */
void ms_mgc_answered(struct ms_mgc_gateway *g, uint32_t cookie, int err,
		     const struct ms_h248_transaction *t, ms_usec now);

/** The gateway does not answer, or the connection to it is gone. */
void ms_mgc_gateway_lost(struct ms_mgc_gateway *g, ms_usec now);

/** Does what is due. */
void ms_mgc_tick(struct ms_mgc *m, ms_usec now);

/** When ms_mgc_tick() wants to be called, or MS_NEVER. */
ms_usec ms_mgc_deadline(const struct ms_mgc *m);

/* ---- contexts: what the IMS-ALG, IBCF, MRFC hold ---- */

struct ms_mgc_context_handlers {
	/** IP Bearer Released, TCP or TLS failed, inactivity, latched (TS 23.334 clause 8). */
	void (*event)(void *arg, struct ms_mgc_context *c, unsigned slot,
		      const struct ms_bearer_event *event);
	/** The context is gone at the gateway; only ms_mgc_context_release() is left to do. */
	void (*lost)(void *arg, struct ms_mgc_context *c, enum ms_mgc_lost why);
	void *arg; /* borrowed */
};

/** What a new context needs. Zero: anything. */
struct ms_mgc_want {
	const char *realms[4];         /* all of them at one gateway; NULL or "": none */
	struct ms_mgc_gateway *not_at; /* refused us just now */
};

/**
 * Chooses a gateway (in service, with the realms, by weight) and begins a context there; nothing is
 * sent yet. -ENOMEM, -ENOSPC (limit), -EHOSTUNREACH (no gateway), -EBUSY (overload, H.248.10, .11).
 */
MS_MUST_CHECK int ms_mgc_context_new(struct ms_mgc *m, const struct ms_mgc_want *want,
				     const struct ms_mgc_context_handlers *h, ms_usec now,
				     struct ms_mgc_context **ret_c);

/**
 * Releases the context: W-Subtract of all terminations (TS 23.334 clause 8.5), when there are any. The
 * handle is gone at once, no procedure of it completes any more; what must be asked of the gateway goes
 * on by itself. NULL is fine. Returns NULL.
 */
struct ms_mgc_context *ms_mgc_context_release(struct ms_mgc_context *c, ms_usec now);

struct ms_mgc_gateway *ms_mgc_context_gateway(const struct ms_mgc_context *c);
/** The number the gateway gave; MS_H248_CONTEXT_CHOOSE before the first reply. */
uint32_t ms_mgc_context_id(const struct ms_mgc_context *c);
/** The termination id (text) of a slot; "" if there is none. */
const char *ms_mgc_context_termination(const struct ms_mgc_context *c, unsigned slot);

/* ---- procedures (names of TS 23.334 clause 8) ---- */

struct ms_mgc_result {
	unsigned slot;
	int status;    /* 0; -EREMOTEIO: error below; -ECANCELED: not carried out after an error */
	uint16_t code; /* H.248.8 error */
	const struct ms_bearer *bearer; /* of Add and Modify: Local as filled in; borrowed */
};

/**
 * How a procedure ended: 0, -EREMOTEIO (the gateway refused; `error` is its code, results tell which
 * step), -ETIMEDOUT (the gateway is lost; `lost` comes, too), -EBADMSG (a reply that makes no
 * sense). Adds of a failed procedure are undone by the engine. Results are borrowed.
 */
typedef void ms_mgc_done(void *arg, struct ms_mgc_context *c, int status, uint16_t error,
			 const struct ms_mgc_result *results, size_t n);

/** Begins a transaction in the context. One at a time is under construction. -ENOMEM. */
MS_MUST_CHECK int ms_mgc_begin(struct ms_mgc_context *c, struct ms_mgc_procedure **ret_p);

/**
 * "Reserve AGW Connection Point" (8.3), with a Remote "Reserve and Configure AGW Connection Point"
 * (8.2): Add. `slot` must be free. The bearer is read now. -ENOMEM, -EEXIST, -ERANGE, -EOPNOTSUPP.
 */
MS_MUST_CHECK int ms_mgc_reserve(struct ms_mgc_procedure *p, unsigned slot, uint16_t stream,
				 const struct ms_bearer *b);

/** "Configure AGW Connection Point" (8.4), modification: Modify, everything repeated. -ENOENT. */
MS_MUST_CHECK int ms_mgc_configure(struct ms_mgc_procedure *p, unsigned slot,
				   const struct ms_bearer *b);

/** "Change Through-Connection": only Mode, and what else LocalControl holds. -ENOENT. */
MS_MUST_CHECK int ms_mgc_through_connection(struct ms_mgc_procedure *p, unsigned slot,
					    const struct ms_bearer *b);

/** "Release AGW Termination" (8.5) of one endpoint: Subtract. -ENOENT. */
MS_MUST_CHECK int ms_mgc_release(struct ms_mgc_procedure *p, unsigned slot);

/**
 * Sends it. `done` is called once, never from within this call. The procedure is gone. Errors, upon which
 * done is not called: -ENODATA (it has no step), -ENOMEM, -EBUSY (another one of this context, or too many
 * at all), -EHOSTUNREACH (gateway lost).
 */
MS_MUST_CHECK int ms_mgc_run(struct ms_mgc_procedure *p, ms_usec now, ms_mgc_done *done, void *arg);

/** Drops a procedure that was not run. NULL is fine. */
void ms_mgc_abandon(struct ms_mgc_procedure *p);

/* ---- persistence ---- */

/** One endpoint of a context as it is kept over a restart of the controller. */
struct ms_mgc_endpoint {
	unsigned slot;
	uint16_t stream;
	uint32_t events;                          /* request id of its Events */
	char termination[MS_MGC_TERMINATION_MAX]; /* text */
};

/** The endpoints of a context; *n: room, then their number. */
void ms_mgc_context_endpoints(const struct ms_mgc_context *c, struct ms_mgc_endpoint *list,
			      size_t *n);

/**
 * Takes up a context that is known from before a restart. The next audit of its gateway confirms it or
 * calls `lost`. -ENOMEM, -ENOSPC, -EEXIST.
 */
MS_MUST_CHECK int ms_mgc_context_adopt(struct ms_mgc *m, struct ms_mgc_gateway *g, uint32_t id,
				       const struct ms_mgc_endpoint *list, size_t n,
				       const struct ms_mgc_context_handlers *h,
				       struct ms_mgc_context **ret_c);

#endif
