/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the transaction layer needs of a coding: the text one (RFC 3525 annex B, pretty or compact) and
 * the binary one (annex A) each give a table of this form. Transactions are encoded one by one, since
 * each is kept until it is answered or forgotten and a repetition travels in another company.
 */
#ifndef MS_H248_CODEC_H
#define MS_H248_CODEC_H

#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "h248/message.h"

struct ms_h248_codec {
	const char *name; /* "pretty", "compact", "binary" */
	uint16_t port;    /* the default port: 2944 text, 2945 binary (RFC 3525 section 9) */

	/**
	 * Reads one whole message; tree and spans are borrowed from `arena` and `octets`. -EBADMSG with
	 * fault->code 400 (or what H.248.8 has for it), -ENOMEM, -EMSGSIZE (a limit, 400).
	 *
	 * A request whose end is known but whose inside is not legal may still be in the list: with its
	 * id and `error` (403, 422, 442: RFC 3525 section 8.2.2), which is then the answer.
	 */
	int (*decode)(struct ms_span octets, struct ms_h248_arena *arena,
		      struct ms_h248_message *ret_m, struct ms_fault *fault);

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
