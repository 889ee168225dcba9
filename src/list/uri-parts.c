/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a URI-list message: RFC 5365 section 6, RFC 5363 section 4. */
#include <errno.h>

#include "list/uri-priv.h"
#include "mime/multipart.h"
#include "mime/pkcs7.h"

struct ms_span ms_lists_uri_raw(const struct ms_mime_entity *e)
{
	const uint8_t *from = e->fields.p ? e->fields.p : e->body.p;

	return ms_span_of(from, (size_t)(e->body.p + e->body.len - from));
}

bool ms_lists_uri_is_protected(const struct ms_mime_entity *e)
{
	struct ms_fault f;

	return ms_mime_pkcs7_check(&e->type, &f) == 0;
}

static int take_part(struct ms_lists_uri_parts *p, const struct ms_mime_entity *e)
{
	if (ms_span_is_nocase(e->disposition.type, "recipient-list")) {
		if (p->list.body.p)
			return -EEXIST;
		p->list = *e;
		return 0;
	}
	if (p->n == MS_LISTS_URI_PARTS_MAX)
		return -E2BIG;
	p->payload[p->n++] = *e;
	return 0;
}

static int walk(struct ms_mime_parts *it, struct ms_lists_uri_parts *p)
{
	struct ms_mime_entity e;
	struct ms_fault f = { 0 };
	int err;

	while ((err = ms_mime_parts_next(it, &e, &f)) == 0) {
		err = take_part(p, &e);
		if (err < 0)
			return err;
	}
	return err == -ENOENT ? 0 : err;
}

int ms_lists_uri_parts(const struct ms_sip_packet *m, struct ms_lists_uri_parts *ret_parts)
{
	struct ms_lists_uri_parts p = { .n = 0 };
	struct ms_mime_value type;
	struct ms_mime_parts it;
	struct ms_fault f = { 0 };
	int err = ms_mime_content_type(ms_sip_packet_get(m, "Content-Type"), &type, &f);

	if (err < 0)
		return -EBADMSG;
	if (!ms_mime_is(&type, "multipart", "mixed"))
		return -ENOTSUP;
	err = ms_mime_parts_open(&it, &type, m->body, &ms_mime_limits_default, &f);
	if (err == 0)
		err = walk(&it, &p);
	if (err < 0)
		return err == -EMSGSIZE ? -E2BIG : err;
	if (!p.list.body.p)
		return -ENOENT;
	if (p.n == 0)
		return -ENODATA;
	*ret_parts = p;
	return 0;
}
