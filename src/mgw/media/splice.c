/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bulk between two endpoints without TLS: the kernel moves what it received to the other socket without
 * copying it, through a pipe that all pairs of the process share. What the other socket does not take is
 * read back out of the pipe, so that the pipe is empty again before the next pair has its turn. For
 * small messages a read and a write cost the same, so a pair comes here only after a read that filled
 * the whole buffer.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "mgw/media/media-priv.h"

#define PIPE_SIZE (1 << 20)

void ms_media_splice_open(struct ms_media *m)
{
	if (pipe2(m->pipe, O_NONBLOCK | O_CLOEXEC) < 0) {
		m->pipe[0] = m->pipe[1] = -1; /* then it is read and write for all */
		return;
	}
	/* Smaller, if the system's limit for pipes says so. */
	(void)!fcntl(m->pipe[1], F_SETPIPE_SZ, PIPE_SIZE);
}

void ms_media_splice_close(struct ms_media *m)
{
	if (m->pipe[0] < 0)
		return;
	close(m->pipe[0]);
	close(m->pipe[1]);
	m->pipe[0] = m->pipe[1] = -1;
}

bool ms_media_may_splice(const struct ms_media_endpoint *e)
{
	const struct ms_media_endpoint *p = e->partner;

	return e->bulk && e->media->pipe[0] >= 0 && !e->tls && !p->tls && !e->aware && !e->policy &&
	       !p->waiting;
}

/* What is left in the pipe, to the plane's buffer. */
static struct ms_span read_back(struct ms_media *m, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = read(m->pipe[0], m->in + got, n - got);

		if (r <= 0 && errno != EINTR)
			break;
		got += r > 0 ? (size_t)r : 0;
	}
	return ms_span_of(m->in, got);
}

static void pass_on(struct ms_media_endpoint *e, size_t n)
{
	struct ms_media_endpoint *p = e->partner;
	ssize_t sent =
		splice(e->media->pipe[0], NULL, p->fd, NULL, n, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	int err = sent < 0 ? errno : 0;
	struct ms_span rest;

	if (sent < 0)
		sent = 0;
	p->wire_out += (uint64_t)sent;
	rest = read_back(e->media, n - (size_t)sent);
	if (err && err != EAGAIN && err != EINTR)
		ms_media_broken(p, err);
	else if (rest.len > 0 && ms_media_wait(p, rest))
		ms_media_watch(p);
}

void ms_media_splice(struct ms_media_endpoint *e)
{
	struct ms_media *m = e->media;
	size_t most = m->config.read_size; /* what read_back() has room for */
	ssize_t n = splice(e->fd, NULL, m->pipe[1], NULL, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n == 0) {
		ms_media_eof(e);
	} else if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			ms_media_broken(e, errno);
	} else {
		e->bulk = (size_t)n > most / 8;
		e->wire_in += (uint64_t)n;
		e->octets_in += (uint64_t)n;
		e->partner->octets_out += (uint64_t)n;
		m->stats.octets += (uint64_t)n;
		m->stats.spliced += (uint64_t)n;
		pass_on(e, (size_t)n);
		ms_media_watch(e);
	}
}
