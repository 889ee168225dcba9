/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: RFC 8855 sections 5.1 (header), 5.2 (attributes) and 5.3 (what belongs to which message). */
#include <errno.h>

#include "bfcp/bfcp-priv.h"
#include "core/reader.h"

/** Unknown mandatory attributes listed in one Error (section 5.2.6.1). */
#define UNKNOWN_MAX 64

int ms_bfcp_parse_header(struct ms_span octets, struct ms_bfcp_header *ret_header)
{
	struct ms_reader r = ms_reader_of(octets);
	struct ms_bfcp_header h = { 0 };
	uint8_t first;

	if (ms_read_u8(&r, &first) || ms_read_u8(&r, &h.primitive) || ms_read_u16(&r, &h.payload) ||
	    ms_read_u32(&r, &h.conference) || ms_read_u16(&r, &h.transaction) ||
	    ms_read_u16(&r, &h.user))
		return -EBADMSG;
	h.version = first >> 5;
	/* Section 5.1: over a reliable transport the two flags are ignored. */
	h.response = h.version == MS_BFCP_UNRELIABLE && (first & 0x10);
	h.fragment = h.version == MS_BFCP_UNRELIABLE && (first & 0x08);
	*ret_header = h;
	return 0;
}

int ms_bfcp_frame(struct ms_span octets, size_t max, size_t *ret_len)
{
	struct ms_bfcp_header h;
	size_t len;

	*ret_len = 0;
	/* The first octet is enough to see that this is something else, such as TLS. */
	if (octets.len > 0 && octets.p[0] >> 5 != MS_BFCP_RELIABLE)
		return -EPROTO;
	if (ms_bfcp_parse_header(octets, &h) < 0)
		return 0;
	len = MS_BFCP_HEADER + 4 * (size_t)h.payload;
	if (len > max)
		return -EMSGSIZE;
	*ret_len = len;
	return 0;
}

/* The value of an attribute whose kind is known. */
static int read_value(struct ms_reader *r, enum ms_bfcp_kind kind, struct ms_bfcp_attribute *a)
{
	uint8_t octet = 0;
	int err = 0;

	switch (kind) {
	case MS_BFCP_KIND_ID:
	case MS_BFCP_KIND_GROUP:
		err = ms_read_u16(r, &a->value);
		break;
	case MS_BFCP_KIND_PRIORITY:
		err = ms_read_u16(r, &a->value);
		a->value >>= 13;
		break;
	case MS_BFCP_KIND_STATUS:
	case MS_BFCP_KIND_ERROR:
		err = ms_read_u8(r, &octet);
		a->value = octet;
		if (err == 0 && kind == MS_BFCP_KIND_STATUS)
			err = ms_read_u8(r, &a->queue);
		break;
	case MS_BFCP_KIND_OPAQUE:
	case MS_BFCP_KIND_OCTETS:
		break;
	}
	if (err == 0)
		err = ms_read_span(r, ms_read_left(r),
				   kind == MS_BFCP_KIND_GROUP ? &a->inner : &a->octets);
	/* Those of a fixed size end here. */
	if (err == 0 && a->octets.len > 0 && kind <= MS_BFCP_KIND_STATUS &&
	    kind != MS_BFCP_KIND_OPAQUE)
		err = -EBADMSG;
	return err;
}

/* One attribute with its padding (section 5.2: Length counts the two octets in front, not the padding). */
static int read_attribute(struct ms_reader *r, struct ms_bfcp_attribute *ret_a)
{
	struct ms_bfcp_attribute a = { 0 };
	struct ms_span value, padding;
	struct ms_reader inner;
	uint8_t type, length;

	if (ms_read_u8(r, &type) || ms_read_u8(r, &length) || length < 2 ||
	    ms_read_span(r, length - 2u, &value) ||
	    ms_read_span(r, (4u - length % 4u) % 4u, &padding))
		return -EBADMSG;
	a.type = type >> 1;
	a.mandatory = type & 1;
	inner = ms_reader_of(value);
	if (read_value(&inner, ms_bfcp_type_entry(a.type)->kind, &a) < 0)
		return -EBADMSG;
	*ret_a = a;
	return 0;
}

bool ms_bfcp_next(struct ms_span *rest, struct ms_bfcp_attribute *ret_a)
{
	struct ms_reader r = ms_reader_of(*rest);

	if (rest->len == 0 || read_attribute(&r, ret_a) < 0)
		return false;
	*rest = ms_span_from(*rest, ms_read_offset(&r));
	return true;
}

bool ms_bfcp_find(struct ms_span attributes, unsigned type, struct ms_bfcp_attribute *ret_a)
{
	struct ms_bfcp_attribute a;

	while (ms_bfcp_next(&attributes, &a)) {
		if (a.type == type) {
			*ret_a = a;
			return true;
		}
	}
	return false;
}

/* What a walk over the attributes finds wrong. */
struct finding {
	const char *reason;
	size_t offset;
	uint8_t unknown
		[UNKNOWN_MAX]; /* types of unknown mandatory attributes, as they are listed */
	size_t n_unknown;
};

static int refuse(struct finding *f, const char *reason, const uint8_t *start, const uint8_t *at)
{
	f->reason = reason;
	f->offset = (size_t)(at - start);
	return -EBADMSG;
}

static const struct ms_bfcp_rule *rule_for(const struct ms_bfcp_rule *rules, unsigned type)
{
	for (size_t i = 0; i < MS_BFCP_RULES && rules[i].type != 0; i++) {
		if (rules[i].type == type)
			return &rules[i];
	}
	return NULL;
}

static bool counts_fit(const struct ms_bfcp_rule *rules, const unsigned *counts)
{
	for (size_t i = 0; i < MS_BFCP_RULES && rules[i].type != 0; i++) {
		if (counts[i] < rules[i].min || (counts[i] > 1 && !rules[i].many))
			return false;
	}
	return true;
}

/*
 * Known attributes where the grammar has no place for them are EXTENSION-ATTRIBUTEs as unknown ones
 * are. The depth is that of the table of types, which has no loops.
 */
static int check(struct ms_span attributes, const struct ms_bfcp_rule *rules, const uint8_t *start,
		 struct finding *f)
{
	struct ms_reader r = ms_reader_of(attributes);
	unsigned counts[MS_BFCP_RULES] = { 0 };

	while (ms_read_left(&r) > 0) {
		const struct ms_bfcp_rule *rule;
		struct ms_bfcp_attribute a;
		const uint8_t *at = r.p;

		if (read_attribute(&r, &a) < 0)
			return refuse(f, "bfcp_attribute", start, at);
		rule = rule_for(rules, a.type);
		if (rule)
			counts[rule - rules]++;
		if (rule && check(a.inner, ms_bfcp_type_entry(a.type)->inner, start, f) < 0)
			return -EBADMSG;
		if (a.mandatory && !ms_bfcp_type_name(a.type) && f->n_unknown < UNKNOWN_MAX)
			f->unknown[f->n_unknown++] = (uint8_t)(a.type << 1);
	}
	return counts_fit(rules, counts) ? 0 : refuse(f, "bfcp_grammar", start, attributes.p);
}

static int check_header(struct ms_span octets, struct ms_bfcp_header *h, struct ms_fault *f)
{
	if (ms_bfcp_parse_header(octets, h) < 0)
		return ms_fault_set(f, -EBADMSG, MS_BFCP_INCORRECT_LENGTH, "bfcp_length", 0);
	if (h->version != MS_BFCP_RELIABLE && h->version != MS_BFCP_UNRELIABLE)
		return ms_fault_set(f, -EBADMSG, MS_BFCP_UNSUPPORTED_VERSION, "bfcp_version", 0);
	if (h->fragment)
		return ms_fault_set(f, -EBADMSG, MS_BFCP_UNPARSEABLE, "bfcp_fragment", 0);
	if (octets.len != MS_BFCP_HEADER + 4 * (size_t)h->payload)
		return ms_fault_set(f, -EBADMSG, MS_BFCP_INCORRECT_LENGTH, "bfcp_length", 2);
	if (!ms_bfcp_primitive_entry(h->primitive))
		return ms_fault_set(f, -EBADMSG, MS_BFCP_UNKNOWN_PRIMITIVE, "bfcp_primitive", 1);
	return 0;
}

int ms_bfcp_parse(struct ms_span octets, struct ms_bfcp_message *ret_m, struct ms_fault *f)
{
	struct ms_bfcp_message m = { .attributes = ms_span_from(octets, MS_BFCP_HEADER) };
	struct finding found = { 0 };
	int err = check_header(octets, &m.header, f);

	if (err < 0)
		return err;
	if (check(m.attributes, ms_bfcp_primitive_entry(m.header.primitive)->rules, octets.p,
		  &found) < 0)
		return ms_fault_set(f, -EBADMSG, MS_BFCP_UNPARSEABLE, found.reason, found.offset);
	if (found.n_unknown > 0)
		return ms_fault_set(f, -EBADMSG, MS_BFCP_UNKNOWN_MANDATORY_ATTRIBUTE,
				    "bfcp_unknown_mandatory", 0);
	*ret_m = m;
	return 0;
}

size_t ms_bfcp_unknown(struct ms_span octets, uint8_t *types, size_t max)
{
	struct ms_bfcp_header h;
	struct finding found = { 0 };
	size_t n;

	if (check_header(octets, &h, NULL) < 0 ||
	    check(ms_span_from(octets, MS_BFCP_HEADER), ms_bfcp_primitive_entry(h.primitive)->rules,
		  octets.p, &found) < 0)
		return 0;
	n = found.n_unknown < max ? found.n_unknown : max;
	memcpy(types, found.unknown, n);
	return n;
}
