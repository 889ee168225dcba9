/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that wait until their context is free, and the end of a round: they are tried again, the load
 * is taken and the engine's timer set.
 */
#include <errno.h>

#include "core/alloc.h"
#include "h248/text.h"
#include "mgw/control.h"

/* Requests that wait for their context to be free. */
#define WAITING_MAX 10000

/* Of these so many that are still busy end a round of trying. */
#define TRIES_MAX 64

/* ---- requests that wait for a busy context ---- */

static struct ms_mgw_waiting *waiting_free(struct ms_mgw_control *c, struct ms_mgw_waiting *w)
{
	ms_list_remove(&w->link);
	ms_buf_done(&w->octets);
	ms_free(w);
	c->n_waiting--;
	return NULL;
}

void ms_mgw_control_refuse(struct ms_h248_job *job, uint16_t code, const char *text)
{
	const struct ms_h248_error e = { .code = code, .text = ms_span_str(text) };
	const struct ms_h248_transaction t = { .kind = MS_H248_REPLY,
					       .error = (struct ms_h248_error *)&e };

	(void)!ms_h248_job_reply(job, &t, ms_loop_now());
}

void ms_mgw_control_wait(struct ms_mgw_control *c, unsigned controller, struct ms_h248_job *job,
			 const struct ms_h248_transaction *t)
{
	static const struct ms_h248_mid mid = { .kind = MS_H248_MID_DEVICE,
						.name = { (const uint8_t *)"w/w", 3 } };
	struct ms_h248_transaction one = *t;
	const struct ms_h248_message m = { .version = 3, .mid = mid, .transactions = &one };
	struct ms_mgw_waiting *w = c->n_waiting < WAITING_MAX ? ms_zalloc(sizeof(*w)) : NULL;

	if (!w) {
		ms_mgw_control_refuse(job, 511, "Too much waits for this context");
		return;
	}
	one.next = NULL;
	w->job = job;
	w->controller = controller;
	ms_buf_init_secret(&w->octets, c->config->h248.message_max + 1024);
	ms_list_append(&c->waiting, &w->link);
	c->n_waiting++;
	ms_h248_codec_compact.put_message(&w->octets, &m, MS_SPAN_NULL);
	if (ms_buf_status(&w->octets)) {
		waiting_free(c, w);
		ms_mgw_control_refuse(job, 500, "Out of memory");
	}
}

/* Returns whether it is still waiting. */
static bool try_again(struct ms_mgw_control *c, struct ms_mgw_waiting *w)
{
	struct ms_h248_arena arena;
	struct ms_h248_refused refused;
	const struct ms_h248_message *m;

	ms_h248_arena_init(&arena, 0);
	int err = ms_h248_codec_compact.decode(ms_buf_span(&w->octets), &arena, &refused, &m);
	if (err == 0)
		err = ms_h248_bind_transaction(m->transactions, &c->registry, MS_H248_BIND_TEXT,
					       &arena, NULL);
	if (err == 0)
		err = ms_mg_request(c->mg, w->controller, w->job, m->transactions, ms_loop_now());
	ms_h248_arena_done(&arena);
	if (err && err != -EAGAIN)
		ms_mgw_control_refuse(w->job, 500, "Out of memory");
	return err == -EAGAIN;
}

/* In order, and none overtakes another of its controller: a later one may build on an earlier one. */
static void try_waiting(struct ms_mgw_control *c)
{
	struct ms_list *link, *tmp;
	unsigned busy = 0;

	ms_list_foreach_safe (link, tmp, &c->waiting) {
		struct ms_mgw_waiting *w = MS_CONTAINER_OF(link, struct ms_mgw_waiting, link);

		if (!try_again(c, w))
			waiting_free(c, w);
		else if (++busy >= TRIES_MAX)
			break; /* a flood for one context costs the others no more than this */
	}
}

/* ---- the end of a round ---- */

static unsigned share(uint64_t used, uint64_t of)
{
	return of ? (unsigned)(used * 100 / of) : 0;
}

/* H.248.10 and H.248.11 go by the scarcest of what calls need. */
static void take_load(struct ms_mgw_control *c, ms_usec now)
{
	struct ms_mg_figures f;
	unsigned load = ms_mgw_plane_load(c->plane);

	if (now - c->load_at < MS_SEC)
		return;
	c->load_at = now;
	ms_mg_figures(c->mg, &f);
	const unsigned others[] = { share(f.contexts, c->config->h248.contexts),
				    share(f.jobs, c->config->h248.jobs),
				    share(c->n_waiting, WAITING_MAX) };
	for (size_t i = 0; i < MS_ARRAY_SIZE(others); i++)
		load = others[i] > load ? others[i] : load;
	ms_mg_load(c->mg, load, now);
}

static void settle(void *arg)
{
	struct ms_mgw_control *c = arg;

	try_waiting(c);
	take_load(c, ms_loop_now());
	ms_usec at = ms_mg_deadline(c->mg), now = ms_loop_now();
	if (at == MS_NEVER)
		ms_timer_stop(&c->tick);
	else
		ms_timer_start(&c->tick, at > now ? at - now : 0);
}

/* Who registers is asked for contexts at once: first the workers must stand. */
#define WORKERS_AGAIN (20 * MS_MSEC)

static void tick(void *arg)
{
	struct ms_mgw_control *c = arg;

	if (ms_mg_state(c->mg) == MS_MG_WAITING && !ms_mgw_plane_ready(c->plane)) {
		ms_timer_start(&c->tick, WORKERS_AGAIN);
		return;
	}
	ms_mg_tick(c->mg, ms_loop_now());
	ms_mgw_control_touched(c);
}

void ms_mgw_control_touched(struct ms_mgw_control *c)
{
	ms_defer_call(&c->settle);
}

/* ---- start and end ---- */

void ms_mgw_control_rounds(struct ms_mgw_control *c)
{
	ms_list_init(&c->waiting);
	ms_defer_init(&c->settle, settle, c);
	ms_timer_init(&c->tick, "control.tick", tick, c);
}

void ms_mgw_control_rounds_end(struct ms_mgw_control *c)
{
	ms_timer_stop(&c->tick);
	ms_defer_cancel(&c->settle);
	while (c->n_waiting > 0)
		waiting_free(c, MS_CONTAINER_OF(c->waiting.next, struct ms_mgw_waiting, link));
}
