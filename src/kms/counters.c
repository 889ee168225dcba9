/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/counters.h"

#include "mikey/reason.h"

/* Reasons of our own; those of the engine are in mikey/reason.h. */
static const char *const own_reasons[] = {
	"user_disabled",       "key_expired",      "user_revoked",        "ticket_revoked",
	"initiator_gone",      "not_admitted",     "policy_denied",       "too_many_keys",
	"too_many_responders", "lifetime_invalid", "certificate_expired", "certificate_unknown",
};

#define REASONS_MAX 96

static struct ms_counter vault[MS_KMS_V_FIXED + REASONS_MAX] = {
	[MS_KMS_V_ISSUED] = MS_COUNTER("tickets_issued_total", "Tickets issued."),
	[MS_KMS_V_RESOLVED] = MS_COUNTER("tickets_resolved_total", "Tickets resolved."),
	[MS_KMS_V_ERROR_MESSAGES] =
		MS_COUNTER("error_messages_total", "MIKEY Error messages sent."),
	[MS_KMS_V_UNREADABLE] =
		MS_COUNTER("unreadable_total", "Bodies that are no MIKEY-TICKET message."),
	[MS_KMS_V_WITHHELD] = MS_COUNTER("withheld_total",
					 "Answers held back: the replay journal was not written."),
	[MS_KMS_V_FAILED] = MS_COUNTER("failed_total", "Requests that failed by our own fault."),
	[MS_KMS_V_REPLAYS] = MS_COUNTER("replays_total", "Messages that had been seen before."),
	[MS_KMS_V_BATCHES] = MS_COUNTER("batches_total", "Rounds of requests answered together."),
	[MS_KMS_V_AUDIT_ERRORS] = MS_COUNTER("audit_errors_total", "Audit lines lost."),
	[MS_KMS_V_JOURNAL_ERRORS] =
		MS_COUNTER("journal_errors_total", "Writes to the replay journal that failed."),
	[MS_KMS_V_JOURNAL_OCTETS] =
		MS_COUNTER("journal_octets_total", "Octets written to the replay journal."),
	[MS_KMS_V_JOURNAL_SYNCS] = MS_COUNTER("journal_syncs_total", "Syncs of replay journals."),
	[MS_KMS_V_CHANGES] = MS_COUNTER("changes_total", "Changes made over the control socket."),
	[MS_KMS_V_REPLAY_RECORDS] = MS_GAUGE("replay_records", "Messages remembered."),
	[MS_KMS_V_REPLAY_BUCKETS] = MS_GAUGE("replay_buckets", "Time buckets of the journal."),
	[MS_KMS_V_REPLAY_AHEAD] = MS_GAUGE("clock_behind_seconds",
					   "How far our clock is behind messages accepted before."),
	[MS_KMS_V_USERS] = MS_GAUGE("users", "Users."),
	[MS_KMS_V_IDENTITIES] = MS_GAUGE("identities", "Public identities."),
	[MS_KMS_V_KEYS] = MS_GAUGE("user_keys", "Pre-shared keys of users."),
	[MS_KMS_V_TPKS] = MS_GAUGE("ticket_keys", "Ticket protection keys kept."),
};

/* A histogram as Prometheus has it: each bucket counts all answers up to its end. */
#define LE(v)                                                                                      \
	MS_COUNTER_LABEL("answer_us_bucket", "Answers by the time they took, microseconds.", "le", \
			 v)

static struct ms_counter front[MS_KMS_F_COUNT] = {
	[MS_KMS_F_REQUESTS] = MS_COUNTER("requests_total", "Requests given to the vault."),
	[MS_KMS_F_OVERLOAD] = MS_COUNTER("overload_total", "Requests refused with 503."),
	[MS_KMS_F_BAD_QUERY] =
		MS_COUNTER("bad_query_total", "Requests of an unknown or wrong request type."),
	[MS_KMS_F_MEDIA_TYPE] =
		MS_COUNTER("media_type_total", "Bodies that are not application/mikey."),
	[MS_KMS_F_BAD_BODY] = MS_COUNTER("bad_body_total", "Bodies that are not MIKEY."),
	[MS_KMS_F_LATE] = MS_COUNTER("late_total", "Requests the vault did not answer in time."),
	[MS_KMS_F_ANSWER_US] = MS_COUNTER("answer_us_sum", "Time to answers, microseconds."),
	[MS_KMS_F_ANSWER_COUNT] = MS_COUNTER("answer_us_count", "Answers."),
	[MS_KMS_F_LATENCY] = LE("250"),
	LE("500"),
	LE("1000"),
	LE("2000"),
	LE("5000"),
	LE("20000"),
	LE("100000"),
	LE("1000000"),
	LE("+Inf"),
	[MS_KMS_F_ACCEPTED] = MS_COUNTER("connections_total", "Connections accepted."),
	[MS_KMS_F_REFUSED_TOTAL] =
		MS_COUNTER("connections_refused_total", "Connections over the limit."),
	[MS_KMS_F_REFUSED_ADDRESS] = MS_COUNTER("connections_address_total",
						"Connections over the limit of their address."),
	[MS_KMS_F_MALFORMED] = MS_COUNTER("http_malformed_total", "Malformed HTTP requests."),
	[MS_KMS_F_NOT_FOUND] = MS_COUNTER("http_not_found_total", "Requests for another path."),
	[MS_KMS_F_METHOD] = MS_COUNTER("http_method_total", "Requests with another method."),
	[MS_KMS_F_RATE] = MS_COUNTER("http_rate_total", "Requests over the rate."),
	[MS_KMS_F_SLOW] = MS_COUNTER("http_slow_total", "Clients cut off for being slow."),
	[MS_KMS_F_GONE] = MS_COUNTER("http_gone_total", "Answers whose client had gone."),
	[MS_KMS_F_OPEN] = MS_GAUGE("connections", "Connections open."),
	[MS_KMS_F_IN_FLIGHT] = MS_GAUGE("requests_in_flight", "Requests not yet answered."),
};

static const uint64_t latency_end[MS_KMS_LATENCY_BUCKETS] = { 250,  500,   1000,   2000,
							      5000, 20000, 100000, 1000000 };

struct ms_counter_set ms_kms_vault_set = { .prefix = "mediasec_kms", .counters = vault };
struct ms_counter_set ms_kms_front_set = MS_COUNTER_SET("mediasec_kms_front", front);

static void add_reason(const char *reason)
{
	if (ms_kms_vault_set.n < MS_ARRAY_SIZE(vault))
		vault[ms_kms_vault_set.n++] = (struct ms_counter)MS_COUNTER_LABEL(
			"refused_total", "Requests refused, by reason.", "reason", reason);
}

void ms_kms_counters_init(void)
{
	const char *name;

	ms_kms_vault_set.n = MS_KMS_V_FIXED;
	for (size_t i = 0; i < MS_ARRAY_SIZE(own_reasons); i++)
		add_reason(own_reasons[i]);
	for (size_t i = 0; (name = ms_mikey_reason_name(i)) != NULL; i++)
		add_reason(name);
	/* The last one is there in any case. */
	if (ms_kms_vault_set.n == MS_ARRAY_SIZE(vault))
		ms_kms_vault_set.n--;
	add_reason("other");
	ms_counter_set_add(&ms_kms_vault_set);
	ms_counter_set_add(&ms_kms_front_set);
}

void ms_kms_count_refused(const char *reason)
{
	ms_count_reason(&ms_kms_vault_set, "refused_total", reason);
}

void ms_kms_count_latency(uint64_t us)
{
	for (size_t i = MS_KMS_LATENCY_BUCKETS; i > 0 && us <= latency_end[i - 1]; i--)
		ms_count(&front[MS_KMS_F_LATENCY + i - 1]);
	ms_count(&front[MS_KMS_F_LATENCY + MS_KMS_LATENCY_BUCKETS]);
	ms_count(&front[MS_KMS_F_ANSWER_COUNT]);
	front[MS_KMS_F_ANSWER_US].value += us;
}
