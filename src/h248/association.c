/* SPDX-License-Identifier: Apache-2.0 */
/* Entities and their control associations: beginning, finding, ending. */
#include "h248/association.h"

#include <errno.h>

#include "core/alloc.h"
#include "h248/association-priv.h"

const struct ms_h248_root_timing ms_h248_root_timing_default = {
	.execution = 500 * MS_MSEC,
	.provisional = 2 * MS_SEC,
	.pendings_out = 20,
	.pendings_in = 20,
};

/* ---- paths ---- */

bool ms_h248_same_host(const struct ms_h248_path *a, const struct ms_h248_path *b)
{
	return a->family == b->family && memcmp(a->host, b->host, sizeof(a->host)) == 0;
}

bool ms_h248_same_path(const struct ms_h248_path *a, const struct ms_h248_path *b)
{
	return a->transport == b->transport && a->port == b->port && a->channel == b->channel &&
	       a->codec == b->codec && ms_h248_same_host(a, b);
}

/* ---- message identifiers ---- */

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* A peer is its message identifier and its host: "detect duplicate transactions by looking at the
 * transaction identifier and mId" (annex D.1.2.1); the host so that nobody elsewhere takes its place.
 * 0 if the mid is none or too long. */
static size_t make_key(const struct ms_h248_mid *mid, const struct ms_h248_path *path,
		       uint8_t key[static MS_H248_MID_KEY_MAX])
{
	struct ms_span name = mid->name;
	uint8_t *p = key;

	if (mid->kind == MS_H248_MID_NONE || name.len > 255)
		return 0;
	*p++ = (uint8_t)mid->kind;
	*p++ = (uint8_t)(mid->port >> 8);
	*p++ = (uint8_t)mid->port;
	*p++ = path->family;
	memcpy(p, path->host, path->family == 4 ? 4 : 16);
	p += path->family == 4 ? 4 : 16;
	if (mid->kind == MS_H248_MID_IPV4 || mid->kind == MS_H248_MID_IPV6)
		name = ms_span_of(mid->address, mid->kind == MS_H248_MID_IPV4 ? 4 : 16);
	for (size_t i = 0; i < name.len; i++)
		*p++ = mid->kind == MS_H248_MID_DOMAIN ? lower(name.p[i]) : name.p[i];
	return (size_t)(p - key);
}

/* The mid with its name in the key, where it is kept. */
static void keep_mid(struct ms_h248_association *a, const struct ms_h248_mid *mid)
{
	a->mid = *mid;
	if (mid->kind == MS_H248_MID_IPV4 || mid->kind == MS_H248_MID_IPV6)
		a->mid.name = MS_SPAN_NULL;
	else
		a->mid.name = ms_span_of(a->key + a->key_len - mid->name.len, mid->name.len);
}

/* ---- associations ---- */

static struct ms_h248_association *association_new(struct ms_h248_entity *e,
						   const struct ms_h248_path *path)
{
	struct ms_h248_association *a = ms_zalloc(sizeof(*a));

	if (!a)
		return NULL;
	a->e = e;
	a->number = ++e->next_number;
	a->path = *path;
	a->version = 1;
	a->timing = ms_h248_root_timing_default;
	ms_list_init(&a->waiting);
	ms_list_init(&a->jobs);
	ms_list_init(&a->replies);
	ms_list_init(&a->bare);
	ms_h248_idset_init(&a->executed[0], e->limits.intervals);
	ms_h248_idset_init(&a->executed[1], e->limits.intervals);
	ms_h248_idset_init(&a->acks, MS_H248_ACK_RUNS);
	a->ack_timer.kind = MS_H248_TIMER_ACK;
	ms_buf_init(&a->out.body, e->limits.message);
	ms_list_append(&e->associations, &a->all);
	e->counts.associations++;
	e->n_unnamed++;
	return a;
}

static void association_free(struct ms_h248_association *a)
{
	ms_list_remove(&a->all);
	ms_h248_idset_done(&a->executed[0]);
	ms_h248_idset_done(&a->executed[1]);
	ms_h248_idset_done(&a->acks);
	ms_buf_done(&a->out.body);
	ms_free(a);
}

/* Jobs outlive their association: the user still replies to them. */
static void orphan_jobs(struct ms_h248_association *a)
{
	struct ms_list *link, *tmp;

	ms_list_foreach_safe (link, tmp, &a->jobs) {
		struct ms_h248_job *job = MS_H248_OWNER(link, struct ms_h248_job, all);

		ms_list_remove(&job->all);
		ms_list_append(&a->e->orphans, &job->all);
		ms_h248_idmap_take(&a->e->jobs, &job->link);
		ms_h248_wheel_stop(&a->e->wheel, &job->timer);
		job->a = NULL;
	}
	a->n_jobs = 0;
}

static void detach(struct ms_h248_association *a)
{
	struct ms_h248_entity *e = a->e;

	if (a->key_len > 0)
		ms_hash_take(e->by_mid, ms_span_of(a->key, a->key_len));
	else
		e->n_unnamed--;
	if (e->last == a)
		e->last = NULL;
	orphan_jobs(a);
	ms_h248_replies_drop(a);
	ms_h248_wheel_stop(&e->wheel, &a->ack_timer);
	if (a->out.listed)
		ms_list_remove(&a->out.link);
	a->out.listed = false;
	ms_list_remove(&a->all);
	ms_list_append(&e->ended, &a->all);
	e->counts.associations--;
}

/* No handler is called: the user never saw it, or is told by its caller. */
static void end_quietly(struct ms_h248_association *a)
{
	ms_h248_entity_enter(a->e);
	a->ended = true;
	detach(a);
	ms_h248_entity_leave(a->e);
}

void ms_h248_association_end(struct ms_h248_association *a, ms_usec now)
{
	struct ms_h248_entity *e = a->e;

	(void)now;
	if (a->ended)
		return;
	ms_h248_entity_enter(e);
	a->ended = true;
	ms_h248_ack_send(a);
	ms_h248_gather_flush(a);
	while (!ms_list_empty(&a->waiting))
		ms_h248_waiting_fail(MS_H248_OWNER(a->waiting.next, struct ms_h248_waiting, all),
				     -ECONNRESET);
	detach(a);
	if (e->handlers.ended)
		e->handlers.ended(a, e->arg);
	ms_h248_entity_leave(e);
}

void ms_h248_entity_enter(struct ms_h248_entity *e)
{
	e->inside++;
}

void ms_h248_entity_leave(struct ms_h248_entity *e)
{
	if (--e->inside > 0)
		return;
	while (!ms_list_empty(&e->ended))
		association_free(MS_H248_OWNER(e->ended.next, struct ms_h248_association, all));
}

/* ---- finding ---- */

/* One of ours towards that host that has not heard its peer yet; with the port, if there are several. */
static struct ms_h248_association *unnamed(const struct ms_h248_entity *e,
					   const struct ms_h248_path *path)
{
	struct ms_h248_association *found = NULL;
	struct ms_list *link;

	ms_list_foreach (link, &e->associations) {
		struct ms_h248_association *a =
			MS_H248_OWNER(link, struct ms_h248_association, all);

		if (a->key_len > 0 || !ms_h248_same_host(&a->path, path))
			continue;
		if (a->path.port == path->port && a->path.transport == path->transport)
			return a;
		if (!found)
			found = a;
	}
	return found;
}

int ms_h248_associate(struct ms_h248_entity *e, const struct ms_h248_path *to, void *user,
		      struct ms_h248_association **ret_a)
{
	struct ms_h248_association *a = unnamed(e, to);

	if (a && a->path.port == to->port && a->path.transport == to->transport)
		return -EEXIST;
	if (e->counts.associations >= e->limits.associations)
		return -ENOSPC;
	a = association_new(e, to);
	if (!a)
		return -ENOMEM;
	a->user = user;
	*ret_a = a;
	return 0;
}

static int name_it(struct ms_h248_association *a, const struct ms_h248_mid *mid, struct ms_span key)
{
	int err = ms_hash_put(a->e->by_mid, key, a);

	if (err)
		return err;
	memcpy(a->key, key.p, key.len);
	a->key_len = key.len;
	a->e->n_unnamed--;
	keep_mid(a, mid);
	return 0;
}

/* A peer that nobody knows: the user says whether it is to be. */
static struct ms_h248_association *admit(struct ms_h248_entity *e, const struct ms_h248_path *from,
					 const struct ms_h248_message *m, struct ms_span key,
					 ms_usec now)
{
	struct ms_h248_association *a;

	if (!e->handlers.admit || e->counts.associations >= e->limits.associations)
		return NULL;
	a = association_new(e, from);
	if (!a)
		return NULL;
	a->turned = a->heard = now;
	if (name_it(a, &m->mid, key) != 0 || !e->handlers.admit(a, m, e->arg)) {
		if (!a->ended)
			end_quietly(a);
		return NULL;
	}
	return a->ended ? NULL : a;
}

struct ms_h248_association *ms_h248_association_of(struct ms_h248_entity *e,
						   const struct ms_h248_path *from,
						   const struct ms_h248_message *m, ms_usec now)
{
	uint8_t octets[MS_H248_MID_KEY_MAX];
	struct ms_span key = ms_span_of(octets, make_key(&m->mid, from, octets));
	struct ms_h248_association *a = e->last;

	if (key.len == 0)
		return NULL;
	if (a && ms_span_eq(key, ms_span_of(a->key, a->key_len)))
		return a;
	a = ms_hash_get(e->by_mid, key);
	if (!a && e->n_unnamed > 0) {
		a = unnamed(e, from);
		if (a && name_it(a, &m->mid, key) != 0)
			return NULL;
	}
	if (!a)
		a = admit(e, from, m, key, now);
	e->last = a;
	return a;
}

/* ---- what the user asks and sets ---- */

void ms_h248_association_set_path(struct ms_h248_association *a, const struct ms_h248_path *to,
				  ms_usec now)
{
	a->path = *to;
	a->aad = a->adev = a->held = 0; /* another way, other delays */
	ms_h248_waiting_resend(a, now);
}

const struct ms_h248_path *ms_h248_association_path(const struct ms_h248_association *a)
{
	return &a->path;
}

void ms_h248_association_set_version(struct ms_h248_association *a, unsigned version)
{
	a->version = version;
}

void ms_h248_association_set_timing(struct ms_h248_association *a,
				    const struct ms_h248_root_timing *timing)
{
	a->timing = *timing;
}

void ms_h248_association_forget(struct ms_h248_association *a)
{
	ms_h248_replies_drop(a);
}

void ms_h248_association_set_user(struct ms_h248_association *a, void *user)
{
	a->user = user;
}

void *ms_h248_association_user(const struct ms_h248_association *a)
{
	return a->user;
}

size_t ms_h248_association_waiting(const struct ms_h248_association *a)
{
	return a->n_waiting;
}
