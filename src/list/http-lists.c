/* SPDX-License-Identifier: Apache-2.0 */
/* What is done with lists over HTTP, for a client that is known. See http.h. */
#include <errno.h>

#include "core/alloc.h"
#include "list/http-priv.h"
#include "list/psi.h"
#include "list/uri-list.h"
#include "mime/resource-lists.h"

#define TAG_ROOM 24
#define NODE "~~/" /* RFC 4825 section 6.1: what follows is inside the document */
#define NODE_MAX 1024
#define ERROR_TYPE "application/xcap-error+xml"

/* ---- answers ---- */

static char *tag_of(const struct ms_lists_list *l, char tag[static TAG_ROOM])
{
	struct ms_buf b;

	ms_buf_init_fixed(&b, tag, TAG_ROOM);
	ms_buf_printf(&b, "\"%llx\"", (unsigned long long)l->changed);
	(void)ms_buf_cstr(&b);
	return tag;
}

void ms_lists_http_tagged(struct ms_lists_visit *v, int status, const struct ms_lists_list *l,
			  const char *type, struct ms_span body)
{
	char tag[TAG_ROOM], fields[TAG_ROOM + 16];
	struct ms_buf b;

	ms_buf_init_fixed(&b, fields, sizeof(fields));
	ms_buf_printf(&b, "ETag: %s\r\n", tag_of(l, tag));
	ms_http_reply_fields(v->r, status, ms_buf_cstr(&b), type, body);
}

/* RFC 4825 section 11: what is wrong with a document. `phrase`: ours, without anything to escape. */
void ms_lists_http_conflict(struct ms_lists_visit *v, const char *element, const char *phrase)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, 2048);
	ms_buf_put_str(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<xcap-error "
			   "xmlns=\"urn:ietf:params:xml:ns:xcap-error\">");
	ms_buf_printf(&b, "<%s phrase=\"%s\"/></xcap-error>\r\n", element, phrase);
	ms_http_reply(v->r, 409, ERROR_TYPE, ms_buf_span(&b));
}

void ms_lists_http_refuse(struct ms_lists_visit *v, int err)
{
	const char *why = ms_lists_why(ms_lists.directory, err);

	MS_LOG(&ms_lists_log, MS_LOG_INFO, "http=%llu change of %s refused: %s",
	       (unsigned long long)ms_http_id(v->r), v->uri.uri, why);
	if (err == -ENOENT)
		ms_http_refuse(v->r, 404);
	else if (err == -EINVAL || err == -ELOOP || err == -ENOSPC)
		ms_lists_http_conflict(v, "constraint-failure", why);
	else
		ms_http_refuse(v->r, err == -ENOMEM ? 503 : 500);
}

/* ---- who, what, under which conditions ---- */

static bool is_all(const struct ms_lists_client *c)
{
	return c->identity.uri[0] == '\0';
}

bool ms_lists_http_may_see(const struct ms_lists_visit *v, const struct ms_lists_list *l)
{
	return is_all(&v->client) ||
	       ms_lists_may_see(l, ms_keys_identity_span(&v->client.identity));
}

bool ms_lists_http_may_change(const struct ms_lists_visit *v)
{
	return is_all(&v->client) || !v->list ||
	       strcmp(v->client.identity.uri, v->list->owner) == 0;
}

/* Is the list's tag in a field like If-Match (RFC 9110 section 13.1.1)? Weak tags never are. */
static bool names_tag(struct ms_span field, const struct ms_lists_list *l)
{
	char tag[TAG_ROOM];

	if (ms_span_is(field, "*"))
		return l != NULL;
	(void)(l ? tag_of(l, tag) : NULL);
	while (l && field.len > 0)
		if (ms_span_is(ms_span_trim(ms_span_cut(&field, ',')), tag))
			return true;
	return false;
}

/* 0: go on; else the status that the conditions ask for. */
int ms_lists_http_precondition(const struct ms_lists_visit *v)
{
	struct ms_span match = ms_http_header(v->r, "If-Match");
	struct ms_span none = ms_http_header(v->r, "If-None-Match");

	if (match.p && !names_tag(match, v->list))
		return 412;
	if (none.p && names_tag(none, v->list))
		return ms_http_method(v->r) == MS_HTTP_GET ? 304 : 412;
	return 0;
}

/* ---- GET ---- */

static void write_members(struct ms_lists_visit *v)
{
	const struct ms_lists_list *l = v->list;
	size_t n = 0;
	MS_CLEANUP(ms_freep)
	struct ms_resource_entry *e = ms_calloc(l->n[MS_LISTS_MEMBER] + 1, sizeof(*e));
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	const struct ms_list *link;

	ms_buf_init(&b, (size_t)ms_lists.config->http.body_max + 4096);
	if (!e) {
		ms_http_refuse(v->r, 503);
		return;
	}
	ms_list_foreach (link, &l->entries[MS_LISTS_MEMBER]) {
		const struct ms_lists_entry *m = MS_CONTAINER_OF(link, struct ms_lists_entry, link);

		e[n++] = (struct ms_resource_entry){ .uri = ms_span_str(m->uri),
						     .display_name = ms_span_str(m->display),
						     .count = 1 };
	}
	ms_resource_lists_write(&b, MS_SPAN_NULL, e, n);
	if (ms_buf_status(&b))
		ms_http_refuse(v->r, 503);
	else
		ms_lists_http_tagged(v, 200, l, MS_RESOURCE_LISTS_TYPE, ms_buf_span(&b));
}

static void get_one(struct ms_lists_visit *v)
{
	int status = ms_lists_http_precondition(v);

	if (!v->list)
		ms_http_refuse(v->r, 404);
	else if (!ms_lists_http_may_see(v, v->list))
		ms_http_refuse(v->r, 403);
	else if (status)
		ms_http_refuse(v->r, status);
	else
		write_members(v);
}

struct index {
	struct ms_lists_visit *v;
	struct ms_resource_entry *entry;
	size_t n;
};

static int take_list(const struct ms_lists_list *l, void *arg)
{
	struct index *i = arg;

	if (ms_lists_http_may_see(i->v, l))
		i->entry[i->n++] =
			(struct ms_resource_entry){ .uri = ms_span_str(l->uri), .count = 1 };
	return 0;
}

static void get_index(struct ms_lists_visit *v)
{
	MS_CLEANUP(ms_freep)
	struct ms_resource_entry *e =
		ms_calloc(ms_lists_count_of(ms_lists.directory) + 1, sizeof(*e));
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct index i = { v, e, 0 };

	ms_buf_init(&b, (size_t)ms_lists.config->http.body_max + 4096);
	if (e) {
		(void)ms_lists_each(ms_lists.directory, take_list, &i);
		ms_resource_lists_write(&b, MS_SPAN_NULL, e, i.n);
	}
	if (!e || ms_buf_status(&b))
		ms_http_refuse(v->r, 503);
	else
		ms_http_reply(v->r, 200, MS_RESOURCE_LISTS_TYPE, ms_buf_span(&b));
}

/* ---- PUT ---- */

/* A word out of the query; false: another one. */
static bool choose(const struct ms_lists_visit *v, const char *name, const char *const *names,
		   unsigned *i)
{
	char text[32];
	int err = ms_http_query(v->r, name, text, sizeof(text));

	if (err == -ENOENT)
		return true;
	for (unsigned k = 0; err == 0 && names[k]; k++)
		if (strcmp(text, names[k]) == 0) {
			*i = k;
			return true;
		}
	return false;
}

/* The owner is who has the token; who may do everything names one. */
static bool choose_owner(const struct ms_lists_visit *v, struct ms_keys_identity *ret_owner)
{
	char text[MS_KEYS_IDENTITY_MAX];
	int err = ms_http_query(v->r, "owner", text, sizeof(text));

	if (err == 0 && is_all(&v->client))
		return ms_keys_identity_parse(ms_span_str(text), ret_owner) == 0;
	if (err != -ENOENT)
		return false;
	if (v->list)
		return ms_keys_identity_parse(ms_span_str(v->list->owner), ret_owner) == 0;
	*ret_owner = v->client.identity;
	return !is_all(&v->client);
}

static struct ms_span domain_of(struct ms_span uri)
{
	return ms_span_from(uri, ms_span_find(uri, '@') + 1);
}

/* A list at the URI of a user would keep him out of all others (and get what is sent to him). */
static bool is_place_for_lists(const struct ms_lists_visit *v)
{
	const struct ms_config_list *l = &ms_lists.config->http.domains;
	const char *const *domain = l->items;
	struct ms_span its = domain_of(ms_keys_identity_span(&v->uri));
	struct ms_span service = ms_span_str(ms_lists.config->uri_list.service);

	if (is_all(&v->client) || v->list)
		return true;
	if (ms_lists_uri_is_service(ms_keys_identity_span(&v->uri)))
		return false;
	for (size_t i = 0; i < l->n; i++)
		if (ms_span_is_nocase(its, domain[i]))
			return true;
	return l->n == 0 && its.len > 0 && ms_span_eq_nocase(its, domain_of(service));
}

static int count_owned(const struct ms_lists_list *l, void *arg)
{
	struct index *i = arg;

	i->n += strcmp(l->owner, i->v->client.identity.uri) == 0;
	return 0;
}

static bool has_room(struct ms_lists_visit *v)
{
	struct index i = { v, NULL, 0 };

	if (is_all(&v->client) || v->list)
		return true;
	(void)ms_lists_each(ms_lists.directory, count_owned, &i);
	return i.n < ms_lists.config->http.lists_owner;
}

static void put_members(struct ms_lists_visit *v, const struct ms_resource_lists *doc,
			struct ms_lists_spec *s)
{
	MS_CLEANUP(ms_freep) struct ms_lists_entry_spec *e = ms_calloc(doc->n + 1, sizeof(*e));
	bool is_new = v->list == NULL;
	int err = e ? 0 : -ENOMEM;

	for (size_t i = 0; e && i < doc->n; i++)
		e[i] = (struct ms_lists_entry_spec){ doc->entry[i].uri,
						     doc->entry[i].display_name };
	s->replace[MS_LISTS_MEMBER] = true;
	s->entries[MS_LISTS_MEMBER] = e;
	s->n[MS_LISTS_MEMBER] = doc->n;
	if (err == 0)
		err = ms_lists_put(ms_lists.directory, s);
	if (err) {
		ms_lists_http_refuse(v, err);
		return;
	}
	ms_lists_count(MS_LISTS_C_CHANGES);
	MS_LOG(&ms_lists_log, MS_LOG_NOTICE, "http=%llu %s %s by %s, %zu entries",
	       (unsigned long long)ms_http_id(v->r), v->uri.uri, is_new ? "made" : "replaced",
	       is_all(&v->client) ? "*" : v->client.identity.uri, doc->n);
	v->list = ms_lists_find(ms_lists.directory, ms_keys_identity_span(&v->uri));
	ms_lists_http_tagged(v, is_new ? 201 : 200, v->list, NULL, MS_SPAN_NULL);
}

static void put_document(struct ms_lists_visit *v, struct ms_lists_spec *s)
{
	const struct ms_resource_limits limits = { .octets = ms_lists.config->http.body_max,
						   .entries = ms_lists.config->limits.members };
	MS_CLEANUP(ms_resource_lists_done) struct ms_resource_lists doc = { .n = 0 };
	struct ms_fault f = { 0 };
	int err = ms_resource_lists_read(ms_http_body(v->r), &limits, &doc, &f);

	if (err == -EBADMSG)
		ms_lists_http_conflict(v, "schema-validation-error", "not a resource list");
	else if (err == -E2BIG || err == -EMSGSIZE)
		ms_lists_http_conflict(v, "constraint-failure", "too many entries, or too deep");
	else if (err == -ENOTSUP)
		ms_lists_http_conflict(v, "constraint-failure",
				       "references to other documents are not taken");
	else if (err)
		ms_http_refuse(v->r, 503);
	else
		put_members(v, &doc, s);
}

static void put_one(struct ms_lists_visit *v)
{
	unsigned post = v->list ? v->list->post : MS_LISTS_POST_MEMBERS;
	unsigned see = v->list ? v->list->show : MS_LISTS_SHOW_OWNER;
	struct ms_keys_identity owner;
	struct ms_lists_spec s;

	if (!ms_http_is_type(v->r, MS_RESOURCE_LISTS_TYPE)) {
		ms_http_refuse(v->r, 415);
		return;
	}
	if (!choose(v, "post", ms_lists_posting_names, &post) ||
	    !choose(v, "show", ms_lists_showing_names, &see) || !choose_owner(v, &owner)) {
		ms_http_refuse(v->r, 400);
		return;
	}
	if (!is_place_for_lists(v)) {
		ms_http_refuse(v->r, 403);
		return;
	}
	if (!has_room(v)) {
		ms_lists_http_conflict(v, "constraint-failure", "you have too many lists");
		return;
	}
	s = (struct ms_lists_spec){ .uri = ms_keys_identity_span(&v->uri),
				    .owner = ms_keys_identity_span(&owner),
				    .group = ms_span_str(v->list ? v->list->group : ""),
				    .post = post,
				    .show = see };
	put_document(v, &s);
}

/* ---- DELETE ---- */

static void delete_one(struct ms_lists_visit *v)
{
	int err = ms_lists_psi_remove(ms_keys_identity_span(&v->uri));

	if (err) {
		ms_lists_http_refuse(v, err);
		return;
	}
	ms_lists_count(MS_LISTS_C_CHANGES);
	MS_LOG(&ms_lists_log, MS_LOG_NOTICE, "http=%llu %s removed by %s",
	       (unsigned long long)ms_http_id(v->r), v->uri.uri,
	       is_all(&v->client) ? "*" : v->client.identity.uri);
	ms_http_reply(v->r, 200, NULL, MS_SPAN_NULL);
}

static void change(struct ms_lists_visit *v)
{
	int status = ms_lists_http_precondition(v);

	if (!ms_lists_http_may_change(v))
		ms_http_refuse(v->r, 403);
	else if (status)
		ms_http_refuse(v->r, status);
	else if (ms_http_method(v->r) == MS_HTTP_PUT)
		put_one(v);
	else
		delete_one(v);
}

void ms_lists_http_answer(struct ms_http_request *r, const struct ms_lists_client *client)
{
	struct ms_lists_visit v = { .r = r, .client = *client };
	char uri[MS_KEYS_IDENTITY_MAX], below[NODE_MAX];
	bool is_get = ms_http_method(r) == MS_HTTP_GET || ms_http_method(r) == MS_HTTP_HEAD;
	int err = ms_http_query(r, "uri", uri, sizeof(uri));

	if (ms_http_below(r, MS_LISTS_HTTP_PATH, below, sizeof(below)) ||
	    (*below && !ms_span_starts(ms_span_str(below), MS_SPAN_LIT(NODE)))) {
		ms_http_refuse(r, 404);
		return;
	}
	if (err == -ENOENT && is_get && !*below) {
		get_index(&v);
		return;
	}
	if (err || ms_keys_identity_parse(ms_span_str(uri), &v.uri)) {
		ms_http_refuse(r, 400);
		return;
	}
	v.list = ms_lists_find(ms_lists.directory, ms_keys_identity_span(&v.uri));
	if (*below)
		ms_lists_http_entry(&v, ms_span_from(ms_span_str(below), strlen(NODE)));
	else if (is_get)
		get_one(&v);
	else
		change(&v);
}
