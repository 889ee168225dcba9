/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user agent: one user's account, keys, messages and sessions. Everything that happens is told
 * through events (ue/event.h); console and one-shot commands drive it through this header.
 */
#ifndef MS_UE_UE_H
#define MS_UE_UE_H

#include "ue/config.h"
#include "ue/event.h"

struct ms_ue; /* owned */

struct ms_ue_sink {
	void (*event)(void *arg, const struct ms_ue_event *e);
	void *arg; /* borrowed */
};

/**
 * Opens transports and caches; needs the running event loop of a SIP program. `settings` is borrowed
 * and must outlive it. `error` gets a sentence for the user on failure. Negative errno.
 */
MS_MUST_CHECK int ms_ue_new(const struct ms_ue_settings *settings, const struct ms_ue_sink *sink,
			    struct ms_buf *error, struct ms_ue **ret_ue);

/** Closes at once, without telling anybody. NULL is fine. Returns NULL. */
struct ms_ue *ms_ue_free(struct ms_ue *ue);

/** Registers and stays registered: events registered, register-failed. */
MS_MUST_CHECK int ms_ue_register(struct ms_ue *ue);

/** Ends sessions and the registration, then calls done(arg): from the loop, within some seconds. */
void ms_ue_shutdown(struct ms_ue *ue, void (*done)(void *arg), void *arg);

/* ---- messages ---- */

struct ms_ue_message_spec {
	struct ms_span
		to; /* a contact's name or a URI; several with commas, "cc:" or "bcc:" in front */
	struct ms_span content_type; /* empty: text/plain;charset=UTF-8 */
	struct ms_span body;
	bool plain;  /* without protection, if the policy allows it */
	bool notify; /* asks for a delivery notification, as message.ask_delivery does for all */
	bool prove;  /* with a proof of origin, as message.prove does for all */
	bool is_notification; /* is one: nothing is asked, and nothing told */
};

/**
 * Sends a message; message-sent or message-failed follows, from the loop. -EINVAL (no such contact
 * nor a URI), -EMSGSIZE (over message.max_size), -EPERM (plain, and the policy forbids it), -ENOMEM;
 * of several recipients -EDESTADDRREQ (no message.list_service), -EOPNOTSUPP (plain, notify), -E2BIG.
 */
MS_MUST_CHECK int ms_ue_message_send(struct ms_ue *ue, const struct ms_ue_message_spec *spec);

/**
 * Checks a proof of origin: a CMS object, received by whomever. Event proof follows, now or from the
 * loop. -EBUSY (one is being checked), -ENOMEM.
 */
MS_MUST_CHECK int ms_ue_proof_check(struct ms_ue *ue, struct ms_span object);

/* ---- sessions ---- */

struct ms_ue_call_spec {
	struct ms_span to;
	const char *file; /* path of a file to send; NULL: a chat */
	bool bfcp;        /* floor control (RFC 8855), no chat */
	bool only_called; /* a ticket for the called party only: nobody else can answer */
	uint64_t from;    /* file: octets the receiver has already */
};

/**
 * Calls; events tell the rest. Returns 0 and the session's number, -EINVAL (whom?), -ENOSPC (too
 * many sessions), or what opening the file gave.
 */
MS_MUST_CHECK int ms_ue_call(struct ms_ue *ue, const struct ms_ue_call_spec *spec,
			     unsigned *ret_session);

/** Sends text in a chat. -ENOENT (no such chat), or what ms_msrp_send() says. */
MS_MUST_CHECK int ms_ue_chat(struct ms_ue *ue, unsigned session, struct ms_span text);

enum ms_ue_floor_act {
	MS_UE_FLOOR_HELLO,   /* is the server there? */
	MS_UE_FLOOR_REQUEST, /* asks for a floor; 0: the one the server named first */
	MS_UE_FLOOR_RELEASE, /* gives a request back; 0: the latest */
	MS_UE_FLOOR_QUERY,   /* who holds a floor, now and from now on; 0: as above */
	MS_UE_FLOOR_USER,    /* what a user has asked for; 0: ourselves */
};

/**
 * Floor control in a session that stands: events floor-hello, floor, floor-status, floor-failed.
 * -ENOENT (no such session), -EINVAL, or what src/bfcp says.
 */
MS_MUST_CHECK int ms_ue_floor(struct ms_ue *ue, unsigned session, enum ms_ue_floor_act act,
			      unsigned id);

/** Answers an incoming offer that waits. -ENOENT. */
MS_MUST_CHECK int ms_ue_answer(struct ms_ue *ue, unsigned session, bool accept);

/** Ends a session, whatever its state. -ENOENT. */
MS_MUST_CHECK int ms_ue_hangup(struct ms_ue *ue, unsigned session);

enum ms_ue_call_query {
	MS_UE_CALL_ANY,
	MS_UE_CALL_WAITING, /* an incoming one that waits for the user */
	MS_UE_CALL_CHAT,    /* a chat that stands */
	MS_UE_CALL_FLOOR,   /* floor control that stands */
};

/** The newest session of that kind; 0 if there is none. */
unsigned ms_ue_newest(const struct ms_ue *ue, enum ms_ue_call_query query);

/** The newest chat that stands with that peer (a contact's name or a URI); 0 if there is none. */
unsigned ms_ue_chat_with(const struct ms_ue *ue, struct ms_span who);

/** Chat texts not yet delivered. */
size_t ms_ue_unsent(const struct ms_ue *ue);

/** How much is on its way: messages, chat texts, files being sent. */
size_t ms_ue_busy(const struct ms_ue *ue);

/** Appends what is known of a session: peer, suite, ticket. Lines end with LF. -ENOENT. */
MS_MUST_CHECK int ms_ue_info(const struct ms_ue *ue, unsigned session, struct ms_buf *text);

/** The peer's verified identity (else whom we called) of a session; empty if there is none. */
struct ms_span ms_ue_peer(const struct ms_ue *ue, unsigned session);

/** How many recipients of our messages have not told yet what we asked them. */
size_t ms_ue_asked(const struct ms_ue *ue);

/** Tells each ticket of our own as an event. */
void ms_ue_list_tickets(const struct ms_ue *ue);

#endif
