/* SPDX-License-Identifier: Apache-2.0 */
/* Reading message/cpim, RFC 3862 sections 2 to 4; names are case-sensitive there. */
#include "mime/cpim.h"

#include <errno.h>

#include "mime/mime-priv.h"

#define NS_CPIM "urn:ietf:params:cpim-headers:"

struct reading {
	struct ms_cpim *m;
	struct ms_fault *f;
	const uint8_t *start;
};

static int refuse(const struct reading *rd, int err, const char *reason, struct ms_span at)
{
	return ms_fault_set(rd->f, err, 0, reason, at.p ? (size_t)(at.p - rd->start) : 0);
}

/* [ Formal-name ] "<" URI ">": the name is a quoted string or words. */
static int take_address(struct ms_span value, struct ms_span *ret_name, struct ms_span *ret_uri)
{
	struct ms_span name, uri;
	size_t open = 0;

	if (value.len > 0 && value.p[0] == '"') {
		for (open = 1; open < value.len && value.p[open] != '"'; open++)
			open += value.p[open] == '\\';
	}
	open += ms_span_find(ms_span_from(value, open), '<');
	if (open >= value.len || value.p[value.len - 1] != '>')
		return -EBADMSG;
	name = ms_span_trim(ms_span_sub(value, 0, open));
	uri = ms_span_sub(value, open + 1, value.len - open - 2);
	if (uri.len == 0)
		return -EBADMSG;
	for (size_t i = 0; i < uri.len; i++) {
		if (uri.p[i] <= 0x20 || uri.p[i] >= 0x7f || uri.p[i] == '<' || uri.p[i] == '>')
			return -EBADMSG;
	}
	if (name.len >= 2 && name.p[0] == '"' && name.p[name.len - 1] == '"')
		name = ms_span_sub(name, 1, name.len - 2);
	*ret_name = name;
	*ret_uri = uri;
	return 0;
}

static bool digits(struct ms_span s, size_t at, size_t n)
{
	for (size_t i = at; i < at + n; i++) {
		if (i >= s.len || s.p[i] < '0' || s.p[i] > '9')
			return false;
	}
	return true;
}

static bool is_one_of(struct ms_span s, size_t at, const char *chars)
{
	return at < s.len && s.p[at] != '\0' && strchr(chars, s.p[at]);
}

/* RFC 3339 section 5.6: 2026-11-20T06:45:00[.123](Z|+01:00). */
static bool is_date_time(struct ms_span s)
{
	size_t at = 19;

	if (!digits(s, 0, 4) || !is_one_of(s, 4, "-") || !digits(s, 5, 2) ||
	    !is_one_of(s, 7, "-") || !digits(s, 8, 2) || !is_one_of(s, 10, "Tt") ||
	    !digits(s, 11, 2) || !is_one_of(s, 13, ":") || !digits(s, 14, 2) ||
	    !is_one_of(s, 16, ":") || !digits(s, 17, 2))
		return false;
	if (is_one_of(s, at, ".")) {
		if (!digits(s, ++at, 1))
			return false;
		while (digits(s, at, 1))
			at++;
	}
	if (is_one_of(s, at, "Zz"))
		return s.len == at + 1;
	return is_one_of(s, at, "+-") && digits(s, at + 1, 2) && is_one_of(s, at + 3, ":") &&
	       digits(s, at + 4, 2) && s.len == at + 6;
}

static int take_from(struct reading *rd, struct ms_span value)
{
	if (rd->m->from.uri.len > 0)
		return refuse(rd, -EBADMSG, "cpim_header_twice", value);
	if (take_address(value, &rd->m->from.name, &rd->m->from.uri) < 0)
		return refuse(rd, -EBADMSG, "cpim_address", value);
	return 0;
}

/* `to` and `cc` share an array, To in front of cc. */
static int take_recipient(struct reading *rd, struct ms_span value, bool cc)
{
	struct ms_cpim *m = rd->m;
	struct ms_cpim_address a;
	size_t at = cc ? m->n_to : m->n_to - m->n_cc;

	if (take_address(value, &a.name, &a.uri) < 0)
		return refuse(rd, -EBADMSG, "cpim_address", value);
	if (m->n_to == MS_CPIM_TO_MAX)
		return refuse(rd, -E2BIG, "cpim_recipients", value);
	for (size_t i = m->n_to; i > at; i--)
		m->to[i] = m->to[i - 1];
	m->to[at] = a;
	m->n_to++;
	m->n_cc += cc;
	return 0;
}

static int take_to(struct reading *rd, struct ms_span value)
{
	return take_recipient(rd, value, false);
}

static int take_cc(struct reading *rd, struct ms_span value)
{
	return take_recipient(rd, value, true);
}

static int take_date_time(struct reading *rd, struct ms_span value)
{
	if (rd->m->date_time.len > 0)
		return refuse(rd, -EBADMSG, "cpim_header_twice", value);
	if (!is_date_time(value))
		return refuse(rd, -EBADMSG, "cpim_date_time", value);
	rd->m->date_time = value;
	return 0;
}

/* May come in several languages; the first one counts. */
static int take_subject(struct reading *rd, struct ms_span value)
{
	if (!rd->m->subject.p)
		rd->m->subject = value;
	return 0;
}

static int take_ns(struct reading *rd, struct ms_span value)
{
	struct ms_cpim_ns ns;

	if (take_address(value, &ns.prefix, &ns.uri) < 0)
		return refuse(rd, -EBADMSG, "cpim_ns", value);
	if (rd->m->n_ns == MS_CPIM_NS_MAX)
		return refuse(rd, -E2BIG, "cpim_ns", value);
	rd->m->ns[rd->m->n_ns++] = ns;
	return 0;
}

static int take_message_id(struct reading *rd, struct ms_span value)
{
	if (rd->m->message_id.len > 0)
		return refuse(rd, -EBADMSG, "cpim_header_twice", value);
	if (value.len == 0 || ms_mime_has_control(value))
		return refuse(rd, -EBADMSG, "cpim_message_id", value);
	rd->m->message_id = value;
	return 0;
}

/* RFC 5438 section 10; what is not known is passed over (section 7.2.1.1). */
static int take_wishes(struct reading *rd, struct ms_span value)
{
	static const struct {
		const char *name;
		enum ms_imdn_wish wish;
	} names[] = {
		{ "positive-delivery", MS_IMDN_WISH_POSITIVE },
		{ "negative-delivery", MS_IMDN_WISH_NEGATIVE },
		{ "processing", MS_IMDN_WISH_PROCESSING },
		{ "display", MS_IMDN_WISH_DISPLAY },
	};

	while (value.len > 0) {
		struct ms_span item = ms_span_cut(&value, ',');
		struct ms_span name = ms_span_trim(ms_span_cut(&item, ';'));

		for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
			if (ms_span_is(name, names[i].name))
				rd->m->wishes |= names[i].wish;
		}
	}
	return 0;
}

static int take_nothing(struct reading *rd MS_UNUSED, struct ms_span value MS_UNUSED)
{
	return 0;
}

static int take_require(struct reading *rd, struct ms_span value);

static const struct header {
	const char *ns;
	const char *name;
	int (*take)(struct reading *rd, struct ms_span value);
} headers[] = {
	{ NS_CPIM, "From", take_from },
	{ NS_CPIM, "To", take_to },
	{ NS_CPIM, "cc", take_cc },
	{ NS_CPIM, "DateTime", take_date_time },
	{ NS_CPIM, "Subject", take_subject },
	{ NS_CPIM, "NS", take_ns },
	{ NS_CPIM, "Require", take_require },
	{ MS_CPIM_NS_IMDN, "Message-ID", take_message_id },
	{ MS_CPIM_NS_IMDN, "Disposition-Notification", take_wishes },
	{ MS_CPIM_NS_IMDN, "Original-To", take_nothing },
	{ MS_CPIM_NS_IMDN, "IMDN-Record-Route", take_nothing },
	{ MS_CPIM_NS_IMDN, "IMDN-Route", take_nothing },
};

/* RFC 3862 section 3.4: the latest NS of that prefix counts; without any, core names are meant. */
static struct ms_span ns_of(const struct ms_cpim *m, struct ms_span prefix)
{
	for (size_t i = m->n_ns; i > 0; i--) {
		if (ms_span_eq(m->ns[i - 1].prefix, prefix))
			return m->ns[i - 1].uri;
	}
	return prefix.len == 0 ? MS_SPAN_LIT(NS_CPIM) : MS_SPAN_NULL;
}

static const struct header *find_header(const struct ms_cpim *m, struct ms_span name)
{
	struct ms_span local = name, prefix = ms_span_cut(&local, '.'), ns;

	if (!local.p) {
		local = name;
		prefix = MS_SPAN_NULL;
	}
	ns = ns_of(m, prefix);
	for (size_t i = 0; i < MS_ARRAY_SIZE(headers); i++) {
		if (ms_span_is(local, headers[i].name) && ms_span_is(ns, headers[i].ns))
			return &headers[i];
	}
	/* The core names that bind the others stay what they are under any default name space. */
	for (size_t i = 0; prefix.len == 0 && i < MS_ARRAY_SIZE(headers); i++) {
		if (ms_span_is(local, headers[i].name) && headers[i].take == take_ns)
			return &headers[i];
	}
	return NULL;
}

/* RFC 3862 section 3.5. */
static int take_require(struct reading *rd, struct ms_span value)
{
	while (value.len > 0) {
		struct ms_span name = ms_span_trim(ms_span_cut(&value, ','));

		if (!find_header(rd->m, name))
			return refuse(rd, -ENOTSUP, "cpim_require", name);
	}
	return 0;
}

/* Header = Header-name ":" *( ";" Parameter ) SP Header-value. */
static int take_header(struct reading *rd, struct ms_span line)
{
	struct ms_span value = line, name = ms_span_cut(&value, ':');
	const struct header *h;

	if (!value.p || name.len == 0 || !ms_mime_is_token(name))
		return refuse(rd, -EBADMSG, "cpim_header", line);
	if (ms_mime_has_control(value) || !ms_mime_is_utf8(value))
		return refuse(rd, -EBADMSG, "cpim_header", line);
	if (value.len > 0 && value.p[0] == ';')
		value = ms_span_from(value, ms_span_find(value, ' '));
	h = find_header(rd->m, name);
	return h ? h->take(rd, ms_span_trim(value)) : 0;
}

int ms_cpim_read(struct ms_span text, const struct ms_mime_limits *l, struct ms_cpim *ret_m,
		 struct ms_fault *f)
{
	struct ms_mime_limits limits = ms_mime_limits_of(l);
	struct ms_cpim m = { .n_to = 0 };
	struct reading rd = { &m, f, text.p };
	struct ms_span rest = text;
	size_t n = 0;
	int err;

	for (;;) {
		const uint8_t *start = rest.p;
		struct ms_span line = ms_mime_line(&rest);

		if (!rest.p)
			return refuse(&rd, -EBADMSG, "cpim_no_content", line);
		if (line.len == 0) {
			m.headers = ms_span_of(text.p, (size_t)(start - text.p));
			break;
		}
		if (++n > limits.fields_max || (size_t)(rest.p - text.p) > limits.header_max)
			return refuse(&rd, -EMSGSIZE, "cpim_header_too_long", line);
		err = take_header(&rd, line);
		if (err < 0)
			return err;
	}
	err = ms_mime_read(rest, &limits, &m.content, f);
	if (err == 0)
		*ret_m = m;
	return err;
}
