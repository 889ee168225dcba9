/* SPDX-License-Identifier: Apache-2.0 */
/* What a reply refuses: RFC 3525 section 7.1.19 lets an error stand at each level. */
#include "h248/message.h"

const struct ms_h248_error *ms_h248_reply_error(const struct ms_h248_transaction *reply,
						uint32_t *ret_context)
{
	*ret_context = MS_H248_CONTEXT_NULL;
	if (reply->error)
		return reply->error;
	for (const struct ms_h248_action *a = reply->actions; a; a = a->next) {
		*ret_context = a->context;
		if (a->error)
			return a->error;
		for (const struct ms_h248_command *c = a->commands; c; c = c->next)
			if (c->error)
				return c->error;
	}
	return NULL;
}
