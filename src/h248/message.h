/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An H.248 message as a tree (RFC 3525 annex A and B; H.248.1 versions 1 to 3). Both codecs fill the
 * same tree: everything that has a number in the grammar is an enum here, everything else is a span.
 *
 * Lists are linked by `next` in the order of the message. The tree and the spans of a decoded message
 * are borrowed from its arena and from the received octets: both must stay while the tree is used.
 * Who builds a message by hand takes the nodes from an arena too and zeroes nothing: nodes come zeroed
 * and zero always means "absent" or the grammar's default.
 *
 * A package item is known by text (package and item, "tman/pol") or by number (0x008d0003). A codec
 * fills the one it read; ms_h248_bind() (package.h) fills in the other from the package tables.
 */
#ifndef MS_H248_MESSAGE_H
#define MS_H248_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/span.h"
#include "h248/arena.h"

/* ---- names and values ---- */

/** RFC 3525 annex A: context numbers with a meaning. */
#define MS_H248_CONTEXT_NULL 0u
#define MS_H248_CONTEXT_CHOOSE 0xfffffffeu
#define MS_H248_CONTEXT_ALL 0xffffffffu

/** A number of a package item: package in the upper 16 bits. 0xffff stands for '*'. */
#define MS_H248_ID(package, item) ((uint32_t)(package) << 16 | (uint32_t)(item))

struct ms_h248_name {
	struct ms_span
		package;     /* text; "*" for all; empty: the package tables have not been asked */
	struct ms_span item; /* text; "*" for all */
	uint32_t id;         /* MS_H248_ID(); 0: not known (yet) */
	uint16_t ref;        /* handle of package.h, set by ms_h248_bind(); 0: not known */
};

/** How the octets of a value are to be read. */
enum ms_h248_form {
	MS_H248_TEXT,   /* as in the text: token, number, on/off */
	MS_H248_QUOTED, /* between quotes in the text; the quotes are not in the span */
	MS_H248_BER,    /* a BER encoding (binary PropertyParm, EventParameter, SigParameter) */
};

struct ms_h248_value {
	struct ms_h248_value *next;
	struct ms_span octets;
	enum ms_h248_form form;
};

/** RFC 3525 B.2 parmValue, A.2 extraInfo. */
enum ms_h248_relation {
	MS_H248_EQUAL,   /* one value */
	MS_H248_GREATER, /* > */
	MS_H248_LESS,    /* < */
	MS_H248_UNEQUAL, /* # */
	MS_H248_RANGE,   /* [a:b]: two values */
	MS_H248_ANY_OF,  /* {a,b}: one of them (binary: sublist FALSE) */
	MS_H248_ALL_OF,  /* [a,b]: all of them (binary: sublist TRUE) */
};

/** Property, event parameter, signal parameter, statistic: a name and its values. */
struct ms_h248_param {
	struct ms_h248_param *next;
	struct ms_h248_name
		name; /* of parameters of events and signals only `item` (and the low id) */
	enum ms_h248_relation relation;
	struct ms_h248_value *values; /* a statistic may have none */
};

enum ms_h248_mid_kind {
	MS_H248_MID_NONE,
	MS_H248_MID_IPV4,   /* [1.2.3.4]:port */
	MS_H248_MID_IPV6,   /* [2001:db8::1]:port */
	MS_H248_MID_DOMAIN, /* <name>:port */
	MS_H248_MID_DEVICE, /* pathNAME */
	MS_H248_MID_MTP,    /* MTP{hex} */
};

/** Message identifier; service change addresses have the same form. */
struct ms_h248_mid {
	enum ms_h248_mid_kind kind;
	uint8_t address[16]; /* IPv4: first 4 */
	struct ms_span name; /* domain, device, MTP octets */
	uint16_t port;       /* 0: none given */
	bool port_only;      /* service change address that is a port alone */
};

enum ms_h248_termination_kind {
	MS_H248_TERMINATION_NAMED,
	MS_H248_TERMINATION_ROOT,
	MS_H248_TERMINATION_CHOOSE, /* "$" alone */
	MS_H248_TERMINATION_ALL,    /* "*" alone */
};

/** Text names may hold '*' and '$' as parts ("ip/core/ * /1" without the blanks); binary ids carry wildcard octets. */
struct ms_h248_termination {
	struct ms_h248_termination *next; /* v3: a command may name several */
	enum ms_h248_termination_kind kind;
	struct ms_span name;     /* text */
	struct ms_span octets;   /* binary id */
	struct ms_span wildcard; /* binary: wildcard octets one after another */
};

struct ms_h248_error {
	uint16_t code;       /* H.248.8 */
	struct ms_span text; /* p NULL: none */
};

struct ms_h248_timestamp {
	bool present;
	char date[8]; /* yyyymmdd */
	char time[8]; /* hhmmssss, the last two hundredths */
};

/* ---- media ---- */

enum ms_h248_mode {
	MS_H248_MODE_ABSENT, /* H.248.1: as Inactive in a LocalControl that is given */
	MS_H248_MODE_SENDONLY,
	MS_H248_MODE_RECVONLY,
	MS_H248_MODE_SENDRECV,
	MS_H248_MODE_INACTIVE,
	MS_H248_MODE_LOOPBACK,
	MS_H248_MODE_ASKED, /* individual audit: the name without a value */
};

enum ms_h248_flag {
	MS_H248_FLAG_ABSENT,
	MS_H248_FLAG_OFF,
	MS_H248_FLAG_ON,
	MS_H248_FLAG_ASKED, /* individual audit: the name without a value */
};

struct ms_h248_local_control {
	enum ms_h248_mode mode;
	bool mode_unequal; /* v3 individual audit: those whose mode is another */
	enum ms_h248_flag reserve_value;
	enum ms_h248_flag reserve_group;
	struct ms_h248_param *properties;
};

/** Local or Remote. Text: `sdp` with escapes undone, as between the braces but without white space (line
 * ends, too) at both ends. Binary: groups of annex C properties; the binary codec also gives the same
 * as SDP text, and takes text to encode. */
struct ms_h248_sdp {
	bool present; /* the descriptor may be there and be empty */
	struct ms_span sdp;
};

struct ms_h248_stream {
	struct ms_h248_stream *next;
	uint16_t id; /* 1 to 65535; 0: the form without Stream (v1: one stream), meaning 1 */
	bool has_control;
	struct ms_h248_local_control control;
	struct ms_h248_sdp local;
	struct ms_h248_sdp remote;
	bool has_statistics; /* v3 */
	struct ms_h248_param *statistics;
};

enum ms_h248_service_state {
	MS_H248_SERVICE_ABSENT,
	MS_H248_SERVICE_TEST,
	MS_H248_SERVICE_OUT,
	MS_H248_SERVICE_IN,
	MS_H248_SERVICE_ASKED, /* individual audit */
};

enum ms_h248_buffer_control {
	MS_H248_BUFFER_ABSENT,
	MS_H248_BUFFER_OFF,
	MS_H248_BUFFER_LOCKSTEP,
	MS_H248_BUFFER_ASKED, /* individual audit */
};

struct ms_h248_media {
	bool has_state; /* TerminationState */
	struct ms_h248_param *state_properties;
	enum ms_h248_buffer_control event_buffer;
	enum ms_h248_service_state service_state;
	bool service_state_unequal; /* v3 individual audit */
	struct ms_h248_stream *streams;
};

/* ---- events and signals ---- */

struct ms_h248_signals;
struct ms_h248_events;

struct ms_h248_digitmap {
	bool present;
	struct ms_span name;
	struct ms_span body; /* "1xx|2x.", text without its braces */
	uint8_t t, s, l, z;  /* timers, 0: absent */
};

enum ms_h248_notify {
	MS_H248_NOTIFY_DEFAULT,
	MS_H248_NOTIFY_IMMEDIATE,
	MS_H248_NOTIFY_REGULATED,
	MS_H248_NOTIFY_NEVER
};

struct ms_h248_event {
	struct ms_h248_event *next;
	struct ms_h248_name name;
	uint16_t stream; /* 0: none */
	bool keep_active;
	enum ms_h248_notify notify; /* v3 */
	bool reset_events;          /* v3 */
	struct ms_h248_digitmap digitmap;
	struct ms_h248_signals *signals; /* embedded */
	struct ms_h248_events *events;   /* embedded */
	struct ms_h248_signals
		*regulated_signals; /* v3: embedded for when notification is regulated */
	struct ms_h248_events *regulated_events;
	struct ms_h248_param *params;
};

struct ms_h248_events {
	bool has_request_id; /* "Events" alone: all are switched off */
	uint32_t request_id;
	struct ms_h248_event *list;
};

enum ms_h248_signal_type {
	MS_H248_SIGNAL_TYPE_ABSENT,
	MS_H248_BRIEF,
	MS_H248_ON_OFF,
	MS_H248_TIME_OUT
};

/** SC notify completion: bits. */
enum {
	MS_H248_NC_TIMEOUT = 1,
	MS_H248_NC_EVENT = 2,  /* interrupted by an event */
	MS_H248_NC_SIGNAL = 4, /* interrupted by new signals */
	MS_H248_NC_OTHER = 8,
	MS_H248_NC_ITERATION = 16, /* v3 */
};

enum ms_h248_direction {
	MS_H248_DIRECTION_ABSENT,
	MS_H248_DIRECTION_INTERNAL,
	MS_H248_DIRECTION_EXTERNAL,
	MS_H248_DIRECTION_BOTH
};

struct ms_h248_signal {
	struct ms_h248_signal *next;
	struct ms_h248_name name;
	uint16_t stream; /* 0: none */
	enum ms_h248_signal_type type;
	bool has_duration;
	uint32_t duration; /* 10 ms */
	bool has_completion;
	uint8_t completion; /* MS_H248_NC_ bits */
	bool keep_active;
	enum ms_h248_direction direction; /* v3 */
	bool has_request_id;              /* v3 */
	uint32_t request_id;
	bool has_delay; /* v3, intersignal delay, 10 ms */
	uint32_t delay;
	struct ms_h248_param *params;
	bool is_list; /* then only list_id and list count */
	uint16_t list_id;
	struct ms_h248_signal *list;
};

struct ms_h248_signals {
	struct ms_h248_signal *list; /* none: all signals stop */
};

struct ms_h248_observed {
	struct ms_h248_observed *next;
	struct ms_h248_timestamp time;
	struct ms_h248_name name;
	uint16_t stream; /* 0: none */
	struct ms_h248_param *params;
};

/* ---- the other descriptors ---- */

/** Bits of an Audit descriptor. */
enum {
	MS_H248_AUDIT_MUX = 1,
	MS_H248_AUDIT_MODEM = 2,
	MS_H248_AUDIT_MEDIA = 4,
	MS_H248_AUDIT_EVENTS = 8,
	MS_H248_AUDIT_SIGNALS = 16,
	MS_H248_AUDIT_DIGITMAP = 32,
	MS_H248_AUDIT_STATISTICS = 64,
	MS_H248_AUDIT_OBSERVED = 128,
	MS_H248_AUDIT_PACKAGES = 256,
	MS_H248_AUDIT_EVENT_BUFFER = 512,
};

/** An Audit descriptor: tokens, and individual items (v2), the tree of what is asked, without values (v3:
 * values select). Of a reply: the tokens alone, what was asked for and has nothing to tell. */
struct ms_h248_audit {
	uint32_t tokens;             /* MS_H248_AUDIT_ bits */
	struct ms_h248_media *media; /* individual items, NULL: none */
	struct ms_h248_events *events;
	struct ms_h248_signals *signals;
	struct ms_h248_events *event_buffer;
	struct ms_h248_digitmap digitmap;
	struct ms_h248_param *statistics;
	struct ms_h248_package *packages;
};

struct ms_h248_package {
	struct ms_h248_package *next;
	struct ms_h248_name name; /* of the package: `package` and the upper half of id */
	uint16_t version;
};

enum ms_h248_sc_method {
	MS_H248_SC_ABSENT,
	MS_H248_SC_FAILOVER,
	MS_H248_SC_FORCED,
	MS_H248_SC_GRACEFUL,
	MS_H248_SC_RESTART,
	MS_H248_SC_DISCONNECTED,
	MS_H248_SC_HANDOFF,
	MS_H248_SC_EXTENSION, /* method_name has it */
};

/** ServiceChange parameters, of requests and of replies. */
struct ms_h248_service_change {
	enum ms_h248_sc_method method;
	struct ms_span method_name;
	struct ms_h248_mid address; /* ServiceChangeAddress; kind NONE and !port_only: absent */
	struct ms_h248_mid mgc_id;  /* MgcIdToTry */
	uint8_t version;            /* 0: absent */
	struct ms_span profile;     /* "name/version" */
	struct ms_span reason;      /* "901 Cold Boot" */
	bool has_delay;
	uint32_t delay; /* seconds */
	struct ms_h248_timestamp time;
	struct ms_h248_audit *info; /* v2 */
	bool incomplete;            /* v3 */
	struct ms_h248_param *extensions;
};

/** Modem and Mux: deprecated; kept as they came so that a message can be written back. */
enum ms_h248_mux_type {
	MS_H248_MUX_ABSENT,
	MS_H248_MUX_H221,
	MS_H248_MUX_H223,
	MS_H248_MUX_H226,
	MS_H248_MUX_V76,
	MS_H248_MUX_NX64,
	MS_H248_MUX_EXTENSION,
};

struct ms_h248_modem {
	struct ms_span types; /* as between '=' or '[' and what follows; binary: the encoding */
	struct ms_h248_param *properties;
};

struct ms_h248_mux {
	enum ms_h248_mux_type type;
	struct ms_span extension; /* "X-..." */
	struct ms_h248_termination *terminations;
};

/* ---- commands ---- */

enum ms_h248_verb {
	MS_H248_ADD,
	MS_H248_MOVE,
	MS_H248_MODIFY,
	MS_H248_SUBTRACT,
	MS_H248_AUDIT_CAPABILITY,
	MS_H248_AUDIT_VALUE,
	MS_H248_NOTIFY,
	MS_H248_SERVICE_CHANGE,
	MS_H248_VERB_COUNT,
};

/** A command of a request or its part of a reply: which descriptors may stand depends on both. */
struct ms_h248_command {
	struct ms_h248_command *next;
	enum ms_h248_verb verb;
	bool optional;                            /* O- */
	bool wildcard_response;                   /* W- */
	struct ms_h248_termination *terminations; /* one, v3: a list */

	struct ms_h248_media *media;
	struct ms_h248_modem *modem;
	struct ms_h248_mux *mux;
	struct ms_h248_events *events;
	struct ms_h248_event *event_buffer; /* the events in it; has_event_buffer when empty */
	bool has_event_buffer;
	struct ms_h248_signals *signals;
	struct ms_h248_digitmap digitmap;
	struct ms_h248_audit *audit;
	bool has_observed;
	uint32_t observed_id;
	struct ms_h248_observed *observed;
	bool has_statistics;
	struct ms_h248_param *statistics;
	struct ms_h248_package *packages;
	struct ms_h248_service_change *service_change;
	struct ms_h248_error
		*error;     /* replies; Notify requests (error in place of a reply's detail) */
	bool context_audit; /* AuditValue reply of v1/2: "Context" list stands in `terminations` */
};

enum ms_h248_topology_kind {
	MS_H248_TOPOLOGY_BOTHWAY,
	MS_H248_TOPOLOGY_ISOLATE,
	MS_H248_TOPOLOGY_ONEWAY,
	MS_H248_TOPOLOGY_ONEWAY_EXTERNAL,
	MS_H248_TOPOLOGY_ONEWAY_BOTH
};

struct ms_h248_topology {
	struct ms_h248_topology *next;
	struct ms_h248_termination from;
	struct ms_h248_termination to;
	enum ms_h248_topology_kind kind;
	bool has_base; /* v3: a kind of before stands with the new one, as annex A has it */
	enum ms_h248_topology_kind base;
	uint16_t stream; /* 0: all */
};

enum ms_h248_select { MS_H248_SELECT_ABSENT, MS_H248_SELECT_AND, MS_H248_SELECT_OR };

struct ms_h248_context_id {
	struct ms_h248_context_id *next;
	uint32_t id;
};

/** v3: which contexts an audit of all is about. */
struct ms_h248_context_select {
	enum ms_h248_select logic;
	enum ms_h248_flag emergency;
	enum ms_h248_flag ieps;
	bool has_priority;
	uint8_t priority;
	struct ms_h248_param *properties;
	struct ms_h248_context_id *list;
};

/** Context attributes, asked for or set. */
struct ms_h248_context {
	bool present;
	bool has_topology;
	struct ms_h248_topology *topology; /* none though has_topology: all bothway */
	enum ms_h248_flag emergency;
	enum ms_h248_flag ieps; /* v3 */
	bool has_priority;
	uint8_t priority;
	struct ms_h248_param *properties; /* v3 */
	struct ms_h248_context_id *list;  /* v3: ContextList */
	/* ContextAttrAudit: which are asked for */
	bool audit, audit_topology, audit_emergency, audit_priority, audit_ieps;
	struct ms_h248_param *audit_properties;
	struct ms_h248_context_select *select; /* v3 */
};

/** Commands in one context. */
struct ms_h248_action {
	struct ms_h248_action *next;
	uint32_t context;
	struct ms_h248_context attributes;
	struct ms_h248_command *commands;
	struct ms_h248_error *error; /* replies: instead of or after the commands */
};

enum ms_h248_transaction_kind {
	MS_H248_REQUEST,
	MS_H248_PENDING,
	MS_H248_REPLY,
	MS_H248_ACK,           /* TransactionResponseAck: `acks` */
	MS_H248_SEGMENT_REPLY, /* v3: acknowledges one segment */
};

struct ms_h248_ack {
	struct ms_h248_ack *next;
	uint32_t first, last; /* alike for one */
};

struct ms_h248_transaction {
	struct ms_h248_transaction *next;
	enum ms_h248_transaction_kind kind;
	uint32_t id;
	bool ack_required; /* reply: ImmAckRequired */
	uint16_t segment;  /* v3: number, 0: none */
	bool segment_end;  /* v3: last segment (SegmentationCompleteToken) */
	struct ms_h248_action *actions;
	struct ms_h248_error *error; /* reply: the whole transaction */
	struct ms_h248_ack *acks;
};

/**
 * The first error of a reply, and the context it is about (MS_H248_CONTEXT_NULL: of the whole transaction, or
 * of none). NULL: there is none.
 */
const struct ms_h248_error *ms_h248_reply_error(const struct ms_h248_transaction *reply,
						uint32_t *ret_context);

/** RFC 3525 section 10: interim authentication header; carried, never believed. */
struct ms_h248_auth {
	bool present;
	uint8_t spi[4];
	uint8_t sequence[4];
	struct ms_span data;
};

struct ms_h248_message {
	struct ms_h248_auth auth;
	uint8_t version; /* 1 to 3 (reading takes 1 to 99) */
	struct ms_h248_mid mid;
	struct ms_h248_error *error; /* message error: then no transactions */
	struct ms_h248_transaction *transactions;
};

#endif
