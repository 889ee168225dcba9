/* SPDX-License-Identifier: Apache-2.0 */
/* Why keys did not come about: what a person reads, and what is counted. */
#include <errno.h>

#include "daemon/counter.h"
#include "keys/keyring-priv.h"
#include "mikey/message.h"

static const struct {
	const char *reason, *text;
} texts[] = {
	/* the message or call */
	{ "replay", "seen before: a replay" },
	{ "replay_forgotten", "older than what we remember: it cannot be told from a replay" },
	{ "stale_timestamp", "its time is too far from ours: is a clock wrong?" },
	{ "bad_mac", "its MAC is wrong: altered, or not from who it says" },
	{ "vi_mismatch", "its proof of origin is another message's" },
	{ "initiator_data_bad_mac", "its proof of origin is forged" },
	{ "initiator_data_missing", "its proof of origin is missing" },
	{ "identity_mismatch", "it names another sender than its ticket" },
	{ "sdp_ids_mismatch", "its list of key management protocols was altered" },
	{ "sp_type_unsupported", "it is for another use of keys than this" },
	{ "no_key_for_spi", "it names a key that the ticket does not have" },
	{ "sender_not_proven", "nobody vouches for its sender" },
	{ "proof_mismatch",
	  "its content is not the one its key exchange was made for: it was exchanged" },
	{ "proof_missing", "it carries no proof of origin" },
	{ "transfer_init_missing", "it has no key exchange in it" },
	{ "not_a_message_key", "its key is not for messages" },
	{ "cms_malformed", "its protected content is malformed" },
	{ "cms_mac", "its content was altered" },
	{ "cms_wrong_key", "its content was altered or is under another key" },
	/* tickets and the KMS */
	{ "ticket_expired", "the ticket has expired" },
	{ "ticket_not_yet_valid", "the ticket is not valid yet: is a clock wrong?" },
	{ "ticket_policy_unacceptable", "the ticket is not for this use" },
	{ "ticket_other_resolvers", "the ticket granted is for others than were asked for" },
	{ "kms_error", "the key management server refuses" },
	{ "kms_error_unauthenticated", "the key management server refuses" },
	{ "kms_not_configured", "no key management server is configured here" },
	{ "wrong_kms", "it is for another key management server" },
	{ "peer_error", "the peer refuses the key exchange" },
	{ "peer_error_unauthenticated", "the peer refuses the key exchange" },
};

const char *ms_keys_fault_text(const struct ms_fault *f)
{
	for (size_t i = 0; f->reason && i < MS_ARRAY_SIZE(texts); i++) {
		if (strcmp(f->reason, texts[i].reason) == 0)
			return texts[i].text;
	}
	return f->reason ? f->reason : "it could not be verified";
}

static void put_detail(struct ms_keys_failure *f, const char *fmt, ...) MS_PRINTF(2, 3);

static void put_detail(struct ms_keys_failure *f, const char *fmt, ...)
{
	struct ms_buf b;
	va_list ap;

	ms_buf_init_fixed(&b, f->detail, sizeof(f->detail) - 1);
	va_start(ap, fmt);
	ms_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	f->detail[b.len] = '\0';
}

struct ms_keys_failure ms_keys_failure_of_answer(const struct ms_keys_kms_answer *a)
{
	struct ms_keys_failure f = { .err = -EHOSTUNREACH,
				     .reason = a->reason,
				     .status = a->status,
				     .unreachable = a->status == 0 || a->status >= 500 };

	put_detail(&f, "%s", a->detail);
	return f;
}

struct ms_keys_failure ms_keys_failure_of_fault(int err, const struct ms_fault *fault)
{
	struct ms_keys_failure f = { .err = err, .reason = fault->reason };
	const char *name = ms_mikey_name(MS_MIKEY_N_ERROR, (unsigned)fault->code);

	if (err == -EREMOTEIO)
		put_detail(&f, "%s (MIKEY error %d, %s)%s", ms_keys_fault_text(fault), fault->code,
			   name ? name : "unknown",
			   fault->code == MS_MIKEY_ERR_TS ? ": is a clock wrong?" : "");
	else
		put_detail(&f, "%s", fault->reason ? ms_keys_fault_text(fault) : strerror(-err));
	return f;
}

/* ---- counters ---- */

#define TRIP(what) \
	MS_COUNTER_LABEL("kms_round_trips_total", "Exchanges with the KMS.", "exchange", what)
#define SERVED(direction)                                                                      \
	MS_COUNTER_LABEL("exchanges_total", "Messages and sessions that keys were there for.", \
			 "direction", direction)
#define CACHED(what) \
	MS_COUNTER_LABEL("cached_total", "Of them those that needed no exchange.", "what", what)
#define FAILED(why) \
	MS_COUNTER_LABEL("kms_failures_total", "Exchanges with the KMS that failed.", "reason", why)

static struct ms_counter counters[] = {
	[MS_KEYS_C_REQUEST] = TRIP("request"),
	[MS_KEYS_C_AHEAD] = TRIP("ahead"),
	[MS_KEYS_C_RESOLVE] = TRIP("resolve"),
	[MS_KEYS_C_OUT] = SERVED("out"),
	[MS_KEYS_C_IN] = SERVED("in"),
	[MS_KEYS_C_TICKET_CACHED] = CACHED("ticket"),
	[MS_KEYS_C_RESOLVE_CACHED] = CACHED("resolve"),
	FAILED("kms_unreachable"),
	FAILED("kms_timeout"),
	FAILED("kms_tls"),
	FAILED("kms_http_status"),
	FAILED("kms_body"),
	FAILED("kms_error"),
	FAILED("kms_error_unauthenticated"),
	FAILED("ticket_other_resolvers"),
	FAILED("other"),
};

struct ms_counter_set ms_keys_counters = MS_COUNTER_SET("mediasec_keys", counters);

void ms_keys_count(enum ms_keys_count what)
{
	ms_count(&counters[what]);
}

void ms_keys_count_failure(const char *reason)
{
	ms_count_reason(&ms_keys_counters, "kms_failures_total", reason ? reason : "other");
}
