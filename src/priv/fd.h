/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors that a parent hands to a role which already runs, over a socket pair of their own
 * (ms_role_pair()), each with a number that says what it is. A worker that was started again gets its
 * new link to its sister role this way.
 */
#ifndef MS_PRIV_FD_H
#define MS_PRIV_FD_H

#include <stdint.h>

#include "core/attr.h"

/** Sends `fd`, which stays the caller's, with a number. 0 or negative errno (-EAGAIN: queue full). */
MS_MUST_CHECK int ms_fd_send(int sock, uint32_t number, int fd);

/**
 * Takes the next one, close-on-exec; *ret_fd is the caller's. -EAGAIN: none now; -EPIPE: the other end is
 * gone; -EBADMSG: not from ms_fd_send().
 */
MS_MUST_CHECK int ms_fd_receive(int sock, uint32_t *ret_number, int *ret_fd);

#endif
