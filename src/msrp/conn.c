/* SPDX-License-Identifier: Apache-2.0 */
/* A connection: making, attaching sessions, deadlines, the end. */
#include <errno.h>

#include "core/alloc.h"
#include "msrp/session-priv.h"

/* Room beside params.control for what one request can still cause: two heads with long paths. */
static size_t control_max(const struct ms_msrp_conn_params *p)
{
	return p->control + 8 * p->head.line + 4096;
}

const struct ms_msrp_conn_params ms_msrp_conn_params_default = {
	.head = { .head = 16384, .line = 8192, .lines = 64 },
	.transactions = 256,
	.control = 65536,
};

int ms_msrp_conn_new(const struct ms_msrp_conn_params *params, const struct ms_random *random,
		     struct ms_msrp_conn **ret_c)
{
	struct ms_msrp_conn *c = ms_zalloc(sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->params = params ? *params : ms_msrp_conn_params_default;
	if (c->params.head.head == 0)
		c->params.head = ms_msrp_conn_params_default.head;
	if (c->params.transactions == 0)
		c->params.transactions = ms_msrp_conn_params_default.transactions;
	if (c->params.control == 0)
		c->params.control = ms_msrp_conn_params_default.control;
	c->random = random;
	ms_list_init(&c->sessions);
	ms_list_init(&c->ready);
	ms_msrp_parser_init(&c->parser, &c->params.head);
	ms_buf_init(&c->control, control_max(&c->params));
	ms_buf_init(&c->stage, control_max(&c->params));
	ms_buf_init(&c->request.to, c->params.head.line);
	ms_buf_init(&c->request.from, c->params.head.line);
	err = ms_msrp_transactions_init(c);
	if (err < 0) {
		ms_msrp_conn_free(c);
		return err;
	}
	*ret_c = c;
	return 0;
}

struct ms_msrp_conn *ms_msrp_conn_free(struct ms_msrp_conn *c)
{
	if (!c)
		return NULL;
	ms_msrp_conn_lost(c);
	ms_msrp_parser_done(&c->parser);
	ms_buf_done(&c->control);
	ms_buf_done(&c->stage);
	ms_buf_done(&c->request.to);
	ms_buf_done(&c->request.from);
	ms_free(c->transactions);
	return ms_free(c);
}

int ms_msrp_conn_attach(struct ms_msrp_conn *c, struct ms_msrp_session *s)
{
	struct ms_list *link;

	if (s->conn || s->failed || c->lost)
		return -EBUSY;
	s->conn = c;
	ms_list_append(&c->sessions, &s->link);
	/* RFC 4975 section 5.4: the active endpoint sends at once, with or without a body */
	s->bind_wanted = s->params.active && ms_list_empty(&s->outs);
	ms_list_foreach (link, &s->outs)
		ms_msrp_out_ready(MS_CONTAINER_OF(link, struct ms_msrp_out, link));
	return 0;
}

void ms_msrp_conn_fail(struct ms_msrp_conn *c, int err)
{
	if (c->err == 0)
		c->err = err;
}

void ms_msrp_conn_lost(struct ms_msrp_conn *c)
{
	c->lost = true;
	c->chunk.open = false; /* nothing more will be written */
	c->chunk.out = NULL;
	while (!ms_list_empty(&c->sessions)) {
		struct ms_msrp_session *s =
			MS_CONTAINER_OF(c->sessions.next, struct ms_msrp_session, link);

		ms_msrp_session_failed(s, 0);
		ms_msrp_session_unlink(s);
	}
	if (c->auth)
		ms_msrp_auth_fail(c->auth, -ECONNRESET);
}

int ms_msrp_conn_status(const struct ms_msrp_conn *c)
{
	return c->err;
}

struct ms_fault ms_msrp_conn_fault(const struct ms_msrp_conn *c)
{
	return c->parser.fault;
}

const struct ms_msrp_counters *ms_msrp_conn_counters(const struct ms_msrp_conn *c)
{
	return &c->counters;
}

ms_usec ms_msrp_conn_deadline(const struct ms_msrp_conn *c)
{
	ms_usec next = MS_NEVER;
	struct ms_list *link;

	if (!ms_list_empty(&c->awaiting))
		next = MS_CONTAINER_OF(c->awaiting.next, struct ms_msrp_transaction, link)
			       ->deadline;
	ms_list_foreach (link, &c->sessions) {
		ms_usec t = ms_msrp_session_deadline(
			MS_CONTAINER_OF(link, struct ms_msrp_session, link));

		if (t < next)
			next = t;
	}
	return next;
}

static struct ms_msrp_session *find_due(const struct ms_msrp_conn *c, ms_usec now)
{
	struct ms_list *link;

	ms_list_foreach (link, &c->sessions) {
		struct ms_msrp_session *s = MS_CONTAINER_OF(link, struct ms_msrp_session, link);

		if (ms_msrp_session_deadline(s) <= now)
			return s;
	}
	return NULL;
}

void ms_msrp_conn_tick(struct ms_msrp_conn *c, ms_usec now)
{
	struct ms_msrp_session *s;

	c->now = now;
	ms_msrp_transaction_tick(c, now);
	/* searched anew each time, since handlers may detach any session */
	while ((s = find_due(c, now)))
		ms_msrp_session_tick(s, now);
}
