/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the user typed: a slash command with its arguments, or text for the open chat.
 */
#ifndef MS_UE_COMMAND_H
#define MS_UE_COMMAND_H

#include "core/attr.h"
#include "core/span.h"

enum ms_ue_verb {
	MS_UE_VERB_NOTHING, /* an empty line */
	MS_UE_VERB_TEXT,    /* no slash: `text` goes to the open chat */
	MS_UE_VERB_MSG,     /* who, text */
	MS_UE_VERB_CHAT,    /* who */
	MS_UE_VERB_SEND,    /* text: the file's path; who, or empty for the open chat's peer */
	MS_UE_VERB_BFCP,    /* who */
	MS_UE_VERB_FLOOR,   /* who: what to do; text: a number, or empty */
	MS_UE_VERB_ACCEPT,  /* who: the session, or empty for the newest */
	MS_UE_VERB_REJECT,
	MS_UE_VERB_HANGUP,
	MS_UE_VERB_INFO,
	MS_UE_VERB_CONTACTS,
	MS_UE_VERB_TICKETS,
	MS_UE_VERB_STATS,
	MS_UE_VERB_HELP,
	MS_UE_VERB_QUIT,
};

struct ms_ue_command {
	enum ms_ue_verb verb;
	struct ms_span who;  /* borrowed from the line */
	struct ms_span text; /* borrowed from the line */
};

/** "/msg", "/chat" ..., ends with NULL: for completion. */
extern const char *const ms_ue_command_words[];

/**
 * Reads one line. "//x" is the text "/x". Returns 0, -ENOENT (no such command) or -EINVAL (an
 * argument is missing or there is one too many); then *ret_usage, which may be NULL, says how the
 * command is written (static).
 */
MS_MUST_CHECK int ms_ue_command_parse(struct ms_span line, struct ms_ue_command *ret_command,
				      const char **ret_usage);

/** Line `i` of the help text, or NULL past its end. Static. */
const char *ms_ue_command_help(unsigned i);

#endif
