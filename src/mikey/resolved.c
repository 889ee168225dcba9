/* SPDX-License-Identifier: Apache-2.0 */
/* What a Resolve yields: RFC 6043 sections 4.2.3.6 and 5.3. */
#include <errno.h>

#include "core/alloc.h"
#include "crypto/hmac.h"
#include "mikey/resolve-priv.h"
#include "mikey/timestamp.h"

struct ms_mikey_resolved *ms_mikey_resolved_free(struct ms_mikey_resolved *r)
{
	if (!r)
		return NULL;
	ms_mikey_octets_done(&r->id_r.data);
	ms_wipe(r, sizeof(*r));
	return ms_free(r);
}

void ms_mikey_resolved_freep(struct ms_mikey_resolved **r)
{
	*r = ms_mikey_resolved_free(*r);
}

void ms_mikey_ticket_id(const struct ms_mikey_policy *ticket, uint8_t ret_id[MS_MIKEY_TICKET_ID])
{
	/* From behind Next Payload through Ticket Data, whose length field is with them. */
	size_t end = (size_t)(ticket->ticket_data.p + ticket->ticket_data.len - ticket->raw.p);
	struct ms_span text = ms_span_sub(ticket->raw, 1, end - 1);

	ms_hash(MS_HASH_SHA256, &text, 1, ret_id);
}

const uint8_t *ms_mikey_resolved_ticket_id(const struct ms_mikey_resolved *r)
{
	return r->ticket_id;
}

struct ms_mikey_id ms_mikey_resolved_identity(const struct ms_mikey_resolved *r)
{
	return ms_mikey_name_id(&r->id_r);
}

ms_usec ms_mikey_resolved_end(const struct ms_mikey_resolved *r)
{
	return r->end;
}

int ms_mikey_resolved_new(const struct ms_mikey_resolved_parts *p, struct ms_mikey_resolved **ret_r)
{
	MS_CLEANUP(ms_mikey_resolved_freep) struct ms_mikey_resolved *r = ms_zalloc(sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->any = !p->ticket;
	r->end = MS_NEVER;
	if (p->ticket) {
		ms_mikey_ticket_id(p->ticket, r->ticket_id);
		if (ms_mikey_ts_to_usec(&p->ticket->end, &r->end) < 0)
			r->end = MS_NEVER;
	}
	err = ms_secret_set(&r->mpki, p->mpki);
	if (err == 0)
		err = ms_secret_set(&r->mpkr, p->mpkr);
	if (err == 0)
		err = ms_mikey_name_set(&r->id_r, &p->id_r);
	if (err == 0 && p->rand_kms.len > sizeof(r->rand_kms))
		err = -EMSGSIZE;
	if (err < 0)
		return err;
	r->has_rand_kms = p->rand_kms.p != NULL;
	r->rand_kms_len = (uint8_t)p->rand_kms.len;
	if (p->rand_kms.len > 0)
		memcpy(r->rand_kms, p->rand_kms.p, p->rand_kms.len);
	if (p->keys)
		r->keys = *p->keys;
	*ret_r = r;
	r = NULL;
	return 0;
}

int ms_mikey_resolved_copy(const struct ms_mikey_resolved *r, struct ms_mikey_resolved **ret_r)
{
	struct ms_mikey_resolved_parts p = {
		.mpki = ms_secret_span(&r->mpki),
		.mpkr = ms_secret_span(&r->mpkr),
		.id_r = ms_mikey_name_id(&r->id_r),
		.rand_kms = ms_mikey_resolved_rand(r),
		.keys = &r->keys,
	};
	int err = ms_mikey_resolved_new(&p, ret_r);

	if (err < 0)
		return err;
	(*ret_r)->any = r->any;
	(*ret_r)->end = r->end;
	memcpy((*ret_r)->ticket_id, r->ticket_id, sizeof(r->ticket_id));
	return 0;
}
