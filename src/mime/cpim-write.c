/* SPDX-License-Identifier: Apache-2.0 */
/* Writing message/cpim, RFC 3862 section 3 and RFC 5438 section 6. */
#include <errno.h>

#include "mime/cpim.h"
#include "mime/mime-priv.h"

static void put_text(struct ms_buf *b, const char *name, struct ms_span value)
{
	if (value.len == 0)
		return;
	if (ms_mime_has_control(value) || !ms_mime_is_utf8(value))
		ms_buf_fail(b, -EINVAL);
	ms_buf_printf(b, "%s: ", name);
	ms_buf_put_span(b, value);
	ms_buf_put_str(b, "\r\n");
}

static bool uri_ok(struct ms_span uri)
{
	for (size_t i = 0; i < uri.len; i++) {
		if (uri.p[i] <= 0x20 || uri.p[i] >= 0x7f || uri.p[i] == '<' || uri.p[i] == '>')
			return false;
	}
	return true;
}

static void put_address(struct ms_buf *b, const char *name, const struct ms_cpim_address *a)
{
	if (a->uri.len == 0)
		return;
	if (!uri_ok(a->uri) || !ms_mime_is_utf8(a->name))
		ms_buf_fail(b, -EINVAL);
	ms_buf_printf(b, "%s: ", name);
	if (a->name.len > 0) {
		ms_mime_put_quoted(b, a->name);
		ms_buf_put_u8(b, ' ');
	}
	ms_buf_put_u8(b, '<');
	ms_buf_put_span(b, a->uri);
	ms_buf_put_str(b, ">\r\n");
}

static void put_wishes(struct ms_buf *b, unsigned wishes)
{
	static const struct {
		enum ms_imdn_wish wish;
		const char *name;
	} names[] = {
		{ MS_IMDN_WISH_POSITIVE, "positive-delivery" },
		{ MS_IMDN_WISH_NEGATIVE, "negative-delivery" },
		{ MS_IMDN_WISH_PROCESSING, "processing" },
		{ MS_IMDN_WISH_DISPLAY, "display" },
	};
	const char *glue = "imdn.Disposition-Notification: ";

	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		if (!(wishes & names[i].wish))
			continue;
		ms_buf_put_str(b, glue);
		ms_buf_put_str(b, names[i].name);
		glue = ", ";
	}
	if (wishes != 0)
		ms_buf_put_str(b, "\r\n");
}

void ms_cpim_write(struct ms_buf *b, const struct ms_cpim_out *m)
{
	put_address(b, "From", &m->from);
	put_address(b, "To", &m->to);
	put_text(b, "DateTime", m->date_time);
	put_text(b, "Subject", m->subject);
	if (m->message_id.len > 0 || m->wishes != 0)
		ms_buf_put_str(b, "NS: imdn <" MS_CPIM_NS_IMDN ">\r\n");
	put_text(b, "imdn.Message-ID", m->message_id);
	put_wishes(b, m->wishes);
	ms_buf_put_str(b, "\r\n");
	ms_mime_write(b, &m->content);
}
