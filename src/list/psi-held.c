/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to lists while the key management server is away. See held.h. */
#include <errno.h>

#include "list/psi-priv.h"

static void hold_done(int err, void *arg)
{
	struct ms_lists_work *w = arg;

	w->posted = false;
	if (err) {
		ms_lists_work_refuse(w, 503, "store", strerror(-err));
		return;
	}
	ms_lists_held_kept(&w->held, w->request);
	ms_lists_work_accept(w);
}

static void hold(struct ms_lists_work *w)
{
	int err = ms_lists_held_keep(&w->held, w->in, w->request, hold_done, w);

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
	else if (w->held.id)
		ms_lists_work_wait(w);
	else if (ms_lists.config->kms.away == MS_LISTS_AWAY_REFUSE)
		ms_lists_work_refuse(w, 503, "kms_away", why->detail);
	else
		hold(w);
}

void ms_lists_work_wait(struct ms_lists_work *w)
{
	w->held.named = false;
	ms_lists_work_free(w);
	ms_lists_held_retry();
}
