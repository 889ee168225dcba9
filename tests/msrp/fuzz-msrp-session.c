/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session engine against a peer that sends anything. The first octet chooses the role and how the
 * stream is cut, the second what the handlers answer. What the engine says back must be MSRP.
 */
#include <stdlib.h>

#include "msrp/auth.h"
#include "parse-log.h"
#include "peers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Everything the engine sends must parse, and be requests and responses without a fault. */
static void check_output(struct ms_msrp_parser *parser, struct ms_span octets)
{
	struct ms_span body;
	int event;

	while ((event = ms_msrp_parser_next(parser, &octets, &body)) > 0) {
		if (event == MS_MSRP_PARSE_HEAD && parser->head.refuse.code != 0)
			abort();
	}
	if (event < 0)
		abort();
}

static void drain(struct ms_msrp_conn *c, struct ms_msrp_parser *parser, ms_usec now)
{
	uint8_t octets[700];
	size_t n;

	while ((n = ms_msrp_conn_output(c, octets, sizeof(octets), now)) > 0)
		check_output(parser, ms_span_of(octets, n));
}

static void converse(struct ms_msrp_conn *c, struct ms_msrp_parser *parser, struct ms_span stream,
		     uint8_t choice)
{
	uint32_t seed = choice;
	ms_usec now = MS_SEC;

	while (stream.len > 0) {
		size_t n = parse_cut_random(&seed, stream.len), used = 0;

		if (ms_msrp_conn_input(c, ms_span_sub(stream, 0, n), now, &used) < 0)
			return;
		if (used > n)
			abort();
		stream = ms_span_from(stream, used);
		if (used < n || seed % 3 == 0)
			drain(c, parser, now);
		now += MS_SEC;
		if (ms_msrp_conn_deadline(c) <= now)
			ms_msrp_conn_tick(c, now);
	}
	drain(c, parser, now);
}

static void on_auth(void *arg, int err, int code, struct ms_span use_path, uint32_t expires)
{
	(void)arg;
	(void)code;
	(void)expires;
	if (err == 0 && use_path.len == 0)
		abort();
}

static struct ms_msrp_auth *start_auth(struct ms_msrp_conn *c, const struct ms_random *random)
{
	struct ms_msrp_auth_params params = {
		.to_path = MS_SPAN_LIT("msrp://relay.example:1;tcp"),
		.local_uri = MS_SPAN_LIT("msrp://a.example:7001/alice;tcp"),
		.user = MS_SPAN_LIT("alice"),
		.password = MS_SPAN_LIT("secret"),
		.done = on_auth,
	};
	struct ms_msrp_auth *a;

	if (ms_msrp_auth_start(c, &params, random, &a) < 0)
		abort();
	return a;
}

static void run(struct peer *p, uint8_t choice, uint8_t answers, struct ms_span stream)
{
	struct ms_msrp_session_params params;
	struct ms_msrp_parser parser;
	struct ms_msrp_auth *auth = NULL;

	peer_params(&params, p, (choice & 1) != 0);
	params.limits.incoming = 4;
	params.limits.collect = 4096;
	params.max_size = 8192;
	ms_msrp_parser_init(&parser, NULL);
	if (ms_msrp_conn_new(NULL, &p->random.random, &p->conn) < 0 ||
	    ms_msrp_session_new(&params, &p->random.random, &p->session) < 0 ||
	    ms_msrp_conn_attach(p->conn, p->session) < 0)
		abort();
	if (choice & 2)
		auth = start_auth(p->conn, &p->random.random);
	if (peer_say(p, "hello", NULL) < 0)
		abort();
	p->begin_answer = answers & 1 ? 0 : 1;
	p->data_answer = answers & 2 ? MS_MSRP_STOP_SENDING : 0;
	p->end_answer = p->message_answer = answers & 4 ? MS_MSRP_FORBIDDEN : 0;
	drain(p->conn, &parser, MS_SEC);
	converse(p->conn, &parser, stream, choice);
	ms_msrp_auth_free(auth);
	ms_msrp_conn_free(p->conn);
	ms_msrp_session_free(p->session);
	ms_msrp_parser_done(&parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct peer p = { .begin_answer = 1 };

	if (size < 2)
		return 0;
	peer_random_init(&p.random, 7);
	ms_buf_init(&p.log, PEER_LOG_MAX);
	run(&p, data[0], data[1], ms_span_of(data + 2, size - 2));
	ms_buf_done(&p.log);
	return 0;
}
