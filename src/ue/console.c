/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interactive front: a line editor on a terminal, plain lines where there is none (a dumb
 * terminal, a pipe). Events print above the line that is being typed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "core/alloc.h"
#include "loop/loop.h"
#include "ue/command.h"
#include "ue/display.h"
#include "ue/line.h"
#include "ue/program.h"

#define OUT_MAX (4 << 20)
#define BAR 20        /* characters of a progress bar */
#define PLAIN_STEP 10 /* per cent between progress lines without a terminal */
#define DRAIN_LIMIT (10 * MS_SEC)

struct console {
	struct ms_ue_program *p;
	bool terminal;
	struct termios saved; /* of a terminal */
	struct ms_ue_line line;
	struct ms_watch watch;
	struct ms_ue_lines *lines; /* owned; without a terminal */
	struct ms_timer drain;
	unsigned chat;    /* the session that typed text goes to; 0: none */
	unsigned percent; /* of the file that moves; UINT_MAX: none */
	bool leaving;
};

static struct console console;

/* ---- output ---- */

static void write_all(struct ms_span s)
{
	fwrite(s.p, 1, s.len, stdout);
	fflush(stdout);
}

/* Text ends with LF; a raw terminal wants CR as well. The line being typed stays below. */
static void say_span(struct console *c, struct ms_span text)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;

	ms_buf_init(&out, OUT_MAX);
	if (!c->terminal) {
		write_all(text);
		return;
	}
	ms_ue_line_hide(&c->line, &out);
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '\n')
			ms_buf_put_u8(&out, '\r');
		ms_buf_put_u8(&out, text.p[i]);
	}
	if (!c->leaving)
		ms_ue_line_show(&c->line, &out);
	write_all(ms_buf_span(&out));
}

static void say(struct console *c, const char *fmt, ...) MS_PRINTF(2, 3);

static void say(struct console *c, const char *fmt, ...)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	va_list ap;

	ms_buf_init(&b, 65536);
	va_start(ap, fmt);
	ms_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	if (c->p->json)
		fputs(ms_buf_cstr(&b), stderr); /* standard output is for events */
	else
		say_span(c, ms_buf_span(&b));
}

/* ---- the prompt: whom we chat with, or a progress bar ---- */

static void set_prompt(struct console *c)
{
	struct ms_span who = ms_ue_identity_user(ms_ue_peer(c->p->ue, c->chat));
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, sizeof(c->line.prompt) - 1);
	if (c->percent <= 100) {
		ms_buf_put_u8(&b, '[');
		for (unsigned i = 0; i < BAR; i++)
			ms_buf_put_u8(&b, i * 100 < c->percent * BAR ? '#' : '-');
		ms_buf_printf(&b, "] %u%% ", c->percent);
	}
	ms_ue_display_text(&b, ms_span_sub(who, 0, 24), NULL, 24);
	ms_buf_put_str(&b, "> ");
	if (!ms_buf_status(&b))
		(void)!ms_span_to_str(ms_buf_span(&b), c->line.prompt, sizeof(c->line.prompt));
}

static void redraw(struct console *c)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;

	ms_buf_init(&out, 65536);
	set_prompt(c);
	if (!c->terminal || c->leaving)
		return;
	ms_ue_line_hide(&c->line, &out);
	ms_ue_line_show(&c->line, &out);
	write_all(ms_buf_span(&out));
}

static void show_progress(struct console *c, const struct ms_ue_event *e)
{
	unsigned percent = e->size > 0 ? (unsigned)(e->done * 100 / e->size) : 100;
	unsigned before = c->percent;

	if (percent == before)
		return;
	c->percent = percent;
	if (c->terminal) {
		redraw(c);
	} else if (before > 100 || percent / PLAIN_STEP != before / PLAIN_STEP) {
		say(c, "[%u] %u%%\n", e->session, percent);
	}
}

static void console_print(struct ms_ue_program *p, const struct ms_ue_event *e)
{
	struct console *c = &console;
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, OUT_MAX);
	if (p->json) {
		ms_ue_print(p, e);
		return;
	}
	if (e->type == MS_UE_EVENT_TICKET && !p->verbose)
		return;
	if (e->type == MS_UE_EVENT_FILE_PROGRESS) {
		show_progress(c, e);
		return;
	}
	ms_ue_event_text(&b, e);
	if (b.len > 0)
		say_span(c, ms_buf_span(&b));
}

/* ---- the end ---- */

static void drained(void *arg)
{
	struct console *c = arg;

	ms_ue_quit(c->p, MS_UE_EXIT_OK);
}

static void leave_when_sent(struct console *c)
{
	if (c->leaving && ms_ue_busy(c->p->ue) == 0)
		ms_ue_quit(c->p, MS_UE_EXIT_OK);
}

/* What was typed before is sent first. */
static void leave(struct console *c)
{
	c->leaving = true;
	ms_timer_init(&c->drain, "ue.drain", drained, c);
	ms_timer_start(&c->drain, DRAIN_LIMIT);
	leave_when_sent(c);
}

/* ---- commands ---- */

static void say_error(struct console *c, int err, struct ms_span who)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, 1024);
	ms_ue_display_text(&b, who, NULL, 128);
	say(c, "%s: %s\n", ms_buf_cstr(&b),
	    err == -EINVAL     ? "not a contact, a SIP URI or a user of our domain (or no file)"
	    : err == -ENOENT   ? "no such session or file"
	    : err == -EMSGSIZE ? "too long"
			       : strerror(-err));
}

static void do_message(struct console *c, const struct ms_ue_command *m)
{
	const struct ms_ue_message_spec spec = { .to = m->who, .body = m->text };
	int err = ms_ue_message_send(c->p->ue, &spec);

	if (err)
		say_error(c, err, m->who);
}

static void do_call(struct console *c, struct ms_span to, struct ms_span file)
{
	MS_CLEANUP(ms_freep) char *path = file.len > 0 ? ms_strdup_span(file) : NULL;
	struct ms_ue_call_spec spec = { .to = to, .file = path };
	unsigned session;
	int err;

	if (file.len > 0 && to.len == 0)
		spec.to = ms_ue_peer(c->p->ue, c->chat);
	err = spec.to.len > 0 ? ms_ue_call(c->p->ue, &spec, &session) : -EINVAL;
	if (err)
		say_error(c, err, err != -EINVAL && file.len > 0 ? file : to);
}

/* An open chat with that peer is taken up again. */
static void do_chat(struct console *c, struct ms_span who)
{
	unsigned open = ms_ue_chat_with(c->p->ue, who);

	if (open)
		c->chat = open;
	else
		do_call(c, who, MS_SPAN_NULL);
}

/* Which session a command is about: the one it names, or the newest that fits. */
static unsigned session_of(struct console *c, struct ms_span who, enum ms_ue_call_query query)
{
	uint64_t n;

	if (who.len == 0)
		return query == MS_UE_CALL_ANY && c->chat ? c->chat : ms_ue_newest(c->p->ue, query);
	return ms_span_u64(who, UINT32_MAX, &n) ? 0 : (unsigned)n;
}

static void do_answer(struct console *c, struct ms_span who, bool accept)
{
	unsigned session = session_of(c, who, MS_UE_CALL_WAITING);

	if (ms_ue_answer(c->p->ue, session, accept))
		say(c, "nothing waits for an answer\n");
}

static void do_hangup(struct console *c, struct ms_span who)
{
	if (ms_ue_hangup(c->p->ue, session_of(c, who, MS_UE_CALL_ANY)))
		say(c, "no such session\n");
}

static void do_info(struct console *c, struct ms_span who)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, 65536);
	if (ms_ue_info(c->p->ue, session_of(c, who, MS_UE_CALL_ANY), &b))
		say(c, "no such session\n");
	else
		say(c, "%s", ms_buf_cstr(&b));
}

static void do_contacts(struct console *c)
{
	const struct ms_ue_contacts *all = &c->p->settings->contacts;

	for (size_t i = 0; i < all->n; i++)
		say(c, "%-12s %s\n", all->v[i].name, all->v[i].uri.uri);
	if (all->n == 0)
		say(c, "no contacts in the configuration\n");
}

static void do_tickets(struct console *c)
{
	bool verbose = c->p->verbose;

	c->p->verbose = true; /* tickets are shown when asked for */
	ms_ue_list_tickets(c->p->ue);
	c->p->verbose = verbose;
}

static void do_help(struct console *c)
{
	const char *help;

	for (unsigned i = 0; (help = ms_ue_command_help(i)) != NULL; i++)
		say(c, "%s\n", help);
	say(c, "Without a slash: text for the open chat. // begins a text with a slash.\n");
}

/* False if the text cannot be sent yet. */
static bool do_text(struct console *c, struct ms_span text)
{
	int err = ms_ue_chat(c->p->ue, c->chat, text);

	if (err == -ENOBUFS)
		return false;
	if (err == -ENOENT)
		say(c, "no chat is open: /chat WHO, or /msg WHO TEXT\n");
	else if (err)
		say(c, "not sent: %s\n", strerror(-err));
	return true;
}

static bool run(struct console *c, const struct ms_ue_command *m)
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
	case MS_UE_VERB_HELP:
		do_help(c);
		break;
	case MS_UE_VERB_QUIT:
		leave(c);
		break;
	}
	return true;
}

static bool on_line(void *arg, struct ms_span text)
{
	struct console *c = arg;
	struct ms_ue_command command;
	const char *usage = "";
	int err = ms_ue_command_parse(text, &command, &usage);

	if (c->leaving)
		return true;
	if (err) {
		say(c, "%s\n", usage);
		return true;
	}
	return run(c, &command);
}

static void on_end(void *arg)
{
	struct console *c = arg;

	if (!c->leaving)
		leave(c);
}

/* ---- a terminal ---- */

static void measure(struct console *c)
{
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
		c->line.columns = w.ws_col;
}

static void take_line(struct console *c)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;

	ms_buf_init_secret(&text, MS_UE_LINE_MAX);
	ms_buf_put_span(&text, ms_ue_line_text(&c->line));
	ms_ue_line_clear(&c->line);
	if (!on_line(c, ms_buf_span(&text)))
		say(c, "not sent: too much is on its way\n");
	redraw(c);
}

static void on_keys(unsigned events, void *arg)
{
	struct console *c = arg;
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	uint8_t keys[256];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	(void)events;
	ms_buf_init(&out, OUT_MAX);
	if (n <= 0) {
		ms_watch_stop(&c->watch);
		on_end(c);
		return;
	}
	measure(c);
	for (ssize_t i = 0; i < n && !c->leaving; i++) {
		enum ms_ue_line_event e = ms_ue_line_key(&c->line, keys[i], &out);

		write_all(ms_buf_span(&out));
		ms_buf_reset(&out);
		if (e == MS_UE_LINE_ENTER)
			take_line(c);
		else if (e == MS_UE_LINE_END || e == MS_UE_LINE_BREAK)
			leave(c);
	}
}

static int start_terminal(struct console *c)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &c->saved) < 0)
		return -errno;
	raw = c->saved;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST; /* what others print (a library's last words) stays readable */
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0)
		return -errno;
	c->line.words = ms_ue_command_words;
	ms_watch_init(&c->watch, "ue.keys", on_keys, c);
	return ms_watch_set(&c->watch, STDIN_FILENO, MS_LOOP_READ);
}

static bool is_terminal(const struct ms_ue_program *p)
{
	const char *term = getenv("TERM");

	return !p->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term &&
	       strcmp(term, "dumb") != 0;
}

/* ---- the front ---- */

static int console_start(struct ms_ue_program *p)
{
	struct console *c = &console;
	const struct ms_ue_lines_handlers h = { on_line, on_end, c };
	int err;

	c->p = p;
	c->percent = UINT32_MAX;
	c->terminal = is_terminal(p);
	ms_ue_line_init(&c->line, "> ");
	err = c->terminal ? start_terminal(c) : ms_ue_lines_new(&h, &c->lines);
	if (err)
		return err;
	say(c, "%s: /help lists the commands\n", p->settings->identity.uri);
	return ms_ue_register(p->ue);
}

static void console_event(struct ms_ue_program *p, const struct ms_ue_event *e)
{
	struct console *c = &console;

	(void)p;
	switch (e->type) {
	case MS_UE_EVENT_CALL_ESTABLISHED:
		if (strcmp(e->kind, "chat") == 0)
			c->chat = e->session;
		break;
	case MS_UE_EVENT_CALL_ENDED:
	case MS_UE_EVENT_CALL_FAILED:
		if (c->chat == e->session)
			c->chat = ms_ue_newest(c->p->ue, MS_UE_CALL_CHAT);
		break;
	case MS_UE_EVENT_FILE_DONE:
	case MS_UE_EVENT_FILE_FAILED:
		c->percent = UINT32_MAX;
		break;
	case MS_UE_EVENT_CHAT_SENT:
	case MS_UE_EVENT_CHAT_FAILED:
		if (c->lines)
			ms_ue_lines_resume(c->lines);
		break;
	case MS_UE_EVENT_FILE_PROGRESS:
		return;
	default:
		break;
	}
	leave_when_sent(c);
	redraw(c);
}

static void console_end(struct ms_ue_program *p)
{
	struct console *c = &console;

	(void)p;
	ms_timer_stop(&c->drain);
	ms_watch_stop(&c->watch);
	c->lines = ms_ue_lines_free(c->lines);
	if (c->terminal) {
		fputs("\r\x1b[K", stdout);
		fflush(stdout);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &c->saved);
		c->terminal = false;
	}
	ms_ue_line_done(&c->line);
}

const struct ms_ue_front ms_ue_console = {
	.start = console_start,
	.event = console_event,
	.print = console_print,
	.end = console_end,
};
