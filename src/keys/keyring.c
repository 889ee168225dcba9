/* SPDX-License-Identifier: Apache-2.0 */
/* A keyring's beginning and end, and its file. See keyring.h. */
#include "keys/keyring.h"

#include <errno.h>

#include "core/alloc.h"
#include "keys/keyring-priv.h"
#include "loop/loop.h"

ms_usec ms_keys_ring_now(const struct ms_keys_ring *r)
{
	return r->o.clock ? r->o.clock(r->o.clock_arg) : ms_clock_wall();
}

/* ---- who we are ---- */

/* TR 33.829 annex E for messages; RFC 6043 section 6.10 and docs/profile.md for sessions. */
static void init_local(struct ms_keys_ring *r)
{
	struct ms_mikey_local *message = &r->local[MS_KEYS_TICKET_MESSAGE];
	struct ms_mikey_local *session = &r->local[MS_KEYS_TICKET_SESSION];

	ms_mikey_local_init(message, r->o.profile);
	ms_mikey_local_init(session, r->o.profile);
	if (r->o.offline_limit > message->skew)
		message->skew = r->o.offline_limit; /* deferred delivery: keys/replay.h */
	message->require_flags = MS_MIKEY_FLAG_E | MS_MIKEY_FLAG_H | MS_MIKEY_FLAG_I;
	message->refuse_flags = MS_MIKEY_FLAG_F | MS_MIKEY_FLAG_G;
	session->require_flags = MS_MIKEY_FLAG_E | MS_MIKEY_FLAG_F | MS_MIKEY_FLAG_I;
}

static void init_party(struct ms_keys_ring *r, enum ms_keys_ticket_kind kind)
{
	const struct ms_keys_ring_options *o = &r->o;
	uint8_t type = (uint8_t)o->profile->id_type;
	struct ms_mikey_party *me = &r->party[kind];

	me->id = (struct ms_mikey_id){ type, ms_keys_identity_span(o->identity) };
	if (o->kms_identity && o->kms_identity->uri[0])
		me->kms = (struct ms_mikey_id){ type, ms_keys_identity_span(o->kms_identity) };
	if (o->psk_id && *o->psk_id)
		me->psk_id = (struct ms_mikey_id){ MS_MIKEY_ID_BYTES, ms_span_str(o->psk_id) };
	me->credential = o->credential;
	if (!o->credential)
		me->psk = o->psk;
	me->suite = *ms_mikey_suite_of(o->profile);
	me->answer_errors = kind == MS_KEYS_TICKET_SESSION;
	me->local = &r->local[kind];
	me->random = &ms_random_system;
	me->clock = &r->clock;
}

const struct ms_mikey_party *ms_keys_ring_party(const struct ms_keys_ring *r,
						enum ms_keys_ticket_kind kind)
{
	return &r->party[kind];
}

const struct ms_keys_cache *ms_keys_ring_tickets(const struct ms_keys_ring *r)
{
	return r->tickets;
}

/* ---- telling ---- */

void ms_keys_ring_warn(const struct ms_keys_ring *r, const char *fmt, ...)
{
	char text[512];
	struct ms_buf b;
	va_list ap;

	if (!r->o.handlers.warn)
		return;
	ms_buf_init_fixed(&b, text, sizeof(text) - 1);
	va_start(ap, fmt);
	ms_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	text[b.len] = '\0';
	r->o.handlers.warn(r->o.handlers.arg, text);
}

void ms_keys_ring_failed(const struct ms_keys_ring *r, const struct ms_keys_failure *f)
{
	ms_keys_count_failure(f->reason);
	if (r->o.handlers.failed)
		r->o.handlers.failed(r->o.handlers.arg, f);
}

/* ---- the file ---- */

static int load_file(struct ms_keys_ring *r)
{
	int err = ms_keys_ticket_file_load(r->o.ticket_file, r->tickets, r->o.psk,
					   ms_keys_ring_now(r));

	if (err != -EACCES && err != -EBADMSG)
		return err;
	r->file_broken = true;
	ms_keys_ring_warn(r, "%s: %s; going on without it", r->o.ticket_file,
			  err == -EACCES ? "others may read it: chmod 600"
					 : "damaged, or of another key");
	return 0;
}

/* Another process of the same user may have written since we read: what it has is kept. */
static void merge_file(struct ms_keys_ring *r)
{
	struct ms_keys_cache *other = NULL;

	if (!ms_keys_cache_new(r->o.tickets_max, &other) &&
	    !ms_keys_ticket_file_load(r->o.ticket_file, other, r->o.psk, ms_keys_ring_now(r)))
		ms_keys_cache_merge(r->tickets, other);
	ms_keys_cache_free(other);
}

void ms_keys_ring_save(struct ms_keys_ring *r)
{
	int err;

	if (!r->o.ticket_file || r->file_broken)
		return;
	merge_file(r);
	err = ms_keys_ticket_file_save(r->o.ticket_file, r->tickets, r->o.psk, &ms_random_system);
	if (err)
		ms_keys_ring_warn(r, "%s: %s: tickets are not kept", r->o.ticket_file,
				  strerror(-err));
}

/* ---- beginning and end ---- */

int ms_keys_ring_new(const struct ms_keys_ring_options *o, struct ms_keys_ring **ret_r)
{
	struct ms_keys_ring *r = ms_zalloc(sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->o = *o;
	ms_list_init(&r->asking);
	init_local(r);
	init_party(r, MS_KEYS_TICKET_MESSAGE);
	init_party(r, MS_KEYS_TICKET_SESSION);
	err = ms_keys_cache_new(o->tickets_max, &r->tickets);
	if (!err && o->ticket_file)
		err = load_file(r);
	if (err) {
		ms_keys_cache_free(r->tickets);
		ms_free(r);
		return err;
	}
	*ret_r = r;
	return 0;
}

struct ms_keys_ring *ms_keys_ring_free(struct ms_keys_ring *r)
{
	if (!r)
		return NULL;
	while (!ms_list_empty(&r->asking)) {
		struct ms_keys_asking *a =
			MS_CONTAINER_OF(r->asking.next, struct ms_keys_asking, link);

		ms_keys_kms_cancel(a->call);
		ms_keys_asking_free(a);
	}
	ms_keys_ring_save(r); /* uses are counted in it */
	ms_keys_cache_free(r->tickets);
	return ms_free(r);
}

/* ---- who waits ---- */

void ms_keys_asking_free(struct ms_keys_asking *a)
{
	ms_list_remove(&a->link);
	ms_mikey_request_free(a->request);
	ms_free(a->resolvers);
	ms_free(a);
}

struct ms_keys_asking *ms_keys_asking_new(struct ms_keys_ring *r, void *arg)
{
	struct ms_keys_asking *a = ms_zalloc(sizeof(*a));

	if (!a)
		return NULL;
	a->ring = r;
	a->arg = arg;
	ms_list_append(&r->asking, &a->link);
	return a;
}

struct ms_keys_asking *ms_keys_asking_cancel(struct ms_keys_asking *a)
{
	if (!a)
		return NULL;
	if (a->call && a->incoming)
		ms_keys_resolve_give_up(a);
	else if (a->call)
		ms_keys_request_give_up(a);
	else
		ms_keys_asking_free(a);
	return NULL;
}
