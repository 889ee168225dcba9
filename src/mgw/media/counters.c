/* SPDX-License-Identifier: Apache-2.0 */
#include "mgw/media/counters.h"

/* Each counter is one member of the plane's counts. */
#define WHY "Handshakes that failed, by why."
#define REFUSED "Peers refused or let go by a limit."
#define PASSED "MSRP requests and responses whose paths were changed."

static const size_t member[] = {
	offsetof(struct ms_media_stats, accepted),
	offsetof(struct ms_media_stats, connected),
	offsetof(struct ms_media_stats, tcp_failed),
	offsetof(struct ms_media_stats, handshakes),
	offsetof(struct ms_media_stats, failed_fingerprint),
	offsetof(struct ms_media_stats, failed_certificate),
	offsetof(struct ms_media_stats, failed_psk),
	offsetof(struct ms_media_stats, failed_timeout),
	offsetof(struct ms_media_stats, failed_other),
	offsetof(struct ms_media_stats, dropped_source),
	offsetof(struct ms_media_stats, refused_half_open),
	offsetof(struct ms_media_stats, refused_handshakes),
	offsetof(struct ms_media_stats, refused_memory),
	offsetof(struct ms_media_stats, refused_files),
	offsetof(struct ms_media_stats, released),
	offsetof(struct ms_media_stats, reset),
	offsetof(struct ms_media_stats, octets),
	offsetof(struct ms_media_stats, msrp_sends),
	offsetof(struct ms_media_stats, msrp_reports),
	offsetof(struct ms_media_stats, msrp_others),
	offsetof(struct ms_media_stats, msrp_responses),
	offsetof(struct ms_media_stats, msrp_refused),
	offsetof(struct ms_media_stats, endpoints),
	offsetof(struct ms_media_stats, half),
	offsetof(struct ms_media_stats, up),
	offsetof(struct ms_media_stats, waiting),
};

static struct ms_counter counters[] = {
	MS_COUNTER("tcp_accepted_total", "TCP connections taken."),
	MS_COUNTER("tcp_connected_total", "TCP connections opened."),
	MS_COUNTER("tcp_failed_total", "TCP connections that could not be opened."),
	MS_COUNTER("tls_handshakes_total", "TLS sessions established."),
	MS_COUNTER_LABEL("tls_failed_total", WHY, "reason", "fingerprint"),
	MS_COUNTER_LABEL("tls_failed_total", WHY, "reason", "certificate"),
	MS_COUNTER_LABEL("tls_failed_total", WHY, "reason", "psk"),
	MS_COUNTER_LABEL("tls_failed_total", WHY, "reason", "timeout"),
	MS_COUNTER_LABEL("tls_failed_total", WHY, "reason", "other"),
	MS_COUNTER_LABEL("refused_total", REFUSED, "limit", "source_filter"),
	MS_COUNTER_LABEL("refused_total", REFUSED, "limit", "half_open"),
	MS_COUNTER_LABEL("refused_total", REFUSED, "limit", "handshakes"),
	MS_COUNTER_LABEL("refused_total", REFUSED, "limit", "memory"),
	MS_COUNTER_LABEL("refused_total", REFUSED, "limit", "descriptors"),
	MS_COUNTER("bearers_released_total", "Bearers that stood and ended."),
	MS_COUNTER("bearers_reset_total", "Connections that we ended with a RST."),
	MS_COUNTER("octets_total", "Octets relayed, without TLS."),
	MS_COUNTER_LABEL("msrp_passed_total", PASSED, "message", "SEND"),
	MS_COUNTER_LABEL("msrp_passed_total", PASSED, "message", "REPORT"),
	MS_COUNTER_LABEL("msrp_passed_total", PASSED, "message", "other"),
	MS_COUNTER_LABEL("msrp_passed_total", PASSED, "message", "response"),
	MS_COUNTER("msrp_refused_total", "MSRP requests answered with an error."),
	MS_GAUGE("endpoints", "Stream endpoints."),
	MS_GAUGE("bearers_half_open", "Bearers being set up."),
	MS_GAUGE("bearers_up", "Bearers that stand."),
	MS_GAUGE("octets_waiting", "Octets that peers have not taken yet."),
};

_Static_assert(MS_ARRAY_SIZE(member) == MS_ARRAY_SIZE(counters), "one for each");

struct ms_counter_set ms_media_counter_set = MS_COUNTER_SET("mediasec_mgw_media", counters);

void ms_media_counters_fill(const struct ms_media_stats *s)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(counters); i++)
		counters[i].value = *(const uint64_t *)(const void *)((const char *)s + member[i]);
}
