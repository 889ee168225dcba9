/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `mediasec profile [--markdown]`: the project profile, which is every value that no published
 * standard fixes. The table of docs/profile.md is made by --markdown.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "core/profile.h"
#include "ctl/commands.h"

static void print_text(const struct ms_profile_entry *e)
{
	printf("%s: \"%s\"\n    why:      %s\n    standard: %s\n\n", e->name, e->value, e->why,
	       e->standard);
}

/* A '|' would end the table's cell. */
static void print_cell(const char *text)
{
	for (; *text; text++)
		printf(*text == '|' ? "\\|" : "%c", *text);
}

static void print_markdown(const struct ms_profile_entry *e)
{
	printf("| `%s` | ", e->name);
	if (*e->value)
		printf("`%s`", e->value);
	else
		printf("(empty)");
	printf(" | ");
	print_cell(e->why);
	printf(" | ");
	print_cell(e->standard);
	printf(" |\n");
}

static int run(int argc, char **argv)
{
	static const struct option options[] = { { "markdown", no_argument, NULL, 'm' }, { 0 } };
	const struct ms_profile_entry *e;
	bool markdown = false;
	int c;

	while ((c = getopt_long(argc, argv, "m", options, NULL)) != -1) {
		if (c != 'm')
			return ms_ctl_usage(&ms_cmd_profile, "unknown option");
		markdown = true;
	}
	if (optind < argc)
		return ms_ctl_usage(&ms_cmd_profile, "\"%s\" is too much", argv[optind]);
	if (markdown)
		printf("| name | default | why | what a standard says |\n|---|---|---|---|\n");
	for (size_t i = 0; (e = ms_profile_entry(i)); i++) {
		if (markdown)
			print_markdown(e);
		else
			print_text(e);
	}
	return MS_CTL_OK;
}

const struct ms_ctl_command ms_cmd_profile = {
	.name = "profile",
	.summary =
		"Prints the values that no published standard fixes, and why they are as they are.",
	.usage = "usage: mediasec profile [--markdown]\n"
		 "Each can be set under `profile:` in a daemon's configuration.\n",
	.run = run,
};
