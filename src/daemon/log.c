/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/log.h"

#include <errno.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#include "core/buf.h"
#include "loop/loop.h"

#define LINE_MAX_OCTETS 1024
#define SITE_LINES 20
#define QUOTES 8
#define QUOTE_MAX 96

struct ms_log_category ms_log_main = {
	.name = "main",
	.help = "start, stop and configuration of the program itself",
	.level = MS_LOG_INFO,
};

static struct {
	const char *ident;
	enum ms_log_target target;
	struct ms_log_category *first;
	void (*divert)(enum ms_log_level level, const char *line, void *arg);
	void *divert_arg;
} log_to = { .first = &ms_log_main };

const char *const ms_log_level_names[] = { "error", "warning", "notice", "info", "debug", NULL };

void ms_log_open(const char *ident, enum ms_log_target target)
{
	log_to.ident = ident;
	log_to.target = target;
	if (target == MS_LOG_SYSLOG)
		openlog(ident, LOG_NDELAY | LOG_PID, LOG_DAEMON);
}

void ms_log_category_add(struct ms_log_category *c)
{
	struct ms_log_category **at = &log_to.first;

	while (*at && *at != c)
		at = &(*at)->next;
	if (!*at)
		*at = c;
}

int ms_log_set_level(const char *name, enum ms_log_level level)
{
	bool found = !name;

	for (struct ms_log_category *c = log_to.first; c; c = c->next) {
		if (name && strcmp(c->name, name) != 0)
			continue;
		c->level = level;
		found = true;
	}
	return found ? 0 : -ENOENT;
}

const struct ms_log_category *ms_log_category_next(const struct ms_log_category *c)
{
	return c ? c->next : log_to.first;
}

const char *ms_log_level_name(enum ms_log_level level)
{
	return level <= MS_LOG_DEBUG ? ms_log_level_names[level] : "?";
}

int ms_log_level_parse(struct ms_span name, enum ms_log_level *ret_level)
{
	for (unsigned i = 0; ms_log_level_names[i]; i++) {
		if (ms_span_is(name, ms_log_level_names[i])) {
			*ret_level = (enum ms_log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

void ms_log_divert(void (*f)(enum ms_log_level level, const char *line, void *arg), void *arg)
{
	log_to.divert = f;
	log_to.divert_arg = arg;
}

static int syslog_priority(enum ms_log_level level)
{
	static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG };

	return priorities[level];
}

/* One write, so that lines of several roles do not mix. */
static void write_stderr(enum ms_log_level level, const char *line)
{
	char room[LINE_MAX_OCTETS + 128], when[32];
	int n = snprintf(room, sizeof(room), "%s %s %s: %s\n",
			 ms_usec_to_iso(ms_clock_wall(), when), ms_log_level_name(level),
			 log_to.ident ? log_to.ident : "mediasec", line);

	if (n > 0 &&
	    write(STDERR_FILENO, room, (size_t)n < sizeof(room) ? (size_t)n : sizeof(room) - 1) < 0)
		return; /* nowhere left to complain */
}

static void emit(enum ms_log_level level, const char *line)
{
	if (log_to.divert)
		log_to.divert(level, line, log_to.divert_arg);
	else if (log_to.target == MS_LOG_SYSLOG)
		syslog(syslog_priority(level), "%s", line);
	else
		write_stderr(level, line);
}

/* A line is one line: what got past MS_QUOTED() may not begin another. */
static void flatten(char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line < ' ' || *line == 0x7f)
			*line = ' ';
}

/* False if the site has had its lines of this second. */
static bool may_write(struct ms_log_site *site, const struct ms_log_category *category)
{
	char line[128];
	ms_usec now = ms_clock_mono();

	if (now - site->since >= MS_SEC) {
		uint32_t dropped = site->dropped;

		*site = (struct ms_log_site){ .since = now };
		if (dropped > 0) {
			snprintf(line, sizeof(line),
				 "%s: %u more lines like the next one were dropped", category->name,
				 dropped);
			emit(MS_LOG_WARNING, line);
		}
	}
	if (site->lines >= SITE_LINES) {
		site->dropped++;
		return false;
	}
	site->lines++;
	return true;
}

void ms_log_write(struct ms_log_site *site, const struct ms_log_category *category,
		  enum ms_log_level level, const char *fmt, ...)
{
	char line[LINE_MAX_OCTETS];
	va_list ap;
	int n;

	if (!may_write(site, category))
		return;
	n = snprintf(line, sizeof(line), "%s: ", category->name);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	flatten(line);
	emit(level, line);
}

const char *ms_log_quote(struct ms_span s)
{
	static char rooms[QUOTES][QUOTE_MAX * 4 + 16];
	static unsigned turn;
	struct ms_buf b;

	turn = (turn + 1) % QUOTES;
	ms_buf_init_fixed(&b, rooms[turn], sizeof(rooms[turn]));
	ms_buf_put_u8(&b, '"');
	ms_buf_put_quoted(&b, s, QUOTE_MAX);
	ms_buf_put_u8(&b, '"');
	return ms_buf_cstr(&b);
}
