/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "core/hex.h"
#include "loop/loop.h"

#define LINES_MAX ((size_t)4 << 20)
#define QUOTE_MAX 128
#define MESSAGE_MAX 2048
#define SYSLOG_WAIT_MS 100
#define SYSLOG_REST (10 * MS_SEC)

static int open_file(const char *file)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);

	return fd < 0 ? -errno : fd;
}

/* Not by syslog(3): that would make a new socket when the daemon was started again, which the
 * vault's system call filter does not allow. This socket can be connected again. */
static int connect_syslog(struct ms_kms_audit *a)
{
	return connect(a->fd, (const struct sockaddr *)&a->syslog, sizeof(a->syslog)) < 0 ? -errno
											  : 0;
}

static int open_syslog(struct ms_kms_audit *a, const char *path)
{
	int err;

	a->syslog.sun_family = AF_UNIX;
	if (ms_span_to_str(ms_span_str(path), a->syslog.sun_path, sizeof(a->syslog.sun_path)))
		return -ENAMETOOLONG;
	a->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (a->fd < 0)
		return -errno;
	err = connect_syslog(a);
	if (err) {
		close(a->fd);
		a->fd = -1;
	}
	return err;
}

int ms_kms_audit_open(struct ms_kms_audit *a, unsigned target, const char *path)
{
	memset(a, 0, sizeof(*a));
	a->target = target;
	a->fd = -1;
	a->second = -1;
	ms_buf_init(&a->lines, LINES_MAX);
	if (target == MS_KMS_AUDIT_SYSLOG)
		return open_syslog(a, path);
	if (target != MS_KMS_AUDIT_FILE)
		return 0;
	a->fd = open_file(path);
	return a->fd < 0 ? a->fd : 0;
}

int ms_kms_audit_reopen(struct ms_kms_audit *a, const char *file)
{
	int fd;

	if (a->target != MS_KMS_AUDIT_FILE)
		return 0;
	fd = open_file(file);
	if (fd < 0)
		return fd;
	close(a->fd);
	a->fd = fd;
	return 0;
}

void ms_kms_audit_close(struct ms_kms_audit *a)
{
	ms_kms_audit_flush(a);
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
	ms_buf_done(&a->lines);
}

/* The time to the millisecond; the text of the second is kept. */
static void put_stamp(struct ms_kms_audit *a, ms_usec now)
{
	unsigned ms = (unsigned)(now / MS_MSEC % 1000);
	char digits[4] = { (char)('0' + ms / 100), (char)('0' + ms / 10 % 10),
			   (char)('0' + ms % 10), 'Z' };

	if (now / MS_SEC != a->second) {
		ms_usec_to_iso(now, a->stamp);
		a->second = now / MS_SEC;
	}
	ms_buf_put(&a->lines, a->stamp, 20); /* "2026-11-20T07:00:00." */
	ms_buf_put(&a->lines, digits, sizeof(digits));
}

static void put_id(struct ms_buf *b, const char *name, const struct ms_mikey_id *id)
{
	if (!id->data.p)
		return;
	ms_buf_put_str(b, name);
	ms_buf_put_quoted(b, id->data, QUOTE_MAX);
	ms_buf_put_str(b, "\"");
}

static const char *what_of(const struct ms_mikey_kms_outcome *o)
{
	switch (o->data_type) {
	case MS_MIKEY_REQUEST_INIT_PSK:
	case MS_MIKEY_REQUEST_INIT_PK:
		return " issue";
	case MS_MIKEY_RESOLVE_INIT_PSK:
	case MS_MIKEY_RESOLVE_INIT_PK:
		return " resolve";
	default:
		return " message";
	}
}

static void put_ticket(struct ms_buf *b, const struct ms_mikey_kms_outcome *o)
{
	char end[32];

	if (!o->has_ticket_id)
		return;
	ms_buf_put_str(b, " ticket=");
	ms_hex_encode(b, ms_span_of(o->ticket_id, sizeof(o->ticket_id)));
	if (o->end == MS_NEVER)
		return;
	ms_usec_to_iso(o->end, end);
	ms_buf_put_str(b, " until=");
	ms_buf_put_str(b, end);
}

/* A line that did not fit is taken back whole. */
static void end_line(struct ms_kms_audit *a, size_t start)
{
	ms_buf_put_u8(&a->lines, '\n');
	if (ms_buf_status(&a->lines)) {
		a->lines.err = 0;
		ms_buf_truncate(&a->lines, start);
		a->errors++;
	}
}

void ms_kms_audit_add(struct ms_kms_audit *a, ms_usec now, const struct ms_mikey_kms_outcome *o,
		      const char *reason, const char *user)
{
	struct ms_buf *b = &a->lines;
	size_t start = b->len;

	if (a->target == MS_KMS_AUDIT_NONE)
		return;
	put_stamp(a, now);
	ms_buf_put_str(b, what_of(o));
	if (o->granted) {
		ms_buf_put_str(b, " granted");
	} else {
		ms_buf_put_str(b, " refused reason=");
		ms_buf_put_str(b, reason);
	}
	if (user) {
		ms_buf_put_str(b, " user=\"");
		ms_buf_put_quoted(b, ms_span_str(user), QUOTE_MAX);
		ms_buf_put_str(b, "\"");
	}
	put_id(b, o->authenticated ? " as=\"" : " claims=\"", &o->claimed);
	put_id(b, " from=\"", &o->initiator);
	put_id(b, " admitted=\"", &o->admitted);
	put_id(b, " to=\"", &o->responder);
	if (o->n_responders > 1)
		ms_buf_printf(b, " responders=%zu", o->n_responders);
	if (o->altered)
		ms_buf_put_str(b, " altered");
	put_ticket(b, o);
	end_line(a, start);
}

void ms_kms_audit_change(struct ms_kms_audit *a, ms_usec now, unsigned uid, const char *what,
			 struct ms_span detail)
{
	size_t start = a->lines.len;

	if (a->target == MS_KMS_AUDIT_NONE)
		return;
	put_stamp(a, now);
	ms_buf_printf(&a->lines, " change uid=%u command=%s \"", uid, what);
	ms_buf_put_quoted(&a->lines, detail, QUOTE_MAX);
	ms_buf_put_str(&a->lines, "\"");
	end_line(a, start);
	ms_kms_audit_flush(a);
}

void ms_kms_audit_withdraw(struct ms_kms_audit *a, ms_usec now, size_t n)
{
	size_t start = 0;

	ms_buf_reset(&a->lines);
	if (a->target == MS_KMS_AUDIT_NONE)
		return;
	put_stamp(a, now);
	ms_buf_printf(&a->lines, " withheld answers=%zu reason=journal", n);
	end_line(a, start);
}

/* RFC 3164 as /dev/log takes it: priority, time, name, text. */
static int send_line(struct ms_kms_audit *a, struct ms_span line)
{
	char text[MESSAGE_MAX];
	time_t now = time(NULL);
	char when[32];
	struct tm tm;
	int n;

	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%b %e %H:%M:%S", &tm);
	n = snprintf(text, sizeof(text), "<%d>%s mediasec-kms-audit: %.*s", LOG_AUTHPRIV | LOG_INFO,
		     when, MS_SPAN_FMT(line));
	if (n >= (int)sizeof(text))
		n = sizeof(text) - 1;
	return send(a->fd, text, (size_t)n, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* The daemon's queue is short. One that does not read at all is given up for a while: it must not
 * hold up the answers. */
static int send_patiently(struct ms_kms_audit *a, struct ms_span line)
{
	struct pollfd p = { .fd = a->fd, .events = POLLOUT };
	int err = send_line(a, line);

	while (err == -EAGAIN && ms_clock_mono() >= a->hung) {
		if (poll(&p, 1, SYSLOG_WAIT_MS) == 0)
			a->hung = ms_clock_mono() + SYSLOG_REST;
		err = send_line(a, line);
	}
	return err;
}

static int to_syslog(struct ms_kms_audit *a, struct ms_span lines)
{
	int err = 0;

	while (lines.len > 0 && err == 0) {
		struct ms_span line = ms_span_cut(&lines, '\n');

		err = send_patiently(a, line);
		/* The daemon was started again. */
		if ((err == -ENOTCONN || err == -ECONNREFUSED || err == -ECONNRESET) &&
		    connect_syslog(a) == 0)
			err = send_patiently(a, line);
	}
	return err;
}

static int write_all(struct ms_kms_audit *a, struct ms_span s)
{
	while (s.len > 0) {
		ssize_t n = write(a->fd, s.p, s.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n > 0)
			a->torn = s.p[n - 1] != '\n';
		s = ms_span_from(s, (size_t)n);
	}
	return 0;
}

/* What a full disk left of a line does not become the beginning of another. */
static int to_file(struct ms_kms_audit *a, struct ms_span lines)
{
	int err = a->torn && lines.len > 0 ? write_all(a, MS_SPAN_LIT("\n")) : 0;

	return err ? err : write_all(a, lines);
}

int ms_kms_audit_flush(struct ms_kms_audit *a)
{
	struct ms_span lines = ms_buf_span(&a->lines);
	int err = 0;

	if (a->target == MS_KMS_AUDIT_SYSLOG)
		err = to_syslog(a, lines);
	else if (a->target == MS_KMS_AUDIT_FILE)
		err = to_file(a, lines);
	if (err)
		a->errors++;
	else
		a->written += a->lines.len;
	ms_buf_reset(&a->lines);
	return err;
}
