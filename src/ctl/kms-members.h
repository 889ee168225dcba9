/* SPDX-License-Identifier: Apache-2.0 */
/* `mediasec kms psi members`: who may resolve what is for a group. */
#ifndef MS_CTL_KMS_MEMBERS_H
#define MS_CTL_KMS_MEMBERS_H

#include <stdbool.h>

/**
 * Lists the members of a PSI, or (`path` not NULL: a file with one URI a line, "-" for standard input)
 * makes exactly those its members. Returns the exit status.
 */
int ms_ctl_psi_members(const char *socket, const char *psi, const char *path, bool json);

#endif
