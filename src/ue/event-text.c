/* SPDX-License-Identifier: Apache-2.0 */
/* Events as a person reads them. Whatever a peer chose passes through ms_ue_display_text(). */
#include <time.h>

#include "ue/display.h"
#include "ue/event.h"

#define LINE_MAX_PEER 256   /* octets of a name or an identity shown */
#define TEXT_MAX_PEER 16384 /* octets of a message shown */
#define INDENT "      "

static void put_peer(struct ms_buf *b, struct ms_span s)
{
	ms_ue_display_text(b, s, NULL, LINE_MAX_PEER);
}

/* Whom the KMS vouches for; else who SIP says it is. */
static void put_who(struct ms_buf *b, const struct ms_ue_event *e)
{
	if (e->peer.len > 0)
		put_peer(b, e->peer);
	else if (e->asserted.len > 0 || e->from.len > 0)
		put_peer(b, e->asserted.len > 0 ? e->asserted : e->from);
	else
		ms_buf_put_str(b, "somebody unknown");
}

static void put_labelled(struct ms_buf *b, const char *label, struct ms_span s)
{
	if (s.len == 0)
		return;
	ms_buf_put_str(b, label);
	put_peer(b, s);
}

static void put_reason(struct ms_buf *b, const struct ms_ue_event *e)
{
	if (e->status)
		ms_buf_printf(b, " %u", e->status);
	if (e->detail.len > 0)
		put_labelled(b, ": ", e->detail);
	else if (e->reason)
		ms_buf_printf(b, ": %s", e->reason);
	put_labelled(b, " (", e->warning);
	if (e->warning.len > 0)
		ms_buf_put_u8(b, ')');
	ms_buf_put_u8(b, '\n');
}

static void put_size(struct ms_buf *b, uint64_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double v = (double)size;
	size_t u = 0;

	for (; v >= 1024 && u + 1 < MS_ARRAY_SIZE(units); u++)
		v /= 1024;
	ms_buf_printf(b, u == 0 ? "%.0f %s" : "%.1f %s", v, units[u]);
}

static bool is_proved(const struct ms_ue_event *e)
{
	return e->proof && strcmp(e->proof, "proved") == 0;
}

static void put_text(struct ms_buf *b, const struct ms_ue_event *e)
{
	ms_buf_put_str(b, INDENT);
	if (e->text.len > 0) {
		ms_ue_display_text(b, e->text, INDENT, TEXT_MAX_PEER);
	} else {
		put_labelled(b, "(", e->content_type);
		ms_buf_printf(b, ", %llu octets)", (unsigned long long)e->size);
	}
	ms_buf_put_u8(b, '\n');
}

/* "2026-11-20 06:45:00 UTC" */
static void put_time(struct ms_buf *b, const char *label, ms_usec t)
{
	const time_t seconds = (time_t)(t / MS_SEC);
	char when[32];
	struct tm tm;

	if (t > 0 && gmtime_r(&seconds, &tm) &&
	    strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm) > 0)
		ms_buf_printf(b, "%s%s UTC", label, when);
}

static void put_proof(struct ms_buf *b, const struct ms_ue_event *e)
{
	if (!is_proved(e)) {
		ms_buf_put_str(b, "NOT PROVED");
		put_reason(b, e);
		return;
	}
	ms_buf_put_str(b, "proved: ");
	put_peer(b, e->peer);
	put_labelled(b, " wrote to ", e->called);
	put_time(b, " at ", e->written);
	ms_buf_put_str(b, ":\n");
	put_text(b, e);
}

static void put_message(struct ms_buf *b, const struct ms_ue_event *e)
{
	if (e->verified) {
		ms_buf_put_str(b, is_proved(e) ? "[protected, origin proved] " : "[protected] ");
		if (e->author.len > 0)
			ms_buf_put_str(b, "list ");
		put_peer(b, e->peer);
		put_labelled(b, ", written by ", e->author);
	} else {
		struct ms_span who = e->asserted.len > 0 ? e->asserted : e->from;

		ms_buf_put_str(b, who.len > 0 ? "[NOT PROTECTED] "
					      : "[NOT PROTECTED, SENDER UNKNOWN] ");
		put_peer(b, who);
	}
	if (e->deferred)
		put_time(b, ", written ", e->written);
	ms_buf_put_str(b, ":\n");
	put_text(b, e);
	put_labelled(b, INDENT "also to: ", e->others);
	if (e->others.len > 0)
		ms_buf_put_u8(b, '\n');
	put_labelled(b, INDENT "warning: ", e->warning);
	if (e->warning.len > 0)
		ms_buf_put_u8(b, '\n');
}

/* Protected to the edge of the network: the network itself can read. */
static bool is_to_edge(const struct ms_ue_event *e)
{
	return e->security && strcmp(e->security, "e2ae") == 0;
}

static const char *lack(const struct ms_ue_event *e)
{
	if (e->is_protected)
		return "";
	return is_to_edge(e) ? " PROTECTED TO THE NETWORK ONLY" : " WITHOUT PROTECTION";
}

static void put_standing(struct ms_buf *b, const struct ms_ue_event *e)
{
	ms_buf_put_str(b, e->diverted ? "connected, but DIVERTED to " : "connected with ");
	put_who(b, e);
	if (e->is_protected || is_to_edge(e))
		put_labelled(b, ", ", e->suite);
	if (!e->is_protected)
		ms_buf_put_str(b, is_to_edge(e) ? ", TO THE NETWORK ONLY" : ", NOT PROTECTED");
}

static void put_call(struct ms_buf *b, const struct ms_ue_event *e)
{
	ms_buf_printf(b, "[%u] ", e->session);
	switch (e->type) {
	case MS_UE_EVENT_CALL_OUTGOING:
		put_labelled(b, "calling ", e->peer);
		break;
	case MS_UE_EVENT_CALL_RINGING:
		ms_buf_put_str(b, "ringing");
		break;
	case MS_UE_EVENT_CALL_INCOMING:
		put_who(b, e);
		ms_buf_printf(b, " offers a %s%s: /accept or /reject", e->kind, lack(e));
		put_labelled(b, " - warning: ", e->warning);
		break;
	case MS_UE_EVENT_CALL_ESTABLISHED:
		put_standing(b, e);
		break;
	case MS_UE_EVENT_CALL_FAILED:
		ms_buf_put_str(b, "failed");
		put_reason(b, e);
		return;
	default:
		ms_buf_printf(b, "ended (%s)", e->reason ? e->reason : "bye");
	}
	ms_buf_put_u8(b, '\n');
}

static void put_file(struct ms_buf *b, const struct ms_ue_event *e)
{
	ms_buf_printf(b, "[%u] ", e->session);
	if (e->type == MS_UE_EVENT_FILE_OFFERED) {
		put_who(b, e);
		put_labelled(b, " offers the file ", e->name);
		ms_buf_put_str(b, ", ");
		put_size(b, e->size);
		ms_buf_put_str(b, ": /accept or /reject\n");
	} else if (e->type == MS_UE_EVENT_FILE_DONE) {
		put_peer(b, e->path.len > 0 ? e->path : e->name);
		ms_buf_put_str(b, ", ");
		put_size(b, e->size);
		ms_buf_printf(b, " %s%s\n", e->verified ? "complete, hash " : "complete, no hash",
			      e->verified ? "correct" : "");
	} else {
		put_peer(b, e->name);
		ms_buf_put_str(b, " failed");
		put_reason(b, e);
	}
}

static void put_floor(struct ms_buf *b, const struct ms_ue_event *e)
{
	ms_buf_printf(b, "[%u] ", e->session);
	switch (e->type) {
	case MS_UE_EVENT_FLOOR_HELLO:
		ms_buf_put_str(b, "the floor control server is there\n");
		break;
	case MS_UE_EVENT_FLOOR:
		ms_buf_printf(b, "floor request %u: %s", e->floor_request,
			      e->state ? e->state : "?");
		if (e->queue > 0)
			ms_buf_printf(b, ", number %u in the queue", e->queue);
		ms_buf_put_u8(b, '\n');
		break;
	case MS_UE_EVENT_FLOOR_STATUS:
		ms_buf_printf(b, "floor %u: ", e->floor);
		put_peer(b, e->detail.len > 0 ? e->detail : MS_SPAN_LIT("free"));
		ms_buf_put_u8(b, '\n');
		break;
	default:
		ms_buf_put_str(b, "floor control");
		put_reason(b, e);
	}
}

static void put_ticket(struct ms_buf *b, const struct ms_ue_event *e)
{
	char iso[32];

	ms_buf_printf(b, "%-7s ", e->kind);
	put_peer(b, e->resolvers);
	ms_buf_printf(b, "  until %s, used %llu times\n", ms_usec_to_iso(e->valid_until, iso),
		      (unsigned long long)e->uses);
}

static void put_line(struct ms_buf *b, const char *label, const struct ms_ue_event *e)
{
	ms_buf_put_str(b, label);
	put_reason(b, e);
}

/* Between us and the servers we depend on. */
static void put_service(struct ms_buf *b, const struct ms_ue_event *e)
{
	if (e->type == MS_UE_EVENT_REGISTERED) {
		put_labelled(b, "registered as ", e->peer);
		ms_buf_put_u8(b, '\n');
	} else if (e->type == MS_UE_EVENT_REGISTER_FAILED) {
		put_line(b, "registration failed", e);
	} else {
		put_labelled(b, "key management server ", e->url);
		put_reason(b, e);
	}
}

/* What became of a message, of ours or to us; one that can be shown is put_message()'s. */
static void put_outcome(struct ms_buf *b, const struct ms_ue_event *e)
{
	if (e->type == MS_UE_EVENT_MESSAGE_REFUSED) {
		put_labelled(b, "refused a message that says it is from ", e->from);
		put_reason(b, e);
	} else if (e->type == MS_UE_EVENT_MESSAGE_SENT) {
		put_labelled(b, "sent to ", e->peer);
		ms_buf_put_str(b, e->is_protected ? "\n" : " WITHOUT PROTECTION\n");
	} else if (e->type == MS_UE_EVENT_MESSAGE_FAILED) {
		put_labelled(b, "not sent to ", e->peer);
		put_reason(b, e);
	} else {
		put_peer(b, e->peer);
		ms_buf_put_str(b, " says:");
		put_labelled(b, " ", e->called);
		ms_buf_printf(b, " %s\n", e->reason);
	}
}

static void put_chat(struct ms_buf *b, const struct ms_ue_event *e)
{
	if (e->type == MS_UE_EVENT_CHAT_FAILED) {
		ms_buf_printf(b, "[%u] not delivered", e->session);
		put_reason(b, e);
		return;
	}
	ms_buf_printf(b,
		      e->is_protected ? "[%u] "
		      : is_to_edge(e) ? "[%u to the network] "
				      : "[%u NOT PROTECTED] ",
		      e->session);
	put_who(b, e);
	ms_buf_put_str(b, ": ");
	ms_ue_display_text(b, e->text, INDENT, TEXT_MAX_PEER);
	ms_buf_put_u8(b, '\n');
}

void ms_ue_event_text(struct ms_buf *b, const struct ms_ue_event *e)
{
	switch (e->type) {
	case MS_UE_EVENT_REGISTERED:
	case MS_UE_EVENT_REGISTER_FAILED:
	case MS_UE_EVENT_KMS_ERROR:
		put_service(b, e);
		break;
	case MS_UE_EVENT_MESSAGE:
		put_message(b, e);
		break;
	case MS_UE_EVENT_MESSAGE_REFUSED:
	case MS_UE_EVENT_MESSAGE_SENT:
	case MS_UE_EVENT_MESSAGE_FAILED:
	case MS_UE_EVENT_MESSAGE_DELIVERED:
		put_outcome(b, e);
		break;
	case MS_UE_EVENT_CALL_OUTGOING:
	case MS_UE_EVENT_CALL_RINGING:
	case MS_UE_EVENT_CALL_INCOMING:
	case MS_UE_EVENT_CALL_ESTABLISHED:
	case MS_UE_EVENT_CALL_FAILED:
	case MS_UE_EVENT_CALL_ENDED:
		put_call(b, e);
		break;
	case MS_UE_EVENT_FLOOR_HELLO:
	case MS_UE_EVENT_FLOOR:
	case MS_UE_EVENT_FLOOR_STATUS:
	case MS_UE_EVENT_FLOOR_FAILED:
		put_floor(b, e);
		break;
	case MS_UE_EVENT_CHAT:
	case MS_UE_EVENT_CHAT_FAILED:
		put_chat(b, e);
		break;
	case MS_UE_EVENT_FILE_OFFERED:
	case MS_UE_EVENT_FILE_DONE:
	case MS_UE_EVENT_FILE_FAILED:
		put_file(b, e);
		break;
	case MS_UE_EVENT_PROOF:
		put_proof(b, e);
		break;
	case MS_UE_EVENT_TICKET:
		put_ticket(b, e);
		break;
	case MS_UE_EVENT_WARNING:
		put_line(b, "warning", e);
		break;
	default: /* not worth a line; of a file's progress the console draws a bar */
		break;
	}
}
