/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery notifications to authors who asked for them (RFC 5438): members tell the list nothing, the
 * list tells the author what became of his message for each of them, several at a time (section 9),
 * protected, as the list. A courtesy: what is not yet told when the server is killed is not told.
 */
#ifndef MS_LISTS_NOTIFY_H
#define MS_LISTS_NOTIFY_H

#include "list/lists.h"
#include "list/post.h"

/** The post office's handlers.outcome. */
void ms_lists_notify(const struct ms_lists_parcel *p, struct ms_span recipient,
		     enum ms_lists_outcome o, unsigned status, void *arg);

/** Forgets what is not told yet; before the keyrings and the post office go. */
void ms_lists_notify_end(void);

/** A list has gone: its notifications are not sent, and its keyring is not used any more. */
void ms_lists_notify_forget(struct ms_span list);

#endif
