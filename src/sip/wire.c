/* SPDX-License-Identifier: Apache-2.0 */
/* The points, and the way of a message to one of them. See wire-priv.h. */
#include <errno.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/random.h"
#include "sip/stack.h"
#include "sip/wire-priv.h"

static struct ms_sip_proxy_limits effective(const struct ms_sip_proxy_limits *l)
{
	return (struct ms_sip_proxy_limits){
		.exchanges = l->exchanges ? l->exchanges : 20000,
		.per_source = l->per_source ? l->per_source : 2000,
		.streams = l->streams ? l->streams : 20000,
		.streams_host = l->streams_host ? l->streams_host : 1000,
		.message = l->message ? l->message : 65536,
		.queue = l->queue ? l->queue : (size_t)256 * 1024,
		.udp = l->udp ? l->udp : MS_SIP_UDP_MAX,
		.idle = l->idle ? l->idle : 7200 * MS_SEC,
		.first = l->first ? l->first : 30 * MS_SEC,
		.timer_c = l->timer_c ? l->timer_c : 185 * MS_SEC,
		.decision = l->decision ? l->decision : 40 * MS_SEC,
	};
}

static int open_point(struct ms_sip_wire *w, const struct ms_sip_point *config, size_t i)
{
	struct ms_sip_wire_point *p = &w->point[i];

	p->wire = w;
	p->config = *config;
	p->config.advertised = NULL;
	p->index = (uint16_t)i;
	p->fd = -1;
	w->n_points = i + 1;
	if (config->advertised) {
		p->advertised = ms_strdup(config->advertised);
		if (!p->advertised)
			return -ENOMEM;
	} else if (ms_addr_is_any(&config->address)) {
		return -EADDRNOTAVAIL; /* nobody could answer to such a Via */
	}
	return config->transport == MS_SIP_UDP ? ms_sip_wire_udp_open(p) : ms_sip_wire_listen(p);
}

static void complain(struct ms_buf *error, const struct ms_sip_point *p, int err)
{
	static const char *const names[] = { "UDP", "TCP", "TLS" };
	char text[MS_ADDR_TEXT_MAX];

	if (error)
		ms_buf_printf(error, "SIP over %s at %s: %s", names[p->transport],
			      ms_addr_print(&p->address, text), strerror(-err));
}

static int open_points(struct ms_sip_wire *w, const struct ms_sip_proxy_config *c,
		       struct ms_buf *error)
{
	int err = 0;

	if (c->n_points == 0 || c->n_points > MS_SIP_POINTS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < c->n_points && err == 0; i++) {
		if (c->points[i].transport == MS_SIP_TLS && !w->tls)
			err = ms_sip_wire_tls_new(w, &c->tls, error);
		if (err == 0) {
			err = open_point(w, &c->points[i], i);
			if (err < 0)
				complain(error, &c->points[i], err);
		}
	}
	return err;
}

static int init(struct ms_sip_wire *w)
{
	uint8_t key[16];
	int err = ms_random_fill(&ms_random_system, key, sizeof(key));

	/* Tokens outlive us: numbers of the next run must not be those of this one. */
	if (err == 0)
		err = ms_random_fill(&ms_random_system, &w->last_number, sizeof(w->last_number));
	w->last_number >>= 1;
	if (err == 0)
		err = ms_hash_new(w->limits.streams, key, &w->by_number);
	if (err == 0)
		err = ms_hash_new(w->limits.streams, key, &w->by_peer);
	if (err == 0)
		err = ms_sip_tally_new(w->limits.streams, &w->hosts);
	if (err == 0) {
		w->datagram = ms_zalloc(w->limits.message);
		err = w->datagram ? 0 : -ENOMEM;
	}
	return err;
}

int ms_sip_wire_new(const struct ms_sip_proxy_config *c,
		    const struct ms_sip_wire_handlers *handlers, void *arg, struct ms_buf *error,
		    struct ms_sip_wire **ret_w)
{
	struct ms_sip_wire *w = ms_zalloc(sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->handlers = *handlers;
	w->arg = arg;
	w->limits = effective(&c->limits);
	ms_list_init(&w->streams);
	err = init(w);
	if (err == 0)
		err = open_points(w, c, error);
	if (err < 0)
		ms_sip_wire_free(w);
	else
		*ret_w = w;
	return err;
}

/* What tables and buffers were made for stays. */
int ms_sip_wire_change(struct ms_sip_wire *w, const struct ms_sip_proxy_config *c,
		       struct ms_buf *error)
{
	struct ms_sip_proxy_limits l = effective(&c->limits);
	int err = w->tls ? ms_sip_wire_tls_renew(w, &c->tls, error) : 0;

	if (err < 0)
		return err;
	w->limits.per_source = l.per_source;
	w->limits.streams_host = l.streams_host;
	w->limits.udp = l.udp;
	w->limits.idle = l.idle;
	w->limits.first = l.first;
	w->limits.timer_c = l.timer_c;
	w->limits.decision = l.decision;
	return 0;
}

struct ms_sip_wire *ms_sip_wire_free(struct ms_sip_wire *w)
{
	struct ms_list *link, *next;

	if (!w)
		return NULL;
	ms_list_foreach_safe (link, next, &w->streams)
		ms_sip_wire_stream_free(MS_CONTAINER_OF(link, struct ms_sip_wire_stream, link));
	for (size_t i = 0; i < w->n_points; i++) {
		struct ms_sip_wire_point *p = &w->point[i];

		ms_watch_stop(&p->watch);
		if (p->fd >= 0)
			close(p->fd);
		ms_tcp_listener_close(p->listener);
		ms_free(p->advertised);
	}
	SSL_CTX_free(w->tls);
	ms_free(w->peer_name);
	ms_hash_free(w->by_number);
	ms_hash_free(w->by_peer);
	ms_sip_tally_free(w->hosts);
	ms_free(w->datagram);
	return ms_free(w);
}

/* ---- finding ---- */

const struct ms_sip_wire_point *ms_sip_wire_point_for(const struct ms_sip_wire *w,
						      enum ms_sip_side side,
						      enum ms_sip_transport t, int family)
{
	for (size_t i = 0; i < w->n_points; i++) {
		const struct ms_sip_wire_point *p = &w->point[i];

		if (p->config.side == side && p->config.transport == t &&
		    ms_addr_family(&p->config.address) == family)
			return p;
	}
	return NULL;
}

static struct ms_sip_wire_stream *stream_of(const struct ms_sip_wire *w, uint64_t number)
{
	return ms_hash_get(w->by_number, ms_span_of(&number, sizeof(number)));
}

bool ms_sip_wire_alive(const struct ms_sip_wire *w, const struct ms_sip_hop *hop)
{
	return hop->transport == MS_SIP_UDP || (hop->stream != 0 && stream_of(w, hop->stream));
}

void ms_sip_wire_put_host(const struct ms_sip_wire_point *p, struct ms_buf *b)
{
	char text[MS_ADDR_TEXT_MAX];

	if (p->advertised)
		ms_buf_printf(b, "%s:%u", p->advertised,
			      (unsigned)ms_addr_port(&p->config.address));
	else
		ms_buf_put_str(b, ms_addr_print(&p->config.address, text));
}

/* ---- sending ---- */

/* A stream that we opened to there, or a new one. */
static int stream_to(struct ms_sip_wire *w, struct ms_sip_wire_point *p,
		     const struct ms_sip_hop *hop, struct ms_sip_wire_stream **ret_s)
{
	struct ms_sip_wire_stream *s;
	char text[160];

	s = ms_hash_get(w->by_peer, ms_span_str(ms_sip_hop_print(hop, text)));
	if (s) {
		*ret_s = s;
		return 0;
	}
	return ms_sip_wire_connect(p, &hop->peer, ret_s);
}

static int send_by_stream(struct ms_sip_wire *w, struct ms_sip_wire_point *p,
			  struct ms_sip_hop *hop, struct ms_span octets)
{
	struct ms_sip_wire_stream *s;
	int err = 0;

	if (hop->stream) {
		s = stream_of(w, hop->stream);
		err = s ? 0 : -ENOTCONN;
	} else {
		err = stream_to(w, p, hop, &s);
	}
	if (err == 0)
		err = ms_sip_wire_stream_send(s, octets);
	if (err == 0)
		*hop = s->hop;
	return err;
}

int ms_sip_wire_send(struct ms_sip_wire *w, struct ms_sip_hop *hop, struct ms_span octets)
{
	struct ms_sip_wire_point *p = hop->point < w->n_points ? &w->point[hop->point] : NULL;
	int err;

	if (!p || p->config.transport != hop->transport)
		return -ENOTSUP;
	err = hop->transport == MS_SIP_UDP ? ms_sip_wire_udp_send(p, &hop->peer, octets)
					   : send_by_stream(w, p, hop, octets);
	if (err < 0)
		return err;
	w->handlers.count(MS_SIP_PROXY_SENT, w->arg);
	if (w->handlers.trace)
		w->handlers.trace(true, hop, &p->config.address, octets, w->arg);
	return 0;
}

char *ms_sip_hop_print(const struct ms_sip_hop *h, char dst[static 160])
{
	static const char *const names[] = { "udp", "tcp", "tls" };
	static const char *const sides[] = { "access", "core" };
	char text[MS_ADDR_TEXT_MAX];
	struct ms_buf b;

	ms_buf_init_fixed(&b, dst, 160);
	ms_buf_printf(&b, "%s %s %s", sides[h->side], names[h->transport],
		      ms_addr_print(&h->peer, text));
	return (char *)(uintptr_t)ms_buf_cstr(&b);
}
