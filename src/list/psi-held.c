/* SPDX-License-Identifier: Apache-2.0 */
/*
 * While the key management server does not answer, messages are kept as they came: nobody here can
 * read them. They have been accepted (202), so each is worked on again until something final is said
 * about it, also after a kill.
 *
 * That a held message was posted is known by its place in the store, which goes in the same commit as
 * the posting. The replay cache cannot say it: a run may have ended between the two. So held messages
 * are not asked about there, and instead no second copy of one is taken while it is held.
 */
#include <errno.h>

#include "list/psi-priv.h"
#include "loop/loop.h"
#include "mikey/timestamp.h"

/* When it came, in the packet that is kept: ours stands before any that a sender put there. */
#define CAME "P-Mediasec-Came"

/* ---- which are held ---- */

static bool id_of(const struct ms_lists_work *w, uint8_t id[MS_KEYS_REPLAY_ID])
{
	return w->in &&
	       ms_keys_replay_id(ms_mikey_incoming_message(ms_keys_smime_incoming(w->in)), id) == 0;
}

int ms_lists_held_enter(struct ms_lists_work *w)
{
	uint8_t id[MS_KEYS_REPLAY_ID];
	int err;

	if (!id_of(w, id))
		return -EBADMSG;
	err = ms_hash_put(ms_lists.held, ms_span_of(id, sizeof(id)), &ms_lists);
	w->in_held = err == 0;
	return err == -EEXIST ? -EALREADY : err;
}

void ms_lists_held_leave(struct ms_lists_work *w)
{
	uint8_t id[MS_KEYS_REPLAY_ID];

	if (w->in_held && id_of(w, id))
		(void)ms_hash_take(ms_lists.held, ms_span_of(id, sizeof(id)));
	w->in_held = false;
}

bool ms_lists_held_is(const struct ms_lists_work *w)
{
	uint8_t id[MS_KEYS_REPLAY_ID];

	return id_of(w, id) && ms_hash_get(ms_lists.held, ms_span_of(id, sizeof(id))) != NULL;
}

void ms_lists_held_remember(const struct ms_lists_work *w)
{
	uint8_t id[MS_KEYS_REPLAY_ID];
	ms_usec stamp;

	if (w->held && id_of(w, id) &&
	    ms_mikey_ts_to_usec(&ms_mikey_incoming_message(ms_keys_smime_incoming(w->in))->t,
				&stamp) == 0)
		(void)!ms_keys_replay_enter(ms_lists.replay, id, stamp);
}

ms_usec ms_lists_held_came(const struct ms_sip_packet *m, ms_usec otherwise)
{
	uint64_t came;

	if (ms_span_u64(ms_sip_packet_get(m, CAME), INT64_MAX, &came))
		return otherwise;
	return (ms_usec)came;
}

/* ---- holding ---- */

static void hold_done(int err, void *arg)
{
	struct ms_lists_work *w = arg;

	w->posted = false;
	if (err) {
		ms_lists_work_refuse(w, 503, "store", strerror(-err));
		return;
	}
	w->in_held = false; /* from now on the one in the store has that place */
	ms_lists_count(MS_LISTS_C_HELD);
	MS_LOG(&ms_lists_log, MS_LOG_WARNING,
	       "call=%s message to %s from %s is held until the key management server answers",
	       MS_QUOTED(w->request->call_id), w->list.uri, w->sender.uri.uri);
	ms_lists_work_accept(w);
	ms_lists_held_retry();
}

static void hold(struct ms_lists_work *w)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf whole;
	char came[64];
	struct ms_buf head;
	struct ms_sip_rewrite rewrite = { .max_forwards = -1 };
	int err;

	ms_buf_init_fixed(&head, came, sizeof(came));
	ms_buf_printf(&head, CAME ": %lld\r\n", (long long)w->came);
	rewrite.head = ms_buf_span(&head);
	ms_buf_init(&whole, 2 * ms_lists.config->sip.message);
	ms_sip_packet_write(w->request, &rewrite, &whole);
	err = ms_buf_status(&whole);
	if (err == 0)
		err = ms_lists_held_enter(w);
	if (err == 0)
		err = ms_lists_post_hold(ms_lists.post, ms_buf_span(&whole),
					 ms_usec_add(w->came, ms_lists.config->kms.hold), hold_done,
					 w);
	if (err == -EALREADY)
		ms_lists_work_refuse(w, 493, "replay", "it is held already");
	else if (err)
		ms_lists_work_refuse(w, 503, err == -ENOMEM ? "memory" : "store", strerror(-err));
	else
		w->posted = true;
}

void ms_lists_work_failed(struct ms_lists_work *w, const struct ms_keys_failure *why)
{
	w->asking = NULL;
	if (!why->unreachable)
		ms_lists_work_refuse(w, 493, "kms_refused", why->detail);
	else if (w->held)
		ms_lists_held_wait(w);
	else if (ms_lists.config->kms.away == MS_LISTS_AWAY_REFUSE)
		ms_lists_work_refuse(w, 503, "kms_away", why->detail);
	else
		hold(w);
}

/* ---- trying again ---- */

void ms_lists_held_wait(struct ms_lists_work *w)
{
	w->in_held = false;
	ms_lists_work_free(w);
	ms_lists_held_retry();
}

static void retry(void *arg)
{
	(void)arg;
	ms_lists_post_resume(ms_lists.post);
}

void ms_lists_held_open(void)
{
	ms_timer_init(&ms_lists.retry, "list.held", retry, NULL);
}

void ms_lists_held_begin(void)
{
	ms_timer_start(&ms_lists.retry, 0);
}

void ms_lists_held_retry(void)
{
	if (!ms_timer_running(&ms_lists.retry))
		ms_timer_start(&ms_lists.retry, ms_lists.config->kms.retry);
}
