/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of mediasec-list; table in config.c, shown by --print-config. */
#ifndef MS_LISTS_CONFIG_H
#define MS_LISTS_CONFIG_H

#include "daemon/daemon.h"
#include "list/post.h"
#include "list/uri-config.h"
#include "sip/proxy.h"

/** One element of `sip.listen`. */
struct ms_lists_listen {
	unsigned transport; /* enum ms_sip_transport */
	struct ms_addr address;
	const char *advertised; /* "": the address */
};

/** What becomes of a message while the key management server does not answer. */
enum ms_lists_kms_away { MS_LISTS_AWAY_HOLD, MS_LISTS_AWAY_REFUSE };

struct ms_lists_config {
	struct ms_daemon_config daemon;
	struct ms_profile profile;
	struct {
		struct ms_config_list listen; /* of struct ms_lists_listen */
		struct ms_addr core;
		unsigned core_transport;
		struct ms_config_list trusted;            /* of struct ms_addr, beside the core */
		const char *certificate, *ca, *peer_name; /* "": none */
		uint64_t requests, streams, streams_host, message, queue, udp_max;
		ms_usec idle, first, decision;
	} sip;
	struct {
		const char *url, *ca; /* ca "": the system's */
		const char *identity, *psk_id, *psk_file;
		ms_usec timeout;
		unsigned away; /* enum ms_lists_kms_away */
		ms_usec retry; /* between attempts while messages are held */
		ms_usec hold;  /* longest */
	} kms;
	struct {
		ms_usec lifetime, renew_ahead; /* 0: the profile's; never */
		uint64_t max;                  /* kept a list */
		uint64_t explicit_max;         /* members named one by one in a ticket */
		const char *group_suffix;
		unsigned algorithm; /* enum ms_aead_alg */
	} tickets;
	struct {
		const char *file;
		ms_usec busy;
		const char *replay;
		uint64_t replay_max;
		ms_usec offline_limit;
	} store;
	struct {
		uint64_t lists, members, size, pending;
		uint64_t rate,
			rate_burst; /* deliveries a minute and at once, a sender; rate 0: no limit */
		uint64_t senders;
	} limits;
	struct {
		unsigned author; /* enum ms_lists_author */
	} content;
	struct ms_lists_delivery_config delivery;
	struct ms_lists_uri_config uri_list;
	struct {
		struct ms_addr listen, metrics; /* unset: none */
		const char *token_file;
		uint64_t body_max, connections, rate, lists_owner;
		struct ms_config_list domains; /* of const char *: where owners may make lists */
	} http;
};

extern const struct ms_config_field ms_lists_config_fields[];

MS_MUST_CHECK int ms_lists_config_check(const struct ms_config *c,
					struct ms_config_error *ret_error);

/** The configuration of the proxy but for handlers; `points` has room for MS_SIP_POINTS_MAX. */
struct ms_sip_proxy_config ms_lists_proxy_config(const struct ms_lists_config *c,
						 struct ms_sip_point *points);

#endif
