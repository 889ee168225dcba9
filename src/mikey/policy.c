/* SPDX-License-Identifier: Apache-2.0 */
/* Flags, identities and validity of a Ticket Policy: RFC 6043 section 6.10. */
#include "mikey/policy.h"

#include <errno.h>

#include "mikey/timestamp.h"

static const struct {
	uint16_t bit;
	char letter;
	const char *meaning;
} flag_table[] = {
	{ MS_MIKEY_FLAG_D, 'D', "made by the KMS" },
	{ MS_MIKEY_FLAG_E, 'E', "Ticket Resolve is mandatory" },
	{ MS_MIKEY_FLAG_F, 'F', "TRANSFER_RESP must be sent" },
	{ MS_MIKEY_FLAG_G, 'G', "the Responder makes RANDRr" },
	{ MS_MIKEY_FLAG_H, 'H', "RANDRi enters the traffic keys" },
	{ MS_MIKEY_FLAG_I, 'I', "key forking" },
	{ MS_MIKEY_FLAG_J, 'J', "the ticket may be reused" },
	{ MS_MIKEY_FLAG_K, 'K', "the KMS changed policy or keys" },
	{ MS_MIKEY_FLAG_L, 'L', "the Initiator may supply session keys" },
	{ MS_MIKEY_FLAG_M, 'M', "the Responder may supply session keys" },
	{ MS_MIKEY_FLAG_N, 'N', "an Initiator needs nothing beyond RFC 6043" },
	{ MS_MIKEY_FLAG_O, 'O', "a Responder needs nothing beyond RFC 6043" },
};

const char *ms_mikey_flags_check(unsigned flags, bool has_tgk)
{
	static const struct {
		unsigned mask, value; /* if flags & mask is value ... */
		unsigned implied;     /* ... this one must be set */
		const char *name;
	} rules[] = {
		{ MS_MIKEY_FLAG_D, 0, MS_MIKEY_FLAG_L, "!D=>L" },
		{ MS_MIKEY_FLAG_G, MS_MIKEY_FLAG_G, MS_MIKEY_FLAG_F, "G=>F" },
		{ MS_MIKEY_FLAG_G, 0, MS_MIKEY_FLAG_H, "!G=>H" },
		{ MS_MIKEY_FLAG_H, 0, MS_MIKEY_FLAG_G, "!H=>G" },
		{ MS_MIKEY_FLAG_I, MS_MIKEY_FLAG_I, MS_MIKEY_FLAG_E, "I=>E" },
		{ MS_MIKEY_FLAG_K, MS_MIKEY_FLAG_K, MS_MIKEY_FLAG_D, "K=>D" },
		{ MS_MIKEY_FLAG_M, MS_MIKEY_FLAG_M, MS_MIKEY_FLAG_F, "M=>F" },
	};

	for (size_t i = 0; i < MS_ARRAY_SIZE(rules); i++) {
		if ((flags & rules[i].mask) == rules[i].value && !(flags & rules[i].implied))
			return rules[i].name;
	}
	if (has_tgk && (flags & MS_MIKEY_FLAG_I) && !(flags & MS_MIKEY_FLAG_F))
		return "I&TGK=>F";
	return NULL;
}

char *ms_mikey_flags_text(unsigned flags, char dst[static MS_MIKEY_FLAGS_TEXT])
{
	size_t n = 0;

	for (size_t i = 0; i < MS_ARRAY_SIZE(flag_table); i++) {
		if (flags & flag_table[i].bit)
			dst[n++] = flag_table[i].letter;
	}
	dst[n] = '\0';
	return dst;
}

int ms_mikey_flags_parse(struct ms_span text, unsigned *ret_flags)
{
	unsigned flags = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned bit = 0;

		for (size_t j = 0; j < MS_ARRAY_SIZE(flag_table); j++) {
			if (text.p[i] == flag_table[j].letter)
				bit = flag_table[j].bit;
		}
		if (bit == 0 || (flags & bit))
			return -EINVAL;
		flags |= bit;
	}
	*ret_flags = flags;
	return 0;
}

const char *ms_mikey_flag_meaning(unsigned flag)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(flag_table); i++) {
		if (flag_table[i].bit == flag)
			return flag_table[i].meaning;
	}
	return NULL;
}

bool ms_mikey_id_eq(const struct ms_mikey_id *a, const struct ms_mikey_id *b)
{
	return a->type == b->type && ms_span_eq(a->data, b->data);
}

/* Cuts a literal off the front of *p, up to the next wildcard. */
static struct ms_span literal(struct ms_span *p, int wildcard)
{
	size_t n = ms_span_find(*p, (uint8_t)wildcard);
	struct ms_span head = ms_span_sub(*p, 0, n);

	*p = ms_span_from(*p, n);
	return head;
}

/*
 * A pattern without '@' against text without '@': literals with wildcards in between, each taking
 * one octet or more. The first literal must begin the text and the last one end it; between them the
 * leftmost place for each is as good as any other, so that one pass is enough.
 */
static bool match_part(struct ms_span pattern, struct ms_span text, int wildcard)
{
	struct ms_span lit = literal(&pattern, wildcard);

	if (!ms_span_starts(text, lit))
		return false;
	text = ms_span_from(text, lit.len);
	while (pattern.len > 0) {
		size_t at;

		/* one octet for the wildcard */
		if (text.len == 0)
			return false;
		text = ms_span_from(text, 1);
		pattern = ms_span_from(pattern, 1);
		lit = literal(&pattern, wildcard);
		if (lit.len > text.len)
			return false;
		if (pattern.len == 0) /* the last one: it ends the text */
			return ms_span_eq(ms_span_from(text, text.len - lit.len), lit);
		at = ms_span_find_span(text, lit);
		if (at == text.len)
			return false;
		text = ms_span_from(text, at + lit.len);
	}
	return text.len == 0;
}

bool ms_mikey_id_match(const struct ms_mikey_id *pattern, const struct ms_mikey_id *id,
		       int wildcard)
{
	struct ms_span p = pattern->data;
	struct ms_span t = id->data;

	if (wildcard < 0)
		return ms_mikey_id_eq(pattern, id);
	if (pattern->type != id->type)
		return false;
	/* '@' matches itself only, so the parts between them pair up. */
	for (;;) {
		struct ms_span part = ms_span_cut(&p, '@');
		struct ms_span with = ms_span_cut(&t, '@');

		if (!match_part(part, with, wildcard))
			return false;
		if (!p.p || !t.p)
			return !p.p && !t.p;
	}
}

bool ms_mikey_policy_admits(const struct ms_mikey_policy *p, const struct ms_mikey_id *id,
			    int wildcard)
{
	struct ms_mikey_id pattern;
	size_t pos = 0;

	while (ms_mikey_tp_next_id(p, MS_MIKEY_ROLE_RESPONDER, &pos, &pattern)) {
		if (ms_mikey_id_match(&pattern, id, wildcard))
			return true;
	}
	return false;
}

enum ms_mikey_validity ms_mikey_policy_validity(const struct ms_mikey_policy *p, ms_usec now)
{
	ms_usec t;

	if (p->start.set) {
		if (ms_mikey_ts_to_usec(&p->start, &t) < 0)
			return MS_MIKEY_BAD_PERIOD;
		if (now < t)
			return MS_MIKEY_NOT_YET;
	}
	if (p->end.set) {
		if (ms_mikey_ts_to_usec(&p->end, &t) < 0)
			return MS_MIKEY_BAD_PERIOD;
		if (now > t)
			return MS_MIKEY_EXPIRED;
	}
	return MS_MIKEY_VALID;
}
