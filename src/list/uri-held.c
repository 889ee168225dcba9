/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URI-list messages while the key management server is away. Only a protected list makes them wait: who
 * is written to is not known before it is opened. See held.h.
 */
#include <errno.h>

#include "list/uri-priv.h"

static void hold_done(int err, void *arg)
{
	struct ms_lists_uri_work *w = arg;

	w->posted = false;
	if (err) {
		ms_lists_uri_refuse(w, 503, "store", strerror(-err));
		return;
	}
	ms_lists_held_kept(&w->held, w->request);
	ms_lists_uri_accept(w);
}

/* Its recipients are taken from the sender's rate when they are known; until then it counts as one. */
static void hold(struct ms_lists_uri_work *w)
{
	int err;

	if (!ms_lists_take_rate(w->x, &w->sender, 1)) {
		ms_lists_uri_free(w);
		return;
	}
	err = ms_lists_held_keep(&w->held, w->in, w->request, hold_done, w);
	if (err == -EALREADY)
		ms_lists_uri_refuse(w, 493, "replay", "it is held already");
	else if (err)
		ms_lists_uri_later(w, err == -ENOMEM ? "memory" : "store", strerror(-err));
	else
		w->posted = true;
}

void ms_lists_uri_away(struct ms_lists_uri_work *w, const char *detail)
{
	if (w->held.id)
		ms_lists_uri_wait(w);
	else if (ms_lists.config->kms.away == MS_LISTS_AWAY_REFUSE)
		ms_lists_uri_refuse(w, 503, "kms_away", detail);
	else
		hold(w);
}

void ms_lists_uri_wait(struct ms_lists_uri_work *w)
{
	w->held.named = false;
	ms_lists_uri_free(w);
	ms_lists_held_retry();
}

void ms_lists_uri_later(struct ms_lists_uri_work *w, const char *reason, const char *detail)
{
	if (w->held.id)
		ms_lists_uri_wait(w);
	else
		ms_lists_uri_refuse(w, 503, reason, detail);
}
