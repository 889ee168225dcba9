/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway's configuration as its roles get it: without pointers, checked, in a file without a name
 * at their start and in a message at a reload. config.h makes it from the YAML file.
 */
#ifndef MS_MGW_SETTINGS_H
#define MS_MGW_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/profile.h"
#include "core/time.h"
#include "h248/bearer.h"
#include "loop/addr.h"

#define MS_MGW_CONTROLLERS_MAX 8
#define MS_MGW_REALMS_MAX 16
#define MS_MGW_REALM_ADDRESSES_MAX 4
#define MS_MGW_OVERRIDES_MAX 32
#define MS_MGW_WORKERS_MAX 64
#define MS_MGW_TEXT_MAX 256

enum ms_mgw_transport { MS_MGW_UDP, MS_MGW_TCP, MS_MGW_SCTP };
enum ms_mgw_encoding { MS_MGW_PRETTY, MS_MGW_COMPACT, MS_MGW_BINARY };
enum ms_mgw_tls_versions { MS_MGW_TLS_BOTH, MS_MGW_TLS_12, MS_MGW_TLS_13 };

struct ms_mgw_controller {
	struct ms_addr address;
	unsigned transport; /* enum ms_mgw_transport */
	unsigned encoding;  /* enum ms_mgw_encoding */
};

struct ms_mgw_realm {
	char name[MS_BEARER_REALM_MAX];
	uint32_t n_addresses;
	struct ms_bearer_address addresses[MS_MGW_REALM_ADDRESSES_MAX]; /* port 0 */
	uint16_t port_first, port_last;
};

struct ms_mgw_override { /* h248_packages */
	char path[96], value[80];
};

/** The media workers' part. 0 and "": the default of mgw/media/media.h. */
struct ms_mgw_media_settings {
	uint64_t read_size, waiting_max, memory_max;
	uint64_t endpoints, half_open, handshakes_per_s, handshakes_burst;
	ms_usec round_budget, finish_limit;
	ms_usec tcp_limit, tls_limit; /* guards where a bearer names none */
	bool anonymous_clients, allow_sha1;
	unsigned versions; /* enum ms_mgw_tls_versions */
	char cert_suites[MS_MGW_TEXT_MAX], cert_suites_13[MS_MGW_TEXT_MAX],
		psk_suites[MS_MGW_TEXT_MAX];
	char certificate_name[64];    /* CN of the self-signed certificates */
	uint64_t certificate_days;    /* their validity */
	ms_usec certificate_rotate;   /* a new one after; 0: never */
	char keylog[MS_MGW_TEXT_MAX]; /* file for a laboratory; "": none */
};

struct ms_mgw_settings {
	/* what the daemon's section has for roles */
	char user[64], group[64], chroot_dir[MS_MGW_TEXT_MAX];
	char control[108]; /* control socket; the parent has it, "": none */
	uint32_t workers;

	/* H.248 */
	char mid[MS_MGW_TEXT_MAX]; /* "<mg1.example.net>:2944", "[192.0.2.1]:2944" */
	char profile[80];          /* "iq", "ix", "mp" */
	char profile_name[80];     /* what is registered; "": the profile's */
	bool any_profile;
	unsigned version;
	struct ms_addr listen_udp; /* unset: any port the kernel gives */
	uint32_t n_controllers;
	struct ms_mgw_controller controllers[MS_MGW_CONTROLLERS_MAX];
	uint32_t n_realms;
	struct ms_mgw_realm realms[MS_MGW_REALMS_MAX];
	uint32_t n_overrides;
	struct ms_mgw_override overrides[MS_MGW_OVERRIDES_MAX];

	uint64_t max_contexts, max_terminations, max_context_terminations, max_streams, max_events,
		max_jobs;
	ms_usec avalanche, retry, hold, drain, t_max, long_timer;
	uint64_t quarantine_ports; /* a freed port rests until this many others were freed */

	bool has_metrics;
	struct ms_addr hep; /* unset: none */
	uint64_t hep_id;
	struct ms_mgw_media_settings media;
	struct ms_profile values;
};

#endif
