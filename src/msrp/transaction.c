/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that await a response: RFC 4975 sections 5.3 and 7.1. The number of a transaction is
 * part of its identifier, so that a response is matched without a search; the rest is random.
 */
#include <errno.h>

#include "core/alloc.h"
#include "msrp/session-priv.h"

#define RANDOM_LEN (MSRP_TID_LEN - 2)

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

int ms_msrp_random_text(const struct ms_random *r, char *dst, size_t n)
{
	uint8_t raw[MS_MSRP_IDENT_MAX];
	int err;

	if (n > sizeof(raw))
		return -EINVAL;
	err = ms_random_fill(r, raw, n);
	if (err < 0)
		return err;
	for (size_t i = 0; i < n; i++)
		dst[i] = alphabet[raw[i] % 32];
	return 0;
}

int ms_msrp_transactions_init(struct ms_msrp_conn *c)
{
	unsigned n = c->params.transactions;

	ms_list_init(&c->spare);
	ms_list_init(&c->awaiting);
	if (n == 0 || n > MSRP_TRANSACTIONS_MAX)
		return -EINVAL;
	c->transactions = ms_calloc(n, sizeof(*c->transactions));
	if (!c->transactions)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		ms_list_append(&c->spare, &c->transactions[i].link);
	return 0;
}

bool ms_msrp_transaction_free_one(const struct ms_msrp_conn *c)
{
	return !ms_list_empty(&c->spare);
}

struct ms_msrp_transaction *ms_msrp_transaction_new(struct ms_msrp_conn *c)
{
	struct ms_msrp_transaction *t;
	size_t index;
	int err;

	if (ms_list_empty(&c->spare))
		return NULL;
	t = MS_CONTAINER_OF(c->spare.next, struct ms_msrp_transaction, link);
	index = (size_t)(t - c->transactions);
	err = ms_msrp_random_text(c->random, t->tid, RANDOM_LEN);
	if (err < 0) {
		ms_msrp_conn_fail(c, err);
		return NULL;
	}
	t->tid[RANDOM_LEN] = alphabet[index / 32];
	t->tid[RANDOM_LEN + 1] = alphabet[index % 32];
	ms_list_remove(&t->link);
	t->used = true;
	t->deadline = MS_NEVER;
	t->out = NULL;
	t->binding = NULL;
	t->auth = NULL;
	return t;
}

void ms_msrp_transaction_await(struct ms_msrp_conn *c, struct ms_msrp_transaction *t, ms_usec wait)
{
	struct ms_list *after;

	t->deadline = ms_usec_add(c->now, wait);
	/* sorted; nearly always at the end, since sessions rarely differ in their time */
	for (after = c->awaiting.prev; after != &c->awaiting; after = after->prev) {
		if (MS_CONTAINER_OF(after, struct ms_msrp_transaction, link)->deadline <=
		    t->deadline)
			break;
	}
	ms_list_append(after->next, &t->link);
}

void ms_msrp_transaction_release(struct ms_msrp_conn *c, struct ms_msrp_transaction *t)
{
	ms_list_remove(&t->link);
	t->used = false;
	t->out = NULL;
	t->binding = NULL;
	t->auth = NULL;
	ms_list_append(&c->spare, &t->link);
}

static int index_digit(uint8_t ch)
{
	const char *at = ch ? strchr(alphabet, ch) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

struct ms_msrp_transaction *ms_msrp_transaction_find(struct ms_msrp_conn *c, struct ms_span tid)
{
	struct ms_msrp_transaction *t;
	int hi, lo;

	if (tid.len != MSRP_TID_LEN)
		return NULL;
	hi = index_digit(tid.p[RANDOM_LEN]);
	lo = index_digit(tid.p[RANDOM_LEN + 1]);
	if (hi < 0 || lo < 0 || (unsigned)(hi * 32 + lo) >= c->params.transactions)
		return NULL;
	t = &c->transactions[hi * 32 + lo];
	if (!t->used || !ms_span_eq(ms_span_of(t->tid, MSRP_TID_LEN), tid))
		return NULL;
	return t;
}

/* A SEND without a body only binds or keeps alive. */
static void binding_answered(struct ms_msrp_session *s, int code)
{
	if (code >= 200 && code < 300)
		ms_msrp_session_bound(s);
	else
		ms_msrp_session_failed(s, code);
}

void ms_msrp_transaction_response(struct ms_msrp_conn *c, const struct ms_msrp_head *h)
{
	struct ms_msrp_transaction *t = ms_msrp_transaction_find(c, h->tid);
	struct ms_msrp_out *out;
	struct ms_msrp_session *binding;
	struct ms_msrp_auth *auth;

	if (!t) {
		c->counters.unmatched++;
		return;
	}
	out = t->out;
	binding = t->binding;
	auth = t->auth;
	/* An error may come while the chunk is being written; its transaction ends with it. */
	if (c->chunk.open && c->chunk.transaction == t)
		c->chunk.transaction = NULL;
	ms_msrp_transaction_release(c, t);
	if (auth)
		ms_msrp_auth_response(auth, h);
	else if (binding)
		binding_answered(binding, h->status);
	else if (out)
		ms_msrp_out_answered(out, h->status);
}

/* Section 7.1.1: no response in time. With "partial" only errors are answered: all is well. */
static void timed_out(struct ms_msrp_conn *c, struct ms_msrp_transaction *t)
{
	struct ms_msrp_out *out = t->out;
	struct ms_msrp_session *binding = t->binding;
	struct ms_msrp_auth *auth = t->auth;

	ms_msrp_transaction_release(c, t);
	if (out && out->failure == MS_MSRP_FAILURE_PARTIAL) {
		ms_msrp_out_answered(out, MS_MSRP_OK);
		return;
	}
	c->counters.timeouts++;
	if (auth)
		ms_msrp_auth_fail(auth, -ETIMEDOUT);
	else if (binding)
		ms_msrp_session_failed(binding, MS_MSRP_TIMEOUT);
	else if (out)
		ms_msrp_out_answered(out, MS_MSRP_TIMEOUT);
}

void ms_msrp_transaction_tick(struct ms_msrp_conn *c, ms_usec now)
{
	while (!ms_list_empty(&c->awaiting)) {
		struct ms_msrp_transaction *t =
			MS_CONTAINER_OF(c->awaiting.next, struct ms_msrp_transaction, link);

		if (t->deadline > now)
			return;
		timed_out(c, t);
	}
}
