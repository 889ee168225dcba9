/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local and Remote: groups of annex C.11 properties in binary, lines of SDP in text. A line "c=IN IP4 $"
 * is the property SDP_C (0xB008) with the string "IN IP4 $"; a group begins with "v=" (RFC 3525
 * section 7.1.8).
 */
#include "h248/binary-priv.h"

#define SDP_V 0xb001u

/* Letters in the order of their tags, SDP_V 0xB001 to SDP_M 0xB00F. */
static const char letters[] = "vosiuepcbzkatrm";

static unsigned tag_of(uint8_t letter)
{
	const char *at = letter ? strchr(letters, letter) : NULL;
	return at ? SDP_V + (unsigned)(at - letters) : 0;
}

/* ---- reading ---- */

/* Room for the text: a value of n octets gives a line of at most n + 4 from at least n + 2. */
static uint8_t *text_room(struct rd *r, const struct el *e)
{
	uint8_t *p = ms_h248_arena_get(r->a, (size_t)(e->end - e->p) * 2 + 1);
	if (!p)
		ms_rd_no_memory(r);
	return p;
}

static uint8_t *put_line(uint8_t *p, bool first, unsigned tag, struct ms_span text)
{
	if (!first) {
		*p++ = '\r';
		*p++ = '\n';
	}
	*p++ = (uint8_t)letters[tag - SDP_V];
	*p++ = '=';
	if (text.len)
		memcpy(p, text.p, text.len);
	return p + text.len;
}

static bool is_sdp(uint32_t tag)
{
	return tag >= SDP_V && tag < SDP_V + sizeof(letters) - 1;
}

/* One PropertyParm. Properties that are not SDP's have no text and are left out. */
static bool rd_line(struct rd *r, const struct el *e, const uint8_t *start, uint8_t **p)
{
	struct fields f = ms_rd_fields(e);
	struct ms_span octets;
	uint32_t tag;
	struct el x, value;

	if (ms_rd_field(r, &f, &x) != P(0) || !ms_rd_name(r, &x, &tag) ||
	    ms_rd_field(r, &f, &x) != C(1))
		return ms_rd_bad(r, e->p, "property");
	if (!is_sdp(tag))
		return true;
	if (x.p == x.end) /* CHOOSE (A.2) */
		*p = put_line(*p, *p == start, tag, MS_SPAN_LIT("$"));
	for (const uint8_t *at = x.p; ms_rd_next(r, &at, x.end, &value);) {
		if ((value.id & ~0x20) != U_OCTETS)
			return ms_rd_bad(r, value.p, "value");
		if (!ms_rd_string(r, &value, 0, MS_H248_BINARY_MAX, &octets))
			return false;
		*p = put_line(*p, *p == start, tag, ms_rd_unwrap(octets));
	}
	return r->err == 0;
}

static bool rd_groups(struct rd *r, const struct el *e, const uint8_t *start, uint8_t **p)
{
	const uint8_t *at = e->p;
	struct el group, item;

	while (ms_rd_item(r, &at, e->end, U_SEQUENCE, &group))
		for (const uint8_t *in = group.p; ms_rd_item(r, &in, group.end, U_SEQUENCE, &item);)
			if (!rd_line(r, &item, start, p))
				return false;
	return r->err == 0;
}

bool ms_rd_sdp(struct rd *r, const struct el *e, struct ms_h248_sdp *s)
{
	struct fields f = ms_rd_fields(e);
	uint8_t *start = text_room(r, e), *p = start;
	struct el x;

	if (!start)
		return false;
	if (ms_rd_field(r, &f, &x) != C(0) || !rd_groups(r, &x, start, &p))
		return ms_rd_bad(r, e->p, "property_groups");
	s->present = true;
	s->sdp = ms_span_of(start, (size_t)(p - start));
	return true;
}

/* IndAudLocalRemoteDescriptor: the names alone. */
bool ms_rd_sdp_names(struct rd *r, const struct el *e, struct ms_h248_sdp *s)
{
	struct fields f = ms_rd_fields(e);
	uint8_t *start = text_room(r, e), *p = start;
	uint32_t tag;
	struct el x, item, name;
	unsigned id = ms_rd_field(r, &f, &x);

	if (id == P(0))
		id = ms_rd_field(r, &f, &x);
	if (id != C(1) || !start)
		return ms_rd_bad(r, e->p, "property_group");
	for (const uint8_t *at = x.p; ms_rd_item(r, &at, x.end, U_SEQUENCE, &item);) {
		struct fields names = ms_rd_fields(&item);
		if (ms_rd_field(r, &names, &name) != P(0) || !ms_rd_name(r, &name, &tag))
			return ms_rd_bad(r, item.p, "property_name");
		if (is_sdp(tag))
			p = put_line(p, p == start, tag, MS_SPAN_NULL);
	}
	s->present = true;
	s->sdp = ms_span_of(start, (size_t)(p - start));
	return r->err == 0;
}

/* ---- writing ---- */

/* The next line that is not empty, without white space in front (which text may have) and its end. */
static bool next_line(struct ms_span *rest, struct ms_span *ret_line)
{
	while (rest->p && rest->len) {
		struct ms_span line = ms_span_cut(rest, '\n');
		while (line.len && (line.p[0] == ' ' || line.p[0] == '\t' || line.p[0] == '\r'))
			line = ms_span_from(line, 1);
		if (line.len && line.p[line.len - 1] == '\r')
			line.len--;
		*ret_line = line;
		if (line.len)
			return true;
	}
	return false;
}

static void wr_property(struct wr *w, struct ms_span line, bool value)
{
	struct ms_span text = ms_span_from(line, 2);
	unsigned tag = line.len > 1 && line.p[1] == '=' ? tag_of(line.p[0]) : 0;
	unsigned type = U_IA5;

	if (!tag) {
		ms_wr_bad(w);
		return;
	}
	size_t property = ms_wr_open(w, U_SEQUENCE);
	uint8_t *p = ms_wr_room(w, 6);
	memcpy(p, (uint8_t[]){ P(0), 4, 0, 0, 0xb0, (uint8_t)tag }, 6);
	if (value) {
		size_t values = ms_wr_open(w, C(1));
		for (size_t i = 0; i < text.len; i++)
			if (text.p[i] >= 0x80)
				type = U_UTF8;
		if (!ms_span_is(text, "$")) /* alone: CHOOSE, no value */
			ms_wr_wrapped(w, U_OCTETS, type, text);
		ms_wr_close(w, values);
	}
	ms_wr_close(w, property);
}

void ms_wr_sdp(struct wr *w, unsigned id, const struct ms_h248_sdp *s)
{
	struct ms_span rest = s->sdp, line;
	size_t descriptor = ms_wr_open(w, id), groups = ms_wr_open(w, C(0)), group = 0;

	while (next_line(&rest, &line)) {
		if (group && line.p[0] == 'v')
			ms_wr_close(w, group);
		if (!group || line.p[0] == 'v')
			group = ms_wr_open(w, U_SEQUENCE);
		wr_property(w, line, true);
	}
	if (group)
		ms_wr_close(w, group);
	ms_wr_close(w, groups);
	ms_wr_close(w, descriptor);
}

void ms_wr_sdp_names(struct wr *w, unsigned id, const struct ms_h248_sdp *s)
{
	struct ms_span rest = s->sdp, line;
	size_t descriptor = ms_wr_open(w, id), group = ms_wr_open(w, C(1));

	while (next_line(&rest, &line))
		wr_property(w, line, false);
	ms_wr_close(w, group);
	ms_wr_close(w, descriptor);
}
