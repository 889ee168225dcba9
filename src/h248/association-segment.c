/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies in segments (H.248.1 version 3): a reply that does not fit into a message is cut between
 * commands, numbered from 1, the last one marked. Each segment is confirmed by a segment reply and
 * repeated until then; a few are under way at once.
 */
#include <errno.h>

#include "h248/association-priv.h"

#define WINDOW 8 /* segments under way */

struct ms_h248_segment {
	struct ms_list link; /* of its job */
	struct ms_h248_timer timer;
	struct ms_h248_job *job;
	uint16_t number;
	bool sent, confirmed;
	ms_usec first, delay;
	size_t len;
	uint8_t octets[];
};

/** A segment of a reply to us: the message it came in. */
struct ms_h248_part {
	struct ms_list link; /* of its request */
	uint16_t number;
	const struct ms_h248_codec *codec;
	size_t len;
	uint8_t octets[];
};

/* ---- sending ---- */

static struct ms_h248_segment *segment_of(struct ms_list *link)
{
	return MS_H248_OWNER(link, struct ms_h248_segment, link);
}

void ms_h248_segments_free(struct ms_h248_job *job)
{
	while (!ms_list_empty(&job->segments)) {
		struct ms_h248_segment *s = segment_of(job->segments.next);

		ms_h248_wheel_stop(&job->e->wheel, &s->timer);
		ms_list_remove(&s->link);
		ms_h248_pool_put(&job->e->pool, s, sizeof(*s) + s->len);
	}
}

static void send_segment(struct ms_h248_segment *s, ms_usec now)
{
	struct ms_h248_entity *e = s->job->e;

	e->counts.segments_out++;
	ms_h248_wheel_see(&e->wheel, now);
	ms_h248_wheel_set(&e->wheel, &s->timer, ms_usec_add(now, s->delay));
	ms_h248_gather_put(s->job->a, &s->job->path, ms_span_of(s->octets, s->len));
}

/* The next ones, as far as the window is open. */
static void send_more(struct ms_h248_job *job, ms_usec now)
{
	struct ms_list *link;
	unsigned under_way = 0;

	ms_list_foreach (link, &job->segments) {
		struct ms_h248_segment *s = segment_of(link);

		if (s->confirmed)
			continue;
		if (++under_way > WINDOW)
			return;
		if (s->sent)
			continue;
		s->sent = true;
		s->first = now;
		s->delay = job->e->timers.first;
		send_segment(s, now);
	}
}

void ms_h248_segment_due(struct ms_h248_timer *t, ms_usec now)
{
	struct ms_h248_segment *s = MS_H248_OWNER(t, struct ms_h248_segment, timer);
	const struct ms_h248_timers *timers = &s->job->e->timers;

	if (now - s->first >= timers->t_max)
		return; /* the peer has failed; the request of it, too */
	s->delay = s->delay * 2 < timers->longest ? s->delay * 2 : timers->longest;
	send_segment(s, now);
}

void ms_h248_segment_confirm(struct ms_h248_association *a, const struct ms_h248_transaction *t,
			     ms_usec now)
{
	struct ms_h248_job *job = ms_h248_job_find(a, t->id);
	struct ms_list *link;

	if (!job)
		return;
	ms_list_foreach (link, &job->segments) {
		struct ms_h248_segment *s = segment_of(link);

		if (s->number != t->segment)
			continue;
		s->confirmed = true;
		ms_h248_wheel_stop(&a->e->wheel, &s->timer);
	}
	send_more(job, now);
}

void ms_h248_segments_repeat(struct ms_h248_job *job, ms_usec now)
{
	struct ms_list *link;

	ms_list_foreach (link, &job->segments) {
		struct ms_h248_segment *s = segment_of(link);

		if (s->sent && !s->confirmed)
			send_segment(s, now);
	}
}

/* ---- cutting ---- */

/* A reply under construction: a run of actions, the last of them perhaps cut. */
struct cut {
	struct ms_h248_job *job;
	struct ms_h248_transaction piece;
	struct ms_h248_action *last;   /* of the piece */
	struct ms_h248_action **at;    /* where the next action goes */
	struct ms_h248_command **tail; /* where its next command goes */
	size_t size, most;
	uint16_t number;
};

/* Encodes the piece: one segment more of the job. */
static int close_piece(struct cut *c, bool last)
{
	struct ms_h248_job *job = c->job;
	struct ms_buf *b = &job->e->scratch;
	struct ms_h248_segment *s;
	int err;

	if (c->number == UINT16_MAX)
		return -EMSGSIZE;
	c->piece.segment = ++c->number;
	c->piece.segment_end = last;
	c->piece.ack_required = last && job->pendings > 0;
	ms_buf_reset(b);
	job->path.codec->put_transaction(b, &c->piece, job->a->version);
	err = ms_buf_status(b);
	if (err)
		return err;
	s = ms_h248_pool_get(&job->e->pool, sizeof(*s) + b->len);
	if (!s)
		return -ENOMEM;
	*s = (struct ms_h248_segment){ .job = job, .number = c->number, .len = b->len };
	s->timer.kind = MS_H248_TIMER_SEGMENT;
	memcpy(s->octets, b->p, b->len);
	ms_list_append(&job->segments, &s->link);
	job->size += ms_h248_pool_size(sizeof(*s) + s->len);
	c->piece.actions = c->last = NULL;
	c->at = &c->piece.actions;
	c->size = 0;
	return 0;
}

/* What one action with nothing but this command takes, envelope included: more than its share. */
static int size_of(struct cut *c, const struct ms_h248_action *action,
		   struct ms_h248_command *command, size_t *ret_size)
{
	struct ms_h248_action one = { .context = action->context, .commands = command };
	struct ms_h248_transaction t = {
		.kind = MS_H248_REPLY, .id = c->job->id, .segment = UINT16_MAX, .actions = &one
	};
	struct ms_h248_command *rest = command ? command->next : NULL;
	struct ms_buf *b = &c->job->e->scratch;

	if (command)
		command->next = NULL;
	else {
		one.attributes = action->attributes;
		one.error = action->error;
	}
	ms_buf_reset(b);
	c->job->path.codec->put_transaction(b, &t, c->job->a->version);
	if (command)
		command->next = rest;
	*ret_size = b->len;
	return ms_buf_status(b);
}

/* The action in which the next command goes: a copy, since an action may be cut. */
static int open_action(struct cut *c, const struct ms_h248_action *of, bool first)
{
	struct ms_h248_action *a = ms_h248_arena_get(&c->job->e->bound, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->context = of->context;
	if (first)
		a->attributes = of->attributes;
	*c->at = c->last = a;
	c->at = &a->next;
	c->tail = &a->commands;
	return 0;
}

/* `envelope`: what the action takes around its commands. */
static int put_command(struct cut *c, const struct ms_h248_action *of,
		       struct ms_h248_command *command, bool first, size_t envelope)
{
	size_t size;
	int err = size_of(c, of, command, &size);

	size += envelope;
	if (!err && size > c->most)
		return -EMSGSIZE; /* a command cannot be cut */
	if (!err && c->size + size > c->most && c->size > 0)
		err = close_piece(c, false);
	if (!err && (!c->last || first))
		err = open_action(c, of, first);
	if (err)
		return err;
	c->size += size;
	*c->tail = command;
	c->tail = &command->next;
	return 0;
}

static int put_bare_action(struct cut *c, const struct ms_h248_action *action, size_t size)
{
	int err = 0;

	if (size > c->most)
		return -EMSGSIZE;
	if (c->size + size > c->most && c->size > 0)
		err = close_piece(c, false);
	if (!err)
		err = open_action(c, action, true);
	c->size += size;
	return err;
}

static int put_action(struct cut *c, const struct ms_h248_action *action)
{
	struct ms_h248_command *next;
	bool first = true;
	size_t envelope;
	int err = size_of(c, action, NULL, &envelope);

	if (!err && !action->commands)
		err = put_bare_action(c, action, envelope);
	for (struct ms_h248_command *k = action->commands; !err && k; k = next) {
		next = k->next;
		k->next = NULL;
		err = put_command(c, action, k, first, envelope);
		first = false;
	}
	if (!err)
		c->last->error = action->error;
	return err;
}

int ms_h248_segments_make(struct ms_h248_job *job, const struct ms_h248_transaction *reply,
			  size_t most, ms_usec now)
{
	struct cut c = { .job = job, .most = most };
	int err = 0;

	c.piece = (struct ms_h248_transaction){ .kind = MS_H248_REPLY, .id = job->id };
	c.at = &c.piece.actions;
	for (const struct ms_h248_action *a = reply->actions, *next; !err && a; a = next) {
		next = a->next;
		err = put_action(&c, a);
	}
	if (!err)
		err = close_piece(&c, true);
	if (err) {
		ms_h248_segments_free(job);
		job->size = 0;
		return err;
	}
	job->e->counts.replies_out++;
	send_more(job, now);
	return 0;
}

/* ---- receiving ---- */

static struct ms_h248_part *part_of(const struct ms_h248_waiting *w, uint16_t number)
{
	struct ms_list *link;

	ms_list_foreach (link, &w->parts) {
		struct ms_h248_part *p = MS_H248_OWNER(link, struct ms_h248_part, link);

		if (p->number == number)
			return p;
	}
	return NULL;
}

void ms_h248_parts_free(struct ms_h248_waiting *w)
{
	struct ms_h248_entity *e = w->a->e;

	while (!ms_list_empty(&w->parts)) {
		struct ms_h248_part *p = MS_H248_OWNER(w->parts.next, struct ms_h248_part, link);

		ms_list_remove(&p->link);
		w->a->part_octets -= ms_h248_pool_size(sizeof(*p) + p->len);
		ms_h248_pool_put(&e->pool, p, sizeof(*p) + p->len);
	}
}

/* Keeps the message; false: no room or memory, the peer will send it again. */
static bool keep_part(struct ms_h248_waiting *w, const struct ms_h248_transaction *t)
{
	struct ms_h248_entity *e = w->a->e;
	struct ms_span octets = e->received;
	size_t size = sizeof(struct ms_h248_part) + octets.len;
	struct ms_h248_part *p;

	if (w->a->part_octets + ms_h248_pool_size(size) > e->limits.segment_octets)
		return false;
	p = ms_h248_pool_get(&e->pool, size);
	if (!p)
		return false;
	*p = (struct ms_h248_part){ .number = t->segment,
				    .codec = e->received_codec,
				    .len = octets.len };
	memcpy(p->octets, octets.p, octets.len);
	ms_list_append(&w->parts, &p->link);
	w->a->part_octets += ms_h248_pool_size(size);
	w->n_parts++;
	if (t->segment_end)
		w->last_part = t->segment;
	return true;
}

/* Reads one segment again and appends its actions. */
static int join_part(struct ms_h248_waiting *w, const struct ms_h248_part *p,
		     struct ms_h248_action ***at)
{
	struct ms_h248_entity *e = w->a->e;
	struct ms_h248_refused refused;
	const struct ms_h248_message *m;
	const struct ms_h248_transaction *t;
	int err = p->codec->decode(ms_span_of(p->octets, p->len), &e->whole, &refused, &m);

	if (!err && e->registry)
		err = ms_h248_bind((struct ms_h248_message *)m, e->registry, MS_H248_BIND_TEXT,
				   &e->whole, NULL);
	if (err)
		return err == -ENOMEM ? -EMSGSIZE : err;
	for (t = m->transactions; t; t = t->next)
		if (t->kind == MS_H248_REPLY && t->id == w->id && t->segment == p->number)
			break;
	if (!t)
		return -EBADMSG;
	for (**at = t->actions; **at; *at = &(**at)->next)
		;
	return 0;
}

/* All segments are there: one reply out of them. */
static int join(struct ms_h248_waiting *w, struct ms_h248_transaction *ret_t)
{
	struct ms_h248_action **at = &ret_t->actions;
	int err = 0;

	*ret_t = (struct ms_h248_transaction){ .kind = MS_H248_REPLY,
					       .id = w->id,
					       .ack_required = w->pendings > 0 };
	for (uint16_t n = 1; !err && n <= w->last_part; n++) {
		const struct ms_h248_part *p = part_of(w, n);

		err = p ? join_part(w, p, &at) : -EBADMSG;
		if (n == UINT16_MAX)
			break;
	}
	return err;
}

int ms_h248_part_receive(struct ms_h248_waiting *w, const struct ms_h248_transaction *t,
			 struct ms_h248_transaction *ret_whole)
{
	if (!part_of(w, t->segment) && !keep_part(w, t))
		return -ENOBUFS;
	if (w->last_part == 0 || w->n_parts < w->last_part)
		return 0;
	return join(w, ret_whole) == 0 ? 1 : -EMSGSIZE;
}
