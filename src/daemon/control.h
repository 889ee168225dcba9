/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: a UNIX stream socket that takes one JSON object a line,
 *   {"command": "status", "args": {...}}
 * and answers each, in order, with one line: {"ok": true, "result": ...} or
 * {"ok": false, "error": "..."}. File permissions say who may ask.
 */
#ifndef MS_DAEMON_CONTROL_H
#define MS_DAEMON_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "core/attr.h"
#include "core/span.h"

/** Longest request and reply line, octets; longest silence of a client; clients at once. */
#define MS_CONTROL_LINE_MAX (64 * 1024)
#define MS_CONTROL_REPLY_MAX (4 * 1024 * 1024)
#define MS_CONTROL_IDLE (30 * MS_SEC)
#define MS_CONTROL_CLIENTS_MAX 16

struct ms_control;         /* owned */
struct ms_control_request; /* owned by the handler until answered */

struct ms_control_command {
	const char *name; /* "status", "user.add" */
	const char *args; /* for `help`: "uri=URI [psk_file=PATH]" */
	const char *help; /* one sentence */
	/**
	 * Answers with ms_control_reply() or ms_control_fail(), now or later. `args` is an object
	 * (empty if none were sent), borrowed, valid until answered.
	 */
	void (*run)(struct ms_control_request *r, json_t *args, void *arg);
	void *arg;
};

/** Listens at `path` with permissions `mode` (0600 or 0660). Returns 0 or negative errno. */
MS_MUST_CHECK int ms_control_new(const char *path, mode_t mode, struct ms_control **ret_c);

/**
 * Adds a table ended by name NULL; static. A name that is there already means the new command from now on.
 * "help" lists all.
 */
MS_MUST_CHECK int ms_control_add(struct ms_control *c, const struct ms_control_command *table);

/** Answers and frees the request. `result` is stolen; NULL gives null. */
void ms_control_reply(struct ms_control_request *r, json_t *result);

/** Answers with an error text and frees the request. */
void ms_control_fail(struct ms_control_request *r, const char *fmt, ...) MS_PRINTF(2, 3);

/** Who asks: the user id of the connected process, for the audit log. */
uid_t ms_control_peer_uid(const struct ms_control_request *r);

/** A text member of args, borrowed; NULL if it is not there or no text. */
const char *ms_control_text(const json_t *args, const char *name);

/** A number member of args. 0, -ENOENT, -EINVAL (no number or negative) or -ERANGE (over max). */
MS_MUST_CHECK int ms_control_u64(const json_t *args, const char *name, uint64_t max,
				 uint64_t *ret_value);

/** Requests not yet answered stay valid. NULL is fine. Returns NULL. */
struct ms_control *ms_control_free(struct ms_control *c);

/** Counts, for the daemon's counters. */
struct ms_control_stats {
	uint64_t requests, failed, malformed, refused;
};

const struct ms_control_stats *ms_control_stats(const struct ms_control *c);

/* ---- the parser, apart for tests and fuzzing ---- */

/**
 * One line to its command and args (new reference, *ret_args an object; borrowed name inside
 * *ret_root, which the caller owns). -EINVAL: not such a request.
 */
MS_MUST_CHECK int ms_control_parse(struct ms_span line, json_t **ret_root, const char **ret_command,
				   json_t **ret_args);

#endif
