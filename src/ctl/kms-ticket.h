/* SPDX-License-Identifier: Apache-2.0 */
/* `mediasec kms ticket show`: what a ticket says without any key. */
#ifndef MS_CTL_KMS_TICKET_H
#define MS_CTL_KMS_TICKET_H

#include <stdbool.h>

/**
 * Reads a file ("-": standard input) with a TICKET payload, or a MIKEY message that has one (or a
 * TP), raw, in hex digits or base64, and prints its policy. Returns an exit status.
 */
int ms_ctl_ticket_show(const char *path, bool json);

#endif
