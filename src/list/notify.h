/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery notifications to authors who asked for them (RFC 5438): members tell the list nothing, the
 * list tells the author what became of his message for each of them, several at a time (section 9),
 * protected, as the list. What is not yet told when the server is killed is told by its next run.
 */
#ifndef MS_LISTS_NOTIFY_H
#define MS_LISTS_NOTIFY_H

#include "list/lists.h"
#include "list/post.h"

/** The post office's handlers.tell. */
void ms_lists_notify(struct ms_lists_letter *l, const struct ms_lists_parcel *p, void *arg);

/** Forgets what is not told yet; before the keyrings and the post office go. */
void ms_lists_notify_end(void);

/** A list has gone: its notifications are not sent, and its keyring is not used any more. */
void ms_lists_notify_forget(struct ms_span list);

#endif
