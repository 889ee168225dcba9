/* SPDX-License-Identifier: Apache-2.0 */
#include "border/body.h"

#include "mime/multipart.h"

bool ms_border_body_find(const struct ms_sip_packet *m, struct ms_span *ret_sdp)
{
	struct ms_mime_value type;
	struct ms_mime_entity part;

	if (m->body.len == 0 ||
	    ms_mime_content_type(ms_sip_packet_get(m, "Content-Type"), &type, NULL) < 0 ||
	    ms_mime_find(&type, m->body, "application", "sdp", NULL, &part, NULL) < 0)
		return false;
	/* Nobody encodes it; what is encoded cannot be exchanged in place. */
	if (part.cte != MS_MIME_CTE_IDENTITY || part.body.len == 0)
		return false;
	*ret_sdp = part.body;
	return true;
}

void ms_border_body_put(const struct ms_sip_packet *m, struct ms_span sdp, struct ms_buf *b)
{
	struct ms_span old;
	size_t off;

	if (!ms_border_body_find(m, &old)) {
		ms_buf_put_span(b, sdp);
		return;
	}
	off = (size_t)(old.p - m->body.p);
	ms_buf_put_span(b, ms_span_sub(m->body, 0, off));
	ms_buf_put_span(b, sdp);
	ms_buf_put_span(b, ms_span_from(m->body, off + old.len));
}
