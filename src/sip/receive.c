/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in: checks, the way to its dialog or handler, and answers. RFC 3261 sections 8.2, 12.2. */
#include <errno.h>

#include "core/alloc.h"
#include "sip/sip-priv.h"

/* ---- answers ---- */

int ms_sip_answer(struct ms_sip *sip, struct sip_strans **st, struct mbuf **ret_mb,
		  const struct sip_msg *m, unsigned status, const char *reason,
		  const char *contact_user, const char *more, const struct ms_sip_content *c)
{
	bool dialog = contact_user != NULL;
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct sa laddr;
	int err;

	ms_buf_init(&b, ms_sip_buffer_max(sip));
	if (dialog) {
		err = sip_transp_laddr(sip->sip, &laddr, m->tp, &m->src);
		if (err)
			return ms_sip_error(err);
		ms_sip_put_contact(&b, contact_user, &laddr, m->tp, NULL);
	}
	if (more)
		ms_buf_put_str(&b, more);
	ms_sip_put_content(&b, sip, c);
	err = ms_buf_status(&b);
	if (err < 0)
		return err;
	if (!reason)
		reason = ms_sip_reason_of(status);
	/* The phrase goes on the start line. */
	if (strpbrk(reason, "\r\n"))
		return -EINVAL;
	return ms_sip_error(sip_treplyf(st, ret_mb, sip->sip, m, dialog, (uint16_t)status, reason,
					"%b", b.p, b.len));
}

void ms_sip_refuse(struct ms_sip *sip, const struct sip_msg *m, unsigned status)
{
	ms_sip_count(sip, MS_SIP_REQUESTS_REFUSED);
	if (ms_sip_answer(sip, NULL, NULL, m, status, NULL, NULL, NULL, NULL) < 0)
		ms_sip_count(sip, MS_SIP_TRANSPORT_ERRORS);
}

/* ---- requests that wait for their answer ---- */

void ms_sip_pending_free(struct ms_sip_pending *p)
{
	p->sip->n_pending--;
	ms_list_remove(&p->link);
	ms_timer_stop(&p->timer);
	mem_deref(p->st);
	mem_deref((void *)(uintptr_t)p->msg);
	ms_free(p);
}

/* Nobody answered in time; the client has given up by now (timer F). */
static void pending_due(void *arg)
{
	struct ms_sip_pending *p = arg;

	ms_sip_pending_free(p);
}

int ms_sip_pend(struct ms_sip *sip, const struct sip_msg *m)
{
	struct ms_sip_pending *p;
	int err;

	if (sip->n_pending >= sip->limits.requests)
		return -ENOSPC;
	p = ms_zalloc(sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->sip = sip;
	sip->n_pending++;
	ms_list_append(&sip->pending, &p->link);
	ms_timer_init(&p->timer, "sip.pending", pending_due, p);
	err = -sip_strans_alloc(&p->st, sip->sip, m, NULL, NULL);
	if (err < 0) {
		ms_sip_pending_free(p);
		return err;
	}
	p->msg = mem_ref((void *)(uintptr_t)m);
	ms_timer_start(&p->timer, MS_SIP_TIMER_F);
	return 0;
}

static struct ms_sip_pending *find_pending(struct ms_sip *sip, const struct sip_msg *m)
{
	struct ms_list *link;

	ms_list_foreach (link, &sip->pending) {
		struct ms_sip_pending *p = MS_CONTAINER_OF(link, struct ms_sip_pending, link);

		if (p->msg == m)
			return p;
	}
	return NULL;
}

int ms_sip_reply(struct ms_sip *sip, const struct ms_sip_message *message, unsigned status,
		 const char *reason, const struct ms_sip_content *content)
{
	struct ms_sip_pending *p = find_pending(sip, ms_sip_raw(message));
	int err;

	if (status < 100 || status > 699)
		return -EINVAL;
	if (!p)
		return -EALREADY;
	err = ms_sip_answer(sip, &p->st, NULL, p->msg, status, reason, NULL, NULL, content);
	/* libre took the transaction over, or dropped it because it could not send. */
	if (!p->st)
		ms_sip_pending_free(p);
	return err;
}

/* ---- requests outside of dialogs ---- */

static void reply_options(struct ms_sip *sip, const struct sip_msg *m)
{
	static const struct ms_sip_header_value headers[] = {
		{ "Allow",
		  { (const uint8_t *)"INVITE, ACK, CANCEL, BYE, UPDATE, OPTIONS, MESSAGE, "
				     "SUBSCRIBE, NOTIFY",
		    68 } },
	};
	struct ms_sip_content c = { .headers = headers, .n_headers = 1 };

	if (ms_sip_answer(sip, NULL, NULL, m, 200, NULL, NULL, NULL, &c) < 0)
		ms_sip_count(sip, MS_SIP_TRANSPORT_ERRORS);
}

static void receive_other(struct ms_sip *sip, const struct sip_msg *m)
{
	if (!sip->handlers.request) {
		if (!pl_strcmp(&m->met, "OPTIONS"))
			reply_options(sip, m);
		else
			ms_sip_refuse(sip, m, 405);
		return;
	}
	if (ms_sip_pend(sip, m) < 0)
		ms_sip_refuse(sip, m, 503);
	else
		sip->handlers.request(sip, ms_sip_cooked(m), sip->arg);
}

static void receive_new(struct ms_sip *sip, const struct sip_msg *m)
{
	if (sip->closing)
		ms_sip_refuse(sip, m, 503);
	else if (!pl_strcmp(&m->met, "INVITE"))
		ms_sip_session_incoming(sip, m);
	else if (!pl_strcmp(&m->met, "SUBSCRIBE"))
		ms_sip_notifier_incoming(sip, m);
	else if (!pl_strcmp(&m->met, "CANCEL") || !pl_strcmp(&m->met, "BYE") ||
		 !pl_strcmp(&m->met, "NOTIFY") || !pl_strcmp(&m->met, "UPDATE"))
		ms_sip_refuse(sip, m, 481);
	else
		receive_other(sip, m);
}

/* ---- requests inside dialogs ---- */

static void receive_in_dialog(struct ms_sip_dialog *d, const struct sip_msg *m)
{
	if (!ms_sip_dialog_in_order(d, m)) {
		/* RFC 3261 section 12.2.2: an old CSeq; an ACK gets no answer at all. */
		if (pl_strcmp(&m->met, "ACK"))
			ms_sip_refuse(d->sip, m, 500);
		return;
	}
	switch (d->usage) {
	case MS_SIP_USAGE_SESSION:
		ms_sip_session_received(d->owner, m);
		break;
	case MS_SIP_USAGE_SUBSCRIPTION:
		ms_sip_subscription_received(d->owner, m);
		break;
	case MS_SIP_USAGE_NOTIFIER:
		ms_sip_notifier_received(d->owner, m);
		break;
	}
}

/* ---- the entrance ---- */

/* Extensions the sender insists on: we have none (RFC 3261 section 8.2.2.3). */
static bool requires_something(struct ms_sip *sip, const struct sip_msg *m)
{
	struct ms_span v = ms_sip_header(ms_sip_cooked(m), "Require");
	struct ms_sip_header_value unsupported = { "Unsupported", v };
	struct ms_sip_content c = { .headers = &unsupported, .n_headers = 1 };

	if (v.len == 0)
		return false;
	ms_sip_count(sip, MS_SIP_REQUESTS_REFUSED);
	if (ms_sip_answer(sip, NULL, NULL, m, 420, NULL, NULL, NULL, &c) < 0)
		ms_sip_count(sip, MS_SIP_TRANSPORT_ERRORS);
	return true;
}

static bool is_sip_uri(const struct pl *ruri)
{
	struct ms_sip_uri u;

	return ms_sip_uri_parse(ms_sip_span(ruri), &u) == 0;
}

/* Answers what is not worth handing on. */
static bool refuse_bad(struct ms_sip *sip, const struct sip_msg *m)
{
	const char *fault = ms_sip_message_fault(m, sip->limits.body);

	if (fault) {
		ms_sip_count(sip, MS_SIP_MALFORMED);
		/* Without Via nobody could be told. */
		if (pl_isset(&m->via.sentby) && pl_strcmp(&m->met, "ACK"))
			ms_sip_refuse(sip, m, mbuf_get_left(m->mb) > sip->limits.body ? 413 : 400);
		return true;
	}
	if (!pl_strcmp(&m->met, "ACK"))
		return false;
	if (!is_sip_uri(&m->ruri)) {
		ms_sip_refuse(sip, m, 416);
		return true;
	}
	return requires_something(sip, m);
}

bool ms_sip_receive_request(const struct sip_msg *m, void *arg)
{
	struct ms_sip *sip = arg;
	struct ms_sip_dialog *d;

	ms_sip_count(sip, MS_SIP_REQUESTS_RECEIVED);
	ms_sip_guard(sip, m);
	if (refuse_bad(sip, m))
		return true;
	if (!pl_isset(&m->to.tag)) {
		if (pl_strcmp(&m->met, "ACK"))
			receive_new(sip, m);
		return true;
	}
	d = ms_sip_dialog_find(sip, m);
	if (d)
		receive_in_dialog(d, m);
	else if (pl_strcmp(&m->met, "ACK"))
		ms_sip_refuse(sip, m, 481);
	return true;
}

bool ms_sip_receive_response(const struct sip_msg *m, void *arg)
{
	struct ms_sip *sip = arg;
	struct ms_sip_dialog *d;

	ms_sip_count(sip, MS_SIP_RESPONSES_STRAY);
	if (ms_sip_message_fault(m, SIZE_MAX) || pl_strcmp(&m->cseq.met, "INVITE") ||
	    m->scode < 200 || m->scode > 299)
		return true;
	d = ms_sip_dialog_find(sip, m);
	if (d && d->usage == MS_SIP_USAGE_SESSION)
		ms_sip_session_stray(d->owner, m);
	return true;
}
