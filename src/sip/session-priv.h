/* SPDX-License-Identifier: Apache-2.0 */
/* What the three files about sessions share. */
#ifndef MS_SIP_SESSION_PRIV_H
#define MS_SIP_SESSION_PRIV_H

#include "core/fsm.h"
#include "sip/sip-priv.h"

struct ms_sip_session {
	struct ms_list link;
	struct ms_sip *sip;
	struct ms_sip_account *account; /* NULL until a callee's session is taken */
	struct ms_sip_dialog *dialog;
	const struct ms_sip_session_handlers *handlers;
	void *arg;
	struct ms_fsm fsm; /* enum ms_sip_session_state; the table is in session.c */
	bool outgoing;
	bool rung_out; /* the caller's time for an answer is over */
	/* As client */
	struct ms_sip_transaction *invite; /* the first INVITE */
	struct ms_sip_transaction *modify;
	bool modify_update;
	struct ms_timer ring;
	/* As server */
	const struct sip_msg *incoming; /* INVITE or UPDATE that waits for an answer; referenced */
	struct sip_strans *st;          /* its transaction */
	struct mbuf *ok;                /* our 2xx, until its ACK */
	const struct sip_msg *ok_for;   /* the INVITE it answers; referenced */
	struct ms_timer ok_timer;
	ms_usec ok_pause, ok_waited;
	bool bye_after_ack;
	/* Closing from the loop, where it cannot be done on the spot */
	struct ms_timer close_timer;
	int close_err;
};

MS_MUST_CHECK int ms_sip_session_alloc(struct ms_sip *sip, struct ms_sip_session **ret_s);

/** Is the session in this state? */
static inline bool ms_sip_session_is(const struct ms_sip_session *s,
				     enum ms_sip_session_state state)
{
	return s->fsm.state == (unsigned)state;
}

/** Goes to a state. What the table does not have is refused: the session stays as it is. */
void ms_sip_session_go(struct ms_sip_session *s, enum ms_sip_session_state to);

/** Tells `closed` and frees. Nothing may touch the session afterwards. */
void ms_sip_session_close(struct ms_sip_session *s, int err, const struct sip_msg *m);

/** As close, from the loop. */
void ms_sip_session_close_later(struct ms_sip_session *s, int err);

/** Sends BYE; the session closes when it is answered. */
void ms_sip_session_bye(struct ms_sip_session *s, const struct ms_sip_content *content);

/** ACK from the peer. */
void ms_sip_session_acked(struct ms_sip_session *s, const struct sip_msg *m);

/** A re-INVITE or UPDATE from the peer. */
void ms_sip_session_offered(struct ms_sip_session *s, const struct sip_msg *m);

/** Forgets the request that waits, after it was answered. */
void ms_sip_session_settle(struct ms_sip_session *s);

/** Stops repeating our 2xx. */
void ms_sip_session_stop_ok(struct ms_sip_session *s);

#endif
