/* SPDX-License-Identifier: Apache-2.0 */
/* A message to a list: its beginnings and its ends. See psi.h. */
#include <errno.h>

#include "core/alloc.h"
#include "list/notify.h"
#include "list/psi-priv.h"
#include "list/uri-list.h"
#include "loop/loop.h"

/* ---- its life ---- */

struct ms_sip_exchange *ms_lists_work_exchange(struct ms_lists_work *w)
{
	struct ms_sip_exchange *x = w->x;

	if (x)
		ms_sip_exchange_set_user(x, NULL);
	w->x = NULL;
	return x;
}

void ms_lists_work_free(struct ms_lists_work *w)
{
	(void)ms_lists_work_exchange(w);
	ms_lists_held_leave(&w->held, w->in);
	ms_list_remove(&w->link);
	ms_lists.n_pending--;
	ms_keys_asking_cancel(w->asking);
	ms_keys_smime_in_free(w->in);
	ms_buf_done(&w->object);
	ms_buf_done(&w->opened);
	ms_sip_packet_unref(w->request);
	ms_free(w);
}

static struct ms_lists_work *work_new(struct ms_sip_packet *m)
{
	struct ms_lists_work *w = ms_zalloc(sizeof(*w));
	size_t max = 2 * ms_lists.config->limits.size;

	if (!w)
		return NULL;
	w->request = ms_sip_packet_ref(m);
	w->held.came = ms_clock_wall();
	ms_buf_init(&w->object, max);
	ms_buf_init_secret(&w->opened, max);
	ms_list_append(&ms_lists.pending, &w->link);
	ms_lists.n_pending++;
	return w;
}

void ms_lists_work_refuse(struct ms_lists_work *w, unsigned status, const char *reason,
			  const char *detail)
{
	struct ms_sip_exchange *x = ms_lists_work_exchange(w);

	if (w->held.id)
		ms_lists_held_give_up(&w->held, w->request, status, reason, detail);
	else if (x)
		ms_lists_refuse(x, status, reason, detail);
	ms_lists_work_free(w);
}

void ms_lists_work_accept(struct ms_lists_work *w)
{
	struct ms_sip_exchange *x = ms_lists_work_exchange(w);

	if (!w->held.id)
		ms_lists_count(MS_LISTS_C_ACCEPTED);
	if (x)
		ms_sip_exchange_reject(x, 202, NULL, NULL);
	ms_lists_work_free(w);
}

/* ---- beginnings ---- */

/* Before anything is spent on it: one of the names the network vouches for may post. */
static bool may_post(const struct ms_lists_work *w, const struct ms_lists_list *l)
{
	struct ms_keys_identity other;
	struct ms_sip_address a;

	if (ms_lists_may_post(l, ms_keys_identity_span(&w->sender.uri)))
		return true;
	return w->sender.asserted &&
	       ms_sip_packet_address(w->request, "P-Asserted-Identity", 1, &a) &&
	       ms_keys_identity_parse(a.uri, &other) == 0 &&
	       ms_lists_may_post(l, ms_keys_identity_span(&other));
}

/* Who is refused for his rate has had his answer. */
static bool take_rate(struct ms_lists_work *w, const struct ms_lists_list *l)
{
	struct ms_sip_exchange *x = ms_lists_work_exchange(w);

	if (!x)
		return true; /* it was taken when it came */
	if (!ms_lists_take_rate(x, &w->sender, l->n[MS_LISTS_MEMBER]))
		return false;
	w->x = x;
	ms_sip_exchange_set_user(x, w);
	return true;
}

static void begin(struct ms_lists_work *w, const struct ms_lists_list *l)
{
	int err;

	if (!may_post(w, l)) {
		ms_lists_work_refuse(w, 403, "may_not_post", "you may not post to this list");
		return;
	}
	if (!take_rate(w, l)) {
		ms_lists_work_free(w);
		return;
	}
	err = ms_lists_ring(&ms_lists, ms_span_str(l->uri), &w->ring);
	if (err && w->held.id)
		ms_lists_work_wait(w);
	else if (err)
		ms_lists_work_refuse(w, 503, "memory", strerror(-err));
	else
		ms_lists_work_open(w);
}

void ms_lists_psi_take(struct ms_sip_exchange *x, const struct ms_lists_list *l,
		       const struct ms_lists_sender *sender)
{
	struct ms_lists_work *w = NULL;

	if (ms_lists.n_pending < ms_lists.config->limits.pending)
		w = work_new((struct ms_sip_packet *)(uintptr_t)ms_sip_exchange_request(x));
	if (!w) {
		ms_lists_refuse(x, 503, "pending", "too many messages are being worked on");
		return;
	}
	w->x = x;
	w->sender = *sender;
	(void)!ms_keys_identity_parse(ms_span_str(l->uri), &w->list);
	ms_sip_exchange_set_user(x, w);
	begin(w, l);
}

static bool is_under_way(int64_t held)
{
	const struct ms_list *link;

	ms_list_foreach (link, &ms_lists.pending)
		if (MS_CONTAINER_OF(link, struct ms_lists_work, link)->held.id == held)
			return true;
	return false;
}

void ms_lists_psi_held(int64_t id, struct ms_sip_packet *m)
{
	struct ms_lists_work *w = NULL;
	const struct ms_lists_list *l;

	if (!is_under_way(id) && ms_lists.n_pending < ms_lists.config->limits.pending)
		w = work_new(m);
	if (!w) {
		ms_lists_held_retry();
		return;
	}
	w->held.id = id;
	w->held.came = ms_lists_held_came(w->request, w->held.came);
	if (ms_lists_sender_of(w->request, &w->sender) ||
	    ms_keys_identity_parse(w->request->uri, &w->list)) {
		ms_lists_work_refuse(w, 400, "no_sender", NULL);
		return;
	}
	l = ms_lists_find(ms_lists.directory, ms_keys_identity_span(&w->list));
	if (l)
		begin(w, l);
	else
		ms_lists_work_refuse(w, 404, "no_list", "the list has gone meanwhile");
}

/* ---- ends ---- */

void ms_lists_psi_forget(struct ms_sip_exchange *x)
{
	struct ms_lists_work *w = ms_sip_exchange_user(x);

	if (!w)
		return;
	(void)ms_lists_work_exchange(w);
	/* Nothing was promised; the sender has been told 408. */
	if (!w->posted)
		ms_lists_work_free(w);
}

void ms_lists_psi_stop(void)
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, &ms_lists.pending) {
		struct ms_lists_work *w = MS_CONTAINER_OF(link, struct ms_lists_work, link);

		if (w->posted)
			continue;
		if (w->held.id)
			ms_lists_work_wait(w);
		else
			ms_lists_work_refuse(w, 503, "stopping", NULL);
	}
}

int ms_lists_psi_remove(struct ms_span uri)
{
	int err = ms_lists_remove(ms_lists.directory, uri);
	struct ms_list *link, *next;

	if (err)
		return err;
	ms_list_foreach_safe (link, next, &ms_lists.pending) {
		struct ms_lists_work *w = MS_CONTAINER_OF(link, struct ms_lists_work, link);

		if (!w->posted && ms_span_is(uri, w->list.uri))
			ms_lists_work_refuse(w, 404, "no_list", "the list has gone meanwhile");
	}
	ms_lists_notify_forget(uri);
	if (!ms_lists_uri_is_service(uri))
		ms_lists_ring_drop(&ms_lists, uri);
	return 0;
}

void ms_lists_psi_end(void)
{
	while (!ms_list_empty(&ms_lists.pending))
		ms_lists_work_free(
			MS_CONTAINER_OF(ms_lists.pending.next, struct ms_lists_work, link));
}
