/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway's and a controller's entity over real sockets on loopback: each transport, both ways of
 * asking, lost connections, strangers' connections.
 */
#include "ms-test.h"

#include <errno.h>
#include <unistd.h>

#include "gcp/gcp.h"
#include "h248/binary.h"
#include "h248/package.h"
#include "h248/text.h"
#include "loop/loop.h"
#include "loop/tcp.h"

#define REQUESTS 500

static struct ms_h248_registry registry;

struct side {
	struct ms_gcp *g;
	struct ms_h248_association *a;
	unsigned executed, answered, failed, lost, asked;
	struct side *other;
};

static struct side mgc, mg;
static struct ms_timer guard;
static bool timed_out;

static void ask(struct side *s)
{
	struct ms_h248_termination root = { .kind = MS_H248_TERMINATION_ROOT };
	struct ms_h248_audit audit = { 0 };
	struct ms_h248_command c = { .verb = MS_H248_AUDIT_VALUE,
				     .terminations = &root,
				     .audit = &audit };
	struct ms_h248_action a = { .commands = &c };
	uint32_t id;

	assert_int_equal(ms_h248_request(s->a, &a, NULL, ms_clock_mono(), &id), 0);
	s->asked++;
}

static void on_request(struct ms_h248_job *job, const struct ms_h248_message *m,
		       const struct ms_h248_transaction *t, void *arg)
{
	struct side *s = arg;
	struct ms_h248_termination root = { .kind = MS_H248_TERMINATION_ROOT };
	struct ms_h248_command c = { .verb = t->actions->commands->verb, .terminations = &root };
	struct ms_h248_action a = { .context = t->actions->context, .commands = &c };
	struct ms_h248_transaction reply = { .actions = &a };

	(void)m;
	s->executed++;
	assert_int_equal(ms_h248_job_reply(job, &reply, ms_clock_mono()), 0);
}

static void on_answered(struct ms_h248_association *a, void *request, int err,
			const struct ms_h248_message *m, const struct ms_h248_transaction *t,
			void *arg)
{
	struct side *s = arg;

	(void)a, (void)request, (void)m, (void)t;
	s->answered++;
	s->failed += err != 0;
	if (s->asked < REQUESTS)
		ask(s);
	else if (mg.answered == mg.asked && mgc.answered == mgc.asked)
		ms_loop_stop();
	if (s == &mg && mgc.asked == 0) /* the controller knows where we are */
		for (int i = 0; i < 50; i++)
			ask(&mgc);
}

static bool on_admit(struct ms_h248_association *a, const struct ms_h248_message *m, void *arg)
{
	struct side *s = arg;

	if (!ms_span_is(m->mid.name, "agw.example"))
		return false;
	s->a = a;
	return true;
}

static void on_lost(struct ms_h248_association *a, enum ms_h248_lost why, void *arg)
{
	struct side *s = arg;

	(void)a;
	assert_int_equal(why, MS_H248_LOST_TRANSPORT);
	s->lost++;
	ms_loop_stop();
}

static const struct ms_h248_handlers handlers = {
	.admit = on_admit,
	.request = on_request,
	.answered = on_answered,
	.lost = on_lost,
};

static void guard_due(void *arg)
{
	(void)arg;
	timed_out = true;
	ms_loop_stop();
}

static int side_begin(struct side *s, const char *name, uint16_t local_udp, uint16_t remote_udp)
{
	struct ms_gcp_options o = { .sctp = { .kind = MS_GCP_SCTP_UDP,
					      .local_udp = local_udp,
					      .remote_udp = remote_udp },
				    .limits = { .unknown = 200 * MS_MSEC } };
	struct ms_h248_entity_options e = { .mid = { .kind = MS_H248_MID_DOMAIN,
						     .name = ms_span_str(name) },
					    .handlers = &handlers,
					    .registry = &registry,
					    .arg = s };

	*s = (struct side){ 0 };
	return ms_gcp_new(&o, &e, &s->g);
}

/* Two entities and a path from the gateway to the controller. */
static int begin(enum ms_h248_transport transport, const char *host,
		 const struct ms_h248_codec *codec)
{
	uint16_t udp = (uint16_t)(10000 + getpid() % 900 * 2);
	struct ms_addr at = { 0 }, bound = { 0 }, from;
	struct ms_h248_path path;
	uint16_t port = transport == MS_H248_SCTP ? codec->port : 0;
	int err = side_begin(&mgc, "alg.example", udp, udp + 1);

	if (!err)
		err = side_begin(&mg, "agw.example", udp + 1, udp);
	if (!err)
		err = ms_addr_parse(ms_span_str(host), port, &at);
	if (!err)
		err = ms_gcp_listen(mgc.g, transport, &at, codec, &bound);
	from = at;
	ms_addr_set_port(&from, 0);
	if (!err)
		err = ms_gcp_connect(mg.g, transport, &bound, codec, &from, &path);
	if (!err)
		err = ms_h248_associate(ms_gcp_entity(mg.g), &path, NULL, &mg.a);
	return err;
}

static void run(ms_usec limit)
{
	timed_out = false;
	ms_timer_init(&guard, "test.guard", guard_due, NULL);
	ms_timer_start(&guard, limit);
	assert_int_equal(ms_loop_run(), 0);
	ms_timer_stop(&guard);
}

static void end(void)
{
	mg.g = ms_gcp_free(mg.g);
	mgc.g = ms_gcp_free(mgc.g);
}

static void talk(enum ms_h248_transport transport, const char *host,
		 const struct ms_h248_codec *codec)
{
	assert_int_equal(begin(transport, host, codec), 0);
	ask(&mg);
	run(20 * MS_SEC);
	assert_false(timed_out);
	assert_int_equal(mg.answered, REQUESTS);
	assert_int_equal(mgc.answered, REQUESTS);
	assert_int_equal(mg.executed, REQUESTS);
	assert_int_equal(mgc.executed, REQUESTS);
	assert_int_equal(mg.failed + mgc.failed, 0);
	assert_int_equal(ms_gcp_counts(mg.g)->send_dropped, 0);
}

/* The end of a connection is noticed by the other side. */
static void lose(void)
{
	ms_gcp_disconnect(mg.g, ms_h248_association_path(mg.a));
	assert_int_equal(mg.lost, 1);
	run(5 * MS_SEC);
	if (mgc.lost == 0)
		run(5 * MS_SEC);
	assert_int_equal(mgc.lost, 1);
}

static void udp(void **state)
{
	(void)state;
	talk(MS_H248_UDP, "127.0.0.1", &ms_h248_codec_compact);
	end();
	talk(MS_H248_UDP, "[::1]", &ms_h248_codec_binary);
	end();
}

static void tcp(void **state)
{
	(void)state;
	talk(MS_H248_TCP, "127.0.0.1", &ms_h248_codec_pretty);
	lose();
	end();
	talk(MS_H248_TCP, "[::1]", &ms_h248_codec_binary);
	end();
}

static void sctp_in_udp(void **state)
{
	(void)state;
	if (begin(MS_H248_SCTP, "127.0.0.1", &ms_h248_codec_compact) == -EPROTONOSUPPORT) {
		end();
		skip();
	}
	end();
	talk(MS_H248_SCTP, "127.0.0.1", &ms_h248_codec_compact);
	lose();
	end();
	talk(MS_H248_SCTP, "[::1]", &ms_h248_codec_binary);
	end();
}

/* Where the kernel has it, it is used; where not, asking for it says so. */
static void sctp_of_the_kernel(void **state)
{
	struct ms_gcp_sctp_options any = { 0 }, kernel = { .kind = MS_GCP_SCTP_KERNEL };
	bool has = ms_gcp_sctp_kind(&any) == MS_GCP_SCTP_KERNEL;
	struct ms_h248_entity_options e = { .mid = { .kind = MS_H248_MID_DOMAIN,
						     .name = MS_SPAN_LIT("x") },
					    .handlers = &handlers,
					    .arg = &mg };
	struct ms_gcp_options o = { .sctp = kernel };
	struct ms_addr at;
	struct ms_gcp *g;
	int err;

	(void)state;
	assert_int_equal(ms_gcp_new(&o, &e, &g), 0);
	assert_int_equal(ms_addr_parse(MS_SPAN_LIT("127.0.0.1:10944"), 0, &at), 0);
	err = ms_gcp_listen(g, MS_H248_SCTP, &at, &ms_h248_codec_compact, NULL);
	if (has)
		assert_int_equal(err, 0);
	else
		assert_int_equal(err, -EPROTONOSUPPORT);
	ms_gcp_free(g);
}

/* ---- connections of nobody ---- */

static void nothing_closed(struct ms_tcp *c, int err, void *arg)
{
	bool *closed = arg;

	(void)c, (void)err;
	*closed = true;
	ms_loop_stop();
}

static void nothing_received(struct ms_tcp *c, struct ms_span data, void *arg)
{
	(void)c, (void)data, (void)arg;
}

static void say(struct ms_tcp *c, void *arg)
{
	(void)arg;
	assert_int_equal(ms_tcp_send(c, MS_SPAN_LIT("GET / HTTP/1.0\r\n\r\n")), 0);
}

static void strangers(void **state)
{
	static const struct ms_tcp_handlers silent = { .closed = nothing_closed,
						       .received = nothing_received };
	static const struct ms_tcp_handlers speaking = { .closed = nothing_closed,
							 .received = nothing_received,
							 .connected = say };
	struct ms_addr at, bound;
	struct ms_tcp *c;
	bool closed = false;

	(void)state;
	assert_int_equal(side_begin(&mgc, "alg.example", 0, 0), 0);
	assert_int_equal(ms_addr_parse(MS_SPAN_LIT("127.0.0.1:0"), 0, &at), 0);
	assert_int_equal(ms_gcp_listen(mgc.g, MS_H248_TCP, &at, &ms_h248_codec_compact, &bound), 0);
	assert_int_equal(ms_tcp_connect(&bound, NULL, &silent, &closed, &c), 0);
	run(5 * MS_SEC);
	assert_true(closed);
	assert_int_equal(ms_gcp_counts(mgc.g)->unused, 1);
	ms_tcp_close(c);
	closed = false;
	assert_int_equal(ms_tcp_connect(&bound, NULL, &speaking, &closed, &c), 0);
	run(5 * MS_SEC);
	assert_true(closed);
	assert_int_equal(ms_gcp_counts(mgc.g)->bad_frames, 1);
	ms_tcp_close(c);
	mgc.g = ms_gcp_free(mgc.g);
}

static void names(void **state)
{
	struct ms_h248_path path = { .transport = MS_H248_SCTP,
				     .family = 4,
				     .host = { 192, 0, 2, 1 },
				     .port = 2944,
				     .codec = &ms_h248_codec_compact };
	char text[MS_ADDR_TEXT_MAX];

	(void)state;
	assert_string_equal(ms_gcp_path_print(&path, text), "sctp 192.0.2.1:2944 compact");
}

static int loop_begin(void **state)
{
	(void)state;
	ms_h248_registry_init(&registry);
	return ms_loop_init();
}

static int loop_end(void **state)
{
	(void)state;
	ms_loop_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp),         cmocka_unit_test(tcp),
		cmocka_unit_test(sctp_in_udp), cmocka_unit_test(sctp_of_the_kernel),
		cmocka_unit_test(strangers),   cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, loop_begin, loop_end);
}
