/* SPDX-License-Identifier: Apache-2.0 */
#include "small-kms.h"

#include <errno.h>

#include "mikey/policy.h"
#include "mikey/request.h"

static const char *const uris[SMALL_USERS] = { "sip:alice@example.org", "sip:bob@example.org",
					       "sip:carol@example.org" };
static const uint8_t keys[SMALL_USERS][32] = { { 1 }, { 2 }, { 3 } };
static const uint8_t tpk[32] = { 9 };

static uint32_t counter;
static struct ms_mikey_local local[2];
static struct ms_mikey_clock clocks[SMALL_USERS];
static struct ms_mikey_party parties[SMALL_USERS][2];

static int fill(void *arg, void *p, size_t n)
{
	(void)arg;
	for (size_t i = 0; i < n; i++)
		((uint8_t *)p)[i] = (uint8_t)((counter += 2654435761u) >> 16);
	return 0;
}

const struct ms_random small_random = { fill, NULL };

static struct ms_mikey_id uri_id(const char *uri)
{
	return (struct ms_mikey_id){ MS_MIKEY_ID_URI, ms_span_str(uri) };
}

ms_usec small_now = SMALL_NOW;
void (*small_alter)(struct ms_mikey_kms_grant *g);

struct ms_span small_psk(enum small_user who)
{
	return ms_span_of(keys[who], sizeof(keys[who]));
}

void small_kms_reset(void)
{
	small_now = SMALL_NOW;
	small_alter = NULL;
	ms_mikey_local_init(&local[0], &ms_profile_default);
	ms_mikey_local_init(&local[1], &ms_profile_default);
	memset(clocks, 0, sizeof(clocks));
	for (int u = 0; u < SMALL_USERS; u++) {
		for (int m = 0; m < 2; m++)
			parties[u][m] = (struct ms_mikey_party){
				.id = uri_id(uris[u]),
				.kms = uri_id("sip:kms@example.org"),
				.psk = ms_span_of(keys[u], sizeof(keys[u])),
				.suite = ms_mikey_suite_256,
				.local = &local[m],
				.random = &small_random,
				.clock = &clocks[u],
			};
	}
}

const struct ms_mikey_party *small_party(enum small_user who, bool for_messages)
{
	return &parties[who][for_messages];
}

const char *small_uri(enum small_user who)
{
	return uris[who];
}

/* ---- what the engine asks its server ---- */

static int find_psk(void *arg, const struct ms_mikey_id *psk_id, const struct ms_mikey_id *user,
		    struct ms_mikey_kms_user *ret_user)
{
	(void)arg;
	(void)psk_id;
	for (size_t u = 0; user && u < SMALL_USERS; u++) {
		if (!ms_span_is(user->data, uris[u]))
			continue;
		*ret_user =
			(struct ms_mikey_kms_user){ .id = uri_id(uris[u]),
						    .psk = ms_span_of(keys[u], sizeof(keys[u])) };
		return 0;
	}
	return -ENOENT;
}

static bool owns(void *arg, const struct ms_mikey_kms_user *user, const struct ms_mikey_id *id)
{
	(void)arg;
	return ms_mikey_id_eq(&user->id, id);
}

static int may_request(void *arg, const struct ms_mikey_kms_user *user,
		       const struct ms_mikey_id *initiator, const struct ms_mikey_policy *tp,
		       ms_usec now, struct ms_mikey_kms_grant *g)
{
	(void)arg;
	(void)user;
	(void)initiator;
	(void)tp;
	(void)now;
	if (small_alter)
		small_alter(g);
	return 0;
}

static int may_resolve(void *arg, const struct ms_mikey_kms_user *user,
		       const struct ms_mikey_id *responder, const struct ms_mikey_policy *ticket,
		       ms_usec now, struct ms_mikey_id *ret_id)
{
	(void)arg;
	(void)user;
	(void)now;
	*ret_id = *responder;
	return ms_mikey_policy_admits(ticket, responder, '?') ? 0 : -EPERM;
}

static int current_tpk(void *arg, struct ms_mikey_tpk *ret_tpk)
{
	(void)arg;
	*ret_tpk = (struct ms_mikey_tpk){ { MS_MIKEY_ID_BYTES, MS_SPAN_LIT("tpk") },
					  ms_span_of(tpk, sizeof(tpk)) };
	return 0;
}

static int find_tpk(void *arg, const struct ms_mikey_id *id, struct ms_mikey_tpk *ret_tpk)
{
	(void)id;
	return current_tpk(arg, ret_tpk);
}

static int never_seen(void *arg, const uint8_t id[MS_MIKEY_REPLAY_ID], ms_usec when)
{
	(void)arg;
	(void)id;
	(void)when;
	return 0;
}

int small_serve(struct ms_span in, struct ms_buf *out)
{
	static const struct ms_mikey_kms_ops ops = {
		.find_psk = find_psk,
		.owns = owns,
		.may_request = may_request,
		.may_resolve = may_resolve,
		.current_tpk = current_tpk,
		.find_tpk = find_tpk,
		.replay_seen = never_seen,
		.replay_enter = never_seen,
	};
	const struct ms_mikey_kms kms = { .id = uri_id("sip:kms@example.org"),
					  .local = &local[0],
					  .random = &small_random,
					  .ops = &ops };
	struct ms_mikey_kms_outcome outcome;

	return ms_mikey_kms_handle(&kms, in, small_now, out, &outcome);
}

static int request(enum small_user who, bool for_messages, unsigned flags, const char *responder,
		   struct ms_mikey_ticket_held **ret_h)
{
	const struct ms_mikey_id id = uri_id(responder);
	const struct ms_mikey_wish wish = { .type = for_messages ? MS_MIKEY_KEY_GTGK
								 : MS_MIKEY_KEY_TGK,
					    .len = 32 };
	const struct ms_mikey_wanted wanted = {
		.flags = (uint16_t)flags,
		.responder = &id,
		.n_responders = 1,
		.end = SMALL_NOW + 3600 * MS_SEC,
		.wish = &wish,
		.n_wishes = 1,
	};
	MS_CLEANUP(ms_buf_done) struct ms_buf out, in;
	MS_CLEANUP(ms_mikey_request_freep) struct ms_mikey_request *r = NULL;
	int err;

	ms_buf_init(&out, MS_MIKEY_MESSAGE_MAX);
	ms_buf_init(&in, MS_MIKEY_MESSAGE_MAX);
	err = ms_mikey_request_start(small_party(who, for_messages), &wanted, SMALL_NOW, &out, &r);
	if (!err)
		err = small_serve(ms_buf_span(&out), &in);
	return err ? err : ms_mikey_request_finish(r, ms_buf_span(&in), SMALL_NOW, NULL, ret_h);
}

#define COMMON_FLAGS                                                                               \
	(MS_MIKEY_FLAG_D | MS_MIKEY_FLAG_E | MS_MIKEY_FLAG_H | MS_MIKEY_FLAG_J | MS_MIKEY_FLAG_N | \
	 MS_MIKEY_FLAG_O)

int small_ticket(enum small_user who, bool for_messages, const char *responder,
		 struct ms_mikey_ticket_held **ret_h)
{
	unsigned flags = COMMON_FLAGS | MS_MIKEY_FLAG_I;

	if (!for_messages)
		flags |= MS_MIKEY_FLAG_F | MS_MIKEY_FLAG_G;
	return request(who, for_messages, flags, responder, ret_h);
}

int small_loose_ticket(enum small_user who, const char *responder,
		       struct ms_mikey_ticket_held **ret_h)
{
	return request(who, true, COMMON_FLAGS, responder, ret_h);
}

int small_resolve(struct ms_mikey_incoming *in, struct ms_fault *fault)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out, answer;
	int err;

	ms_buf_init(&out, MS_MIKEY_MESSAGE_MAX);
	ms_buf_init(&answer, MS_MIKEY_MESSAGE_MAX);
	err = ms_mikey_incoming_resolve(in, SMALL_NOW, &out);
	if (!err)
		err = small_serve(ms_buf_span(&out), &answer);
	return err ? err : ms_mikey_incoming_resolved(in, ms_buf_span(&answer), SMALL_NOW, fault);
}
