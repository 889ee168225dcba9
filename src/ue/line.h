/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line editor as a pure machine: octets typed in, octets for the terminal out. Small enough to
 * own: libedit would take the terminal and the signals for itself, and what we need beyond a dumb
 * line is only that an event may print above a half-typed line (ms_ue_line_hide(), ..._show()).
 *
 * Keys: left, right, home, end, up, down (history), backspace, delete, ^A ^B ^D ^E ^F ^K ^L ^U ^W,
 * tab (completion of the first word's commands).
 */
#ifndef MS_UE_LINE_H
#define MS_UE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/span.h"

#define MS_UE_LINE_MAX 4096   /* octets of one line */
#define MS_UE_LINE_HISTORY 64 /* lines remembered */

enum ms_ue_line_event {
	MS_UE_LINE_NONE,  /* nothing for the caller to do */
	MS_UE_LINE_ENTER, /* `text` holds a line */
	MS_UE_LINE_END,   /* ^D on an empty line */
	MS_UE_LINE_BREAK, /* ^C */
};

struct ms_ue_line {
	uint8_t text[MS_UE_LINE_MAX];
	size_t len, cursor; /* octets; the cursor is at a character's start */
	char prompt[64];    /* printable, set by the caller */
	unsigned columns;   /* width of the terminal; what is longer scrolls sideways */
	uint8_t escape[16]; /* an escape sequence or character of which more is to come */
	size_t escape_len;
	char *history[MS_UE_LINE_HISTORY]; /* owned; a ring */
	size_t history_next, history_count, history_at;
	const char *const *words; /* for completion; borrowed, ends with NULL; may be NULL */
	bool shown;
};

/** An empty line with the given prompt. All later members have their defaults (80 columns). */
void ms_ue_line_init(struct ms_ue_line *l, const char *prompt);

/** Wipes the text and frees the history. */
void ms_ue_line_done(struct ms_ue_line *l);

/**
 * One octet from the keyboard; what the terminal is to be sent is appended to `out`. After
 * MS_UE_LINE_ENTER the caller takes the text, then calls ms_ue_line_clear().
 */
enum ms_ue_line_event ms_ue_line_key(struct ms_ue_line *l, uint8_t key, struct ms_buf *out);

/** What was typed, borrowed until the next key. */
static inline struct ms_span ms_ue_line_text(const struct ms_ue_line *l)
{
	return ms_span_of(l->text, l->len);
}

/** Remembers the line (unless it is empty or the last one again) and starts an empty one. */
void ms_ue_line_clear(struct ms_ue_line *l);

/** Takes the line off the screen, so that something else may be printed. */
void ms_ue_line_hide(struct ms_ue_line *l, struct ms_buf *out);

/** Draws prompt and line. */
void ms_ue_line_show(struct ms_ue_line *l, struct ms_buf *out);

#endif
