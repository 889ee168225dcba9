/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dialogs of one INVITE (RFC 3261 section 13.2.2.4): their answers, and the offer they answer, for as long as
 * another one than the first may pick up.
 */
#include <errno.h>

#include "anchor/anchor-priv.h"
#include "core/alloc.h"

const struct ms_anchor_fork *ms_anchor_fork_find(const struct ms_anchor_session *s,
						 struct ms_span dialog)
{
	struct ms_list *l;

	ms_list_foreach (l, &s->forks) {
		const struct ms_anchor_fork *f = (const struct ms_anchor_fork *)l;

		if (ms_span_is(dialog, f->dialog))
			return f;
	}
	return NULL;
}

bool ms_anchor_fork_is_other(const struct ms_anchor_session *s, struct ms_span dialog)
{
	return s->winner[0] && dialog.len > 0 && !ms_span_is(dialog, s->winner);
}

static struct ms_anchor_fork *fork_new(struct ms_anchor_session *s, struct ms_span dialog)
{
	struct ms_anchor_fork *f;

	if (s->n_forks >= s->anchor->p.max_forks)
		return NULL;
	f = ms_zalloc(sizeof(*f));
	if (!f || ms_span_to_str(dialog, f->dialog, sizeof(f->dialog)))
		return ms_free(f);
	ms_list_append(&s->forks, &f->link);
	s->n_forks++;
	return f;
}

int ms_anchor_fork_keep(struct ms_anchor_session *s, struct ms_span dialog, struct ms_span sdp)
{
	/* ours, and changed by nobody else meanwhile */
	struct ms_anchor_fork *f =
		(struct ms_anchor_fork *)(uintptr_t)ms_anchor_fork_find(s, dialog);
	char *copy = ms_strdup_span(sdp);

	if (!copy)
		return -ENOMEM;
	if (!f)
		f = fork_new(s, dialog);
	if (!f) {
		ms_free(copy);
		return -ENOSPC;
	}
	ms_free(f->sdp);
	f->sdp = copy;
	return 0;
}

void ms_anchor_fork_put_aside(struct ms_anchor_session *s)
{
	if (s->early && s->initial && !s->first.plan) {
		s->first = (struct ms_anchor_first){ s->plan, s->n_plan, s->from };
		s->plan = NULL;
		s->n_plan = 0;
	}
	ms_anchor_plan_clear(s);
}

/* The line may have got another transport, and so another place at the gateway, or none. */
static bool find_place(const struct ms_anchor_session *s, size_t i)
{
	struct ms_anchor_plan *p = &s->first.plan[i];

	p->line = s->line[i];
	if (p->decided.treatment == MS_ANCHOR_UNTOUCHED)
		return !p->line || p->rejected;
	return ms_anchor_line_fits(p->line, &p->decided);
}

static int find_places(const struct ms_anchor_session *s)
{
	bool fits = s->first.plan && s->n_media == s->first.n_plan;

	for (size_t i = 0; fits && i < s->first.n_plan; i++)
		fits = find_place(s, i);
	return fits ? 0 : -EPROTO;
}

static void swap(struct ms_anchor_session *s)
{
	struct ms_anchor_first pending = { s->plan, s->n_plan, s->from };

	s->plan = s->first.plan;
	s->n_plan = s->first.n_plan;
	s->from = s->first.from;
	s->first = pending;
}

int ms_anchor_fork_take_up(struct ms_anchor_session *s)
{
	if (find_places(s))
		return -EPROTO;
	ms_anchor_plan_clear(s);
	swap(s);
	s->initial = true;
	s->answered = true;
	s->step = MS_ANCHOR_OFFERED;
	return 0;
}

int ms_anchor_fork_borrow(struct ms_anchor_session *s)
{
	int err = find_places(s);

	if (!err)
		swap(s);
	return err;
}

void ms_anchor_fork_give_back(struct ms_anchor_session *s)
{
	swap(s);
}

void ms_anchor_fork_end(struct ms_anchor_session *s)
{
	struct ms_list *l, *tmp;

	ms_list_foreach_safe (l, tmp, &s->forks) {
		struct ms_anchor_fork *f = (struct ms_anchor_fork *)l;

		ms_free(f->sdp);
		ms_free(f);
	}
	ms_list_init(&s->forks);
	s->n_forks = 0;
	s->first.plan = ms_free(s->first.plan);
	s->early = false;
}
