/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One TLS session: octets in, octets out. The caller's received octets are lent to OpenSSL for the
 * length of one call; what is decrypted goes straight into the queue the reader looks at.
 */
#include <errno.h>
#include <openssl/err.h>

#include "core/alloc.h"
#include "tls/record-priv.h"

static int check_psk(const struct ms_tls_peer *p)
{
	if (p->psk.len == 0 || p->psk.len > MS_SECRET_MAX)
		return -EINVAL;
	if (p->identity.len > MS_TLS_IDENTITY_MAX ||
	    ms_span_find(p->identity, '\0') < p->identity.len)
		return -EINVAL;
	/* RFC 8446 section 4.2.11: PskIdentity.identity<1..2^16-1>. */
	if (p->mode == MS_TLS_PSK_13 && p->identity.len == 0)
		return -EINVAL;
	return 0;
}

static int check_peer(const struct ms_tls_context *ctx, const struct ms_tls_peer *p)
{
	if (p->mode != MS_TLS_CERTIFICATE)
		return ctx->psk ? check_psk(p) : -EINVAL;
	return ctx->cert && p->n_fingerprints <= MS_TLS_FINGERPRINTS_MAX ? 0 : -EINVAL;
}

static int attach_psk(struct ms_tls *t, const struct ms_tls_peer *peer)
{
	int err = ms_secret_set(&t->start->psk, peer->psk);

	if (err == 0)
		err = ms_span_to_str(peer->identity, t->start->identity,
				     sizeof(t->start->identity));
	return err < 0 ? err : ms_tls_psk_attach(t);
}

static int prepare(struct ms_tls *t, const struct ms_tls_peer *peer)
{
	struct ms_tls_context *ctx = t->ctx;
	bool certificate = t->mode == MS_TLS_CERTIFICATE;

	t->start = ms_zalloc(sizeof(*t->start));
	t->ssl = SSL_new(certificate ? ctx->cert : ctx->psk);
	if (!t->ssl || !t->start)
		return -ENOMEM;
	ms_buf_init(&t->start->held, ctx->config.held_max);
	BIO_up_ref(ctx->bio);
	SSL_set_bio(t->ssl, ctx->bio, ctx->bio);
	if (t->role == MS_TLS_CLIENT)
		SSL_set_connect_state(t->ssl);
	else
		SSL_set_accept_state(t->ssl);
	return certificate ? ms_tls_verify_attach(t, peer) : attach_psk(t, peer);
}

struct ms_tls_start *ms_tls_start_free(struct ms_tls_start *s)
{
	if (s) {
		ms_secret_wipe(&s->psk);
		ms_buf_done(&s->held);
		ms_tls_record_wipe(&s->secrets);
	}
	return ms_free(s);
}

/* What SSL_get_error() makes of a call that did not succeed: 0 if more input is wanted. */
static int settle(struct ms_tls *t, int result)
{
	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		if (t->state == MS_TLS_HANDSHAKE && ms_tls_is_held(t))
			t->state = MS_TLS_UNVERIFIED;
		return 0;
	case SSL_ERROR_WANT_RETRY_VERIFY:
		t->state = MS_TLS_UNVERIFIED;
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		if (t->state == MS_TLS_HANDSHAKE)
			return ms_tls_fail(t, 0, "tls_closed");
		t->state = MS_TLS_HALF;
		return 0;
	default:
		return ms_tls_fail_ssl(t);
	}
}

static int opened(struct ms_tls *t)
{
	t->state = MS_TLS_OPEN;
	t->deadline = MS_NEVER;
	t->record = ms_tls_record_make(t);
	if (t->record) {
		SSL_free(t->ssl);
		t->ssl = NULL;
	}
	if (!t->ctx->config.allow_renegotiation)
		t->start = ms_tls_start_free(t->start);
	else
		ms_tls_record_wipe(&t->start->secrets);
	return 0;
}

static int shake(struct ms_tls *t)
{
	int r;

	ERR_clear_error();
	r = SSL_do_handshake(t->ssl);
	return r == 1 ? opened(t) : settle(t, r);
}

/* A client's first flight. */
static int first_flight(struct ms_tls *t)
{
	int err;

	if (t->role != MS_TLS_CLIENT)
		return 0;
	t->ctx->active = t;
	err = shake(t);
	t->ctx->active = NULL;
	return err == 0 ? 0 : t->no_memory ? -ENOMEM : -EINVAL;
}

int ms_tls_new(struct ms_tls_context *ctx, const struct ms_tls_peer *peer, ms_usec now,
	       struct ms_tls **ret_t)
{
	struct ms_tls *t;
	int err = check_peer(ctx, peer);

	if (err < 0)
		return err;
	t = ms_zalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->ctx = ctx;
	t->role = (uint8_t)peer->role;
	t->mode = (uint8_t)peer->mode;
	t->alert_in = t->alert_out = MS_TLS_NO_ALERT;
	t->detail = "";
	t->deadline = ms_usec_add(now, ctx->config.handshake_time);
	err = prepare(t, peer);
	if (err == 0)
		err = first_flight(t);
	ERR_clear_error();
	if (err < 0) {
		ms_tls_free(t);
		return err;
	}
	*ret_t = t;
	return 0;
}

struct ms_tls *ms_tls_free(struct ms_tls *t)
{
	if (!t)
		return NULL;
	SSL_free(t->ssl);
	ms_tls_record_free(t);
	ms_tls_start_free(t->start);
	ms_tls_queues_done(t);
	ms_free(t->peer_identity);
	return ms_free(t);
}

/* One record's worth of plaintext. *ret_more says whether there may be another one. */
static int read_some(struct ms_tls *t, bool *ret_more)
{
	size_t waiting = ms_tls_waiting(t, MS_TLS_PLAIN).len, max = t->ctx->config.plain_max;
	size_t want = 0, got = 0;
	uint8_t *into;
	int r;

	*ret_more = false;
	if (waiting >= max)
		return 0;
	want = max - waiting < MS_TLS_RECORD ? max - waiting : MS_TLS_RECORD;
	into = ms_tls_room(t, MS_TLS_PLAIN, 1, want, &want);
	if (!into)
		return ms_tls_fail(t, 0, "tls_no_memory");
	r = SSL_read_ex(t->ssl, into, want, &got);
	ms_tls_put(t, MS_TLS_PLAIN, r == 1 ? got : 0);
	*ret_more = r == 1;
	return r == 1 ? 0 : settle(t, r);
}

static int work(struct ms_tls *t)
{
	bool more = true;
	int err = 0;

	ERR_clear_error();
	if (t->state == MS_TLS_HANDSHAKE)
		err = shake(t);
	if (err == 0 && t->record)
		return ms_tls_record_input(t, &t->ctx->in);
	while (err == 0 && more && t->state == MS_TLS_OPEN)
		err = read_some(t, &more);
	if (err == 0 && t->renegotiates)
		err = ms_tls_fail(t, SSL_AD_NO_RENEGOTIATION, "tls_renegotiation");
	return err;
}

int ms_tls_pump(struct ms_tls *t, struct ms_span in, size_t *ret_left)
{
	struct ms_tls_context *ctx = t->ctx;
	int err;

	ctx->active = t;
	ctx->in = in;
	err = work(t);
	*ret_left = ctx->in.len;
	ctx->in = MS_SPAN_NULL;
	ctx->active = NULL;
	if (t->ssl)
		SSL_free_buffers(t->ssl);
	return err;
}

/* Keeps what cannot be read before the peer's fingerprint is known; returns how much of it. */
static size_t hold(struct ms_tls *t, struct ms_span octets)
{
	struct ms_buf *held = &t->start->held;
	struct ms_span part = ms_span_sub(octets, 0, held->max - held->len);

	ms_buf_put_span(held, part);
	if (ms_buf_status(held) == 0)
		return part.len;
	ms_tls_fail(t, 0, "tls_no_memory");
	return 0;
}

int ms_tls_input(struct ms_tls *t, struct ms_span octets, size_t *ret_taken)
{
	size_t left = octets.len;
	int err = 0;

	if (t->state == MS_TLS_FAILED)
		return -EPROTO;
	if (t->state != MS_TLS_UNVERIFIED)
		err = ms_tls_pump(t, octets, &left);
	if (t->state == MS_TLS_UNVERIFIED)
		left -= hold(t, ms_span_from(octets, octets.len - left));
	/* After the end of the peer's octets, or of our interest in them, the rest is of no use. */
	*ret_taken = t->state <= MS_TLS_OPEN ? octets.len - left : octets.len;
	return t->state == MS_TLS_FAILED ? -EPROTO : err;
}

int ms_tls_input_end(struct ms_tls *t)
{
	if (t->state == MS_TLS_HALF || t->state == MS_TLS_CLOSED)
		return 0;
	/* Perhaps the peer said why. */
	if (t->state == MS_TLS_UNVERIFIED)
		ms_tls_unhold(t);
	return ms_tls_fail(t, 0, "tls_truncated");
}

struct ms_span ms_tls_plain(const struct ms_tls *t)
{
	return ms_tls_waiting(t, MS_TLS_PLAIN);
}

void ms_tls_consume(struct ms_tls *t, size_t n)
{
	ms_tls_take(t, MS_TLS_PLAIN, n);
}

static int write_records(struct ms_tls *t, struct ms_span plain, size_t *ret_taken)
{
	size_t taken = 0;

	ERR_clear_error();
	while (taken < plain.len && ms_tls_waiting(t, MS_TLS_OUT).len < t->ctx->config.output_max) {
		struct ms_span piece = ms_span_sub(plain, taken, MS_TLS_RECORD);
		size_t n = 0;
		int r = SSL_write_ex(t->ssl, piece.p, piece.len, &n);

		if (r != 1)
			return settle(t, r);
		taken += n;
	}
	*ret_taken = taken;
	return 0;
}

int ms_tls_write(struct ms_tls *t, struct ms_span plain, size_t *ret_taken)
{
	int err;

	if (t->state == MS_TLS_FAILED)
		return -EPROTO;
	if (t->state == MS_TLS_HALF || t->state == MS_TLS_CLOSED)
		return -EPIPE;
	*ret_taken = 0;
	if (t->state != MS_TLS_OPEN)
		return 0;
	if (t->record)
		return ms_tls_record_write(t, plain, ret_taken);
	t->ctx->active = t;
	err = write_records(t, plain, ret_taken);
	t->ctx->active = NULL;
	SSL_free_buffers(t->ssl);
	return err;
}

struct ms_span ms_tls_output(const struct ms_tls *t)
{
	return ms_tls_waiting(t, MS_TLS_OUT);
}

void ms_tls_sent(struct ms_tls *t, size_t n)
{
	ms_tls_take(t, MS_TLS_OUT, n);
}

void ms_tls_close(struct ms_tls *t)
{
	if (t->state == MS_TLS_FAILED || t->state == MS_TLS_CLOSED)
		return;
	ERR_clear_error();
	t->ctx->active = t;
	if (t->record)
		ms_tls_record_close(t);
	else if ((t->state == MS_TLS_OPEN || t->state == MS_TLS_HALF) && SSL_shutdown(t->ssl) < 0)
		ERR_clear_error();
	t->ctx->active = NULL;
	t->state = MS_TLS_CLOSED;
	t->deadline = MS_NEVER;
	t->start = ms_tls_start_free(t->start);
}

void ms_tls_expire(struct ms_tls *t, ms_usec now)
{
	if (t->state <= MS_TLS_UNVERIFIED && now >= t->deadline)
		ms_tls_fail(t, 0, "tls_timeout");
}
