/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of terminations between text and binary (A.1, and the project's layout, package.h). A wildcard
 * field says at which bit a level begins, '*' or '$' in its upper bit, and whether lower levels are
 * meant too.
 */
#include <errno.h>

#include "core/hex.h"
#include "h248/package.h"

#define EPHEMERAL 1u /* the three upper bits, TS 29.332 A.6 */
#define LEVELS 3
#define NUMBER_MAX 0x1fffffu
#define REALMS_MAX 32
#define INTERFACES_MAX 8

enum { ALL = 0x80, BELOW = 0x40 };

/* The first bit of realm, interface and number. */
static const uint8_t level_bit[LEVELS] = { 28, 23, 20 };

/* ---- groups ---- */

static bool is_label(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i] | 0x20;
		if ((c < 'a' || c > 'z') && (s.p[i] < '0' || s.p[i] > '9') && s.p[i] != '_')
			return false;
	}
	return s.len > 0 && s.len <= 32;
}

static int keep(struct ms_h248_registry *r, struct ms_span s, struct ms_span *ret_kept)
{
	if (s.len > sizeof(r->names) - r->names_len)
		return -ENOSPC;
	memcpy(r->names + r->names_len, s.p, s.len);
	*ret_kept = ms_span_of(r->names + r->names_len, s.len);
	r->names_len += s.len;
	return 0;
}

static const struct ms_h248_group *find_group(const struct ms_h248_registry *r,
					      struct ms_span realm, struct ms_span interface)
{
	for (size_t i = 0; i < r->n_groups; i++)
		if (ms_span_eq_nocase(r->groups[i].realm, realm) &&
		    (!interface.p || ms_span_eq_nocase(r->groups[i].interface, interface)))
			return &r->groups[i];
	return NULL;
}

/* Codes not yet given: of the realm when it has none, else the next interface of it. */
static unsigned next_code(const struct ms_h248_registry *r, const struct ms_h248_group *known)
{
	unsigned realms = 0, interfaces = 0;
	for (size_t i = 0; i < r->n_groups; i++) {
		if ((r->groups[i].code >> 3) + 1u > realms)
			realms = (r->groups[i].code >> 3) + 1u;
		interfaces += known && r->groups[i].code >> 3 == known->code >> 3;
	}
	return known ? (unsigned)(known->code & ~7u) + interfaces : realms << 3;
}

int ms_h248_registry_add_group(struct ms_h248_registry *r, struct ms_span realm,
			       struct ms_span interface)
{
	if (!is_label(realm) || !is_label(interface))
		return -EINVAL;
	if (find_group(r, realm, interface))
		return 0;
	const struct ms_h248_group *known = find_group(r, realm, MS_SPAN_NULL);
	struct ms_h248_group *g = &r->groups[r->n_groups];
	unsigned code = next_code(r, known);
	if (r->n_groups == MS_H248_GROUPS_MAX || code >= REALMS_MAX * INTERFACES_MAX ||
	    (known && (code ^ known->code) >= INTERFACES_MAX))
		return -ENOSPC;
	int err = keep(r, realm, &g->realm);
	if (err == 0)
		err = keep(r, interface, &g->interface);
	if (err < 0)
		return err;
	g->code = (uint8_t)code;
	r->n_groups++;
	return 0;
}

/* ---- text to binary ---- */

static uint8_t wildcard_of(struct ms_span level)
{
	return level.len == 1 && (level.p[0] == '*' || level.p[0] == '$') ? level.p[0] : 0;
}

/* Fields for the levels that are wild: one for the last ones together if they are alike. */
static size_t put_wildcards(const uint8_t wild[LEVELS], uint8_t fields[LEVELS])
{
	size_t n = 0;
	for (size_t i = 0; i < LEVELS; i++) {
		bool below = true;
		if (!wild[i])
			continue;
		for (size_t j = i; j < LEVELS; j++)
			below = below && wild[j] == wild[i];
		fields[n++] =
			(uint8_t)((wild[i] == '*' ? ALL : 0) | (below ? BELOW : 0) | level_bit[i]);
		if (below)
			break;
	}
	return n;
}

static int set_octets(struct ms_h248_termination *t, struct ms_h248_arena *a, struct ms_span octets,
		      struct ms_span wildcard)
{
	t->octets = ms_h248_arena_copy(a, octets);
	t->wildcard = ms_h248_arena_copy(a, wildcard);
	return t->octets.p && (t->wildcard.p || !wildcard.len) ? 0 : -ENOMEM;
}

/* Codes of realm and interface, of which either may be wild; the first group that fits. */
static int find_code(const struct ms_h248_registry *r, const struct ms_span level[LEVELS],
		     const uint8_t wild[LEVELS], unsigned *ret_code)
{
	for (size_t i = 0; i < r->n_groups; i++) {
		const struct ms_h248_group *g = &r->groups[i];
		if ((wild[0] || ms_span_eq_nocase(g->realm, level[0])) &&
		    (wild[1] || ms_span_eq_nocase(g->interface, level[1]))) {
			*ret_code = (unsigned)g->code &
				    ((wild[0] ? 0u : 0xf8u) | (wild[1] ? 0u : 0x07u));
			return 0;
		}
	}
	*ret_code = 0;
	return wild[0] && wild[1] ? 0 : -ENOENT;
}

static int ip_to_ber(const struct ms_h248_registry *r, struct ms_span rest,
		     struct ms_h248_termination *t, struct ms_h248_arena *a)
{
	struct ms_span level[LEVELS];
	uint8_t wild[LEVELS], fields[LEVELS];
	uint64_t number = 0;
	unsigned code;

	for (size_t i = 0; i < LEVELS; i++) {
		/* "ip/core/$" is "ip/core/$/$" */
		level[i] = i > 0 && !rest.p && wild[i - 1] ? level[i - 1] : ms_span_cut(&rest, '/');
		wild[i] = wildcard_of(level[i]);
	}
	if (rest.p || (!wild[2] && ms_span_u64(level[2], NUMBER_MAX, &number) < 0))
		return -EINVAL;
	int err = find_code(r, level, wild, &code);
	if (err < 0)
		return err;
	uint32_t id = EPHEMERAL << 29 | code << 21 | (uint32_t)number;
	uint8_t octets[4] = { (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8),
			      (uint8_t)id };
	return set_octets(t, a, ms_span_of(octets, 4),
			  ms_span_of(fields, put_wildcards(wild, fields)));
}

/* "b/HEX" or "b/HEX/WILDCARDS". */
static int hex_to_ber(struct ms_span rest, struct ms_h248_termination *t, struct ms_h248_arena *a)
{
	uint8_t octets[8], fields[8];
	struct ms_buf id, wildcard;
	struct ms_span digits = ms_span_cut(&rest, '/');

	ms_buf_init_fixed(&id, octets, sizeof(octets));
	ms_buf_init_fixed(&wildcard, fields, sizeof(fields));
	if (ms_hex_decode(&id, digits) < 0 || ms_hex_decode(&wildcard, rest) < 0 || id.len == 0)
		return -EINVAL;
	return set_octets(t, a, ms_buf_span(&id), ms_buf_span(&wildcard));
}

int ms_h248_termination_to_ber(const struct ms_h248_registry *r, struct ms_h248_termination *t,
			       struct ms_h248_arena *a)
{
	if (ms_span_starts_nocase(t->name, MS_SPAN_LIT("ip/")))
		return ip_to_ber(r, ms_span_from(t->name, 3), t, a);
	if (ms_span_starts_nocase(t->name, MS_SPAN_LIT("b/")))
		return hex_to_ber(ms_span_from(t->name, 2), t, a);
	return -EINVAL;
}

/* ---- binary to text ---- */

/* What stands for each level, 0 where its value does; false: a field that is not of our layout. */
static bool get_wildcards(struct ms_span fields, uint8_t wild[LEVELS])
{
	memset(wild, 0, LEVELS);
	for (size_t i = 0; i < fields.len; i++) {
		size_t level = 0;
		while (level < LEVELS && level_bit[level] != (fields.p[i] & 0x3f))
			level++;
		if (level == LEVELS)
			return false;
		size_t end = fields.p[i] & BELOW ? LEVELS : level + 1;
		for (; level < end; level++)
			wild[level] = fields.p[i] & ALL ? '*' : '$';
	}
	return true;
}

static const struct ms_h248_group *group_of(const struct ms_h248_registry *r, unsigned code,
					    const uint8_t wild[LEVELS])
{
	for (size_t i = 0; i < r->n_groups; i++)
		if ((wild[0] || r->groups[i].code >> 3 == code >> 3) &&
		    (wild[1] || (r->groups[i].code & 7) == (code & 7)))
			return &r->groups[i];
	return NULL;
}

static void put_level(struct ms_buf *b, uint8_t wild, struct ms_span text)
{
	ms_buf_put_u8(b, '/');
	if (wild)
		ms_buf_put_u8(b, wild);
	else
		ms_buf_put_span(b, text);
}

/* False: not of our layout, or of a group we do not have. */
static bool ip_to_text(const struct ms_h248_registry *r, const struct ms_h248_termination *t,
		       struct ms_buf *b)
{
	uint8_t wild[LEVELS];
	uint32_t id = 0;

	for (size_t i = 0; i < t->octets.len && i < 4; i++)
		id = id << 8 | t->octets.p[i];
	if (t->octets.len != 4 || id >> 29 != EPHEMERAL || !get_wildcards(t->wildcard, wild))
		return false;
	const struct ms_h248_group *g = group_of(r, id >> 21 & 0xff, wild);
	if (!g && !(wild[0] && wild[1]))
		return false;
	ms_buf_put_str(b, "ip");
	put_level(b, wild[0], g ? g->realm : MS_SPAN_NULL);
	put_level(b, wild[1], g ? g->interface : MS_SPAN_NULL);
	if (wild[2]) {
		put_level(b, wild[2], MS_SPAN_NULL);
		return true;
	}
	ms_buf_put_u8(b, '/');
	ms_buf_put_decimal(b, id & NUMBER_MAX);
	return true;
}

int ms_h248_termination_to_text(const struct ms_h248_registry *r, struct ms_h248_termination *t,
				struct ms_h248_arena *a)
{
	char text[128]; /* two labels of 32; 8 octets and wildcards in hex */
	struct ms_buf b;

	ms_buf_init_fixed(&b, text, sizeof(text));
	if (!ip_to_text(r, t, &b)) {
		ms_buf_put_str(&b, "b/");
		ms_hex_encode(&b, t->octets);
		if (t->wildcard.len)
			ms_buf_put_u8(&b, '/');
		ms_hex_encode(&b, ms_span_sub(t->wildcard, 0, 8));
	}
	t->name = ms_h248_arena_copy(a, ms_buf_span(&b));
	return t->name.p ? 0 : -ENOMEM;
}
