/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"

#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "plain-codec.h"

uint64_t net_dice(struct net *n)
{
	n->dice ^= n->dice << 13;
	n->dice ^= n->dice >> 7;
	n->dice ^= n->dice << 17;
	return n->dice;
}

static bool chance(struct net *n, unsigned percent)
{
	return net_dice(n) % 100 < percent;
}

/* ---- the network ---- */

static void put_flight(struct net *n, const struct net_peer *from, unsigned to, ms_usec delay,
		       struct ms_span octets)
{
	struct net_flight *f;

	if (n->n_flights == NET_FLIGHTS)
		return; /* a full queue loses, as queues do */
	f = &n->flights[n->n_flights];
	f->octets = ms_zalloc(octets.len);
	if (!f->octets)
		return;
	memcpy(f->octets, octets.p, octets.len);
	f->len = octets.len;
	f->at = n->now + delay;
	f->from = from->path;
	f->to = to;
	n->n_flights++;
}

static void net_send(const struct ms_h248_path *to, struct ms_span message, void *arg)
{
	struct net_peer *p = arg;
	struct net *n = p->net;
	unsigned times = chance(n, n->doubled) ? 2 : 1;

	(void)to;
	n->sent++;
	if (chance(n, n->replayed))
		put_flight(n, p, !p->number, (ms_usec)(net_dice(n) % NET_OLDEST), message);
	if (n->cut || chance(n, n->loss))
		return;
	for (; times > 0; times--)
		put_flight(n, p, !p->number,
			   n->delay +
				   (n->jitter ? (ms_usec)(net_dice(n) % (uint64_t)n->jitter) : 0),
			   message);
}

static void land(struct net *n, size_t i)
{
	struct net_flight f = n->flights[i];

	n->flights[i] = n->flights[--n->n_flights];
	if (!n->cut)
		ms_h248_entity_receive(n->peers[f.to].e, &f.from, ms_span_of(f.octets, f.len),
				       n->now);
	ms_free(f.octets);
}

/* ---- the users ---- */

static void reply(struct net_peer *p, struct ms_h248_job *job, uint32_t context)
{
	static struct ms_h248_command commands[NET_BIG];
	static struct ms_h248_termination roots[NET_BIG];
	struct ms_h248_action a = { .context = context, .commands = commands };
	struct ms_h248_transaction t = { .actions = &a };
	unsigned n = p->net->big ? p->net->big : 1;

	for (unsigned i = 0; i < n; i++) {
		roots[i] = (struct ms_h248_termination){ .kind = MS_H248_TERMINATION_ROOT };
		commands[i] =
			(struct ms_h248_command){ .verb = MS_H248_AUDIT_VALUE,
						  .terminations = &roots[i],
						  .next = i + 1 < n ? &commands[i + 1] : NULL };
	}
	int err = ms_h248_job_reply(job, &t, p->net->now);

	(void)err; /* no memory: the peer is told or times out */
}

static void on_request(struct ms_h248_job *job, const struct ms_h248_message *m,
		       const struct ms_h248_transaction *t, void *arg)
{
	struct net_peer *p = arg;
	struct net *n = p->net;
	uint32_t context = t->actions ? t->actions->context : 0;

	(void)m;
	if (context < NET_REQUESTS)
		n->requests[context].executed++;
	if (!chance(n, n->slow) || p->n_held == NET_REQUESTS) {
		reply(p, job, context);
		return;
	}
	p->held[p->n_held] = job;
	p->context_of[p->n_held] = context;
	p->reply_at[p->n_held++] = n->now + (ms_usec)(net_dice(n) % (uint64_t)n->slowness);
}

static void on_answered(struct ms_h248_association *a, void *request, int err,
			const struct ms_h248_message *m, const struct ms_h248_transaction *t,
			void *arg)
{
	struct net_request *r = request;

	(void)a, (void)m, (void)arg;
	r->answered++;
	r->err = err;
	r->error = t && t->error ? t->error->code : 0;
	for (const struct ms_h248_action *x = t ? t->actions : NULL; x; x = x->next)
		for (const struct ms_h248_command *c = x->commands; c; c = c->next)
			r->commands++;
}

static bool on_admit(struct ms_h248_association *a, const struct ms_h248_message *m, void *arg)
{
	struct net_peer *p = arg;

	(void)m;
	p->a = a;
	return true;
}

static void on_aborted(struct ms_h248_job *job, void *arg)
{
	(void)job;
	((struct net_peer *)arg)->aborted++;
}

static void on_lost(struct ms_h248_association *a, enum ms_h248_lost why, void *arg)
{
	(void)a, (void)why;
	((struct net_peer *)arg)->lost++;
}

static void on_found(struct ms_h248_association *a, void *arg)
{
	(void)a;
	((struct net_peer *)arg)->found++;
}

static void on_error(struct ms_h248_association *a, const struct ms_h248_error *e, void *arg)
{
	(void)a, (void)e;
	((struct net_peer *)arg)->message_errors++;
}

static void on_ended(struct ms_h248_association *a, void *arg)
{
	struct net_peer *p = arg;

	p->ended++;
	if (p->a == a)
		p->a = NULL;
}

static const struct ms_h248_handlers handlers = {
	.admit = on_admit,
	.request = on_request,
	.answered = on_answered,
	.aborted = on_aborted,
	.lost = on_lost,
	.found = on_found,
	.message_error = on_error,
	.ended = on_ended,
};

/* ---- making ---- */

static int fill(void *arg, void *p, size_t n)
{
	uint8_t *at = p;

	while (n-- > 0)
		*at++ = (uint8_t)net_dice(arg);
	return 0;
}

static int peer_init(struct net *n, unsigned i, enum ms_h248_transport transport,
		     const struct ms_random *random, struct ms_h248_entity_options *o)
{
	struct net_peer *p = &n->peers[i];

	p->net = n;
	p->number = i;
	p->path = (struct ms_h248_path){ .transport = transport,
					 .family = 4,
					 .host = { 127, 0, 0, (uint8_t)(i + 1) },
					 .port = 2944,
					 .channel = i + 1,
					 .codec = n->codec };
	o->mid.kind = MS_H248_MID_DOMAIN;
	o->mid.name = i == 0 ? MS_SPAN_LIT("alg.example") : MS_SPAN_LIT("agw.example");
	o->wire = (struct ms_h248_wire){ .send = net_send, .arg = p };
	o->handlers = &handlers;
	o->arg = p;
	o->random = random;
	o->registry = n->codec == &plain_codec ? NULL : &n->registry;
	return ms_h248_entity_new(o, &p->e);
}

static int init(struct net *n, uint64_t seed, enum ms_h248_transport transport,
		const struct ms_h248_limits *limits, const struct ms_h248_timers *timers,
		const struct ms_h248_codec *codec)
{
	struct ms_random random = { fill, n };
	struct ms_h248_entity_options o = { 0 };
	int err;

	memset(n, 0, sizeof(*n));
	n->codec = codec;
	ms_h248_registry_init(&n->registry);
	n->now = 1000 * MS_SEC;
	n->dice = seed * 0x9e3779b97f4a7c15U + 1;
	n->delay = 2 * MS_MSEC;
	if (limits)
		o.limits = *limits;
	if (timers)
		o.timers = *timers;
	err = peer_init(n, 0, transport, &random, &o);
	if (!err)
		err = peer_init(n, 1, transport, &random, &o);
	/* the gateway begins: only it knows where the other is */
	if (!err)
		err = ms_h248_associate(n->peers[1].e, &n->peers[0].path, NULL, &n->peers[1].a);
	return err;
}

int net_init(struct net *n, uint64_t seed, enum ms_h248_transport transport,
	     const struct ms_h248_limits *limits, const struct ms_h248_timers *timers)
{
	return init(n, seed, transport, limits, timers, &plain_codec);
}

int net_init_codec(struct net *n, uint64_t seed, const struct ms_h248_codec *codec,
		   const struct ms_h248_limits *limits)
{
	return init(n, seed, MS_H248_UDP, limits, NULL, codec);
}

void net_done(struct net *n)
{
	for (unsigned i = 0; i < 2; i++)
		n->peers[i].e = ms_h248_entity_free(n->peers[i].e);
	for (size_t i = 0; i < n->n_flights; i++) /* last words too */
		ms_free(n->flights[i].octets);
	n->n_flights = 0;
}

/* ---- doing ---- */

static int ask(struct net *n, unsigned from, struct ms_h248_action *a)
{
	struct net_peer *p = &n->peers[from];
	uint32_t id;
	int err;

	if (!p->a || n->n_requests == NET_REQUESTS)
		return -ENOTCONN;
	a->context = (uint32_t)n->n_requests;
	err = ms_h248_request(p->a, a, &n->requests[n->n_requests], n->now, &id);
	return err ? err : (int)n->n_requests++;
}

int net_request(struct net *n, unsigned from)
{
	struct ms_h248_termination root = { .kind = MS_H248_TERMINATION_ROOT };
	struct ms_h248_audit audit = { 0 };
	struct ms_h248_command c = { .verb = MS_H248_AUDIT_VALUE,
				     .terminations = &root,
				     .audit = &audit };
	struct ms_h248_action a = { .commands = &c };

	return ask(n, from, &a);
}

int net_restart(struct net *n, unsigned from)
{
	struct ms_h248_service_change sc = { .method = MS_H248_SC_RESTART,
					     .reason = MS_SPAN_LIT("901 Cold Boot") };
	struct ms_h248_termination root = { .kind = MS_H248_TERMINATION_ROOT };
	struct ms_h248_command c = { .verb = MS_H248_SERVICE_CHANGE,
				     .terminations = &root,
				     .service_change = &sc };
	struct ms_h248_action a = { .commands = &c };

	return ask(n, from, &a);
}

static void reply_due(struct net_peer *p)
{
	for (size_t i = 0; i < p->n_held;) {
		struct ms_h248_job *job = p->held[i];
		uint32_t context = p->context_of[i];

		if (p->reply_at[i] > p->net->now) {
			i++;
			continue;
		}
		p->n_held--;
		p->held[i] = p->held[p->n_held];
		p->reply_at[i] = p->reply_at[p->n_held];
		p->context_of[i] = p->context_of[p->n_held];
		reply(p, job, context);
	}
}

static ms_usec next_of(const struct net *n)
{
	ms_usec next = MS_NEVER;

	for (size_t i = 0; i < n->n_flights; i++)
		if (n->flights[i].at < next)
			next = n->flights[i].at;
	for (unsigned k = 0; k < 2; k++) {
		const struct net_peer *p = &n->peers[k];
		ms_usec timer = ms_h248_entity_next(p->e);

		if (timer < next)
			next = timer;
		for (size_t i = 0; i < p->n_held; i++)
			if (p->reply_at[i] < next)
				next = p->reply_at[i];
	}
	return next;
}

static void round_of(struct net *n)
{
	for (size_t i = 0; i < n->n_flights;)
		if (n->flights[i].at <= n->now)
			land(n, i);
		else
			i++;
	for (unsigned k = 0; k < 2; k++) {
		ms_h248_entity_tick(n->peers[k].e, n->now);
		reply_due(&n->peers[k]);
	}
	for (unsigned k = 0; k < 2; k++)
		ms_h248_entity_flush(n->peers[k].e, n->now);
}

void net_run(struct net *n, ms_usec until)
{
	for (;;) {
		ms_usec next;

		round_of(n);
		next = next_of(n);
		if (next > until)
			break;
		if (next > n->now)
			n->now = next;
	}
	n->now = until;
}
