/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the floor control server: which transaction they answer (RFC 8855 section 8.1), and what
 * became of our floor requests (sections 10.1.2 and 10.2.2).
 */
#include "bfcp/client-priv.h"

/* What answers what; an Error answers all. */
static const uint8_t answers[MS_BFCP_PRIMITIVES + 1] = {
	[MS_BFCP_FLOOR_REQUEST] = MS_BFCP_FLOOR_REQUEST_STATUS,
	[MS_BFCP_FLOOR_RELEASE] = MS_BFCP_FLOOR_REQUEST_STATUS,
	[MS_BFCP_FLOOR_REQUEST_QUERY] = MS_BFCP_FLOOR_REQUEST_STATUS,
	[MS_BFCP_USER_QUERY] = MS_BFCP_USER_STATUS,
	[MS_BFCP_FLOOR_QUERY] = MS_BFCP_FLOOR_STATUS,
	[MS_BFCP_HELLO] = MS_BFCP_HELLO_ACK,
};

static void tell(struct ms_bfcp_client *c, const struct ms_bfcp_message *m, struct ms_bfcp_event e)
{
	e.transaction = m->header.transaction;
	e.message = m;
	c->config.handler(c->config.arg, &e);
}

static void ignore(struct ms_bfcp_client *c, const struct ms_bfcp_message *m, const char *reason)
{
	tell(c, m, (struct ms_bfcp_event){ .kind = MS_BFCP_EVENT_IGNORED, .reason = reason });
}

/* FLOOR-REQUEST-INFORMATION: the overall status if there is one, else that of the first floor. */
static void read_request(const struct ms_bfcp_attribute *information,
			 struct ms_bfcp_floor_request *ret)
{
	struct ms_bfcp_attribute part = { 0 }, status;
	struct ms_bfcp_floor_request r = { .id = information->value };

	if (ms_bfcp_find(information->inner, MS_BFCP_FLOOR_REQUEST_STATUS_ATTRIBUTE, &part))
		r.floor = part.value;
	if (ms_bfcp_find(information->inner, MS_BFCP_OVERALL_REQUEST_STATUS, &status))
		part = status;
	if (ms_bfcp_find(part.inner, MS_BFCP_REQUEST_STATUS, &status)) {
		r.status = status.value;
		r.queue = status.queue;
	}
	*ret = r;
}

static bool is_over(enum ms_bfcp_status status)
{
	return status >= MS_BFCP_DENIED;
}

static struct ms_bfcp_floor_request *find(struct ms_bfcp_client *c, uint16_t id)
{
	for (size_t i = 0; i < c->n_requests; i++) {
		if (c->requests[i].id == id)
			return &c->requests[i];
	}
	return NULL;
}

/* Keeps the list: what is over goes, what is new comes. */
static void note(struct ms_bfcp_client *c, const struct ms_bfcp_floor_request *r)
{
	struct ms_bfcp_floor_request *known = find(c, r->id);

	if (known && is_over(r->status))
		*known = c->requests[--c->n_requests];
	else if (known)
		*known = *r;
	else if (!is_over(r->status) && c->n_requests < c->config.requests_max)
		c->requests[c->n_requests++] = *r;
}

static void request_status(struct ms_bfcp_client *c, const struct ms_bfcp_message *m)
{
	struct ms_bfcp_attribute information = { 0 };
	struct ms_bfcp_floor_request r;

	if (!ms_bfcp_find(m->attributes, MS_BFCP_FLOOR_REQUEST_INFORMATION, &information))
		return;
	read_request(&information, &r);
	if (!ms_bfcp_status_name(r.status)) {
		ignore(c, m, "bfcp_no_status");
		return;
	}
	note(c, &r);
	tell(c, m,
	     (struct ms_bfcp_event){ .kind = MS_BFCP_EVENT_REQUEST,
				     .request = r.id,
				     .status = r.status,
				     .queue = r.queue });
}

static void refused(struct ms_bfcp_client *c, const struct ms_bfcp_message *m)
{
	struct ms_bfcp_attribute code = { 0 }, text = { 0 };

	(void)ms_bfcp_find(m->attributes, MS_BFCP_ERROR_CODE, &code);
	(void)ms_bfcp_find(m->attributes, MS_BFCP_ERROR_INFO, &text);
	tell(c, m,
	     (struct ms_bfcp_event){
		     .kind = MS_BFCP_EVENT_ERROR, .code = code.value, .octets = text.octets });
}

static void hello_ack(struct ms_bfcp_client *c, const struct ms_bfcp_message *m)
{
	struct ms_bfcp_attribute primitives = { 0 };

	(void)ms_bfcp_find(m->attributes, MS_BFCP_SUPPORTED_PRIMITIVES, &primitives);
	tell(c, m,
	     (struct ms_bfcp_event){ .kind = MS_BFCP_EVENT_HELLO, .octets = primitives.octets });
}

static void deliver(struct ms_bfcp_client *c, const struct ms_bfcp_message *m)
{
	switch (m->header.primitive) {
	case MS_BFCP_HELLO_ACK:
		hello_ack(c, m);
		break;
	case MS_BFCP_FLOOR_REQUEST_STATUS:
		request_status(c, m);
		break;
	case MS_BFCP_FLOOR_STATUS:
		tell(c, m, (struct ms_bfcp_event){ .kind = MS_BFCP_EVENT_FLOOR });
		break;
	case MS_BFCP_USER_STATUS:
		tell(c, m, (struct ms_bfcp_event){ .kind = MS_BFCP_EVENT_USER });
		break;
	case MS_BFCP_ERROR:
		refused(c, m);
		break;
	default:
		ignore(c, m, "bfcp_unexpected");
		break;
	}
}

/* Section 8.2: transactions that the server begins have no number; they are these two. */
static bool is_notification(const struct ms_bfcp_header *h)
{
	return h->transaction == 0 && (h->primitive == MS_BFCP_FLOOR_REQUEST_STATUS ||
				       h->primitive == MS_BFCP_FLOOR_STATUS);
}

static struct ms_bfcp_transaction *answered(struct ms_bfcp_client *c,
					    const struct ms_bfcp_header *h)
{
	for (size_t i = 0; h->transaction != 0 && i < c->config.transactions_max; i++) {
		struct ms_bfcp_transaction *t = &c->open[i];

		if (t->id == h->transaction &&
		    (h->primitive == MS_BFCP_ERROR || h->primitive == answers[t->primitive]))
			return t;
	}
	return NULL;
}

void ms_bfcp_client_take(struct ms_bfcp_client *c, const struct ms_bfcp_message *m)
{
	struct ms_bfcp_transaction *t = answered(c, &m->header);

	if (m->header.conference != c->config.conference || m->header.user != c->config.user) {
		ignore(c, m, "bfcp_not_ours");
	} else if (t || is_notification(&m->header)) {
		if (t)
			t->id = 0;
		deliver(c, m);
	} else {
		ignore(c, m, "bfcp_no_transaction");
	}
}
