/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The KMS's half of Ticket Request and Ticket Resolve: RFC 6043 sections 4.2.1 and 4.2.3. One call
 * per message: octets in, octets out. What is not MIKEY - who has which key, who may have which
 * ticket, which messages were seen - is asked of the caller through struct ms_mikey_kms_ops.
 *
 * The engine keeps no state, and does not allocate (except where the out buffer grows, and in the
 * public-key variants), so any number of processes can serve with the same store.
 */
#ifndef MS_MIKEY_KMS_H
#define MS_MIKEY_KMS_H

#include "mikey/held.h"
#include "mikey/party.h"
#include "mikey/replay.h"

/** Most IDRr and most IDRapp of one policy, and most keys of one ticket. */
#define MS_MIKEY_KMS_RESPONDERS_MAX 2048 /* some 30 octets each: what a MIKEY message holds */
#define MS_MIKEY_KMS_APPS_MAX 32
#define MS_MIKEY_KMS_KEYS_MAX 16

/** Octets of ms_mikey_kms_outcome.ticket_id. */
#define MS_MIKEY_KMS_TICKET_ID 16

/** A user as the caller knows it. Spans are borrowed until ms_mikey_kms_handle() returns. */
struct ms_mikey_kms_user {
	void *ref;             /* the caller's own */
	struct ms_mikey_id id; /* its identity; the first if it has several */
	struct ms_span psk;    /* empty for a user of the public-key variants */
};

/** A policy about to be granted. The callback may change everything; spans must live until
 * ms_mikey_kms_handle() returns. */
struct ms_mikey_kms_grant {
	uint16_t flags;
	struct ms_mikey_ts start, end, rekey; /* !set: none */
	struct ms_mikey_id responder[MS_MIKEY_KMS_RESPONDERS_MAX];
	size_t n_responders;
	struct ms_mikey_id app[MS_MIKEY_KMS_APPS_MAX];
	size_t n_apps;
	struct ms_mikey_wish
		wish[MS_MIKEY_KMS_KEYS_MAX]; /* session keys that the ticket will hold */
	size_t n_wishes;
};

struct ms_mikey_kms_ops {
	/**
	 * Finds the pre-shared key: by `psk_id` if it is not absent (data.p NULL), and only by that;
	 * else by `user`. Returns 0, -ENOENT, or -EIO and the like.
	 */
	int (*find_psk)(void *arg, const struct ms_mikey_id *psk_id, const struct ms_mikey_id *user,
			struct ms_mikey_kms_user *ret_user);

	/** Whether `id` is one of the user's identities. */
	bool (*owns)(void *arg, const struct ms_mikey_kms_user *user, const struct ms_mikey_id *id);

	/**
	 * Whether the user may have a ticket with this policy, which the callback may alter (K is set
	 * by the engine if it does). Without keys wanted, *g has the default one. `tp` is the policy as
	 * requested. Returns 0, -EPERM, or another error.
	 */
	int (*may_request)(void *arg, const struct ms_mikey_kms_user *user,
			   const struct ms_mikey_id *initiator, const struct ms_mikey_policy *tp,
			   ms_usec now, struct ms_mikey_kms_grant *g);

	/**
	 * Whether the user, who calls itself `responder`, may resolve this authentic ticket; if so,
	 * *ret_id is the identity admitted: its own, or the alias that the ticket names; it goes into
	 * the response and, with key forking, into the keys. ms_mikey_policy_admits() compares;
	 * aliases and groups are the caller's own tables. Returns 0, -EPERM, or another error.
	 */
	int (*may_resolve)(void *arg, const struct ms_mikey_kms_user *user,
			   const struct ms_mikey_id *responder,
			   const struct ms_mikey_policy *ticket, ms_usec now,
			   struct ms_mikey_id *ret_id);

	/** The key for new tickets. Returns 0 or an error. */
	int (*current_tpk)(void *arg, struct ms_mikey_tpk *ret_tpk);

	/** The key that a ticket names; `id` absent: the ticket names none. 0, -ENOENT, an error. */
	int (*find_tpk)(void *arg, const struct ms_mikey_id *id, struct ms_mikey_tpk *ret_tpk);

	/**
	 * Was this message served before: 0, -EALREADY, or another error. Asked before the MAC.
	 * `until` is what replay_enter() gets for the same message.
	 */
	int (*replay_seen)(void *arg, const uint8_t id[MS_MIKEY_REPLAY_ID], ms_usec until);

	/** As ms_mikey_replay_enter(): 0, -EALREADY, or another error. Called last, when the answer
	 * stands: a message that is refused leaves nothing behind. */
	int (*replay_enter)(void *arg, const uint8_t id[MS_MIKEY_REPLAY_ID], ms_usec until);

	/**
	 * COUNTER timestamps: 0 if `value` is greater than the user's last, which it becomes if
	 * `enter`; else -EALREADY. NULL: COUNTER is refused.
	 */
	int (*counter)(void *arg, const struct ms_mikey_kms_user *user, uint32_t value, bool enter);

	/**
	 * Public-key variants; NULL: they are refused. Checks a chain of certificates (DER; the
	 * user's own first; none if the message had none, then `user` must do) and gives the owner;
	 * *ret_cert is the certificate that the signature is verified with. 0, -ENOENT, -EPERM.
	 */
	int (*find_cert)(void *arg, const struct ms_span *chain, size_t n,
			 const struct ms_mikey_id *user, ms_usec now,
			 struct ms_mikey_kms_user *ret_user, struct ms_span *ret_cert);
};

struct ms_mikey_kms {
	struct ms_mikey_id id; /* IDRkms of this KMS */
	const struct ms_mikey_local *local;
	const struct ms_random *random;
	const struct ms_mikey_credential *credential; /* public-key variants; else NULL */
	bool authenticate_errors; /* MAC on Error messages to users that were authenticated */
	const struct ms_mikey_kms_ops *ops;
	void *arg; /* the caller's, for ops */
};

/** What happened, for audit and counters. No keys. Spans are borrowed from the message and ops. */
struct ms_mikey_kms_outcome {
	uint8_t data_type;  /* of the message; 0 if it could not be read */
	bool authenticated; /* the user is who it says */
	bool granted;       /* REQUEST_RESP or RESOLVE_RESP was written; else an Error or nothing */
	int error_no;       /* enum ms_mikey_error_no if not granted; else -1 */
	const char *reason; /* static counter name, "granted" if so */
	size_t offset;      /* in the message, where that makes sense */
	struct ms_mikey_id user;      /* the user's first identity; absent if not authenticated */
	struct ms_mikey_id claimed;   /* IDRi or IDRr of the message; may be absent */
	struct ms_mikey_id initiator; /* Resolve: IDRi of the ticket; may be absent */
	struct ms_mikey_id admitted;  /* Resolve: the identity admitted */
	struct ms_mikey_id responder; /* first IDRr of the ticket or of the policy granted */
	size_t n_responders;
	uint16_t flags; /* of the ticket */
	bool altered;   /* Request: the policy granted is not the one requested (K) */
	bool has_ticket_id;
	uint8_t ticket_id[MS_MIKEY_KMS_TICKET_ID]; /* leading octets of the ticket's MAC */
	ms_usec start;                             /* validity of the ticket, since 1970; 0: open */
	ms_usec end;                               /* MS_NEVER: open */
};

/**
 * Serves one message. Returns
 *   0         an answer was appended to `out`: granted, or an Error message (see *ret_outcome)
 *   -EBADMSG  nothing to answer: not a MIKEY message, an Error message, or one that is none of ours
 *   others    -ENOMEM, -EIO, what a callback said: our own fault; nothing was written
 * *ret_outcome is always filled.
 */
MS_MUST_CHECK int ms_mikey_kms_handle(const struct ms_mikey_kms *kms, struct ms_span in,
				      ms_usec now, struct ms_buf *out,
				      struct ms_mikey_kms_outcome *ret_outcome);

/** The leading octets of a ticket's MAC, as in the outcome: its name in audits and revocations. -EBADMSG
 * if its Ticket Data do not decode. */
MS_MUST_CHECK int ms_mikey_kms_ticket_id(const struct ms_mikey_policy *ticket,
					 uint8_t ret_id[MS_MIKEY_KMS_TICKET_ID]);

/** Adds a key to a grant: 0, or -ENOSPC. */
MS_MUST_CHECK int ms_mikey_kms_grant_key(struct ms_mikey_kms_grant *g, unsigned type, size_t len);

#endif
