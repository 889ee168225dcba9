/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator may ask and order; `mediasec list` speaks to it. */
#include <errno.h>

#include "core/alloc.h"
#include "list/lists.h"
#include "list/post.h"

/** Most lists in one answer. */
#define LIST_MAX 2000

/* ---- arguments ---- */

struct edit {
	struct ms_control_request *r;
	json_t *args;
	struct ms_keys_identity list;
};

/* Answers and says false if it is not there. */
static bool need_identity(struct edit *e, const char *name, struct ms_keys_identity *ret_id)
{
	const char *text = ms_control_text(e->args, name);

	if (text && ms_keys_identity_parse(ms_span_str(text), ret_id) == 0)
		return true;
	ms_control_fail(e->r, text ? "%s: not a SIP or tel URI that names a user" : "%s is missing",
			name);
	return false;
}

/* The index of a word; `now` if it is left out. False: another word, and it has been answered. */
static bool choose(struct edit *e, const char *name, const char *const *names, unsigned now,
		   unsigned *ret_i)
{
	const char *text = ms_control_text(e->args, name);

	*ret_i = now;
	for (unsigned i = 0; text && names[i]; i++)
		if (strcmp(text, names[i]) == 0) {
			*ret_i = i;
			return true;
		}
	if (text)
		ms_control_fail(e->r, "%s: no such word", name);
	return !text;
}

static void answer(struct edit *e, const char *what, int err)
{
	if (err) {
		ms_control_fail(e->r, "%s", ms_lists_why(ms_lists.directory, err));
		return;
	}
	ms_lists_count(MS_LISTS_C_CHANGES);
	MS_LOG(&ms_lists_log, MS_LOG_NOTICE, "%s of %s by the operator, uid %u", what, e->list.uri,
	       (unsigned)ms_control_peer_uid(e->r));
	ms_control_reply(e->r, NULL);
}

/* ---- lists ---- */

/* What is left out stays as it is in `old`. False: it has been answered. */
static bool take_spec(struct edit *e, const struct ms_lists_list *old, struct ms_lists_spec *s)
{
	const char *owner = ms_control_text(e->args, "owner");
	const char *group = ms_control_text(e->args, "group");
	unsigned post, show;

	if (!choose(e, "post", ms_lists_posting_names, old ? old->post : MS_LISTS_POST_MEMBERS,
		    &post) ||
	    !choose(e, "show", ms_lists_showing_names, old ? old->show : MS_LISTS_SHOW_OWNER,
		    &show))
		return false;
	if (!owner && !old) {
		ms_control_fail(e->r, "owner is missing");
		return false;
	}
	*s = (struct ms_lists_spec){
		.uri = ms_keys_identity_span(&e->list),
		.owner = ms_span_str(owner ? owner : old->owner),
		.group = ms_span_str(group ? group
				     : old ? old->group
					   : ""),
		.post = post,
		.show = show,
	};
	return true;
}

static void list_add(struct ms_control_request *r, json_t *args, void *arg MS_UNUSED)
{
	struct edit e = { .r = r, .args = args };
	struct ms_lists_spec s;

	if (need_identity(&e, "list", &e.list) && take_spec(&e, NULL, &s))
		answer(&e, "addition", ms_lists_add(ms_lists.directory, &s));
}

static void list_set(struct ms_control_request *r, json_t *args, void *arg MS_UNUSED)
{
	struct edit e = { .r = r, .args = args };
	const struct ms_lists_list *old;
	struct ms_lists_spec s;

	if (!need_identity(&e, "list", &e.list))
		return;
	old = ms_lists_find(ms_lists.directory, ms_keys_identity_span(&e.list));
	if (!old)
		answer(&e, "", -ENOENT);
	else if (take_spec(&e, old, &s))
		answer(&e, "change", ms_lists_put(ms_lists.directory, &s));
}

static void list_remove(struct ms_control_request *r, json_t *args, void *arg MS_UNUSED)
{
	struct edit e = { .r = r, .args = args };

	if (need_identity(&e, "list", &e.list))
		answer(&e, "removal",
		       ms_lists_remove(ms_lists.directory, ms_keys_identity_span(&e.list)));
}

/* ---- entries ---- */

static void entry_add(struct ms_control_request *r, json_t *args, enum ms_lists_kind kind)
{
	struct edit e = { .r = r, .args = args };
	struct ms_keys_identity uri;
	struct ms_lists_entry_spec s;

	if (!need_identity(&e, "list", &e.list) || !need_identity(&e, "uri", &uri))
		return;
	s = (struct ms_lists_entry_spec){ ms_keys_identity_span(&uri),
					  ms_span_str(ms_control_text(args, "display")) };
	answer(&e, kind == MS_LISTS_MEMBER ? "new member" : "new poster",
	       ms_lists_entry_add(ms_lists.directory, ms_keys_identity_span(&e.list), kind, &s));
}

static void entry_remove(struct ms_control_request *r, json_t *args, enum ms_lists_kind kind)
{
	struct edit e = { .r = r, .args = args };
	struct ms_keys_identity uri;

	if (need_identity(&e, "list", &e.list) && need_identity(&e, "uri", &uri))
		answer(&e, kind == MS_LISTS_MEMBER ? "removed member" : "removed poster",
		       ms_lists_entry_remove(ms_lists.directory, ms_keys_identity_span(&e.list),
					     kind, ms_keys_identity_span(&uri)));
}

static void member_add(struct ms_control_request *r, json_t *args, void *arg MS_UNUSED)
{
	entry_add(r, args, MS_LISTS_MEMBER);
}

static void member_remove(struct ms_control_request *r, json_t *args, void *arg MS_UNUSED)
{
	entry_remove(r, args, MS_LISTS_MEMBER);
}

static void poster_add(struct ms_control_request *r, json_t *args, void *arg MS_UNUSED)
{
	entry_add(r, args, MS_LISTS_POSTER);
}

static void poster_remove(struct ms_control_request *r, json_t *args, void *arg MS_UNUSED)
{
	entry_remove(r, args, MS_LISTS_POSTER);
}

/* All members at once: "members" is an array of URIs. */
static void member_set(struct ms_control_request *r, json_t *args, void *arg MS_UNUSED)
{
	struct edit e = { .r = r, .args = args };
	const json_t *members = json_object_get(args, "members");
	MS_CLEANUP(ms_freep) struct ms_lists_entry_spec *entries = NULL;
	const struct ms_lists_list *old;
	struct ms_lists_spec s;
	size_t n = json_array_size(members);

	if (!need_identity(&e, "list", &e.list))
		return;
	old = ms_lists_find(ms_lists.directory, ms_keys_identity_span(&e.list));
	entries = ms_calloc(n + 1, sizeof(*entries));
	if (!old || !entries || !json_is_array(members)) {
		answer(&e, "", !old ? -ENOENT : !entries ? -ENOMEM : -EINVAL);
		return;
	}
	for (size_t i = 0; i < n; i++)
		entries[i].uri = ms_span_str(json_string_value(json_array_get(members, i)));
	if (!take_spec(&e, old, &s))
		return;
	s.replace[MS_LISTS_MEMBER] = true;
	s.entries[MS_LISTS_MEMBER] = entries;
	s.n[MS_LISTS_MEMBER] = n;
	answer(&e, "new members", ms_lists_put(ms_lists.directory, &s));
}

/* ---- looking ---- */

static json_t *head_json(const struct ms_lists_list *l)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "list", l->uri, "owner", l->owner,
			 "group", l->group, "post", ms_lists_posting_names[l->post], "show",
			 ms_lists_showing_names[l->show], "members",
			 (json_int_t)l->n[MS_LISTS_MEMBER], "posters",
			 (json_int_t)l->n[MS_LISTS_POSTER]);
}

static int tell_head(const struct ms_lists_list *l, void *arg)
{
	if (json_array_size(arg) >= LIST_MAX)
		return 1;
	return json_array_append_new(arg, head_json(l));
}

static void list_list(struct ms_control_request *r, json_t *args MS_UNUSED, void *arg MS_UNUSED)
{
	json_t *list = json_array();
	int more = ms_lists_each(ms_lists.directory, tell_head, list);

	ms_control_reply(r, json_pack("{s:o, s:b}", "lists", list, "more", more));
}

static json_t *entries_json(const struct ms_lists_list *l, enum ms_lists_kind kind)
{
	json_t *list = json_array();
	const struct ms_list *link;

	ms_list_foreach (link, &l->entries[kind])
		json_array_append_new(
			list, json_string(MS_CONTAINER_OF(link, struct ms_lists_entry, link)->uri));
	return list;
}

static void list_show(struct ms_control_request *r, json_t *args, void *arg MS_UNUSED)
{
	struct edit e = { .r = r, .args = args };
	const struct ms_lists_list *l;
	json_t *head;

	if (!need_identity(&e, "list", &e.list))
		return;
	l = ms_lists_find(ms_lists.directory, ms_keys_identity_span(&e.list));
	if (!l) {
		ms_control_fail(r, "%s", ms_lists_why(ms_lists.directory, -ENOENT));
		return;
	}
	head = head_json(l);
	json_object_set_new(head, "members", entries_json(l, MS_LISTS_MEMBER));
	json_object_set_new(head, "posters", entries_json(l, MS_LISTS_POSTER));
	ms_control_reply(r, head);
}

/* ---- what goes on ---- */

static void status(struct ms_control_request *r, json_t *args MS_UNUSED, void *arg MS_UNUSED)
{
	struct ms_lists_post_state p;

	ms_lists_post_state(ms_lists.post, &p);
	ms_control_reply(
		r, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "lists",
			     (json_int_t)ms_lists_count_of(ms_lists.directory), "pending",
			     (json_int_t)ms_lists.n_pending, "messages", (json_int_t)p.messages,
			     "octets", (json_int_t)p.octets, "waiting", (json_int_t)p.waiting,
			     "away", (json_int_t)p.away, "under_way", (json_int_t)p.under_way,
			     "held", (json_int_t)p.held, "delivered", (json_int_t)p.delivered,
			     "failed", (json_int_t)p.failed, "expired", (json_int_t)p.expired));
}

#define QUEUE_TEXT_MAX ((size_t)1024 * 1024)

static void queue(struct ms_control_request *r, json_t *args MS_UNUSED, void *arg MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, QUEUE_TEXT_MAX);
	ms_lists_post_show(ms_lists.post, &b);
	/* What does not fit is left out. */
	ms_control_reply(r, json_stringn((const char *)b.p, b.len));
}

static void held_retry(struct ms_control_request *r, json_t *args MS_UNUSED, void *arg MS_UNUSED)
{
	ms_lists_post_resume(ms_lists.post);
	ms_control_reply(r, NULL);
}

const struct ms_control_command ms_lists_commands[] = {
	{ "list.add",
	  "list=URI owner=URI [post=owner|members|named] [show=owner|members] [group=URI]",
	  "Makes a list.", list_add, NULL },
	{ "list.set", "list=URI [owner=URI] [post=...] [show=...] [group=URI]",
	  "Changes what is given.", list_set, NULL },
	{ "list.remove", "list=URI", "Removes a list.", list_remove, NULL },
	{ "list.list", "", "All lists.", list_list, NULL },
	{ "list.show", "list=URI", "A list with its members and posters.", list_show, NULL },
	{ "member.add", "list=URI uri=URI [display=TEXT]", "Adds a member.", member_add, NULL },
	{ "member.remove", "list=URI uri=URI", "Removes a member.", member_remove, NULL },
	{ "member.set", "list=URI members=[URI...]", "Replaces all members at once.", member_set,
	  NULL },
	{ "poster.add", "list=URI uri=URI", "Names somebody who may post (post=named).", poster_add,
	  NULL },
	{ "poster.remove", "list=URI uri=URI", "Takes that back.", poster_remove, NULL },
	{ "status", "", "Lists, messages under way, waiting and held.", status, NULL },
	{ "queue", "", "The messages that wait.", queue, NULL },
	{ "held.retry", "", "Works on held messages now.", held_retry, NULL },
	{ 0 },
};
