/* SPDX-License-Identifier: Apache-2.0 */
/* Sending a request on: RFC 3261 section 16.6; and requests of our own. */
#include <errno.h>

#include "core/hex.h"
#include "core/random.h"
#include "sip/proxy-priv.h"

#define COOKIE "z9hG4bK"
#define LOOP_DIGITS 16

/* ---- branches ---- */

/* What decides where a request goes (section 16.6 item 8): if it is the same, it goes in circles. */
static uint64_t loop_value(struct ms_sip_proxy *p, const struct ms_sip_packet *m)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_span route;

	ms_buf_init(&b, (size_t)1 << 20);
	ms_buf_put_span(&b, m->uri);
	ms_buf_printf(&b, "|%u|", m->cseq);
	ms_buf_put_span(&b, m->call_id);
	ms_buf_put_u8(&b, '|');
	ms_buf_put_span(&b, m->from_tag);
	ms_buf_put_u8(&b, '|');
	ms_buf_put_span(&b, m->to_tag);
	for (size_t i = 0; ms_sip_packet_line(m, "Route", i, &route); i++)
		ms_buf_put_span(&b, route);
	return ms_siphash(p->loop_key, ms_buf_span(&b));
}

static void put_hex64(struct ms_buf *b, uint64_t v)
{
	uint8_t octets[8];

	for (size_t i = 0; i < 8; i++)
		octets[i] = (uint8_t)(v >> (56 - 8 * i));
	ms_hex_encode(b, ms_span_of(octets, sizeof(octets)));
}

int ms_sip_proxy_branch(struct ms_sip_proxy *p, const struct ms_sip_packet *m,
			char dst[static MS_SIP_BRANCH_SIZE])
{
	uint8_t random[8];
	struct ms_buf b;
	int err = ms_random_fill(&ms_random_system, random, sizeof(random));

	if (err < 0)
		return err;
	ms_buf_init_fixed(&b, dst, MS_SIP_BRANCH_SIZE);
	ms_buf_put_str(&b, COOKIE);
	ms_hex_encode(&b, ms_span_of(random, sizeof(random)));
	ms_buf_put_u8(&b, '.');
	put_hex64(&b, m ? loop_value(p, m) : 0);
	(void)ms_buf_cstr(&b);
	return ms_buf_status(&b);
}

static bool is_our_via(const struct ms_sip_proxy *p, struct ms_span via, struct ms_span loop)
{
	struct ms_span sent_by, host, branch, port;
	uint64_t number = 0;

	(void)ms_span_cut(&via, ' ');
	sent_by = ms_span_trim(ms_span_sub(via, 0, ms_span_find(via, ';')));
	if (!ms_sip_param(ms_span_from(via, ms_span_find(via, ';')), "branch", &branch) ||
	    branch.len != MS_SIP_BRANCH_SIZE - 1)
		return false;
	port = sent_by;
	if (sent_by.len > 0 && sent_by.p[0] == '[') {
		host = ms_span_sub(sent_by, 1, ms_span_find(sent_by, ']') - 1);
		port = ms_span_from(sent_by, host.len + 2);
		(void)ms_span_cut(&port, ':');
	} else {
		host = ms_span_cut(&port, ':');
	}
	if (port.len > 0 && ms_span_u64(port, UINT16_MAX, &number) < 0)
		return false;
	return ms_span_eq(ms_span_from(branch, branch.len - LOOP_DIGITS), loop) &&
	       ms_sip_proxy_is_own(p, host, (uint16_t)number);
}

bool ms_sip_proxy_is_loop(struct ms_sip_proxy *p, const struct ms_sip_packet *m)
{
	char digits[LOOP_DIGITS + 1];
	struct ms_span via;
	struct ms_buf b;

	ms_buf_init_fixed(&b, digits, sizeof(digits));
	put_hex64(&b, loop_value(p, m));
	for (size_t i = 0; ms_sip_packet_element(m, "Via", i, &via); i++)
		if (is_our_via(p, via, ms_buf_span(&b)))
			return true;
	return false;
}

void ms_sip_proxy_put_via(struct ms_sip_proxy *p, const struct ms_sip_hop *hop, const char *branch,
			  struct ms_buf *b)
{
	static const char *const names[] = { "UDP", "TCP", "TLS" };

	ms_buf_printf(b, "SIP/2.0/%s ", names[hop->transport]);
	ms_sip_wire_put_host(&p->wire->point[hop->point], b);
	ms_buf_printf(b, ";branch=%s;rport", branch);
}

/* ---- sending on ---- */

static int write_for(struct ms_sip_exchange *x, const struct ms_sip_forward *f,
		     const struct ms_sip_hop *hop, const char *branch, struct ms_buf *b)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf via, head, received;
	struct ms_sip_rewrite r = { .change = &f->change, .uri = f->uri };

	ms_buf_init(&via, 512);
	ms_buf_init(&head, 2048);
	ms_buf_init(&received, 256);
	ms_sip_proxy_put_via(x->proxy, hop, branch, &via);
	ms_sip_put_via_received(x->request, &x->from, &received);
	if (f->record_route)
		ms_sip_put_record_route(x, hop, &head);
	if (f->path)
		ms_sip_put_path(x, hop, &head);
	r.via = ms_buf_span(&via);
	r.head = ms_buf_span(&head);
	r.received = ms_buf_span(&received);
	r.routes_used = f->drop_routes ? SIZE_MAX : x->own_routes;
	r.max_forwards = (int)x->request->max_forwards - 1;
	ms_sip_packet_write(x->request, &r, b);
	if (ms_buf_status(&via) || ms_buf_status(&head) || ms_buf_status(&received))
		return -ENOMEM;
	return ms_buf_status(b);
}

/* Section 18.1.1: too long for UDP, and TCP leads to the same place. A user's flow stays what it is. */
static bool outgrown(const struct ms_sip_exchange *x, const struct ms_sip_hop *hop, size_t len,
		     struct ms_sip_hop *ret_hop)
{
	const struct ms_sip_proxy *p = x->proxy;
	const struct ms_sip_wire_point *point;

	if (hop->transport != MS_SIP_UDP || len <= p->wire->limits.udp ||
	    (p->flows && hop->side == MS_SIP_ACCESS))
		return false;
	point = ms_sip_wire_point_for(p->wire, hop->side, MS_SIP_TCP, ms_addr_family(&hop->peer));
	if (!point)
		return false;
	*ret_hop = *hop;
	ret_hop->transport = MS_SIP_TCP;
	ret_hop->point = point->index;
	return true;
}

static int send_ack(struct ms_sip_exchange *x, struct ms_sip_hop *hop, struct ms_span octets)
{
	int err = ms_sip_wire_send(x->proxy->wire, hop, octets);

	/* Nobody can be told; the other end repeats its 2xx. */
	if (err < 0)
		ms_sip_proxy_count(x->proxy, MS_SIP_PROXY_TRANSPORT);
	x->state = MS_SIP_SERVER_OVER;
	ms_timer_start(&x->timer, 0);
	return 0;
}

static int start(struct ms_sip_exchange *x, const struct ms_sip_forward *f,
		 const struct ms_sip_hop *hop)
{
	struct ms_buf message, fallback;
	char branch[MS_SIP_BRANCH_SIZE];
	struct ms_sip_hop big, use = *hop;
	struct ms_sip_client_spec spec = { .branch = branch,
					   .method = x->request->method,
					   .exchange = x,
					   .message = &message,
					   .hop = &use };
	int err = ms_sip_proxy_branch(x->proxy, x->request, branch);

	if (err < 0)
		return err;
	ms_buf_init(&message, 2 * x->proxy->wire->limits.message);
	ms_buf_init(&fallback, 2 * x->proxy->wire->limits.message);
	err = write_for(x, f, hop, branch, &message);
	if (err == 0 && outgrown(x, hop, message.len, &big)) {
		err = write_for(x, f, &big, branch, &fallback);
		spec.message = &fallback;
		spec.fallback = &message;
		spec.fallback_hop = hop;
		use = big;
	}
	if (err == 0)
		err = x->ack ? send_ack(x, &use, ms_buf_span(spec.message))
			     : ms_sip_client_start(x->proxy, &spec, &x->client);
	x->to = use;
	ms_buf_done(&message);
	ms_buf_done(&fallback);
	return err;
}

static int forward(struct ms_sip_exchange *x, const struct ms_sip_forward *f)
{
	struct ms_sip_hop hop;
	int err;

	if (f->hop)
		hop = *f->hop;
	else if (!ms_sip_exchange_next(x, &hop))
		return -ENETUNREACH;
	if (hop.point >= x->proxy->wire->n_points)
		return -ENETUNREACH;
	err = start(x, f, &hop);
	if (err == 0) {
		x->decided = true;
		ms_timer_stop(&x->decision);
	}
	return err;
}

int ms_sip_exchange_forward(struct ms_sip_exchange *x, const struct ms_sip_forward *f)
{
	return x->decided || x->state != MS_SIP_SERVER_PROCEEDING ? -EALREADY : forward(x, f);
}

/* ---- requests of our own ---- */

static int origin_hop(const struct ms_sip_proxy *p, const struct ms_sip_origin *o,
		      struct ms_sip_hop *ret_hop)
{
	struct ms_sip_address a;

	if (o->hop) {
		*ret_hop = *o->hop;
		return o->hop->point < p->wire->n_points ? 0 : -ENETUNREACH;
	}
	if (o->n_routes > 0 && ms_sip_address_parse(o->routes[0], &a) < 0)
		return -EINVAL;
	return ms_sip_proxy_hop_of(p, o->side, o->n_routes > 0 ? a.uri : o->uri, ret_hop)
		       ? 0
		       : -ENETUNREACH;
}

static void put_plain(struct ms_buf *b, const char *name, struct ms_span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.p[i] == '\r' || value.p[i] == '\n' || value.p[i] == '\0')
			ms_buf_fail(b, -EINVAL);
	ms_buf_printf(b, "%s: ", name);
	ms_buf_put_span(b, value);
	ms_buf_put_str(b, "\r\n");
}

static void put_call_id(struct ms_sip_proxy *p, const struct ms_sip_origin *o, struct ms_buf *b)
{
	char fresh[MS_SIP_BRANCH_SIZE];

	if (o->call_id.len > 0)
		put_plain(b, "Call-ID", o->call_id);
	else if (ms_sip_proxy_branch(p, NULL, fresh) == 0)
		put_plain(b, "Call-ID", ms_span_str(fresh + strlen(COOKIE)));
	else
		ms_buf_fail(b, -EIO);
}

static void write_origin(struct ms_sip_proxy *p, const struct ms_sip_origin *o,
			 const struct ms_sip_hop *hop, const char *branch, struct ms_buf *b)
{
	const struct ms_sip_change *c = &o->content;

	ms_buf_printf(b, "%s %.*s SIP/2.0\r\nVia: ", o->method, MS_SPAN_FMT(o->uri));
	ms_sip_proxy_put_via(p, hop, branch, b);
	ms_buf_printf(b, "\r\nMax-Forwards: %u\r\n", o->max_forwards ? o->max_forwards : 70);
	for (size_t i = 0; i < o->n_routes; i++)
		put_plain(b, "Route", o->routes[i]);
	put_plain(b, "From", o->from);
	put_plain(b, "To", o->to);
	put_call_id(p, o, b);
	ms_buf_printf(b, "CSeq: %u %s\r\n", o->cseq, o->method);
	for (size_t i = 0; i < c->n_edits; i++)
		put_plain(b, c->edits[i].name, c->edits[i].value);
	if (c->content_type)
		put_plain(b, "Content-Type", ms_span_str(c->content_type));
	ms_buf_printf(b, "Content-Length: %zu\r\n\r\n", c->body.len);
	ms_buf_put_span(b, c->body);
}

int ms_sip_proxy_originate(struct ms_sip_proxy *p, const struct ms_sip_origin *o)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf message;
	char branch[MS_SIP_BRANCH_SIZE];
	struct ms_sip_client *c;
	struct ms_sip_hop hop;
	struct ms_sip_client_spec spec = { .branch = branch,
					   .method = ms_span_str(o->method),
					   .done = o->done,
					   .arg = o->arg,
					   .hop = &hop,
					   .message = &message };
	int err;

	ms_buf_init(&message, 2 * p->wire->limits.message);
	err = origin_hop(p, o, &hop);
	if (err == 0)
		err = ms_sip_proxy_branch(p, NULL, branch);
	if (err < 0)
		return err;
	write_origin(p, o, &hop, branch, &message);
	err = ms_buf_status(&message);
	if (err < 0)
		return err;
	ms_sip_proxy_count(p, MS_SIP_PROXY_ORIGINATED);
	if (strcmp(o->method, "ACK") == 0)
		return ms_sip_wire_send(p->wire, &hop, ms_buf_span(&message));
	return ms_sip_client_start(p, &spec, &c);
}
