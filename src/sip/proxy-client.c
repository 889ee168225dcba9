/* SPDX-License-Identifier: Apache-2.0 */
/* Client transactions: RFC 3261 section 17.1, with the Accepted state of RFC 6026 section 7.2. */
#include <errno.h>

#include "core/alloc.h"
#include "sip/proxy-priv.h"

static bool is_udp(const struct ms_sip_client *c)
{
	return c->hop.transport == MS_SIP_UDP;
}

void ms_sip_client_free(struct ms_sip_client *c)
{
	ms_timer_stop(&c->repeat);
	ms_timer_stop(&c->timer);
	ms_timer_stop(&c->ringing);
	if (c->key)
		(void)ms_hash_take(c->proxy->clients, ms_span_str(c->key));
	if (c->exchange)
		c->exchange->client = NULL;
	ms_list_remove(&c->link);
	ms_buf_done(&c->message);
	ms_buf_done(&c->fallback);
	ms_free(c->key);
	ms_free(c);
}

/* ---- telling ---- */

/* Once for our own requests; the exchange hears everything. */
static void tell(struct ms_sip_client *c, struct ms_sip_packet *m, enum ms_sip_failure why)
{
	ms_sip_originated_f *done = c->done;

	if (c->exchange) {
		ms_sip_exchange_heard(c->exchange, m, why);
	} else if (done && (!m || m->status >= 200)) {
		c->done = NULL;
		done(m ? m->status : why == MS_SIP_FAILED_TIMEOUT ? 408 : 503, m, c->arg);
	}
}

void ms_sip_client_orphan(struct ms_sip_client *c)
{
	c->exchange = NULL;
	c->done = NULL;
}

static enum ms_sip_failure kind_of(const struct ms_sip_client *c, enum ms_sip_failure why)
{
	bool flow = c->proxy->flows && c->hop.side == MS_SIP_ACCESS;

	return why == MS_SIP_FAILED_TRANSPORT && flow ? MS_SIP_FAILED_FLOW : why;
}

static void fail(struct ms_sip_client *c, enum ms_sip_failure why)
{
	static const enum ms_sip_proxy_counter counters[] = {
		[MS_SIP_FAILED_TIMEOUT] = MS_SIP_PROXY_TIMEOUTS,
		[MS_SIP_FAILED_TRANSPORT] = MS_SIP_PROXY_TRANSPORT,
		[MS_SIP_FAILED_FLOW] = MS_SIP_PROXY_FLOW_FAILED,
	};
	struct ms_sip_exchange *x = c->exchange;
	ms_sip_originated_f *done = c->done;
	void *arg = c->arg;

	why = kind_of(c, why);
	ms_sip_proxy_count(c->proxy, counters[why]);
	/* It is gone when they are told, so that the exchange may try another hop. */
	ms_sip_client_free(c);
	if (x)
		ms_sip_exchange_heard(x, NULL, why);
	else if (done)
		done(why == MS_SIP_FAILED_TIMEOUT ? 408 : 503, NULL, arg);
}

/* ---- sending ---- */

static int transmit(struct ms_sip_client *c)
{
	return ms_sip_wire_send(c->proxy->wire, &c->hop, ms_buf_span(&c->message));
}

/* Section 18.1.1: the peer has no TCP, so the message goes by UDP whatever its size. */
static bool fall_back(struct ms_sip_client *c)
{
	if (c->fallback.len == 0 || c->state != MS_SIP_CLIENT_CALLING)
		return false;
	ms_buf_done(&c->message);
	c->message = c->fallback;
	ms_buf_init(&c->fallback, 0);
	c->hop = c->fallback_hop;
	c->unsent = false;
	if (c->exchange)
		c->exchange->to = c->hop;
	if (transmit(c) < 0)
		return false;
	ms_timer_start(&c->timer, MS_SIP_PROXY_64T1);
	ms_timer_start(&c->repeat, c->interval);
	return true;
}

void ms_sip_client_failed(struct ms_sip_client *c, enum ms_sip_failure why)
{
	/* What has its final answer does not care. */
	if (c->state >= MS_SIP_CLIENT_COMPLETED || fall_back(c))
		return;
	fail(c, why);
}

/* Timers A and E. */
static void repeat_due(void *arg)
{
	struct ms_sip_client *c = arg;

	if (c->invite && c->state != MS_SIP_CLIENT_CALLING)
		return;
	c->interval *= 2;
	if (!c->invite && (c->interval > MS_SIP_PROXY_T2 || c->state == MS_SIP_CLIENT_PROCEEDING))
		c->interval = MS_SIP_PROXY_T2;
	ms_timer_start(&c->repeat, c->interval);
	if (transmit(c) < 0)
		ms_sip_client_failed(c, MS_SIP_FAILED_TRANSPORT);
}

/* Timers B and F: no answer; D, K and M: nothing comes any more. */
static void time_due(void *arg)
{
	struct ms_sip_client *c = arg;

	if (c->state >= MS_SIP_CLIENT_COMPLETED)
		ms_sip_client_free(c);
	else if (c->unsent)
		ms_sip_client_failed(c, MS_SIP_FAILED_TRANSPORT);
	else
		fail(c, MS_SIP_FAILED_TIMEOUT);
}

/* Timer C (section 16.8), and the patience after CANCEL (section 9.1). */
static void ringing_due(void *arg)
{
	struct ms_sip_client *c = arg;

	if (c->state != MS_SIP_CLIENT_PROCEEDING || c->cancelled)
		fail(c, MS_SIP_FAILED_TIMEOUT);
	else
		ms_sip_client_cancel(c);
}

static char *key_of(const char *branch, struct ms_span method)
{
	char text[128];
	struct ms_buf b;

	ms_buf_init_fixed(&b, text, sizeof(text) - 1);
	ms_buf_put_str(&b, branch);
	ms_buf_put_u8(&b, '|');
	/* A method that is cut off here is not answered; nobody has one. */
	ms_buf_put_span(&b, ms_span_sub(method, 0, 64));
	return ms_strdup(ms_buf_cstr(&b));
}

static int enlist(struct ms_sip_client *c, const struct ms_sip_client_spec *spec)
{
	c->key = key_of(spec->branch, spec->method);
	if (!c->key)
		return -ENOMEM;
	return ms_hash_put(c->proxy->clients, ms_span_str(c->key), c);
}

/* A failure of the first sending is told by the timer, never before the caller knows the client. */
static void begin(struct ms_sip_client *c)
{
	c->unsent = transmit(c) < 0;
	ms_timer_start(&c->timer, c->unsent ? 0 : MS_SIP_PROXY_64T1);
	if (is_udp(c) && !c->unsent)
		ms_timer_start(&c->repeat, c->interval);
}

static void steal(struct ms_buf *from, struct ms_buf *to)
{
	*to = *from;
	ms_buf_init(from, 0);
}

int ms_sip_client_start(struct ms_sip_proxy *p, const struct ms_sip_client_spec *spec,
			struct ms_sip_client **ret_c)
{
	struct ms_sip_client *c = ms_zalloc(sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->proxy = p;
	c->invite = ms_span_is(spec->method, "INVITE");
	c->hop = *spec->hop;
	c->interval = MS_SIP_PROXY_T1;
	ms_timer_init(&c->repeat, "sip.repeat", repeat_due, c);
	ms_timer_init(&c->timer, "sip.client", time_due, c);
	ms_timer_init(&c->ringing, "sip.timer-c", ringing_due, c);
	ms_list_append(&p->client_list, &c->link);
	err = enlist(c, spec);
	if (err < 0) {
		ms_free(c->key);
		c->key = NULL;
		ms_sip_client_free(c);
		return err;
	}
	c->exchange = spec->exchange;
	c->done = spec->done;
	c->arg = spec->arg;
	steal(spec->message, &c->message);
	if (spec->fallback && spec->fallback_hop) {
		steal(spec->fallback, &c->fallback);
		c->fallback_hop = *spec->fallback_hop;
	}
	*ret_c = c;
	begin(c);
	return 0;
}

/* ---- ACK of refusals, CANCEL ---- */

/* Sections 17.1.1.3 and 9.1: like the request, with its topmost Via and its Route. */
static int write_like(const struct ms_sip_client *c, const char *method, struct ms_span to,
		      struct ms_buf *b)
{
	struct ms_sip_packet *m;
	struct ms_span v;
	int err = ms_sip_packet_read(ms_buf_span(&c->message), &m, NULL);

	if (err < 0)
		return err;
	ms_buf_printf(b, "%s %.*s SIP/2.0\r\n", method, MS_SPAN_FMT(m->uri));
	if (ms_sip_packet_element(m, "Via", 0, &v))
		ms_buf_printf(b, "Via: %.*s\r\n", MS_SPAN_FMT(v));
	for (size_t i = 0; ms_sip_packet_line(m, "Route", i, &v); i++)
		ms_buf_printf(b, "Route: %.*s\r\n", MS_SPAN_FMT(v));
	v = ms_sip_packet_get(m, "From");
	ms_buf_printf(b, "Max-Forwards: 70\r\nFrom: %.*s\r\n", MS_SPAN_FMT(v));
	v = to.p ? to : ms_sip_packet_get(m, "To");
	ms_buf_printf(b, "To: %.*s\r\nCall-ID: %.*s\r\nCSeq: %u %s\r\nContent-Length: 0\r\n\r\n",
		      MS_SPAN_FMT(v), MS_SPAN_FMT(m->call_id), m->cseq, method);
	ms_sip_packet_unref(m);
	return ms_buf_status(b);
}

static void send_ack(struct ms_sip_client *c, const struct ms_sip_packet *m)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf ack;

	ms_buf_init(&ack, 65536);
	if (write_like(c, "ACK", ms_sip_packet_get(m, "To"), &ack) < 0 ||
	    ms_sip_wire_send(c->proxy->wire, &c->hop, ms_buf_span(&ack)) < 0)
		ms_sip_proxy_count(c->proxy, MS_SIP_PROXY_TRANSPORT);
}

static int send_cancel(struct ms_sip_client *c)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf message;
	struct ms_span branch = ms_span_str(c->key);
	char text[MS_SIP_BRANCH_SIZE];
	struct ms_sip_client *cancel;
	struct ms_sip_client_spec spec = {
		.branch = text, .method = MS_SPAN_LIT("CANCEL"), .hop = &c->hop, .message = &message
	};
	int err;

	ms_buf_init(&message, 65536);
	err = ms_span_to_str(ms_span_cut(&branch, '|'), text, sizeof(text));
	if (err == 0)
		err = write_like(c, "CANCEL", MS_SPAN_NULL, &message);
	return err < 0 ? err : ms_sip_client_start(c->proxy, &spec, &cancel);
}

void ms_sip_client_cancel(struct ms_sip_client *c)
{
	if (!c->invite || c->cancelled || c->state >= MS_SIP_CLIENT_COMPLETED)
		return;
	/* Section 9.1: not before a provisional answer. */
	if (c->state == MS_SIP_CLIENT_CALLING) {
		c->cancelling = true;
		return;
	}
	c->cancelled = true;
	if (send_cancel(c) < 0)
		ms_sip_proxy_count(c->proxy, MS_SIP_PROXY_TRANSPORT);
	ms_timer_start(&c->ringing, MS_SIP_PROXY_64T1);
}

/* ---- responses ---- */

static void provisional(struct ms_sip_client *c, struct ms_sip_packet *m)
{
	if (c->state > MS_SIP_CLIENT_PROCEEDING)
		return;
	c->state = MS_SIP_CLIENT_PROCEEDING;
	if (c->invite) {
		ms_timer_stop(&c->repeat);
		ms_timer_stop(&c->timer);
		if (!c->cancelled && (m->status > 100 || !ms_timer_running(&c->ringing)))
			ms_timer_start(&c->ringing, c->proxy->wire->limits.timer_c);
		if (c->cancelling)
			ms_sip_client_cancel(c);
	}
	tell(c, m, MS_SIP_NO_FAILURE);
}

static void finish(struct ms_sip_client *c, enum ms_sip_client_state state, ms_usec linger)
{
	c->state = state;
	ms_timer_stop(&c->repeat);
	ms_timer_stop(&c->ringing);
	ms_timer_start(&c->timer, linger);
}

static void final_invite(struct ms_sip_client *c, struct ms_sip_packet *m)
{
	bool ok = m->status < 300, again = c->state >= MS_SIP_CLIENT_COMPLETED;

	if (!ok) {
		if (c->state == MS_SIP_CLIENT_ACCEPTED)
			return;
		send_ack(c, m);
	}
	if (again && !ok) {
		ms_sip_proxy_count(c->proxy, MS_SIP_PROXY_REPETITIONS);
		return;
	}
	if (!again)
		finish(c, ok ? MS_SIP_CLIENT_ACCEPTED : MS_SIP_CLIENT_COMPLETED,
		       ok || is_udp(c) ? MS_SIP_PROXY_64T1 : 0);
	tell(c, m, MS_SIP_NO_FAILURE);
}

void ms_sip_client_response(struct ms_sip_client *c, struct ms_sip_packet *m)
{
	if (m->status < 200) {
		provisional(c, m);
	} else if (c->invite) {
		final_invite(c, m);
	} else if (c->state >= MS_SIP_CLIENT_COMPLETED) {
		ms_sip_proxy_count(c->proxy, MS_SIP_PROXY_REPETITIONS);
	} else {
		finish(c, MS_SIP_CLIENT_COMPLETED, is_udp(c) ? MS_SIP_PROXY_T4 : 0);
		tell(c, m, MS_SIP_NO_FAILURE);
	}
}
