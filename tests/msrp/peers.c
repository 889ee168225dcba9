/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "peers.h"

#define URI_A "msrp://a.example:7001/alice;tcp"
#define URI_B "msrp://b.example:7002/bob;tcp"

static int fill(void *arg, void *p, size_t n)
{
	struct peer_random *r = arg;
	uint8_t *out = p;

	for (size_t i = 0; i < n; i++) {
		r->state = r->state * 6364136223846793005u + 1442695040888963407u;
		out[i] = (uint8_t)(r->state >> 56);
	}
	return 0;
}

void peer_random_init(struct peer_random *r, uint64_t seed)
{
	r->state = seed;
	r->random = (struct ms_random){ fill, r };
}

static int on_begin(void *arg, struct ms_msrp_in *in)
{
	struct peer *p = arg;

	(void)in;
	return p->begin_answer;
}

static int on_data(void *arg, struct ms_msrp_in *in, uint64_t offset, struct ms_span octets)
{
	struct peer *p = arg;

	(void)in;
	p->octets += octets.len;
	return offset + octets.len > p->data_from ? p->data_answer : 0;
}

static int on_message(void *arg, struct ms_msrp_in *in, struct ms_span body)
{
	struct peer *p = arg;

	ms_buf_put_str(&p->log, "message ");
	ms_buf_put_span(&p->log, ms_msrp_in_content_type(in));
	ms_buf_put_str(&p->log, " \"");
	ms_buf_put_span(&p->log, ms_span_sub(body, 0, 64));
	ms_buf_put_str(&p->log, "\"\n");
	p->received++;
	p->octets += body.len;
	return p->message_answer;
}

static int on_end(void *arg, struct ms_msrp_in *in, enum ms_msrp_in_end how)
{
	static const char *const name[] = { "complete", "aborted", "stopped", "idle", "lost" };
	struct peer *p = arg;

	(void)in;
	ms_buf_printf(&p->log, "end %s\n", name[how]);
	p->received += how == MS_MSRP_IN_COMPLETE;
	return p->end_answer;
}

static void on_duplicate(void *arg, struct ms_span id)
{
	struct peer *p = arg;

	ms_buf_put_str(&p->log, "duplicate ");
	ms_buf_put_span(&p->log, id);
	ms_buf_put_str(&p->log, "\n");
}

static void on_reported(void *arg, struct ms_msrp_out *out, uint64_t first, uint64_t last)
{
	struct peer *p = arg;

	(void)out;
	ms_buf_printf(&p->log, "reported %llu-%llu\n", (unsigned long long)first,
		      (unsigned long long)last);
}

static void on_done(void *arg, struct ms_msrp_out *out, enum ms_msrp_outcome outcome, int code)
{
	static const char *const name[] = { "sent",      "accepted", "reported",   "refused",
					    "timed-out", "aborted",  "unconfirmed" };
	struct peer *p = arg;

	(void)out;
	ms_buf_printf(&p->log, "done %s %d\n", name[outcome], code);
	p->done++;
	p->outcome = outcome;
	p->code = code;
}

static void on_bound(void *arg)
{
	struct peer *p = arg;

	ms_buf_put_str(&p->log, "bound\n");
}

static void on_failed(void *arg, int code)
{
	struct peer *p = arg;

	ms_buf_printf(&p->log, "failed %d\n", code);
}

void peer_params(struct ms_msrp_session_params *p, struct peer *peer, bool active)
{
	ms_msrp_session_params_init(p);
	p->local_uri = ms_span_str(active ? URI_A : URI_B);
	p->remote_path = ms_span_str(active ? URI_B : URI_A);
	p->active = active;
	p->handlers =
		(struct ms_msrp_handlers){ on_begin,    on_data, on_message, on_end,   on_duplicate,
					   on_reported, on_done, on_bound,   on_failed };
	p->arg = peer;
}

static void peer_init(struct peer *p, uint64_t seed)
{
	*p = (struct peer){ .begin_answer = 1, .keep_seen = true };
	peer_random_init(&p->random, seed);
	ms_buf_init(&p->log, PEER_LOG_MAX);
	ms_buf_init(&p->in, 1 << 24);
	ms_buf_init(&p->seen, 1 << 26);
}

static int peer_start(struct peer *p, const struct ms_msrp_session_params *params)
{
	int err = ms_msrp_conn_new(NULL, &p->random.random, &p->conn);

	if (err == 0)
		err = ms_msrp_session_new(params, &p->random.random, &p->session);
	if (err == 0)
		err = ms_msrp_conn_attach(p->conn, p->session);
	return err;
}

int peers_init(struct peers *p, peers_tune tune)
{
	struct ms_msrp_session_params pa, pb;
	int err;

	p->now = 1000 * MS_SEC;
	p->piece = 4096;
	peer_init(&p->a, 1);
	peer_init(&p->b, 2);
	peer_params(&pa, &p->a, true);
	peer_params(&pb, &p->b, false);
	if (tune)
		tune(&pa, &pb);
	err = peer_start(&p->a, &pa);
	if (err == 0)
		err = peer_start(&p->b, &pb);
	if (err < 0)
		peers_done(p);
	return err;
}

static void peer_done(struct peer *p)
{
	p->session = ms_msrp_session_free(p->session);
	p->conn = ms_msrp_conn_free(p->conn);
	ms_buf_done(&p->log);
	ms_buf_done(&p->in);
	ms_buf_done(&p->seen);
}

void peers_done(struct peers *p)
{
	peer_done(&p->a);
	peer_done(&p->b);
}

static int give(struct peers *p, struct peer *to)
{
	size_t used = 0;
	int err = ms_msrp_conn_input(to->conn, ms_buf_span(&to->in), p->now, &used);

	if (err == 0)
		ms_buf_consume(&to->in, used);
	return err;
}

bool peers_step(struct peers *p, struct peer *from, struct peer *to, int *ret_err)
{
	static uint8_t octets[1 << 18];
	size_t size = p->piece < sizeof(octets) ? p->piece : sizeof(octets);
	size_t before = to->in.len;
	size_t n = ms_msrp_conn_output(from->conn, octets, size, p->now);

	*ret_err = ms_msrp_conn_status(from->conn);
	if (from->keep_seen)
		ms_buf_put(&from->seen, octets, n);
	ms_buf_put(&to->in, octets, n);
	if (*ret_err == 0)
		*ret_err = ms_buf_status(&to->in);
	if (*ret_err == 0)
		*ret_err = give(p, to);
	return n > 0 || to->in.len != before;
}

int peers_run(struct peers *p)
{
	bool moved = true;
	int err = 0;

	while (moved && err == 0) {
		moved = peers_step(p, &p->a, &p->b, &err);
		if (err == 0)
			moved |= peers_step(p, &p->b, &p->a, &err);
	}
	return err;
}

int peer_feed(struct peers *p, struct peer *to, const char *text)
{
	ms_buf_put_str(&to->in, text);
	return give(p, to);
}

struct ms_span peer_fetch(struct peers *p, struct peer *from)
{
	uint8_t octets[512];
	size_t start = from->seen.len, n;

	while ((n = ms_msrp_conn_output(from->conn, octets, sizeof(octets), p->now)) > 0)
		ms_buf_put(&from->seen, octets, n);
	return ms_span_from(ms_buf_span(&from->seen), start);
}

int peer_say(struct peer *from, const char *text, struct ms_msrp_out **ret_out)
{
	struct ms_msrp_send m = { .content_type = MS_SPAN_LIT("text/plain"),
				  .body = ms_span_str(text) };

	return ms_msrp_send(from->session, &m, ret_out);
}

const char *peer_log(struct peer *p)
{
	return ms_buf_cstr(&p->log);
}
