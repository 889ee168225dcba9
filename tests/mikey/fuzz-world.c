/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz-world.h"

#include <errno.h>

#include "core/profile.h"
#include "mikey/derive.h"
#include "mikey/policy.h"
#include "mikey/ticket.h"

#define URI(text)                                  \
	{                                          \
		MS_MIKEY_ID_URI, MS_SPAN_LIT(text) \
	}

static const uint8_t psk[32] = "a pre-shared key of 32 octets..";
static const uint8_t tpk[32] = "a ticket key, also of 32 octets";

/* xorshift: the same octets after each reset */
static uint64_t random_state;

static int fill(void *arg, void *p, size_t n)
{
	uint8_t *to = p;

	(void)arg;
	for (size_t i = 0; i < n; i++) {
		random_state ^= random_state << 13;
		random_state ^= random_state >> 7;
		random_state ^= random_state << 17;
		to[i] = (uint8_t)random_state;
	}
	return 0;
}

static const struct ms_random same_random = { fill, NULL };
static struct ms_mikey_local local;
static struct ms_mikey_clock alice_clock, bob_clock;
static const struct ms_mikey_id alice_id = URI("sip:alice@example.com");
static const struct ms_mikey_id bob_id = URI("sip:bob@example.com");
static const struct ms_mikey_id kms_id = URI("sip:kms.example.com");

struct ms_mikey_party world_alice, world_bob;

static int find_psk(void *arg, const struct ms_mikey_id *psk_id, const struct ms_mikey_id *user,
		    struct ms_mikey_kms_user *ret_user)
{
	(void)arg;
	if (psk_id->data.p)
		return -ENOENT;
	if (!ms_mikey_id_eq(user, &alice_id) && !ms_mikey_id_eq(user, &bob_id))
		return -ENOENT;
	*ret_user =
		(struct ms_mikey_kms_user){ .id = ms_mikey_id_eq(user, &bob_id) ? bob_id : alice_id,
					    .psk = ms_span_of(psk, sizeof(psk)) };
	return 0;
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
	(void)arg, (void)user, (void)initiator, (void)tp, (void)now, (void)g;
	return 0;
}

static int may_resolve(void *arg, const struct ms_mikey_kms_user *user,
		       const struct ms_mikey_id *responder, const struct ms_mikey_policy *ticket,
		       ms_usec now, struct ms_mikey_id *ret_id)
{
	(void)arg, (void)user, (void)now;
	*ret_id = *responder;
	return ms_mikey_policy_admits(ticket, responder, '?') ? 0 : -EPERM;
}

static int current_tpk(void *arg, struct ms_mikey_tpk *ret_tpk)
{
	(void)arg;
	*ret_tpk = (struct ms_mikey_tpk){ URI("sip:tpk@kms.example.com"), ms_span_of(tpk, 32) };
	return 0;
}

static int find_tpk(void *arg, const struct ms_mikey_id *id, struct ms_mikey_tpk *ret_tpk)
{
	(void)id;
	return current_tpk(arg, ret_tpk);
}

/* Nothing is ever a replay: the same messages come in each run. */
static int replay_seen(void *arg, const uint8_t id[MS_MIKEY_REPLAY_ID], ms_usec now)
{
	(void)arg, (void)id, (void)now;
	return 0;
}

static const struct ms_mikey_kms_ops ops = {
	.find_psk = find_psk,
	.owns = owns,
	.may_request = may_request,
	.may_resolve = may_resolve,
	.current_tpk = current_tpk,
	.find_tpk = find_tpk,
	.replay_seen = replay_seen,
	.replay_enter = replay_seen,
};

const struct ms_mikey_kms world_kms = {
	.id = URI("sip:kms.example.com"),
	.local = &local,
	.random = &same_random,
	.authenticate_errors = true,
	.ops = &ops,
};

void world_reset(unsigned suite)
{
	random_state = 88172645463325252u;
	ms_mikey_local_init(&local, &ms_profile_default);
	local.wildcard = '?';
	alice_clock = bob_clock = (struct ms_mikey_clock){ .type = MS_MIKEY_TS_NTP_UTC };
	world_alice = (struct ms_mikey_party){
		.id = alice_id,
		.kms = kms_id,
		.psk = ms_span_of(psk, sizeof(psk)),
		.suite = suite ? ms_mikey_suite_256 : ms_mikey_suite_128,
		.answer_errors = true,
		.local = &local,
		.random = &same_random,
		.clock = &alice_clock,
	};
	world_bob = world_alice;
	world_bob.id = bob_id;
	world_bob.clock = &bob_clock;
}

void world_ask(struct ms_span message, struct ms_buf *answer)
{
	struct ms_mikey_kms_outcome outcome;

	WORLD_CHECK(ms_mikey_kms_handle(&world_kms, message, WORLD_NOW, answer, &outcome) == 0);
	WORLD_CHECK(outcome.granted);
}

struct ms_mikey_ticket_held *world_ticket(uint16_t flags, struct ms_buf *request,
					  struct ms_buf *response)
{
	const struct ms_mikey_wish wish[2] = {
		{ MS_MIKEY_KEY_TGK, world_alice.suite.key, MS_SPAN_LIT("tgk1") },
		{ MS_MIKEY_KEY_GTGK_SALT, world_alice.suite.key, MS_SPAN_LIT("gtg2") },
	};
	const struct ms_mikey_wanted w = { .flags = flags,
					   .responder = &bob_id,
					   .n_responders = 1,
					   .end = WORLD_NOW + 3600 * MS_SEC,
					   .wish = wish,
					   .n_wishes = 2 };
	MS_CLEANUP(ms_mikey_request_freep) struct ms_mikey_request *r = NULL;
	struct ms_mikey_ticket_held *h = NULL;

	WORLD_CHECK(ms_mikey_request_start(&world_alice, &w, WORLD_NOW, request, &r) == 0);
	world_ask(ms_buf_span(request), response);
	WORLD_CHECK(ms_mikey_request_finish(r, ms_buf_span(response), WORLD_NOW, NULL, &h) == 0);
	return h;
}

struct ms_mikey_transfer *world_transfer(struct ms_mikey_ticket_held *h, struct ms_buf *init)
{
	const struct ms_mikey_session session[3] = {
		{ .cs_id = 1,
		  .policy = { 0 },
		  .n_policies = 1,
		  .spi = MS_SPAN_LIT("tgk1"),
		  .has_ssrc = true,
		  .ssrc = 7 },
		{ .cs_id = 3, .prot_type = local.prot_tls, .spi = MS_SPAN_LIT("tgk1") },
		{ .cs_id = 4, .prot_type = local.prot_mime, .spi = MS_SPAN_LIT("gtg2") },
	};
	struct ms_mikey_sp sp = { .prot_type = MS_MIKEY_PROT_SRTP };
	struct ms_mikey_offer o = { .called = bob_id,
				    .session = session,
				    .n_sessions = 3,
				    .sp = &sp,
				    .n_sps = 1,
				    .sdp_ids = MS_SPAN_LIT("mikey") };
	struct ms_mikey_transfer *t = NULL;
	uint8_t params[128];
	struct ms_buf b;

	ms_buf_init_fixed(&b, params, sizeof(params));
	ms_mikey_srtp_encode(&ms_mikey_srtp_default, &b);
	sp.params = ms_buf_span(&b);
	WORLD_CHECK(ms_mikey_transfer_start(&world_alice, h, &o, WORLD_NOW, init, &t) == 0);
	return t;
}

/* Writes the MAC that `inkey` makes over `c` into the message. */
static void sign(uint8_t *p, const struct ms_mikey_message *m, struct ms_span inkey,
		 enum ms_mikey_which which, const struct ms_mikey_rands *rands,
		 const struct ms_mikey_cover *c)
{
	struct ms_prf_key k;
	struct ms_secret auth;
	uint8_t mac[MS_HASH_MAX];

	if (ms_mikey_inkey(&k, m->hdr.prf, inkey) < 0 ||
	    ms_mikey_msg_auth(&k, m->hdr.csb_id, which, rands, m->v.mac_alg, &auth) < 0)
		return;
	ms_mikey_mac(m->v.mac_alg, ms_secret_span(&auth), c, mac);
	memcpy(p + m->v_mac, mac, m->v.mac.len);
}

void world_sign_psk(uint8_t *p, size_t n, struct ms_span sent)
{
	static struct ms_mikey_message m, init;
	struct ms_mikey_cover c;
	struct ms_mikey_rands rands;

	if (ms_mikey_decode(ms_span_of(p, n), &m, NULL) < 0 || !m.v.set)
		return;
	if (sent.p) {
		WORLD_CHECK(ms_mikey_decode(sent, &init, NULL) == 0);
		rands = (struct ms_mikey_rands){ init.rand_i, init.rand_r };
		ms_mikey_cover_resp(&c, &m, sent);
		sign(p, &m, ms_span_of(psk, sizeof(psk)), MS_MIKEY_RESP, &rands, &c);
		return;
	}
	rands = (struct ms_mikey_rands){ m.rand_i, m.rand_r };
	ms_mikey_cover_init(&c, &m, m.id_i.data.p ? m.id_i.data : m.id_r.data, m.id_kms.data);
	sign(p, &m, ms_span_of(psk, sizeof(psk)), MS_MIKEY_INIT, &rands, &c);
}

/* Opens the ticket of a message, whose MPKs then are known. */
static bool open_ticket(const struct ms_mikey_message *m, struct ms_mikey_opened *o)
{
	struct ms_mikey_ticket_data d;
	struct ms_prf_key k;

	return m->ticket.set && ms_mikey_ticket_data_decode(m->ticket.ticket_data, &d, NULL) == 0 &&
	       ms_mikey_inkey(&k, m->ticket.prf, ms_span_of(tpk, sizeof(tpk))) == 0 &&
	       ms_mikey_ticket_open(&m->ticket, &d, &k, o, NULL) == 0;
}

void world_sign_transfer_init(uint8_t *p, size_t n)
{
	static struct ms_mikey_message m;
	static struct ms_mikey_opened o;
	struct ms_mikey_cover c;
	struct ms_mikey_rands rands;

	if (ms_mikey_decode(ms_span_of(p, n), &m, NULL) < 0 || !m.v.set || !open_ticket(&m, &o))
		return;
	rands = (struct ms_mikey_rands){ m.rand_i, MS_SPAN_NULL };
	ms_mikey_cover_init(&c, &m, m.id_i.data, m.id_r.data);
	sign(p, &m, ms_secret_span(&o.mpki), MS_MIKEY_INIT, &rands, &c);
	if (m.v.mac.len > 0 &&
	    m.ticket.initiator_data.len == ms_mikey_initiator_data_len(m.v.mac_alg) &&
	    ms_mikey_initiator_data_make(m.ticket.prf, ms_secret_span(&o.mpkr), m.v.mac_alg,
					 m.v.mac, p + m.initiator_data + 2) < 0)
		return;
}

void world_sign_transfer_resp(uint8_t *p, size_t n, struct ms_span sent)
{
	static struct ms_mikey_message m, init;
	static struct ms_mikey_opened o;
	struct ms_secret mpkr_fork;
	struct ms_span key;
	struct ms_mikey_cover c;
	struct ms_mikey_rands rands;

	WORLD_CHECK(ms_mikey_decode(sent, &init, NULL) == 0 && open_ticket(&init, &o));
	if (ms_mikey_decode(ms_span_of(p, n), &m, NULL) < 0 || !m.v.set)
		return;
	key = ms_secret_span(&o.mpki);
	if (init.ticket.flags & MS_MIKEY_FLAG_I) {
		if (ms_mikey_fork(init.ticket.prf, MS_MIKEY_FOR_MPKR_FORK, ms_secret_span(&o.mpkr),
				  m.id_r.data, m.rand_kms, &mpkr_fork) < 0)
			return;
		key = ms_secret_span(&mpkr_fork);
	}
	rands = (struct ms_mikey_rands){ init.rand_i, m.rand_r };
	ms_mikey_cover_resp(&c, &m, sent);
	sign(p, &m, key, MS_MIKEY_RESP, &rands, &c);
}
