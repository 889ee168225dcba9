/* SPDX-License-Identifier: Apache-2.0 */
/* Lengths and names of the registries: RFC 3830 section 6, RFC 4563, RFC 6043 section 6. */
#include "mikey/numbers.h"

#include "core/attr.h"

int ms_mikey_mac_len(unsigned mac_alg)
{
	static const int len[] = { 0, 20, 32 };

	return mac_alg < MS_ARRAY_SIZE(len) ? len[mac_alg] : -1;
}

int ms_mikey_ts_len(unsigned ts_type)
{
	static const int len[] = { 8, 8, 4, 4 };

	return ts_type < MS_ARRAY_SIZE(len) ? len[ts_type] : -1;
}

int ms_mikey_hash_len(unsigned hash_func)
{
	static const int len[] = { 20, 16, 32 };

	return hash_func < MS_ARRAY_SIZE(len) ? len[hash_func] : -1;
}

enum ms_hash_alg ms_mikey_prf_hash(unsigned prf_func)
{
	return prf_func == MS_MIKEY_PRF_HMAC_SHA_256 ? MS_HASH_SHA256 : MS_HASH_SHA1;
}

enum ms_hash_alg ms_mikey_mac_hash(unsigned mac_alg)
{
	return mac_alg == MS_MIKEY_MAC_HMAC_SHA_256_256 ? MS_HASH_SHA256 : MS_HASH_SHA1;
}

static const char *const data_type[] = {
	"Pre-shared",
	"PSK ver msg",
	"Public key",
	"PK ver msg",
	"D-H init",
	"D-H resp",
	"Error",
	[MS_MIKEY_REQUEST_INIT_PSK] = "REQUEST_INIT_PSK",
	[MS_MIKEY_REQUEST_INIT_PK] = "REQUEST_INIT_PK",
	[MS_MIKEY_REQUEST_RESP] = "REQUEST_RESP",
	[MS_MIKEY_TRANSFER_INIT] = "TRANSFER_INIT",
	[MS_MIKEY_TRANSFER_RESP] = "TRANSFER_RESP",
	[MS_MIKEY_RESOLVE_INIT_PSK] = "RESOLVE_INIT_PSK",
	[MS_MIKEY_RESOLVE_INIT_PK] = "RESOLVE_INIT_PK",
	[MS_MIKEY_RESOLVE_RESP] = "RESOLVE_RESP",
};
static const char *const payload[] = {
	"Last payload",
	"KEMAC",
	"PKE",
	"DH",
	"SIGN",
	"T",
	"ID",
	"CERT",
	"CHASH",
	"V",
	"SP",
	"RAND",
	"ERR",
	"TR",
	"IDR",
	"RANDR",
	"TP",
	"TICKET",
	[MS_MIKEY_P_KEY_DATA] = "Key data",
	[MS_MIKEY_P_EXT] = "General Ext.",
	[MS_MIKEY_P_THDR] = "THDR",
};
static const char *const prf[] = { "MIKEY-1", "PRF-HMAC-SHA-256" };
static const char *const map[] = { "SRTP-ID", "empty", "GENERIC-ID" };
static const char *const encr[] = { "NULL", "AES-CM-128", "AES-KW-128", "AES-CM-256" };
static const char *const mac[] = { "NULL", "HMAC-SHA-1-160", "HMAC-SHA-256-256" };
static const char *const ts[] = { "NTP-UTC", "NTP", "COUNTER", "NTP-UTC-32" };
static const char *const ts_role[] = { NULL, "issue", "start", "end", "rekeying interval" };
static const char *const id[] = { "NAI", "URI", "byte string" };
static const char *const role[] = { NULL, "Initiator", "Responder", "KMS", "PSK", "application" };
static const char *const hash[] = { "SHA-1", "MD5", "SHA-256" };
static const char *const key[] = {
	"TGK", "TGK+SALT", "TEK", "TEK+SALT", "GTGK", "GTGK+SALT", "MPK"
};
static const char *const kv[] = { "NULL", "SPI", "Interval" };
static const char *const ticket[] = { NULL, "MIKEY Base Ticket", "3GPP Base Ticket" };
static const char *const ext[] = { "Vendor ID", "SDP IDs", NULL, "Key ID" };
static const char *const cache[] = { "no cache", "cache", "cache for CSB" };
static const char *const sign[] = { "RSA/PKCS#1/1.5", "RSA/PSS" };
static const char *const cert[] = { "X.509v3", "X.509v3 URL", "X.509v3 Sign", "X.509v3 Encr" };
static const char *const error[] = {
	"Auth failure",      "Invalid TS", "Invalid PRF",    "Invalid MAC",
	"Invalid EA",        "Invalid HA", "Invalid DH",     "Invalid ID",
	"Invalid Cert",      "Invalid SP", "Invalid SPpar",  "Invalid DT",
	"Unspecified error", NULL,         "Invalid TICKET", "Invalid TPpar",
};
static const char *const srtp_param[] = {
	"encryption algorithm",     "session encr. key length",
	"authentication algorithm", "session auth. key length",
	"session salt key length",  "SRTP PRF",
	"key derivation rate",      "SRTP encryption",
	"SRTCP encryption",         "FEC order",
	"SRTP authentication",      "authentication tag length",
	"SRTP prefix length",
};

#define TABLE(a)                    \
	{                           \
		a, MS_ARRAY_SIZE(a) \
	}

static const struct {
	const char *const *name;
	size_t n;
} registries[] = {
	[MS_MIKEY_N_DATA_TYPE] = TABLE(data_type),
	[MS_MIKEY_N_PAYLOAD] = TABLE(payload),
	[MS_MIKEY_N_PRF] = TABLE(prf),
	[MS_MIKEY_N_MAP] = TABLE(map),
	[MS_MIKEY_N_ENCR] = TABLE(encr),
	[MS_MIKEY_N_MAC] = TABLE(mac),
	[MS_MIKEY_N_TS] = TABLE(ts),
	[MS_MIKEY_N_TS_ROLE] = TABLE(ts_role),
	[MS_MIKEY_N_ID] = TABLE(id),
	[MS_MIKEY_N_ROLE] = TABLE(role),
	[MS_MIKEY_N_HASH] = TABLE(hash),
	[MS_MIKEY_N_KEY] = TABLE(key),
	[MS_MIKEY_N_KV] = TABLE(kv),
	[MS_MIKEY_N_TICKET] = TABLE(ticket),
	[MS_MIKEY_N_EXT] = TABLE(ext),
	[MS_MIKEY_N_CACHE] = TABLE(cache),
	[MS_MIKEY_N_SIGN] = TABLE(sign),
	[MS_MIKEY_N_CERT] = TABLE(cert),
	[MS_MIKEY_N_ERROR] = TABLE(error),
	[MS_MIKEY_N_SRTP_PARAM] = TABLE(srtp_param),
};

const char *ms_mikey_name(enum ms_mikey_registry registry, unsigned number)
{
	return number < registries[registry].n ? registries[registry].name[number] : NULL;
}
