/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only way to include libre (1.1.0). Its pkg-config file gives none of the defines its headers
 * depend on: without RELEASE the inlined buffer checks are a breakpoint trap in our process, and
 * without HAVE_INET6 its `struct sa` has another shape than in the library.
 *
 * Who includes this may not define functions with bare names: libre exports some 950 of them.
 */
#ifndef MS_LOOP_RE_H
#define MS_LOOP_RE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#if !defined(HAVE_INTTYPES_H) || !defined(HAVE_STDBOOL_H) || !defined(HAVE_INET6) || \
	!defined(USE_OPENSSL) || !defined(RELEASE)
#error "compile with the flags of loop_re_dep (src/loop/meson.build)"
#endif

#include <re.h>

/* libre's lower-case macros would change the meaning of our own code. */
#undef min
#undef max

/**
 * Starts libre and makes its loop the outer one: ms_loop_run() then runs libre's, which watches
 * ours as one descriptor. Call after ms_loop_init(), once. Returns 0 or negative errno.
 */
__attribute__((warn_unused_result)) int ms_loop_re_init(void);

/** Ends libre. After ms_loop_run() returned and before ms_loop_close(). */
void ms_loop_re_close(void);

#endif
