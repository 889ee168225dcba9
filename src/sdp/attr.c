/* SPDX-License-Identifier: Apache-2.0 */
/* Looking up lines and attributes; the MSRP view of a media section. */
#include <errno.h>

#include "sdp/sdp-priv.h"

bool ms_sdp_attr_at(const struct ms_sdp_section *s, const char *name, size_t i,
		    struct ms_span *ret_value)
{
	for (size_t n = 0; n < s->n_lines; n++) {
		struct ms_span value = s->lines[n].value;
		struct ms_span key;

		if (s->lines[n].type != 'a')
			continue;
		key = ms_span_cut(&value, ':');
		if (!ms_span_is(key, name) || i-- > 0)
			continue;
		*ret_value = value;
		return true;
	}
	return false;
}

bool ms_sdp_attr(const struct ms_sdp_section *s, const char *name, struct ms_span *ret_value)
{
	return ms_sdp_attr_at(s, name, 0, ret_value);
}

bool ms_sdp_has(const struct ms_sdp_section *s, const char *name)
{
	struct ms_span v;

	return ms_sdp_attr_at(s, name, 0, &v);
}

bool ms_sdp_attr_inherited(const struct ms_sdp *sdp, const struct ms_sdp_media *m, const char *name,
			   struct ms_span *ret_value)
{
	return ms_sdp_attr(&m->section, name, ret_value) ||
	       ms_sdp_attr(&sdp->session, name, ret_value);
}

bool ms_sdp_line(const struct ms_sdp_section *s, char type, struct ms_span *ret_value)
{
	for (size_t i = 0; i < s->n_lines; i++) {
		if (s->lines[i].type != type)
			continue;
		*ret_value = s->lines[i].value;
		return true;
	}
	return false;
}

enum ms_sdp_proto ms_sdp_proto_of(struct ms_span proto)
{
	static const struct {
		const char *name;
		enum ms_sdp_proto kind;
	} known[] = {
		{ "TCP/MSRP", MS_SDP_TCP_MSRP }, { "TCP/TLS/MSRP", MS_SDP_TCP_TLS_MSRP },
		{ "TCP/BFCP", MS_SDP_TCP_BFCP }, { "TCP/TLS/BFCP", MS_SDP_TCP_TLS_BFCP },
		{ "RTP/AVP", MS_SDP_RTP },       { "RTP/AVPF", MS_SDP_RTP },
		{ "RTP/SAVP", MS_SDP_SRTP },     { "RTP/SAVPF", MS_SDP_SRTP },
	};

	for (size_t i = 0; i < MS_ARRAY_SIZE(known); i++)
		if (ms_span_is_nocase(proto, known[i].name))
			return known[i].kind;
	return MS_SDP_OTHER;
}

bool ms_sdp_proto_is_tls(enum ms_sdp_proto p)
{
	return p == MS_SDP_TCP_TLS_MSRP || p == MS_SDP_TCP_TLS_BFCP;
}

static struct ms_span attr_or_empty(const struct ms_sdp_section *s, const char *name)
{
	struct ms_span v = MS_SPAN_NULL;

	return ms_sdp_attr(s, name, &v) ? v : MS_SPAN_NULL;
}

static int bad_msrp(const struct ms_sdp_media *m, struct ms_fault *f)
{
	return ms_fault_set(f, -EBADMSG, 488, "sdp_msrp", m->section.lines[0].offset);
}

int ms_sdp_msrp_read(const struct ms_sdp_media *m, struct ms_fault *f, struct ms_sdp_msrp *ret_msrp)
{
	const struct ms_sdp_section *s = &m->section;
	struct ms_sdp_msrp r = { .max_size = UINT64_MAX };
	struct ms_span v;

	if (m->kind != MS_SDP_TCP_MSRP && m->kind != MS_SDP_TCP_TLS_MSRP)
		return -EPROTOTYPE;
	/* Exactly one path (RFC 4975 section 8.2), and accept-types (section 8.6). */
	r.path = attr_or_empty(s, "path");
	if (r.path.len == 0 || ms_sdp_attr_at(s, "path", 1, &v))
		return bad_msrp(m, f);
	r.accept_types = attr_or_empty(s, "accept-types");
	r.accept_wrapped_types = attr_or_empty(s, "accept-wrapped-types");
	/* RFC 4975 section 8.6 wants it always; a line of wrapped types alone says as much. */
	if (r.accept_types.len == 0 && r.accept_wrapped_types.len == 0)
		return bad_msrp(m, f);
	if (ms_sdp_attr(s, "max-size", &v) && ms_span_u64(v, UINT64_MAX, &r.max_size) < 0)
		return bad_msrp(m, f);
	r.cema = ms_sdp_has(s, "msrp-cema");
	r.file_selector = attr_or_empty(s, "file-selector");
	r.file_transfer_id = attr_or_empty(s, "file-transfer-id");
	r.file_disposition = attr_or_empty(s, "file-disposition");
	r.file_date = attr_or_empty(s, "file-date");
	r.file_icon = attr_or_empty(s, "file-icon");
	r.file_range = attr_or_empty(s, "file-range");
	*ret_msrp = r;
	return 0;
}

/* authority = [userinfo "@"] host [":" port] (RFC 4975 section 9 with RFC 3986 section 3.2) */
static int split_authority(struct ms_span a, struct ms_span *ret_host, struct ms_span *ret_port)
{
	size_t end;

	if (ms_span_find(a, '@') < a.len)
		(void)ms_span_cut(&a, '@');
	if (a.len > 0 && a.p[0] == '[') {
		end = ms_span_find(a, ']');
		if (end == a.len)
			return -EBADMSG;
		*ret_host = ms_span_sub(a, 1, end - 1);
		a = ms_span_from(a, end + 1);
		if (a.len > 0 && a.p[0] != ':')
			return -EBADMSG;
		*ret_port = a.len > 0 ? ms_span_from(a, 1) : MS_SPAN_NULL;
	} else {
		*ret_host = ms_span_cut(&a, ':');
		*ret_port = a;
	}
	return ret_host->len > 0 ? 0 : -EBADMSG;
}

int ms_sdp_msrp_uri_address(struct ms_span uri, struct ms_span *ret_host, uint16_t *ret_port)
{
	struct ms_span rest, host, port;
	uint64_t v = MS_SDP_MSRP_PORT;
	int err;

	if (ms_span_starts_nocase(uri, MS_SPAN_LIT("msrps://")))
		rest = ms_span_from(uri, 8);
	else if (ms_span_starts_nocase(uri, MS_SPAN_LIT("msrp://")))
		rest = ms_span_from(uri, 7);
	else
		return -EBADMSG;
	rest = ms_span_sub(rest, 0, ms_span_find(rest, '/'));
	rest = ms_span_sub(rest, 0, ms_span_find(rest, ';'));
	err = split_authority(rest, &host, &port);
	if (err < 0)
		return err;
	if (port.len > 0 && ms_span_u64(port, UINT16_MAX, &v) < 0)
		return -EBADMSG;
	*ret_host = host;
	*ret_port = (uint16_t)v;
	return 0;
}
