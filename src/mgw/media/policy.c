/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policing (tman) and inactivity (adid) of one endpoint. A stream cannot lose octets, so policing slows
 * its peer down: octets beyond the bucket are not read until it has filled. Inactivity is asked of
 * TCP itself: all of its segments count, bare acknowledgements and keep-alives too (H.248 Sub-series
 * Implementors' Guide clause 8.1).
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "core/alloc.h"
#include "mgw/media/media-priv.h"

/* Too few tokens to be worth a read. */
#define LEAST 512

/* ---- policing ---- */

static void fill(struct ms_media_policy *p, ms_usec now)
{
	ms_usec passed = now - p->filled;
	uint64_t more;

	if (passed > MS_SEC)
		passed = MS_SEC;
	more = p->rate * (uint64_t)passed / MS_SEC;
	if (more == 0)
		return;
	p->filled = now;
	p->tokens = p->tokens + more > p->burst ? p->burst : p->tokens + more;
}

static uint64_t least(const struct ms_media_policy *p)
{
	return p->burst < LEAST ? p->burst : LEAST;
}

static void refilled(void *arg)
{
	struct ms_media_endpoint *e = arg;

	e->paused = false;
	ms_media_watch(e);
}

size_t ms_media_allowance(struct ms_media_endpoint *e, size_t wanted)
{
	struct ms_media_policy *p = e->policy;

	if (p->rate == 0)
		return wanted;
	fill(p, ms_loop_now());
	if (p->tokens >= least(p))
		return p->tokens < wanted ? (size_t)p->tokens : wanted;
	e->paused = true;
	ms_timer_start(&p->refill, (ms_usec)((least(p) - p->tokens) * MS_SEC / p->rate) + MS_MSEC);
	return 0;
}

void ms_media_spend(struct ms_media_endpoint *e, size_t n)
{
	struct ms_media_policy *p = e->policy;

	p->tokens -= p->tokens < n ? p->tokens : n;
}

/* ---- inactivity ---- */

/* Milliseconds since the last segment in the directions asked for. */
static uint32_t quiet_ms(const struct ms_media_endpoint *e)
{
	struct tcp_info i = { 0 };
	socklen_t len = sizeof(i);
	uint32_t in, out;

	if (getsockopt(e->fd, IPPROTO_TCP, TCP_INFO, &i, &len) < 0)
		return 0;
	in = i.tcpi_last_data_recv < i.tcpi_last_ack_recv ? i.tcpi_last_data_recv
							  : i.tcpi_last_ack_recv;
	out = i.tcpi_last_data_sent;
	if (e->policy->direction == MS_BEARER_IN)
		return in;
	if (e->policy->direction == MS_BEARER_OUT)
		return out;
	return in < out ? in : out;
}

static void look_idle(void *arg)
{
	static const struct ms_bearer_event event = { .kind = MS_BEARER_IDLE, .alert = 255 };
	struct ms_media_endpoint *e = arg;
	struct ms_media_policy *p = e->policy;
	ms_usec quiet = quiet_ms(e) * MS_MSEC, limit = p->idle_s * MS_SEC;

	if (quiet < limit) {
		p->idle_told = false;
		ms_timer_start(&p->idle, limit - quiet);
		return;
	}
	if (!p->idle_told)
		ms_media_tell(e, &event);
	p->idle_told = true;
	ms_timer_start(&p->idle, limit);
}

/* ---- both ---- */

static void apply(struct ms_media_endpoint *e, const struct ms_bearer_policy *b)
{
	struct ms_media_policy *p = e->policy;

	p->rate = !b->police ? 0 : b->sustained_rate ? b->sustained_rate : b->peak_rate;
	p->burst = b->burst ? b->burst : p->rate;
	p->tokens = p->burst;
	p->filled = ms_loop_now();
	p->idle_s = b->inactivity_s;
	p->direction = (uint8_t)b->inactivity_direction;
	p->idle_told = false;
}

int ms_media_policy_set(struct ms_media_endpoint *e, const struct ms_bearer *b)
{
	if (!b->policy.police && b->policy.inactivity_s == 0) {
		ms_media_policy_free(e);
		return 0;
	}
	if (!e->policy) {
		e->policy = ms_zalloc(sizeof(*e->policy));
		if (!e->policy)
			return -ENOMEM;
		ms_timer_init(&e->policy->refill, "media.police", refilled, e);
		ms_timer_init(&e->policy->idle, "media.idle", look_idle, e);
	}
	apply(e, &b->policy);
	if (e->state == MS_MEDIA_UP)
		ms_media_policy_up(e);
	return 0;
}

void ms_media_policy_up(struct ms_media_endpoint *e)
{
	if (e->policy->idle_s)
		ms_timer_start(&e->policy->idle, e->policy->idle_s * MS_SEC);
	else
		ms_timer_stop(&e->policy->idle);
}

void ms_media_policy_free(struct ms_media_endpoint *e)
{
	if (!e->policy)
		return;
	ms_timer_stop(&e->policy->refill);
	ms_timer_stop(&e->policy->idle);
	e->policy = ms_free(e->policy);
	if (!e->paused)
		return;
	e->paused = false;
	ms_media_watch(e);
}
