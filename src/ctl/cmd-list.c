/* SPDX-License-Identifier: Apache-2.0 */
/* `mediasec list ...`: the operator's side of the list server, over its control socket. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/span.h"
#include "ctl/commands.h"
#include "ctl/input.h"

#define DEFAULT_SOCKET "/run/mediasec/list.sock"
#define FILE_MAX ((size_t)16 << 20)
#define WORDS_MAX 2

/** URIs in one request: it has to fit into a line of the control socket. */
#define CHUNK 200

struct options {
	const char *socket;
	const char *owner, *post, *show, *group;
	bool json;
};

/** What stands after `list`, and how it is done. `least`: arguments it needs. */
struct sub {
	const char *words[WORDS_MAX];
	const char *command;
	int least, most; /* most -1: any number */
	int (*run)(const struct options *o, const struct sub *s, int argc, char **argv);
};

static int ask(const struct options *o, const char *command, json_t *args, bool print)
{
	json_t *result = NULL;
	int status;

	if (!args)
		return ms_ctl_fail("not UTF-8 text");
	status = ms_ctl_ask(o->socket, command, args, &result);
	if (status == MS_CTL_OK && print && !json_is_null(result))
		ms_ctl_print(result, o->json);
	json_decref(result);
	return status;
}

static int simple(const struct options *o, const struct sub *s, int argc, char **argv)
{
	json_t *args = argc > 0 ? json_pack("{s:s}", "list", argv[0]) : json_object();

	return ask(o, s->command, args, true);
}

static int level(const struct options *o, const struct sub *s, int argc, char **argv)
{
	(void)argc;
	return ask(o, s->command, json_pack("{s:s}", "level", argv[0]), true);
}

/* ---- lists ---- */

static int add_or_set(const struct options *o, const struct sub *s, int argc, char **argv)
{
	const char *owner = argc > 1 ? argv[1] : o->owner;

	return ask(o, s->command,
		   json_pack("{s:s, s:s*, s:s*, s:s*, s:s*}", "list", argv[0], "owner", owner,
			     "post", o->post, "show", o->show, "group", o->group),
		   true);
}

/* One URI a line: what `mediasec kms psi members` reads. */
static int members(const struct options *o, const struct sub *s, int argc, char **argv)
{
	json_t *result = NULL, *uri;
	size_t i;
	int status =
		ms_ctl_ask(o->socket, s->command, json_pack("{s:s}", "list", argv[0]), &result);

	(void)argc;
	if (status == MS_CTL_OK)
		json_array_foreach (json_object_get(result, "members"), i, uri)
			puts(json_string_value(uri));
	json_decref(result);
	return status;
}

/* ---- entries ---- */

static int send_chunk(const struct options *o, const struct sub *s, const char *list, json_t *uris)
{
	return ask(o, s->command, json_pack("{s:s, s:O}", "list", list, "uris", uris), false);
}

/* Takes the URIs of the text, one a line; sends what is full. */
static int add_text(const struct options *o, const struct sub *s, const char *list,
		    struct ms_span text, json_t *uris)
{
	int status = MS_CTL_OK;

	while (status == MS_CTL_OK && text.len > 0) {
		struct ms_span line = ms_span_trim(ms_span_cut(&text, '\n'));

		if (line.len == 0 || line.p[0] == '#')
			continue;
		if (json_array_append_new(uris, json_stringn((const char *)line.p, line.len)))
			return ms_ctl_fail("not UTF-8 text");
		if (json_array_size(uris) == CHUNK) {
			status = send_chunk(o, s, list, uris);
			json_array_clear(uris);
		}
	}
	return status;
}

static int add_file(const struct options *o, const struct sub *s, const char *list,
		    const char *path, json_t *uris)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;

	ms_buf_init(&text, FILE_MAX);
	if (ms_ctl_load(path, &text))
		return ms_ctl_fail("%s cannot be read", path);
	return add_text(o, s, list, ms_buf_span(&text), uris);
}

static int add_entries(const struct options *o, const struct sub *s, int argc, char **argv)
{
	json_t *uris = json_array();
	int status = MS_CTL_OK;

	for (int i = 1; status == MS_CTL_OK && i < argc; i++) {
		if (argv[i][0] == '@')
			status = add_file(o, s, argv[0], argv[i] + 1, uris);
		else if (strcmp(argv[i], "-") == 0)
			status = add_file(o, s, argv[0], NULL, uris);
		else
			status = add_text(o, s, argv[0], ms_span_str(argv[i]), uris);
	}
	if (status == MS_CTL_OK && json_array_size(uris) > 0)
		status = send_chunk(o, s, argv[0], uris);
	json_decref(uris);
	return status;
}

static int remove_entries(const struct options *o, const struct sub *s, int argc, char **argv)
{
	int status = MS_CTL_OK;

	for (int i = 1; status == MS_CTL_OK && i < argc; i++)
		status = ask(o, s->command,
			     json_pack("{s:s, s:s}", "list", argv[0], "uri", argv[i]), false);
	return status;
}

static const struct sub subs[] = {
	{ { "add" }, "list.add", 2, 2, add_or_set },
	{ { "set" }, "list.set", 1, 1, add_or_set },
	{ { "remove" }, "list.remove", 1, 1, simple },
	{ { "list" }, "list.list", 0, 0, simple },
	{ { "show" }, "list.show", 1, 1, simple },
	{ { "members" }, "list.show", 1, 1, members },
	{ { "member", "add" }, "member.add", 2, -1, add_entries },
	{ { "member", "remove" }, "member.remove", 2, -1, remove_entries },
	{ { "member", "clear" }, "member.clear", 1, 1, simple },
	{ { "poster", "add" }, "poster.add", 2, -1, add_entries },
	{ { "poster", "remove" }, "poster.remove", 2, -1, remove_entries },
	{ { "status" }, "status", 0, 0, simple },
	{ { "queue" }, "queue", 0, 0, simple },
	{ { "retry" }, "held.retry", 0, 0, simple },
	{ { "counters" }, "counters", 0, 0, simple },
	{ { "log", "level" }, "log.level", 1, 1, level },
	{ { "log" }, "log", 0, 0, simple },
	{ { "reload" }, "reload", 0, 0, simple },
};

/* ---- words and options ---- */

static int match(const struct sub *s, int argc, char **argv)
{
	int n = 0;

	while (n < WORDS_MAX && s->words[n]) {
		if (n >= argc || strcmp(s->words[n], argv[n]) != 0)
			return 0;
		n++;
	}
	return n;
}

static int run_sub(const struct options *o, int argc, char **argv)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(subs); i++) {
		const struct sub *s = &subs[i];
		int n = match(s, argc, argv);

		if (n == 0)
			continue;
		if (argc - n < s->least)
			return ms_ctl_usage(&ms_cmd_list, "something is missing");
		if (s->most >= 0 && argc - n > s->most)
			return ms_ctl_usage(&ms_cmd_list, "\"%s\" is too much", argv[n + s->most]);
		return s->run(o, s, argc - n, argv + n);
	}
	return ms_ctl_usage(&ms_cmd_list, "what shall be done?");
}

static const struct option long_options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "owner", required_argument, NULL, 'o' },
	{ "post", required_argument, NULL, 'p' },
	{ "show", required_argument, NULL, 'v' },
	{ "group", required_argument, NULL, 'g' },
	{ 0 },
};

static bool take_option(struct options *o, int c)
{
	switch (c) {
	case 's':
		o->socket = optarg;
		return true;
	case 'j':
		o->json = true;
		return true;
	case 'o':
		o->owner = optarg;
		return true;
	case 'p':
		o->post = optarg;
		return true;
	case 'v':
		o->show = optarg;
		return true;
	case 'g':
		o->group = optarg;
		return true;
	default:
		return false;
	}
}

static int run(int argc, char **argv)
{
	struct options o = { .socket = getenv("MEDIASEC_LIST_SOCKET") };
	int c;

	if (!o.socket)
		o.socket = DEFAULT_SOCKET;
	while ((c = getopt_long(argc, argv, "s:j", long_options, NULL)) != -1)
		if (!take_option(&o, c))
			return ms_ctl_usage(&ms_cmd_list, "unknown option");
	return run_sub(&o, argc - optind, argv + optind);
}

const struct ms_ctl_command ms_cmd_list = {
	.name = "list",
	.summary = "Lists of the list server: owners, members, who may post.",
	.usage =
		"usage: mediasec list [-s SOCKET] [--json] ...\n"
		"  add LIST OWNER [--post owner|members|named] [--show owner|members] [--group PSI]\n"
		"  set LIST [--owner URI] [--post WHO] [--show WHO] [--group PSI]\n"
		"  remove LIST | show LIST | list\n"
		"  members LIST                 one URI a line, for: mediasec kms psi members PSI -\n"
		"  member add LIST URI|@FILE|-... | remove LIST URI... | clear LIST\n"
		"  poster add LIST URI|@FILE|-... | remove LIST URI...\n"
		"  status | queue | retry       messages that wait; work on held ones now\n"
		"  counters | log | log level LEVEL | reload\n"
		"SOCKET is the server's daemon.control; default: $MEDIASEC_LIST_SOCKET, else\n" DEFAULT_SOCKET
		".\n",
	.run = run,
};
