/* SPDX-License-Identifier: Apache-2.0 */
/* Reading resource lists: RFC 4826 section 3.2, RFC 5364 section 5. */
#include "mime/resource-lists.h"

#include <errno.h>

#include "core/alloc.h"
#include "mime/mime-priv.h"
#include "mime/xml-priv.h"

#define NS_LISTS "urn:ietf:params:xml:ns:resource-lists"
#define NS_COPY "urn:ietf:params:xml:ns:copycontrol"

#define OCTETS_DEFAULT ((size_t)1 << 20)
#define ENTRIES_DEFAULT 10000
#define DEPTH_DEFAULT 4

enum space { SPACE_OTHER, SPACE_LISTS, SPACE_COPY };

/* Prefixes in force inside an element; p == NULL: none is bound to that name space. */
struct scope {
	struct ms_span lists, copy;
};

struct reading {
	struct ms_xml x;
	struct ms_resource_limits limits;
	struct ms_resource_lists out;
	size_t room;                          /* entries allocated */
	struct scope scope[MS_XML_DEPTH + 1]; /* by depth */
	unsigned lists;                       /* how many <list> we are in */
	const char *reason;
};

static int refuse(struct reading *r, int err, const char *reason)
{
	r->reason = reason;
	return err;
}

/* ---- name spaces ---- */

/* "a:b" into a prefix and a local name; no prefix is the empty one. */
static struct ms_span split(struct ms_span name, struct ms_span *ret_local)
{
	size_t n = ms_span_find(name, ':');

	if (n == name.len) {
		*ret_local = name;
		return ms_span_sub(name, 0, 0);
	}
	*ret_local = ms_span_from(name, n + 1);
	return ms_span_sub(name, 0, n);
}

static void bind(struct ms_span *bound, const char *ns, struct ms_span prefix, struct ms_span value)
{
	if (ms_span_is(value, ns))
		*bound = prefix;
	else if (bound->p && ms_span_eq(*bound, prefix))
		*bound = MS_SPAN_NULL; /* that prefix means something else in here */
}

/* Namespaces in XML 1.0 section 3: declarations of this element hold for itself, too. */
static void enter_scope(struct reading *r, struct ms_span attributes)
{
	struct scope *s = &r->scope[r->x.depth];
	struct ms_span name, value, local;

	*s = r->scope[r->x.depth - 1];
	while (ms_xml_next_attribute(&attributes, &name, &value)) {
		struct ms_span prefix = split(name, &local);

		if (ms_span_is(name, "xmlns"))
			bind(&s->lists, NS_LISTS, ms_span_sub(name, 0, 0), value);
		if (!ms_span_is(prefix, "xmlns"))
			continue;
		bind(&s->lists, NS_LISTS, local, value);
		bind(&s->copy, NS_COPY, local, value);
	}
}

static bool is_bound(struct ms_span bound, struct ms_span prefix)
{
	return bound.p && ms_span_eq(bound, prefix);
}

/* The local name of an element of resource lists; p == NULL for another. */
static struct ms_span element(const struct reading *r, const struct ms_xml_token *t)
{
	struct ms_span local, prefix = split(t->name, &local);

	return is_bound(r->scope[r->x.depth].lists, prefix) ? local : MS_SPAN_NULL;
}

/* Attributes without a prefix belong to their element. */
static enum space attribute(const struct reading *r, struct ms_span name, struct ms_span *ret_local)
{
	struct ms_span prefix = split(name, ret_local);

	if (prefix.len == 0)
		return SPACE_LISTS;
	return is_bound(r->scope[r->x.depth].copy, prefix) ? SPACE_COPY : SPACE_OTHER;
}

/* ---- tokens ---- */

static int next(struct reading *r, struct ms_xml_token *ret_t)
{
	int err = ms_xml_next(&r->x, ret_t);

	if (err == 0 && ret_t->kind == MS_XML_START)
		enter_scope(r, ret_t->attributes);
	return err;
}

/* As next(), past blanks; other text is refused. */
static int next_element(struct reading *r, struct ms_xml_token *ret_t)
{
	int err;

	do {
		err = next(r, ret_t);
		if (err == 0 && ret_t->kind == MS_XML_TEXT && ms_span_trim(ret_t->text).len > 0)
			return -EBADMSG;
	} while (err == 0 && ret_t->kind == MS_XML_TEXT);
	return err;
}

/* Inside an element of no interest (the schema lets others' in), to its end. */
static int skip(struct reading *r)
{
	unsigned outside = r->x.depth - 1;
	struct ms_xml_token t;
	int err = 0;

	while (err == 0 && r->x.depth > outside)
		err = ms_xml_next(&r->x, &t);
	return err;
}

/* Text into our own buffer, which never moves: references make text shorter, never longer. */
static int keep(struct reading *r, struct ms_span raw, struct ms_span *ret_text)
{
	size_t from = r->out.text.len;
	struct ms_span text;

	ms_xml_put_resolved(&r->out.text, raw);
	if (ms_buf_status(&r->out.text) < 0)
		return ms_buf_status(&r->out.text);
	text = ms_span_trim(ms_span_from(ms_buf_span(&r->out.text), from));
	if (ms_mime_has_control(text))
		return -EBADMSG;
	*ret_text = text;
	return 0;
}

/* ---- entries ---- */

static int read_copy(struct ms_span value, struct ms_resource_entry *e)
{
	static const char *const names[] = {
		[MS_COPY_BCC] = "bcc", [MS_COPY_CC] = "cc", [MS_COPY_TO] = "to"
	};

	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		if (!ms_span_is(value, names[i]))
			continue;
		e->copy = (enum ms_copy_control)i;
		e->copy_given = true;
		return 0;
	}
	return -EBADMSG;
}

/* XML Schema's boolean has four spellings. */
static int read_boolean(struct ms_span value, bool *ret_b)
{
	bool yes = ms_span_is(value, "true") || ms_span_is(value, "1");

	if (!yes && !ms_span_is(value, "false") && !ms_span_is(value, "0"))
		return -EBADMSG;
	*ret_b = yes;
	return 0;
}

static int read_count(struct ms_span value, struct ms_resource_entry *e)
{
	uint64_t n;

	if (ms_span_u64(value, UINT32_MAX, &n) < 0)
		return -EBADMSG;
	e->count = (uint32_t)n;
	return 0;
}

static int copy_attribute(struct ms_span local, struct ms_span value, struct ms_resource_entry *e)
{
	value = ms_span_trim(value);
	if (ms_span_is(local, "copyControl"))
		return read_copy(value, e);
	if (ms_span_is(local, "anonymize"))
		return read_boolean(value, &e->anonymize);
	return ms_span_is(local, "count") ? read_count(value, e) : 0;
}

static int entry_attributes(struct reading *r, struct ms_span attributes,
			    struct ms_resource_entry *e)
{
	struct ms_span name, value, local;
	int err = 0;

	while (err == 0 && ms_xml_next_attribute(&attributes, &name, &value)) {
		enum space space = attribute(r, name, &local);

		if (space == SPACE_COPY)
			err = copy_attribute(local, value, e);
		else if (space == SPACE_LISTS && ms_span_is(local, "uri"))
			err = e->uri.p ? -EBADMSG : keep(r, value, &e->uri);
	}
	if (err == 0 && e->uri.len == 0)
		err = -EBADMSG;
	return err;
}

/* Inside <display-name>; text only. Without `ret_name` it is passed over. */
static int read_display_name(struct reading *r, struct ms_span *ret_name)
{
	struct ms_xml_token t;
	int err;

	while ((err = next(r, &t)) == 0 && t.kind == MS_XML_TEXT) {
		if (ret_name && !ret_name->p)
			err = keep(r, t.text, ret_name);
		if (err < 0)
			return err;
	}
	return err < 0 ? err : t.kind == MS_XML_CLOSE ? 0 : -EBADMSG;
}

static int entry_children(struct reading *r, struct ms_resource_entry *e)
{
	struct ms_xml_token t;
	int err;

	while ((err = next_element(r, &t)) == 0 && t.kind == MS_XML_START) {
		if (ms_span_is(element(r, &t), "display-name"))
			err = read_display_name(r, &e->display_name);
		else
			err = skip(r);
		if (err < 0)
			return err;
	}
	return err;
}

static int grow(struct reading *r)
{
	size_t room = r->room ? 2 * r->room : 16;
	struct ms_resource_entry *more;

	if (r->out.n == r->limits.entries)
		return refuse(r, -E2BIG, "resource_lists_entries");
	if (r->out.n < r->room)
		return 0;
	more = ms_realloc(r->out.entry, room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	r->out.entry = more;
	r->room = room;
	return 0;
}

static int read_entry(struct reading *r, const struct ms_xml_token *start)
{
	struct ms_resource_entry e = { .count = 1 };
	int err = grow(r);

	if (err == 0)
		err = entry_attributes(r, start->attributes, &e);
	if (err == 0)
		err = entry_children(r, &e);
	if (err == 0)
		r->out.entry[r->out.n++] = e;
	return err;
}

/* ---- lists ---- */

static int enter_list(struct reading *r, const struct ms_xml_token *start)
{
	struct ms_span name = ms_xml_attribute(start->attributes, MS_SPAN_LIT("name"));

	if (r->lists == r->limits.depth)
		return refuse(r, -EMSGSIZE, "resource_lists_depth");
	r->lists++;
	return name.p && !r->out.name.p ? keep(r, name, &r->out.name) : 0;
}

/* An element inside <resource-lists> or <list>. */
static int read_child(struct reading *r, const struct ms_xml_token *t)
{
	struct ms_span name = element(r, t);

	if (ms_span_is(name, "list"))
		return enter_list(r, t);
	if (name.p && r->lists == 0)
		return -EBADMSG;
	if (ms_span_is(name, "entry"))
		return read_entry(r, t);
	if (ms_span_is(name, "entry-ref") || ms_span_is(name, "external"))
		return refuse(r, -ENOTSUP, "resource_lists_reference");
	if (ms_span_is(name, "display-name"))
		return read_display_name(r, NULL);
	return skip(r);
}

static int read_document(struct reading *r)
{
	struct ms_xml_token t;
	int err = next_element(r, &t);

	if (err < 0 || t.kind != MS_XML_START || !ms_span_is(element(r, &t), "resource-lists"))
		return -EBADMSG;
	/* Lists are flattened: what closes is the innermost list, and at last the root. */
	while (err == 0 && r->x.depth > 0) {
		err = next_element(r, &t);
		if (err == 0 && t.kind == MS_XML_START)
			err = read_child(r, &t);
		else if (err == 0 && t.kind == MS_XML_CLOSE && r->lists > 0)
			r->lists--;
	}
	if (err == 0)
		err = next_element(r, &t);
	return err < 0 ? err : t.kind == MS_XML_END ? 0 : -EBADMSG;
}

/* Resolved text is never longer than the document, so with its room taken at once the buffer never
 * moves and spans into it last. */
static int make_room(struct reading *r, size_t len)
{
	ms_buf_init(&r->out.text, len + 1);
	if (!ms_buf_extend(&r->out.text, len + 1))
		return -ENOMEM;
	ms_buf_reset(&r->out.text);
	return 0;
}

int ms_resource_lists_read(struct ms_span xml, const struct ms_resource_limits *l,
			   struct ms_resource_lists *ret_lists, struct ms_fault *f)
{
	struct reading r = { .limits = l ? *l : (struct ms_resource_limits){ 0 } };
	int err;

	if (r.limits.octets == 0)
		r.limits.octets = OCTETS_DEFAULT;
	if (r.limits.entries == 0)
		r.limits.entries = ENTRIES_DEFAULT;
	if (r.limits.depth == 0)
		r.limits.depth = DEPTH_DEFAULT;
	if (xml.len > r.limits.octets)
		return ms_fault_set(f, -EMSGSIZE, 0, "resource_lists_octets", 0);
	err = ms_xml_open(&r.x, xml);
	if (err == 0)
		err = make_room(&r, xml.len);
	if (err == 0)
		err = read_document(&r);
	if (err < 0) {
		ms_resource_lists_done(&r.out);
		return ms_fault_set(f, err, 0, r.reason ? r.reason : "resource_lists_xml",
				    r.x.rest.p ? (size_t)(r.x.rest.p - xml.p) : 0);
	}
	*ret_lists = r.out;
	return 0;
}

void ms_resource_lists_done(struct ms_resource_lists *lists)
{
	lists->entry = ms_free(lists->entry);
	lists->n = 0;
	ms_buf_done(&lists->text);
}
