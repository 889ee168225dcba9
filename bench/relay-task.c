/* SPDX-License-Identifier: Apache-2.0 */
/* What the load is told to do, a line each, and its answers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "core/alloc.h"
#include "relay-load.h"

static bool start_one(void)
{
	struct ms_addr to = load.target;

	if (load.list)
		ms_addr_set_port(&to, load.list[load.next_port++ % load.ports]);
	else if (load.ports > 1)
		ms_addr_set_port(&to,
				 (uint16_t)(ms_addr_port(&to) + load.next_port++ % load.ports));
	if (!peer_connect(&to))
		return false;
	load.under_way++;
	return true;
}

/* ---- calls with commands ---- */

static void call_set_up(struct mgc_call *c, uint16_t port)
{
	struct ms_addr to = load.target;
	struct peer *p;

	ms_addr_set_port(&to, port);
	p = peer_connect(&to);
	if (p)
		p->call = c;
	else
		mgc_ended(c);
}

static void call_torn_down(struct mgc_call *c MS_UNUSED, bool whole)
{
	load.under_way--;
	load.failed += !whole;
}

void load_open_control(const char *at, const char *actions)
{
	static const struct mgc_handlers handlers = { call_set_up, call_torn_down };
	struct ms_addr a;

	if (!actions || ms_addr_parse(ms_span_str(at), 2944, &a))
		load_die("-M");
	peer_new(mgc_open(&a, actions, &handlers), CONTROL, EPOLLIN);
	load.commands = true;
}

/* ---- commands ---- */

static void begin(enum task task)
{
	load.task = task;
	load.done = load.failed = load.octets = 0;
}

static void window(void)
{
	load.window = load_now();
	load.cpu = load_cpu();
	load.own = load_seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static void answer(const char *command, const char *more)
{
	printf("{\"command\":\"%s\",\"wall\":%.4f,\"cpu\":%.6f,\"own_cpu\":%.4f,\"kept\":%zu,\"failed\":%lu%s}\n",
	       command, load_now() - load.window, load_cpu() - load.cpu,
	       load_seconds(CLOCK_PROCESS_CPUTIME_ID) - load.own, load.n_kept, load.failed, more);
	fflush(stdout);
}

static void turn_and_repeat(int ms)
{
	load_turn(ms);
	if (load.commands)
		mgc_again();
}

static bool start_another(void)
{
	if (!load.commands)
		return start_one();
	load.under_way++;
	mgc_begin();
	return true;
}

static void open_some(unsigned n, unsigned at_once, double limit)
{
	double end = load_now() + limit;
	uint64_t started = 0;

	while (load.done + load.failed < n && load_now() < end) {
		while (load.under_way < at_once && started < n) {
			started++;
			if (!start_another())
				break;
		}
		turn_and_repeat(20);
	}
}

static void do_connect(unsigned n, unsigned at_once)
{
	char more[64];

	begin(CONNECT);
	window();
	open_some(n, at_once, 120);
	snprintf(more, sizeof(more), ",\"done\":%lu", load.done);
	answer("connect", more);
}

static void do_setups(double secs, unsigned at_once)
{
	double start = load_now() + 0.5, end = start + secs;
	uint64_t before = 0;
	bool measuring = false;
	char more[64];

	begin(SETUPS);
	while (load_now() < end) {
		if (!measuring && load_now() >= start) {
			measuring = true;
			before = load.done;
			window();
		}
		while (load.under_way < at_once && start_one())
			;
		load_turn(20);
	}
	snprintf(more, sizeof(more), ",\"done\":%lu", load.done - before);
	answer("setups", more);
	for (end = load_now() + 3; load.under_way > 0 && load_now() < end;)
		load_turn(20);
	load.task = NOTHING;
}

static void do_calls(unsigned n, unsigned at_once)
{
	uint64_t again = load.commands ? mgc_again() : 0;
	char more[96];

	begin(SETUPS);
	window();
	open_some(n, at_once, 60);
	for (double end = load_now() + 5; load.under_way > 0 && load_now() < end;)
		turn_and_repeat(20);
	again = load.commands ? mgc_again() - again : 0;
	snprintf(more, sizeof(more), ",\"done\":%lu,\"repeated\":%lu", load.done, again);
	answer("calls", more);
	load.task = NOTHING;
}

static void do_ports(const char *text)
{
	struct ms_span rest = ms_span_str(text);
	uint64_t port;

	load.list = ms_realloc(load.list, (strlen(text) + 1) * sizeof(*load.list));
	if (!load.list)
		load_die("memory");
	for (load.ports = load.next_port = 0; rest.len > 0;)
		if (ms_span_u64(ms_span_cut(&rest, ','), 65535, &port) == 0)
			load.list[load.ports++] = (uint16_t)port;
	begin(NOTHING);
	window();
	answer("ports", "");
}

static void do_burst(unsigned n, double secs)
{
	char more[96];

	begin(BURST);
	window();
	open_some(n, n, secs);
	snprintf(more, sizeof(more), ",\"done\":%lu,\"asked\":%u", load.done, n);
	answer("burst", more);
	for (double end = load_now() + 3; load.under_way > 0 && load_now() < end;)
		load_turn(20);
	load.task = NOTHING;
}

static void do_flow(enum task task, double secs, unsigned n)
{
	char more[64];

	begin(task);
	open_some(n, 16, 30);
	load_turn_for(0.4);
	load.octets = 0;
	window();
	load_turn_for(secs);
	snprintf(more, sizeof(more), ",\"done\":%lu,\"octets\":%lu", load.done, load.octets);
	answer(task == UP ? "up" : "down", more);
	while (load.n_kept > 0)
		peer_end(load.kept[load.n_kept - 1]);
	load_turn_for(0.3);
	load.task = NOTHING;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double percentile(double p)
{
	return load.n_trips ? load.trips[(size_t)(p * (double)(load.n_trips - 1))] / 10.0 : -1;
}

static uint64_t send_due(double rate, double from, double until, uint64_t sent, uint8_t *message)
{
	static uint32_t chance = 1;

	for (; from + (double)sent / rate <= until && load.n_kept > 0; sent++) {
		double due = from + (double)sent / rate;

		chance = chance * 1664525u + 1013904223u;
		memcpy(message, &due, sizeof(due));
		if (!client_give(load.kept[(chance >> 8) % load.n_kept], message, load.size))
			load.failed++;
	}
	return sent;
}

static void do_echo(double rate, double secs, unsigned size)
{
	static uint8_t message[LOAD_BLOCK];
	double start = load_now() + 0.2, measured = start + 0.5, end = measured + secs, wait;
	uint64_t sent = 0, before = 0;
	char more[192];

	if (size < 16 || size > sizeof(message))
		return;
	begin(ECHO);
	load.size = size;
	load.room_trips = (size_t)(rate * (secs + 1)) + 1000;
	load.trips = ms_realloc(load.trips, load.room_trips * sizeof(*load.trips));
	if (!load.trips)
		load_die("memory");
	for (bool measuring = false; load_now() < end;) {
		if (!measuring && load_now() >= measured) {
			measuring = true;
			load.n_trips = 0;
			before = sent;
			window();
		}
		sent = send_due(rate, start, load_now(), sent, message);
		wait = start + (double)sent / rate - load_now();
		load_turn_until(wait > 0 ? wait : 0);
	}
	double wall_cpu = load_cpu() - load.cpu;
	for (end = load_now() + 1; load.n_trips < sent - before && load_now() < end;)
		load_turn(0);
	qsort(load.trips, load.n_trips, sizeof(*load.trips), by_size);
	snprintf(
		more, sizeof(more),
		",\"sent\":%lu,\"back\":%zu,\"echo_cpu\":%.6f,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f",
		sent - before, load.n_trips, wall_cpu, percentile(0.5), percentile(0.99),
		percentile(0.999), percentile(1));
	answer("echo", more);
	load.task = NOTHING;
}

static void do_idle(double secs)
{
	begin(NOTHING);
	window();
	load_turn_for(secs);
	answer("idle", "");
}

static void do_close(void)
{
	begin(NOTHING);
	window();
	while (load.n_kept > 0)
		peer_end(load.kept[load.n_kept - 1]);
	load_turn_for(0.5);
	answer("close", "");
}

void load_command(char *line)
{
	double a, b;
	unsigned n, m;

	if (sscanf(line, "connect %u %u", &n, &m) == 2)
		do_connect(n, m);
	else if (sscanf(line, "setups %lf %u", &a, &n) == 2)
		do_setups(a, n);
	else if (sscanf(line, "echo %lf %lf %u", &a, &b, &n) == 3)
		do_echo(a, b, n);
	else if (sscanf(line, "up %lf %u", &a, &n) == 2)
		do_flow(UP, a, n);
	else if (sscanf(line, "down %lf %u", &a, &n) == 2)
		do_flow(DOWN, a, n);
	else if (strncmp(line, "ports ", 6) == 0)
		do_ports(line + 6);
	else if (sscanf(line, "calls %u %u", &n, &m) == 2)
		do_calls(n, m);
	else if (sscanf(line, "burst %u %lf", &n, &a) == 2)
		do_burst(n, a);
	else if (sscanf(line, "idle %lf", &a) == 1)
		do_idle(a);
	else if (strncmp(line, "close", 5) == 0)
		do_close();
	else
		load_die(line);
}
