/* SPDX-License-Identifier: Apache-2.0 */
/* Answers, and what a handler may ask of its request. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "http/http-priv.h"

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 411, "Length Required" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
};

const char *ms_http_reason(int status)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

static void put_number(struct ms_buf *b, uint64_t v)
{
	char digits[24];
	size_t n = sizeof(digits);

	do
		digits[--n] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	ms_buf_put(b, digits + n, sizeof(digits) - n);
}

/* RFC 9110 section 6.6.1; made once a second. */
static const char *date_field(void)
{
	static char text[64];
	static ms_usec made;
	time_t now;
	struct tm tm;

	if (text[0] && ms_loop_now() - made < MS_SEC)
		return text;
	made = ms_loop_now();
	now = (time_t)(ms_clock_wall() / MS_SEC);
	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
	return text;
}

static void put_status_line(struct ms_buf *b, int status)
{
	ms_buf_put_str(b, "HTTP/1.1 ");
	put_number(b, (uint64_t)status);
	ms_buf_put_u8(b, ' ');
	ms_buf_put_str(b, ms_http_reason(status));
	ms_buf_put_str(b, "\r\n");
}

static void put_field(struct ms_buf *b, const char *name, const char *value)
{
	if (!value)
		return;
	ms_buf_put_str(b, name);
	ms_buf_put_str(b, value);
	ms_buf_put_str(b, "\r\n");
}

static void put_head(struct ms_buf *b, const struct ms_http_request *r, int status,
		     const char *fields, const char *type, size_t length)
{
	put_status_line(b, status);
	ms_buf_put_str(b, date_field());
	put_field(b, "Server: ", r->server ? r->server->name : NULL);
	put_field(b, "Content-Type: ", type);
	if (status != 204) {
		ms_buf_put_str(b, "Content-Length: ");
		put_number(b, length);
		ms_buf_put_str(b, "\r\n");
	}
	if (r->last)
		ms_buf_put_str(b, "Connection: close\r\n");
	if (fields)
		ms_buf_put_str(b, fields);
	ms_buf_put_str(b, "\r\n");
}

static void count(struct ms_http_request *r, int status)
{
	if (r->server && status >= 100 && status < 600)
		r->server->stats.status[status / 100]++;
}

void ms_http_send(struct ms_http_request *r, int status, const char *fields, const char *type,
		  struct ms_span body)
{
	uint8_t room[2048];
	struct ms_buf b;
	bool small = body.len <= 1024;

	if (!r->tcp)
		return;
	count(r, status);
	ms_buf_init_fixed(&b, room, sizeof(room));
	put_head(&b, r, status, fields, type, body.len);
	if (r->head.method == MS_HTTP_HEAD)
		body = MS_SPAN_NULL;
	if (small)
		ms_buf_put_span(&b, body);
	else
		ms_tcp_cork(r->tcp, true);
	if (ms_buf_status(&b) || ms_tcp_send(r->tcp, ms_buf_span(&b)) ||
	    (!small && ms_tcp_send(r->tcp, body)))
		r->tcp = ms_tcp_close(r->tcp);
	else if (!small)
		ms_tcp_cork(r->tcp, false);
}

void ms_http_reply_fields(struct ms_http_request *r, int status, const char *fields,
			  const char *type, struct ms_span body)
{
	ms_http_send(r, status, fields, type, body);
	ms_http_conn_answered(r);
}

void ms_http_reply(struct ms_http_request *r, int status, const char *type, struct ms_span body)
{
	ms_http_reply_fields(r, status, NULL, type, body);
}

void ms_http_refuse(struct ms_http_request *r, int status)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%d %s\n", status, ms_http_reason(status));

	ms_http_reply(r, status, "text/plain", ms_span_of(text, (size_t)n));
}

/* ---- the request ---- */

unsigned ms_http_method(const struct ms_http_request *r)
{
	return r->head.method;
}

int ms_http_below(const struct ms_http_request *r, const char *route, char *dst, size_t size)
{
	return ms_http_unescape(ms_span_from(r->head.path, strlen(route) + 1), dst, size);
}

int ms_http_query(const struct ms_http_request *r, const char *name, char *dst, size_t size)
{
	return ms_http_query_value(r->head.query, name, dst, size);
}

struct ms_span ms_http_header(const struct ms_http_request *r, const char *name)
{
	return ms_http_field(r->head.fields, name);
}

bool ms_http_is_type(const struct ms_http_request *r, const char *type)
{
	struct ms_span rest = r->head.type, media = ms_span_cut(&rest, ';');

	return ms_span_is_nocase(ms_span_trim(media), type);
}

struct ms_span ms_http_body(const struct ms_http_request *r)
{
	return ms_span_sub(ms_buf_span(&r->in), r->head_size, (size_t)r->head.length);
}

uint64_t ms_http_id(const struct ms_http_request *r)
{
	return r->id;
}

ms_usec ms_http_since(const struct ms_http_request *r)
{
	return r->since;
}
