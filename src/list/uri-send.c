/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What recipients of a URI-list message get: its other parts byte for byte, and perhaps who else gets
 * them, protected once under a ticket that all may resolve (RFC 5365 section 7.2, RFC 5364 section 6,
 * TS 33.328 annex F.3).
 */
#include <errno.h>

#include "list/post.h"
#include "list/uri-priv.h"
#include "mime/multipart.h"
#include "mime/pkcs7.h"

#define HISTORY_DISPOSITION "recipient-list-history; handling=optional"

/* ---- posting ---- */

static void posted(int err, void *arg)
{
	struct ms_lists_uri_work *w = arg;

	w->posted = false;
	if (err) {
		ms_lists_uri_later(w, "store", strerror(-err));
		return;
	}
	ms_lists_held_remember(&w->held, w->in);
	MS_LOG(&ms_lists_log, MS_LOG_INFO, "call=%s message from %s to a list of %zu accepted",
	       MS_QUOTED(w->request->call_id), w->sender.uri.uri, w->n);
	ms_lists_uri_accept(w);
}

/* RFC 5365 section 7.2: From as it came, but for the tag. */
static void put_from(const struct ms_lists_uri_work *w, struct ms_buf *b)
{
	struct ms_sip_address a;

	if (!ms_sip_packet_address(w->request, "From", 0, &a)) {
		ms_buf_fail(b, -EBADMSG);
		return;
	}
	if (a.display.len > 0) {
		ms_buf_put_u8(b, '"');
		ms_buf_put_span(b, a.display);
		ms_buf_put_str(b, "\" ");
	}
	ms_buf_put_u8(b, '<');
	ms_buf_put_span(b, a.uri);
	ms_buf_put_u8(b, '>');
}

struct out {
	struct ms_buf from, asserted, tag, type, encoding, body;
};

static void out_init(struct out *o)
{
	ms_buf_init(&o->from, 2048);
	ms_buf_init(&o->asserted, 1024);
	ms_buf_init(&o->tag, 4096);
	ms_buf_init(&o->type, 1024);
	ms_buf_init(&o->encoding, 64);
	ms_buf_init(&o->body, (size_t)1 << 18);
}

static void out_done(struct out *o)
{
	ms_buf_done(&o->from);
	ms_buf_done(&o->asserted);
	ms_buf_done(&o->tag);
	ms_buf_done(&o->type);
	ms_buf_done(&o->encoding);
	ms_buf_done(&o->body);
}

static int out_status(const struct out *o)
{
	const struct ms_buf *all[] = { &o->from, &o->asserted, &o->tag,
				       &o->type, &o->encoding, &o->body };

	for (size_t i = 0; i < MS_ARRAY_SIZE(all); i++)
		if (ms_buf_status(all[i]) < 0)
			return ms_buf_status(all[i]);
	return 0;
}

/* ---- the body ---- */

static void put_single(const struct ms_mime_entity *e, struct out *o)
{
	ms_mime_unfold(&o->type, ms_mime_field(e, "Content-Type"));
	if (o->type.len == 0)
		ms_buf_put_str(&o->type, "text/plain");
	ms_mime_unfold(&o->encoding, ms_mime_field(e, "Content-Transfer-Encoding"));
	ms_buf_put_span(&o->body, e->body);
}

static void put_history(const struct ms_lists_uri_work *w, const char *boundary, struct ms_buf *b)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf type;
	struct ms_mime_out part = { .disposition = MS_SPAN_LIT(HISTORY_DISPOSITION),
				    .body = ms_buf_span(&w->history) };

	ms_buf_init(&type, 1024);
	ms_mime_put_pkcs7_type(&type, ms_lists.keys_config->profile.smime_type);
	ms_buf_fail(b, ms_buf_status(&type));
	part.type = ms_buf_span(&type);
	ms_mime_put_part(b, boundary, &part);
}

static void put_mixed(const struct ms_lists_uri_work *w, struct out *o)
{
	char boundary[40];
	int err = ms_mime_boundary(&ms_random_system, boundary);

	if (err < 0) {
		ms_buf_fail(&o->body, err);
		return;
	}
	ms_buf_put_str(&o->type, "multipart/mixed");
	ms_mime_put_param(&o->type, "boundary", ms_span_str(boundary));
	for (size_t i = 0; i < w->parts.n; i++) {
		ms_buf_printf(&o->body, "--%s\r\n", boundary);
		ms_buf_put_span(&o->body, ms_lists_uri_raw(&w->parts.payload[i]));
		ms_buf_put_str(&o->body, "\r\n");
	}
	if (w->history.len > 0)
		put_history(w, boundary, &o->body);
	ms_mime_put_close(&o->body, boundary);
}

static int post(struct ms_lists_uri_work *w, struct out *o)
{
	struct ms_lists_parcel p = { .max_forwards = w->request->max_forwards,
				     .expires = w->expires,
				     .origin = ms_keys_identity_span(&w->sender.uri),
				     .privacy = ms_sip_packet_get(w->request, "Privacy"),
				     .held = w->held.id };
	int err;

	put_from(w, &o->from);
	if (w->sender.asserted)
		ms_buf_printf(&o->asserted, "<%s>", w->sender.uri.uri);
	ms_buf_printf(&o->tag, "<%s>", ms_lists.config->uri_list.service);
	if (w->parts.n == 1 && w->history.len == 0)
		put_single(&w->parts.payload[0], o);
	else
		put_mixed(w, o);
	err = out_status(o);
	if (err < 0)
		return err;
	p.from = ms_buf_span(&o->from);
	p.asserted = ms_buf_span(&o->asserted);
	p.content_type = ms_buf_span(&o->type);
	p.encoding = ms_buf_span(&o->encoding);
	p.tag = ms_buf_span(&o->tag);
	p.body = ms_buf_span(&o->body);
	return ms_lists_post_submit(ms_lists.post, &p, w->uri, w->n, posted, w);
}

static void post_or_refuse(struct ms_lists_uri_work *w)
{
	struct out o;
	int err;

	out_init(&o);
	err = post(w, &o);
	out_done(&o);
	if (err == -EMSGSIZE)
		ms_lists_uri_refuse(w, 413, "too_large", NULL);
	else if (err < 0)
		ms_lists_uri_later(w, err == -ENOMEM ? "memory" : "store", strerror(-err));
	else
		w->posted = true;
}

/* ---- the history ---- */

static int seal(struct ms_lists_uri_work *w, struct ms_mikey_ticket_held *held)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf xml, entity;
	struct ms_keys_smime smime = ms_lists_smime(&ms_lists, w->ring, ms_lists.replay);
	struct ms_mime_out out = { .type = MS_SPAN_LIT(MS_RESOURCE_LISTS_TYPE),
				   .disposition = MS_SPAN_LIT(HISTORY_DISPOSITION) };
	int err;

	ms_buf_init_secret(&xml, w->history.max);
	ms_buf_init_secret(&entity, w->history.max);
	if (!ms_resource_lists_history(&xml, w->entry, w->n))
		return 0;
	out.body = ms_buf_span(&xml);
	ms_mime_write(&entity, &out);
	err = ms_buf_status(&xml);
	if (err == 0)
		err = ms_buf_status(&entity);
	if (err == 0)
		err = ms_keys_smime_seal(&smime, held,
					 ms_span_str(ms_lists.config->uri_list.service),
					 ms_buf_span(&entity), ms_clock_wall(), &w->history);
	return err;
}

/* Who else got it is a courtesy (handling=optional): without keys for it the message goes alone. */
static void send_with(struct ms_lists_uri_work *w, struct ms_mikey_ticket_held *held)
{
	int err = seal(w, held);

	if (err < 0) {
		MS_LOG(&ms_lists_log, MS_LOG_WARNING, "a list of recipients is left out: %s",
		       strerror(-err));
		ms_buf_reset(&w->history);
	}
	post_or_refuse(w);
}

static void got_ticket(struct ms_mikey_ticket_held *held, const struct ms_keys_failure *why,
		       void *arg)
{
	struct ms_lists_uri_work *w = arg;

	w->asking = NULL;
	if (held) {
		send_with(w, held);
		return;
	}
	MS_LOG(&ms_lists_log, MS_LOG_WARNING, "a list of recipients is left out: %s", why->detail);
	post_or_refuse(w);
}

static bool wants_history(const struct ms_lists_uri_work *w)
{
	size_t shown = 0;

	if (ms_lists.config->uri_list.history == MS_LISTS_HISTORY_NONE)
		return false;
	for (size_t i = 0; i < w->n; i++)
		shown += w->entry[i].copy != MS_COPY_BCC;
	return shown > 0;
}

static void refuse_ticket(struct ms_lists_uri_work *w, int err, const struct ms_fault *f)
{
	if (err == -ENOMEM)
		ms_lists_uri_later(w, "memory", NULL);
	else if (err == -EACCES)
		ms_lists_uri_refuse(w, 403, "not_resolver",
				    "a recipient may not resolve the message's ticket");
	else
		ms_lists_uri_refuse(w, 493, "smime",
				    f->reason ? ms_keys_fault_text(f) : strerror(-err));
}

void ms_lists_uri_send(struct ms_lists_uri_work *w)
{
	struct ms_mikey_ticket_held *held = NULL;
	struct ms_fault f = { 0 };
	int err = ms_lists_uri_tickets(w, &f);

	if (err < 0) {
		refuse_ticket(w, err, &f);
		return;
	}
	if (!wants_history(w)) {
		post_or_refuse(w);
		return;
	}
	err = ms_keys_ring_ticket(w->ring, MS_KEYS_TICKET_MESSAGE, w->uri, w->n, got_ticket, w,
				  &held, &w->asking);
	if (err < 0)
		post_or_refuse(w);
	else if (held)
		send_with(w, held);
}
