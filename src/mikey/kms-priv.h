/* SPDX-License-Identifier: Apache-2.0 */
/* One message at the KMS. Inside of src/mikey only. */
#ifndef MS_MIKEY_KMS_PRIV_H
#define MS_MIKEY_KMS_PRIV_H

#include "mikey/check.h"
#include "mikey/guard.h"
#include "mikey/kms.h"
#include "mikey/reason.h"

struct ms_mikey_kms_call {
	const struct ms_mikey_kms *kms;
	struct ms_span in;
	ms_usec now;
	struct ms_buf *out;
	struct ms_mikey_kms_outcome *outcome;
	struct ms_fault fault;
	struct ms_mikey_message m;
	bool is_request; /* else Resolve */
	bool is_pk;
	struct ms_mikey_kms_user user;
	struct ms_mikey_id
		claimed;           /* IDRi or IDRr of the message, else the user's first identity */
	struct ms_secret envelope; /* public-key variants */
	struct ms_mikey_guard guard;
	uint8_t replay_id[MS_HASH_MAX];
};

/** Everything up to and including the MAC: who sends, is it genuine, and was it seen before? */
MS_MUST_CHECK int ms_mikey_kms_authenticate(struct ms_mikey_kms_call *c);

/** Enters a message that was served into the replay cache. */
MS_MUST_CHECK int ms_mikey_kms_enter(struct ms_mikey_kms_call *c);

/** The rest of the two exchanges: appends the response. */
MS_MUST_CHECK int ms_mikey_kms_request(struct ms_mikey_kms_call *c);
MS_MUST_CHECK int ms_mikey_kms_resolve(struct ms_mikey_kms_call *c);

/** A response being written. */
struct ms_mikey_kms_reply {
	struct ms_mikey_writer w;
	struct ms_mikey_ts t;
	size_t start;
};

/** HDR, T, IDRkms. */
MS_MUST_CHECK int ms_mikey_kms_reply_start(struct ms_mikey_kms_call *c, unsigned data_type,
					   struct ms_mikey_kms_reply *r);

/** KEMAC with the keys, encrypted for the user. */
MS_MUST_CHECK int ms_mikey_kms_reply_keys(struct ms_mikey_kms_call *c, struct ms_mikey_kms_reply *r,
					  const struct ms_mikey_keys *keys);

/** V. */
MS_MUST_CHECK int ms_mikey_kms_reply_finish(struct ms_mikey_kms_call *c,
					    struct ms_mikey_kms_reply *r);

/** What the outcome says of a ticket: flags, responders, validity, name. */
void ms_mikey_kms_note_ticket(struct ms_mikey_kms_call *c, const struct ms_mikey_policy *p);

#endif
