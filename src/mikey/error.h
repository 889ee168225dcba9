/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MIKEY Error messages: RFC 6043 section 5.4, RFC 3830 section 5.1.2. An Error message is never
 * answered with another.
 */
#ifndef MS_MIKEY_ERROR_H
#define MS_MIKEY_ERROR_H

#include "mikey/party.h"
#include "mikey/session.h"

/** Most ERR payloads read of one message. */
#define MS_MIKEY_ERRORS_MAX 16

/** What an Error message says. */
struct ms_mikey_error {
	uint8_t error_no[MS_MIKEY_ERRORS_MAX]; /* enum ms_mikey_error_no, others possible */
	size_t n;
	uint32_t csb_id;
	bool authenticated;               /* has a MAC that fits; else it is a hint only */
	struct ms_mikey_message *message; /* the decoded message, the caller's: SP payloads */
};

/** What to build one from. */
struct ms_mikey_error_build {
	const struct ms_mikey_hdr *about; /* header of the message that failed */
	uint8_t error_no[MS_MIKEY_ERRORS_MAX];
	size_t n;
	const struct ms_mikey_sp *sp; /* Transfer only: policies that would be acceptable */
	size_t n_sps;
	struct ms_mikey_ts t;
	unsigned mac_alg;        /* MS_MIKEY_MAC_NULL: not authenticated */
	struct ms_span auth_key; /* of the message that failed */
};

/** Appends an Error message. -EPROTO (about an Error message), -EINVAL, -EMSGSIZE, -ENOMEM. */
MS_MUST_CHECK int ms_mikey_error_write(const struct ms_mikey_error_build *e, struct ms_buf *out);

/**
 * Appends an unauthenticated Error message about `in`, a message that was refused with *fault; if
 * the policies of a Transfer were the reason, with the SRTP policy that is acceptable. Does
 * nothing, and returns 0, if `in` is itself an Error message, has no readable header or is none of
 * MIKEY-TICKET's, or if me->answer_errors is not set.
 */
MS_MUST_CHECK int ms_mikey_error_answer(const struct ms_mikey_party *me, struct ms_span in,
					const struct ms_fault *fault, ms_usec now,
					struct ms_buf *out);

/**
 * Reads an Error message into *m and *ret_e. `auth_key` is that of the message it is about (empty:
 * not known); a MAC that does not fit is no error here, but leaves `authenticated` false. -EBADMSG
 * if it does not decode, is no Error message or has neither ERR nor SP; *fault may be NULL.
 */
MS_MUST_CHECK int ms_mikey_error_read(struct ms_span in, struct ms_span auth_key,
				      struct ms_mikey_message *m, struct ms_mikey_error *ret_e,
				      struct ms_fault *fault);

#endif
