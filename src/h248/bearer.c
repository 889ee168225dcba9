/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults and the end of a bearer description. */
#include "h248/bearer.h"

#include <string.h>

void ms_bearer_init(struct ms_bearer *b)
{
	memset(b, 0, sizeof(*b));
	b->incoming = MS_BEARER_ACCEPT;
	b->tcp_mode = MS_BEARER_PROXY;
}

void ms_bearer_wipe(struct ms_bearer *b)
{
	ms_wipe(b, sizeof(*b));
}
