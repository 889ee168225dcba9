/* SPDX-License-Identifier: Apache-2.0 */
/* Delimiters and parts of a multipart body, RFC 2046 section 5.1.1. */
#include "mime/multipart.h"

#include <errno.h>

#include "mime/mime-priv.h"

/* Where a delimiter line is, and what follows it. */
struct delimiter {
	struct ms_span
		before;       /* what it ends: without the line end in front, which is part of it */
	struct ms_span after; /* what follows its line */
	bool closing;
};

static bool line_starts(struct ms_span text, size_t at)
{
	return at == 0 || text.p[at - 1] == '\n';
}

/* RFC 2046 section 5.1.1: the line end in front belongs to the delimiter. */
static struct ms_span without_line_end(struct ms_span s)
{
	if (s.len > 0 && s.p[s.len - 1] == '\n')
		s.len--;
	if (s.len > 0 && s.p[s.len - 1] == '\r')
		s.len--;
	return s;
}

/* Is the line a delimiter, with "--boundary" taken off already? Blanks may pad it. */
static bool is_delimiter(struct ms_span line, bool *ret_closing)
{
	*ret_closing = ms_span_starts(line, MS_SPAN_LIT("--"));
	return ms_span_trim(ms_span_from(line, *ret_closing ? 2 : 0)).len == 0;
}

static bool find_delimiter(const struct ms_mime_parts *it, struct ms_span text,
			   struct delimiter *ret_d)
{
	char needle[MS_MIME_BOUNDARY_MAX + 2] = "--";
	size_t n = it->boundary_len + 2, at = 0;

	memcpy(needle + 2, it->boundary, it->boundary_len);
	for (;;) {
		struct ms_span rest = ms_span_from(text, at);
		size_t found = ms_span_find_span(rest, ms_span_of(needle, n));

		if (found == rest.len)
			return false;
		at += found;
		rest = ms_span_from(text, at + n);
		if (line_starts(text, at) && is_delimiter(ms_mime_line(&rest), &ret_d->closing)) {
			ret_d->before = without_line_end(ms_span_sub(text, 0, at));
			ret_d->after = rest;
			return true;
		}
		at += n;
	}
}

/* RFC 2046 section 5.1.1: 1 to 70 of bchars, no blank at the end. */
static bool boundary_ok(const char *boundary)
{
	size_t n = strlen(boundary);

	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)boundary[i];

		if (!ms_mime_is_token_char(c) && !strchr("()+_,-./:=? ", c))
			return false;
	}
	return n > 0 && boundary[n - 1] != ' ';
}

static int start(struct ms_mime_parts *it, const struct ms_mime_value *type, struct ms_span body,
		 struct ms_fault *f)
{
	struct delimiter d;

	if (!ms_mime_is(type, "multipart", "*"))
		return -EINVAL;
	if (ms_mime_param_str(type, "boundary", it->boundary, sizeof(it->boundary)) < 0 ||
	    !boundary_ok(it->boundary))
		return ms_fault_set(f, -EBADMSG, 0, "mime_boundary", 0);
	it->boundary_len = strlen(it->boundary);
	/* What comes before the first delimiter is for nobody. */
	if (!find_delimiter(it, body, &d) || d.closing)
		return ms_fault_set(f, -EBADMSG, 0, "mime_multipart", 0);
	it->rest = d.after;
	return 0;
}

int ms_mime_parts_open(struct ms_mime_parts *it, const struct ms_mime_value *type,
		       struct ms_span body, const struct ms_mime_limits *l, struct ms_fault *f)
{
	*it = (struct ms_mime_parts){ .limits = ms_mime_limits_of(l), .depth = 1 };
	it->own_budget = it->limits.parts_max;
	it->budget = &it->own_budget;
	return start(it, type, body, f);
}

int ms_mime_parts_enter(struct ms_mime_parts *it, struct ms_mime_parts *outer,
			const struct ms_mime_entity *e, struct ms_fault *f)
{
	if (outer->depth >= outer->limits.depth_max)
		return ms_fault_set(f, -EMSGSIZE, 0, "mime_depth", 0);
	if (e->cte != MS_MIME_CTE_IDENTITY)
		return ms_fault_set(f, -EBADMSG, 0, "mime_multipart", 0);
	*it = (struct ms_mime_parts){ .limits = outer->limits,
				      .depth = outer->depth + 1,
				      .budget = outer->budget };
	return start(it, &e->type, e->body, f);
}

int ms_mime_parts_next(struct ms_mime_parts *it, struct ms_mime_entity *ret_e, struct ms_fault *f)
{
	struct delimiter d;
	int err;

	if (it->closed)
		return -ENOENT;
	if (*it->budget == 0)
		return ms_fault_set(f, -EMSGSIZE, 0, "mime_parts", 0);
	if (!find_delimiter(it, it->rest, &d))
		return ms_fault_set(f, -EBADMSG, 0, "mime_multipart", 0);
	err = ms_mime_read_at(d.before, &it->limits, it->depth, ret_e, f);
	if (err < 0)
		return err;
	--*it->budget;
	it->rest = d.after;
	it->closed = d.closing;
	return 0;
}

/* Depth first; the recursion ends at limits.depth_max. */
static int find_in(struct ms_mime_parts *it, const char *type, const char *subtype,
		   struct ms_mime_entity *ret_e, struct ms_fault *f)
{
	struct ms_mime_entity e;
	struct ms_mime_parts inner;
	int err;

	while ((err = ms_mime_parts_next(it, &e, f)) == 0) {
		if (ms_mime_is(&e.type, type, subtype)) {
			*ret_e = e;
			return 0;
		}
		if (!ms_mime_is(&e.type, "multipart", "*"))
			continue;
		err = ms_mime_parts_enter(&inner, it, &e, f);
		if (err == 0)
			err = find_in(&inner, type, subtype, ret_e, f);
		if (err != -ENOENT)
			return err;
	}
	return err;
}

int ms_mime_find(const struct ms_mime_value *type, struct ms_span body, const char *want_type,
		 const char *want_subtype, const struct ms_mime_limits *l,
		 struct ms_mime_entity *ret_e, struct ms_fault *f)
{
	struct ms_mime_parts it;
	int err;

	if (ms_mime_is(type, want_type, want_subtype)) {
		*ret_e = (struct ms_mime_entity){ .body = body, .type = *type };
		return 0;
	}
	err = ms_mime_parts_open(&it, type, body, l, f);
	if (err == -EINVAL)
		return -ENOENT;
	return err < 0 ? err : find_in(&it, want_type, want_subtype, ret_e, f);
}
