/* SPDX-License-Identifier: Apache-2.0 */
/* The commands for scripts: send, listen, chat, send-file, recv-file, tickets. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "loop/loop.h"
#include "ue/program.h"

#define NOTIFY_LIMIT_S 60

/* What the commands' options and arguments say. One command a process. */
static struct oneshot {
	const char *to, *text, *file, *type;
	bool plain, only_called, notify, prove, untaken;
	uint64_t count, timeout_s, retries, from, seen;
	unsigned session;
	struct ms_buf body;
	struct ms_ue_lines *lines;
	struct ms_timer timer;
	bool input_ended;
} one;

static int number(const char *text, uint64_t *ret_v)
{
	if (!ms_span_u64(ms_span_str(text), UINT32_MAX, ret_v))
		return 0;
	ms_ue_complain("not a number: %s", text);
	return -EINVAL;
}

static int option(int c)
{
	switch (c) {
	case 'c':
		return number(optarg, &one.count);
	case 't':
		return number(optarg, &one.timeout_s);
	case 'r':
		return number(optarg, &one.retries);
	case 'b':
		return number(optarg, &one.from);
	case 'T':
		one.type = optarg;
		return 0;
	case 'f':
		one.file = optarg;
		return 0;
	case 'p':
		one.plain = true;
		return 0;
	case 'n':
		one.notify = true;
		return 0;
	case 'P':
		one.prove = true;
		return 0;
	case 'o':
		one.only_called = true;
		return 0;
	default:
		return -EINVAL;
	}
}

static int options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "count", required_argument, NULL, 'c' },
		{ "timeout", required_argument, NULL, 't' },
		{ "retry", required_argument, NULL, 'r' },
		{ "from", required_argument, NULL, 'b' },
		{ "type", required_argument, NULL, 'T' },
		{ "file", required_argument, NULL, 'f' },
		{ "plain", no_argument, NULL, 'p' },
		{ "notify", no_argument, NULL, 'n' },
		{ "prove", no_argument, NULL, 'P' },
		{ "only-called", no_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	int c, err = 0;

	optind = 0; /* scans anew; argv[0] is the command */
	while (!err && (c = getopt_long(argc, argv, "", longs, NULL)) >= 0)
		err = option(c);
	return err;
}

/* Options, then `n` arguments (NULL: may be left out). */
static int arguments(int argc, char **argv, const char **a, const char **b)
{
	int err = options(argc, argv), n = argc - optind;

	if (err)
		return err;
	if (a && n > 0)
		*a = argv[optind];
	if (b && n > 1)
		*b = argv[optind + 1];
	return n > (a ? 1 : 0) + (b ? 1 : 0) ? -EINVAL : 0;
}

static void timed_out(void *arg)
{
	struct ms_ue_program *p = arg;

	ms_ue_quit(p,
		   one.count > 0 || one.session > 0 || one.to ? MS_UE_EXIT_TIMEOUT : MS_UE_EXIT_OK);
}

static void start_timer(struct ms_ue_program *p)
{
	ms_timer_init(&one.timer, "ue.oneshot", timed_out, p);
	if (one.timeout_s > 0)
		ms_timer_start(&one.timer, (ms_usec)one.timeout_s * MS_SEC);
}

static void counted(struct ms_ue_program *p)
{
	one.seen++;
	if (one.count > 0 && one.seen >= one.count)
		ms_ue_quit(p, MS_UE_EXIT_OK);
}

static int trouble(int err, const char *what)
{
	ms_ue_complain("%s: %s", what,
		       err == -EINVAL  ? "not a contact, a SIP URI or a user of our domain"
		       : err == -EPERM ? "the configuration forbids it (policy.plain_message)"
				       : strerror(-err));
	return err;
}

/* ---- send ---- */

static int read_body(const char *path)
{
	uint8_t piece[4096];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		ms_ue_complain("%s: %s", path, strerror(errno));
		return -errno;
	}
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		ms_buf_put(&one.body, piece, (size_t)n);
	close(fd);
	return n < 0 ? -EIO : ms_buf_status(&one.body);
}

static int send_prepare(struct ms_ue_program *p, int argc, char **argv)
{
	int err = arguments(argc, argv, &one.to, &one.text);

	if (err || !one.to || (one.file == NULL) == (one.text == NULL) ||
	    (one.plain && (one.notify || one.prove)))
		return -EINVAL;
	ms_buf_init(&one.body, p->settings->config->message.max_size + 1);
	if (one.file)
		return read_body(one.file) ? -EIO : 0;
	ms_buf_put_str(&one.body, one.text);
	return 0;
}

static int send_now(struct ms_ue_program *p)
{
	const struct ms_ue_message_spec spec = {
		.to = ms_span_str(one.to),
		.content_type = ms_span_str(one.type),
		.body = ms_buf_span(&one.body),
		.plain = one.plain,
		.notify = one.notify,
		.prove = one.prove,
	};
	int err = ms_ue_message_send(p->ue, &spec);

	return err ? trouble(err, one.to) : 0;
}

/* A notification finds only who is registered. */
static int send_start(struct ms_ue_program *p)
{
	if (one.notify && one.timeout_s == 0)
		one.timeout_s = NOTIFY_LIMIT_S;
	start_timer(p);
	return one.notify ? ms_ue_register(p->ue) : send_now(p);
}

/* Until each recipient has told; what a list tells of its members is enough once. */
static void take_told(struct ms_ue_program *p, const struct ms_ue_event *e)
{
	one.untaken = one.untaken || strcmp(e->reason, "delivered") != 0;
	if (e->called.len > 0 || ms_ue_asked(p->ue) == 0)
		ms_ue_quit(p, one.untaken ? MS_UE_EXIT_NETWORK : MS_UE_EXIT_OK);
}

static void send_event(struct ms_ue_program *p, const struct ms_ue_event *e)
{
	if (e->type == MS_UE_EVENT_MESSAGE_DELIVERED)
		take_told(p, e);
	else if (e->type == MS_UE_EVENT_MESSAGE_SENT && !one.notify)
		ms_ue_quit(p, MS_UE_EXIT_OK);
	else if (e->type == MS_UE_EVENT_MESSAGE_FAILED)
		ms_ue_quit(p, ms_ue_exit_of(e));
	else if (e->type == MS_UE_EVENT_REGISTER_FAILED)
		ms_ue_quit(p, MS_UE_EXIT_NETWORK);
	else if (e->type == MS_UE_EVENT_REGISTERED && one.seen++ == 0 && send_now(p))
		ms_ue_quit(p, MS_UE_EXIT_USAGE);
}

/* ---- listen ---- */

static int listen_prepare(struct ms_ue_program *p, int argc, char **argv)
{
	p->settings->policy.chat = MS_UE_ANSWER_ACCEPT;
	return arguments(argc, argv, NULL, NULL);
}

static int listen_start(struct ms_ue_program *p)
{
	start_timer(p);
	return ms_ue_register(p->ue);
}

static void listen_event(struct ms_ue_program *p, const struct ms_ue_event *e)
{
	if (e->type == MS_UE_EVENT_MESSAGE || e->type == MS_UE_EVENT_CHAT)
		counted(p);
}

/* ---- chat ---- */

static bool chat_line(void *arg, struct ms_span line)
{
	struct ms_ue_program *p = arg;
	int err;

	if (line.len == 0)
		return true;
	err = ms_ue_chat(p->ue, one.session, line);
	if (err == -ENOENT || err == -ENOBUFS)
		return false; /* not connected yet, or enough is on its way */
	if (err)
		ms_ue_complain("not sent: %s", strerror(-err));
	return true;
}

static void end_when_sent(struct ms_ue_program *p)
{
	if (one.input_ended && ms_ue_unsent(p->ue) == 0)
		(void)!ms_ue_hangup(p->ue, one.session);
}

static void chat_end(void *arg)
{
	one.input_ended = true;
	end_when_sent(arg);
}

static int call_prepare(int argc, char **argv, const char **second)
{
	int err = arguments(argc, argv, &one.to, second);

	return err || !one.to || (second && !*second) ? -EINVAL : 0;
}

static int chat_prepare(struct ms_ue_program *p, int argc, char **argv)
{
	(void)p;
	return call_prepare(argc, argv, NULL);
}

static int place_call(struct ms_ue_program *p)
{
	const struct ms_ue_call_spec spec = {
		.to = ms_span_str(one.to),
		.file = one.file,
		.only_called = one.only_called,
		.from = one.from,
	};
	int err = ms_ue_call(p->ue, &spec, &one.session);

	start_timer(p);
	return err ? trouble(err, one.file && err != -EINVAL ? one.file : one.to) : 0;
}

static int chat_start(struct ms_ue_program *p)
{
	return place_call(p);
}

static void chat_event(struct ms_ue_program *p, const struct ms_ue_event *e)
{
	const struct ms_ue_lines_handlers h = { chat_line, chat_end, p };

	switch (e->type) {
	case MS_UE_EVENT_CALL_ESTABLISHED:
		if (!one.lines && ms_ue_lines_new(&h, &one.lines))
			ms_ue_quit(p, MS_UE_EXIT_USAGE);
		break;
	case MS_UE_EVENT_CHAT_SENT:
	case MS_UE_EVENT_CHAT_FAILED:
		if (one.lines)
			ms_ue_lines_resume(one.lines);
		end_when_sent(p);
		break;
	case MS_UE_EVENT_CHAT:
		counted(p);
		break;
	case MS_UE_EVENT_CALL_FAILED:
		ms_ue_quit(p, ms_ue_exit_of(e));
		break;
	case MS_UE_EVENT_CALL_ENDED:
		ms_ue_quit(p, MS_UE_EXIT_OK);
		break;
	default:
		break;
	}
}

static void chat_close(struct ms_ue_program *p)
{
	(void)p;
	one.lines = ms_ue_lines_free(one.lines);
}

/* ---- send-file ---- */

static int send_file_prepare(struct ms_ue_program *p, int argc, char **argv)
{
	int err = call_prepare(argc, argv, &one.file);

	if (one.retries > 0)
		p->settings->retries = (unsigned)one.retries;
	return err;
}

static void send_file_event(struct ms_ue_program *p, const struct ms_ue_event *e)
{
	static int code = MS_UE_EXIT_FILE;

	switch (e->type) {
	case MS_UE_EVENT_FILE_DONE:
		code = MS_UE_EXIT_OK;
		break;
	case MS_UE_EVENT_CALL_FAILED:
		code = ms_ue_exit_of(e);
		break;
	case MS_UE_EVENT_FILE_FAILED:
		code = MS_UE_EXIT_FILE;
		break;
	default:
		break;
	}
	/* With retries, another session follows a lost one: the end is when there is none left. */
	if ((e->type == MS_UE_EVENT_CALL_FAILED || e->type == MS_UE_EVENT_CALL_ENDED) &&
	    !e->goes_on)
		ms_ue_quit(p, code);
}

/* ---- recv-file ---- */

static int recv_file_prepare(struct ms_ue_program *p, int argc, char **argv)
{
	const char *directory = NULL;
	int err = arguments(argc, argv, &directory, NULL);

	if (err || !directory)
		return -EINVAL;
	p->settings->policy.file = MS_UE_ANSWER_ACCEPT;
	ms_free(p->settings->directory);
	p->settings->directory = ms_strdup(directory);
	return p->settings->directory ? 0 : -ENOMEM;
}

static void recv_file_event(struct ms_ue_program *p, const struct ms_ue_event *e)
{
	if (e->type == MS_UE_EVENT_FILE_DONE)
		one.seen++;
	/* The sender ends the session once it has heard that the file is whole. */
	if (e->type == MS_UE_EVENT_CALL_ENDED && one.count > 0 && one.seen >= one.count)
		ms_ue_quit(p, MS_UE_EXIT_OK);
}

/* ---- tickets ---- */

static int no_arguments(struct ms_ue_program *p, int argc, char **argv)
{
	(void)p;
	return arguments(argc, argv, NULL, NULL);
}

static int tickets_start(struct ms_ue_program *p)
{
	ms_ue_list_tickets(p->ue);
	ms_ue_quit(p, MS_UE_EXIT_OK);
	return 0;
}

const struct ms_ue_front ms_ue_oneshots[] = {
	{ .name = "send",
	  .arguments =
		  "TO TEXT | TO --type TYPE --file FILE  [--plain] [--notify] [--prove] [--timeout S]",
	  .prepare = send_prepare,
	  .start = send_start,
	  .event = send_event },
	{ .name = "listen",
	  .arguments = "[--count N] [--timeout S]",
	  .prepare = listen_prepare,
	  .start = listen_start,
	  .event = listen_event },
	{ .name = "chat",
	  .arguments = "TO [--only-called] [--count N] [--timeout S]",
	  .prepare = chat_prepare,
	  .start = chat_start,
	  .event = chat_event,
	  .end = chat_close },
	{ .name = "send-file",
	  .arguments = "TO FILE [--retry N] [--from OCTETS] [--only-called] [--timeout S]",
	  .prepare = send_file_prepare,
	  .start = place_call,
	  .event = send_file_event },
	{ .name = "recv-file",
	  .arguments = "DIRECTORY [--count N] [--timeout S]",
	  .prepare = recv_file_prepare,
	  .start = listen_start,
	  .event = recv_file_event },
	{ .name = "proof",
	  .arguments = "list | export NUMBER FILE | verify FILE [NUMBER]",
	  .prepare = ms_ue_proof_prepare,
	  .start = ms_ue_proof_start,
	  .event = ms_ue_proof_event,
	  .end = ms_ue_proof_end },
	{ .name = "tickets", .arguments = "", .prepare = no_arguments, .start = tickets_start },
	{ NULL },
};
