/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The controller beside the load: each call's context is set up by one transaction, its end is told by
 * a Notify, another transaction tears it down. As many calls at a time as there are connections.
 */
#ifndef MS_BENCH_RELAY_MGC_H
#define MS_BENCH_RELAY_MGC_H

#include <stdbool.h>
#include <stdint.h>

#include "loop/addr.h"

struct mgc_call;

/* What the load does about it. */
struct mgc_handlers {
	void (*set_up)(struct mgc_call *c, uint16_t port); /* the gateway's second Local port */
	void (*torn_down)(struct mgc_call *c,
			  bool whole); /* false: refused; `c` ends with the return */
};

/* A socket at `at`, to be watched for input; waits for a gateway to register. `path`: a file with the
 * actions of the transaction that sets a call up, in compact text. Ends the process if it cannot. */
int mgc_open(const struct ms_addr *at, const char *path, const struct mgc_handlers *h);
/* There is something to read. */
void mgc_receive(void);
/* One more call. */
void mgc_begin(void);
/* Its connection has ended: torn down as soon as the gateway has said so, too. */
void mgc_ended(struct mgc_call *c);
/* Requests without a reply for 500 ms are sent again; to be called now and then. How many so far. */
uint64_t mgc_again(void);

#endif
