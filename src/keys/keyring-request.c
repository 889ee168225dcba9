/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tickets of our own: the cache, Ticket Request with the policy of the profile, and renewal before a
 * ticket in use ends. RFC 6043 sections 4.2.1 and 5.3.
 */
#include <errno.h>

#include "core/alloc.h"
#include "keys/keyring-priv.h"
#include "mikey/policy.h"

/* ---- sets of resolvers ---- */

/* A blank would make another set of the joined text. No URI has one (RFC 3986). */
static bool can_be_joined(struct ms_span id)
{
	return id.len > 0 && ms_span_find(id, ' ') == id.len;
}

static int join(const struct ms_span *resolvers, size_t n, struct ms_buf *b)
{
	if (n == 0)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (!can_be_joined(resolvers[i]))
			return -EINVAL;
	}
	ms_keys_resolvers_put(b, resolvers, n);
	return ms_buf_status(b);
}

/* The next of a joined set; false past the end. */
static bool next_resolver(struct ms_span *rest, struct ms_span *ret_id)
{
	size_t blank;

	if (rest->len == 0)
		return false;
	blank = ms_span_find(*rest, ' ');
	*ret_id = ms_span_sub(*rest, 0, blank == rest->len ? blank : blank - 1);
	*rest = ms_span_from(*rest, blank == rest->len ? blank : blank + 1);
	return true;
}

static size_t count_resolvers(struct ms_span joined)
{
	struct ms_span id;
	size_t n = 0;

	while (next_resolver(&joined, &id))
		n++;
	return n;
}

/* Who may resolve what was granted, joined. */
static int granted_set(const struct ms_mikey_policy *p, uint8_t id_type, struct ms_buf *b)
{
	struct ms_span *ids = ms_calloc(p->n_responders, sizeof(*ids));
	struct ms_mikey_id id;
	size_t pos = 0, n = 0;
	int err = ids ? 0 : -ENOMEM;

	while (!err && n < p->n_responders &&
	       ms_mikey_tp_next_id(p, MS_MIKEY_ROLE_RESPONDER, &pos, &id)) {
		if (id.type != id_type)
			err = -EINVAL;
		ids[n++] = id.data;
	}
	if (!err)
		err = join(ids, n, b);
	ms_free(ids);
	return err;
}

/* The KMS may change a policy (K); what it granted must serve all who were named, and nobody else. */
static int grant_fits(const struct ms_keys_asking *a, const struct ms_mikey_ticket_held *held,
		      struct ms_fault *fault)
{
	const struct ms_mikey_policy *p = ms_mikey_ticket_held_policy(held);
	MS_CLEANUP(ms_buf_done) struct ms_buf granted;
	int err;

	ms_buf_init(&granted, MS_KEYS_RESOLVERS_MAX);
	err = granted_set(p, (uint8_t)a->ring->o.profile->id_type, &granted);
	if (err == -ENOMEM)
		return err;
	if (!err && ms_span_is(ms_buf_span(&granted), a->resolvers))
		return 0;
	return ms_fault_set(fault, -EPERM, MS_MIKEY_ERR_TP_PARAM, "ticket_other_resolvers", 0);
}

/* ---- what is told ---- */

static void tell_ticket(const struct ms_keys_ring *r, enum ms_keys_ticket_kind kind,
			struct ms_span resolvers, const struct ms_mikey_ticket_held *held,
			const char *source)
{
	const struct ms_keys_ticket_news news = {
		.kind = kind, .resolvers = resolvers, .held = held, .source = source
	};

	if (r->o.handlers.ticket)
		r->o.handlers.ticket(r->o.handlers.arg, &news);
}

static struct ms_mikey_ticket_held *cached(struct ms_keys_ring *r, enum ms_keys_ticket_kind kind,
					   struct ms_span resolvers)
{
	struct ms_mikey_ticket_held *held =
		ms_keys_cache_find(r->tickets, kind, resolvers, ms_keys_ring_now(r));

	if (!held)
		return NULL;
	ms_keys_count(MS_KEYS_C_TICKET_CACHED);
	ms_keys_count(MS_KEYS_C_OUT);
	tell_ticket(r, kind, resolvers, held, "cache");
	return held;
}

/* ---- the answer ---- */

static struct ms_mikey_ticket_held *finish_request(struct ms_keys_asking *a, struct ms_span message,
						   struct ms_keys_failure *why)
{
	struct ms_mikey_ticket_held *held = NULL;
	struct ms_span resolvers = ms_span_str(a->resolvers);
	struct ms_fault fault = { 0 };
	ms_usec now = ms_keys_ring_now(a->ring);
	int err = ms_mikey_request_finish(a->request, message, now, &fault, &held);

	if (!err)
		err = grant_fits(a, held, &fault);
	if (err)
		ms_mikey_ticket_held_free(held);
	else
		err = ms_keys_cache_add(a->ring->tickets, a->kind, resolvers, held, now);
	if (err) {
		*why = ms_keys_failure_of_fault(err, &fault);
		return NULL;
	}
	tell_ticket(a->ring, a->kind, resolvers, held, "kms");
	return held;
}

static struct ms_keys_asking *same_request(const struct ms_keys_ring *r,
					   enum ms_keys_ticket_kind kind, struct ms_span resolvers,
					   bool under_way)
{
	struct ms_list *l;

	ms_list_foreach (l, &r->asking) {
		struct ms_keys_asking *a = MS_CONTAINER_OF(l, struct ms_keys_asking, link);

		if (a->resolvers && a->kind == kind && (a->call != NULL) == under_way &&
		    ms_span_is(resolvers, a->resolvers))
			return a;
	}
	return NULL;
}

static int post_request(struct ms_keys_asking *a);

/* The next who waits for the same ticket; one that cannot be used again costs another request. */
static void serve_next(struct ms_keys_ring *r, enum ms_keys_ticket_kind kind,
		       struct ms_span resolvers, const struct ms_keys_failure *why)
{
	struct ms_keys_asking *a;

	while ((a = same_request(r, kind, resolvers, false)) != NULL) {
		struct ms_mikey_ticket_held *held = NULL;
		struct ms_keys_failure none = { .err = -ENOMEM, .reason = "memory" };
		ms_keys_ticket_f *handler = a->ticket;
		void *handler_arg = a->arg;

		if (!why)
			held = cached(r, kind, resolvers);
		if (!why && !held && post_request(a) == 0)
			return;
		ms_keys_asking_free(a);
		handler(held, held ? NULL : why ? why : &none, handler_arg);
	}
}

static void request_answered(const struct ms_keys_kms_answer *answer, void *arg)
{
	struct ms_keys_asking *a = arg;
	struct ms_keys_ring *r = a->ring;
	enum ms_keys_ticket_kind kind = a->kind;
	ms_keys_ticket_f *handler = a->ticket;
	void *handler_arg = a->arg;
	struct ms_keys_failure why = { 0 };
	struct ms_mikey_ticket_held *held = NULL;
	MS_CLEANUP(ms_freep) char *resolvers = NULL;

	if (answer->message.len > 0)
		held = finish_request(a, answer->message, &why);
	else
		why = ms_keys_failure_of_answer(answer);
	resolvers = a->resolvers;
	a->resolvers = NULL;
	ms_keys_asking_free(a);
	if (!held)
		ms_keys_ring_failed(r, &why);
	if (held && handler)
		ms_keys_count(MS_KEYS_C_OUT);
	if (handler)
		handler(held, held ? NULL : &why, handler_arg);
	serve_next(r, kind, ms_span_str(resolvers), held ? NULL : &why);
	if (held)
		ms_keys_ring_save(r); /* after the use, so that it is counted */
}

/* ---- the request ---- */

/* Flags: TR 33.829 annex E for messages; RFC 6043 section 6.10 and docs/profile.md for sessions. */
static uint16_t wanted_flags(const struct ms_profile *p, enum ms_keys_ticket_kind kind)
{
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

static int start_request(struct ms_keys_asking *a, const struct ms_mikey_id *responders, size_t n,
			 struct ms_buf *out)
{
	const struct ms_keys_ring_options *o = &a->ring->o;
	const struct ms_mikey_party *me = &a->ring->party[a->kind];
	bool message = a->kind == MS_KEYS_TICKET_MESSAGE;
	const struct ms_mikey_wish wish = { .type = message ? MS_MIKEY_KEY_GTGK : MS_MIKEY_KEY_TGK,
					    .len = me->suite.key };
	ms_usec now = ms_keys_ring_now(a->ring);
	ms_usec life = o->lifetime ? o->lifetime : o->profile->ticket_lifetime_s * MS_SEC;
	const struct ms_mikey_wanted wanted = {
		.flags = wanted_flags(o->profile, a->kind),
		.responder = responders,
		.n_responders = n,
		.end = ms_usec_add(now, life),
		.wish = &wish,
		.n_wishes = 1,
	};

	a->request = ms_mikey_request_free(a->request);
	return ms_mikey_request_start(me, &wanted, now, out, &a->request);
}

static int write_request(struct ms_keys_asking *a, struct ms_buf *out)
{
	struct ms_span rest = ms_span_str(a->resolvers), id;
	size_t n = count_resolvers(rest), i = 0;
	struct ms_mikey_id *ids = ms_calloc(n, sizeof(*ids));
	int err;

	if (!ids)
		return -ENOMEM;
	while (i < n && next_resolver(&rest, &id))
		ids[i++] = (struct ms_mikey_id){ (uint8_t)a->ring->o.profile->id_type, id };
	err = start_request(a, ids, n, out);
	ms_free(ids);
	return err;
}

static int post_request(struct ms_keys_asking *a)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	int err;

	ms_buf_init(&out, MS_MIKEY_MESSAGE_MAX);
	err = write_request(a, &out);
	if (!err)
		err = ms_keys_kms_post(a->ring->o.kms, MS_KEYS_KMS_REQUEST, ms_buf_span(&out),
				       request_answered, a, &a->call);
	if (!err)
		ms_keys_count(a->ticket ? MS_KEYS_C_REQUEST : MS_KEYS_C_AHEAD);
	return err;
}

/* handler NULL: ahead of need. */
static int ask(struct ms_keys_ring *r, enum ms_keys_ticket_kind kind, struct ms_span resolvers,
	       ms_keys_ticket_f *handler, void *arg, struct ms_keys_asking **ret_asking)
{
	bool asked = same_request(r, kind, resolvers, true) != NULL;
	struct ms_keys_asking *a = ms_keys_asking_new(r, arg);
	int err = 0;

	if (!a)
		return -ENOMEM;
	a->kind = kind;
	a->ticket = handler;
	a->resolvers = ms_strdup_span(resolvers);
	if (!a->resolvers)
		err = -ENOMEM;
	else if (!asked)
		err = post_request(a);
	if (err) {
		ms_keys_asking_free(a);
		return err;
	}
	*ret_asking = a;
	return 0;
}

/* A ticket that is in use and near its end: its successor comes while it still serves. */
static void renew(struct ms_keys_ring *r, enum ms_keys_ticket_kind kind, struct ms_span resolvers)
{
	struct ms_keys_asking *unused;
	int err;

	if (!ms_keys_cache_renewal_due(r->tickets, kind, resolvers, ms_keys_ring_now(r),
				       r->o.renew_ahead) ||
	    same_request(r, kind, resolvers, true))
		return;
	err = ask(r, kind, resolvers, NULL, NULL, &unused);
	if (err)
		ms_keys_ring_warn(r, "a ticket is not renewed: %s", strerror(-err));
}

int ms_keys_ring_ticket(struct ms_keys_ring *r, enum ms_keys_ticket_kind kind,
			const struct ms_span *resolvers, size_t n, ms_keys_ticket_f *handler,
			void *arg, struct ms_mikey_ticket_held **ret_held,
			struct ms_keys_asking **ret_asking)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf set;
	struct ms_mikey_ticket_held *held;
	int err;

	ms_buf_init(&set, MS_KEYS_RESOLVERS_MAX);
	if (!r->o.kms)
		return -ENOKEY;
	err = join(resolvers, n, &set);
	if (err)
		return err;
	held = cached(r, kind, ms_buf_span(&set));
	if (held && r->o.renew_ahead > 0)
		renew(r, kind, ms_buf_span(&set));
	*ret_asking = NULL;
	if (!held)
		err = ask(r, kind, ms_buf_span(&set), handler, arg, ret_asking);
	if (!err)
		*ret_held = held;
	return err;
}

/* Those who wait for the same ticket need somebody else to ask for them. */
void ms_keys_request_give_up(struct ms_keys_asking *a)
{
	struct ms_keys_ring *r = a->ring;
	enum ms_keys_ticket_kind kind = a->kind;
	MS_CLEANUP(ms_freep) char *resolvers = a->resolvers;

	a->resolvers = NULL;
	ms_keys_kms_cancel(a->call);
	ms_keys_asking_free(a);
	serve_next(r, kind, ms_span_str(resolvers), NULL);
}
