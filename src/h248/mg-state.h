/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the gateway engine keeps of contexts, terminations and streams (some 480 octets an endpoint with
 * everything), the job that carries out one transaction, and its undo list.
 */
#ifndef MS_H248_MG_STATE_H
#define MS_H248_MG_STATE_H

#include "core/list.h"
#include "h248/mg.h"
#include "h248/package.h"

#define MG_NAME_MAX (MS_BEARER_REALM_MAX + 24) /* "ip/<realm>/1/<number>" */
#define MG_NUMBER_MAX 0x1fffffu /* 21 bits in the binary form of a termination id (package.h) */
#define MG_WHEEL_SLOTS 512      /* seconds */
#define MG_REQUESTS_MAX 4096    /* of ours that wait for an end; must be a power of 2 */
#define MG_NO_STREAM 0

/* ---- what is kept ---- */

/** One event that is looked for. */
struct mg_armed {
	uint16_t ref;    /* handle of the event */
	uint16_t stream; /* 0: of any */
	uint32_t value;  /* its time: timerx and dt seconds, mit 10 ms */
	uint8_t direction;
	bool keep_active;
	bool silent; /* version 3 NeverNotify: recognized without a Notify */
	struct mg_embedded
		*then; /* mg-embed.c: takes effect when it is recognized; NULL: nothing */
};

/** An Events or EventBuffer descriptor. */
struct mg_events {
	uint32_t request_id;
	uint32_t serial; /* no two are alike */
	uint16_t n;
	struct mg_armed list[];
};

enum { MG_TCP = 1, MG_TLS = 2 }; /* bits: EstBNC of tcpbcc, of tlsbsc */

/** A signal that was ordered, as far as its completion is to be told. */
struct mg_signal {
	uint16_t list; /* of the signal list it came in */
	bool listed;
	uint8_t completion; /* MS_H248_NC_ bits wanted */
};

/** What commands change of a stream; replaced whole, together with the packed bearer. */
struct mg_stream_set {
	uint8_t *packed; /* ms_bearer_pack(); owned, wiped */
	uint32_t certificate;
	uint16_t packed_len;
	uint8_t starting; /* MG_TCP, MG_TLS: EstBNC acted on, outcome not known: an active signal */
	uint8_t halted;   /* of these, ended by a RelBNC of a transaction that is not finished */
	struct mg_signal signals[2]; /* of MG_TCP, MG_TLS */
	uint16_t statistics;         /* told of the stream by itself: bits; 0: not by itself */
	bool live;                   /* the plane knows it */
	bool latching;               /* the first packet has not told the remote address yet */
};

struct mg_stream {
	struct mg_stream *next;  /* of the termination */
	struct mg_stream *chain; /* in the table of endpoints */
	struct mg_termination *termination;
	ms_plane_endpoint endpoint;
	ms_plane_endpoint partner; /* as the plane knows it */
	uint8_t flow;              /* enum ms_plane_flow, seen from here */
	uint16_t id;
	bool tcp_up, tls_up;
	uint8_t missed; /* general cause of a release that could not be reported; 0: none */
	struct mg_stream_set set;
};

/** What commands change of a termination, without its events. */
struct mg_termination_set {
	struct mg_context *context; /* NULL: ROOT */
	enum ms_h248_service_state service;
	enum ms_h248_buffer_control buffering;
	uint32_t change_at; /* seconds: when `service` becomes change_to; 0: no change planned */
	enum ms_h248_service_state change_to;
	uint16_t statistics; /* which are told: bits; 0: all */
};

struct mg_termination {
	struct mg_termination *chain; /* in the table by number */
	struct ms_list link;          /* in the context */
	struct ms_list due;           /* on the wheel */
	struct mg_stream *streams;
	struct mg_events *events;       /* owned; NULL: none */
	struct mg_events *event_buffer; /* owned; NULL: none */
	struct mg_observed *buffered;   /* owned list */
	struct mg_termination_set set;
	ms_usec since; /* in the context */
	uint32_t number;
	uint32_t touched; /* seconds: last message about it */
	uint16_t home;
	uint8_t realm;
	bool gone;   /* subtracted by a transaction that is not finished */
	bool locked; /* notified in LockStep: waits for new Events */
};

struct mg_topology {
	struct mg_topology *next;
	struct mg_termination *from, *to;
	enum ms_h248_topology_kind kind; /* BOTHWAY only with a stream: against a rule for all */
	uint16_t stream;                 /* 0: all */
};

/** Context attributes (RFC 3525 section 6.1.1). */
struct mg_attributes {
	uint8_t priority;
	bool emergency, ieps;
	struct mg_topology *topology; /* owned; what is not bothway, one of a pair and stream */
};

struct mg_context {
	struct mg_context *chain;
	struct mg_context *touched; /* list of the job */
	struct ms_list terminations;
	struct mg_job *job; /* is working on it */
	struct mg_attributes attributes;
	uint32_t id;
	uint32_t n; /* terminations that are not gone */
	uint16_t home;
};

/* ---- one transaction ---- */

enum mg_undo_kind {
	MG_UNDO_CONTEXT,     /* made */
	MG_UNDO_ATTRIBUTES,  /* old ones */
	MG_UNDO_TERMINATION, /* made */
	MG_UNDO_SET,         /* old struct mg_termination_set */
	MG_UNDO_EVENTS,      /* old events */
	MG_UNDO_BUFFER,      /* old event buffer descriptor */
	MG_UNDO_GONE,        /* subtracted */
	MG_UNDO_STREAM,      /* made */
	MG_UNDO_STREAM_SET,  /* old struct mg_stream_set */
	MG_UNDO_TAKEN,       /* a port was reserved */
	MG_UNDO_LEFT,        /* a port is to be given back */
	MG_UNDO_NOTHING,
};

struct mg_port {
	uint8_t realm;
	struct ms_bearer_address address;
};

struct mg_undo {
	struct mg_undo *prev;
	enum mg_undo_kind kind;
	void *what;         /* context, termination or stream */
	bool keep_topology; /* ATTRIBUTES: it did not change */
	union {
		struct mg_attributes attributes;
		struct mg_termination_set set;
		struct mg_events *events;
		struct mg_stream_set stream_set;
		struct mg_port port;
	} old;
};

/** An operation on the plane, newest first in its list. */
struct mg_op {
	struct mg_op *prev;
	struct mg_stream *stream;
	struct mg_fixup *fixup;    /* STATISTICS, DELETE: where they go; NULL: nowhere */
	bool was_live;             /* SET */
	struct ms_span old_bearer; /* SET: what the plane had; in the arena */
	uint32_t old_certificate;
	struct mg_stream *other; /* PAIR: the other one of both, now or before */
	ms_plane_endpoint was;   /* PAIR: the former partner, the other one or none */
	uint8_t was_flow;
	struct ms_plane_op op;
};

#define MG_STATISTICS_ALL ((1u << MS_H248_STATISTICS) - 1) /* bits, as ms_h248_statistics counts */

/** Statistics that go into a reply when the plane has given them. */
struct mg_fixup {
	struct mg_fixup *prev;
	struct ms_h248_param **list; /* where to */
	bool *present;
	uint16_t mask; /* which */
	struct ms_bearer_statistics sum;
};

struct mg_mark {
	struct mg_undo *undo;
	struct mg_op *sets, *signals, *ends;
	struct mg_fixup *fixups;
};

struct mg_job {
	struct ms_list link; /* among those at work, or unused ones */
	struct ms_mg *g;
	void *cookie; /* the program's; NULL: nobody waits */
	uint64_t token;
	bool undoing;
	bool broken;                /* no memory for a proper reply: all fails */
	struct ms_h248_error spare; /* what is said then */
	uint16_t code;              /* undoing: what is answered then */
	struct ms_h248_arena arena;
	struct ms_h248_transaction reply;
	struct mg_mark at; /* tops of the lists */
	struct mg_context *touched;
	struct ms_plane_op *ops; /* as submitted; in the arena */
	struct mg_op **from;
	size_t n_ops;
	uint32_t commands;
	struct mg_termination *chosen;      /* of this action, the first that an Add with $ made */
	enum ms_h248_sc_method root_method; /* ServiceChange of ROOT; ABSENT: none */
	ms_usec root_delay;
	bool timing_set; /* ROOT: what is set when all is through */
	struct ms_h248_root_timing timing;
	ms_usec now;
	struct ms_span detail; /* text for the next error descriptor */
};

/** A request of ours on its way. */
enum mg_ask_kind {
	MG_ASK_NONE,
	MG_ASK_REGISTER,  /* ServiceChange of ROOT, to come into service */
	MG_ASK_CHANGE,    /* other ServiceChange: the reply changes nothing */
	MG_ASK_NOTIFY,    /* of a bearer */
	MG_ASK_HEARTBEAT, /* hangterm/thb: an error means an orphan */
	MG_ASK_ITO,       /* it/ito */
};

struct mg_ask {
	enum mg_ask_kind kind;
	uint32_t cookie;
	uint32_t termination; /* number */
	unsigned controller;
};

struct ms_mg {
	struct ms_mg_options o;
	struct ms_mg_limits limits;
	char (*realms)[MS_BEARER_REALM_MAX]; /* owned */
	unsigned n_realms;
	char profile[80];
	const struct ms_random *random;

	/* tables: chains, sizes are powers of two */
	struct mg_context **contexts;
	struct mg_termination **terminations;
	struct mg_stream **endpoints;
	uint32_t contexts_mask, terminations_mask;
	uint32_t next_context, next_number, next_serial;
	ms_plane_endpoint next_endpoint;
	struct ms_mg_figures figures;
	struct mg_termination root;

	/* jobs */
	struct ms_list jobs, unused;
	struct mg_job *root_job; /* has changed ROOT and is not finished */
	uint32_t n_jobs;         /* at work */
	uint32_t n_unused;
	uint64_t next_token;

	/* association */
	enum ms_mg_state state;
	unsigned controller; /* registered or registering with */
	unsigned previous;   /* the last one we were registered with; STRANGER: none knows us */
	unsigned tried;      /* controllers tried in this round */
	unsigned redirects;  /* followed in this round */
	bool handoff;        /* the controller sent us to this one */
	unsigned handoff_to; /* and the reply to that must leave first */
	ms_usec handoff_due;
	uint32_t registering; /* cookie of the ServiceChange on its way */
	uint8_t version;      /* agreed, or asked for */
	ms_usec due;          /* WAITING: when to register */
	ms_usec lost_at;      /* without a controller since; MS_NEVER: we have one, or had none */
	ms_usec heard;        /* the controller */
	bool ito_asked;       /* and waits for an answer */
	bool draining;        /* the operator's */
	bool ordered_out;     /* the controller's ServiceChange of ROOT: no new contexts */
	struct ms_h248_root_timing timing;

	/* requests of ours */
	struct mg_ask asks[MG_REQUESTS_MAX];
	uint32_t next_cookie;
	struct ms_h248_arena scratch; /* for what we ask */

	/* embedded descriptors that wait for their context */
	struct ms_list activations;
	uint32_t n_activations;

	/* hangterm, delayed ServiceChange */
	struct ms_list wheel[MG_WHEEL_SLOTS];
	uint32_t wheel_at; /* second up to which it is done */
	uint32_t wheel_n;

	unsigned load;
	ms_usec overload_told;
};

static inline struct mg_termination *mg_termination_of(struct ms_list *link)
{
	return (struct mg_termination *)((char *)link - offsetof(struct mg_termination, link));
}

/** Each termination of a context that is not gone. */
#define mg_each_termination(t, l, ctx)                                                           \
	for ((l) = (ctx)->terminations.next;                                                     \
	     (l) != &(ctx)->terminations && ((t) = mg_termination_of(l), true); (l) = (l)->next) \
		if (!(t)->gone)

static inline void mg_count(const struct ms_mg *g, const char *counter)
{
	if (g->o.handlers.count)
		g->o.handlers.count(g->o.handlers.arg, counter);
}

#endif
