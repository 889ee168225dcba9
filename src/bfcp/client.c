/* SPDX-License-Identifier: Apache-2.0 */
/* The stream of a floor participant and its transactions: RFC 8855 sections 6.1 and 8. */
#include <errno.h>

#include "bfcp/client-priv.h"
#include "core/alloc.h"

#define RESPONSE_TIME (10 * MS_SEC)
#define MESSAGE_MAX 16384
#define OUTPUT_MAX 65536
#define LIST_DEFAULT 16
#define FLOORS_MAX 32
#define PRIORITY_NORMAL 2
#define PRIORITY_HIGHEST 4

static void fill_defaults(struct ms_bfcp_client_config *c)
{
	if (c->response_time == 0)
		c->response_time = RESPONSE_TIME;
	if (c->message_max == 0)
		c->message_max = MESSAGE_MAX;
	if (c->output_max == 0)
		c->output_max = OUTPUT_MAX;
	if (c->transactions_max == 0)
		c->transactions_max = LIST_DEFAULT;
	if (c->requests_max == 0)
		c->requests_max = LIST_DEFAULT;
}

int ms_bfcp_client_new(const struct ms_bfcp_client_config *config, struct ms_bfcp_client **ret_c)
{
	struct ms_bfcp_client *c;

	if (!config->handler || config->transactions_max > MS_BFCP_CLIENT_LIST_MAX ||
	    config->requests_max > MS_BFCP_CLIENT_LIST_MAX)
		return -EINVAL;
	c = ms_zalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->config = *config;
	fill_defaults(&c->config);
	ms_buf_init(&c->in, c->config.message_max);
	ms_buf_init(&c->out, c->config.output_max);
	*ret_c = c;
	return 0;
}

struct ms_bfcp_client *ms_bfcp_client_free(struct ms_bfcp_client *c)
{
	if (c) {
		ms_buf_done(&c->in);
		ms_buf_done(&c->out);
	}
	return ms_free(c);
}

static bool is_in_use(const struct ms_bfcp_client *c, uint16_t id)
{
	for (size_t i = 0; i < c->config.transactions_max; i++) {
		if (c->open[i].id == id)
			return true;
	}
	return false;
}

/* Section 8.1: not 0, and not that of a transaction under way. */
static uint16_t next_id(struct ms_bfcp_client *c)
{
	do {
		c->last++;
	} while (c->last == 0 || is_in_use(c, c->last));
	return c->last;
}

static struct ms_bfcp_transaction *begin(struct ms_bfcp_client *c)
{
	for (size_t i = 0; i < c->config.transactions_max; i++) {
		if (c->open[i].id == 0)
			return &c->open[i];
	}
	return NULL;
}

struct body {
	const uint16_t *ids; /* all of the same type */
	size_t n_ids;
	enum ms_bfcp_type type;
	const struct ms_bfcp_ask *ask; /* NULL unless this is a FloorRequest */
};

static void put_ask(struct ms_buf *b, const struct ms_bfcp_ask *ask)
{
	if (ask->beneficiary)
		ms_bfcp_put_id(b, MS_BFCP_BENEFICIARY_ID, ask->beneficiary);
	if (ask->text.len > 0)
		ms_bfcp_put_octets(b, MS_BFCP_PARTICIPANT_PROVIDED_INFO, ask->text);
	if (ask->priority != PRIORITY_NORMAL)
		ms_bfcp_put_priority(b, ask->priority);
}

static int put(struct ms_bfcp_client *c, uint8_t primitive, uint16_t id, const struct body *body)
{
	const struct ms_bfcp_header h = { .version = MS_BFCP_RELIABLE,
					  .primitive = primitive,
					  .conference = c->config.conference,
					  .transaction = id,
					  .user = c->config.user };
	size_t before = c->out.len, mark = ms_bfcp_open(&c->out, &h);
	int err;

	for (size_t i = 0; i < body->n_ids; i++)
		ms_bfcp_put_id(&c->out, body->type, body->ids[i]);
	if (body->ask)
		put_ask(&c->out, body->ask);
	ms_bfcp_close(&c->out, mark);
	err = ms_buf_status(&c->out);
	if (err < 0) {
		ms_buf_truncate(&c->out, before);
		c->out.err = 0;
	}
	return err == -EMSGSIZE ? -ENOBUFS : err;
}

static int send(struct ms_bfcp_client *c, uint8_t primitive, const struct body *body, ms_usec now,
		uint16_t *ret_transaction)
{
	struct ms_bfcp_transaction *t = begin(c);
	uint16_t id;
	int err;

	if (c->broken)
		return -EPIPE;
	if (!t)
		return -EBUSY;
	id = next_id(c);
	err = put(c, primitive, id, body);
	if (err < 0)
		return err;
	*t = (struct ms_bfcp_transaction){ .id = id,
					   .primitive = primitive,
					   .floor = body->ask ? body->ids[0] : 0,
					   .deadline = ms_usec_add(now, c->config.response_time) };
	*ret_transaction = id;
	return 0;
}

int ms_bfcp_client_hello(struct ms_bfcp_client *c, ms_usec now, uint16_t *ret_transaction)
{
	return send(c, MS_BFCP_HELLO, &(struct body){ 0 }, now, ret_transaction);
}

int ms_bfcp_client_request(struct ms_bfcp_client *c, const struct ms_bfcp_ask *ask, ms_usec now,
			   uint16_t *ret_transaction)
{
	const struct body body = { ask->floors, ask->n_floors, MS_BFCP_FLOOR_ID, ask };

	if (ask->n_floors == 0 || ask->n_floors > FLOORS_MAX || ask->priority > PRIORITY_HIGHEST)
		return -EINVAL;
	if (c->n_requests >= c->config.requests_max)
		return -EBUSY;
	return send(c, MS_BFCP_FLOOR_REQUEST, &body, now, ret_transaction);
}

int ms_bfcp_client_release(struct ms_bfcp_client *c, uint16_t request, ms_usec now,
			   uint16_t *ret_transaction)
{
	const struct body body = { &request, 1, MS_BFCP_FLOOR_REQUEST_ID, NULL };

	return send(c, MS_BFCP_FLOOR_RELEASE, &body, now, ret_transaction);
}

int ms_bfcp_client_query_request(struct ms_bfcp_client *c, uint16_t request, ms_usec now,
				 uint16_t *ret_transaction)
{
	const struct body body = { &request, 1, MS_BFCP_FLOOR_REQUEST_ID, NULL };

	return send(c, MS_BFCP_FLOOR_REQUEST_QUERY, &body, now, ret_transaction);
}

int ms_bfcp_client_query_floors(struct ms_bfcp_client *c, const uint16_t *floors, size_t n,
				ms_usec now, uint16_t *ret_transaction)
{
	const struct body body = { floors, n, MS_BFCP_FLOOR_ID, NULL };

	if (n > FLOORS_MAX)
		return -EINVAL;
	return send(c, MS_BFCP_FLOOR_QUERY, &body, now, ret_transaction);
}

int ms_bfcp_client_query_user(struct ms_bfcp_client *c, uint16_t user, ms_usec now,
			      uint16_t *ret_transaction)
{
	const struct body body = { &user, user ? 1 : 0, MS_BFCP_BENEFICIARY_ID, NULL };

	return send(c, MS_BFCP_USER_QUERY, &body, now, ret_transaction);
}

static int break_off(struct ms_bfcp_client *c, struct ms_fault why, struct ms_fault *f)
{
	c->broken = true;
	c->fault = why;
	return ms_fault_set(f, -EPROTO, why.code, why.reason, why.offset);
}

/* Takes the message at the front of c->in, if it is complete. *ret_more says whether it was. */
static int take_message(struct ms_bfcp_client *c, bool *ret_more, struct ms_fault *f)
{
	struct ms_bfcp_message m;
	struct ms_fault why = { 0 };
	size_t len = 0;
	int err = ms_bfcp_frame(ms_buf_span(&c->in), c->config.message_max, &len);

	*ret_more = false;
	if (err == -EMSGSIZE)
		return break_off(c, (struct ms_fault){ 0, "bfcp_too_long", 0 }, f);
	if (err < 0)
		return break_off(
			c, (struct ms_fault){ MS_BFCP_UNSUPPORTED_VERSION, "bfcp_version", 0 }, f);
	if (len == 0 || c->in.len < len)
		return 0;
	if (ms_bfcp_parse(ms_span_sub(ms_buf_span(&c->in), 0, len), &m, &why) < 0)
		return break_off(c, why, f);
	ms_bfcp_client_take(c, &m);
	ms_buf_consume(&c->in, len);
	*ret_more = true;
	return 0;
}

int ms_bfcp_client_input(struct ms_bfcp_client *c, struct ms_span octets, struct ms_fault *f)
{
	int err = 0;

	if (c->broken)
		return break_off(c, c->fault, f);
	while (err == 0 && octets.len > 0) {
		struct ms_span part = ms_span_sub(octets, 0, c->in.max - c->in.len);
		bool more = true;

		ms_buf_put_span(&c->in, part);
		if (ms_buf_status(&c->in) < 0)
			return ms_buf_status(&c->in);
		octets = ms_span_from(octets, part.len);
		while (err == 0 && more)
			err = take_message(c, &more, f);
	}
	return err;
}

struct ms_span ms_bfcp_client_output(const struct ms_bfcp_client *c)
{
	return ms_buf_span(&c->out);
}

void ms_bfcp_client_sent(struct ms_bfcp_client *c, size_t n)
{
	ms_buf_consume(&c->out, n);
}

ms_usec ms_bfcp_client_deadline(const struct ms_bfcp_client *c)
{
	ms_usec at = MS_NEVER;

	for (size_t i = 0; i < c->config.transactions_max; i++) {
		if (c->open[i].id != 0 && c->open[i].deadline < at)
			at = c->open[i].deadline;
	}
	return at;
}

void ms_bfcp_client_expire(struct ms_bfcp_client *c, ms_usec now)
{
	for (size_t i = 0; i < c->config.transactions_max; i++) {
		struct ms_bfcp_transaction *t = &c->open[i];
		struct ms_bfcp_event e = { .kind = MS_BFCP_EVENT_TIMEOUT, .transaction = t->id };

		if (t->id == 0 || now < t->deadline)
			continue;
		t->id = 0;
		c->config.handler(c->config.arg, &e);
	}
}

const struct ms_bfcp_floor_request *ms_bfcp_client_requests(const struct ms_bfcp_client *c,
							    size_t *ret_n)
{
	*ret_n = c->n_requests;
	return c->requests;
}
