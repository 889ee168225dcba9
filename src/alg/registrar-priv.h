/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the registrar. */
#ifndef MS_ALG_REGISTRAR_PRIV_H
#define MS_ALG_REGISTRAR_PRIV_H

#include "alg/registrar.h"
#include "border/journal.h"
#include "core/hash.h"

struct ms_alg_registrar {
	struct ms_border_journal *journal; /* NULL: none */
	struct ms_hash *by_key;            /* struct ms_alg_contact */
	struct ms_hash *by_flow;           /* struct ms_alg_flow */
	struct ms_hash *by_uri; /* struct ms_alg_contact; of several with one Contact the first */
	struct ms_list contacts;
	size_t n, max, flow_max;
};

/** An empty contact of the registrar; NULL: no room. */
struct ms_alg_contact *ms_alg_contact_make(struct ms_alg_registrar *r);
/** Has it found by its names, its Contact and its flow (c->hop). -ENOSPC, -EEXIST, -ENOMEM. */
MS_MUST_CHECK int ms_alg_contact_enlist(struct ms_alg_contact *c, struct ms_span aor,
					struct ms_span uri);
void ms_alg_contact_free(struct ms_alg_contact *c);

/* ---- registrar-state.c ---- */

/** Writes the contact as it is. */
void ms_alg_contact_keep(struct ms_alg_contact *c);

#endif
