/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Media plane security in Security-Client, Security-Server and Security-Verify (RFC 3329; TS 24.229
 * clause 7.2A.7): mechanisms with the parameter `mediasec`. Each stands for itself; nothing is chosen
 * among them, and those without the parameter belong to the signalling and are none of our business.
 */
#ifndef MS_ALG_AGREEMENT_H
#define MS_ALG_AGREEMENT_H

#include "core/buf.h"
#include "sip/packet.h"

enum {
	MS_ALG_MSRP_TLS = 1,
	MS_ALG_BFCP_TLS = 2,
};

/** Which of them the header names with `mediasec`; 0: none. */
unsigned ms_alg_agreement_read(const struct ms_sip_packet *m, const char *header);

/** Does the header name anything with `mediasec`? Also what we do not know. */
bool ms_alg_agreement_present(const struct ms_sip_packet *m, const char *header);

/** "msrp-tls;mediasec, bfcp-tls;mediasec" */
void ms_alg_agreement_put(unsigned mechanisms, struct ms_buf *b);

#endif
