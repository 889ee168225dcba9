/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transaction from its first command to its reply: carried out on our own state at once, then by the
 * media plane where it has something to do, then answered.
 */
#include "core/alloc.h"
#include "h248/mg-priv.h"

#define UNUSED_MAX 16              /* jobs kept for their memory */
#define UNUSED_ARENA (64u * 1024u) /* larger ones are given back */

struct mg_job *ms_mg_job_new(struct ms_mg *g, void *cookie, ms_usec now)
{
	struct mg_job *j = NULL;
	struct ms_h248_arena arena;

	if (!ms_list_empty(&g->unused)) {
		j = (struct mg_job *)((char *)g->unused.next - offsetof(struct mg_job, link));
		ms_list_remove(&j->link);
		g->n_unused--;
		arena = j->arena;
	} else {
		j = ms_zalloc(sizeof(*j));
		if (!j)
			return NULL;
		ms_h248_arena_init(&arena, g->limits.tree);
	}
	*j = (struct mg_job){ .g = g, .cookie = cookie, .now = now, .arena = arena };
	j->token = ++g->next_token;
	return j;
}

static void let_go(struct mg_job *j)
{
	while (j->touched) {
		struct mg_context *c = j->touched;

		j->touched = c->touched;
		c->touched = NULL;
		c->job = NULL;
		/* RFC 3525 section 6.1.2: a context goes with its last termination */
		if (!c->n)
			ms_mg_context_free(j->g, c);
	}
	if (j->g->root_job == j)
		j->g->root_job = NULL;
}

void ms_mg_job_free(struct mg_job *j)
{
	struct ms_mg *g = j->g;

	if (j->link.next) {
		ms_list_remove(&j->link);
		g->n_jobs--;
	}
	let_go(j);
	if (g->n_unused >= UNUSED_MAX || j->arena.used > UNUSED_ARENA) {
		ms_h248_arena_done(&j->arena);
		ms_free(j);
		return;
	}
	ms_h248_arena_reset(&j->arena);
	ms_list_append(&g->unused, &j->link);
	g->n_unused++;
}

static void answer(struct mg_job *j)
{
	struct ms_mg *g = j->g;

	g->figures.transactions++;
	if (j->cookie)
		g->o.handlers.reply(g->o.handlers.arg, j->cookie, &j->reply);
	ms_mg_job_free(j);
}

/* All of it is undone and one error is the answer. */
static void fail(struct mg_job *j, unsigned code)
{
	static const struct mg_mark nothing;

	ms_mg_undo_to(j, &nothing);
	j->reply.actions = NULL;
	j->reply.error = ms_mg_error(j, code);
	j->g->figures.errors++;
	mg_count(j->g, "transaction_failed");
	answer(j);
}

static void add_up(struct ms_bearer_statistics *to, const struct ms_bearer_statistics *s)
{
	to->octets_in += s->octets_in;
	to->octets_out += s->octets_out;
	to->wire_in += s->wire_in;
	to->wire_out += s->wire_out;
	to->connections += s->connections;
	to->connections_failed += s->connections_failed;
	to->connections_dropped += s->connections_dropped;
	to->handshakes += s->handshakes;
	to->handshakes_failed += s->handshakes_failed;
}

static void put_statistics(struct mg_job *j, struct mg_fixup *f)
{
	*f->present = true;
	if (ms_h248_coding_put_statistics(&j->g->o.coding, &j->arena, &f->sum, f->mask, f->list))
		mg_count(j->g, "no_memory"); /* the reply goes without them */
}

static void finish(struct mg_job *j)
{
	for (size_t i = 0; i < j->n_ops; i++)
		if (j->from[i]->fixup)
			add_up(&j->from[i]->fixup->sum, &j->ops[i].statistics);
	for (struct mg_fixup *f = j->at.fixups; f; f = f->prev)
		put_statistics(j, f);
	ms_mg_commit(j);
	if (j->timing_set) {
		j->g->timing = j->timing;
		if (j->g->o.handlers.timing)
			j->g->o.handlers.timing(j->g->o.handlers.arg, j->g->controller, &j->timing);
	}
	if (j->root_method)
		ms_mg_root_changed(j->g, j->root_method, j->root_delay, j->now);
	answer(j);
}

static unsigned hand_over(struct mg_job *j)
{
	struct ms_mg *g = j->g;
	unsigned code = (unsigned)g->o.plane.submit(g->o.plane.arg, j->token, j->ops, j->n_ops);

	if (!code) {
		ms_list_append(&g->jobs, &j->link);
		g->n_jobs++;
	}
	return code;
}

void ms_mg_job_submit(struct mg_job *j)
{
	unsigned code = j->broken ? 510 : ms_mg_ops_pair(j);

	if (!code)
		code = ms_mg_ops_order(j);
	if (!code && !j->n_ops) {
		finish(j);
		return;
	}
	if (!code && j->g->n_jobs >= j->g->limits.jobs)
		code = 511;
	if (!code)
		code = hand_over(j);
	if (code) {
		ms_mg_ops_unpair(j);
		fail(j, code);
	}
}

static unsigned first_error(const struct mg_job *j)
{
	for (size_t i = 0; i < j->n_ops; i++)
		if (j->ops[i].verb <= MS_PLANE_PAIR && j->ops[i].error)
			return j->ops[i].error;
	return 0;
}

static void undo_at_plane(struct mg_job *j, unsigned code)
{
	ms_list_remove(&j->link);
	j->link = (struct ms_list){ 0 };
	j->g->n_jobs--;
	j->undoing = true;
	j->code = (uint16_t)code;
	bool more = ms_mg_ops_reverse(j);
	ms_mg_ops_unpair(j);
	if (!more || hand_over(j))
		fail(j, code);
}

void ms_mg_applied(struct ms_mg *g, uint64_t token, ms_usec now)
{
	struct ms_list *l;
	struct mg_job *j = NULL;

	ms_list_foreach (l, &g->jobs) {
		j = (struct mg_job *)((char *)l - offsetof(struct mg_job, link));
		if (j->token == token)
			break;
		j = NULL;
	}
	if (!j)
		return;
	j->now = now;
	unsigned code = j->undoing ? 0 : first_error(j);
	if (j->undoing)
		fail(j, j->code);
	else if (code)
		undo_at_plane(j, code);
	else
		finish(j);
	ms_mg_embedded_run(g, now);
}
