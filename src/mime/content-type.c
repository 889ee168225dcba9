/* SPDX-License-Identifier: Apache-2.0 */
/* Content-Type and Content-Disposition values, RFC 2045 section 5.1 and RFC 2183: read and written. */
#include "mime/content-type.h"

#include <errno.h>

#include "mime/mime-priv.h"

#define COMMENT_DEPTH 8

/* Goes past a comment; *s starts with its "(". RFC 5322 section 3.2.2. */
static bool skip_comment(struct ms_span *s)
{
	unsigned depth = 0;

	for (size_t i = 0; i < s->len; i++) {
		if (s->p[i] == '\\')
			i++;
		else if (s->p[i] == '(' && ++depth > COMMENT_DEPTH)
			return false;
		else if (s->p[i] == ')' && --depth == 0) {
			*s = ms_span_from(*s, i + 1);
			return true;
		}
	}
	return false;
}

static bool skip_blanks(struct ms_span *s)
{
	while (s->len > 0) {
		if (strchr(" \t\r\n", s->p[0]) && s->p[0] != '\0')
			*s = ms_span_from(*s, 1);
		else if (s->p[0] != '(')
			return true;
		else if (!skip_comment(s))
			return false;
	}
	return true;
}

static bool take(struct ms_span *s, uint8_t c)
{
	if (s->len == 0 || s->p[0] != c)
		return false;
	*s = ms_span_from(*s, 1);
	return true;
}

static bool take_token(struct ms_span *s, struct ms_span *ret_token)
{
	size_t n = 0;

	while (n < s->len && ms_mime_is_token_char(s->p[n]))
		n++;
	*ret_token = ms_span_sub(*s, 0, n);
	*s = ms_span_from(*s, n);
	return n > 0;
}

/* After the opening quote. */
static bool take_quoted(struct ms_span *s, struct ms_span *ret_value)
{
	for (size_t i = 0; i < s->len; i++) {
		if (s->p[i] == '\\') {
			i++;
		} else if (s->p[i] == '"') {
			*ret_value = ms_span_sub(*s, 0, i);
			*s = ms_span_from(*s, i + 1);
			return true;
		}
	}
	return false;
}

/* Should be a token, but "type=text/html" and "boundary==_x" without quotes are common. */
static bool take_bare(struct ms_span *s, struct ms_span *ret_value)
{
	size_t n = 0;

	while (n < s->len && s->p[n] > 0x20 && s->p[n] < 0x7f && !strchr("\"(),;<>\\", s->p[n]))
		n++;
	*ret_value = ms_span_sub(*s, 0, n);
	*s = ms_span_from(*s, n);
	return n > 0;
}

static bool take_param(struct ms_span *s, struct ms_mime_param *ret_p)
{
	struct ms_mime_param p = { .quoted = false };

	if (!take_token(s, &p.name) || !skip_blanks(s) || !take(s, '=') || !skip_blanks(s))
		return false;
	p.quoted = take(s, '"');
	if (!(p.quoted ? take_quoted(s, &p.value) : take_bare(s, &p.value)))
		return false;
	*ret_p = p;
	return true;
}

static int take_params(struct ms_span *s, struct ms_mime_value *v)
{
	struct ms_mime_param p;

	for (;;) {
		if (!skip_blanks(s))
			return -EBADMSG;
		if (s->len == 0)
			return 0;
		if (!take(s, ';') || !skip_blanks(s))
			return -EBADMSG;
		if (s->len == 0)
			return 0;
		if (!take_param(s, &p))
			return -EBADMSG;
		if (v->n_params == MS_MIME_PARAMS_MAX)
			return -E2BIG;
		for (size_t i = 0; i < v->n_params; i++) {
			if (ms_span_eq_nocase(v->param[i].name, p.name))
				return -E2BIG;
		}
		v->param[v->n_params++] = p;
	}
}

static int read_value(struct ms_span text, bool subtype, struct ms_mime_value *ret_v)
{
	struct ms_mime_value v = { .n_params = 0 };
	struct ms_span s = text;
	int err;

	if (!skip_blanks(&s) || !take_token(&s, &v.type) || !skip_blanks(&s))
		return -EBADMSG;
	if (subtype && (!take(&s, '/') || !skip_blanks(&s) || !take_token(&s, &v.subtype)))
		return -EBADMSG;
	err = take_params(&s, &v);
	if (err == 0)
		*ret_v = v;
	return err;
}

int ms_mime_content_type(struct ms_span text, struct ms_mime_value *ret_ct, struct ms_fault *f)
{
	int err = read_value(text, true, ret_ct);

	return err < 0 ? ms_fault_set(f, err, 0, "mime_content_type", 0) : 0;
}

int ms_mime_disposition(struct ms_span text, struct ms_mime_value *ret_cd, struct ms_fault *f)
{
	int err = read_value(text, false, ret_cd);

	return err < 0 ? ms_fault_set(f, err, 0, "mime_disposition", 0) : 0;
}

bool ms_mime_is(const struct ms_mime_value *v, const char *type, const char *subtype)
{
	return ms_span_is_nocase(v->type, type) &&
	       (strcmp(subtype, "*") == 0 || ms_span_is_nocase(v->subtype, subtype));
}

const struct ms_mime_param *ms_mime_param(const struct ms_mime_value *v, const char *name)
{
	for (size_t i = 0; i < v->n_params; i++) {
		if (ms_span_is_nocase(v->param[i].name, name))
			return &v->param[i];
	}
	return NULL;
}

int ms_mime_param_str(const struct ms_mime_value *v, const char *name, char *dst, size_t size)
{
	const struct ms_mime_param *p = ms_mime_param(v, name);
	size_t n = 0, len;

	if (!p)
		return -ENOENT;
	if (!p->quoted)
		return ms_span_to_str(p->value, dst, size);
	len = p->value.len;
	for (size_t i = 0; i < len; i++, n++)
		i += p->value.p[i] == '\\' && i + 1 < len;
	if (n >= size)
		return -ENOBUFS;
	if (ms_span_find(p->value, '\0') < len)
		return -EINVAL;
	n = 0;
	for (size_t i = 0; i < len; i++) {
		i += p->value.p[i] == '\\' && i + 1 < len;
		dst[n++] = (char)p->value.p[i];
	}
	dst[n] = '\0';
	return 0;
}

void ms_mime_put_quoted(struct ms_buf *b, struct ms_span value)
{
	if (ms_mime_has_control(value)) {
		ms_buf_fail(b, -EINVAL);
		return;
	}
	ms_buf_put_u8(b, '"');
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] == '"' || value.p[i] == '\\')
			ms_buf_put_u8(b, '\\');
		ms_buf_put_u8(b, value.p[i]);
	}
	ms_buf_put_u8(b, '"');
}

void ms_mime_put_param(struct ms_buf *b, const char *name, struct ms_span value)
{
	ms_buf_printf(b, "; %s=", name);
	if (ms_mime_is_token(value))
		ms_buf_put_span(b, value);
	else
		ms_mime_put_quoted(b, value);
}
