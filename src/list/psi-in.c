/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening what came, as the list. The S/MIME sender, for whom the key management server vouches, must
 * be the sender of the request (TS 33.328 annex F): else somebody's old message could be posted in
 * another's name.
 */
#include <errno.h>

#include "list/psi-priv.h"
#include "loop/loop.h"
#include "mime/multipart.h"
#include "mime/pkcs7.h"

#define STATUS_UNDECIPHERABLE 493

/* ---- refusals ---- */

static void refuse_fault(struct ms_lists_work *w, int err, const struct ms_fault *f)
{
	const char *text = f->reason ? ms_keys_fault_text(f) : strerror(-err);

	if (err == -ENOMEM && w->held.id)
		ms_lists_work_wait(w);
	else if (err == -ENOMEM)
		ms_lists_work_refuse(w, 503, "memory", NULL);
	else if (err == -EALREADY)
		ms_lists_work_refuse(w, STATUS_UNDECIPHERABLE, "replay", text);
	else
		ms_lists_work_refuse(w, STATUS_UNDECIPHERABLE, "smime", text);
}

static void refuse_plain(struct ms_lists_work *w)
{
	/* RFC 3261 section 21.4.13 wants to hear what would do. */
	ms_lists_work_refuse(w, 415, "plain", "only protected messages are taken here");
}

/* ---- the object ---- */

/* -ENOENT: no protected message in it. */
static int take_object(struct ms_lists_work *w)
{
	const struct ms_sip_packet *m = w->request;
	struct ms_fault f = { 0 };
	struct ms_mime_value type;
	struct ms_mime_entity part;
	enum ms_mime_cte cte;
	int err = ms_mime_content_type(ms_sip_packet_get(m, "Content-Type"), &type, &f);

	if (err == 0)
		err = ms_mime_cte_of(ms_sip_packet_get(m, "Content-Transfer-Encoding"), &cte);
	if (err)
		return -EBADMSG;
	if (ms_mime_pkcs7_check(&type, &f) == 0)
		return ms_mime_decode(m->body, cte, &w->object);
	if (!ms_mime_is(&type, "multipart", "*"))
		return -ENOENT;
	err = ms_mime_find(&type, m->body, "application", "pkcs7-mime", &ms_mime_limits_default,
			   &part, &f);
	return err ? err : ms_mime_decode(part.body, part.cte, &w->object);
}

/* ---- the content ---- */

/* RFC 3325 section 9.1: the network may vouch for a SIP and a tel URI of the same user. */
static bool is_sender(struct ms_lists_work *w, const struct ms_keys_identity *author)
{
	struct ms_keys_identity other;
	struct ms_sip_address a;

	if (strcmp(author->uri, w->sender.uri.uri) == 0)
		return true;
	if (!w->sender.asserted ||
	    !ms_sip_packet_address(w->request, "P-Asserted-Identity", 1, &a) ||
	    ms_keys_identity_parse(a.uri, &other) || strcmp(author->uri, other.uri) != 0)
		return false;
	w->sender.uri = other;
	return true;
}

static bool may_post(const struct ms_lists_work *w)
{
	const struct ms_lists_list *l =
		ms_lists_find(ms_lists.directory, ms_keys_identity_span(&w->list));

	return l && ms_lists_may_post(l, ms_keys_identity_span(&w->sender.uri));
}

static void refuse_sender(struct ms_lists_work *w, const struct ms_keys_identity *author)
{
	MS_LOG(&ms_lists_log, MS_LOG_WARNING,
	       "call=%s message to %s protected by %s but sent by %s",
	       MS_QUOTED(w->request->call_id), w->list.uri, author->uri, w->sender.uri.uri);
	ms_lists_work_refuse(w, 403, "sender_differs",
			     "who protected the message is not who sent it");
}

static void check_content(struct ms_lists_work *w, const struct ms_keys_identity *author)
{
	struct ms_fault f = { 0 };
	int err;

	if (!is_sender(w, author)) {
		refuse_sender(w, author);
		return;
	}
	/* By that name; and the list may have changed while the KMS was asked. */
	if (!may_post(w)) {
		ms_lists_work_refuse(w, 403, "may_not_post", "you may not post to this list");
		return;
	}
	err = ms_keys_smime_enter(w->in, &f);
	if (err)
		refuse_fault(w, err, &f);
	else
		ms_lists_work_send(w);
}

static void open_content(struct ms_lists_work *w)
{
	struct ms_keys_identity author;
	struct ms_fault f = { 0 };
	int err = ms_keys_smime_open(w->in, ms_clock_wall(), &w->opened, &author, &f);

	if (err)
		refuse_fault(w, err, &f);
	else
		check_content(w, &author);
}

static void resolved(const struct ms_keys_failure *why, void *arg)
{
	struct ms_lists_work *w = arg;

	w->asking = NULL;
	if (why)
		ms_lists_work_failed(w, why);
	else
		open_content(w);
}

/*
 * Whether a held message was posted is known by its place in the store; the replay cache may have it
 * from a run that ended before that was written (held.h).
 */
static int read_object(struct ms_lists_work *w, struct ms_fault *f)
{
	struct ms_keys_smime smime =
		ms_lists_smime(&ms_lists, w->ring, w->held.id ? NULL : ms_lists.replay);
	int err = ms_keys_smime_read(&smime, ms_buf_span(&w->object), w->held.came, f, &w->in);

	return err ? err : ms_lists_held_check(&w->held, w->in, f);
}

static void resolve(struct ms_lists_work *w)
{
	struct ms_keys_identity claimed;
	struct ms_fault f = { 0 };
	int err = read_object(w, &f);

	/* What would be refused in the end is not asked about, nor held in the way of its author's own. */
	if (err == 0 && ms_keys_smime_claimed(w->in, &claimed) && !is_sender(w, &claimed)) {
		refuse_sender(w, &claimed);
		return;
	}
	if (err == 0)
		err = ms_keys_ring_resolve(w->ring, ms_keys_smime_incoming(w->in),
					   ms_keys_smime_claims_proof(w->in)
						   ? MS_KEYS_RESOLVE_EACH
						   : MS_KEYS_RESOLVE_CACHED,
					   resolved, w, &f, &w->asking);
	if (err)
		refuse_fault(w, err, &f);
	else if (!w->asking)
		open_content(w);
}

void ms_lists_work_open(struct ms_lists_work *w)
{
	int err = 0;

	/* RFC 3261 section 20.12: none is understood. */
	if (ms_sip_packet_get(w->request, "Content-Encoding").len > 0) {
		ms_lists_work_refuse(w, 415, "malformed", "content encodings are not taken");
		return;
	}
	err = take_object(w);
	if (err == -ENOENT)
		refuse_plain(w);
	else if (err == -ENOMEM)
		ms_lists_work_refuse(w, 503, "memory", NULL);
	else if (err)
		ms_lists_work_refuse(w, 400, "malformed", "its body is malformed");
	else
		resolve(w);
}
