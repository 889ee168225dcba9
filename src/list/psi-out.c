/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes to the members: one entity, protected once under a ticket that all of them may resolve.
 * TS 33.328 annex F; RFC 6043 section 4.2.1 for who is named in the ticket.
 */
#include <errno.h>

#include "core/alloc.h"
#include "list/psi-priv.h"
#include "loop/loop.h"
#include "mime/pkcs7.h"

/* ---- for whom ---- */

struct recipients {
	struct ms_span *uri; /* owned; the spans are borrowed from the directory */
	size_t n;
};

static void recipients_done(struct recipients *r)
{
	r->uri = ms_free(r->uri);
}

/* The author has what he wrote; a list of ours that became one after it was added here gets none. */
static bool is_recipient(const struct ms_lists_work *w, const char *uri)
{
	return strcmp(uri, w->sender.uri.uri) != 0 &&
	       !ms_lists_find(ms_lists.directory, ms_span_str(uri));
}

static int take_members(const struct ms_lists_work *w, const struct ms_lists_list *l, bool all,
			struct recipients *r)
{
	const struct ms_list *link;

	r->n = 0;
	r->uri = ms_calloc(l->n[MS_LISTS_MEMBER] + 1, sizeof(*r->uri));
	if (!r->uri)
		return -ENOMEM;
	ms_list_foreach (link, &l->entries[MS_LISTS_MEMBER]) {
		const char *uri = MS_CONTAINER_OF(link, struct ms_lists_entry, link)->uri;

		if (all || is_recipient(w, uri))
			r->uri[r->n++] = ms_span_str(uri);
	}
	return 0;
}

/* "sip:friends-members@example.org" of "sip:friends@example.org". */
static int put_group(const struct ms_lists_list *l, struct ms_keys_identity *ret_id)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_span uri = ms_span_str(l->uri);
	size_t at = ms_span_find(uri, '@');

	ms_buf_init(&b, 2 * MS_KEYS_IDENTITY_MAX);
	if (*l->group)
		return ms_keys_identity_parse(ms_span_str(l->group), ret_id);
	ms_buf_put_span(&b, ms_span_sub(uri, 0, at));
	ms_buf_put_str(&b, ms_lists.config->tickets.group_suffix);
	ms_buf_put_span(&b, ms_span_from(uri, at));
	return ms_buf_status(&b) ? -EINVAL : ms_keys_identity_parse(ms_buf_span(&b), ret_id);
}

/* ---- posting ---- */

static const struct ms_lists_list *list_of(const struct ms_lists_work *w)
{
	return ms_lists_find(ms_lists.directory, ms_keys_identity_span(&w->list));
}

static void posted(int err, void *arg)
{
	struct ms_lists_work *w = arg;

	w->posted = false;
	if (err && w->held.id) {
		ms_lists_work_wait(w);
		return;
	}
	if (err) {
		ms_lists_work_refuse(w, 503, "store", strerror(-err));
		return;
	}
	ms_lists_held_remember(&w->held, w->in);
	MS_LOG(&ms_lists_log, MS_LOG_INFO, "call=%s message to %s from %s accepted",
	       MS_QUOTED(w->request->call_id), w->list.uri, w->sender.uri.uri);
	ms_lists_work_accept(w);
}

/* Author's From as it came, without tag: who it is from for those who do not read S/MIME. */
static void put_from(const struct ms_lists_work *w, struct ms_buf *b)
{
	ms_buf_put_u8(b, '<');
	ms_buf_put_str(b, w->sender.uri.uri);
	ms_buf_put_u8(b, '>');
}

static void put_tag(const struct ms_lists_work *w, struct ms_buf *b)
{
	struct ms_sip_address a;

	ms_buf_printf(b, "<%s>", w->list.uri);
	for (size_t i = 0;
	     ms_sip_packet_address(w->request, ms_lists.keys_config->profile.list_header, i, &a);
	     i++) {
		ms_buf_put_str(b, ", <");
		ms_buf_put_span(b, a.uri);
		ms_buf_put_u8(b, '>');
	}
}

/* What became of it for each member says who the members are: only to who may see them. */
static struct ms_lists_wish wish_of(const struct ms_lists_work *w)
{
	const struct ms_lists_list *l = list_of(w);

	if (!l || !ms_lists_may_see(l, ms_keys_identity_span(&w->sender.uri)))
		return (struct ms_lists_wish){ .wishes = 0 };
	return (struct ms_lists_wish){ w->asked.wishes, w->asked.message_id, w->asked.date_time };
}

static int post(struct ms_lists_work *w, struct ms_span object, ms_usec expires,
		const struct recipients *r)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf from, tag, type;
	struct ms_lists_parcel p;

	ms_buf_init(&from, 2 * MS_KEYS_IDENTITY_MAX);
	ms_buf_init(&tag, 4096);
	ms_buf_init(&type, 1024);
	put_from(w, &from);
	put_tag(w, &tag);
	ms_mime_put_pkcs7_type(&type, ms_lists.keys_config->profile.smime_type);
	if (ms_buf_status(&from) || ms_buf_status(&tag) || ms_buf_status(&type))
		return -ENOMEM;
	p = (struct ms_lists_parcel){
		.from = ms_buf_span(&from),
		.asserted = w->sender.asserted ? ms_buf_span(&from) : MS_SPAN_NULL,
		.content_type = ms_buf_span(&type),
		.encoding = MS_SPAN_LIT("binary"),
		.body = object,
		.tag = ms_buf_span(&tag),
		.max_forwards = w->request->max_forwards,
		.expires = expires,
		.origin = ms_keys_identity_span(&w->sender.uri),
		.list = ms_keys_identity_span(&w->list),
		.wish = wish_of(w),
		.held = w->held.id,
	};
	return ms_lists_post_submit(ms_lists.post, &p, r->uri, r->n, posted, w);
}

static int seal(struct ms_lists_work *w, struct ms_mikey_ticket_held *held, struct ms_buf *object)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf entity;
	struct ms_keys_smime smime = ms_lists_smime(&ms_lists, w->ring, ms_lists.replay);
	struct ms_fault f = { 0 };
	int err;

	ms_buf_init_secret(&entity, object->max);
	err = ms_lists_author_wrap(ms_buf_span(&w->opened), ms_keys_identity_span(&w->sender.uri),
				   ms_keys_identity_span(&w->list), w->held.came,
				   ms_lists.config->content.author, &entity, &w->asked, &f);
	if (err == 0)
		err = ms_keys_smime_seal(&smime, held, ms_keys_identity_span(&w->list),
					 ms_buf_span(&entity), ms_clock_wall(), object);
	return err;
}

static void refuse(struct ms_lists_work *w, int err)
{
	if (err == -EPERM)
		ms_lists_work_refuse(w, 403, "notification", "notifications are not for lists");
	else if (err == -EBADMSG || err == -EMSGSIZE || err == -ENOTSUP)
		ms_lists_work_refuse(w, 493, "malformed", "its content is malformed or too long");
	else if (w->held.id)
		ms_lists_work_wait(w); /* memory or disk: later */
	else if (err == -ENOMEM)
		ms_lists_work_refuse(w, 503, "memory", NULL);
	else
		ms_lists_work_refuse(w, 503, "store", strerror(-err));
}

static void send_under(struct ms_lists_work *w, struct ms_mikey_ticket_held *held)
{
	const struct ms_lists_list *l = list_of(w);
	MS_CLEANUP(recipients_done) struct recipients r = { NULL, 0 };
	MS_CLEANUP(ms_buf_done) struct ms_buf object;
	int err;

	ms_buf_init(&object, ms_lists.config->sip.message);
	if (!l) {
		ms_lists_work_refuse(w, 404, "no_list", "the list has gone meanwhile");
		return;
	}
	err = take_members(w, l, false, &r);
	if (err == 0 && r.n == 0) {
		ms_lists_work_refuse(w, 480, "no_members", "nobody else is on this list");
		return;
	}
	if (err == 0)
		err = seal(w, held, &object);
	if (err == 0)
		err = post(w, ms_buf_span(&object), ms_mikey_ticket_held_end(held), &r);
	if (err) {
		refuse(w, err);
		return;
	}
	w->posted = true;
	ms_lists_count(MS_LISTS_C_REENCRYPTED);
	ms_lists_count_n(MS_LISTS_C_RECIPIENTS, r.n);
}

/* ---- the ticket ---- */

static void got_ticket(struct ms_mikey_ticket_held *held, const struct ms_keys_failure *why,
		       void *arg)
{
	struct ms_lists_work *w = arg;

	const struct ms_lists_list *l = list_of(w);

	w->asking = NULL;
	if (!held)
		ms_lists_work_failed(w, why);
	else if (l && l->changed != w->members)
		ms_lists_work_send(w); /* who was added meanwhile could not open it */
	else
		send_under(w, held);
}

/* Always the same set, author included: then one ticket serves all messages to the list. */
static int resolvers_of(const struct ms_lists_work *w, const struct ms_lists_list *l,
			struct recipients *r, struct ms_keys_identity *group)
{
	int err;

	if (l->n[MS_LISTS_MEMBER] <= ms_lists.config->tickets.explicit_max)
		return take_members(w, l, true, r);
	err = put_group(l, group);
	if (err)
		return err;
	r->uri = ms_calloc(1, sizeof(*r->uri));
	if (!r->uri)
		return -ENOMEM;
	r->uri[0] = ms_keys_identity_span(group);
	r->n = 1;
	return 0;
}

void ms_lists_work_send(struct ms_lists_work *w)
{
	const struct ms_lists_list *l = list_of(w);
	MS_CLEANUP(recipients_done) struct recipients r = { NULL, 0 };
	struct ms_keys_identity group;
	struct ms_mikey_ticket_held *held = NULL;
	int err;

	if (!l || l->n[MS_LISTS_MEMBER] == 0) {
		ms_lists_work_refuse(w, 480, "no_members", "nobody else is on this list");
		return;
	}
	w->members = l->changed;
	err = resolvers_of(w, l, &r, &group);
	if (err == 0)
		err = ms_keys_ring_ticket(w->ring, MS_KEYS_TICKET_MESSAGE, r.uri, r.n, got_ticket,
					  w, &held, &w->asking);
	if (err)
		refuse(w, err);
	else if (held)
		send_under(w, held);
}
