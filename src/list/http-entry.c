/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One member of a list over HTTP, without the whole document on the way: RFC 4825 sections 7.4 to 7.6
 * for .../~~/resource-lists/list/entry[@uri="URI"].
 */
#include <errno.h>

#include "core/alloc.h"
#include "list/http-priv.h"
#include "list/lists.h"
#include "mime/resource-lists.h"

#define ELEMENT_TYPE "application/xcap-el+xml"
#define ELEMENT_MAX 16384

static const char before[] =
	"<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"><list>";
static const char after[] = "</list></resource-lists>";

static const struct ms_lists_entry *find(const struct ms_lists_list *l, struct ms_span uri)
{
	const struct ms_list *link;

	ms_list_foreach (link, &l->entries[MS_LISTS_MEMBER]) {
		const struct ms_lists_entry *e = MS_CONTAINER_OF(link, struct ms_lists_entry, link);

		if (ms_span_is(uri, e->uri))
			return e;
	}
	return NULL;
}

static void get(struct ms_lists_visit *v, const struct ms_lists_entry *e)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	int status = ms_lists_http_precondition(v);

	ms_buf_init(&b, ELEMENT_MAX);
	if (status) {
		ms_http_refuse(v->r, status);
		return;
	}
	ms_resource_entry_write(
		&b, &(struct ms_resource_entry){ .uri = ms_span_str(e->uri),
						 .display_name = ms_span_str(e->display),
						 .count = 1 });
	if (ms_buf_status(&b))
		ms_http_refuse(v->r, 503);
	else
		ms_lists_http_tagged(v, 200, v->list, ELEMENT_TYPE, ms_buf_span(&b));
}

/* ---- changes ---- */

static void changed(struct ms_lists_visit *v, int status, struct ms_span uri, const char *what)
{
	ms_lists_count(MS_LISTS_C_CHANGES);
	MS_LOG(&ms_lists_log, MS_LOG_NOTICE, "http=%llu member %.*s of %s %s by %s",
	       (unsigned long long)ms_http_id(v->r), MS_SPAN_FMT(uri), v->uri.uri, what,
	       v->client.identity.uri[0] ? v->client.identity.uri : "*");
	v->list = ms_lists_find(ms_lists.directory, ms_keys_identity_span(&v->uri));
	ms_lists_http_tagged(v, status, v->list, NULL, MS_SPAN_NULL);
}

/* All members as they are, but for one that has another name. */
static int replace(struct ms_lists_visit *v, const struct ms_lists_entry_spec *with)
{
	const struct ms_lists_list *l = v->list;
	MS_CLEANUP(ms_freep)
	struct ms_lists_entry_spec *e = ms_calloc(l->n[MS_LISTS_MEMBER], sizeof(*e));
	const struct ms_list *link;
	struct ms_lists_spec s = { .uri = ms_span_str(l->uri),
				   .owner = ms_span_str(l->owner),
				   .group = ms_span_str(l->group),
				   .post = l->post,
				   .show = l->show,
				   .n[MS_LISTS_MEMBER] = l->n[MS_LISTS_MEMBER],
				   .replace[MS_LISTS_MEMBER] = true };
	size_t n = 0;

	if (!e)
		return -ENOMEM;
	ms_list_foreach (link, &l->entries[MS_LISTS_MEMBER]) {
		const struct ms_lists_entry *m = MS_CONTAINER_OF(link, struct ms_lists_entry, link);

		e[n++] = ms_span_is(with->uri, m->uri)
				 ? *with
				 : (struct ms_lists_entry_spec){ ms_span_str(m->uri),
								 ms_span_str(m->display) };
	}
	s.entries[MS_LISTS_MEMBER] = e;
	return ms_lists_put(ms_lists.directory, &s);
}

static void put_entry(struct ms_lists_visit *v, const struct ms_lists_entry *old,
		      const struct ms_lists_entry_spec *e)
{
	int err = old ? replace(v, e)
		      : ms_lists_entry_add(ms_lists.directory, ms_keys_identity_span(&v->uri),
					   MS_LISTS_MEMBER, e);

	if (err)
		ms_lists_http_refuse(v, err);
	else
		changed(v, old ? 200 : 201, e->uri, old ? "named anew" : "added");
}

/* RFC 4825 section 8.2.3: what is put has to be what the selector finds afterwards. */
static void put_document(struct ms_lists_visit *v, const struct ms_lists_entry *old,
			 struct ms_span uri, const struct ms_resource_lists *doc)
{
	struct ms_keys_identity who;

	if (doc->n != 1 || ms_keys_identity_parse(doc->entry[0].uri, &who) ||
	    !ms_span_is(uri, who.uri))
		ms_lists_http_conflict(v, "cannot-insert", "not the entry that the path names");
	else
		put_entry(v, old, &(struct ms_lists_entry_spec){ uri, doc->entry[0].display_name });
}

static void put(struct ms_lists_visit *v, const struct ms_lists_entry *old, struct ms_span uri)
{
	const struct ms_resource_limits limits = { .octets = ELEMENT_MAX, .entries = 1 };
	MS_CLEANUP(ms_resource_lists_done) struct ms_resource_lists doc = { .n = 0 };
	MS_CLEANUP(ms_buf_done) struct ms_buf whole;
	struct ms_fault f = { 0 };
	int err;

	ms_buf_init(&whole, ELEMENT_MAX);
	ms_buf_put_str(&whole, before);
	ms_buf_put_span(&whole, ms_http_body(v->r));
	ms_buf_put_str(&whole, after);
	err = ms_buf_status(&whole);
	if (!ms_http_is_type(v->r, ELEMENT_TYPE)) {
		ms_http_refuse(v->r, 415);
		return;
	}
	if (err == 0)
		err = ms_resource_lists_read(ms_buf_span(&whole), &limits, &doc, &f);
	if (err == -ENOMEM)
		ms_http_refuse(v->r, 503);
	else if (err)
		ms_lists_http_conflict(v, "not-xml-frag", "not one entry");
	else
		put_document(v, old, uri, &doc);
}

static void delete (struct ms_lists_visit *v, struct ms_span uri)
{
	int err = ms_lists_entry_remove(ms_lists.directory, ms_keys_identity_span(&v->uri),
					MS_LISTS_MEMBER, uri);

	if (err)
		ms_lists_http_refuse(v, err);
	else
		changed(v, 200, uri, "removed");
}

static void change(struct ms_lists_visit *v, const struct ms_lists_entry *e, struct ms_span uri)
{
	int status = ms_lists_http_precondition(v);

	if (!ms_lists_http_may_change(v))
		ms_http_refuse(v->r, 403);
	else if (status)
		ms_http_refuse(v->r, status);
	else if (ms_http_method(v->r) == MS_HTTP_PUT)
		put(v, e, uri);
	else if (e)
		delete (v, uri);
	else
		ms_http_refuse(v->r, 404);
}

void ms_lists_http_entry(struct ms_lists_visit *v, struct ms_span selector)
{
	unsigned method = ms_http_method(v->r);
	bool is_get = method == MS_HTTP_GET || method == MS_HTTP_HEAD;
	const struct ms_lists_entry *e = NULL;
	struct ms_keys_identity who;
	struct ms_span uri;

	if (ms_lists_selector_read(selector, &uri) || ms_keys_identity_parse(uri, &who)) {
		ms_http_refuse(v->r, 404);
		return;
	}
	if (v->list)
		e = find(v->list, ms_keys_identity_span(&who));
	if (!v->list && method == MS_HTTP_PUT)
		ms_lists_http_conflict(v, "no-parent", "there is no such list");
	else if (!v->list)
		ms_http_refuse(v->r, 404);
	else if (!is_get)
		change(v, e, ms_keys_identity_span(&who));
	else if (!ms_lists_http_may_see(v, v->list))
		ms_http_refuse(v->r, 403);
	else if (e)
		get(v, e);
	else
		ms_http_refuse(v->r, 404);
}
