/* SPDX-License-Identifier: Apache-2.0 */
/* Views of a message that libre parsed. */
#include <errno.h>

#include "sip/sip-priv.h"

const struct ms_sip_message *ms_sip_message_ref(const struct ms_sip_message *m)
{
	return mem_ref((void *)(uintptr_t)m);
}

const struct ms_sip_message *ms_sip_message_unref(const struct ms_sip_message *m)
{
	return mem_deref((void *)(uintptr_t)m);
}

struct ms_span ms_sip_method(const struct ms_sip_message *m)
{
	const struct sip_msg *r = ms_sip_raw(m);

	return ms_sip_span(r->req ? &r->met : &r->cseq.met);
}

unsigned ms_sip_status(const struct ms_sip_message *m)
{
	return ms_sip_raw(m)->req ? 0 : ms_sip_raw(m)->scode;
}

struct ms_span ms_sip_reason(const struct ms_sip_message *m)
{
	return ms_sip_raw(m)->req ? MS_SPAN_NULL : ms_sip_span(&ms_sip_raw(m)->reason);
}

/* RFC 3261 section 7.3.3 and the registry of compact forms, as far as they are used here. */
static bool is_compact(struct ms_span name, const char *full)
{
	static const struct {
		char letter;
		const char *name;
	} compact[] = {
		{ 'c', "Content-Type" }, { 'e', "Content-Encoding" },
		{ 'f', "From" },         { 'i', "Call-ID" },
		{ 'k', "Supported" },    { 'l', "Content-Length" },
		{ 'm', "Contact" },      { 'o', "Event" },
		{ 'r', "Refer-To" },     { 's', "Subject" },
		{ 't', "To" },           { 'u', "Allow-Events" },
		{ 'v', "Via" },          { 'x', "Session-Expires" },
		{ 'b', "Referred-By" },
	};

	if (name.len != 1)
		return false;
	for (size_t i = 0; i < MS_ARRAY_SIZE(compact); i++)
		if ((name.p[0] | 0x20) == compact[i].letter)
			return ms_span_is_nocase(ms_span_str(full), compact[i].name);
	return false;
}

bool ms_sip_header_at(const struct ms_sip_message *m, const char *name, size_t i,
		      struct ms_span *ret_value)
{
	for (const struct le *le = ms_sip_raw(m)->hdrl.head; le; le = le->next) {
		const struct sip_hdr *h = le->data;
		struct ms_span key = ms_sip_span(&h->name);

		if (!ms_span_is_nocase(key, name) && !is_compact(key, name))
			continue;
		if (i-- > 0)
			continue;
		*ret_value = ms_sip_span(&h->val);
		return true;
	}
	return false;
}

struct ms_span ms_sip_header(const struct ms_sip_message *m, const char *name)
{
	struct ms_span v;

	return ms_sip_header_at(m, name, 0, &v) ? v : MS_SPAN_NULL;
}

struct ms_span ms_sip_body(const struct ms_sip_message *m)
{
	const struct sip_msg *r = ms_sip_raw(m);
	struct ms_span all = ms_span_of(mbuf_buf(r->mb), mbuf_get_left(r->mb));
	uint64_t n;

	/* libre cuts at Content-Length on streams only. */
	if (r->clen.p && ms_span_u64(ms_sip_span(&r->clen), SIZE_MAX, &n) == 0)
		return ms_span_sub(all, 0, (size_t)n);
	return all;
}

struct ms_span ms_sip_content_type(const struct ms_sip_message *m)
{
	return ms_sip_header(m, "Content-Type");
}

enum ms_sip_transport ms_sip_message_transport(const struct ms_sip_message *m)
{
	switch (ms_sip_raw(m)->tp) {
	case SIP_TRANSP_TCP:
		return MS_SIP_TCP;
	case SIP_TRANSP_TLS:
		return MS_SIP_TLS;
	default:
		return MS_SIP_UDP;
	}
}

char *ms_sip_source(const struct ms_sip_message *m, char dst[static 64])
{
	(void)re_snprintf(dst, 64, "%J", &ms_sip_raw(m)->src);
	return dst;
}

static struct ms_sip_address address_of(const struct ms_sip_message *m, const char *name)
{
	struct ms_sip_address a = { 0 };

	return ms_sip_address_at(m, name, 0, &a) ? a : (struct ms_sip_address){ 0 };
}

struct ms_sip_address ms_sip_from(const struct ms_sip_message *m)
{
	return address_of(m, "From");
}

bool ms_sip_address_at(const struct ms_sip_message *m, const char *header, size_t i,
		       struct ms_sip_address *ret_a)
{
	struct ms_span line;

	for (size_t n = 0; ms_sip_header_at(m, header, n, &line); n++) {
		while (line.len > 0) {
			size_t end = ms_sip_list_end(line);

			if (i-- == 0)
				return ms_sip_address_parse(line, ret_a) == 0;
			line = ms_span_from(line, end + 1);
		}
	}
	return false;
}

const char *ms_sip_message_fault(const struct sip_msg *m, size_t body_max)
{
	size_t left = mbuf_get_left(m->mb);
	uint64_t n;

	if (!pl_isset(&m->via.sentby) || !pl_isset(&m->callid) || !pl_isset(&m->from.val) ||
	    !pl_isset(&m->to.val) || !pl_isset(&m->cseq.met))
		return "a header is missing";
	if (m->req && pl_cmp(&m->met, &m->cseq.met))
		return "CSeq has another method";
	if (m->clen.p && (ms_span_u64(ms_sip_span(&m->clen), SIZE_MAX, &n) < 0 || n > left))
		return "Content-Length";
	return left > body_max ? "body too large" : NULL;
}
