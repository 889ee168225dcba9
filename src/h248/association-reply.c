/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of requests that were executed (RFC 3525 D.1.1): the reply for LONG-TIMER, and
 * when a limit or the peer's confirmation ends that earlier, the id alone.
 */
#include <errno.h>
#include <string.h>

#include "h248/association-priv.h"

uint64_t ms_h248_job_hash(const struct ms_h248_association *a, uint32_t id)
{
	uint8_t key[12];

	memcpy(key, &a->number, 8);
	memcpy(key + 8, &id, 4);
	return ms_siphash(a->e->hash_key, ms_span_of(key, sizeof(key)));
}

struct ms_h248_job *ms_h248_job_find(const struct ms_h248_association *a, uint32_t id)
{
	uint64_t hash = ms_h248_job_hash(a, id);

	for (struct ms_h248_idlink *l = ms_h248_idmap_first(&a->e->jobs, hash); l; l = l->next) {
		struct ms_h248_job *job = MS_H248_OWNER(l, struct ms_h248_job, link);

		if (l->hash == hash && job->id == id && job->a == a)
			return job;
	}
	return NULL;
}

struct ms_h248_job *ms_h248_job_new(struct ms_h248_association *a, uint32_t id)
{
	struct ms_h248_job *job = ms_h248_pool_get(&a->e->pool, sizeof(*job));

	if (!job)
		return NULL;
	memset(job, 0, sizeof(*job));
	ms_list_init(&job->segments);
	job->e = a->e;
	job->a = a;
	job->id = id;
	job->running = true;
	job->link.hash = ms_h248_job_hash(a, id);
	ms_h248_idmap_put(&a->e->jobs, &job->link);
	ms_list_append(&a->jobs, &job->all);
	a->n_jobs++;
	a->e->counts.jobs++;
	return job;
}

static void drop_octets(struct ms_h248_job *job)
{
	if (job->size == 0)
		return;
	ms_h248_segments_free(job);
	ms_h248_pool_put(&job->e->pool, job->octets, job->len);
	job->octets = NULL;
	if (!job->running) {
		ms_list_remove(&job->kept);
		ms_list_remove(&job->all);
		ms_list_append(&job->a->bare, &job->all);
		job->a->reply_octets -= job->size;
		job->e->counts.reply_octets -= job->size;
	}
	job->size = 0;
}

void ms_h248_job_free(struct ms_h248_job *job)
{
	struct ms_h248_entity *e = job->e;

	drop_octets(job);
	ms_h248_wheel_stop(&e->wheel, &job->timer);
	ms_list_remove(&job->all);
	ms_list_remove(&job->age);
	if (job->running)
		e->counts.jobs--;
	else
		e->counts.replies--;
	if (job->a) {
		ms_h248_idmap_take(&e->jobs, &job->link);
		if (job->running)
			job->a->n_jobs--;
		else
			job->a->n_replies--;
	}
	ms_h248_pool_put(&e->pool, job, sizeof(*job));
}

/* Two sets, so that ids live for LONG-TIMER at least and twice that at most. */
static void turn(struct ms_h248_association *a, ms_usec now)
{
	struct ms_h248_idset old = a->executed[1];
	ms_usec age = now - a->turned;

	if (age < a->e->timers.long_timer)
		return;
	a->executed[1] = a->executed[0];
	a->executed[0] = old;
	ms_h248_idset_clear(&a->executed[0]);
	if (age >= 2 * a->e->timers.long_timer)
		ms_h248_idset_clear(&a->executed[1]);
	a->turned = now;
}

bool ms_h248_executed(struct ms_h248_association *a, uint32_t id, ms_usec now)
{
	turn(a, now);
	return ms_h248_idset_has(&a->executed[0], id) || ms_h248_idset_has(&a->executed[1], id);
}

/* Only the id of a reply stays. False: there is no room for it either, or it answers a Restart: what
 * that looked like is needed to tell the next one from a repetition. */
static bool shrink(struct ms_h248_job *job, ms_usec now)
{
	struct ms_h248_association *a = job->a;

	if (job->restart)
		return false;
	turn(a, now);
	if (ms_h248_idset_put(&a->executed[0], job->id) != 0)
		return false;
	ms_h248_job_free(job);
	return true;
}

static struct ms_h248_job *first_of(const struct ms_list *jobs)
{
	return ms_list_empty(jobs) ? NULL : MS_H248_OWNER(jobs->next, struct ms_h248_job, all);
}

static void forget_octets(struct ms_h248_job *job, ms_usec now)
{
	job->e->counts.forgotten_early++;
	if (!shrink(job, now))
		drop_octets(job);
}

bool ms_h248_replies_room(struct ms_h248_association *a, ms_usec now)
{
	while (a->n_jobs + a->n_replies >= a->e->limits.replies) {
		if (!first_of(&a->replies))
			return false;
		forget_octets(first_of(&a->replies), now);
	}
	return true;
}

/* The octets kept are back under the limits; the oldest go first. */
static void limit_octets(struct ms_h248_association *a, ms_usec now)
{
	struct ms_h248_entity *e = a->e;
	struct ms_list *link, *tmp;

	ms_list_foreach_safe (link, tmp, &a->replies) {
		if (a->reply_octets <= e->limits.reply_octets)
			break;
		forget_octets(MS_H248_OWNER(link, struct ms_h248_job, all), now);
	}
	ms_list_foreach_safe (link, tmp, &e->kept) {
		if (e->counts.reply_octets <= e->limits.total_octets)
			break;
		forget_octets(MS_H248_OWNER(link, struct ms_h248_job, kept), now);
	}
}

void ms_h248_reply_keep(struct ms_h248_job *job, ms_usec now)
{
	struct ms_h248_association *a = job->a;
	struct ms_h248_entity *e = job->e;

	ms_h248_wheel_stop(&e->wheel, &job->timer);
	ms_list_remove(&job->all);
	ms_list_append(job->size ? &a->replies : &a->bare, &job->all);
	ms_list_append(&e->age, &job->age);
	job->running = false;
	job->expires = ms_usec_add(now, e->timers.long_timer);
	a->n_jobs--;
	e->counts.jobs--;
	a->n_replies++;
	e->counts.replies++;
	if (job->size > 0) {
		ms_list_append(&e->kept, &job->kept);
		a->reply_octets += job->size;
		e->counts.reply_octets += job->size;
	}
	limit_octets(a, now);
}

/* Most ids looked up for the acknowledgements of one message: a range says little and costs much. */
#define ACKS_LOOKED_UP 4096u

void ms_h248_reply_confirm(struct ms_h248_association *a, const struct ms_h248_ack *acks,
			   ms_usec now)
{
	uint32_t left = ACKS_LOOKED_UP;

	for (; acks; acks = acks->next)
		for (uint32_t id = acks->first; left > 0; id++, left--) {
			struct ms_h248_job *job = ms_h248_job_find(a, id);

			if (job && !job->running && !shrink(job, now))
				drop_octets(job);
			if (id >= acks->last)
				break;
		}
}

void ms_h248_replies_expire(struct ms_h248_entity *e, ms_usec now)
{
	while (!ms_list_empty(&e->age)) {
		struct ms_h248_job *job = MS_H248_OWNER(e->age.next, struct ms_h248_job, age);

		if (job->expires > now)
			return;
		ms_h248_job_free(job);
	}
}

void ms_h248_replies_drop(struct ms_h248_association *a)
{
	while (first_of(&a->replies))
		ms_h248_job_free(first_of(&a->replies));
	while (first_of(&a->bare))
		ms_h248_job_free(first_of(&a->bare));
	ms_h248_idset_clear(&a->executed[0]);
	ms_h248_idset_clear(&a->executed[1]);
}
