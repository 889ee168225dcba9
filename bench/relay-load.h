/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of bench-relay-load share: its connections (relay-peer.c), the clients among them
 * (relay-client.c), and what it is told to do with them (relay-task.c). One process, one loop, one `load`.
 */
#ifndef MS_BENCH_RELAY_LOAD_H
#define MS_BENCH_RELAY_LOAD_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "loop/addr.h"
#include "relay-mgc.h"

#define LOAD_PIDS_MAX 64
#define LOAD_BLOCK 16384

enum state { CONTROL, LISTENING, SERVING, CONNECTING, SHAKING, GREETING, KEPT, FLOWING, ENDING };
enum task { NOTHING, CONNECT, SETUPS, ECHO, UP, DOWN, BURST };

struct peer {
	int fd;
	enum state state;
	bool dead, source;
	uint32_t events;
	SSL *ssl;
	BIO *out; /* up: records not sent yet */
	size_t off;
	uint8_t *message; /* echo: its beginning */
	size_t got;
	size_t place;          /* in kept */
	struct mgc_call *call; /* whose connection it is */
	struct peer *next;     /* to be freed */
};

struct load {
	int epoll;
	struct ms_addr target, backend;
	unsigned ports, next_port;
	uint16_t *list; /* of ports; NULL: from the target's on */
	bool plain, commands;
	SSL_CTX *ssl;
	uint8_t psk[64];
	size_t n_psk;
	const char *identity;
	pid_t pids[LOAD_PIDS_MAX];
	unsigned n_pids;
	struct peer **kept, *graves;
	size_t n_kept, room;
	enum task task;
	unsigned under_way;
	uint64_t done, failed, octets;
	size_t size; /* of a message */
	uint32_t *trips;
	size_t n_trips, room_trips;
	double window, cpu, own;
};

extern struct load load;
/* Octets for whoever needs some. */
extern uint8_t load_scratch[1 << 20];

/* Says why on standard error and ends the process. */
_Noreturn void load_die(const char *what);
double load_seconds(clockid_t clock);
double load_now(void);
/* CPU time of the processes of -G. */
double load_cpu(void);

/* ---- relay-peer.c: any connection, the backend, the loop ---- */

void peer_watch(struct peer *p, uint32_t events);
struct peer *peer_new(int fd, enum state state, uint32_t events);
void peer_end(struct peer *p);
/* Ends it and counts that. */
void peer_failed(struct peer *p);
/* Its set-up is not under way any more; with commands it is the call that is. */
void peer_over(struct peer *p);
/* A client's connection to this port of the gateway; NULL if there is none. */
struct peer *peer_connect(const struct ms_addr *to);

void load_open_backend(void);
/* Waits for what happens, at most `wait` seconds, and handles it. */
void load_turn_until(double wait);
void load_turn(int ms);
void load_turn_for(double secs);

/* ---- relay-client.c: a client from its connection to its end ---- */

void client_open_tls(const char *version, const char *groups, const char *cert, const char *key);
void client_connected(struct peer *p);
void client_shake(struct peer *p);
void client_greeting(struct peer *p);
void client_echo(struct peer *p);
void client_write_up(struct peer *p);
void client_read_down(struct peer *p);
void client_end(struct peer *p);
/* All of it at once, or false. */
bool client_give(struct peer *p, const void *from, size_t n);

/* ---- relay-task.c ---- */

/* Does what one line says and answers. */
void load_command(char *line);
void load_open_control(const char *at, const char *actions);

#endif
