/* SPDX-License-Identifier: Apache-2.0 */
#include "list/author.h"

#include <errno.h>

#include "mime/cpim.h"

/* What is passed on has to fit into the limits of those who read it, with fields of ours. */
#define FIELDS 32
#define FIELDS_MAX 8192
#define TYPE_MAX 4096

/* Is it a field that says something about an entity (RFC 2045 section 8), and not written anew? */
static bool is_kept(struct ms_span name)
{
	return ms_span_starts_nocase(name, MS_SPAN_LIT("Content-")) &&
	       !ms_span_is_nocase(name, "Content-Type") &&
	       !ms_span_is_nocase(name, "Content-Transfer-Encoding");
}

static int put_fields(const struct ms_mime_entity *e, struct ms_buf *fields)
{
	struct ms_span rest = e->fields;
	struct ms_mime_field f;
	size_t n = 0;
	int err;

	while ((err = ms_mime_next_field(&rest, &f)) == 0) {
		if (!is_kept(f.name))
			continue;
		if (++n > FIELDS)
			return -EMSGSIZE;
		ms_buf_put_span(fields, f.name);
		ms_buf_put_str(fields, ": ");
		ms_mime_unfold(fields, f.value);
		ms_buf_put_str(fields, "\r\n");
	}
	return err == -ENOENT ? ms_buf_status(fields) : err;
}

static void put_type(const struct ms_mime_entity *e, struct ms_buf *type)
{
	struct ms_span value = ms_mime_field(e, "Content-Type");

	if (value.len > 0)
		ms_mime_unfold(type, value);
	else
		ms_buf_put_str(type, "text/plain");
}

static bool is_notification(const struct ms_mime_entity *e)
{
	return ms_mime_is(&e->type, "message", "imdn+xml");
}

static int write_wrapped(struct ms_cpim_out *m, struct ms_buf *out)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf cpim;
	struct ms_mime_out wrapper = { .type = MS_SPAN_LIT("message/cpim") };

	ms_buf_init_secret(&cpim, out->max);
	ms_cpim_write(&cpim, m);
	ms_buf_fail(out, ms_buf_status(&cpim));
	wrapper.body = ms_buf_span(&cpim);
	ms_mime_write(out, &wrapper);
	return ms_buf_status(out);
}

static int write_entity(const struct ms_mime_entity *e, struct ms_cpim_out *m,
			enum ms_lists_author where, struct ms_buf *out)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf fields, type, body;
	int err;

	ms_buf_init(&fields, FIELDS_MAX);
	ms_buf_init(&type, TYPE_MAX);
	ms_buf_init_secret(&body, out->max);
	err = put_fields(e, &fields);
	/* Without its transfer encoding: inside, nothing needs one. */
	if (err == 0)
		err = ms_mime_body(e, &body);
	if (err)
		return err;
	put_type(e, &type);
	m->content = (struct ms_mime_out){ .type = ms_buf_span(&type),
					   .fields = ms_buf_span(&fields),
					   .body = ms_buf_span(&body) };
	ms_buf_fail(out, ms_buf_status(&type));
	if (where == MS_LISTS_AUTHOR_CPIM)
		return write_wrapped(m, out);
	ms_mime_write(out, &m->content);
	return ms_buf_status(out);
}

int ms_lists_author_wrap(struct ms_span opened, struct ms_span author, struct ms_span list,
			 ms_usec now, enum ms_lists_author where, struct ms_buf *out,
			 struct ms_lists_asked *ret_asked, struct ms_fault *f)
{
	char date[32];
	struct ms_cpim cpim = { .wishes = 0 };
	struct ms_mime_entity whole;
	const struct ms_mime_entity *e = &whole;
	struct ms_cpim_out m = { .from = { .uri = author }, .to = { .uri = list } };
	int err = ms_mime_read(opened, &ms_mime_limits_default, &whole, f);

	if (err)
		return err;
	if (ms_mime_is(&whole.type, "message", "cpim")) {
		err = ms_cpim_read(whole.body, &ms_mime_limits_default, &cpim, f);
		if (err)
			return err;
		e = &cpim.content;
		m.subject = cpim.subject;
		m.date_time = cpim.date_time;
	}
	if (is_notification(e))
		return ms_fault_set(f, -EPERM, 0, "notification", 0);
	/* Bare, a wrapper of the author's making would look like the list's. */
	if (where == MS_LISTS_AUTHOR_SIP && ms_mime_is(&e->type, "message", "cpim"))
		return ms_fault_set(f, -EBADMSG, 0, "cpim", 0);
	if (m.date_time.len == 0)
		m.date_time = ms_span_str(ms_usec_to_iso(now, date));
	*ret_asked = (struct ms_lists_asked){ cpim.wishes, cpim.message_id, cpim.date_time };
	return write_entity(e, &m, where, out);
}
