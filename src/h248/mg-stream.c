/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One stream endpoint under an Add or Modify: what the descriptors ask becomes a bearer, what they leave
 * to us ($) is chosen, and what the media plane has to do about it goes onto the job's list.
 */
#include <stdio.h>

#include "core/alloc.h"
#include "core/ip.h"
#include "h248/mg-priv.h"

/* A stream while a command is applied to it. */
struct apply {
	struct mg_job *j;
	struct mg_termination *t;
	struct mg_stream *s;
	struct ms_bearer b;           /* as it will be */
	struct ms_bearer_address had; /* local before */
	struct mg_stream_set set;     /* as it will be */
	bool asked;                   /* Local leaves something to us: it goes into the reply */
	const struct ms_h248_stream *given; /* of the command; NULL: only signals or events */
};

/* ---- realm ---- */

static unsigned settle_realm(struct apply *a)
{
	struct ms_mg *g = a->j->g;
	bool open = a->t->realm >= g->n_realms;
	int realm = a->b.realm[0] ? ms_mg_realm_find(g, ms_span_str(a->b.realm))
		    : open        ? 0
				  : (int)a->t->realm;

	if (realm < 0)
		return ms_mg_refuse(a->j, 449,
				    ms_h248_arena_copy(&a->j->arena, ms_span_str(a->b.realm)));
	if (!open && realm != a->t->realm) /* ipdc/realm stays as the Add said (H.248.41) */
		return 473;
	a->t->realm = (uint8_t)realm;
	a->b.realm[0] = 0; /* it is in the termination */
	return 0;
}

/* ---- local address ---- */

static bool is_any(const struct ms_bearer_address *a)
{
	static const uint8_t zero[16];

	return memcmp(a->octets, zero, sizeof(zero)) == 0;
}

static bool fits(const struct ms_bearer_address *wanted, const struct ms_bearer_address *have)
{
	return have->port && (!wanted->family || wanted->family == have->family) &&
	       (!wanted->port || wanted->port == have->port) &&
	       (is_any(wanted) || memcmp(wanted->octets, have->octets, 16) == 0);
}

static unsigned take_port(struct apply *a)
{
	struct ms_mg *g = a->j->g;
	const char *realm = g->realms[a->t->realm];
	struct mg_undo *taken = ms_mg_undo_new(a->j, MG_UNDO_LEFT, a->s), *left = NULL;
	struct ms_bearer_address got;

	if (a->had.port)
		left = ms_mg_undo_new(a->j, MG_UNDO_LEFT, a->s);
	if (!taken || (a->had.port && !left))
		return 510;
	taken->kind = MG_UNDO_NOTHING;
	if (left)
		left->old.port = (struct mg_port){ a->t->realm, a->had };
	unsigned code = (unsigned)g->o.plane.reserve(g->o.plane.arg, realm, &a->b.local, &got);
	if (code)
		return code;
	taken->kind = MG_UNDO_TAKEN;
	taken->old.port = (struct mg_port){ a->t->realm, got };
	a->b.local = got;
	return 0;
}

static unsigned settle_local(struct apply *a)
{
	if (!a->given || !a->given->local.present || !a->given->local.sdp.len)
		return 0;
	a->asked = !a->b.local.port || is_any(&a->b.local);
	if (fits(&a->b.local, &a->had)) {
		a->b.local = a->had;
		return 0;
	}
	return take_port(a);
}

/* ---- certificate ---- */

static bool same(const struct ms_bearer_fingerprint *a, const struct ms_bearer_fingerprint *b)
{
	return a->hash == b->hash && a->len == b->len && memcmp(a->digest, b->digest, a->len) == 0;
}

/* The controller repeats what we told it: the values must be those of the certificate in use. */
static unsigned check_repeated(struct apply *a)
{
	struct ms_mg *g = a->j->g;

	for (unsigned i = 0; i < a->b.local_fingerprints.n; i++) {
		const struct ms_bearer_fingerprint *f = &a->b.local_fingerprints.list[i];
		struct ms_bearer_fingerprint ours;

		if (!a->set.certificate ||
		    g->o.plane.fingerprint(g->o.plane.arg, a->t->home, &a->set.certificate, f->hash,
					   &ours) ||
		    !same(f, &ours))
			return ms_mg_refuse(a->j, 449, MS_SPAN_LIT("fingerprint in Local"));
		a->b.want_fingerprints |= 1u << f->hash;
	}
	return 0;
}

/* Kept is which hashes the controller wants; the digests are the certificate's. */
static unsigned fill_fingerprints(const struct mg_job *j, uint16_t home, uint32_t *certificate,
				  struct ms_bearer *b)
{
	struct ms_mg *g = j->g;

	b->local_fingerprints.n = 0;
	for (unsigned h = 0; h <= MS_BEARER_SHA512; h++) {
		struct ms_bearer_fingerprints *l = &b->local_fingerprints;

		if (!(b->want_fingerprints & 1u << h) || l->n == MS_BEARER_FINGERPRINTS_MAX)
			continue;
		unsigned code = (unsigned)g->o.plane.fingerprint(g->o.plane.arg, home, certificate,
								 h, &l->list[l->n]);
		if (code)
			return code;
		l->n++;
	}
	return 0;
}

static unsigned settle_certificate(struct apply *a)
{
	if (!a->given || !a->given->local.present)
		return 0;
	a->asked |= a->b.want_fingerprints != 0;
	unsigned code = check_repeated(a);
	return code ? code : fill_fingerprints(a->j, a->t->home, &a->set.certificate, &a->b);
}

/* ---- path: aware endpoints (TS 23.334 5.19); that $ asks for one is our choice ---- */

static unsigned settle_path(struct apply *a)
{
	char host[64], *path = a->b.local_path;
	uint32_t id[3];
	struct ms_buf b;

	if (a->b.application != MS_BEARER_MSRP || strcmp(path, "$") != 0)
		return 0;
	a->asked = true;
	for (unsigned i = 0; i < 3; i++)
		if (ms_random_u32(a->j->g->random, &id[i]))
			return 500;
	ms_buf_init_fixed(&b, host, sizeof(host));
	ms_ip_put(&b, a->b.local.family, a->b.local.octets);
	if (ms_buf_status(&b))
		return 500;
	(void)snprintf(path, sizeof(a->b.local_path), "%s://%s%.*s%s:%u/%08x%08x%08x;tcp",
		       a->b.tls ? "msrps" : "msrp", a->b.local.family == 6 ? "[" : "", (int)b.len,
		       host, a->b.local.family == 6 ? "]" : "", a->b.local.port, id[0], id[1],
		       id[2]);
	return 0;
}

/* ---- what may be ordered ---- */

static bool has_remote(const struct ms_bearer *b)
{
	return b->remote.family && b->remote.port && !is_any(&b->remote);
}

static unsigned check_orders(const struct apply *a)
{
	const struct ms_bearer *b = &a->b;

	/* where to is not known, or will be known from the first packet only (docs/mgw.md, 441) */
	if (b->start_tcp &&
	    (!has_remote(b) || b->latch != MS_BEARER_LATCH_OFF || a->s->set.latching))
		return ms_mg_refuse(a->j, 441, MS_SPAN_LIT("EstBNC without a Remote address"));
	/* an open gate without an address to listen at */
	if (b->mode != MS_BEARER_INACTIVE && !b->local.port)
		return 441;
	return 0;
}

/* ---- keeping it ---- */

static unsigned pack(struct apply *a, struct ms_buf *out)
{
	ms_bearer_pack(&a->b, out);
	return ms_buf_status(out) ? 510 : 0;
}

/* What the plane gets has the latch in it, what we keep does not: it is armed once. */
static unsigned for_plane(struct apply *a, struct ms_span *ret)
{
	uint8_t room[MS_BEARER_PACKED_MAX];
	struct ms_buf out;

	ms_buf_init_fixed(&out, room, sizeof(room));
	unsigned code = pack(a, &out);
	if (!code) {
		*ret = ms_h248_arena_copy(&a->j->arena, ms_buf_span(&out));
		code = ret->p ? 0 : 510;
	}
	ms_wipe(room, out.len);
	return code;
}

static unsigned keep(struct apply *a)
{
	uint8_t room[MS_BEARER_PACKED_MAX];
	struct ms_buf out;

	ms_buf_init_fixed(&out, room, sizeof(room));
	unsigned code = pack(a, &out);
	if (!code) {
		a->set.packed = ms_zalloc(out.len);
		a->set.packed_len = (uint16_t)out.len;
		if (a->set.packed)
			memcpy(a->set.packed, room, out.len);
		else
			code = 510;
	}
	ms_wipe(room, out.len);
	return code;
}

static unsigned swap(struct apply *a)
{
	struct mg_undo *u = ms_mg_undo_new(a->j, MG_UNDO_STREAM_SET, a->s);

	if (!u) {
		ms_mg_packed_free(&a->set);
		return 510;
	}
	u->old.stream_set = a->s->set;
	a->s->set = a->set;
	return 0;
}

static bool unchanged(const struct apply *a)
{
	const struct mg_stream_set *o = &a->s->set;

	return o->packed_len == a->set.packed_len && o->certificate == a->set.certificate &&
	       memcmp(o->packed, a->set.packed, o->packed_len) == 0;
}

static unsigned tell_plane(struct apply *a, struct ms_span bearer)
{
	const struct mg_stream_set *old = &a->s->set;
	struct ms_plane_op *op = ms_mg_op_new(a->j, MG_OP_SETS, MS_PLANE_SET, a->s);

	if (!op)
		return 510;
	op->certificate = a->set.certificate;
	op->bearer = bearer;
	a->j->at.sets->was_live = old->live;
	a->j->at.sets->old_certificate = old->certificate;
	if (!old->live)
		return 0;
	a->j->at.sets->old_bearer =
		ms_h248_arena_copy(&a->j->arena, ms_span_of(old->packed, old->packed_len));
	return a->j->at.sets->old_bearer.p ? 0 : 510;
}

/* An endpoint that has nothing to do yet is kept back (plane.h). */
static bool is_needed(const struct apply *a)
{
	return a->s->set.live || a->b.mode != MS_BEARER_INACTIVE || a->b.start_tcp ||
	       a->b.start_tls;
}

static unsigned store(struct apply *a)
{
	struct ms_span bearer = MS_SPAN_NULL;
	bool needed = is_needed(a), latch = a->b.latch != MS_BEARER_LATCH_OFF;
	unsigned code = 0;

	if (needed) {
		code = for_plane(a, &bearer);
		a->b.latch = MS_BEARER_LATCH_OFF;
		a->set.latching |= latch;
	}
	if (!code)
		code = keep(a);
	if (code)
		return code;
	a->set.live = needed;
	if (needed && (latch || !a->s->set.live || !unchanged(a)))
		code = tell_plane(a, bearer);
	if (code) {
		ms_mg_packed_free(&a->set);
		return code;
	}
	return swap(a);
}

/* ---- signals ---- */

static unsigned order(struct apply *a, enum ms_plane_verb verb, unsigned bit)
{
	struct ms_plane_op *op = ms_mg_op_new(a->j, MG_OP_SIGNALS, verb, a->s);

	if (!op)
		return 510;
	op->reset = a->b.release_reset;
	a->s->set.starting |= (uint8_t)bit;
	return 0;
}

static unsigned start(struct apply *a, const struct ms_h248_command *cmd, unsigned which)
{
	if (ms_mg_signal_goes_on(a->j->g, a->s, cmd->signals, which))
		return 0;
	return order(a, which == MG_TCP ? MS_PLANE_START_TCP : MS_PLANE_START_TLS, which);
}

static unsigned orders(struct apply *a, const struct ms_h248_command *cmd)
{
	unsigned started = (a->b.start_tcp ? MG_TCP : 0u) | (a->b.start_tls ? MG_TLS : 0u);
	unsigned code = 0;

	if (a->b.release && a->s->set.live)
		code = order(a, MS_PLANE_RELEASE, 0);
	if (a->b.release)
		a->s->set.halted = (uint8_t)(a->s->set.starting & ~started);
	if (!code && a->b.start_tcp && !a->s->tcp_up)
		code = start(a, cmd, MG_TCP);
	if (!code && a->b.start_tls && !a->s->tls_up)
		code = start(a, cmd, MG_TLS);
	if (cmd->signals)
		ms_mg_signals_note(a->s, cmd->signals);
	return code;
}

/* ---- all of it ---- */

static unsigned find_or_make(struct apply *a, uint16_t id)
{
	a->s = ms_mg_stream_find(a->t, id);
	if (a->s)
		return 0;
	unsigned code = ms_mg_stream_new(a->j->g, a->t, id, &a->s);
	if (code)
		return code;
	if (ms_mg_undo_new(a->j, MG_UNDO_STREAM, a->s))
		return 0;
	ms_mg_stream_free(a->j->g, a->s);
	return 510;
}

static unsigned settle(struct apply *a, const struct ms_h248_command *cmd)
{
	struct ms_fault f = { 0 };
	struct ms_span what;
	unsigned code;

	if (ms_h248_coding_get(&a->j->g->o.coding, cmd, a->s->id, &a->b, &f, &what))
		return ms_mg_refuse(a->j, f.code ? (unsigned)f.code : 500, what);
	code = a->given && a->given->has_statistics
		       ? ms_mg_statistics_mask(a->j, a->given->statistics, &a->set.statistics)
		       : 0;
	if (!code)
		code = settle_realm(a);
	if (!code)
		code = settle_local(a);
	if (!code)
		code = settle_certificate(a);
	if (!code)
		code = settle_path(a);
	return code ? code : check_orders(a);
}

static unsigned apply(struct apply *a, const struct ms_h248_command *cmd,
		      struct ms_h248_command *reply)
{
	unsigned code = settle(a, cmd);

	if (!code && a->asked && ms_h248_coding_put_reply(&a->j->arena, &a->b, a->s->id, reply))
		code = 510;
	a->b.local_fingerprints.n = 0;
	if (!code)
		code = store(a);
	return code ? code : orders(a, cmd);
}

static const struct ms_h248_stream *given_of(const struct ms_h248_command *cmd, uint16_t id)
{
	const struct ms_h248_stream *s = cmd->media ? cmd->media->streams : NULL;

	while (s && (s->id ? s->id : 1) != id)
		s = s->next;
	return s;
}

unsigned ms_mg_stream_apply(struct mg_job *j, struct mg_termination *t, uint16_t id,
			    const struct ms_h248_command *cmd, struct ms_h248_command *reply)
{
	struct apply a = { .j = j, .t = t, .given = given_of(cmd, id) };
	unsigned code = find_or_make(&a, id);

	if (code)
		return code;
	ms_mg_stream_bearer(a.s, &a.b);
	a.had = a.b.local;
	a.set = a.s->set;
	a.set.packed = NULL;
	a.set.packed_len = 0;
	code = apply(&a, cmd, reply);
	ms_bearer_wipe(&a.b);
	return code;
}

unsigned ms_mg_stream_view(struct mg_job *j, const struct mg_stream *s, struct ms_bearer *ret_b)
{
	uint32_t certificate = s->set.certificate;

	ms_mg_stream_bearer(s, ret_b);
	ms_secret_wipe(&ret_b->psk);
	return fill_fingerprints(j, s->termination->home, &certificate, ret_b);
}
