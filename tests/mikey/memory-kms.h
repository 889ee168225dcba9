/* SPDX-License-Identifier: Apache-2.0 */
/* A KMS and its users in memory, under a clock that the test turns. */
#ifndef MS_TESTS_MIKEY_MEMORY_KMS_H
#define MS_TESTS_MIKEY_MEMORY_KMS_H

#include "mikey/kms.h"
#include "mikey/replay.h"

/* Some day in 2026, in microseconds since 1970. */
#define NOON ((ms_usec)1790000000 * MS_SEC)

struct memory_user {
	const char *uri;
	const char *group;   /* it is a member of, or NULL */
	struct ms_span cert; /* public-key variants: its certificate, else empty */
	uint8_t psk[32];
	uint8_t psk_id[8];
};

enum { ALICE, BOB, CAROL, MALLORY, N_USERS };

struct memory_kms {
	struct ms_profile profile;
	struct ms_mikey_local local;
	struct ms_mikey_clock clock;
	struct memory_user user[N_USERS];
	uint8_t tpk_key[32];
	struct ms_mikey_tpk tpk;
	struct ms_mikey_kms_ops ops;
	struct ms_mikey_kms kms;
	struct ms_mikey_replay *replay; /* the KMS's; NULL: none is kept */
	ms_usec now;
	/* What the KMS's policy does: */
	uint16_t take_flags; /* flags it takes away from what is asked for */
	ms_usec end;         /* validity it sets; 0: leaves it */
	bool refuse;
	struct ms_mikey_kms_outcome outcome; /* of the last message */
};

/* Where all random octets come from; the system's unless a test says otherwise. */
extern const struct ms_random *memory_random;

/* Users with random keys. -ENOMEM under torture. */
int memory_kms_init(struct memory_kms *k);
void memory_kms_done(struct memory_kms *k);

/* A user as a party; suite 128 or 256, with the TPK or without. */
struct ms_mikey_party memory_party(struct memory_kms *k, int user,
				   const struct ms_mikey_suite *suite, bool has_tpk);

struct ms_mikey_id memory_id(const char *uri);

/* Octets to the KMS, octets back into `out` (emptied first). What ms_mikey_kms_handle() gives. */
int memory_ask(struct memory_kms *k, struct ms_span in, struct ms_buf *out);

#endif
