/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One TLS session: octets in, octets out. The caller's received octets are lent to OpenSSL for the
 * length of one call; what is decrypted goes straight into the queue the reader looks at.
 */
#include <errno.h>
#include <openssl/err.h>

#include "core/alloc.h"
#include "tls/tls-priv.h"

/* Room in the output queue for one more write at output_max: a record, an alert, or a flight. */
#define OUTPUT_SLACK (2 * (MS_TLS_RECORD + 512))

static int check_peer(const struct ms_tls_peer *p)
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

static int start(struct ms_tls *t)
{
	BIO *bio;

	t->ssl = SSL_new(t->ctx->ssl);
	bio = t->ssl ? ms_tls_bio_new(t->ctx->bio, t) : NULL;
	if (!bio)
		return -ENOMEM;
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_app_data(t->ssl, t);
	SSL_set_info_callback(t->ssl, ms_tls_note_alert);
	if (t->role == MS_TLS_CLIENT)
		SSL_set_connect_state(t->ssl);
	else
		SSL_set_accept_state(t->ssl);
	return ms_tls_psk_attach(t);
}

/* What SSL_get_error() makes of a call that did not succeed: 0 if more input is wanted. */
static int settle(struct ms_tls *t, int result)
{
	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ:
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
	if (!t->ctx->config.allow_renegotiation)
		ms_secret_wipe(&t->psk);
	return 0;
}

static int shake(struct ms_tls *t)
{
	int r;

	ERR_clear_error();
	r = SSL_do_handshake(t->ssl);
	return r == 1 ? opened(t) : settle(t, r);
}

int ms_tls_new(struct ms_tls_context *ctx, const struct ms_tls_peer *peer, ms_usec now,
	       struct ms_tls **ret_t)
{
	struct ms_tls *t;
	int err = check_peer(peer);

	if (err < 0)
		return err;
	t = ms_zalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->ctx = ctx;
	t->role = peer->role;
	t->mode = peer->mode;
	t->alert_in = t->alert_out = MS_TLS_NO_ALERT;
	t->detail = "";
	t->deadline = ms_usec_add(now, ctx->config.handshake_time);
	ms_buf_init(&t->plain.b, ctx->config.plain_max);
	/* Twice: as much as waits may already have been sent and lie in front of it. */
	ms_buf_init(&t->out.b, 2 * (ctx->config.output_max + OUTPUT_SLACK));
	err = ms_secret_set(&t->psk, peer->psk);
	if (err == 0)
		err = ms_span_to_str(peer->identity, t->identity, sizeof(t->identity));
	if (err == 0)
		err = start(t);
	if (err == 0 && t->role == MS_TLS_CLIENT && shake(t) < 0)
		err = t->out.b.err == -ENOMEM ? -ENOMEM : -EINVAL;
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
	ms_buf_done(&t->plain.b);
	ms_buf_done(&t->out.b);
	ms_secret_wipe(&t->psk);
	return ms_free(t);
}

/* One record's worth of plaintext. *ret_more says whether there may be another one. */
static int read_some(struct ms_tls *t, bool *ret_more)
{
	size_t room = t->ctx->config.plain_max - (t->plain.b.len - t->plain.off);
	size_t want = room < MS_TLS_RECORD ? room : MS_TLS_RECORD, got = 0, len;
	uint8_t *into;
	int r;

	*ret_more = false;
	if (room == 0)
		return 0;
	ms_tls_queue_tidy(&t->plain);
	if (want > t->plain.b.max - t->plain.b.len)
		want = t->plain.b.max - t->plain.b.len;
	if (want == 0)
		return 0;
	len = t->plain.b.len;
	into = ms_buf_extend(&t->plain.b, want);
	if (!into)
		return ms_tls_fail(t, 0, "tls_no_memory");
	r = SSL_read_ex(t->ssl, into, want, &got);
	ms_buf_truncate(&t->plain.b, len + (r == 1 ? got : 0));
	*ret_more = r == 1;
	return r == 1 ? 0 : settle(t, r);
}

static int pump(struct ms_tls *t)
{
	bool more = true;
	int err = 0;

	if (t->state == MS_TLS_HANDSHAKE)
		err = shake(t);
	ERR_clear_error();
	while (err == 0 && more && t->state == MS_TLS_OPEN)
		err = read_some(t, &more);
	return err;
}

int ms_tls_input(struct ms_tls *t, struct ms_span octets, size_t *ret_taken)
{
	int err;

	if (t->state == MS_TLS_FAILED)
		return -EPROTO;
	t->in = octets;
	err = pump(t);
	/* After the end of the peer's octets, or of our interest in them, the rest is of no use. */
	*ret_taken = t->state == MS_TLS_OPEN || t->state == MS_TLS_HANDSHAKE
			     ? octets.len - t->in.len
			     : octets.len;
	t->in = MS_SPAN_NULL;
	return err;
}

int ms_tls_input_end(struct ms_tls *t)
{
	if (t->state == MS_TLS_HALF || t->state == MS_TLS_CLOSED)
		return 0;
	return ms_tls_fail(t, 0, "tls_truncated");
}

struct ms_span ms_tls_plain(const struct ms_tls *t)
{
	return ms_tls_queue_span(&t->plain);
}

void ms_tls_consume(struct ms_tls *t, size_t n)
{
	ms_tls_queue_take(&t->plain, n);
}

int ms_tls_write(struct ms_tls *t, struct ms_span plain, size_t *ret_taken)
{
	size_t taken = 0;
	int err = 0;

	if (t->state == MS_TLS_FAILED)
		return -EPROTO;
	if (t->state == MS_TLS_HALF || t->state == MS_TLS_CLOSED)
		return -EPIPE;
	ERR_clear_error();
	while (t->state == MS_TLS_OPEN && taken < plain.len &&
	       t->out.b.len - t->out.off < t->ctx->config.output_max) {
		struct ms_span piece = ms_span_sub(plain, taken, MS_TLS_RECORD);
		size_t n = 0;
		int r = SSL_write_ex(t->ssl, piece.p, piece.len, &n);

		if (r != 1) {
			err = settle(t, r);
			break;
		}
		taken += n;
	}
	if (err == 0)
		*ret_taken = taken;
	return err;
}

struct ms_span ms_tls_output(const struct ms_tls *t)
{
	return ms_tls_queue_span(&t->out);
}

void ms_tls_sent(struct ms_tls *t, size_t n)
{
	ms_tls_queue_take(&t->out, n);
}

void ms_tls_close(struct ms_tls *t)
{
	if (t->state == MS_TLS_FAILED || t->state == MS_TLS_CLOSED)
		return;
	ERR_clear_error();
	if (t->state != MS_TLS_HANDSHAKE && SSL_shutdown(t->ssl) < 0)
		ERR_clear_error();
	t->state = MS_TLS_CLOSED;
	t->deadline = MS_NEVER;
	ms_secret_wipe(&t->psk);
}

void ms_tls_expire(struct ms_tls *t, ms_usec now)
{
	if (t->state == MS_TLS_HANDSHAKE && now >= t->deadline)
		ms_tls_fail(t, 0, "tls_timeout");
}
