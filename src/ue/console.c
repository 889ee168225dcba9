/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interactive front: a line editor on a terminal, plain lines where there is none (a dumb
 * terminal, a pipe). Events print above the line that is being typed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/alloc.h"
#include "ue/command.h"
#include "ue/console-priv.h"
#include "ue/display.h"

#define OUT_MAX (4 << 20)
#define BAR 20        /* characters of a progress bar */
#define PLAIN_STEP 10 /* per cent between progress lines without a terminal */
#define DRAIN_LIMIT (10 * MS_SEC)

static struct ms_ue_console console; /* one terminal a process */

/* ---- output ---- */

static void write_all(struct ms_span s)
{
	fwrite(s.p, 1, s.len, stdout);
	fflush(stdout);
}

/* Text ends with LF; a raw terminal wants CR as well. The line being typed stays below. */
static void say_span(struct ms_ue_console *c, struct ms_span text)
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

void ms_ue_console_say(struct ms_ue_console *c, const char *fmt, ...)
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

static void set_prompt(struct ms_ue_console *c)
{
	struct ms_span who = ms_keys_identity_user(ms_ue_peer(c->p->ue, c->chat));
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

static void redraw(struct ms_ue_console *c)
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

static void show_progress(struct ms_ue_console *c, const struct ms_ue_event *e)
{
	unsigned percent = e->size > 0 ? (unsigned)(e->done * 100 / e->size) : 100;
	unsigned before = c->percent;

	if (percent == before)
		return;
	c->percent = percent;
	if (c->terminal) {
		redraw(c);
	} else if (before > 100 || percent / PLAIN_STEP != before / PLAIN_STEP) {
		ms_ue_console_say(c, "[%u] %u%%\n", e->session, percent);
	}
}

static void console_print(struct ms_ue_program *p, const struct ms_ue_event *e)
{
	struct ms_ue_console *c = &console;
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
	struct ms_ue_console *c = arg;

	ms_ue_quit(c->p, MS_UE_EXIT_OK);
}

static void leave_when_sent(struct ms_ue_console *c)
{
	if (c->leaving && ms_ue_busy(c->p->ue) == 0)
		ms_ue_quit(c->p, MS_UE_EXIT_OK);
}

/* What was typed before is sent first. */
void ms_ue_console_leave(struct ms_ue_console *c)
{
	c->leaving = true;
	ms_timer_init(&c->drain, "ue.drain", drained, c);
	ms_timer_start(&c->drain, DRAIN_LIMIT);
	leave_when_sent(c);
}

static bool on_line(void *arg, struct ms_span text)
{
	return ms_ue_console_line(arg, text);
}

static void on_end(void *arg)
{
	struct ms_ue_console *c = arg;

	if (!c->leaving)
		ms_ue_console_leave(c);
}

/* ---- a terminal ---- */

static void measure(struct ms_ue_console *c)
{
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
		c->line.columns = w.ws_col;
}

static void take_line(struct ms_ue_console *c)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;

	ms_buf_init_secret(&text, MS_UE_LINE_MAX);
	ms_buf_put_span(&text, ms_ue_line_text(&c->line));
	ms_ue_line_clear(&c->line);
	if (!ms_ue_console_line(c, ms_buf_span(&text)))
		ms_ue_console_say(c, "not sent: too much is on its way\n");
	redraw(c);
}

static void on_keys(unsigned events, void *arg)
{
	struct ms_ue_console *c = arg;
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
			ms_ue_console_leave(c);
	}
}

static int start_terminal(struct ms_ue_console *c)
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
	struct ms_ue_console *c = &console;
	const struct ms_ue_lines_handlers h = { on_line, on_end, c };
	int err;

	c->p = p;
	c->percent = UINT32_MAX;
	c->terminal = is_terminal(p);
	ms_ue_line_init(&c->line, "> ");
	err = c->terminal ? start_terminal(c) : ms_ue_lines_new(&h, &c->lines);
	if (err)
		return err;
	ms_ue_console_say(c, "%s: /help lists the commands\n", p->settings->identity.uri);
	return ms_ue_register(p->ue);
}

static void console_event(struct ms_ue_program *p, const struct ms_ue_event *e)
{
	struct ms_ue_console *c = &console;

	(void)p;
	switch (e->type) {
	case MS_UE_EVENT_CALL_ESTABLISHED:
		/* Nobody who calls may turn what is being typed for another to himself. */
		if (strcmp(e->kind, "chat") == 0 && (!c->chat || c->wanted == e->session))
			c->chat = e->session;
		break;
	case MS_UE_EVENT_CALL_ENDED:
	case MS_UE_EVENT_CALL_FAILED:
		if (c->chat == e->session)
			c->chat = 0; /* and not the next best: see above */
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
	struct ms_ue_console *c = &console;

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
