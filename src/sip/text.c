/* SPDX-License-Identifier: Apache-2.0 */
/* The text of SIP's headers: addresses, URIs, parameters, warnings. RFC 3261 sections 19, 20, 25. */
#include <errno.h>

#include "sip/message.h"
#include "sip/text-priv.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The end of the quoted string that starts at s.p[0] == '"': offset behind the closing quote, or 0. */
static size_t quoted_end(struct ms_span s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return 0;
}

/* Offset of the first `c` outside of quotes and <>, or s.len. */
static size_t find_outside(struct ms_span s, uint8_t c)
{
	bool inside = false;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '"' && !inside) {
			size_t n = quoted_end(ms_span_from(s, i));

			if (n == 0)
				return s.len;
			i += n - 1;
		} else if (s.p[i] == '<') {
			inside = true;
		} else if (s.p[i] == '>') {
			inside = false;
		} else if (s.p[i] == c && !inside) {
			return i;
		}
	}
	return s.len;
}

size_t ms_sip_list_end(struct ms_span line)
{
	return find_outside(line, ',');
}

/* ---- addresses ---- */

/* [ *(token LWS) / quoted-string ] "<" addr-spec ">" *( SEMI param ) */
static int parse_name_addr(struct ms_span s, size_t open, struct ms_sip_address *a)
{
	struct ms_span display = ms_span_trim(ms_span_sub(s, 0, open));
	size_t close = ms_span_find(ms_span_from(s, open), '>');

	if (close + open == s.len)
		return -EBADMSG;
	if (display.len > 0 && display.p[0] == '"') {
		if (quoted_end(display) != display.len)
			return -EBADMSG;
		display = ms_span_sub(display, 1, display.len - 2);
	}
	a->display = display;
	a->uri = ms_span_trim(ms_span_sub(s, open + 1, close - 1));
	a->params = ms_span_trim(ms_span_from(s, open + close + 1));
	return 0;
}

/* Offset of the '<' that opens the address, past a quoted display name; s.len if there is none. */
static size_t find_open(struct ms_span s)
{
	size_t skip = 0;

	if (s.len > 0 && s.p[0] == '"')
		skip = quoted_end(s);
	return skip + ms_span_find(ms_span_from(s, skip), '<');
}

int ms_sip_address_parse(struct ms_span text, struct ms_sip_address *ret_a)
{
	struct ms_sip_address a = { 0 };
	struct ms_span s = ms_span_trim(text);
	size_t open;

	s = ms_span_trim(ms_span_sub(s, 0, find_outside(s, ',')));
	open = find_open(s);
	if (open < s.len) {
		if (parse_name_addr(s, open, &a) < 0)
			return -EBADMSG;
	} else {
		/* Without <>, what follows ';' belongs to the header (RFC 3261 section 20.10). */
		a.uri = ms_span_trim(ms_span_sub(s, 0, ms_span_find(s, ';')));
		a.params = ms_span_from(s, ms_span_find(s, ';'));
	}
	if (a.params.len > 0 && a.params.p[0] != ';')
		return -EBADMSG;
	if (ms_span_find(a.uri, ':') == a.uri.len || ms_span_find(a.uri, ' ') < a.uri.len)
		return -EBADMSG;
	*ret_a = a;
	return 0;
}

/* ---- parameters ---- */

static struct ms_span unquoted(struct ms_span v)
{
	if (v.len >= 2 && v.p[0] == '"' && v.p[v.len - 1] == '"')
		return ms_span_sub(v, 1, v.len - 2);
	return v;
}

bool ms_sip_param(struct ms_span params, const char *name, struct ms_span *ret_value)
{
	while (params.len > 0) {
		size_t end = find_outside(params, ';');
		struct ms_span value = ms_span_sub(params, 0, end);
		struct ms_span key = ms_span_trim(ms_span_cut(&value, '='));

		params = ms_span_from(params, end + 1);
		if (!ms_span_is_nocase(key, name))
			continue;
		*ret_value = unquoted(ms_span_trim(value));
		return true;
	}
	return false;
}

/* ---- URIs ---- */

/* host [":" port]; an IPv6 reference in [] */
static int parse_hostport(struct ms_span s, struct ms_sip_uri *u)
{
	struct ms_span port = MS_SPAN_NULL;
	uint64_t v;

	if (s.len > 0 && s.p[0] == '[') {
		size_t end = ms_span_find(s, ']');

		if (end == s.len)
			return -EBADMSG;
		u->ipv6 = true;
		u->host = ms_span_sub(s, 1, end - 1);
		s = ms_span_from(s, end + 1);
		if (s.len > 0 && s.p[0] != ':')
			return -EBADMSG;
		port = ms_span_from(s, 1);
	} else {
		u->host = ms_span_cut(&s, ':');
		port = s;
	}
	if (port.len > 0) {
		if (ms_span_u64(port, UINT16_MAX, &v) < 0)
			return -EBADMSG;
		u->port = (uint16_t)v;
	}
	return u->host.len > 0 ? 0 : -EBADMSG;
}

int ms_sip_uri_parse(struct ms_span text, struct ms_sip_uri *ret_uri)
{
	struct ms_sip_uri u = { 0 };
	struct ms_span rest = text;
	struct ms_span scheme = ms_span_cut(&rest, ':');
	size_t at;

	for (size_t i = 0; i < text.len; i++)
		if (is_blank(text.p[i]) || text.p[i] == '<' || text.p[i] == '>' || text.p[i] == '"')
			return -EBADMSG;
	u.secure = ms_span_is_nocase(scheme, "sips");
	if (!u.secure && !ms_span_is_nocase(scheme, "sip"))
		return -EBADMSG;
	/* userinfo may hold ';' and '?', so it is taken off first (RFC 3261 section 25.1). */
	at = ms_span_find(rest, '@');
	if (at < rest.len) {
		u.user = ms_span_sub(rest, 0, at);
		if (u.user.len == 0)
			return -EBADMSG;
		rest = ms_span_from(rest, at + 1);
	}
	u.headers = ms_span_from(rest, ms_span_find(rest, '?'));
	rest = ms_span_sub(rest, 0, ms_span_find(rest, '?'));
	u.params = ms_span_from(rest, ms_span_find(rest, ';'));
	rest = ms_span_sub(rest, 0, ms_span_find(rest, ';'));
	if (parse_hostport(rest, &u) < 0)
		return -EBADMSG;
	*ret_uri = u;
	return 0;
}

bool ms_sip_uri_same(struct ms_span a, struct ms_span b)
{
	struct ms_sip_uri x, y;

	if (ms_sip_uri_parse(a, &x) < 0 || ms_sip_uri_parse(b, &y) < 0)
		return false;
	return x.secure == y.secure && x.port == y.port && ms_span_eq(x.user, y.user) &&
	       ms_span_eq_nocase(x.host, y.host);
}

/* ---- warnings ---- */

int ms_sip_warning_parse(struct ms_span value, struct ms_sip_warning *ret_w)
{
	struct ms_span rest = ms_span_trim(value);
	struct ms_span code = ms_span_cut(&rest, ' ');
	struct ms_sip_warning w = { 0 };
	uint64_t v;

	if (code.len != 3 || ms_span_u64(code, 999, &v) < 0)
		return -EBADMSG;
	w.code = (unsigned)v;
	w.agent = ms_span_cut(&rest, ' ');
	rest = ms_span_trim(rest);
	if (w.agent.len == 0 || rest.len < 2 || rest.p[0] != '"' || quoted_end(rest) == 0)
		return -EBADMSG;
	w.text = ms_span_sub(rest, 1, quoted_end(rest) - 2);
	*ret_w = w;
	return 0;
}
