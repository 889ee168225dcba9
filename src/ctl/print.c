/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon's answer for people: an object as "key: value" lines, a list of objects as a table, a
 * list of texts as lines.
 */
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"

static void print_scalar(const json_t *v, int width)
{
	char number[32];
	const char *text = number;

	if (json_is_string(v))
		text = json_string_value(v);
	else if (json_is_integer(v))
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_real(v))
		snprintf(number, sizeof(number), "%g", json_real_value(v));
	else if (json_is_boolean(v))
		text = json_is_true(v) ? "yes" : "no";
	else
		text = "-";
	printf("%-*s", width, text);
}

static bool is_scalar(const json_t *v)
{
	return !json_is_object(v) && !json_is_array(v);
}

/* Lists inside a cell or after a key: "a, b, c"; deeper things as JSON. */
static void print_inline(const json_t *v)
{
	size_t i;
	json_t *item;

	if (is_scalar(v)) {
		print_scalar(v, 0);
		return;
	}
	if (json_is_object(v)) {
		json_dumpf(v, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
		return;
	}
	json_array_foreach (v, i, item) {
		if (i > 0)
			fputs(", ", stdout);
		print_inline(item);
	}
}

static int text_width(const json_t *v)
{
	return json_is_string(v) ? (int)json_string_length(v) : 12;
}

static int column_width(const json_t *rows, const char *key)
{
	int width = (int)strlen(key);
	size_t i;
	json_t *row;

	json_array_foreach (rows, i, row) {
		int w = text_width(json_object_get(row, key));

		width = w > width ? w : width;
	}
	return width + 2;
}

static void print_row(const json_t *rows, const json_t *first, const json_t *row)
{
	const char *key;
	json_t *unused;

	json_object_foreach ((json_t *)first, key, unused) {
		const json_t *cell = row ? json_object_get(row, key) : NULL;
		int width = column_width(rows, key);

		(void)unused;
		if (!row)
			printf("%-*s", width, key);
		else if (is_scalar(cell))
			print_scalar(cell, width);
		else
			print_inline(cell);
	}
	putchar('\n');
}

static void print_table(const json_t *rows)
{
	const json_t *first = json_array_get(rows, 0);
	size_t i;
	json_t *row;

	print_row(rows, first, NULL);
	json_array_foreach (rows, i, row)
		print_row(rows, first, row);
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
		print_scalar(result, 0);
		putchar('\n');
	}
}
