/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multipart (RFC 2046 section 5.1): walking the parts of a body in place, and writing one.
 */
#ifndef MS_MIME_MULTIPART_H
#define MS_MIME_MULTIPART_H

#include "core/random.h"
#include "mime/entity.h"

#define MS_MIME_BOUNDARY_MAX 70 /* RFC 2046 section 5.1.1 */

struct ms_mime_parts {
	struct ms_span rest; /* borrowed: not yet walked */
	struct ms_mime_limits limits;
	char boundary[MS_MIME_BOUNDARY_MAX + 1];
	size_t boundary_len;
	size_t depth;   /* of the parts */
	size_t *budget; /* parts that may still come, shared by nested walks; or own_budget */
	size_t own_budget;
	bool closed; /* the closing delimiter was seen */
};

/**
 * Starts a walk over a SIP or MSRP body of this type. -EINVAL if the type is no multipart, -EBADMSG
 * if the boundary is missing or malformed. *it must not be moved while it is used.
 */
MS_MUST_CHECK int ms_mime_parts_open(struct ms_mime_parts *it, const struct ms_mime_value *type,
				     struct ms_span body, const struct ms_mime_limits *l,
				     struct ms_fault *f);

/** A walk over the parts of part `e` of `outer`; it shares outer's budget of parts. -EMSGSIZE if it
 * would be too deep. Nested multiparts must not be transfer encoded (RFC 2045 section 6.4). */
MS_MUST_CHECK int ms_mime_parts_enter(struct ms_mime_parts *it, struct ms_mime_parts *outer,
				      const struct ms_mime_entity *e, struct ms_fault *f);

/** The next part. -ENOENT after the last; -EBADMSG if the closing delimiter never comes or a part is
 * malformed; -EMSGSIZE over the number of parts. */
MS_MUST_CHECK int ms_mime_parts_next(struct ms_mime_parts *it, struct ms_mime_entity *ret_e,
				     struct ms_fault *f);

/**
 * The first part of type/subtype at any depth, in order, also when `body` is not a multipart but is
 * that type itself. -ENOENT if there is none, else as ms_mime_parts_next().
 */
MS_MUST_CHECK int ms_mime_find(const struct ms_mime_value *type, struct ms_span body,
			       const char *want_type, const char *want_subtype,
			       const struct ms_mime_limits *l, struct ms_mime_entity *ret_e,
			       struct ms_fault *f);

/** A fresh boundary of 128 random bits, which no content holds. NUL-terminated. */
MS_MUST_CHECK int ms_mime_boundary(const struct ms_random *r, char ret_boundary[static 40]);

/** Appends the delimiter and the part. Content-Type of the whole: multipart/x;boundary="...". */
void ms_mime_put_part(struct ms_buf *b, const char *boundary, const struct ms_mime_out *part);

/** Appends the closing delimiter. */
void ms_mime_put_close(struct ms_buf *b, const char *boundary);

#endif
