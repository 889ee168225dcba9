/* SPDX-License-Identifier: Apache-2.0 */
/* The proxy: what comes in finds its transaction, or becomes one. RFC 3261 sections 16.3, 17.1.3, 17.2.3. */
#include "sip/proxy.h"

#include <errno.h>

#include "core/alloc.h"
#include "core/random.h"
#include "core/secret.h"
#include "sip/frame-priv.h"
#include "sip/proxy-priv.h"

const char *const ms_sip_proxy_counter_names[MS_SIP_PROXY_COUNTERS] = {
	"received",   "sent",        "malformed",     "requests", "repetitions",
	"stray",      "loops",       "refused_limit", "rejected", "timeouts",
	"transport",  "flow_failed", "token_forged",  "streams",  "streams_refused",
	"tls_failed", "originated",
};

/* ---- coming in ---- */

/* What cannot be read is told to its sender where that is possible. */
static void refuse_octets(struct ms_sip_proxy *p, const struct ms_sip_hop *from,
			  struct ms_span octets, int status)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_sip_hop hop = *from;

	ms_sip_proxy_count(p, MS_SIP_PROXY_MALFORMED);
	ms_buf_init(&b, 2 * p->wire->limits.message);
	if (ms_sip_frame_answer(octets, (unsigned)status, "refused", &b) == 0 &&
	    ms_sip_wire_send(p->wire, &hop, ms_buf_span(&b)) == 0)
		ms_sip_proxy_count(p, MS_SIP_PROXY_REJECTED);
}

/*
 * Section 17.2.3, and the host it came from: nobody else cancels it. A Via without the magic cookie is
 * from before RFC 3261, and is told by more.
 */
static void put_key(const struct ms_sip_packet *m, const struct ms_sip_hop *from,
		    const char *method, struct ms_buf *b)
{
	bool modern = ms_span_starts_nocase(m->via.branch, MS_SPAN_LIT("z9hG4bK"));
	char host[MS_ADDR_TEXT_MAX];

	ms_buf_printf(b, "%d %s|", (int)from->side, ms_addr_print_host(&from->peer, host));
	ms_buf_put_span(b, m->via.branch);
	ms_buf_put_u8(b, '|');
	ms_buf_put_span(b, m->via.sent_by);
	ms_buf_put_u8(b, '|');
	if (!modern) {
		ms_buf_put_span(b, m->call_id);
		ms_buf_put_u8(b, '|');
		ms_buf_put_span(b, m->from_tag);
		ms_buf_printf(b, "|%u|", m->cseq);
	}
	ms_buf_put_str(b, method);
}

static struct ms_sip_exchange *find_server(struct ms_sip_proxy *p, const struct ms_sip_packet *m,
					   const struct ms_sip_hop *from, const char *method)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf key;

	ms_buf_init(&key, 2 * p->wire->limits.message);
	put_key(m, from, method, &key);
	return ms_buf_status(&key) ? NULL : ms_hash_get(p->servers, ms_buf_span(&key));
}

static void answer_cancel(struct ms_sip_proxy *p, const struct ms_sip_packet *m,
			  const struct ms_sip_hop *from)
{
	struct ms_sip_exchange *x = find_server(p, m, from, "INVITE");

	if (!x) {
		ms_sip_proxy_count(p, MS_SIP_PROXY_STRAY);
		ms_sip_proxy_refuse(p, m, from, 481);
		return;
	}
	ms_sip_proxy_refuse(p, m, from, 200);
	ms_sip_exchange_cancel(x);
}

/* Section 16.3. 0: go on. */
static unsigned check(struct ms_sip_proxy *p, const struct ms_sip_packet *m)
{
	if (m->max_forwards == 0)
		return 483;
	if (ms_sip_proxy_is_loop(p, m))
		return 482;
	return p->draining && m->to_tag.len == 0 && !ms_sip_packet_is(m, "ACK") ? 503 : 0;
}

static void new_request(struct ms_sip_proxy *p, struct ms_sip_packet *m,
			const struct ms_sip_hop *from, const char *key)
{
	unsigned status = check(p, m);

	if (status == 0) {
		ms_sip_exchange_begin(p, m, from, key);
		return;
	}
	if (status != 503)
		ms_sip_proxy_count(p, MS_SIP_PROXY_LOOPS);
	ms_sip_proxy_refuse(p, m, from, status);
}

static void take_request(struct ms_sip_proxy *p, struct ms_sip_packet *m,
			 const struct ms_sip_hop *from)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf key;
	bool ack = ms_sip_packet_is(m, "ACK");
	struct ms_sip_exchange *x;
	char method[65];

	ms_buf_init(&key, 2 * p->wire->limits.message);
	if (ms_sip_packet_is(m, "CANCEL")) {
		answer_cancel(p, m, from);
		return;
	}
	if (ms_span_to_str(m->method, method, sizeof(method)) < 0) {
		ms_sip_proxy_refuse(p, m, from, 501);
		return;
	}
	put_key(m, from, ack ? "INVITE" : method, &key);
	if (ms_buf_status(&key))
		return;
	x = ms_hash_get(p->servers, ms_buf_span(&key));
	if (x && ack && x->state != MS_SIP_SERVER_ACCEPTED)
		ms_sip_exchange_acked(x);
	else if (x && !ack)
		ms_sip_exchange_again(x);
	else
		new_request(p, m, from, ms_buf_cstr(&key));
}

static void take_response(struct ms_sip_proxy *p, struct ms_sip_packet *m)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf key;
	struct ms_sip_client *c;

	ms_buf_init(&key, 2 * p->wire->limits.message);
	ms_buf_put_span(&key, m->via.branch);
	ms_buf_put_u8(&key, '|');
	ms_buf_put_span(&key, ms_span_sub(m->method, 0, 64));
	c = ms_buf_status(&key) ? NULL : ms_hash_get(p->clients, ms_buf_span(&key));
	if (c)
		ms_sip_client_response(c, m);
	else
		ms_sip_proxy_count(p, MS_SIP_PROXY_STRAY);
}

static void on_received(const struct ms_sip_hop *from, struct ms_span octets, void *arg)
{
	struct ms_sip_proxy *p = arg;
	struct ms_fault f = { .code = 400 };
	struct ms_sip_packet *m;
	int err;

	ms_sip_proxy_count(p, MS_SIP_PROXY_RECEIVED);
	err = ms_sip_packet_read(octets, &m, &f);
	if (err < 0) {
		refuse_octets(p, from, octets, err == -ENOMEM ? 503 : f.code);
		return;
	}
	if (m->request)
		take_request(p, m, from);
	else
		take_response(p, m);
	ms_sip_packet_unref(m);
}

static void on_lost(const struct ms_sip_hop *hop, void *arg)
{
	struct ms_sip_proxy *p = arg;
	struct ms_list *link;
	bool again = true;

	/* Telling one may end others: from the start each time. */
	while (again) {
		again = false;
		ms_list_foreach (link, &p->client_list) {
			struct ms_sip_client *c = MS_CONTAINER_OF(link, struct ms_sip_client, link);

			if (c->hop.stream != hop->stream || c->hop.transport == MS_SIP_UDP)
				continue;
			/* An INVITE that rings is answered by another way, perhaps. */
			c->hop.stream = UINT64_MAX;
			if (c->state == MS_SIP_CLIENT_CALLING) {
				ms_sip_client_failed(c, MS_SIP_FAILED_TRANSPORT);
				again = true;
				break;
			}
		}
	}
	if (p->handlers.stream_lost)
		p->handlers.stream_lost(hop, p->arg);
}

static void on_trace(bool sent, const struct ms_sip_hop *hop, const struct ms_addr *own,
		     struct ms_span message, void *arg)
{
	struct ms_sip_proxy *p = arg;

	p->handlers.trace(sent, hop, own, message, p->arg);
}

static void on_count(enum ms_sip_proxy_counter c, void *arg)
{
	ms_sip_proxy_count(arg, c);
}

/* ---- making ---- */

static int open_wire(struct ms_sip_proxy *p, const struct ms_sip_proxy_config *c,
		     struct ms_buf *error)
{
	const struct ms_sip_wire_handlers h = {
		.received = on_received,
		.lost = on_lost,
		.trace = c->handlers.trace ? on_trace : NULL,
		.count = on_count,
	};

	return ms_sip_wire_new(c, &h, p, error, &p->wire);
}

static int init_keys(struct ms_sip_proxy *p, struct ms_span token_key)
{
	uint8_t random[32];
	int err = ms_random_fill(&ms_random_system, random, sizeof(random));

	if (err == 0)
		err = ms_random_fill(&ms_random_system, p->loop_key, sizeof(p->loop_key));
	ms_hmac_key_set(&p->token_key, MS_HASH_SHA256,
			token_key.len > 0 ? token_key : ms_span_of(random, sizeof(random)));
	ms_wipe(random, sizeof(random));
	return err;
}

static int init(struct ms_sip_proxy *p, const struct ms_sip_proxy_config *c, struct ms_buf *error)
{
	uint8_t key[16];
	int err = init_keys(p, c->token_key);

	if (err == 0)
		err = open_wire(p, c, error);
	if (err == 0)
		err = ms_random_fill(&ms_random_system, key, sizeof(key));
	if (err == 0)
		err = ms_hash_new(2 * p->wire->limits.exchanges, key, &p->servers);
	if (err == 0)
		err = ms_hash_new(4 * p->wire->limits.exchanges, key, &p->clients);
	if (err == 0)
		err = ms_sip_tally_new(p->wire->limits.exchanges, &p->sources);
	return err;
}

int ms_sip_proxy_new(const struct ms_sip_proxy_config *c, struct ms_buf *error,
		     struct ms_sip_proxy **ret_proxy)
{
	struct ms_sip_proxy *p = ms_zalloc(sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->handlers = c->handlers;
	p->arg = c->arg;
	p->flows = c->flows;
	memcpy(p->next_hop, c->next_hop, sizeof(p->next_hop));
	memcpy(p->next_transport, c->next_transport, sizeof(p->next_transport));
	ms_list_init(&p->exchange_list);
	ms_list_init(&p->client_list);
	err = c->handlers.request ? init(p, c, error) : -EINVAL;
	if (err < 0)
		ms_sip_proxy_free(p);
	else
		*ret_proxy = p;
	return err;
}

struct ms_sip_proxy *ms_sip_proxy_free(struct ms_sip_proxy *p)
{
	if (!p)
		return NULL;
	while (!ms_list_empty(&p->client_list)) {
		struct ms_sip_client *c =
			MS_CONTAINER_OF(p->client_list.next, struct ms_sip_client, link);
		ms_sip_originated_f *done = c->done;
		void *arg = c->arg;

		ms_sip_client_free(c);
		if (done)
			done(503, NULL, arg);
	}
	while (!ms_list_empty(&p->exchange_list))
		ms_sip_exchange_free(
			MS_CONTAINER_OF(p->exchange_list.next, struct ms_sip_exchange, link));
	ms_sip_wire_free(p->wire);
	ms_hash_free(p->servers);
	ms_hash_free(p->clients);
	ms_sip_tally_free(p->sources);
	ms_hmac_key_wipe(&p->token_key);
	return ms_free(p);
}

int ms_sip_proxy_change(struct ms_sip_proxy *p, const struct ms_sip_proxy_config *c,
			struct ms_buf *error)
{
	int err = ms_sip_wire_change(p->wire, c, error);

	if (err < 0)
		return err;
	memcpy(p->next_hop, c->next_hop, sizeof(p->next_hop));
	memcpy(p->next_transport, c->next_transport, sizeof(p->next_transport));
	return 0;
}

/* ---- looking ---- */

void ms_sip_proxy_drain(struct ms_sip_proxy *p, bool drain)
{
	p->draining = drain;
}

bool ms_sip_proxy_alive(const struct ms_sip_proxy *p, const struct ms_sip_hop *hop)
{
	return ms_sip_wire_alive(p->wire, hop);
}

uint64_t ms_sip_proxy_counter(const struct ms_sip_proxy *p, enum ms_sip_proxy_counter c)
{
	return c < MS_SIP_PROXY_COUNTERS ? p->counter[c] : 0;
}

size_t ms_sip_proxy_exchanges(const struct ms_sip_proxy *p)
{
	return p->n_exchanges;
}

size_t ms_sip_proxy_unanswered(const struct ms_sip_proxy *p)
{
	struct ms_list *link;
	size_t n = 0;

	ms_list_foreach (link, &p->client_list) {
		struct ms_sip_client *c = MS_CONTAINER_OF(link, struct ms_sip_client, link);

		n += !c->exchange && c->state < MS_SIP_CLIENT_COMPLETED;
	}
	return n;
}

size_t ms_sip_proxy_streams(const struct ms_sip_proxy *p)
{
	return p->wire->n_streams;
}
