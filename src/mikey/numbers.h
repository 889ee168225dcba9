/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registries of MIKEY (RFC 3830 section 6, RFC 4563, RFC 6043 section 6) as enumerations, and
 * their names.
 */
#ifndef MS_MIKEY_NUMBERS_H
#define MS_MIKEY_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/hmac.h"

#define MS_MIKEY_VERSION 1

/** HDR data type: RFC 3830 section 6.1, RFC 6043 section 6.1. */
enum ms_mikey_data_type {
	MS_MIKEY_PSK = 0,
	MS_MIKEY_PSK_VERIFY = 1,
	MS_MIKEY_PK = 2,
	MS_MIKEY_PK_VERIFY = 3,
	MS_MIKEY_DH_INIT = 4,
	MS_MIKEY_DH_RESP = 5,
	MS_MIKEY_ERROR = 6,
	MS_MIKEY_REQUEST_INIT_PSK = 11,
	MS_MIKEY_REQUEST_INIT_PK = 12,
	MS_MIKEY_REQUEST_RESP = 13,
	MS_MIKEY_TRANSFER_INIT = 14,
	MS_MIKEY_TRANSFER_RESP = 15,
	MS_MIKEY_RESOLVE_INIT_PSK = 16,
	MS_MIKEY_RESOLVE_INIT_PK = 17,
	MS_MIKEY_RESOLVE_RESP = 18,
};

/** Next Payload: RFC 3830 section 6.1, RFC 6043 section 6. */
enum ms_mikey_payload_type {
	MS_MIKEY_P_LAST = 0,
	MS_MIKEY_P_KEMAC = 1,
	MS_MIKEY_P_PKE = 2,
	MS_MIKEY_P_DH = 3,
	MS_MIKEY_P_SIGN = 4,
	MS_MIKEY_P_T = 5,
	MS_MIKEY_P_ID = 6,
	MS_MIKEY_P_CERT = 7,
	MS_MIKEY_P_CHASH = 8,
	MS_MIKEY_P_V = 9,
	MS_MIKEY_P_SP = 10,
	MS_MIKEY_P_RAND = 11,
	MS_MIKEY_P_ERR = 12,
	MS_MIKEY_P_TR = 13,
	MS_MIKEY_P_IDR = 14,
	MS_MIKEY_P_RANDR = 15,
	MS_MIKEY_P_TP = 16,
	MS_MIKEY_P_TICKET = 17,
	MS_MIKEY_P_KEY_DATA = 20,
	MS_MIKEY_P_EXT = 21,
	/* THDR has no number: it only ever comes first in Ticket Data (RFC 6043 appendix A.1). */
	MS_MIKEY_P_THDR = 256,
};

/** RFC 3830 section 6.1, RFC 6043 section 6.1. */
enum ms_mikey_prf_func {
	MS_MIKEY_PRF_1 = 0,
	MS_MIKEY_PRF_HMAC_SHA_256 = 1,
};

/** CS ID map type: RFC 3830 section 6.1, RFC 4563 section 5, RFC 6043 section 6.1. */
enum ms_mikey_map_type {
	MS_MIKEY_MAP_SRTP_ID = 0,
	MS_MIKEY_MAP_EMPTY = 1,
	MS_MIKEY_MAP_GENERIC_ID = 2,
};

/** Encr alg: RFC 3830 section 6.2, RFC 6043 section 6.2. */
enum ms_mikey_encr_alg {
	MS_MIKEY_ENCR_NULL = 0,
	MS_MIKEY_ENCR_AES_CM_128 = 1,
	MS_MIKEY_ENCR_AES_KW_128 = 2,
	MS_MIKEY_ENCR_AES_CM_256 = 3,
};

/** MAC alg: RFC 3830 section 6.2, RFC 6043 section 6.2. */
enum ms_mikey_mac_alg {
	MS_MIKEY_MAC_NULL = 0,
	MS_MIKEY_MAC_HMAC_SHA_1_160 = 1,
	MS_MIKEY_MAC_HMAC_SHA_256_256 = 2,
};

/** TS type: RFC 3830 section 6.6, RFC 6043 section 6.3. */
enum ms_mikey_ts_type {
	MS_MIKEY_TS_NTP_UTC = 0,
	MS_MIKEY_TS_NTP = 1,
	MS_MIKEY_TS_COUNTER = 2,
	MS_MIKEY_TS_NTP_UTC_32 = 3,
};

/** TS role: RFC 6043 section 6.4. */
enum ms_mikey_ts_role {
	MS_MIKEY_TR_ISSUE = 1,
	MS_MIKEY_TR_START = 2,
	MS_MIKEY_TR_END = 3,
	MS_MIKEY_TR_REKEY = 4,
};

/** ID type: RFC 3830 section 6.7, RFC 6043 section 6.5. */
enum ms_mikey_id_type {
	MS_MIKEY_ID_NAI = 0,
	MS_MIKEY_ID_URI = 1,
	MS_MIKEY_ID_BYTES = 2,
};

/** ID role: RFC 6043 section 6.6. */
enum ms_mikey_id_role {
	MS_MIKEY_ROLE_INITIATOR = 1,
	MS_MIKEY_ROLE_RESPONDER = 2,
	MS_MIKEY_ROLE_KMS = 3,
	MS_MIKEY_ROLE_PSK = 4,
	MS_MIKEY_ROLE_APP = 5,
	/* RAND roles (RFC 6043 section 6.8) are the first three. */
};

/** Hash func: RFC 3830 section 6.8, RFC 6043 section 6.7. */
enum ms_mikey_hash_func {
	MS_MIKEY_HASH_SHA_1 = 0,
	MS_MIKEY_HASH_MD5 = 1,
	MS_MIKEY_HASH_SHA_256 = 2,
};

/** Type of key data: RFC 3830 section 6.13, RFC 6043 section 6.2.1. */
enum ms_mikey_key_type {
	MS_MIKEY_KEY_TGK = 0,
	MS_MIKEY_KEY_TGK_SALT = 1,
	MS_MIKEY_KEY_TEK = 2,
	MS_MIKEY_KEY_TEK_SALT = 3,
	MS_MIKEY_KEY_GTGK = 4,
	MS_MIKEY_KEY_GTGK_SALT = 5,
	MS_MIKEY_KEY_MPK = 6,
};

/** KV: RFC 3830 section 6.13. */
enum ms_mikey_kv {
	MS_MIKEY_KV_NULL = 0,
	MS_MIKEY_KV_SPI = 1,
	MS_MIKEY_KV_INTERVAL = 2,
};

/** Prot type that has a number; those without one are in the project profile (core/profile.h). */
enum {
	MS_MIKEY_PROT_SRTP = 0,
};

/** Ticket Type, Subtype and Version of the MIKEY base ticket: RFC 6043 section 6.10, A.1. */
enum {
	MS_MIKEY_TICKET_BASE = 1,
	MS_MIKEY_TICKET_BASE_SUBTYPE = 1,
	MS_MIKEY_TICKET_BASE_VERSION = 1,
};

/** Type of General Extension: RFC 3830 section 6.15, RFC 4563 section 4. */
enum ms_mikey_ext_type {
	MS_MIKEY_EXT_VENDOR_ID = 0,
	MS_MIKEY_EXT_SDP_IDS = 1,
	MS_MIKEY_EXT_KEY_ID = 3,
};

/** Envelope key cache indicator: RFC 3830 section 6.3. */
enum ms_mikey_cache {
	MS_MIKEY_CACHE_NONE = 0,
	MS_MIKEY_CACHE = 1,
	MS_MIKEY_CACHE_CSB = 2,
};

/** S type: RFC 3830 section 6.5. */
enum ms_mikey_sign_type {
	MS_MIKEY_SIGN_RSA_PKCS1 = 0,
	MS_MIKEY_SIGN_RSA_PSS = 1,
};

/** Cert type: RFC 3830 section 6.7. */
enum ms_mikey_cert_type {
	MS_MIKEY_CERT_X509 = 0,
	MS_MIKEY_CERT_X509_URL = 1,
	MS_MIKEY_CERT_X509_SIGN = 2,
	MS_MIKEY_CERT_X509_ENCR = 3,
};

/** Error no: RFC 3830 section 6.12, RFC 6043 section 6.9. */
enum ms_mikey_error_no {
	MS_MIKEY_ERR_AUTH = 0,
	MS_MIKEY_ERR_TS = 1,
	MS_MIKEY_ERR_PRF = 2,
	MS_MIKEY_ERR_MAC = 3,
	MS_MIKEY_ERR_ENCR = 4,
	MS_MIKEY_ERR_HASH = 5,
	MS_MIKEY_ERR_DH = 6,
	MS_MIKEY_ERR_ID = 7,
	MS_MIKEY_ERR_CERT = 8,
	MS_MIKEY_ERR_SP = 9,
	MS_MIKEY_ERR_SP_PARAM = 10,
	MS_MIKEY_ERR_DATA_TYPE = 11,
	MS_MIKEY_ERR_UNSPECIFIED = 12,
	MS_MIKEY_ERR_TICKET = 14,
	MS_MIKEY_ERR_TP_PARAM = 15,
};

/** Type of an SRTP policy parameter: RFC 3830 section 6.10.1. */
enum ms_mikey_srtp_param {
	MS_MIKEY_SRTP_ENCR_ALG = 0,
	MS_MIKEY_SRTP_ENCR_KEY_LEN = 1,
	MS_MIKEY_SRTP_AUTH_ALG = 2,
	MS_MIKEY_SRTP_AUTH_KEY_LEN = 3,
	MS_MIKEY_SRTP_SALT_LEN = 4,
	MS_MIKEY_SRTP_PRF = 5,
	MS_MIKEY_SRTP_KEY_RATE = 6,
	MS_MIKEY_SRTP_ENCR = 7,
	MS_MIKEY_SRTP_RTCP_ENCR = 8,
	MS_MIKEY_SRTP_FEC_ORDER = 9,
	MS_MIKEY_SRTP_AUTH = 10,
	MS_MIKEY_SRTP_TAG_LEN = 11,
	MS_MIKEY_SRTP_PREFIX_LEN = 12,
};

/** Octets of a MAC: 0, 20 or 32; -1 if the algorithm is not known. */
int ms_mikey_mac_len(unsigned mac_alg);

/** Octets of a timestamp value: 4 or 8; -1 if the type is not known. */
int ms_mikey_ts_len(unsigned ts_type);

/** Octets of a hash: 20, 16 or 32; -1 if the function is not known. */
int ms_mikey_hash_len(unsigned hash_func);

/** The hash behind a PRF or MAC algorithm; the number must be a known one, not NULL. */
enum ms_hash_alg ms_mikey_prf_hash(unsigned prf_func);
enum ms_hash_alg ms_mikey_mac_hash(unsigned mac_alg);

/** Registries that have names, for ms_mikey_name(). */
enum ms_mikey_registry {
	MS_MIKEY_N_DATA_TYPE,
	MS_MIKEY_N_PAYLOAD,
	MS_MIKEY_N_PRF,
	MS_MIKEY_N_MAP,
	MS_MIKEY_N_ENCR,
	MS_MIKEY_N_MAC,
	MS_MIKEY_N_TS,
	MS_MIKEY_N_TS_ROLE,
	MS_MIKEY_N_ID,
	MS_MIKEY_N_ROLE,
	MS_MIKEY_N_HASH,
	MS_MIKEY_N_KEY,
	MS_MIKEY_N_KV,
	MS_MIKEY_N_TICKET,
	MS_MIKEY_N_EXT,
	MS_MIKEY_N_CACHE,
	MS_MIKEY_N_SIGN,
	MS_MIKEY_N_CERT,
	MS_MIKEY_N_ERROR,
	MS_MIKEY_N_SRTP_PARAM,
};

/** Name of a number in a registry, or NULL if it has none. Static. */
const char *ms_mikey_name(enum ms_mikey_registry registry, unsigned number);

#endif
