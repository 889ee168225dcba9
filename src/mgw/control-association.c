/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway engine on the network: each configured controller is an association with an index; what
 * comes from it goes to the engine with that index, what the engine asks goes to its path.
 */
#include <errno.h>
#include <inttypes.h>

#include "h248/binary.h"
#include "h248/text.h"
#include "mgw/control.h"
#include "mgw/role.h"

struct ms_log_category ms_mgw_log_h248 = { .name = "h248",
					   .help = "Controllers, registration, refused requests.",
					   .level = MS_LOG_INFO };
struct ms_log_category ms_mgw_log_media = { .name = "media",
					    .help = "Bearers: established, failed, released.",
					    .level = MS_LOG_INFO };

const struct ms_h248_codec *ms_mgw_control_codec(const struct ms_mgw_controller *c)
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

const char *ms_mgw_control_name(const struct ms_mgw_control *c, unsigned controller,
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
	struct ms_addr local = c->config->h248.listen;
	bool can;

	/* Only UDP goes out from the port we listen at. */
	if (p->config->transport == MS_MGW_UDP)
		local = c->listening[p->config->encoding];
	else if (ms_addr_is_set(&local))
		ms_addr_set_port(&local, 0);
	can = ms_addr_is_set(&local) &&
	      ms_addr_family(&local) == ms_addr_family(&p->config->address);
	return ms_gcp_connect(c->gcp, transport_of(p->config), &p->config->address,
			      ms_mgw_control_codec(p->config), can ? &local : NULL, ret_path);
}

int ms_mgw_control_associate(struct ms_mgw_control *c, struct ms_mgw_peer *p)
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
		return ms_mgw_control_associate(c, p);
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

static void put_context(struct ms_buf *b, uint32_t context)
{
	if (context < MS_H248_CONTEXT_CHOOSE && context != MS_H248_CONTEXT_NULL)
		ms_buf_printf(b, "context=%" PRIu32 " ", context);
	else
		ms_buf_printf(b, "context=%s ",
			      context == MS_H248_CONTEXT_CHOOSE ? "$"
			      : context == MS_H248_CONTEXT_ALL  ? "*"
								: "-");
}

static void log_refused(struct ms_mgw_control *c, const struct ms_h248_job *job,
			const struct ms_h248_transaction *t)
{
	uint32_t context;
	const struct ms_h248_error *e = ms_h248_reply_error(t, &context);
	char name[MS_ADDR_TEXT_MAX], text[32];
	struct ms_buf b;

	/* an audit of all contexts where there are none is no trouble */
	if (!e || ((e->code == 411 || e->code == 431) && context == MS_H248_CONTEXT_ALL))
		return;
	ms_buf_init_fixed(&b, text, sizeof(text));
	if (e != t->error)
		put_context(&b, context);
	MS_LOG(&ms_mgw_log_h248, MS_LOG_INFO, "%stransaction=%" PRIu32 " of %s refused: %u %s",
	       ms_buf_cstr(&b), ms_h248_job_id(job),
	       ms_mgw_control_name(c, index_of(c, ms_h248_job_association(job)), name), e->code,
	       MS_QUOTED(e->text));
}

static void on_reply(void *arg, void *job, const struct ms_h248_transaction *t)
{
	struct ms_mgw_control *c = arg;

	log_refused(c, job, t); /* before the tree is used up */
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
	       ms_mgw_control_name(arg, controller, name), ms_mg_state_name(to),
	       ms_mg_state_name(from), why);
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
		err = ms_gcp_connect(c->gcp, transport_of(p->config), &to,
				     ms_mgw_control_codec(p->config), NULL, &path);
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

const struct ms_mg_handlers ms_mgw_control_engine_handlers = {
	.request = on_request,
	.reply = on_reply,
	.state = on_state,
	.version = on_version,
	.address = on_address,
	.redirect = on_redirect,
	.timing = on_timing,
	.count = ms_mgw_control_count,
};

/* ---- what comes from controllers ---- */

static void h_request(struct ms_h248_job *job, const struct ms_h248_message *m,
		      const struct ms_h248_transaction *t, void *arg)
{
	struct ms_mgw_control *c = arg;
	unsigned i = index_of(c, ms_h248_job_association(job));

	(void)m;
	int err = ms_mg_request(c->mg, i, job, t, ms_loop_now());
	if (err == -EAGAIN)
		ms_mgw_control_wait(c, i, job, t);
	else if (err)
		ms_mgw_control_refuse(job, 500, "Out of memory");
	ms_mgw_control_touched(c);
}

static void log_refused_to_us(const struct ms_mgw_control *c, unsigned controller,
			      const struct ms_h248_transaction *reply)
{
	char name[MS_ADDR_TEXT_MAX];
	uint32_t context;
	const struct ms_h248_error *e = ms_h248_reply_error(reply, &context);

	if (e)
		MS_LOG(&ms_mgw_log_h248, MS_LOG_INFO,
		       "controller %s refused a request of ours: %u %s",
		       ms_mgw_control_name(c, controller, name), e->code, MS_QUOTED(e->text));
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
	if (!err)
		log_refused_to_us(c, index_of(c, a), reply);
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
	MS_LOG(&ms_mgw_log_h248, MS_LOG_WARNING, "controller %s is lost: %s",
	       ms_mgw_control_name(c, i, name),
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
	       ms_mgw_control_name(c, i, name), error->code);
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

const struct ms_h248_handlers ms_mgw_control_handlers = {
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

const struct ms_mgw_plane_handlers ms_mgw_control_plane_handlers = {
	.applied = on_applied,
	.event = on_event,
	.home_lost = on_home_lost,
	.metered = ms_mgw_control_metered,
};
