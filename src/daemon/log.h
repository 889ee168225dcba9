/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log: one line an event, to standard error or syslog. Modules below src/daemon never log.
 *
 *   MS_LOG(&cat_ticket, MS_LOG_INFO, "req=%" PRIu64 " issued initiator=%s", id, MS_QUOTED(uri));
 *
 * A line begins with the identity of its object (req=, conn=, call=). Text from a peer goes through
 * MS_QUOTED(). Keys are never logged. Each place in the source may write 20 lines a second; what is
 * over is counted and told in one line.
 */
#ifndef MS_DAEMON_LOG_H
#define MS_DAEMON_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/span.h"
#include "core/time.h"

enum ms_log_level {
	MS_LOG_ERROR,   /* something is broken and needs the operator */
	MS_LOG_WARNING, /* it goes on, but the operator should know */
	MS_LOG_NOTICE,  /* start, stop, reload */
	MS_LOG_INFO,    /* each event of the service */
	MS_LOG_DEBUG,   /* how it came about */
};

/** A subject with a level of its own; static, registered once by ms_log_category_add(). */
struct ms_log_category {
	const char *name; /* "http", "ticket", ... */
	const char *help;
	enum ms_log_level level; /* least important level still written; set it to MS_LOG_INFO */
	struct ms_log_category *next;
};

/** One place in the source: its rate limit. */
struct ms_log_site {
	ms_usec since;
	uint32_t lines;
	uint32_t dropped;
};

#define MS_LOG(category, lvl, ...)                                               \
	do {                                                                     \
		static struct ms_log_site ms_site_;                              \
		if ((lvl) <= (category)->level)                                  \
			ms_log_write(&ms_site_, (category), (lvl), __VA_ARGS__); \
	} while (0)

void ms_log_write(struct ms_log_site *site, const struct ms_log_category *category,
		  enum ms_log_level level, const char *fmt, ...) MS_PRINTF(4, 5);

enum ms_log_target { MS_LOG_STDERR, MS_LOG_SYSLOG };

/**
 * Begins logging as `ident` (static). Without it lines go to standard error. syslog's socket is
 * opened here, so that it works after a chroot.
 */
void ms_log_open(const char *ident, enum ms_log_target target);

/** Makes the category known by name. Harmless if done twice. */
void ms_log_category_add(struct ms_log_category *c);

/** The category every program has, for its own life: "main". */
extern struct ms_log_category ms_log_main;

/** Sets the level of the named category, or of all if `name` is NULL. 0 or -ENOENT. */
int ms_log_set_level(const char *name, enum ms_log_level level);

/** Walks the categories; NULL gives the first. */
const struct ms_log_category *ms_log_category_next(const struct ms_log_category *c);

const char *ms_log_level_name(enum ms_log_level level);

/** "error", "warning", "notice", "info", "debug". 0 or -EINVAL. */
MS_MUST_CHECK int ms_log_level_parse(struct ms_span name, enum ms_log_level *ret_level);

/** Names for MS_CONFIG_ENUM, in the order of enum ms_log_level, ended by NULL. */
extern const char *const ms_log_level_names[];

/**
 * Peer text in quotes, control and non-ASCII octets escaped, cut after 96 octets. Static: valid for
 * the next 7 uses.
 */
const char *ms_log_quote(struct ms_span s);

#define MS_QUOTED(s) ms_log_quote(s)

/** Tests: lines go to `f` instead. NULL puts it back. */
void ms_log_divert(void (*f)(enum ms_log_level level, const char *line, void *arg), void *arg);

#endif
