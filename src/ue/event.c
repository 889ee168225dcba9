/* SPDX-License-Identifier: Apache-2.0 */
/* Events as JSON: a table of which event has which fields, and one writer. See event.h. */
#include "ue/event.h"

#include <stddef.h>

#include "ue/display.h"

enum field_type {
	FIELD_SPAN,
	FIELD_LIST,
	FIELD_NAME,
	FIELD_UINT,
	FIELD_U64,
	FIELD_BOOL,
	FIELD_TIME
};

static const struct field {
	const char *name;
	enum field_type type;
	size_t offset;
} fields[] = {
#define FIELD(json, kind, member)                                        \
	{                                                                \
		json, FIELD_##kind, offsetof(struct ms_ue_event, member) \
	}
	FIELD("session", UINT, session),
	FIELD("peer", SPAN, peer),
	FIELD("author", SPAN, author),
	FIELD("from", SPAN, from),
	FIELD("asserted", SPAN, asserted),
	FIELD("called", SPAN, called),
	FIELD("type", SPAN, content_type),
	FIELD("text", SPAN, text),
	FIELD("id", SPAN, message_id),
	FIELD("name", SPAN, name),
	FIELD("path", SPAN, path),
	FIELD("hash", SPAN, hash),
	FIELD("suite", SPAN, suite),
	FIELD("url", SPAN, url),
	FIELD("resolvers", LIST, resolvers),
	FIELD("recipients", LIST, others),
	FIELD("kind", NAME, kind),
	FIELD("source", NAME, source),
	FIELD("direction", NAME, direction),
	FIELD("proof", NAME, proof),
	FIELD("security", NAME, security),
	FIELD("reason", NAME, reason),
	FIELD("detail", SPAN, detail),
	FIELD("warning", SPAN, warning),
	FIELD("state", NAME, state),
	FIELD("floor", UINT, floor),
	FIELD("request", UINT, floor_request),
	FIELD("queue", UINT, queue),
	FIELD("status", UINT, status),
	FIELD("expires", UINT, expires),
	FIELD("size", U64, size),
	FIELD("done", U64, done),
	FIELD("uses", U64, uses),
	FIELD("valid_until", TIME, valid_until),
	FIELD("written", TIME, written),
	FIELD("protected", BOOL, is_protected),
	FIELD("verified", BOOL, verified),
	FIELD("deferred", BOOL, deferred),
	FIELD("diverted", BOOL, diverted),
	FIELD("goes_on", BOOL, goes_on),
#undef FIELD
};

/* "!" after a field: written even if it is 0 or empty. */
static const struct {
	const char *name, *fields;
} events[MS_UE_EVENT_N] = {
	[MS_UE_EVENT_READY] = { "ready", "peer" },
	[MS_UE_EVENT_REGISTERED] = { "registered", "peer expires" },
	[MS_UE_EVENT_UNREGISTERED] = { "unregistered", "peer" },
	[MS_UE_EVENT_REGISTER_FAILED] = { "register-failed", "status reason detail" },
	[MS_UE_EVENT_MESSAGE] = { "message",
				  "peer author from asserted type text size! recipients protected! verified! "
				  "proof written deferred warning" },
	[MS_UE_EVENT_MESSAGE_REFUSED] = { "message-refused",
					  "peer from asserted reason detail status" },
	[MS_UE_EVENT_MESSAGE_SENT] = { "message-sent", "peer id status protected! source" },
	[MS_UE_EVENT_MESSAGE_FAILED] = { "message-failed", "peer status reason detail warning" },
	[MS_UE_EVENT_MESSAGE_DELIVERED] = { "message-delivered", "peer called id reason" },
	[MS_UE_EVENT_PROOF] = { "proof", "proof peer called written text size reason detail" },
	[MS_UE_EVENT_TICKET] = { "ticket", "kind source resolvers valid_until uses!" },
	[MS_UE_EVENT_KMS_ERROR] = { "kms-error", "url reason detail status" },
	[MS_UE_EVENT_CALL_OUTGOING] = { "call-outgoing", "session peer kind protected! security" },
	[MS_UE_EVENT_CALL_RINGING] = { "call-ringing", "session" },
	[MS_UE_EVENT_CALL_INCOMING] = { "call-incoming",
					"session peer from asserted kind protected! security warning" },
	[MS_UE_EVENT_CALL_ESTABLISHED] = { "call-established",
					   "session peer from asserted called kind suite protected! "
					   "security diverted!" },
	[MS_UE_EVENT_CALL_FAILED] = { "call-failed",
				      "session peer called status reason detail warning goes_on" },
	[MS_UE_EVENT_CALL_ENDED] = { "call-ended", "session reason goes_on" },
	[MS_UE_EVENT_CHAT] = { "chat", "session peer from asserted type text size! protected!" },
	[MS_UE_EVENT_CHAT_SENT] = { "chat-sent", "session text" },
	[MS_UE_EVENT_CHAT_FAILED] = { "chat-failed", "session status reason" },
	[MS_UE_EVENT_FILE_OFFERED] = { "file-offered", "session peer name type size! hash" },
	[MS_UE_EVENT_FILE_PROGRESS] = { "file-progress", "session direction done! size!" },
	[MS_UE_EVENT_FILE_DONE] = { "file-done",
				    "session peer direction name path size! hash verified!" },
	[MS_UE_EVENT_FILE_FAILED] = { "file-failed",
				      "session peer direction name reason detail status done!" },
	[MS_UE_EVENT_FLOOR_HELLO] = { "floor-hello", "session" },
	[MS_UE_EVENT_FLOOR] = { "floor", "session request! state queue" },
	[MS_UE_EVENT_FLOOR_STATUS] = { "floor-status", "session floor detail" },
	[MS_UE_EVENT_FLOOR_FAILED] = { "floor-failed", "session status reason detail" },
	[MS_UE_EVENT_WARNING] = { "warning", "detail" },
	[MS_UE_EVENT_QUIT] = { "quit", "" },
};

const char *ms_ue_event_name(enum ms_ue_event_type type)
{
	return type < MS_UE_EVENT_N ? events[type].name : "unknown";
}

/* A JSON string (RFC 8259 section 7) of what need not be UTF-8. */
static void put_string(struct ms_buf *b, struct ms_span s)
{
	ms_buf_put_u8(b, '"');
	while (s.len > 0) {
		uint32_t c = 0;
		size_t n = ms_ue_utf8_decode(s, &c);

		if (n == 0)
			ms_buf_put_str(b, "\\ufffd");
		else if (c == '"' || c == '\\')
			ms_buf_printf(b, "\\%c", (char)c);
		else if (c < 0x20 || (c >= 0x7f && c < 0xa0))
			ms_buf_printf(b, "\\u%04x", (unsigned)c);
		else
			ms_buf_put(b, s.p, n);
		s = ms_span_from(s, n > 0 ? n : 1);
	}
	ms_buf_put_u8(b, '"');
}

/* "a, b" as ["a","b"]. */
static void put_list(struct ms_buf *b, struct ms_span s)
{
	const char *comma = "[";

	while (s.len > 0) {
		ms_buf_put_str(b, comma);
		put_string(b, ms_span_trim(ms_span_cut(&s, ',')));
		comma = ",";
	}
	ms_buf_put_u8(b, ']');
}

static bool is_empty(const struct field *f, const void *at)
{
	switch (f->type) {
	case FIELD_SPAN:
	case FIELD_LIST:
		return ((const struct ms_span *)at)->len == 0;
	case FIELD_NAME:
		return *(const char *const *)at == NULL;
	case FIELD_UINT:
		return *(const unsigned *)at == 0;
	case FIELD_U64:
		return *(const uint64_t *)at == 0;
	case FIELD_TIME:
		return *(const ms_usec *)at == 0;
	case FIELD_BOOL:
		return !*(const bool *)at;
	}
	return true;
}

static void put_value(struct ms_buf *b, const struct field *f, const void *at)
{
	char iso[32];

	switch (f->type) {
	case FIELD_SPAN:
		put_string(b, *(const struct ms_span *)at);
		break;
	case FIELD_LIST:
		put_list(b, *(const struct ms_span *)at);
		break;
	case FIELD_NAME:
		put_string(b, ms_span_str(*(const char *const *)at));
		break;
	case FIELD_UINT:
		ms_buf_printf(b, "%u", *(const unsigned *)at);
		break;
	case FIELD_U64:
		ms_buf_printf(b, "%llu", (unsigned long long)*(const uint64_t *)at);
		break;
	case FIELD_TIME:
		put_string(b, ms_span_str(ms_usec_to_iso(*(const ms_usec *)at, iso)));
		break;
	case FIELD_BOOL:
		ms_buf_put_str(b, *(const bool *)at ? "true" : "false");
		break;
	}
}

static void put_field(struct ms_buf *b, const struct ms_ue_event *e, struct ms_span name)
{
	bool always = name.len > 0 && name.p[name.len - 1] == '!';
	const struct field *f = NULL;
	const void *at;

	if (always)
		name.len--;
	for (size_t i = 0; i < MS_ARRAY_SIZE(fields); i++) {
		if (ms_span_is(name, fields[i].name))
			f = &fields[i];
	}
	if (!f)
		return;
	at = (const char *)e + f->offset;
	if (!always && is_empty(f, at))
		return;
	ms_buf_printf(b, ",\"%s\":", f->name);
	put_value(b, f, at);
}

void ms_ue_event_json(struct ms_buf *b, const struct ms_ue_event *e, ms_usec now)
{
	struct ms_span rest = ms_span_str(events[e->type].fields);
	char iso[32];

	ms_buf_printf(b, "{\"event\":\"%s\",\"time\":\"%s\"", events[e->type].name,
		      ms_usec_to_iso(now, iso));
	while (rest.len > 0)
		put_field(b, e, ms_span_cut(&rest, ' '));
	ms_buf_put_str(b, "}\n");
}
