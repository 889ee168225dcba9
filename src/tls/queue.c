/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Octets that wait for the reader or for the transport. They lie on the desk, which all sessions of a
 * thread share, or, when the desk is wanted by another session, is full or does not exist, in memory
 * of the session. All octets of one session and way are in one place, so their order is kept.
 */
#include <errno.h>

#include "core/alloc.h"
#include "tls/tls-priv.h"

/* Room in the output queue for one more write at output_max: a record, an alert, or a flight. */
#define OUTPUT_SLACK (2 * (MS_TLS_RECORD + 512))

/* Records are opened where their text will lie: around it they are a little longer. */
#define DESK_SLACK 512

int ms_tls_desk_new(size_t plain, size_t output, struct ms_tls_desk **ret_desk)
{
	struct ms_tls_desk *desk;

	if (plain < MS_TLS_RECORD || output < MS_TLS_RECORD)
		return -EINVAL;
	desk = ms_zalloc(sizeof(*desk));
	if (!desk)
		return -ENOMEM;
	plain += DESK_SLACK;
	desk->area[MS_TLS_PLAIN] = (struct ms_tls_area){ ms_zalloc(plain), plain, 0, 0, NULL };
	desk->area[MS_TLS_OUT] = (struct ms_tls_area){ ms_zalloc(output), output, 0, 0, NULL };
	if (!desk->area[MS_TLS_PLAIN].p || !desk->area[MS_TLS_OUT].p) {
		ms_tls_desk_free(desk);
		return -ENOMEM;
	}
	*ret_desk = desk;
	return 0;
}

struct ms_tls_desk *ms_tls_desk_free(struct ms_tls_desk *desk)
{
	for (int way = 0; desk && way < MS_TLS_WAYS; way++) {
		if (desk->area[way].p)
			ms_wipe(desk->area[way].p, desk->area[way].size);
		ms_free(desk->area[way].p);
	}
	return ms_free(desk);
}

static struct ms_tls_area *area_of(const struct ms_tls *t, enum ms_tls_way way)
{
	struct ms_tls_desk *desk = t->ctx->config.desk;

	return desk ? &desk->area[way] : NULL;
}

static void area_clear(struct ms_tls_area *a)
{
	a->owner = NULL;
	a->len = a->off = 0;
}

/* The most that ever lies in memory of a session. Twice: as much as waits may already have been taken
 * and lie in front of it. And a record is opened where its text will lie. */
static size_t queue_max(const struct ms_tls *t, enum ms_tls_way way)
{
	const struct ms_tls_config *c = &t->ctx->config;

	if (way == MS_TLS_PLAIN)
		return 2 * c->plain_max + MS_TLS_RECORD + DESK_SLACK;
	return 2 * (c->output_max + OUTPUT_SLACK);
}

static struct ms_tls_queue *queue_new(struct ms_tls *t, enum ms_tls_way way)
{
	struct ms_tls_queue *q = ms_zalloc(sizeof(*q));

	if (!q)
		return NULL;
	if (way == MS_TLS_PLAIN)
		ms_buf_init_secret(&q->b, queue_max(t, way));
	else
		ms_buf_init(&q->b, queue_max(t, way));
	t->own[way] = q;
	return q;
}

static void queue_free(struct ms_tls *t, enum ms_tls_way way)
{
	if (t->own[way])
		ms_buf_done(&t->own[way]->b);
	t->own[way] = ms_free(t->own[way]);
}

/* Moves what waits to the front once more lies in front of it than waits: each octet moves at most
 * once on average. */
static void queue_tidy(struct ms_tls_queue *q)
{
	if (q->off > 0 && q->off >= q->b.len - q->off) {
		ms_buf_consume(&q->b, q->off);
		q->off = 0;
	}
}

/* What waits on the desk moves to memory of its session, so that the desk is free. */
static int spill(struct ms_tls_area *a, enum ms_tls_way way)
{
	struct ms_tls *t = a->owner;
	struct ms_tls_queue *q = queue_new(t, way);

	if (q)
		ms_buf_put(&q->b, a->p + a->off, a->len - a->off);
	area_clear(a);
	if (q && ms_buf_status(&q->b) == 0)
		return 0;
	t->no_memory = true;
	ms_tls_fail(t, 0, "tls_no_memory");
	return -ENOMEM;
}

struct ms_span ms_tls_waiting(const struct ms_tls *t, enum ms_tls_way way)
{
	const struct ms_tls_queue *q = t->own[way];
	const struct ms_tls_area *a = area_of(t, way);

	if (q)
		return ms_span_from(ms_buf_span(&q->b), q->off);
	if (a && a->owner == t)
		return ms_span_of(a->p + a->off, a->len - a->off);
	return MS_SPAN_NULL;
}

void ms_tls_take(struct ms_tls *t, enum ms_tls_way way, size_t n)
{
	struct ms_tls_queue *q = t->own[way];
	struct ms_tls_area *a = area_of(t, way);
	size_t left = ms_tls_waiting(t, way).len;

	n = n < left ? n : left;
	if (q) {
		q->off += n;
		if (n == left && a) {
			queue_free(t, way);
		} else if (n == left) {
			q->off = 0;
			ms_buf_reset(&q->b);
		}
	} else if (left > 0) {
		a->off += n;
		if (n == left)
			area_clear(a);
	}
}

/* Room on the desk; NULL if there is none for this session. */
static uint8_t *desk_room(struct ms_tls *t, enum ms_tls_way way, size_t least, size_t want,
			  size_t *ret_n)
{
	struct ms_tls_area *a = area_of(t, way);

	if (!a || t->own[way])
		return NULL;
	if (a->owner && a->owner != t && spill(a, way) < 0)
		area_clear(a);
	if (a->size - a->len < least) {
		if (a->owner && spill(a, way) < 0)
			t->no_memory = true;
		return NULL;
	}
	*ret_n = want < a->size - a->len ? want : a->size - a->len;
	return a->p + a->len;
}

uint8_t *ms_tls_room(struct ms_tls *t, enum ms_tls_way way, size_t least, size_t want,
		     size_t *ret_n)
{
	uint8_t *p = desk_room(t, way, least, want, ret_n);
	struct ms_tls_queue *q;
	size_t len;

	if (p || t->no_memory)
		return p;
	q = t->own[way] ? t->own[way] : queue_new(t, way);
	if (q) {
		queue_tidy(q);
		len = q->b.len;
		if (want > q->b.max - len)
			want = q->b.max - len;
		p = want >= least ? ms_buf_extend(&q->b, want) : NULL;
		ms_buf_truncate(&q->b, len);
	}
	*ret_n = want;
	t->no_memory = !p;
	return p;
}

void ms_tls_put(struct ms_tls *t, enum ms_tls_way way, size_t n)
{
	struct ms_tls_queue *q = t->own[way];
	struct ms_tls_area *a = area_of(t, way);

	if (q) {
		q->b.len += n; /* room for it was made by ms_tls_room() */
	} else if (n > 0) {
		a->owner = t;
		a->len += n;
	}
	if (q && a && ms_tls_waiting(t, way).len == 0)
		queue_free(t, way);
}

void ms_tls_queues_done(struct ms_tls *t)
{
	for (int way = 0; way < MS_TLS_WAYS; way++) {
		struct ms_tls_area *a = area_of(t, (enum ms_tls_way)way);

		queue_free(t, (enum ms_tls_way)way);
		if (a && a->owner == t)
			area_clear(a);
	}
}
