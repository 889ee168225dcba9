/* SPDX-License-Identifier: Apache-2.0 */
/* What all sub-commands share. */
#include "ctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct ms_ctl_command *ms_ctl_find(const char *name)
{
	for (const struct ms_ctl_command *const *c = ms_ctl_commands; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

int ms_ctl_usage(const struct ms_ctl_command *c, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "mediasec %s: ", c->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n%s", c->usage);
	return MS_CTL_USAGE;
}

int ms_ctl_fail(const char *fmt, ...)
{
	va_list ap;

	fputs("mediasec: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return MS_CTL_FAILED;
}
