/* SPDX-License-Identifier: Apache-2.0 */
/* Writing heads and end-lines: RFC 4975 section 9; status codes of section 10. */
#include "msrp/head.h"

static const struct {
	int code;
	const char *text;
} statuses[] = {
	{ MS_MSRP_OK, "OK" },
	{ MS_MSRP_BAD_REQUEST, "Bad request" },
	{ MS_MSRP_UNAUTHORIZED, "Unauthorized" },
	{ MS_MSRP_FORBIDDEN, "Forbidden" },
	{ MS_MSRP_TIMEOUT, "Timeout" },
	{ MS_MSRP_STOP_SENDING, "Stop sending this message" },
	{ MS_MSRP_UNSUPPORTED_TYPE, "Media type not supported" },
	{ MS_MSRP_OUT_OF_BOUNDS, "Parameter out of bounds" },
	{ MS_MSRP_NO_SESSION, "Session does not exist" },
	{ MS_MSRP_UNKNOWN_METHOD, "Unknown method" },
	{ MS_MSRP_SESSION_IN_USE, "Session already in use" },
};

const char *ms_msrp_status_text(int code)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(statuses); i++) {
		if (statuses[i].code == code)
			return statuses[i].text;
	}
	return "";
}

static void put_paths(struct ms_buf *b, struct ms_span to_path, struct ms_span from_path)
{
	ms_buf_put(b, "\r\nTo-Path: ", 11);
	ms_buf_put_span(b, to_path);
	ms_buf_put(b, "\r\nFrom-Path: ", 13);
	ms_buf_put_span(b, from_path);
	ms_buf_put(b, "\r\n", 2);
}

void ms_msrp_put_request(struct ms_buf *b, struct ms_span tid, const char *method,
			 struct ms_span to_path, struct ms_span from_path)
{
	ms_buf_put(b, "MSRP ", 5);
	ms_buf_put_span(b, tid);
	ms_buf_put_u8(b, ' ');
	ms_buf_put_str(b, method);
	put_paths(b, to_path, from_path);
}

static void put_number(struct ms_buf *b, uint64_t v)
{
	char digits[20];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	ms_buf_put(b, digits + n, sizeof(digits) - n);
}

void ms_msrp_put_response(struct ms_buf *b, struct ms_span tid, int code, struct ms_span to_path,
			  struct ms_span from_path)
{
	const char *text = ms_msrp_status_text(code);

	ms_buf_put(b, "MSRP ", 5);
	ms_buf_put_span(b, tid);
	ms_buf_put_u8(b, ' ');
	put_number(b, (uint64_t)code);
	if (*text) {
		ms_buf_put_u8(b, ' ');
		ms_buf_put_str(b, text);
	}
	put_paths(b, to_path, from_path);
}

void ms_msrp_put_field(struct ms_buf *b, const char *name, struct ms_span value)
{
	if (!value.p)
		return;
	ms_buf_put_str(b, name);
	ms_buf_put(b, ": ", 2);
	ms_buf_put_span(b, value);
	ms_buf_put(b, "\r\n", 2);
}

static void put_bound(struct ms_buf *b, uint64_t v)
{
	if (v == MS_MSRP_UNKNOWN)
		ms_buf_put_u8(b, '*');
	else
		put_number(b, v);
}

void ms_msrp_range_put(struct ms_buf *b, const struct ms_msrp_range *r)
{
	put_bound(b, r->first);
	ms_buf_put_u8(b, '-');
	put_bound(b, r->last);
	ms_buf_put_u8(b, '/');
	put_bound(b, r->total);
}

void ms_msrp_put_end(struct ms_buf *b, struct ms_span tid, char flag, bool body)
{
	if (body)
		ms_buf_put(b, "\r\n", 2);
	ms_buf_put(b, "-------", 7);
	ms_buf_put_span(b, tid);
	ms_buf_put_u8(b, (uint8_t)flag);
	ms_buf_put(b, "\r\n", 2);
}
