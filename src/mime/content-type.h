/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content-Type and Content-Disposition values with their parameters (RFC 2045 section 5.1, RFC 2183;
 * as SIP and MSRP carry them: RFC 3261 section 25.1, RFC 4975 section 9). Read in place: quoted
 * strings, comments and blanks are understood, names compare without case.
 */
#ifndef MS_MIME_CONTENT_TYPE_H
#define MS_MIME_CONTENT_TYPE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/span.h"

/** More parameters than this are refused (-E2BIG). */
#define MS_MIME_PARAMS_MAX 16

struct ms_mime_param {
	struct ms_span name;
	struct ms_span value; /* without the quotes, escapes still inside if `quoted` */
	bool quoted;
};

/** "text/plain; charset=utf-8" or, with an empty `subtype`, "attachment; filename=x". Borrowed. */
struct ms_mime_value {
	struct ms_span type;    /* "text", or the disposition type */
	struct ms_span subtype; /* "plain" */
	struct ms_mime_param param[MS_MIME_PARAMS_MAX];
	size_t n_params;
};

/**
 * Reads a Content-Type field value. -EBADMSG (reason "mime_content_type") if it does not follow the
 * grammar, -E2BIG if it has too many parameters or a parameter twice. Spans are borrowed from `text`.
 */
MS_MUST_CHECK int ms_mime_content_type(struct ms_span text, struct ms_mime_value *ret_ct,
				       struct ms_fault *f);

/** As ms_mime_content_type(), for a value without "/subtype": Content-Disposition. */
MS_MUST_CHECK int ms_mime_disposition(struct ms_span text, struct ms_mime_value *ret_cd,
				      struct ms_fault *f);

/** Is it `type/subtype`? Without case; a subtype of "*" matches any. */
bool ms_mime_is(const struct ms_mime_value *v, const char *type, const char *subtype);

/** The parameter of that name (without case), or NULL. Borrowed from `v`. */
const struct ms_mime_param *ms_mime_param(const struct ms_mime_value *v, const char *name);

/**
 * The parameter's value with escapes resolved, as a C string into dst of `size` octets. -ENOENT if
 * there is no such parameter, -ENOBUFS if it does not fit, -EINVAL if it has a NUL inside.
 */
MS_MUST_CHECK int ms_mime_param_str(const struct ms_mime_value *v, const char *name, char *dst,
				    size_t size);

/** Appends "; name=value"; the value becomes a quoted string if it is no token. A control octet in
 * the value (it could end the field) sticks as -EINVAL. */
void ms_mime_put_param(struct ms_buf *b, const char *name, struct ms_span value);

/** Appends a quoted string; control octets other than tab stick as -EINVAL. */
void ms_mime_put_quoted(struct ms_buf *b, struct ms_span value);

#endif
