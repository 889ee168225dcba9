/* SPDX-License-Identifier: Apache-2.0 */
/* What a user reads for the reasons that MIKEY, CMS and SDP give. */
#include "ue/ue-priv.h"

static const struct {
	const char *reason, *text;
} texts[] = {
	/* the message or call */
	{ "replay", "seen before: a replay" },
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
	{ "peer_not_proven", "nobody vouches for the peer" },
	{ "notification_unasked", "nobody asked for this notification" },
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
	/* sessions */
	{ "key_mgmt_missing", "the peer did not answer the key exchange" },
	{ "crypto_session_missing", "there is no key for the session" },
	{ "cema_middlebox", "somebody stands between who would not pass TLS through" },
	{ "media_refused", "the peer takes no such session" },
	{ "media_address", "the peer's address cannot be used" },
	{ "no_protected_msrp", "no protected MSRP is offered" },
	{ "fingerprint_missing", "the peer's description has no fingerprint that can be used" },
	{ "fingerprint_malformed", "the fingerprint in the peer's description is malformed" },
	{ "e2ae_off", "media.e2ae is off" },
	{ "e2ae_not_announced", "the network did not announce protection to its edge" },
	{ "bfcp_no_server", "the peer is no floor control server" },
	{ "bfcp_ids", "the peer's description has no a=confid or a=userid" },
	{ "sdp_setup", "nobody could open the connection" },
	{ "file_range", "of this file we do not have so much" },
	{ "file_busy", "the same file is being received already" },
	{ "file_too_large", "the file is too large" },
	{ "file_offer", "the file's description is malformed" },
};

const char *ms_ue_fault_text(const struct ms_fault *f)
{
	for (size_t i = 0; f->reason && i < MS_ARRAY_SIZE(texts); i++) {
		if (strcmp(f->reason, texts[i].reason) == 0)
			return texts[i].text;
	}
	return f->reason ? f->reason : "it could not be verified";
}
