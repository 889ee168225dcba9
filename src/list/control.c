/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator may ask and order; `mediasec list` speaks to it. */
#include <errno.h>

#include "core/alloc.h"
#include "list/held.h"
#include "list/lists.h"
#include "list/post.h"
#include "list/psi.h"

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
		answer(&e, "removal", ms_lists_psi_remove(ms_keys_identity_span(&e.list)));
}

/* ---- entries ---- */

static const struct {
	const char *added, *removed;
} words[] = {
	[MS_LISTS_MEMBER] = { "new member", "removed member" },
	[MS_LISTS_POSTER] = { "new poster", "removed poster" },
};

static void one_entry(struct edit *e, enum ms_lists_kind kind, bool add)
{
	struct ms_span list = ms_keys_identity_span(&e->list);
	struct ms_keys_identity uri;
	struct ms_lists_entry_spec s;

	if (!need_identity(e, "uri", &uri))
		return;
	s = (struct ms_lists_entry_spec){ ms_keys_identity_span(&uri),
					  ms_span_str(ms_control_text(e->args, "display")) };
	if (add)
		answer(e, words[kind].added,
		       ms_lists_entry_add(ms_lists.directory, list, kind, &s));
	else
		answer(e, words[kind].removed,
		       ms_lists_entry_remove(ms_lists.directory, list, kind, s.uri));
}

/* The entries that are there, and behind them those of "uris". */
static int join(const struct ms_lists_list *l, enum ms_lists_kind kind, const json_t *uris,
		struct ms_lists_entry_spec **ret_entries, size_t *ret_n)
{
	size_t more = json_array_size(uris), n = 0;
	struct ms_lists_entry_spec *e = ms_calloc(l->n[kind] + more + 1, sizeof(*e));
	const struct ms_list *link;

	if (!e)
		return -ENOMEM;
	ms_list_foreach (link, &l->entries[kind]) {
		const struct ms_lists_entry *old =
			MS_CONTAINER_OF(link, struct ms_lists_entry, link);

		e[n++] = (struct ms_lists_entry_spec){ ms_span_str(old->uri),
						       ms_span_str(old->display) };
	}
	for (size_t i = 0; i < more; i++)
		e[n++].uri = ms_span_str(json_string_value(json_array_get(uris, i)));
	*ret_entries = e;
	*ret_n = n;
	return 0;
}

static void many_entries(struct edit *e, enum ms_lists_kind kind)
{
	const struct ms_lists_list *l =
		ms_lists_find(ms_lists.directory, ms_keys_identity_span(&e->list));
	MS_CLEANUP(ms_freep) struct ms_lists_entry_spec *entries = NULL;
	struct ms_lists_spec s;
	int err = l ? 0 : -ENOENT;

	if (err == 0 && !take_spec(e, l, &s))
		return;
	if (err == 0)
		err = join(l, kind, json_object_get(e->args, "uris"), &entries, &s.n[kind]);
	if (err == 0) {
		s.replace[kind] = true;
		s.entries[kind] = entries;
		err = ms_lists_put(ms_lists.directory, &s);
	}
	answer(e, words[kind].added, err);
}

static void change_entries(struct ms_control_request *r, json_t *args, enum ms_lists_kind kind,
			   bool add)
{
	struct edit e = { .r = r, .args = args };

	if (!need_identity(&e, "list", &e.list))
		return;
	if (add && json_is_array(json_object_get(args, "uris")))
		many_entries(&e, kind);
	else
		one_entry(&e, kind, add);
}

#define CHANGE(function, kind, add)                                                           \
	static void function(struct ms_control_request *r, json_t *args, void *arg MS_UNUSED) \
	{                                                                                     \
		change_entries(r, args, kind, add);                                           \
	}

CHANGE(member_add, MS_LISTS_MEMBER, true)
CHANGE(member_remove, MS_LISTS_MEMBER, false)
CHANGE(poster_add, MS_LISTS_POSTER, true)
CHANGE(poster_remove, MS_LISTS_POSTER, false)

/* No members are left. */
static void member_clear(struct ms_control_request *r, json_t *args, void *arg MS_UNUSED)
{
	struct edit e = { .r = r, .args = args };
	const struct ms_lists_list *l;
	struct ms_lists_spec s;

	if (!need_identity(&e, "list", &e.list))
		return;
	l = ms_lists_find(ms_lists.directory, ms_keys_identity_span(&e.list));
	if (!l) {
		answer(&e, "", -ENOENT);
		return;
	}
	if (!take_spec(&e, l, &s))
		return;
	s.replace[MS_LISTS_MEMBER] = true;
	answer(&e, "removal of all members", ms_lists_put(ms_lists.directory, &s));
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
		r, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			     "lists", (json_int_t)ms_lists_count_of(ms_lists.directory), "pending",
			     (json_int_t)ms_lists.n_pending, "messages", (json_int_t)p.messages,
			     "octets", (json_int_t)p.octets, "waiting", (json_int_t)p.waiting,
			     "away", (json_int_t)p.away, "under_way", (json_int_t)p.under_way,
			     "held", (json_int_t)p.held, "untold", (json_int_t)p.untold,
			     "delivered", (json_int_t)p.delivered, "failed", (json_int_t)p.failed,
			     "expired", (json_int_t)p.expired));
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
	{ "member.add", "list=URI uri=URI [display=TEXT] | uris=[URI...]",
	  "Adds a member, or several at once (those that are there stay).", member_add, NULL },
	{ "member.remove", "list=URI uri=URI", "Removes a member.", member_remove, NULL },
	{ "member.clear", "list=URI", "Removes all members.", member_clear, NULL },
	{ "poster.add", "list=URI uri=URI", "Names somebody who may post (post=named).", poster_add,
	  NULL },
	{ "poster.remove", "list=URI uri=URI", "Takes that back.", poster_remove, NULL },
	{ "status", "", "Lists, messages under way, waiting and held.", status, NULL },
	{ "queue", "", "The messages that wait.", queue, NULL },
	{ "held.retry", "", "Works on held messages now.", held_retry, NULL },
	{ 0 },
};
