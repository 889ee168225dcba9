/* SPDX-License-Identifier: Apache-2.0 */
/* The console's commands. See command.h. */
#include "ue/command.h"

#include <errno.h>

enum arguments {
	NO_ARGUMENT,
	WHO,          /* one word */
	WHO_OPTIONAL, /* one word or none */
	WHO_TEXT,     /* a word, then the rest of the line */
	WORD_NUMBER,  /* a word, then another or nothing */
	FILE_WHO,     /* a path (quoted if it has blanks), then a word or nothing */
};

static const struct verb {
	const char *word;
	enum ms_ue_verb verb;
	enum arguments arguments;
	const char *usage;
} verbs[] = {
	{ "/msg", MS_UE_VERB_MSG, WHO_TEXT, "/msg WHO TEXT        a protected SIP message" },
	{ "/chat", MS_UE_VERB_CHAT, WHO,
	  "/chat WHO            open a chat (MSRP); then just type" },
	{ "/send", MS_UE_VERB_SEND, FILE_WHO,
	  "/send FILE [WHO]     send a file; \"quotes\" around blanks" },
	{ "/bfcp", MS_UE_VERB_BFCP, WHO, "/bfcp WHO            open floor control (BFCP)" },
	{ "/floor", MS_UE_VERB_FLOOR, WORD_NUMBER,
	  "/floor WHAT [N]      hello, request, release, query, user; N: floor, request or user" },
	{ "/accept", MS_UE_VERB_ACCEPT, WHO_OPTIONAL,
	  "/accept [SESSION]    take the chat or file that is offered" },
	{ "/reject", MS_UE_VERB_REJECT, WHO_OPTIONAL, "/reject [SESSION]    decline it" },
	{ "/hangup", MS_UE_VERB_HANGUP, WHO_OPTIONAL,
	  "/hangup [SESSION]    end a chat or cancel a file" },
	{ "/info", MS_UE_VERB_INFO, WHO_OPTIONAL,
	  "/info [SESSION]      who the KMS says the peer is, suite, ticket" },
	{ "/contacts", MS_UE_VERB_CONTACTS, NO_ARGUMENT, "/contacts            whom you know" },
	{ "/tickets", MS_UE_VERB_TICKETS, NO_ARGUMENT,
	  "/tickets             the tickets in the cache" },
	{ "/stats", MS_UE_VERB_STATS, NO_ARGUMENT,
	  "/stats               counters of this program" },
	{ "/help", MS_UE_VERB_HELP, NO_ARGUMENT, "/help                this" },
	{ "/quit", MS_UE_VERB_QUIT, NO_ARGUMENT, "/quit                leave" },
};

const char *const ms_ue_command_words[] = {
	"/msg",  "/chat",     "/send",    "/bfcp",  "/floor", "/accept", "/reject", "/hangup",
	"/info", "/contacts", "/tickets", "/stats", "/help",  "/quit",   NULL,
};

const char *ms_ue_command_help(unsigned i)
{
	return i < MS_ARRAY_SIZE(verbs) ? verbs[i].usage : NULL;
}

/* The next word, or what stands between double quotes. */
static struct ms_span next_word(struct ms_span *rest)
{
	struct ms_span word;

	*rest = ms_span_trim(*rest);
	if (rest->len > 0 && rest->p[0] == '"') {
		*rest = ms_span_from(*rest, 1);
		word = ms_span_cut(rest, '"');
	} else {
		word = ms_span_cut(rest, ' ');
	}
	*rest = ms_span_trim(*rest);
	return word;
}

static int read_arguments(enum arguments kind, struct ms_span rest, struct ms_ue_command *c)
{
	switch (kind) {
	case NO_ARGUMENT:
		return rest.len == 0 ? 0 : -EINVAL;
	case WHO:
	case WHO_OPTIONAL:
		c->who = next_word(&rest);
		return rest.len > 0 || (kind == WHO && c->who.len == 0) ? -EINVAL : 0;
	case WHO_TEXT:
		c->who = next_word(&rest);
		c->text = rest;
		return c->text.len > 0 ? 0 : -EINVAL;
	case WORD_NUMBER:
		c->who = next_word(&rest);
		c->text = next_word(&rest);
		return rest.len > 0 || c->who.len == 0 ? -EINVAL : 0;
	case FILE_WHO:
		c->text = next_word(&rest);
		c->who = next_word(&rest);
		return rest.len > 0 || c->text.len == 0 ? -EINVAL : 0;
	}
	return -EINVAL;
}

static int parse_verb(struct ms_span line, struct ms_ue_command *c, const char **usage)
{
	struct ms_span rest = line, word = next_word(&rest);

	for (size_t i = 0; i < MS_ARRAY_SIZE(verbs); i++) {
		if (!ms_span_is(word, verbs[i].word))
			continue;
		if (usage)
			*usage = verbs[i].usage;
		c->verb = verbs[i].verb;
		return read_arguments(verbs[i].arguments, rest, c);
	}
	if (usage)
		*usage = "no such command: /help lists them";
	return -ENOENT;
}

int ms_ue_command_parse(struct ms_span line, struct ms_ue_command *ret_command,
			const char **ret_usage)
{
	struct ms_ue_command c = { MS_UE_VERB_NOTHING };
	int err = 0;

	line = ms_span_trim(line);
	if (line.len > 1 && line.p[0] == '/' && line.p[1] == '/') {
		c.verb = MS_UE_VERB_TEXT;
		c.text = ms_span_from(line, 1);
	} else if (line.len > 0 && line.p[0] == '/') {
		err = parse_verb(line, &c, ret_usage);
	} else if (line.len > 0) {
		c.verb = MS_UE_VERB_TEXT;
		c.text = line;
	}
	if (!err)
		*ret_command = c;
	return err;
}
