/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks that several roles make: algorithms, clock, ticket policies, key lists. Each gives 0 or
 * fills *fault (which may be NULL). Inside of src/mikey only.
 *
 * Here and elsewhere "reading 13" is entry 13 of tests/mikey/vectors/README.md, section 6: places
 * where the text of the RFC is open, and what was decided.
 */
#ifndef MS_MIKEY_CHECK_H
#define MS_MIKEY_CHECK_H

#include "core/buf.h"
#include "mikey/keydata.h"
#include "mikey/party.h"

/** Room for the clear and for the encrypted keys of one message, in octets. */
#define MS_MIKEY_SEALED_ROOM 16384

/** A PRF that we know and that *local accepts. */
MS_MUST_CHECK int ms_mikey_check_prf(unsigned prf, const struct ms_mikey_local *local,
				     struct ms_fault *fault);

/** A MAC algorithm that we know and that *local accepts; never NULL. */
MS_MUST_CHECK int ms_mikey_check_mac(unsigned mac_alg, const struct ms_mikey_local *local,
				     struct ms_fault *fault);

/** NULL MAC, and an encryption algorithm that we know and accept; never NULL (reading 13). */
MS_MUST_CHECK int ms_mikey_check_kemac(const struct ms_mikey_kemac *k,
				       const struct ms_mikey_local *local, struct ms_fault *fault);

/** What every message has: T, V with a MAC that we accept, a PRF that we accept. */
MS_MUST_CHECK int ms_mikey_check_frame(const struct ms_mikey_message *m,
				       const struct ms_mikey_local *local, struct ms_fault *fault);

/** T of an INIT message against the clock: RFC 3830 section 5.4. COUNTER has no clock. */
MS_MUST_CHECK int ms_mikey_check_clock(const struct ms_mikey_ts *t,
				       const struct ms_mikey_local *local, ms_usec now,
				       struct ms_fault *fault);

/** When an INIT message with this T, taken at `now`, can be forgotten: the end of its window. */
ms_usec ms_mikey_window_end(const struct ms_mikey_ts *t, const struct ms_mikey_local *local,
			    ms_usec now);

/** Empty map and no crypto sessions (RFC 6043 sections 4.2.1.1 and 4.2.3.1). */
MS_MUST_CHECK int ms_mikey_check_empty_map(const struct ms_mikey_message *m,
					   struct ms_fault *fault);

/** Header of a response against that of its request. With `map` also #CS and map type. */
MS_MUST_CHECK int ms_mikey_check_hdr(const struct ms_mikey_hdr *resp,
				     const struct ms_mikey_hdr *init, bool map,
				     struct ms_fault *fault);

/** Ticket Type, Subtype, Version: the base ticket alone. */
MS_MUST_CHECK int ms_mikey_check_ticket_type(const struct ms_mikey_policy *p,
					     struct ms_fault *fault);

/**
 * What Initiator, Responder and KMS check of a ticket's policy: type, PRF (also against `prf`, that
 * of HDR), consistent flags, IDRr, validity at `now`.
 */
MS_MUST_CHECK int ms_mikey_check_ticket(const struct ms_mikey_policy *p, unsigned prf,
					const struct ms_mikey_local *local, ms_usec now,
					struct ms_fault *fault);

/** Flags that *local insists on or refuses. */
MS_MUST_CHECK int ms_mikey_check_flags_wanted(const struct ms_mikey_policy *p,
					      const struct ms_mikey_local *local,
					      struct ms_fault *fault);

/** Consistency of flags, with knowledge of the keys. */
MS_MUST_CHECK int ms_mikey_check_flags(unsigned flags, bool has_tgk, struct ms_fault *fault);

/** `n_mpks` MPKs first and none further (reading 15), all keys short enough to be kept. */
MS_MUST_CHECK int ms_mikey_check_keys(const struct ms_mikey_keys *k, size_t n_mpks,
				      struct ms_fault *fault);

#endif
