/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Floor control: m=application lines of RFC 8856 (and RFC 4583), we being a floor participant. The one
 * that offers is TLS client, whoever opens the connection (RFC 8856 section 8).
 */
#include <errno.h>

#include "ue/call-priv.h"

#define LINE_MAX 2048

bool ms_ue_call_is_bfcp_line(const struct ms_sdp_media *m)
{
	return m->port != 0 && (m->kind == MS_SDP_TCP_BFCP || m->kind == MS_SDP_TCP_TLS_BFCP);
}

/* ---- our line ---- */

static void put_setup(struct ms_buf *b, enum ms_sdp_setup setup)
{
	ms_sdp_put_setup(b, setup);
	ms_sdp_put_attr(b, "connection", MS_SPAN_LIT("new"));
	ms_sdp_put_attr(b, "floorctrl", MS_SPAN_LIT("c-only"));
}

void ms_ue_call_put_bfcp_line(const struct ms_ue_call *c, bool offer, enum ms_sdp_setup setup,
			      struct ms_buf *b)
{
	struct ms_sdp_attr_value v[MS_UE_E2AE_ATTRS];
	uint16_t port = setup == MS_SDP_ACTIVE || !c->port ? 9 : c->port;
	size_t n = 0;

	ms_sdp_put_media(b, "application", port, c->e2ae ? "TCP/TLS/BFCP" : "TCP/BFCP", "*");
	put_setup(b, setup);
	ms_ue_call_e2ae_attributes(c, offer, v, &n);
	for (size_t i = 0; i < n; i++)
		ms_sdp_put_attr(b, v[i].name, v[i].value);
}

/* ---- theirs ---- */

static int read_number(const struct ms_sdp_media *m, const char *name, uint64_t max,
		       uint64_t *ret_n)
{
	struct ms_span value;

	if (!ms_sdp_attr(&m->section, name, &value))
		return -ENOENT;
	return ms_span_u64(ms_span_trim(value), max, ret_n);
}

/* a=floorctrl names what its sender can be; we need a server. Without it an offerer is client. */
static bool can_serve(const struct ms_sdp_media *m, bool is_answer)
{
	struct ms_span value, role;

	if (!ms_sdp_attr(&m->section, "floorctrl", &value))
		return is_answer;
	while (value.p) {
		role = ms_span_cut(&value, ' ');
		if (ms_span_is(role, "s-only") || ms_span_is(role, "c-s"))
			return true;
	}
	return false;
}

static int take_ids(struct ms_ue_call *c, const struct ms_sdp_media *m, struct ms_fault *f)
{
	uint64_t conference, user, floor = 0;
	struct ms_span value;

	if (read_number(m, "confid", UINT32_MAX, &conference) ||
	    read_number(m, "userid", UINT16_MAX, &user))
		return ms_fault_set(f, -EPROTO, 488, "bfcp_ids", 0);
	if (ms_sdp_attr(&m->section, "floorid", &value) &&
	    ms_span_u64(ms_span_cut(&value, ' '), UINT16_MAX, &floor))
		floor = 0;
	c->there.conference = (uint32_t)conference;
	c->there.user = (uint16_t)user;
	c->there.floor = (uint16_t)floor;
	return 0;
}

int ms_ue_call_read_bfcp_line(struct ms_ue_call *c, const struct ms_sdp_media *m, bool is_answer,
			      struct ms_fault *f)
{
	if (!can_serve(m, is_answer))
		return ms_fault_set(f, -EPROTO, 488, "bfcp_no_server", 0);
	c->there.setup = m->setup;
	return take_ids(c, m, f);
}

/* ---- what happens ---- */

static void tell_request(struct ms_ue_call *c, const struct ms_bfcp_event *e)
{
	struct ms_ue_event out = ms_ue_call_event(c, MS_UE_EVENT_FLOOR);

	out.floor_request = e->request;
	out.state = ms_bfcp_status_name(e->status);
	out.queue = e->queue;
	ms_ue_tell(c->ue, &out);
}

static void put_holder(struct ms_buf *b, const struct ms_bfcp_attribute *information)
{
	struct ms_bfcp_attribute part = { 0 }, status = { 0 }, user = { 0 };

	if (ms_bfcp_find(information->inner, MS_BFCP_OVERALL_REQUEST_STATUS, &part) ||
	    ms_bfcp_find(information->inner, MS_BFCP_FLOOR_REQUEST_STATUS_ATTRIBUTE, &part))
		(void)ms_bfcp_find(part.inner, MS_BFCP_REQUEST_STATUS, &status);
	ms_buf_printf(b, "%srequest %u", b->len > 0 ? ", " : "", information->value);
	if (ms_bfcp_find(information->inner, MS_BFCP_BENEFICIARY_INFORMATION, &user))
		ms_buf_printf(b, " of user %u", user.value);
	if (ms_bfcp_status_name(status.value))
		ms_buf_printf(b, " %s", ms_bfcp_status_name(status.value));
}

/* FloorStatus and UserStatus: the requests in it, in a line for people. */
static void tell_status(struct ms_ue_call *c, const struct ms_bfcp_event *e)
{
	struct ms_ue_event out = ms_ue_call_event(c, MS_UE_EVENT_FLOOR_STATUS);
	MS_CLEANUP(ms_buf_done) struct ms_buf text;
	struct ms_span rest = e->message->attributes;
	struct ms_bfcp_attribute a;

	ms_buf_init(&text, LINE_MAX);
	while (ms_bfcp_next(&rest, &a)) {
		if (a.type == MS_BFCP_FLOOR_ID)
			out.floor = a.value;
		else if (a.type == MS_BFCP_FLOOR_REQUEST_INFORMATION)
			put_holder(&text, &a);
	}
	out.detail = ms_buf_span(&text);
	ms_ue_tell(c->ue, &out);
}

static void tell_error(struct ms_ue_call *c, const struct ms_bfcp_event *e)
{
	struct ms_ue_event out = ms_ue_call_event(c, MS_UE_EVENT_FLOOR_FAILED);
	const char *name = ms_bfcp_error_name(e->code);

	out.status = e->code;
	out.reason = e->kind == MS_BFCP_EVENT_TIMEOUT   ? "timeout"
		     : e->kind == MS_BFCP_EVENT_IGNORED ? e->reason
							: "refused";
	out.detail = e->octets.len > 0 || !name ? e->octets : ms_span_str(name);
	ms_ue_tell(c->ue, &out);
}

static void on_event(void *arg, const struct ms_bfcp_event *e)
{
	struct ms_ue_call *c = arg;
	struct ms_ue_event hello;

	if (c->over)
		return;
	switch (e->kind) {
	case MS_BFCP_EVENT_HELLO:
		hello = ms_ue_call_event(c, MS_UE_EVENT_FLOOR_HELLO);
		ms_ue_tell(c->ue, &hello);
		break;
	case MS_BFCP_EVENT_REQUEST:
		tell_request(c, e);
		break;
	case MS_BFCP_EVENT_FLOOR:
	case MS_BFCP_EVENT_USER:
		tell_status(c, e);
		break;
	case MS_BFCP_EVENT_ERROR:
	case MS_BFCP_EVENT_TIMEOUT:
	case MS_BFCP_EVENT_IGNORED:
		tell_error(c, e);
		break;
	}
}

int ms_ue_call_bfcp_new(struct ms_ue_call *c)
{
	const struct ms_bfcp_client_config config = { .conference = c->there.conference,
						      .user = c->there.user,
						      .handler = on_event,
						      .arg = c };

	return ms_bfcp_client_new(&config, &c->bfcp);
}

/* ---- what the user wants ---- */

static struct ms_ue_call *floor_call(const struct ms_ue *ue, unsigned session)
{
	struct ms_ue_call *c = ms_ue_call_find(ue, session);

	return c && c->bfcp && c->established ? c : NULL;
}

/* The request that a release is about: the one named, or the only one. */
static uint16_t request_of(const struct ms_ue_call *c, unsigned id)
{
	const struct ms_bfcp_floor_request *r;
	size_t n;

	r = ms_bfcp_client_requests(c->bfcp, &n);
	return id == 0 && n > 0 ? r[n - 1].id : (uint16_t)id;
}

int ms_ue_floor(struct ms_ue *ue, unsigned session, enum ms_ue_floor_act act, unsigned id)
{
	struct ms_ue_call *c = floor_call(ue, session);
	struct ms_bfcp_ask ask = { .n_floors = 1, .priority = 2 };
	ms_usec now = ms_clock_mono();
	uint16_t transaction, floor;
	int err = -EINVAL;

	if (!c || id > UINT16_MAX)
		return c ? -EINVAL : -ENOENT;
	floor = id ? (uint16_t)id : c->there.floor;
	ask.floors = &floor;
	switch (act) {
	case MS_UE_FLOOR_HELLO:
		err = ms_bfcp_client_hello(c->bfcp, now, &transaction);
		break;
	case MS_UE_FLOOR_REQUEST:
		err = ms_bfcp_client_request(c->bfcp, &ask, now, &transaction);
		break;
	case MS_UE_FLOOR_RELEASE:
		err = ms_bfcp_client_release(c->bfcp, request_of(c, id), now, &transaction);
		break;
	case MS_UE_FLOOR_QUERY:
		err = ms_bfcp_client_query_floors(c->bfcp, &floor, 1, now, &transaction);
		break;
	case MS_UE_FLOOR_USER:
		err = ms_bfcp_client_query_user(c->bfcp, (uint16_t)id, now, &transaction);
		break;
	}
	if (!err)
		ms_ue_media_wake(c->media);
	return err;
}
