/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets of others: Ticket Resolve and the cache before it. RFC 6043 sections 4.2.3 and 5.3. */
#include <errno.h>

#include "keys/keyring-priv.h"

static const struct ms_mikey_policy *ticket_of(const struct ms_keys_asking *a)
{
	return &ms_mikey_incoming_message(a->incoming)->ticket;
}

static void keep_outcome(struct ms_keys_ring *r, struct ms_mikey_incoming *incoming)
{
	int err =
		ms_keys_cache_add_resolved(r->tickets, &ms_mikey_incoming_message(incoming)->ticket,
					   ms_mikey_incoming_outcome(incoming));

	if (err)
		ms_keys_ring_warn(r, "a resolved ticket is not kept: %s", strerror(-err));
	else
		ms_keys_ring_save(r);
}

static struct ms_keys_asking *same_resolve(const struct ms_keys_ring *r,
					   const uint8_t id[MS_MIKEY_TICKET_ID], bool under_way)
{
	struct ms_list *l;

	ms_list_foreach (l, &r->asking) {
		struct ms_keys_asking *a = MS_CONTAINER_OF(l, struct ms_keys_asking, link);
		uint8_t other[MS_MIKEY_TICKET_ID];

		if (!a->incoming || a->how != MS_KEYS_RESOLVE_CACHED ||
		    (a->call != NULL) != under_way)
			continue;
		ms_mikey_ticket_id(ticket_of(a), other);
		if (memcmp(id, other, sizeof(other)) == 0)
			return a;
	}
	return NULL;
}

static int use(struct ms_keys_ring *r, struct ms_mikey_incoming *incoming,
	       const struct ms_mikey_resolved *known, struct ms_fault *fault)
{
	int err = ms_mikey_incoming_use(incoming, known, ms_keys_ring_now(r), fault);

	if (err)
		return err;
	ms_keys_count(MS_KEYS_C_RESOLVE_CACHED);
	ms_keys_count(MS_KEYS_C_IN);
	return 0;
}

static int post_resolve(struct ms_keys_asking *a);

/* Who waits for the same ticket takes what is now in the cache; without J each asks for itself. */
static void serve_next(struct ms_keys_ring *r, const uint8_t id[MS_MIKEY_TICKET_ID],
		       const struct ms_keys_failure *unreachable)
{
	struct ms_keys_asking *a;

	while ((a = same_resolve(r, id, false)) != NULL) {
		const struct ms_mikey_resolved *known =
			ms_keys_cache_resolved(r->tickets, ticket_of(a), ms_keys_ring_now(r));
		struct ms_keys_failure why =
			unreachable ? *unreachable : (struct ms_keys_failure){ .err = -EIO };
		struct ms_mikey_incoming *incoming = a->incoming;
		ms_keys_resolve_f *handler = a->resolved;
		void *handler_arg = a->arg;
		struct ms_fault fault = { 0 };
		int err = -EIO;

		if (!unreachable && !known && post_resolve(a) == 0)
			return;
		ms_keys_asking_free(a);
		if (!unreachable && known)
			err = use(r, incoming, known, &fault);
		if (err && !unreachable)
			why = ms_keys_failure_of_fault(err, &fault);
		handler(err ? &why : NULL, handler_arg);
	}
}

/* Each message is judged by itself: that one is forged says nothing of the others. */
static bool finish_resolve(struct ms_keys_asking *a, const struct ms_keys_kms_answer *answer,
			   struct ms_keys_failure *why)
{
	struct ms_fault fault = { 0 };
	int err;

	if (answer->message.len == 0) {
		*why = ms_keys_failure_of_answer(answer);
		ms_keys_ring_failed(a->ring, why);
		return false;
	}
	err = ms_mikey_incoming_resolved(a->incoming, answer->message, ms_keys_ring_now(a->ring),
					 &fault);
	if (err) {
		*why = ms_keys_failure_of_fault(err, &fault);
		ms_keys_count_failure(why->reason);
		return false;
	}
	ms_keys_count(MS_KEYS_C_IN);
	keep_outcome(a->ring, a->incoming);
	return true;
}

static void resolve_answered(const struct ms_keys_kms_answer *answer, void *arg)
{
	struct ms_keys_asking *a = arg;
	struct ms_keys_ring *r = a->ring;
	ms_keys_resolve_f *handler = a->resolved;
	void *handler_arg = a->arg;
	struct ms_keys_failure why = { 0 };
	uint8_t id[MS_MIKEY_TICKET_ID];
	bool ok = finish_resolve(a, answer, &why);

	ms_mikey_ticket_id(ticket_of(a), id);
	ms_keys_asking_free(a);
	handler(ok ? NULL : &why, handler_arg);
	serve_next(r, id, answer->message.len == 0 ? &why : NULL);
}

static int post_resolve(struct ms_keys_asking *a)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	int err;

	ms_buf_init(&out, MS_MIKEY_MESSAGE_MAX);
	err = ms_mikey_incoming_resolve(a->incoming, ms_keys_ring_now(a->ring), &out);
	if (!err)
		err = ms_keys_kms_post(a->ring->o.kms, MS_KEYS_KMS_RESOLVE, ms_buf_span(&out),
				       resolve_answered, a, &a->call);
	if (!err)
		ms_keys_count(MS_KEYS_C_RESOLVE);
	return err;
}

void ms_keys_resolve_give_up(struct ms_keys_asking *a)
{
	struct ms_keys_ring *r = a->ring;
	uint8_t id[MS_MIKEY_TICKET_ID];

	ms_mikey_ticket_id(ticket_of(a), id);
	ms_keys_kms_cancel(a->call);
	ms_keys_asking_free(a);
	serve_next(r, id, NULL);
}

static int ask(struct ms_keys_ring *r, struct ms_mikey_incoming *incoming, enum ms_keys_resolve how,
	       ms_keys_resolve_f *handler, void *arg, struct ms_keys_asking **ret_asking)
{
	uint8_t id[MS_MIKEY_TICKET_ID];
	struct ms_keys_asking *a;
	bool asked;
	int err = 0;

	ms_mikey_ticket_id(&ms_mikey_incoming_message(incoming)->ticket, id);
	asked = how == MS_KEYS_RESOLVE_CACHED && same_resolve(r, id, true) != NULL;
	a = ms_keys_asking_new(r, arg);
	if (!a)
		return -ENOMEM;
	a->incoming = incoming;
	a->how = how;
	a->resolved = handler;
	if (!asked)
		err = post_resolve(a);
	if (err) {
		ms_keys_asking_free(a);
		return err;
	}
	*ret_asking = a;
	return 0;
}

int ms_keys_ring_resolve(struct ms_keys_ring *r, struct ms_mikey_incoming *incoming,
			 enum ms_keys_resolve how, ms_keys_resolve_f *handler, void *arg,
			 struct ms_fault *fault, struct ms_keys_asking **ret_asking)
{
	const struct ms_mikey_resolved *known = NULL;

	*ret_asking = NULL;
	if (!r->o.kms)
		return ms_fault_set(fault, -ENOKEY, MS_MIKEY_ERR_UNSPECIFIED, "kms_not_configured",
				    0);
	if (how == MS_KEYS_RESOLVE_CACHED)
		known = ms_keys_cache_resolved(r->tickets,
					       &ms_mikey_incoming_message(incoming)->ticket,
					       ms_keys_ring_now(r));
	if (known)
		return use(r, incoming, known, fault);
	return ask(r, incoming, how, handler, arg, ret_asking);
}
