/* SPDX-License-Identifier: Apache-2.0 */
#include "list/counters.h"

#include "list/lists.h"
#include "list/post.h"

static struct ms_counter counters[] = {
	[MS_LISTS_C_MESSAGES] = MS_COUNTER("messages_total", "MESSAGE requests that came."),
	[MS_LISTS_C_ACCEPTED] = MS_COUNTER("accepted_total", "Of them, answered 202."),
	[MS_LISTS_C_REENCRYPTED] =
		MS_COUNTER("reencrypted_total", "Messages to lists encrypted anew, once each."),
	[MS_LISTS_C_HELD] =
		MS_COUNTER("held_total",
			   "Messages kept as they came while the key management server was away."),
	[MS_LISTS_C_RECIPIENTS] =
		MS_COUNTER("recipients_total", "Recipients of the accepted messages to lists."),
	[MS_LISTS_C_REGISTRATIONS] =
		MS_COUNTER("registrations_total", "Registrations of users the core told of."),
	[MS_LISTS_C_SENT] = MS_COUNTER("sent_total", "Requests to recipients, all attempts."),
	[MS_LISTS_C_DELIVERED] = MS_COUNTER("delivered_total", "Recipients who took a message."),
	[MS_LISTS_C_FAILED] = MS_COUNTER("failed_total", "Recipients who refused it, or failed."),
	[MS_LISTS_C_EXPIRED] =
		MS_COUNTER("expired_total", "Recipients who did not come while it was kept."),
	[MS_LISTS_C_REPEATED] =
		MS_COUNTER("repeated_total",
			   "Repetitions that recipients refused, having the message already."),
	[MS_LISTS_C_UNTOLD] = MS_COUNTER("untold_total",
					 "Messages of whose outcomes their authors are not told."),
	[MS_LISTS_C_QUEUE] = MS_GAUGE("queue", "Messages in the queue now."),
	[MS_LISTS_C_AWAY] = MS_GAUGE("away", "Deliveries that wait for a registration now."),
	[MS_LISTS_C_CHANGES] = MS_COUNTER("changes_total", "Changes of lists."),
	[MS_LISTS_C_HTTP_DENIED] =
		MS_COUNTER("http_denied_total", "HTTP requests without a good token."),
	[MS_LISTS_C_LISTS] = MS_GAUGE("lists", "Lists now."),
	[MS_LISTS_C_PENDING] = MS_GAUGE("pending", "Messages that wait for keys or disk now."),
#define REFUSED(reason) MS_COUNTER_LABEL("refused_total", "Requests refused.", "reason", reason)
	[MS_LISTS_C_REFUSED] = REFUSED("not_trusted"),
	REFUSED("method"),
	REFUSED("no_list"),
	REFUSED("no_sender"),
	REFUSED("too_large"),
	REFUSED("rate"),
	REFUSED("loop"),
	REFUSED("hops"),
	REFUSED("pending"),
	REFUSED("plain"),
	REFUSED("malformed"),
	REFUSED("replay"),
	REFUSED("smime"),
	REFUSED("sender_differs"),
	REFUSED("may_not_post"),
	REFUSED("notification"),
	REFUSED("no_members"),
	REFUSED("too_many_recipients"),
	REFUSED("kms_away"),
	REFUSED("kms_refused"),
	REFUSED("extension"),
	REFUSED("no_recipients"),
	REFUSED("consent"),
	REFUSED("not_resolver"),
	REFUSED("store"),
	REFUSED("memory"),
	REFUSED("stopping"),
	REFUSED("other"),
};

static struct ms_counter sip_counters[MS_SIP_PROXY_COUNTERS + 2];

static void refresh_post(struct ms_counter *c)
{
	struct ms_lists_post_state s;

	ms_lists_post_state(ms_lists.post, &s);
	c[MS_LISTS_C_SENT].value = s.sent;
	c[MS_LISTS_C_DELIVERED].value = s.delivered;
	c[MS_LISTS_C_FAILED].value = s.failed;
	c[MS_LISTS_C_EXPIRED].value = s.expired;
	c[MS_LISTS_C_REPEATED].value = s.repeated;
	ms_gauge(&c[MS_LISTS_C_QUEUE], s.messages);
	ms_gauge(&c[MS_LISTS_C_AWAY], s.away);
}

static void refresh(struct ms_counter_set *set, void *arg)
{
	(void)arg;
	if (ms_lists.post)
		refresh_post(set->counters);
	if (ms_lists.directory)
		ms_gauge(&set->counters[MS_LISTS_C_LISTS], ms_lists_count_of(ms_lists.directory));
	ms_gauge(&set->counters[MS_LISTS_C_PENDING], ms_lists.n_pending);
}

static void refresh_sip(struct ms_counter_set *set, void *arg)
{
	(void)arg;
	if (!ms_lists.proxy)
		return;
	for (size_t i = 0; i < MS_SIP_PROXY_COUNTERS; i++)
		set->counters[i].value = ms_sip_proxy_counter(ms_lists.proxy, i);
	ms_gauge(&set->counters[MS_SIP_PROXY_COUNTERS], ms_sip_proxy_exchanges(ms_lists.proxy));
	ms_gauge(&set->counters[MS_SIP_PROXY_COUNTERS + 1], ms_sip_proxy_streams(ms_lists.proxy));
}

struct ms_counter_set ms_lists_counters = { .prefix = "mediasec_list",
					    .counters = counters,
					    .n = MS_ARRAY_SIZE(counters),
					    .refresh = refresh };
struct ms_counter_set ms_lists_sip_counters = { .prefix = "mediasec_sip",
						.counters = sip_counters,
						.n = MS_ARRAY_SIZE(sip_counters),
						.refresh = refresh_sip };

struct ms_log_category ms_lists_log = { .name = "list",
					.help = "Messages to lists, and changes of lists.",
					.level = MS_LOG_INFO };

void ms_lists_count(enum ms_lists_counter c)
{
	ms_count(&counters[c]);
}

void ms_lists_count_n(enum ms_lists_counter c, uint64_t n)
{
	counters[c].value += n;
}

void ms_lists_count_refused(const char *reason)
{
	ms_count_reason(&ms_lists_counters, "refused_total", reason);
}

void ms_lists_counters_start(void)
{
	static char names[MS_SIP_PROXY_COUNTERS][40];

	for (size_t i = 0; i < MS_SIP_PROXY_COUNTERS; i++) {
		struct ms_buf n;

		ms_buf_init_fixed(&n, names[i], sizeof(names[i]));
		ms_buf_printf(&n, "%s_total", ms_sip_proxy_counter_names[i]);
		sip_counters[i] =
			(struct ms_counter)MS_COUNTER(ms_buf_cstr(&n), "Of the SIP proxy.");
	}
	sip_counters[MS_SIP_PROXY_COUNTERS] =
		(struct ms_counter)MS_GAUGE("exchanges", "Requests on their way now.");
	sip_counters[MS_SIP_PROXY_COUNTERS + 1] =
		(struct ms_counter)MS_GAUGE("streams", "Connections open now.");
}
