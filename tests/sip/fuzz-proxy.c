/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proxy's engine under messages in any order: an input is a list of lines "letter argument",
 *
 *   > the octets that follow (to a line "."), as a request or response from the core
 *   < the same, from a user
 *   NNN  an answer with that status to the last request that the proxy sent
 *   f r h  what becomes of the next request: forwarded, rejected, held
 *   d  a request that was held is forwarded now
 *   p a e  what becomes of the next response: passed, absorbed, replaced by 488
 *
 * Nothing may crash, and each exchange that the program was told of is told to have ended.
 */
#include <errno.h>
#include <stdlib.h>

#include "loop/loop.h"
#include "sip/proxy-priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HELD_MAX 8

struct world {
	struct ms_sip_proxy *proxy;
	struct ms_sip_exchange *held[HELD_MAX];
	size_t n_held, known;
	uint8_t request, response; /* what becomes of the next one */
	struct ms_buf last;        /* the last request that was sent */
	struct ms_sip_hop last_to;
};

static void check(int condition)
{
	if (!condition)
		abort();
}

static void forward(struct ms_sip_exchange *x)
{
	static const struct ms_sip_edit edit = { "X-Fuzz", { (const uint8_t *)"1", 1 }, false };
	struct ms_sip_forward f = { .record_route = true,
				    .path = true,
				    .change = { .edits = &edit, .n_edits = 1 } };

	if (ms_sip_exchange_forward(x, &f) == -ENETUNREACH)
		ms_sip_exchange_reject(x, 404, NULL, NULL);
}

static void on_request(struct ms_sip_exchange *x, void *arg)
{
	struct world *w = arg;

	w->known++;
	if (w->request == 'r')
		ms_sip_exchange_reject(x, 488, NULL, NULL);
	else if (w->request == 'h' && w->n_held < HELD_MAX)
		w->held[w->n_held++] = x;
	else
		forward(x);
}

static void on_response(struct ms_sip_exchange *x, const struct ms_sip_packet *m,
			enum ms_sip_failure why, void *arg)
{
	struct world *w = arg;

	check(!m == (why != MS_SIP_NO_FAILURE));
	if (w->response == 'a')
		ms_sip_exchange_absorb(x);
	else if (w->response == 'e')
		ms_sip_exchange_replace(x, 488, NULL);
	else
		ms_sip_exchange_pass(x, NULL);
}

static void on_ended(struct ms_sip_exchange *x, void *arg)
{
	struct world *w = arg;

	check(w->known > 0);
	w->known--;
	for (size_t i = 0; i < w->n_held; i++)
		if (w->held[i] == x)
			w->held[i] = NULL;
}

static void on_trace(bool sent, const struct ms_sip_hop *hop, const struct ms_addr *own,
		     struct ms_span message, void *arg)
{
	struct world *w = arg;

	(void)own;
	if (!sent || ms_span_starts(message, MS_SPAN_LIT("SIP/2.0")))
		return;
	ms_buf_reset(&w->last);
	ms_buf_put_span(&w->last, message);
	w->last_to = *hop;
}

static void come(struct world *w, const struct ms_sip_hop *from, struct ms_span octets)
{
	struct ms_sip_wire *wire = w->proxy->wire;

	wire->handlers.received(from, octets, wire->arg);
}

static void answer(struct world *w, unsigned status)
{
	struct ms_sip_packet *m;
	struct ms_buf b;

	if (status < 100 || status > 699 || ms_sip_packet_read(ms_buf_span(&w->last), &m, NULL) < 0)
		return;
	ms_buf_init(&b, 1 << 18);
	ms_sip_packet_answer(m, status, NULL, "fuzz", MS_SPAN_NULL, NULL, &b);
	check(ms_buf_status(&b) == 0);
	come(w, &w->last_to, ms_buf_span(&b));
	ms_buf_done(&b);
	ms_sip_packet_unref(m);
}

static void step(struct world *w, struct ms_span line)
{
	uint64_t status;

	if (ms_span_u64(line, 699, &status) == 0)
		answer(w, (unsigned)status);
	else if (line.len == 1 && strchr("frh", line.p[0]))
		w->request = line.p[0];
	else if (line.len == 1 && strchr("pae", line.p[0]))
		w->response = line.p[0];
	else if (ms_span_is(line, "d") && w->n_held > 0 && w->held[--w->n_held])
		forward(w->held[w->n_held]);
}

static void play(struct world *w, struct ms_span rest)
{
	struct ms_sip_hop hops[2] = { { .side = MS_SIP_ACCESS, .point = 0 },
				      { .side = MS_SIP_CORE, .point = 1 } };

	for (size_t i = 0; i < 2; i++)
		check(ms_addr_parse(MS_SPAN_LIT("127.0.0.1"), 9, &hops[i].peer) == 0);
	for (size_t n = 0; rest.len > 0 && n < 64; n++) {
		struct ms_span line = ms_span_cut(&rest, '\n');

		if (ms_span_is(line, ">") || ms_span_is(line, "<")) {
			size_t end = ms_span_find_span(rest, MS_SPAN_LIT("\n.\n"));

			come(w, &hops[line.p[0] == '>'], ms_span_sub(rest, 0, end + 1));
			rest = ms_span_from(rest, end + 3);
		} else {
			step(w, line);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool loop;
	struct ms_sip_point points[2] = { { .side = MS_SIP_ACCESS }, { .side = MS_SIP_CORE } };
	struct world w = { .request = 'f', .response = 'p' };
	struct ms_sip_proxy_config c = {
		.points = points,
		.n_points = 2,
		.flows = true,
		.token_key = MS_SPAN_LIT("0123456789abcdef"),
		.limits = { .exchanges = 32, .per_source = 16, .message = 65536 },
		.handlers = { .request = on_request,
			      .response = on_response,
			      .ended = on_ended,
			      .trace = on_trace },
		.arg = &w,
	};

	if (!loop)
		check(ms_loop_init() == 0);
	loop = true;
	for (size_t i = 0; i < 2; i++)
		check(ms_addr_parse(MS_SPAN_LIT("127.0.0.1:0"), 0, &points[i].address) == 0);
	check(ms_addr_parse(MS_SPAN_LIT("127.0.0.1:9"), 0, &c.next_hop[MS_SIP_CORE]) == 0);
	ms_buf_init(&w.last, 1 << 18);
	check(ms_sip_proxy_new(&c, NULL, &w.proxy) == 0);
	play(&w, ms_span_of(data, size));
	ms_sip_proxy_free(w.proxy);
	check(w.known == 0);
	ms_buf_done(&w.last);
	return 0;
}
