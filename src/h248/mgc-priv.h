/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the controller's engine. */
#ifndef MS_H248_MGC_PRIV_H
#define MS_H248_MGC_PRIV_H

#include "core/hash.h"
#include "core/list.h"
#include "h248/mgc.h"
#include "h248/package.h"

struct ms_mgc {
	struct ms_mgc_options o; /* with defaults filled in */
	struct ms_mgc_handlers h;
	const struct ms_random *random;
	struct ms_list gateways;     /* struct ms_mgc_gateway.link */
	struct ms_list gone;         /* contexts that were told lost and are not released yet */
	struct ms_hash *orders;      /* cookie -> struct ms_mgc_order */
	struct ms_h248_arena arena;  /* of the tree under construction */
	struct ms_mgc_procedure *in; /* the one under construction */
	size_t n_contexts;
	uint32_t next_cookie;
	uint32_t next_events; /* request ids of Events descriptors */
};

/** H.248.10 and H.248.11: how many of a hundred new contexts the gateway gets. */
struct ms_mgc_load {
	unsigned reduction; /* percent, chp/mgcon */
	unsigned share;     /* percent, halved by each ocp/mg_overload, one more each 200 ms */
	ms_usec since;      /* last change of share */
};

struct ms_mgc_gateway {
	struct ms_list link;
	struct ms_mgc *m;
	char name[MS_MGC_NAME_MAX];
	char realms[MS_MGC_REALMS_MAX][MS_BEARER_REALM_MAX];
	unsigned n_realms;
	unsigned weight;
	void *user;
	enum ms_mgc_state state;
	uint8_t version; /* 0: never registered */
	char profile[72];
	bool drain_operator, drain_gateway, leaving;
	struct ms_hash *ids; /* context id -> struct ms_mgc_context */
	struct ms_list contexts;
	size_t n_contexts;
	ms_usec next_beat;
	bool beating;                    /* a heartbeat is on its way */
	unsigned root_events;            /* which are (to be) armed: MS_MGC_ROOT_ bits */
	ms_usec give_up;                 /* end of patience, MS_NEVER */
	uint32_t round;                  /* of audits */
	struct ms_mgc_context *audit_at; /* next context of an audit one by one */
	unsigned audits;                 /* on their way */
	struct ms_mgc_load load;
};

enum {
	MS_MGC_ROOT_INACTIVITY = 1,
	MS_MGC_ROOT_OVERLOAD = 2,
};

struct ms_mgc_context {
	struct ms_list link; /* gateway->contexts or m->gone */
	struct ms_mgc_gateway *g;
	uint32_t id;
	bool gone;
	uint32_t round; /* of the last audit that saw it */
	struct ms_mgc_order *order;
	struct ms_mgc_context_handlers h;
	struct ms_mgc_endpoint *slot[MS_MGC_SLOTS_MAX];
};

/* ---- orders: requests of ours on their way ---- */

enum ms_mgc_order_kind {
	MS_MGC_ORDER_PROCEDURE,
	MS_MGC_ORDER_SUBTRACT, /* of what nobody holds any more */
	MS_MGC_ORDER_HEARTBEAT,
	MS_MGC_ORDER_ROOT,    /* arming of events on ROOT */
	MS_MGC_ORDER_AUDIT,   /* of all contexts */
	MS_MGC_ORDER_CONTEXT, /* audit of one */
};

enum ms_mgc_step_kind { MS_MGC_STEP_ADD, MS_MGC_STEP_MODIFY, MS_MGC_STEP_SUBTRACT };

struct ms_mgc_step {
	struct ms_mgc_step *next;
	enum ms_mgc_step_kind kind;
	unsigned slot;
	uint16_t stream;
	uint32_t events;
	struct ms_bearer bearer; /* of Add and Modify */
};

struct ms_mgc_order {
	enum ms_mgc_order_kind kind;
	struct ms_mgc_gateway *g;
	struct ms_mgc_context *context; /* NULL: nobody waits */
	uint32_t cookie;
	uint32_t context_id;       /* as sent */
	uint32_t round;            /* audits */
	struct ms_mgc_step *steps; /* PROCEDURE; owned */
	ms_mgc_done *done;
	void *arg;
};

/** One transaction under construction: the order and its action in the arena. */
struct ms_mgc_procedure {
	struct ms_mgc_context *context;
	struct ms_mgc_order *order;
	struct ms_h248_action action;
	struct ms_h248_command **tail;
	struct ms_mgc_step **step_tail;
	size_t n;
};

void ms_mgc_count(const struct ms_mgc *m, const char *counter);

/** A new order, not yet in the table. NULL: no memory. */
struct ms_mgc_order *ms_mgc_order_new(struct ms_mgc_gateway *g, enum ms_mgc_order_kind kind);
struct ms_mgc_order *ms_mgc_order_free(struct ms_mgc_order *o);

/** Sends; the order is the table's afterwards, or freed on error. -ENOMEM, -EBUSY, handler's. */
MS_MUST_CHECK int ms_mgc_order_send(struct ms_mgc_order *o, struct ms_h248_action *action);

/** Asks the gateway to subtract everything of a context, without anybody waiting. */
void ms_mgc_subtract_all(struct ms_mgc_gateway *g, uint32_t context);

/** The end of a procedure: reply or (t NULL) err. */
void ms_mgc_procedure_answered(struct ms_mgc_order *o, int err, const struct ms_h248_transaction *t,
			       ms_usec now);

/* ---- gateways ---- */

void ms_mgc_gateway_go(struct ms_mgc_gateway *g, enum ms_mgc_state to, const char *why);
/** Is it to get no new contexts, whoever wants that? */
bool ms_mgc_gateway_drains(const struct ms_mgc_gateway *g);

/** All contexts of the gateway are lost. */
void ms_mgc_lose_all(struct ms_mgc_gateway *g, enum ms_mgc_lost why);
void ms_mgc_lose(struct ms_mgc_context *c, enum ms_mgc_lost why);

/** The gateway is there (again): audit what we hold, or straight into service. */
void ms_mgc_gateway_came(struct ms_mgc_gateway *g, const char *why, ms_usec now);
void ms_mgc_gateway_beat(struct ms_mgc_gateway *g, ms_usec now);
void ms_mgc_gateway_arm(struct ms_mgc_gateway *g);

/* ---- audit ---- */

void ms_mgc_audit_begin(struct ms_mgc_gateway *g, ms_usec now);
void ms_mgc_audit_answered(struct ms_mgc_order *o, int err, const struct ms_h248_transaction *t,
			   ms_usec now);
void ms_mgc_audit_next(struct ms_mgc_gateway *g, ms_usec now);

/* ---- requests of gateways ---- */

/*
 * Each command is looked at twice: to fill in its reply, which changes nothing for who holds contexts,
 * and when the reply is on its way, to act: holders may then send requests of their own.
 */
void ms_mgc_service_change_reply(struct ms_mgc_gateway *g, uint32_t context,
				 const struct ms_h248_command *cmd, struct ms_h248_command *reply);
void ms_mgc_service_change_act(struct ms_mgc_gateway *g, uint32_t context,
			       const struct ms_h248_command *cmd, ms_usec now);
void ms_mgc_notify_reply(struct ms_mgc_gateway *g, uint32_t context,
			 const struct ms_h248_command *cmd, struct ms_h248_command *reply);
void ms_mgc_notify_act(struct ms_mgc_gateway *g, uint32_t context,
		       const struct ms_h248_command *cmd, ms_usec now);
void ms_mgc_error(struct ms_mgc *m, struct ms_h248_command *reply, uint16_t code, const char *text);

/* ---- overload ---- */

void ms_mgc_load_reduce(struct ms_mgc_load *l, unsigned percent);
void ms_mgc_load_overload(struct ms_mgc_load *l, ms_usec now);
/** Percent of new contexts that may go there. */
unsigned ms_mgc_load_share(struct ms_mgc_load *l, ms_usec now);

/* ---- terminations ---- */

/** Text of a termination id: its name, or "#" and the octets in hex where only those are known. */
MS_MUST_CHECK int ms_mgc_termination_text(const struct ms_h248_termination *t,
					  char dst[static MS_MGC_TERMINATION_MAX]);
/** The slot of a termination in a context, or -1. */
int ms_mgc_slot_of(const struct ms_mgc_context *c, const struct ms_h248_termination *t);
/** The reverse, from the arena. NULL: no memory. */
struct ms_h248_termination *ms_mgc_termination(struct ms_h248_arena *a, const char *text);

#endif
