/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A MIME entity (RFC 2045): header fields, an empty line, a body. Also the canonical form that is
 * signed or encrypted (RFC 8551 section 3.1: CRLF line ends, explicit Content-Type).
 */
#ifndef MS_MIME_ENTITY_H
#define MS_MIME_ENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/span.h"
#include "mime/content-type.h"

/** What a peer can make us look at. Zero means the default in brackets. */
struct ms_mime_limits {
	size_t header_max; /* octets of one header block (16384) */
	size_t fields_max; /* fields of one header block (64) */
	size_t parts_max;  /* parts of all multiparts together (64) */
	size_t depth_max;  /* multiparts inside each other (4) */
	size_t body_max;   /* octets of a decoded body (16 MiB) */
};

extern const struct ms_mime_limits ms_mime_limits_default;

enum ms_mime_cte {
	MS_MIME_CTE_IDENTITY, /* 7bit, 8bit, binary, or no field */
	MS_MIME_CTE_BASE64,
	MS_MIME_CTE_QP,
};

/** One field; `value` has its folding still inside (ms_mime_unfold()) and no outer blanks. */
struct ms_mime_field {
	struct ms_span name;
	struct ms_span value;
};

/** All spans are borrowed from what was read. */
struct ms_mime_entity {
	struct ms_span fields;            /* the header block, without the empty line */
	struct ms_span body;              /* as transferred */
	struct ms_mime_value type;        /* text/plain if there is no Content-Type */
	struct ms_mime_value disposition; /* type.len == 0 if there is none */
	struct ms_span content_id;        /* without < >; empty if there is none */
	struct ms_span description;       /* Content-Description */
	enum ms_mime_cte cte;
	size_t depth; /* 0 outside any multipart */
};

/**
 * Takes the next field off *rest. Lines end with CRLF or LF. Returns 0, -ENOENT at the end of the
 * block, -EBADMSG if a line is no field.
 */
MS_MUST_CHECK int ms_mime_next_field(struct ms_span *rest, struct ms_mime_field *ret_field);

/** Appends `value` with each fold (CRLF and blanks) as one space. */
void ms_mime_unfold(struct ms_buf *b, struct ms_span value);

/**
 * Reads an entity. Of a Content-* field given twice, or malformed, the entity is refused: -EBADMSG;
 * -EMSGSIZE over a limit; -ENOTSUP for a transfer encoding we do not know. *f says which.
 */
MS_MUST_CHECK int ms_mime_read(struct ms_span text, const struct ms_mime_limits *l,
			       struct ms_mime_entity *ret_e, struct ms_fault *f);

/** The value of the first field of that name (without case), still folded; p == NULL if absent. */
struct ms_span ms_mime_field(const struct ms_mime_entity *e, const char *name);

/** Appends the body with its transfer encoding undone. -EBADMSG, or what the buffer says; on error
 * nothing is appended. */
MS_MUST_CHECK int ms_mime_body(const struct ms_mime_entity *e, struct ms_buf *b);

/** Decodes a body of a stated encoding, e.g. a SIP body under its Content-Transfer-Encoding. */
MS_MUST_CHECK int ms_mime_decode(struct ms_span body, enum ms_mime_cte cte, struct ms_buf *b);

/** The value of a Content-Transfer-Encoding field; an empty one is the identity. -ENOTSUP. */
MS_MUST_CHECK int ms_mime_cte_of(struct ms_span value, enum ms_mime_cte *ret_cte);

/** What to write: an entity of our own. Spans are borrowed for the call. */
struct ms_mime_out {
	struct ms_span type;        /* whole Content-Type value */
	struct ms_span disposition; /* whole value, or empty */
	struct ms_span content_id;  /* without < >, or empty */
	struct ms_span fields;      /* further fields, each with its CRLF, or empty */
	struct ms_span body; /* as it is; text must have CRLF line ends (ms_mime_put_text()) */
	bool base64;         /* transfer encoding base64, else binary (8bit, 7bit need no field) */
};

/**
 * Appends the entity in canonical form. -EINVAL sticks if a value has CR, LF or NUL inside (but for
 * `fields` and `body`).
 */
void ms_mime_write(struct ms_buf *b, const struct ms_mime_out *e);

/** Appends text with every line end (CR, LF, CRLF) made CRLF: canonical text. */
void ms_mime_put_text(struct ms_buf *b, struct ms_span text);

#endif
