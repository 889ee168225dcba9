/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: one a process, no threads. It watches descriptors, runs one-shot timers, delivers
 * signals as ordinary calls and counts handlers that take too long.
 *
 * The loop is epoll and stands alone. A process that speaks SIP makes libre's loop the outer one
 * (loop/re.h); nobody else notices.
 *
 * Handlers may do anything: stop or close themselves or each other, start timers, end the loop.
 */
#ifndef MS_LOOP_LOOP_H
#define MS_LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/list.h"
#include "core/time.h"

/* ---- the loop ---- */

/**
 * Prepares the loop of this process. Raises the soft limit of descriptors to the hard one (never
 * beyond) and ignores SIGPIPE. Returns 0, -EBUSY if there is one already, or negative errno.
 */
MS_MUST_CHECK int ms_loop_init(void);

/** Frees it. All watches and timers should have been stopped. Harmless without ms_loop_init(). */
void ms_loop_close(void);

/** Runs until ms_loop_stop(). Returns 0, or negative errno if waiting itself fails. */
MS_MUST_CHECK int ms_loop_run(void);

/** Makes ms_loop_run() return after the handlers of this round. */
void ms_loop_stop(void);

/* ---- clocks ---- */

/** Microseconds since 1970-01-01 UTC. May jump. */
ms_usec ms_clock_wall(void);

/** Microseconds of a clock that never jumps; its zero means nothing. Timers follow it. */
ms_usec ms_clock_mono(void);

/** ms_clock_mono() when this round's handlers began: free, and exact enough for idle limits. */
ms_usec ms_loop_now(void);

/* ---- descriptors ---- */

enum {
	MS_LOOP_READ = 1,  /* readable, end of file or error */
	MS_LOOP_WRITE = 2, /* writable or error */
};

/** `events`: MS_LOOP_READ and/or MS_LOOP_WRITE, of those asked for. */
typedef void ms_watch_f(unsigned events, void *arg);

/** One watched descriptor; embedded in its owner. Members are the loop's. All-zero is "not set". */
struct ms_watch {
	int fd; /* borrowed: the owner closes it, after ms_watch_stop() */
	unsigned events;
	bool added;
	ms_watch_f *handler;
	void *arg;
	const char *name; /* static; for the report of slow handlers */
};

/** Before first use. `name` is a static string such as "http.conn". */
void ms_watch_init(struct ms_watch *w, const char *name, ms_watch_f *handler, void *arg);

/**
 * Watches `fd` for `events` (level-triggered), or changes the events of a running watch. events 0
 * keeps the watch but asks for nothing. Returns 0 or negative errno (-ENOSPC: kernel limit).
 */
MS_MUST_CHECK int ms_watch_set(struct ms_watch *w, int fd, unsigned events);

/** Stops; no further call of the handler. The descriptor stays open. Stopping twice is fine. */
void ms_watch_stop(struct ms_watch *w);

/** Stops and closes the descriptor, which takes it out of the kernel's set without another call: only for
 * one that no other descriptor or process shares. Nothing if the watch is not running. */
void ms_watch_close(struct ms_watch *w);

/* ---- timers ---- */

typedef void ms_timer_f(void *arg);

/** A one-shot timer; embedded in its owner; starting and stopping never fail. All-zero is idle. */
struct ms_timer {
	ms_usec at; /* ms_clock_mono() */
	struct ms_timer *child, *next, *prev;
	ms_timer_f *handler;
	void *arg;
	const char *name;
	bool running;
};

/** Before first use. `name` static. */
void ms_timer_init(struct ms_timer *t, const char *name, ms_timer_f *handler, void *arg);

/** Calls the handler once, `delay` (>= 0) from now or up to a millisecond later; restarts. */
void ms_timer_start(struct ms_timer *t, ms_usec delay);

/** Stops; harmless if not running. */
void ms_timer_stop(struct ms_timer *t);

static inline bool ms_timer_running(const struct ms_timer *t)
{
	return t->running;
}

/**
 * A call at the end of this round of handlers, before the loop waits again: the place to write in
 * one go what several handlers produced. Deferred calls that deferred calls ask for come in the same
 * round. All-zero is idle.
 */
struct ms_defer {
	struct ms_list link;
	ms_timer_f *handler;
	void *arg;
	bool pending;
};

void ms_defer_init(struct ms_defer *d, ms_timer_f *handler, void *arg);

/** Asks for the call; asking again before it happened changes nothing. */
void ms_defer_call(struct ms_defer *d);

void ms_defer_cancel(struct ms_defer *d);

/* ---- signals ---- */

typedef void ms_signal_f(int signo, void *arg);

/**
 * Blocks the signal and has it delivered as a call from the loop. One handler a signal; a second
 * call replaces the first. Programs use SIGTERM, SIGINT, SIGHUP, SIGUSR1. Returns 0 or negative
 * errno.
 */
MS_MUST_CHECK int ms_loop_signal(int signo, ms_signal_f *handler, void *arg);

/* ---- the watch on slow handlers ---- */

/** A handler longer than this is counted and reported. */
#define MS_LOOP_SLOW (50 * MS_MSEC)

/** Told after each handler that took longer than MS_LOOP_SLOW; `name` is its watch or timer. */
typedef void ms_loop_slow_f(const char *name, ms_usec took, void *arg);

void ms_loop_on_slow(ms_loop_slow_f *f, void *arg);

struct ms_loop_stats {
	uint64_t rounds;    /* times the loop woke up */
	uint64_t events;    /* descriptor handlers called */
	uint64_t timers;    /* timer handlers called */
	uint64_t slow;      /* handlers over MS_LOOP_SLOW */
	ms_usec slowest;    /* the longest handler so far */
	uint32_t watches;   /* descriptors watched now */
	uint32_t max_files; /* RLIMIT_NOFILE in force */
};

/** Counts since ms_loop_init(). Borrowed, live. */
const struct ms_loop_stats *ms_loop_stats(void);

#endif
