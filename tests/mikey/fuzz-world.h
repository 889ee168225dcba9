/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alice, Bob and a KMS in one process, the same on every run: what fuzz targets of the exchange
 * engines start from. Keys are known, so that the MAC of a mutated message can be put right and the
 * code behind it is reached.
 */
#ifndef MS_TESTS_MIKEY_FUZZ_WORLD_H
#define MS_TESTS_MIKEY_FUZZ_WORLD_H

#include "core/buf.h"
#include "mikey/incoming.h"
#include "mikey/kms.h"
#include "mikey/mac.h"
#include "mikey/request.h"
#include "mikey/transfer.h"

#define WORLD_NOW (1714564800 * MS_SEC)

extern struct ms_mikey_party world_alice, world_bob;
extern const struct ms_mikey_kms world_kms;

/* Random octets and clocks as at the start. `suite` 0: 128 bits, 1: 256 bits. */
void world_reset(unsigned suite);

/* A ticket for Bob with these flags, by a genuine Ticket Request. Traps if that does not work. */
struct ms_mikey_ticket_held *world_ticket(uint16_t flags, struct ms_buf *request,
					  struct ms_buf *response);

/* A genuine TRANSFER_INIT with this ticket: an SRTP, a TLS and a PSK-MIME session. */
struct ms_mikey_transfer *world_transfer(struct ms_mikey_ticket_held *h, struct ms_buf *init);

/* The KMS's answer to a genuine message. */
void world_ask(struct ms_span message, struct ms_buf *answer);

/* Put the MAC of a message right, in place, if it has one and an algorithm that is known. `sent` is
 * the message that a response answers. The key is found as the receiver finds it. */
void world_sign_psk(uint8_t *p, size_t n, struct ms_span sent);
void world_sign_transfer_init(uint8_t *p, size_t n);
void world_sign_transfer_resp(uint8_t *p, size_t n, struct ms_span sent);

#define WORLD_CHECK(x)                    \
	do {                              \
		if (!(x))                 \
			__builtin_trap(); \
	} while (0)

#endif
