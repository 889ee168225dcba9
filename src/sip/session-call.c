/* SPDX-License-Identifier: Apache-2.0 */
/* The calling side, and changes of a session from ours: RFC 3261 sections 13.2 and 14.1, RFC 3311. */
#include <errno.h>

#include "core/alloc.h"
#include "sip/session-priv.h"

#define RING_S 180

/* RFC 3261 section 13.2.1 wants it in INVITE. */
#define ALLOW "Allow: INVITE, ACK, CANCEL, BYE, UPDATE, OPTIONS, MESSAGE, NOTIFY\r\n"

/* ---- the first INVITE ---- */

static void acknowledge(struct ms_sip_session *s, const struct sip_msg *m)
{
	if (ms_sip_send_ack(s->account, s->dialog, m->cseq.num) < 0)
		ms_sip_count(s->sip, MS_SIP_TRANSPORT_ERRORS);
}

static void progress(struct ms_sip_session *s, const struct sip_msg *m)
{
	if (m->scode == 100)
		return;
	/* An early dialog (section 12.1); with forking the first one. */
	if (pl_isset(&m->to.tag) && !s->dialog->remote_tag &&
	    ms_sip_dialog_confirm(s->dialog, m) < 0)
		return;
	if (s->handlers->progress && ms_sip_session_is(s, MS_SIP_CALLING))
		s->handlers->progress(s, ms_sip_cooked(m), s->arg);
}

static void accepted(struct ms_sip_session *s, const struct sip_msg *m)
{
	int err = ms_sip_dialog_confirm(s->dialog, m);

	if (err < 0) {
		ms_sip_session_close(s, err, NULL);
		return;
	}
	acknowledge(s, m);
	/* It crossed our CANCEL (section 9.1), or comes too late. */
	if (ms_sip_session_is(s, MS_SIP_ENDING)) {
		ms_sip_session_bye(s, NULL);
		return;
	}
	ms_sip_session_go(s, MS_SIP_ESTABLISHED);
	if (s->handlers->answered)
		s->handlers->answered(s, ms_sip_cooked(m), s->arg);
}

static void invite_answered(int err, const struct sip_msg *m, void *arg)
{
	struct ms_sip_session *s = arg;

	if (err == 0 && m->scode < 200) {
		progress(s, m);
		return;
	}
	s->invite = NULL;
	ms_timer_stop(&s->ring);
	if (err == 0 && m->scode < 300)
		accepted(s, m);
	else if (s->rung_out)
		ms_sip_session_close(s, -ETIMEDOUT, NULL);
	else if (ms_sip_session_is(s, MS_SIP_ENDING))
		ms_sip_session_close(s, 0, NULL);
	else
		ms_sip_session_close(s, err, m);
}

static int open_dialog(struct ms_sip_session *s, const struct ms_sip_invite_spec *spec)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf from;
	MS_CLEANUP(ms_buf_done) struct ms_buf to;
	const char *local, *remote;

	ms_buf_init(&from, MS_SIP_VALUE_MAX);
	ms_buf_init(&to, MS_SIP_VALUE_MAX);
	if (spec->from)
		ms_sip_put_address(&from, spec->from);
	else
		ms_buf_put_str(&from, s->account->from);
	ms_sip_put_address(&to, spec->to ? spec->to : spec->uri);
	local = ms_buf_cstr(&from);
	remote = ms_buf_cstr(&to);
	if (ms_buf_status(&from) < 0)
		return ms_buf_status(&from);
	if (ms_buf_status(&to) < 0)
		return ms_buf_status(&to);
	return ms_sip_dialog_new(s->sip, MS_SIP_USAGE_SESSION, s, local, remote, spec->uri,
				 &s->dialog);
}

static int start_call(struct ms_sip_session *s, const struct ms_sip_invite_spec *spec)
{
	struct ms_sip_transaction_spec t = { .method = "INVITE",
					     .uri = spec->uri,
					     .contact = true,
					     .follow_redirects = !spec->report_redirects,
					     .headers = ALLOW,
					     .content = &spec->content };
	int err = open_dialog(s, spec);

	if (err < 0)
		return err;
	t.dialog = s->dialog;
	err = ms_sip_transaction_start(s->account, &t, invite_answered, s, &s->invite);
	if (err == 0)
		ms_timer_start(&s->ring,
			       (spec->ring_timeout_s ? spec->ring_timeout_s : RING_S) * MS_SEC);
	return err;
}

int ms_sip_session_invite(struct ms_sip_account *a, const struct ms_sip_invite_spec *spec,
			  const struct ms_sip_session_handlers *handlers, void *arg,
			  struct ms_sip_session **ret_session)
{
	struct ms_sip_session *s;
	int err;

	if (!spec->uri || a->sip->closing)
		return -EINVAL;
	err = ms_sip_session_alloc(a->sip, &s);
	if (err < 0)
		return err;
	s->account = a;
	s->outgoing = true;
	s->handlers = handlers;
	s->arg = arg;
	err = start_call(s, spec);
	if (err < 0)
		ms_sip_session_drop(s);
	else
		*ret_session = s;
	return err;
}

/* ---- 2xx that no transaction waits for ---- */

static void release_dialog(void *arg)
{
	ms_sip_dialog_free(arg);
}

static void fork_ended(int err, const struct sip_msg *m, void *arg)
{
	if (err < 0 || m->scode >= 200)
		ms_sip_dialog_free(arg);
}

/* Another branch answered too: it is acknowledged and ended (section 13.2.2.4). */
static int end_fork(struct ms_sip_session *s, const struct sip_msg *m)
{
	struct ms_sip_transaction_spec spec = { .method = "BYE", .release = release_dialog };
	struct ms_sip_transaction *t;
	struct ms_sip_dialog *d = ms_zalloc(sizeof(*d));
	int err = -ENOMEM;

	if (!d)
		return -ENOMEM;
	*d = (struct ms_sip_dialog){ .sip = s->sip, .local_seq = m->cseq.num };
	d->call_id = ms_strdup(s->dialog->call_id);
	d->local_tag = ms_strdup(s->dialog->local_tag);
	d->local = ms_strdup(s->dialog->local);
	d->remote = ms_strdup(s->dialog->remote);
	d->target = ms_strdup(s->dialog->target);
	if (d->call_id && d->local_tag && d->local && d->remote && d->target)
		err = ms_sip_dialog_confirm(d, m);
	if (err == 0)
		err = ms_sip_send_ack(s->account, d, m->cseq.num);
	spec.dialog = d;
	spec.uri = d->target;
	if (err == 0)
		err = ms_sip_transaction_start(s->account, &spec, fork_ended, d, &t);
	if (err < 0)
		ms_sip_dialog_free(d);
	return err;
}

void ms_sip_session_stray(struct ms_sip_session *s, const struct sip_msg *m)
{
	if (!s->dialog->remote_tag || !s->account)
		return;
	if (ms_span_is(ms_sip_span(&m->to.tag), s->dialog->remote_tag))
		acknowledge(s, m); /* our ACK was lost */
	else if (end_fork(s, m) < 0)
		ms_sip_count(s->sip, MS_SIP_TRANSPORT_ERRORS);
}

/* ---- re-INVITE and UPDATE ---- */

static void modify_answered(int err, const struct sip_msg *m, void *arg)
{
	struct ms_sip_session *s = arg;
	bool gone;

	if (err == 0 && m->scode < 200)
		return;
	s->modify = NULL;
	if (err == 0 && m->scode < 300) {
		ms_sip_dialog_retarget(s->dialog, m);
		if (!s->modify_update)
			acknowledge(s, m);
	}
	/* Section 12.2.1.2: these end the dialog. */
	gone = err == -ETIMEDOUT || (err == 0 && (m->scode == 481 || m->scode == 408));
	if (s->handlers->modified)
		s->handlers->modified(s, err, ms_sip_cooked(m), s->arg);
	if (gone)
		ms_sip_session_end(s, NULL);
}

int ms_sip_session_modify(struct ms_sip_session *s, bool update,
			  const struct ms_sip_content *content)
{
	struct ms_sip_transaction_spec spec = { .method = update ? "UPDATE" : "INVITE",
						.uri = s->dialog->target,
						.dialog = s->dialog,
						.contact = true,
						.headers = ALLOW,
						.content = content };

	if (!s->dialog->remote_tag || ms_sip_session_is(s, MS_SIP_ENDING) ||
	    (!update && !ms_sip_session_is(s, MS_SIP_ESTABLISHED)) || !s->account)
		return -ENOTCONN;
	if (s->modify || s->ok || (s->incoming && ms_sip_session_is(s, MS_SIP_ESTABLISHED)))
		return -EBUSY;
	s->modify_update = update;
	return ms_sip_transaction_start(s->account, &spec, modify_answered, s, &s->modify);
}
