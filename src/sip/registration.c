/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping registered: RFC 3261 section 10.2, with what the 200 tells (RFC 3608, 3327, 7315). */
#include <errno.h>
#include <stdio.h>

#include "sip/sip-priv.h"

#define FIRST_PAUSE_S 2

/* RFC 5626 section 4.4.1 has 95 to 120 seconds for connections. */
#define KEEPALIVE_S 120

/* Before a lost connection is replaced: a server that restarts needs a moment. */
#define REPLACE_PAUSE (500 * MS_MSEC)

static void send_register(struct ms_sip_account *a);

static void tell(struct ms_sip_account *a, enum ms_sip_registration_state state, int err,
		 const struct sip_msg *m)
{
	struct ms_sip_registration *r = &a->reg;

	r->state = state;
	if (r->handler.changed)
		r->handler.changed(a, state, err, ms_sip_cooked(m), r->handler.arg);
}

static void due(void *arg)
{
	send_register(arg);
}

/* ---- the connection we are reached by (RFC 5626 sections 3.5.1 and 4.4.1) ---- */

static void connection_lost(int err MS_UNUSED, void *arg)
{
	struct ms_sip_account *a = arg;

	a->reg.guard = ms_sip_stream_lost(a->reg.guard);
	if (a->reg.state == MS_SIP_REGISTERED && !a->reg.txn)
		ms_timer_start(&a->reg.timer, REPLACE_PAUSE);
}

static void unwatch(struct ms_sip_account *a)
{
	/* Without a keep-alive nobody tells that the connection, and with it the guard's hook, has gone. */
	a->reg.guard = ms_sip_stream_free(a->reg.guard);
	a->reg.keepalive = mem_deref(a->reg.keepalive);
}

/* A user of TCP or TLS is reached over this connection, so it is kept, watched and guarded. */
static void keep_alive(struct ms_sip_account *a, const struct sip_msg *m)
{
	struct ms_sip_registration *r = &a->reg;

	r->keepalive = mem_deref(r->keepalive);
	if (m->tp == SIP_TRANSP_UDP) {
		r->guard = ms_sip_stream_free(r->guard);
	} else if (sip_keepalive_start(&r->keepalive, a->sip->sip, m, KEEPALIVE_S, connection_lost,
				       a)) {
		r->guard = ms_sip_stream_free(r->guard);
		ms_sip_count(a->sip, MS_SIP_TRANSPORT_ERRORS);
	} else {
		r->guard = ms_sip_stream_guard(r->guard, a->sip, m);
	}
}

void ms_sip_registration_init(struct ms_sip_account *a)
{
	ms_timer_init(&a->reg.timer, "sip.register", due, a);
}

void ms_sip_registration_done(struct ms_sip_account *a)
{
	ms_timer_stop(&a->reg.timer);
	unwatch(a);
	a->reg.txn = ms_sip_transaction_free(a->reg.txn);
}

/* ---- what the registrar says ---- */

static int take_list(struct ms_sip_routes *r, const struct sip_msg *m, const char *header)
{
	struct ms_sip_address a;
	int err = 0;

	ms_sip_routes_done(r);
	for (size_t i = 0; err == 0 && ms_sip_address_at(ms_sip_cooked(m), header, i, &a); i++) {
		MS_CLEANUP(ms_buf_done) struct ms_buf b;

		ms_buf_init(&b, MS_SIP_VALUE_MAX);
		ms_buf_put_u8(&b, '<');
		ms_buf_put_span(&b, a.uri);
		ms_buf_put_u8(&b, '>');
		err = ms_buf_status(&b);
		if (err == 0)
			err = ms_sip_routes_add(r, ms_buf_span(&b));
	}
	return err;
}

/* The routes must be complete, else no request gets out; of the identities what fits is kept. */
static int take_lists(struct ms_sip_account *a, const struct sip_msg *m)
{
	int err = take_list(&a->service_route, m, "Service-Route");

	if (err == 0 && take_list(&a->associated, m, "P-Associated-URI") == -ENOMEM)
		err = -ENOMEM;
	if (err == 0)
		err = ms_sip_security_registered(a, m);
	return err;
}

/* Our own among the contacts of the 200: the one with our user part and an address of ours. */
static bool is_ours(const struct ms_sip_account *a, const struct ms_sip_address *contact)
{
	struct ms_sip_uri u;

	if (ms_sip_uri_parse(contact->uri, &u) < 0 || !ms_span_is(u.user, a->contact_user))
		return false;
	for (size_t i = 0; i < a->sip->n_binds; i++)
		if (u.port == sa_port(&a->sip->bind[i].address))
			return true;
	return false;
}

/* RFC 3261 section 10.2.4: expires of our contact, else Expires, else what we asked for. */
static unsigned granted(const struct ms_sip_account *a, const struct sip_msg *m)
{
	struct ms_sip_address c;
	struct ms_span v;
	uint64_t n;

	for (size_t i = 0; ms_sip_contact(ms_sip_cooked(m), i, &c); i++)
		if (is_ours(a, &c) && ms_sip_param(c.params, "expires", &v) &&
		    ms_span_u64(v, UINT32_MAX, &n) == 0)
			return (unsigned)n;
	if (ms_span_u64(ms_sip_header(ms_sip_cooked(m), "Expires"), UINT32_MAX, &n) == 0)
		return (unsigned)n;
	return a->reg.expires_s;
}

static void failed(struct ms_sip_account *a, int err, const struct sip_msg *m)
{
	struct ms_sip_registration *r = &a->reg;
	unsigned pause = FIRST_PAUSE_S << (r->failures < 16 ? r->failures : 16);

	if (err == 0 && (m->scode == 401 || m->scode == 407))
		err = -EACCES;
	r->failures++;
	r->lengthened = false;
	if (r->retry_max_s > 0)
		ms_timer_start(&r->timer,
			       (pause < r->retry_max_s ? pause : r->retry_max_s) * MS_SEC);
	tell(a, MS_SIP_REGISTRATION_FAILED, err, m);
}

static void registered(struct ms_sip_account *a, const struct sip_msg *m)
{
	struct ms_sip_registration *r = &a->reg;
	unsigned pause;
	int err;

	err = take_lists(a, m);
	if (err < 0) {
		failed(a, err, NULL);
		return;
	}
	r->failures = 0;
	r->lengthened = false;
	r->granted_s = granted(a, m);
	/* A tenth, at least ten seconds, before the end; short ones at half time. */
	pause = r->granted_s > 20 ? r->granted_s - (r->granted_s > 100 ? r->granted_s / 10 : 10)
				  : r->granted_s / 2;
	ms_timer_start(&r->timer, (pause > 0 ? pause : 1) * MS_SEC);
	keep_alive(a, m);
	tell(a, MS_SIP_REGISTERED, 0, m);
}

/* RFC 3261 section 10.3 item 7: the registrar wants longer intervals. */
static bool retry_longer(struct ms_sip_account *a, const struct sip_msg *m)
{
	uint64_t least;

	if (m->scode != 423 || a->reg.lengthened ||
	    ms_span_u64(ms_sip_header(ms_sip_cooked(m), "Min-Expires"), UINT32_MAX, &least) < 0 ||
	    least <= a->reg.expires_s)
		return false;
	a->reg.lengthened = true; /* once: who asks for more each time is refused */
	a->reg.expires_s = (unsigned)least;
	send_register(a);
	return true;
}

static void answered(int err, const struct sip_msg *m, void *arg)
{
	struct ms_sip_account *a = arg;

	if (err == 0 && m->scode < 200)
		return;
	a->reg.txn = NULL;
	if (a->reg.removing) {
		/* Whatever the registrar thinks, we are gone. */
		unwatch(a);
		tell(a, MS_SIP_UNREGISTERED, err, m);
		return;
	}
	if (err == 0 && retry_longer(a, m))
		return;
	if (err == 0 && m->scode < 300)
		registered(a, m);
	else
		failed(a, err, m);
}

/* ---- sending ---- */

static int start(struct ms_sip_account *a)
{
	struct ms_sip_registration *r = &a->reg;
	MS_CLEANUP(ms_buf_done) struct ms_buf headers;
	char to[MS_SIP_VALUE_MAX];
	struct ms_sip_transaction_spec spec = {
		.method = "REGISTER",
		.uri = a->registrar,
		.from = a->from,
		.to = to,
		.from_tag = r->tag,
		.call_id = r->call_id,
		.cseq = &r->cseq,
		.contact = true,
		.no_routes = true,
	};
	int n = snprintf(to, sizeof(to), "<%s>", a->identity);

	ms_buf_init(&headers, 2048);
	if (n < 0 || (size_t)n >= sizeof(to))
		return -EMSGSIZE;
	ms_buf_printf(&headers, "Expires: %u\r\nSupported: path\r\n",
		      r->removing ? 0 : r->expires_s);
	spec.headers = ms_buf_cstr(&headers);
	if (ms_buf_status(&headers) < 0)
		return ms_buf_status(&headers);
	a->security_told = false;
	return ms_sip_transaction_start(a, &spec, answered, a, &r->txn);
}

static void send_register(struct ms_sip_account *a)
{
	int err;

	if (a->reg.txn)
		return;
	err = start(a);
	if (err < 0)
		failed(a, err, NULL);
}

int ms_sip_register(struct ms_sip_account *a, unsigned expires_s, unsigned retry_max_s,
		    const struct ms_sip_registration_handler *handler)
{
	struct ms_sip_registration *r = &a->reg;
	int err = 0;

	if (expires_s == 0 || a->sip->closing)
		return -EINVAL;
	if (r->txn)
		return -EBUSY;
	if (handler)
		r->handler = *handler;
	if (r->call_id[0] == '\0')
		err = ms_sip_token(r->call_id);
	if (err == 0 && r->tag[0] == '\0')
		err = ms_sip_token(r->tag);
	if (err < 0)
		return err;
	ms_timer_stop(&r->timer);
	r->expires_s = expires_s;
	r->retry_max_s = retry_max_s;
	r->removing = false;
	r->failures = 0;
	err = start(a);
	if (err == 0)
		r->state = MS_SIP_REGISTERING;
	return err;
}

int ms_sip_unregister(struct ms_sip_account *a)
{
	struct ms_sip_registration *r = &a->reg;

	ms_timer_stop(&r->timer);
	if (r->state != MS_SIP_REGISTERED && r->state != MS_SIP_REGISTERING)
		return -EALREADY;
	r->txn = ms_sip_transaction_free(r->txn);
	r->removing = true;
	return start(a);
}

enum ms_sip_registration_state ms_sip_registration(const struct ms_sip_account *a)
{
	return a->reg.state;
}

unsigned ms_sip_registration_expires(const struct ms_sip_account *a)
{
	return a->reg.granted_s;
}
