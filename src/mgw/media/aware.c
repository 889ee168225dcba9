/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Application-aware MSRP (TS 23.334 clauses 5.19 and 6.2.18.4): octets of a pair of which both
 * endpoints were set up as MSRP go through an engine that gives each peer the paths it expects. All that
 * one read brings leaves in one send a side; nothing is kept here, so that back-pressure is what it is
 * for all octets. The pair shares one engine, which both endpoints point to.
 */
#include <errno.h>

#include "core/alloc.h"
#include "mgw/media/media-priv.h"
#include "msrp/b2bua.h"

struct ms_media_aware {
	struct ms_msrp_b2bua *engine;
	struct ms_media_endpoint *legs[2];
	bool ready; /* all paths are known */
	bool used;  /* octets have passed */
};

static unsigned leg_of(const struct ms_media_endpoint *e)
{
	return e->aware->legs[1] == e;
}

void ms_media_aware_drop(struct ms_media_endpoint *e)
{
	struct ms_media_aware *a = e->aware;

	if (!a)
		return;
	a->legs[0]->aware = a->legs[1]->aware = NULL;
	ms_msrp_b2bua_free(a->engine);
	ms_free(a);
}

static int make(struct ms_media_endpoint *e)
{
	struct ms_media_aware *a = ms_zalloc(sizeof(*a));

	if (!a || ms_msrp_b2bua_new(NULL, &ms_random_system, &a->engine) < 0) {
		ms_free(a);
		return -ENOMEM;
	}
	a->legs[0] = e;
	a->legs[1] = e->partner;
	e->aware = e->partner->aware = a;
	return 0;
}

/* 1: the leg has its paths, 0: not yet, or negative errno. */
static int set_paths(struct ms_media_endpoint *e)
{
	struct ms_bearer b;
	int err = ms_media_bearer(e, &b);

	if (err < 0)
		return err;
	if (!b.local_path[0] || !b.remote_path[0])
		err = 0;
	else
		err = ms_msrp_b2bua_set_paths(e->aware->engine, leg_of(e),
					      ms_span_str(b.local_path),
					      ms_span_str(b.remote_path));
	if (err == 0)
		err = b.local_path[0] && b.remote_path[0];
	ms_bearer_wipe(&b);
	return err;
}

int ms_media_aware_follow(struct ms_media_endpoint *e)
{
	struct ms_media_endpoint *p = e->partner;
	int mine, its, err;

	if (!p || !e->msrp || !p->msrp) {
		ms_media_aware_drop(e);
		return 0;
	}
	err = e->aware ? 0 : make(e);
	if (err < 0)
		return err;
	mine = set_paths(e);
	its = set_paths(p);
	e->aware->ready = mine > 0 && its > 0;
	return mine < 0 ? mine : its < 0 ? its : 0;
}

bool ms_media_aware_ready(const struct ms_media_endpoint *e)
{
	return !e->aware || e->aware->ready;
}

/* A connection begins with the start of a message, whatever the one before has left. */
void ms_media_aware_up(struct ms_media_endpoint *e)
{
	if (!e->aware || !e->aware->used)
		return;
	ms_media_aware_drop(e);
	if (ms_media_aware_follow(e) < 0)
		ms_media_broken(e, ENOBUFS);
}

static bool deliver(struct ms_media_endpoint *to, struct ms_buf *out)
{
	struct ms_span s = ms_buf_span(out);
	bool ok = true;

	to->octets_out += s.len;
	if (s.len > 0)
		ok = ms_media_send(to, s);
	ms_buf_reset(out);
	return ok;
}

static void count(struct ms_media *m, const struct ms_msrp_b2bua_counters *before,
		  const struct ms_msrp_b2bua_counters *now)
{
	m->stats.msrp_sends += now->sends - before->sends;
	m->stats.msrp_reports += now->reports - before->reports;
	m->stats.msrp_others += now->others - before->others;
	m->stats.msrp_responses += now->responses - before->responses;
	m->stats.msrp_refused += now->refused - before->refused;
}

/* As much as the buffers take. 0, or negative errno: the bearers end. */
static int run(struct ms_media_endpoint *e, struct ms_span *s, struct ms_buf *out[2])
{
	struct ms_media_aware *a = e->aware;
	const struct ms_msrp_b2bua_counters *now = ms_msrp_b2bua_counters(a->engine, leg_of(e));
	struct ms_msrp_b2bua_counters before = *now;
	size_t taken = 0;
	int err = ms_msrp_b2bua_input(a->engine, leg_of(e), ms_loop_now(), *s, out, &taken, NULL);

	count(e->media, &before, now);
	a->used = true;
	*s = ms_span_from(*s, taken);
	if (err == 0 && taken == 0 && out[0]->len + out[1]->len == 0)
		err = -ENOBUFS; /* only if paths were taken away meanwhile */
	return err;
}

bool ms_media_aware_give(struct ms_media_endpoint *e, struct ms_span s)
{
	struct ms_media *m = e->media;
	struct ms_media_endpoint *p = e->partner;
	struct ms_buf *out[2] = { &m->aware_out[0], &m->aware_out[1] };
	unsigned leg = leg_of(e);

	ms_buf_reset(out[0]);
	ms_buf_reset(out[1]);
	while (s.len > 0) {
		int err = run(e, &s, out);

		if (!deliver(p, out[!leg]) || !deliver(e, out[leg]))
			return false;
		if (err < 0) {
			ms_media_broken(e, err == -EBADMSG ? EPROTO : ENOBUFS);
			return false;
		}
	}
	return true;
}
