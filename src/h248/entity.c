/* SPDX-License-Identifier: Apache-2.0 */
/* An H.248 entity: made, fed with messages and time, ended. */
#include <errno.h>

#include "core/alloc.h"
#include "core/profile.h"
#include "h248/association-priv.h"

/** Blocks kept for the next ones. */
#define POOL_KEPT (16u * 1024 * 1024)

const struct ms_h248_limits ms_h248_limits_default = {
	.associations = 1024,
	.jobs = 1000,
	.replies = 100000,
	.reply_octets = 16u * 1024 * 1024,
	.total_octets = 256u * 1024 * 1024,
	.requests = 10000,
	.message = 65507,
	.datagram = 65507,
	.tree = 1024 * 1024,
	.batch = 10,
	.batch_octets = 1400,
	.transactions = 64,
	.segment_octets = 4u * 1024 * 1024,
	.intervals = 4096,
	.errors = 10,
};

const struct ms_h248_timers ms_h248_timers_default = {
	.first = 200 * MS_MSEC,
	.shortest = 100 * MS_MSEC,
	.longest = 4 * MS_SEC,
	.t_max = 25 * MS_SEC,
	.repeats = 11,
	.long_timer = 30 * MS_SEC,
	.stream = 5 * MS_SEC,
	.after_pending = 4 * MS_SEC,
	.ack_delay = 1 * MS_SEC,
};

/* ---- life ---- */

static int copy_mid(struct ms_h248_entity *e, const struct ms_h248_mid *mid)
{
	e->mid = *mid;
	if (mid->name.len == 0)
		return 0;
	e->mid_name = ms_zalloc(mid->name.len);
	if (!e->mid_name)
		return -ENOMEM;
	memcpy(e->mid_name, mid->name.p, mid->name.len);
	e->mid.name.p = e->mid_name;
	return 0;
}

static int draw(struct ms_h248_entity *e)
{
	int err = ms_random_fill(e->random, e->hash_key, sizeof(e->hash_key));

	if (!err)
		err = ms_random_fill(e->random, &e->dice, sizeof(e->dice));
	/* ids begin anywhere, so that those of before a restart are not met again soon */
	if (!err)
		err = ms_random_fill(e->random, &e->next_id, sizeof(e->next_id));
	e->next_id &= 0x3fffffff;
	e->dice |= 1;
	return err;
}

static void set_options(struct ms_h248_entity *e, const struct ms_h248_entity_options *o)
{
	e->error_too_large = o->error_too_large ? o->error_too_large
						: (uint16_t)ms_profile_default.h248_error_too_large;
	e->limits = o->limits.message ? o->limits : ms_h248_limits_default;
	e->timers = o->timers.first ? o->timers : ms_h248_timers_default;
	e->wire = o->wire;
	e->handlers = *o->handlers;
	e->arg = o->arg;
	e->random = o->random ? o->random : &ms_random_system;
	ms_list_init(&e->associations);
	ms_list_init(&e->ended);
	ms_list_init(&e->orphans);
	ms_h248_wheel_init(&e->wheel, 0);
	ms_list_init(&e->age);
	ms_list_init(&e->kept);
	ms_list_init(&e->gathers);
	ms_h248_pool_init(&e->pool, POOL_KEPT);
	e->registry = o->registry;
	ms_h248_arena_init(&e->arena, e->limits.tree);
	ms_h248_arena_init(&e->bound, e->limits.tree);
	ms_h248_arena_init(&e->whole, 4 * e->limits.segment_octets);
	ms_buf_init(&e->scratch, e->limits.message);
	ms_buf_init(&e->message, e->limits.message);
}

static int make_tables(struct ms_h248_entity *e)
{
	int err = draw(e);

	if (!err)
		err = ms_hash_new(e->limits.associations, e->hash_key, &e->by_mid);
	if (!err)
		err = ms_h248_idmap_init(&e->waiting);
	if (!err)
		err = ms_h248_idmap_init(&e->jobs);
	return err;
}

int ms_h248_entity_new(const struct ms_h248_entity_options *o, struct ms_h248_entity **ret_e)
{
	struct ms_h248_entity *e;
	int err;

	if (o->mid.kind == MS_H248_MID_NONE || !o->handlers || !o->handlers->request ||
	    !o->handlers->answered || !o->wire.send)
		return -EINVAL;
	e = ms_zalloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	set_options(e, o);
	err = copy_mid(e, &o->mid);
	if (!err)
		err = make_tables(e);
	if (err) {
		ms_h248_entity_free(e);
		return err;
	}
	*ret_e = e;
	return 0;
}

struct ms_h248_entity *ms_h248_entity_free(struct ms_h248_entity *e)
{
	if (!e)
		return NULL;
	while (!ms_list_empty(&e->associations))
		ms_h248_association_end(
			MS_H248_OWNER(e->associations.next, struct ms_h248_association, all), 0);
	while (!ms_list_empty(&e->orphans)) /* whose user never replied */
		ms_h248_job_free(MS_H248_OWNER(e->orphans.next, struct ms_h248_job, all));
	ms_hash_free(e->by_mid);
	ms_h248_idmap_done(&e->waiting);
	ms_h248_idmap_done(&e->jobs);
	ms_h248_arena_done(&e->arena);
	ms_h248_arena_done(&e->bound);
	ms_h248_arena_done(&e->whole);
	ms_buf_done(&e->scratch);
	ms_buf_done(&e->message);
	ms_h248_pool_done(&e->pool);
	ms_free(e->mid_name);
	return ms_free(e);
}

/* ---- receiving ---- */

/* An error only goes where somebody of ours listens: never to strangers. */
static void undecodable(struct ms_h248_entity *e, const struct ms_h248_path *from,
			const struct ms_h248_refused *refused, ms_usec now)
{
	struct ms_list *link;

	e->counts.undecodable++;
	if (e->errors_made >= e->limits.errors && e->error_second == now / MS_SEC)
		return;
	ms_list_foreach (link, &e->associations) {
		struct ms_h248_association *a =
			MS_H248_OWNER(link, struct ms_h248_association, all);

		if (!ms_h248_same_host(&a->path, from))
			continue;
		ms_h248_send_refusal(a, from, refused, now);
		return;
	}
}

static void heard(struct ms_h248_association *a, const struct ms_h248_path *from, ms_usec now)
{
	struct ms_h248_entity *e = a->e;
	bool was_lost = a->lost;

	a->heard = now;
	a->lost = false;
	/* a connection that died has a successor: requests go there */
	if (was_lost && from->transport != MS_H248_UDP && !ms_h248_same_path(&a->path, from))
		ms_h248_association_set_path(a, from, now);
	if (was_lost && e->handlers.found)
		e->handlers.found(a, e->arg);
}

static void receive_reply(struct ms_h248_association *a, const struct ms_h248_message *m,
			  const struct ms_h248_transaction *t, ms_usec now)
{
	/* "transaction id 0: the id of the request could not be read" (section 8.1.1) */
	if (t->id == 0 && t->error) {
		a->e->counts.message_errors_in++;
		if (a->e->handlers.message_error)
			a->e->handlers.message_error(a, t->error, a->e->arg);
		return;
	}
	ms_h248_waiting_reply(a, m, t, now);
}

static void receive_one(struct ms_h248_association *a, const struct ms_h248_path *from,
			const struct ms_h248_message *m, const struct ms_h248_transaction *t,
			ms_usec now)
{
	switch (t->kind) {
	case MS_H248_REQUEST:
		ms_h248_job_receive(a, from, m, t, now);
		break;
	case MS_H248_PENDING:
		ms_h248_waiting_pending(a, t->id, now);
		break;
	case MS_H248_REPLY:
		receive_reply(a, m, t, now);
		break;
	case MS_H248_ACK:
		a->e->counts.acks_in++;
		ms_h248_reply_confirm(a, t->acks, now);
		break;
	case MS_H248_SEGMENT_REPLY:
		ms_h248_segment_confirm(a, t, now);
		break;
	}
}

static void receive_message(struct ms_h248_association *a, const struct ms_h248_path *from,
			    const struct ms_h248_message *m, ms_usec now)
{
	const struct ms_h248_transaction *t = m->transactions;

	heard(a, from, now);
	if (m->error) {
		a->e->counts.message_errors_in++;
		if (!a->ended && a->e->handlers.message_error)
			a->e->handlers.message_error(a, m->error, a->e->arg);
		return;
	}
	for (uint32_t n = 0; t && n < a->e->limits.transactions && !a->ended; n++, t = t->next)
		receive_one(a, from, m, t, now);
}

static int decode(struct ms_h248_entity *e, const struct ms_h248_path *from, struct ms_span octets,
		  struct ms_h248_refused *refused, const struct ms_h248_message **ret_m)
{
	const struct ms_h248_message *m;
	int err;

	if (octets.len > e->limits.message)
		return -EMSGSIZE;
	e->received = octets;
	e->received_codec = from->codec;
	err = from->codec->decode(octets, &e->arena, refused, &m);
	if (err)
		return err;
	*ret_m = m;
	if (!e->registry)
		return 0;
	/* the tree is ours: it lies in our arena */
	return ms_h248_bind((struct ms_h248_message *)m, e->registry, MS_H248_BIND_TEXT, &e->arena,
			    &refused->fault);
}

bool ms_h248_entity_receive(struct ms_h248_entity *e, const struct ms_h248_path *from,
			    struct ms_span octets, ms_usec now)
{
	const struct ms_h248_message *m = NULL;
	struct ms_h248_association *a = NULL;
	struct ms_h248_refused refused = { 0 };

	ms_h248_wheel_see(&e->wheel, now);
	e->counts.messages_in++;
	e->counts.octets_in += octets.len;
	ms_h248_arena_reset(&e->arena);
	ms_h248_entity_enter(e);
	if (decode(e, from, octets, &refused, &m) != 0) {
		undecodable(e, from, &refused, now);
	} else {
		a = ms_h248_association_of(e, from, m, now);
		if (a)
			receive_message(a, from, m, now);
		else
			e->counts.unknown_peers++;
	}
	ms_h248_entity_leave(e);
	return a != NULL;
}

/* ---- time ---- */

static void fire(struct ms_h248_timer *t, ms_usec now)
{
	switch ((enum ms_h248_timer_kind)t->kind) {
	case MS_H248_TIMER_REPEAT:
		ms_h248_waiting_repeat(MS_H248_OWNER(t, struct ms_h248_waiting, timer), now);
		break;
	case MS_H248_TIMER_PENDING:
		ms_h248_job_pending(MS_H248_OWNER(t, struct ms_h248_job, timer), now);
		break;
	case MS_H248_TIMER_ACK:
		ms_h248_ack_send(MS_H248_OWNER(t, struct ms_h248_association, ack_timer));
		break;
	case MS_H248_TIMER_SEGMENT:
		ms_h248_segment_due(t, now);
		break;
	}
}

void ms_h248_entity_tick(struct ms_h248_entity *e, ms_usec now)
{
	struct ms_h248_timer *t;

	ms_h248_wheel_see(&e->wheel, now);
	ms_h248_entity_enter(e);
	while ((t = ms_h248_wheel_due(&e->wheel, now)) != NULL)
		fire(t, now);
	ms_h248_replies_expire(e, now);
	ms_h248_entity_leave(e);
}

ms_usec ms_h248_entity_next(const struct ms_h248_entity *e)
{
	ms_usec next = ms_h248_wheel_next(&e->wheel);
	ms_usec age = MS_NEVER;

	if (!ms_list_empty(&e->age))
		age = MS_H248_OWNER(e->age.next, struct ms_h248_job, age)->expires;
	return age < next ? age : next;
}

/* The next one over that connection that has not been told; handlers may end any of them. */
static struct ms_h248_association *over(const struct ms_h248_entity *e,
					const struct ms_h248_path *path)
{
	struct ms_list *link;

	ms_list_foreach (link, &e->associations) {
		struct ms_h248_association *a =
			MS_H248_OWNER(link, struct ms_h248_association, all);

		if (!a->lost && a->path.transport == path->transport &&
		    a->path.channel == path->channel)
			return a;
	}
	return NULL;
}

void ms_h248_entity_path_lost(struct ms_h248_entity *e, const struct ms_h248_path *path,
			      ms_usec now)
{
	struct ms_h248_association *a;

	(void)now;
	ms_h248_entity_enter(e);
	while ((a = over(e, path)) != NULL) {
		a->lost = true;
		if (e->handlers.lost)
			e->handlers.lost(a, MS_H248_LOST_TRANSPORT, e->arg);
	}
	ms_h248_entity_leave(e);
}

const struct ms_h248_counts *ms_h248_entity_counts(const struct ms_h248_entity *e)
{
	return &e->counts;
}
