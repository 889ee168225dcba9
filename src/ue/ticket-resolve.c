/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets of others: Ticket Resolve and the cache before it. RFC 6043 sections 4.2.3 and 5.3. */
#include <errno.h>

#include "ue/ticket-priv.h"

static void keep_outcome(struct ms_ue *ue, struct ms_mikey_incoming *incoming)
{
	int err = ms_keys_cache_add_resolved(ue->tickets,
					     &ms_mikey_incoming_message(incoming)->ticket,
					     ms_mikey_incoming_outcome(incoming));

	if (err)
		ms_ue_warn(ue, "a resolved ticket is not kept: %s", strerror(-err));
	else
		ms_ue_tickets_save(ue);
}

static bool same_ticket(struct ms_mikey_incoming *a, const uint8_t id[MS_MIKEY_TICKET_ID])
{
	uint8_t other[MS_MIKEY_TICKET_ID];

	ms_mikey_ticket_id(&ms_mikey_incoming_message(a)->ticket, other);
	return memcmp(id, other, sizeof(other)) == 0;
}

static struct ms_ue_asking *same_resolve(const struct ms_ue *ue,
					 const uint8_t id[MS_MIKEY_TICKET_ID], bool under_way)
{
	struct ms_list *l;

	ms_list_foreach (l, &ue->asking) {
		struct ms_ue_asking *a = MS_CONTAINER_OF(l, struct ms_ue_asking, link);

		if (a->incoming && (a->call != NULL) == under_way && same_ticket(a->incoming, id))
			return a;
	}
	return NULL;
}

static int post_resolve(struct ms_ue_asking *a);

/* Who waits for the same ticket takes what is now in the cache; without J each asks for itself. */
static void serve_next(struct ms_ue *ue, const uint8_t id[MS_MIKEY_TICKET_ID],
		       const struct ms_ue_failure *unreachable)
{
	struct ms_ue_asking *a;

	while ((a = same_resolve(ue, id, false)) != NULL) {
		const struct ms_mikey_policy *ticket =
			&ms_mikey_incoming_message(a->incoming)->ticket;
		const struct ms_mikey_resolved *known =
			ms_keys_cache_resolved(ue->tickets, ticket, ms_clock_wall());
		struct ms_ue_failure why =
			unreachable ? *unreachable : (struct ms_ue_failure){ .err = -EIO };
		struct ms_mikey_incoming *incoming = a->incoming;
		ms_ue_resolve_f *handler = a->resolved;
		void *handler_arg = a->arg;
		struct ms_fault fault = { 0 };
		int err = -EIO;

		if (!unreachable && !known && post_resolve(a) == 0)
			return;
		ms_ue_asking_free(a);
		if (!unreachable && known)
			err = ms_mikey_incoming_use(incoming, known, ms_clock_wall(), &fault);
		if (err && !unreachable)
			why = ms_ue_failure_of_fault(err, &fault);
		handler(err ? &why : NULL, handler_arg);
	}
}

/* Each message is judged by itself: that one is forged says nothing of the others. */
static bool finish_resolve(struct ms_ue_asking *a, const struct ms_keys_kms_answer *answer,
			   struct ms_ue_failure *why)
{
	struct ms_fault fault = { 0 };
	int err;

	if (answer->message.len == 0) {
		*why = ms_ue_failure_of_answer(answer);
		ms_ue_tell_kms_failure(a->ue, why);
		return false;
	}
	err = ms_mikey_incoming_resolved(a->incoming, answer->message, ms_clock_wall(), &fault);
	if (err) {
		*why = ms_ue_failure_of_fault(err, &fault);
		return false;
	}
	keep_outcome(a->ue, a->incoming);
	return true;
}

static void resolve_answered(const struct ms_keys_kms_answer *answer, void *arg)
{
	struct ms_ue_asking *a = arg;
	struct ms_ue *ue = a->ue;
	ms_ue_resolve_f *handler = a->resolved;
	void *handler_arg = a->arg;
	struct ms_ue_failure why = { 0 };
	uint8_t id[MS_MIKEY_TICKET_ID];
	bool ok = finish_resolve(a, answer, &why);

	ms_mikey_ticket_id(&ms_mikey_incoming_message(a->incoming)->ticket, id);
	ms_ue_asking_free(a);
	handler(ok ? NULL : &why, handler_arg);
	serve_next(ue, id, answer->message.len == 0 ? &why : NULL);
}

static int post_resolve(struct ms_ue_asking *a)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	int err;

	ms_buf_init(&out, MS_MIKEY_MESSAGE_MAX);
	err = ms_mikey_incoming_resolve(a->incoming, ms_clock_wall(), &out);
	if (!err)
		err = ms_keys_kms_post(a->ue->kms, MS_KEYS_KMS_RESOLVE, ms_buf_span(&out),
				       resolve_answered, a, &a->call);
	return err;
}

void ms_ue_resolve_give_up(struct ms_ue_asking *a)
{
	struct ms_ue *ue = a->ue;
	uint8_t id[MS_MIKEY_TICKET_ID];

	ms_mikey_ticket_id(&ms_mikey_incoming_message(a->incoming)->ticket, id);
	ms_keys_kms_cancel(a->call);
	ms_ue_asking_free(a);
	serve_next(ue, id, NULL);
}

static int ask_to_resolve(struct ms_ue *ue, struct ms_mikey_incoming *incoming,
			  ms_ue_resolve_f *handler, void *arg, struct ms_ue_asking **ret_asking)
{
	uint8_t id[MS_MIKEY_TICKET_ID];
	struct ms_ue_asking *a;
	bool asked;
	int err = 0;

	ms_mikey_ticket_id(&ms_mikey_incoming_message(incoming)->ticket, id);
	asked = same_resolve(ue, id, true) != NULL;
	a = ms_ue_asking_new(ue, arg);
	if (!a)
		return -ENOMEM;
	a->incoming = incoming;
	a->resolved = handler;
	if (!asked)
		err = post_resolve(a);
	if (err) {
		ms_ue_asking_free(a);
		return err;
	}
	*ret_asking = a;
	return 0;
}

int ms_ue_resolve(struct ms_ue *ue, struct ms_mikey_incoming *incoming, ms_ue_resolve_f *handler,
		  void *arg, struct ms_fault *fault, struct ms_ue_asking **ret_asking)
{
	const struct ms_mikey_policy *ticket = &ms_mikey_incoming_message(incoming)->ticket;
	ms_usec now = ms_clock_wall();
	const struct ms_mikey_resolved *known = ms_keys_cache_resolved(ue->tickets, ticket, now);

	*ret_asking = NULL;
	if (!ue->kms)
		return ms_fault_set(fault, -ENOKEY, MS_MIKEY_ERR_UNSPECIFIED, "kms_not_configured",
				    0);
	if (known)
		return ms_mikey_incoming_use(incoming, known, now, fault);
	return ask_to_resolve(ue, incoming, handler, arg, ret_asking);
}
