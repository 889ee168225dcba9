/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the interactive front: its state, and what its two halves need of each other. */
#ifndef MS_UE_CONSOLE_PRIV_H
#define MS_UE_CONSOLE_PRIV_H

#include <termios.h>

#include "loop/loop.h"
#include "ue/line.h"
#include "ue/program.h"

struct ms_ue_console {
	struct ms_ue_program *p;
	bool terminal;
	struct termios saved; /* of a terminal */
	struct ms_ue_line line;
	struct ms_watch watch;
	struct ms_ue_lines *lines; /* owned; without a terminal */
	struct ms_timer drain;
	unsigned chat;    /* the session that typed text goes to; 0: none */
	unsigned wanted;  /* the session that the user asked for last, by /chat or /accept */
	unsigned percent; /* of the file that moves; UINT_MAX: none */
	bool leaving;
};

/** Prints for the user, above the line being typed. */
void ms_ue_console_say(struct ms_ue_console *c, const char *fmt, ...) MS_PRINTF(2, 3);

/** Ends the program once what was typed is sent. */
void ms_ue_console_leave(struct ms_ue_console *c);

/** Does what a typed line says. False: not now, keep the line. */
bool ms_ue_console_line(struct ms_ue_console *c, struct ms_span text);

#endif
