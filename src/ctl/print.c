/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon's answer for people: an object as "key: value" lines, a list of objects as a table, a
 * list of texts as lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/alloc.h"
#include "core/buf.h"
#include "ctl/ctl.h"

#define TEXT_MAX (1 << 20)

static bool is_scalar(const json_t *v)
{
	return !json_is_object(v) && !json_is_array(v);
}

static void put_scalar(struct ms_buf *b, const json_t *v)
{
	if (json_is_string(v))
		ms_buf_put(b, json_string_value(v), json_string_length(v));
	else if (json_is_integer(v))
		ms_buf_printf(b, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_real(v))
		ms_buf_printf(b, "%g", json_real_value(v));
	else if (json_is_boolean(v))
		ms_buf_put_str(b, json_is_true(v) ? "yes" : "no");
	else
		ms_buf_put_str(b, "-");
}

/* Lists inside a cell or after a key: "a, b, c"; deeper things as JSON. */
static void put_inline(struct ms_buf *b, const json_t *v)
{
	size_t i;
	json_t *item;
	char *text; /* the library's memory */

	if (is_scalar(v)) {
		put_scalar(b, v);
		return;
	}
	if (json_is_object(v)) {
		text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
		ms_buf_put_str(b, text ? text : "");
		/* library's memory */
		free(text);
		return;
	}
	json_array_foreach (v, i, item) {
		if (i > 0)
			ms_buf_put_str(b, ", ");
		put_inline(b, item);
	}
}

static void print_inline(const json_t *v)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, TEXT_MAX);
	put_inline(&b, v);
	fwrite(b.p, 1, b.len, stdout);
}

/* Columns of a cell's text: code points, not octets. */
static size_t text_width(struct ms_span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}

static size_t column_width(const json_t *rows, const char *key)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	size_t i, width = strlen(key);
	json_t *row;

	ms_buf_init(&b, TEXT_MAX);
	json_array_foreach (rows, i, row) {
		size_t w;

		ms_buf_reset(&b);
		put_inline(&b, json_object_get(row, key));
		w = text_width(ms_buf_span(&b));
		width = w > width ? w : width;
	}
	return width;
}

/* The last column ends the line without blanks behind it. */
static void print_cell(struct ms_span text, size_t width, bool last)
{
	size_t used = text_width(text);

	fwrite(text.p, 1, text.len, stdout);
	if (!last)
		printf("%*s", (int)(width - used + 2), "");
}

static void print_row(const json_t *first, const json_t *row, const size_t *widths)
{
	const char *key;
	json_t *unused;
	size_t i = 0, n = json_object_size(first);

	json_object_foreach ((json_t *)first, key, unused) {
		MS_CLEANUP(ms_buf_done) struct ms_buf b;

		(void)unused;
		ms_buf_init(&b, TEXT_MAX);
		if (row)
			put_inline(&b, json_object_get(row, key));
		else
			ms_buf_put_str(&b, key);
		print_cell(ms_buf_span(&b), widths[i], i + 1 == n);
		i++;
	}
	putchar('\n');
}

static void print_table(const json_t *rows)
{
	const json_t *first = json_array_get(rows, 0);
	size_t i = 0, *widths = ms_calloc(json_object_size(first) + 1, sizeof(*widths));
	const char *key;
	json_t *row, *unused;

	if (!widths)
		return;
	json_object_foreach ((json_t *)first, key, unused) {
		(void)unused;
		widths[i++] = column_width(rows, key);
	}
	print_row(first, NULL, widths);
	json_array_foreach (rows, i, row)
		print_row(first, row, widths);
	ms_free(widths);
}

static void print_list(const json_t *list)
{
	size_t i;
	json_t *item;

	if (json_is_object(json_array_get(list, 0))) {
		print_table(list);
		return;
	}
	json_array_foreach (list, i, item) {
		print_inline(item);
		putchar('\n');
	}
}

static void print_object(const json_t *object)
{
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)object, key, v) {
		if (json_is_array(v) && json_is_object(json_array_get(v, 0))) {
			printf("%s:\n", key);
			print_table(v);
			continue;
		}
		printf("%s: ", key);
		print_inline(v);
		putchar('\n');
	}
}

void ms_ctl_print(const json_t *result, bool json)
{
	if (json) {
		json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
		putchar('\n');
	} else if (json_is_object(result)) {
		print_object(result);
	} else if (json_is_array(result)) {
		print_list(result);
	} else if (!json_is_null(result)) {
		print_inline(result);
		putchar('\n');
	}
}
