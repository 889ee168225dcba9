/* SPDX-License-Identifier: Apache-2.0 */
/* The called side, and changes of a session from the peer: RFC 3261 sections 13.3 and 14.2, RFC 3311. */
#include <errno.h>

#include "core/alloc.h"
#include "sip/session-priv.h"

#define ALLOW "Allow: INVITE, ACK, CANCEL, BYE, UPDATE, OPTIONS, MESSAGE, NOTIFY\r\n"

/* ---- our 2xx is repeated until its ACK, over any transport: section 13.3.1.4 ---- */

void ms_sip_session_stop_ok(struct ms_sip_session *s)
{
	ms_timer_stop(&s->ok_timer);
	s->ok = mem_deref(s->ok);
	s->ok_for = mem_deref((void *)(uintptr_t)s->ok_for);
}

static void ok_due(void *arg)
{
	struct ms_sip_session *s = arg;
	struct sa dst;
	struct pl rport;

	s->ok_waited += s->ok_pause;
	if (s->ok_waited >= MS_SIP_TIMER_F) {
		/* No ACK: the session is ended with BYE. */
		ms_sip_session_stop_ok(s);
		ms_sip_count(s->sip, MS_SIP_TIMEOUTS);
		s->bye_after_ack = false;
		ms_sip_session_bye(s, NULL);
		return;
	}
	sip_reply_addr(&dst, s->ok_for, !msg_param_exists(&s->ok_for->via.params, "rport", &rport));
	s->ok->pos = 0;
	if (sip_send(s->sip->sip, s->ok_for->sock, s->ok_for->tp, &dst, s->ok))
		ms_sip_count(s->sip, MS_SIP_TRANSPORT_ERRORS);
	s->ok_pause = s->ok_pause * 2 < MS_SIP_T2 ? s->ok_pause * 2 : MS_SIP_T2;
	ms_timer_start(&s->ok_timer, s->ok_pause);
}

static void repeat_ok(struct ms_sip_session *s, struct mbuf *mb)
{
	s->ok = mb;
	s->ok_for = mem_ref((void *)(uintptr_t)s->incoming);
	s->ok_pause = MS_SIP_T1;
	s->ok_waited = 0;
	ms_timer_init(&s->ok_timer, "sip.ok", ok_due, s);
	ms_timer_start(&s->ok_timer, s->ok_pause);
}

void ms_sip_session_acked(struct ms_sip_session *s, const struct sip_msg *m)
{
	if (!s->ok || m->cseq.num != s->ok_for->cseq.num)
		return;
	ms_sip_session_stop_ok(s);
	if (s->bye_after_ack) {
		s->bye_after_ack = false;
		ms_sip_session_bye(s, NULL);
	} else if (s->handlers->confirmed && ms_sip_session_is(s, MS_SIP_ESTABLISHED)) {
		s->handlers->confirmed(s, ms_sip_cooked(m), s->arg);
	}
}

/* ---- answering ---- */

/* The INVITE was withdrawn; libre has answered the CANCEL. */
static void cancelled(void *arg)
{
	struct ms_sip_session *s = arg;

	if (ms_sip_answer(s->sip, &s->st, NULL, s->incoming, 487, NULL, NULL, NULL, NULL) < 0)
		ms_sip_count(s->sip, MS_SIP_TRANSPORT_ERRORS);
	ms_sip_session_settle(s);
	if (ms_sip_session_is(s, MS_SIP_CALLING))
		ms_sip_session_close(s, -ECANCELED, NULL);
}

static const char *contact_user(const struct ms_sip_session *s, unsigned status)
{
	/* Provisional and 2xx carry our Contact (section 12.1.1). */
	return status > 100 && status < 300 && s->account ? s->account->contact_user : NULL;
}

int ms_sip_session_respond(struct ms_sip_session *s, unsigned status, const char *reason,
			   const struct ms_sip_content *content)
{
	bool first = ms_sip_session_is(s, MS_SIP_CALLING) && !s->outgoing;
	bool invite = s->incoming && !pl_strcmp(&s->incoming->met, "INVITE");
	struct mbuf *mb = NULL;
	int err;

	if (!s->incoming || !s->st || (!s->account && status < 300))
		return -EPROTO;
	if (status < 100 || status > 699 || (status < 200 && !invite))
		return -EINVAL;
	err = ms_sip_answer(s->sip, &s->st, status < 200 ? NULL : &mb, s->incoming, status, reason,
			    contact_user(s, status), status < 300 ? ALLOW : NULL, content);
	if (err < 0 && s->st)
		return err; /* nothing was sent: another answer may be tried */
	if (err == 0 && status < 200)
		return 0;
	if (err == 0 && invite && status < 300) {
		repeat_ok(s, mb);
		ms_sip_session_go(s, MS_SIP_ESTABLISHED);
	} else {
		mem_deref(mb);
	}
	ms_sip_session_settle(s);
	if (first && err == 0 && status >= 300)
		ms_sip_session_drop(s);
	else if (first && err < 0)
		ms_sip_session_close_later(s, err);
	return err;
}

/* Who holds a call that rings hears of its end, as of the end of all others. */
void ms_sip_session_shut(struct ms_sip_session *s)
{
	if (!ms_sip_session_is(s, MS_SIP_CALLING) || s->outgoing || !s->st) {
		ms_sip_session_end(s, NULL);
		return;
	}
	if (ms_sip_answer(s->sip, &s->st, NULL, s->incoming, 480, NULL, NULL, NULL, NULL) < 0)
		ms_sip_count(s->sip, MS_SIP_TRANSPORT_ERRORS);
	ms_sip_session_settle(s);
	ms_sip_session_close(s, 0, NULL);
}

/* ---- a new call ---- */

static int wait_for_answer(struct ms_sip_session *s, const struct sip_msg *m)
{
	int err = -sip_strans_alloc(&s->st, s->sip->sip, m, cancelled, s);

	if (err < 0)
		return err;
	s->incoming = mem_ref((void *)(uintptr_t)m);
	/* At once, so that the peer stops repeating (section 8.2.6.1). */
	if (!pl_strcmp(&m->met, "INVITE"))
		err = ms_sip_answer(s->sip, &s->st, NULL, m, 100, NULL, NULL, NULL, NULL);
	return err;
}

static int open_incoming(struct ms_sip *sip, const struct sip_msg *m, struct ms_sip_session **ret_s)
{
	struct ms_sip_session *s;
	int err = ms_sip_session_alloc(sip, &s);

	if (err < 0)
		return err;
	err = ms_sip_dialog_from_request(sip, MS_SIP_USAGE_SESSION, s, m, &s->dialog);
	if (err == 0)
		err = wait_for_answer(s, m);
	if (err < 0)
		ms_sip_session_drop(s);
	else
		*ret_s = s;
	return err;
}

void ms_sip_session_incoming(struct ms_sip *sip, const struct sip_msg *m)
{
	struct ms_sip_session *s;
	int err;

	if (!sip->handlers.invite) {
		ms_sip_refuse(sip, m, 603);
		return;
	}
	err = open_incoming(sip, m, &s);
	if (err < 0) {
		/* At the limit we are busy; 503 would make a proxy think that this host is out of order. */
		ms_sip_refuse(sip, m, err == -EBADMSG ? 400 : err == -ENOSPC ? 486 : 503);
		return;
	}
	sip->offered = s;
	sip->handlers.invite(sip, s, ms_sip_cooked(m), sip->arg);
	if (sip->offered == s && !s->account && ms_sip_session_respond(s, 480, NULL, NULL) < 0)
		ms_sip_session_drop(s);
	sip->offered = NULL;
}

void ms_sip_session_take(struct ms_sip_session *s, struct ms_sip_account *a,
			 const struct ms_sip_session_handlers *handlers, void *arg)
{
	s->account = a;
	s->handlers = handlers;
	s->arg = arg;
}

/* ---- changes ---- */

/* Section 14.2 and RFC 3311 section 5.2: one exchange at a time. 0 if this one may begin. */
static unsigned in_the_way(const struct ms_sip_session *s)
{
	if (ms_sip_session_is(s, MS_SIP_ENDING))
		return 481;
	if (s->incoming)
		return 500;
	if (s->modify || s->ok || (s->outgoing && ms_sip_session_is(s, MS_SIP_CALLING)))
		return 491;
	return 0;
}

static void refuse_offer(struct ms_sip_session *s, const struct sip_msg *m, unsigned status)
{
	if (status != 500) {
		ms_sip_refuse(s->sip, m, status);
		return;
	}
	ms_sip_count(s->sip, MS_SIP_REQUESTS_REFUSED);
	if (ms_sip_answer(s->sip, NULL, NULL, m, 500, NULL, NULL, "Retry-After: 2\r\n", NULL) < 0)
		ms_sip_count(s->sip, MS_SIP_TRANSPORT_ERRORS);
}

void ms_sip_session_offered(struct ms_sip_session *s, const struct sip_msg *m)
{
	unsigned status = in_the_way(s);

	if (status != 0) {
		refuse_offer(s, m, status);
		return;
	}
	ms_sip_dialog_retarget(s->dialog, m);
	if (!s->handlers->offered) {
		ms_sip_refuse(s->sip, m, 488);
		return;
	}
	if (wait_for_answer(s, m) < 0) {
		ms_sip_session_settle(s);
		ms_sip_refuse(s->sip, m, 500);
		return;
	}
	s->handlers->offered(s, ms_sip_cooked(m), s->arg);
}
