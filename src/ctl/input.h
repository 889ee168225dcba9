/* SPDX-License-Identifier: Apache-2.0 */
/* Input of sub-commands that show messages. */
#ifndef MS_CTL_INPUT_H
#define MS_CTL_INPUT_H

#include "core/buf.h"

/** Reads `arg`: the file of that name if there is one, else its own text; NULL or "-": standard input.
 * Returns 0, negative errno, or what the buffer says. */
MS_MUST_CHECK int ms_ctl_load(const char *arg, struct ms_buf *b);

#endif
