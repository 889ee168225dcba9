/* SPDX-License-Identifier: Apache-2.0 */
/* What a user reads for the reasons that sessions give; keys have theirs in keys/failure.c. */
#include "ue/ue-priv.h"

static const struct {
	const char *reason, *text;
} texts[] = {
	{ "peer_not_proven", "nobody vouches for the peer" },
	{ "notification_unasked", "nobody asked for this notification" },
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
	return ms_keys_fault_text(f);
}
