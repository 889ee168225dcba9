/* SPDX-License-Identifier: Apache-2.0 */
/* The MIKEY base ticket: RFC 6043 appendix A, and Initiator Data: RFC 6043 section 6.10. */
#ifndef MS_MIKEY_TICKET_H
#define MS_MIKEY_TICKET_H

#include "core/buf.h"
#include "core/secret.h"
#include "mikey/derive.h"
#include "mikey/kemac.h"
#include "mikey/keydata.h"
#include "mikey/message.h"

/** Most clear octets of the keys in a ticket. */
#define MS_MIKEY_TICKET_KEYS_MAX 4096

/** What a base ticket is made from. All spans borrowed. */
struct ms_mikey_ticket_spec {
	/* Head of the policy: ticket_type, subtype, version, prf, flags, reserved, tp_data (encoded). */
	const struct ms_mikey_policy *policy;
	unsigned encr_alg;
	unsigned mac_alg;
	struct ms_mikey_ts t;
	struct ms_span thdr;
	struct ms_span rand;    /* at least as long as TPK and MPK (RFC 6043 section 12.1) */
	struct ms_mikey_id psk; /* IDRpsk naming the TPK; absent if data.p is NULL */
	const struct ms_mikey_keys *keys; /* MPK first */
};

/**
 * Appends a whole TICKET payload (Next Payload 0, no Initiator Data) made with `tpk`, which has been
 * set up over the *policy's* PRF. Returns 0, -EINVAL (algorithms, lengths for AES-KW), -EIO, or what
 * the buffer says; on error the buffer's tail is as it was.
 */
MS_MUST_CHECK int ms_mikey_ticket_make(const struct ms_mikey_ticket_spec *spec,
				       const struct ms_prf_key *tpk, struct ms_buf *out);

/** A ticket, opened. Secret: ms_mikey_opened_wipe() (fit for MS_CLEANUP; zero it first). Its keys
 * borrow from its own octets: do not copy it. */
struct ms_mikey_opened {
	struct ms_mikey_ticket_data data; /* borrowed from the ticket */
	struct ms_secret mpk, mpki, mpkr;
	struct ms_mikey_keys keys; /* all, the MPK first */
	size_t len;
	uint8_t plain[MS_MIKEY_TICKET_KEYS_MAX];
};

void ms_mikey_opened_wipe(struct ms_mikey_opened *o);

/**
 * Checks the MAC of a TICKET and decrypts its keys. `data` is its decoded Ticket Data (it names the
 * TPK: IDRpsk). The first key must be an MPK, and no other. Returns 0; or -EBADMSG with a fault:
 * "ticket_bad_mac", "unsupported_encr", "unsupported_mac", "kemac_mac_not_null", "missing_mpk",
 * "unexpected_mpk", "parse"; or -EIO. `tpk` is set up over the policy's PRF.
 */
MS_MUST_CHECK int ms_mikey_ticket_open(const struct ms_mikey_policy *ticket,
				       const struct ms_mikey_ticket_data *data,
				       const struct ms_prf_key *tpk, struct ms_mikey_opened *ret_o,
				       struct ms_fault *fault);

/** MPKi and MPKr from an MPK and the ticket's RAND (A.2.2), with the policy's PRF. */
MS_MUST_CHECK int ms_mikey_mpk_split(unsigned prf_func, struct ms_span mpk, struct ms_span rand,
				     struct ms_secret *ret_mpki, struct ms_secret *ret_mpkr);

/** Octets of Initiator Data for a MAC algorithm (known and not NULL). */
size_t ms_mikey_initiator_data_len(unsigned mac_alg);

/**
 * Writes Initiator Data into `dst` of ms_mikey_initiator_data_len(mac_alg) octets: Vi with the MAC
 * of the TRANSFER_INIT (`mac`), Vr keyed from MPKr with the policy's PRF. Returns 0 or -EINVAL.
 */
MS_MUST_CHECK int ms_mikey_initiator_data_make(unsigned policy_prf, struct ms_span mpkr,
					       unsigned mac_alg, struct ms_span mac, uint8_t *dst);

/** Is Vr right? `s` is the Initiator Data, `d` its decoded form. */
bool ms_mikey_initiator_data_ok(unsigned policy_prf, struct ms_span mpkr, struct ms_span s,
				const struct ms_mikey_initiator_data *d);

#endif
