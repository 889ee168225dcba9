/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway's export in HEP: H.248 messages as they are on the wire, and what became of the
 * bearers, each event between the peer's address and ours, tied together by "MID/CONTEXT".
 */
#include <stdio.h>
#include <string.h>

#include "daemon/log.h"
#include "mgw/control.h"

#define CORRELATION_MAX 160

int ms_mgw_control_hep(struct ms_mgw_control *c)
{
	const struct ms_mgw_config *m = c->config;
	int err = ms_hep_sender_open(&m->hep.address, (uint32_t)m->hep.id, m->hep.password_file,
				     &c->hep);
	if (err)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "hep: %s", strerror(-err));
	return err;
}

static enum ms_hep_transport transport_of(const struct ms_h248_path *path)
{
	switch (path->transport) {
	case MS_H248_TCP:
		return MS_HEP_TCP;
	case MS_H248_SCTP:
		return MS_HEP_SCTP;
	default:
		return MS_HEP_UDP;
	}
}

void ms_mgw_control_tap(const struct ms_h248_path *peer, const struct ms_addr *local, bool sent,
			struct ms_span message, void *arg)
{
	struct ms_mgw_control *c = arg;
	struct ms_addr remote;

	ms_gcp_path_addr(peer, &remote);
	ms_hep_send(c->hep,
		    &(struct ms_hep_packet){ .source = sent ? *local : remote,
					     .destination = sent ? remote : *local,
					     .transport = transport_of(peer),
					     .protocol = MS_HEP_H248,
					     .correlation = ms_span_str(c->config->h248.mid),
					     .payload = message });
}

/* ---- events ---- */

struct exported {
	struct ms_mgw_control *c;
	const struct ms_bearer_event *event;
};

static const char *const words[] = {
	[MS_BEARER_TCP_UP] = "TCP up",     [MS_BEARER_TCP_FAILED] = "TCP failed",
	[MS_BEARER_TLS_UP] = "TLS up",     [MS_BEARER_TLS_FAILED] = "TLS failed",
	[MS_BEARER_RELEASED] = "released", [MS_BEARER_IDLE] = "idle",
	[MS_BEARER_LATCHED] = "latched",
};

static struct ms_addr address_of(const struct ms_bearer_address *a)
{
	struct ms_addr addr = { 0 };
	/* of no family: stays unset */
	(void)!ms_addr_from_octets(ms_span_of(a->octets, a->family == 6 ? 16 : a->family), a->port,
				   &addr);
	return addr;
}

/* "MSRP ip/access/1/9002: fpmismatch, alert 42" */
static void put_detail(struct ms_buf *b, const struct ms_mg_view *v,
		       const struct ms_bearer_event *event)
{
	static const char *const applications[] = {
		[MS_BEARER_AGNOSTIC] = "", [MS_BEARER_MSRP] = "MSRP ", [MS_BEARER_BFCP] = "BFCP "
	};

	ms_buf_printf(b, "%s%s", applications[v->bearer->application], v->termination);
	if (event->cause[0])
		ms_buf_printf(b, ": %s", event->cause);
	if (event->alert >= 0 && event->alert < 255)
		ms_buf_printf(b, ", alert %d", event->alert);
}

static int export_view(void *arg, const struct ms_mg_view *v)
{
	const struct exported *x = arg;
	const struct ms_bearer_event *event = x->event;
	struct ms_addr local = address_of(&v->bearer->local);
	struct ms_addr remote =
		address_of(event->remote.family ? &event->remote : &v->bearer->remote);
	char correlation[CORRELATION_MAX], text[256];
	struct ms_buf detail;

	ms_buf_init_fixed(&detail, text, sizeof(text));
	snprintf(correlation, sizeof(correlation), "%s/%u", x->c->config->h248.mid, v->context);
	put_detail(&detail, v, event);
	ms_hep_send_event(x->c->hep, &remote, &local, ms_span_str(correlation), words[event->kind],
			  ms_buf_cstr(&detail));
	return 0;
}

void ms_mgw_control_export(struct ms_mgw_control *c, ms_plane_endpoint e,
			   const struct ms_bearer_event *event)
{
	struct exported x = { c, event };
	if (c->hep && event->kind < MS_ARRAY_SIZE(words))
		(void)ms_mg_look(c->mg, e, export_view, &x);
}
