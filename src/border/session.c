/* SPDX-License-Identifier: Apache-2.0 */
/* A call as the border sees it: its dialogs, its timers and its end. See session-priv.h. */
#include <errno.h>
#include <inttypes.h>

#include "border/session-priv.h"
#include "core/alloc.h"

#define SESSION_EXPIRES_MIN 90u /* RFC 4028 section 4 */

struct ms_border_dialog *ms_border_session_dialog(const struct ms_border_session *s,
						  struct ms_span tag)
{
	struct ms_list *link;

	ms_list_foreach (link, &s->dialogs) {
		struct ms_border_dialog *d = MS_CONTAINER_OF(link, struct ms_border_dialog, link);

		if (ms_span_is(tag, d->tag))
			return d;
	}
	return NULL;
}

/* ---- life ---- */

static void expiry_due(void *arg)
{
	struct ms_border_session *s = arg;

	if (s->lost) {
		ms_border_session_release(s, 503, "Lost at restart");
		return;
	}
	ms_border_count(MS_BORDER_C_EXPIRED);
	ms_border_session_release(s, 408, "Session expired");
}

static void next_due(void *arg)
{
	struct ms_border_session *s = arg;

	if (s->state == MS_BORDER_ENDED) {
		ms_border_session_free(s);
		return;
	}
	ms_border_job_next(s);
	if (!s->busy)
		ms_border_state_save(s);
}

static int fill(struct ms_border_session *s, const struct ms_sip_exchange *x)
{
	const struct ms_sip_packet *m = ms_sip_exchange_request(x);

	s->call_id = ms_strdup_span(m->call_id);
	s->caller_tag = ms_strdup_span(m->from_tag);
	s->from = ms_strdup_span(ms_sip_packet_get(m, "From"));
	s->to = ms_strdup_span(ms_sip_packet_get(m, "To"));
	if (!s->call_id || !s->caller_tag || !s->from || !s->to)
		return -ENOMEM;
	return ms_border_name_give(s);
}

int ms_border_session_blank(struct ms_border *b, uint64_t id, struct ms_border_session **ret_s)
{
	struct ms_border_session *s;

	if (b->n_sessions >= b->sip->sessions)
		return -ENOSPC;
	s = ms_zalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->border = b;
	s->id = id;
	if (b->last_id < id)
		b->last_id = id;
	ms_list_init(&s->dialogs);
	ms_list_init(&s->calls);
	ms_list_init(&s->jobs);
	ms_timer_init(&s->expiry, "border.expiry", expiry_due, s);
	ms_timer_init(&s->next, "border.next", next_due, s);
	ms_list_append(&b->sessions, &s->link);
	b->n_sessions++;
	*ret_s = s;
	return 0;
}

int ms_border_session_new(struct ms_border *b, const struct ms_sip_exchange *x,
			  const struct ms_anchor_context *media, struct ms_border_session **ret_s)
{
	struct ms_border_session *s;
	int err = ms_border_session_blank(b, b->last_id + 1, &s);

	if (err < 0)
		return err;
	s->caller = ms_sip_exchange_from(x)->side;
	s->since = ms_clock_wall();
	err = fill(s, x);
	if (err == 0)
		err = ms_border_media_open(s, media);
	if (err < 0)
		ms_border_session_free(s);
	else
		*ret_s = s;
	return err;
}

void ms_border_session_join(struct ms_border_session *s, struct ms_border_call *c)
{
	c->session = s;
	ms_list_append(&s->calls, &c->session_link);
}

static void leave_calls(struct ms_border_session *s)
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, &s->calls) {
		struct ms_border_call *c =
			MS_CONTAINER_OF(link, struct ms_border_call, session_link);

		ms_list_remove(&c->session_link);
		c->session = NULL;
	}
}

/* So that nothing finds it any more; what it holds is let go of later. */
static void unlist(struct ms_border_session *s)
{
	ms_border_state_drop(s);
	ms_border_name_take(s);
	ms_timer_stop(&s->expiry);
	s->invite = NULL;
}

void ms_border_session_free(struct ms_border_session *s)
{
	struct ms_list *link, *next;

	unlist(s);
	ms_border_media_done(s);
	leave_calls(s);
	ms_timer_stop(&s->next);
	ms_list_foreach_safe (link, next, &s->dialogs)
		ms_border_dialog_free(MS_CONTAINER_OF(link, struct ms_border_dialog, link));
	ms_list_remove(&s->link);
	s->border->n_sessions--;
	ms_free(s->call_id);
	ms_free(s->caller_tag);
	ms_free(s->from);
	ms_free(s->to);
	ms_free(s->ack_body);
	ms_free(s->winner);
	ms_free(s);
}

void ms_border_session_end(struct ms_border_session *s)
{
	if (s->state == MS_BORDER_ENDED)
		return;
	s->state = MS_BORDER_ENDED;
	unlist(s);
	ms_timer_start(&s->next, 0);
}

bool ms_border_by_flow(const struct ms_border *b, const struct ms_border_leg *l)
{
	return b->flows && l->hop.side == MS_SIP_ACCESS;
}

void ms_border_session_reach(struct ms_border *b, struct ms_border_leg *l)
{
	if (ms_border_by_flow(b, l) && b->handlers.reach &&
	    !ms_sip_proxy_alive(b->proxy, &l->hop) && l->target)
		(void)b->handlers.reach(ms_span_str(l->target), &l->hop, b->arg);
}

static void send_bye(struct ms_border_session *s, struct ms_border_dialog *d,
		     enum ms_border_end end, unsigned cause, const char *text)
{
	struct ms_border *b = s->border;

	ms_border_session_reach(b, &d->leg[end]);
	ms_border_dialog_bye(d, b->proxy, ms_span_str(s->call_id), end,
			     ms_border_by_flow(b, &d->leg[end]), cause, text);
}

/* TS 24.229 clause 5.2.8.1: CANCEL and a refusal for what is not answered, BYE for what is. */
void ms_border_session_release(struct ms_border_session *s, unsigned cause, const char *text)
{
	struct ms_border *b = s->border;
	struct ms_border_call *invite = s->invite;
	char name[MS_BORDER_SESSION_TEXT];
	struct ms_list *link;

	if (s->state == MS_BORDER_ENDED)
		return;
	ms_border_count(MS_BORDER_C_RELEASED);
	MS_LOG(&ms_border_log, MS_LOG_NOTICE, "%s released cause=%u text=%s",
	       ms_border_session_text(s, name), cause, text);
	s->invite = NULL;
	ms_list_foreach (link, &s->dialogs) {
		struct ms_border_dialog *d = MS_CONTAINER_OF(link, struct ms_border_dialog, link);

		if (!d->confirmed)
			continue;
		/* A 2xx that is still with us: the caller knows of no dialog. */
		if (invite)
			ms_border_dialog_ack(d, b->proxy, ms_span_str(s->call_id),
					     ms_border_by_flow(b, &d->leg[MS_BORDER_CALLEE]));
		else
			send_bye(s, d, MS_BORDER_CALLER, cause, text);
		send_bye(s, d, MS_BORDER_CALLEE, cause, text);
	}
	if (invite)
		ms_sip_exchange_reject(invite->x, cause, NULL, NULL);
	ms_border_session_end(s);
}

/* ---- what passes ---- */

/*
 * Forks know the call's names, too. BYE of one that has not answered ends its dialog alone (RFC 3261 section
 * 15), whatever the other end says to it.
 */
bool ms_border_session_is_bye(const struct ms_border_session *s, const struct ms_sip_packet *m,
			      enum ms_border_end end)
{
	struct ms_span tag = end == MS_BORDER_CALLER ? m->to_tag : m->from_tag;
	const struct ms_border_dialog *d;

	if (!ms_sip_packet_is(m, "BYE") || s->state != MS_BORDER_CONFIRMED)
		return false;
	if (s->winner)
		return ms_span_is(tag, s->winner);
	d = ms_border_session_dialog(s, tag);
	return d && d->confirmed;
}

static void watch_timer(struct ms_border_session *s, const struct ms_sip_packet *m)
{
	struct ms_span value = ms_sip_packet_get(m, "Session-Expires");
	ms_usec limit = s->border->sip->session_limit;
	uint64_t seconds;

	value = ms_span_trim(ms_span_cut(&value, ';'));
	if (ms_span_u64(value, 86400 * 7, &seconds) == 0 && seconds >= SESSION_EXPIRES_MIN)
		limit = (ms_usec)seconds * MS_SEC;
	/* RFC 4028 section 10 has the ends say BYE that much before; we give them as much after. */
	if (limit > 0 && !s->lost)
		ms_timer_start(&s->expiry,
			       limit + (limit / 3 < 32 * MS_SEC ? limit / 3 : 32 * MS_SEC));
}

void ms_border_session_request(struct ms_border_session *s, const struct ms_sip_packet *m,
			       enum ms_border_end end)
{
	struct ms_border_dialog *d =
		ms_border_session_dialog(s, end == MS_BORDER_CALLER ? m->to_tag : m->from_tag);

	if (d)
		ms_border_dialog_request(d, end, m);
}

/* Every tag a callee thinks of makes a dialog: the oldest early one makes room. */
static bool has_room(struct ms_border_session *s)
{
	struct ms_border_dialog *oldest = NULL;
	struct ms_list *link;
	size_t n = 0;

	ms_list_foreach (link, &s->dialogs) {
		struct ms_border_dialog *d = MS_CONTAINER_OF(link, struct ms_border_dialog, link);

		if (!oldest && !d->confirmed)
			oldest = d;
		n++;
	}
	if (n < s->border->sip->forks)
		return true;
	ms_border_dialog_free(oldest);
	return oldest != NULL;
}

/* The first INVITE's responses make dialogs; the 2xx of one of them ends the others' early life. */
static void take_invite(struct ms_border_session *s, struct ms_border_call *c,
			const struct ms_sip_packet *m)
{
	struct ms_border_dialog *d = ms_border_session_dialog(s, m->to_tag);

	if (d)
		ms_border_dialog_response(d, c->x, m);
	else if (m->to_tag.len > 0 && m->status > 100 && m->status < 300 && has_room(s) &&
		 ms_border_dialog_new(c->x, m, &d) == 0)
		ms_list_append(&s->dialogs, &d->link);
	if (m->status < 200 || m->status >= 300)
		return;
	if (s->state == MS_BORDER_EARLY) {
		s->state = MS_BORDER_CONFIRMED;
		s->winner = ms_strdup_span(m->to_tag);
		ms_border_count(MS_BORDER_C_ANSWERED);
		ms_border_state_save(s);
	}
}

/* A re-INVITE or UPDATE: the sender of the response is the end that did not ask. */
static void take_refresh(struct ms_border_session *s, struct ms_border_call *c,
			 const struct ms_sip_packet *m)
{
	bool by_caller = ms_span_is(m->from_tag, s->caller_tag);
	struct ms_border_dialog *d =
		ms_border_session_dialog(s, by_caller ? m->to_tag : m->from_tag);
	struct ms_sip_address a;
	struct ms_border_leg *l;
	char *target;

	if (!d || m->status < 200 || m->status >= 300)
		return;
	if (ms_sip_packet_is(m, "INVITE") && by_caller)
		d->invite_cseq = ms_sip_exchange_request(c->x)->cseq;
	l = &d->leg[by_caller ? MS_BORDER_CALLEE : MS_BORDER_CALLER];
	target = ms_sip_packet_address(m, "Contact", 0, &a) ? ms_strdup_span(a.uri) : NULL;
	if (!target)
		return;
	ms_free(l->target);
	l->target = target;
	ms_border_state_save(s);
}

static bool is_first(const struct ms_border_session *s, const struct ms_border_call *c)
{
	const struct ms_sip_packet *m = ms_sip_exchange_request(c->x);

	(void)s;
	return ms_sip_packet_is(m, "INVITE") && m->to_tag.len == 0;
}

void ms_border_session_response(struct ms_border_session *s, struct ms_border_call *c,
				const struct ms_sip_packet *m)
{
	bool invite = ms_sip_packet_is(m, "INVITE");

	if (invite && is_first(s, c))
		take_invite(s, c, m);
	else if (invite || ms_sip_packet_is(m, "UPDATE"))
		take_refresh(s, c, m);
	if ((invite || ms_sip_packet_is(m, "UPDATE")) && ms_sip_packet_is_success(m))
		watch_timer(s, m);
}
