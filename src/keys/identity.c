/* SPDX-License-Identifier: Apache-2.0 */
/* Public identities. See identity.h. */
#include "keys/identity.h"

#include <errno.h>

#include "core/buf.h"

/* The addr-spec of a name-addr, or all of it. RFC 3261 section 20.10. */
static struct ms_span addr_spec(struct ms_span text)
{
	size_t quote_end = 0, open, close;

	text = ms_span_trim(text);
	if (text.len > 0 && text.p[0] == '"') {
		for (quote_end = 1; quote_end < text.len; quote_end++) {
			if (text.p[quote_end] == '\\')
				quote_end++;
			else if (text.p[quote_end] == '"')
				break;
		}
		text = ms_span_from(text, quote_end);
	}
	open = ms_span_find(text, '<');
	if (open == text.len)
		return text;
	text = ms_span_from(text, open + 1);
	close = ms_span_find(text, '>');
	return close == text.len ? MS_SPAN_NULL : ms_span_sub(text, 0, close);
}

static bool has_blank_or_control(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] <= 0x20 || s.p[i] == 0x7f || s.p[i] == '<' || s.p[i] == '>' ||
		    s.p[i] == '"')
			return true;
	}
	return false;
}

static void put_lower(struct ms_buf *b, struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++)
		ms_buf_put_u8(b, s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32u : s.p[i]);
}

/* The host without its port; an IPv6 reference keeps its brackets. */
static struct ms_span host_only(struct ms_span s)
{
	size_t end;

	if (s.len > 0 && s.p[0] == '[') {
		end = ms_span_find(s, ']');
		return end == s.len ? MS_SPAN_NULL : ms_span_sub(s, 0, end + 1);
	}
	return ms_span_sub(s, 0, ms_span_find(s, ':'));
}

static int put_sip(struct ms_buf *b, struct ms_span rest)
{
	struct ms_span user, host;
	size_t at = ms_span_find(rest, '@');

	if (at == rest.len || at == 0)
		return -EINVAL;
	user = ms_span_sub(rest, 0, at);
	user = ms_span_sub(user, 0, ms_span_find(user, ':'));
	user = ms_span_sub(user, 0, ms_span_find(user, ';'));
	host = ms_span_from(rest, at + 1);
	host = ms_span_sub(host, 0, ms_span_find(host, ';'));
	host = host_only(ms_span_sub(host, 0, ms_span_find(host, '?')));
	if (user.len == 0 || host.len == 0)
		return -EINVAL;
	ms_buf_put_str(b, "sip:");
	ms_buf_put_span(b, user);
	ms_buf_put_u8(b, '@');
	put_lower(b, host);
	return 0;
}

static int put_tel(struct ms_buf *b, struct ms_span rest)
{
	size_t n = 0;

	rest = ms_span_sub(rest, 0, ms_span_find(rest, ';'));
	ms_buf_put_str(b, "tel:");
	for (size_t i = 0; i < rest.len; i++) {
		uint8_t c = rest.p[i];

		if (c == '-' || c == '.' || c == '(' || c == ')')
			continue; /* visual separators, RFC 3966 section 5.1.1 */
		if (!((c >= '0' && c <= '9') || (c == '+' && n == 0) || c == '*' || c == '#'))
			return -EINVAL;
		ms_buf_put_u8(b, c);
		n++;
	}
	return n > 0 ? 0 : -EINVAL;
}

int ms_keys_identity_parse(struct ms_span text, struct ms_keys_identity *ret_id)
{
	struct ms_keys_identity id = { "" };
	struct ms_span spec = addr_spec(text), rest = spec, scheme;
	struct ms_buf b;
	int err;

	if (spec.len == 0 || has_blank_or_control(spec))
		return -EINVAL;
	ms_buf_init_fixed(&b, id.uri, sizeof(id.uri) - 1);
	scheme = ms_span_sub(spec, 0, ms_span_find(spec, ':'));
	if (ms_span_is_nocase(scheme, "sip") || ms_span_is_nocase(scheme, "sips"))
		err = put_sip(&b, ms_span_from(spec, scheme.len + 1));
	else if (ms_span_is_nocase(scheme, "tel"))
		err = put_tel(&b, ms_span_from(spec, scheme.len + 1));
	else if (ms_span_find(scheme, '@') < scheme.len)
		err = put_sip(&b, rest);
	else
		err = -EINVAL;
	if (err || ms_buf_status(&b))
		return -EINVAL;
	*ret_id = id;
	return 0;
}

bool ms_keys_identity_same(struct ms_span a, struct ms_span b)
{
	struct ms_keys_identity x, y;

	return !ms_keys_identity_parse(a, &x) && !ms_keys_identity_parse(b, &y) &&
	       ms_span_eq(ms_keys_identity_span(&x), ms_keys_identity_span(&y));
}

struct ms_span ms_keys_identity_user(struct ms_span uri)
{
	size_t colon = ms_span_find(uri, ':');
	struct ms_span user = colon < uri.len ? ms_span_from(uri, colon + 1) : uri;

	return ms_span_sub(user, 0, ms_span_find(user, '@'));
}
