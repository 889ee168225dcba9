/* SPDX-License-Identifier: Apache-2.0 */
/* The queue, for the operator: no content, no more of identities than lists and counts. */
#include "list/post-priv.h"

void ms_lists_post_state(const struct ms_lists_post *p, struct ms_lists_post_state *ret_state)
{
	struct ms_lists_delivery_state s;
	const struct ms_list *i;

	ms_lists_delivery_state(p->delivery, &s);
	*ret_state = (struct ms_lists_post_state){
		.messages = s.messages,
		.octets = s.octets,
		.waiting = s.waiting,
		.away = s.away,
		.under_way = s.under_way,
		.held = p->held,
		.sent = s.sent,
		.delivered = s.delivered,
		.failed = s.failed,
		.expired = s.expired,
		.repeated = s.repeated,
	};
	ms_list_foreach (i, &p->untold)
		ret_state->untold++;
}

void ms_lists_post_show(const struct ms_lists_post *p, struct ms_buf *b)
{
	const struct ms_list *jobs = ms_lists_delivery_jobs(p->delivery);
	const struct ms_list *i;
	char when[32];

	ms_list_foreach (i, jobs) {
		const struct ms_lists_job *j = MS_CONTAINER_OF(i, struct ms_lists_job, link);
		const struct ms_lists_letter *l = j->user;
		struct ms_span list = l->parcel.list;

		ms_buf_printf(b, "%lld %.*s since=%s octets=%zu recipients=%zu open=%zu away=%zu\n",
			      (long long)l->id, MS_SPAN_FMT(list.len > 0 ? list : MS_SPAN_LIT("-")),
			      ms_usec_to_iso(l->created, when), j->octets, j->n, j->open, j->away);
	}
}
