/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway engine on the network: each configured controller is an association with an index; what
 * comes from it goes to the engine with that index, what the engine asks goes to its path.
 */
#include <errno.h>
#include <inttypes.h>

#include "core/alloc.h"
#include "h248/binary.h"
#include "h248/mid.h"
#include "h248/text.h"
#include "mgw/control.h"

struct ms_log_category ms_mgw_log_h248 = { .name = "h248",
					   .help = "Controllers, registration, refused requests.",
					   .level = MS_LOG_INFO };
struct ms_log_category ms_mgw_log_media = { .name = "media",
					    .help = "Bearers: established, failed, released.",
					    .level = MS_LOG_INFO };

/* Requests that wait for their context to be free. */
#define WAITING_MAX 10000

/* Of these so many that are still busy end a round of trying. */
#define TRIES_MAX 64

static const struct ms_h248_codec *codec_of(const struct ms_mgw_controller *c)
{
	static const struct ms_h248_codec *const codecs[] = {
		[MS_MGW_PRETTY] = &ms_h248_codec_pretty,
		[MS_MGW_COMPACT] = &ms_h248_codec_compact,
		[MS_MGW_BINARY] = &ms_h248_codec_binary,
	};

	return codecs[c->encoding];
}

static enum ms_h248_transport transport_of(const struct ms_mgw_controller *c)
{
	static const enum ms_h248_transport transports[] = {
		[MS_MGW_UDP] = MS_H248_UDP,
		[MS_MGW_TCP] = MS_H248_TCP,
		[MS_MGW_SCTP] = MS_H248_SCTP,
	};

	return transports[c->transport];
}

static const char *name_of(const struct ms_mgw_control *c, unsigned controller,
			   char dst[static MS_ADDR_TEXT_MAX])
{
	return controller < c->n_peers ? ms_addr_print(&c->peers[controller].config->address, dst)
				       : "a stranger";
}

static unsigned index_of(struct ms_mgw_control *c, const struct ms_h248_association *a)
{
	const struct ms_mgw_peer *p = a ? ms_h248_association_user(a) : NULL;

	return p ? (unsigned)(p - c->peers) : MS_MG_STRANGER;
}

/* ---- paths ---- */

/* A path to the controller: for TCP and SCTP a new connection. */
static int path_to(struct ms_mgw_control *c, const struct ms_mgw_peer *p,
		   struct ms_h248_path *ret_path)
{
	const struct ms_addr *from = &c->config->h248.listen;
	struct ms_addr local = *from;

	/* Only UDP goes out from the port we listen at. */
	if (p->config->transport != MS_MGW_UDP && ms_addr_is_set(from))
		ms_addr_set_port(&local, 0);
	return ms_gcp_connect(c->gcp, transport_of(p->config), &p->config->address,
			      codec_of(p->config), ms_addr_is_set(from) ? &local : NULL, ret_path);
}

static int associate(struct ms_mgw_control *c, struct ms_mgw_peer *p)
{
	struct ms_h248_path path;
	int err = path_to(c, p, &path);

	if (err == 0)
		err = ms_h248_associate(ms_gcp_entity(c->gcp), &path, p, &p->association);
	return err;
}

static int reconnect(struct ms_mgw_control *c, struct ms_mgw_peer *p)
{
	struct ms_h248_path path;

	if (!p->association)
		return associate(c, p);
	int err = path_to(c, p, &path);
	if (err)
		return err;
	p->lost = false;
	ms_h248_association_set_path(p->association, &path, ms_loop_now());
	return 0;
}

/* ---- what the engine asks for ---- */

static int on_request(void *arg, unsigned controller, uint32_t cookie,
		      struct ms_h248_action *actions)
{
	struct ms_mgw_control *c = arg;
	struct ms_mgw_peer *p = &c->peers[controller];
	uint32_t id;
	int err = 0;

	if (!p->association || p->lost)
		err = reconnect(c, p);
	if (err == 0)
		err = ms_h248_request(p->association, actions, (void *)(uintptr_t)cookie,
				      ms_loop_now(), &id);
	return err;
}

static void on_reply(void *arg, void *job, const struct ms_h248_transaction *t)
{
	struct ms_mgw_control *c = arg;
	int err = ms_h248_job_reply(job, t, ms_loop_now());

	if (err)
		MS_LOG(&ms_mgw_log_h248, MS_LOG_WARNING, "a reply could not be sent: %s",
		       strerror(-err));
	ms_mgw_control_touched(c);
}

static void on_state(void *arg, enum ms_mg_state from, enum ms_mg_state to, unsigned controller,
		     const char *why)
{
	char name[MS_ADDR_TEXT_MAX];

	MS_LOG(&ms_mgw_log_h248, MS_LOG_NOTICE, "association with %s: %s, was %s (%s)",
	       name_of(arg, controller, name), ms_mg_state_name(to), ms_mg_state_name(from), why);
}

static void on_version(void *arg, unsigned controller, uint8_t version)
{
	struct ms_mgw_control *c = arg;

	if (controller < c->n_peers && c->peers[controller].association)
		ms_h248_association_set_version(c->peers[controller].association, version);
}

static int addr_of(const struct ms_h248_mid *m, const struct ms_addr *present,
		   struct ms_addr *ret_addr)
{
	*ret_addr = *present;
	if (m->port)
		ms_addr_set_port(ret_addr, m->port);
	if (m->port_only)
		return 0;
	if (m->kind != MS_H248_MID_IPV4 && m->kind != MS_H248_MID_IPV6)
		return -EADDRNOTAVAIL;
	return ms_addr_from_octets(ms_span_of(m->address, m->kind == MS_H248_MID_IPV6 ? 16 : 4),
				   ms_addr_port(ret_addr), ret_addr);
}

/* RFC 3525 section 7.2.8: ServiceChangeAddress in the reply. */
static void on_address(void *arg, unsigned controller, const struct ms_h248_mid *where)
{
	struct ms_mgw_control *c = arg;
	struct ms_mgw_peer *p = &c->peers[controller];
	struct ms_h248_path path;
	struct ms_addr to;
	char text[MS_ADDR_TEXT_MAX];
	int err = addr_of(where, &p->config->address, &to);

	if (err == 0)
		err = ms_gcp_connect(c->gcp, transport_of(p->config), &to, codec_of(p->config),
				     NULL, &path);
	if (err) {
		MS_LOG(&ms_mgw_log_h248, MS_LOG_WARNING,
		       "the controller wants requests at an address we cannot reach: %s",
		       strerror(-err));
		return;
	}
	MS_LOG(&ms_mgw_log_h248, MS_LOG_INFO, "requests go to %s from now on",
	       ms_addr_print(&to, text));
	ms_h248_association_set_path(p->association, &path, ms_loop_now());
}

/* MgcIdToTry: only to a controller of the configuration, since nothing proves who sent us. */
static unsigned on_redirect(void *arg, const struct ms_h248_mid *where)
{
	struct ms_mgw_control *c = arg;
	struct ms_addr to;

	for (unsigned i = 0; i < c->n_peers; i++) {
		const struct ms_addr *present = &c->peers[i].config->address;

		if (addr_of(where, present, &to) == 0 && ms_addr_same_host(&to, present) &&
		    (where->port == 0 || where->port == ms_addr_port(present)))
			return i;
	}
	MS_LOG(&ms_mgw_log_h248, MS_LOG_WARNING,
	       "sent to a controller that is not in h248.controllers: not followed");
	return MS_MG_STRANGER;
}

static void on_timing(void *arg, unsigned controller, const struct ms_h248_root_timing *timing)
{
	struct ms_mgw_control *c = arg;

	if (controller < c->n_peers && c->peers[controller].association)
		ms_h248_association_set_timing(c->peers[controller].association, timing);
}

/* ---- requests that wait for a busy context ---- */

static struct ms_mgw_waiting *waiting_free(struct ms_mgw_control *c, struct ms_mgw_waiting *w)
{
	ms_list_remove(&w->link);
	ms_buf_done(&w->octets);
	ms_free(w);
	c->n_waiting--;
	return NULL;
}

static void refuse(struct ms_h248_job *job, uint16_t code, const char *text)
{
	const struct ms_h248_error e = { .code = code, .text = ms_span_str(text) };
	const struct ms_h248_transaction t = { .kind = MS_H248_REPLY,
					       .error = (struct ms_h248_error *)&e };

	(void)!ms_h248_job_reply(job, &t, ms_loop_now());
}

static void wait_for_context(struct ms_mgw_control *c, unsigned controller, struct ms_h248_job *job,
			     const struct ms_h248_transaction *t)
{
	static const struct ms_h248_mid mid = { .kind = MS_H248_MID_DEVICE,
						.name = { (const uint8_t *)"w/w", 3 } };
	struct ms_h248_transaction one = *t;
	const struct ms_h248_message m = { .version = 3, .mid = mid, .transactions = &one };
	struct ms_mgw_waiting *w = c->n_waiting < WAITING_MAX ? ms_zalloc(sizeof(*w)) : NULL;

	if (!w) {
		refuse(job, 511, "Too much waits for this context");
		return;
	}
	one.next = NULL;
	w->job = job;
	w->controller = controller;
	ms_buf_init_secret(&w->octets, c->config->h248.message_max + 1024);
	ms_list_append(&c->waiting, &w->link);
	c->n_waiting++;
	ms_h248_codec_compact.put_message(&w->octets, &m, MS_SPAN_NULL);
	if (ms_buf_status(&w->octets)) {
		waiting_free(c, w);
		refuse(job, 500, "Out of memory");
	}
}

/* Returns whether it is still waiting. */
static bool try_again(struct ms_mgw_control *c, struct ms_mgw_waiting *w)
{
	struct ms_h248_arena arena;
	struct ms_h248_refused refused;
	const struct ms_h248_message *m;

	ms_h248_arena_init(&arena, 0);
	int err = ms_h248_codec_compact.decode(ms_buf_span(&w->octets), &arena, &refused, &m);
	if (err == 0)
		err = ms_h248_bind_transaction(m->transactions, &c->registry, MS_H248_BIND_TEXT,
					       &arena, NULL);
	if (err == 0)
		err = ms_mg_request(c->mg, w->controller, w->job, m->transactions, ms_loop_now());
	ms_h248_arena_done(&arena);
	if (err && err != -EAGAIN)
		refuse(w->job, 500, "Out of memory");
	return err == -EAGAIN;
}

/* In order, and none overtakes another of its controller: a later one may build on an earlier one. */
static void try_waiting(struct ms_mgw_control *c)
{
	struct ms_list *link, *tmp;
	unsigned busy = 0;

	ms_list_foreach_safe (link, tmp, &c->waiting) {
		struct ms_mgw_waiting *w = MS_CONTAINER_OF(link, struct ms_mgw_waiting, link);

		if (!try_again(c, w))
			waiting_free(c, w);
		else if (++busy >= TRIES_MAX)
			break; /* a flood for one context costs the others no more than this */
	}
}

static unsigned share(uint64_t used, uint64_t of)
{
	return of ? (unsigned)(used * 100 / of) : 0;
}

/* H.248.10 and H.248.11 go by the scarcest of what calls need. */
static void take_load(struct ms_mgw_control *c, ms_usec now)
{
	struct ms_mg_figures f;
	unsigned load = ms_mgw_plane_load(c->plane);

	if (now - c->load_at < MS_SEC)
		return;
	c->load_at = now;
	ms_mg_figures(c->mg, &f);
	const unsigned others[] = { share(f.contexts, c->config->h248.contexts),
				    share(f.jobs, c->config->h248.jobs),
				    share(c->n_waiting, WAITING_MAX) };
	for (size_t i = 0; i < MS_ARRAY_SIZE(others); i++)
		load = others[i] > load ? others[i] : load;
	ms_mg_load(c->mg, load, now);
}

static void settle(void *arg)
{
	struct ms_mgw_control *c = arg;

	try_waiting(c);
	take_load(c, ms_loop_now());
	ms_usec at = ms_mg_deadline(c->mg), now = ms_loop_now();
	if (at == MS_NEVER)
		ms_timer_stop(&c->tick);
	else
		ms_timer_start(&c->tick, at > now ? at - now : 0);
}

/* Who registers is asked for contexts at once: first the workers must stand. */
#define WORKERS_AGAIN (20 * MS_MSEC)

static void tick(void *arg)
{
	struct ms_mgw_control *c = arg;

	if (ms_mg_state(c->mg) == MS_MG_WAITING && !ms_mgw_plane_ready(c->plane)) {
		ms_timer_start(&c->tick, WORKERS_AGAIN);
		return;
	}
	ms_mg_tick(c->mg, ms_loop_now());
	ms_mgw_control_touched(c);
}

void ms_mgw_control_touched(struct ms_mgw_control *c)
{
	ms_defer_call(&c->settle);
}

/* ---- what comes from controllers ---- */

static void h_request(struct ms_h248_job *job, const struct ms_h248_message *m,
		      const struct ms_h248_transaction *t, void *arg)
{
	struct ms_mgw_control *c = arg;
	unsigned i = index_of(c, ms_h248_job_association(job));

	(void)m;
	int err = ms_mg_request(c->mg, i, job, t, ms_loop_now());
	if (err == -EAGAIN)
		wait_for_context(c, i, job, t);
	else if (err)
		refuse(job, 500, "Out of memory");
	ms_mgw_control_touched(c);
}

static void h_answered(struct ms_h248_association *a, void *request, int err,
		       const struct ms_h248_message *m, const struct ms_h248_transaction *reply,
		       void *arg)
{
	struct ms_mgw_control *c = arg;

	(void)m;
	if (!c->mg)
		return;
	if (ms_timer_running(&c->closing) && ms_h248_association_waiting(a) == 0)
		ms_timer_start(&c->closing, 0); /* our last words were heard */
	ms_mg_answered(c->mg, (uint32_t)(uintptr_t)request, err, reply, ms_loop_now());
	ms_mgw_control_touched(c);
}

static void h_aborted(struct ms_h248_job *job, void *arg)
{
	struct ms_mgw_control *c = arg;

	ms_mg_request_aborted(c->mg, job);
}

static void h_lost(struct ms_h248_association *a, enum ms_h248_lost why, void *arg)
{
	struct ms_mgw_control *c = arg;
	unsigned i = index_of(c, a);
	char name[MS_ADDR_TEXT_MAX];

	if (i == MS_MG_STRANGER || !c->mg)
		return;
	MS_LOG(&ms_mgw_log_h248, MS_LOG_WARNING, "controller %s is lost: %s", name_of(c, i, name),
	       why == MS_H248_LOST_TIMEOUT ? "it does not answer" : "the connection is gone");
	c->peers[i].lost = why == MS_H248_LOST_TRANSPORT;
	ms_mg_controller_lost(c->mg, i, ms_loop_now());
	ms_mgw_control_touched(c);
}

static void h_found(struct ms_h248_association *a, void *arg)
{
	struct ms_mgw_control *c = arg;
	unsigned i = index_of(c, a);

	if (i == MS_MG_STRANGER || !c->mg)
		return;
	ms_mg_heard(c->mg, i, ms_loop_now());
	ms_mgw_control_touched(c);
}

static void h_message_error(struct ms_h248_association *a, const struct ms_h248_error *error,
			    void *arg)
{
	struct ms_mgw_control *c = arg;
	unsigned i = index_of(c, a);
	char name[MS_ADDR_TEXT_MAX];

	MS_LOG(&ms_mgw_log_h248, MS_LOG_WARNING, "controller %s: message error %u",
	       name_of(c, i, name), error->code);
	if (i != MS_MG_STRANGER)
		ms_mg_message_error(c->mg, i, error->code, ms_loop_now());
	ms_mgw_control_touched(c);
}

static void h_ended(struct ms_h248_association *a, void *arg)
{
	struct ms_mgw_control *c = arg;
	unsigned i = index_of(c, a);

	if (i != MS_MG_STRANGER)
		c->peers[i].association = NULL;
}

static const struct ms_h248_handlers handlers = {
	.request = h_request,
	.answered = h_answered,
	.aborted = h_aborted,
	.lost = h_lost,
	.found = h_found,
	.message_error = h_message_error,
	.ended = h_ended,
};

/* ---- what comes from the media plane ---- */

static void on_applied(void *arg, uint64_t token)
{
	struct ms_mgw_control *c = arg;

	ms_mg_applied(c->mg, token, ms_loop_now());
	ms_mgw_control_touched(c);
}

static void on_event(void *arg, ms_plane_endpoint e, const struct ms_bearer_event *event)
{
	struct ms_mgw_control *c = arg;

	if (event->kind == MS_BEARER_TCP_FAILED || event->kind == MS_BEARER_TLS_FAILED)
		MS_LOG(&ms_mgw_log_media, MS_LOG_INFO, "endpoint=%u %s not established: %s", e,
		       event->kind == MS_BEARER_TLS_FAILED ? "TLS" : "TCP", event->cause);
	ms_mgw_control_export(c, e, event);
	ms_mg_event(c->mg, e, event, ms_loop_now());
	ms_mgw_control_touched(c);
}

static void on_home_lost(void *arg, uint16_t home)
{
	struct ms_mgw_control *c = arg;

	MS_LOG(&ms_mgw_log_media, MS_LOG_ERROR, "media worker %u is gone with its bearers", home);
	ms_mg_home_lost(c->mg, home, ms_loop_now());
	ms_mgw_control_touched(c);
}

/* ---- start and end ---- */

static int set_packages(struct ms_mgw_control *c)
{
	const struct ms_mgw_package *p = c->config->h248.packages.items;

	ms_h248_registry_init(&c->registry);
	for (size_t i = 0; i < c->config->h248.packages.n; i++) {
		int err = ms_h248_registry_set(&c->registry, ms_span_str(p[i].path),
					       ms_span_str(p[i].value));
		if (err == 0)
			continue;
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "h248.packages[%zu]: %s: %s", i, p[i].path,
		       strerror(-err));
		return err;
	}
	return 0;
}

/* Binary termination ids have a code for each realm (project profile: docs/packages.md). */
static int set_groups(struct ms_mgw_control *c)
{
	const struct ms_mgw_realm *r = c->config->realms.items;
	int err = 0;

	for (size_t i = 0; err == 0 && i < c->config->realms.n; i++)
		err = ms_h248_registry_add_group(&c->registry, ms_span_str(r[i].name),
						 MS_SPAN_LIT("1"));
	if (err)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "realms: too many for binary termination ids");
	return err;
}

static int open_gcp(struct ms_mgw_control *c)
{
	const struct ms_mgw_config *m = c->config;
	struct ms_h248_entity_options e = {
		.registry = &c->registry,
		.limits = ms_h248_limits_default,
		.timers = ms_h248_timers_default,
		.handlers = &handlers,
		.arg = c,
		.error_too_large = (uint16_t)m->profile.h248_error_too_large,
	};
	const struct ms_gcp_options o = {
		.sctp = { .ppid = m->profile.sctp_ppid,
			  .local_udp = (uint16_t)m->profile.sctp_udp_port },
		.tap = c->hep ? ms_mgw_control_tap : NULL,
		.tap_arg = c,
	};

	e.limits.replies = (uint32_t)m->h248.replies;
	e.limits.message = m->h248.message_max;
	e.timers.t_max = m->h248.t_max;
	e.timers.long_timer = m->h248.long_timer;
	int err = ms_h248_mid_parse(ms_span_str(m->h248.mid), &e.mid);
	if (err) {
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "h248.mid: not a message identifier");
		return err;
	}
	return ms_gcp_new(&o, &e, &c->gcp);
}

/* A port for each encoding that some controller speaks over UDP: replies and requests use it. */
static int listen_udp(struct ms_mgw_control *c)
{
	bool done[MS_MGW_BINARY + 1] = { false };
	struct ms_addr at = c->config->h248.listen;
	char text[MS_ADDR_TEXT_MAX];
	int err = 0;

	for (unsigned i = 0; err == 0 && i < c->n_peers; i++) {
		const struct ms_mgw_controller *p = c->peers[i].config;

		if (p->transport != MS_MGW_UDP || done[p->encoding] || !ms_addr_is_set(&at))
			continue;
		done[p->encoding] = true;
		err = ms_gcp_listen(c->gcp, MS_H248_UDP, &at, codec_of(p), NULL);
		if (err)
			MS_LOG(&ms_log_main, MS_LOG_ERROR, "h248.listen %s: %s",
			       ms_addr_print(&at, text), strerror(-err));
	}
	return err;
}

static int open_mg(struct ms_mgw_control *c)
{
	static const struct ms_h248_profile *const profiles[] = {
		[MS_MGW_IQ] = &ms_h248_profile_iq,
		[MS_MGW_IX] = &ms_h248_profile_ix,
		[MS_MGW_MP] = &ms_h248_profile_mp,
	};
	const struct ms_mgw_config *m = c->config;
	const struct ms_mgw_realm *r = m->realms.items;
	const char *realms[64];
	unsigned n = 0;

	for (size_t i = 0; i < m->realms.n && n < MS_ARRAY_SIZE(realms); i++) {
		bool known = false;

		for (unsigned k = 0; k < n; k++)
			known = known || strcmp(realms[k], r[i].name) == 0;
		if (!known)
			realms[n++] = r[i].name;
	}
	const struct ms_mg_options o = {
		.coding = { .profile = profiles[m->h248.profile], .registry = &c->registry },
		.profile = m->h248.profile_name[0]
				   ? m->h248.profile_name
				   : ms_h248_profile_name(profiles[m->h248.profile], &m->profile),
		.ito_unit_ms = m->profile.h248_ito_unit_ms,
		.version = (uint8_t)m->h248.version,
		.warm = m->h248.warm,
		.controllers = c->n_peers,
		.realms = realms,
		.n_realms = n,
		.limits = { .contexts = (uint32_t)m->h248.contexts,
			    .terminations = (uint32_t)m->h248.terminations,
			    .streams = (uint32_t)m->h248.streams,
			    .events = (uint32_t)m->h248.events,
			    .jobs = (uint32_t)m->h248.jobs },
		.avalanche = m->h248.avalanche,
		.retry = m->h248.retry,
		.hold = m->h248.hold ? m->h248.hold : MS_NEVER,
		.drain = m->h248.drain,
		.wall = ms_clock_wall() - ms_loop_now(),
		.any_profile = m->h248.any_profile,
		.plane = ms_mgw_plane_interface(c->plane),
		.handlers = { .request = on_request,
			      .reply = on_reply,
			      .state = on_state,
			      .version = on_version,
			      .address = on_address,
			      .redirect = on_redirect,
			      .timing = on_timing,
			      .count = ms_mgw_control_count,
			      .arg = c },
	};
	return ms_mg_new(&o, ms_loop_now(), &c->mg);
}

static void take_peers(struct ms_mgw_control *c)
{
	const struct ms_mgw_controller *list = c->config->h248.controllers.items;

	for (size_t i = 0; i < c->config->h248.controllers.n && i < MS_MGW_CONTROLLERS_MAX; i++)
		c->peers[c->n_peers++].config = &list[i];
}

int ms_mgw_control_open(struct ms_mgw_control *c)
{
	const struct ms_mgw_plane_handlers h = { .applied = on_applied,
						 .event = on_event,
						 .home_lost = on_home_lost,
						 .metered = ms_mgw_control_metered,
						 .arg = c };
	char text[MS_ADDR_TEXT_MAX];
	int err = set_packages(c);

	ms_list_init(&c->waiting);
	ms_defer_init(&c->settle, settle, c);
	ms_timer_init(&c->tick, "control.tick", tick, c);
	take_peers(c);
	if (err == 0)
		err = set_groups(c);
	if (err == 0)
		err = ms_mgw_plane_new(c->config, ms_mgw_workers(c->config), &h, &c->plane);
	if (err == 0)
		err = ms_mgw_control_hep(c);
	if (err == 0)
		err = open_gcp(c);
	if (err == 0)
		err = listen_udp(c);
	for (unsigned i = 0; err == 0 && i < c->n_peers; i++) {
		err = associate(c, &c->peers[i]);
		if (err)
			MS_LOG(&ms_log_main, MS_LOG_ERROR, "h248.controllers[%u] %s: %s", i,
			       name_of(c, i, text), strerror(-err));
	}
	if (err == 0)
		err = open_mg(c);
	return err;
}

void ms_mgw_control_shut(struct ms_mgw_control *c)
{
	ms_timer_stop(&c->tick);
	ms_defer_cancel(&c->settle);
	c->mg = ms_mg_free(c->mg);
	while (c->n_waiting > 0)
		waiting_free(c, MS_CONTAINER_OF(c->waiting.next, struct ms_mgw_waiting, link));
	c->gcp = ms_gcp_free(c->gcp);
	c->hep = ms_hep_sender_free(c->hep);
	c->plane = ms_mgw_plane_free(c->plane);
}
