/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A MIKEY message, decoded: RFC 3830 section 6 and RFC 6043 section 6.
 *
 * Decoding allocates nothing and copies nothing: every span is borrowed from the message's octets,
 * which must outlive the structure. It is strict: each length is checked, a block must end exactly,
 * an unknown payload number is an error (it could not be skipped: no common length field), an
 * unknown type of General Extension is skipped, nothing may follow the last payload.
 */
#ifndef MS_MIKEY_MESSAGE_H
#define MS_MIKEY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/fault.h"
#include "core/span.h"
#include "mikey/numbers.h"

/** Most payloads in one message, and in one nested chain (Ticket Data, Initiator Data). */
#define MS_MIKEY_PAYLOADS_MAX 64

/** Most payloads in TP Data: a ticket names everybody who may resolve it. */
#define MS_MIKEY_TP_PAYLOADS_MAX 2176

/** Most crypto sessions of one message. The field allows 255; an SRTP m-line takes two. */
#define MS_MIKEY_CS_MAX 64

/** Longest message: a KEMAC, a TICKET's parts and the other lengths have 16 bits each. */
#define MS_MIKEY_MESSAGE_MAX 65535

/** One crypto session of the CS ID map (RFC 6043 section 6.1.1). */
struct ms_mikey_cs {
	uint8_t cs_id;
	uint8_t prot_type;
	bool s;                      /* GENERIC-ID's S flag */
	struct ms_span policies;     /* policy numbers, one octet each; #P is its length */
	struct ms_span session_data; /* SRTP: SSRC, and with S also ROC and SEQ */
	struct ms_span spi;
	/* An SRTP-ID map (RFC 3830 section 6.1.1) comes out in the same form: cs_id counts from 1,
	 * prot_type is SRTP, policies one octet, session_data SSRC and ROC, no SPI. */
};

/** Common Header without its map (RFC 3830 section 6.1). */
struct ms_mikey_hdr {
	uint8_t data_type; /* enum ms_mikey_data_type */
	uint8_t prf;       /* enum ms_mikey_prf_func, but any 7-bit number can be decoded */
	bool v;
	uint32_t csb_id;
	uint8_t map_type; /* enum ms_mikey_map_type */
	uint8_t n_cs;
};

/** A timestamp; absent if !set. */
struct ms_mikey_ts {
	bool set;
	uint8_t type;   /* enum ms_mikey_ts_type */
	uint64_t value; /* the 4 or 8 octets as a big-endian number */
};

/** An identity; absent if data.p is NULL (an empty one has a pointer). */
struct ms_mikey_id {
	uint8_t type; /* enum ms_mikey_id_type, others possible */
	struct ms_span data;
};

struct ms_mikey_kemac {
	bool set;
	uint8_t encr_alg; /* enum ms_mikey_encr_alg, others possible */
	uint8_t mac_alg;
	struct ms_span encr_data;
	struct ms_span mac; /* empty for NULL, always so in MIKEY-TICKET */
};

struct ms_mikey_v {
	bool set;
	uint8_t mac_alg;
	struct ms_span mac;
};

/** 12 bits of the Ticket Policy (RFC 6043 section 6.10); 1 means: */
enum ms_mikey_flag {
	MS_MIKEY_FLAG_D = 1 << 11, /* made by the KMS, not by the Initiator */
	MS_MIKEY_FLAG_E = 1 << 10, /* Ticket Resolve is mandatory */
	MS_MIKEY_FLAG_F = 1 << 9,  /* a TRANSFER_RESP must be sent */
	MS_MIKEY_FLAG_G = 1 << 8,  /* the Responder makes RANDRr */
	MS_MIKEY_FLAG_H = 1 << 7,  /* RANDRi enters the traffic keys */
	MS_MIKEY_FLAG_I = 1 << 6,  /* key forking */
	MS_MIKEY_FLAG_J = 1 << 5,  /* the ticket may be used again */
	MS_MIKEY_FLAG_K = 1 << 4,  /* the KMS changed policy or keys */
	MS_MIKEY_FLAG_L = 1 << 3,  /* the Initiator may supply session keys */
	MS_MIKEY_FLAG_M = 1 << 2,  /* the Responder may supply session keys */
	MS_MIKEY_FLAG_N = 1 << 1,  /* an Initiator needs nothing beyond RFC 6043 */
	MS_MIKEY_FLAG_O = 1 << 0,  /* a Responder needs nothing beyond RFC 6043 */
};

/**
 * TP or TICKET (RFC 6043 section 6.10) with its TP Data read. What may come more than once (IDRr,
 * IDRapp) is walked with ms_mikey_tp_next_id(). Unexpected payloads inside are skipped.
 */
struct ms_mikey_policy {
	bool set;
	struct ms_span raw; /* the whole payload, from its Next Payload octet */
	uint16_t ticket_type;
	uint8_t subtype;
	uint8_t version;
	uint8_t prf;
	uint16_t flags;         /* enum ms_mikey_flag, 12 bits */
	uint8_t reserved;       /* the 5 reserved bits: ignored, but under the ticket's MAC */
	struct ms_span tp_data; /* with its First Payload octet */
	/* from TP Data: */
	struct ms_mikey_id kms;
	struct ms_mikey_id initiator;
	struct ms_mikey_ts start; /* TRs */
	struct ms_mikey_ts end;   /* TRe */
	struct ms_mikey_ts rekey; /* TRr */
	struct ms_mikey_kemac kemac;
	size_t n_responders; /* IDRr */
	size_t n_apps;       /* IDRapp */
	/* TICKET only; opaque here: */
	struct ms_span ticket_data;
	struct ms_span initiator_data; /* without its length; empty if there is none */
};

/** One payload of a chain. */
struct ms_mikey_payload {
	uint16_t type;      /* enum ms_mikey_payload_type */
	uint8_t next;       /* Next Payload; 0 in SIGN, which has none */
	struct ms_span raw; /* whole payload, from its Next Payload octet */
	union {
		struct ms_mikey_ts t; /* T */
		struct {
			uint8_t role;
			struct ms_mikey_ts ts;
		} tr;
		struct {
			uint8_t role; /* 0 in ID */
			struct ms_mikey_id id;
		} id; /* ID, IDR */
		struct {
			uint8_t role; /* 0 in RAND */
			struct ms_span rand;
		} rand; /* RAND, RANDR */
		struct ms_mikey_v v;
		struct ms_mikey_kemac kemac;
		struct {
			uint8_t policy_no;
			uint8_t prot_type;
			struct ms_span params; /* walked with ms_mikey_sp_next() */
		} sp;
		struct {
			uint8_t error_no;
			uint16_t reserved;
		} err;
		struct {
			uint8_t type;
			struct ms_span data;
		} ext, cert;
		struct {
			uint8_t hash_func;
			struct ms_span hash;
		} chash;
		struct {
			uint8_t c; /* enum ms_mikey_cache */
			struct ms_span data;
		} pke;
		struct {
			uint8_t s_type; /* enum ms_mikey_sign_type */
			struct ms_span sig;
		} sign;
		struct {
			uint8_t group;
			uint8_t kv;
			struct ms_span value;
			struct ms_span spi;      /* KV SPI */
			struct ms_span from, to; /* KV interval */
		} dh;
		struct ms_span thdr; /* THDR's data */
		/* TP, TICKET: nothing here; ms_mikey_policy_decode() reads them from `raw`. */
	} u;
};

/**
 * A decoded message. The named fields below are the first payload of each kind; kinds that may be
 * repeated (SP, ERR, CERT, General Extension) and everything else stand in payload[], in order.
 */
struct ms_mikey_message {
	struct ms_span raw;
	struct ms_mikey_hdr hdr;
	struct ms_mikey_cs cs[MS_MIKEY_CS_MAX]; /* hdr.n_cs of them */
	struct ms_mikey_payload payload[MS_MIKEY_PAYLOADS_MAX];
	size_t n_payloads;

	struct ms_mikey_ts t;
	struct ms_span rand;                           /* RAND (RFC 3830); p is NULL if absent */
	struct ms_span rand_i, rand_r, rand_kms;       /* RANDR by role; p is NULL if absent */
	struct ms_mikey_id id_i, id_r, id_kms, id_psk; /* IDR by role */
	struct ms_mikey_policy tp;
	struct ms_mikey_policy ticket;
	struct ms_mikey_kemac kemac;
	struct ms_mikey_v v;                           /* if set, it is the last payload */
	struct ms_span chash_hash, pke_data, sign_sig; /* p is NULL if absent */
	uint8_t chash_func, pke_c, sign_type;

	/* Offsets in raw. */
	size_t v_mac;          /* of V's MAC; 0 without V. The message ends after it. */
	size_t sign_at;        /* of SIGN's signature octets; 0 without SIGN */
	size_t kemac_at;       /* of the KEMAC payload; 0 without */
	size_t initiator_data; /* of the TICKET's Initiator Data *length*; 0 without TICKET */
};

/**
 * Decodes `raw`. Returns 0, or -EBADMSG with *fault filled (may be NULL): its code is a MIKEY error
 * number, its reason one of "parse", "unsupported_version", "unsupported_data_type",
 * "unknown_payload", "repeated_payload", "unsupported_ts_type", "unsupported_mac",
 * "unsupported_hash", "unsupported_dh_group", "cs_map_invalid", "too_many_payloads",
 * "too_many_sessions". Checked are HDR, its map, every payload, SP parameters and TP Data; Ticket
 * Data, Initiator Data and encrypted data are opaque. A payload that can have one meaning only (T,
 * KEMAC, TP, TICKET, V, CHASH, PKE, IDR and RANDR of one role) must not be repeated; V and SIGN
 * must come last. On error *ret_m has no defined contents.
 */
MS_MUST_CHECK int ms_mikey_decode(struct ms_span raw, struct ms_mikey_message *ret_m,
				  struct ms_fault *fault);

/**
 * Decodes one payload of number `type` from the start of `s`, which may go on behind it: its length
 * is ret_p->raw.len. Errors as above. TP Data is not looked into.
 */
MS_MUST_CHECK int ms_mikey_payload_decode(unsigned type, struct ms_span s,
					  struct ms_mikey_payload *ret_p, struct ms_fault *fault);

/** Reads a decoded TP or TICKET payload with its TP Data. Errors as above. */
MS_MUST_CHECK int ms_mikey_policy_decode(const struct ms_mikey_payload *p,
					 struct ms_mikey_policy *ret_policy,
					 struct ms_fault *fault);

/** A walk over a chain of payloads. */
struct ms_mikey_chain {
	struct ms_span rest; /* borrowed */
	size_t at;           /* offset of `rest` in the chain, for faults */
	unsigned next;       /* number of the payload that `rest` starts with; 0 at the end */
	unsigned count,
		max; /* payloads walked over, and the most; MS_MIKEY_PAYLOADS_MAX at first */
};

/** Chains that start with a First Payload octet: TP Data, Initiator Data. -EBADMSG if empty. */
MS_MUST_CHECK int ms_mikey_chain_first(struct ms_span s, struct ms_mikey_chain *ret_c,
				       struct ms_fault *fault);

/** Chains whose first payload is known: Ticket Data starts with MS_MIKEY_P_THDR. */
struct ms_mikey_chain ms_mikey_chain_of(struct ms_span s, unsigned first);

/**
 * Next payload. Returns 1 and fills *ret_p; 0 at the end, where nothing may be left over; or
 * -EBADMSG as above.
 */
MS_MUST_CHECK int ms_mikey_chain_next(struct ms_mikey_chain *c, struct ms_mikey_payload *ret_p,
				      struct ms_fault *fault);

/** Walks the identities of one role in the TP Data of a decoded policy: start with *pos = 0, which
 * then says where the walk goes on. False at the end. */
bool ms_mikey_tp_next_id(const struct ms_mikey_policy *p, unsigned role, size_t *pos,
			 struct ms_mikey_id *ret_id);

/** One parameter of a decoded SP payload: start with *pos = 0. False at the end. */
bool ms_mikey_sp_next(struct ms_span params, size_t *pos, uint8_t *ret_type,
		      struct ms_span *ret_value);

/** The SP payload with this policy number, or NULL. Borrowed from m. */
const struct ms_mikey_payload *ms_mikey_find_sp(const struct ms_mikey_message *m,
						unsigned policy_no);

/** The first General Extension of this type: true and its data, borrowed. */
bool ms_mikey_find_ext(const struct ms_mikey_message *m, unsigned type, struct ms_span *ret_data);

/** Initiator Data of a TICKET (RFC 6043 section 6.10): Vi, then Vr. */
struct ms_mikey_initiator_data {
	struct ms_mikey_v vi;
	struct ms_mikey_v vr;
	size_t vr_mac; /* offset of Vr's MAC in the Initiator Data: all before it is covered */
};

/** Returns 0 or -EBADMSG: "parse", or "initiator_data_invalid" if it is not exactly two V's. */
MS_MUST_CHECK int ms_mikey_initiator_data_decode(struct ms_span s,
						 struct ms_mikey_initiator_data *ret_d,
						 struct ms_fault *fault);

/** Ticket Data of a base ticket (RFC 6043 appendix A.1); unexpected payloads inside are skipped. */
struct ms_mikey_ticket_data {
	struct ms_span thdr;
	struct ms_mikey_ts t;
	struct ms_span rand;
	struct ms_mikey_kemac kemac;
	struct ms_mikey_id psk; /* absent if data.p is NULL */
	struct ms_mikey_v v;
	size_t v_mac; /* offset of V's MAC in the Ticket Data */
};

/** Returns 0 or -EBADMSG. All but `psk` are there; V is the last and not NULL. */
MS_MUST_CHECK int ms_mikey_ticket_data_decode(struct ms_span s, struct ms_mikey_ticket_data *ret_d,
					      struct ms_fault *fault);

#endif
