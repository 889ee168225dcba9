/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URI-lists (RFC 5365, RFC 5363): the recipients come with the message. What is protected in it is for
 * them and passes byte for byte; this server is no resolver of its ticket (TS 33.328 annex F.3). The
 * list of recipients is plain, or an S/MIME entity of its own for this service.
 */
#ifndef MS_LISTS_URI_LIST_H
#define MS_LISTS_URI_LIST_H

#include "list/lists.h"

#define MS_LISTS_OPTION_TAG "recipient-list-message"

/** Is this request for the service (uri_list.service)? */
bool ms_lists_uri_is(const struct ms_sip_packet *m);

/** Is that identity the service's? */
bool ms_lists_uri_is_service(struct ms_span uri);

/** Takes a request for the service and answers it, at once or later. */
void ms_lists_uri_take(struct ms_sip_exchange *x, const struct ms_lists_sender *sender);

/** A request that was held (held.h) is worked on again, as it came. */
void ms_lists_uri_held(int64_t id, struct ms_sip_packet *m);

/** An exchange has ended. */
void ms_lists_uri_forget(struct ms_sip_exchange *x);

/** Those that wait for keys are refused; as ms_lists_psi_stop() and _end(). */
void ms_lists_uri_stop(void);
void ms_lists_uri_end(void);

#endif
