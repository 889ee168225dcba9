/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls over a restart: their media go on at the gateway meanwhile, and are to be known again. An answered
 * call is an entry of the journal. The gateways' own memory decides which calls live: see
 * ms_anchor_load().
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "border/session-priv.h"
#include "core/alloc.h"

#define MEDIA_MAX 65536
#define COMING_BACK (10 * MS_SEC)
#define CSEQ_STEP 1000 /* requests that may have passed since a dialog was written */

/* ---- writing ---- */

json_t *ms_border_hop_json(const struct ms_sip_hop *h)
{
	char peer[MS_ADDR_TEXT_MAX];

	return json_pack("{s:i, s:i, s:s, s:I, s:i}", "side", (int)h->side, "transport",
			 (int)h->transport, "peer", ms_addr_print(&h->peer, peer), "stream",
			 (json_int_t)h->stream, "point", (int)h->point);
}

static json_t *leg_json(const struct ms_border_leg *l)
{
	json_t *routes = json_array();

	for (size_t i = 0; i < l->n_routes; i++)
		json_array_append_new(routes, json_string(l->route[i]));
	return json_pack("{s:s, s:s*, s:o, s:o, s:I}", "address", l->address, "target", l->target,
			 "routes", routes, "hop", ms_border_hop_json(&l->hop), "cseq",
			 (json_int_t)l->cseq);
}

static json_t *dialogs_json(const struct ms_border_session *s)
{
	json_t *list = json_array();
	struct ms_list *link;

	ms_list_foreach (link, &s->dialogs) {
		const struct ms_border_dialog *d =
			MS_CONTAINER_OF(link, struct ms_border_dialog, link);

		if (d->confirmed)
			json_array_append_new(
				list, json_pack("{s:s, s:I, s:o, s:o}", "tag", d->tag, "invite",
						(json_int_t)d->invite_cseq, "caller",
						leg_json(&d->leg[MS_BORDER_CALLER]), "callee",
						leg_json(&d->leg[MS_BORDER_CALLEE])));
	}
	return list;
}

#define KEY_SIZE 24

/* Of the journal: one call's number is not another's, before and after a restart. */
static const char *key_of(const struct ms_border_session *s, char key[static KEY_SIZE])
{
	(void)snprintf(key, KEY_SIZE, "%" PRIu64, s->id);
	return key;
}

static json_t *session_json(const struct ms_border_session *s, const char *media)
{
	ms_usec left = ms_timer_running(&s->expiry) ? s->expiry.at - ms_clock_mono() : 0;
	char key[KEY_SIZE];

	return json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:i, s:I, s:I, s:s, s:o}", "key",
			 key_of(s, key), "id", (json_int_t)s->id, "call", s->call_id, "tag",
			 s->caller_tag, "from", s->from, "to", s->to, "caller", (int)s->caller,
			 "since", (json_int_t)s->since, "until",
			 (json_int_t)(left > 0 ? ms_clock_wall() + left : 0), "media", media,
			 "dialogs", dialogs_json(s));
}

void ms_border_state_save(struct ms_border_session *s)
{
	struct ms_border *b = s->border;
	MS_CLEANUP(ms_buf_done) struct ms_buf media;

	ms_buf_init(&media, MEDIA_MAX);
	if (!b->journal || s->state != MS_BORDER_CONFIRMED)
		return;
	/* While an offer is on its way, what was written before stays right. */
	if (s->media && ms_anchor_save(s->media, &media) < 0)
		return;
	s->saved = true;
	ms_border_journal_put(b->journal, session_json(s, ms_buf_cstr(&media)));
}

static void rewrite(void *arg)
{
	struct ms_border *b = arg;
	struct ms_list *link;

	ms_list_foreach (link, &b->sessions)
		ms_border_state_save(MS_CONTAINER_OF(link, struct ms_border_session, link));
}

void ms_border_state_drop(struct ms_border_session *s)
{
	struct ms_border *b = s->border;
	char key[KEY_SIZE];

	if (!b->journal || !s->saved)
		return;
	s->saved = false;
	ms_border_journal_drop(b->journal, key_of(s, key));
}

/* ---- reading ---- */

static struct ms_span text_of(const json_t *o, const char *name)
{
	return ms_span_str(json_string_value(json_object_get(o, name)));
}

static uint64_t number_of(const json_t *o, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(o, name));
}

int ms_border_hop_read(const json_t *o, struct ms_sip_hop *ret_h)
{
	struct ms_sip_hop h = { .stream = number_of(o, "stream") };
	uint64_t side = number_of(o, "side"), transport = number_of(o, "transport");
	uint64_t point = number_of(o, "point");

	if (side > MS_SIP_CORE || transport > MS_SIP_TLS || point >= MS_SIP_POINTS_MAX)
		return -EBADMSG;
	h.side = (enum ms_sip_side)side;
	h.transport = (enum ms_sip_transport)transport;
	h.point = (uint16_t)point;
	if (ms_addr_parse(text_of(o, "peer"), 0, &h.peer) < 0)
		return -EBADMSG;
	*ret_h = h;
	return 0;
}

static int read_routes(const json_t *list, struct ms_border_leg *l)
{
	size_t n = json_array_size(list);

	if (n > MS_BORDER_ROUTES_MAX)
		return -EBADMSG;
	l->route = n > 0 ? ms_calloc(n, sizeof(*l->route)) : NULL;
	for (size_t i = 0; l->route && i < n; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		l->route[i] = ms_strdup(text ? text : "");
		if (!l->route[i])
			return -ENOMEM;
		l->n_routes++;
	}
	return 0;
}

static int read_leg(const json_t *o, struct ms_border_leg *l)
{
	struct ms_span target = text_of(o, "target");
	int err = ms_border_hop_read(json_object_get(o, "hop"), &l->hop);

	if (err < 0)
		return err;
	l->address = ms_strdup_span(text_of(o, "address"));
	l->target = target.p ? ms_strdup_span(target) : NULL;
	l->cseq = (uint32_t)number_of(o, "cseq") + CSEQ_STEP;
	return l->address ? read_routes(json_object_get(o, "routes"), l) : -ENOMEM;
}

static int read_dialog(const json_t *o, struct ms_border_session *s)
{
	struct ms_border_dialog *d = ms_zalloc(sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	ms_list_append(&s->dialogs, &d->link);
	d->confirmed = true;
	d->invite_cseq = (uint32_t)number_of(o, "invite");
	d->tag = ms_strdup_span(text_of(o, "tag"));
	err = read_leg(json_object_get(o, "caller"), &d->leg[MS_BORDER_CALLER]);
	if (err == 0)
		err = read_leg(json_object_get(o, "callee"), &d->leg[MS_BORDER_CALLEE]);
	return d->tag ? err : -ENOMEM;
}

static int read_session(const json_t *o, struct ms_border_session *s)
{
	ms_usec until = (ms_usec)number_of(o, "until"), now = ms_clock_wall();
	const json_t *list = json_object_get(o, "dialogs");
	int err = 0;

	s->call_id = ms_strdup_span(text_of(o, "call"));
	s->caller_tag = ms_strdup_span(text_of(o, "tag"));
	s->from = ms_strdup_span(text_of(o, "from"));
	s->to = ms_strdup_span(text_of(o, "to"));
	s->caller = number_of(o, "caller") == MS_SIP_CORE ? MS_SIP_CORE : MS_SIP_ACCESS;
	s->since = (ms_usec)number_of(o, "since");
	s->state = MS_BORDER_CONFIRMED;
	if (!s->call_id || !s->caller_tag || !s->from || !s->to)
		return -ENOMEM;
	for (size_t i = 0; i < json_array_size(list) && err == 0; i++)
		err = read_dialog(json_array_get(list, i), s);
	if (err == 0 && until > 0)
		ms_timer_start(&s->expiry, until > now ? until - now : 0);
	if (err == 0)
		err = ms_border_name_give(s);
	return err;
}

static void restore(struct ms_border *b, const json_t *o)
{
	struct ms_span media = text_of(o, "media");
	char text[MS_BORDER_SESSION_TEXT];
	struct ms_border_session *s;
	int err = ms_border_session_blank(b, number_of(o, "id"), &s);

	if (err < 0)
		return;
	err = read_session(o, s);
	if (err == 0 && b->anchor && media.len > 0)
		err = ms_anchor_load(b->anchor, media, s, &s->media);
	if (err == 0) {
		ms_border_state_save(s);
		return;
	}
	MS_LOG(&ms_border_log, MS_LOG_WARNING, "%s is not known again: %s",
	       ms_border_session_text(s, text),
	       err == -ENOENT ? "its gateway is not in the configuration" : strerror(-err));
	/*
	 * Without its media it would only look like a call. But users of connections have to come back
	 * first: nobody could be told now.
	 */
	s->lost = true;
	if (s->name)
		ms_timer_start(&s->expiry, COMING_BACK);
	else
		ms_border_session_free(s);
}

int ms_border_state_open(struct ms_border *b, const char *path, struct ms_buf *error)
{
	const char *key;
	json_t *calls, *o;
	int err;

	if (!*path)
		return 0;
	err = ms_border_journal_open(path, "sip.state", rewrite, b, error, &b->journal, &calls);
	if (err < 0)
		return err;
	json_object_foreach (calls, key, o)
		restore(b, o);
	if (json_object_size(calls) > 0)
		MS_LOG(&ms_border_log, MS_LOG_NOTICE, "%zu calls are known again", b->n_sessions);
	json_decref(calls);
	return 0;
}

void ms_border_state_close(struct ms_border *b)
{
	b->journal = ms_border_journal_close(b->journal);
}
