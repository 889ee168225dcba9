/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of gateways*.c. */
#ifndef MS_BORDER_GATEWAYS_PRIV_H
#define MS_BORDER_GATEWAYS_PRIV_H

#include "border/gateways.h"
#include "core/list.h"
#include "h248/package.h"
#include "loop/loop.h"

/**
 * One gateway: the user pointer of its ms_mgc_gateway and of its association, of which it has one at a
 * time. It is of the configuration, or leaves with its last call.
 */
struct ms_border_gate {
	struct ms_list link;                    /* gateways->gates */
	const struct ms_border_gateway *config; /* NULL: leaves */
	struct ms_mgc_gateway *g;
	struct ms_h248_association *association; /* NULL: none now */
};

struct ms_border_gateways {
	const struct ms_border_h248_config *config;
	struct ms_h248_registry registry;
	struct ms_gcp *gcp;
	struct ms_hep_sender *hep; /* borrowed; NULL: none */
	struct ms_mgc *mgc;
	struct ms_list gates; /* of struct ms_border_gate, owned */
	struct ms_timer tick;
	struct ms_defer settle; /* end of a round: set the timer, keep what changed */
	bool changed;           /* to be kept */
	bool closing;
};

#define ms_border_gate_foreach(l, g) ms_list_foreach ((l), &(g)->gates)
static inline struct ms_border_gate *ms_border_gate_at(struct ms_list *l)
{
	return (struct ms_border_gate *)l;
}

/** One more gateway of this configuration. -ENOMEM, -EEXIST, -EINVAL. */
MS_MUST_CHECK int ms_border_gate_add(struct ms_border_gateways *g,
				     const struct ms_border_gateway *config);
void ms_border_gate_free(struct ms_border_gate *gate);
/** By its name as somebody writes it; NULL: there is none. */
struct ms_border_gate *ms_border_gate_find(const struct ms_border_gateways *g, const char *name);

/** The engine's deadline may be another one: looked at at the end of the round. */
void ms_border_gateways_touched(struct ms_border_gateways *g);
/** Likewise; and the file of gateways is to be written. */
void ms_border_gateways_changed(struct ms_border_gateways *g);

/** What the engine calls (gateways-association.c). */
struct ms_mgc_handlers ms_border_engine_handlers(struct ms_border_gateways *g);
/** What associations call; their argument is the gateways. */
extern const struct ms_h248_handlers ms_border_association_handlers;

/** Lets those go that leave and have nothing left. Are there others that leave? */
bool ms_border_gates_part(struct ms_border_gateways *g);

/** Takes up what was kept. Trouble with the file is logged. */
void ms_border_gateways_restore(struct ms_border_gateways *g);
void ms_border_gateways_keep(struct ms_border_gateways *g);

#endif
