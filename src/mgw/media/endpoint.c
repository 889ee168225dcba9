/* SPDX-License-Identifier: Apache-2.0 */
/* What the control role orders of one endpoint: the operations of h248/plane.h. */
#include <errno.h>
#include <sys/socket.h>

#include "core/alloc.h"
#include "mgw/media/media-priv.h"

/* H.248.8 */
#define INTERNAL_ERROR 500
#define NO_RESOURCES 510

/* ---- the endpoint itself ---- */

int ms_media_bearer(const struct ms_media_endpoint *e, struct ms_bearer *ret_b)
{
	int err = ms_bearer_unpack(ms_span_of(e->bearer, e->bearer_len), ret_b);

	if (err == 0)
		ret_b->latch = e->latch; /* off in a later SET leaves it armed */
	return err;
}

int ms_media_work_begin(struct ms_media_endpoint *e)
{
	if (e->work) {
		ms_timer_stop(&e->work->guard);
		return 0;
	}
	e->work = ms_zalloc(sizeof(*e->work));
	if (!e->work)
		return -ENOMEM;
	e->work->listener = -1;
	return 0;
}

void ms_media_work_end(struct ms_media_endpoint *e)
{
	if (!e->work)
		return;
	ms_timer_stop(&e->work->guard);
	e->work = ms_free(e->work);
}

static bool is_half(enum ms_media_state s)
{
	return s == MS_MEDIA_HELD || s == MS_MEDIA_CONNECTING || s == MS_MEDIA_SECURING;
}

void ms_media_become(struct ms_media_endpoint *e, enum ms_media_state s)
{
	struct ms_media_stats *stats = &e->media->stats;

	stats->half += is_half(s);
	stats->half -= is_half(e->state);
	stats->up += s == MS_MEDIA_UP;
	stats->up -= e->state == MS_MEDIA_UP;
	if (e->state == MS_MEDIA_UP && s != MS_MEDIA_UP)
		e->up_time += (uint64_t)(ms_loop_now() - e->up_since);
	e->state = (uint8_t)s;
}

static void forget_bearer(struct ms_media_endpoint *e)
{
	ms_wipe(e->bearer, e->bearer_len);
	e->bearer = ms_free(e->bearer);
}

void ms_media_endpoint_free(struct ms_media_endpoint *e)
{
	ms_media_aware_drop(e);
	if (e->partner)
		e->partner->partner = NULL;
	ms_media_close(e, false);
	ms_media_policy_free(e);
	forget_bearer(e);
	e->media->stats.endpoints--;
	ms_free(e);
}

static struct ms_media_endpoint *make(struct ms_media *m, ms_plane_endpoint number)
{
	struct ms_media_endpoint *e = ms_zalloc(sizeof(*e));

	if (!e)
		return NULL;
	e->media = m;
	e->number = number;
	e->fd = -1;
	ms_watch_init(&e->watch, "media", NULL, NULL);
	if (ms_hash_put(m->endpoints, ms_span_of(&e->number, sizeof(e->number)), e))
		return ms_free(e);
	m->stats.endpoints++;
	return e;
}

/* ---- SET ---- */

static bool same_address(const struct ms_bearer_address *a, const struct ms_bearer_address *b)
{
	return a->family == b->family && a->port == b->port &&
	       memcmp(a->octets, b->octets, sizeof(a->octets)) == 0;
}

static bool wants_listener(const struct ms_bearer *b)
{
	return b->mode != MS_BEARER_INACTIVE && b->setup != MS_BEARER_SETUP_ACTIVE &&
	       b->local.family && b->local.port;
}

/* A bearer that is up or under way ends without a word; the endpoint is as it was at first. */
static void begin_anew(struct ms_media_endpoint *e)
{
	if (e->state == MS_MEDIA_UP && e->tls) {
		ms_tls_close(e->tls);
		(void)!ms_media_flush(e);
	}
	if (e->state != MS_MEDIA_CLOSED && e->state != MS_MEDIA_LISTENING)
		ms_media_close(e, false);
	if (e->state == MS_MEDIA_OVER)
		ms_media_become(e, MS_MEDIA_CLOSED);
	e->tls_client = e->eof_in = e->eof_due = e->eof_out = false;
}

/* What the new description says about the listener. Fails without having changed anything. */
static int follow_gate(struct ms_media_endpoint *e, const struct ms_bearer *old,
		       const struct ms_bearer *b)
{
	bool same = old && same_address(&old->local, &b->local);

	if (e->state == MS_MEDIA_LISTENING && same && wants_listener(b))
		return ms_media_listen_as(e, old->incoming, b->incoming);
	if (e->state == MS_MEDIA_LISTENING)
		ms_media_unlisten(e);
	if (e->state == MS_MEDIA_CLOSED && wants_listener(b))
		return ms_media_listen(e, b);
	return 0;
}

static void install(struct ms_media_endpoint *e, uint8_t *packed, size_t n, uint32_t certificate,
		    const struct ms_bearer *b)
{
	forget_bearer(e);
	e->bearer = packed;
	e->bearer_len = (uint16_t)n;
	e->certificate = certificate;
	e->mode = (uint8_t)b->mode;
	e->secure = b->tls;
	e->msrp = b->application == MS_BEARER_MSRP && b->local_path[0];
	e->keep_partner = b->keep_partner;
	e->report_release = b->report_release;
}

static void latch(struct ms_media_endpoint *e, const struct ms_bearer *b, bool same_remote)
{
	if (b->latch != MS_BEARER_LATCH_OFF)
		e->latch = (uint8_t)b->latch;
	else if (!same_remote)
		e->latch = MS_BEARER_LATCH_OFF;
}

/* Both directions hang on both modes. */
static void follow_mode(struct ms_media_endpoint *e)
{
	ms_media_join(e);
	if (e->partner)
		ms_media_join(e->partner);
}

static uint16_t change(struct ms_media_endpoint *e, uint32_t certificate, struct ms_span packed,
		       struct ms_bearer *b)
{
	struct ms_bearer old;
	bool known = e->bearer && ms_media_bearer(e, &old) == 0;
	bool same = known && (old.remote.family == 0 || same_address(&old.remote, &b->remote));
	uint8_t *copy = ms_zalloc(packed.len);
	int err = copy ? ms_media_policy_set(e, b) : -ENOMEM;

	if (err == 0 && known && !same)
		begin_anew(e);
	latch(e, b, same);
	b->latch = e->latch;
	if (err == 0)
		err = follow_gate(e, known ? &old : NULL, b);
	if (known)
		ms_bearer_wipe(&old);
	if (err) {
		ms_free(copy);
		return NO_RESOURCES;
	}
	memcpy(copy, packed.p, packed.len);
	install(e, copy, packed.len, certificate, b);
	if (ms_media_aware_follow(e) < 0)
		return NO_RESOURCES;
	ms_media_verify(e, b);
	follow_mode(e);
	return 0;
}

uint16_t ms_media_set(struct ms_media *m, ms_plane_endpoint number, uint32_t certificate,
		      struct ms_span bearer)
{
	struct ms_media_endpoint *e = ms_media_find(m, number);
	bool is_new = !e;
	struct ms_bearer b;
	uint16_t error;

	if (bearer.len > MS_BEARER_PACKED_MAX || ms_bearer_unpack(bearer, &b))
		return INTERNAL_ERROR;
	if (is_new)
		e = make(m, number);
	error = e ? change(e, certificate, bearer, &b) : NO_RESOURCES;
	ms_bearer_wipe(&b);
	if (error && is_new && e) {
		ms_hash_take(m->endpoints, ms_span_of(&number, sizeof(number)));
		ms_media_endpoint_free(e);
	}
	return error;
}

/* ---- the others ---- */

static void part(struct ms_media_endpoint *e)
{
	struct ms_media_endpoint *p = e->partner;

	if (!p)
		return;
	ms_media_aware_drop(e);
	e->partner = p->partner = NULL;
	e->mute = p->mute = false;
	ms_media_watch(e);
	ms_media_watch(p);
}

static void set_flow(struct ms_media_endpoint *e, enum ms_plane_flow flow)
{
	e->mute = flow == MS_PLANE_BACKWARD;
	e->partner->mute = flow == MS_PLANE_FORWARD;
}

uint16_t ms_media_pair(struct ms_media *m, ms_plane_endpoint endpoint, ms_plane_endpoint partner,
		       enum ms_plane_flow flow)
{
	struct ms_media_endpoint *e = ms_media_find(m, endpoint);
	struct ms_media_endpoint *p = partner ? ms_media_find(m, partner) : NULL;

	if (!e || e == p || (partner && !p))
		return INTERNAL_ERROR;
	if (p && e->partner == p) {
		set_flow(e, flow);
		follow_mode(e);
		return 0;
	}
	part(e);
	if (!p)
		return 0;
	part(p);
	e->partner = p;
	p->partner = e;
	set_flow(e, flow);
	if (ms_media_aware_follow(e) < 0) {
		part(e);
		return NO_RESOURCES;
	}
	follow_mode(e);
	return 0;
}

uint16_t ms_media_start_tcp(struct ms_media *m, ms_plane_endpoint endpoint)
{
	struct ms_media_endpoint *e = ms_media_find(m, endpoint);

	if (!e)
		return INTERNAL_ERROR;
	if (e->state == MS_MEDIA_OVER)
		begin_anew(e);
	ms_media_connect(e);
	return 0;
}

uint16_t ms_media_start_tls(struct ms_media *m, ms_plane_endpoint endpoint)
{
	struct ms_media_endpoint *e = ms_media_find(m, endpoint);

	if (!e)
		return INTERNAL_ERROR;
	if (e->tls_client)
		return 0;
	e->tls_client = true;
	ms_media_secure_again(e);
	return 0;
}

uint16_t ms_media_release(struct ms_media *m, ms_plane_endpoint endpoint, bool reset)
{
	struct ms_media_endpoint *e = ms_media_find(m, endpoint);

	if (!e)
		return INTERNAL_ERROR;
	if (reset || e->state != MS_MEDIA_UP)
		ms_media_close(e, reset);
	else
		ms_media_finish(e);
	ms_media_end_partner(e, reset);
	return 0;
}

static void statistics(const struct ms_media_endpoint *e, struct ms_bearer_statistics *ret_s)
{
	ms_usec up = (ms_usec)e->up_time;

	if (e->state == MS_MEDIA_UP)
		up += ms_loop_now() - e->up_since;
	*ret_s = (struct ms_bearer_statistics){
		.octets_in = e->octets_in,
		.octets_out = e->octets_out,
		.wire_in = e->wire_in,
		.wire_out = e->wire_out,
		.connections = e->connections,
		.connections_failed = e->failed,
		.connections_dropped = e->dropped,
		.handshakes = e->handshakes,
		.handshakes_failed = e->handshakes_failed,
		.up_ms = (uint64_t)(up / MS_MSEC),
	};
}

uint16_t ms_media_statistics(struct ms_media *m, ms_plane_endpoint endpoint,
			     struct ms_bearer_statistics *ret_s)
{
	const struct ms_media_endpoint *e = ms_media_find(m, endpoint);

	if (!e)
		return INTERNAL_ERROR;
	statistics(e, ret_s);
	return 0;
}

/* Said on the way out, if the peer listens. */
static void say_goodbye(struct ms_media_endpoint *e)
{
	e->number = 0; /* nothing is told of it any more */
	if (e->state == MS_MEDIA_UP)
		ms_media_shut(e);
}

uint16_t ms_media_delete(struct ms_media *m, ms_plane_endpoint endpoint, bool reset,
			 struct ms_bearer_statistics *ret_s)
{
	struct ms_media_endpoint *e = ms_media_find(m, endpoint);
	struct ms_media_endpoint *p = e ? e->partner : NULL;

	if (!e)
		return INTERNAL_ERROR;
	statistics(e, ret_s);
	part(e);
	if (!reset)
		say_goodbye(e);
	else if (e->fd >= 0)
		ms_media_close(e, true);
	ms_hash_take(m->endpoints, ms_span_of(&endpoint, sizeof(endpoint)));
	ms_media_endpoint_free(e);
	if (p && p->state == MS_MEDIA_HELD)
		ms_media_held_refuse(p);
	return 0;
}

void ms_media_apply(struct ms_media *m, struct ms_plane_op *op)
{
	switch (op->verb) {
	case MS_PLANE_SET:
		op->error = ms_media_set(m, op->endpoint, op->certificate, op->bearer);
		break;
	case MS_PLANE_PAIR:
		op->error = ms_media_pair(m, op->endpoint, op->partner, op->flow);
		break;
	case MS_PLANE_START_TCP:
		op->error = ms_media_start_tcp(m, op->endpoint);
		break;
	case MS_PLANE_START_TLS:
		op->error = ms_media_start_tls(m, op->endpoint);
		break;
	case MS_PLANE_RELEASE:
		op->error = ms_media_release(m, op->endpoint, op->reset);
		break;
	case MS_PLANE_STATISTICS:
		op->error = ms_media_statistics(m, op->endpoint, &op->statistics);
		break;
	case MS_PLANE_DELETE:
		op->error = ms_media_delete(m, op->endpoint, op->reset, &op->statistics);
		break;
	}
}
