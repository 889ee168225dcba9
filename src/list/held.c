/* SPDX-License-Identifier: Apache-2.0 */
/* Names, places and times of held messages. See held.h. */
#include "list/held.h"

#include <errno.h>

#include "list/psi.h"
#include "list/uri-list.h"
#include "mikey/timestamp.h"

/* When it came, in the packet that is kept: ours stands before any that a sender put there. */
#define CAME "P-Mediasec-Came"

/* ---- which are held ---- */

static bool id_of(struct ms_keys_smime_in *in, uint8_t id[MS_KEYS_REPLAY_ID])
{
	return in &&
	       ms_keys_replay_id(ms_mikey_incoming_message(ms_keys_smime_incoming(in)), id) == 0;
}

int ms_lists_held_enter(struct ms_lists_held *h, struct ms_keys_smime_in *in)
{
	uint8_t id[MS_KEYS_REPLAY_ID];
	int err;

	if (!id_of(in, id))
		return -EBADMSG;
	err = ms_hash_put(ms_lists.held, ms_span_of(id, sizeof(id)), &ms_lists);
	h->named = h->named || err == 0;
	return err == -EEXIST ? -EALREADY : err;
}

void ms_lists_held_leave(struct ms_lists_held *h, struct ms_keys_smime_in *in)
{
	uint8_t id[MS_KEYS_REPLAY_ID];

	if (h->named && id_of(in, id))
		(void)ms_hash_take(ms_lists.held, ms_span_of(id, sizeof(id)));
	h->named = false;
}

static bool is_held(struct ms_keys_smime_in *in)
{
	uint8_t id[MS_KEYS_REPLAY_ID];

	return id_of(in, id) && ms_hash_get(ms_lists.held, ms_span_of(id, sizeof(id))) != NULL;
}

int ms_lists_held_check(struct ms_lists_held *h, struct ms_keys_smime_in *in, struct ms_fault *f)
{
	int err;

	if (h->id == 0)
		return is_held(in) ? ms_fault_set(f, -EALREADY, 0, "replay", 0) : 0;
	err = ms_lists_held_enter(h, in);
	h->named = h->named || err == -EALREADY;
	return err == -EALREADY ? 0 : err;
}

void ms_lists_held_remember(const struct ms_lists_held *h, struct ms_keys_smime_in *in)
{
	uint8_t id[MS_KEYS_REPLAY_ID];
	ms_usec stamp;

	if (h->id != 0 && id_of(in, id) &&
	    ms_mikey_ts_to_usec(&ms_mikey_incoming_message(ms_keys_smime_incoming(in))->t,
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

int ms_lists_held_keep(struct ms_lists_held *h, struct ms_keys_smime_in *in,
		       const struct ms_sip_packet *m, ms_lists_posted_f *done, void *arg)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf whole;
	char came[64];
	struct ms_buf head;
	struct ms_sip_rewrite rewrite = { .max_forwards = -1 };
	int err;

	ms_buf_init_fixed(&head, came, sizeof(came));
	ms_buf_printf(&head, CAME ": %lld\r\n", (long long)h->came);
	rewrite.head = ms_buf_span(&head);
	ms_buf_init(&whole, 2 * ms_lists.config->sip.message);
	ms_sip_packet_write(m, &rewrite, &whole);
	err = ms_buf_status(&whole);
	if (err == 0)
		err = ms_lists_held_enter(h, in);
	if (err == 0)
		err = ms_lists_post_hold(ms_lists.post, ms_buf_span(&whole),
					 ms_usec_add(h->came, ms_lists.config->kms.hold), done,
					 arg);
	return err;
}

void ms_lists_held_kept(struct ms_lists_held *h, const struct ms_sip_packet *m)
{
	h->named = false; /* from now on the one in the store has that place */
	ms_lists_count(MS_LISTS_C_HELD);
	MS_LOG(&ms_lists_log, MS_LOG_WARNING,
	       "call=%s message to %s from %s is held until the key management server answers",
	       MS_QUOTED(m->call_id), MS_QUOTED(m->uri), MS_QUOTED(ms_sip_packet_get(m, "From")));
	ms_lists_held_retry();
}

void ms_lists_held_give_up(const struct ms_lists_held *h, const struct ms_sip_packet *m,
			   unsigned status, const char *reason, const char *detail)
{
	ms_lists_count_refused(reason);
	MS_LOG(&ms_lists_log, MS_LOG_WARNING,
	       "call=%s held message to %s from %s is given up, %u %s%s%s", MS_QUOTED(m->call_id),
	       MS_QUOTED(m->uri), MS_QUOTED(ms_sip_packet_get(m, "From")), status, reason,
	       detail ? ": " : "", detail ? detail : "");
	ms_lists_post_drop(ms_lists.post, h->id);
}

/* ---- trying again ---- */

void ms_lists_held_take(int64_t id, struct ms_span request, void *arg)
{
	struct ms_sip_packet *m = NULL;
	struct ms_fault f = { 0 };

	(void)arg;
	if (ms_sip_packet_read(request, &m, &f))
		ms_lists_held_retry();
	else if (ms_lists_uri_is(m))
		ms_lists_uri_held(id, m);
	else
		ms_lists_psi_held(id, m);
	ms_sip_packet_unref(m);
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
	if (!ms_timer_running(&ms_lists.retry) && !ms_lists.stopping)
		ms_timer_start(&ms_lists.retry, ms_lists.config->kms.retry);
}

void ms_lists_held_stop(void)
{
	ms_lists.stopping = true;
	ms_timer_stop(&ms_lists.retry);
}
