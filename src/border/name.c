/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a session is found again: by Call-ID, the caller's tag, and the side the caller is on, for a call
 * between two of our users passes here twice. What the core forks to several of our users has one such name
 * for all of them, as has a call that is diverted from one to another; the callee's tag tells them apart.
 */
#include <errno.h>

#include "border/session-priv.h"
#include "core/alloc.h"

struct ms_border_name {
	struct ms_list sessions; /* by name_link */
	char key[];
};

static void put_key(struct ms_span call_id, struct ms_span caller_tag, enum ms_sip_side caller,
		    struct ms_buf *key)
{
	ms_buf_printf(key, "%d|", (int)caller);
	ms_buf_put_span(key, caller_tag);
	ms_buf_put_u8(key, '|');
	ms_buf_put_span(key, call_id);
}

static struct ms_border_name *name_new(struct ms_border *b, struct ms_span key)
{
	struct ms_border_name *n = ms_zalloc(sizeof(*n) + key.len + 1);

	if (!n)
		return NULL;
	ms_list_init(&n->sessions);
	(void)!ms_span_to_str(key, n->key, key.len + 1);
	if (ms_hash_put(b->by_key, key, n) < 0)
		return ms_free(n);
	return n;
}

int ms_border_name_give(struct ms_border_session *s)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf key;
	struct ms_border_name *n;

	ms_buf_init(&key, 65536);
	put_key(ms_span_str(s->call_id), ms_span_str(s->caller_tag), s->caller, &key);
	if (ms_buf_status(&key))
		return ms_buf_status(&key);
	n = ms_hash_get(s->border->by_key, ms_buf_span(&key));
	if (!n)
		n = name_new(s->border, ms_buf_span(&key));
	if (!n)
		return -ENOMEM;
	ms_list_append(&n->sessions, &s->name_link);
	s->name = n;
	return 0;
}

void ms_border_name_take(struct ms_border_session *s)
{
	struct ms_border_name *n = s->name;

	if (!n)
		return;
	ms_list_remove(&s->name_link);
	s->name = NULL;
	if (!ms_list_empty(&n->sessions))
		return;
	(void)ms_hash_take(s->border->by_key, ms_span_str(n->key));
	ms_free(n);
}

static struct ms_border_session *find(struct ms_border *b, struct ms_span call_id,
				      struct ms_span caller_tag, struct ms_span callee_tag,
				      enum ms_sip_side caller)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf key;
	struct ms_border_session *first = NULL;
	struct ms_border_name *n;
	struct ms_list *link;

	ms_buf_init(&key, 65536);
	put_key(call_id, caller_tag, caller, &key);
	n = ms_buf_status(&key) ? NULL : ms_hash_get(b->by_key, ms_buf_span(&key));
	if (!n)
		return NULL;
	ms_list_foreach (link, &n->sessions) {
		struct ms_border_session *s =
			MS_CONTAINER_OF(link, struct ms_border_session, name_link);

		if (ms_border_session_dialog(s, callee_tag))
			return s;
		first = first ? first : s;
	}
	/* A dialog that had no room: the only call of that name is the one that is meant. */
	return first && first->name_link.next == &n->sessions ? first : NULL;
}

struct ms_border_session *ms_border_session_find(struct ms_border *b,
						 const struct ms_sip_exchange *x,
						 enum ms_border_end *ret_end)
{
	const struct ms_sip_packet *m = ms_sip_exchange_request(x);
	enum ms_sip_side here = ms_sip_exchange_from(x)->side;
	struct ms_border_session *s = find(b, m->call_id, m->from_tag, m->to_tag, here);

	*ret_end = MS_BORDER_CALLER;
	if (!s && m->to_tag.len > 0) {
		s = find(b, m->call_id, m->to_tag, m->from_tag,
			 here == MS_SIP_ACCESS ? MS_SIP_CORE : MS_SIP_ACCESS);
		*ret_end = MS_BORDER_CALLEE;
	}
	return s;
}
