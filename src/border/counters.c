/* SPDX-License-Identifier: Apache-2.0 */
/* What the border counts, and what it shows of the proxy's own counters. */
#include "border/session-priv.h"

static struct ms_counter counters[] = {
	[MS_BORDER_C_CALLS] = MS_COUNTER("calls_total", "Calls begun."),
	[MS_BORDER_C_ANSWERED] = MS_COUNTER("calls_answered_total", "Calls that were answered."),
	[MS_BORDER_C_RELEASED] =
		MS_COUNTER("calls_released_total", "Calls ended by us (gateway, media, operator)."),
	[MS_BORDER_C_EXPIRED] =
		MS_COUNTER("calls_expired_total", "Calls whose session timer ran out."),
	[MS_BORDER_C_BUSY] = MS_COUNTER("offers_crossed_total", "Offers answered 491."),
	[MS_BORDER_C_MEDIA_REFUSED] =
		MS_COUNTER("media_refused_total", "Descriptions the gateway or our rules refused."),
	[MS_BORDER_C_STRIPPED] = MS_COUNTER("descriptions_stripped_total",
					    "Descriptions that were no offer and no answer."),
#define LINE(choice) \
	MS_COUNTER_LABEL("lines_total", "m-lines by what was done with them.", "choice", choice)
	[MS_BORDER_C_LINES_FIRST] = LINE("e2ae_originating"),
	LINE("e2ae_terminating"),
	LINE("msrp_cema"),
	LINE("msrp_sessmatch"),
	LINE("msrp_b2bua"),
	LINE("bfcp"),
	LINE("tls_passed"),
	LINE("untouched"),
#define REJECTED(reason) MS_COUNTER_LABEL("rejected_total", "Requests refused.", "reason", reason)
	[MS_BORDER_C_REJECTED_FIRST] = REJECTED("not_registered"),
	REJECTED("security_agreement"),
	REJECTED("extension_required"),
	REJECTED("no_route"),
	REJECTED("unreachable"),
	REJECTED("glare"),
	REJECTED("too_many_sessions"),
	REJECTED("too_many_contacts"),
	REJECTED("no_memory"),
	REJECTED("lost_fork"),
	REJECTED("several_descriptions"),
	REJECTED("encoded_body"),
	REJECTED("malformed_body"),
	/* by the anchor: ms_anchor_counters */
	REJECTED("anchor_sdp"),
	REJECTED("anchor_lines"),
	REJECTED("anchor_no_cema"),
	REJECTED("anchor_address"),
	REJECTED("anchor_path"),
	REJECTED("anchor_bad_fingerprint"),
	REJECTED("anchor_weak_fingerprint"),
	REJECTED("anchor_no_fingerprint"),
	REJECTED("anchor_setup"),
	REJECTED("anchor_answer"),
	REJECTED("anchor_fork_offer"),
	REJECTED("anchor_forks"),
	REJECTED("anchor_no_gateway"),
	REJECTED("anchor_overload"),
	REJECTED("anchor_gateway_refused"),
	REJECTED("anchor_internal"),
	REJECTED("other"),
#define ENDED(reason) \
	MS_COUNTER_LABEL("media_ended_total", "Media that ended calls.", "reason", reason)
	ENDED("anchor_gateway_lost"),
	ENDED("anchor_tcp_failed"),
	ENDED("anchor_tls_failed"),
	ENDED("anchor_bearer_released"),
	ENDED("other"),
	MS_GAUGE("calls", "Calls now."),
};

static struct ms_counter proxy_counters[MS_SIP_PROXY_COUNTERS + 2];

static void refresh(struct ms_counter_set *set, void *arg)
{
	const struct ms_border *b = arg;

	if (b)
		ms_gauge(&set->counters[set->n - 1], b->n_sessions);
}

static void refresh_proxy(struct ms_counter_set *set, void *arg)
{
	const struct ms_border *b = arg;

	for (size_t i = 0; b && i < MS_SIP_PROXY_COUNTERS; i++)
		set->counters[i].value = ms_sip_proxy_counter(b->proxy, i);
	if (!b)
		return;
	ms_gauge(&set->counters[MS_SIP_PROXY_COUNTERS], ms_sip_proxy_exchanges(b->proxy));
	ms_gauge(&set->counters[MS_SIP_PROXY_COUNTERS + 1], ms_sip_proxy_streams(b->proxy));
}

struct ms_counter_set ms_border_counters = { .prefix = "mediasec_border",
					     .counters = counters,
					     .n = MS_ARRAY_SIZE(counters),
					     .refresh = refresh };
struct ms_counter_set ms_border_sip_counters = { .prefix = "mediasec_sip",
						 .counters = proxy_counters,
						 .n = MS_ARRAY_SIZE(proxy_counters),
						 .refresh = refresh_proxy };

void ms_border_count(enum ms_border_counter c)
{
	ms_count(&counters[c]);
}

void ms_border_count_reason(const char *name, const char *reason)
{
	char full[64];
	struct ms_buf b;

	ms_buf_init_fixed(&b, full, sizeof(full));
	ms_buf_printf(&b, "%s_total", name);
	ms_count_reason(&ms_border_counters, ms_buf_cstr(&b), reason ? reason : "other");
}

void ms_border_count_line(const char *choice)
{
	struct ms_counter *c = ms_counter_find(&ms_border_counters, "lines_total", choice);

	if (c)
		ms_count(c);
}

void ms_border_counters_start(struct ms_border *b)
{
	static char names[MS_SIP_PROXY_COUNTERS][40];

	for (size_t i = 0; i < MS_SIP_PROXY_COUNTERS; i++) {
		struct ms_buf n;

		ms_buf_init_fixed(&n, names[i], sizeof(names[i]));
		ms_buf_printf(&n, "%s_total", ms_sip_proxy_counter_names[i]);
		proxy_counters[i] =
			(struct ms_counter)MS_COUNTER(ms_buf_cstr(&n), "Of the SIP proxy.");
	}
	proxy_counters[MS_SIP_PROXY_COUNTERS] =
		(struct ms_counter)MS_GAUGE("exchanges", "Requests on their way now.");
	proxy_counters[MS_SIP_PROXY_COUNTERS + 1] =
		(struct ms_counter)MS_GAUGE("streams", "Connections open now.");
	ms_border_counters.arg = b;
	ms_border_sip_counters.arg = b;
}

/* The last values stay readable. */
void ms_border_counters_stop(struct ms_border *b)
{
	if (ms_border_counters.arg == b)
		ms_border_counters.arg = ms_border_sip_counters.arg = NULL;
}
