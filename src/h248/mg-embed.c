/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Embedded descriptors (RFC 3525 section 7.1.9): Signals and Events that take effect when an event is
 * recognized. They are checked when the event is armed, kept as the text of a Modify, and carried out
 * as a transaction of our own. While the context is being worked on by a transaction of the controller
 * they wait; when its Events descriptor is another one by then, they are forgotten.
 */
#include <errno.h>

#include "core/alloc.h"
#include "h248/mg-priv.h"
#include "h248/text.h"

#define TEXT_MAX 8192

struct mg_embedded {
	size_t len;
	uint8_t text[];
};

/* One that is to be carried out. */
struct activation {
	struct ms_list link;
	uint32_t number; /* of the termination, 0: ROOT */
	uint32_t serial; /* of the Events descriptor that it stood in */
	struct mg_embedded *what;
};

/* ---- keeping ---- */

void ms_mg_events_free(struct mg_events *e)
{
	for (unsigned i = 0; e && i < e->n; i++)
		ms_free(e->list[i].then);
	ms_free(e);
}

static struct mg_embedded *kept(struct ms_span text)
{
	struct mg_embedded *ret = ms_zalloc(sizeof(*ret) + text.len);

	if (!ret)
		return NULL;
	ret->len = text.len;
	memcpy(ret->text, text.p, text.len);
	return ret;
}

static unsigned keep(const struct ms_h248_event *e, struct mg_embedded **ret)
{
	struct ms_h248_termination id = { .kind = MS_H248_TERMINATION_ROOT };
	struct ms_h248_command cmd = { .verb = MS_H248_MODIFY,
				       .terminations = &id,
				       .signals = e->signals,
				       .events = e->events };
	struct ms_h248_action action = { .context = 1, .commands = &cmd };
	struct ms_h248_transaction t = { .kind = MS_H248_REQUEST, .id = 1, .actions = &action };
	struct ms_h248_message m = { .version = 3, .transactions = &t };
	struct ms_buf text;
	int err;

	m.mid = (struct ms_h248_mid){ .kind = MS_H248_MID_DOMAIN, .name = MS_SPAN_LIT("e") };
	ms_buf_init(&text, TEXT_MAX);
	err = ms_h248_text_encode(&m, 0, &text);
	*ret = err ? NULL : kept(ms_buf_span(&text));
	ms_buf_done(&text);
	/* a value that could not be read has no text */
	return err == -EINVAL ? 449 : *ret ? 0 : 510;
}

/* ---- checking ---- */

static unsigned check_signals(struct mg_job *j, struct mg_termination *t,
			      struct ms_h248_signals *signals)
{
	const struct ms_h248_command cmd = { .verb = MS_H248_MODIFY, .signals = signals };
	unsigned code = 0;

	if (t == &j->g->root)
		return signals->list ? ms_mg_refuse(j, 513, signals->list->name.item) : 0;
	code = ms_mg_streams_exist(j, t, &cmd);
	for (const struct mg_stream *s = t->streams; s && !code; s = s->next) {
		struct ms_fault f = { 0 };
		struct ms_span what;
		struct ms_bearer b;

		ms_mg_stream_bearer(s, &b);
		if (ms_h248_coding_get(&j->g->o.coding, &cmd, s->id, &b, &f, &what))
			code = ms_mg_refuse(j, f.code ? (unsigned)f.code : 500, what);
		ms_bearer_wipe(&b);
	}
	return code;
}

static unsigned check_events(struct mg_job *j, struct mg_termination *t,
			     const struct ms_h248_events *events)
{
	const struct ms_h248_command cmd = { .verb = MS_H248_MODIFY,
					     .events = (struct ms_h248_events *)(uintptr_t)events };
	struct mg_events *armed = NULL;
	unsigned code = ms_mg_streams_exist(j, t, &cmd);

	for (const struct ms_h248_event *e = events->list; e; e = e->next)
		if (e->events) /* RFC 3525 section 7.1.9: one level */
			return ms_mg_refuse(j, 444, MS_SPAN_LIT("Events embedded twice"));
	if (!code)
		code = ms_mg_events_take(j, t, events, &armed);
	ms_mg_events_free(armed);
	return code;
}

unsigned ms_mg_embedded_take(struct mg_job *j, struct mg_termination *t,
			     const struct ms_h248_event *e, struct mg_embedded **ret)
{
	unsigned code = 0;

	*ret = NULL;
	if (e->regulated_signals || e->regulated_events || e->notify == MS_H248_NOTIFY_REGULATED)
		return ms_mg_refuse(j, 501, MS_SPAN_LIT("NotifyRegulated"));
	if (e->reset_events)
		return ms_mg_refuse(j, 501, MS_SPAN_LIT("ResetEventsDescriptor"));
	if (!e->signals && !e->events)
		return 0;
	if (e->signals && e->keep_active)
		return ms_mg_refuse(j, 473, MS_SPAN_LIT("KeepActive and embedded Signals"));
	if (e->signals)
		code = check_signals(j, t, e->signals);
	if (!code && e->events)
		code = check_events(j, t, e->events);
	return code ? code : keep(e, ret);
}

/* ---- carrying out ---- */

void ms_mg_embedded_due(struct ms_mg *g, const struct mg_termination *t, const struct mg_armed *a)
{
	struct activation *x = g->n_activations < g->limits.jobs ? ms_zalloc(sizeof(*x)) : NULL;

	if (x)
		x->what = kept(ms_span_of(a->then->text, a->then->len));
	if (!x || !x->what) {
		ms_free(x);
		mg_count(g, "embedded_lost");
		return;
	}
	x->number = t->number;
	x->serial = t->events->serial;
	ms_list_append(&g->activations, &x->link);
	g->n_activations++;
}

static struct activation *of(struct ms_list *l)
{
	return (struct activation *)((char *)l - offsetof(struct activation, link));
}

static void take_out(struct ms_mg *g, struct activation *x)
{
	ms_list_remove(&x->link);
	g->n_activations--;
}

static void forget(struct activation *x)
{
	ms_free(x->what);
	ms_free(x);
}

void ms_mg_embedded_done(struct ms_mg *g)
{
	while (!ms_list_empty(&g->activations)) {
		struct activation *x = of(g->activations.next);

		take_out(g, x);
		forget(x);
	}
}

static unsigned modify(struct mg_job *j, struct mg_termination *t,
		       const struct ms_h248_command *cmd)
{
	struct ms_h248_command *nowhere = ms_h248_arena_get(&j->arena, sizeof(*nowhere));

	if (!nowhere)
		return 510;
	if (t == &j->g->root)
		return ms_mg_root_modify(j, cmd, nowhere);
	ms_mg_touch(j, t->set.context);
	return ms_mg_descriptors(j, t, cmd, nowhere);
}

static unsigned activate(struct mg_job *j, struct mg_termination *t, const struct activation *x)
{
	struct ms_h248_refused refused;
	const struct ms_h248_message *m;

	if (ms_h248_text_decode(ms_span_of(x->what->text, x->what->len), &j->arena, &refused, &m) ||
	    ms_h248_bind((struct ms_h248_message *)(uintptr_t)m, j->g->o.coding.registry,
			 MS_H248_BIND_TEXT, &j->arena, NULL))
		return 510;
	return modify(j, t, m->transactions->actions->commands);
}

static void carry_out(struct ms_mg *g, struct mg_termination *t, const struct activation *x,
		      ms_usec now)
{
	static const struct mg_mark nothing;
	struct mg_job *j = ms_mg_job_new(g, NULL, now);

	if (!j || activate(j, t, x)) {
		mg_count(g, "embedded_failed");
		if (!j)
			return;
		ms_mg_undo_to(j, &nothing);
	} else {
		mg_count(g, "embedded_done");
	}
	ms_mg_job_submit(j);
}

/* NULL: what it was for is not there any more. */
static struct mg_termination *target(struct ms_mg *g, const struct activation *x)
{
	struct mg_termination *t = x->number ? ms_mg_termination_find(g, x->number) : &g->root;

	return t && !t->gone && t->events && t->events->serial == x->serial ? t : NULL;
}

static bool is_busy(const struct ms_mg *g, const struct mg_termination *t)
{
	return t == &g->root ? g->root_job != NULL : t->set.context->job != NULL;
}

/* From the start again after each: what a transaction lets out of an EventBuffer may have its own. */
void ms_mg_embedded_run(struct ms_mg *g, ms_usec now)
{
	struct ms_list *l = g->activations.next;

	while (l != &g->activations) {
		struct activation *x = of(l);
		struct mg_termination *t = target(g, x);

		if (t && is_busy(g, t)) {
			l = l->next;
			continue;
		}
		take_out(g, x);
		if (t)
			carry_out(g, t, x, now);
		forget(x);
		l = g->activations.next;
	}
}
