/* SPDX-License-Identifier: Apache-2.0 */
/* Writing entities and parts of multiparts in canonical form, RFC 8551 section 3.1. */
#include <errno.h>

#include "core/base64.h"
#include "core/hex.h"
#include "mime/mime-priv.h"
#include "mime/multipart.h"

static void put_field(struct ms_buf *b, const char *name, struct ms_span value)
{
	if (value.len == 0)
		return;
	if (ms_mime_has_control(value))
		ms_buf_fail(b, -EINVAL);
	ms_buf_put_str(b, name);
	ms_buf_put_str(b, ": ");
	ms_buf_put_span(b, value);
	ms_buf_put_str(b, "\r\n");
}

/* RFC 2045 section 2.7: only ASCII without NUL, line ends only as CRLF. Line lengths do not matter
 * to SIP and MSRP. */
static bool is_7bit(struct ms_span body)
{
	for (size_t i = 0; i < body.len; i++) {
		uint8_t c = body.p[i];

		if (c == '\0' || c >= 0x80)
			return false;
		if (c == '\n' && (i == 0 || body.p[i - 1] != '\r'))
			return false;
		if (c == '\r' && (i + 1 == body.len || body.p[i + 1] != '\n'))
			return false;
	}
	return true;
}

void ms_mime_write(struct ms_buf *b, const struct ms_mime_out *e)
{
	put_field(b, "Content-Type", e->type);
	put_field(b, "Content-Disposition", e->disposition);
	if (e->content_id.len > 0) {
		if (ms_mime_has_control(e->content_id))
			ms_buf_fail(b, -EINVAL);
		ms_buf_put_str(b, "Content-ID: <");
		ms_buf_put_span(b, e->content_id);
		ms_buf_put_str(b, ">\r\n");
	}
	if (e->base64)
		ms_buf_put_str(b, "Content-Transfer-Encoding: base64\r\n");
	else if (!is_7bit(e->body))
		ms_buf_put_str(b, "Content-Transfer-Encoding: binary\r\n");
	ms_buf_put_span(b, e->fields);
	ms_buf_put_str(b, "\r\n");
	if (e->base64)
		ms_base64_encode_mime(b, e->body);
	else
		ms_buf_put_span(b, e->body);
}

int ms_mime_boundary(const struct ms_random *r, char ret_boundary[static 40])
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	uint8_t bits[16];
	int err = ms_random_fill(r, bits, sizeof(bits));

	ms_buf_init_fixed(&b, ret_boundary, 40);
	if (err < 0)
		return err;
	ms_buf_put_str(&b, "ms-");
	ms_hex_encode(&b, ms_span_of(bits, sizeof(bits)));
	ms_buf_put_u8(&b, '\0');
	return ms_buf_status(&b);
}

void ms_mime_put_part(struct ms_buf *b, const char *boundary, const struct ms_mime_out *part)
{
	ms_buf_printf(b, "--%s\r\n", boundary);
	ms_mime_write(b, part);
	ms_buf_put_str(b, "\r\n");
}

void ms_mime_put_close(struct ms_buf *b, const char *boundary)
{
	ms_buf_printf(b, "--%s--\r\n", boundary);
}
