/* SPDX-License-Identifier: Apache-2.0 */
/* Between http.c, which knows who comes, and http-lists.c, which does what he wants. */
#ifndef MS_LISTS_HTTP_PRIV_H
#define MS_LISTS_HTTP_PRIV_H

#include "http/server.h"
#include "list/directory.h"
#include "list/http.h"
#include "list/tokens.h"

/** A request on its way; it lasts as long as the handler. */
struct ms_lists_visit {
	struct ms_http_request *r;
	struct ms_lists_client client;
	struct ms_keys_identity uri;
	const struct ms_lists_list *list; /* NULL: there is none of that URI */
};

#define MS_LISTS_HTTP_PATH "/lists"

/** With the list's entity tag. `type` NULL: without a body. */
void ms_lists_http_tagged(struct ms_lists_visit *v, int status, const struct ms_lists_list *l,
			  const char *type, struct ms_span body);

/** RFC 4825 section 11: what is wrong with a document. `phrase`: ours, without anything to escape. */
void ms_lists_http_conflict(struct ms_lists_visit *v, const char *element, const char *phrase);

/** A change was refused by the directory: logs and answers. */
void ms_lists_http_refuse(struct ms_lists_visit *v, int err);

bool ms_lists_http_may_see(const struct ms_lists_visit *v, const struct ms_lists_list *l);
bool ms_lists_http_may_change(const struct ms_lists_visit *v);

/** If-Match and If-None-Match: 0: go on; else the status that they ask for. */
int ms_lists_http_precondition(const struct ms_lists_visit *v);

/** http-entry.c: answers a request for what `selector` names in the list's document (RFC 4825 section 6). */
void ms_lists_http_entry(struct ms_lists_visit *v, struct ms_span selector);

/**
 * selector.c: the URI in resource-lists/list/entry[@uri="URI"], percent-decoded before: the only
 * selector that is understood. Borrowed. -ENOENT: another one.
 */
MS_MUST_CHECK int ms_lists_selector_read(struct ms_span selector, struct ms_span *ret_uri);

/** Answers a request of that client. */
void ms_lists_http_answer(struct ms_http_request *r, const struct ms_lists_client *client);

#endif
