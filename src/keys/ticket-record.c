/* SPDX-License-Identifier: Apache-2.0 */
/* The ticket cache as octets: records of type, length (4 octets) and content. See ticket-cache.h. */
#include <errno.h>

#include "core/reader.h"
#include "keys/ticket-cache-priv.h"

enum { RECORD_OWN = 1, RECORD_RESOLVED = 2 };

/* Octets of a ticket's record before its resolvers: kind, when it was obtained. */
#define OWN_HEAD 9

static void put_own(struct ms_buf *b, const struct ms_keys_own *o)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf t;

	ms_buf_init_secret(&t, MS_MIKEY_HELD_MAX);
	ms_mikey_ticket_held_serialise(o->held, &t);
	ms_buf_fail(b, ms_buf_status(&t));
	ms_buf_put_u8(b, RECORD_OWN);
	ms_buf_put_u32(b, (uint32_t)(OWN_HEAD + 4 + strlen(o->resolvers) + t.len));
	ms_buf_put_u8(b, o->kind);
	ms_buf_put_u64(b, (uint64_t)o->since);
	ms_buf_put_u32(b, (uint32_t)strlen(o->resolvers));
	ms_buf_put_str(b, o->resolvers);
	ms_buf_put_span(b, ms_buf_span(&t));
}

static void put_resolved(struct ms_buf *b, const struct ms_keys_resolved *r)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf t;

	ms_buf_init_secret(&t, MS_MIKEY_RESOLVED_MAX);
	ms_mikey_resolved_serialise(r->r, &t);
	ms_buf_fail(b, ms_buf_status(&t));
	ms_buf_put_u8(b, RECORD_RESOLVED);
	ms_buf_put_u32(b, (uint32_t)t.len);
	ms_buf_put_span(b, ms_buf_span(&t));
}

void ms_keys_cache_serialise(const struct ms_keys_cache *c, struct ms_buf *b)
{
	struct ms_list *l;

	ms_list_foreach (l, &c->own)
		put_own(b, ms_keys_own_of(l));
	ms_list_foreach (l, &c->resolved)
		put_resolved(b, ms_keys_resolved_of(l));
}

static int parse_own(struct ms_keys_cache *c, struct ms_span s, ms_usec now)
{
	struct ms_reader in = ms_reader_of(s);
	struct ms_mikey_ticket_held *held = NULL;
	struct ms_span resolvers;
	uint64_t since = 0;
	uint32_t len = 0;
	uint8_t kind;
	int err = ms_read_u8(&in, &kind);

	if (!err && kind > MS_KEYS_TICKET_SESSION)
		err = -EBADMSG;
	if (!err)
		err = ms_read_u64(&in, &since);
	if (!err)
		err = ms_read_u32(&in, &len);
	if (!err)
		err = ms_read_span(&in, len, &resolvers);
	if (!err)
		err = ms_mikey_ticket_held_parse(ms_span_of(in.p, ms_read_left(&in)), &held);
	if (err)
		return err;
	if (ms_mikey_ticket_held_end(held) <= now) {
		ms_mikey_ticket_held_free(held);
		return 0;
	}
	/* One from the future would never be renewed. */
	return ms_keys_cache_add(c, (enum ms_keys_ticket_kind)kind, resolvers, held,
				 since < (uint64_t)now ? (ms_usec)since : now);
}

int ms_keys_cache_parse(struct ms_keys_cache *c, struct ms_span s, ms_usec now)
{
	struct ms_reader in = ms_reader_of(s);
	int err = 0;

	while (!err && ms_read_left(&in) > 0) {
		struct ms_span content;
		uint32_t len;
		uint8_t type;

		err = ms_read_u8(&in, &type);
		if (!err)
			err = ms_read_u32(&in, &len);
		if (!err)
			err = ms_read_span(&in, len, &content);
		if (err)
			break;
		if (type == RECORD_OWN)
			err = parse_own(c, content, now);
		else if (type == RECORD_RESOLVED)
			err = ms_keys_cache_keep(c, content);
		else
			err = -EBADMSG;
	}
	return err;
}
