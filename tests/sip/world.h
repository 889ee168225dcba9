/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two users, each with a stack and an account of its own, in one process on loopback; and the loop run
 * until something has happened.
 */
#ifndef MS_TEST_SIP_WORLD_H
#define MS_TEST_SIP_WORLD_H

#include "ms-test.h"

#include "loop/loop.h"
#include "sip/account.h"
#include "sip/event.h"
#include "sip/session.h"

struct user {
	struct ms_sip *sip;
	struct ms_sip_account *account;
	char uri[128]; /* where the user is reached, with the transport */
	/* What happened; events as letters in order, for comparison with a string. */
	char log[256];
	unsigned status; /* of the last response or refusal */
	char warning[128];
	uint8_t body[65536];
	size_t body_len;
	char type[128];
	char from[128], asserted[128];
	int err;
	struct ms_sip_session *session;
	struct ms_sip_subscription *subscription;
	struct ms_sip_notifier *notifier;
	const struct ms_sip_message *kept;
	unsigned sent;       /* messages sent, as the trace saw them */
	unsigned sent_by[3]; /* by transport */
};

/* "127.0.0.1" or "::1" */
void world_open(struct user *u, const char *name, const char *address, enum ms_sip_transport t,
		const struct ms_sip_handlers *handlers, const struct ms_sip_tls *tls);
/* The same with an account as the caller wants it; `identity` NULL stands for u->uri. */
void world_open_as(struct user *u, const char *name, const char *address, enum ms_sip_transport t,
		   const struct ms_sip_handlers *handlers, const struct ms_sip_tls *tls,
		   const struct ms_sip_account_config *account);
void world_close(struct user *u);

/* Runs the loop until the user's log is `log`; fails the test after `ms` milliseconds. */
void world_until(struct user *u, const char *log, unsigned ms);

/* Runs the loop for so long. */
void world_pass(unsigned ms);

/* Appends one letter. */
void world_note(struct user *u, char letter);

/* Takes body, type, From, P-Asserted-Identity, status and Warning of a message. */
void world_take(struct user *u, const struct ms_sip_message *m);

/* A response handler that takes the message and notes 'r', or 'e' for an error. */
void world_response(int err, const struct ms_sip_message *m, void *arg);

/*
 * What both sides of a call do by themselves. Letters: i invite, p progress, a answered, k confirmed
 * by ACK, o offered, m modified, q request inside, c closed without error, C with one. The callee acts
 * on the first octet of the body: A 180 and 200, R 180 only, N 488 with Warning and body, else nothing.
 */
extern const struct ms_sip_session_handlers world_calls;
void world_invite(struct ms_sip *sip, struct ms_sip_session *s, const struct ms_sip_message *m,
		  void *arg);

/* Calls `to`; the body's first octet tells the callee what to do. */
void world_call(struct user *u, const char *to, const char *body);

int world_setup(void **state);
int world_teardown(void **state);

#endif
