/* SPDX-License-Identifier: Apache-2.0 */
/* The post office: what is asked of it, and the engine's wishes. See post.h. */
#include <errno.h>

#include "core/alloc.h"
#include "list/counters.h"
#include "list/post-priv.h"
#include "store/lists-queue.h"

/* ---- the round ---- */

/* The engine's clock never jumps; what expires is known by the wall clock. */
static ms_usec mono_of(ms_usec wall)
{
	ms_usec left = wall == MS_NEVER ? MS_NEVER : wall - ms_clock_wall();

	return left == MS_NEVER ? MS_NEVER : ms_usec_add(ms_clock_mono(), left > 0 ? left : 0);
}

static void work(void *arg)
{
	struct ms_lists_post *p = arg;
	ms_usec now, next;

	ms_lists_post_commit(p);
	now = ms_clock_mono();
	next = ms_lists_delivery_run(p->delivery, now);
	ms_lists_post_tell(p);
	if (next == MS_NEVER)
		ms_timer_stop(&p->due);
	else
		ms_timer_start(&p->due, next > now ? next - now : 0);
}

void ms_lists_post_kick(struct ms_lists_post *p)
{
	ms_defer_call(&p->work);
}

static void due(void *arg)
{
	ms_lists_post_kick(arg);
}

/* ---- what the engine says ---- */

static void drop_body(struct ms_lists_letter *l)
{
	ms_buf_done(&l->body);
	ms_buf_init(&l->body, MS_LISTS_BODY_MAX);
	l->has_body = false;
}

static void outcome(struct ms_lists_recipient *r, void *arg)
{
	struct ms_lists_letter *l = r->job->user;
	enum ms_lists_outcome o = (enum ms_lists_outcome)r->outcome;
	size_t i = (size_t)(r - r->job->recipient);

	(void)arg;
	if (l->outcome[i] == o)
		return;
	l->outcome[i] = (uint8_t)o;
	ms_lists_letter_dirty(l);
	/* Only those who are away are left: their message can be read again when one comes. */
	if (l->id != 0 && r->job->open == r->job->away)
		drop_body(l);
	ms_lists_letter_outcome_news(l, i);
}

static void finished(struct ms_lists_job *j, void *arg)
{
	struct ms_lists_letter *l = j->user;

	(void)arg;
	l->job = NULL;
	l->finished = true;
	drop_body(l); /* there may be something to tell yet */
	ms_lists_letter_dirty(l);
}

int ms_lists_post_enter(struct ms_lists_post *p, struct ms_lists_letter *l, bool again)
{
	const struct ms_lists_job_spec spec = {
		.uri = l->uri,
		.n = l->n,
		.outcome = again ? l->outcome : NULL,
		.again = again,
		.parked = !again, /* until it is durable */
		.octets = l->octets,
		.expires = mono_of(l->expires),
		.user = l,
	};

	return ms_lists_delivery_add(p->delivery, &spec, ms_clock_mono(), &l->job);
}

/* ---- what is asked of us ---- */

int ms_lists_post_submit(struct ms_lists_post *p, const struct ms_lists_parcel *parcel,
			 const struct ms_span *recipients, size_t n, ms_lists_posted_f *done,
			 void *arg)
{
	struct ms_lists_letter *l;
	int err;

	if (n == 0)
		return -EINVAL;
	err = ms_lists_delivery_room(p->delivery, parcel->body.len);
	if (err == 0)
		err = ms_lists_letter_new(p, parcel, recipients, n, &l);
	if (err < 0)
		return err;
	err = ms_lists_post_enter(p, l, false);
	if (err < 0) {
		ms_lists_letter_free(l);
		return err;
	}
	l->done = done;
	l->arg = arg;
	if (parcel->held != 0 && p->held > 0)
		p->held--;
	if (parcel->about)
		ms_lists_letter_telling(parcel->about, parcel->n_about);
	ms_list_append(&p->fresh, &l->fresh);
	ms_lists_post_kick(p);
	return 0;
}

int ms_lists_post_hold(struct ms_lists_post *p, struct ms_span request, ms_usec expires,
		       ms_lists_posted_f *done, void *arg)
{
	struct ms_lists_holding *h;

	if (p->held >= p->config.messages || p->held_octets + request.len > p->config.octets)
		return -ENOSPC;
	h = ms_zalloc(sizeof(*h));
	if (!h)
		return -ENOMEM;
	ms_buf_init(&h->request, MS_LISTS_BODY_MAX);
	ms_buf_put_span(&h->request, request);
	if (ms_buf_status(&h->request) < 0) {
		int err = ms_buf_status(&h->request);

		ms_buf_done(&h->request);
		ms_free(h);
		return err;
	}
	h->expires = expires;
	h->done = done;
	h->arg = arg;
	ms_list_append(&p->holding, &h->link);
	ms_lists_post_kick(p);
	return 0;
}

void ms_lists_post_resume(struct ms_lists_post *p)
{
	ms_usec expires, now = ms_clock_wall();
	int64_t id = 0;

	for (;;) {
		MS_CLEANUP(ms_buf_done) struct ms_buf b;

		ms_buf_init(&b, MS_LISTS_BODY_MAX);
		if (ms_store_held_next(p->store, id, &b, &id, &expires) < 0)
			break;
		if (expires <= now)
			ms_lists_post_drop(p, id);
		else if (p->handlers.held)
			p->handlers.held(id, ms_buf_span(&b), p->handlers.arg);
	}
	if (ms_store_held_count(p->store, &p->held, &p->held_octets) < 0)
		MS_LOG(&ms_lists_log, MS_LOG_WARNING, "held messages cannot be counted: %s",
		       ms_store_message(p->store));
}

void ms_lists_post_drop(struct ms_lists_post *p, int64_t held)
{
	/* One that cannot be removed now is handed over again, and refused again. */
	if (ms_store_held_remove(p->store, held) == 0 && p->held > 0)
		p->held--;
}

void ms_lists_post_registered(struct ms_lists_post *p, struct ms_span uri)
{
	if (ms_lists_delivery_registered(p->delivery, uri) > 0)
		ms_lists_post_kick(p);
}

void ms_lists_post_drain(struct ms_lists_post *p)
{
	ms_lists_delivery_stop(p->delivery);
}

size_t ms_lists_post_busy(const struct ms_lists_post *p)
{
	struct ms_lists_delivery_state s;

	ms_lists_delivery_state(p->delivery, &s);
	return s.under_way;
}

/* ---- beginning and end ---- */

static int engine_new(struct ms_lists_post *p)
{
	const struct ms_lists_delivery_config *c = &p->config;
	const struct ms_lists_delivery_limits limits = {
		.parallel = (size_t)c->parallel,
		.window = (size_t)c->window,
		.attempts = (unsigned)c->attempts,
		.retry_first = c->retry_first,
		.retry_max = c->retry_max,
		.away_retry = c->away_retry,
		.messages = (size_t)c->messages,
		.octets = (size_t)c->octets,
		.member_messages = (size_t)c->member_messages,
		.member_octets = (size_t)c->member_octets,
	};
	const struct ms_lists_delivery_handlers handlers = {
		.send = ms_lists_post_send, .outcome = outcome, .finished = finished, .arg = p
	};

	return ms_lists_delivery_new(&limits, &handlers, &ms_random_system, &p->delivery);
}

int ms_lists_post_new(const struct ms_lists_post_spec *spec, struct ms_lists_post **ret_p)
{
	struct ms_lists_post *p = ms_zalloc(sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->config = *spec->config;
	p->store = spec->store;
	p->proxy = spec->proxy;
	p->tag_header = spec->tag_header;
	p->handlers = spec->handlers;
	ms_list_init(&p->fresh);
	ms_list_init(&p->holding);
	ms_list_init(&p->dirty);
	ms_list_init(&p->news);
	ms_list_init(&p->untold);
	ms_defer_init(&p->work, work, p);
	ms_timer_init(&p->due, "list.due", due, p);
	ms_timer_init(&p->flush, "list.flush", due, p);
	err = engine_new(p);
	if (err == 0)
		err = ms_lists_post_load(p);
	if (err < 0) {
		ms_lists_post_free(p);
		return err;
	}
	ms_timer_start(&p->due, 0);
	*ret_p = p;
	return 0;
}

static void forget_letters(struct ms_lists_post *p)
{
	const struct ms_list *jobs = ms_lists_delivery_jobs(p->delivery);

	while (!ms_list_empty(jobs)) {
		struct ms_lists_job *j = MS_CONTAINER_OF(jobs->next, struct ms_lists_job, link);
		struct ms_lists_letter *l = j->user;

		ms_lists_delivery_cancel(p->delivery, j);
		ms_lists_letter_free(l);
	}
	while (!ms_list_empty(&p->dirty))
		ms_lists_letter_free(MS_CONTAINER_OF(p->dirty.next, struct ms_lists_letter, dirty));
	while (!ms_list_empty(&p->untold))
		ms_lists_letter_free(
			MS_CONTAINER_OF(p->untold.next, struct ms_lists_letter, untold));
}

struct ms_lists_post *ms_lists_post_free(struct ms_lists_post *p)
{
	if (!p)
		return NULL;
	ms_defer_cancel(&p->work);
	ms_timer_stop(&p->due);
	if (p->delivery) {
		ms_lists_post_commit(p);
		forget_letters(p);
	}
	ms_timer_stop(&p->flush);
	ms_lists_delivery_free(p->delivery);
	return ms_free(p);
}
