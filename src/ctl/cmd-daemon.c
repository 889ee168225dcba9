/* SPDX-License-Identifier: Apache-2.0 */
/* `mediasec mgw ...`, `mediasec alg ...` and `mediasec ibcf ...`: the operator's side of these daemons. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "core/span.h"
#include "ctl/commands.h"

/** What stands after the daemon's name, what is asked for it, and the name of its one argument. */
struct word {
	const char *words[2];
	const char *command;
	const char *argument; /* NULL: none; ends with '?': may be left out */
	bool number;
};

#define COMMON                                                                          \
	{ { "status" }, "status", NULL, false }, { { "drain" }, "drain", NULL, false }, \
		{ { "undrain" }, "undrain", NULL, false },                              \
		{ { "counters" }, "counters", NULL, false },                            \
		{ { "log", "level" }, "log.level", "level", false },                    \
		{ { "log" }, "log", NULL, false }, { { "reload" }, "reload", NULL, false },

static const struct word border_words[] = {
	COMMON{ { "sessions" }, "sessions", NULL, false },
	{ { "session" }, "session", "id", true },
	{ { "release" }, "session.release", "id", true },
	{ { "registrations" }, "registrations", NULL, false },
	{ { "gateways" }, "gateways", NULL, false },
	{ { "gateway", "drain" }, "gateway.drain", "name", false },
	{ { "gateway", "undrain" }, "gateway.undrain", "name", false },
	{ { NULL } },
};

static const struct word mgw_words[] = {
	COMMON{ { "contexts" }, "contexts", NULL, false },
	{ { "context" }, "context", "id", true },
	{ { NULL } },
};

/** One of the daemons. */
struct target {
	const struct ms_ctl_command *command;
	const char *variable, *socket; /* of the environment; the default */
	const struct word *words;
};

static int match(const struct word *w, int argc, char **argv)
{
	int n = 0;

	while (n < 2 && w->words[n]) {
		if (n >= argc || strcmp(w->words[n], argv[n]) != 0)
			return 0;
		n++;
	}
	return n;
}

static const struct word *find(const struct word *w, int argc, char **argv, int *ret_n)
{
	for (; w->words[0]; w++) {
		*ret_n = match(w, argc, argv);
		if (*ret_n > 0)
			return w;
	}
	return NULL;
}

static json_t *value_of(const struct word *w, const char *text)
{
	uint64_t v;

	if (!w->number)
		return json_string(text);
	return ms_span_u64(ms_span_str(text), INT64_MAX, &v) < 0 ? NULL
								 : json_integer((json_int_t)v);
}

static int ask(const char *socket, const struct word *w, json_t *args, bool json)
{
	json_t *result = NULL;
	int status = ms_ctl_ask(socket, w->command, args, &result);

	if (status == MS_CTL_OK)
		ms_ctl_print(result, json);
	json_decref(result);
	return status;
}

static int run_word(const struct target *t, const char *socket, bool json, int argc, char **argv)
{
	const struct ms_ctl_command *c = t->command;
	int n;
	const struct word *w = find(t->words, argc, argv, &n);
	json_t *args;

	if (!w)
		return ms_ctl_usage(c, "what shall be done?");
	if (argc - n != (w->argument ? 1 : 0))
		return ms_ctl_usage(c, w->argument ? "%s is missing" : "\"%s\" is too much",
				    w->argument ? w->argument : argv[n]);
	args = json_object();
	if (w->argument && json_object_set_new(args, w->argument, value_of(w, argv[n]))) {
		json_decref(args);
		return ms_ctl_fail("\"%s\" is no %s", argv[n], w->argument);
	}
	return ask(socket, w, args, json);
}

static int run(const struct target *t, int argc, char **argv)
{
	static const struct option options[] = { { "socket", required_argument, NULL, 's' },
						 { "json", no_argument, NULL, 'j' },
						 { 0 } };
	const char *socket = getenv(t->variable);
	bool json = false;
	int o;

	if (!socket)
		socket = t->socket;
	while ((o = getopt_long(argc, argv, "s:j", options, NULL)) != -1) {
		if (o == 's')
			socket = optarg;
		else if (o == 'j')
			json = true;
		else
			return ms_ctl_usage(t->command, "unknown option");
	}
	return run_word(t, socket, json, argc - optind, argv + optind);
}

static int run_alg(int argc, char **argv)
{
	static const struct target t = { &ms_cmd_alg, "MEDIASEC_ALG_SOCKET",
					 "/run/mediasec/alg.sock", border_words };

	return run(&t, argc, argv);
}

static int run_ibcf(int argc, char **argv)
{
	static const struct target t = { &ms_cmd_ibcf, "MEDIASEC_IBCF_SOCKET",
					 "/run/mediasec/ibcf.sock", border_words };

	return run(&t, argc, argv);
}

static int run_mgw(int argc, char **argv)
{
	static const struct target t = { &ms_cmd_mgw, "MEDIASEC_MGW_SOCKET",
					 "/run/mediasec/mgw.sock", mgw_words };

	return run(&t, argc, argv);
}

#define COMMON_USAGE                                                           \
	"  status                  state, calls, connections\n"                \
	"  sessions | session ID   calls; one with its dialogs and media\n"    \
	"  release ID              ends a call towards both sides\n"           \
	"  gateways                media gateways, their state and contexts\n" \
	"  gateway drain NAME      no new calls there; undrain: again\n"       \
	"  drain | undrain         new requests get 503, calls go on\n"        \
	"  counters | log | log level LEVEL | reload\n"

const struct ms_ctl_command ms_cmd_alg = {
	.name = "alg",
	.summary = "Calls, registrations and gateways of the IMS-ALG.",
	.usage = "usage: mediasec alg [-s SOCKET] [--json] ...\n" COMMON_USAGE
		 "  registrations           registered contacts and their media security\n"
		 "SOCKET is its daemon.control; default: $MEDIASEC_ALG_SOCKET, else\n"
		 "/run/mediasec/alg.sock.\n",
	.run = run_alg,
};

const struct ms_ctl_command ms_cmd_ibcf = {
	.name = "ibcf",
	.summary = "Calls and gateways of the IBCF.",
	.usage = "usage: mediasec ibcf [-s SOCKET] [--json] ...\n" COMMON_USAGE
		 "SOCKET is its daemon.control; default: $MEDIASEC_IBCF_SOCKET, else\n"
		 "/run/mediasec/ibcf.sock.\n",
	.run = run_ibcf,
};

const struct ms_ctl_command ms_cmd_mgw = {
	.name = "mgw",
	.summary = "Contexts, controllers and workers of the media gateway.",
	.usage = "usage: mediasec mgw [-s SOCKET] [--json] ...\n"
		 "  status                  controllers, association, workers, ports\n"
		 "  contexts | context ID   stream endpoints of all contexts, or of one\n"
		 "  drain | undrain         no new contexts, those there stay\n"
		 "  counters | log | log level LEVEL | reload\n"
		 "SOCKET is its daemon.control; default: $MEDIASEC_MGW_SOCKET, else\n"
		 "/run/mediasec/mgw.sock.\n",
	.run = run_mgw,
};
