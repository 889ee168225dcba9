/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message to several recipients through a URI-list service (RFC 5365 section 6): protected once
 * under a ticket that names all of them, with the list of who they are beside it. The service is no
 * resolver: it can pass the message on and not read it (TS 33.328 annex F.3).
 */
#include <errno.h>

#include "core/alloc.h"
#include "mime/multipart.h"
#include "mime/pkcs7.h"
#include "mime/resource-lists.h"
#include "ue/ue-priv.h"

#define LIST_DISPOSITION "recipient-list"
#define TYPE_MAX 512

void ms_ue_many_done(struct ms_ue_many *m)
{
	m->id = ms_free(m->id);
	m->entry = ms_free(m->entry);
	m->uri = ms_free(m->uri);
	m->n = 0;
	ms_buf_done(&m->shown);
}

static size_t count(struct ms_span who)
{
	size_t n = 0;

	while (who.p) {
		(void)ms_span_cut(&who, ',');
		n++;
	}
	return n;
}

/* "cc:carol" and "bcc:dave"; everybody else is written to openly. */
static enum ms_copy_control copy_of(struct ms_span *one)
{
	static const struct {
		const char *prefix;
		enum ms_copy_control copy;
	} prefixes[] = { { "to:", MS_COPY_TO }, { "cc:", MS_COPY_CC }, { "bcc:", MS_COPY_BCC } };

	for (size_t i = 0; i < MS_ARRAY_SIZE(prefixes); i++) {
		struct ms_span prefix = ms_span_str(prefixes[i].prefix);

		if (!ms_span_starts(*one, prefix))
			continue;
		*one = ms_span_from(*one, prefix.len);
		return prefixes[i].copy;
	}
	return MS_COPY_TO;
}

static int add(const struct ms_ue *ue, struct ms_ue_many *m, struct ms_span one)
{
	struct ms_resource_entry *e = &m->entry[m->n];
	int err;

	one = ms_span_trim(one);
	e->copy = copy_of(&one);
	e->copy_given = true;
	e->count = 1;
	err = ms_ue_contact_resolve(&ue->settings->contacts, one, &ue->settings->identity,
				    &m->id[m->n]);
	if (err)
		return err;
	e->uri = m->uri[m->n] = ms_keys_identity_span(&m->id[m->n]);
	if (m->n > 0)
		ms_buf_put_str(&m->shown, ", ");
	ms_buf_put_span(&m->shown, e->uri);
	m->n++;
	return 0;
}

bool ms_ue_many_is(struct ms_span who)
{
	return ms_span_find(who, ',') < who.len;
}

int ms_ue_many_parse(const struct ms_ue *ue, struct ms_span who, struct ms_ue_many *m)
{
	size_t n = count(who);
	int err = 0;

	if (n > MS_UE_MANY_MAX)
		return -E2BIG;
	ms_buf_init(&m->shown, n * (MS_KEYS_IDENTITY_MAX + 2));
	m->id = ms_calloc(n, sizeof(*m->id));
	m->entry = ms_calloc(n, sizeof(*m->entry));
	m->uri = ms_calloc(n, sizeof(*m->uri));
	if (!m->id || !m->entry || !m->uri)
		return -ENOMEM;
	while (!err && who.p)
		err = add(ue, m, ms_span_cut(&who, ','));
	return err ? err : ms_buf_status(&m->shown);
}

static size_t xml_max(const struct ms_ue_many *m)
{
	return 4096 + m->n * (6 * MS_KEYS_IDENTITY_MAX + 64);
}

void ms_ue_many_put_list(const struct ms_ue_many *m, struct ms_buf *entity)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf xml;
	struct ms_mime_out list = { .type = MS_SPAN_LIT(MS_RESOURCE_LISTS_TYPE),
				    .disposition = MS_SPAN_LIT(LIST_DISPOSITION) };

	ms_buf_init(&xml, xml_max(m));
	ms_resource_lists_write(&xml, MS_SPAN_NULL, m->entry, m->n);
	ms_buf_fail(entity, ms_buf_status(&xml));
	list.body = ms_buf_span(&xml);
	ms_mime_write(entity, &list);
}

int ms_ue_many_put(const struct ms_ue_many *m, const struct ms_ue_many_parts *p,
		   struct ms_buf *type, struct ms_buf *body)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf xml, pkcs7;
	struct ms_mime_out part = { .body = p->object };
	char boundary[40];
	int err;

	ms_buf_init(&xml, xml_max(m));
	ms_buf_init(&pkcs7, TYPE_MAX);
	err = ms_mime_boundary(&ms_random_system, boundary);
	if (err)
		return err;
	ms_resource_lists_write(&xml, MS_SPAN_NULL, m->entry, m->n);
	ms_mime_put_pkcs7_type(&pkcs7, p->smime_type);
	ms_buf_put_str(type, "multipart/mixed");
	ms_mime_put_param(type, "boundary", ms_span_str(boundary));
	part.type = ms_buf_span(&pkcs7);
	ms_mime_put_part(body, boundary, &part);
	part.disposition = MS_SPAN_LIT(LIST_DISPOSITION);
	part.body = p->list;
	if (p->list.len == 0) {
		part.type = MS_SPAN_LIT(MS_RESOURCE_LISTS_TYPE);
		part.body = ms_buf_span(&xml);
	}
	ms_mime_put_part(body, boundary, &part);
	ms_mime_put_close(body, boundary);
	err = ms_buf_status(&xml);
	if (!err)
		err = ms_buf_status(&pkcs7);
	if (!err)
		err = ms_buf_status(type);
	return err ? err : ms_buf_status(body);
}
