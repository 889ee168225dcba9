/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool of ports of one address. The port that was free longest is the next, so that late packets and
 * connections of one session do not meet another one as long as there are others.
 */
#ifndef MS_MGW_PORTS_H
#define MS_MGW_PORTS_H

#include <stdint.h>

#include "core/attr.h"

struct ms_mgw_ports; /* owned */

/** Ports first..last. NULL: no memory, or none of them. */
struct ms_mgw_ports *ms_mgw_ports_new(uint16_t first, uint16_t last);
struct ms_mgw_ports *ms_mgw_ports_free(struct ms_mgw_ports *p);

/** Takes `wanted`, or any if it is 0; 0: none is free (or that one is not). */
uint16_t ms_mgw_ports_take(struct ms_mgw_ports *p, uint16_t wanted);

/** Gives one back. One that was not taken is left alone. */
void ms_mgw_ports_give(struct ms_mgw_ports *p, uint16_t port);

/** How many are taken, and how many there are. */
uint32_t ms_mgw_ports_taken(const struct ms_mgw_ports *p);
uint32_t ms_mgw_ports_all(const struct ms_mgw_ports *p);

#endif
