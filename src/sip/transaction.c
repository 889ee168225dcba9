/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request of ours until its final answer, over as many tries as it takes: with digest after a
 * challenge (RFC 3261 section 22), at another place after a redirection (8.1.3.4), by UDP again if the
 * stream that its size asked for is not to be had (18.1.1).
 */
#include <errno.h>

#include "core/alloc.h"
#include "sip/transaction-priv.h"

/* Challenges answered in one transaction: a proxy's and the server's, and one stale nonce each. */
#define MAX_CHALLENGES 4

/* ---- end ---- */

static struct ms_sip_transaction *destroy(struct ms_sip_transaction *t)
{
	ms_list_remove(&t->link);
	ms_timer_stop(&t->timer);
	t->handler = NULL;
	if (t->release)
		t->release(t->arg);
	mem_deref(t->req);
	ms_free(t->method);
	ms_free(t->uri);
	ms_free(t->from);
	ms_free(t->to);
	ms_free(t->tail);
	return ms_free(t);
}

struct ms_sip_transaction *ms_sip_transaction_free(struct ms_sip_transaction *t)
{
	return t ? destroy(t) : NULL;
}

void ms_sip_transaction_flush(struct ms_sip_account *a)
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, &a->sip->transactions) {
		struct ms_sip_transaction *t =
			MS_CONTAINER_OF(link, struct ms_sip_transaction, link);

		if (t->account == a)
			destroy(t);
	}
}

void ms_sip_transaction_flush_dialog(struct ms_sip_dialog *d)
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, &d->sip->transactions) {
		struct ms_sip_transaction *t =
			MS_CONTAINER_OF(link, struct ms_sip_transaction, link);

		if (t->dialog == d)
			destroy(t);
	}
}

static void finish(struct ms_sip_transaction *t, int err, const struct sip_msg *m)
{
	ms_sip_transaction_h *handler = t->handler;
	void *arg = t->arg;

	if (err == -ETIMEDOUT)
		ms_sip_count(t->sip, MS_SIP_TIMEOUTS);
	else if (err < 0)
		ms_sip_count(t->sip, MS_SIP_TRANSPORT_ERRORS);
	/* The user may start the next one from here, or free what we borrow. */
	t->release = NULL;
	destroy(t);
	if (handler)
		handler(err, m, arg);
}

/* ---- answers ---- */

static bool retry_challenge(struct ms_sip_transaction *t, const struct sip_msg *m)
{
	if ((m->scode != 401 && m->scode != 407) || t->challenges >= MAX_CHALLENGES)
		return false;
	if (ms_sip_digest_take(t->account, m, t) < 0)
		return false;
	if (strcmp(t->method, "REGISTER") == 0)
		(void)ms_sip_security_challenged(t->account, m);
	t->challenges++;
	return ms_sip_transaction_try(t) == 0;
}

/* RFC 3329 section 2.3.2: what we sent back is not what the server says, or we sent nothing. Once. */
static bool retry_agreement(struct ms_sip_transaction *t, const struct sip_msg *m)
{
	if (m->scode != 494 || t->agreed || !ms_sip_security_challenged(t->account, m))
		return false;
	t->agreed = true;
	return ms_sip_transaction_try(t) == 0;
}

static bool retry_elsewhere(struct ms_sip_transaction *t, const struct sip_msg *m)
{
	struct ms_sip_address a;
	struct ms_sip_uri u;
	char *uri;

	if (m->scode < 300 || m->scode > 399 || !t->follow ||
	    t->redirects >= t->sip->limits.redirects)
		return false;
	if (!ms_sip_contact(ms_sip_cooked(m), 0, &a) || ms_sip_uri_parse(a.uri, &u) < 0)
		return false;
	uri = ms_strdup_span(a.uri);
	if (!uri)
		return false;
	t->redirects++;
	ms_free(t->uri);
	t->uri = uri;
	return ms_sip_transaction_try(t) == 0;
}

static bool retry_by_udp(struct ms_sip_transaction *t, int err)
{
	if (!t->upgraded || (err != ECONNREFUSED && err != ENOTCONN))
		return false;
	t->no_upgrade = true;
	return ms_sip_transaction_try(t) == 0;
}

void ms_sip_transaction_response(int err, const struct sip_msg *m, void *arg)
{
	struct ms_sip_transaction *t = arg;

	if (err || !m) {
		if (!retry_by_udp(t, err))
			finish(t, err ? ms_sip_error(err) : -EPROTO, NULL);
		return;
	}
	ms_sip_guard(t->sip, m);
	if (m->scode < 200) {
		if (t->handler)
			t->handler(0, m, t->arg);
		return;
	}
	if (ms_sip_message_fault(m, t->sip->limits.body)) {
		ms_sip_count(t->sip, MS_SIP_MALFORMED);
		finish(t, -EBADMSG, NULL);
		return;
	}
	if (!t->canceled &&
	    (retry_challenge(t, m) || retry_agreement(t, m) || retry_elsewhere(t, m)))
		return;
	finish(t, 0, m);
}

static void timed_out(void *arg)
{
	struct ms_sip_transaction *t = arg;

	finish(t, -ETIMEDOUT, NULL);
}

/* ---- start ---- */

static int set_identity(struct ms_sip_transaction *t, const struct ms_sip_transaction_spec *s)
{
	int err = 0;

	if (s->dialog) {
		t->dialog = s->dialog;
		t->cseq = &s->dialog->local_seq;
		return 0;
	}
	t->cseq = s->cseq ? s->cseq : &t->own_cseq;
	t->from = ms_strdup(s->from);
	t->to = ms_strdup(s->to);
	if (!t->from || !t->to)
		return -ENOMEM;
	if (s->from_tag && s->call_id) {
		memcpy(t->from_tag, s->from_tag, sizeof(t->from_tag));
		memcpy(t->call_id, s->call_id, sizeof(t->call_id));
		return 0;
	}
	err = ms_sip_token(t->from_tag);
	return err < 0 ? err : ms_sip_token(t->call_id);
}

static int set_tail(struct ms_sip_transaction *t, const struct ms_sip_transaction_spec *s)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, ms_sip_buffer_max(t->sip));
	if (s->headers)
		ms_buf_put_str(&b, s->headers);
	ms_sip_put_content(&b, t->sip, s->content);
	return ms_buf_steal(&b, &t->tail, &t->tail_len);
}

/* Nothing that would break the request line. */
static bool is_word(const char *s)
{
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p <= ' ')
			return false;
	return *s != '\0';
}

static int prepare(struct ms_sip_transaction *t, const struct ms_sip_transaction_spec *s)
{
	int err;

	if (!is_word(s->method) || !is_word(s->uri))
		return -EINVAL;
	t->method = ms_strdup(s->method);
	t->uri = ms_strdup(s->uri);
	if (!t->method || !t->uri)
		return -ENOMEM;
	t->contact = s->contact;
	t->contact_params = s->contact_params;
	t->follow = s->follow_redirects;
	t->no_routes = s->no_routes;
	err = set_identity(t, s);
	return err < 0 ? err : set_tail(t, s);
}

int ms_sip_transaction_start(struct ms_sip_account *a, const struct ms_sip_transaction_spec *spec,
			     ms_sip_transaction_h *handler, void *arg,
			     struct ms_sip_transaction **ret_t)
{
	struct ms_sip_transaction *t = ms_zalloc(sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->sip = a->sip;
	t->account = a;
	t->handler = handler;
	t->arg = arg;
	ms_list_append(&a->sip->transactions, &t->link);
	ms_timer_init(&t->timer, "sip.transaction", timed_out, t);
	err = prepare(t, spec);
	if (err == 0)
		err = ms_sip_transaction_try(t);
	if (err < 0) {
		destroy(t);
		return err;
	}
	t->release = spec->release;
	if (spec->timeout > 0)
		ms_timer_start(&t->timer, spec->timeout);
	*ret_t = t;
	return 0;
}

void ms_sip_transaction_cancel(struct ms_sip_transaction *t)
{
	t->canceled = true;
	sip_request_cancel(t->req);
}
