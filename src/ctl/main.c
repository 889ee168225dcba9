/* SPDX-License-Identifier: Apache-2.0 */
/* `mediasec NAME ...`: finds the sub-command and runs it. */
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"

static int top_usage(void)
{
	fputs("usage: mediasec COMMAND [ARGUMENTS]; `mediasec help` lists the commands\n", stderr);
	return MS_CTL_USAGE;
}

int main(int argc, char **argv)
{
	const struct ms_ctl_command *c;
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name)
		return top_usage();
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
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
	return c->run(argc - 1, argv + 1);
}
