/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of mediasec-mgw (table in config.c, shown by --print-config). */
#ifndef MS_MGW_CONFIG_H
#define MS_MGW_CONFIG_H

#include "daemon/daemon.h"

enum ms_mgw_profile { MS_MGW_IQ, MS_MGW_IX, MS_MGW_MP };
enum ms_mgw_transport { MS_MGW_UDP, MS_MGW_TCP, MS_MGW_SCTP };
enum ms_mgw_encoding { MS_MGW_PRETTY, MS_MGW_COMPACT, MS_MGW_BINARY };
enum ms_mgw_versions { MS_MGW_TLS_ANY, MS_MGW_TLS_12, MS_MGW_TLS_13 };

/** One of the controllers, tried in their order. */
struct ms_mgw_controller {
	struct ms_addr address;
	unsigned transport; /* enum ms_mgw_transport */
	unsigned encoding;  /* enum ms_mgw_encoding */
};

/** A network that media addresses belong to; the first one is the default. */
struct ms_mgw_realm {
	const char *name;
	struct ms_addr address; /* its port is not used */
	uint64_t port_min, port_max;
};

struct ms_mgw_package {
	const char *path; /* as ms_h248_registry_set() has it */
	const char *value;
};

struct ms_mgw_config {
	struct ms_daemon_config daemon;
	struct ms_profile profile;
	struct {
		const char *mid;
		unsigned profile;         /* enum ms_mgw_profile */
		const char *profile_name; /* "": the project profile's */
		bool any_profile;
		uint64_t version;
		struct ms_config_list controllers; /* of struct ms_mgw_controller */
		struct ms_addr listen;          /* ours: source of what we send over UDP and SCTP */
		struct ms_config_list packages; /* of struct ms_mgw_package */
		ms_usec avalanche, retry, hold, drain;
		bool warm;
		ms_usec t_max, long_timer, retransmit_first, retransmit_longest;
		uint64_t retransmit_most;
		uint64_t contexts, terminations, streams, events, jobs, replies, reply_memory;
		uint64_t message_max;
	} h248;
	struct ms_config_list realms; /* of struct ms_mgw_realm */
	struct {
		uint64_t workers; /* 0: one a core */
		uint64_t read_size, waiting_max, memory_max;
		uint64_t endpoints, half_open, handshakes, handshakes_burst;
		ms_usec round_budget, finish_limit, tcp_limit, tls_limit, certificate_rotate;
		bool anonymous_clients;
		unsigned versions; /* enum ms_mgw_versions */
		const char *keylog;
	} media; /* limits of each worker */
	struct {
		struct ms_addr address; /* unset: none */
		uint64_t id;
		const char *password_file;
	} hep;
	struct ms_addr metrics;
};

extern const struct ms_config_field ms_mgw_config_fields[];

/** What the table cannot say. For struct ms_daemon_app. */
MS_MUST_CHECK int ms_mgw_config_check(const struct ms_config *c, struct ms_config_error *ret_error);

/** Media workers that this configuration means on this machine: at least 1, at most MS_MGW_WORKERS_MAX. */
unsigned ms_mgw_workers(const struct ms_mgw_config *c);

#define MS_MGW_WORKERS_MAX 64

#endif
