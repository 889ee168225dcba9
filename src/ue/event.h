/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens in the client, told to whoever shows it: the console as text, scripts as one JSON
 * object a line. doc/man/mediasec-ue.1 lists the events.
 */
#ifndef MS_UE_EVENT_H
#define MS_UE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/span.h"
#include "core/time.h"

enum ms_ue_event_type {
	MS_UE_EVENT_READY,
	MS_UE_EVENT_REGISTERED,
	MS_UE_EVENT_UNREGISTERED,
	MS_UE_EVENT_REGISTER_FAILED,
	MS_UE_EVENT_MESSAGE,
	MS_UE_EVENT_MESSAGE_REFUSED,
	MS_UE_EVENT_MESSAGE_SENT,
	MS_UE_EVENT_MESSAGE_FAILED,
	MS_UE_EVENT_MESSAGE_DELIVERED,
	MS_UE_EVENT_PROOF,
	MS_UE_EVENT_TICKET,
	MS_UE_EVENT_KMS_ERROR,
	MS_UE_EVENT_CALL_OUTGOING,
	MS_UE_EVENT_CALL_RINGING,
	MS_UE_EVENT_CALL_INCOMING,
	MS_UE_EVENT_CALL_ESTABLISHED,
	MS_UE_EVENT_CALL_FAILED,
	MS_UE_EVENT_CALL_ENDED,
	MS_UE_EVENT_CHAT,
	MS_UE_EVENT_CHAT_SENT,
	MS_UE_EVENT_CHAT_FAILED,
	MS_UE_EVENT_FILE_OFFERED,
	MS_UE_EVENT_FILE_PROGRESS,
	MS_UE_EVENT_FILE_DONE,
	MS_UE_EVENT_FILE_FAILED,
	MS_UE_EVENT_FLOOR_HELLO,
	MS_UE_EVENT_FLOOR,
	MS_UE_EVENT_FLOOR_STATUS,
	MS_UE_EVENT_FLOOR_FAILED,
	MS_UE_EVENT_WARNING,
	MS_UE_EVENT_QUIT,
	MS_UE_EVENT_N,
};

/** All spans are borrowed for the call that delivers the event; empty means "not known". */
struct ms_ue_event {
	enum ms_ue_event_type type;
	unsigned session;        /* number of the call; 0: none */
	struct ms_span peer;     /* identity the KMS vouches for */
	struct ms_span from;     /* what From says */
	struct ms_span asserted; /* what P-Asserted-Identity says */
	struct ms_span author; /* of a message that came over a list: who wrote it, the list says */
	struct ms_span called;
	struct ms_span content_type;
	struct ms_span text;       /* a message's content, if it is text */
	struct ms_span message_id; /* of ours, where a notification was asked for */
	struct ms_span name;       /* a file's name as the peer gave it */
	struct ms_span path;       /* where it is on our disk */
	struct ms_span hash;       /* "sha-256:AB:..." */
	struct ms_span suite;      /* TLS suite */
	struct ms_span url;        /* of the KMS */
	struct ms_span resolvers;  /* joined by ", " */
	struct ms_span others;     /* who got a message, as its service says; joined by ", " */
	const char *kind;          /* "chat", "file"; "message", "session" for tickets; static */
	const char *source;        /* "kms" or "cache"; static */
	const char *direction;     /* "in" or "out"; static */
	const char *proof;     /* of origin: "proved", "unchecked", "failed"; NULL: none; static */
	const char *security;  /* of a session: "e2e", "e2ae" or "none"; static */
	const char *reason;    /* a counter's name; static */
	struct ms_span detail; /* for people */
	struct ms_span warning;
	const char *state; /* of a floor request, "Granted" ...; static */
	unsigned floor, floor_request, queue;
	unsigned status;  /* of SIP, HTTP, MSRP or BFCP; 0: none */
	unsigned expires; /* seconds */
	uint64_t size, done, uses;
	ms_usec valid_until;
	ms_usec written; /* a message, by its sender's clock */
	bool is_protected, verified, diverted;
	bool deferred; /* a message that lay somewhere before it came */
	bool goes_on;  /* a lost file: another session follows by itself */
};

/** "message-sent". Static. */
const char *ms_ue_event_name(enum ms_ue_event_type type);

/** Appends {"event":...,"time":...}\n with the fields the event has. `now` is wall clock. */
void ms_ue_event_json(struct ms_buf *b, const struct ms_ue_event *e, ms_usec now);

/**
 * Appends what a person reads: one or more lines, each ended by LF, fit for a terminal; nothing for
 * events that are not worth a line.
 */
void ms_ue_event_text(struct ms_buf *b, const struct ms_ue_event *e);

#endif
