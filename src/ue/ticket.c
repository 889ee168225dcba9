/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own tickets: Ticket Request with the policy of the profile, and the cache before it. RFC 6043
 * sections 4.2.1 and 5.3.
 */
#include <errno.h>

#include "core/alloc.h"
#include "mikey/policy.h"
#include "ue/ticket-priv.h"

void ms_ue_asking_free(struct ms_ue_asking *a)
{
	ms_list_remove(&a->link);
	ms_mikey_request_free(a->request);
	ms_free(a->resolver);
	ms_free(a);
}

struct ms_ue_asking *ms_ue_asking_new(struct ms_ue *ue, void *arg)
{
	struct ms_ue_asking *a = ms_zalloc(sizeof(*a));

	if (!a)
		return NULL;
	a->ue = ue;
	a->arg = arg;
	ms_list_append(&ue->asking, &a->link);
	return a;
}

/* ---- what may be wrong ---- */

static void put_detail(struct ms_ue_failure *f, const char *fmt, ...) MS_PRINTF(2, 3);

static void put_detail(struct ms_ue_failure *f, const char *fmt, ...)
{
	struct ms_buf b;
	va_list ap;

	ms_buf_init_fixed(&b, f->detail, sizeof(f->detail) - 1);
	va_start(ap, fmt);
	ms_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	f->detail[b.len] = '\0';
}

struct ms_ue_failure ms_ue_failure_of_answer(const struct ms_keys_kms_answer *a)
{
	struct ms_ue_failure f = { .err = -EHOSTUNREACH,
				   .reason = a->reason,
				   .status = a->status,
				   .unreachable = a->status == 0 || a->status >= 500 };

	put_detail(&f, "%s", a->detail);
	return f;
}

struct ms_ue_failure ms_ue_failure_of_fault(int err, const struct ms_fault *fault)
{
	struct ms_ue_failure f = { .err = err, .reason = fault->reason };
	const char *name = ms_mikey_name(MS_MIKEY_N_ERROR, (unsigned)fault->code);

	if (err == -EREMOTEIO)
		put_detail(&f, "%s (MIKEY error %d, %s)%s", ms_ue_fault_text(fault), fault->code,
			   name ? name : "unknown",
			   fault->code == MS_MIKEY_ERR_TS ? ": is a clock wrong?" : "");
	else
		put_detail(&f, "%s", fault->reason ? ms_ue_fault_text(fault) : strerror(-err));
	return f;
}

void ms_ue_tell_kms_failure(const struct ms_ue *ue, const struct ms_ue_failure *f)
{
	ms_ue_tell(ue, &(struct ms_ue_event){
			       .type = MS_UE_EVENT_KMS_ERROR,
			       .url = ms_span_str(ms_keys_kms_url(ue->kms)),
			       .reason = f->reason,
			       .status = f->status,
			       .detail = ms_span_str(f->detail),
		       });
}

/* ---- our own tickets ---- */

void ms_ue_ticket_resolvers(const struct ms_ue *ue, enum ms_keys_ticket_kind kind,
			    struct ms_span called, bool only_called, struct ms_buf *b)
{
	const char *any = ue->settings->config->profile.wildcard;

	/* A message is for its recipient alone (TR 33.829 annex E); a call may be diverted. */
	if (kind == MS_KEYS_TICKET_MESSAGE || only_called || !ue->settings->policy.diversion)
		ms_buf_put_span(b, called);
	else
		ms_buf_printf(b, "%s@%s", any, any); /* ?@?: TS 33.328 6.2.3.5 */
}

static void tell_ticket(const struct ms_ue *ue, enum ms_keys_ticket_kind kind,
			struct ms_span resolvers, const struct ms_mikey_ticket_held *held,
			const char *source)
{
	ms_usec end = ms_mikey_ticket_held_end(held);

	ms_ue_tell(ue, &(struct ms_ue_event){
			       .type = MS_UE_EVENT_TICKET,
			       .kind = ms_keys_ticket_kind_name(kind),
			       .source = source,
			       .resolvers = resolvers,
			       .valid_until = end == MS_NEVER ? 0 : end,
			       .uses = ms_mikey_ticket_held_uses(held),
		       });
}

void ms_ue_list_tickets(const struct ms_ue *ue)
{
	const struct ms_mikey_ticket_held *held;
	enum ms_keys_ticket_kind kind;
	struct ms_span resolvers;

	for (size_t i = 0; ms_keys_cache_at(ue->tickets, i, &kind, &resolvers, &held); i++)
		tell_ticket(ue, kind, resolvers, held, "cache");
}

struct ms_mikey_ticket_held *ms_ue_ticket_cached(struct ms_ue *ue, enum ms_keys_ticket_kind kind,
						 struct ms_span resolvers)
{
	struct ms_mikey_ticket_held *held =
		ms_keys_cache_find(ue->tickets, kind, resolvers, ms_clock_wall());

	if (held)
		tell_ticket(ue, kind, resolvers, held, "cache");
	return held;
}

/* Another process of the same user may have written since we read: what it has is kept. */
static void merge_file(const struct ms_ue *ue)
{
	const struct ms_ue_settings *s = ue->settings;
	struct ms_keys_cache *other = NULL;

	if (!ms_keys_cache_new(s->config->tickets.max, &other) &&
	    !ms_keys_ticket_file_load(s->ticket_file, other, ms_secret_span(&s->psk),
				      ms_clock_wall()))
		ms_keys_cache_merge(ue->tickets, other);
	ms_keys_cache_free(other);
}

void ms_ue_tickets_save(const struct ms_ue *ue)
{
	int err;

	if (!ue->tickets || !ue->settings->ticket_file || ue->tickets_broken)
		return;
	merge_file(ue);
	err = ms_keys_ticket_file_save(ue->settings->ticket_file, ue->tickets,
				       ms_secret_span(&ue->settings->psk), &ms_random_system);
	if (err)
		ms_ue_warn(ue, "%s: %s: tickets are not kept", ue->settings->ticket_file,
			   strerror(-err));
}

/* The KMS may change a policy (K); what it granted must serve, and serve nobody else. */
static bool grant_fits(const struct ms_ue_asking *a, const struct ms_mikey_ticket_held *held,
		       struct ms_fault *fault)
{
	const struct ms_mikey_policy *p = ms_mikey_ticket_held_policy(held);
	struct ms_mikey_id id;
	size_t pos = 0;

	if (p->n_responders == 1 && ms_mikey_tp_next_id(p, MS_MIKEY_ROLE_RESPONDER, &pos, &id) &&
	    ms_span_is(id.data, a->resolver))
		return true;
	*fault = (struct ms_fault){ MS_MIKEY_ERR_TP_PARAM, "ticket_other_resolvers", 0 };
	return false;
}

static struct ms_mikey_ticket_held *finish_request(struct ms_ue_asking *a, struct ms_span message,
						   struct ms_ue_failure *why)
{
	struct ms_mikey_ticket_held *held = NULL;
	struct ms_span resolver = ms_span_str(a->resolver);
	struct ms_fault fault = { 0 };
	int err = ms_mikey_request_finish(a->request, message, ms_clock_wall(), &fault, &held);

	if (!err && !grant_fits(a, held, &fault))
		err = -EPERM;
	if (err) {
		ms_mikey_ticket_held_free(held);
		*why = ms_ue_failure_of_fault(err, &fault);
		return NULL;
	}
	err = ms_keys_cache_add(a->ue->tickets, a->kind, resolver, held);
	if (err) {
		*why = ms_ue_failure_of_fault(err, &fault);
		return NULL;
	}
	tell_ticket(a->ue, a->kind, resolver, held, "kms");
	return held;
}

static struct ms_ue_asking *same_request(const struct ms_ue *ue, enum ms_keys_ticket_kind kind,
					 struct ms_span resolver, bool under_way)
{
	struct ms_list *l;

	ms_list_foreach (l, &ue->asking) {
		struct ms_ue_asking *a = MS_CONTAINER_OF(l, struct ms_ue_asking, link);

		if (a->resolver && a->kind == kind && ms_span_is(resolver, a->resolver) &&
		    (a->call != NULL) == under_way)
			return a;
	}
	return NULL;
}

static int post_request(struct ms_ue_asking *a);

/* The next who waits for the same ticket; one that cannot be used again costs another request. */
static void serve_next(struct ms_ue *ue, enum ms_keys_ticket_kind kind, struct ms_span resolver,
		       const struct ms_ue_failure *why)
{
	struct ms_ue_asking *a;

	while ((a = same_request(ue, kind, resolver, false)) != NULL) {
		struct ms_mikey_ticket_held *held = NULL;
		struct ms_ue_failure none = { .err = -ENOMEM, .reason = "ticket" };
		ms_ue_ticket_f *handler = a->ticket;
		void *handler_arg = a->arg;

		if (!why)
			held = ms_ue_ticket_cached(ue, kind, resolver);
		if (!why && !held && post_request(a) == 0)
			return;
		ms_ue_asking_free(a);
		handler(held, held ? NULL : why ? why : &none, handler_arg);
	}
}

static void request_answered(const struct ms_keys_kms_answer *answer, void *arg)
{
	struct ms_ue_asking *a = arg;
	struct ms_ue *ue = a->ue;
	enum ms_keys_ticket_kind kind = a->kind;
	ms_ue_ticket_f *handler = a->ticket;
	void *handler_arg = a->arg;
	struct ms_ue_failure why = { 0 };
	struct ms_mikey_ticket_held *held = NULL;
	MS_CLEANUP(ms_buf_done) struct ms_buf resolver;

	ms_buf_init(&resolver, MS_KEYS_IDENTITY_MAX);
	ms_buf_put_str(&resolver, a->resolver);
	if (answer->message.len > 0)
		held = finish_request(a, answer->message, &why);
	else
		why = ms_ue_failure_of_answer(answer);
	ms_ue_asking_free(a);
	if (!held)
		ms_ue_tell_kms_failure(ue, &why);
	handler(held, held ? NULL : &why, handler_arg);
	serve_next(ue, kind, ms_buf_span(&resolver), held ? NULL : &why);
	if (held)
		ms_ue_tickets_save(ue); /* after the use, so that it is counted */
}

/* Flags: TR 33.829 annex E for messages; RFC 6043 6.10 and docs/profile.md for calls. */
static uint16_t wanted_flags(const struct ms_ue *ue, enum ms_keys_ticket_kind kind)
{
	const struct ms_profile *p = &ue->settings->config->profile;
	unsigned flags = MS_MIKEY_FLAG_D | MS_MIKEY_FLAG_E | MS_MIKEY_FLAG_I | MS_MIKEY_FLAG_N |
			 MS_MIKEY_FLAG_O;

	if (kind == MS_KEYS_TICKET_MESSAGE)
		return (uint16_t)(flags | MS_MIKEY_FLAG_H | MS_MIKEY_FLAG_J);
	flags |= MS_MIKEY_FLAG_F;
	flags |= p->session_flag_g ? MS_MIKEY_FLAG_G : 0;
	flags |= p->session_flag_h ? MS_MIKEY_FLAG_H : 0;
	flags |= p->session_flag_j ? MS_MIKEY_FLAG_J : 0;
	return (uint16_t)flags;
}

static int start_request(struct ms_ue_asking *a, struct ms_buf *out)
{
	const struct ms_ue_config *c = a->ue->settings->config;
	const struct ms_mikey_party *me = &a->ue->party[a->kind];
	const struct ms_mikey_id responder = { (uint8_t)c->profile.id_type,
					       ms_span_str(a->resolver) };
	const struct ms_mikey_wish wish = { .type = a->kind == MS_KEYS_TICKET_MESSAGE
							    ? MS_MIKEY_KEY_GTGK
							    : MS_MIKEY_KEY_TGK,
					    .len = me->suite.key };
	ms_usec now = ms_clock_wall();
	ms_usec life =
		c->tickets.lifetime ? c->tickets.lifetime : c->profile.ticket_lifetime_s * MS_SEC;
	const struct ms_mikey_wanted wanted = {
		.flags = wanted_flags(a->ue, a->kind),
		.responder = &responder,
		.n_responders = 1,
		.end = ms_usec_add(now, life),
		.wish = &wish,
		.n_wishes = 1,
	};

	return ms_mikey_request_start(me, &wanted, now, out, &a->request);
}

static int post_request(struct ms_ue_asking *a)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	int err;

	ms_buf_init(&out, MS_MIKEY_MESSAGE_MAX);
	err = start_request(a, &out);
	if (!err)
		err = ms_keys_kms_post(a->ue->kms, MS_KEYS_KMS_REQUEST, ms_buf_span(&out),
				       request_answered, a, &a->call);
	return err;
}

int ms_ue_ticket_request(struct ms_ue *ue, enum ms_keys_ticket_kind kind, struct ms_span resolver,
			 ms_ue_ticket_f *handler, void *arg, struct ms_ue_asking **ret_asking)
{
	bool asked = same_request(ue, kind, resolver, true) != NULL;
	struct ms_ue_asking *a = ue->kms ? ms_ue_asking_new(ue, arg) : NULL;
	int err = 0;

	if (!a)
		return ue->kms ? -ENOMEM : -ENOKEY;
	a->kind = kind;
	a->ticket = handler;
	a->resolver = ms_strdup_span(resolver);
	if (!a->resolver)
		err = -ENOMEM;
	else if (!asked)
		err = post_request(a);
	if (err) {
		ms_ue_asking_free(a);
		return err;
	}
	*ret_asking = a;
	return 0;
}

/* Those who wait for the same ticket need somebody else to ask for them. */
static void give_up_request(struct ms_ue_asking *a)
{
	struct ms_ue *ue = a->ue;
	enum ms_keys_ticket_kind kind = a->kind;
	MS_CLEANUP(ms_buf_done) struct ms_buf resolver;

	ms_buf_init(&resolver, MS_KEYS_IDENTITY_MAX);
	ms_buf_put_str(&resolver, a->resolver);
	ms_keys_kms_cancel(a->call);
	ms_ue_asking_free(a);
	serve_next(ue, kind, ms_buf_span(&resolver), NULL);
}

struct ms_ue_asking *ms_ue_asking_cancel(struct ms_ue_asking *a)
{
	if (!a)
		return NULL;
	if (a->call && a->incoming)
		ms_ue_resolve_give_up(a);
	else if (a->call)
		give_up_request(a);
	else
		ms_ue_asking_free(a);
	return NULL;
}
