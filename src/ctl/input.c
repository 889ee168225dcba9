/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int read_all(FILE *f, struct ms_buf *b)
{
	char piece[4096];
	size_t n;

	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		ms_buf_put(b, piece, n);
	return ferror(f) ? -EIO : ms_buf_status(b);
}

int ms_ctl_load(const char *arg, struct ms_buf *b)
{
	FILE *f;
	int err;

	if (!arg || strcmp(arg, "-") == 0)
		return read_all(stdin, b);
	if (access(arg, F_OK) < 0) {
		ms_buf_put_str(b, arg);
		return ms_buf_status(b);
	}
	f = fopen(arg, "rbe");
	if (!f)
		return -errno;
	err = read_all(f, b);
	fclose(f);
	return err;
}
