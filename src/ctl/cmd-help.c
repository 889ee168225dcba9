/* SPDX-License-Identifier: Apache-2.0 */
/* `mediasec help [COMMAND]`. */
#include <stdio.h>

#include "ctl/commands.h"

static int list(void)
{
	puts("usage: mediasec COMMAND [ARGUMENTS]\n");
	for (const struct ms_ctl_command *const *c = ms_ctl_commands; *c; c++)
		printf("  %-10s %s\n", (*c)->name, (*c)->summary);
	puts("\n`mediasec help COMMAND` says more.");
	return MS_CTL_OK;
}

static int run(int argc, char **argv)
{
	const struct ms_ctl_command *c;

	if (argc < 2)
		return list();
	c = ms_ctl_find(argv[1]);
	if (!c)
		return ms_ctl_usage(&ms_cmd_help, "no command \"%s\"", argv[1]);
	printf("mediasec %s: %s\n\n%s", c->name, c->summary, c->usage);
	return MS_CTL_OK;
}

const struct ms_ctl_command ms_cmd_help = {
	.name = "help",
	.summary = "Lists the commands, or explains one.",
	.usage = "usage: mediasec help [COMMAND]\n",
	.run = run,
};
