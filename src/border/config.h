/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The section `sip:` of the configurations of IMS-ALG and IBCF: where they listen, where names lead,
 * what is too much.
 */
#ifndef MS_BORDER_CONFIG_H
#define MS_BORDER_CONFIG_H

#include "daemon/config.h"
#include "sip/proxy.h"

/** One element of `sip.listen`. */
struct ms_border_listen {
	unsigned side;      /* enum ms_sip_side */
	unsigned transport; /* enum ms_sip_transport */
	struct ms_addr address;
	const char *advertised; /* "": the address */
};

struct ms_border_sip_config {
	struct ms_config_list listen; /* of struct ms_border_listen */
	struct ms_addr core, access;  /* next hops for names; access unset: none */
	unsigned core_transport, access_transport;
	const char *certificate, *ca, *peer_name; /* "": none */
	const char *token_key;                    /* path of a file with a key; "": random */
	const char *state;                        /* path of the file of calls; "": none */
	uint64_t requests, requests_host, streams, streams_host, message, queue, udp_max;
	ms_usec idle, first, timer_c, decision, release_wait;
	uint64_t sessions;
	uint64_t forks;        /* dialogs of a call */
	ms_usec session_limit; /* without session timer; 0: none */
};

extern const struct ms_config_field ms_border_sip_fields[];

/** The section over a struct ms_border_sip_config. */
#define MS_BORDER_SIP_CONFIG(s, m)                                             \
	{                                                                      \
		.key = "sip", .type = MS_CONFIG_MAP, .offset = offsetof(s, m), \
		.fields = ms_border_sip_fields,                                \
		.help = "Where SIP is spoken, and how much of it.",            \
	}

/** What the table cannot say: both sides have a point, TLS has its files. */
MS_MUST_CHECK int ms_border_sip_check(const struct ms_config *c,
				      const struct ms_border_sip_config *s,
				      struct ms_config_error *ret_error);

/** The configuration of the proxy but for handlers; `points` has room for MS_SIP_POINTS_MAX. */
struct ms_sip_proxy_config ms_border_proxy_config(const struct ms_border_sip_config *s,
						  struct ms_sip_point *points);

#endif
