/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who takes part in an exchange: identity, long-term key, what is acceptable, where time and random
 * octets come from. One party object serves all exchanges of one user; everything in it is borrowed
 * and must outlive the exchanges started with it.
 */
#ifndef MS_MIKEY_PARTY_H
#define MS_MIKEY_PARTY_H

#include "core/profile.h"
#include "core/random.h"
#include "core/secret.h"
#include "core/time.h"
#include "mikey/message.h"

/** Algorithms that go together (RFC 6043 section 12.1: 128 and 256 bits are not mixed). */
struct ms_mikey_suite {
	uint8_t prf;  /* enum ms_mikey_prf_func, in HDR and in tickets */
	uint8_t encr; /* enum ms_mikey_encr_alg, in KEMAC payloads and tickets */
	uint8_t mac;  /* enum ms_mikey_mac_alg, in V payloads and tickets */
	uint8_t key;  /* octets of keys made here: MPK, TGK, GTGK, TEK, and of RANDs */
};

/** MIKEY-1, AES-CM-128, HMAC-SHA-1-160, 16. */
extern const struct ms_mikey_suite ms_mikey_suite_128;

/** PRF-HMAC-SHA-256, AES-CM-256, HMAC-SHA-256-256, 32. */
extern const struct ms_mikey_suite ms_mikey_suite_256;

/** The suite that the profile's `algorithms` names ("128" or "256"). */
const struct ms_mikey_suite *ms_mikey_suite_of(const struct ms_profile *profile);

/** Issues timestamps. Zero is a good start: NTP-UTC. */
struct ms_mikey_clock {
	uint8_t type;  /* enum ms_mikey_ts_type of what is issued */
	uint64_t last; /* value issued last; for COUNTER what a restart has to remember */
};

/**
 * The timestamp of `now`, or the next greater one if that would not be greater than the last: an
 * Initiator never uses a timestamp twice (RFC 3830 section 5.2). COUNTER just counts.
 */
struct ms_mikey_ts ms_mikey_clock_next(struct ms_mikey_clock *c, ms_usec now);

/** Whether a timestamp value is later than another of its type. NTP seconds roll over in 2036 (RFC 6043
 * section 6.3), so the difference counts and not the value. */
bool ms_mikey_ts_later(uint8_t type, uint64_t a, uint64_t b);

/** What this party puts up with: local policy. Start with ms_mikey_local_init(). */
struct ms_mikey_local {
	ms_usec skew;  /* most that T of an INIT message may be late (RFC 3830 section 5.4) */
	ms_usec ahead; /* and early; not more where late ones are taken on purpose */
	uint16_t require_flags; /* flags that a ticket's policy must have, enum ms_mikey_flag */
	uint16_t refuse_flags;  /* and that it must not have */
	bool suite_128;         /* algorithms of 128 bits are acceptable */
	bool suite_256;
	bool key_wrap;    /* AES-KW-128 is acceptable */
	bool counter;     /* timestamps of type COUNTER are acceptable */
	bool mixed_prf;   /* HDR and Ticket Policy may name different PRFs */
	uint8_t prot_tls; /* numbers of the unassigned Prot types, of the profile */
	uint8_t prot_mime;
	uint8_t prot_app;
	bool prot_srtp;          /* SRTP sessions are acceptable */
	uint32_t srtp_encr_algs; /* bit n: SRTP encryption algorithm n is acceptable */
	uint32_t srtp_auth_algs; /* bit n: SRTP authentication algorithm n is acceptable */
	int wildcard; /* octet that stands for others in IDRr of a policy; -1: none does */
};

/**
 * Defaults: skew and numbers of the profile, both suites, key wrap, no COUNTER, no mixed PRFs, SRTP
 * with AES-CM and HMAC-SHA-1 alone.
 */
void ms_mikey_local_init(struct ms_mikey_local *l, const struct ms_profile *profile);

/** A ticket protection key. Borrowed. */
struct ms_mikey_tpk {
	struct ms_mikey_id id; /* IDRpsk of tickets */
	struct ms_span key;
};

struct ms_mikey_credential; /* mikey/pk.h */

struct ms_mikey_party {
	struct ms_mikey_id id;       /* our own: IDRi or IDRr */
	struct ms_mikey_id kms;      /* IDRkms */
	struct ms_mikey_id psk_id;   /* IDRpsk; absent if the KMS finds the key by our identity */
	struct ms_span psk;          /* shared with the KMS; empty with a credential */
	struct ms_mikey_suite suite; /* for messages and tickets that we make */
	const struct ms_mikey_tpk
		*tpk; /* keys of tickets we open or make, the first makes; or NULL */
	size_t n_tpk;
	const struct ms_mikey_credential *credential; /* public-key variants; else NULL */
	bool omit_ids;      /* IDRi, IDRr and IDRkms are known by other means: leave them out */
	bool answer_errors; /* write Error messages when refusing (RFC 6043 section 5.4) */
	const struct ms_mikey_local *local;
	const struct ms_random *random;
	struct ms_mikey_clock *clock;
};

#endif
