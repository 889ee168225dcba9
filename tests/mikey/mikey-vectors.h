/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runner of MIKEY-TICKET test vectors (vectors/README.md has their schema): what the main
 * program and the handlers of each `kind` share.
 */
#ifndef MS_TESTS_MIKEY_VECTORS_H
#define MS_TESTS_MIKEY_VECTORS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/span.h"
#include "mikey/message.h"

/* One run over any number of files. */
struct vec_run {
	unsigned passed, failed, skipped;
	unsigned apart;      /* failures of level "reading" that an option set apart */
	bool readings_apart; /* the option */
	bool verbose;
	const char *file;        /* the one being read */
	json_t *base;            /* all exchanges, those of the same directory first */
	char why[512];           /* of the failure being reported */
	struct vec_block *arena; /* memory of the vector at hand */
};

/* A handler gets the "vectors" member and reports each vector with vec_end(). */
typedef void vec_handler(struct vec_run *run, json_t *vectors);

struct vec_kind {
	const char *kind;
	vec_handler *run;
};

vec_handler vec_run_prf, vec_run_derive, vec_run_kemac, vec_run_verify;
vec_handler vec_run_payload, vec_run_hdr, vec_run_keydata, vec_run_ticket, vec_run_truncation;
vec_handler vec_run_policy, vec_run_sdp;
vec_handler vec_run_exchange, vec_run_negative, vec_run_state, vec_run_error;

/* Notes why the vector at hand fails; false, for `return vec_fail(...)`. The first reason stays. */
bool vec_fail(struct vec_run *run, const char *fmt, ...) MS_PRINTF(2, 3);

/* Does a feature this program leaves out stand in the vector's list? Then counts it as skipped. */
bool vec_skip(struct vec_run *run, const json_t *v, const char *id);

/* Counts and prints the outcome of a vector; frees its memory. `v` has level and readings. */
void vec_end(struct vec_run *run, const json_t *v, const char *id, bool ok);

/* For lists whose handler is one function a vector: skip, run, end. */
void vec_each(struct vec_run *run, json_t *vectors, bool (*one)(struct vec_run *, const json_t *));

/* Memory until vec_end(), zeroed. Ends the program if there is none. */
void *vec_alloc(struct vec_run *run, size_t n);

/* Members of a JSON object. A member of the wrong type ends the vector as failed (vec_fail) and
 * gives an empty value. */
const char *vec_str(struct vec_run *run, const json_t *v, const char *name);
/* Hex octets; absent and null give p == NULL. */
struct ms_span vec_hex(struct vec_run *run, const json_t *v, const char *name);
struct ms_span vec_hex_of(struct vec_run *run, const json_t *string);
uint64_t vec_int(struct vec_run *run, const json_t *v, const char *name);
/* {"id_type", "id"}; absent if v is null */
struct ms_mikey_id vec_id(struct vec_run *run, const json_t *v);
/* {"ts_type", "ts"} */
struct ms_mikey_ts vec_ts(struct vec_run *run, const json_t *v, const char *type, const char *ts);
unsigned vec_flags(struct vec_run *run, const json_t *v, const char *name);

/* Are they the same octets? Notes `what` if not. */
bool vec_same(struct vec_run *run, const char *what, struct ms_span got, struct ms_span want);

#endif
