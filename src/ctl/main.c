/* SPDX-License-Identifier: Apache-2.0 */
/* `mediasec NAME ...`: finds the sub-command and runs it. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"

static int top_usage(void)
{
	fputs("usage: mediasec COMMAND [ARGUMENTS]; `mediasec help` lists the commands\n", stderr);
	return MS_CTL_USAGE;
}

static bool asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int main(int argc, char **argv)
{
	const struct ms_ctl_command *c;
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name)
		return top_usage();
	if (asks_for_help(name))
		name = "help";
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		puts("mediasec " MS_VERSION);
		return MS_CTL_OK;
	}
	c = ms_ctl_find(name);
	if (!c) {
		fprintf(stderr, "mediasec: no command \"%s\"\n", name);
		return top_usage();
	}
	if (argc > 2 && asks_for_help(argv[2])) {
		argv[2] = argv[1];
		return ms_ctl_find("help")->run(2, argv + 1); /* it looks at its argument alone */
	}
	return c->run(argc - 1, argv + 1);
}
