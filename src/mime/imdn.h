/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message/imdn+xml (RFC 5438 section 11): what happened to a message. Reader and writer are small
 * and strict: no DTD, no processing instructions after the declaration, no entities but the five of
 * XML and character references, a depth limit.
 */
#ifndef MS_MIME_IMDN_H
#define MS_MIME_IMDN_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/span.h"

#define MS_IMDN_TEXT_MAX 512

enum ms_imdn_kind {
	MS_IMDN_DELIVERY,
	MS_IMDN_DISPLAY,
	MS_IMDN_PROCESSING,
};

enum ms_imdn_status {
	MS_IMDN_DELIVERED, /* delivery */
	MS_IMDN_FAILED,    /* delivery */
	MS_IMDN_DISPLAYED, /* display */
	MS_IMDN_PROCESSED, /* processing */
	MS_IMDN_STORED,    /* processing */
	MS_IMDN_FORBIDDEN, /* all */
	MS_IMDN_ERROR,     /* all */
};

struct ms_imdn {
	char message_id[MS_IMDN_TEXT_MAX];             /* of the message told about */
	char date_time[64];                            /* of that message */
	char recipient_uri[MS_IMDN_TEXT_MAX];          /* may be empty */
	char original_recipient_uri[MS_IMDN_TEXT_MAX]; /* may be empty */
	char subject[MS_IMDN_TEXT_MAX];                /* may be empty */
	enum ms_imdn_kind kind;
	enum ms_imdn_status status;
};

/** Reads the document. -EBADMSG (not well formed, or not the schema of RFC 5438), -EMSGSIZE. */
MS_MUST_CHECK int ms_imdn_read(struct ms_span xml, struct ms_imdn *ret_n, struct ms_fault *f);

/** Appends the document. -EINVAL sticks if kind and status do not go together, or a text is no UTF-8
 * or has control octets. */
void ms_imdn_write(struct ms_buf *b, const struct ms_imdn *n);

/** "delivered", ... Static. */
const char *ms_imdn_status_name(enum ms_imdn_status s);

#endif
