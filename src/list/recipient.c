/* SPDX-License-Identifier: Apache-2.0 */
/* One recipient: what an answer means, who is away, and when it is tried again. */
#include <errno.h>

#include "core/alloc.h"
#include "list/delivery-priv.h"

/* What a final answer to MESSAGE says (RFC 3428 section 5, RFC 3261 section 21). */
enum meaning {
	REFUSED,   /* and will be again */
	TRANSIENT, /* worth another attempt, in the end failed */
	SILENT,    /* worth another attempt, in the end taken for away */
	AWAY,
};

static const struct {
	uint16_t status;
	enum meaning meaning;
} meanings[] = {
	{ 404, AWAY }, /* what registrars say of one who is not registered */
	{ 408, SILENT },    { 410, AWAY },      { 430, AWAY }, /* RFC 5626: his connection has gone */
	{ 480, AWAY },      { 486, TRANSIENT }, { 491, TRANSIENT }, { 500, TRANSIENT },
	{ 502, TRANSIENT }, { 503, TRANSIENT }, { 504, SILENT },    { 580, TRANSIENT },
};

/* How a client refuses an object it has had: 493 (RFC 3261 section 21.4.28). */
#define STATUS_UNDECIPHERABLE 493

static enum meaning meaning_of(unsigned status)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(meanings); i++)
		if (meanings[i].status == status)
			return meanings[i].meaning;
	return status >= 500 && status < 600 ? TRANSIENT : REFUSED;
}

/* ---- members who are away ---- */

static struct ms_lists_member *member_of(struct ms_lists_delivery *d, struct ms_span uri)
{
	struct ms_lists_member *m = ms_hash_get(d->members, uri);

	if (m)
		return m;
	m = ms_zalloc(sizeof(*m));
	if (!m)
		return NULL;
	ms_list_init(&m->away);
	m->uri = ms_strdup_span(uri);
	if (!m->uri || ms_hash_put(d->members, uri, m) < 0) {
		ms_free(m->uri);
		return ms_free(m);
	}
	return m;
}

static void member_check(struct ms_lists_delivery *d, struct ms_lists_member *m)
{
	if (m->messages > 0)
		return;
	(void)ms_hash_take(d->members, ms_span_str(m->uri));
	ms_free(m->uri);
	ms_free(m);
}

void ms_lists_member_leave(struct ms_lists_delivery *d, struct ms_lists_recipient *r)
{
	struct ms_lists_member *m = r->member;

	if (!m)
		return;
	r->member = NULL;
	ms_list_remove(&r->away);
	m->messages--;
	m->octets -= r->job->octets;
	r->job->away--;
	d->state.away--;
	member_check(d, m);
}

static bool has_room(const struct ms_lists_delivery *d, const struct ms_lists_member *m,
		     size_t octets)
{
	return m->messages < d->limits.member_messages && m->octets <= d->limits.member_octets &&
	       octets <= d->limits.member_octets - m->octets;
}

static void pause(struct ms_lists_delivery *d, struct ms_lists_recipient *r, size_t i, ms_usec now)
{
	r->due = ms_usec_add(now, d->pause[i].length);
	ms_list_append(&d->pause[i].list, &r->link);
}

void ms_lists_recipient_away(struct ms_lists_delivery *d, struct ms_lists_recipient *r, ms_usec now)
{
	struct ms_lists_member *m = member_of(d, r->uri);

	if (!m || !has_room(d, m, r->job->octets)) {
		if (m)
			member_check(d, m);
		ms_lists_recipient_settle(d, r, MS_LISTS_FAILED);
		return;
	}
	ms_list_remove(&r->link);
	d->state.waiting--;
	r->outcome = MS_LISTS_AWAY;
	r->attempts = 0;
	r->member = m;
	ms_list_append(&m->away, &r->away);
	m->messages++;
	m->octets += r->job->octets;
	r->job->away++;
	d->state.away++;
	if (d->limits.away_retry > 0)
		pause(d, r, MS_LISTS_PAUSES, now);
	d->handlers.outcome(r, d->handlers.arg);
}

void ms_lists_recipient_ready(struct ms_lists_delivery *d, struct ms_lists_recipient *r)
{
	ms_list_remove(&r->link);
	if (r->member) {
		ms_lists_member_leave(d, r);
		r->outcome = MS_LISTS_WAITING;
		d->state.waiting++;
	}
	ms_list_append(&d->ready, &r->link);
}

size_t ms_lists_delivery_registered(struct ms_lists_delivery *d, struct ms_span uri)
{
	struct ms_lists_member *m = ms_hash_get(d->members, uri);
	size_t n = m ? m->messages : 0;

	/* The member goes with the last of his messages. */
	for (size_t i = 0; i < n; i++)
		ms_lists_recipient_ready(
			d, MS_CONTAINER_OF(m->away.next, struct ms_lists_recipient, away));
	return n;
}

/* ---- outcomes ---- */

void ms_lists_job_check(struct ms_lists_delivery *d, struct ms_lists_job *j)
{
	if (j->open > 0)
		return;
	d->handlers.finished(j, d->handlers.arg);
	ms_lists_job_free(d, j);
}

static void count(struct ms_lists_delivery *d, enum ms_lists_outcome o)
{
	if (o == MS_LISTS_DELIVERED)
		d->state.delivered++;
	else if (o == MS_LISTS_FAILED)
		d->state.failed++;
	else
		d->state.expired++;
}

void ms_lists_recipient_settle(struct ms_lists_delivery *d, struct ms_lists_recipient *r,
			       enum ms_lists_outcome o)
{
	ms_list_remove(&r->link);
	if (r->member)
		ms_lists_member_leave(d, r);
	else
		d->state.waiting--;
	r->outcome = (uint8_t)o;
	r->job->open--;
	count(d, o);
	d->handlers.outcome(r, d->handlers.arg);
}

/* The pause after this attempt, or a longer one if the answer asked for it (RFC 3261 section 20.33). */
static size_t pause_for(const struct ms_lists_delivery *d, unsigned attempts, unsigned retry_after)
{
	size_t i = attempts - 1;

	while (i + 1 < MS_LISTS_PAUSES && d->pause[i].length < (ms_usec)retry_after * MS_SEC)
		i++;
	return i;
}

static void try_again(struct ms_lists_delivery *d, struct ms_lists_recipient *r, enum meaning why,
		      unsigned retry_after, ms_usec now)
{
	if (r->attempts < d->limits.attempts)
		pause(d, r, pause_for(d, r->attempts, retry_after), now);
	else if (why == SILENT)
		ms_lists_recipient_away(d, r, now);
	else
		ms_lists_recipient_settle(d, r, MS_LISTS_FAILED);
}

/* He refuses it as one he has had: then the answer to that one was lost, or we were killed. */
static bool had_before(const struct ms_lists_recipient *r, unsigned status)
{
	return r->repeat && status == STATUS_UNDECIPHERABLE;
}

/* The core is away or reads slowly: the same pauses, but no end to them before the job's. */
static void wait_for_network(struct ms_lists_delivery *d, struct ms_lists_recipient *r, ms_usec now)
{
	r->attempts--;
	r->unsent += r->unsent < MS_LISTS_PAUSES;
	r->repeat = true; /* a part may have left, perhaps all */
	pause(d, r, r->unsent - 1u, now);
}

void ms_lists_recipient_back(struct ms_lists_delivery *d, struct ms_lists_recipient *r)
{
	r->under_way = false;
	r->job->under_way--;
	d->state.under_way--;
	d->state.under_way_octets -= r->job->octets + MS_LISTS_HEAD;
}

void ms_lists_delivery_answer(struct ms_lists_delivery *d, struct ms_lists_recipient *r,
			      unsigned status, unsigned retry_after, ms_usec now)
{
	enum meaning why = meaning_of(status);
	struct ms_lists_job *j = r->job;

	ms_lists_recipient_back(d, r);
	r->status = (uint16_t)status;
	if (status != 0)
		r->unsent = 0;
	if (status >= 200 && status < 300) {
		ms_lists_recipient_settle(d, r, MS_LISTS_DELIVERED);
	} else if (had_before(r, status)) {
		d->state.repeated++;
		ms_lists_recipient_settle(d, r, MS_LISTS_DELIVERED);
	} else if (status != 0 && why == REFUSED) {
		ms_lists_recipient_settle(d, r, MS_LISTS_FAILED);
	} else if (j->expires <= now) {
		ms_lists_recipient_settle(d, r, MS_LISTS_EXPIRED);
	} else if (status == 0) {
		wait_for_network(d, r, now);
	} else if (why == AWAY) {
		ms_lists_recipient_away(d, r, now);
	} else {
		r->repeat = r->repeat || why == SILENT || status == 503;
		try_again(d, r, why, retry_after, now);
	}
	ms_lists_job_check(d, j);
}
