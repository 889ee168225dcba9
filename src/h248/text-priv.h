/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the text codec: the cursors for reading and writing and what every descriptor needs of them.
 *
 * Both cursors have errors that stick: after the first one a reader stands at the end of its input and
 * a writer drops what it is given, so that every loop ends and one look at the end is enough.
 */
#ifndef MS_H248_TEXT_PRIV_H
#define MS_H248_TEXT_PRIV_H

#include "h248/text.h"

/* ---- tokens ---- */

enum ms_h248_token {
	MS_H248_T_NONE,
#define MS_TOKEN(name, long_form, short_form) MS_H248_T_##name,
#define MS_ALIAS(name, form)
#include "h248/tokens.def"
#undef MS_TOKEN
#undef MS_ALIAS
	MS_H248_T_COUNT,
};

/** The token a word is, in any case, or MS_H248_T_NONE. Octets up to `end` may be looked at. */
enum ms_h248_token ms_h248_token_of(struct ms_span word, const uint8_t *end);

/* ---- characters ---- */

enum {
	MS_H248_C_SAFE = 1,  /* SafeChar */
	MS_H248_C_WHITE = 2, /* WSP, EOL */
	MS_H248_C_GAP = 4,   /* WSP, EOL, and the start of a comment */
	MS_H248_C_NAME = 8,  /* of NAME, and '*' */
	MS_H248_C_PATH = 16, /* of pathNAME and its domain */
	MS_H248_C_DIGIT = 32,
	MS_H248_C_QUOTED = 64, /* between quotes */
};
extern const uint8_t ms_h248_class[256];

/** All octets are of a class. */
bool ms_h248_all(struct ms_span s, unsigned classes);

/* ---- reading ---- */

struct ms_h248_in {
	const uint8_t *p;   /* next octet */
	const uint8_t *end; /* of the message */
	const uint8_t *start;
	struct ms_h248_arena *arena;
	int syntax; /* H.248.8: code of a syntax error where we are: 400, 403, 422, 442 */
	int err;    /* first error */
	bool audit; /* inside an Audit descriptor: names stand without values */
	bool reply; /* inside a transaction reply */
	struct ms_h248_refused refused;
};

/** The first fault counts: H.248.8 code, reason, where (NULL: at the next octet). */
void ms_h248_in_fail(struct ms_h248_in *in, int code, const char *reason, const uint8_t *at);

/** Skips LWSP of which the first octet is there. */
void ms_h248_in_gap(struct ms_h248_in *in);

/** A zeroed node of the tree, NULL after an error. */
void *ms_h248_in_node(struct ms_h248_in *in, size_t size);

static inline void ms_h248_in_lwsp(struct ms_h248_in *in)
{
	if (in->p < in->end && ms_h248_class[*in->p] & MS_H248_C_GAP)
		ms_h248_in_gap(in);
}

/** LWSP, and then `c`: taken. */
static inline bool ms_h248_in_is(struct ms_h248_in *in, uint8_t c)
{
	ms_h248_in_lwsp(in);
	if (in->p == in->end || *in->p != c)
		return false;
	in->p++;
	return true;
}

/** The octet after LWSP, not taken; 0 at the end. */
static inline uint8_t ms_h248_in_next(struct ms_h248_in *in)
{
	ms_h248_in_lwsp(in);
	return in->p < in->end ? *in->p : 0;
}

/** As ms_h248_in_is(), else a syntax error. */
static inline void ms_h248_in_want(struct ms_h248_in *in, uint8_t c)
{
	if (!ms_h248_in_is(in, c))
		ms_h248_in_fail(in, in->syntax, "h248_syntax", NULL);
}

/** '{': true unless the list is empty, then its '}' is taken, too. False after an error. */
static inline bool ms_h248_in_open(struct ms_h248_in *in)
{
	ms_h248_in_want(in, '{');
	return !ms_h248_in_is(in, '}') && !in->err;
}

/** After an item of a list: true for ',', false for its end; anything else is an error. */
static inline bool ms_h248_in_more(struct ms_h248_in *in)
{
	if (ms_h248_in_is(in, ','))
		return true;
	ms_h248_in_want(in, '}');
	return false;
}

/** The SafeChars after LWSP; may be none. */
static inline struct ms_span ms_h248_in_word(struct ms_h248_in *in)
{
	ms_h248_in_lwsp(in);
	const uint8_t *p = in->p;
	while (in->p < in->end && ms_h248_class[*in->p] & MS_H248_C_SAFE)
		in->p++;
	return ms_span_of(p, (size_t)(in->p - p));
}

/** The token of the next word; *ret_word has it as it stands. */
static inline enum ms_h248_token ms_h248_in_token(struct ms_h248_in *in, struct ms_span *ret_word)
{
	*ret_word = ms_h248_in_word(in);
	return ms_h248_token_of(*ret_word, in->end);
}

/** "name = value" follows: '=' is taken. */
static inline bool ms_h248_in_equal(struct ms_h248_in *in)
{
	return ms_h248_in_is(in, '=');
}

/** A decimal number up to `max`. */
uint32_t ms_h248_in_number(struct ms_h248_in *in, uint32_t max);

/** "= number". */
uint32_t ms_h248_in_equal_number(struct ms_h248_in *in, uint32_t max);

/** UINT32 or '*'. */
uint32_t ms_h248_in_request_id(struct ms_h248_in *in);

/** A word that must be there. */
struct ms_span ms_h248_in_need(struct ms_h248_in *in);

/** Between quotes, or a word: VALUE. */
struct ms_h248_value *ms_h248_in_value(struct ms_h248_in *in);

/** quotedString or nothing. */
struct ms_span ms_h248_in_quoted(struct ms_h248_in *in);

/** Octets up to the '}' that ends them, which is taken, with white space around cut off. */
struct ms_span ms_h248_in_octets(struct ms_h248_in *in);

/** Octets of hexadecimal digits, in the arena; a fault if they are not from `min` to `max` octets. */
struct ms_span ms_h248_in_hex(struct ms_h248_in *in, struct ms_span hex, size_t min, size_t max);

/** "= ON" or "= OFF". */
enum ms_h248_flag ms_h248_in_flag(struct ms_h248_in *in);

/** yyyymmddThhmmssss */
bool ms_h248_is_timestamp(struct ms_span word);
struct ms_h248_timestamp ms_h248_timestamp_of(struct ms_span word);

/** extensionParameter: "X-" or "X+" and up to 6 letters or digits. */
bool ms_h248_is_extension(struct ms_span word);

/** "package/item" in a word that is at hand. */
void ms_h248_in_name(struct ms_h248_in *in, struct ms_span word, struct ms_h248_name *name);

/** What follows a name: its relation and values. `word` is NAME or pkgdName. Appended to *tail. */
struct ms_h248_param **ms_h248_in_param(struct ms_h248_in *in, struct ms_span word, bool package,
					struct ms_h248_param **tail);

/** {name [= value], ...} or nothing. */
void ms_h248_in_statistics(struct ms_h248_in *in, struct ms_h248_param **list);

struct ms_h248_mid ms_h248_in_mid(struct ms_h248_in *in);
void ms_h248_in_termination(struct ms_h248_in *in, struct ms_h248_termination *t);
struct ms_h248_termination *ms_h248_in_terminations(struct ms_h248_in *in, uint8_t open,
						    uint8_t close);
struct ms_h248_error *ms_h248_in_error(struct ms_h248_in *in);

/* Descriptors, each after its token. */
struct ms_h248_media *ms_h248_in_media(struct ms_h248_in *in);
struct ms_h248_modem *ms_h248_in_modem(struct ms_h248_in *in);
struct ms_h248_mux *ms_h248_in_mux(struct ms_h248_in *in);
struct ms_h248_events *ms_h248_in_events(struct ms_h248_in *in, bool embedded);
struct ms_h248_event *ms_h248_in_event_list(struct ms_h248_in *in, bool embedded);
struct ms_h248_signals *ms_h248_in_signals(struct ms_h248_in *in);
void ms_h248_in_observed(struct ms_h248_in *in, struct ms_h248_command *c);
void ms_h248_in_digitmap(struct ms_h248_in *in, struct ms_h248_digitmap *d);
struct ms_h248_package *ms_h248_in_packages(struct ms_h248_in *in);
struct ms_h248_audit *ms_h248_in_audit(struct ms_h248_in *in);
struct ms_h248_service_change *ms_h248_in_service_change(struct ms_h248_in *in);

/* Descriptors of a command as bits: those of an Audit descriptor, and these. */
enum {
	MS_H248_D_AUDIT = 1 << 16,
	MS_H248_D_SERVICES = 1 << 17,
	MS_H248_D_ERROR = 1 << 18,
};

enum ms_h248_token ms_h248_verb_token(enum ms_h248_verb verb);

/** Which descriptors may stand in a command. */
uint32_t ms_h248_legal_descriptors(enum ms_h248_verb verb, bool reply);

/** The bit of an audit token, 0: none. */
uint32_t ms_h248_audit_bit(enum ms_h248_token token);

/** One item of an Audit descriptor whose token has been read. */
void ms_h248_in_audit_item(struct ms_h248_in *in, enum ms_h248_token token,
			   struct ms_h248_audit *audit);

/** A context attribute, and ContextAudit; false: the token is none of these. */
bool ms_h248_in_context(struct ms_h248_in *in, enum ms_h248_token token, struct ms_h248_context *c);

/** A command, "O-" and "W-" cut off `word`. */
struct ms_h248_command *ms_h248_in_command(struct ms_h248_in *in, struct ms_span word);

/** "*", "-", "$" or a number. */
uint32_t ms_h248_in_context_id(struct ms_h248_in *in);

#endif
