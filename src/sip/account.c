/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts, and requests outside of dialogs. */
#include <errno.h>

#include "core/alloc.h"
#include "sip/sip-priv.h"

/* ---- lists of URIs ---- */

#define MAX_ROUTES 16

void ms_sip_routes_done(struct ms_sip_routes *r)
{
	for (size_t i = 0; i < r->n; i++)
		ms_free(r->uri[i]);
	ms_free(r->uri);
	*r = (struct ms_sip_routes){ 0 };
}

int ms_sip_routes_add(struct ms_sip_routes *r, struct ms_span value)
{
	char **more, *copy;

	if (r->n >= MAX_ROUTES)
		return -E2BIG;
	more = ms_realloc(r->uri, (r->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	r->uri = more;
	copy = ms_strdup_span(value);
	if (!copy)
		return -ENOMEM;
	r->uri[r->n++] = copy;
	return 0;
}

/* The URI inside the <> of an entry. */
static struct ms_span entry(const struct ms_sip_routes *r, size_t i)
{
	struct ms_sip_address a;

	if (i >= r->n || ms_sip_address_parse(ms_span_str(r->uri[i]), &a) < 0)
		return MS_SPAN_NULL;
	return a.uri;
}

struct ms_span ms_sip_service_route(const struct ms_sip_account *a, size_t i)
{
	return entry(&a->service_route, i);
}

struct ms_span ms_sip_associated_uri(const struct ms_sip_account *a, size_t i)
{
	return entry(&a->associated, i);
}

/* ---- making ---- */

static char *from_value(const struct ms_sip_account_config *c)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, MS_SIP_VALUE_MAX);
	if (c->display && !strpbrk(c->display, "\"\\"))
		ms_buf_printf(&b, "\"%s\" ", c->display);
	ms_sip_put_address(&b, c->identity);
	return ms_buf_status(&b) < 0 ? NULL : ms_strdup_span(ms_buf_span(&b));
}

/* "sip:" and the host of the identity */
static char *registrar_of(const struct ms_sip_uri *u)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, MS_SIP_VALUE_MAX);
	ms_buf_put_str(&b, u->secure ? "sips:" : "sip:");
	ms_buf_put_str(&b, u->ipv6 ? "[" : "");
	ms_buf_put_span(&b, u->host);
	ms_buf_put_str(&b, u->ipv6 ? "]" : "");
	if (u->port)
		ms_buf_printf(&b, ":%u", (unsigned)u->port);
	return ms_buf_status(&b) < 0 ? NULL : ms_strdup_span(ms_buf_span(&b));
}

static char *copy_or(const char *s, struct ms_span otherwise)
{
	return s ? ms_strdup(s) : ms_strdup_span(otherwise);
}

static enum ms_sip_transport default_transport(const struct ms_sip *sip)
{
	if (ms_sip_has_transport(sip, MS_SIP_UDP))
		return MS_SIP_UDP;
	return ms_sip_has_transport(sip, MS_SIP_TCP) ? MS_SIP_TCP : MS_SIP_TLS;
}

static int fill(struct ms_sip_account *a, const struct ms_sip_account_config *c)
{
	struct ms_sip_uri u, other;

	if (!c->identity || ms_sip_uri_parse(ms_span_str(c->identity), &u) < 0)
		return -EINVAL;
	if (c->proxy && ms_sip_uri_parse(ms_span_str(c->proxy), &other) < 0)
		return -EINVAL;
	if (c->registrar && ms_sip_uri_parse(ms_span_str(c->registrar), &other) < 0)
		return -EINVAL;
	a->transport = c->transport_set ? c->transport : default_transport(a->sip);
	a->identity = ms_strdup(c->identity);
	a->from = from_value(c);
	a->auth_user = copy_or(c->auth_user, u.user);
	a->contact_user = copy_or(c->contact_user, u.user);
	a->registrar = c->registrar ? ms_strdup(c->registrar) : registrar_of(&u);
	a->proxy = c->proxy ? ms_strdup(c->proxy) : NULL;
	a->media_security = c->media_security ? ms_strdup(c->media_security) : NULL;
	a->has_password = c->password != NULL;
	if (!a->identity || !a->from || !a->auth_user || !a->contact_user || !a->registrar ||
	    (c->proxy && !a->proxy) || (c->media_security && !a->media_security))
		return -ENOMEM;
	return c->password ? ms_secret_set(&a->password, ms_span_str(c->password)) : 0;
}

int ms_sip_account_new(struct ms_sip *sip, const struct ms_sip_account_config *config,
		       struct ms_sip_account **ret_account)
{
	struct ms_sip_account *a = ms_zalloc(sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	a->sip = sip;
	ms_list_init(&a->realms);
	ms_list_append(&sip->accounts, &a->link);
	ms_sip_registration_init(a);
	err = fill(a, config);
	if (err < 0)
		ms_sip_account_free(a);
	else
		*ret_account = a;
	return err;
}

struct ms_sip_account *ms_sip_account_free(struct ms_sip_account *a)
{
	struct ms_list *link, *next;

	if (!a)
		return NULL;
	ms_sip_session_drop_account(a);
	ms_sip_subscription_drop_account(a);
	ms_sip_notifier_drop_account(a);
	ms_sip_registration_done(a);
	ms_sip_transaction_flush(a);
	ms_list_foreach_safe (link, next, &a->realms)
		ms_sip_realm_free(MS_CONTAINER_OF(link, struct ms_sip_realm, link));
	ms_list_remove(&a->link);
	ms_sip_routes_done(&a->service_route);
	ms_sip_routes_done(&a->associated);
	ms_free(a->identity);
	ms_free(a->from);
	ms_free(a->auth_user);
	ms_free(a->contact_user);
	ms_free(a->media_security);
	ms_free(a->security_server);
	ms_free(a->registrar);
	ms_free(a->proxy);
	ms_secret_wipe(&a->password);
	return ms_free(a);
}

/* ---- requests outside of dialogs ---- */

struct ms_sip_request {
	struct ms_sip_transaction *txn;
	ms_sip_response_h *handler;
	void *arg;
};

static void request_answered(int err, const struct sip_msg *m, void *arg)
{
	struct ms_sip_request *r = arg;
	ms_sip_response_h *handler = r->handler;
	void *user = r->arg;

	if (err == 0 && m->scode < 200)
		return;
	ms_free(r);
	if (handler)
		handler(err, ms_sip_cooked(m), user);
}

static void release_request(void *arg)
{
	ms_free(arg);
}

static int start_request(struct ms_sip_account *a, const struct ms_sip_request_spec *spec,
			 struct ms_sip_request *r)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf from;
	MS_CLEANUP(ms_buf_done) struct ms_buf to;
	struct ms_sip_transaction_spec t = {
		.method = spec->method,
		.uri = spec->uri,
		.contact = spec->contact,
		.follow_redirects = !spec->report_redirects,
		.timeout = spec->timeout,
		.content = &spec->content,
		.release = release_request,
	};

	ms_buf_init(&from, MS_SIP_VALUE_MAX);
	ms_buf_init(&to, MS_SIP_VALUE_MAX);
	if (spec->from)
		ms_sip_put_address(&from, spec->from);
	else
		ms_buf_put_str(&from, a->from);
	ms_sip_put_address(&to, spec->to ? spec->to : spec->uri);
	t.from = ms_buf_cstr(&from);
	t.to = ms_buf_cstr(&to);
	if (ms_buf_status(&from) < 0)
		return ms_buf_status(&from);
	if (ms_buf_status(&to) < 0)
		return ms_buf_status(&to);
	return ms_sip_transaction_start(a, &t, request_answered, r, &r->txn);
}

int ms_sip_request(struct ms_sip_account *a, const struct ms_sip_request_spec *spec,
		   ms_sip_response_h *handler, void *arg, struct ms_sip_request **ret_request)
{
	struct ms_sip_request *r;
	int err;

	if (!spec->method || !spec->uri)
		return -EINVAL;
	r = ms_zalloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->handler = handler;
	r->arg = arg;
	err = start_request(a, spec, r);
	if (err < 0) {
		ms_free(r);
		return err;
	}
	if (ret_request)
		*ret_request = r;
	return 0;
}

void ms_sip_request_cancel(struct ms_sip_request *r)
{
	ms_sip_transaction_free(r->txn);
}
