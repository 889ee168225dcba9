/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our controller (engine, gateways of src/border) for a gateway of somebody else: waits for its
 * registration, then goes through the procedures of an access edge, and prints a line for each.
 *
 *	mgc-peer udp|tcp|sctp pretty|compact|binary PORT [UDP-PORT]
 *
 * UDP-PORT: where SCTP is encapsulated.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "border/gateways.h"
#include "loop/loop.h"

#define CALLS 30

static struct ms_border_gateways *gateways;
static struct ms_timer tick, limit;
static bool begun;
static unsigned done, bad;

struct call {
	struct ms_mgc_context *context;
	unsigned step;
	struct ms_bearer core, access;
};

static struct call calls[CALLS];

static void say(bool ok, const char *what, const char *detail)
{
	printf("%s %s%s%s\n", ok ? "ok" : "bad", what, *detail ? ": " : "", detail);
	fflush(stdout);
	bad += !ok;
}

static void next(struct call *c);

static bool local_filled(const struct ms_bearer *b)
{
	return b && b->local.family == 4 && b->local.port != 0;
}

static void on_done(void *arg, struct ms_mgc_context *context, int status, uint16_t error,
		    const struct ms_mgc_result *results, size_t n)
{
	struct call *c = arg;
	char detail[64];
	bool ok = status == 0 && n > 0;

	(void)context;
	if (ok && c->step == 1) {
		ok = local_filled(results[0].bearer);
		c->core.local = ok ? results[0].bearer->local : c->core.local;
	} else if (ok && c->step == 2) {
		ok = n == 2 && local_filled(results[1].bearer) &&
		     results[1].bearer->local_fingerprints.n == 1;
	}
	if (!ok) {
		snprintf(detail, sizeof(detail), "step %u, status %d, error %u", c->step, status,
			 error);
		say(false, "a call", detail);
		ms_loop_stop();
		return;
	}
	next(c);
}

static void on_event(void *arg, struct ms_mgc_context *context, unsigned slot,
		     const struct ms_bearer_event *event)
{
	(void)arg, (void)context, (void)slot, (void)event;
}

static void on_lost(void *arg, struct ms_mgc_context *context, enum ms_mgc_lost why)
{
	(void)arg, (void)context, (void)why;
	say(false, "a context is lost", "");
	ms_loop_stop();
}

static const struct ms_bearer_address answer = { .family = 4,
						 .octets = { 198, 51, 100, 5 },
						 .port = 2855 };

/* TS 23.334 8.2 to 8.5: reserve at the core side; configure that, reserve the access side; release. */
static int order(struct call *c)
{
	struct ms_mgc_procedure *p;
	int err = ms_mgc_begin(c->context, &p);

	if (err)
		return err;
	if (c->step == 1) {
		err = ms_mgc_reserve(p, 0, 1, &c->core);
	} else {
		c->core.remote = answer;
		err = ms_mgc_configure(p, 0, &c->core);
		if (!err)
			err = ms_mgc_reserve(p, 1, 1, &c->access);
	}
	if (err) {
		ms_mgc_abandon(p);
		return err;
	}
	return ms_mgc_run(p, ms_loop_now(), on_done, c);
}

static void next(struct call *c)
{
	if (++c->step < 3) {
		if (order(c) != 0)
			say(false, "a call", "cannot be ordered");
		return;
	}
	c->context = ms_mgc_context_release(c->context, ms_loop_now());
	if (++done == CALLS)
		say(true, "calls set up and released", "");
}

static void begin_call(struct call *c, struct ms_mgc *mgc)
{
	static const struct ms_mgc_context_handlers handlers = { on_event, on_lost, NULL };
	struct ms_mgc_want want = { 0 };

	ms_bearer_init(&c->core);
	c->core.mode = MS_BEARER_SENDRECV;
	snprintf(c->core.realm, sizeof(c->core.realm), "core");
	c->core.report_release = c->core.report_tcp = true;
	c->access = c->core;
	snprintf(c->access.realm, sizeof(c->access.realm), "access");
	c->access.tls = true;
	c->access.setup = MS_BEARER_SETUP_PASSIVE;
	c->access.want_fingerprints = 1u << MS_BEARER_SHA256;
	c->access.remote_fingerprints.n = 1;
	c->access.remote_fingerprints.list[0] =
		(struct ms_bearer_fingerprint){ .hash = MS_BEARER_SHA256, .len = 32 };
	c->access.latch = MS_BEARER_LATCH;
	c->access.report_tls = true;
	if (ms_mgc_context_new(mgc, &want, &handlers, ms_loop_now(), &c->context) != 0)
		say(false, "a context", "cannot be begun");
	else
		next(c);
}

/* Looks every 50 ms at what became of the gateway. */
static void on_tick(void *arg)
{
	struct ms_mgc *mgc = ms_border_gateways_mgc(gateways);
	struct ms_mgc_gateway *g = ms_mgc_gateway_at(mgc, 0);

	(void)arg;
	ms_timer_start(&tick, 50 * MS_MSEC);
	if (!begun && ms_mgc_gateway_state(g) == MS_MGC_IN_SERVICE) {
		begun = true;
		say(true, "registration", ms_mgc_gateway_profile(g));
		for (int i = 0; i < CALLS; i++)
			begin_call(&calls[i], mgc);
	}
	if (done == CALLS && ms_mgc_gateway_contexts(g) == 0)
		ms_loop_stop();
}

static void on_limit(void *arg)
{
	(void)arg;
	say(false, "the whole", "takes too long");
	ms_loop_stop();
}

static int index_of(const char *name, const char *const *names)
{
	for (int i = 0; names[i]; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const transports[] = { "udp", "tcp", "sctp", NULL };
	static const char *const encodings[] = { "pretty", "compact", "binary", NULL };
	struct ms_border_h248_listen listen = { 0 };
	struct ms_border_gateway gateway = { .name = "agw1.example.net",
					     .weight = 1,
					     .realms = "" };
	struct ms_border_h248_config config = { .mid = "alg1.example.net",
						.listen = { &listen, 1 },
						.gateways = { &gateway, 1 },
						.any_profile = true,
						.contexts = 1000,
						.orders = 1000,
						.message_max = 65536,
						.replies = 1000,
						.termination_heartbeat = 300,
						.heartbeat = 1 * MS_SEC,
						.silence = 30 * MS_SEC,
						.t_max = 10 * MS_SEC,
						.long_timer = 15 * MS_SEC,
						.state = "" };
	struct ms_profile profile = ms_profile_default;
	struct ms_buf error;
	int err;

	if (argc != 4 && argc != 5)
		return 2;
	if (argc == 5)
		profile.sctp_udp_port = (uint32_t)atoi(argv[4]);
	ms_buf_init(&error, 1000);
	listen.transport = (unsigned)index_of(argv[1], transports);
	listen.encoding = gateway.encoding = (unsigned)index_of(argv[2], encodings);
	err = ms_loop_init();
	if (!err)
		err = ms_addr_parse(MS_SPAN_LIT("127.0.0.1"), (uint16_t)atoi(argv[3]),
				    &listen.address);
	if (!err)
		err = ms_border_gateways_new(&config, &ms_h248_profile_iq, &profile, &error,
					     &gateways);
	if (err) {
		printf("bad start: %d %s\n", err, ms_buf_cstr(&error));
		return 1;
	}
	puts("listening");
	fflush(stdout);
	ms_timer_init(&tick, "test.tick", on_tick, NULL);
	ms_timer_init(&limit, "test.limit", on_limit, NULL);
	ms_timer_start(&tick, 0);
	ms_timer_start(&limit, 100 * MS_SEC);
	err = ms_loop_run();
	if (done == CALLS &&
	    ms_mgc_gateway_contexts(ms_mgc_gateway_at(ms_border_gateways_mgc(gateways), 0)) == 0)
		say(true, "nothing left", "");
	puts("end");
	for (int i = 0; i < CALLS; i++)
		ms_mgc_context_release(calls[i].context, ms_loop_now());
	ms_border_gateways_free(gateways);
	ms_loop_close();
	ms_buf_done(&error);
	return err || bad ? 1 : 0;
}
