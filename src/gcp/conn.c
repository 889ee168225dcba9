/* SPDX-License-Identifier: Apache-2.0 */
/* What connections of TCP and SCTP have in common: limits, and an end when nobody knows them. */
#include "gcp/gcp-priv.h"

static bool is_conn(const struct ms_gcp_channel *ch)
{
	return ch->transport != MS_H248_UDP;
}

bool ms_gcp_conn_admitted(struct ms_gcp *g, const struct ms_addr *peer)
{
	struct ms_span host = ms_addr_host_key(peer);
	struct ms_list *link;
	uint32_t n = 0;

	ms_list_foreach (link, &g->channels) {
		struct ms_gcp_channel *ch = (struct ms_gcp_channel *)link;
		struct ms_gcp_conn *c = (struct ms_gcp_conn *)ch;

		if (is_conn(ch) && c->accepted && ms_span_eq(ms_addr_host_key(&c->peer), host))
			n++;
	}
	if (g->n_conns < g->limits.connections && n < g->limits.connections_per_host)
		return true;
	g->counts.refused++;
	return false;
}

static void unknown_due(void *arg)
{
	struct ms_gcp_conn *c = arg;

	if (c->known)
		return;
	c->ch.g->counts.unused++;
	ms_gcp_conn_lost(c);
}

int ms_gcp_conn_add(struct ms_gcp *g, struct ms_gcp_conn *c, const struct ms_gcp_channel_ops *ops,
		    enum ms_h248_transport transport, const struct ms_h248_codec *codec,
		    const struct ms_addr *peer, bool accepted)
{
	int err = ms_gcp_channel_add(g, &c->ch, ops, transport, codec);

	if (err)
		return err;
	c->peer = *peer;
	c->accepted = accepted;
	g->n_conns++;
	ms_timer_init(&c->timer, "gcp.conn", unknown_due, c);
	if (accepted) {
		g->counts.accepted++;
		ms_timer_start(&c->timer, g->limits.unknown);
	}
	return 0;
}

void ms_gcp_conn_received(struct ms_gcp_conn *c, struct ms_span message)
{
	struct ms_h248_path path = ms_gcp_path_of(&c->ch, &c->peer);
	struct ms_gcp *g = c->ch.g;
	bool known = ms_gcp_received(&c->ch, &path, message);

	/* a handler may have closed it */
	if (known && ms_gcp_channel_of(g, &path) == &c->ch)
		c->known = true;
}

void ms_gcp_conn_remove(struct ms_gcp_conn *c)
{
	ms_timer_stop(&c->timer);
	c->ch.g->n_conns--;
	ms_gcp_channel_remove(&c->ch);
}

void ms_gcp_conn_lost(struct ms_gcp_conn *c)
{
	struct ms_gcp *g = c->ch.g;
	struct ms_h248_path path = ms_gcp_path_of(&c->ch, &c->peer);

	g->counts.lost++;
	c->ch.ops->free(&c->ch);
	if (!g->closing)
		ms_h248_entity_path_lost(g->entity, &path, ms_clock_mono());
	ms_gcp_wake(g);
}
