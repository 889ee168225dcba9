/* SPDX-License-Identifier: Apache-2.0 */
/* Writing session descriptions: RFC 8866 section 5. */
#include "sdp/build.h"

#include <errno.h>
#include <inttypes.h>

#include "core/base64.h"

/* byte-string of RFC 8866 section 9: anything but NUL, CR and LF. */
static bool is_text(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '\0' || s.p[i] == '\r' || s.p[i] == '\n')
			return false;
	return true;
}

static void put_text(struct ms_buf *b, struct ms_span s)
{
	if (!is_text(s))
		ms_buf_fail(b, -EINVAL);
	ms_buf_put_span(b, s);
}

/* A field between spaces. */
static void put_field(struct ms_buf *b, struct ms_span s)
{
	if (s.len == 0 || ms_span_find(s, ' ') < s.len)
		ms_buf_fail(b, -EINVAL);
	put_text(b, s);
}

static void put_address(struct ms_buf *b, const struct ms_sdp_address *a)
{
	ms_buf_put_str(b, a->ipv6 ? "IN IP6 " : "IN IP4 ");
	put_field(b, a->address);
	ms_buf_put_str(b, "\r\n");
}

void ms_sdp_put_connection(struct ms_buf *b, const struct ms_sdp_address *a)
{
	ms_buf_put_str(b, "c=");
	put_address(b, a);
}

void ms_sdp_put_session(struct ms_buf *b, const struct ms_sdp_session_info *info)
{
	ms_buf_put_str(b, "v=0\r\no=");
	put_field(b, info->username.len > 0 ? info->username : MS_SPAN_LIT("-"));
	ms_buf_printf(b, " %" PRIu64 " %" PRIu64 " ", info->session_id, info->version);
	put_address(b, &info->address);
	ms_buf_put_str(b, "s=");
	put_text(b, info->name.len > 0 ? info->name : MS_SPAN_LIT("-"));
	ms_buf_put_str(b, "\r\n");
	if (!info->no_connection)
		ms_sdp_put_connection(b, &info->address);
	ms_buf_put_str(b, "t=0 0\r\n");
}

static void put_media_line(struct ms_buf *b, struct ms_span media, uint16_t port,
			   struct ms_span proto, struct ms_span fmt)
{
	ms_buf_put_str(b, "m=");
	put_field(b, media);
	ms_buf_printf(b, " %u ", (unsigned)port);
	put_field(b, proto);
	ms_buf_put_u8(b, ' ');
	put_text(b, fmt);
	ms_buf_put_str(b, "\r\n");
}

void ms_sdp_put_media(struct ms_buf *b, const char *media, uint16_t port, const char *proto,
		      const char *fmt)
{
	put_media_line(b, ms_span_str(media), port, ms_span_str(proto), ms_span_str(fmt));
}

void ms_sdp_put_media_like(struct ms_buf *b, const struct ms_sdp_media *m, uint16_t port)
{
	put_media_line(b, m->media, port, m->proto, m->fmt);
}

void ms_sdp_put_attr(struct ms_buf *b, const char *name, struct ms_span value)
{
	ms_buf_put_str(b, "a=");
	put_field(b, ms_span_str(name));
	if (value.p) {
		ms_buf_put_u8(b, ':');
		put_text(b, value);
	}
	ms_buf_put_str(b, "\r\n");
}

void ms_sdp_put_setup(struct ms_buf *b, enum ms_sdp_setup s)
{
	static const char *const names[] = { NULL, "active", "passive", "actpass" };

	if (s != MS_SDP_SETUP_NONE)
		ms_sdp_put_attr(b, "setup", ms_span_str(names[s]));
}

void ms_sdp_put_direction(struct ms_buf *b, enum ms_sdp_direction d)
{
	static const char *const names[] = { NULL, "sendonly", "recvonly", "inactive" };

	if (d != MS_SDP_SENDRECV)
		ms_sdp_put_attr(b, names[d], MS_SPAN_NULL);
}

void ms_sdp_put_keymgmt(struct ms_buf *b, const char *protocol, struct ms_span raw)
{
	ms_buf_put_str(b, "a=key-mgmt:");
	put_field(b, ms_span_str(protocol));
	ms_buf_put_u8(b, ' ');
	ms_base64_encode(b, raw);
	ms_buf_put_str(b, "\r\n");
}
