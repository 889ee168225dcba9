/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML events against the table of fields. The depth is that of the tables, so no input can nest
 * deeper. libcyaml was considered: it knows no defaults, no ranges, no file name in its messages and
 * no line for checks made after loading.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

#include "core/buf.h"
#include "daemon/config-priv.h"

#define FIELDS_MAX 64
#define LIST_MAX 1024

struct reader {
	struct ms_config *config;
	yaml_parser_t yaml;
	yaml_event_t event;
	bool have_event;
	char path[MS_CONFIG_PATH_MAX];
	struct ms_config_error *error;
};

static unsigned line_of(const struct reader *r)
{
	return (unsigned)r->event.start_mark.line + 1;
}

MS_PRINTF(3, 4) static int fail(struct reader *r, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ms_config_say(r->error, r->config->name, line, r->path, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static const char *quoted(struct ms_span s, char *room, size_t size)
{
	struct ms_buf b;

	ms_buf_init_fixed(&b, room, size);
	ms_buf_put_u8(&b, '"');
	ms_buf_put_quoted(&b, s, 48);
	ms_buf_put_u8(&b, '"');
	return ms_buf_cstr(&b);
}

/* ---- events ---- */

static int next(struct reader *r)
{
	if (r->have_event)
		yaml_event_delete(&r->event);
	r->have_event = false;
	if (!yaml_parser_parse(&r->yaml, &r->event)) {
		r->path[0] = 0;
		if (r->yaml.error == YAML_MEMORY_ERROR)
			return -ENOMEM;
		return fail(r, (unsigned)r->yaml.problem_mark.line + 1, "%s",
			    r->yaml.problem ? r->yaml.problem : "not YAML");
	}
	r->have_event = true;
	if (r->event.type == YAML_ALIAS_EVENT)
		return fail(r, line_of(r), "aliases are not allowed");
	return 0;
}

static struct ms_span scalar_text(const struct reader *r)
{
	return ms_span_of(r->event.data.scalar.value, r->event.data.scalar.length);
}

/* "key:" with nothing behind it. */
static bool is_nothing(const struct reader *r)
{
	return r->event.type == YAML_SCALAR_EVENT && r->event.data.scalar.length == 0 &&
	       r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static int read_map(struct reader *r, const struct ms_config_field *fields, void *base);
static int set_defaults(struct reader *r, const struct ms_config_field *fields, const bool *seen,
			unsigned line, void *base);

/* Appends ".key" or "[index]" to the path; returns its old length for path_back(). */
static size_t path_on(struct reader *r, const char *key, size_t index)
{
	size_t n = strlen(r->path);

	if (key)
		snprintf(r->path + n, sizeof(r->path) - n, "%s%.64s", n > 0 ? "." : "", key);
	else
		snprintf(r->path + n, sizeof(r->path) - n, "[%zu]", index);
	return n;
}

static void path_back(struct reader *r, size_t n)
{
	r->path[n] = 0;
}

/* ---- values ---- */

static int read_scalar(struct reader *r, const struct ms_config_field *f, void *at)
{
	struct ms_config_reason why = { "" };
	char room[256];
	int err;

	if (r->event.type != YAML_SCALAR_EVENT || is_nothing(r))
		return fail(r, line_of(r), "must be %s%s", ms_config_type_name(f->type),
			    is_nothing(r) ? " (for none write \"\")" : "");
	err = ms_config_scalar(r->config, f, scalar_text(r), at, &why);
	if (err == -EINVAL)
		return fail(r, line_of(r), "%s, not %s", why.text,
			    quoted(scalar_text(r), room, sizeof(room)));
	return err;
}

/* The event is the beginning of a mapping, or nothing, which is an empty one. */
static int read_section(struct reader *r, const struct ms_config_field *fields, void *base)
{
	static const bool none[FIELDS_MAX];

	if (is_nothing(r))
		return set_defaults(r, fields, none, line_of(r), base);
	if (r->event.type != YAML_MAPPING_START_EVENT)
		return fail(r, line_of(r), "must be a mapping");
	return read_map(r, fields, base);
}

static int read_item(struct reader *r, const struct ms_config_field *f, void *at)
{
	if (f->fields)
		return read_section(r, f->fields, at);
	return read_scalar(r, f->item, at);
}

/* Room for one more element: a new block of twice the size, the old one stays with the rest. */
static int grow_list(struct ms_config *c, const struct ms_config_field *f,
		     struct ms_config_list *list, size_t *cap)
{
	void *items;

	if (list->n < *cap)
		return 0;
	*cap = *cap > 0 ? 2 * *cap : 4;
	items = ms_config_alloc(c, *cap * f->item_size);
	if (!items)
		return -ENOMEM;
	if (list->n > 0)
		memcpy(items, list->items, list->n * f->item_size);
	list->items = items;
	return 0;
}

static int read_items(struct reader *r, const struct ms_config_field *f,
		      struct ms_config_list *list)
{
	size_t cap = 0, most = f->max > 0 ? (size_t)f->max : LIST_MAX;
	int err;

	while ((err = next(r)) == 0 && r->event.type != YAML_SEQUENCE_END_EVENT) {
		size_t n = path_on(r, NULL, list->n);

		if (list->n == most)
			return fail(r, line_of(r), "more than %zu elements", most);
		err = grow_list(r->config, f, list, &cap);
		if (err == 0)
			err = ms_config_remember(r->config, r->path, line_of(r));
		if (err == 0)
			err = read_item(r, f, (char *)list->items + list->n * f->item_size);
		if (err)
			return err;
		path_back(r, n);
		list->n++;
	}
	return err;
}

static int read_list(struct reader *r, const struct ms_config_field *f, struct ms_config_list *list)
{
	unsigned line = line_of(r);
	int err = 0;

	if (r->event.type != YAML_SEQUENCE_START_EVENT && !is_nothing(r))
		return fail(r, line, "must be a list");
	if (!is_nothing(r))
		err = read_items(r, f, list);
	if (err == 0 && list->n < f->min)
		return fail(r, line, "needs at least %zu elements", (size_t)f->min);
	return err;
}

static int read_profile_value(struct reader *r, const char *key, struct ms_profile *p)
{
	char room[256];
	int err = next(r);

	if (err)
		return err;
	if (r->event.type != YAML_SCALAR_EVENT)
		return fail(r, line_of(r), "must be a number or text");
	err = ms_profile_set(p, key, scalar_text(r));
	if (err == -ERANGE)
		return fail(r, line_of(r), "is out of range: %s",
			    quoted(scalar_text(r), room, sizeof(room)));
	return err ? fail(r, line_of(r), "cannot be %s", quoted(scalar_text(r), room, sizeof(room)))
		   : 0;
}

static bool is_profile_name(const char *key, size_t *ret_index)
{
	const struct ms_profile_entry *e;

	for (size_t i = 0; (e = ms_profile_entry(i)); i++) {
		if (strcmp(e->name, key) == 0) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

/* A key of a mapping as a C string. */
static int take_key(struct reader *r, char *key, size_t size)
{
	char room[256];

	if (r->event.type != YAML_SCALAR_EVENT)
		return fail(r, line_of(r), "a key must be a word");
	if (ms_span_to_str(scalar_text(r), key, size))
		return fail(r, line_of(r), "unknown key %s",
			    quoted(scalar_text(r), room, sizeof(room)));
	return 0;
}

static int read_profile(struct reader *r, struct ms_profile *p)
{
	bool seen[256] = { false };
	char key[64];
	size_t i;
	int err = 0;

	if (is_nothing(r))
		return 0;
	if (r->event.type != YAML_MAPPING_START_EVENT)
		return fail(r, line_of(r), "must be a mapping");
	while ((err = next(r)) == 0 && r->event.type != YAML_MAPPING_END_EVENT) {
		size_t n;

		err = take_key(r, key, sizeof(key));
		if (err)
			return err;
		n = path_on(r, key, 0);
		if (!is_profile_name(key, &i) || i >= sizeof(seen))
			return fail(r, line_of(r), "unknown key");
		if (seen[i])
			return fail(r, line_of(r), "given twice");
		seen[i] = true;
		err = read_profile_value(r, key, p);
		if (err)
			return err;
		path_back(r, n);
	}
	return err;
}

static int read_value(struct reader *r, const struct ms_config_field *f, void *base)
{
	void *at = (char *)base + f->offset;
	int err = next(r);

	if (err)
		return err;
	switch (f->type) {
	case MS_CONFIG_MAP:
		return read_section(r, f->fields, at);
	case MS_CONFIG_LIST:
		return read_list(r, f, at);
	case MS_CONFIG_PROFILE:
		*(struct ms_profile *)at = ms_profile_default;
		return read_profile(r, at);
	default:
		return read_scalar(r, f, at);
	}
}

/* ---- mappings ---- */

static int default_scalar(struct reader *r, const struct ms_config_field *f, unsigned line,
			  void *at)
{
	struct ms_config_reason why = { "" };
	int err;

	if (!f->value)
		return fail(r, line, "must be given");
	err = ms_config_scalar(r->config, f, ms_span_str(f->value), at, &why);
	return err == -EINVAL ? fail(r, line, "the default %s", why.text) : err;
}

static int set_default(struct reader *r, const struct ms_config_field *f, unsigned line, void *base)
{
	static const bool none[FIELDS_MAX];
	void *at = (char *)base + f->offset;

	switch (f->type) {
	case MS_CONFIG_MAP:
		return set_defaults(r, f->fields, none, line, at);
	case MS_CONFIG_LIST:
		return f->min > 0 ? fail(r, line, "must be given") : 0;
	case MS_CONFIG_PROFILE:
		*(struct ms_profile *)at = ms_profile_default;
		return 0;
	default:
		return default_scalar(r, f, line, at);
	}
}

static int set_defaults(struct reader *r, const struct ms_config_field *fields, const bool *seen,
			unsigned line, void *base)
{
	int err = 0;

	for (size_t i = 0; fields[i].key && err == 0; i++) {
		size_t n = path_on(r, fields[i].key, 0);

		if (!seen[i])
			err = set_default(r, &fields[i], line, base);
		if (err == 0)
			path_back(r, n);
	}
	return err;
}

static const struct ms_config_field *find_field(const struct ms_config_field *fields,
						const char *key)
{
	for (; fields->key; fields++)
		if (strcmp(fields->key, key) == 0)
			return fields;
	return NULL;
}

static int read_pair(struct reader *r, const struct ms_config_field *fields, bool *seen, void *base)
{
	const struct ms_config_field *f;
	char key[64];
	size_t n;
	int err = take_key(r, key, sizeof(key));

	if (err)
		return err;
	n = path_on(r, key, 0);
	f = find_field(fields, key);
	if (!f)
		return fail(r, line_of(r), "unknown key");
	if (seen[f - fields])
		return fail(r, line_of(r), "given twice");
	seen[f - fields] = true;
	err = ms_config_remember(r->config, r->path, line_of(r));
	if (err == 0)
		err = read_value(r, f, base);
	if (err == 0)
		path_back(r, n);
	return err;
}

static int read_map(struct reader *r, const struct ms_config_field *fields, void *base)
{
	bool seen[FIELDS_MAX] = { false };
	unsigned line = line_of(r);
	size_t n = 0;
	int err;

	while (fields[n].key)
		n++;
	if (n > FIELDS_MAX)
		return -E2BIG;
	while ((err = next(r)) == 0 && r->event.type != YAML_MAPPING_END_EVENT) {
		err = read_pair(r, fields, seen, base);
		if (err)
			return err;
	}
	return err ? err : set_defaults(r, fields, seen, line, base);
}

/* ---- the whole ---- */

/* Stream start, one document with a mapping (or none at all), stream end. */
static int read_stream(struct reader *r, const struct ms_config_field *fields)
{
	static const bool none[FIELDS_MAX];
	int err = next(r);

	if (err == 0)
		err = next(r);
	if (err == 0 && r->event.type == YAML_STREAM_END_EVENT)
		return set_defaults(r, fields, none, 0, r->config->values);
	if (err == 0)
		err = next(r);
	if (err == 0)
		err = read_section(r, fields, r->config->values);
	if (err == 0)
		err = next(r); /* document end */
	if (err == 0)
		err = next(r);
	if (err == 0 && r->event.type != YAML_STREAM_END_EVENT)
		err = fail(r, line_of(r), "a second document");
	return err;
}

int ms_config_read(struct ms_config *c, struct ms_span text, const struct ms_config_field *fields,
		   struct ms_config_error *ret_error)
{
	struct reader r = { .config = c, .error = ret_error };
	int err;

	if (!yaml_parser_initialize(&r.yaml))
		return -ENOMEM;
	yaml_parser_set_input_string(&r.yaml, text.p ? text.p : (const uint8_t *)"", text.len);
	err = read_stream(&r, fields);
	if (r.have_event)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.yaml);
	return err;
}
