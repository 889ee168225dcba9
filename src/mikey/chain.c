/* SPDX-License-Identifier: Apache-2.0 */
/* Walking chains of payloads: messages, TP Data, Ticket Data, Initiator Data. */
#include "mikey/mikey-priv.h"

struct ms_mikey_chain ms_mikey_chain_of(struct ms_span s, unsigned first)
{
	return (struct ms_mikey_chain){ .rest = s, .next = first, .max = MS_MIKEY_PAYLOADS_MAX };
}

int ms_mikey_chain_first(struct ms_span s, struct ms_mikey_chain *ret_c, struct ms_fault *fault)
{
	if (s.len == 0)
		return ms_mikey_parse_fault(fault, 0);
	*ret_c = ms_mikey_chain_of(ms_span_from(s, 1), s.p[0]);
	ret_c->at = 1;
	return 0;
}

int ms_mikey_chain_next(struct ms_mikey_chain *c, struct ms_mikey_payload *ret_p,
			struct ms_fault *fault)
{
	int err;

	if (c->next == MS_MIKEY_P_LAST)
		return c->rest.len == 0 ? 0 : ms_mikey_parse_fault(fault, c->at);
	if (c->count == c->max)
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED, "too_many_payloads",
				    c->at);
	err = ms_mikey_payload_decode(c->next, c->rest, ret_p, fault);
	if (err < 0)
		return ms_mikey_fault_inside(fault, err, c->at);
	c->rest.p += ret_p->raw.len;
	c->rest.len -= ret_p->raw.len;
	c->at += ret_p->raw.len;
	c->next = ret_p->next;
	c->count++;
	return 1;
}
