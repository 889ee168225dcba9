/* SPDX-License-Identifier: Apache-2.0 */
/* mediasec-ue: a user's client for protected messages, chats and files. doc/man/mediasec-ue.1. */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "core/alloc.h"
#include "loop/loop.h"
#include "sip/stack.h"
#include "ue/program.h"
#include "ue/stats.h"

#define EVENT_TEXT_MAX (4 << 20)
#define DEFAULT_CONFIG "mediasec-ue.yaml"
#define END_LIMIT (6 * MS_SEC)

static struct ms_timer end_timer;

void ms_ue_complain(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("mediasec-ue: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\n", stderr);
}

/* ---- events ---- */

static bool is_trouble(enum ms_ue_event_type t)
{
	return t == MS_UE_EVENT_WARNING || t == MS_UE_EVENT_KMS_ERROR ||
	       t == MS_UE_EVENT_MESSAGE_FAILED || t == MS_UE_EVENT_REGISTER_FAILED;
}

void ms_ue_print(const struct ms_ue_program *p, const struct ms_ue_event *e)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	FILE *to = !p->json && is_trouble(e->type) ? stderr : stdout;

	ms_buf_init(&b, EVENT_TEXT_MAX);
	if (p->json)
		ms_ue_event_json(&b, e, ms_clock_wall());
	else
		ms_ue_event_text(&b, e);
	if (ms_buf_status(&b))
		return;
	fwrite(b.p, 1, b.len, to);
	fflush(to);
}

static void on_event(void *arg, const struct ms_ue_event *e)
{
	struct ms_ue_program *p = arg;

	ms_ue_stats_count(e);
	if (e->type == MS_UE_EVENT_TICKET && !p->json && !p->verbose && p->front->name &&
	    strcmp(p->front->name, "tickets") != 0)
		return;
	if (p->front->print)
		p->front->print(p, e);
	else
		ms_ue_print(p, e);
	if (p->front->event && p->ue && !p->quitting)
		p->front->event(p, e);
}

static bool starts(const char *s, const char *prefix)
{
	return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

int ms_ue_exit_of(const struct ms_ue_event *e)
{
	if (starts(e->reason, "kms_"))
		return MS_UE_EXIT_KMS;
	if (starts(e->reason, "file_") || starts(e->reason, "disk_"))
		return MS_UE_EXIT_FILE;
	if (e->status == 488 || e->status == 493 || e->status == 403)
		return MS_UE_EXIT_SECURITY;
	if (e->status > 0 || starts(e->reason, "unreachable") || starts(e->reason, "media_"))
		return MS_UE_EXIT_NETWORK;
	return MS_UE_EXIT_SECURITY;
}

/* ---- the end ---- */

static void stop_loop(void *arg)
{
	(void)arg;
	ms_loop_stop();
}

void ms_ue_quit(struct ms_ue_program *p, int exit_code)
{
	if (p->quitting)
		return;
	p->quitting = true;
	p->exit_code = exit_code;
	ms_timer_init(&end_timer, "ue.end", stop_loop, NULL);
	ms_timer_start(&end_timer, END_LIMIT);
	ms_ue_shutdown(p->ue, stop_loop, NULL);
}

static void on_signal(int signo, void *arg)
{
	struct ms_ue_program *p = arg;

	(void)signo;
	if (p->quitting)
		ms_loop_stop();
	ms_ue_quit(p, MS_UE_EXIT_INTERRUPTED);
}

/* ---- counters ---- */

static void write_stats(const struct ms_ue_program *p)
{
	int err = p->stats ? ms_ue_stats_write(p->stats) : 0;

	if (err)
		ms_ue_complain("%s: %s", p->stats, strerror(-err));
}

static void on_stats_signal(int signo, void *arg)
{
	(void)signo;
	write_stats(arg);
}

/* ---- options ---- */

static void usage(FILE *to)
{
	fputs("usage: mediasec-ue [-c FILE] [--json] [-v] [--trace FILE] [--key-log FILE]\n"
	      "                   [--stats FILE] [COMMAND]\n"
	      "       mediasec-ue -c FILE -n        check the configuration\n"
	      "       mediasec-ue --version | --help | --print-config\n"
	      "Without a command the program is interactive. Commands:\n",
	      to);
	for (const struct ms_ue_front *f = ms_ue_oneshots; f->name; f++)
		fprintf(to, "  %-10s %s\n", f->name, f->arguments);
	fputs("TO is a contact's name, a SIP URI, or a user of our own domain.\n", to);
}

struct chosen {
	const char *config, *trace, *key_log, *stats;
	bool check, verbose, json;
};

static void print_config(void)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, 1 << 20);
	ms_config_document(ms_ue_config_fields, &b);
	fwrite(b.p, 1, b.len, stdout);
}

/* Returns -1 to go on, or an exit code. */
static int read_option(int c, struct chosen *o)
{
	switch (c) {
	case 'c':
		o->config = optarg;
		return -1;
	case 'n':
		o->check = true;
		return -1;
	case 'v':
		o->verbose = true;
		return -1;
	case 'j':
		o->json = true;
		return -1;
	case 't':
		o->trace = optarg;
		return -1;
	case 'k':
		o->key_log = optarg;
		return -1;
	case 's':
		o->stats = optarg;
		return -1;
	case 'V':
		puts("mediasec-ue " MS_VERSION);
		return MS_UE_EXIT_OK;
	case 'p':
		print_config();
		return MS_UE_EXIT_OK;
	case 'h':
		usage(stdout);
		return MS_UE_EXIT_OK;
	default:
		usage(stderr);
		return MS_UE_EXIT_USAGE;
	}
}

static int read_options(int argc, char **argv, struct chosen *o)
{
	static const struct option longs[] = {
		{ "config-check", no_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "trace", required_argument, NULL, 't' },
		{ "key-log", required_argument, NULL, 'k' },
		{ "stats", required_argument, NULL, 's' },
		{ "print-config", no_argument, NULL, 'p' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, code = -1;

	while (code < 0 && (c = getopt_long(argc, argv, "+c:nvVh", longs, NULL)) >= 0)
		code = read_option(c, o);
	return code;
}

static const struct ms_ue_front *find_front(const char *name)
{
	for (const struct ms_ue_front *f = ms_ue_oneshots; f->name; f++) {
		if (strcmp(f->name, name) == 0)
			return f;
	}
	return NULL;
}

/* ---- running ---- */

static int set_path(char **path, const char *value)
{
	if (!value)
		return 0;
	ms_free(*path);
	*path = ms_strdup(value);
	return *path ? 0 : -ENOMEM;
}

static int load(struct ms_ue_program *p, const struct chosen *o)
{
	struct ms_config_error error;

	if (ms_ue_settings_load(o->config, &p->settings, &error)) {
		ms_ue_complain("%s", error.text[0] ? error.text : "out of memory");
		return MS_UE_EXIT_USAGE;
	}
	p->json = o->json;
	p->verbose = o->verbose;
	p->stats = o->stats;
	if (set_path(&p->settings->trace, o->trace) || set_path(&p->settings->key_log, o->key_log))
		return MS_UE_EXIT_USAGE;
	return -1;
}

static int open_ue(struct ms_ue_program *p)
{
	const struct ms_ue_sink sink = { on_event, p };
	MS_CLEANUP(ms_buf_done) struct ms_buf error;
	int err;

	ms_buf_init(&error, 4096);
	err = ms_ue_new(p->settings, &sink, &error, &p->ue);
	if (err)
		ms_ue_complain("%s", error.len > 0 ? ms_buf_cstr(&error) : strerror(-err));
	return err;
}

static int run_loop(struct ms_ue_program *p)
{
	int err = open_ue(p);

	if (err)
		return MS_UE_EXIT_USAGE;
	if (p->front->start(p))
		p->exit_code = MS_UE_EXIT_USAGE;
	else if (ms_loop_run())
		p->exit_code = MS_UE_EXIT_NETWORK;
	if (p->front->end)
		p->front->end(p);
	p->quitting = true;
	ms_timer_stop(&end_timer);
	p->ue = ms_ue_free(p->ue);
	write_stats(p);
	return p->exit_code;
}

static int run(struct ms_ue_program *p)
{
	int code = MS_UE_EXIT_USAGE, err = ms_loop_init();

	signal(SIGXFSZ, SIG_IGN); /* a limit on file size is an error like a full disk */
	if (!err)
		err = ms_sip_init();
	if (!err)
		err = ms_loop_signal(SIGTERM, on_signal, p);
	if (!err)
		err = ms_loop_signal(SIGINT, on_signal, p);
	if (!err && p->stats)
		err = ms_loop_signal(SIGUSR1, on_stats_signal, p);
	if (err)
		ms_ue_complain("event loop: %s", strerror(-err));
	else
		code = run_loop(p);
	ms_sip_exit();
	ms_loop_close();
	return code;
}

static int run_front(struct ms_ue_program *p, int argc, char **argv)
{
	p->front = argc > 0 ? find_front(argv[0]) : &ms_ue_console;
	if (!p->front) {
		ms_ue_complain("no such command: %s", argv[0]);
		usage(stderr);
		return MS_UE_EXIT_USAGE;
	}
	if (p->front->prepare && p->front->prepare(p, argc, argv)) {
		if (p->front->name)
			ms_ue_complain("usage: %s %s", p->front->name, p->front->arguments);
		return MS_UE_EXIT_USAGE;
	}
	return run(p);
}

/* Keys are in this process: no core dumps. */
static void harden(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
}

int main(int argc, char **argv)
{
	struct chosen o = { .config = DEFAULT_CONFIG };
	struct ms_ue_program p = { 0 };
	int code = read_options(argc, argv, &o), first = optind;

	if (code >= 0)
		return code;
	ms_ue_stats_open();
	setlocale(LC_CTYPE, "C.UTF-8"); /* for the widths of characters */
	harden();
	code = load(&p, &o);
	if (code < 0 && o.check) {
		puts("configuration is valid");
		code = MS_UE_EXIT_OK;
	} else if (code < 0) {
		code = run_front(&p, argc - first, argv + first);
	}
	ms_ue_settings_free(p.settings);
	return code;
}
