/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/policy.h"

#include <errno.h>

#include "core/alloc.h"

/* Greedy with one point of return: a later wildcard makes the earlier one's choice irrelevant, but
 * for '@', which no wildcard passes, so falling back behind it is given up at once. */
bool ms_kms_covers(struct ms_span pattern, struct ms_span text, int wildcard)
{
	size_t i = 0, j = 0, back_i = 0, back_j = 0;
	bool back = false;

	if (ms_span_is(pattern, "*"))
		return true;
	for (;;) {
		if (i < pattern.len && wildcard >= 0 && pattern.p[i] == wildcard) {
			/* One octet at least, then as few as possible. */
			if (j >= text.len || text.p[j] == '@') {
				if (!back)
					return false;
				goto again;
			}
			back = true;
			back_i = ++i;
			back_j = ++j;
			continue;
		}
		if (i < pattern.len && j < text.len && pattern.p[i] == text.p[j]) {
			i++;
			j++;
			continue;
		}
		if (i == pattern.len && j == text.len)
			return true;
		if (!back)
			return false;
again:
		if (back_j >= text.len || text.p[back_j] == '@')
			return false;
		i = back_i;
		j = ++back_j;
	}
}

static void rule_done(struct ms_kms_rule *r)
{
	ms_free(r->who);
	ms_free(r->responder);
}

int ms_kms_policy_add(struct ms_kms_policy *p, const struct ms_store_policy *s)
{
	struct ms_kms_rule r = { .id = s->id,
				 .allow = s->allow,
				 .lifetime_s = s->lifetime_s,
				 .max_keys = s->max_keys,
				 .max_responders = s->max_responders };
	struct ms_kms_rule *more;
	size_t at = 0;

	while (at < p->n && p->rule[at].id < s->id)
		at++;
	if (at < p->n && p->rule[at].id == s->id)
		return -EEXIST;
	more = ms_realloc(p->rule, (p->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	p->rule = more;
	r.who = ms_strdup_span(s->who);
	r.responder = ms_strdup_span(s->responder);
	if (!r.who || !r.responder) {
		rule_done(&r);
		return -ENOMEM;
	}
	memmove(more + at + 1, more + at, (p->n - at) * sizeof(*more));
	more[at] = r;
	p->n++;
	return 0;
}

int ms_kms_policy_remove(struct ms_kms_policy *p, int64_t id)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->rule[i].id != id)
			continue;
		rule_done(&p->rule[i]);
		p->n--;
		memmove(p->rule + i, p->rule + i + 1, (p->n - i) * sizeof(*p->rule));
		return 0;
	}
	return -ENOENT;
}

void ms_kms_policy_done(struct ms_kms_policy *p)
{
	for (size_t i = 0; i < p->n; i++)
		rule_done(&p->rule[i]);
	p->rule = ms_free(p->rule);
	p->n = 0;
}

static void lower(uint32_t *limit, uint32_t to)
{
	if (to > 0 && to < *limit)
		*limit = to;
}

static void limits_lower(struct ms_kms_limits *l, const struct ms_kms_rule *rule)
{
	if (!l || !rule->allow)
		return;
	lower(&l->lifetime_s, rule->lifetime_s);
	lower(&l->max_keys, rule->max_keys);
	lower(&l->max_responders, rule->max_responders);
}

const struct ms_kms_rule *ms_kms_policy_decide(const struct ms_kms_policy *p, struct ms_span who,
					       struct ms_span responder, int wildcard,
					       struct ms_kms_limits *l)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct ms_kms_rule *r = &p->rule[i];
		struct ms_span theirs = ms_span_str(r->responder);
		bool decides;

		if (!ms_kms_covers(ms_span_str(r->who), who, wildcard))
			continue;
		decides = ms_kms_covers(theirs, responder, wildcard);
		if (decides || ms_kms_covers(responder, theirs, wildcard))
			limits_lower(l, r);
		if (decides)
			return r;
	}
	return NULL;
}
