/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a crypto session bundle, and what the two ends of a Transfer share. Inside of
 * src/mikey only.
 */
#ifndef MS_MIKEY_BUNDLE_H
#define MS_MIKEY_BUNDLE_H

#include "mikey/csb.h"
#include "mikey/guard.h"

/** Octets of our own. */
struct ms_mikey_octets {
	uint8_t *p; /* owned */
	size_t len;
};

static inline struct ms_span ms_mikey_octets_span(const struct ms_mikey_octets *o)
{
	return ms_span_of(o->p, o->len);
}

/** Takes a copy, in place of what was there. -ENOMEM. */
MS_MUST_CHECK int ms_mikey_octets_set(struct ms_mikey_octets *o, struct ms_span s);
void ms_mikey_octets_done(struct ms_mikey_octets *o);

/** An identity of our own; absent if data.p is NULL. */
struct ms_mikey_name {
	uint8_t type;
	struct ms_mikey_octets data;
};

MS_MUST_CHECK int ms_mikey_name_set(struct ms_mikey_name *n, const struct ms_mikey_id *id);
struct ms_mikey_id ms_mikey_name_id(const struct ms_mikey_name *n);

/** Most SP payloads that one bundle keeps. */
#define MS_MIKEY_SPS_MAX 32

/** How many of our own updates a bundle remembers. */
#define MS_MIKEY_OWN_UPDATES 16

struct ms_mikey_traffics {
	struct ms_mikey_traffic at[MS_MIKEY_CS_MAX];
	size_t n;
};

struct ms_mikey_csb {
	const struct ms_mikey_party *me; /* borrowed */
	bool initiator;
	uint16_t flags;
	struct ms_mikey_hdr hdr;     /* of the first TRANSFER_INIT: CSB ID and PRF */
	struct ms_mikey_octets init; /* messages of the first exchange */
	struct ms_mikey_octets resp; /* empty if there was none */
	struct ms_mikey_name id_i, id_r;
	struct ms_secret key; /* protects updates: MPKi or MPKr' */
	enum ms_mikey_which which;
	struct ms_mikey_keyring keys;
	struct ms_mikey_traffics traffics;
	struct ms_mikey_octets sp[MS_MIKEY_SPS_MAX]; /* SP payloads of all messages, newest last */
	size_t n_sps;
	/* The latest timestamps of either end, by type. All messages of a bundle but the first are
	 * encrypted with one key, and T is what makes their key streams differ (reading 11). */
	struct ms_mikey_ts latest[MS_MIKEY_TS_NTP_UTC_32 + 1];
	/* Names of our latest updates: both ends use the same keys, so one of ours that somebody sends
	 * back would pass for the other end's. */
	uint8_t own[MS_MIKEY_OWN_UPDATES][MS_HASH_MAX];
	size_t n_own; /* ever sent */
	/* An update of ours that waits for its answer. */
	struct ms_mikey_octets sent;
	struct ms_mikey_keyring new_keys;
};

/** What a bundle is made from; messages are decoded and verified. */
struct ms_mikey_bundle_spec {
	const struct ms_mikey_party *me;
	bool initiator;
	uint16_t flags;
	const struct ms_mikey_message *init;
	const struct ms_mikey_message *resp; /* NULL without TRANSFER_RESP */
	struct ms_mikey_id id_i, id_r;
	struct ms_span key;
	const struct ms_mikey_keyring *keys;
};

/** Makes a bundle and derives the traffic keys of all sessions. -ENOKEY, -EPERM, -ENOMEM. */
MS_MUST_CHECK int ms_mikey_bundle_new(const struct ms_mikey_bundle_spec *s, struct ms_fault *fault,
				      struct ms_mikey_csb **ret_c);

/** Keeps the SP payloads of a message for later ones to refer to. `m` may be NULL. */
MS_MUST_CHECK int ms_mikey_bundle_keep_sps(struct ms_mikey_csb *c,
					   const struct ms_mikey_message *m);

/** Notes the timestamp of a message of this bundle, sent or verified. */
void ms_mikey_bundle_saw(struct ms_mikey_csb *c, const struct ms_mikey_ts *t);

/** The RANDs that enter traffic keys by these flags; `resp` may be NULL. */
struct ms_mikey_rands ms_mikey_bundle_rands(unsigned flags, const struct ms_mikey_message *init,
					    const struct ms_mikey_message *resp);

/* Sessions of a message (mikey/offer.c, mikey/traffic.c). */

/** Where policy numbers are looked up: newest first. */
struct ms_mikey_sp_source {
	const struct ms_mikey_message *m[2]; /* either may be NULL */
	const struct ms_mikey_csb *csb;      /* SPs of earlier messages; may be NULL */
};

/** An SP payload by number: true and its Prot type and parameters. */
bool ms_mikey_sp_find(const struct ms_mikey_sp_source *src, unsigned policy_no,
		      uint8_t *ret_prot_type, struct ms_span *ret_params);

/** What is expected of the sessions of a message. */
enum ms_mikey_map_rule {
	MS_MIKEY_MAP_OFFER,    /* an answer follows: SPI, policy and session data may be missing */
	MS_MIKEY_MAP_COMPLETE, /* no answer follows (reading 26) */
	MS_MIKEY_MAP_ANSWER,   /* RFC 6043 section 6.1.1 for responses */
};

/** Checks map, sessions and policies of a Transfer message. */
MS_MUST_CHECK int ms_mikey_check_map(const struct ms_mikey_message *m,
				     const struct ms_mikey_sp_source *src,
				     enum ms_mikey_map_rule rule,
				     const struct ms_mikey_local *local, struct ms_fault *fault);

/** Sessions that an answer has in common with the offer keep their Prot type (reading 29). */
MS_MUST_CHECK int ms_mikey_check_map_kept(const struct ms_mikey_message *answer,
					  const struct ms_mikey_message *offer,
					  struct ms_fault *fault);

/** The first policy of an SRTP session that *local accepts: 0, or -EPERM. */
MS_MUST_CHECK int ms_mikey_choose_policy(const struct ms_mikey_cs *cs,
					 const struct ms_mikey_sp_source *src,
					 const struct ms_mikey_local *local, uint8_t *ret_policy_no,
					 struct ms_mikey_srtp *ret_srtp);

/** Every SPI that is given names a key of the ring. */
MS_MUST_CHECK int ms_mikey_check_spis(const struct ms_mikey_message *m,
				      const struct ms_mikey_keyring *keys, struct ms_fault *fault);

/** The keys of a KEMAC, from number `from` on, into a ring; with the same SPI the new one wins. */
MS_MUST_CHECK int ms_mikey_keyring_take(struct ms_mikey_keyring *r, const struct ms_mikey_keys *k,
					size_t from, struct ms_fault *fault);

/** Copies all keys of `from`; with the same SPI the new one wins. */
MS_MUST_CHECK int ms_mikey_keyring_merge(struct ms_mikey_keyring *r,
					 const struct ms_mikey_keyring *from);

/** A ring as a list for a KEMAC; borrowed from the ring. */
void ms_mikey_keyring_list(const struct ms_mikey_keyring *r, struct ms_mikey_keys *ret_keys);

/** Forks the TGKs of a ring in place: RFC 6043 section 5.1.1. */
MS_MUST_CHECK int ms_mikey_keyring_fork(struct ms_mikey_keyring *r, unsigned prf,
					struct ms_span id_data, struct ms_span rand_kms);

/** Traffic keys of all sessions of `m` that have an SPI: RFC 6043 section 5.1.3. */
MS_MUST_CHECK int ms_mikey_traffics_derive(const struct ms_mikey_message *m,
					   const struct ms_mikey_sp_source *src,
					   const struct ms_mikey_keyring *keys,
					   const struct ms_mikey_rands *rands,
					   const struct ms_mikey_local *local,
					   struct ms_mikey_traffics *ret_t, struct ms_fault *fault);

#endif
