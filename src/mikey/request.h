/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Initiator's half of the Ticket Request exchange: RFC 6043 section 4.2.1.
 *
 *	ms_mikey_request_start()  -> octets for the KMS
 *	ms_mikey_request_finish() <- octets from the KMS; the ticket
 *
 * With me->credential the public-key variant (section 4.2.1.3) is used, else the pre-shared key.
 */
#ifndef MS_MIKEY_REQUEST_H
#define MS_MIKEY_REQUEST_H

#include "mikey/held.h"

struct ms_mikey_request; /* owned */

/** NULL is fine. Returns NULL. */
struct ms_mikey_request *ms_mikey_request_free(struct ms_mikey_request *r);
void ms_mikey_request_freep(struct ms_mikey_request **r);

/**
 * Appends a REQUEST_INIT to `out`. `me` is borrowed until the request is freed. Returns 0, -EINVAL
 * (contradictory flags, no responder, no key), -EMSGSIZE, -ENOMEM, or what the random source says.
 */
MS_MUST_CHECK int ms_mikey_request_start(const struct ms_mikey_party *me,
					 const struct ms_mikey_wanted *w, ms_usec now,
					 struct ms_buf *out, struct ms_mikey_request **ret_r);

/**
 * Takes up a request that was sent before, from its octets; `envelope` is the envelope key of the
 * public-key variant, else empty. Returns 0, -EBADMSG (no REQUEST_INIT), -ENOMEM.
 */
MS_MUST_CHECK int ms_mikey_request_resume(const struct ms_mikey_party *me, struct ms_span sent,
					  struct ms_span envelope, struct ms_mikey_request **ret_r);

/**
 * Takes what came back. The request stays as it is, so that after a refusal the genuine answer can
 * still be taken. Returns 0 with a ticket owned by the caller; -EBADMSG, -EKEYREJECTED (MAC) or
 * -EPERM (a policy that is not acceptable) with *fault filled (may be NULL); -EREMOTEIO if it is an
 * Error message, code being its first error number and reason "kms_error" or, if it is not
 * authenticated and so a hint only, "kms_error_unauthenticated"; -ENOMEM.
 */
MS_MUST_CHECK int ms_mikey_request_finish(const struct ms_mikey_request *r, struct ms_span in,
					  ms_usec now, struct ms_fault *fault,
					  struct ms_mikey_ticket_held **ret_h);

#endif
