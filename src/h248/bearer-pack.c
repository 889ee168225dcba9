/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bearer description in few octets: a number and a value for each thing that is not at its default.
 * The gateway keeps its endpoints so, and sends them so to its media workers. Both ends are the same
 * release, therefore there is no version.
 */
#include <errno.h>
#include <string.h>

#include "h248/plane.h"

enum tag {
	T_REALM = 1,
	T_FLAGS, /* small enumerations and switches, four octets */
	T_PSK,
	T_IDENTITY,
	T_LOCAL,
	T_REMOTE,
	T_WANT,
	T_LOCAL_FP,
	T_REMOTE_FP,
	T_LOCAL_PATH,
	T_REMOTE_PATH,
	T_GUARDS,
	T_FILTER,
	T_PREFIX,
	T_DSCP,
	T_POLICE,
	T_IDLE,
	T_HEARTBEAT,
	T_COUNT,
};

/* ---- writing ---- */

static void put_text(struct ms_buf *out, enum tag tag, const char *text)
{
	if (!text[0])
		return;
	ms_buf_put_u8(out, tag);
	ms_buf_put_lv16(out, ms_span_str(text));
}

static unsigned octets_of(uint8_t family)
{
	return family == 6 ? 16 : family == 4 ? 4 : 0;
}

static void put_address(struct ms_buf *out, enum tag tag, const struct ms_bearer_address *a)
{
	if (!a->family && !a->port)
		return;
	ms_buf_put_u8(out, tag);
	ms_buf_put_u16(out, 3 + octets_of(a->family));
	ms_buf_put_u8(out, a->family);
	ms_buf_put_u16(out, a->port);
	ms_buf_put(out, a->octets, octets_of(a->family));
}

static void put_fingerprints(struct ms_buf *out, enum tag tag,
			     const struct ms_bearer_fingerprints *list)
{
	for (unsigned i = 0; i < list->n && i < MS_BEARER_FINGERPRINTS_MAX; i++) {
		const struct ms_bearer_fingerprint *f = &list->list[i];

		ms_buf_put_u8(out, tag);
		ms_buf_put_u16(out, 1 + f->len);
		ms_buf_put_u8(out, f->hash);
		ms_buf_put(out, f->digest, f->len);
	}
}

/* The switches, least significant first. The widths hold every value of their enumerations. */
static uint32_t flags_of(const struct ms_bearer *b)
{
	return (uint32_t)b->mode | (uint32_t)b->application << 2 | (uint32_t)b->tls << 4 |
	       (uint32_t)b->psk_wanted << 5 | (uint32_t)b->setup << 6 |
	       (uint32_t)b->remote_setup << 8 | (uint32_t)b->incoming << 10 |
	       (uint32_t)b->keep_partner << 12 | (uint32_t)b->tcp_mode << 13 |
	       (uint32_t)b->latch << 15 | (uint32_t)b->report_release << 17 |
	       (uint32_t)b->report_tcp << 18 | (uint32_t)b->report_tls << 19 |
	       (uint32_t)b->policy.filter_address << 20 | (uint32_t)b->policy.filter_port << 21;
}

static void put_u32(struct ms_buf *out, enum tag tag, uint32_t v)
{
	if (!v)
		return;
	ms_buf_put_u8(out, tag);
	ms_buf_put_u16(out, 4);
	ms_buf_put_u32(out, v);
}

static void put_police(struct ms_buf *out, const struct ms_bearer_policy *p)
{
	if (!p->police && !p->sustained_rate && !p->burst && !p->peak_rate)
		return;
	ms_buf_put_u8(out, T_POLICE);
	ms_buf_put_u16(out, 25);
	ms_buf_put_u8(out, p->police);
	ms_buf_put_u64(out, p->sustained_rate);
	ms_buf_put_u64(out, p->burst);
	ms_buf_put_u64(out, p->peak_rate);
}

static void put_policy(struct ms_buf *out, const struct ms_bearer_policy *p)
{
	put_u32(out, T_FILTER, (uint32_t)p->port_first << 16 | p->port_last);
	for (unsigned i = 0; i < p->n_prefixes && i < MS_BEARER_PREFIXES_MAX; i++) {
		ms_buf_put_u8(out, T_PREFIX);
		ms_buf_put_u16(out, 2 + octets_of(p->prefixes[i].family));
		ms_buf_put_u8(out, p->prefixes[i].family);
		ms_buf_put_u8(out, p->prefixes[i].bits);
		ms_buf_put(out, p->prefixes[i].octets, octets_of(p->prefixes[i].family));
	}
	put_u32(out, T_DSCP, p->has_dscp ? 0x100u | p->dscp : 0);
	put_police(out, p);
	if (p->inactivity_s) {
		ms_buf_put_u8(out, T_IDLE);
		ms_buf_put_u16(out, 5);
		ms_buf_put_u32(out, p->inactivity_s);
		ms_buf_put_u8(out, p->inactivity_direction);
	}
}

void ms_bearer_pack(const struct ms_bearer *b, struct ms_buf *out)
{
	put_u32(out, T_FLAGS, flags_of(b));
	put_text(out, T_REALM, b->realm);
	if (b->psk.len) {
		ms_buf_put_u8(out, T_PSK);
		ms_buf_put_lv16(out, ms_secret_span(&b->psk));
	}
	put_text(out, T_IDENTITY, b->psk_identity);
	put_address(out, T_LOCAL, &b->local);
	put_address(out, T_REMOTE, &b->remote);
	put_u32(out, T_WANT, b->want_fingerprints);
	put_fingerprints(out, T_LOCAL_FP, &b->local_fingerprints);
	put_fingerprints(out, T_REMOTE_FP, &b->remote_fingerprints);
	put_text(out, T_LOCAL_PATH, b->local_path);
	put_text(out, T_REMOTE_PATH, b->remote_path);
	if (b->tcp_ms || b->tls_ms) {
		ms_buf_put_u8(out, T_GUARDS);
		ms_buf_put_u16(out, 8);
		ms_buf_put_u32(out, b->tcp_ms);
		ms_buf_put_u32(out, b->tls_ms);
	}
	put_policy(out, &b->policy);
	put_u32(out, T_HEARTBEAT, b->heartbeat_s);
}

/* ---- reading: each reader must use its whole value ---- */

typedef int take_f(struct ms_bearer *b, struct ms_reader *r);

static int take_text(struct ms_reader *r, char *dst, size_t size)
{
	struct ms_span s;
	int err = ms_read_span(r, ms_read_left(r), &s);

	return err ? err : ms_span_to_str(s, dst, size) ? -EBADMSG : 0;
}

static int take_address(struct ms_reader *r, struct ms_bearer_address *a)
{
	struct ms_span s;

	if (ms_read_u8(r, &a->family) || ms_read_u16(r, &a->port) ||
	    ms_read_span(r, octets_of(a->family), &s))
		return -EBADMSG;
	if (s.len)
		memcpy(a->octets, s.p, s.len);
	return 0;
}

static int take_fingerprint(struct ms_reader *r, struct ms_bearer_fingerprints *list)
{
	struct ms_bearer_fingerprint *f = &list->list[list->n];
	struct ms_span s;
	uint8_t hash;

	if (list->n == MS_BEARER_FINGERPRINTS_MAX || ms_read_u8(r, &hash) ||
	    hash > MS_BEARER_SHA512 || ms_read_left(r) > sizeof(f->digest) ||
	    ms_read_span(r, ms_read_left(r), &s))
		return -EBADMSG;
	f->hash = hash;
	f->len = (uint8_t)s.len;
	if (s.len)
		memcpy(f->digest, s.p, s.len);
	list->n++;
	return 0;
}

static int take_flags(struct ms_bearer *b, struct ms_reader *r)
{
	uint32_t v;

	if (ms_read_u32(r, &v) || v >> 22 || (v >> 2 & 3) > MS_BEARER_BFCP ||
	    (v >> 10 & 3) > MS_BEARER_DISCARD || (v >> 13 & 3) > MS_BEARER_MERGE ||
	    (v >> 15 & 3) > MS_BEARER_RELATCH)
		return -EBADMSG;
	b->mode = v & 3;
	b->application = v >> 2 & 3;
	b->tls = v >> 4 & 1;
	b->psk_wanted = v >> 5 & 1;
	b->setup = v >> 6 & 3;
	b->remote_setup = v >> 8 & 3;
	b->incoming = v >> 10 & 3;
	b->keep_partner = v >> 12 & 1;
	b->tcp_mode = v >> 13 & 3;
	b->latch = v >> 15 & 3;
	b->report_release = v >> 17 & 1;
	b->report_tcp = v >> 18 & 1;
	b->report_tls = v >> 19 & 1;
	b->policy.filter_address = v >> 20 & 1;
	b->policy.filter_port = v >> 21 & 1;
	return 0;
}

static int take_realm(struct ms_bearer *b, struct ms_reader *r)
{
	return take_text(r, b->realm, sizeof(b->realm));
}

static int take_psk(struct ms_bearer *b, struct ms_reader *r)
{
	struct ms_span s;

	return ms_read_span(r, ms_read_left(r), &s) || ms_secret_set(&b->psk, s) ? -EBADMSG : 0;
}

static int take_identity(struct ms_bearer *b, struct ms_reader *r)
{
	return take_text(r, b->psk_identity, sizeof(b->psk_identity));
}

static int take_local(struct ms_bearer *b, struct ms_reader *r)
{
	return take_address(r, &b->local);
}

static int take_remote(struct ms_bearer *b, struct ms_reader *r)
{
	return take_address(r, &b->remote);
}

static int take_want(struct ms_bearer *b, struct ms_reader *r)
{
	return ms_read_u32(r, &b->want_fingerprints);
}

static int take_local_fp(struct ms_bearer *b, struct ms_reader *r)
{
	return take_fingerprint(r, &b->local_fingerprints);
}

static int take_remote_fp(struct ms_bearer *b, struct ms_reader *r)
{
	return take_fingerprint(r, &b->remote_fingerprints);
}

static int take_local_path(struct ms_bearer *b, struct ms_reader *r)
{
	return take_text(r, b->local_path, sizeof(b->local_path));
}

static int take_remote_path(struct ms_bearer *b, struct ms_reader *r)
{
	return take_text(r, b->remote_path, sizeof(b->remote_path));
}

static int take_guards(struct ms_bearer *b, struct ms_reader *r)
{
	return ms_read_u32(r, &b->tcp_ms) || ms_read_u32(r, &b->tls_ms) ? -EBADMSG : 0;
}

static int take_filter(struct ms_bearer *b, struct ms_reader *r)
{
	return ms_read_u16(r, &b->policy.port_first) || ms_read_u16(r, &b->policy.port_last)
		       ? -EBADMSG
		       : 0;
}

static int take_prefix(struct ms_bearer *b, struct ms_reader *r)
{
	struct ms_bearer_policy *p = &b->policy;
	struct ms_bearer_prefix *x = &p->prefixes[p->n_prefixes];
	struct ms_span s;

	if (p->n_prefixes == MS_BEARER_PREFIXES_MAX || ms_read_u8(r, &x->family) ||
	    ms_read_u8(r, &x->bits) || ms_read_span(r, octets_of(x->family), &s))
		return -EBADMSG;
	if (s.len)
		memcpy(x->octets, s.p, s.len);
	p->n_prefixes++;
	return 0;
}

static int take_dscp(struct ms_bearer *b, struct ms_reader *r)
{
	uint32_t v;

	if (ms_read_u32(r, &v))
		return -EBADMSG;
	b->policy.has_dscp = true;
	b->policy.dscp = (uint8_t)v;
	return 0;
}

static int take_police(struct ms_bearer *b, struct ms_reader *r)
{
	struct ms_bearer_policy *p = &b->policy;
	uint8_t on;

	if (ms_read_u8(r, &on) || ms_read_u64(r, &p->sustained_rate) || ms_read_u64(r, &p->burst) ||
	    ms_read_u64(r, &p->peak_rate))
		return -EBADMSG;
	p->police = on;
	return 0;
}

static int take_idle(struct ms_bearer *b, struct ms_reader *r)
{
	uint8_t direction;

	if (ms_read_u32(r, &b->policy.inactivity_s) || ms_read_u8(r, &direction) ||
	    direction > MS_BEARER_BOTH)
		return -EBADMSG;
	b->policy.inactivity_direction = direction;
	return 0;
}

static int take_heartbeat(struct ms_bearer *b, struct ms_reader *r)
{
	return ms_read_u32(r, &b->heartbeat_s);
}

static take_f *const takers[T_COUNT] = {
	[T_REALM] = take_realm,
	[T_FLAGS] = take_flags,
	[T_PSK] = take_psk,
	[T_IDENTITY] = take_identity,
	[T_LOCAL] = take_local,
	[T_REMOTE] = take_remote,
	[T_WANT] = take_want,
	[T_LOCAL_FP] = take_local_fp,
	[T_REMOTE_FP] = take_remote_fp,
	[T_LOCAL_PATH] = take_local_path,
	[T_REMOTE_PATH] = take_remote_path,
	[T_GUARDS] = take_guards,
	[T_FILTER] = take_filter,
	[T_PREFIX] = take_prefix,
	[T_DSCP] = take_dscp,
	[T_POLICE] = take_police,
	[T_IDLE] = take_idle,
	[T_HEARTBEAT] = take_heartbeat,
};

static int take_all(struct ms_reader *r, struct ms_bearer *b)
{
	while (ms_read_left(r)) {
		struct ms_reader value;
		struct ms_span s;
		uint8_t tag;

		if (ms_read_u8(r, &tag) || tag >= T_COUNT || !takers[tag] || ms_read_lv16(r, &s))
			return -EBADMSG;
		value = ms_reader_of(s);
		if (takers[tag](b, &value) || ms_read_end(&value))
			return -EBADMSG;
	}
	return 0;
}

int ms_bearer_unpack(struct ms_span packed, struct ms_bearer *ret_b)
{
	struct ms_reader r = ms_reader_of(packed);

	ms_bearer_init(ret_b);
	int err = take_all(&r, ret_b);
	if (err)
		ms_bearer_wipe(ret_b);
	return err;
}
