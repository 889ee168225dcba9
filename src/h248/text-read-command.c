/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of requests and replies: which descriptors may stand in which (RFC 3525 7.2, B.2). */
#include "h248/text-priv.h"

#define AUDIT MS_H248_D_AUDIT
#define SERVICES MS_H248_D_SERVICES
#define ERROR MS_H248_D_ERROR
#define AUDITABLE 0x3ff /* all MS_H248_AUDIT_ bits */
#define AMM                                                                                     \
	(MS_H248_AUDIT_MEDIA | MS_H248_AUDIT_MODEM | MS_H248_AUDIT_MUX | MS_H248_AUDIT_EVENTS | \
	 MS_H248_AUDIT_SIGNALS | MS_H248_AUDIT_DIGITMAP | MS_H248_AUDIT_EVENT_BUFFER |          \
	 MS_H248_AUDIT_STATISTICS /* v3 */ | AUDIT)

static const struct {
	enum ms_h248_token token;
	uint32_t request; /* descriptors that may stand */
	uint32_t reply;
} verbs[MS_H248_VERB_COUNT] = {
	[MS_H248_ADD] = { MS_H248_T_ADD, AMM, AUDITABLE | ERROR },
	[MS_H248_MOVE] = { MS_H248_T_MOVE, AMM, AUDITABLE | ERROR },
	[MS_H248_MODIFY] = { MS_H248_T_MODIFY, AMM, AUDITABLE | ERROR },
	[MS_H248_SUBTRACT] = { MS_H248_T_SUBTRACT, AUDIT, AUDITABLE | ERROR },
	[MS_H248_AUDIT_CAPABILITY] = { MS_H248_T_AUDIT_CAP, AUDIT, AUDITABLE | ERROR },
	[MS_H248_AUDIT_VALUE] = { MS_H248_T_AUDIT_VALUE, AUDIT, AUDITABLE | ERROR },
	[MS_H248_NOTIFY] = { MS_H248_T_NOTIFY, MS_H248_AUDIT_OBSERVED | ERROR, ERROR },
	[MS_H248_SERVICE_CHANGE] = { MS_H248_T_SERVICE_CHANGE, SERVICES, SERVICES | ERROR },
};

enum ms_h248_token ms_h248_verb_token(enum ms_h248_verb verb)
{
	return verbs[verb].token;
}

uint32_t ms_h248_legal_descriptors(enum ms_h248_verb verb, bool reply)
{
	return reply ? verbs[verb].reply : verbs[verb].request;
}

static bool verb_of(enum ms_h248_token token, enum ms_h248_verb *ret_verb)
{
	for (int v = 0; v < MS_H248_VERB_COUNT; v++)
		if (verbs[v].token == token) {
			*ret_verb = (enum ms_h248_verb)v;
			return true;
		}
	return false;
}

static uint32_t descriptor_bit(enum ms_h248_token token)
{
	switch (token) {
	case MS_H248_T_AUDIT:
		return AUDIT;
	case MS_H248_T_SERVICES:
		return SERVICES;
	case MS_H248_T_ERROR:
		return ERROR;
	default:
		return ms_h248_audit_bit(token);
	}
}

static struct ms_h248_audit *audit_of(struct ms_h248_in *in, struct ms_h248_command *c)
{
	if (!c->audit)
		c->audit = ms_h248_in_node(in, sizeof(*c->audit));
	return c->audit;
}

/* auditItem in a reply (terminationAudit): there is nothing to tell of it. Those that say "empty" by the
 * bare token are descriptors. */
static bool nothing_to_tell(struct ms_h248_in *in, struct ms_h248_command *c,
			    enum ms_h248_token token)
{
	uint32_t bit = ms_h248_audit_bit(token);
	uint8_t next = ms_h248_in_next(in);
	if (!in->reply || next == '{' || next == '=' || next == '[' ||
	    bit & (MS_H248_AUDIT_EVENTS | MS_H248_AUDIT_SIGNALS | MS_H248_AUDIT_EVENT_BUFFER |
		   MS_H248_AUDIT_STATISTICS))
		return false;
	if (bit && audit_of(in, c))
		c->audit->tokens |= bit;
	return bit != 0;
}

static void event_buffer(struct ms_h248_in *in, struct ms_h248_command *c)
{
	c->has_event_buffer = true;
	if (ms_h248_in_next(in) == '{')
		c->event_buffer = ms_h248_in_event_list(in, true);
}

static void statistics(struct ms_h248_in *in, struct ms_h248_command *c)
{
	c->has_statistics = true;
	ms_h248_in_statistics(in, &c->statistics);
}

static void descriptor(struct ms_h248_in *in, struct ms_h248_command *c, enum ms_h248_token token)
{
	switch (token) {
	case MS_H248_T_MEDIA:
		c->media = ms_h248_in_media(in);
		break;
	case MS_H248_T_MODEM:
		c->modem = ms_h248_in_modem(in);
		break;
	case MS_H248_T_MUX:
		c->mux = ms_h248_in_mux(in);
		break;
	case MS_H248_T_EVENTS:
		c->events = ms_h248_in_events(in, false);
		break;
	case MS_H248_T_SIGNALS:
		c->signals = ms_h248_in_signals(in);
		break;
	case MS_H248_T_DIGITMAP:
		ms_h248_in_digitmap(in, &c->digitmap);
		break;
	case MS_H248_T_EVENT_BUFFER:
		event_buffer(in, c);
		break;
	case MS_H248_T_OBSERVED:
		ms_h248_in_observed(in, c);
		break;
	case MS_H248_T_STATISTICS:
		statistics(in, c);
		break;
	case MS_H248_T_PACKAGES:
		c->packages = ms_h248_in_packages(in);
		break;
	case MS_H248_T_AUDIT:
		c->audit = ms_h248_in_audit(in);
		break;
	case MS_H248_T_SERVICES:
		c->service_change = ms_h248_in_service_change(in);
		break;
	default:
		c->error = ms_h248_in_error(in);
	}
}

static void descriptors(struct ms_h248_in *in, struct ms_h248_command *c)
{
	uint32_t legal = ms_h248_legal_descriptors(c->verb, in->reply), seen = 0;
	struct ms_span w;
	if (!ms_h248_in_open(in))
		return;
	do {
		enum ms_h248_token token = ms_h248_in_token(in, &w);
		uint32_t bit = descriptor_bit(token);
		if (!bit)
			ms_h248_in_fail(in, w.len ? 444 : 442, "h248_unknown_descriptor", w.p);
		else if (!(bit & legal))
			ms_h248_in_fail(in, 447, "h248_descriptor_not_here", w.p);
		else if (bit & seen)
			ms_h248_in_fail(in, 448, "h248_twice", w.p);
		else if (!nothing_to_tell(in, c, token))
			descriptor(in, c, token);
		seen |= bit;
	} while (ms_h248_in_more(in));
}

/* contextTerminationAudit = EQUAL CtxToken ( terminationIDList / LBRKT errorDescriptor RBRKT ) */
static bool context_audit(struct ms_h248_in *in, struct ms_h248_command *c)
{
	const uint8_t *start = in->p;
	struct ms_span w;
	if (!in->reply || (c->verb != MS_H248_AUDIT_VALUE && c->verb != MS_H248_AUDIT_CAPABILITY))
		return false;
	if (ms_h248_in_token(in, &w) != MS_H248_T_CONTEXT || ms_h248_in_next(in) != '{') {
		in->p = start;
		return false;
	}
	c->context_audit = true;
	start = in->p++;
	if (ms_h248_in_token(in, &w) == MS_H248_T_ERROR && ms_h248_in_next(in) == '=') {
		c->error = ms_h248_in_error(in);
		ms_h248_in_want(in, '}');
	} else if (!in->err) {
		in->p = start;
		c->terminations = ms_h248_in_terminations(in, '{', '}');
	}
	return true;
}

/* TerminationID; v3: also LSBRKT TerminationID *(COMMA TerminationID) RSBRKT */
static void termination(struct ms_h248_in *in, struct ms_h248_command *c)
{
	if (ms_h248_in_next(in) == '[') {
		c->terminations = ms_h248_in_terminations(in, '[', ']');
		return;
	}
	c->terminations = ms_h248_in_node(in, sizeof(*c->terminations));
	if (c->terminations)
		ms_h248_in_termination(in, c->terminations);
}

static bool prefix(struct ms_span *word, uint8_t letter)
{
	if (word->len < 2 || (word->p[0] | 0x20) != letter || word->p[1] != '-')
		return false;
	*word = ms_span_from(*word, 2);
	return true;
}

struct ms_h248_command *ms_h248_in_command(struct ms_h248_in *in, struct ms_span word)
{
	struct ms_h248_command *c = ms_h248_in_node(in, sizeof(*c));
	if (!c)
		return NULL;
	in->syntax = 442;
	if (!in->reply) {
		c->optional = prefix(&word, 'o');
		c->wildcard_response = prefix(&word, 'w');
	}
	if (!verb_of(ms_h248_token_of(word, in->end), &c->verb))
		ms_h248_in_fail(in, 443, "h248_unknown_command", word.p);
	ms_h248_in_want(in, '=');
	if (!context_audit(in, c)) {
		termination(in, c);
		if (ms_h248_in_next(in) == '{')
			descriptors(in, c);
	}
	in->syntax = 422;
	return c;
}
