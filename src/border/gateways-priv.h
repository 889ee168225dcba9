/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of gateways*.c. */
#ifndef MS_BORDER_GATEWAYS_PRIV_H
#define MS_BORDER_GATEWAYS_PRIV_H

#include "border/gateways.h"
#include "h248/package.h"
#include "loop/loop.h"

/** One gateway of the configuration: the user pointer of its ms_mgc_gateway and its association. */
struct ms_border_gate {
	struct ms_border_gateways *all;
	const struct ms_border_gateway *config;
	struct ms_mgc_gateway *g;
	struct ms_h248_association *association; /* NULL: none now */
};

struct ms_border_gateways {
	const struct ms_border_h248_config *config;
	struct ms_h248_registry registry;
	struct ms_gcp *gcp;
	struct ms_hep_sender *hep; /* borrowed; NULL: none */
	struct ms_mgc *mgc;
	struct ms_border_gate *gates; /* owned, config->gateways.n of them */
	struct ms_timer tick;
	struct ms_defer settle; /* end of a round: set the timer, keep what changed */
	bool changed;           /* to be kept */
	bool closing;
};

/** Takes up what was kept. Trouble with the file is logged. */
void ms_border_gateways_restore(struct ms_border_gateways *g);
void ms_border_gateways_keep(struct ms_border_gateways *g);

#endif
