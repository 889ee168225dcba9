/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: what caller and callee have in common. RFC 3261 sections 12.2 and 15. */
#include "sip/session.h"

#include <errno.h>

#include "core/alloc.h"
#include "sip/session-priv.h"

static void close_due(void *arg)
{
	struct ms_sip_session *s = arg;

	ms_sip_session_close(s, s->close_err, NULL);
}

static void rung_out(void *arg)
{
	struct ms_sip_session *s = arg;

	s->rung_out = true;
	ms_sip_session_end(s, NULL);
}

/* RFC 3261 sections 13 to 15: a 2xx is sent or received once; what is ending does not come back. */
static const uint32_t followers[] = {
	[MS_SIP_CALLING] = MS_FSM_BIT(MS_SIP_ESTABLISHED) | MS_FSM_BIT(MS_SIP_ENDING),
	[MS_SIP_ESTABLISHED] = MS_FSM_BIT(MS_SIP_ESTABLISHED) | MS_FSM_BIT(MS_SIP_ENDING),
	[MS_SIP_ENDING] = MS_FSM_BIT(MS_SIP_ENDING),
};

void ms_sip_session_go(struct ms_sip_session *s, enum ms_sip_session_state to)
{
	if (ms_fsm_go(&s->fsm, to) < 0)
		return; /* a late answer to a call that is over, say */
}

int ms_sip_session_alloc(struct ms_sip *sip, struct ms_sip_session **ret_s)
{
	static const struct ms_sip_session_handlers none = { 0 };
	struct ms_sip_session *s;

	if (sip->n_sessions >= sip->limits.sessions)
		return -ENOSPC;
	s = ms_zalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->sip = sip;
	s->fsm = (struct ms_fsm){ .next = followers,
				  .n_states = MS_ARRAY_SIZE(followers),
				  .state = MS_SIP_CALLING };
	s->handlers = &none;
	sip->n_sessions++;
	ms_list_append(&sip->sessions, &s->link);
	ms_timer_init(&s->ring, "sip.ring", rung_out, s);
	ms_timer_init(&s->close_timer, "sip.close", close_due, s);
	*ret_s = s;
	return 0;
}

void ms_sip_session_settle(struct ms_sip_session *s)
{
	s->st = mem_deref(s->st);
	s->incoming = mem_deref((void *)(uintptr_t)s->incoming);
}

void ms_sip_session_drop(struct ms_sip_session *s)
{
	if (s->sip->offered == s)
		s->sip->offered = NULL;
	s->sip->n_sessions--;
	ms_list_remove(&s->link);
	ms_timer_stop(&s->ring);
	ms_timer_stop(&s->close_timer);
	ms_sip_session_settle(s);
	ms_sip_session_stop_ok(s);
	if (s->dialog)
		ms_sip_transaction_flush_dialog(s->dialog);
	ms_sip_dialog_free(s->dialog);
	ms_free(s);
}

void ms_sip_session_each(struct ms_sip *sip, void (*f)(struct ms_sip_session *s))
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, &sip->sessions)
		f(MS_CONTAINER_OF(link, struct ms_sip_session, link));
}

void ms_sip_session_drop_account(struct ms_sip_account *a)
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, &a->sip->sessions) {
		struct ms_sip_session *s = MS_CONTAINER_OF(link, struct ms_sip_session, link);

		if (s->account == a)
			ms_sip_session_drop(s);
	}
}

void ms_sip_session_close(struct ms_sip_session *s, int err, const struct sip_msg *m)
{
	ms_sip_session_go(s, MS_SIP_ENDING);
	if (s->handlers->closed)
		s->handlers->closed(s, err, ms_sip_cooked(m), s->arg);
	ms_sip_session_drop(s);
}

void ms_sip_session_close_later(struct ms_sip_session *s, int err)
{
	ms_sip_session_go(s, MS_SIP_ENDING);
	s->close_err = err;
	ms_timer_start(&s->close_timer, 0);
}

/* ---- the end we want ---- */

static void bye_answered(int err, const struct sip_msg *m, void *arg)
{
	/* Whatever the answer: the call is over. */
	if (err < 0 || m->scode >= 200)
		ms_sip_session_close(arg, 0, NULL);
}

void ms_sip_session_bye(struct ms_sip_session *s, const struct ms_sip_content *content)
{
	struct ms_sip_transaction_spec spec = {
		.method = "BYE", .uri = s->dialog->target, .dialog = s->dialog, .content = content
	};
	struct ms_sip_transaction *t;

	ms_sip_session_go(s, MS_SIP_ENDING);
	if (ms_sip_transaction_start(s->account, &spec, bye_answered, s, &t) < 0)
		ms_sip_session_close_later(s, 0);
}

void ms_sip_session_end(struct ms_sip_session *s, const struct ms_sip_content *content)
{
	if (ms_sip_session_is(s, MS_SIP_ENDING))
		return;
	if (ms_sip_session_is(s, MS_SIP_CALLING) && !s->outgoing) {
		if (ms_sip_session_respond(s, 480, NULL, content) < 0)
			ms_sip_session_drop(s);
	} else if (ms_sip_session_is(s, MS_SIP_CALLING)) {
		ms_sip_session_go(s, MS_SIP_ENDING);
		ms_sip_transaction_cancel(s->invite);
	} else if (s->ok) {
		/* The callee waits for the ACK before it may say BYE (RFC 3261 section 15). */
		ms_sip_session_go(s, MS_SIP_ENDING);
		s->bye_after_ack = true;
	} else {
		ms_sip_session_bye(s, content);
	}
}

/* ---- requests of the peer ---- */

static void receive_bye(struct ms_sip_session *s, const struct sip_msg *m)
{
	if (ms_sip_answer(s->sip, NULL, NULL, m, 200, NULL, NULL, NULL, NULL) < 0)
		ms_sip_count(s->sip, MS_SIP_TRANSPORT_ERRORS);
	/* Section 15.1.2: what still waits is answered 487. */
	if (s->st &&
	    ms_sip_answer(s->sip, &s->st, NULL, s->incoming, 487, NULL, NULL, NULL, NULL) < 0)
		ms_sip_count(s->sip, MS_SIP_TRANSPORT_ERRORS);
	ms_sip_session_close(s, 0, m);
}

static void receive_other(struct ms_sip_session *s, const struct sip_msg *m)
{
	if (!s->handlers->request) {
		ms_sip_refuse(s->sip, m, 405);
		return;
	}
	if (ms_sip_pend(s->sip, m) < 0)
		ms_sip_refuse(s->sip, m, 503);
	else
		s->handlers->request(s, ms_sip_cooked(m), s->arg);
}

void ms_sip_session_received(struct ms_sip_session *s, const struct sip_msg *m)
{
	if (!pl_strcmp(&m->met, "ACK"))
		ms_sip_session_acked(s, m);
	else if (!pl_strcmp(&m->met, "BYE"))
		receive_bye(s, m);
	else if (!pl_strcmp(&m->met, "INVITE") || !pl_strcmp(&m->met, "UPDATE"))
		ms_sip_session_offered(s, m);
	else
		receive_other(s, m);
}

/* ---- further requests of ours ---- */

struct inner {
	ms_sip_response_h *handler;
	void *arg;
};

static void inner_answered(int err, const struct sip_msg *m, void *arg)
{
	struct inner *i = arg;
	struct inner copy = *i;

	if (err == 0 && m->scode < 200)
		return;
	ms_free(i);
	if (copy.handler)
		copy.handler(err, ms_sip_cooked(m), copy.arg);
}

static void release_inner(void *arg)
{
	ms_free(arg);
}

int ms_sip_session_request(struct ms_sip_session *s, const char *method,
			   const struct ms_sip_content *content, ms_sip_response_h *handler,
			   void *arg)
{
	struct ms_sip_transaction_spec spec = { .method = method,
						.uri = s->dialog->target,
						.dialog = s->dialog,
						.content = content,
						.release = release_inner };
	struct ms_sip_transaction *t;
	struct inner *i;
	int err;

	if (!s->dialog->remote_tag || ms_sip_session_is(s, MS_SIP_ENDING))
		return -ENOTCONN;
	i = ms_zalloc(sizeof(*i));
	if (!i)
		return -ENOMEM;
	*i = (struct inner){ handler, arg };
	err = ms_sip_transaction_start(s->account, &spec, inner_answered, i, &t);
	if (err < 0)
		ms_free(i);
	return err;
}

enum ms_sip_session_state ms_sip_session_state(const struct ms_sip_session *s)
{
	return (enum ms_sip_session_state)s->fsm.state;
}

void ms_sip_session_set_arg(struct ms_sip_session *s, void *arg)
{
	s->arg = arg;
}
