/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists managed over HTTP, as documents of RFC 4826 with entity tags in the manner of XCAP (RFC 4825
 * sections 7.11 and 8.2):
 *
 *   GET    /lists                     lists that the token's owner may see, as entries
 *   GET    /lists?uri=URI             the members; If-None-Match
 *   PUT    /lists?uri=URI[&post=][&show=][&owner=]   makes the list, or replaces its members; If-Match,
 *                                     If-None-Match: *
 *   DELETE /lists?uri=URI             If-Match
 *
 * The document is one list; RFC 4825's paths into it are not offered.
 */
#ifndef MS_LISTS_HTTP_H
#define MS_LISTS_HTTP_H

#include "list/lists.h"

/** Opens what is configured; nothing may be. Errors with a sentence in `error`. */
MS_MUST_CHECK int ms_lists_http_open(const struct ms_lists_config *c, struct ms_buf *error);

/** Reads the token file again; on failure the old tokens stay. */
MS_MUST_CHECK int ms_lists_http_reload(const struct ms_lists_config *c, struct ms_buf *error);

void ms_lists_http_close(void);

#endif
