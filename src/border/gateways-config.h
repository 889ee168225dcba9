/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sections `h248:` and `media:` of the configurations of IMS-ALG and IBCF: how gateways are
 * controlled, and what is done with descriptions.
 */
#ifndef MS_BORDER_GATEWAYS_CONFIG_H
#define MS_BORDER_GATEWAYS_CONFIG_H

#include "anchor/anchor.h"
#include "daemon/config.h"

/** One element of `h248.listen`. */
struct ms_border_h248_listen {
	struct ms_addr address;
	unsigned transport; /* enum ms_h248_transport */
	unsigned encoding;  /* index: pretty, compact, binary */
};

/** One element of `h248.gateways`. */
struct ms_border_gateway {
	const char *name;
	uint64_t weight;
	const char *realms;     /* names separated by blanks; "": any */
	struct ms_addr address; /* UDP: where it listens; unset: it comes to us */
	unsigned encoding;
};

struct ms_border_package {
	const char *path, *value;
};

struct ms_border_h248_config {
	const char *mid;
	struct ms_config_list listen;   /* of struct ms_border_h248_listen */
	struct ms_config_list gateways; /* of struct ms_border_gateway */
	struct ms_config_list packages; /* of struct ms_border_package */
	bool any_profile;
	uint64_t version, contexts, orders, message_max, replies, termination_heartbeat;
	ms_usec heartbeat, silence, patience, t_max, long_timer, retransmit_first,
		retransmit_longest;
	uint64_t retransmit_most, connections, connections_host, reply_memory;
	ms_usec first;
	const char *state; /* file; "": none */
};

struct ms_border_media_config {
	const char *access_realm, *core_realm;
	unsigned tls, plain;   /* enum ms_anchor_when */
	unsigned without_cema; /* enum ms_anchor_msrp */
	unsigned direction;    /* enum ms_anchor_direction */
	bool unregistered_e2ae, sha1, filter;
	ms_usec inactivity, tcp_limit, tls_limit;
	uint64_t dscp; /* 64: none */
	uint64_t forks;
};

/** Realms of one gateway. */
struct ms_border_realms {
	char name[MS_MGC_REALMS_MAX][MS_BEARER_REALM_MAX];
	size_t n; /* 0: any */
};

/** Names separated by blanks. -E2BIG: too many; -ENAMETOOLONG: one too long. */
MS_MUST_CHECK int ms_border_realms_of(const char *text, struct ms_border_realms *ret_r);

/** A gateway's message identifier as the controller's engine spells it. -EINVAL: it is none. */
MS_MUST_CHECK int ms_border_gateway_name(const char *text, char ret_name[static MS_MGC_NAME_MAX]);

extern const struct ms_config_field ms_border_h248_fields[];
extern const struct ms_config_field ms_border_media_fields[];

/** Both sections over their structures. */
#define MS_BORDER_H248_CONFIG(s, m)                                                    \
	{                                                                              \
		.key = "h248", .type = MS_CONFIG_MAP, .offset = offsetof(s, m),        \
		.fields = ms_border_h248_fields, .help = "Control of media gateways.", \
	}
#define MS_BORDER_MEDIA_CONFIG(s, m)                                                               \
	{                                                                                          \
		.key = "media", .type = MS_CONFIG_MAP, .offset = offsetof(s, m),                   \
		.fields = ms_border_media_fields, .help = "What is done with media descriptions.", \
	}

/**
 * What the table cannot say: with gateways there are a message identifier, a port to listen at, and one
 * gateway at least that has the realms of `media`.
 */
MS_MUST_CHECK int ms_border_h248_check(const struct ms_config *c,
				       const struct ms_border_h248_config *h,
				       const struct ms_border_media_config *m,
				       struct ms_config_error *ret_error);

/** The policy; strings are borrowed from the configuration. */
struct ms_anchor_policy ms_border_policy(const struct ms_border_media_config *m,
					 enum ms_anchor_role role, bool msrp, bool bfcp,
					 size_t sessions);

#endif
