/* SPDX-License-Identifier: Apache-2.0 */
/* The table behind mikey/reason.h. */
#include "mikey/reason.h"

#include <errno.h>

#include "mikey/numbers.h"

static const struct reason {
	const char *name;
	int err;
	int error_no;
} reason[MS_MIKEY_R_COUNT] = {
	[MS_MIKEY_R_BAD_MAC] = { "bad_mac", -EKEYREJECTED, MS_MIKEY_ERR_AUTH },
	[MS_MIKEY_R_STALE_TIMESTAMP] = { "stale_timestamp", -ESTALE, MS_MIKEY_ERR_TS },
	[MS_MIKEY_R_REPLAY] = { "replay", -EALREADY, MS_MIKEY_ERR_TS },
	[MS_MIKEY_R_UNSUPPORTED_TS_TYPE] = { "unsupported_ts_type", -EBADMSG, MS_MIKEY_ERR_TS },
	[MS_MIKEY_R_UNSUPPORTED_PRF] = { "unsupported_prf", -EBADMSG, MS_MIKEY_ERR_PRF },
	[MS_MIKEY_R_UNSUPPORTED_MAC] = { "unsupported_mac", -EBADMSG, MS_MIKEY_ERR_MAC },
	[MS_MIKEY_R_UNSUPPORTED_ENCR] = { "unsupported_encr", -EBADMSG, MS_MIKEY_ERR_ENCR },
	[MS_MIKEY_R_KEMAC_MAC_NOT_NULL] = { "kemac_mac_not_null", -EBADMSG, MS_MIKEY_ERR_MAC },
	[MS_MIKEY_R_IDENTITY_MISMATCH] = { "identity_mismatch", -EKEYREJECTED, MS_MIKEY_ERR_ID },
	[MS_MIKEY_R_UNKNOWN_PSK] = { "unknown_psk", -EKEYREJECTED, MS_MIKEY_ERR_AUTH },
	[MS_MIKEY_R_WRONG_KMS] = { "wrong_kms", -EKEYREJECTED, MS_MIKEY_ERR_ID },
	[MS_MIKEY_R_BAD_CERTIFICATE] = { "bad_certificate", -EKEYREJECTED, MS_MIKEY_ERR_CERT },
	[MS_MIKEY_R_MISSING_PAYLOAD] = { "missing_payload", -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED },
	[MS_MIKEY_R_UNEXPECTED_DATA_TYPE] = { "unexpected_data_type", -EBADMSG,
					      MS_MIKEY_ERR_DATA_TYPE },
	[MS_MIKEY_R_UNEXPECTED_MESSAGE] = { "unexpected_message", -EBADMSG,
					    MS_MIKEY_ERR_DATA_TYPE },
	[MS_MIKEY_R_HEADER_MISMATCH] = { "header_mismatch", -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED },
	[MS_MIKEY_R_CS_MAP_INVALID] = { "cs_map_invalid", -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED },
	[MS_MIKEY_R_TICKET_TYPE_UNSUPPORTED] = { "ticket_type_unsupported", -EPERM,
						 MS_MIKEY_ERR_TICKET },
	[MS_MIKEY_R_TICKET_POLICY_INCONSISTENT] = { "ticket_policy_inconsistent", -EPERM,
						    MS_MIKEY_ERR_TP_PARAM },
	[MS_MIKEY_R_TICKET_POLICY_UNACCEPTABLE] = { "ticket_policy_unacceptable", -EPERM,
						    MS_MIKEY_ERR_TP_PARAM },
	[MS_MIKEY_R_TICKET_EXPIRED] = { "ticket_expired", -ESTALE, MS_MIKEY_ERR_UNSPECIFIED },
	[MS_MIKEY_R_TICKET_NOT_YET_VALID] = { "ticket_not_yet_valid", -ESTALE,
					      MS_MIKEY_ERR_UNSPECIFIED },
	[MS_MIKEY_R_TICKET_USED] = { "ticket_used", -EALREADY, MS_MIKEY_ERR_UNSPECIFIED },
	[MS_MIKEY_R_TICKET_CANNOT_BE_OPENED] = { "ticket_cannot_be_opened", -EPERM,
						 MS_MIKEY_ERR_UNSPECIFIED },
	[MS_MIKEY_R_UNKNOWN_TPK] = { "unknown_tpk", -EBADMSG, MS_MIKEY_ERR_TICKET },
	[MS_MIKEY_R_MISSING_MPK] = { "missing_mpk", -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED },
	[MS_MIKEY_R_UNEXPECTED_MPK] = { "unexpected_mpk", -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED },
	[MS_MIKEY_R_KEY_TOO_LONG] = { "key_too_long", -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED },
	[MS_MIKEY_R_INITIATOR_DATA_MISSING] = { "initiator_data_missing", -EBADMSG,
						MS_MIKEY_ERR_UNSPECIFIED },
	[MS_MIKEY_R_INITIATOR_DATA_INVALID] = { "initiator_data_invalid", -EBADMSG,
						MS_MIKEY_ERR_UNSPECIFIED },
	[MS_MIKEY_R_INITIATOR_DATA_BAD_MAC] = { "initiator_data_bad_mac", -EKEYREJECTED,
						MS_MIKEY_ERR_AUTH },
	[MS_MIKEY_R_VI_MISMATCH] = { "vi_mismatch", -EKEYREJECTED, MS_MIKEY_ERR_AUTH },
	[MS_MIKEY_R_SP_TYPE_UNSUPPORTED] = { "sp_type_unsupported", -EPERM, MS_MIKEY_ERR_SP },
	[MS_MIKEY_R_SP_UNSUPPORTED] = { "sp_unsupported", -EPERM, MS_MIKEY_ERR_SP_PARAM },
	[MS_MIKEY_R_NO_KEY_FOR_SPI] = { "no_key_for_spi", -ENOKEY, MS_MIKEY_ERR_UNSPECIFIED },
	[MS_MIKEY_R_SDP_IDS_MISMATCH] = { "sdp_ids_mismatch", -EPERM, MS_MIKEY_ERR_UNSPECIFIED },
	[MS_MIKEY_R_NOT_AUTHORISED] = { "not_authorised", -EPERM, MS_MIKEY_ERR_UNSPECIFIED },
	[MS_MIKEY_R_UPDATE_HAS_NEW_RAND_OR_TICKET] = { "update_has_new_rand_or_ticket", -EBADMSG,
						       MS_MIKEY_ERR_UNSPECIFIED },
	[MS_MIKEY_R_REPLAY_CACHE_FULL] = { "replay_cache_full", -ENOSPC, MS_MIKEY_ERR_UNSPECIFIED },
	[MS_MIKEY_R_KMS_ERROR] = { "kms_error", -EREMOTEIO, 0 },
	[MS_MIKEY_R_KMS_ERROR_UNAUTHENTICATED] = { "kms_error_unauthenticated", -EREMOTEIO, 0 },
	[MS_MIKEY_R_PEER_ERROR] = { "peer_error", -EREMOTEIO, 0 },
	[MS_MIKEY_R_PEER_ERROR_UNAUTHENTICATED] = { "peer_error_unauthenticated", -EREMOTEIO, 0 },
	[MS_MIKEY_R_INTERNAL] = { "internal", -EIO, MS_MIKEY_ERR_UNSPECIFIED },
};

/* Reasons of the decoder (mikey/message.h, mikey/keydata.h, mikey/ticket.h) that no engine has. */
static const char *const decoder[] = {
	"parse",
	"unsupported_version",
	"unsupported_data_type",
	"unknown_payload",
	"repeated_payload",
	"unsupported_hash",
	"unsupported_dh_group",
	"too_many_payloads",
	"too_many_sessions",
	"unknown_key_type",
	"too_many_keys",
	"ticket_bad_mac",
};

int ms_mikey_refuse_at(struct ms_fault *f, enum ms_mikey_reason r, size_t offset)
{
	return ms_fault_set(f, reason[r].err, reason[r].error_no, reason[r].name, offset);
}

int ms_mikey_refuse(struct ms_fault *f, enum ms_mikey_reason r)
{
	return ms_mikey_refuse_at(f, r, 0);
}

const char *ms_mikey_reason_name(size_t i)
{
	if (i < MS_MIKEY_R_COUNT)
		return reason[i].name;
	i -= MS_MIKEY_R_COUNT;
	return i < MS_ARRAY_SIZE(decoder) ? decoder[i] : NULL;
}
