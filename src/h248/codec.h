/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the transaction layer needs of a coding: the text one (RFC 3525 annex B, pretty or compact) and
 * the binary one (annex A) each give a table of this form. Transactions are encoded one by one, since
 * each is kept until it is answered or forgotten and a repetition travels in another company.
 */
#ifndef MS_H248_CODEC_H
#define MS_H248_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "h248/message.h"

/** How far a message that could not be read was understood: enough to send an error back. */
struct ms_h248_refused {
	struct ms_fault fault;  /* H.248.8: 400, 403, 406, 422, 442, 443, 444, ...; where */
	uint8_t version;        /* 0: the header itself could not be read */
	struct ms_h248_mid mid; /* of the sender, once version is known; kind NONE: not read */
	bool has_transaction;   /* the fault is inside this transaction; else in the message */
	enum ms_h248_transaction_kind kind;
	uint32_t transaction;
	bool has_context; /* the fault is inside this action */
	uint32_t context;
};

struct ms_h248_codec {
	const char *name; /* "pretty", "compact", "binary" */
	uint16_t port;    /* the default port: 2944 text, 2945 binary (RFC 3525 section 9) */

	bool binary; /* values travel as BER: MS_H248_BIND_BER before put_transaction() */

	/**
	 * Reads one whole message; tree and spans are borrowed from `arena` and `octets`. -EBADMSG with
	 * *ret_refused filled (RFC 3525 section 8.2.2 says what is answered then), -ENOMEM.
	 */
	int (*decode)(struct ms_span octets, struct ms_h248_arena *arena,
		      struct ms_h248_refused *ret_refused,
		      const struct ms_h248_message **ret_message);

	/**
	 * Appends one transaction as it stands in a message of `version`, without ->next. What cannot be
	 * encoded (in this version) is -EINVAL in the buffer's status.
	 */
	void (*put_transaction)(struct ms_buf *out, const struct ms_h248_transaction *t,
				unsigned version);

	/**
	 * Appends a message: its header, then m->error or m->transactions, then `encoded`: further
	 * transactions from put_transaction(), one after another.
	 */
	void (*put_message)(struct ms_buf *out, const struct ms_h248_message *m,
			    struct ms_span encoded);
};

#endif
