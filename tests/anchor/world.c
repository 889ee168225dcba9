/* SPDX-License-Identifier: Apache-2.0 */
#include "anchor/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h248/package.h"

static int on_request(void *arg, struct ms_mgc_gateway *g, uint32_t cookie,
		      struct ms_h248_action *actions)
{
	struct world *w = arg;

	return fake_request(&w->fake[g == w->g[1]], cookie, actions);
}

static void on_reply(void *arg, void *job, const struct ms_h248_transaction *t)
{
	(void)arg;
	(void)job;
	(void)t;
}

static void on_end(void *arg, struct ms_anchor_session *s, int cause, const char *reason,
		   const char *detail)
{
	struct world *w = arg;

	(void)s;
	(void)cause;
	w->ends++;
	(void)snprintf(w->end_reason, sizeof(w->end_reason), "%s", reason);
	(void)snprintf(w->end_detail, sizeof(w->end_detail), "%s", detail);
}

static void on_changed(void *arg, struct ms_anchor_session *s)
{
	(void)s;
	((struct world *)arg)->saved++;
}

static void on_done(void *arg, struct ms_anchor_session *s, const struct ms_anchor_result *r)
{
	struct world *w = arg;

	(void)s;
	w->results++;
	w->status = r->status;
	w->changed = r->changed;
	(void)snprintf(w->reason, sizeof(w->reason), "%s", r->reason ? r->reason : "");
	(void)snprintf(w->sdp, sizeof(w->sdp), "%.*s", MS_SPAN_FMT(r->sdp));
}

struct ms_anchor_policy world_policy(void)
{
	return (struct ms_anchor_policy){
		.role = MS_ANCHOR_ALG,
		.msrp = true,
		.bfcp = true,
		.tls = MS_ANCHOR_NAT,
		.plain = MS_ANCHOR_NAT,
		.direction = MS_ANCHOR_DIRECTION_NEEDED,
		.realm = { "access", "core" },
	};
}

/* Registration of both gateways. */
static void join(struct world *w, int i)
{
	struct ms_h248_service_change s = { .method = MS_H248_SC_RESTART,
					    .version = 2,
					    .profile = MS_SPAN_LIT("xIq/1"),
					    .reason = MS_SPAN_LIT("901") };
	struct ms_h248_termination root = { .kind = MS_H248_TERMINATION_ROOT };
	struct ms_h248_command c = { .verb = MS_H248_SERVICE_CHANGE,
				     .terminations = &root,
				     .service_change = &s };
	struct ms_h248_action a = { .commands = &c };
	struct ms_h248_transaction t = { .id = 1, .actions = &a };

	ms_mgc_request(w->g[i], NULL, &t, 0);
	fake_deliver(&w->fake[i], 0);
}

int world_session(struct world *w, bool ue, bool nat)
{
	struct ms_anchor_context c = { .ue_msrp = ue, .ue_bfcp = ue, .nat = nat, .user = w };

	return ms_anchor_session_new(w->anchor, &c, &w->s);
}

int world_open(struct world *w, const struct ms_anchor_policy *p, bool ue, bool nat)
{
	static const char *const names[] = { "<agw1.example.net>", "<agw2.example.net>" };
	struct ms_mgc_handlers h = { .request = on_request, .reply = on_reply, .arg = w };
	struct ms_mgc_options o = { .any_profile = true };
	struct ms_anchor_handlers ah = { .end = on_end, .changed = on_changed, .arg = w };
	int err;

	memset(w, 0, sizeof(*w));
	w->registry = malloc(sizeof(*w->registry));
	ms_h248_registry_init(w->registry);
	o.coding.registry = w->registry;
	if (p->role == MS_ANCHOR_IBCF)
		o.coding.profile = &ms_h248_profile_ix;
	for (int i = 0; i < 2; i++)
		fake_init(&w->fake[i], w->registry);
	err = ms_mgc_new(&o, &h, NULL, &w->mgc);
	for (int i = 0; !err && i < 2; i++) {
		/* the second takes calls only when the first does not */
		struct ms_mgc_gateway_options go = { .name = names[i], .weight = 1 };

		err = ms_mgc_gateway_add(w->mgc, &go, &w->g[i]);
		w->fake[i].g = w->g[i];
	}
	if (!err)
		join(w, 0);
	if (!err)
		err = ms_anchor_new(p, w->mgc, &ah, &w->anchor);
	return err ? err : world_session(w, ue, nat);
}

void world_close(struct world *w)
{
	if (w->s)
		ms_anchor_release(w->s, 0);
	if (w->mgc)
		world_deliver(w);
	ms_anchor_free(w->anchor);
	for (int i = 0; i < 2; i++)
		fake_done(&w->fake[i]);
	ms_mgc_free(w->mgc);
	free(w->registry); /* the test's own memory, not the library's memory */
}

void world_deliver(struct world *w)
{
	for (int i = 0; i < 4; i++)
		fake_deliver(&w->fake[i % 2], 0);
	ms_mgc_tick(w->mgc, 0);
}

int world_offer(struct world *w, enum ms_anchor_side from, const char *sdp)
{
	int err = ms_anchor_offer(w->s, from, ms_span_str(w->dialog), ms_span_str(sdp), 0, on_done,
				  w);

	if (!w->hold)
		world_deliver(w);
	return err;
}

int world_answer(struct world *w, const char *dialog, const char *sdp, bool final)
{
	int err =
		ms_anchor_answer(w->s, ms_span_str(dialog), ms_span_str(sdp), final, 0, on_done, w);

	if (!w->hold)
		world_deliver(w);
	return err;
}

void world_event(struct world *w, const struct fake_termination *t, uint16_t ref, uint16_t p1,
		 const char *v1, uint16_t p2, const char *v2)
{
	struct ms_h248_value two = { .octets = ms_span_str(v2) },
			     one = { .octets = ms_span_str(v1) };
	struct ms_h248_param second = { .name.ref = p2, .values = &two };
	struct ms_h248_param first = { .name.ref = p1, .values = &one, .next = &second };
	struct ms_h248_observed o = { .name.ref = ref, .stream = t->stream, .params = &first };
	struct ms_h248_termination term = { .name = ms_span_str(t->name) };
	struct ms_h248_command c = { .verb = MS_H248_NOTIFY,
				     .terminations = &term,
				     .has_observed = true,
				     .observed_id = 1,
				     .observed = &o };
	struct ms_h248_action a = { .context = t->context, .commands = &c };
	struct ms_h248_transaction tr = { .id = 9, .actions = &a };

	ms_mgc_request(w->g[0], NULL, &tr, 0);
	world_deliver(w);
}
