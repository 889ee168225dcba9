/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A border with what stands around it in both programs: gateways, capture, metrics. mediasec-alg and
 * mediasec-ibcf differ in what they do with a request; how they start, reload and stop is this.
 */
#ifndef MS_BORDER_SERVICE_H
#define MS_BORDER_SERVICE_H

#include "border/border.h"
#include "border/gateways-config.h"
#include "border/gateways.h"
#include "border/metrics.h"
#include "daemon/daemon.h"

/** What both read of their configuration; embedded in theirs. */
struct ms_border_config {
	struct ms_daemon_config daemon;
	struct ms_profile profile;
	struct ms_border_sip_config sip;
	struct ms_border_h248_config h248;
	struct ms_border_media_config media;
	struct ms_border_hep_config hep;
	struct ms_addr metrics; /* unset: none */
};

/** Its sections in a table, but for the profile, which comes last. */
#define MS_BORDER_CONFIG(s, m)                                                        \
	MS_DAEMON_CONFIG(s, m.daemon), MS_BORDER_SIP_CONFIG(s, m.sip),                \
		MS_BORDER_H248_CONFIG(s, m.h248), MS_BORDER_MEDIA_CONFIG(s, m.media), \
		MS_BORDER_HEP_CONFIG(s, m.hep), MS_BORDER_METRICS_CONFIG(s, m.metrics)

/** What the table cannot say of them. As ms_daemon_app.check. */
MS_MUST_CHECK int ms_border_config_check(const struct ms_config *c,
					 const struct ms_border_config *shared,
					 struct ms_config_error *ret_error);

/** The keys that may differ, of what both share: for ms_daemon_app.loose. */
#define MS_BORDER_LOOSE                                                                            \
	MS_DAEMON_LOOSE, "h248.gateways", "media", "sip.core", "sip.core_transport", "sip.access", \
		"sip.access_transport", "sip.certificate", "sip.ca", "sip.peer_name",              \
		"sip.requests_host", "sip.streams_host", "sip.udp_max", "sip.idle", "sip.first",   \
		"sip.timer_c", "sip.decision", "sip.release_wait", "sip.forks",                    \
		"sip.session_limit"

/** For ms_daemon_app: counters and categories of the log. */
extern struct ms_counter_set *const ms_border_counter_sets[];
extern struct ms_log_category *const ms_border_log_categories[];

/** Embedded in the program; all-zero before it is started. All owned, but for the configuration. */
struct ms_border_service {
	const struct ms_border_config *config; /* in force */
	struct ms_border *border;
	struct ms_border_gateways *gateways;
	struct ms_hep_sender *hep; /* NULL: nothing is exported */
	struct ms_border_metrics *metrics;
};

/**
 * Opens everything. `first` is a copy of the configuration that outlives the service, for what a reload
 * does not change; of `spec` what the service makes itself is filled in: sip, mgc and hep. 0, or negative
 * errno, logged; ms_border_service_end() is due in any case.
 */
MS_MUST_CHECK int ms_border_service_start(struct ms_border_service *s,
					  const struct ms_border_config *config,
					  const struct ms_border_config *first,
					  const struct ms_h248_profile *profile,
					  struct ms_border_spec *spec);

/** A reload: `config` is in force then. Negative errno, and `d` has been told why: all is as it was. */
MS_MUST_CHECK int ms_border_service_change(struct ms_border_service *s, struct ms_daemon *d,
					   const struct ms_border_config *config,
					   const struct ms_anchor_policy *policy);

/** Releases all calls, then calls ms_daemon_stopped(). */
void ms_border_service_stop(struct ms_border_service *s, struct ms_daemon *d);

/** Closes what is open. */
void ms_border_service_end(struct ms_border_service *s);

#endif
