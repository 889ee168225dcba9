/* SPDX-License-Identifier: Apache-2.0 */
/* What /info shows of a session. */
#include <errno.h>

#include "mikey/timestamp.h"
#include "ue/call-priv.h"
#include "ue/display.h"

/* The caller's ticket, by its policy. */
static void put_their_ticket(const struct ms_mikey_policy *p, struct ms_buf *b)
{
	struct ms_mikey_id id;
	const char *comma = "";
	size_t pos = 0;
	ms_usec end;
	char iso[32];

	ms_buf_put_str(b, "ticket:    the caller's, for ");
	while (ms_mikey_tp_next_id(p, MS_MIKEY_ROLE_RESPONDER, &pos, &id)) {
		ms_buf_put_str(b, comma);
		ms_ue_display_text(b, id.data, NULL, MS_KEYS_IDENTITY_MAX);
		comma = ", ";
	}
	ms_buf_put_str(b, "; resolved by our KMS\n");
	if (!ms_mikey_ts_to_usec(&p->end, &end))
		ms_buf_printf(b, "           until %s\n", ms_usec_to_iso(end, iso));
}

static void put_keys(const struct ms_ue_call *c, struct ms_buf *b)
{
	char iso[32];

	if (c->e2ae) {
		ms_buf_printf(
			b,
			"keys:      to the edge of the network only, by fingerprint\nsuite:     %s\n",
			c->established && ms_ue_media_suite(c->media) ? ms_ue_media_suite(c->media)
								      : "not yet");
		return;
	}
	if (!c->secure) {
		ms_buf_put_str(b, "keys:      none: NOT PROTECTED\n");
		return;
	}
	ms_buf_printf(b, "suite:     %s\n",
		      c->established && ms_ue_media_suite(c->media) ? ms_ue_media_suite(c->media)
								    : "not yet");
	if (c->outgoing)
		ms_buf_printf(b, "ticket:    from %s, for %s, used %u times\n",
			      c->ticket_source ? c->ticket_source : "nowhere yet",
			      c->resolvers ? c->resolvers : "-", c->ticket_uses);
	else if (c->incoming)
		put_their_ticket(&ms_mikey_incoming_message(c->incoming)->ticket, b);
	if (c->ticket_end && c->ticket_end != MS_NEVER)
		ms_buf_printf(b, "           until %s\n", ms_usec_to_iso(c->ticket_end, iso));
}

static void put_identities(const struct ms_ue_call *c, struct ms_buf *b)
{
	struct ms_span peer = ms_keys_identity_span(&c->peer);

	if (peer.len > 0)
		ms_buf_printf(b, "peer:      %s, as the KMS says\n", c->peer.uri);
	else
		ms_buf_put_str(b, "peer:      not known yet\n");
	if (c->outgoing) {
		ms_buf_printf(b, "called:    %s%s\n", c->called.uri,
			      peer.len > 0 && !ms_keys_identity_same(
						      peer, ms_keys_identity_span(&c->called))
				      ? " (the call was DIVERTED)"
				      : "");
		return;
	}
	ms_buf_printf(b, "From:      %s%s\n", c->sender.from.uri[0] ? c->sender.from.uri : "-",
		      peer.len > 0 && ms_ue_sender_differs(&c->sender, peer).len > 0
			      ? " (DIFFERS: the KMS's word counts)"
			      : "");
	ms_buf_printf(b, "network:   %s\n",
		      c->sender.asserted.uri[0] ? c->sender.asserted.uri : "says nothing");
}

static const char *state_of(const struct ms_ue_call *c)
{
	if (c->established)
		return "connected";
	if (c->waiting)
		return "waits for /accept or /reject";
	if (c->answered)
		return "connecting";
	return c->asking ? "asking the key management server" : "calling";
}

int ms_ue_info(const struct ms_ue *ue, unsigned session, struct ms_buf *b)
{
	const struct ms_ue_call *c = ms_ue_call_find(ue, session);

	if (!c)
		return -ENOENT;
	ms_buf_printf(b, "session:   %u, %s, %s\n", c->number, c->kind, state_of(c));
	put_identities(c, b);
	put_keys(c, b);
	if (c->file)
		ms_buf_printf(b, "file:      %llu of %llu octets\n",
			      (unsigned long long)ms_ue_file_at(c->file),
			      (unsigned long long)ms_ue_file_size(c->file));
	return ms_buf_status(b);
}
