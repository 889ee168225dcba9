/* SPDX-License-Identifier: Apache-2.0 */
#include "border/body.h"

#include <errno.h>

#include "mime/multipart.h"

struct look {
	size_t n;
	struct ms_span sdp;
	bool encoded;
};

static bool is_description(const struct ms_mime_value *type)
{
	return ms_mime_is(type, "application", "sdp");
}

/* RFC 3261 section 20.12: what is absent is the identity. */
static bool is_coded(struct ms_span coding)
{
	coding = ms_span_trim(coding);
	return coding.len > 0 && !ms_span_is_nocase(coding, "identity");
}

static bool hides(const struct ms_mime_entity *e)
{
	return e->cte != MS_MIME_CTE_IDENTITY || is_coded(ms_mime_field(e, "Content-Encoding"));
}

/* Depth first; the recursion ends at the depth that the walk allows. */
static int walk(struct ms_mime_parts *it, struct look *l)
{
	struct ms_mime_parts inner;
	struct ms_mime_entity e;
	int err;

	while ((err = ms_mime_parts_next(it, &e, NULL)) == 0) {
		bool nested = ms_mime_is(&e.type, "multipart", "*");

		if (!nested && !is_description(&e.type))
			continue;
		if (hides(&e)) {
			l->encoded = true;
		} else if (nested) {
			err = ms_mime_parts_enter(&inner, it, &e, NULL);
			err = err ? err : walk(&inner, l);
			if (err < 0)
				return err;
		} else if (l->n++ == 0) {
			l->sdp = e.body;
		}
	}
	return err == -ENOENT ? 0 : err;
}

static int look_into(const struct ms_sip_packet *m, const struct ms_mime_value *type,
		     struct look *l)
{
	struct ms_mime_parts it;
	int err;

	if (is_description(type)) {
		l->n = 1;
		l->sdp = m->body;
		return 0;
	}
	err = ms_mime_parts_open(&it, type, m->body, NULL, NULL);
	return err < 0 ? err : walk(&it, l);
}

static bool body_is_coded(const struct ms_sip_packet *m)
{
	struct ms_span coding;
	enum ms_mime_cte cte;

	for (size_t i = 0; ms_sip_packet_line(m, "Content-Encoding", i, &coding); i++)
		if (is_coded(coding))
			return true;
	return ms_mime_cte_of(ms_sip_packet_get(m, "Content-Transfer-Encoding"), &cte) < 0 ||
	       cte != MS_MIME_CTE_IDENTITY;
}

enum ms_border_body ms_border_body_find(const struct ms_sip_packet *m, struct ms_span *ret_sdp)
{
	struct look l = { .n = 0 };
	struct ms_mime_value type;
	struct ms_span again;

	if (m->body.len == 0)
		return MS_BORDER_BODY_NONE;
	/* RFC 3261 section 20.15; of two, each end may believe another one. */
	if (ms_sip_packet_line(m, "Content-Type", 1, &again) ||
	    ms_mime_content_type(ms_sip_packet_get(m, "Content-Type"), &type, NULL) < 0)
		return MS_BORDER_BODY_MALFORMED;
	if (!is_description(&type) && !ms_mime_is(&type, "multipart", "*"))
		return MS_BORDER_BODY_NONE;
	if (body_is_coded(m))
		return MS_BORDER_BODY_ENCODED;
	if (look_into(m, &type, &l) < 0)
		return MS_BORDER_BODY_MALFORMED;
	if (l.encoded)
		return MS_BORDER_BODY_ENCODED;
	if (l.n > 1)
		return MS_BORDER_BODY_SEVERAL;
	if (l.sdp.len == 0)
		return MS_BORDER_BODY_NONE;
	*ret_sdp = l.sdp;
	return MS_BORDER_BODY_SDP;
}

void ms_border_body_put(const struct ms_sip_packet *m, struct ms_span sdp, struct ms_buf *b)
{
	struct ms_span old;
	size_t off;

	if (ms_border_body_find(m, &old) != MS_BORDER_BODY_SDP) {
		ms_buf_put_span(b, sdp);
		return;
	}
	off = (size_t)(old.p - m->body.p);
	ms_buf_put_span(b, ms_span_sub(m->body, 0, off));
	ms_buf_put_span(b, sdp);
	ms_buf_put_span(b, ms_span_from(m->body, off + old.len));
}
