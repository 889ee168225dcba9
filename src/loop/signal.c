/* SPDX-License-Identifier: Apache-2.0 */
/* Signals as calls from the loop: blocked, and read from a signalfd. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "loop/loop-priv.h"

#define SIGNALS 65

static struct {
	int fd; /* -1: none yet */
	sigset_t set;
	struct ms_watch watch;
	struct {
		ms_signal_f *handler;
		void *arg;
	} on[SIGNALS];
} signals = { .fd = -1 };

static void signals_ready(unsigned events MS_UNUSED, void *arg MS_UNUSED)
{
	struct signalfd_siginfo info;

	while (signals.fd >= 0 && read(signals.fd, &info, sizeof(info)) == sizeof(info)) {
		unsigned no = info.ssi_signo;

		if (no < SIGNALS && signals.on[no].handler)
			signals.on[no].handler((int)no, signals.on[no].arg);
	}
}

static int open_fd(void)
{
	int err;

	signals.fd = signalfd(-1, &signals.set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (signals.fd < 0)
		return -errno;
	ms_watch_init(&signals.watch, "loop.signal", signals_ready, NULL);
	err = ms_watch_set(&signals.watch, signals.fd, MS_LOOP_READ);
	if (err) {
		close(signals.fd);
		signals.fd = -1;
	}
	return err;
}

int ms_loop_signal(int signo, ms_signal_f *handler, void *arg)
{
	sigset_t one;
	int err;

	if (signo <= 0 || signo >= SIGNALS)
		return -EINVAL;
	if (signals.fd < 0)
		sigemptyset(&signals.set);
	sigaddset(&signals.set, signo);
	err = signals.fd < 0 ? open_fd() : 0;
	if (err)
		return err;
	if (signalfd(signals.fd, &signals.set, 0) < 0)
		return -errno;
	sigemptyset(&one);
	sigaddset(&one, signo);
	if (sigprocmask(SIG_BLOCK, &one, NULL) < 0)
		return -errno;
	signals.on[signo].handler = handler;
	signals.on[signo].arg = arg;
	return 0;
}

void ms_signal_done(void)
{
	if (signals.fd < 0)
		return;
	ms_watch_stop(&signals.watch);
	close(signals.fd);
	signals.fd = -1;
	sigprocmask(SIG_UNBLOCK, &signals.set, NULL);
	memset(signals.on, 0, sizeof(signals.on));
}
