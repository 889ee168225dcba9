/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of peers: executed at most once (RFC 3525 D.1.1), Pending while it lasts (D.1.4), replied to. */
#include <errno.h>

#include "h248/association-priv.h"

/* H.248.8 */
enum {
	ERROR_INTERNAL = 500,
	ERROR_PENDINGS = 506,
};

/* ---- restarts ---- */

/*
 * A peer that has restarted may use its ids again. "When a MG resumes operation ... transactions should
 * be accepted and processed, without any test on the transaction-id" (annex D.1.2.2). A Restart is told
 * from a repeated datagram by where it comes from and by its time stamp.
 */
static uint64_t restart_mark(const struct ms_h248_association *a, const struct ms_h248_path *from,
			     const struct ms_h248_transaction *t)
{
	const struct ms_h248_command *c = t->actions ? t->actions->commands : NULL;
	struct {
		uint64_t channel, port;
		char time[16];
	} mark = { from->transport == MS_H248_UDP ? 0 : from->channel, from->port, { 0 } };

	if (!c || c->verb != MS_H248_SERVICE_CHANGE || !c->service_change ||
	    c->service_change->method != MS_H248_SC_RESTART || !c->terminations ||
	    c->terminations->kind != MS_H248_TERMINATION_ROOT)
		return 0;
	if (c->service_change->time.present) {
		memcpy(mark.time, c->service_change->time.date, 8);
		memcpy(mark.time + 8, c->service_change->time.time, 8);
	}
	return ms_siphash(a->e->hash_key, ms_span_of(&mark, sizeof(mark))) | 1;
}

/* ---- replying ---- */

static void send_kept(struct ms_h248_job *job)
{
	job->e->counts.replies_out++;
	ms_h248_gather_put(job->a, &job->path, ms_span_of(job->octets, job->len));
}

/* What fits into one message, or segments of it. */
static int put_reply(struct ms_h248_job *job, const struct ms_h248_transaction *t, ms_usec now)
{
	struct ms_h248_transaction reply = {
		.kind = MS_H248_REPLY,
		.id = job->id,
		.actions = t->actions,
		.error = t->error,
		/* "An entity that sends a provisional response SHALL include the immAckRequired
		 * field in the ensuing final response" (annex D.1.4) */
		.ack_required = job->pendings > 0,
	};
	int err = ms_h248_encode(job->a, &job->path, &reply);

	if (err == -EMSGSIZE && job->a->version >= 3)
		return ms_h248_segments_make(job, &reply, ms_h248_most(job->e, &job->path), now);
	if (err)
		return err;
	job->len = job->e->scratch.len;
	job->octets = ms_h248_keep(job->e, ms_buf_span(&job->e->scratch));
	job->size = job->octets ? ms_h248_pool_size(job->len) : 0;
	return job->octets ? 0 : -ENOMEM;
}

static int put_error(struct ms_h248_job *job, uint16_t code, ms_usec now)
{
	struct ms_h248_error error = { .code = code };
	struct ms_h248_transaction t = { .error = &error };

	return put_reply(job, &t, now);
}

static int reply_to(struct ms_h248_job *job, const struct ms_h248_transaction *t, ms_usec now)
{
	int err = put_reply(job, t, now);

	if (!err)
		return 0;
	if (err == -EMSGSIZE)
		job->e->counts.too_large++;
	if (put_error(job, err == -EMSGSIZE ? job->e->error_too_large : ERROR_INTERNAL, now) != 0)
		job->octets = NULL; /* executed and silent: the requester times out */
	return err;
}

int ms_h248_job_reply(struct ms_h248_job *job, const struct ms_h248_transaction *t, ms_usec now)
{
	int err = 0;

	if (!job->a) {
		ms_h248_job_free(job);
		return 0;
	}
	if (!job->aborted) {
		err = reply_to(job, t, now);
		if (job->octets)
			send_kept(job);
	}
	ms_h248_reply_keep(job, now);
	return err;
}

/* ---- Pending ---- */

static void too_many_pendings(struct ms_h248_job *job, ms_usec now)
{
	job->aborted = true;
	if (put_error(job, ERROR_PENDINGS, now) == 0)
		send_kept(job);
	else
		job->octets = NULL;
	if (job->e->handlers.aborted)
		job->e->handlers.aborted(job, job->e->arg);
}

void ms_h248_job_pending(struct ms_h248_job *job, ms_usec now)
{
	struct ms_h248_transaction t = { .kind = MS_H248_PENDING, .id = job->id };

	if (!job->a || !job->running || job->aborted)
		return;
	if (job->pendings >= job->a->timing.pendings_out) {
		too_many_pendings(job, now);
		return;
	}
	ms_h248_wheel_see(&job->e->wheel, now);
	job->pendings++;
	job->told = now;
	job->e->counts.pendings_out++;
	ms_h248_wheel_set(&job->e->wheel, &job->timer,
			  ms_usec_add(now, job->a->timing.provisional));
	ms_h248_send_once(job->a, &job->path, &t);
}

/* ---- receiving ---- */

/* The request is known: repeat what was said, or say that it is being worked on. */
static void duplicate(struct ms_h248_job *job, const struct ms_h248_path *from, ms_usec now)
{
	job->path = *from; /* replies go where this one came from (section 9) */
	if (job->octets)
		send_kept(job);
	else if (!ms_list_empty(&job->segments))
		ms_h248_segments_repeat(job, now);
	else if (job->running && (job->pendings == 0 || now - job->told >= job->e->timers.shortest))
		ms_h248_job_pending(job, now);
}

/* Seen before, in whatever state? The same id in another Restart is another request: then the peer
 * counts from the beginning, and what it sent before says nothing any more. */
static bool seen(struct ms_h248_association *a, const struct ms_h248_path *from, uint32_t id,
		 uint64_t restart, ms_usec now)
{
	struct ms_h248_job *job = ms_h248_job_find(a, id);

	if (!job && !ms_h248_executed(a, id, now))
		return false;
	if (restart && !(job && (job->running || job->restart == restart))) {
		ms_h248_association_forget(a);
		return false;
	}
	a->e->counts.duplicates++;
	if (job)
		duplicate(job, from, now);
	return true;
}

static struct ms_h248_job *accept_job(struct ms_h248_association *a,
				      const struct ms_h248_path *from, uint32_t id, ms_usec now)
{
	struct ms_h248_job *job = NULL;

	if (a->n_jobs < a->e->limits.jobs && ms_h248_replies_room(a, now))
		job = ms_h248_job_new(a, id);
	if (!job) {
		a->e->counts.refused_jobs++;
		return NULL;
	}
	job->path = *from;
	job->timer.kind = MS_H248_TIMER_PENDING;
	ms_h248_wheel_set(&a->e->wheel, &job->timer, ms_usec_add(now, a->timing.execution));
	return job;
}

void ms_h248_job_receive(struct ms_h248_association *a, const struct ms_h248_path *from,
			 const struct ms_h248_message *m, const struct ms_h248_transaction *t,
			 ms_usec now)
{
	struct ms_h248_entity *e = a->e;
	uint64_t restart = restart_mark(a, from, t);
	struct ms_h248_job *job;

	e->counts.requests_in++;
	if (seen(a, from, t->id, restart, now))
		return;
	/* It may be elsewhere now; and what its dead self did not answer is no proof of its death. */
	if (restart)
		ms_h248_association_set_path(a, from, now);
	job = accept_job(a, from, t->id, now);
	if (!job)
		return;
	job->restart = restart;
	e->handlers.request(job, m, t, e->arg);
}

/* ---- what the user asks of a job ---- */

struct ms_h248_association *ms_h248_job_association(const struct ms_h248_job *job)
{
	return job->a;
}

uint32_t ms_h248_job_id(const struct ms_h248_job *job)
{
	return job->id;
}
