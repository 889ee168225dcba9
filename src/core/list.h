/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An intrusive doubly linked list: the link is a member of the thing listed. The list owns nothing.
 */
#ifndef MS_CORE_LIST_H
#define MS_CORE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct ms_list {
	struct ms_list *prev, *next; /* a head points to itself when empty */
};

static inline void ms_list_init(struct ms_list *head)
{
	head->prev = head->next = head;
}

static inline bool ms_list_empty(const struct ms_list *head)
{
	return head->next == head;
}

/** Appends at the tail. `link` must be in no list. */
static inline void ms_list_append(struct ms_list *head, struct ms_list *link)
{
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

/** Takes the link out; harmless for one that was initialised and is in no list. */
static inline void ms_list_remove(struct ms_list *link)
{
	if (!link->next)
		return;
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link->prev = link->next = link;
}

#define ms_list_foreach(link, head) \
	for ((link) = (head)->next; (link) != (head); (link) = (link)->next)

/** As ms_list_foreach(); the current link may be removed in the body. */
#define ms_list_foreach_safe(link, tmp, head)                               \
	for ((link) = (head)->next, (tmp) = (link)->next; (link) != (head); \
	     (link) = (tmp), (tmp) = (link)->next)

#endif
