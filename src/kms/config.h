/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of mediasec-kms (table in config.c, shown by --print-config), and its way from
 * the parent to the roles: they read no file, but a copy of the values.
 */
#ifndef MS_KMS_CONFIG_H
#define MS_KMS_CONFIG_H

#include "daemon/daemon.h"

enum ms_kms_audit_target { MS_KMS_AUDIT_NONE, MS_KMS_AUDIT_FILE, MS_KMS_AUDIT_SYSLOG };
enum ms_kms_default { MS_KMS_ALLOW, MS_KMS_DENY };

struct ms_kms_config {
	struct ms_daemon_config daemon;
	struct ms_profile profile;
	const char *identity;
	struct {
		struct ms_config_list listen; /* of struct ms_addr; stays with the parent */
		struct ms_addr metrics;
		uint64_t head_max, body_max, connections, per_address, rate, rate_burst;
		uint64_t per_connection, in_flight;
		ms_usec head_limit, body_limit, idle_limit, send_limit, answer_limit;
	} http;
	struct {
		const char *control;
		bool control_group;
		const char *store, *master;
		ms_usec busy;
		uint64_t max_entries;
		const char *certificate, *private_key;
	} vault;
	struct {
		const char *dir;
		unsigned sync; /* enum ms_kms_sync */
		ms_usec sync_interval, bucket;
		uint64_t max_records;
	} replay;
	struct {
		ms_usec lifetime, key_lifetime;
		uint64_t max_keys, max_responders;
		const char *arbiters; /* a PSI, or "" */
		unsigned by_default;  /* enum ms_kms_default */
		bool suite_128, suite_256, key_wrap, mixed_prf, authenticate_errors;
	} ticket;
	struct {
		unsigned target; /* enum ms_kms_audit_target */
		const char *file, *syslog;
	} audit;
};

extern const struct ms_config_field ms_kms_config_fields[];

/** What the table cannot say. For struct ms_daemon_app. */
MS_MUST_CHECK int ms_kms_config_check(const struct ms_config *c, struct ms_config_error *ret_error);

/** The keys a reload may change: for struct ms_daemon_app. */
extern const char *const ms_kms_config_loose[];

/** What the roles see instead of 0: the profile's value. */
void ms_kms_config_settle(struct ms_kms_config *c);

#endif
