/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who else got a message: the recipient-list-history that a URI-list service sends along as an S/MIME
 * entity of its own (RFC 5364 section 7, TS 33.328 annex F.3). A courtesy: if it cannot be read the
 * message is shown without it.
 */
#include <errno.h>

#include "core/alloc.h"
#include "mime/multipart.h"
#include "mime/pkcs7.h"
#include "mime/resource-lists.h"
#include "ue/ue-priv.h"

#define OBJECT_MAX (256 * 1024)
#define TEXT_MAX (128 * 1024)

struct ms_ue_others {
	struct ms_ue *ue;
	struct ms_buf object;
	struct ms_keys_smime_in *in; /* owned; into `object` */
	struct ms_keys_asking *asking;
	struct ms_buf text; /* joined by ", " */
	void (*done)(void *arg);
	void *arg;
};

struct ms_ue_others *ms_ue_others_free(struct ms_ue_others *o)
{
	if (!o)
		return NULL;
	ms_keys_asking_cancel(o->asking);
	ms_keys_smime_in_free(o->in);
	ms_buf_done(&o->object);
	ms_buf_done(&o->text);
	return ms_free(o);
}

struct ms_span ms_ue_others_text(const struct ms_ue_others *o)
{
	return o && !ms_buf_status(&o->text) ? ms_buf_span(&o->text) : MS_SPAN_NULL;
}

static bool is_history(const struct ms_mime_entity *e)
{
	return ms_span_is_nocase(e->disposition.type, "recipient-list-history");
}

int ms_ue_others_split(const struct ms_mime_value *type, struct ms_span body,
		       struct ms_mime_entity *ret_message, struct ms_mime_entity *ret_history)
{
	struct ms_mime_entity e, message = { .body = MS_SPAN_NULL }, history = message;
	struct ms_mime_parts it;
	struct ms_fault f;
	int err = ms_mime_parts_open(&it, type, body, &ms_mime_limits_default, &f);

	while (!err && !(err = ms_mime_parts_next(&it, &e, &f))) {
		struct ms_mime_entity *which = is_history(&e) ? &history : &message;

		if (!which->body.p && !ms_mime_pkcs7_check(&e.type, &f))
			*which = e;
	}
	if (err != -ENOENT)
		return err;
	*ret_message = message;
	*ret_history = history;
	return message.body.p ? 0 : -ENOENT;
}

static void put_entry(struct ms_ue_others *o, const struct ms_resource_entry *e)
{
	if (o->text.len > 0)
		ms_buf_put_str(&o->text, ", ");
	ms_buf_put_span(&o->text, e->uri);
	if (e->count > 1)
		ms_buf_printf(&o->text, " (%u)", e->count);
}

static void read_list(struct ms_ue_others *o, const struct ms_mime_entity *e)
{
	MS_CLEANUP(ms_resource_lists_done) struct ms_resource_lists l = { 0 };
	MS_CLEANUP(ms_buf_done) struct ms_buf xml;
	struct ms_fault f;

	ms_buf_init(&xml, OBJECT_MAX);
	if (!ms_mime_is(&e->type, "application", "resource-lists+xml") || ms_mime_body(e, &xml) ||
	    ms_resource_lists_read(ms_buf_span(&xml), NULL, &l, &f))
		return;
	for (size_t i = 0; i < l.n; i++)
		put_entry(o, &l.entry[i]);
}

static void open_list(struct ms_ue_others *o)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf opened;
	struct ms_keys_identity service;
	struct ms_mime_entity e;
	struct ms_fault f;

	ms_buf_init_secret(&opened, OBJECT_MAX);
	if (!ms_keys_smime_open(o->in, ms_clock_wall(), &opened, &service, &f) &&
	    !ms_mime_read(ms_buf_span(&opened), &ms_mime_limits_default, &e, &f) && is_history(&e))
		read_list(o, &e);
}

static void resolved(const struct ms_keys_failure *why, void *arg)
{
	struct ms_ue_others *o = arg;

	o->asking = NULL;
	if (!why)
		open_list(o);
	o->done(o->arg);
}

int ms_ue_others_new(struct ms_ue *ue, const struct ms_mime_entity *history,
		     struct ms_ue_others **ret_o)
{
	struct ms_ue_others *o = ms_zalloc(sizeof(*o));
	int err;

	if (!o)
		return -ENOMEM;
	o->ue = ue;
	ms_buf_init(&o->object, OBJECT_MAX);
	ms_buf_init(&o->text, TEXT_MAX);
	err = ms_mime_body(history, &o->object);
	if (err) {
		ms_ue_others_free(o);
		return err;
	}
	*ret_o = o;
	return 0;
}

bool ms_ue_others_ask(struct ms_ue_others *o, void (*done)(void *arg), void *arg)
{
	struct ms_keys_smime smime = ms_ue_smime_of(o->ue);
	struct ms_fault f = { 0 };
	int err = ms_keys_smime_read(&smime, ms_buf_span(&o->object), ms_clock_wall(), &f, &o->in);

	o->done = done;
	o->arg = arg;
	if (!err)
		err = ms_keys_ring_resolve(o->ue->keys, ms_keys_smime_incoming(o->in),
					   MS_KEYS_RESOLVE_CACHED, resolved, o, &f, &o->asking);
	if (!err && !o->asking)
		open_list(o);
	return o->asking != NULL;
}
