/* SPDX-License-Identifier: Apache-2.0 */
/* The watching side of RFC 6665. */
#include <errno.h>

#include "core/alloc.h"
#include "sip/sip-priv.h"

/* How long after the end we wait for the last NOTIFY (timer N of RFC 6665 section 4.1.2 is longer;
 * a user should not wait for it). */
#define LAST_NOTIFY (5 * MS_SEC)

struct ms_sip_subscription {
	struct ms_list link;
	struct ms_sip *sip;
	struct ms_sip_account *account;
	struct ms_sip_dialog *dialog;
	struct ms_sip_subscription_handlers handlers;
	void *arg;
	char *event, *accept;
	unsigned expires_s;
	struct ms_sip_transaction *txn;
	struct ms_timer timer;
	bool ending;
};

void ms_sip_subscription_drop(struct ms_sip_subscription *s)
{
	s->sip->n_subscriptions--;
	ms_list_remove(&s->link);
	ms_timer_stop(&s->timer);
	if (s->dialog)
		ms_sip_transaction_flush_dialog(s->dialog);
	ms_sip_dialog_free(s->dialog);
	ms_free(s->event);
	ms_free(s->accept);
	ms_free(s);
}

void ms_sip_subscription_each(struct ms_sip *sip, void (*f)(struct ms_sip_subscription *s))
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, &sip->subscriptions)
		f(MS_CONTAINER_OF(link, struct ms_sip_subscription, link));
}

void ms_sip_subscription_drop_account(struct ms_sip_account *a)
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, &a->sip->subscriptions) {
		struct ms_sip_subscription *s =
			MS_CONTAINER_OF(link, struct ms_sip_subscription, link);

		if (s->account == a)
			ms_sip_subscription_drop(s);
	}
}

static void close_subscription(struct ms_sip_subscription *s, int err, const struct sip_msg *m)
{
	s->ending = true;
	if (s->handlers.closed)
		s->handlers.closed(s, err, ms_sip_cooked(m), s->arg);
	ms_sip_subscription_drop(s);
}

/* ---- SUBSCRIBE ---- */

static int send_subscribe(struct ms_sip_subscription *s, unsigned expires_s,
			  const struct ms_sip_content *content);

static void due(void *arg)
{
	struct ms_sip_subscription *s = arg;
	int err;

	if (s->ending) {
		close_subscription(s, 0, NULL);
		return;
	}
	if (s->txn)
		return;
	err = send_subscribe(s, s->expires_s, NULL);
	if (err < 0)
		close_subscription(s, err, NULL);
}

static void schedule(struct ms_sip_subscription *s, const struct sip_msg *m)
{
	struct ms_span v = ms_sip_header(ms_sip_cooked(m), "Expires");
	uint64_t granted = s->expires_s, pause;

	if (ms_span_u64(v, UINT32_MAX, &granted) < 0)
		granted = s->expires_s;
	pause = granted > 20 ? granted - 10 : granted / 2;
	ms_timer_start(&s->timer, (ms_usec)(pause > 0 ? pause : 1) * MS_SEC);
}

static void answered(int err, const struct sip_msg *m, void *arg)
{
	struct ms_sip_subscription *s = arg;

	if (err == 0 && m->scode < 200)
		return;
	s->txn = NULL;
	if (err < 0 || m->scode >= 300) {
		close_subscription(s, s->ending ? 0 : err, s->ending ? NULL : m);
		return;
	}
	if (!s->dialog->remote_tag)
		err = ms_sip_dialog_confirm(s->dialog, m);
	else
		ms_sip_dialog_retarget(s->dialog, m);
	if (err < 0)
		close_subscription(s, err, m);
	else if (s->ending)
		ms_timer_start(&s->timer, LAST_NOTIFY);
	else
		schedule(s, m);
}

static int send_subscribe(struct ms_sip_subscription *s, unsigned expires_s,
			  const struct ms_sip_content *content)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf h;
	struct ms_sip_transaction_spec spec = { .method = "SUBSCRIBE",
						.uri = s->dialog->target,
						.dialog = s->dialog,
						.contact = true,
						.content = content };

	ms_buf_init(&h, MS_SIP_VALUE_MAX);
	ms_sip_put_header(&h, "Event", ms_span_str(s->event));
	if (s->accept)
		ms_sip_put_header(&h, "Accept", ms_span_str(s->accept));
	ms_buf_printf(&h, "Expires: %u\r\n", expires_s);
	spec.headers = ms_buf_cstr(&h);
	if (ms_buf_status(&h) < 0)
		return ms_buf_status(&h);
	return ms_sip_transaction_start(s->account, &spec, answered, s, &s->txn);
}

static int open_subscription(struct ms_sip_subscription *s,
			     const struct ms_sip_subscribe_spec *spec)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf to;
	const char *remote;
	int err;

	ms_buf_init(&to, MS_SIP_VALUE_MAX);
	ms_sip_put_address(&to, spec->uri);
	remote = ms_buf_cstr(&to);
	if (ms_buf_status(&to) < 0)
		return ms_buf_status(&to);
	s->event = ms_strdup(spec->event);
	s->accept = spec->accept ? ms_strdup(spec->accept) : NULL;
	if (!s->event || (spec->accept && !s->accept))
		return -ENOMEM;
	err = ms_sip_dialog_new(s->sip, MS_SIP_USAGE_SUBSCRIPTION, s, s->account->from, remote,
				spec->uri, &s->dialog);
	return err < 0 ? err : send_subscribe(s, spec->expires_s, &spec->content);
}

int ms_sip_subscribe(struct ms_sip_account *a, const struct ms_sip_subscribe_spec *spec,
		     const struct ms_sip_subscription_handlers *handlers, void *arg,
		     struct ms_sip_subscription **ret_subscription)
{
	struct ms_sip_subscription *s;
	int err;

	if (!spec->uri || !spec->event || a->sip->closing)
		return -EINVAL;
	if (a->sip->n_subscriptions >= a->sip->limits.subscriptions)
		return -ENOSPC;
	s = ms_zalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->sip = a->sip;
	s->account = a;
	s->handlers = *handlers;
	s->arg = arg;
	s->expires_s = spec->expires_s;
	a->sip->n_subscriptions++;
	ms_list_append(&a->sip->subscriptions, &s->link);
	ms_timer_init(&s->timer, "sip.subscription", due, s);
	err = open_subscription(s, spec);
	if (err < 0)
		ms_sip_subscription_drop(s);
	else
		*ret_subscription = s;
	return err;
}

void ms_sip_unsubscribe(struct ms_sip_subscription *s)
{
	if (s->ending)
		return;
	s->ending = true;
	s->txn = ms_sip_transaction_free(s->txn);
	/* Without a dialog there is nothing at the other side to end. */
	if (!s->dialog->remote_tag || send_subscribe(s, 0, NULL) < 0)
		ms_timer_start(&s->timer, 0);
}

/* ---- NOTIFY ---- */

static bool same_package(const char *ours, struct ms_span theirs)
{
	struct ms_span a = ms_span_str(ours);

	return ms_span_eq_nocase(ms_span_trim(ms_span_cut(&a, ';')),
				 ms_span_trim(ms_span_cut(&theirs, ';')));
}

static enum ms_sip_subscription_state state_of(const struct sip_msg *m)
{
	struct ms_span v = ms_sip_header(ms_sip_cooked(m), "Subscription-State");
	struct ms_span state = ms_span_trim(ms_span_cut(&v, ';'));

	if (ms_span_is_nocase(state, "terminated"))
		return MS_SIP_TERMINATED;
	return ms_span_is_nocase(state, "pending") ? MS_SIP_PENDING : MS_SIP_ACTIVE;
}

void ms_sip_subscription_received(struct ms_sip_subscription *s, const struct sip_msg *m)
{
	enum ms_sip_subscription_state state = state_of(m);
	unsigned status = 200;

	if (pl_strcmp(&m->met, "NOTIFY"))
		status = 405;
	else if (!same_package(s->event, ms_sip_header(ms_sip_cooked(m), "Event")))
		status = 489;
	else if (!s->dialog->remote_tag && ms_sip_dialog_confirm_by_request(s->dialog, m) < 0)
		status = 500;
	if (status != 200) {
		ms_sip_refuse(s->sip, m, status);
		return;
	}
	ms_sip_dialog_retarget(s->dialog, m);
	if (ms_sip_answer(s->sip, NULL, NULL, m, 200, NULL, s->account->contact_user, NULL, NULL) <
	    0)
		ms_sip_count(s->sip, MS_SIP_TRANSPORT_ERRORS);
	if (s->handlers.notify)
		s->handlers.notify(s, state, ms_sip_cooked(m), s->arg);
	if (state == MS_SIP_TERMINATED)
		close_subscription(s, 0, m);
}
