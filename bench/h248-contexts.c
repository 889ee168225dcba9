/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contexts set up and torn down a second through H.248 over UDP: three transactions each, as an access
 * edge has them: Add (core side), Modify and Add (core's remote address; access side with TLS, a
 * fingerprint both ways), Subtract of all.
 *
 *	bench-h248-contexts [-s SECONDS] [-w CONTEXTS] [-e compact|pretty] [-l PORT]
 *
 * The gateway is a process of its own on CPU 0: the engine, the transaction layer, the codec, the
 * sockets; its media plane says yes. With -l a gateway that registers at PORT is used instead
 * (mediasec-mgw). The controller, on CPU 1, writes and reads text by hand to cost little; it confirms
 * replies as RFC 3525 D.1.2.2 has it. Prints contexts a second and contexts a second of the gateway's
 * CPU.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/secret.h"
#include "gcp/gcp.h"
#include "h248/mg.h"
#include "h248/package.h"
#include "h248/text.h"
#include "loop/loop.h"

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sysconf(_SC_NPROCESSORS_ONLN) > cpu && sched_setaffinity(0, sizeof(set), &set) < 0)
		perror("sched_setaffinity");
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the gateway ---- */

#define TOKENS 4096

static struct {
	struct ms_h248_registry registry;
	struct ms_gcp *gcp;
	struct ms_mg *mg;
	struct ms_h248_association *controller;
	struct ms_timer tick;
	struct ms_defer settle;
	uint64_t done[TOKENS]; /* lists of operations to be called done */
	size_t n_done;
	uint16_t port;
} gw;

static int plane_place(void *arg, uint16_t *ret_home)
{
	(void)arg;
	*ret_home = 0;
	return 0;
}

static int plane_reserve(void *arg, const char *realm, const struct ms_bearer_address *local,
			 struct ms_bearer_address *ret_local)
{
	(void)arg, (void)realm, (void)local;
	*ret_local = (struct ms_bearer_address){ .family = 4, .octets = { 192, 0, 2, 10 } };
	ret_local->port = (uint16_t)(++gw.port | 0x4000);
	return 0;
}

static void plane_release(void *arg, const char *realm, const struct ms_bearer_address *local)
{
	(void)arg, (void)realm, (void)local;
}

static int plane_fingerprint(void *arg, uint16_t home, uint32_t *certificate,
			     enum ms_bearer_hash hash,
			     struct ms_bearer_fingerprint *ret_fingerprint)
{
	(void)arg, (void)home;
	*certificate = 1;
	*ret_fingerprint = (struct ms_bearer_fingerprint){ .hash = hash, .len = 32 };
	return 0;
}

static int plane_submit(void *arg, uint64_t token, struct ms_plane_op *ops, size_t n)
{
	(void)arg, (void)ops, (void)n;
	if (gw.n_done == TOKENS)
		return 511;
	gw.done[gw.n_done++] = token;
	ms_defer_call(&gw.settle);
	return 0;
}

static void gateway_settle(void *arg)
{
	ms_usec now = ms_clock_mono(), at;

	(void)arg;
	for (size_t i = 0; i < gw.n_done; i++)
		ms_mg_applied(gw.mg, gw.done[i], now);
	gw.n_done = 0;
	at = ms_mg_deadline(gw.mg);
	if (at != MS_NEVER)
		ms_timer_start(&gw.tick, at > now ? at - now : 0);
}

static void gateway_tick(void *arg)
{
	(void)arg;
	ms_mg_tick(gw.mg, ms_clock_mono());
	ms_defer_call(&gw.settle);
}

static int mg_request(void *arg, unsigned controller, uint32_t cookie,
		      struct ms_h248_action *actions)
{
	uint32_t id;

	(void)arg, (void)controller;
	return ms_h248_request(gw.controller, actions, (void *)(uintptr_t)cookie, ms_clock_mono(),
			       &id);
}

static void mg_reply(void *arg, void *job, const struct ms_h248_transaction *t)
{
	(void)arg;
	if (ms_h248_job_reply(job, t, ms_clock_mono()) != 0)
		fputs("a reply could not be sent\n", stderr);
}

static void on_request(struct ms_h248_job *job, const struct ms_h248_message *m,
		       const struct ms_h248_transaction *t, void *arg)
{
	struct ms_h248_error e = { .code = 511 };
	const struct ms_h248_transaction busy = { .error = &e };

	(void)m, (void)arg;
	if (ms_mg_request(gw.mg, 0, job, t, ms_clock_mono()) != 0 &&
	    ms_h248_job_reply(job, &busy, ms_clock_mono()) != 0)
		fputs("a reply could not be sent\n", stderr);
}

static void on_answered(struct ms_h248_association *a, void *request, int err,
			const struct ms_h248_message *m, const struct ms_h248_transaction *t,
			void *arg)
{
	(void)a, (void)m, (void)arg;
	ms_mg_answered(gw.mg, (uint32_t)(uintptr_t)request, err, t, ms_clock_mono());
	ms_defer_call(&gw.settle);
}

static const struct ms_h248_handlers handlers = { .request = on_request, .answered = on_answered };

static void gateway_stop(int signo, void *arg)
{
	(void)signo, (void)arg;
	ms_loop_stop();
}

static int gateway_transport(uint16_t port, const struct ms_h248_codec *codec)
{
	struct ms_h248_entity_options e = { .mid = { .kind = MS_H248_MID_DOMAIN,
						     .name = MS_SPAN_LIT("agw1.example.net") },
					    .registry = &gw.registry,
					    .handlers = &handlers };
	struct ms_h248_path path;
	struct ms_addr to;
	int err = ms_gcp_new(NULL, &e, &gw.gcp);

	if (!err)
		err = ms_addr_parse(MS_SPAN_LIT("127.0.0.1"), port, &to);
	if (!err)
		err = ms_gcp_connect(gw.gcp, MS_H248_UDP, &to, codec, NULL, &path);
	return err ? err : ms_h248_associate(ms_gcp_entity(gw.gcp), &path, NULL, &gw.controller);
}

static int gateway_engine(void)
{
	static const char *const realms[] = { "core", "access" };
	struct ms_mg_options o = { .coding = { &ms_h248_profile_iq, &gw.registry },
				   .controllers = 1,
				   .realms = realms,
				   .n_realms = 2,
				   .plane = { plane_place, plane_reserve, plane_release,
					      plane_fingerprint, plane_submit, NULL },
				   .handlers = { .request = mg_request, .reply = mg_reply } };

	return ms_mg_new(&o, ms_clock_mono(), &gw.mg);
}

static void gateway(uint16_t port, const struct ms_h248_codec *codec)
{
	int err;

	pin(0);
	ms_h248_registry_init(&gw.registry);
	ms_timer_init(&gw.tick, "bench.tick", gateway_tick, NULL);
	ms_defer_init(&gw.settle, gateway_settle, NULL);
	err = ms_loop_init();
	if (!err)
		err = ms_loop_signal(SIGTERM, gateway_stop, NULL);
	if (!err)
		err = gateway_transport(port, codec);
	if (!err)
		err = gateway_engine();
	if (!err) {
		ms_timer_start(&gw.tick, 0);
		err = ms_loop_run();
	}
	if (err)
		fprintf(stderr, "gateway: %s\n", strerror(-err));
	ms_mg_free(gw.mg);
	ms_gcp_free(gw.gcp);
	ms_loop_close();
	exit(err ? 1 : 0);
}

/* ---- the controller ---- */

#define FLIGHT_MAX 1024
#define BATCH 64
#define FINGERPRINT                                                                                \
	"a=fingerprint:SHA-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3E:4B:" \
	"65:2E:7D:46:3F:54:42:CD:54:F1\n"

enum step { ADD, CHANGE, SUBTRACT };

struct flight { /* transaction id % FLIGHT_MAX finds it */
	uint32_t id;
	enum step step;
	unsigned context;
	char core[64]; /* termination */
	double sent;
	char text[2048];
};

static struct {
	int fd;
	struct sockaddr_in gateway;
	struct flight flights[FLIGHT_MAX];
	uint32_t next, acked;
	uint64_t contexts, failed, repeated;
	struct mmsghdr m[BATCH];
	struct iovec v[BATCH];
	unsigned queued;
} mgc;

static void flush(void)
{
	for (unsigned at = 0; at < mgc.queued;) {
		int n = sendmmsg(mgc.fd, mgc.m + at, mgc.queued - at, 0);

		if (n < 0)
			die("sendmmsg");
		at += (unsigned)n;
	}
	mgc.queued = 0;
}

static void queue(struct flight *f)
{
	mgc.v[mgc.queued] = (struct iovec){ f->text, strlen(f->text) };
	mgc.m[mgc.queued].msg_hdr = (struct msghdr){ .msg_name = &mgc.gateway,
						     .msg_namelen = sizeof(mgc.gateway),
						     .msg_iov = &mgc.v[mgc.queued],
						     .msg_iovlen = 1 };
	f->sent = seconds();
	if (++mgc.queued == BATCH)
		flush();
}

static struct flight *begin(enum step step)
{
	struct flight *f = &mgc.flights[++mgc.next % FLIGHT_MAX];

	while (f->id) /* a slow one still stands there */
		f = &mgc.flights[++mgc.next % FLIGHT_MAX];
	f->id = mgc.next;
	f->step = step;
	return f;
}

/* Every eighth request confirms what came before all that is in flight. */
static int header(struct flight *f)
{
	int n = snprintf(f->text, sizeof(f->text), "!/2 <alg1.example.net>\n");

	if (f->id % 8 == 0 && f->id > mgc.acked + FLIGHT_MAX) {
		n += snprintf(f->text + n, sizeof(f->text) - (size_t)n, "K{%u-%u}\n", mgc.acked + 1,
			      f->id - FLIGHT_MAX);
		mgc.acked = f->id - FLIGHT_MAX;
	}
	return n;
}

static void add(void)
{
	struct flight *f = begin(ADD);
	int n = header(f);

	snprintf(f->text + n, sizeof(f->text) - (size_t)n,
		 "T=%u{C=${A=${M{ST=1{O{MO=SR,ipdc/realm=\"core\"},L{\nv=0\nc=IN IP4 $\n"
		 "m=- $ TCP -\n}}},E=1001{hangterm/thb{timerx=300},g/cause,"
		 "tcpbcc/BNCChange{ST=1}}}}}",
		 f->id);
	queue(f);
}

static void change(unsigned context, const char *core)
{
	struct flight *f = begin(CHANGE);
	int n = header(f);

	f->context = context;
	snprintf(f->text + n, sizeof(f->text) - (size_t)n,
		 "T=%u{C=%u{MF=%s{M{ST=1{O{MO=SR,ipdc/realm=\"core\"},R{\nv=0\n"
		 "c=IN IP4 198.51.100.5\nm=- 2855 TCP -\n}}}},"
		 "A=${M{ST=1{O{MO=SR,ipdc/realm=\"access\",xem/tcpin=forward,xem/rel=on},L{\nv=0\n"
		 "c=IN IP4 $\nm=- $ TCP/TLS -\na=setup:passive\na=fingerprint:SHA-256 $\n},"
		 "R{\nv=0\nc=IN IP4 10.1.2.3\nm=- 9 TCP/TLS -\n" FINGERPRINT "}}},"
		 "SG{ipnapt/latch{ST=1,napt=LATCH}},E=1002{hangterm/thb{timerx=300},g/cause,"
		 "tlsbsc/BNCChange{ST=1}}}}}",
		 f->id, context, core);
	queue(f);
}

static void subtract(unsigned context)
{
	struct flight *f = begin(SUBTRACT);
	int n = header(f);

	f->context = context;
	snprintf(f->text + n, sizeof(f->text) - (size_t)n, "T=%u{C=%u{W-S=*{AT{}}}}", f->id,
		 context);
	queue(f);
}

/* The number behind `token` ("P=", "Reply = "), blanks allowed; NULL: not there. */
static const char *number(const char *p, const char *shorter, const char *longer, uint32_t *ret_v)
{
	const char *s = strstr(p, shorter), *l = strstr(p, longer);
	const char *at = s && (!l || s < l) ? s + strlen(shorter) : l ? l + strlen(longer) : NULL;

	if (!at)
		return NULL;
	*ret_v = 0;
	while (*at >= '0' && *at <= '9')
		*ret_v = *ret_v * 10 + (uint32_t)(*at++ - '0');
	return at;
}

static void next_step(struct flight *f, const char *reply)
{
	const char *id = strstr(reply, "ip/core/");
	uint32_t context = f->context;
	char core[64] = "";

	if (strstr(reply, "ER=") || strstr(reply, "Error")) {
		if (mgc.failed++ == 0)
			fprintf(stderr, "refused: %.300s\n", reply);
		add();
		return;
	}
	switch (f->step) {
	case ADD:
		if (!number(reply, "C=", "Context = ", &context) || !id)
			die("reply");
		snprintf(core, sizeof(core), "%.*s", (int)strcspn(id, "{,} \r\n"), id);
		change(context, core);
		break;
	case CHANGE:
		subtract(context);
		break;
	case SUBTRACT:
		mgc.contexts++;
		add();
		break;
	}
}

static void reply_read(char *text)
{
	char *p = text;
	uint32_t id;

	while ((p = (char *)number(p, "\nP=", "\nReply = ", &id)) != NULL) {
		struct flight *f = &mgc.flights[id % FLIGHT_MAX];
		char *end = strstr(p, "\nP="), *other = strstr(p, "\nReply = "), kept = 0;

		if (other && (!end || other < end))
			end = other;
		if (f->id != id)
			continue; /* a repeated one */
		f->id = 0;
		if (end) {
			kept = *end;
			*end = 0;
		}
		next_step(f, p);
		if (end)
			*end = kept;
	}
}

/* Whatever the gateway asks (ServiceChange, Notify) is granted. True: it was a registration. */
static bool request_answer(const char *text)
{
	char reply[512];
	uint32_t id;
	bool registration = strstr(text, "901 ") != NULL;

	if (!number(text, "\nT=", "\nTransaction = ", &id))
		return false;
	snprintf(reply, sizeof(reply), "!/%d <alg1.example.net>\nP=%u{C=-{SC=ROOT%s}}",
		 registration ? 1 : 2, id, registration ? "{SV{V=2,PF=xIq/1}}" : "");
	if (sendto(mgc.fd, reply, strlen(reply), 0, (struct sockaddr *)&mgc.gateway,
		   sizeof(mgc.gateway)) < 0)
		die("sendto");
	return registration;
}

static bool receive(void)
{
	static char in[BATCH][65536];
	static struct sockaddr_in from[BATCH];
	struct mmsghdr m[BATCH] = { 0 };
	struct iovec v[BATCH];
	bool registered = false;
	int n;

	for (int i = 0; i < BATCH; i++) {
		v[i] = (struct iovec){ in[i], sizeof(in[i]) - 1 };
		m[i].msg_hdr = (struct msghdr){ .msg_name = &from[i],
						.msg_namelen = sizeof(from[i]),
						.msg_iov = &v[i],
						.msg_iovlen = 1 };
	}
	n = recvmmsg(mgc.fd, m, BATCH, MSG_WAITFORONE, NULL);
	for (int i = 0; i < n; i++) {
		in[i][m[i].msg_len] = 0;
		mgc.gateway = from[i];
		registered |= request_answer(in[i]);
		reply_read(in[i]);
	}
	flush();
	return registered;
}

static void repeat_old(void)
{
	double now = seconds();

	for (unsigned i = 0; i < FLIGHT_MAX; i++)
		if (mgc.flights[i].id && now - mgc.flights[i].sent > 0.5) {
			mgc.repeated++;
			queue(&mgc.flights[i]);
		}
	flush();
}

static uint16_t controller_open(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval wait = { .tv_usec = 100000 };
	int size = 4 << 20;
	socklen_t len = sizeof(at);

	mgc.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (mgc.fd < 0 || bind(mgc.fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    getsockname(mgc.fd, (struct sockaddr *)&at, &len) < 0)
		die("bind");
	setsockopt(mgc.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(mgc.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(mgc.fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	return ntohs(at.sin_port);
}

static void controller(double limit, unsigned window)
{
	double began, repeated;

	pin(1);
	while (!receive())
		;
	usleep(100000);
	began = repeated = seconds();
	for (unsigned i = 0; i < window; i++)
		add();
	flush();
	while (seconds() - began < limit) {
		receive();
		if (seconds() - repeated > 0.1) {
			repeat_old();
			repeated = seconds();
		}
	}
	printf("%.0f contexts/s (%llu, %llu refused, %llu requests repeated)\n",
	       (double)mgc.contexts / (seconds() - began), (unsigned long long)mgc.contexts,
	       (unsigned long long)mgc.failed, (unsigned long long)mgc.repeated);
}

static void report_cpu(pid_t child)
{
	struct rusage u;
	double cpu;
	int status;

	kill(child, SIGTERM);
	if (wait4(child, &status, 0, &u) < 0 || status != 0)
		die("gateway");
	cpu = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	      (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
	printf("%.0f contexts per second of the gateway's CPU (%.2f s, %ld KiB)\n",
	       (double)mgc.contexts / cpu, cpu, u.ru_maxrss);
}

int main(int argc, char **argv)
{
	const struct ms_h248_codec *codec = &ms_h248_codec_compact;
	double limit = 5;
	unsigned window = 64;
	uint16_t port = 0;
	pid_t child = 0;
	int c;

	while ((c = getopt(argc, argv, "s:w:e:l:")) != -1)
		if (c == 's')
			limit = strtod(optarg, NULL);
		else if (c == 'w')
			window = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'l')
			port = (uint16_t)strtoul(optarg, NULL, 10);
		else if (c == 'e' && strcmp(optarg, "pretty") == 0)
			codec = &ms_h248_codec_pretty;
		else if (c == '?')
			return 2;
	if (window == 0 || window > FLIGHT_MAX / 4)
		window = FLIGHT_MAX / 4;
	if (port) {
		controller_open(port);
	} else {
		port = controller_open(0);
		child = fork();
		if (child == 0)
			gateway(port, codec);
	}
	controller(limit, window);
	if (child > 0)
		report_cpu(child);
	return 0;
}
