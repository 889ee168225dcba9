/* SPDX-License-Identifier: Apache-2.0 */
/* The entity on the loop: channels by number, the end of a round, the clock. */
#include "gcp/gcp.h"

#include <errno.h>

#include "core/alloc.h"
#include "core/profile.h"
#include "gcp/gcp-priv.h"

/* Channels by their number: slot in the low bits, serial number above. */
#define SLOT_BITS 20
#define SLOT_MASK (((uint64_t)1 << SLOT_BITS) - 1)
#define FIRST_SLOTS 16u

#define HEARTBEAT (5 * MS_SEC)

static const struct ms_gcp_limits default_limits = {
	.connections = 1024,
	.connections_per_host = 16,
	.unknown = 10 * MS_SEC,
	.connect = 5 * MS_SEC,
	.queue = 1024 * 1024,
	.udp_queue = 1024 * 1024,
	.socket_buffer = 4 * 1024 * 1024,
};

/* ---- channels ---- */

static int free_slot(struct ms_gcp *g, size_t *ret_slot)
{
	size_t n = g->n_slots ? g->n_slots * 2 : FIRST_SLOTS;
	struct ms_gcp_channel **slots;

	for (size_t i = 0; i < g->n_slots; i++)
		if (!g->slots[i]) {
			*ret_slot = i;
			return 0;
		}
	if (n > SLOT_MASK)
		return -ENOSPC;
	slots = ms_realloc(g->slots, n * sizeof(struct ms_gcp_channel *));
	if (!slots)
		return -ENOMEM;
	memset(&slots[g->n_slots], 0, (n - g->n_slots) * sizeof(struct ms_gcp_channel *));
	*ret_slot = g->n_slots;
	g->slots = slots;
	g->n_slots = n;
	return 0;
}

int ms_gcp_channel_add(struct ms_gcp *g, struct ms_gcp_channel *ch,
		       const struct ms_gcp_channel_ops *ops, enum ms_h248_transport transport,
		       const struct ms_h248_codec *codec)
{
	size_t slot;
	int err = free_slot(g, &slot);

	if (err)
		return err;
	ch->g = g;
	ch->ops = ops;
	ch->number = ++g->serial << SLOT_BITS | slot;
	ch->transport = transport;
	ch->codec = codec;
	g->slots[slot] = ch;
	ms_list_append(&g->channels, &ch->link);
	return 0;
}

void ms_gcp_channel_remove(struct ms_gcp_channel *ch)
{
	if (!ch->g)
		return;
	ch->g->slots[ch->number & SLOT_MASK] = NULL;
	ms_list_remove(&ch->link);
	if (ch->dirty)
		ms_list_remove(&ch->dirty_link);
	ch->dirty = false;
}

static struct ms_gcp_channel *channel_of(const struct ms_gcp *g, uint64_t number)
{
	size_t slot = number & SLOT_MASK;
	struct ms_gcp_channel *ch = slot < g->n_slots ? g->slots[slot] : NULL;

	return ch && ch->number == number ? ch : NULL;
}

struct ms_gcp_channel *ms_gcp_channel_of(const struct ms_gcp *g, const struct ms_h248_path *path)
{
	return channel_of(g, path->channel);
}

void ms_gcp_channel_dirty(struct ms_gcp_channel *ch)
{
	if (!ch->dirty)
		ms_list_append(&ch->g->dirty, &ch->dirty_link);
	ch->dirty = true;
	ms_gcp_wake(ch->g);
}

/* ---- messages ---- */

bool ms_gcp_received(struct ms_gcp_channel *ch, const struct ms_h248_path *from,
		     struct ms_span message)
{
	struct ms_gcp *g = ch->g;

	if (g->tap)
		g->tap(from, &ch->local, false, message, g->tap_arg);
	ms_gcp_wake(g);
	return ms_h248_entity_receive(g->entity, from, message, ms_clock_mono());
}

static void wire_send(const struct ms_h248_path *to, struct ms_span message, void *arg)
{
	struct ms_gcp *g = arg;
	struct ms_gcp_channel *ch = channel_of(g, to->channel);

	if (!ch) {
		g->counts.send_dropped++;
		return;
	}
	if (g->tap)
		g->tap(to, &ch->local, true, message, g->tap_arg);
	ch->ops->send(ch, to, message);
}

/* ---- the end of a round, and time ---- */

void ms_gcp_wake(struct ms_gcp *g)
{
	if (!g->closing)
		ms_defer_call(&g->defer);
}

static void wire_wanted(void *arg)
{
	ms_gcp_wake(arg);
}

static void flush_channels(struct ms_gcp *g)
{
	while (!ms_list_empty(&g->dirty)) {
		struct ms_gcp_channel *ch =
			(struct ms_gcp_channel *)((char *)g->dirty.next -
						  offsetof(struct ms_gcp_channel, dirty_link));

		ms_list_remove(&ch->dirty_link);
		ch->dirty = false;
		if (ch->ops->flush)
			ch->ops->flush(ch);
	}
}

static void round_end(void *arg)
{
	struct ms_gcp *g = arg;
	ms_usec now = ms_clock_mono(), next;

	ms_h248_entity_flush(g->entity, now);
	flush_channels(g);
	next = ms_h248_entity_next(g->entity);
	if (next == MS_NEVER)
		ms_timer_stop(&g->timer);
	else
		ms_timer_start(&g->timer, next > now ? next - now : 0);
}

static void timer_due(void *arg)
{
	struct ms_gcp *g = arg;

	ms_h248_entity_tick(g->entity, ms_clock_mono());
	ms_gcp_wake(g);
}

/* ---- life ---- */

#define DEFAULT(member)                                           \
	do {                                                      \
		if (g->limits.member == 0)                        \
			g->limits.member = default_limits.member; \
	} while (0)

static void set_defaults(struct ms_gcp *g)
{
	DEFAULT(connections);
	DEFAULT(connections_per_host);
	DEFAULT(unknown);
	DEFAULT(connect);
	DEFAULT(queue);
	DEFAULT(udp_queue);
	DEFAULT(socket_buffer);
	if (g->sctp.ppid == 0)
		g->sctp.ppid = ms_profile_default.sctp_ppid;
	if (g->sctp.local_udp == 0)
		g->sctp.local_udp = (uint16_t)ms_profile_default.sctp_udp_port;
	if (g->sctp.remote_udp == 0)
		g->sctp.remote_udp = g->sctp.local_udp;
	if (g->sctp.heartbeat == 0)
		g->sctp.heartbeat = HEARTBEAT;
}

int ms_gcp_new(const struct ms_gcp_options *options, const struct ms_h248_entity_options *entity,
	       struct ms_gcp **ret_g)
{
	struct ms_h248_entity_options e = *entity;
	struct ms_gcp *g = ms_zalloc(sizeof(*g));
	int err;

	if (!g)
		return -ENOMEM;
	if (options) {
		g->limits = options->limits;
		g->sctp = options->sctp;
		g->tap = options->tap;
		g->tap_arg = options->tap_arg;
	}
	set_defaults(g);
	ms_list_init(&g->channels);
	ms_list_init(&g->listeners);
	ms_list_init(&g->dirty);
	ms_defer_init(&g->defer, round_end, g);
	ms_timer_init(&g->timer, "gcp", timer_due, g);
	e.wire = (struct ms_h248_wire){ wire_send, wire_wanted, g };
	err = ms_h248_entity_new(&e, &g->entity);
	if (err) {
		ms_free(g);
		return err;
	}
	*ret_g = g;
	return 0;
}

struct ms_gcp *ms_gcp_free(struct ms_gcp *g)
{
	if (!g)
		return NULL;
	g->closing = true;
	g->entity = ms_h248_entity_free(g->entity);
	flush_channels(g); /* last words */
	while (!ms_list_empty(&g->listeners)) {
		struct ms_gcp_listener *l = (struct ms_gcp_listener *)g->listeners.next;

		l->free(l);
	}
	while (!ms_list_empty(&g->channels)) {
		struct ms_gcp_channel *ch = (struct ms_gcp_channel *)g->channels.next;

		ch->ops->free(ch);
	}
	ms_gcp_sctp_udp_done(g);
	ms_defer_cancel(&g->defer);
	ms_timer_stop(&g->timer);
	ms_free(g->slots);
	return ms_free(g);
}

struct ms_h248_entity *ms_gcp_entity(struct ms_gcp *g)
{
	return g->entity;
}

const struct ms_gcp_counts *ms_gcp_counts(const struct ms_gcp *g)
{
	return &g->counts;
}

/* ---- ports and connections ---- */

enum ms_gcp_sctp ms_gcp_sctp_kind(const struct ms_gcp_sctp_options *options)
{
	if (options->kind != MS_GCP_SCTP_AUTO)
		return options->kind;
	return ms_gcp_sctp_kernel_works() ? MS_GCP_SCTP_KERNEL : MS_GCP_SCTP_UDP;
}

static int listen_sctp(struct ms_gcp *g, const struct ms_addr *at,
		       const struct ms_h248_codec *codec, struct ms_addr *ret_at)
{
	if (ms_gcp_sctp_kind(&g->sctp) == MS_GCP_SCTP_KERNEL)
		return ms_gcp_sctp_kernel_listen(g, at, codec, ret_at);
	return ms_gcp_sctp_udp_listen(g, at, codec, ret_at);
}

static int connect_sctp(struct ms_gcp *g, const struct ms_addr *to,
			const struct ms_h248_codec *codec, const struct ms_addr *from,
			struct ms_gcp_channel **ret_ch)
{
	if (ms_gcp_sctp_kind(&g->sctp) == MS_GCP_SCTP_KERNEL)
		return ms_gcp_sctp_kernel_connect(g, to, codec, from, ret_ch);
	return ms_gcp_sctp_udp_connect(g, to, codec, from, ret_ch);
}

static int listen_udp(struct ms_gcp *g, const struct ms_addr *at, const struct ms_h248_codec *codec,
		      struct ms_addr *ret_at)
{
	struct ms_gcp_channel *ch;
	int err = ms_gcp_udp_open(g, at, codec, &ch);

	if (!err)
		*ret_at = ch->local;
	return err;
}

int ms_gcp_listen(struct ms_gcp *g, enum ms_h248_transport transport, const struct ms_addr *at,
		  const struct ms_h248_codec *codec, struct ms_addr *ret_at)
{
	static int (*const listen[])(struct ms_gcp *, const struct ms_addr *,
				     const struct ms_h248_codec *, struct ms_addr *) = {
		[MS_H248_UDP] = listen_udp,
		[MS_H248_TCP] = ms_gcp_tcp_listen,
		[MS_H248_SCTP] = listen_sctp,
	};
	struct ms_addr bound;
	int err = listen[transport](g, at, codec, &bound);

	if (!err && ret_at)
		*ret_at = bound;
	return err;
}

/* The UDP socket that is there for this purpose already. */
static struct ms_gcp_channel *udp_port(const struct ms_gcp *g, const struct ms_addr *to,
				       const struct ms_h248_codec *codec,
				       const struct ms_addr *from)
{
	struct ms_list *link;

	ms_list_foreach (link, &g->channels) {
		struct ms_gcp_channel *ch = (struct ms_gcp_channel *)link;

		if (ch->transport != MS_H248_UDP || ch->codec != codec ||
		    ms_addr_family(&ch->local) != ms_addr_family(to))
			continue;
		if (!from || !ms_addr_is_set(from) || ms_addr_equal(&ch->local, from))
			return ch;
	}
	return NULL;
}

static int any_of(int family, struct ms_addr *ret_addr)
{
	static const uint8_t zero[16];

	return ms_addr_from_octets(ms_span_of(zero, family == AF_INET ? 4 : 16), 0, ret_addr);
}

static int connect_udp(struct ms_gcp *g, const struct ms_addr *to,
		       const struct ms_h248_codec *codec, const struct ms_addr *from,
		       struct ms_gcp_channel **ret_ch)
{
	struct ms_gcp_channel *ch = udp_port(g, to, codec, from);
	struct ms_addr any;
	int err;

	if (ch) {
		*ret_ch = ch;
		return 0;
	}
	if (from && ms_addr_is_set(from))
		return ms_gcp_udp_open(g, from, codec, ret_ch);
	err = any_of(ms_addr_family(to), &any);
	return err ? err : ms_gcp_udp_open(g, &any, codec, ret_ch);
}

int ms_gcp_connect(struct ms_gcp *g, enum ms_h248_transport transport, const struct ms_addr *to,
		   const struct ms_h248_codec *codec, const struct ms_addr *from,
		   struct ms_h248_path *ret_path)
{
	static int (*const connect[])(struct ms_gcp *, const struct ms_addr *,
				      const struct ms_h248_codec *, const struct ms_addr *,
				      struct ms_gcp_channel **) = {
		[MS_H248_UDP] = connect_udp,
		[MS_H248_TCP] = ms_gcp_tcp_connect,
		[MS_H248_SCTP] = connect_sctp,
	};
	struct ms_gcp_channel *ch;
	int err = connect[transport](g, to, codec, from, &ch);

	if (!err)
		*ret_path = ms_gcp_path_of(ch, to);
	return err;
}

void ms_gcp_disconnect(struct ms_gcp *g, const struct ms_h248_path *path)
{
	struct ms_gcp_channel *ch = channel_of(g, path->channel);

	if (ch && ch->transport != MS_H248_UDP)
		ms_gcp_conn_lost((struct ms_gcp_conn *)ch);
}
