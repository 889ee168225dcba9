/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the head of a request or response: RFC 4975 section 9. */
#include <errno.h>

#include "msrp/head.h"
#include "msrp/msrp-priv.h"
#include "msrp/types.h"

const struct ms_msrp_head_limits ms_msrp_head_limits_default = {
	.head = 16384,
	.line = 8192,
	.lines = 64,
};

static bool is_ident_char(uint8_t c)
{
	return msrp_is_alnum(c) || c == '.' || c == '-' || c == '+' || c == '%' || c == '=';
}

bool ms_msrp_is_ident(struct ms_span s)
{
	return s.len >= 4 && s.len <= MS_MSRP_IDENT_MAX && msrp_is_alnum(s.p[0]) &&
	       msrp_all(s, is_ident_char);
}

static bool is_capital(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

/* utf8text, of which only control characters are refused */
static bool is_text(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7F)
			return false;
	}
	return true;
}

/* Three digits, or -1. */
static int parse_code(struct ms_span s)
{
	uint64_t v;

	if (s.len != 3 || ms_span_u64(s, 999, &v) < 0)
		return -1;
	return (int)v;
}

static enum ms_msrp_method method_of(struct ms_span name)
{
	if (ms_span_is(name, "SEND"))
		return MS_MSRP_SEND;
	if (ms_span_is(name, "REPORT"))
		return MS_MSRP_REPORT;
	if (ms_span_is(name, "AUTH"))
		return MS_MSRP_AUTH;
	return MS_MSRP_OTHER_METHOD;
}

/* "MSRP" SP transact-id SP ( method / status-code [SP comment] ) */
static int parse_start(struct ms_span line, struct ms_msrp_head *h)
{
	struct ms_span rest = line;

	if (!ms_span_is(ms_span_cut(&rest, ' '), "MSRP"))
		return -EBADMSG;
	h->tid = ms_span_cut(&rest, ' ');
	if (!ms_msrp_is_ident(h->tid))
		return -EBADMSG;
	if (msrp_all(rest, is_capital)) {
		h->method_name = rest;
		h->method = method_of(rest);
		return 0;
	}
	h->method = MS_MSRP_RESPONSE;
	h->status = parse_code(ms_span_cut(&rest, ' '));
	h->comment = rest;
	return h->status < 0 || !is_text(rest) ? -EBADMSG : 0;
}

static int parse_bound(struct ms_span s, uint64_t *ret_v)
{
	if (ms_span_is(s, "*")) {
		*ret_v = MS_MSRP_UNKNOWN;
		return 0;
	}
	return ms_span_u64(s, MS_MSRP_SIZE_MAX, ret_v);
}

/* range-start "-" range-end "/" total: section 7.1.1 */
int ms_msrp_range_parse(struct ms_span value, struct ms_msrp_range *ret_r)
{
	struct ms_msrp_range r;
	struct ms_span total = value, last = ms_span_cut(&total, '/');
	struct ms_span first = ms_span_cut(&last, '-');

	if (ms_span_u64(first, MS_MSRP_SIZE_MAX, &r.first) < 0 || parse_bound(last, &r.last) < 0 ||
	    parse_bound(total, &r.total) < 0)
		return -EBADMSG;
	if (r.first == 0 || (r.last != MS_MSRP_UNKNOWN && r.last < r.first - 1))
		return -EBADMSG;
	if (r.total != MS_MSRP_UNKNOWN &&
	    (r.first > r.total + 1 || (r.last != MS_MSRP_UNKNOWN && r.last > r.total)))
		return -EBADMSG;
	*ret_r = r;
	return 0;
}

/* Each reads one field's value; false if it makes no sense or came before. */

static bool read_message_id(struct ms_msrp_head *h, struct ms_span v)
{
	if (h->message_id.len > 0 || !ms_msrp_is_ident(v))
		return false;
	h->message_id = v;
	return true;
}

static bool read_range(struct ms_msrp_head *h, struct ms_span v)
{
	if (h->has_range || ms_msrp_range_parse(v, &h->range) < 0)
		return false;
	h->has_range = true;
	return true;
}

static bool read_success(struct ms_msrp_head *h, struct ms_span v)
{
	h->success = ms_span_is_nocase(v, "yes");
	if (h->has_success || (!h->success && !ms_span_is_nocase(v, "no")))
		return false;
	h->has_success = true;
	return true;
}

static bool read_failure(struct ms_msrp_head *h, struct ms_span v)
{
	if (h->has_failure)
		return false;
	h->has_failure = true;
	if (ms_span_is_nocase(v, "yes"))
		h->failure = MS_MSRP_FAILURE_YES;
	else if (ms_span_is_nocase(v, "no"))
		h->failure = MS_MSRP_FAILURE_NO;
	else if (ms_span_is_nocase(v, "partial"))
		h->failure = MS_MSRP_FAILURE_PARTIAL;
	else
		return false;
	return true;
}

/* namespace SP status-code [SP comment] */
static bool read_status(struct ms_msrp_head *h, struct ms_span v)
{
	int space = parse_code(ms_span_cut(&v, ' '));
	int code = parse_code(ms_span_cut(&v, ' '));

	if (h->report_status != 0 || space < 0 || code <= 0)
		return false;
	h->report_namespace = (unsigned)space;
	h->report_status = code;
	return true;
}

static bool read_type(struct ms_msrp_head *h, struct ms_span v)
{
	if (h->content_type.p || !ms_msrp_type_valid(v))
		return false;
	h->content_type = v;
	return true;
}

static bool read_disposition(struct ms_msrp_head *h, struct ms_span v)
{
	if (h->content_disposition.p)
		return false;
	h->content_disposition = v;
	return true;
}

static bool read_nothing(struct ms_msrp_head *h, struct ms_span v)
{
	(void)h;
	(void)v;
	return false;
}

/* MS_SPAN_LIT without its type, which a static table takes */
#define LITERAL(s)                                  \
	{                                           \
		(const uint8_t *)(s), sizeof(s) - 1 \
	}

static const struct field {
	struct ms_span name;
	bool (*read)(struct ms_msrp_head *h, struct ms_span value);
	const char *reason;
} fields[] = {
	{ LITERAL("Message-ID"), read_message_id, "bad_message_id" },
	{ LITERAL("Byte-Range"), read_range, "bad_byte_range" },
	{ LITERAL("Success-Report"), read_success, "bad_success_report" },
	{ LITERAL("Failure-Report"), read_failure, "bad_failure_report" },
	{ LITERAL("Status"), read_status, "bad_status" },
	{ LITERAL("Content-Type"), read_type, "bad_content_type" },
	{ LITERAL("Content-Disposition"), read_disposition, "bad_content_disposition" },
	/* the two that must come first, once */
	{ LITERAL("To-Path"), read_nothing, "path_repeated" },
	{ LITERAL("From-Path"), read_nothing, "path_repeated" },
};

static void refuse(struct ms_msrp_head *h, const char *reason, size_t offset)
{
	if (h->refuse.code == 0)
		h->refuse = (struct ms_fault){ MS_MSRP_BAD_REQUEST, reason, offset };
}

/* hname ":" SP hval */
static int split_field(struct ms_span line, struct ms_span *ret_name, struct ms_span *ret_value)
{
	struct ms_span value = line, name = ms_span_cut(&value, ':');

	if (!value.p || !msrp_all(name, msrp_is_token_char) || !msrp_is_alpha(name.p[0]) ||
	    !is_text(value))
		return -EBADMSG;
	*ret_name = name;
	*ret_value = ms_span_trim(value);
	return 0;
}

static void read_field(struct ms_msrp_head *h, struct ms_span line, size_t offset)
{
	struct ms_span name, value;

	if (split_field(line, &name, &value) < 0) {
		refuse(h, "bad_header", offset);
		return;
	}
	for (size_t i = 0; i < MS_ARRAY_SIZE(fields); i++) {
		if (!ms_span_eq_nocase(name, fields[i].name))
			continue;
		if (!fields[i].read(h, value))
			refuse(h, fields[i].reason, offset);
		return;
	}
}

/* What section 7.1 asks of each method. */
static void check_method(struct ms_msrp_head *h)
{
	if (h->method == MS_MSRP_SEND && h->message_id.len == 0)
		refuse(h, "no_message_id", 0);
	if (h->method == MS_MSRP_REPORT && (h->message_id.len == 0 || h->report_status == 0))
		refuse(h, "incomplete_report", 0);
	/* section 7.1.2 */
	if (h->method == MS_MSRP_REPORT && (h->has_success || h->has_failure))
		refuse(h, "report_wants_report", 0);
}

/* The next line without its CRLF; -EBADMSG if it has none. */
static int next_line(struct ms_span *rest, struct ms_span *ret_line)
{
	size_t lf = ms_span_find(*rest, '\n');

	if (lf == rest->len || lf == 0 || rest->p[lf - 1] != '\r')
		return -EBADMSG;
	*ret_line = ms_span_sub(*rest, 0, lf - 1);
	*rest = ms_span_from(*rest, lf + 1);
	return 0;
}

static int parse_path(struct ms_span *rest, struct ms_span name, struct ms_msrp_path *path)
{
	struct ms_span line, field, value;

	if (next_line(rest, &line) < 0 || split_field(line, &field, &value) < 0 ||
	    !ms_span_eq_nocase(field, name))
		return -EBADMSG;
	return ms_msrp_path_parse(value, path);
}

/* All but the URIs that are not there: a path may have many and hardly ever has. */
static void head_copy(struct ms_msrp_head *to, const struct ms_msrp_head *from)
{
	memcpy(to, from, offsetof(struct ms_msrp_head, to));
	ms_msrp_path_copy(&to->to, &from->to);
	ms_msrp_path_copy(&to->from, &from->from);
}

int ms_msrp_head_parse(struct ms_span text, const struct ms_msrp_head_limits *limits,
		       struct ms_msrp_head *ret_h, struct ms_fault *fault)
{
	struct ms_msrp_head h;
	struct ms_span rest = text, line;

	memset(&h, 0, offsetof(struct ms_msrp_head, to));
	h.failure = MS_MSRP_FAILURE_YES;
	if (text.len > limits->head)
		return ms_fault_set(fault, -EBADMSG, 0, "head_too_long", limits->head);
	if (next_line(&rest, &line) < 0 || parse_start(line, &h) < 0)
		return ms_fault_set(fault, -EBADMSG, 0, "bad_start_line", 0);
	if (parse_path(&rest, MS_SPAN_LIT("To-Path"), &h.to) < 0)
		return ms_fault_set(fault, -EBADMSG, 0, "bad_to_path", text.len - rest.len);
	if (parse_path(&rest, MS_SPAN_LIT("From-Path"), &h.from) < 0)
		return ms_fault_set(fault, -EBADMSG, 0, "bad_from_path", text.len - rest.len);
	h.fields = rest;
	for (unsigned n = 0; rest.len > 0; n++) {
		size_t offset = text.len - rest.len;

		if (n == limits->lines)
			return ms_fault_set(fault, -EBADMSG, 0, "too_many_headers", offset);
		if (next_line(&rest, &line) < 0)
			return ms_fault_set(fault, -EBADMSG, 0, "bad_line", offset);
		read_field(&h, line, offset);
	}
	check_method(&h);
	head_copy(ret_h, &h);
	return 0;
}

struct ms_span ms_msrp_head_field(const struct ms_msrp_head *h, const char *name)
{
	struct ms_span rest = h->fields, line, field, value;

	while (rest.len > 0 && next_line(&rest, &line) == 0) {
		if (split_field(line, &field, &value) == 0 && ms_span_is_nocase(field, name))
			return value;
	}
	return MS_SPAN_NULL;
}
