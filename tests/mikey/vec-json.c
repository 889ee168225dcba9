/* SPDX-License-Identifier: Apache-2.0 */
/* Reading vectors: JSON members as the types of the library. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/alloc.h"
#include "core/hex.h"
#include "mikey-vectors.h"
#include "mikey/policy.h"

struct vec_block {
	struct vec_block *next;
	_Alignas(16) uint8_t octets[];
};

bool vec_fail(struct vec_run *run, const char *fmt, ...)
{
	va_list ap;

	if (run->why[0])
		return false;
	va_start(ap, fmt);
	vsnprintf(run->why, sizeof(run->why), fmt, ap);
	va_end(ap);
	return false;
}

void *vec_alloc(struct vec_run *run, size_t n)
{
	struct vec_block *b = ms_zalloc(sizeof(*b) + n);

	if (!b) {
		fprintf(stderr, "mikey-vectors: out of memory\n");
		exit(2);
	}
	b->next = run->arena;
	run->arena = b;
	return b->octets;
}

static void free_arena(struct vec_run *run)
{
	while (run->arena) {
		struct vec_block *b = run->arena;

		run->arena = b->next;
		ms_free(b);
	}
}

/* Optional parts of vectors, and whether the library has them. RFC 6043 section 12.1 forbids to mix
 * PRFs; a local policy can put up with it, as the vectors about it need. */
static const struct {
	const char *name;
	bool here;
} features[] = {
	{ "COUNTER", true },
	{ "AES_KW", true },
	{ "SUITE_256", true },
	{ "MIXED_PRF", true },
};

static int feature_here(const char *name)
{
	for (size_t i = 0; name && i < MS_ARRAY_SIZE(features); i++) {
		if (strcmp(name, features[i].name) == 0)
			return features[i].here;
	}
	return -1;
}

bool vec_skip(struct vec_run *run, const json_t *v, const char *id)
{
	json_t *list = json_object_get(v, "features"), *f;
	size_t i;

	json_array_foreach (list, i, f) {
		const char *name = json_string_value(f);
		int here = feature_here(name);

		if (here < 0)
			vec_fail(run, "unknown feature '%s'", name ? name : "?");
		if (here != 0)
			continue;
		run->skipped++;
		printf("skip %s: needs %s\n", id, name);
		return true;
	}
	return false;
}

static void print_readings(const json_t *v)
{
	json_t *readings = json_object_get(v, "readings");

	for (size_t i = 0; i < json_array_size(readings); i++)
		printf("%s%" JSON_INTEGER_FORMAT, i == 0 ? ", readings " : " ",
		       json_integer_value(json_array_get(readings, i)));
}

void vec_end(struct vec_run *run, const json_t *v, const char *id, bool ok)
{
	const char *level = json_string_value(json_object_get(v, "level"));

	if (!level)
		level = "must";
	if (strcmp(level, "must") != 0 && strcmp(level, "should") != 0 &&
	    strcmp(level, "reading") != 0)
		ok = vec_fail(run, "unknown level '%s'", level);
	if (run->why[0])
		ok = false;
	if (ok) {
		run->passed++;
		if (run->verbose)
			printf("ok %s\n", id);
	} else {
		bool apart = run->readings_apart && strcmp(level, "reading") == 0;

		run->apart += apart;
		run->failed += !apart;
		printf("%s %s: %s: %s [%s", apart ? "apart" : "FAILED", run->file, id,
		       run->why[0] ? run->why : "?", level);
		print_readings(v);
		printf("]\n");
	}
	run->why[0] = '\0';
	free_arena(run);
}

void vec_each(struct vec_run *run, json_t *vectors, bool (*one)(struct vec_run *, const json_t *))
{
	size_t i;
	json_t *v;

	json_array_foreach (vectors, i, v) {
		const char *id = json_string_value(json_object_get(v, "id"));

		if (!id)
			id = "(no id)";
		if (!vec_skip(run, v, id))
			vec_end(run, v, id, one(run, v));
	}
}

const char *vec_str(struct vec_run *run, const json_t *v, const char *name)
{
	const char *s = json_string_value(json_object_get(v, name));

	if (!s)
		vec_fail(run, "no text '%s'", name);
	return s ? s : "";
}

struct ms_span vec_hex_of(struct vec_run *run, const json_t *string)
{
	struct ms_span text = ms_span_str(json_string_value(string));
	struct ms_buf b;
	uint8_t *p;

	if (!string || json_is_null(string))
		return MS_SPAN_NULL;
	/* Exactly as long as it is, so that a read past the end is found by the sanitizers. */
	p = vec_alloc(run, text.len / 2);
	ms_buf_init_fixed(&b, p, text.len / 2);
	if (!json_is_string(string) || ms_hex_decode(&b, text) < 0)
		vec_fail(run, "bad hex");
	return ms_span_of(p, text.len / 2);
}

struct ms_span vec_hex(struct vec_run *run, const json_t *v, const char *name)
{
	return vec_hex_of(run, json_object_get(v, name));
}

uint64_t vec_int(struct vec_run *run, const json_t *v, const char *name)
{
	json_t *n = json_object_get(v, name);

	if (!json_is_integer(n))
		vec_fail(run, "no number '%s'", name);
	return (uint64_t)json_integer_value(n);
}

struct ms_mikey_id vec_id(struct vec_run *run, const json_t *v)
{
	struct ms_mikey_id id = { .data = MS_SPAN_NULL };

	if (!v || json_is_null(v))
		return id;
	id.type = (uint8_t)vec_int(run, v, "id_type");
	id.data = vec_hex(run, v, "id");
	return id;
}

struct ms_mikey_ts vec_ts(struct vec_run *run, const json_t *v, const char *type, const char *ts)
{
	struct ms_span s = vec_hex(run, v, ts);
	struct ms_mikey_ts t = { .set = s.p != NULL };

	if (!t.set)
		return t;
	t.type = (uint8_t)vec_int(run, v, type);
	if (s.len > 8)
		vec_fail(run, "timestamp too long");
	for (size_t i = 0; i < s.len && i < 8; i++)
		t.value = t.value << 8 | s.p[i];
	return t;
}

unsigned vec_flags(struct vec_run *run, const json_t *v, const char *name)
{
	unsigned flags = 0;

	if (ms_mikey_flags_parse(ms_span_str(vec_str(run, v, name)), &flags) < 0)
		vec_fail(run, "bad flags");
	return flags;
}

bool vec_same(struct vec_run *run, const char *what, struct ms_span got, struct ms_span want)
{
	struct ms_buf b;
	char text[161];

	if (ms_span_eq(got, want))
		return true;
	ms_buf_init_fixed(&b, text, sizeof(text) - 1);
	ms_hex_encode(&b, ms_span_sub(got, 0, 80));
	text[b.len] = '\0';
	return vec_fail(run, "%s differs, is %s", what, text);
}
