/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Termination ids. The Iq form is in no readable text; ours is ip/<realm>/<interface>/<number>, whose
 * binary form is the business of binding (package.h). '$' and '*' are taken in any place.
 */
#include "h248/mg-priv.h"

int ms_mg_realm_find(const struct ms_mg *g, struct ms_span name)
{
	if (!name.len)
		return 0;
	for (unsigned i = 0; i < g->n_realms; i++)
		if (ms_span_is_nocase(name, g->realms[i]))
			return (int)i;
	return -1;
}

/* One part of a text id. */
enum part { PART_VALUE, PART_ALL, PART_CHOOSE };

static enum part part_of(struct ms_span s)
{
	return ms_span_is(s, "*") ? PART_ALL : ms_span_is(s, "$") ? PART_CHOOSE : PART_VALUE;
}

static unsigned read_text(const struct ms_mg *g, struct ms_span name, struct mg_pattern *p)
{
	struct ms_span rest = name;
	enum part part[4];
	struct ms_span text[4];
	uint64_t number = 0;
	bool all = false, choose = false;

	for (int i = 0; i < 4; i++) {
		/* a '*' or '$' at the end stands for all that would follow */
		bool over = i && !rest.p && part[i - 1] != PART_VALUE;

		text[i] = over ? text[i - 1] : ms_span_cut(&rest, '/');
		part[i] = part_of(text[i]);
		all |= part[i] == PART_ALL;
		choose |= part[i] == PART_CHOOSE;
		if (!text[i].len)
			return 430;
	}
	if (rest.p || (part[0] == PART_VALUE && !ms_span_is_nocase(text[0], "ip")) ||
	    (part[2] == PART_VALUE && !ms_span_is(text[2], "1")))
		return 430;
	p->realm = part[1] == PART_VALUE ? ms_mg_realm_find(g, text[1]) : -1;
	if (part[1] == PART_VALUE && p->realm < 0)
		return 430;
	if (part[3] == PART_VALUE && (ms_span_u64(text[3], MG_NUMBER_MAX, &number) || !number))
		return 430;
	p->number = (uint32_t)number;
	p->kind = choose ? MG_PATTERN_CHOOSE : all ? MG_PATTERN_ALL : MG_PATTERN_ONE;
	return 0;
}

unsigned ms_mg_pattern_read(const struct ms_mg *g, const struct ms_h248_termination *t,
			    struct mg_pattern *ret_p)
{
	*ret_p = (struct mg_pattern){ .realm = -1 };
	if (!t)
		return 410;
	switch (t->kind) {
	case MS_H248_TERMINATION_ROOT:
		ret_p->kind = MG_PATTERN_ROOT;
		return 0;
	case MS_H248_TERMINATION_CHOOSE:
		ret_p->kind = MG_PATTERN_CHOOSE;
		return 0;
	case MS_H248_TERMINATION_ALL:
		ret_p->kind = MG_PATTERN_ALL;
		return 0;
	case MS_H248_TERMINATION_NAMED:
		break;
	}
	return read_text(g, t->name, ret_p);
}

bool ms_mg_pattern_has(const struct mg_pattern *p, const struct mg_termination *t)
{
	return (!p->number || p->number == t->number) && (p->realm < 0 || p->realm == t->realm);
}

/* By hand: this runs several times a command. */
void ms_mg_name_put(const struct ms_mg *g, const struct mg_termination *t, char name[MG_NAME_MAX])
{
	const char *realm = g->realms[t->realm];
	size_t n = strlen(realm);
	char digits[12];
	unsigned i = 0;
	char *p = name;

	memcpy(p, "ip/", 3);
	memcpy(p + 3, realm, n);
	memcpy(p + 3 + n, "/1/", 3);
	p += n + 6;
	for (uint32_t v = t->number; v; v /= 10)
		digits[i++] = (char)('0' + v % 10);
	while (i)
		*p++ = digits[--i];
	*p = 0;
}

struct ms_h248_termination *ms_mg_name_node(const struct ms_mg *g, struct ms_h248_arena *a,
					    const struct mg_termination *t)
{
	struct ms_h248_termination *node = ms_h248_arena_get(a, sizeof(*node));
	char name[MG_NAME_MAX];

	if (!node)
		return NULL;
	if (t == &g->root) {
		node->kind = MS_H248_TERMINATION_ROOT;
		return node;
	}
	ms_mg_name_put(g, t, name);
	node->name = ms_h248_arena_copy(a, ms_span_str(name));
	return node->name.p ? node : NULL;
}
