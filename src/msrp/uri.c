/* SPDX-License-Identifier: Apache-2.0 */
/* MSRP URIs and paths: RFC 4975 sections 6, 6.1 and 9. */
#include <errno.h>

#include "msrp/msrp-priv.h"
#include "msrp/uri.h"

static bool is_session_char(uint8_t c)
{
	return msrp_is_unreserved(c) || c == '+' || c == '=' || c == '/';
}

/* unreserved / pct-encoded / sub-delims of RFC 3986, without ';' which ends our authority */
static bool is_name_char(uint8_t c)
{
	return msrp_is_unreserved(c) || (c != 0 && c != ';' && strchr("%!$&'()*+,=", c));
}

static bool is_user_char(uint8_t c)
{
	return is_name_char(c) || c == ':';
}

static bool is_ipv6_char(uint8_t c)
{
	return msrp_is_alnum(c) || c == ':' || c == '.';
}

/* "token[=token]" after the transport: checked, not kept. */
static bool parameters_valid(struct ms_span s)
{
	while (s.p) {
		struct ms_span value = ms_span_cut(&s, ';');
		struct ms_span name = ms_span_cut(&value, '=');

		if (!msrp_all(name, msrp_is_token_char))
			return false;
		if (value.p && !msrp_all(value, msrp_is_token_char))
			return false;
	}
	return true;
}

static int parse_port(struct ms_span s, uint16_t *ret_port)
{
	uint64_t port;

	if (ms_span_u64(s, UINT16_MAX, &port) < 0 || port == 0)
		return -EBADMSG;
	*ret_port = (uint16_t)port;
	return 0;
}

/* "[" IPv6 "]" [":" port] */
static int parse_bracketed(struct ms_span s, struct ms_msrp_uri *u)
{
	size_t close = ms_span_find(s, ']');
	struct ms_span rest = ms_span_from(s, close + 1);
	struct ms_msrp_host h;

	u->host = ms_span_sub(s, 1, close > 0 ? close - 1 : 0);
	if (close == s.len || !msrp_all(u->host, is_ipv6_char) ||
	    !ms_msrp_host_parse(u->host, &h) || h.len != 16)
		return -EBADMSG;
	if (rest.len == 0)
		return -EBADMSG; /* section 6: a numeric address must have a port */
	if (rest.p[0] != ':')
		return -EBADMSG;
	return parse_port(ms_span_from(rest, 1), &u->port);
}

static int parse_authority(struct ms_span s, struct ms_msrp_uri *u)
{
	size_t at = ms_span_find(s, '@');
	struct ms_msrp_host h;
	int err = 0;

	if (at < s.len) {
		u->userinfo = ms_span_sub(s, 0, at);
		s = ms_span_from(s, at + 1);
		if (u->userinfo.len > 0 && !msrp_all(u->userinfo, is_user_char))
			return -EBADMSG;
	}
	if (s.len > 0 && s.p[0] == '[')
		return parse_bracketed(s, u);
	u->host = ms_span_cut(&s, ':');
	if (!msrp_all(u->host, is_name_char))
		return -EBADMSG;
	if (s.p)
		err = parse_port(s, &u->port);
	else if (ms_msrp_host_parse(u->host, &h))
		err = -EBADMSG;
	return err;
}

static int parse_scheme(struct ms_span *rest, bool *ret_secure)
{
	if (ms_span_starts_nocase(*rest, MS_SPAN_LIT("msrp://"))) {
		*ret_secure = false;
		*rest = ms_span_from(*rest, 7);
		return 0;
	}
	if (ms_span_starts_nocase(*rest, MS_SPAN_LIT("msrps://"))) {
		*ret_secure = true;
		*rest = ms_span_from(*rest, 8);
		return 0;
	}
	return -EBADMSG;
}

int ms_msrp_uri_parse(struct ms_span text, struct ms_msrp_uri *ret_u)
{
	struct ms_msrp_uri u = { .text = text };
	struct ms_span rest = text, before, authority;

	if (text.len > MS_MSRP_URI_MAX)
		return -EMSGSIZE;
	if (parse_scheme(&rest, &u.secure) < 0)
		return -EBADMSG;
	before = ms_span_cut(&rest, ';');
	if (!rest.p)
		return -EBADMSG;
	authority = ms_span_cut(&before, '/');
	if (before.p && !msrp_all(before, is_session_char))
		return -EBADMSG;
	u.session_id = before;
	u.transport = ms_span_cut(&rest, ';');
	if (!msrp_all(u.transport, msrp_is_alnum) || !parameters_valid(rest))
		return -EBADMSG;
	if (parse_authority(authority, &u) < 0)
		return -EBADMSG;
	*ret_u = u;
	return 0;
}

int ms_msrp_path_parse(struct ms_span text, struct ms_msrp_path *ret_p)
{
	struct ms_msrp_path path;
	struct ms_span rest = text;
	int err;

	path.text = text;
	path.n = 0;

	while (rest.p) {
		struct ms_span one = ms_span_cut(&rest, ' ');

		if (one.len == 0)
			continue;
		if (path.n == MS_MSRP_PATH_MAX)
			return -E2BIG;
		err = ms_msrp_uri_parse(one, &path.uri[path.n]);
		if (err < 0)
			return err;
		path.n++;
	}
	if (path.n == 0)
		return -EBADMSG;
	ms_msrp_path_copy(ret_p, &path);
	return 0;
}

/* RFC 4975 section 6.1; userinfo and other parameters are not considered */
bool ms_msrp_uri_equal(const struct ms_msrp_uri *a, const struct ms_msrp_uri *b,
		       enum ms_msrp_match how)
{
	if (!ms_span_eq(a->session_id, b->session_id) ||
	    !ms_span_eq_nocase(a->transport, b->transport))
		return false;
	if (how == MS_MSRP_MATCH_SESSION_ID)
		return a->session_id.len > 0;
	return a->secure == b->secure && a->port == b->port && ms_msrp_host_equal(a->host, b->host);
}

void ms_msrp_uri_put(struct ms_buf *b, bool secure, struct ms_span host, uint16_t port,
		     struct ms_span session_id)
{
	struct ms_msrp_host h;
	bool ipv6 = ms_msrp_host_parse(host, &h) && h.len == 16;

	ms_buf_put_str(b, secure ? "msrps://" : "msrp://");
	if (ipv6)
		ms_buf_put_u8(b, '[');
	ms_buf_put_span(b, host);
	if (ipv6)
		ms_buf_put_u8(b, ']');
	if (port > 0)
		ms_buf_printf(b, ":%u", port);
	if (session_id.len > 0) {
		ms_buf_put_u8(b, '/');
		ms_buf_put_span(b, session_id);
	}
	ms_buf_put_str(b, ";tcp");
}
