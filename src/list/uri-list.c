/* SPDX-License-Identifier: Apache-2.0 */
/* A URI-list message: its beginnings, its list, its ends. RFC 5365 section 7. */
#include <errno.h>

#include "core/alloc.h"
#include "list/post.h"
#include "list/uri-priv.h"

#define STATUS_UNDECIPHERABLE 493

static struct {
	struct ms_list works;
	size_t n;
} all;

static struct ms_list *works(void)
{
	if (!all.works.next)
		ms_list_init(&all.works);
	return &all.works;
}

/* ---- its life ---- */

void ms_lists_uri_free(struct ms_lists_uri_work *w)
{
	ms_lists_held_leave(&w->held, w->in);
	ms_list_remove(&w->link);
	all.n--;
	ms_keys_asking_cancel(w->asking);
	ms_keys_smime_in_free(w->in);
	ms_buf_done(&w->object);
	ms_buf_done(&w->history);
	ms_free(w->entry);
	ms_free(w->identity);
	ms_free(w->uri);
	ms_sip_packet_unref(w->request);
	ms_free(w);
}

static struct ms_lists_uri_work *work_new(struct ms_sip_packet *m)
{
	const struct ms_lists_config *c = ms_lists.config;
	struct ms_lists_uri_work *w;

	if (all.n >= c->limits.pending)
		return NULL;
	w = ms_zalloc(sizeof(*w));
	if (!w)
		return NULL;
	w->request = ms_sip_packet_ref(m);
	w->held.came = ms_clock_wall();
	ms_buf_init(&w->object, 2 * c->limits.size);
	ms_buf_init(&w->history, (size_t)c->uri_list.octets * 2 + 65536);
	ms_list_append(works(), &w->link);
	all.n++;
	return w;
}

void ms_lists_uri_refuse(struct ms_lists_uri_work *w, unsigned status, const char *reason,
			 const char *detail)
{
	if (w->held.id)
		ms_lists_held_give_up(&w->held, w->request, status, reason, detail);
	else if (w->x)
		ms_lists_refuse(w->x, status, reason, detail);
	ms_lists_uri_free(w);
}

void ms_lists_uri_accept(struct ms_lists_uri_work *w)
{
	if (!w->held.id)
		ms_lists_count(MS_LISTS_C_ACCEPTED);
	ms_lists_count_n(MS_LISTS_C_RECIPIENTS, w->n);
	if (w->x)
		ms_sip_exchange_reject(w->x, 202, NULL, NULL);
	ms_lists_uri_free(w);
}

void ms_lists_uri_forget(struct ms_sip_exchange *x)
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, works()) {
		struct ms_lists_uri_work *w = MS_CONTAINER_OF(link, struct ms_lists_uri_work, link);

		if (w->x != x)
			continue;
		w->x = NULL;
		/* Nothing was promised; the sender has been told 408. */
		if (!w->posted)
			ms_lists_uri_free(w);
		return;
	}
}

void ms_lists_uri_stop(void)
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, works()) {
		struct ms_lists_uri_work *w = MS_CONTAINER_OF(link, struct ms_lists_uri_work, link);

		if (!w->posted)
			ms_lists_uri_later(w, "stopping", NULL);
	}
}

void ms_lists_uri_end(void)
{
	while (!ms_list_empty(works()))
		ms_lists_uri_free(MS_CONTAINER_OF(works()->next, struct ms_lists_uri_work, link));
}

/* ---- the list ---- */

static void take_list(struct ms_lists_uri_work *w, const struct ms_mime_entity *e)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf xml;

	ms_buf_init_secret(&xml, (size_t)ms_lists.config->uri_list.octets + 1);
	if (!ms_mime_is(&e->type, "application", "resource-lists+xml"))
		ms_lists_uri_refuse(w, 415, "malformed", "the list is no resource list");
	else if (ms_mime_body(e, &xml))
		ms_lists_uri_refuse(w, 400, "malformed", "the list's encoding, or it is too long");
	else if (ms_lists_uri_recipients(w, ms_buf_span(&xml)) == 0)
		ms_lists_uri_send(w);
}

static void refuse_fault(struct ms_lists_uri_work *w, int err, const struct ms_fault *f)
{
	if (err == -ENOMEM)
		ms_lists_uri_later(w, "memory", NULL);
	else
		ms_lists_uri_refuse(w, STATUS_UNDECIPHERABLE, err == -EALREADY ? "replay" : "smime",
				    f->reason ? ms_keys_fault_text(f) : strerror(-err));
}

static void refuse_sender(struct ms_lists_uri_work *w)
{
	ms_lists_uri_refuse(w, 403, "sender_differs", "who protected the list is not who sent it");
}

/* As for lists kept here: who protected it must be who sent it. */
static void open_list(struct ms_lists_uri_work *w)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf opened;
	struct ms_mime_entity e;
	struct ms_keys_identity author;
	struct ms_fault f = { 0 };
	int err;

	ms_buf_init_secret(&opened, w->object.max);
	err = ms_keys_smime_open(w->in, ms_clock_wall(), &opened, &author, &f);
	if (err < 0)
		refuse_fault(w, err, &f);
	else if (strcmp(author.uri, w->sender.uri.uri) != 0)
		refuse_sender(w);
	else if ((err = ms_keys_smime_enter(w->in, &f)) < 0)
		refuse_fault(w, err, &f);
	else if (ms_mime_read(ms_buf_span(&opened), &ms_mime_limits_default, &e, &f))
		ms_lists_uri_refuse(w, STATUS_UNDECIPHERABLE, "malformed",
				    "the protected list is malformed");
	else
		take_list(w, &e);
}

static void resolved(const struct ms_keys_failure *why, void *arg)
{
	struct ms_lists_uri_work *w = arg;

	w->asking = NULL;
	if (!why)
		open_list(w);
	else if (why->unreachable)
		ms_lists_uri_away(w, why->detail);
	else
		ms_lists_uri_refuse(w, STATUS_UNDECIPHERABLE, "kms_refused", why->detail);
}

static void resolve_list(struct ms_lists_uri_work *w)
{
	/* Of a held one its place in the store says whether it was posted: held.h. */
	struct ms_keys_smime smime =
		ms_lists_smime(&ms_lists, w->ring, w->held.id ? NULL : ms_lists.replay);
	struct ms_keys_identity claimed;
	struct ms_fault f = { 0 };
	int err = ms_mime_body(&w->parts.list, &w->object);

	if (err == 0)
		err = ms_keys_smime_read(&smime, ms_buf_span(&w->object), w->held.came, &f, &w->in);
	if (err == 0)
		err = ms_lists_held_check(&w->held, w->in, &f);
	if (err == 0 && ms_keys_smime_claimed(w->in, &claimed) &&
	    strcmp(claimed.uri, w->sender.uri.uri) != 0) {
		refuse_sender(w);
		return;
	}
	if (err == 0)
		err = ms_keys_ring_resolve(w->ring, ms_keys_smime_incoming(w->in),
					   MS_KEYS_RESOLVE_CACHED, resolved, w, &f, &w->asking);
	if (err < 0)
		refuse_fault(w, err, &f);
	else if (!w->asking)
		open_list(w);
}

/* ---- beginnings ---- */

bool ms_lists_uri_is_service(struct ms_span uri)
{
	const char *service = ms_lists.config->uri_list.service;

	return *service && ms_keys_identity_same(uri, ms_span_str(service));
}

bool ms_lists_uri_is(const struct ms_sip_packet *m)
{
	return ms_lists_uri_is_service(m->uri);
}

static bool all_protected(const struct ms_lists_uri_parts *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!ms_lists_uri_is_protected(&p->payload[i]))
			return false;
	return true;
}

static void refuse_parts(struct ms_lists_uri_work *w, int err)
{
	if (err == -ENOTSUP)
		ms_lists_uri_refuse(w, 415, "no_recipients",
				    "multipart/mixed with a recipient-list is wanted");
	else if (err == -ENOENT)
		ms_lists_uri_refuse(w, 400, "no_recipients", "there is no recipient-list");
	else if (err == -EEXIST)
		ms_lists_uri_refuse(w, 400, "malformed", "there are two recipient-lists");
	else if (err == -ENODATA)
		ms_lists_uri_refuse(w, 400, "malformed", "there is nothing beside the list");
	else if (err == -E2BIG)
		ms_lists_uri_refuse(w, 413, "malformed", "its body has too many parts");
	else
		ms_lists_uri_refuse(w, 400, "malformed", "its body is malformed");
}

static void begin(struct ms_lists_uri_work *w)
{
	const struct ms_lists_uri_config *c = &ms_lists.config->uri_list;
	int err = ms_lists_uri_parts(w->request, &w->parts);

	if (err < 0)
		refuse_parts(w, err);
	else if (!c->plain && !all_protected(&w->parts))
		ms_lists_uri_refuse(w, 415, "plain", "only protected messages are taken here");
	else if (ms_lists_ring(&ms_lists, ms_span_str(c->service), &w->ring))
		ms_lists_uri_later(w, "memory", NULL);
	else if (ms_lists_uri_is_protected(&w->parts.list))
		resolve_list(w);
	else
		take_list(w, &w->parts.list);
}

void ms_lists_uri_take(struct ms_sip_exchange *x, const struct ms_lists_sender *sender)
{
	struct ms_lists_uri_work *w =
		work_new((struct ms_sip_packet *)(uintptr_t)ms_sip_exchange_request(x));

	if (!w) {
		ms_lists_refuse(x, 503, "pending", "too many messages are being worked on");
		return;
	}
	w->x = x;
	w->sender = *sender;
	begin(w);
}

static bool is_under_way(int64_t held)
{
	const struct ms_list *link;

	ms_list_foreach (link, works())
		if (MS_CONTAINER_OF(link, struct ms_lists_uri_work, link)->held.id == held)
			return true;
	return false;
}

void ms_lists_uri_held(int64_t id, struct ms_sip_packet *m)
{
	struct ms_lists_uri_work *w = is_under_way(id) ? NULL : work_new(m);

	if (!w) {
		ms_lists_held_retry();
		return;
	}
	w->held.id = id;
	w->held.came = ms_lists_held_came(w->request, w->held.came);
	if (ms_lists_sender_of(w->request, &w->sender))
		ms_lists_uri_refuse(w, 400, "no_sender", NULL);
	else
		begin(w);
}
