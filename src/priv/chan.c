/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between roles: framing, batching, back-pressure. */
#include "priv/chan.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/alloc.h"
#include "loop/loop.h"

#define HEADER 16
#define QUEUE_MAX ((size_t)8 * 1024 * 1024)
#define READ_SIZE ((size_t)128 * 1024)
#define SOCKET_BUFFER (1024 * 1024)

struct header {
	uint32_t length;
	uint16_t type;
	uint16_t zero;
	uint64_t id;
};

_Static_assert(sizeof(struct header) == HEADER, "no padding");

struct ms_chan {
	int fd;
	struct ms_watch watch;
	struct ms_defer flush;                   /* what this round produced */
	const struct ms_chan_handlers *handlers; /* borrowed */
	void *arg;
	struct ms_buf in;  /* the beginning of a message not yet complete */
	struct ms_buf out; /* queued messages, and perhaps one begun */
	size_t sent;       /* octets at the front of `out` that the kernel has */
	size_t begun;      /* where the message begun starts; SIZE_MAX: none */
	size_t queue_max;
	bool waiting; /* `drained` is owed */
	bool over;
	bool busy, dead; /* in a handler; freed there */
};

static void over(struct ms_chan *c, int err)
{
	if (c->over)
		return;
	c->over = true;
	ms_watch_stop(&c->watch);
	ms_defer_cancel(&c->flush);
	c->busy = true;
	c->handlers->closed(c, err, c->arg);
	c->busy = false;
}

/* After a handler may have freed the channel. Returns true if it is gone. */
static bool gone(struct ms_chan *c)
{
	if (!c->dead)
		return false;
	ms_free(c);
	return true;
}

/* ---- sending ---- */

size_t ms_chan_queued(const struct ms_chan *c)
{
	return (c->begun == SIZE_MAX ? c->out.len : c->begun) - c->sent;
}

static void want(struct ms_chan *c, unsigned events)
{
	int err = ms_watch_set(&c->watch, c->fd, events);

	if (err)
		over(c, err);
}

static void drop_sent(struct ms_chan *c)
{
	ms_buf_consume(&c->out, c->sent);
	if (c->begun != SIZE_MAX)
		c->begun -= c->sent;
	c->sent = 0;
}

/* Writes what the kernel takes. 0, or negative errno if the other end is gone. */
static int write_out(struct ms_chan *c)
{
	while (ms_chan_queued(c) > 0) {
		ssize_t n = send(c->fd, c->out.p + c->sent, ms_chan_queued(c), MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		c->sent += (size_t)n;
	}
	drop_sent(c);
	return 0;
}

static void flush_due(void *arg)
{
	struct ms_chan *c = arg;
	int err = write_out(c);

	if (err)
		over(c, err);
	else if (ms_chan_queued(c) > 0)
		want(c, MS_LOOP_READ | MS_LOOP_WRITE);
	gone(c);
}

struct ms_buf *ms_chan_begin(struct ms_chan *c, uint16_t type, uint64_t id)
{
	struct header h = { .type = type, .id = id };

	if (c->sent > ms_chan_queued(c))
		drop_sent(c);
	c->begun = c->out.len;
	ms_buf_put(&c->out, &h, sizeof(h));
	return &c->out;
}

void ms_chan_abandon(struct ms_chan *c)
{
	if (c->begun == SIZE_MAX)
		return;
	ms_buf_truncate(&c->out, c->begun);
	c->out.err = 0; /* the messages before it are whole */
	c->begun = SIZE_MAX;
}

static int check_begun(const struct ms_chan *c)
{
	int err = ms_buf_status(&c->out);

	if (c->over)
		return -EPIPE;
	if (err != 0 && err != -EMSGSIZE)
		return err;
	if (c->out.len - c->begun > HEADER + MS_CHAN_BODY_MAX)
		return -EMSGSIZE;
	return err || ms_chan_queued(c) > c->queue_max ? -ENOBUFS : 0;
}

int ms_chan_end(struct ms_chan *c)
{
	uint32_t length;
	int err = check_begun(c);

	if (err) {
		ms_chan_abandon(c);
		c->waiting = c->waiting || err == -ENOBUFS;
		return err;
	}
	length = (uint32_t)(c->out.len - c->begun - HEADER);
	memcpy(c->out.p + c->begun, &length, sizeof(length));
	c->begun = SIZE_MAX;
	if (!(c->watch.events & MS_LOOP_WRITE))
		ms_defer_call(&c->flush);
	return 0;
}

int ms_chan_send(struct ms_chan *c, uint16_t type, uint64_t id, struct ms_span body)
{
	ms_buf_put_span(ms_chan_begin(c, type, id), body);
	return ms_chan_end(c);
}

int ms_chan_flush(struct ms_chan *c, int limit_ms)
{
	ms_usec end = ms_clock_mono() + limit_ms * MS_MSEC;
	int err = write_out(c);

	while (err == 0 && ms_chan_queued(c) > 0) {
		struct pollfd p = { .fd = c->fd, .events = POLLOUT };
		ms_usec left = end - ms_clock_mono();

		if (left <= 0 || poll(&p, 1, (int)(left / MS_MSEC) + 1) == 0)
			return -ETIMEDOUT;
		err = write_out(c);
	}
	return err;
}

/* ---- receiving ---- */

static void end_process(unsigned type, const char *what)
{
	fprintf(stderr, "a message of type %u from another role %s; ending\n", type, what);
	_exit(70);
}

/* One complete message from the front of `data`; its size, or 0 if more octets are needed. */
static size_t take_message(struct ms_chan *c, struct ms_span data)
{
	struct header h;
	struct ms_msg m;

	if (data.len < HEADER)
		return 0;
	memcpy(&h, data.p, sizeof(h));
	if (h.length > MS_CHAN_BODY_MAX || h.zero != 0)
		end_process(h.type, "has an impossible header");
	if (data.len - HEADER < h.length)
		return 0;
	m = (struct ms_msg){ h.type, h.id, ms_reader_of(ms_span_sub(data, HEADER, h.length)) };
	c->handlers->message(c, &m, c->arg);
	return HEADER + h.length;
}

static void take_messages(struct ms_chan *c)
{
	size_t at = 0, n;

	c->busy = true;
	do {
		n = take_message(c, ms_span_from(ms_buf_span(&c->in), at));
		at += n;
	} while (n > 0 && !c->dead && !c->over);
	c->busy = false;
	if (!c->dead)
		ms_buf_consume(&c->in, at);
}

static void read_in(struct ms_chan *c)
{
	size_t have = c->in.len;
	uint8_t *room = ms_buf_extend(&c->in, READ_SIZE);
	ssize_t n;

	if (!room) {
		over(c, ms_buf_status(&c->in));
		return;
	}
	do
		n = recv(c->fd, room, READ_SIZE, 0);
	while (n < 0 && errno == EINTR);
	ms_buf_truncate(&c->in, have + (n > 0 ? (size_t)n : 0));
	if (n > 0)
		take_messages(c);
	else if (n == 0)
		over(c, 0);
	else if (errno != EAGAIN)
		over(c, -errno);
}

static void write_more(struct ms_chan *c)
{
	int err = write_out(c);

	if (err) {
		over(c, err);
		return;
	}
	if (ms_chan_queued(c) > 0)
		return;
	want(c, MS_LOOP_READ);
	if (!c->waiting || c->over)
		return;
	c->waiting = false;
	if (!c->handlers->drained)
		return;
	c->busy = true;
	c->handlers->drained(c, c->arg);
	c->busy = false;
}

static void ready(unsigned events, void *arg)
{
	struct ms_chan *c = arg;

	if (events & MS_LOOP_WRITE)
		write_more(c);
	if ((events & MS_LOOP_READ) && !c->over && !c->dead)
		read_in(c);
	gone(c);
}

/* ---- making and ending ---- */

static void init_buffer(struct ms_buf *b, size_t max, bool secret)
{
	if (secret)
		ms_buf_init_secret(b, max);
	else
		ms_buf_init(b, max);
}

int ms_chan_new(int fd, size_t queue_max, bool secret, const struct ms_chan_handlers *handlers,
		void *arg, struct ms_chan **ret_c)
{
	struct ms_chan *c = ms_zalloc(sizeof(*c));
	int size = SOCKET_BUFFER, err;

	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	c->fd = fd;
	c->handlers = handlers;
	c->arg = arg;
	c->begun = SIZE_MAX;
	c->queue_max = queue_max > 0 ? queue_max : QUEUE_MAX;
	init_buffer(&c->in, HEADER + MS_CHAN_BODY_MAX + READ_SIZE, secret);
	init_buffer(&c->out, 2 * c->queue_max + HEADER + MS_CHAN_BODY_MAX, secret);
	ms_defer_init(&c->flush, flush_due, c);
	ms_watch_init(&c->watch, "priv.chan", ready, c);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	err = ms_watch_set(&c->watch, fd, MS_LOOP_READ);
	if (err) {
		ms_chan_free(c);
		return err;
	}
	*ret_c = c;
	return 0;
}

struct ms_chan *ms_chan_free(struct ms_chan *c)
{
	if (!c || c->dead)
		return NULL;
	ms_watch_stop(&c->watch);
	ms_defer_cancel(&c->flush);
	close(c->fd);
	ms_buf_done(&c->in);
	ms_buf_done(&c->out);
	c->dead = c->over = true;
	return c->busy ? NULL : ms_free(c);
}

/* ---- fields ---- */

static void want_field(const struct ms_msg *m, int err)
{
	if (err)
		end_process(m->type, "is too short");
}

uint8_t ms_msg_u8(struct ms_msg *m)
{
	uint8_t v = 0;

	want_field(m, ms_read_u8(&m->body, &v));
	return v;
}

uint16_t ms_msg_u16(struct ms_msg *m)
{
	uint16_t v = 0;

	want_field(m, ms_read_u16(&m->body, &v));
	return v;
}

uint32_t ms_msg_u32(struct ms_msg *m)
{
	uint32_t v = 0;

	want_field(m, ms_read_u32(&m->body, &v));
	return v;
}

uint64_t ms_msg_u64(struct ms_msg *m)
{
	uint64_t v = 0;

	want_field(m, ms_read_u64(&m->body, &v));
	return v;
}

struct ms_span ms_msg_lv16(struct ms_msg *m)
{
	struct ms_span s = MS_SPAN_NULL;

	want_field(m, ms_read_lv16(&m->body, &s));
	return s;
}

struct ms_span ms_msg_lv32(struct ms_msg *m)
{
	struct ms_span s = MS_SPAN_NULL;

	want_field(m, ms_read_span(&m->body, ms_msg_u32(m), &s));
	return s;
}

struct ms_span ms_msg_rest(struct ms_msg *m)
{
	struct ms_span s = MS_SPAN_NULL;

	want_field(m, ms_read_span(&m->body, ms_read_left(&m->body), &s));
	return s;
}

void ms_msg_end(const struct ms_msg *m)
{
	if (ms_read_end(&m->body))
		end_process(m->type, "is too long");
}

void ms_chan_put_lv32(struct ms_buf *b, struct ms_span s)
{
	if (s.len > UINT32_MAX) {
		ms_buf_fail(b, -EMSGSIZE);
		return;
	}
	ms_buf_put_u32(b, (uint32_t)s.len);
	ms_buf_put_span(b, s);
}
