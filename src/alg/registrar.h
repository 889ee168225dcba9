/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a P-CSCF knows of its registered users (TS 24.229 clause 5.2.2): a contact, the flow it is
 * reached by, its identities and Service-Route, and the media security agreed with it. All of it is
 * lost with the contact.
 */
#ifndef MS_ALG_REGISTRAR_H
#define MS_ALG_REGISTRAR_H

#include <jansson.h>

#include "core/list.h"
#include "core/time.h"
#include "loop/loop.h"
#include "sip/proxy.h"

struct ms_alg_registrar; /* owned */

struct ms_alg_texts {
	char **text;
	size_t n;
};

#define MS_ALG_TEXTS_MAX 16

struct ms_alg_contact {
	struct ms_list link, flow_link;
	struct ms_alg_registrar *registrar;
	char *key;                      /* public identity and contact */
	char *aor, *uri;                /* To and Contact URI */
	struct ms_alg_texts identities; /* P-Associated-URI; the first one is the default */
	struct ms_alg_texts routes;     /* Service-Route values */
	struct ms_sip_hop hop;
	struct ms_alg_flow *flow;
	unsigned agreed;      /* MS_ALG_MSRP_TLS ... */
	bool kept;            /* stands in access.state */
	bool nat;             /* its Contact is not where it sends from */
	ms_usec since, until; /* monotonic */
	struct ms_timer expiry;
};

struct ms_alg_registration {
	struct ms_span aor, uri;
	const struct ms_sip_hop *hop;
	const struct ms_sip_packet *answer; /* the 200: P-Associated-URI, Service-Route */
	uint32_t expires_s;
	unsigned agreed;
};

/** At most so many contacts, and so many over one flow. -ENOMEM. */
MS_MUST_CHECK int ms_alg_registrar_new(size_t contacts_max, size_t flow_max,
				       struct ms_alg_registrar **ret_r);
struct ms_alg_registrar *ms_alg_registrar_free(struct ms_alg_registrar *r);

/**
 * Keeps users of UDP in that file over a restart; those of connections have lost theirs and notice. Takes
 * up who is there and still registered. Errors as ms_border_journal_open().
 */
MS_MUST_CHECK int ms_alg_registrar_keep(struct ms_alg_registrar *r, const char *path,
					struct ms_buf *error);

/** Is there room for one more contact over this flow? */
bool ms_alg_registrar_has_room(const struct ms_alg_registrar *r, const struct ms_sip_hop *hop);

/** Adds or refreshes. -ENOSPC, -ENOMEM; an old binding is gone then. */
MS_MUST_CHECK int ms_alg_register(struct ms_alg_registrar *r, const struct ms_alg_registration *g);

/** Removes one contact of an identity; with an empty `uri` all of them. */
void ms_alg_deregister(struct ms_alg_registrar *r, struct ms_span aor, struct ms_span uri);

/** The flow has gone, and everybody registered over it. */
void ms_alg_registrar_flow_lost(struct ms_alg_registrar *r, const struct ms_sip_hop *hop);

/**
 * Who is registered over this flow; if several are, the one with `identity` (a URI; may be empty),
 * else the first. NULL: nobody.
 */
struct ms_alg_contact *ms_alg_contact_of(const struct ms_alg_registrar *r,
					 const struct ms_sip_hop *hop, struct ms_span identity);

/** Who registered this Contact; NULL: nobody. */
struct ms_alg_contact *ms_alg_contact_by_uri(const struct ms_alg_registrar *r, struct ms_span uri);

/** The registered identity that equals `uri`, or the default one; as a URI. */
struct ms_span ms_alg_contact_identity(const struct ms_alg_contact *c, struct ms_span uri);

size_t ms_alg_registrar_count(const struct ms_alg_registrar *r);
MS_MUST_CHECK json_t *ms_alg_registrar_list(const struct ms_alg_registrar *r);

#endif
