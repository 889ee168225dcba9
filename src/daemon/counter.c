/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/counter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static struct ms_counter_set *first;

void ms_counter_set_add(struct ms_counter_set *set)
{
	struct ms_counter_set **at = &first;

	while (*at && *at != set)
		at = &(*at)->next;
	if (!*at)
		*at = set;
}

static bool same_label(const struct ms_counter *c, const char *value)
{
	return c->label_value && strcmp(c->label_value, value) == 0;
}

struct ms_counter *ms_counter_find(struct ms_counter_set *set, const char *name,
				   const char *label_value)
{
	struct ms_counter *other = NULL;

	for (size_t i = 0; i < set->n; i++) {
		struct ms_counter *c = &set->counters[i];

		if (!c->name || strcmp(c->name, name) != 0)
			continue;
		if (label_value ? same_label(c, label_value) : !c->label)
			return c;
		if (same_label(c, "other"))
			other = c;
	}
	return other;
}

void ms_count_reason(struct ms_counter_set *set, const char *name, const char *label_value)
{
	struct ms_counter *c = ms_counter_find(set, name, label_value);

	if (c)
		ms_count(c);
}

static void refresh(struct ms_counter_set *set)
{
	if (set->refresh)
		set->refresh(set, set->arg);
}

/* HELP and TYPE once for entries that share a name. */
static void put_entry(struct ms_buf *out, const struct ms_counter_set *set, size_t i)
{
	const struct ms_counter *c = &set->counters[i];
	bool again = i > 0 && set->counters[i - 1].name &&
		     strcmp(set->counters[i - 1].name, c->name) == 0;

	if (!again)
		ms_buf_printf(out, "# HELP %s_%s %s\n# TYPE %s_%s %s\n", set->prefix, c->name,
			      c->help, set->prefix, c->name,
			      c->kind == MS_KIND_GAUGE ? "gauge" : "counter");
	ms_buf_printf(out, "%s_%s", set->prefix, c->name);
	if (c->label)
		ms_buf_printf(out, "{%s=\"%s\"}", c->label, c->label_value);
	ms_buf_printf(out, " %" PRIu64 "\n", c->value);
}

void ms_counters_prometheus(struct ms_buf *out)
{
	for (struct ms_counter_set *set = first; set; set = set->next) {
		refresh(set);
		for (size_t i = 0; i < set->n; i++)
			if (set->counters[i].name)
				put_entry(out, set, i);
	}
}

static int put_json(json_t *all, const struct ms_counter_set *set, const struct ms_counter *c)
{
	char key[256];

	if (c->label)
		snprintf(key, sizeof(key), "%s_%s{%s=\"%s\"}", set->prefix, c->name, c->label,
			 c->label_value);
	else
		snprintf(key, sizeof(key), "%s_%s", set->prefix, c->name);
	return json_object_set_new(all, key, json_integer((json_int_t)c->value));
}

json_t *ms_counters_json(void)
{
	json_t *all = json_object();

	for (struct ms_counter_set *set = first; set && all; set = set->next) {
		refresh(set);
		for (size_t i = 0; i < set->n; i++) {
			if (set->counters[i].name && put_json(all, set, &set->counters[i])) {
				json_decref(all);
				return NULL;
			}
		}
	}
	return all;
}

void ms_counters_put(const struct ms_counter_set *set, struct ms_buf *out)
{
	ms_buf_put_u32(out, (uint32_t)set->n);
	for (size_t i = 0; i < set->n; i++)
		ms_buf_put_u64(out, set->counters[i].value);
}

int ms_counters_get(struct ms_counter_set *set, struct ms_reader *in)
{
	uint32_t n;
	int err = ms_read_u32(in, &n);

	if (err || n != set->n || ms_read_left(in) < (size_t)n * 8)
		return -EBADMSG;
	for (size_t i = 0; i < set->n && err == 0; i++)
		err = ms_read_u64(in, &set->counters[i].value);
	return err;
}
