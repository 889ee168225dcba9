/* SPDX-License-Identifier: Apache-2.0 */
/* The line editor. See line.h. */
#include "ue/line.h"

#include <wchar.h>

#include "core/alloc.h"
#include "core/secret.h"
#include "ue/display.h"

#define CTRL(c) ((c)&0x1f)
#define ESC 0x1b
#define DEL 0x7f

void ms_ue_line_init(struct ms_ue_line *l, const char *prompt)
{
	struct ms_buf b;

	*l = (struct ms_ue_line){ .columns = 80 };
	ms_buf_init_fixed(&b, l->prompt, sizeof(l->prompt) - 1);
	ms_buf_put_str(&b, prompt);
}

void ms_ue_line_done(struct ms_ue_line *l)
{
	for (size_t i = 0; i < MS_UE_LINE_HISTORY; i++)
		l->history[i] = ms_free(l->history[i]);
	ms_wipe(l->text, sizeof(l->text));
	l->len = l->cursor = 0;
}

/* Length of the character at `at`; 1 for an octet that is none. */
static size_t step(const struct ms_ue_line *l, size_t at)
{
	uint32_t c;
	size_t n = ms_ue_utf8_decode(ms_span_of(l->text + at, l->len - at), &c);

	return n > 0 ? n : 1;
}

static size_t step_back(const struct ms_ue_line *l, size_t at)
{
	size_t n = 1;

	while (n < at && n < 4 && (l->text[at - n] & 0xc0) == 0x80)
		n++;
	return n;
}

static unsigned width_of(struct ms_span s)
{
	unsigned columns = 0;

	while (s.len > 0) {
		uint32_t c = 0;
		size_t n = ms_ue_utf8_decode(s, &c);
		int w = n > 0 ? wcwidth((wchar_t)c) : 1;

		columns += w < 0 ? 1u : (unsigned)w;
		s = ms_span_from(s, n > 0 ? n : 1);
	}
	return columns;
}

/* The part of the line that fits beside the prompt, with the cursor in it. */
static struct ms_span window(const struct ms_ue_line *l, unsigned room, size_t *ret_start)
{
	size_t start = 0, end = l->cursor, n;
	unsigned used = width_of(ms_span_of(l->text, l->cursor));

	while (used + 1 >= room && start < l->cursor) {
		n = step(l, start);
		used -= width_of(ms_span_of(l->text + start, n));
		start += n;
	}
	while (end < l->len) {
		n = step(l, end);
		used += width_of(ms_span_of(l->text + end, n));
		if (used + 1 >= room)
			break;
		end += n;
	}
	*ret_start = start;
	return ms_span_of(l->text + start, end - start);
}

void ms_ue_line_show(struct ms_ue_line *l, struct ms_buf *out)
{
	unsigned prompt = width_of(ms_span_str(l->prompt)), at;
	unsigned room = l->columns > prompt + 10 ? l->columns - prompt : 10;
	size_t start;
	struct ms_span seen = window(l, room, &start);

	ms_buf_put_u8(out, '\r');
	ms_buf_put_str(out, l->prompt);
	ms_buf_put_span(out, seen);
	ms_buf_put_str(out, "\x1b[K\r");
	at = prompt + width_of(ms_span_of(l->text + start, l->cursor - start));
	if (at > 0)
		ms_buf_printf(out, "\x1b[%uC", at);
	l->shown = true;
}

void ms_ue_line_hide(struct ms_ue_line *l, struct ms_buf *out)
{
	if (l->shown)
		ms_buf_put_str(out, "\r\x1b[K");
	l->shown = false;
}

static void remove_at(struct ms_ue_line *l, size_t at, size_t n)
{
	memmove(l->text + at, l->text + at + n, l->len - at - n);
	l->len -= n;
	ms_wipe(l->text + l->len, n);
}

static void insert(struct ms_ue_line *l, const void *p, size_t n)
{
	if (n == 0 || n > sizeof(l->text) - l->len)
		return;
	memmove(l->text + l->cursor + n, l->text + l->cursor, l->len - l->cursor);
	memcpy(l->text + l->cursor, p, n);
	l->len += n;
	l->cursor += n;
}

static void remember(struct ms_ue_line *l)
{
	size_t last = (l->history_next + MS_UE_LINE_HISTORY - 1) % MS_UE_LINE_HISTORY;
	char *copy;

	if (l->len == 0 ||
	    (l->history_count > 0 && ms_span_is(ms_ue_line_text(l), l->history[last])))
		return;
	copy = ms_strdup_span(ms_ue_line_text(l));
	if (!copy)
		return;
	ms_free(l->history[l->history_next]);
	l->history[l->history_next] = copy;
	l->history_next = (l->history_next + 1) % MS_UE_LINE_HISTORY;
	if (l->history_count < MS_UE_LINE_HISTORY)
		l->history_count++;
}

void ms_ue_line_clear(struct ms_ue_line *l)
{
	remember(l);
	ms_wipe(l->text, l->len);
	l->len = l->cursor = l->history_at = 0;
	l->shown = false;
}

/* history_at: 0 is the line being typed, n the n-th one back. */
static void recall(struct ms_ue_line *l, bool back)
{
	struct ms_span s = MS_SPAN_NULL;

	if (back ? l->history_at >= l->history_count : l->history_at == 0)
		return;
	l->history_at = back ? l->history_at + 1 : l->history_at - 1;
	if (l->history_at > 0)
		s = ms_span_str(l->history[(l->history_next + MS_UE_LINE_HISTORY - l->history_at) %
					   MS_UE_LINE_HISTORY]);
	l->len = l->cursor = 0;
	insert(l, s.p, s.len);
}

static void complete(struct ms_ue_line *l)
{
	struct ms_span typed = ms_span_of(l->text, l->cursor);
	const char *found = NULL;

	if (!l->words || ms_span_find(typed, ' ') < typed.len)
		return;
	for (size_t i = 0; l->words[i]; i++) {
		if (!ms_span_starts(ms_span_str(l->words[i]), typed))
			continue;
		if (found)
			return; /* more than one: wait for another letter */
		found = l->words[i];
	}
	if (!found)
		return;
	insert(l, found + typed.len, strlen(found) - typed.len);
	insert(l, " ", 1);
}

static void erase_word(struct ms_ue_line *l)
{
	size_t at = l->cursor;

	while (at > 0 && l->text[at - 1] == ' ')
		at--;
	while (at > 0 && l->text[at - 1] != ' ')
		at--;
	remove_at(l, at, l->cursor - at);
	l->cursor = at;
}

static void erase_back(struct ms_ue_line *l)
{
	size_t n;

	if (l->cursor == 0)
		return;
	n = step_back(l, l->cursor);
	l->cursor -= n;
	remove_at(l, l->cursor, n);
}

static void left(struct ms_ue_line *l)
{
	if (l->cursor > 0)
		l->cursor -= step_back(l, l->cursor);
}

static void right(struct ms_ue_line *l)
{
	if (l->cursor < l->len)
		l->cursor += step(l, l->cursor);
}

static void erase_here(struct ms_ue_line *l)
{
	if (l->cursor < l->len)
		remove_at(l, l->cursor, step(l, l->cursor));
}

/* The end of "ESC [ ... letter" or "ESC O letter". ECMA-48. */
static void escape_end(struct ms_ue_line *l, uint8_t final)
{
	uint8_t digit = l->escape_len > 2 ? l->escape[2] : 0;

	if (final == 'A' || final == 'B')
		recall(l, final == 'A');
	else if (final == 'C')
		right(l);
	else if (final == 'D')
		left(l);
	else if (final == 'H' || (final == '~' && (digit == '1' || digit == '7')))
		l->cursor = 0;
	else if (final == 'F' || (final == '~' && (digit == '4' || digit == '8')))
		l->cursor = l->len;
	else if (final == '~' && digit == '3')
		erase_here(l);
}

/* One more octet of an escape sequence; true while it belongs to one. */
static bool escape_key(struct ms_ue_line *l, uint8_t key)
{
	if (l->escape_len == 0 && key != ESC)
		return false;
	if (l->escape_len == 1 && key != '[' && key != 'O') {
		l->escape_len = 0;
		return key == ESC;
	}
	if (l->escape_len >= 2 && key >= 0x40 && key < DEL) {
		escape_end(l, key);
		l->escape_len = 0;
		return true;
	}
	if (l->escape_len == sizeof(l->escape)) {
		l->escape_len = 0;
		return true;
	}
	l->escape[l->escape_len++] = key;
	return true;
}

static void edit_key(struct ms_ue_line *l, uint8_t key)
{
	switch (key) {
	case CTRL('A'):
		l->cursor = 0;
		break;
	case CTRL('E'):
		l->cursor = l->len;
		break;
	case CTRL('B'):
		left(l);
		break;
	case CTRL('F'):
		right(l);
		break;
	case CTRL('D'):
		erase_here(l);
		break;
	case CTRL('H'):
	case DEL:
		erase_back(l);
		break;
	case CTRL('K'):
		l->len = l->cursor;
		break;
	case CTRL('U'):
		remove_at(l, 0, l->cursor);
		l->cursor = 0;
		break;
	case CTRL('W'):
		erase_word(l);
		break;
	case '\t':
		complete(l);
		break;
	default:
		if (key >= 0x20)
			insert(l, &key, 1);
	}
}

enum ms_ue_line_event ms_ue_line_key(struct ms_ue_line *l, uint8_t key, struct ms_buf *out)
{
	if (!escape_key(l, key)) {
		if (key == '\r' || key == '\n') {
			l->cursor = l->len;
			ms_ue_line_show(l, out);
			ms_buf_put_str(out, "\r\n");
			l->shown = false;
			return MS_UE_LINE_ENTER;
		}
		if (key == CTRL('C'))
			return MS_UE_LINE_BREAK;
		if (key == CTRL('D') && l->len == 0)
			return MS_UE_LINE_END;
		if (key == CTRL('L'))
			ms_buf_put_str(out, "\x1b[H\x1b[2J");
		edit_key(l, key);
		/* In the middle of a character there is nothing fit to be drawn yet. */
		if (l->cursor > 0 && key >= 0x80) {
			size_t n = step_back(l, l->cursor);
			uint32_t c;

			if (ms_ue_utf8_decode(ms_span_of(l->text + l->cursor - n, n), &c) != n)
				return MS_UE_LINE_NONE;
		}
	}
	if (l->escape_len == 0)
		ms_ue_line_show(l, out);
	return MS_UE_LINE_NONE;
}
