/* SPDX-License-Identifier: Apache-2.0 */
#include "border/dialog.h"

#include <errno.h>

#include "core/alloc.h"

static void free_routes(struct ms_border_leg *l)
{
	for (size_t i = 0; i < l->n_routes; i++)
		ms_free(l->route[i]);
	l->route = ms_free(l->route);
	l->n_routes = 0;
}

struct ms_border_dialog *ms_border_dialog_free(struct ms_border_dialog *d)
{
	if (!d)
		return NULL;
	for (size_t i = 0; i < MS_ARRAY_SIZE(d->leg); i++) {
		free_routes(&d->leg[i]);
		ms_free(d->leg[i].address);
		ms_free(d->leg[i].target);
	}
	ms_list_remove(&d->link);
	ms_free(d->tag);
	return ms_free(d);
}

/* ---- taking ---- */

static int set_text(char **text, struct ms_span value)
{
	char *copy = ms_strdup_span(value);

	if (!copy)
		return -ENOMEM;
	ms_free(*text);
	*text = copy;
	return 0;
}

static int set_target(struct ms_border_leg *l, const struct ms_sip_packet *m)
{
	struct ms_sip_address a;

	if (!ms_sip_packet_address(m, "Contact", 0, &a))
		return l->target || m->status < 200 ? 0 : -EBADMSG;
	return set_text(&l->target, a.uri);
}

static size_t count_routes(const struct ms_sip_packet *m)
{
	struct ms_span v;
	size_t n = 0;

	while (n < MS_BORDER_ROUTES_MAX && ms_sip_packet_element(m, "Record-Route", n, &v))
		n++;
	return n;
}

/* Takes `n` Record-Route values, the last one first if `reverse`. */
static int set_routes(struct ms_border_leg *l, const struct ms_sip_packet *m, size_t n,
		      bool reverse)
{
	struct ms_span v;

	free_routes(l);
	if (n == 0)
		return 0;
	l->route = ms_calloc(n, sizeof(*l->route));
	if (!l->route)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (!ms_sip_packet_element(m, "Record-Route", reverse ? n - 1 - i : i, &v))
			return -EBADMSG;
		l->route[i] = ms_strdup_span(v);
		if (!l->route[i])
			return -ENOMEM;
		l->n_routes++;
	}
	return 0;
}

/* Section 12.1: what stood in the request leads back; what came above our two values leads on. */
static int take_routes(struct ms_border_dialog *d, const struct ms_sip_packet *request,
		       const struct ms_sip_packet *m)
{
	size_t before = count_routes(request), all = count_routes(m);
	int err = set_routes(&d->leg[MS_BORDER_CALLER], request, before, false);

	if (err < 0)
		return err;
	return set_routes(&d->leg[MS_BORDER_CALLEE], m, all > before + 2 ? all - before - 2 : 0,
			  true);
}

static int fill(struct ms_border_dialog *d, const struct ms_sip_exchange *x,
		const struct ms_sip_packet *m)
{
	const struct ms_sip_packet *request = ms_sip_exchange_request(x);
	struct ms_border_leg *caller = &d->leg[MS_BORDER_CALLER];
	struct ms_border_leg *callee = &d->leg[MS_BORDER_CALLEE];
	int err = set_text(&d->tag, m->to_tag);

	caller->hop = *ms_sip_exchange_from(x);
	callee->hop = *ms_sip_exchange_to(x);
	caller->cseq = request->cseq;
	d->invite_cseq = request->cseq;
	if (err == 0)
		err = set_text(&caller->address, ms_sip_packet_get(request, "From"));
	if (err == 0)
		err = set_text(&callee->address, ms_sip_packet_get(m, "To"));
	if (err == 0)
		err = set_target(caller, request);
	if (err == 0)
		err = set_target(callee, m);
	return err == 0 ? take_routes(d, request, m) : err;
}

int ms_border_dialog_new(const struct ms_sip_exchange *x, const struct ms_sip_packet *m,
			 struct ms_border_dialog **ret_d)
{
	struct ms_border_dialog *d = ms_zalloc(sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	err = fill(d, x, m);
	d->confirmed = m->status >= 200;
	if (err < 0)
		ms_border_dialog_free(d);
	else
		*ret_d = d;
	return err;
}

void ms_border_dialog_response(struct ms_border_dialog *d, const struct ms_sip_exchange *x,
			       const struct ms_sip_packet *m)
{
	/* What cannot be kept leaves what was known; the next message may bring it again. */
	if (m->status < 300 && set_target(&d->leg[MS_BORDER_CALLEE], m) == 0 && !d->confirmed)
		(void)!take_routes(d, ms_sip_exchange_request(x), m);
	if (ms_sip_packet_is_success(m)) {
		d->confirmed = true;
		d->invite_cseq = ms_sip_exchange_request(x)->cseq;
	}
}

void ms_border_dialog_request(struct ms_border_dialog *d, enum ms_border_end end,
			      const struct ms_sip_packet *m)
{
	struct ms_border_leg *l = &d->leg[end];

	if (m->cseq > l->cseq)
		l->cseq = m->cseq;
	if (ms_sip_packet_is(m, "INVITE") || ms_sip_packet_is(m, "UPDATE"))
		(void)!set_target(l, m);
}

/* ---- ending ---- */

static struct ms_sip_origin inside(const struct ms_border_dialog *d, enum ms_border_end end,
				   struct ms_span *routes)
{
	const struct ms_border_leg *to = &d->leg[end], *from = &d->leg[!end];

	for (size_t i = 0; i < to->n_routes; i++)
		routes[i] = ms_span_str(to->route[i]);
	return (struct ms_sip_origin){
		.uri = ms_span_str(to->target),
		.side = to->hop.side,
		.routes = routes,
		.n_routes = to->n_routes,
		.from = ms_span_str(from->address),
		.to = ms_span_str(to->address),
	};
}

void ms_border_dialog_ack(struct ms_border_dialog *d, struct ms_sip_proxy *p,
			  struct ms_span call_id, bool by_flow)
{
	struct ms_span routes[MS_BORDER_ROUTES_MAX];
	struct ms_sip_origin o = inside(d, MS_BORDER_CALLEE, routes);

	o.method = "ACK";
	o.call_id = call_id;
	o.cseq = d->invite_cseq;
	o.hop = by_flow ? &d->leg[MS_BORDER_CALLEE].hop : NULL;
	/* The callee repeats its 2xx, and gives up in the end. */
	(void)!ms_sip_proxy_originate(p, &o);
}

void ms_border_dialog_bye(struct ms_border_dialog *d, struct ms_sip_proxy *p,
			  struct ms_span call_id, enum ms_border_end end, bool by_flow,
			  unsigned cause, const char *text)
{
	struct ms_span routes[MS_BORDER_ROUTES_MAX];
	struct ms_sip_origin o = inside(d, end, routes);
	struct ms_sip_edit reason = { "Reason" };
	char value[160];
	struct ms_buf b;

	ms_buf_init_fixed(&b, value, sizeof(value));
	ms_buf_printf(&b, "SIP;cause=%u;text=\"%s\"", cause, text);
	reason.value = ms_buf_span(&b);
	o.method = "BYE";
	o.call_id = call_id;
	/* The other end's next number, as if it had sent it (section 12.2.1.1). */
	o.cseq = ++d->leg[!end].cseq;
	o.hop = by_flow ? &d->leg[end].hop : NULL;
	o.content =
		(struct ms_sip_change){ .edits = &reason, .n_edits = ms_buf_status(&b) ? 0 : 1 };
	/* An end that cannot be reached any more has noticed, or will. */
	(void)!ms_sip_proxy_originate(p, &o);
}
