/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local and Remote: groups of annex C.11 properties in binary, lines of SDP in text. A line "c=IN IP4 $"
 * is the property SDP_C (0xB008) with the string "IN IP4 $"; a group begins with "v=" (RFC 3525
 * section 7.1.8).
 */
#include "h248/binary-read-priv.h"
#include "h248/binary-write-priv.h"

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
static uint8_t *text_room(struct rd *r, struct ms_span in)
{
	uint8_t *p = ms_h248_arena_get(r->a, in.len * 2 + 1);
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

/* The values of a property, a line each, behind the text from `start` to `p`; returns its new end. */
static uint8_t *rd_lines(struct rd *r, struct ms_span in, uint32_t tag, const uint8_t *start,
			 uint8_t *p)
{
	struct el x;

	if (in.len == 0) /* CHOOSE (A.2) */
		return put_line(p, p == start, tag, MS_SPAN_LIT("$"));
	while (ms_rd_next(r, &in, &x)) {
		if ((x.id & ~0x20) != U_OCTETS) {
			ms_rd_bad(r, x.in.p, "value");
			return p;
		}
		p = put_line(p, p == start, tag,
			     ms_rd_unwrap(ms_rd_string(r, x, 0, MS_H248_BINARY_MAX)));
	}
	return p;
}

/* One PropertyParm. Properties that are not SDP's have no text and are left out. */
static uint8_t *rd_property(struct rd *r, struct ms_span in, const uint8_t *start, uint8_t *p)
{
	struct fields f = ms_rd_fields(in);
	uint32_t tag;
	struct el x;

	if (ms_rd_field(r, &f, &x) && x.id == P(0)) {
		tag = ms_rd_name(r, x.in);
		if (ms_rd_field(r, &f, &x) && x.id == C(1))
			return is_sdp(tag) ? rd_lines(r, x.in, tag, start, p) : p;
	}
	ms_rd_bad(r, in.p, "property");
	return p;
}

static uint8_t *rd_groups(struct rd *r, struct ms_span in, uint8_t *start)
{
	struct ms_span group, item;
	uint8_t *p = start;

	while (ms_rd_item(r, &in, U_SEQUENCE, &group))
		while (ms_rd_item(r, &group, U_SEQUENCE, &item))
			p = rd_property(r, item, start, p);
	return p;
}

void ms_rd_sdp(struct rd *r, struct ms_span in, struct ms_h248_sdp *s)
{
	struct fields f = ms_rd_fields(in);
	uint8_t *start = text_room(r, in);
	struct el x;

	if (!start || !ms_rd_field(r, &f, &x) || x.id != C(0)) {
		ms_rd_bad(r, in.p, "property_groups");
		return;
	}
	s->present = true;
	s->sdp = ms_span_of(start, (size_t)(rd_groups(r, x.in, start) - start));
}

/* IndAudPropertyGroup: the names alone. */
static uint8_t *rd_names(struct rd *r, struct ms_span in, uint8_t *start)
{
	struct ms_span item;
	uint8_t *p = start;
	struct el x;

	while (ms_rd_item(r, &in, U_SEQUENCE, &item)) {
		struct fields f = ms_rd_fields(item);
		uint32_t tag = 0;
		if (ms_rd_field(r, &f, &x) && x.id == P(0))
			tag = ms_rd_name(r, x.in);
		else
			ms_rd_bad(r, item.p, "property_name");
		if (is_sdp(tag))
			p = put_line(p, p == start, tag, MS_SPAN_NULL);
	}
	return p;
}

/* IndAudLocalRemoteDescriptor: perhaps which group, and the names. */
void ms_rd_sdp_names(struct rd *r, struct ms_span in, struct ms_h248_sdp *s)
{
	struct fields f = ms_rd_fields(in);
	uint8_t *start = text_room(r, in);
	struct el x;
	bool found = ms_rd_field(r, &f, &x);

	if (found && x.id == P(0))
		found = ms_rd_field(r, &f, &x);
	if (!start || !found || x.id != C(1)) {
		ms_rd_bad(r, in.p, "property_group");
		return;
	}
	s->present = true;
	s->sdp = ms_span_of(start, (size_t)(rd_names(r, x.in, start) - start));
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
