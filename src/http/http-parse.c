/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http-parse.h"

#include <errno.h>

#include "http/server.h"

struct parser {
	struct ms_http_head *head;
	struct ms_span data;
	struct ms_fault *fault;
	unsigned hosts, lengths;
	bool transfer_encoding;
	unsigned minor; /* HTTP/1.minor */
};

static int refuse(const struct parser *p, int status, const char *reason, const uint8_t *at)
{
	return ms_fault_set(p->fault, -EBADMSG, status, reason, (size_t)(at - p->data.p));
}

/* RFC 9110 section 5.6.2 */
static bool is_token_char(uint8_t c)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return c != 0 && memchr(others, c, sizeof(others) - 1);
}

static bool is_token(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_token_char(s.p[i]))
			return false;
	return s.len > 0;
}

/*
 * The next line without its CR LF. -EAGAIN if there is no LF yet; -EBADMSG for a CR or LF by itself
 * (RFC 9112 section 2.2 lets us refuse either).
 */
static int next_line(const struct parser *p, struct ms_span *rest, struct ms_span *ret_line)
{
	size_t n = ms_span_find(*rest, '\n');
	struct ms_span line;

	if (n == rest->len)
		return -EAGAIN;
	if (n == 0 || rest->p[n - 1] != '\r')
		return refuse(p, 400, "bare_lf", rest->p + n);
	line = ms_span_sub(*rest, 0, n - 1);
	if (ms_span_find(line, '\r') < line.len)
		return refuse(p, 400, "bare_cr", rest->p);
	*rest = ms_span_from(*rest, n + 1);
	*ret_line = line;
	return 0;
}

/* ---- request line ---- */

static unsigned method_of(struct ms_span s)
{
	static const struct {
		const char *name;
		unsigned bit;
	} methods[] = {
		{ "POST", MS_HTTP_POST }, { "GET", MS_HTTP_GET },       { "HEAD", MS_HTTP_HEAD },
		{ "PUT", MS_HTTP_PUT },   { "DELETE", MS_HTTP_DELETE },
	};

	for (size_t i = 0; i < MS_ARRAY_SIZE(methods); i++)
		if (ms_span_is(s, methods[i].name))
			return methods[i].bit;
	return 0;
}

/* RFC 9112 section 3.2: origin-form, or absolute-form, whose authority does not matter to us. */
static int take_target(struct parser *p, struct ms_span target)
{
	struct ms_span rest = target;

	for (size_t i = 0; i < target.len; i++)
		if (target.p[i] <= ' ' || target.p[i] >= 0x7f)
			return refuse(p, 400, "target", target.p + i);
	if (ms_span_starts_nocase(rest, MS_SPAN_LIT("http://"))) {
		rest = ms_span_from(rest, 7);
		rest = ms_span_from(rest, ms_span_find(rest, '/'));
	}
	if (rest.len == 0 || rest.p[0] != '/')
		return refuse(p, 400, "target", target.p);
	p->head->path = ms_span_cut(&rest, '?');
	p->head->query = rest;
	return 0;
}

/* "HTTP/1.0" or "HTTP/1.1"; a later 1.x is read as 1.1. */
static int take_version(struct parser *p, struct ms_span version)
{
	struct ms_span digits = ms_span_from(version, 5);

	if (!ms_span_starts(version, MS_SPAN_LIT("HTTP/")) || digits.len != 3 ||
	    digits.p[1] != '.' || digits.p[0] < '0' || digits.p[0] > '9' || digits.p[2] < '0' ||
	    digits.p[2] > '9')
		return refuse(p, 400, "version", version.p);
	if (digits.p[0] != '1')
		return refuse(p, 505, "version", version.p);
	p->minor = digits.p[2] - '0';
	return 0;
}

static int take_request_line(struct parser *p, struct ms_span line)
{
	struct ms_span rest = line, method = ms_span_cut(&rest, ' ');
	struct ms_span target = ms_span_cut(&rest, ' ');
	int err;

	if (!is_token(method) || !rest.p)
		return refuse(p, 400, "request_line", line.p);
	p->head->method = method_of(method);
	err = take_version(p, rest);
	return err ? err : take_target(p, target);
}

/* ---- fields ---- */

/* One element of a comma-separated list, trimmed. */
static struct ms_span next_element(struct ms_span *list)
{
	return ms_span_trim(ms_span_cut(list, ','));
}

static int take_connection(struct parser *p, struct ms_span value)
{
	while (value.len > 0)
		if (ms_span_is_nocase(next_element(&value), "close"))
			p->head->close = true;
	return 0;
}

/* RFC 9110 section 8.6; a list of equal values, which it lets us mend, is refused. */
static int take_length(struct parser *p, struct ms_span value)
{
	int err = ms_span_u64(value, UINT64_MAX / 2, &p->head->length);

	if (p->lengths++ > 0 || err == -EINVAL)
		return refuse(p, 400, "content_length", value.p);
	return err ? refuse(p, 413, "content_length", value.p) : 0;
}

static int take_host(struct parser *p, struct ms_span value)
{
	return p->hosts++ > 0 ? refuse(p, 400, "host", value.p) : 0;
}

static int take_expect(struct parser *p, struct ms_span value)
{
	if (!ms_span_is_nocase(value, "100-continue"))
		return refuse(p, 417, "expect", value.p);
	p->head->expects = true;
	return 0;
}

static int take_transfer_encoding(struct parser *p, struct ms_span value MS_UNUSED)
{
	p->transfer_encoding = true;
	return 0;
}

static int take_type(struct parser *p, struct ms_span value)
{
	if (p->head->type.p)
		return refuse(p, 400, "content_type", value.p);
	p->head->type = value;
	return 0;
}

static const struct {
	const char *name;
	int (*take)(struct parser *p, struct ms_span value);
} known_fields[] = {
	{ "content-length", take_length }, { "host", take_host },
	{ "content-type", take_type },     { "connection", take_connection },
	{ "expect", take_expect },         { "transfer-encoding", take_transfer_encoding },
};

static int check_value(const struct parser *p, struct ms_span value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((value.p[i] < ' ' && value.p[i] != '\t') || value.p[i] == 0x7f)
			return refuse(p, 400, "field_value", value.p + i);
	return 0;
}

static int take_field(struct parser *p, struct ms_span line)
{
	struct ms_span value = line, name = ms_span_cut(&value, ':');
	int err;

	/* A folded line (RFC 9112 section 5.2) begins with a blank, which is no token either. */
	if (!is_token(name) || !value.p)
		return refuse(p, 400, "field_name", line.p);
	value = ms_span_trim(value);
	err = check_value(p, value);
	for (size_t i = 0; i < MS_ARRAY_SIZE(known_fields) && err == 0; i++)
		if (ms_span_is_nocase(name, known_fields[i].name))
			return known_fields[i].take(p, value);
	return err;
}

/* RFC 9112 sections 3.2, 6.1 and 6.3: where the body ends must be beyond doubt. */
static int check_framing(struct parser *p)
{
	struct ms_http_head *h = p->head;

	if (p->minor >= 1 && p->hosts != 1)
		return refuse(p, 400, "host", p->data.p);
	if (p->transfer_encoding)
		return refuse(p, p->lengths > 0 || p->minor == 0 ? 400 : 411, "transfer_encoding",
			      p->data.p);
	if (p->lengths == 0 && (h->method & (MS_HTTP_POST | MS_HTTP_PUT)))
		return refuse(p, 411, "no_length", p->data.p);
	h->close = h->close || p->minor == 0;
	h->expects = h->expects && p->minor >= 1 && h->length > 0;
	return 0;
}

static int take_fields(struct parser *p, struct ms_span *rest)
{
	const uint8_t *start = rest->p;
	struct ms_span line;
	int err;

	for (int n = 0;; n++) {
		err = next_line(p, rest, &line);
		if (err)
			return err;
		if (line.len == 0)
			break;
		if (n == MS_HTTP_FIELDS_MAX)
			return refuse(p, 431, "too_many_fields", line.p);
		err = take_field(p, line);
		if (err)
			return err;
	}
	p->head->fields = ms_span_of(start, (size_t)(line.p - start));
	return check_framing(p);
}

static int parse(struct parser *p, size_t *ret_used)
{
	struct ms_span rest = p->data, line;
	int err;

	/* RFC 9112 section 2.2: an empty line before the request is not held against it. */
	if (ms_span_starts(rest, MS_SPAN_LIT("\r\n")))
		rest = ms_span_from(rest, 2);
	err = next_line(p, &rest, &line);
	if (err == 0)
		err = take_request_line(p, line);
	if (err == 0)
		err = take_fields(p, &rest);
	if (err == 0)
		*ret_used = (size_t)(rest.p - p->data.p);
	return err;
}

int ms_http_head_parse(struct ms_span data, size_t max, struct ms_http_head *ret_head,
		       size_t *ret_used, struct ms_fault *ret_fault)
{
	struct ms_http_head head = { 0 };
	struct parser p = { .head = &head, .data = data, .fault = ret_fault };
	size_t used = 0;
	int err = parse(&p, &used);

	if (used > max || (err == -EAGAIN && data.len >= max))
		return refuse(&p, ms_span_find(data, '\n') < data.len ? 431 : 414, "head_too_long",
			      data.p);
	if (err)
		return err;
	*ret_head = head;
	*ret_used = used;
	return 0;
}

struct ms_span ms_http_field(struct ms_span fields, const char *name)
{
	while (fields.len > 0) {
		struct ms_span value = ms_span_cut(&fields, '\n');
		struct ms_span found = ms_span_cut(&value, ':');

		if (ms_span_is_nocase(found, name))
			return ms_span_trim(value);
	}
	return MS_SPAN_NULL;
}

/* ---- query ---- */

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One octet from the front of *s. Negative errno or the octet. */
static int unescape_one(struct ms_span *s)
{
	int c = s->p[0], high, low;

	if (c != '%') {
		*s = ms_span_from(*s, 1);
		return c == '+' ? ' ' : c;
	}
	high = s->len >= 3 ? hex_digit(s->p[1]) : -1;
	low = s->len >= 3 ? hex_digit(s->p[2]) : -1;
	if (high < 0 || low < 0)
		return -EINVAL;
	*s = ms_span_from(*s, 3);
	return high * 16 + low;
}

int ms_http_unescape(struct ms_span s, char *dst, size_t size)
{
	size_t n = 0;

	while (s.len > 0) {
		int c = unescape_one(&s);

		if (c <= 0)
			return -EINVAL;
		if (n + 1 >= size)
			return -ENOBUFS;
		dst[n++] = (char)c;
	}
	if (size == 0)
		return -ENOBUFS;
	dst[n] = 0;
	return 0;
}

int ms_http_query_value(struct ms_span query, const char *name, char *dst, size_t size)
{
	struct ms_span found = MS_SPAN_NULL;
	bool have = false;

	while (query.len > 0) {
		struct ms_span value = ms_span_cut(&query, '&'), key = ms_span_cut(&value, '=');

		if (!ms_span_is(key, name))
			continue;
		if (have)
			return -EEXIST;
		have = true;
		found = value;
	}
	return have ? ms_http_unescape(found, dst, size) : -ENOENT;
}
