/* SPDX-License-Identifier: Apache-2.0 */
/* Calls as an operator sees them. */
#include <inttypes.h>
#include <stdio.h>

#include "border/session-priv.h"

static const char *const states[] = { "early", "confirmed", "ended" };

static json_t *text_of(struct ms_span s)
{
	/* What is not UTF-8 is shown quoted. */
	json_t *t = json_stringn((const char *)s.p, s.len);

	return t ? t : json_string(ms_log_quote(s));
}

static json_t *brief(const struct ms_border_session *s)
{
	char since[32];

	return json_pack("{s:I, s:s, s:s, s:o, s:o, s:s}", "id", (json_int_t)s->id, "state",
			 states[s->state], "caller", s->caller == MS_SIP_ACCESS ? "access" : "core",
			 "from", text_of(ms_span_str(s->from)), "to", text_of(ms_span_str(s->to)),
			 "since", ms_usec_to_iso(s->since, since));
}

json_t *ms_border_list(const struct ms_border *b)
{
	json_t *list = json_array();
	struct ms_list *link;

	ms_list_foreach (link, &b->sessions) {
		const struct ms_border_session *s =
			MS_CONTAINER_OF(link, struct ms_border_session, link);

		if (s->state != MS_BORDER_ENDED)
			json_array_append_new(list, brief(s));
	}
	return list;
}

static struct ms_border_session *find_id(const struct ms_border *b, uint64_t id)
{
	struct ms_list *link;

	ms_list_foreach (link, &b->sessions) {
		struct ms_border_session *s = MS_CONTAINER_OF(link, struct ms_border_session, link);

		if (s->id == id && s->state != MS_BORDER_ENDED)
			return s;
	}
	return NULL;
}

static json_t *dialogs_of(const struct ms_border_session *s)
{
	json_t *list = json_array();
	struct ms_list *link;

	ms_list_foreach (link, &s->dialogs) {
		const struct ms_border_dialog *d =
			MS_CONTAINER_OF(link, struct ms_border_dialog, link);

		json_array_append_new(
			list,
			json_pack("{s:o, s:b, s:o, s:o}", "tag", text_of(ms_span_str(d->tag)),
				  "confirmed", d->confirmed, "caller",
				  text_of(ms_span_str(d->leg[MS_BORDER_CALLER].target)), "callee",
				  text_of(ms_span_str(d->leg[MS_BORDER_CALLEE].target))));
	}
	return list;
}

json_t *ms_border_show(const struct ms_border *b, uint64_t id)
{
	const struct ms_border_session *s = find_id(b, id);
	json_t *o;

	if (!s)
		return NULL;
	o = brief(s);
	json_object_set_new(o, "call_id", text_of(ms_span_str(s->call_id)));
	json_object_set_new(o, "dialogs", dialogs_of(s));
	json_object_set_new(o, "media", ms_border_media_show(s));
	return o;
}

bool ms_border_release(struct ms_border *b, uint64_t id, unsigned cause, const char *text)
{
	struct ms_border_session *s = find_id(b, id);

	if (s)
		ms_border_session_release(s, cause, text);
	return s != NULL;
}

const char *ms_border_session_text(const struct ms_border_session *s,
				   char dst[static MS_BORDER_SESSION_TEXT])
{
	const struct ms_mgc_context *c = s->media ? ms_anchor_session_context(s->media) : NULL;
	char at[MS_MGC_NAME_MAX + 32] = "", number[16] = "$";

	if (c && ms_mgc_context_id(c) != MS_H248_CONTEXT_CHOOSE)
		(void)snprintf(number, sizeof(number), "%" PRIu32, ms_mgc_context_id(c));
	if (c)
		(void)snprintf(at, sizeof(at), " gateway=%s context=%s",
			       ms_mgc_gateway_name(ms_mgc_context_gateway(c)), number);
	(void)snprintf(dst, MS_BORDER_SESSION_TEXT, "session=%" PRIu64 " call=%s from=%s to=%s%s",
		       s->id, MS_QUOTED(ms_span_str(s->call_id)), MS_QUOTED(ms_span_str(s->from)),
		       MS_QUOTED(ms_span_str(s->to)), at);
	return dst;
}
