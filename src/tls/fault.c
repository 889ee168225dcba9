/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a session failed, as a counter's name. Three sources, the most telling first: what OpenSSL
 * found wrong, an alert of the peer, an alert of ours.
 */
#include <errno.h>
#include <openssl/err.h>

#include "tls/tls-priv.h"

struct named {
	int number;
	const char *name;
};

/* Alerts of the peer (RFC 5246 section 7.2, RFC 8446 section 6, RFC 4279 section 2). */
static const struct named alerts[] = {
	{ SSL_AD_UNEXPECTED_MESSAGE, "tls_alert_unexpected_message" },
	{ SSL_AD_BAD_RECORD_MAC, "tls_alert_bad_record_mac" },
	{ SSL_AD_BAD_CERTIFICATE, "tls_alert_bad_certificate" },
	{ SSL_AD_UNSUPPORTED_CERTIFICATE, "tls_alert_unsupported_certificate" },
	{ SSL_AD_CERTIFICATE_REVOKED, "tls_alert_certificate_revoked" },
	{ SSL_AD_CERTIFICATE_EXPIRED, "tls_alert_certificate_expired" },
	{ SSL_AD_CERTIFICATE_UNKNOWN, "tls_alert_certificate_unknown" },
	{ SSL_AD_UNKNOWN_CA, "tls_alert_unknown_ca" },
	{ TLS13_AD_CERTIFICATE_REQUIRED, "tls_alert_certificate_required" },
	{ SSL_AD_RECORD_OVERFLOW, "tls_alert_record_overflow" },
	{ SSL_AD_HANDSHAKE_FAILURE, "tls_alert_handshake_failure" },
	{ SSL_AD_ILLEGAL_PARAMETER, "tls_alert_illegal_parameter" },
	{ SSL_AD_ACCESS_DENIED, "tls_alert_access_denied" },
	{ SSL_AD_DECODE_ERROR, "tls_alert_decode_error" },
	{ SSL_AD_DECRYPT_ERROR, "tls_alert_decrypt_error" },
	{ SSL_AD_PROTOCOL_VERSION, "tls_alert_protocol_version" },
	{ SSL_AD_INSUFFICIENT_SECURITY, "tls_alert_insufficient_security" },
	{ SSL_AD_INTERNAL_ERROR, "tls_alert_internal_error" },
	{ SSL_AD_USER_CANCELLED, "tls_alert_user_canceled" },
	{ SSL_AD_NO_RENEGOTIATION, "tls_alert_no_renegotiation" },
	{ SSL_AD_MISSING_EXTENSION, "tls_alert_missing_extension" },
	{ SSL_AD_UNSUPPORTED_EXTENSION, "tls_alert_unsupported_extension" },
	{ SSL_AD_UNKNOWN_PSK_IDENTITY, "tls_alert_unknown_psk_identity" },
};

/* What OpenSSL found. */
static const struct named findings[] = {
	{ SSL_R_NO_SHARED_CIPHER, "tls_no_common_suite" },
	{ SSL_R_WRONG_CIPHER_RETURNED, "tls_no_common_suite" },
	{ SSL_R_UNKNOWN_CIPHER_RETURNED, "tls_no_common_suite" },
	{ SSL_R_NO_SUITABLE_KEY_SHARE, "tls_no_common_suite" },
	{ SSL_R_UNSUPPORTED_PROTOCOL, "tls_version" },
	{ SSL_R_WRONG_VERSION_NUMBER, "tls_version" },
	{ SSL_R_WRONG_SSL_VERSION, "tls_version" },
	{ SSL_R_INAPPROPRIATE_FALLBACK, "tls_version" },
	{ SSL_R_HTTP_REQUEST, "tls_not_tls" },
	{ SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED, "tls_no_secure_renegotiation" },
	{ SSL_R_RENEGOTIATION_MISMATCH, "tls_renegotiation" },
	{ SSL_R_NO_RENEGOTIATION, "tls_renegotiation" },
	{ SSL_R_BINDER_DOES_NOT_VERIFY, "tls_psk_mismatch" },
	{ SSL_R_DIGEST_CHECK_FAILED, "tls_psk_mismatch" },
	{ SSL_R_PACKET_LENGTH_TOO_LONG, "tls_record_too_long" },
	{ SSL_R_DATA_LENGTH_TOO_LONG, "tls_record_too_long" },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "tls_no_certificate" },
	{ SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, "tls_no_common_suite" },
	{ SSL_R_NO_SHARED_GROUPS, "tls_no_common_suite" },
	{ SSL_R_TOO_MANY_WARN_ALERTS, "tls_flood" },
	{ SSL_R_TOO_MANY_KEY_UPDATES, "tls_flood" },
	{ SSL_R_RECORD_TOO_SMALL, "tls_flood" },
};

static const char *find(const struct named *list, size_t n, int number)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].number == number)
			return list[i].name;
	}
	return NULL;
}

int ms_tls_fail(struct ms_tls *t, int code, const char *reason)
{
	if (t->state == MS_TLS_FAILED)
		return -EPROTO;
	t->fault = (struct ms_fault){ code, reason, 0 };
	t->state = MS_TLS_FAILED;
	t->deadline = MS_NEVER;
	if (t->start)
		ms_secret_wipe(&t->start->psk);
	return -EPROTO;
}

/* With a wrong key the first protected message of the handshake does not verify; so it does when
 * somebody altered it on the way, which cannot be told apart. */
static bool is_mismatch(const struct ms_tls *t, int alert)
{
	return t->state == MS_TLS_HANDSHAKE && t->mode != MS_TLS_CERTIFICATE &&
	       (alert == SSL_AD_BAD_RECORD_MAC || alert == SSL_AD_DECRYPT_ERROR);
}

static const char *reason_of(const struct ms_tls *t, int finding)
{
	const char *name;

	if (is_mismatch(t, t->alert_in) || is_mismatch(t, t->alert_out))
		return "tls_psk_mismatch";
	if (t->alert_in != MS_TLS_NO_ALERT) {
		name = find(alerts, MS_ARRAY_SIZE(alerts), t->alert_in);
		return name ? name : "tls_alert_other";
	}
	name = find(findings, MS_ARRAY_SIZE(findings), finding);
	if (name)
		return name;
	return t->alert_out == SSL_AD_BAD_RECORD_MAC ? "tls_bad_record_mac" : "tls_protocol";
}

int ms_tls_fail_ssl(struct ms_tls *t)
{
	unsigned long e = ERR_peek_error();
	const char *words = ERR_reason_error_string(e);
	int err;

	if (t->no_memory)
		err = ms_tls_fail(t, 0, "tls_no_memory");
	else
		err = ms_tls_fail(t, t->alert_in != MS_TLS_NO_ALERT ? t->alert_in : 0,
				  reason_of(t, ERR_GET_REASON(e)));
	t->detail = words ? words : "";
	ERR_clear_error();
	return err;
}

void ms_tls_note_alert(const SSL *ssl, int where, int ret)
{
	struct ms_tls *t;
	int level = ret >> 8, number = ret & 0xff;

	if (!(where & SSL_CB_ALERT))
		return;
	t = ms_tls_active(ssl);
	/* RFC 5246 section 7.2.2: the answer to a renegotiation that is refused is a warning. */
	if (level == SSL3_AL_WARNING && number == SSL_AD_NO_RENEGOTIATION)
		t->renegotiates = t->renegotiates || (where & SSL_CB_WRITE);
	if (level != SSL3_AL_FATAL)
		return;
	if (where & SSL_CB_READ)
		t->alert_in = (int16_t)number;
	else
		t->alert_out = (int16_t)number;
}

/* The tokens of Failurecause in the project profile's TLS session events, by counter. */
static const struct {
	const char *reason;
	const char *token;
} tokens[] = {
	{ "tls_fingerprint_mismatch", "fpmismatch" },
	{ "tls_no_certificate", "nocert" },
	{ "tls_psk_mismatch", "badpsk" },
	{ "tls_version", "noprotocol" },
	{ "tls_not_tls", "noprotocol" },
	{ "tls_no_common_suite", "nocipher" },
	{ "tls_timeout", "timeout" },
	{ "tls_renegotiation", "renegrefused" },
	{ "tls_no_secure_renegotiation", "renegrefused" },
	{ "tls_truncated", "tcplost" },
	{ "tls_closed", "tcplost" },
};

const char *ms_tls_fault_token(const struct ms_tls *t)
{
	if (t->state != MS_TLS_FAILED)
		return NULL;
	for (size_t i = 0; i < MS_ARRAY_SIZE(tokens); i++) {
		if (strcmp(t->fault.reason, tokens[i].reason) == 0)
			return tokens[i].token;
	}
	return t->alert_in != MS_TLS_NO_ALERT ? "peeralert" : "noprotocol";
}

unsigned ms_tls_fault_alert(const struct ms_tls *t)
{
	int alert = t->alert_in != MS_TLS_NO_ALERT ? t->alert_in : t->alert_out;

	return alert == MS_TLS_NO_ALERT ? 255 : (unsigned)alert;
}
