/* SPDX-License-Identifier: Apache-2.0 */
/* Standard input by lines: a pipe, a terminal, a file or /dev/null. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/buf.h"
#include "loop/loop.h"
#include "ue/program.h"

#define LINE_MAX_OCTETS (1 << 20)

struct ms_ue_lines {
	struct ms_ue_lines_handlers h;
	struct ms_watch watch;
	struct ms_timer timer; /* regular files cannot be watched: read them from here */
	struct ms_buf text;
	bool watched, ended, held, told;
};

static void read_more(struct ms_ue_lines *l);

static void on_ready(unsigned events, void *arg)
{
	(void)events;
	read_more(arg);
}

static void on_timer(void *arg)
{
	read_more(arg);
}

static void watch(struct ms_ue_lines *l, bool on)
{
	if (l->watched && ms_watch_set(&l->watch, STDIN_FILENO, on ? MS_LOOP_READ : 0))
		l->ended = true;
	else if (!l->watched && on)
		ms_timer_start(&l->timer, 0);
}

/* All whole lines, until somebody has had enough. */
static void hand_out(struct ms_ue_lines *l)
{
	while (!l->held) {
		struct ms_span text = ms_buf_span(&l->text);
		size_t end = ms_span_find(text, '\n');

		if (end == text.len && (!l->ended || end == 0))
			break;
		if (!l->h.line(l->h.arg, ms_span_trim(ms_span_sub(text, 0, end)))) {
			l->held = true;
			watch(l, false);
			return;
		}
		ms_buf_consume(&l->text, end < text.len ? end + 1 : end);
	}
	if (l->ended && l->text.len == 0 && !l->told) {
		l->told = true;
		l->h.end(l->h.arg);
	}
}

static void read_more(struct ms_ue_lines *l)
{
	uint8_t piece[4096];
	ssize_t n = read(STDIN_FILENO, piece, sizeof(piece));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	ms_buf_put(&l->text, piece, n > 0 ? (size_t)n : 0);
	l->ended = n <= 0 || ms_buf_status(&l->text);
	if (l->ended)
		ms_watch_stop(&l->watch);
	else
		watch(l, true);
	hand_out(l);
}

void ms_ue_lines_resume(struct ms_ue_lines *l)
{
	l->held = false;
	if (!l->ended)
		watch(l, true);
	hand_out(l);
}

int ms_ue_lines_new(const struct ms_ue_lines_handlers *h, struct ms_ue_lines **ret_l)
{
	struct ms_ue_lines *l = ms_zalloc(sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->h = *h;
	ms_buf_init(&l->text, LINE_MAX_OCTETS);
	ms_watch_init(&l->watch, "ue.stdin", on_ready, l);
	ms_timer_init(&l->timer, "ue.stdin", on_timer, l);
	err = ms_watch_set(&l->watch, STDIN_FILENO, MS_LOOP_READ);
	l->watched = err == 0;
	if (err == -EPERM) { /* a regular file */
		ms_timer_start(&l->timer, 0);
		err = 0;
	}
	if (err) {
		ms_free(l);
		return err;
	}
	*ret_l = l;
	return 0;
}

struct ms_ue_lines *ms_ue_lines_free(struct ms_ue_lines *l)
{
	if (!l)
		return NULL;
	ms_watch_stop(&l->watch);
	ms_timer_stop(&l->timer);
	ms_buf_done(&l->text);
	return ms_free(l);
}
