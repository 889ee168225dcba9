/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this service can know of a message it cannot read: who may resolve its ticket, and until when.
 * Both stand in the clear (RFC 6043 section 6.10). A recipient the sender forgot in his ticket would get
 * octets he cannot open, so that is said at once.
 */
#include <errno.h>

#include "list/uri-priv.h"
#include "mikey/policy.h"
#include "mikey/timestamp.h"

static bool admits_all(const struct ms_lists_uri_work *w, const struct ms_mikey_policy *ticket)
{
	const struct ms_mikey_party *me = ms_keys_ring_party(w->ring, MS_KEYS_TICKET_MESSAGE);
	const struct ms_profile *profile = &ms_lists.keys_config->profile;

	for (size_t i = 0; i < w->n; i++) {
		const struct ms_mikey_id id = { (uint8_t)profile->id_type, w->uri[i] };

		if (!ms_mikey_policy_admits(ticket, &id, me->local->wildcard))
			return false;
	}
	return true;
}

/* -EACCES: a recipient may not resolve it. */
static int look_at(struct ms_lists_uri_work *w, struct ms_keys_smime_in *in)
{
	const struct ms_mikey_policy *ticket =
		&ms_mikey_incoming_message(ms_keys_smime_incoming(in))->ticket;
	ms_usec end;

	if (!admits_all(w, ticket))
		return -EACCES;
	if (ms_mikey_ts_to_usec(&ticket->end, &end) == 0 && end < w->expires)
		w->expires = end;
	return 0;
}

static int check_part(struct ms_lists_uri_work *w, const struct ms_mime_entity *e,
		      struct ms_fault *f)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf object;
	/* No replay cache: it is not we whom the message is for. */
	struct ms_keys_smime smime = ms_lists_smime(&ms_lists, w->ring, NULL);
	struct ms_keys_smime_in *in;
	int err;

	ms_buf_init(&object, 2 * ms_lists.config->limits.size);
	err = ms_mime_body(e, &object);
	if (err == 0)
		err = ms_keys_smime_read(&smime, ms_buf_span(&object), ms_clock_wall(), f, &in);
	if (err)
		return err;
	err = look_at(w, in);
	ms_keys_smime_in_free(in);
	return err;
}

int ms_lists_uri_tickets(struct ms_lists_uri_work *w, struct ms_fault *f)
{
	int err = 0;

	w->expires = MS_NEVER;
	for (size_t i = 0; err == 0 && i < w->parts.n; i++)
		if (ms_lists_uri_is_protected(&w->parts.payload[i]))
			err = check_part(w, &w->parts.payload[i], f);
	return err;
}
