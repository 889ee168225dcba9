/* SPDX-License-Identifier: Apache-2.0 */
/* Keyrings against a key management server that listens in the same loop and counts what it is asked. */
#ifndef TESTS_KEYS_KEYRING_WORLD_H
#define TESTS_KEYS_KEYRING_WORLD_H

#include "ms-test.h"

#include "http/server.h"
#include "keys/keyring.h"
#include "loop/loop.h"
#include "small-kms.h"

#define HOUR (3600 * MS_SEC)

extern struct keyring_world {
	struct ms_http_server *server;
	struct ms_keys_kms *kms;
	struct ms_keys_ring *ring[SMALL_USERS];
	struct ms_profile profile;
	unsigned requests, resolves; /* that the server saw */
	int status;                  /* it answers so, without a body; 0: as it should */
	char url[64];
} world;

struct outcome {
	unsigned *told;
	bool got;
	struct ms_keys_failure why;
};

/* A ring of that user; `file`: where its tickets are kept, or NULL. */
int open_ring(enum small_user who, ms_usec renew_ahead, const char *file,
	      struct ms_keys_ring **ret_r);
/* Around each test: the server, and rings of Alice and Bob. */
int set_up(void **state);
int tear_down(void **state);
/* The loop, for a millisecond. */
void run_a_moment(void);
/* Runs the loop until `n` is reached; a machine that is busy gets half a minute. */
void run_until(const unsigned *count, unsigned n);
/* What is told who asked; `arg` is a struct outcome. */
void got_ticket(struct ms_mikey_ticket_held *held, const struct ms_keys_failure *why, void *arg);
void got_resolve(const struct ms_keys_failure *why, void *arg);
/* A ticket for these, from wherever; NULL with *ret_why. */
struct ms_mikey_ticket_held *ticket(enum small_user who, const char *const *uris, size_t n,
				    struct ms_keys_failure *ret_why);
/* A TRANSFER_INIT of Alice's for Bob, with the ticket for both given. */
struct ms_mikey_incoming *message(const char *const *uris, size_t n);
uint64_t counted(const char *name, const char *value);

#endif
