/* SPDX-License-Identifier: Apache-2.0 */
/* The interactive front: what the commands do. */
#include <errno.h>

#include "core/alloc.h"
#include "daemon/counter.h"
#include "ue/command.h"
#include "ue/console-priv.h"
#include "ue/display.h"

static void say_error(struct ms_ue_console *c, int err, struct ms_span who)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, 1024);
	ms_ue_display_text(&b, who, NULL, 128);
	ms_ue_console_say(c, "%s: %s\n", ms_buf_cstr(&b),
			  err == -EINVAL
				  ? "not a contact, a SIP URI or a user of our domain (or no file)"
			  : err == -ENOENT   ? "no such session or file"
			  : err == -EMSGSIZE ? "too long"
					     : strerror(-err));
}

static void do_message(struct ms_ue_console *c, const struct ms_ue_command *m)
{
	const struct ms_ue_message_spec spec = { .to = m->who, .body = m->text };
	int err = ms_ue_message_send(c->p->ue, &spec);

	if (err)
		say_error(c, err, m->who);
}

static void do_call(struct ms_ue_console *c, struct ms_span to, struct ms_span file)
{
	MS_CLEANUP(ms_freep) char *path = file.len > 0 ? ms_strdup_span(file) : NULL;
	struct ms_ue_call_spec spec = { .to = to, .file = path };
	unsigned session;
	int err;

	if (file.len > 0 && to.len == 0)
		spec.to = ms_ue_peer(c->p->ue, c->chat);
	err = spec.to.len > 0 ? ms_ue_call(c->p->ue, &spec, &session) : -EINVAL;
	if (!err && !path)
		c->wanted = session;
	if (err)
		say_error(c, err, err != -EINVAL && file.len > 0 ? file : to);
}

static void do_bfcp(struct ms_ue_console *c, struct ms_span who)
{
	const struct ms_ue_call_spec spec = { .to = who, .bfcp = true };
	unsigned session;
	int err = ms_ue_call(c->p->ue, &spec, &session);

	if (err)
		say_error(c, err, who);
}

/* On the newest session with floor control. */
static void do_floor(struct ms_ue_console *c, const struct ms_ue_command *m)
{
	static const char *const acts[] = {
		[MS_UE_FLOOR_HELLO] = "hello",     [MS_UE_FLOOR_REQUEST] = "request",
		[MS_UE_FLOOR_RELEASE] = "release", [MS_UE_FLOOR_QUERY] = "query",
		[MS_UE_FLOOR_USER] = "user",
	};
	unsigned session = ms_ue_newest(c->p->ue, MS_UE_CALL_FLOOR);
	uint64_t n = 0;
	size_t act = 0;
	int err = 0;

	while (act < MS_ARRAY_SIZE(acts) && !ms_span_is(m->who, acts[act]))
		act++;
	if (m->text.len > 0)
		err = ms_span_u64(m->text, UINT16_MAX, &n);
	if (err || act == MS_ARRAY_SIZE(acts)) {
		ms_ue_console_say(c, "hello, request, release, query or user, and a number\n");
		return;
	}
	err = ms_ue_floor(c->p->ue, session, (enum ms_ue_floor_act)act, (unsigned)n);
	if (err)
		ms_ue_console_say(c, "%s\n",
				  err == -ENOENT ? "no floor control stands: /bfcp WHO"
						 : strerror(-err));
}

/* An open chat with that peer is taken up again. */
static void do_chat(struct ms_ue_console *c, struct ms_span who)
{
	unsigned open = ms_ue_chat_with(c->p->ue, who);

	if (open)
		c->chat = open;
	else
		do_call(c, who, MS_SPAN_NULL);
}

/* Which session a command is about: the one it names, or the newest that fits. */
static unsigned session_of(struct ms_ue_console *c, struct ms_span who, enum ms_ue_call_query query)
{
	uint64_t n;

	if (who.len == 0)
		return query == MS_UE_CALL_ANY && c->chat ? c->chat : ms_ue_newest(c->p->ue, query);
	return ms_span_u64(who, UINT32_MAX, &n) ? 0 : (unsigned)n;
}

static void do_answer(struct ms_ue_console *c, struct ms_span who, bool accept)
{
	unsigned session = session_of(c, who, MS_UE_CALL_WAITING);

	if (accept)
		c->wanted = session;
	if (ms_ue_answer(c->p->ue, session, accept))
		ms_ue_console_say(c, "nothing waits for an answer\n");
}

static void do_hangup(struct ms_ue_console *c, struct ms_span who)
{
	if (ms_ue_hangup(c->p->ue, session_of(c, who, MS_UE_CALL_ANY)))
		ms_ue_console_say(c, "no such session\n");
}

static void do_info(struct ms_ue_console *c, struct ms_span who)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, 65536);
	if (ms_ue_info(c->p->ue, session_of(c, who, MS_UE_CALL_ANY), &b))
		ms_ue_console_say(c, "no such session\n");
	else
		ms_ue_console_say(c, "%s", ms_buf_cstr(&b));
}

static void do_contacts(struct ms_ue_console *c)
{
	const struct ms_ue_contacts *all = &c->p->settings->contacts;

	for (size_t i = 0; i < all->n; i++)
		ms_ue_console_say(c, "%-12s %s\n", all->v[i].name, all->v[i].uri.uri);
	if (all->n == 0)
		ms_ue_console_say(c, "no contacts in the configuration\n");
}

static void do_tickets(struct ms_ue_console *c)
{
	bool verbose = c->p->verbose;

	c->p->verbose = true; /* tickets are shown when asked for */
	ms_ue_list_tickets(c->p->ue);
	c->p->verbose = verbose;
}

static bool is_counted(struct ms_span line)
{
	return line.len > 2 && line.p[0] != '#' &&
	       !ms_span_is(ms_span_from(line, line.len - 2), " 0");
}

/* Without those that stand at 0; --stats writes all. */
static void do_stats(struct ms_ue_console *c)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_span rest, line;

	ms_buf_init(&b, 65536);
	ms_counters_prometheus(&b);
	rest = ms_buf_span(&b);
	while (rest.len > 0) {
		line = ms_span_cut(&rest, '\n');
		if (is_counted(line))
			ms_ue_console_say(c, "%.*s\n", MS_SPAN_FMT(line));
	}
}

static void do_help(struct ms_ue_console *c)
{
	const char *help;

	for (unsigned i = 0; (help = ms_ue_command_help(i)) != NULL; i++)
		ms_ue_console_say(c, "%s\n", help);
	ms_ue_console_say(
		c, "Without a slash: text for the open chat. // begins a text with a slash.\n");
}

/* False if the text cannot be sent yet. */
static bool do_text(struct ms_ue_console *c, struct ms_span text)
{
	int err = ms_ue_chat(c->p->ue, c->chat, text);

	if (err == -ENOBUFS)
		return false;
	if (err == -ENOENT)
		ms_ue_console_say(c, "no chat is open: /chat WHO, or /msg WHO TEXT\n");
	else if (err)
		ms_ue_console_say(c, "not sent: %s\n", strerror(-err));
	return true;
}

static bool run(struct ms_ue_console *c, const struct ms_ue_command *m)
{
	switch (m->verb) {
	case MS_UE_VERB_NOTHING:
		break;
	case MS_UE_VERB_TEXT:
		return do_text(c, m->text);
	case MS_UE_VERB_MSG:
		do_message(c, m);
		break;
	case MS_UE_VERB_CHAT:
		do_chat(c, m->who);
		break;
	case MS_UE_VERB_SEND:
		do_call(c, m->who, m->text);
		break;
	case MS_UE_VERB_BFCP:
		do_bfcp(c, m->who);
		break;
	case MS_UE_VERB_FLOOR:
		do_floor(c, m);
		break;
	case MS_UE_VERB_ACCEPT:
	case MS_UE_VERB_REJECT:
		do_answer(c, m->who, m->verb == MS_UE_VERB_ACCEPT);
		break;
	case MS_UE_VERB_HANGUP:
		do_hangup(c, m->who);
		break;
	case MS_UE_VERB_INFO:
		do_info(c, m->who);
		break;
	case MS_UE_VERB_CONTACTS:
		do_contacts(c);
		break;
	case MS_UE_VERB_TICKETS:
		do_tickets(c);
		break;
	case MS_UE_VERB_STATS:
		do_stats(c);
		break;
	case MS_UE_VERB_HELP:
		do_help(c);
		break;
	case MS_UE_VERB_QUIT:
		ms_ue_console_leave(c);
		break;
	}
	return true;
}

bool ms_ue_console_line(struct ms_ue_console *c, struct ms_span text)
{
	struct ms_ue_command command;
	const char *usage = "";
	int err = ms_ue_command_parse(text, &command, &usage);

	if (c->leaving)
		return true;
	if (err) {
		ms_ue_console_say(c, "%s\n", usage);
		return true;
	}
	return run(c, &command);
}
