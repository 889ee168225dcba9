/* SPDX-License-Identifier: Apache-2.0 */
/* Between http.c, which knows who comes, and http-lists.c, which does what he wants. */
#ifndef MS_LISTS_HTTP_PRIV_H
#define MS_LISTS_HTTP_PRIV_H

#include "http/server.h"
#include "list/http.h"
#include "list/tokens.h"

/** Answers a request of that client. */
void ms_lists_http_answer(struct ms_http_request *r, const struct ms_lists_client *client);

#endif
