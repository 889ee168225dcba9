/* SPDX-License-Identifier: Apache-2.0 */
/* Header fields and bodies of MIME entities read in place, RFC 2045 and RFC 5322 section 2.2. */
#include "mime/entity.h"

#include <errno.h>

#include "core/base64.h"
#include "mime/mime-priv.h"

const struct ms_mime_limits ms_mime_limits_default = { 16384, 64, 64, 4, 16 * 1024 * 1024 };

struct ms_mime_limits ms_mime_limits_of(const struct ms_mime_limits *l)
{
	struct ms_mime_limits r = l ? *l : ms_mime_limits_default;

	if (r.header_max == 0)
		r.header_max = ms_mime_limits_default.header_max;
	if (r.fields_max == 0)
		r.fields_max = ms_mime_limits_default.fields_max;
	if (r.parts_max == 0)
		r.parts_max = ms_mime_limits_default.parts_max;
	if (r.depth_max == 0)
		r.depth_max = ms_mime_limits_default.depth_max;
	if (r.body_max == 0)
		r.body_max = ms_mime_limits_default.body_max;
	return r;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* A line and those that continue it (RFC 5322 section 2.2.3). */
static struct ms_span folded_line(struct ms_span *rest)
{
	const uint8_t *start = rest->p;
	struct ms_span line = ms_mime_line(rest);

	while (rest->len > 0 && is_blank(rest->p[0])) {
		struct ms_span more = ms_mime_line(rest);

		line = ms_span_of(start, (size_t)(more.p + more.len - start));
	}
	return line;
}

int ms_mime_next_field(struct ms_span *rest, struct ms_mime_field *ret_field)
{
	struct ms_span at = *rest, line, name;

	if (at.len == 0)
		return -ENOENT;
	line = folded_line(&at);
	name = ms_span_cut(&line, ':');
	if (!line.p)
		return -EBADMSG;
	/* Blanks before the colon are an obsolete liberty two readers could take differently. */
	for (size_t i = 0; i < name.len; i++) {
		if (name.p[i] <= 0x20 || name.p[i] >= 0x7f)
			return -EBADMSG;
	}
	if (name.len == 0)
		return -EBADMSG;
	ret_field->name = name;
	ret_field->value = ms_span_trim(line);
	*rest = at;
	return 0;
}

void ms_mime_unfold(struct ms_buf *b, struct ms_span value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] != '\r' && value.p[i] != '\n') {
			ms_buf_put_u8(b, value.p[i]);
			continue;
		}
		while (i + 1 < value.len && strchr(" \t\r\n", value.p[i + 1]) &&
		       value.p[i + 1] != '\0')
			i++;
		ms_buf_put_u8(b, ' ');
	}
}

/* Parts `text` at the empty line. -EMSGSIZE if it does not come within header_max octets. */
static int split(struct ms_span text, const struct ms_mime_limits *l, struct ms_mime_entity *e)
{
	struct ms_span rest = text;

	while (rest.len > 0) {
		const uint8_t *start = rest.p;
		struct ms_span line = ms_mime_line(&rest);

		if (line.len == 0) {
			e->fields = ms_span_of(text.p, (size_t)(start - text.p));
			e->body = rest.p ? rest : ms_span_of(text.p + text.len, 0);
			return 0;
		}
		if ((size_t)(line.p + line.len - text.p) > l->header_max)
			return -EMSGSIZE;
	}
	e->fields = text;
	e->body = ms_span_of(text.p, 0);
	return 0;
}

int ms_mime_cte_of(struct ms_span value, enum ms_mime_cte *ret_cte)
{
	static const struct {
		const char *name;
		enum ms_mime_cte cte;
	} names[] = {
		{ "", MS_MIME_CTE_IDENTITY },     { "7bit", MS_MIME_CTE_IDENTITY },
		{ "8bit", MS_MIME_CTE_IDENTITY }, { "binary", MS_MIME_CTE_IDENTITY },
		{ "base64", MS_MIME_CTE_BASE64 }, { "quoted-printable", MS_MIME_CTE_QP },
	};

	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		if (ms_span_is_nocase(ms_span_trim(value), names[i].name)) {
			*ret_cte = names[i].cte;
			return 0;
		}
	}
	return -ENOTSUP;
}

static struct ms_span without_angles(struct ms_span id)
{
	if (id.len >= 2 && id.p[0] == '<' && id.p[id.len - 1] == '>')
		return ms_span_sub(id, 1, id.len - 2);
	return id;
}

enum content_field {
	CONTENT_TYPE = 1,
	CONTENT_CTE = 2,
	CONTENT_DISPOSITION = 4,
	CONTENT_ID = 8,
	CONTENT_DESCRIPTION = 16,
};

static unsigned kind_of(struct ms_span name)
{
	static const struct {
		const char *name;
		enum content_field kind;
	} names[] = {
		{ "Content-Type", CONTENT_TYPE },
		{ "Content-Transfer-Encoding", CONTENT_CTE },
		{ "Content-Disposition", CONTENT_DISPOSITION },
		{ "Content-ID", CONTENT_ID },
		{ "Content-Description", CONTENT_DESCRIPTION },
	};

	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		if (ms_span_is_nocase(name, names[i].name))
			return names[i].kind;
	}
	return 0;
}

static int take_field(struct ms_mime_entity *e, const struct ms_mime_field *field, unsigned kind,
		      struct ms_fault *f)
{
	switch (kind) {
	case CONTENT_TYPE:
		return ms_mime_content_type(field->value, &e->type, f);
	case CONTENT_DISPOSITION:
		return ms_mime_disposition(field->value, &e->disposition, f);
	case CONTENT_CTE:
		if (ms_mime_cte_of(field->value, &e->cte) < 0)
			return ms_fault_set(f, -ENOTSUP, 0, "mime_transfer_encoding", 0);
		return 0;
	case CONTENT_ID:
		e->content_id = without_angles(field->value);
		return 0;
	case CONTENT_DESCRIPTION:
		e->description = field->value;
		return 0;
	default:
		return 0;
	}
}

static int read_fields(struct ms_mime_entity *e, const struct ms_mime_limits *l, struct ms_fault *f)
{
	struct ms_span rest = e->fields;
	struct ms_mime_field field;
	unsigned seen = 0;
	size_t n = 0;
	int err;

	while ((err = ms_mime_next_field(&rest, &field)) == 0) {
		unsigned kind = kind_of(field.name);

		if (++n > l->fields_max)
			return ms_fault_set(f, -EMSGSIZE, 0, "mime_fields", 0);
		/* Two readers could each believe another one of them. */
		if (kind & seen)
			return ms_fault_set(f, -EBADMSG, 0, "mime_field_twice",
					    (size_t)(field.name.p - e->fields.p));
		seen |= kind;
		err = take_field(e, &field, kind, f);
		if (err < 0)
			return err;
	}
	if (err == -ENOENT)
		return 0;
	return ms_fault_set(f, err, 0, "mime_field", (size_t)(rest.p - e->fields.p));
}

int ms_mime_read_at(struct ms_span text, const struct ms_mime_limits *l, size_t depth,
		    struct ms_mime_entity *ret_e, struct ms_fault *f)
{
	struct ms_mime_limits limits = ms_mime_limits_of(l);
	/* RFC 2045 section 5.2. */
	struct ms_mime_entity e = {
		.type = { .type = MS_SPAN_LIT("text"), .subtype = MS_SPAN_LIT("plain") },
		.depth = depth,
	};
	int err = split(text, &limits, &e);

	if (err < 0 || e.fields.len > limits.header_max)
		return ms_fault_set(f, -EMSGSIZE, 0, "mime_header_too_long", 0);
	err = read_fields(&e, &limits, f);
	if (err < 0)
		return err;
	if (e.body.len > limits.body_max)
		return ms_fault_set(f, -EMSGSIZE, 0, "mime_body_too_long", 0);
	*ret_e = e;
	return 0;
}

int ms_mime_read(struct ms_span text, const struct ms_mime_limits *l, struct ms_mime_entity *ret_e,
		 struct ms_fault *f)
{
	return ms_mime_read_at(text, l, 0, ret_e, f);
}

struct ms_span ms_mime_field(const struct ms_mime_entity *e, const char *name)
{
	struct ms_span rest = e->fields;
	struct ms_mime_field field;

	while (ms_mime_next_field(&rest, &field) == 0) {
		if (ms_span_is_nocase(field.name, name))
			return field.value;
	}
	return MS_SPAN_NULL;
}

int ms_mime_decode(struct ms_span body, enum ms_mime_cte cte, struct ms_buf *b)
{
	size_t start = b->len;
	int err;

	switch (cte) {
	case MS_MIME_CTE_BASE64:
		err = ms_base64_decode(b, body, true);
		return err == -EINVAL ? -EBADMSG : err;
	case MS_MIME_CTE_QP:
		err = ms_mime_decode_qp(body, b);
		break;
	default:
		ms_buf_put_span(b, body);
		err = ms_buf_status(b);
	}
	if (err < 0)
		ms_buf_truncate(b, start);
	return err;
}

int ms_mime_body(const struct ms_mime_entity *e, struct ms_buf *b)
{
	return ms_mime_decode(e->body, e->cte, b);
}
