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

static void put_line(struct ms_buf *b, unsigned tag, struct ms_span text)
{
	if (b->len)
		ms_buf_put(b, "\r\n", 2);
	ms_buf_put_u8(b, (uint8_t)letters[tag - SDP_V]);
	ms_buf_put_u8(b, '=');
	ms_buf_put_span(b, text);
}

/* One PropertyParm. Properties that are not SDP's have no text and are left out. */
static bool rd_line(struct rd *r, const struct el *e, struct ms_buf *b)
{
	struct fields f = ms_rd_fields(e);
	struct ms_h248_value *values = NULL;
	uint32_t tag;
	struct el x;

	if (ms_rd_field(r, &f, &x) != P(0) || !ms_rd_name(r, &x, &tag) ||
	    ms_rd_field(r, &f, &x) != C(1))
		return ms_rd_bad(r, e->p, "property");
	if (tag < SDP_V || tag >= SDP_V + sizeof(letters) - 1)
		return true;
	if (x.p == x.end)
		put_line(b, tag, MS_SPAN_LIT("$"));
	if (!ms_rd_values(r, &x, &values))
		return false;
	for (; values; values = values->next)
		put_line(b, tag, ms_rd_unwrap(values->octets));
	return true;
}

static bool rd_groups(struct rd *r, const struct el *e, struct ms_buf *b)
{
	const uint8_t *at = e->p;
	struct el group, item;

	while (ms_rd_item(r, &at, e->end, U_SEQUENCE, &group))
		for (const uint8_t *in = group.p; ms_rd_item(r, &in, group.end, U_SEQUENCE, &item);)
			if (!rd_line(r, &item, b))
				return false;
	return r->err == 0;
}

/* A value of n octets gives a line of at most n + 4 from at least n + 2: twice the size is enough. */
static bool begin_text(struct rd *r, const struct el *e, struct ms_buf *b)
{
	size_t len = (size_t)(e->end - e->p) * 2;
	uint8_t *p = ms_h248_arena_get(r->a, len + 1);
	if (!p)
		return ms_rd_no_memory(r);
	ms_buf_init_fixed(b, p, len);
	return true;
}

bool ms_rd_sdp(struct rd *r, const struct el *e, struct ms_h248_sdp *s)
{
	struct fields f = ms_rd_fields(e);
	struct ms_buf b;
	struct el x;

	if (!begin_text(r, e, &b))
		return false;
	if (ms_rd_field(r, &f, &x) != C(0) || !rd_groups(r, &x, &b) || ms_buf_status(&b) < 0)
		return ms_rd_bad(r, e->p, "property_groups");
	s->present = true;
	s->sdp = ms_buf_span(&b);
	return true;
}

/* IndAudLocalRemoteDescriptor: the names alone. */
bool ms_rd_sdp_names(struct rd *r, const struct el *e, struct ms_h248_sdp *s)
{
	struct fields f = ms_rd_fields(e);
	struct ms_buf b;
	uint32_t tag;
	struct el x, item;
	unsigned id = ms_rd_field(r, &f, &x);

	if (id == P(0))
		id = ms_rd_field(r, &f, &x);
	if (id != C(1) || !begin_text(r, e, &b))
		return ms_rd_bad(r, e->p, "property_group");
	for (const uint8_t *at = x.p; ms_rd_item(r, &at, x.end, U_SEQUENCE, &item);) {
		struct fields names = ms_rd_fields(&item);
		struct el name;
		if (ms_rd_field(r, &names, &name) != P(0) || !ms_rd_name(r, &name, &tag))
			return ms_rd_bad(r, item.p, "property_name");
		if (tag >= SDP_V && tag < SDP_V + sizeof(letters) - 1)
			put_line(&b, tag, MS_SPAN_NULL);
	}
	s->present = true;
	s->sdp = ms_buf_span(&b);
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
