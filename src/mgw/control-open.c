/* SPDX-License-Identifier: Apache-2.0 */
/* How the control role begins and ends: what the configuration says becomes gcp, media plane and engine. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "h248/mid.h"
#include "mgw/control.h"

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
		       ms_h248_registry_words(err));
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

/* An address may come later (VRRP): so that is only said. Without it each call at it is refused. */
static void look_at_realms(const struct ms_mgw_control *c)
{
	const struct ms_mgw_realm *r = c->config->realms.items;
	char text[MS_ADDR_TEXT_MAX];

	for (size_t i = 0; i < c->config->realms.n; i++) {
		struct ms_addr any_port = r[i].address;
		int fd = socket(ms_addr_family(&any_port), SOCK_STREAM | SOCK_CLOEXEC, 0);

		ms_addr_set_port(&any_port, 0);
		if (fd < 0 || bind(fd, &any_port.u.sa, any_port.len) < 0)
			MS_LOG(&ms_log_main, MS_LOG_WARNING,
			       "realms[%zu]: nobody can call at %s of realm %s as things are: %m",
			       i, ms_addr_print_host(&any_port, text), r[i].name);
		if (fd >= 0)
			close(fd);
	}
}

static int open_gcp(struct ms_mgw_control *c)
{
	const struct ms_mgw_config *m = c->config;
	struct ms_h248_entity_options e = {
		.registry = &c->registry,
		.limits = ms_h248_limits_default,
		.timers = ms_h248_timers_default,
		.handlers = &ms_mgw_control_handlers,
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
	e.limits.total_octets = m->h248.reply_memory;
	e.limits.message = m->h248.message_max;
	e.timers.t_max = m->h248.t_max;
	e.timers.long_timer = m->h248.long_timer;
	e.timers.first = m->h248.retransmit_first;
	e.timers.longest = m->h248.retransmit_longest;
	e.timers.repeats = (uint32_t)m->h248.retransmit_most;
	int err = ms_h248_mid_parse(ms_span_str(m->h248.mid), &e.mid);
	if (err) {
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "h248.mid: not a message identifier");
		return err;
	}
	return ms_gcp_new(&o, &e, &c->gcp);
}

/*
 * A port for each encoding that some controller speaks over UDP: replies and requests use it. The first
 * one has the configured port, others one of the kernel: controllers learn it from what comes.
 */
static int listen_udp(struct ms_mgw_control *c)
{
	struct ms_addr at = c->config->h248.listen;
	char text[MS_ADDR_TEXT_MAX];
	int err = 0;

	for (unsigned i = 0; err == 0 && i < c->n_peers; i++) {
		const struct ms_mgw_controller *p = c->peers[i].config;

		if (p->transport != MS_MGW_UDP || !ms_addr_is_set(&at) ||
		    ms_addr_is_set(&c->listening[p->encoding]))
			continue;
		err = ms_gcp_listen(c->gcp, MS_H248_UDP, &at, ms_mgw_control_codec(p),
				    &c->listening[p->encoding]);
		if (err)
			MS_LOG(&ms_log_main, MS_LOG_ERROR, "h248.listen %s: %s",
			       ms_addr_print(&at, text), strerror(-err));
		ms_addr_set_port(&at, 0);
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
	struct ms_mg_options o = {
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
		.handlers = ms_mgw_control_engine_handlers,
	};
	o.handlers.arg = c;
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
	struct ms_mgw_plane_handlers h = ms_mgw_control_plane_handlers;
	char text[MS_ADDR_TEXT_MAX];
	int err = set_packages(c);

	h.arg = c;
	ms_mgw_control_rounds(c);
	take_peers(c);
	if (err == 0)
		err = set_groups(c);
	if (err == 0)
		look_at_realms(c);
	if (err == 0)
		err = ms_mgw_plane_new(c->config, ms_mgw_workers(c->config), &h, &c->plane);
	if (err == 0)
		err = ms_mgw_control_hep(c);
	if (err == 0)
		err = open_gcp(c);
	if (err == 0)
		err = listen_udp(c);
	for (unsigned i = 0; err == 0 && i < c->n_peers; i++) {
		err = ms_mgw_control_associate(c, &c->peers[i]);
		if (err)
			MS_LOG(&ms_log_main, MS_LOG_ERROR, "h248.controllers[%u] %s: %s", i,
			       ms_mgw_control_name(c, i, text), strerror(-err));
	}
	if (err == 0)
		err = open_mg(c);
	return err;
}

void ms_mgw_control_shut(struct ms_mgw_control *c)
{
	ms_mgw_control_rounds_end(c);
	c->mg = ms_mg_free(c->mg);
	c->gcp = ms_gcp_free(c->gcp);
	c->hep = ms_hep_sender_free(c->hep);
	c->plane = ms_mgw_plane_free(c->plane);
}
