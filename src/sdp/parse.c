/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing session descriptions: RFC 8866 section 9, with the grammar of the lines we use. */
#include <errno.h>

#include "core/alloc.h"
#include "sdp/sdp-priv.h"

const struct ms_sdp_limits ms_sdp_limits_default = {
	.text = (size_t)48 * 1024, .lines = 1024, .media = 32, .line = (size_t)32 * 1024
};

/* SIP statuses a refusal leads to. */
#define NOT_ACCEPTABLE 488
#define TOO_LARGE 513

struct parser {
	struct ms_sdp *sdp;
	struct ms_sdp_limits limits;
	struct ms_fault *fault;
	const uint8_t *start;
};

static int refuse(struct parser *p, const char *reason, size_t offset)
{
	return ms_fault_set(p->fault, -EBADMSG, NOT_ACCEPTABLE, reason, offset);
}

static int over_limit(struct parser *p, size_t offset)
{
	return ms_fault_set(p->fault, -E2BIG, TOO_LARGE, "sdp_limit", offset);
}

static struct ms_sdp_limits effective(const struct ms_sdp_limits *limits)
{
	struct ms_sdp_limits l = ms_sdp_limits_default;

	if (!limits)
		return l;
	if (limits->text)
		l.text = limits->text;
	if (limits->lines)
		l.lines = limits->lines;
	if (limits->media)
		l.media = limits->media;
	if (limits->line)
		l.line = limits->line;
	return l;
}

/* ---- lines ---- */

/* Cuts one line off *rest, without its end; counts its octets. */
static struct ms_span cut_line(struct ms_span *rest)
{
	struct ms_span line = ms_span_cut(rest, '\n');

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

static int read_line(struct parser *p, struct ms_span line, struct ms_sdp_line *ret_line)
{
	size_t offset = (size_t)(line.p - p->start);

	if (line.len > p->limits.line)
		return over_limit(p, offset);
	/* type "=" value: one lower-case letter (RFC 8866 section 5); NUL and CR are in no value. */
	if (line.len < 2 || line.p[0] < 'a' || line.p[0] > 'z' || line.p[1] != '=')
		return refuse(p, "sdp_line", offset);
	if (ms_span_find(line, '\0') < line.len || ms_span_find(line, '\r') < line.len)
		return refuse(p, "sdp_line", offset);
	*ret_line = (struct ms_sdp_line){ (char)line.p[0], ms_span_from(line, 2), offset };
	return 0;
}

static int count_lines(struct parser *p, struct ms_span text, size_t *ret_lines, size_t *ret_media)
{
	struct ms_span rest = text;
	size_t lines = 0, media = 0;

	while (rest.len > 0) {
		struct ms_span line = cut_line(&rest);

		lines++;
		if (line.len > 0 && line.p[0] == 'm')
			media++;
		if (lines > p->limits.lines || media > p->limits.media)
			return over_limit(p, (size_t)(line.p - p->start));
	}
	*ret_lines = lines;
	*ret_media = media;
	return 0;
}

static int read_lines(struct parser *p, struct ms_span text)
{
	struct ms_sdp *sdp = p->sdp;
	struct ms_span rest = text;
	size_t lines, media;
	int err = count_lines(p, text, &lines, &media);

	if (err < 0)
		return err;
	sdp->lines = ms_calloc(lines, sizeof(*sdp->lines));
	sdp->media = ms_calloc(media, sizeof(*sdp->media));
	if (!sdp->lines || !sdp->media)
		return -ENOMEM;
	while (rest.len > 0) {
		err = read_line(p, cut_line(&rest), &sdp->lines[sdp->n_lines]);
		if (err < 0)
			return err;
		sdp->n_lines++;
	}
	return 0;
}

/* ---- fields ---- */

/* The next field of a line whose fields are separated by exactly one space; none is empty. */
static bool field(struct ms_span *rest, struct ms_span *ret_field)
{
	struct ms_span f = ms_span_cut(rest, ' ');

	if (f.len == 0)
		return false;
	*ret_field = f;
	return true;
}

static bool is_token(struct ms_span s)
{
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || strchr("\"(),/:;<=>?@[\\]", s.p[i]))
			return false;
	return true;
}

static bool is_number(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.len > 0 && s.len <= 20;
}

/* "IN" SP ("IP4" / "IP6") SP address ["/" ttl ["/" number]] */
static int read_address(struct ms_span rest, struct ms_sdp_address *ret_a)
{
	struct ms_span net, type, address;

	if (!field(&rest, &net) || !field(&rest, &type) || !field(&rest, &address) || rest.p)
		return -EBADMSG;
	if (!ms_span_is(net, "IN") || (!ms_span_is(type, "IP4") && !ms_span_is(type, "IP6")))
		return -EBADMSG;
	ret_a->ipv6 = ms_span_is(type, "IP6");
	ret_a->address = ms_span_sub(address, 0, ms_span_find(address, '/'));
	return ret_a->address.len > 0 ? 0 : -EBADMSG;
}

static int read_origin(struct ms_sdp *sdp, struct ms_span rest)
{
	if (!field(&rest, &sdp->username) || !field(&rest, &sdp->session_id) ||
	    !field(&rest, &sdp->session_version))
		return -EBADMSG;
	if (!is_number(sdp->session_id) || !is_number(sdp->session_version))
		return -EBADMSG;
	return read_address(rest, &sdp->origin);
}

/* media SP port ["/" number] SP proto SP fmt */
static int read_media(struct ms_sdp_media *m, struct ms_span rest)
{
	struct ms_span ports, port;
	uint64_t v;

	if (!field(&rest, &m->media) || !field(&rest, &ports) || !field(&rest, &m->proto))
		return -EBADMSG;
	if (!is_token(m->media) || rest.len == 0)
		return -EBADMSG;
	m->fmt = rest;
	port = ms_span_cut(&ports, '/');
	if (ms_span_u64(port, UINT16_MAX, &v) < 0)
		return -EBADMSG;
	m->port = (uint16_t)v;
	m->n_ports = 1;
	if (ports.p) {
		if (ms_span_u64(ports, UINT16_MAX, &v) < 0 || v == 0)
			return -EBADMSG;
		m->n_ports = (uint16_t)v;
	}
	m->kind = ms_sdp_proto_of(m->proto);
	return 0;
}

/* ---- sections ---- */

/* a=name or a=name:value, the name a token. */
static int check_attributes(struct parser *p)
{
	for (size_t i = 0; i < p->sdp->n_lines; i++) {
		const struct ms_sdp_line *l = &p->sdp->lines[i];

		if (l->type == 'a' &&
		    !is_token(ms_span_sub(l->value, 0, ms_span_find(l->value, ':'))))
			return refuse(p, "sdp_attribute", l->offset);
	}
	return 0;
}

static int split_sections(struct parser *p)
{
	struct ms_sdp *sdp = p->sdp;
	struct ms_sdp_section *at = &sdp->session;

	at->lines = sdp->lines;
	for (size_t i = 0; i < sdp->n_lines; i++) {
		if (sdp->lines[i].type == 'm') {
			struct ms_sdp_media *m = &sdp->media[sdp->n_media];

			if (read_media(m, sdp->lines[i].value) < 0)
				return refuse(p, "sdp_media", sdp->lines[i].offset);
			sdp->n_media++;
			at = &m->section;
			at->lines = &sdp->lines[i];
		}
		at->n_lines++;
	}
	return 0;
}

static int check_session(struct parser *p)
{
	struct ms_sdp *sdp = p->sdp;

	/*
	 * v= is first, o= second, and s= is there (RFC 8866 section 5). A missing t= is let pass: it
	 * says nothing in offer/answer (RFC 3264 section 5).
	 */
	if (sdp->session.n_lines < 2 || sdp->lines[0].type != 'v')
		return refuse(p, "sdp_missing", 0);
	if (!ms_span_is(sdp->lines[0].value, "0"))
		return refuse(p, "sdp_version", sdp->lines[0].offset);
	if (sdp->lines[1].type != 'o' || read_origin(sdp, sdp->lines[1].value) < 0)
		return refuse(p, "sdp_origin", sdp->lines[1].offset);
	if (!ms_sdp_line(&sdp->session, 's', &sdp->name))
		return refuse(p, "sdp_missing", 0);
	for (size_t i = 2; i < sdp->n_lines; i++)
		if (sdp->lines[i].type == 'v' || sdp->lines[i].type == 'o')
			return refuse(p, "sdp_line", sdp->lines[i].offset);
	return 0;
}

static enum ms_sdp_direction direction_of(const struct ms_sdp_section *s,
					  enum ms_sdp_direction otherwise)
{
	static const char *const names[] = { "sendrecv", "sendonly", "recvonly", "inactive" };

	for (size_t i = 0; i < s->n_lines; i++)
		for (size_t d = 0; d < MS_ARRAY_SIZE(names); d++)
			if (s->lines[i].type == 'a' && ms_span_is(s->lines[i].value, names[d]))
				return (enum ms_sdp_direction)d;
	return otherwise;
}

static enum ms_sdp_setup setup_of(const struct ms_sdp_section *s, enum ms_sdp_setup otherwise)
{
	struct ms_span v;

	if (!ms_sdp_attr(s, "setup", &v))
		return otherwise;
	if (ms_span_is_nocase(v, "active"))
		return MS_SDP_ACTIVE;
	if (ms_span_is_nocase(v, "passive"))
		return MS_SDP_PASSIVE;
	if (ms_span_is_nocase(v, "actpass"))
		return MS_SDP_ACTPASS;
	return MS_SDP_SETUP_NONE; /* holdconn: RFC 6135 section 4.2.1 */
}

static int connection_of(struct parser *p, const struct ms_sdp_section *s, struct ms_sdp_address *a)
{
	for (size_t i = 0; i < s->n_lines; i++) {
		if (s->lines[i].type != 'c')
			continue;
		if (read_address(s->lines[i].value, a) < 0)
			return refuse(p, "sdp_connection", s->lines[i].offset);
		break;
	}
	return 0;
}

/* What a media section does not say itself, the session section says for it. */
static int inherit(struct parser *p)
{
	struct ms_sdp *sdp = p->sdp;
	struct ms_sdp_address common = { 0 };
	enum ms_sdp_direction direction = direction_of(&sdp->session, MS_SDP_SENDRECV);
	enum ms_sdp_setup setup = setup_of(&sdp->session, MS_SDP_SETUP_NONE);
	int err = connection_of(p, &sdp->session, &common);

	for (size_t i = 0; i < sdp->n_media && err == 0; i++) {
		struct ms_sdp_media *m = &sdp->media[i];

		m->direction = direction_of(&m->section, direction);
		m->setup = setup_of(&m->section, setup);
		m->connection = common;
		err = connection_of(p, &m->section, &m->connection);
		/* Each media section has a c= line, or the session has (RFC 8866 section 5.7). */
		if (err == 0 && m->connection.address.len == 0 && m->port != 0)
			err = refuse(p, "sdp_connection", m->section.lines[0].offset);
	}
	return err;
}

static int parse(struct parser *p, struct ms_span text)
{
	int err;

	if (text.len > p->limits.text)
		return over_limit(p, 0);
	err = read_lines(p, text);
	if (err == 0)
		err = split_sections(p);
	if (err == 0)
		err = check_session(p);
	if (err == 0)
		err = check_attributes(p);
	return err < 0 ? err : inherit(p);
}

int ms_sdp_parse(struct ms_span text, const struct ms_sdp_limits *limits, struct ms_fault *f,
		 struct ms_sdp *ret_sdp)
{
	struct ms_sdp sdp = { 0 };
	struct parser p = { &sdp, effective(limits), f, text.p };
	int err = parse(&p, text);

	if (err < 0) {
		ms_sdp_done(&sdp);
		return err;
	}
	*ret_sdp = sdp;
	return 0;
}

void ms_sdp_done(struct ms_sdp *sdp)
{
	ms_free(sdp->lines);
	ms_free(sdp->media);
	*sdp = (struct ms_sdp){ 0 };
}
