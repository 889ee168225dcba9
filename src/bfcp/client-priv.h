/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MS_BFCP_CLIENT_PRIV_H
#define MS_BFCP_CLIENT_PRIV_H

#include "bfcp/client.h"

#define MS_BFCP_CLIENT_LIST_MAX 64

/** A request of ours that has no answer yet. */
struct ms_bfcp_transaction {
	uint16_t id; /* 0: free */
	uint8_t primitive;
	uint16_t floor; /* FloorRequest: the first one */
	ms_usec deadline;
};

struct ms_bfcp_client {
	struct ms_bfcp_client_config config; /* with the defaults filled in */
	struct ms_bfcp_transaction open[MS_BFCP_CLIENT_LIST_MAX];
	struct ms_bfcp_floor_request requests[MS_BFCP_CLIENT_LIST_MAX];
	size_t n_requests;
	uint16_t last; /* transaction id */
	bool broken;
	struct ms_fault fault; /* why */
	struct ms_buf in;      /* the beginning of a message */
	struct ms_buf out;
};

/** client-event.c: a message that was parsed becomes an event. */
void ms_bfcp_client_take(struct ms_bfcp_client *c, const struct ms_bfcp_message *m);

#endif
