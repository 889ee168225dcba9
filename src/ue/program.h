/* SPDX-License-Identifier: Apache-2.0 */
/* The program around the user agent: options, exit codes, one front at a time. */
#ifndef MS_UE_PROGRAM_H
#define MS_UE_PROGRAM_H

#include "ue/ue.h"

/** Exit codes; doc/man/mediasec-ue.1. */
enum {
	MS_UE_EXIT_OK = 0,
	MS_UE_EXIT_USAGE = 1,    /* usage or configuration */
	MS_UE_EXIT_NETWORK = 2,  /* SIP: unreachable or refused */
	MS_UE_EXIT_KMS = 3,      /* the key management server is away or refuses */
	MS_UE_EXIT_SECURITY = 4, /* peer, key exchange or message not as it must be */
	MS_UE_EXIT_TIMEOUT = 5,
	MS_UE_EXIT_FILE = 6,
	MS_UE_EXIT_INTERRUPTED = 7,
};

struct ms_ue_program;

/** A front: the console, or a one-shot command. */
struct ms_ue_front {
	const char *name;      /* of the command; NULL: the console */
	const char *arguments; /* for the usage */
	/** Reads its arguments and changes settings. 0 or -EINVAL (usage). May be NULL. */
	int (*prepare)(struct ms_ue_program *p, int argc, char **argv);
	/** Begins, the user agent being there. Negative errno ends the program. */
	int (*start)(struct ms_ue_program *p);
	/** An event, after it was printed. May be NULL. */
	void (*event)(struct ms_ue_program *p, const struct ms_ue_event *e);
	/** Prints an event in place of the program. NULL: as text or JSON to standard output. */
	void (*print)(struct ms_ue_program *p, const struct ms_ue_event *e);
	/** The program ends: restore the terminal. May be NULL. */
	void (*end)(struct ms_ue_program *p);
};

struct ms_ue_program {
	struct ms_ue_settings *settings;
	struct ms_ue *ue;
	const struct ms_ue_front *front;
	bool json, verbose, quitting;
	int exit_code;
	const char *stats; /* file for counters; NULL: none */
	void *front_data;  /* the front's own */
};

extern const struct ms_ue_front ms_ue_console;

/** Ended by one with name NULL. */
extern const struct ms_ue_front ms_ue_oneshots[];

/** Ends the program with this code once sessions and registration are ended. */
void ms_ue_quit(struct ms_ue_program *p, int exit_code);

/** The exit code that a failure event stands for. */
int ms_ue_exit_of(const struct ms_ue_event *e);

/** Prints an event as the options say. */
void ms_ue_print(const struct ms_ue_program *p, const struct ms_ue_event *e);

/** Prints an error for the user to standard error. */
void ms_ue_complain(const char *fmt, ...) MS_PRINTF(1, 2);

/* ---- the proof command (proof-command.c); see struct ms_ue_front ---- */

MS_MUST_CHECK int ms_ue_proof_prepare(struct ms_ue_program *p, int argc, char **argv);
MS_MUST_CHECK int ms_ue_proof_start(struct ms_ue_program *p);
void ms_ue_proof_event(struct ms_ue_program *p, const struct ms_ue_event *e);
void ms_ue_proof_end(struct ms_ue_program *p);

/* ---- standard input by lines ---- */

struct ms_ue_lines; /* owned */

struct ms_ue_lines_handlers {
	/** One line without its end; false: keep the rest until ms_ue_lines_resume(). */
	bool (*line)(void *arg, struct ms_span line);
	void (*end)(void *arg); /* no more */
	void *arg;
};

/** Reads standard input, whatever it is, from the loop. Negative errno. */
MS_MUST_CHECK int ms_ue_lines_new(const struct ms_ue_lines_handlers *h, struct ms_ue_lines **ret_l);
void ms_ue_lines_resume(struct ms_ue_lines *l);
struct ms_ue_lines *ms_ue_lines_free(struct ms_ue_lines *l);

#endif
