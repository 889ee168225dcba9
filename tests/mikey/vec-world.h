/* SPDX-License-Identifier: Apache-2.0 */
/* The actors of an exchange vector as parties, KMS and policy of the library. */
#ifndef MS_TESTS_MIKEY_VEC_WORLD_H
#define MS_TESTS_MIKEY_VEC_WORLD_H

#include "mikey-vectors.h"
#include "mikey/csb.h"
#include "mikey/kms.h"
#include "mikey/replay.h"

#define VEC_USERS_MAX 16

struct vec_user {
	struct ms_mikey_id id;
	struct ms_mikey_id psk_id;
	struct ms_span psk;
};

struct vec_world {
	struct vec_run *run;
	const json_t *base; /* the exchange */
	struct ms_profile profile;
	struct ms_mikey_local local;
	struct ms_mikey_clock clock;
	struct ms_mikey_tpk tpk;
	struct ms_mikey_party initiator, responder;
	struct vec_user user[VEC_USERS_MAX];
	size_t n_users;
	struct ms_mikey_kms_ops ops;
	struct ms_mikey_kms kms;
	ms_usec now;                    /* at the KMS */
	struct ms_mikey_replay *replay; /* of the one receiver under test */
};

/* Sets it up from an exchange; false if the vector is broken. vec_world_done() is always needed. */
bool vec_world_init(struct vec_world *w, struct vec_run *run, const json_t *base);
void vec_world_done(struct vec_world *w);

/* The exchange vector with this id, or NULL. */
const json_t *vec_base(struct vec_run *run, const char *id);

/* context.local_policy */
bool vec_world_policy(struct vec_world *w, const json_t *policy);

/* "sdp_ids" as in the extension, given so or as a list; p is NULL if there are none. */
struct ms_span vec_sdp_ids(struct vec_run *run, const json_t *v);

/* Seconds since 1970. */
ms_usec vec_time(struct vec_run *run, const json_t *v, const char *name);

/* A list of keys as a ring. */
bool vec_ring(struct vec_run *run, const json_t *list, struct ms_mikey_keyring *ret_ring);

/* The traffic keys of a bundle against a list of {"cs_id", "prot_type", "tek", "salt"?}. */
bool vec_results(struct vec_run *run, const struct ms_mikey_csb *c, const json_t *sessions);

/* A message to the KMS and what it says. */
struct vec_answer {
	struct ms_mikey_kms_outcome outcome;
	struct ms_span octets; /* borrowed from the vector's memory */
	int err;
};

bool vec_kms(struct vec_world *w, struct ms_span in, ms_usec now, struct vec_answer *ret_a);

/* Whether the sender takes the KMS's answer; `in` was granted. */
bool vec_kms_answer_taken(struct vec_world *w, struct ms_span in, const struct vec_answer *a,
			  ms_usec now);

#endif
