/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of kms-client: what it knows (kms-client.c), its exchanges and what it says of them
 * (kms-client-exchange.c), and HTTP without a library that would mend what a test spoils (kms-client-http.c).
 */
#ifndef TESTS_KMS_KMS_CLIENT_H
#define TESTS_KMS_KMS_CLIENT_H

#include <jansson.h>

#include "core/buf.h"
#include "mikey/held.h"
#include "mikey/party.h"

#define BODY_MAX ((size_t)128 << 10)

struct user {
	char *name, *identity, *key_id;
	struct ms_secret key;
	struct ms_mikey_credential *credential; /* owned; NULL: a pre-shared key */
	struct ms_mikey_clock clock;
};

struct handle {
	char *name;
	struct user *owner;
	struct ms_mikey_ticket_held *ticket;
};

struct options {
	long skew, life, start, keys, corrupt;
	bool base64;
	const char *path, *query, *type;
};

struct answer {
	int err, status;
	struct ms_buf body;
};

extern struct ms_profile profile;
extern struct ms_mikey_local local;

/* ---- kms-client.c ---- */

struct user *find_user(const char *name);
struct handle *find_handle(const char *name);
/* Takes the ticket over. */
void keep_ticket(struct user *u, const char *name, struct ms_mikey_ticket_held *ticket);
/* A clock that is wrong must not spoil the user's own, which never goes back. */
struct ms_mikey_party party_of(struct user *u, long skew);
struct ms_mikey_id uri(const char *text);

/* ---- kms-client-exchange.c ---- */

/* One line of JSON; takes the reference over. */
void say(json_t *j);
void say_error(const char *what);
void cmd_request(char **w, size_t n, const struct options *o);
void cmd_resolve(char **w, size_t n, const struct options *o);
void cmd_again(const struct options *o);
void exchange_init(void);
void exchange_done(void);

/* ---- kms-client-http.c ---- */

void http_to(const char *host, uint16_t port);
/* Posts it, whatever it is; a->body has been initialised. */
void post(struct ms_span body, const char *query, const struct options *o, struct answer *a);

#endif
