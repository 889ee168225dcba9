/* SPDX-License-Identifier: Apache-2.0 */
/* What a message says in a few words: SIP by its first line and its media, H.248 by its commands. */
#include <jansson.h>

#include "ctl/trace.h"
#include "h248/binary.h"
#include "h248/package.h"
#include "h248/text.h"

#define COMMANDS_MAX 6 /* named of one transaction */

/* ---- SIP ---- */

/* "CSeq: 1 INVITE": the method behind the number. */
static struct ms_span cseq_method(struct ms_span message)
{
	while (message.len) {
		struct ms_span line = ms_span_trim(ms_span_cut(&message, '\n'));
		if (line.len == 0)
			break;
		if (!ms_span_starts_nocase(line, MS_SPAN_LIT("CSeq:")))
			continue;
		struct ms_span value = ms_span_trim(ms_span_from(line, 5));
		ms_span_cut(&value, ' ');
		return ms_span_trim(value);
	}
	return MS_SPAN_NULL;
}

/* The transport of each m= line, and what a= says of protection at the edge (TS 24.229 7.5.2). */
static void put_media(struct ms_buf *b, struct ms_span message)
{
	while (message.len) {
		struct ms_span line = ms_span_trim(ms_span_cut(&message, '\n'));
		if (ms_span_starts(line, MS_SPAN_LIT("m="))) {
			struct ms_span rest = ms_span_from(line, 2);
			ms_span_cut(&rest, ' ');
			ms_span_cut(&rest, ' ');
			struct ms_span proto = ms_span_cut(&rest, ' ');
			ms_buf_printf(b, " [%.*s", MS_SPAN_FMT(proto));
			ms_buf_put_u8(b, ']');
		} else if (ms_span_starts(line, MS_SPAN_LIT("a=3ge2ae:")) ||
			   ms_span_starts(line, MS_SPAN_LIT("a=setup:"))) {
			struct ms_span value = ms_span_from(line, 2);
			ms_buf_printf(b, " %.*s", MS_SPAN_FMT(value));
		}
	}
}

static void label_sip(struct ms_buf *b, struct ms_span message, bool *ret_heartbeat)
{
	struct ms_span rest = message, line = ms_span_trim(ms_span_cut(&rest, '\n'));

	if (ms_span_starts(line, MS_SPAN_LIT("SIP/2.0 "))) {
		struct ms_span method = cseq_method(rest);
		line = ms_span_from(line, 8);
		*ret_heartbeat = ms_span_starts(line, MS_SPAN_LIT("100"));
		ms_buf_printf(b, "%.*s (%.*s)", MS_SPAN_FMT(line), MS_SPAN_FMT(method));
	} else {
		struct ms_span uri = line, method = ms_span_cut(&uri, ' ');
		uri = ms_span_cut(&uri, ' ');
		ms_buf_printf(b, "%.*s %.*s", MS_SPAN_FMT(method), MS_SPAN_FMT(uri));
	}
	put_media(b, rest);
}

/* ---- H.248 ---- */

static const char *const verbs[MS_H248_VERB_COUNT] = {
	[MS_H248_ADD] = "Add",
	[MS_H248_MOVE] = "Move",
	[MS_H248_MODIFY] = "Modify",
	[MS_H248_SUBTRACT] = "Subtract",
	[MS_H248_AUDIT_CAPABILITY] = "AuditCapability",
	[MS_H248_AUDIT_VALUE] = "AuditValue",
	[MS_H248_NOTIFY] = "Notify",
	[MS_H248_SERVICE_CHANGE] = "ServiceChange",
};

static void put_context(struct ms_buf *b, uint32_t id)
{
	if (id == MS_H248_CONTEXT_NULL)
		ms_buf_put_str(b, "-");
	else if (id == MS_H248_CONTEXT_CHOOSE)
		ms_buf_put_str(b, "$");
	else if (id == MS_H248_CONTEXT_ALL)
		ms_buf_put_str(b, "*");
	else
		ms_buf_printf(b, "%u", id);
}

static void put_termination(struct ms_buf *b, const struct ms_h248_termination *t)
{
	static const char *const kinds[] = { [MS_H248_TERMINATION_ROOT] = "ROOT",
					     [MS_H248_TERMINATION_CHOOSE] = "$",
					     [MS_H248_TERMINATION_ALL] = "*" };
	if (t && t->kind == MS_H248_TERMINATION_NAMED)
		ms_buf_printf(b, " %.*s", MS_SPAN_FMT(t->name));
	else if (t)
		ms_buf_printf(b, " %s", kinds[t->kind]);
}

static void put_name(struct ms_buf *b, const struct ms_h248_name *n)
{
	ms_buf_printf(b, " %.*s/%.*s", MS_SPAN_FMT(n->package), MS_SPAN_FMT(n->item));
}

/* "tlsbsc/BNCChange EstFail fpmismatch": a name and the values of its parameters. */
static void put_observed(struct ms_buf *b, const struct ms_h248_observed *o)
{
	put_name(b, &o->name);
	for (const struct ms_h248_param *p = o->params; p; p = p->next)
		if (p->values && p->values->form != MS_H248_BER)
			ms_buf_printf(b, " %.*s", MS_SPAN_FMT(p->values->octets));
}

static void put_command(struct ms_buf *b, const struct ms_h248_command *c)
{
	ms_buf_printf(b, " %s", verbs[c->verb]);
	put_termination(b, c->terminations);
	for (const struct ms_h248_signal *s = c->signals ? c->signals->list : NULL; s; s = s->next)
		put_name(b, &s->name);
	for (const struct ms_h248_observed *o = c->observed; o; o = o->next)
		put_observed(b, o);
	if (c->service_change && c->service_change->reason.len)
		ms_buf_printf(b, " %.*s", MS_SPAN_FMT(c->service_change->reason));
	if (c->error)
		ms_buf_printf(b, " error %u", c->error->code);
}

static void put_actions(struct ms_buf *b, const struct ms_h248_action *a)
{
	unsigned n = 0;
	for (; a; a = a->next) {
		ms_buf_put_str(b, " C=");
		put_context(b, a->context);
		if (a->error)
			ms_buf_printf(b, " error %u", a->error->code);
		for (const struct ms_h248_command *c = a->commands; c; c = c->next, n++)
			if (n < COMMANDS_MAX)
				put_command(b, c);
	}
	if (n > COMMANDS_MAX)
		ms_buf_printf(b, " and %u more", n - COMMANDS_MAX);
}

static void put_transaction(struct ms_buf *b, const struct ms_h248_transaction *t)
{
	static const char *const kinds[] = { [MS_H248_REQUEST] = "Transaction",
					     [MS_H248_PENDING] = "Pending",
					     [MS_H248_REPLY] = "Reply",
					     [MS_H248_ACK] = "Ack",
					     [MS_H248_SEGMENT_REPLY] = "SegmentReply" };
	ms_buf_printf(b, "%s%s %u", b->len ? "; " : "", kinds[t->kind],
		      t->kind == MS_H248_ACK && t->acks ? t->acks->first : t->id);
	put_actions(b, t->actions);
	if (t->error)
		ms_buf_printf(b, " error %u", t->error->code);
}

/* Audits and heartbeats of ROOT, and acknowledgements: they pass all the time. */
static bool is_heartbeat(const struct ms_h248_transaction *t)
{
	const struct ms_h248_action *a = t->actions;
	if (t->kind == MS_H248_ACK)
		return true;
	if (t->error || !a || a->next || a->error || !a->commands || a->commands->next)
		return false;
	const struct ms_h248_command *c = a->commands;
	bool root = c->terminations && c->terminations->kind == MS_H248_TERMINATION_ROOT;
	bool audit = c->verb == MS_H248_AUDIT_VALUE || c->verb == MS_H248_NOTIFY;
	return root && audit && !c->media && !c->packages && !c->error;
}

static int read_h248(struct ms_span message, struct ms_h248_arena *a, struct ms_h248_message *ret_m)
{
	static struct ms_h248_registry registry;
	const struct ms_h248_message *m;
	bool binary = message.len && message.p[0] == 0x30;
	int err = binary ? ms_h248_binary_decode(message, a, NULL, &m)
			 : ms_h248_text_decode(message, a, NULL, &m);
	if (err < 0)
		return err;
	if (!registry.packages[MS_H248_PKG_G].number)
		ms_h248_registry_init(&registry);
	*ret_m = *m;
	return ms_h248_bind(ret_m, &registry, MS_H248_BIND_TEXT, a, NULL);
}

void ms_trace_mid(const struct ms_hep_packet *p, char mid[static MS_TRACE_NAME_MAX])
{
	struct ms_h248_arena a;
	struct ms_h248_message m;

	mid[0] = '\0';
	ms_h248_arena_init(&a, 0);
	if (p->protocol == MS_HEP_H248 && read_h248(p->payload, &a, &m) == 0 &&
	    m.mid.kind == MS_H248_MID_DOMAIN)
		(void)!ms_span_to_str(m.mid.name, mid, MS_TRACE_NAME_MAX);
	ms_h248_arena_done(&a);
}

static void label_h248(struct ms_buf *b, struct ms_span message, bool *ret_heartbeat)
{
	struct ms_h248_arena a;
	struct ms_h248_message m;

	ms_h248_arena_init(&a, 0);
	if (read_h248(message, &a, &m) < 0) {
		ms_buf_put_str(b, "H.248 message that cannot be read");
	} else if (m.error) {
		ms_buf_printf(b, "Error %u", m.error->code);
	} else {
		*ret_heartbeat = true;
		for (const struct ms_h248_transaction *t = m.transactions; t; t = t->next) {
			/* an acknowledgement that travels along says nothing */
			if (t->kind != MS_H248_ACK || t == m.transactions)
				put_transaction(b, t);
			*ret_heartbeat = *ret_heartbeat && is_heartbeat(t);
		}
	}
	ms_h248_arena_done(&a);
}

/* ---- events ---- */

static void label_event(struct ms_buf *b, struct ms_span json)
{
	json_t *o = json_loadb((const char *)json.p, json.len, 0, NULL);
	const char *event = json_string_value(json_object_get(o, "event"));
	const char *detail = json_string_value(json_object_get(o, "detail"));

	ms_buf_printf(b, "%s%s%s", event ? event : "log", detail ? ": " : "", detail ? detail : "");
	json_decref(o);
}

void ms_trace_label(struct ms_trace_line *line, const struct ms_hep_packet *p)
{
	char text[2 * MS_TRACE_LABEL_MAX];
	struct ms_buf b, safe;

	ms_buf_init(&b, 4096);
	switch (p->protocol) {
	case MS_HEP_SIP:
		label_sip(&b, p->payload, &line->heartbeat);
		break;
	case MS_HEP_H248:
		label_h248(&b, p->payload, &line->heartbeat);
		break;
	default:
		line->event = true;
		label_event(&b, p->payload);
	}
	/* control characters and the like become \xHH; what is too long is cut */
	ms_buf_init_fixed(&safe, text, sizeof(text));
	for (size_t max = MS_TRACE_LABEL_MAX - 4; max > 0; max /= 2) {
		ms_buf_reset(&safe);
		ms_buf_put_quoted(&safe, ms_buf_span(&b), max);
		if (ms_buf_status(&safe) == 0 && safe.len < MS_TRACE_LABEL_MAX)
			break;
	}
	(void)!ms_span_to_str(ms_buf_span(&safe), line->label, sizeof(line->label));
	ms_buf_done(&b);
}
