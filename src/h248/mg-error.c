/* SPDX-License-Identifier: Apache-2.0 */
/* Words for the error codes of H.248.8 that the gateway gives. */
#include "h248/mg-priv.h"

static const struct {
	uint16_t code;
	const char *text;
} texts[] = {
	{ 402, "Unauthorized" },
	{ 406, "Version Not Supported" },
	{ 410, "Incorrect Identifier" },
	{ 411, "Unknown ContextID" },
	{ 412, "No ContextIDs available" },
	{ 421, "Unknown Action or Illegal Combination of Actions" },
	{ 430, "Unknown TerminationID" },
	{ 431, "No TerminationID Matched a Wildcard" },
	{ 432, "Out of TerminationIDs or No TerminationID Available" },
	{ 433, "TerminationID is already in a Context" },
	{ 434, "Max number of Terminations in a Context exceeded" },
	{ 435, "Termination ID is not in specified Context" },
	{ 440, "Unsupported or unknown Package" },
	{ 441, "Missing Remote or Local Descriptor" },
	{ 443, "Unsupported or Unknown Command" },
	{ 444, "Unsupported or Unknown Descriptor" },
	{ 445, "Unsupported or Unknown Property" },
	{ 446, "Unsupported or Unknown Parameter" },
	{ 447, "Descriptor not legal in this command" },
	{ 448, "Descriptor appears twice in this command" },
	{ 449, "Unsupported or Unknown Parameter or Property Value" },
	{ 450, "No such property in this package" },
	{ 451, "No such event in this package" },
	{ 452, "No such signal in this package" },
	{ 453, "No such statistic in this package" },
	{ 454, "No such parameter value in this package" },
	{ 455, "Property illegal in this Descriptor" },
	{ 456, "Property appears twice in this Descriptor" },
	{ 457, "Missing parameter in signal or event" },
	{ 459, "Unsupported or Unknown Profile" },
	{ 471, "Implied Add for Multiplex failure" },
	{ 472, "Required Information Missing" },
	{ 473, "Conflicting Property Values" },
	{ 474, "Invalid SDP Syntax" },
	{ 500, "Internal software failure in the MG" },
	{ 501, "Not Implemented" },
	{ 502, "Not ready" },
	{ 503, "Service Unavailable" },
	{ 504, "Command Received from unauthorized entity" },
	{ 505, "Transaction Request Received before a ServiceChange Reply has been received" },
	{ 510, "Insufficient resources" },
	{ 511, "Temporarily Busy" },
	{ 512, "Media Gateway unequipped to detect requested Event" },
	{ 513, "Media Gateway unequipped to generate requested Signals" },
	{ 515, "Unsupported Media Type" },
	{ 517, "Unsupported or invalid mode" },
	{ 518, "Event buffer full" },
};

static struct ms_span text_of(unsigned code)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].code == code)
			return ms_span_str(texts[i].text);
	return MS_SPAN_NULL;
}

unsigned ms_mg_refuse(struct mg_job *j, unsigned code, struct ms_span detail)
{
	j->detail = detail;
	return code;
}

/* The words of a peer stand between quotes in the text: none inside, no control characters. */
static struct ms_span quotable(struct mg_job *j, struct ms_span s)
{
	struct ms_span ret = ms_h248_arena_copy(&j->arena, ms_span_sub(s, 0, 128));

	for (size_t i = 0; i < ret.len; i++) {
		uint8_t *p = (uint8_t *)(uintptr_t)&ret.p[i]; /* our own copy */

		if (*p < 0x20 || *p > 0x7e || *p == '"')
			*p = ' ';
	}
	return ret;
}

struct ms_h248_error *ms_mg_error(struct mg_job *j, unsigned code)
{
	struct ms_h248_error *e = ms_h248_arena_get(&j->arena, sizeof(*e));

	if (!e) {
		j->spare.code = (uint16_t)code;
		return &j->spare;
	}
	e->code = (uint16_t)code;
	e->text = j->detail.len ? quotable(j, j->detail) : text_of(code);
	j->detail = MS_SPAN_NULL;
	return e;
}
