/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics (RFC 3525 section 7.1.15) of a termination, and since version 3 of a stream that was given a
 * Statistics descriptor: its share is then told there and no longer in that of the termination. They go
 * into the reply when the media plane has given them.
 */
#include "h248/mg-priv.h"

unsigned ms_mg_statistics_mask(struct mg_job *j, const struct ms_h248_param *list,
			       uint16_t *ret_mask)
{
	uint16_t mask = 0;

	for (; list; list = list->next) {
		size_t i = 0;

		while (i < MS_H248_STATISTICS && ms_h248_statistics[i].ref != list->name.ref)
			i++;
		if (!list->name.ref || i == MS_H248_STATISTICS)
			return ms_mg_refuse(
				j,
				ms_h248_package_find(j->g->o.coding.registry, list->name.package)
					? 453
					: 440,
				list->name.item);
		mask |= (uint16_t)(1u << i);
	}
	*ret_mask = mask ? mask : MG_STATISTICS_ALL;
	return 0;
}

static struct mg_fixup *fixup(struct mg_job *j, const struct mg_termination *t, uint16_t mask)
{
	struct mg_fixup *f = ms_h248_arena_get(&j->arena, sizeof(*f));

	if (!f)
		return NULL;
	f->sum.up_ms = (uint64_t)((j->now - t->since) / MS_MSEC); /* nt/dur */
	f->mask = mask;
	f->prev = j->at.fixups;
	j->at.fixups = f;
	return f;
}

struct mg_fixup *ms_mg_fixup_new(struct mg_job *j, const struct mg_termination *t,
				 struct ms_h248_command *reply)
{
	struct mg_fixup *f = fixup(j, t, t->set.statistics ? t->set.statistics : MG_STATISTICS_ALL);

	if (f) {
		f->list = &reply->statistics;
		f->present = &reply->has_statistics;
	}
	return f;
}

/* The node of the stream in the reply, perhaps one that has more to say already. */
static struct ms_h248_stream *node_of(struct mg_job *j, struct ms_h248_command *reply, uint16_t id)
{
	struct ms_h248_stream **at;

	if (!reply->media)
		reply->media = ms_h248_arena_get(&j->arena, sizeof(*reply->media));
	if (!reply->media)
		return NULL;
	for (at = &reply->media->streams; *at; at = &(*at)->next)
		if ((*at)->id == id)
			return *at;
	*at = ms_h248_arena_get(&j->arena, sizeof(**at));
	if (*at)
		(*at)->id = id;
	return *at;
}

struct mg_fixup *ms_mg_fixup_stream(struct mg_job *j, const struct mg_stream *s, uint16_t mask,
				    struct ms_h248_command *reply)
{
	struct ms_h248_stream *n = node_of(j, reply, s->id);
	struct mg_fixup *f = n ? fixup(j, s->termination, mask) : NULL;

	if (f) {
		f->list = &n->statistics;
		f->present = &n->has_statistics;
	}
	return f;
}

static unsigned ask(struct mg_job *j, struct mg_stream *s, struct mg_fixup *f)
{
	if (!f)
		return 510;
	if (s->termination->set.context)
		ms_mg_touch(
			j, s->termination->set.context); /* it must stay until the plane has told */
	if (!s->set.live)
		return 0;
	if (!ms_mg_op_new(j, MG_OP_ENDS, MS_PLANE_STATISTICS, s))
		return 510;
	j->at.ends->fixup = f;
	return 0;
}

unsigned ms_mg_statistics_stream(struct mg_job *j, struct mg_stream *s, uint16_t mask,
				 struct ms_h248_command *reply)
{
	return ask(j, s, ms_mg_fixup_stream(j, s, mask, reply));
}

unsigned ms_mg_statistics(struct mg_job *j, struct mg_termination *t, uint16_t mask,
			  struct ms_h248_command *reply)
{
	struct mg_fixup *f = ms_mg_fixup_new(j, t, reply);
	unsigned code = f ? 0 : 510;

	if (f && mask != MG_STATISTICS_ALL)
		f->mask = mask;
	for (struct mg_stream *s = t->streams; s && !code; s = s->next)
		code = s->set.statistics ? ms_mg_statistics_stream(j, s, s->set.statistics, reply)
					 : ask(j, s, f);
	return code;
}
