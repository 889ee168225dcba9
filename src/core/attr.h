/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiler attributes the whole tree uses, under names of our own.
 */
#ifndef MS_CORE_ATTR_H
#define MS_CORE_ATTR_H

/** The caller must look at the result: every function that returns an error has it. */
#define MS_MUST_CHECK __attribute__((warn_unused_result))

/** printf-like: `fmt` and `args` are 1-based argument numbers. */
#define MS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/** Runs f(&variable) when the variable leaves its scope. f must accept a half-built object. */
#define MS_CLEANUP(f) __attribute__((cleanup(f)))

#define MS_UNUSED __attribute__((unused))

/** Hardly ever called: kept out of the way of what is. */
#define MS_COLD __attribute__((cold, noinline))

#define MS_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/** The structure of type `type` whose member `member` is at `ptr`. */
#define MS_CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
