/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making base tickets and the TP Data in them, as the KMS and (modes 3 and 4) an Initiator do: RFC
 * 6043 section 6.10 and appendix A. Inside of src/mikey only.
 */
#ifndef MS_MIKEY_MINT_H
#define MS_MIKEY_MINT_H

#include "mikey/held.h"
#include "mikey/keydata.h"

/** Most keys that a ticket made here holds, besides the MPK. */
#define MS_MIKEY_MINT_KEYS_MAX 16

/** What TP Data say. */
struct ms_mikey_tp_spec {
	struct ms_mikey_id kms;
	struct ms_mikey_id initiator;
	struct ms_mikey_ts start, end, rekey;
	const struct ms_mikey_id *app;
	size_t n_apps;
	const struct ms_mikey_id *responder;
	size_t n_responders;
	const struct ms_mikey_wish *wish; /* TP only: a KEMAC with zeroes for keys */
	size_t n_wishes;
	bool no_keys; /* TP only: a KEMAC without keys */
};

/** Appends TP Data in the order of RFC 6043 section 6.10. `random` makes SPIs that are missing. */
MS_MUST_CHECK int ms_mikey_tp_write(const struct ms_mikey_tp_spec *s,
				    const struct ms_random *random, struct ms_buf *b);

/** The TP Data for what an Initiator wants, without the keys wanted. Borrows from both. */
struct ms_mikey_tp_spec ms_mikey_wanted_tp(const struct ms_mikey_party *me,
					   const struct ms_mikey_wanted *w);

/** Type of the one key in a ticket for which none were asked. */
static inline unsigned ms_mikey_default_key(unsigned flags)
{
	bool half = (flags & MS_MIKEY_FLAG_I) && !(flags & MS_MIKEY_FLAG_F);

	return half ? MS_MIKEY_KEY_GTGK : MS_MIKEY_KEY_TGK;
}

/** A ticket to be made. */
struct ms_mikey_mint_spec {
	uint16_t flags;
	uint8_t prf;
	struct ms_mikey_tp_spec tp;
	const struct ms_mikey_wish *wish; /* the session keys to be in it */
	size_t n_wishes;
	const struct ms_mikey_tpk *tpk;
	struct ms_mikey_ts t;
	const struct ms_random *random;
};

/** The keys of a ticket made. Secret; its keys borrow from its own octets: do not copy it. */
struct ms_mikey_minted {
	struct ms_secret mpki, mpkr;
	struct ms_mikey_keys keys; /* MPK first */
	size_t len;
	uint8_t room[(MS_MIKEY_MINT_KEYS_MAX + 1) * (2 * MS_SECRET_MAX + 4)];
};

void ms_mikey_minted_wipe(struct ms_mikey_minted *m);

/**
 * Appends a TICKET payload to `ticket`. -EINVAL (lengths, contradictory flags), -ENOSPC (too many
 * keys), -EMSGSIZE, or what the random source says.
 */
MS_MUST_CHECK int ms_mikey_mint(const struct ms_mikey_mint_spec *s, struct ms_buf *ticket,
				struct ms_mikey_minted *ret_m);

#endif
