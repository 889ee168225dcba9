/* SPDX-License-Identifier: Apache-2.0 */
/* The command line that every daemon has. */
#include <getopt.h>
#include <stdio.h>

#include "daemon/daemon-priv.h"

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' }, { "config-check", no_argument, NULL, 'n' },
	{ "print-config", no_argument, NULL, 'p' }, { "foreground", no_argument, NULL, 'f' },
	{ "verbose", no_argument, NULL, 'v' },      { "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },         { 0 },
};

static void help(const struct ms_daemon_app *app)
{
	printf("usage: %s [-c FILE] [-n] [-f] [-v]\n%s\n\n"
	       "  -c, --config FILE   configuration; default %s\n"
	       "  -n, --config-check  check the configuration and exit\n"
	       "      --print-config  print all keys with their defaults and exit\n"
	       "  -f, --foreground    stay in the foreground and log to standard error\n"
	       "  -v, --verbose       log more; twice for still more\n"
	       "  -V, --version       print the version and exit\n"
	       "  -h, --help          print this and exit\n",
	       app->name, app->summary, app->config_path);
}

/* True to go on with the next option. */
static bool take(const struct ms_daemon_app *app, int c, struct ms_daemon_options *o,
		 int *ret_status)
{
	switch (c) {
	case 'c':
		o->config_path = optarg;
		return true;
	case 'n':
		o->check_only = true;
		return true;
	case 'p':
		o->print_config = true;
		return true;
	case 'f':
		o->foreground = true;
		return true;
	case 'v':
		o->verbose++;
		return true;
	case 'V':
		printf("%s %s\n", app->name, MS_VERSION);
		*ret_status = 0;
		return false;
	case 'h':
		help(app);
		*ret_status = 0;
		return false;
	default:
		fprintf(stderr, "%s --help says how to use it\n", app->name);
		*ret_status = 2;
		return false;
	}
}

bool ms_daemon_options_read(const struct ms_daemon_app *app, int argc, char **argv,
			    struct ms_daemon_options *ret_o, int *ret_status)
{
	struct ms_daemon_options o = { .config_path = app->config_path };
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "c:nfvVh", options, NULL)) != -1)
		if (!take(app, c, &o, ret_status))
			return false;
	if (optind < argc) {
		fprintf(stderr, "%s: \"%s\" is too much\n", app->name, argv[optind]);
		*ret_status = 2;
		return false;
	}
	*ret_o = o;
	return true;
}
