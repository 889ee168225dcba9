/* SPDX-License-Identifier: Apache-2.0 */
/* The watched side of RFC 6665. */
#include <errno.h>
#include <stdio.h>

#include "core/alloc.h"
#include "sip/sip-priv.h"

/* What a watcher gets who names no time; each event package has its own default (section 4.2.1.1). */
#define DEFAULT_EXPIRES_S 3600

struct ms_sip_notifier {
	struct ms_list link;
	struct ms_sip *sip;
	struct ms_sip_account *account; /* NULL until accepted */
	struct ms_sip_dialog *dialog;
	struct ms_sip_notifier_handlers handlers;
	void *arg;
	char *event;
	unsigned max_expires_s;
	ms_usec until; /* ms_clock_mono() */
	struct ms_timer timer;
	const struct sip_msg *offer; /* the SUBSCRIBE, inside handlers.subscribe */
	int close_err;
	bool ending; /* the last NOTIFY is sent; freed with its answer */
	bool orphan; /* the user has let go: no callback */
};

void ms_sip_notifier_drop(struct ms_sip_notifier *n)
{
	if (n->sip->offered == n)
		n->sip->offered = NULL;
	n->sip->n_subscriptions--;
	ms_list_remove(&n->link);
	ms_timer_stop(&n->timer);
	if (n->dialog)
		ms_sip_transaction_flush_dialog(n->dialog);
	ms_sip_dialog_free(n->dialog);
	ms_free(n->event);
	ms_free(n);
}

void ms_sip_notifier_each(struct ms_sip *sip, void (*f)(struct ms_sip_notifier *n))
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, &sip->notifiers)
		f(MS_CONTAINER_OF(link, struct ms_sip_notifier, link));
}

void ms_sip_notifier_drop_account(struct ms_sip_account *a)
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, &a->sip->notifiers) {
		struct ms_sip_notifier *n = MS_CONTAINER_OF(link, struct ms_sip_notifier, link);

		if (n->account == a)
			ms_sip_notifier_drop(n);
	}
}

static void close_notifier(struct ms_sip_notifier *n, int err)
{
	n->ending = true;
	if (!n->orphan && n->handlers.closed)
		n->handlers.closed(n, err, n->arg);
	ms_sip_notifier_drop(n);
}

unsigned ms_sip_notifier_expires(const struct ms_sip_notifier *n)
{
	ms_usec left = n->until - ms_clock_mono();

	return left > 0 ? (unsigned)((left + MS_SEC - 1) / MS_SEC) : 0;
}

/* ---- NOTIFY ---- */

static void notify_answered(int err, const struct sip_msg *m, void *arg)
{
	struct ms_sip_notifier *n = arg;

	if (err == 0 && m->scode < 200)
		return;
	if (n->ending)
		close_notifier(n, n->close_err);
	else if (err < 0)
		close_notifier(n, err);
	else if (m->scode >= 300)
		close_notifier(n, -ECONNRESET);
}

static void put_state(struct ms_buf *b, const struct ms_sip_notifier *n,
		      enum ms_sip_subscription_state state, const char *reason)
{
	static const char *const names[] = { "pending", "active", "terminated" };

	ms_buf_printf(b, "Subscription-State: %s", names[state]);
	if (state != MS_SIP_TERMINATED)
		ms_buf_printf(b, ";expires=%u", ms_sip_notifier_expires(n));
	else if (reason)
		ms_buf_printf(b, ";reason=%s", reason);
	ms_buf_put_str(b, "\r\n");
}

static int send_notify(struct ms_sip_notifier *n, enum ms_sip_subscription_state state,
		       const char *reason, const struct ms_sip_content *content)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf h;
	struct ms_sip_transaction_spec spec = { .method = "NOTIFY",
						.uri = n->dialog->target,
						.dialog = n->dialog,
						.contact = true,
						.content = content };
	struct ms_sip_transaction *t;

	ms_buf_init(&h, MS_SIP_VALUE_MAX);
	if (reason && strpbrk(reason, "\r\n; "))
		return -EINVAL;
	ms_sip_put_header(&h, "Event", ms_span_str(n->event));
	put_state(&h, n, state, reason);
	spec.headers = ms_buf_cstr(&h);
	if (ms_buf_status(&h) < 0)
		return ms_buf_status(&h);
	return ms_sip_transaction_start(n->account, &spec, notify_answered, n, &t);
}

/* The subscription is over by time or by the watcher: last NOTIFY, then `closed`. */
static void terminate(struct ms_sip_notifier *n)
{
	if (n->ending)
		return;
	n->ending = true;
	if (send_notify(n, MS_SIP_TERMINATED, "timeout", NULL) < 0)
		ms_timer_start(&n->timer, 0);
}

static void due(void *arg)
{
	struct ms_sip_notifier *n = arg;

	if (n->ending)
		close_notifier(n, n->close_err);
	else
		terminate(n);
}

int ms_sip_notify(struct ms_sip_notifier *n, enum ms_sip_subscription_state state,
		  const char *reason, const struct ms_sip_content *content)
{
	int err;

	if (!n->account || n->ending)
		return -EPROTO;
	/* A fetch (Expires: 0): the first NOTIFY is the last (section 4.4.3). */
	if (state != MS_SIP_TERMINATED && ms_sip_notifier_expires(n) == 0) {
		err = send_notify(n, MS_SIP_TERMINATED, "timeout", content);
		n->ending = err == 0;
		return err;
	}
	err = send_notify(n, state, reason, content);
	if (err == 0 && state == MS_SIP_TERMINATED)
		n->ending = n->orphan = true;
	return err;
}

/* ---- SUBSCRIBE ---- */

static unsigned wanted(const struct sip_msg *m, unsigned max)
{
	uint64_t v = DEFAULT_EXPIRES_S;

	if (ms_span_u64(ms_sip_header(ms_sip_cooked(m), "Expires"), UINT32_MAX, &v) < 0)
		v = DEFAULT_EXPIRES_S;
	return v < max ? (unsigned)v : max;
}

static int grant(struct ms_sip_notifier *n, const struct sip_msg *m)
{
	unsigned expires = wanted(m, n->max_expires_s);
	char header[32];

	n->until = ms_usec_add(ms_clock_mono(), expires * MS_SEC);
	ms_timer_start(&n->timer, expires > 0 ? expires * MS_SEC : MS_SIP_TIMER_F);
	(void)snprintf(header, sizeof(header), "Expires: %u\r\n", expires);
	return ms_sip_answer(n->sip, NULL, NULL, m, 200, NULL, n->account->contact_user, header,
			     NULL);
}

int ms_sip_notifier_accept(struct ms_sip_notifier *n, struct ms_sip_account *a,
			   unsigned max_expires_s, const struct ms_sip_notifier_handlers *handlers,
			   void *arg)
{
	int err;

	if (!n->offer)
		return -EPROTO;
	n->account = a;
	n->handlers = *handlers;
	n->arg = arg;
	n->max_expires_s = max_expires_s;
	err = grant(n, n->offer);
	if (err < 0)
		n->account = NULL;
	else
		n->offer = NULL;
	return err;
}

int ms_sip_notifier_refuse(struct ms_sip_notifier *n, unsigned status, const char *reason,
			   const struct ms_sip_content *content)
{
	int err;

	if (!n->offer || status < 300)
		return -EPROTO;
	err = ms_sip_answer(n->sip, NULL, NULL, n->offer, status, reason, NULL, NULL, content);
	ms_sip_notifier_drop(n);
	return err;
}

static int open_notifier(struct ms_sip *sip, const struct sip_msg *m,
			 struct ms_sip_notifier **ret_n)
{
	struct ms_sip_notifier *n;
	int err;

	if (sip->n_subscriptions >= sip->limits.subscriptions)
		return -ENOSPC;
	n = ms_zalloc(sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->sip = sip;
	n->offer = m;
	sip->n_subscriptions++;
	ms_list_append(&sip->notifiers, &n->link);
	ms_timer_init(&n->timer, "sip.notifier", due, n);
	n->event = ms_strdup_span(ms_sip_header(ms_sip_cooked(m), "Event"));
	err = n->event ? ms_sip_dialog_from_request(sip, MS_SIP_USAGE_NOTIFIER, n, m, &n->dialog)
		       : -ENOMEM;
	if (err < 0)
		ms_sip_notifier_drop(n);
	else
		*ret_n = n;
	return err;
}

void ms_sip_notifier_incoming(struct ms_sip *sip, const struct sip_msg *m)
{
	struct ms_sip_notifier *n;
	int err;

	if (!sip->handlers.subscribe || ms_sip_header(ms_sip_cooked(m), "Event").len == 0) {
		ms_sip_refuse(sip, m, 489);
		return;
	}
	err = open_notifier(sip, m, &n);
	if (err < 0) {
		ms_sip_refuse(sip, m, err == -EBADMSG ? 400 : 503);
		return;
	}
	sip->offered = n;
	sip->handlers.subscribe(sip, n, ms_sip_cooked(m), sip->arg);
	if (sip->offered == n && !n->account) {
		ms_sip_refuse(sip, m, 489);
		ms_sip_notifier_drop(n);
	}
	sip->offered = NULL;
}

void ms_sip_notifier_received(struct ms_sip_notifier *n, const struct sip_msg *m)
{
	if (pl_strcmp(&m->met, "SUBSCRIBE") || n->ending) {
		ms_sip_refuse(n->sip, m, n->ending ? 481 : 405);
		return;
	}
	ms_sip_dialog_retarget(n->dialog, m);
	if (grant(n, m) < 0)
		ms_sip_count(n->sip, MS_SIP_TRANSPORT_ERRORS);
	if (ms_sip_notifier_expires(n) == 0)
		terminate(n);
	else if (n->handlers.refreshed)
		n->handlers.refreshed(n, ms_sip_cooked(m), n->arg);
}
