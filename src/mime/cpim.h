/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message/cpim (RFC 3862) with the IMDN headers of RFC 5438: the wrapper TS 24.247 uses for
 * messages that need a sender, a time or a delivery notification.
 */
#ifndef MS_MIME_CPIM_H
#define MS_MIME_CPIM_H

#include "mime/entity.h"

#define MS_CPIM_TO_MAX 16 /* To and cc addresses together */
#define MS_CPIM_NS_MAX 8

#define MS_CPIM_NS_IMDN "urn:ietf:params:imdn"

/** What a sender asks to be told (RFC 5438 section 6.3.1.2); a set. */
enum ms_imdn_wish {
	MS_IMDN_WISH_POSITIVE = 1, /* positive-delivery */
	MS_IMDN_WISH_NEGATIVE = 2, /* negative-delivery */
	MS_IMDN_WISH_PROCESSING = 4,
	MS_IMDN_WISH_DISPLAY = 8,
};

/** "Alice" <im:alice@example.com>: both borrowed, escapes of a quoted name still inside. */
struct ms_cpim_address {
	struct ms_span name; /* formal name, may be empty */
	struct ms_span uri;
};

struct ms_cpim_ns {
	struct ms_span prefix; /* empty: the default name space */
	struct ms_span uri;
};

/** All spans are borrowed from what was read. */
struct ms_cpim {
	struct ms_cpim_address from; /* uri.len == 0 if absent */
	struct ms_cpim_address to[MS_CPIM_TO_MAX];
	size_t n_to;
	size_t n_cc; /* the last n_cc of `to` came as cc */
	struct ms_span subject;
	struct ms_span date_time;  /* RFC 3339, grammar checked; empty if absent */
	struct ms_span message_id; /* imdn.Message-ID */
	unsigned wishes;           /* imdn.Disposition-Notification: enum ms_imdn_wish */
	struct ms_cpim_ns ns[MS_CPIM_NS_MAX];
	size_t n_ns;
	struct ms_span headers;        /* the message headers, for what is not above */
	struct ms_mime_entity content; /* the encapsulated entity */
};

/**
 * Reads a message/cpim body. RFC 3862: message headers, an empty line, then a MIME entity. A header
 * of a Require list that we do not implement: -ENOTSUP (reason "cpim_require"). Otherwise -EBADMSG,
 * -EMSGSIZE, -E2BIG, with a reason. Prefixes are resolved through NS, so the IMDN name space may be
 * bound to any prefix.
 */
MS_MUST_CHECK int ms_cpim_read(struct ms_span text, const struct ms_mime_limits *l,
			       struct ms_cpim *ret_m, struct ms_fault *f);

/** What to write; empty or zero means absent. Borrowed for the call. */
struct ms_cpim_out {
	struct ms_cpim_address from;
	struct ms_cpim_address to; /* one; "sip:anonymous@anonymous.invalid" in chats */
	struct ms_span subject;
	struct ms_span date_time; /* ms_usec_to_iso() makes one */
	struct ms_span message_id;
	unsigned wishes;
	struct ms_mime_out content;
};

/** Appends the message. -EINVAL sticks if a value has a control octet, or a URI has < or >. */
void ms_cpim_write(struct ms_buf *b, const struct ms_cpim_out *m);

#endif
