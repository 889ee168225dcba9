/* SPDX-License-Identifier: Apache-2.0 */
/* The delivery engine: jobs, their recipients, and what is sent when. See delivery.h. */
#include <errno.h>

#include "core/alloc.h"
#include "list/delivery-priv.h"

/* ---- the engine ---- */

static ms_usec pause_of(const struct ms_lists_delivery_limits *l, unsigned i)
{
	ms_usec p = l->retry_first;

	while (i-- > 0 && p < l->retry_max)
		p *= 2;
	return p < l->retry_max ? p : l->retry_max;
}

int ms_lists_delivery_new(const struct ms_lists_delivery_limits *limits,
			  const struct ms_lists_delivery_handlers *handlers,
			  const struct ms_random *random, struct ms_lists_delivery **ret_d)
{
	struct ms_lists_delivery *d = ms_zalloc(sizeof(*d));
	uint8_t key[16];
	int err;

	if (!d)
		return -ENOMEM;
	d->limits = *limits;
	d->handlers = *handlers;
	d->next_expiry = MS_NEVER;
	ms_list_init(&d->jobs);
	ms_list_init(&d->ready);
	for (unsigned i = 0; i < MS_LISTS_PAUSES; i++) {
		ms_list_init(&d->pause[i].list);
		d->pause[i].length = pause_of(limits, i);
	}
	ms_list_init(&d->pause[MS_LISTS_PAUSES].list);
	d->pause[MS_LISTS_PAUSES].length = limits->away_retry;
	err = ms_random_fill(random, key, sizeof(key));
	if (err == 0)
		err = ms_hash_new(SIZE_MAX / 2, key, &d->members);
	if (err < 0) {
		ms_free(d);
		return err;
	}
	*ret_d = d;
	return 0;
}

struct ms_lists_delivery *ms_lists_delivery_free(struct ms_lists_delivery *d)
{
	if (!d)
		return NULL;
	while (!ms_list_empty(&d->jobs))
		ms_lists_job_free(d, MS_CONTAINER_OF(d->jobs.next, struct ms_lists_job, link));
	ms_hash_free(d->members);
	return ms_free(d);
}

void ms_lists_delivery_stop(struct ms_lists_delivery *d)
{
	d->stopped = true;
}

const struct ms_list *ms_lists_delivery_jobs(const struct ms_lists_delivery *d)
{
	return &d->jobs;
}

void ms_lists_delivery_state(const struct ms_lists_delivery *d,
			     struct ms_lists_delivery_state *ret_state)
{
	*ret_state = d->state;
}

/* ---- jobs ---- */

void ms_lists_job_free(struct ms_lists_delivery *d, struct ms_lists_job *j)
{
	for (size_t i = 0; i < j->n; i++) {
		struct ms_lists_recipient *r = &j->recipient[i];

		ms_list_remove(&r->link);
		ms_lists_member_leave(d, r);
		if (r->outcome == MS_LISTS_WAITING)
			d->state.waiting--;
		if (r->under_way)
			ms_lists_recipient_back(d, r);
	}
	d->state.messages--;
	d->state.octets -= j->octets;
	ms_list_remove(&j->link);
	ms_free(j);
}

void ms_lists_delivery_release(struct ms_lists_delivery *d, struct ms_lists_job *j)
{
	for (size_t i = 0; i < j->n; i++) {
		struct ms_lists_recipient *r = &j->recipient[i];

		/* One whose link is in no list is neither ready nor waits for a time. */
		if (r->outcome == MS_LISTS_WAITING && !r->under_way && ms_list_empty(&r->link))
			ms_list_append(&d->ready, &r->link);
	}
}

void ms_lists_delivery_cancel(struct ms_lists_delivery *d, struct ms_lists_job *j)
{
	ms_lists_job_free(d, j);
}

int ms_lists_delivery_room(const struct ms_lists_delivery *d, size_t octets)
{
	return d->state.messages >= d->limits.messages ||
			       octets > d->limits.octets - d->state.octets
		       ? -ENOSPC
		       : 0;
}

static void start_recipient(struct ms_lists_delivery *d, struct ms_lists_recipient *r,
			    const struct ms_lists_job_spec *spec, size_t i, ms_usec now)
{
	enum ms_lists_outcome o =
		spec->outcome ? (enum ms_lists_outcome)spec->outcome[i] : MS_LISTS_WAITING;

	ms_list_init(&r->link);
	ms_list_init(&r->away);
	r->uri = spec->uri[i];
	r->repeat = spec->again && o == MS_LISTS_WAITING;
	r->outcome = (uint8_t)o;
	if (ms_lists_outcome_final(o))
		return;
	r->job->open++;
	r->outcome = MS_LISTS_WAITING;
	d->state.waiting++;
	if (!spec->parked)
		ms_list_append(&d->ready, &r->link);
	if (o == MS_LISTS_AWAY)
		ms_lists_recipient_away(d, r, now);
}

int ms_lists_delivery_add(struct ms_lists_delivery *d, const struct ms_lists_job_spec *spec,
			  ms_usec now, struct ms_lists_job **ret_job)
{
	struct ms_lists_job *j;

	if (!spec->again && ms_lists_delivery_room(d, spec->octets) < 0)
		return -ENOSPC;
	if (spec->n > SIZE_MAX / 2 / sizeof(j->recipient[0]))
		return -ENOMEM;
	j = ms_zalloc(sizeof(*j) + spec->n * sizeof(j->recipient[0]));
	if (!j)
		return -ENOMEM;
	j->expires = spec->expires;
	j->octets = spec->octets;
	j->user = spec->user;
	j->n = spec->n;
	d->state.messages++;
	d->state.octets += j->octets;
	if (j->expires < d->next_expiry)
		d->next_expiry = j->expires;
	ms_list_append(&d->jobs, &j->link);
	for (size_t i = 0; i < spec->n; i++) {
		j->recipient[i].job = j;
		start_recipient(d, &j->recipient[i], spec, i, now);
	}
	if (j->open == 0)
		d->next_expiry = 0; /* the next run looks at all jobs */
	*ret_job = j;
	return 0;
}

/* ---- running ---- */

static void expire(struct ms_lists_delivery *d, struct ms_lists_job *j)
{
	for (size_t i = 0; i < j->n; i++) {
		struct ms_lists_recipient *r = &j->recipient[i];

		/* What is under way may still be delivered: its answer decides. */
		if (!ms_lists_outcome_final((enum ms_lists_outcome)r->outcome) && !r->under_way)
			ms_lists_recipient_settle(d, r, MS_LISTS_EXPIRED);
	}
}

static void look_for_expired(struct ms_lists_delivery *d, ms_usec now)
{
	struct ms_list *l, *tmp;

	if (now < d->next_expiry)
		return;
	d->next_expiry = MS_NEVER;
	ms_list_foreach_safe (l, tmp, &d->jobs) {
		struct ms_lists_job *j = MS_CONTAINER_OF(l, struct ms_lists_job, link);

		if (j->expires <= now)
			expire(d, j);
		else if (j->expires < d->next_expiry)
			d->next_expiry = j->expires;
		ms_lists_job_check(d, j);
	}
}

/* A pause is as long for all in its list, so the first is the one due first. */
static void wake(struct ms_lists_delivery *d, ms_usec now)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(d->pause); i++) {
		struct ms_list *list = &d->pause[i].list;

		while (!ms_list_empty(list)) {
			struct ms_lists_recipient *r =
				MS_CONTAINER_OF(list->next, struct ms_lists_recipient, link);

			if (r->due > now)
				break;
			ms_lists_recipient_ready(d, r);
		}
	}
}

static struct ms_lists_recipient *first_ready(const struct ms_lists_delivery *d)
{
	return MS_CONTAINER_OF(d->ready.next, struct ms_lists_recipient, link);
}

static bool has_room(const struct ms_lists_delivery *d)
{
	const struct ms_lists_delivery_state *s = &d->state;

	if (s->under_way == 0)
		return true;
	return s->under_way < d->limits.parallel &&
	       s->under_way_octets + first_ready(d)->job->octets + MS_LISTS_HEAD <=
		       d->limits.window;
}

static void send_one(struct ms_lists_delivery *d, ms_usec now)
{
	struct ms_lists_recipient *r = first_ready(d);

	ms_list_remove(&r->link);
	r->under_way = true;
	r->attempts++;
	r->job->under_way++;
	d->state.under_way++;
	d->state.under_way_octets += r->job->octets + MS_LISTS_HEAD;
	d->state.sent++;
	if (d->handlers.send(r, d->handlers.arg) < 0)
		ms_lists_delivery_answer(d, r, 0, 0, now);
}

static ms_usec next_due(const struct ms_lists_delivery *d)
{
	ms_usec due = d->next_expiry;

	for (size_t i = 0; i < MS_ARRAY_SIZE(d->pause); i++) {
		const struct ms_list *list = &d->pause[i].list;
		ms_usec at;

		if (ms_list_empty(list))
			continue;
		at = MS_CONTAINER_OF(list->next, struct ms_lists_recipient, link)->due;
		due = at < due ? at : due;
	}
	return due;
}

ms_usec ms_lists_delivery_run(struct ms_lists_delivery *d, ms_usec now)
{
	look_for_expired(d, now);
	if (d->stopped)
		return d->next_expiry;
	wake(d, now);
	while (!ms_list_empty(&d->ready) && has_room(d))
		send_one(d, now);
	return next_due(d);
}
