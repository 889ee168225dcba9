/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why an exchange engine refuses a message: one name for counters and logs, one number for the
 * Error message (RFC 3830 section 6.12, RFC 6043 section 6.12), one errno for the caller. The RFCs
 * fix a number only for some faults; the others take the one that says least wrong.
 */
#ifndef MS_MIKEY_REASON_H
#define MS_MIKEY_REASON_H

#include "core/attr.h"
#include "core/fault.h"

enum ms_mikey_reason {
	MS_MIKEY_R_BAD_MAC,
	MS_MIKEY_R_STALE_TIMESTAMP,
	MS_MIKEY_R_REPLAY,
	MS_MIKEY_R_UNSUPPORTED_TS_TYPE,
	MS_MIKEY_R_UNSUPPORTED_PRF,
	MS_MIKEY_R_UNSUPPORTED_MAC,
	MS_MIKEY_R_UNSUPPORTED_ENCR,
	MS_MIKEY_R_KEMAC_MAC_NOT_NULL,
	MS_MIKEY_R_IDENTITY_MISMATCH,
	MS_MIKEY_R_UNKNOWN_PSK,
	MS_MIKEY_R_WRONG_KMS,
	MS_MIKEY_R_BAD_CERTIFICATE,
	MS_MIKEY_R_MISSING_PAYLOAD,
	MS_MIKEY_R_UNEXPECTED_DATA_TYPE,
	MS_MIKEY_R_UNEXPECTED_MESSAGE,
	MS_MIKEY_R_HEADER_MISMATCH,
	MS_MIKEY_R_CS_MAP_INVALID,
	MS_MIKEY_R_TICKET_TYPE_UNSUPPORTED,
	MS_MIKEY_R_TICKET_POLICY_INCONSISTENT,
	MS_MIKEY_R_TICKET_POLICY_UNACCEPTABLE,
	MS_MIKEY_R_TICKET_EXPIRED,
	MS_MIKEY_R_TICKET_NOT_YET_VALID,
	MS_MIKEY_R_TICKET_USED,
	MS_MIKEY_R_TICKET_CANNOT_BE_OPENED,
	MS_MIKEY_R_UNKNOWN_TPK,
	MS_MIKEY_R_MISSING_MPK,
	MS_MIKEY_R_UNEXPECTED_MPK,
	MS_MIKEY_R_KEY_TOO_LONG,
	MS_MIKEY_R_INITIATOR_DATA_MISSING,
	MS_MIKEY_R_INITIATOR_DATA_INVALID,
	MS_MIKEY_R_INITIATOR_DATA_BAD_MAC,
	MS_MIKEY_R_VI_MISMATCH,
	MS_MIKEY_R_SP_TYPE_UNSUPPORTED,
	MS_MIKEY_R_SP_UNSUPPORTED,
	MS_MIKEY_R_NO_KEY_FOR_SPI,
	MS_MIKEY_R_SDP_IDS_MISMATCH,
	MS_MIKEY_R_NOT_AUTHORISED,
	MS_MIKEY_R_UPDATE_HAS_NEW_RAND_OR_TICKET,
	MS_MIKEY_R_REPLAY_CACHE_FULL,
	MS_MIKEY_R_KMS_ERROR,
	MS_MIKEY_R_KMS_ERROR_UNAUTHENTICATED,
	MS_MIKEY_R_PEER_ERROR,
	MS_MIKEY_R_PEER_ERROR_UNAUTHENTICATED,
	MS_MIKEY_R_INTERNAL,
	MS_MIKEY_R_COUNT
};

/** Fills *f (may be NULL) and gives the negative errno of the reason back. */
int ms_mikey_refuse(struct ms_fault *f, enum ms_mikey_reason r);

/** As ms_mikey_refuse(), with the place in the message. */
int ms_mikey_refuse_at(struct ms_fault *f, enum ms_mikey_reason r, size_t offset);

/**
 * Name number `i` of all reasons that the engines and the decoder give, for a table of counters;
 * NULL past the end. Static.
 */
const char *ms_mikey_reason_name(size_t i);

#endif
