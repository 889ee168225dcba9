/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of packages: hash tables over handles, by text and by number, and overrides. */
#include "h248/package.h"

#include <errno.h>

#define MASK (MS_H248_REGISTRY_SLOTS - 1)
#define NAME_MAX_OCTETS 64
#define NUMBER_MAX 0xfffe /* 0xffff is '*' */

_Static_assert(MS_H248_ITEM_COUNT * 2 < MS_H248_REGISTRY_SLOTS, "tables are at most half full");

/* ---- hash tables: open addressing, items but parameters ---- */

static uint32_t mix(uint32_t h, uint32_t v)
{
	h = (h ^ v) * 0x9e3779b1u;
	return h ^ h >> 15;
}

/* Letters without their case; other octets may fall together too, the comparison decides. */
static uint32_t hash_text(uint32_t h, struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (s.p[i] | 0x20u)) * 0x01000193u;
	return h;
}

static uint32_t hash_name(enum ms_h248_kind kind, unsigned package, struct ms_span item)
{
	return mix(hash_text(0x811c9dc5u, item), (uint32_t)kind << 16 | package);
}

static uint32_t hash_number(enum ms_h248_kind kind, unsigned package, unsigned item)
{
	return mix(mix((uint32_t)kind, package), item);
}

static void put(uint16_t *table, uint32_t hash, uint16_t ref)
{
	uint32_t i = hash & MASK;
	while (table[i])
		i = (i + 1) & MASK;
	table[i] = ref;
}

static void build(struct ms_h248_registry *r)
{
	memset(r->by_name, 0, sizeof(r->by_name));
	memset(r->by_number, 0, sizeof(r->by_number));
	for (uint16_t ref = 1; ref < MS_H248_ITEM_COUNT; ref++) {
		const struct ms_h248_item *it = &ms_h248_items[ref];
		if (it->kind == MS_H248_PARAMETER)
			continue;
		put(r->by_name, hash_name(it->kind, it->package, r->items[ref].name), ref);
		put(r->by_number,
		    hash_number(it->kind, it->package, (unsigned)r->items[ref].number), ref);
	}
}

void ms_h248_registry_init(struct ms_h248_registry *r)
{
	*r = (struct ms_h248_registry){ 0 };
	for (size_t i = 1; i < MS_H248_PACKAGE_COUNT; i++)
		r->packages[i] = (struct ms_h248_entry){ ms_span_str(ms_h248_packages[i].name),
							 ms_h248_packages[i].number };
	for (size_t i = 1; i < MS_H248_ITEM_COUNT; i++)
		r->items[i] = (struct ms_h248_entry){ ms_span_str(ms_h248_items[i].name),
						      ms_h248_items[i].number };
	for (size_t i = 1; i < MS_H248_CHOICE_COUNT; i++)
		r->choices[i] = (struct ms_h248_entry){ ms_span_str(ms_h248_choices[i].name),
							ms_h248_choices[i].number };
	build(r);
}

/* ---- looking up ---- */

uint16_t ms_h248_package_find(const struct ms_h248_registry *r, struct ms_span name)
{
	for (uint16_t i = 1; i < MS_H248_PACKAGE_COUNT; i++)
		if (r->packages[i].name.len == name.len &&
		    ms_span_eq_nocase(r->packages[i].name, name))
			return i;
	return 0;
}

uint16_t ms_h248_package_find_number(const struct ms_h248_registry *r, unsigned number)
{
	for (uint16_t i = 1; i < MS_H248_PACKAGE_COUNT; i++)
		if ((unsigned)r->packages[i].number == number)
			return i;
	return 0;
}

static uint16_t find_name(const struct ms_h248_registry *r, enum ms_h248_kind kind,
			  uint16_t package, struct ms_span item)
{
	uint32_t i = hash_name(kind, package, item) & MASK;
	for (uint16_t ref; (ref = r->by_name[i]) != 0; i = (i + 1) & MASK)
		if (ms_h248_items[ref].kind == kind && ms_h248_items[ref].package == package &&
		    ms_span_eq_nocase(r->items[ref].name, item))
			return ref;
	return 0;
}

static uint16_t find_number(const struct ms_h248_registry *r, enum ms_h248_kind kind,
			    uint16_t package, unsigned item)
{
	uint32_t i = hash_number(kind, package, item) & MASK;
	for (uint16_t ref; (ref = r->by_number[i]) != 0; i = (i + 1) & MASK)
		if (ms_h248_items[ref].kind == kind && ms_h248_items[ref].package == package &&
		    (unsigned)r->items[ref].number == item)
			return ref;
	return 0;
}

/* A package has what its base package has (RFC 3525 section 12.1.1): the walk ends at one without base. */
uint16_t ms_h248_item_find(const struct ms_h248_registry *r, enum ms_h248_kind kind,
			   struct ms_span package, struct ms_span item)
{
	uint16_t ref = 0;
	for (uint16_t p = ms_h248_package_find(r, package); p && !ref;
	     p = ms_h248_packages[p].extends)
		ref = find_name(r, kind, p, item);
	return ref;
}

uint16_t ms_h248_item_find_number(const struct ms_h248_registry *r, enum ms_h248_kind kind,
				  uint32_t id)
{
	uint16_t ref = 0;
	for (uint16_t p = ms_h248_package_find_number(r, id >> 16); p && !ref;
	     p = ms_h248_packages[p].extends)
		ref = find_number(r, kind, p, id & 0xffff);
	return ref;
}

/* Parameters stand right behind their event or signal. */
uint16_t ms_h248_param_find(const struct ms_h248_registry *r, uint16_t parent, struct ms_span name)
{
	if (!parent || parent >= MS_H248_ITEM_COUNT)
		return 0;
	for (uint16_t i = (uint16_t)(parent + 1);
	     i < MS_H248_ITEM_COUNT && ms_h248_items[i].parent == parent; i++)
		if (ms_span_eq_nocase(r->items[i].name, name))
			return i;
	return 0;
}

uint16_t ms_h248_param_find_number(const struct ms_h248_registry *r, uint16_t parent,
				   unsigned number)
{
	if (!parent || parent >= MS_H248_ITEM_COUNT)
		return 0;
	for (uint16_t i = (uint16_t)(parent + 1);
	     i < MS_H248_ITEM_COUNT && ms_h248_items[i].parent == parent; i++)
		if ((unsigned)r->items[i].number == number)
			return i;
	return 0;
}

struct ms_h248_name ms_h248_name_of(const struct ms_h248_registry *r, uint16_t item)
{
	if (!item || item >= MS_H248_ITEM_COUNT)
		return (struct ms_h248_name){ 0 };
	uint16_t package = ms_h248_items[item].package;
	bool parameter = ms_h248_items[item].kind == MS_H248_PARAMETER;
	return (struct ms_h248_name){
		.package = parameter ? MS_SPAN_NULL : r->packages[package].name,
		.item = r->items[item].name,
		.id = MS_H248_ID(parameter ? 0 : r->packages[package].number,
				 r->items[item].number),
		.ref = item,
	};
}

struct ms_h248_name ms_h248_package_name_of(const struct ms_h248_registry *r, uint16_t package)
{
	if (!package || package >= MS_H248_PACKAGE_COUNT)
		return (struct ms_h248_name){ 0 };
	return (struct ms_h248_name){ .package = r->packages[package].name,
				      .id = MS_H248_ID(r->packages[package].number, 0),
				      .ref = package };
}

struct ms_span ms_h248_choice_name(const struct ms_h248_registry *r, uint16_t item, int32_t number)
{
	if (!item || item >= MS_H248_ITEM_COUNT)
		return MS_SPAN_NULL;
	const struct ms_h248_item *it = &ms_h248_items[item];
	for (unsigned i = it->choices; i < it->choices + (unsigned)it->n_choices; i++)
		if (ms_h248_choices[i].number == number)
			return r->choices[i].name;
	return MS_SPAN_NULL;
}

/* ---- overrides ---- */

/* What a path names, and its siblings, among which names and numbers stay different. */
struct place {
	struct ms_h248_entry *entry;
	const struct ms_h248_entry *first; /* siblings that stand in one row */
	size_t n;
	uint16_t item; /* of an item: its handle, siblings by kind and parent */
};

static uint16_t item_by_default(const char *name, struct ms_span want, uint16_t package,
				uint16_t parent, uint16_t ref)
{
	const struct ms_h248_item *it = &ms_h248_items[ref];
	return it->package == package && it->parent == parent && ms_span_is_nocase(want, name) ? ref
											       : 0;
}

static uint16_t find_default(struct ms_span name, uint16_t package, uint16_t parent)
{
	uint16_t found = 0;
	for (uint16_t ref = 1; ref < MS_H248_ITEM_COUNT && !found; ref++)
		found = item_by_default(ms_h248_items[ref].name, name, package, parent, ref);
	return found;
}

static int place_package(struct ms_h248_registry *r, struct ms_span name, struct place *ret)
{
	for (uint16_t i = 1; i < MS_H248_PACKAGE_COUNT; i++)
		if (ms_span_is_nocase(name, ms_h248_packages[i].name)) {
			*ret = (struct place){ &r->packages[i], r->packages + 1,
					       MS_H248_PACKAGE_COUNT - 1, 0 };
			return i;
		}
	return -ENOENT;
}

static int place_choice(struct ms_h248_registry *r, uint16_t item, struct ms_span name,
			struct place *ret)
{
	const struct ms_h248_item *it = &ms_h248_items[item];
	for (unsigned i = it->choices; i < it->choices + (unsigned)it->n_choices; i++)
		if (ms_span_is_nocase(name, ms_h248_choices[i].name)) {
			*ret = (struct place){ &r->choices[i], &r->choices[it->choices],
					       it->n_choices, 0 };
			return 0;
		}
	return -ENOENT;
}

/* Package, item, parameter, value: a value may follow an item (a property) or a parameter. */
static int find_place(struct ms_h248_registry *r, struct ms_span path, struct place *ret)
{
	int package = place_package(r, ms_span_cut(&path, '/'), ret);
	uint16_t item = 0;
	if (package < 0)
		return package;
	while (path.p) {
		struct ms_span step = ms_span_cut(&path, '/');
		uint16_t next = find_default(step, (uint16_t)package, item);
		if (!next)
			return item && !path.p ? place_choice(r, item, step, ret) : -ENOENT;
		item = next;
		*ret = (struct place){ .entry = &r->items[item], .item = item };
	}
	return 0;
}

static bool same(const struct ms_h248_entry *a, const struct ms_h248_entry *b)
{
	return a != b && (a->number == b->number || ms_span_eq_nocase(a->name, b->name));
}

/* Whether `e` would be mistaken for a sibling of the place. */
static bool clashes(const struct ms_h248_registry *r, const struct place *at,
		    const struct ms_h248_entry *e)
{
	for (size_t i = 0; i < at->n; i++)
		if (&at->first[i] != at->entry && same(&at->first[i], e))
			return true;
	const struct ms_h248_item *own = &ms_h248_items[at->item];
	for (uint16_t i = 1; at->item && i < MS_H248_ITEM_COUNT; i++)
		if (i != at->item && ms_h248_items[i].package == own->package &&
		    ms_h248_items[i].kind == own->kind && ms_h248_items[i].parent == own->parent &&
		    same(&r->items[i], e))
			return true;
	return false;
}

static bool is_name(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i] | 0x20;
		bool letter = c >= 'a' && c <= 'z';
		bool digit = s.p[i] >= '0' && s.p[i] <= '9';
		if (!letter && (i == 0 || (!digit && s.p[i] != '_')))
			return false;
	}
	return s.len > 0;
}

static int read_hex(struct ms_span s, int32_t *ret_number)
{
	uint32_t v = 0;
	if (s.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i] | 0x20;
		if ((c < 'a' || c > 'f') && (s.p[i] < '0' || s.p[i] > '9'))
			return -EINVAL;
		v = v << 4 | (uint32_t)(c >= 'a' ? c - 'a' + 10 : s.p[i] - '0');
		if (v > NUMBER_MAX)
			return -ERANGE;
	}
	*ret_number = (int32_t)v;
	return 0;
}

static int read_number(struct ms_span s, int32_t *ret_number)
{
	uint64_t v;
	if (ms_span_starts_nocase(s, MS_SPAN_LIT("0x")))
		return read_hex(ms_span_from(s, 2), ret_number);
	int err = ms_span_u64(s, NUMBER_MAX, &v);
	if (err == 0)
		*ret_number = (int32_t)v;
	return err;
}

/* "name", "number", "name number". */
static int read_value(struct ms_span value, struct ms_h248_entry *e)
{
	struct ms_span rest = ms_span_trim(value), word = ms_span_cut(&rest, ' ');
	if (is_name(word)) {
		if (word.len > NAME_MAX_OCTETS)
			return -ERANGE;
		e->name = word;
		if (!rest.p)
			return 0;
		word = ms_span_trim(rest);
		rest = MS_SPAN_NULL;
	}
	return rest.p ? -EINVAL : read_number(word, &e->number);
}

const char *ms_h248_registry_words(int err)
{
	switch (err) {
	case -ENOENT:
		return "there is no such package or item";
	case -EINVAL:
		return "neither a name nor a number";
	case -ERANGE:
		return "a number has at most 16 bits and is not 0xffff, a name has at most 64 octets";
	case -EEXIST:
		return "another one has that name or number";
	default:
		return "too many names are changed";
	}
}

int ms_h248_registry_set(struct ms_h248_registry *r, struct ms_span path, struct ms_span value)
{
	struct place at;
	int err = find_place(r, path, &at);
	struct ms_h248_entry e = err == 0 ? *at.entry : (struct ms_h248_entry){ 0 };
	if (err == 0)
		err = read_value(value, &e);
	if (err < 0)
		return err;
	if (clashes(r, &at, &e))
		return -EEXIST;
	if (e.name.p != at.entry->name.p) { /* the caller's octets: keep them */
		if (e.name.len > sizeof(r->names) - r->names_len)
			return -ENOSPC;
		char *kept = r->names + r->names_len;
		memcpy(kept, e.name.p, e.name.len);
		r->names_len += e.name.len;
		e.name = ms_span_of(kept, e.name.len);
	}
	*at.entry = e;
	r->changed = true;
	build(r);
	return 0;
}
