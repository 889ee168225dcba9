/* SPDX-License-Identifier: Apache-2.0 */
/* The user-space SCTP stack on our loop: packets in and out of UDP sockets, its clock, links. */
#include <errno.h>
#include <unistd.h>
#include <usrsctp.h>

#include "core/alloc.h"
#include "core/hash.h"
#include "core/random.h"
#include "gcp/sctp-udp-priv.h"

#define TICK (20 * MS_MSEC)
#define PACKET 65536u
#define ROUNDS 128 /* packets taken before others have their turn */
#define LINKS_MAX 65536u
#define IDLE_MAX 256u /* links without an association: whoever sends us a packet makes one */

static struct {
	bool started;
	struct ms_list sockets, idle, used, ready;
	size_t n_idle;
	struct ms_hash *by_peer;   /* socket number, family, port, host -> link */
	struct ms_hash *by_number; /* -> link */
	uintptr_t last_number;
	uint32_t last_socket;
	struct ms_timer timer;
	ms_usec ticked;
	bool settling;
	uint8_t packet[PACKET];
} stack;

/* ---- out ---- */

static int packet_out(void *address, void *packet, size_t len, uint8_t tos, uint8_t set_df)
{
	struct ms_sctp_link *l = ms_sctp_link_of(address);

	(void)tos, (void)set_df;
	/* what does not go out is lost; SCTP sends it again */
	if (l && sendto(l->udp->fd, packet, len, 0, &l->peer.u.sa, l->peer.len) < 0)
		l->udp->g->counts.send_dropped++;
	return 0;
}

/* ---- time ---- */

static void tick_due(void *arg)
{
	ms_usec now = ms_clock_mono(), elapsed = now - stack.ticked;

	(void)arg;
	stack.ticked += elapsed / MS_MSEC * MS_MSEC;
	usrsctp_handle_timers((uint32_t)(elapsed / MS_MSEC));
	ms_sctp_settle();
}

void ms_sctp_settle(void)
{
	if (stack.settling)
		return;
	stack.settling = true;
	while (!ms_list_empty(&stack.ready)) {
		struct ms_sctp_ready *r = (struct ms_sctp_ready *)stack.ready.next;

		ms_sctp_unmark(r);
		r->handler(r);
	}
	stack.settling = false;
	if (ms_list_empty(&stack.sockets))
		ms_timer_stop(&stack.timer);
	else if (!ms_timer_running(&stack.timer))
		ms_timer_start(&stack.timer, TICK);
}

void ms_sctp_mark(struct ms_sctp_ready *r)
{
	if (!r->listed)
		ms_list_append(&stack.ready, &r->link);
	r->listed = true;
}

void ms_sctp_unmark(struct ms_sctp_ready *r)
{
	if (r->listed)
		ms_list_remove(&r->link);
	r->listed = false;
}

/* ---- links ---- */

struct key {
	uint32_t socket;
	uint16_t family, port;
	uint8_t host[16];
};

static struct key key_of(const struct ms_sctp_udp *udp, const struct ms_addr *peer)
{
	struct key k;

	memset(&k, 0, sizeof(k));
	k.socket = udp->number;
	k.family = (uint16_t)ms_addr_family(peer);
	k.port = ms_addr_port(peer);
	if (k.family == AF_INET)
		memcpy(k.host, &peer->u.in.sin_addr, 4);
	else
		memcpy(k.host, &peer->u.in6.sin6_addr, 16);
	return k;
}

static void link_free(struct ms_sctp_link *l)
{
	struct key k = key_of(l->udp, &l->peer);

	usrsctp_deregister_address((void *)l->number);
	ms_hash_take(stack.by_peer, ms_span_of(&k, sizeof(k)));
	ms_hash_take(stack.by_number, ms_span_of(&l->number, sizeof(l->number)));
	ms_list_remove(&l->link);
	if (l->users == 0)
		stack.n_idle--;
	ms_free(l);
}

struct ms_sctp_link *ms_sctp_link_of(const void *address)
{
	uintptr_t number = (uintptr_t)address;

	return ms_hash_get(stack.by_number, ms_span_of(&number, sizeof(number)));
}

static int link_new(struct ms_sctp_udp *udp, const struct ms_addr *peer, struct ms_span key,
		    struct ms_sctp_link **ret_link)
{
	struct ms_sctp_link *l = ms_zalloc(sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->udp = udp;
	l->peer = *peer;
	l->number = ++stack.last_number;
	ms_list_init(&l->link);
	err = ms_hash_put(stack.by_peer, key, l);
	if (!err)
		err = ms_hash_put(stack.by_number, ms_span_of(&l->number, sizeof(l->number)), l);
	if (err) {
		if (ms_hash_get(stack.by_peer, key) == l)
			ms_hash_take(stack.by_peer, key);
		ms_free(l);
		return err;
	}
	usrsctp_register_address((void *)l->number);
	ms_list_append(&stack.idle, &l->link);
	stack.n_idle++;
	*ret_link = l;
	return 0;
}

int ms_sctp_link_to(struct ms_sctp_udp *udp, const struct ms_addr *peer,
		    struct ms_sctp_link **ret_link)
{
	struct key k = key_of(udp, peer);
	struct ms_span key = ms_span_of(&k, sizeof(k));
	struct ms_sctp_link *l = ms_hash_get(stack.by_peer, key);

	if (l) {
		*ret_link = l;
		return 0;
	}
	if (stack.n_idle >= IDLE_MAX)
		link_free((struct ms_sctp_link *)stack.idle.next);
	return link_new(udp, peer, key, ret_link);
}

void ms_sctp_link_use(struct ms_sctp_link *l)
{
	if (l->users++ > 0)
		return;
	ms_list_remove(&l->link);
	ms_list_append(&stack.used, &l->link);
	stack.n_idle--;
}

/* It stays among the idle ones: the stack may still have last words. */
void ms_sctp_link_leave(struct ms_sctp_link *l)
{
	if (--l->users > 0)
		return;
	ms_list_remove(&l->link);
	ms_list_append(&stack.idle, &l->link);
	stack.n_idle++;
}

/* ---- in ---- */

static bool packet_in(struct ms_sctp_udp *udp)
{
	struct ms_addr from = { 0 };
	struct ms_sctp_link *l;
	socklen_t len = sizeof(from.u);
	ssize_t n = recvfrom(udp->fd, stack.packet, sizeof(stack.packet), 0, &from.u.sa, &len);

	if (n < 0)
		return false;
	from.len = len;
	if (ms_sctp_link_to(udp, &from, &l) == 0)
		usrsctp_conninput((void *)l->number, stack.packet, (size_t)n, 0);
	return true;
}

static void udp_ready(unsigned events, void *arg)
{
	struct ms_sctp_udp *udp = arg;

	(void)events;
	for (int i = 0; i < ROUNDS; i++)
		if (!packet_in(udp))
			break;
	ms_sctp_settle();
}

/* ---- sockets ---- */

static int udp_bind(const struct ms_addr *at, struct ms_addr *ret_local)
{
	int fd = socket(ms_addr_family(at), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(ret_local->u);
	int err;

	if (fd < 0)
		return -errno;
	if (bind(fd, &at->u.sa, at->len) == 0 && getsockname(fd, &ret_local->u.sa, &len) == 0) {
		ret_local->len = len;
		return fd;
	}
	err = -errno;
	close(fd);
	return err;
}

static void udp_close(struct ms_sctp_udp *udp)
{
	struct ms_list *link, *tmp;

	ms_list_foreach_safe (link, tmp, &stack.idle)
		if (((struct ms_sctp_link *)link)->udp == udp)
			link_free((struct ms_sctp_link *)link);
	ms_watch_stop(&udp->watch);
	ms_list_remove(&udp->link);
	if (udp->fd >= 0)
		close(udp->fd);
	ms_free(udp);
}

static int udp_open(struct ms_gcp *g, const struct ms_addr *at, struct ms_sctp_udp **ret_udp)
{
	struct ms_sctp_udp *udp = ms_zalloc(sizeof(*udp));
	int err;

	if (!udp)
		return -ENOMEM;
	udp->g = g;
	udp->number = ++stack.last_socket;
	ms_watch_init(&udp->watch, "gcp.sctp", udp_ready, udp);
	ms_list_append(&stack.sockets, &udp->link);
	err = udp->fd = udp_bind(at, &udp->local);
	if (err >= 0)
		err = ms_watch_set(&udp->watch, udp->fd, MS_LOOP_READ);
	if (err < 0) {
		udp_close(udp);
		return err;
	}
	*ret_udp = udp;
	return 0;
}

int ms_sctp_udp_of(struct ms_gcp *g, const struct ms_addr *host, struct ms_sctp_udp **ret_udp)
{
	struct ms_addr at = *host;
	struct ms_list *link;

	ms_addr_set_port(&at, g->sctp.local_udp);
	ms_list_foreach (link, &stack.sockets) {
		struct ms_sctp_udp *udp = (struct ms_sctp_udp *)link;

		if (udp->g == g && ms_addr_family(&udp->local) == ms_addr_family(&at) &&
		    (ms_addr_equal(&udp->local, &at) || ms_addr_is_any(&udp->local))) {
			*ret_udp = udp;
			return 0;
		}
	}
	return udp_open(g, &at, ret_udp);
}

/* ---- the stack ---- */

static void configure(void)
{
	usrsctp_init_nothreads(0, packet_out, NULL);
	usrsctp_sysctl_set_sctp_ecn_enable(0); /* UDP sockets do not show it */
	usrsctp_sysctl_set_sctp_asconf_enable(0);
	usrsctp_sysctl_set_sctp_auto_asconf(0);
	usrsctp_sysctl_set_sctp_nr_outgoing_streams_default(1);
	usrsctp_sysctl_set_sctp_no_csum_on_loopback(0);
	/* a peer that is gone is noticed within seconds (RFC 9260 section 16 has minutes) */
	usrsctp_sysctl_set_sctp_rto_initial_default(500);
	usrsctp_sysctl_set_sctp_rto_min_default(300);
	usrsctp_sysctl_set_sctp_rto_max_default(3000);
	usrsctp_sysctl_set_sctp_init_rto_max_default(3000);
	usrsctp_sysctl_set_sctp_init_rtx_max_default(4);
	usrsctp_sysctl_set_sctp_path_rtx_max_default(4);
	usrsctp_sysctl_set_sctp_assoc_rtx_max_default(4);
}

int ms_sctp_start(void)
{
	uint8_t key[16];
	int err;

	if (stack.started)
		return 0;
	err = ms_random_fill(&ms_random_system, key, sizeof(key));
	if (!err)
		err = ms_hash_new(LINKS_MAX, key, &stack.by_peer);
	if (!err)
		err = ms_hash_new(LINKS_MAX, key, &stack.by_number);
	if (err) {
		stack.by_peer = ms_hash_free(stack.by_peer);
		return err;
	}
	ms_list_init(&stack.sockets);
	ms_list_init(&stack.idle);
	ms_list_init(&stack.used);
	ms_list_init(&stack.ready);
	ms_timer_init(&stack.timer, "gcp.sctp", tick_due, NULL);
	stack.ticked = ms_clock_mono();
	configure();
	stack.started = true;
	return 0;
}

void ms_gcp_sctp_udp_done(struct ms_gcp *g)
{
	struct ms_list *link, *tmp;

	if (!stack.started)
		return;
	ms_list_foreach_safe (link, tmp, &stack.sockets)
		if (((struct ms_sctp_udp *)link)->g == g)
			udp_close((struct ms_sctp_udp *)link);
	if (!ms_list_empty(&stack.sockets))
		return;
	ms_timer_stop(&stack.timer);
	if (usrsctp_finish() != 0)
		return; /* it has not let go of everything: the next entity finds it running */
	stack.by_peer = ms_hash_free(stack.by_peer);
	stack.by_number = ms_hash_free(stack.by_number);
	stack.started = false;
}
