/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls: INVITE sessions as caller and callee (RFC 3261 sections 12 to 15, UPDATE of RFC 3311). Bodies
 * are handed over raw; what is in them is the caller's matter.
 *
 *   caller: ms_sip_session_invite() -> progress* -> answered -> ... -> closed
 *   callee: handlers.invite -> ms_sip_session_take() -> ms_sip_session_respond(180)
 *           -> ms_sip_session_respond(200) -> confirmed -> ... -> closed
 *
 * After `closed` has returned the session is gone. Until then its pointer is valid.
 */
#ifndef MS_SIP_SESSION_H
#define MS_SIP_SESSION_H

#include "sip/account.h"

enum ms_sip_session_state {
	MS_SIP_CALLING,     /* INVITE sent, or received and not finally answered */
	MS_SIP_ESTABLISHED, /* 2xx sent or received */
	MS_SIP_ENDING,
};

/** Any may be NULL. `arg` is the session's. */
struct ms_sip_session_handlers {
	/** Caller: a provisional answer other than 100. */
	void (*progress)(struct ms_sip_session *s, const struct ms_sip_message *m, void *arg);
	/** Caller: the 2xx; ACK is on its way. The body is the answer. */
	void (*answered)(struct ms_sip_session *s, const struct ms_sip_message *m, void *arg);
	/** Callee: the ACK for our 2xx. */
	void (*confirmed)(struct ms_sip_session *s, const struct ms_sip_message *m, void *arg);
	/**
	 * A re-INVITE or UPDATE. Answer with ms_sip_session_respond(), now or later. NULL: 488.
	 */
	void (*offered)(struct ms_sip_session *s, const struct ms_sip_message *m, void *arg);
	/** The final answer to ms_sip_session_modify(), or err < 0. */
	void (*modified)(struct ms_sip_session *s, int err, const struct ms_sip_message *m,
			 void *arg);
	/** Another request inside the dialog (INFO, MESSAGE, OPTIONS ...): answer with ms_sip_reply().
	 * NULL: OPTIONS gets 200, all else 405. */
	void (*request)(struct ms_sip_session *s, const struct ms_sip_message *m, void *arg);
	/**
	 * The end. err 0 with a request: BYE, or CANCEL's INVITE is withdrawn (m NULL, err
	 * -ECANCELED); a response: the call was refused; NULL and err: -ETIMEDOUT (no answer, no ACK),
	 * -ECONNREFUSED ...; NULL and 0: we ended it.
	 */
	void (*closed)(struct ms_sip_session *s, int err, const struct ms_sip_message *m,
		       void *arg);
};

struct ms_sip_invite_spec {
	const char *uri;               /* Request-URI */
	const char *to;                /* a URI or name-addr; NULL: `uri` */
	const char *from;              /* a URI or name-addr; NULL: the account's identity */
	bool report_redirects;         /* a 3xx ends the call; false: its first contact is called */
	unsigned ring_timeout_s;       /* CANCEL after so long without a final answer; 0: 180 */
	struct ms_sip_content content; /* usually application/sdp with the offer */
};

/** Calls. The session is borrowed until `closed` returns. Errors as for ms_sip_request(). */
MS_MUST_CHECK int ms_sip_session_invite(struct ms_sip_account *a,
					const struct ms_sip_invite_spec *spec,
					const struct ms_sip_session_handlers *handlers, void *arg,
					struct ms_sip_session **ret_session);

/**
 * Callee: takes charge of a call inside handlers.invite. A call nobody takes charge of there is
 * answered 480. `handlers` is borrowed and must outlive the session.
 */
void ms_sip_session_take(struct ms_sip_session *s, struct ms_sip_account *a,
			 const struct ms_sip_session_handlers *handlers, void *arg);

/**
 * Answers the INVITE, re-INVITE or UPDATE that waits: 1xx any number of times (not for UPDATE), then
 * once 2xx to 6xx. `reason` NULL: the standard phrase. A final refusal of the first INVITE ends the
 * session without `closed` (its pointer is invalid afterwards). -EPROTO if nothing waits, -EMSGSIZE.
 */
MS_MUST_CHECK int ms_sip_session_respond(struct ms_sip_session *s, unsigned status,
					 const char *reason, const struct ms_sip_content *content);

/**
 * Sends a re-INVITE (update false) or UPDATE inside the dialog. One at a time: -EBUSY. -ENOTCONN
 * before there is a dialog (for a re-INVITE: before it is established).
 */
MS_MUST_CHECK int ms_sip_session_modify(struct ms_sip_session *s, bool update,
					const struct ms_sip_content *content);

/** Sends another request inside the dialog (INFO ...). The handler is called once. */
MS_MUST_CHECK int ms_sip_session_request(struct ms_sip_session *s, const char *method,
					 const struct ms_sip_content *content,
					 ms_sip_response_h *handler, void *arg);

/**
 * Ends the call: CANCEL, BYE, or 480 to an INVITE not answered. `content` (may be NULL) goes into the
 * BYE: a Reason header for instance. `closed` is called when it is over (from the loop, not from
 * inside this call), except for an incoming INVITE not answered: then as ms_sip_session_respond().
 */
void ms_sip_session_end(struct ms_sip_session *s, const struct ms_sip_content *content);

enum ms_sip_session_state ms_sip_session_state(const struct ms_sip_session *s);

/** Replaces the handlers' argument. */
void ms_sip_session_set_arg(struct ms_sip_session *s, void *arg);

#endif
