/* SPDX-License-Identifier: Apache-2.0 */
/* Records in and out of a session that is ours: what their contents mean. */
#include <errno.h>
#include <openssl/err.h>

#include "core/alloc.h"
#include "tls/record-priv.h"

/* Longest body (RFC 5246 section 6.2.3, RFC 8446 section 5.2). */
#define BODY_MAX_12 (MS_TLS_RECORD + MS_TLS_EXPLICIT + MS_TLS_TAG)
#define BODY_MAX_13 (MS_TLS_RECORD + 256)

/* As libssl has it: so many records in a row may bring nothing. */
#define IDLE_MAX 32

/* RFC 8446 section 5.5: some 2^24.5 full records are safe under one key of AES-GCM. */
#define UPDATE_AFTER ((uint64_t)1 << 24)

enum { HELLO_REQUEST = 0, CLIENT_HELLO = 1, NEW_SESSION_TICKET = 4, KEY_UPDATE = 24 };

struct ms_tls_record *ms_tls_record_free(struct ms_tls *t)
{
	struct ms_tls_record *r = t->record;

	if (!r)
		return NULL;
	ms_tls_record_unkey(t->ctx, &r->in);
	ms_tls_record_unkey(t->ctx, &r->out);
	ms_free(r->part);
	ms_wipe(r, sizeof(*r));
	return ms_free(r);
}

/* ---- sending ---- */

static int send_record(struct ms_tls *t, uint8_t type, struct ms_span plain)
{
	size_t room = 0, n;
	uint8_t *out = ms_tls_room(t, MS_TLS_OUT, plain.len + MS_TLS_RECORD_MORE,
				   plain.len + MS_TLS_RECORD_MORE, &room);

	if (!out)
		return ms_tls_fail(t, 0, "tls_no_memory");
	n = ms_tls_record_seal(t, type, plain, out);
	ms_tls_put(t, MS_TLS_OUT, n);
	return n > 0 ? 0 : ms_tls_fail(t, 0, "tls_internal");
}

static int send_alert(struct ms_tls *t, uint8_t level, uint8_t number)
{
	const uint8_t alert[] = { level, number };

	if (level == SSL3_AL_FATAL)
		t->alert_out = number;
	return send_record(t, MS_TLS_ALERT, ms_span_of(alert, sizeof(alert)));
}

static void new_keys(struct ms_tls *t, struct ms_tls_side *side)
{
	ms_tls_record_next_keys(t->record, side);
	ms_tls_record_unkey(t->ctx, side);
}

/* RFC 8446 section 4.6.3: told under the old key. */
static int update_out(struct ms_tls *t)
{
	static const uint8_t update[] = { KEY_UPDATE, 0, 0, 1, 0 };
	int err = send_record(t, MS_TLS_HANDSHAKE_MESSAGE, ms_span_of(update, sizeof(update)));

	t->record->owes_update = false;
	if (err == 0)
		new_keys(t, &t->record->out);
	return err;
}

static bool update_is_due(const struct ms_tls_record *r)
{
	return r->v13 && (r->owes_update || r->out.seq >= UPDATE_AFTER);
}

int ms_tls_record_write(struct ms_tls *t, struct ms_span plain, size_t *ret_taken)
{
	size_t taken = 0;
	int err = 0;

	while (err == 0 && taken < plain.len &&
	       ms_tls_waiting(t, MS_TLS_OUT).len < t->ctx->config.output_max) {
		struct ms_span piece = ms_span_sub(plain, taken, MS_TLS_RECORD);

		if (update_is_due(t->record))
			err = update_out(t);
		if (err == 0)
			err = send_record(t, MS_TLS_DATA, piece);
		if (err == 0)
			taken += piece.len;
	}
	*ret_taken = taken;
	return err;
}

void ms_tls_record_close(struct ms_tls *t)
{
	/* It goes as far as it goes: the session ends here anyway. */
	(void)!send_alert(t, SSL3_AL_WARNING, SSL_AD_CLOSE_NOTIFY);
}

/* ---- receiving ---- */

static int refuse(struct ms_tls *t, int alert, const char *reason)
{
	(void)!send_alert(t, SSL3_AL_FATAL, (uint8_t)alert);
	return ms_tls_fail(t, 0, reason);
}

static int refuse_alert(struct ms_tls *t, int alert)
{
	return refuse(t, alert,
		      alert == SSL_AD_BAD_RECORD_MAC    ? "tls_bad_record_mac"
		      : alert == SSL_AD_RECORD_OVERFLOW ? "tls_record_too_long"
							: "tls_protocol");
}

static int on_alert(struct ms_tls *t, struct ms_span s)
{
	if (s.len != 2)
		return refuse(t, SSL_AD_DECODE_ERROR, "tls_protocol");
	if (s.p[1] == SSL_AD_CLOSE_NOTIFY) {
		t->state = MS_TLS_HALF;
		return 0;
	}
	/* In TLS 1.3 the level says nothing any more (RFC 8446 section 6). */
	if (s.p[0] == SSL3_AL_WARNING && (!t->record->v13 || s.p[1] == SSL_AD_USER_CANCELLED))
		return 0;
	t->alert_in = s.p[1];
	ERR_clear_error();
	return ms_tls_fail_ssl(t);
}

static int on_key_update(struct ms_tls *t, uint8_t request)
{
	if (request > 1)
		return refuse(t, SSL_AD_ILLEGAL_PARAMETER, "tls_protocol");
	new_keys(t, &t->record->in);
	if (request == 0)
		return 0;
	/* One answer is enough for all that come before our next octets, so that a peer who asks and does
	 * not read cannot fill our memory. */
	t->record->owes_update = true;
	return ms_tls_waiting(t, MS_TLS_OUT).len == 0 ? update_out(t) : 0;
}

/* RFC 5246 section 7.4.1.1: nobody has to renegotiate. */
static int on_renegotiation(struct ms_tls *t)
{
	t->renegotiates = true;
	(void)!send_alert(t, SSL3_AL_WARNING, SSL_AD_NO_RENEGOTIATION);
	return ms_tls_fail(t, SSL_AD_NO_RENEGOTIATION, "tls_renegotiation");
}

/* A message whose header is whole; `*s` is what of its body came with it. */
static int on_message(struct ms_tls *t, struct ms_span *s)
{
	struct ms_tls_record *r = t->record;
	uint32_t len = (uint32_t)r->head[1] << 16 | (uint32_t)r->head[2] << 8 | r->head[3];
	uint8_t type = r->head[0];

	if (r->v13 && type == KEY_UPDATE && len == 1 && s->len == 0)
		return 0; /* its one octet comes with the next record */
	r->n_head = 0;
	if (!r->v13)
		return type == HELLO_REQUEST || type == CLIENT_HELLO
			       ? on_renegotiation(t)
			       : refuse(t, SSL_AD_UNEXPECTED_MESSAGE, "tls_protocol");
	if (type == NEW_SESSION_TICKET && t->role == MS_TLS_CLIENT) {
		r->skip = len; /* nothing is resumed */
		return 0;
	}
	/* It ends its record: what follows is under other keys (RFC 8446 section 5.1). */
	if (type != KEY_UPDATE || len != 1 || s->len != 1)
		return refuse(t, SSL_AD_UNEXPECTED_MESSAGE, "tls_protocol");
	type = s->p[0];
	*s = MS_SPAN_NULL;
	return on_key_update(t, type);
}

static int on_handshake(struct ms_tls *t, struct ms_span s)
{
	struct ms_tls_record *r = t->record;
	int err = s.len > 0 ? 0 : refuse(t, SSL_AD_UNEXPECTED_MESSAGE, "tls_protocol");

	while (err == 0 && s.len > 0) {
		size_t skip = r->skip < s.len ? r->skip : s.len;

		r->skip -= (uint32_t)skip;
		s = ms_span_from(s, skip);
		for (; s.len > 0 && r->n_head < sizeof(r->head); s = ms_span_from(s, 1))
			r->head[r->n_head++] = s.p[0];
		if (r->n_head == sizeof(r->head))
			err = on_message(t, &s);
	}
	return err;
}

/* What is nothing for the reader. */
static int on_other(struct ms_tls *t, uint8_t type, struct ms_span s)
{
	struct ms_tls_record *r = t->record;

	if (++r->idle > IDLE_MAX)
		return refuse(t, SSL_AD_UNEXPECTED_MESSAGE, "tls_flood");
	if (type == MS_TLS_DATA)
		return 0;
	if (type == MS_TLS_ALERT)
		return on_alert(t, s);
	if (type == MS_TLS_HANDSHAKE_MESSAGE)
		return on_handshake(t, s);
	return refuse(t, SSL_AD_UNEXPECTED_MESSAGE, "tls_protocol");
}

static int on_content(struct ms_tls *t, uint8_t type, struct ms_span s)
{
	int err;

	/* Messages are not interleaved with other records (RFC 8446 section 5.1). */
	if (type != MS_TLS_HANDSHAKE_MESSAGE && (t->record->skip > 0 || t->record->n_head > 0)) {
		ms_tls_put(t, MS_TLS_PLAIN, 0);
		return refuse(t, SSL_AD_UNEXPECTED_MESSAGE, "tls_protocol");
	}
	if (type == MS_TLS_DATA && s.len > 0) {
		t->record->idle = 0;
		ms_tls_put(t, MS_TLS_PLAIN, s.len);
		return 0;
	}
	err = on_other(t, type, s);
	ms_tls_put(t, MS_TLS_PLAIN, 0);
	return err;
}

/* A whole record. Its text goes where the reader will look for it; other contents are read there. */
static int on_record(struct ms_tls *t, struct ms_span record)
{
	size_t room = 0, len = 0;
	uint8_t *out = ms_tls_room(t, MS_TLS_PLAIN, record.len, record.len, &room);
	uint8_t type = 0;
	int alert;

	if (!out)
		return ms_tls_fail(t, 0, "tls_no_memory");
	alert = ms_tls_record_open(t, record, out, &type, &len);
	if (alert) {
		ms_tls_put(t, MS_TLS_PLAIN, 0);
		return refuse_alert(t, alert);
	}
	return on_content(t, type, ms_span_of(out, len));
}

/* Is this header that of a record we take? 0 or -EPROTO. */
static int check_header(struct ms_tls *t, const uint8_t *p)
{
	size_t len = (size_t)p[3] << 8 | p[4];

	/* In TLS 1.3 the version in the header says nothing (RFC 8446 section 5.1). */
	if (!t->record->v13 && (p[1] != TLS1_2_VERSION >> 8 || p[2] != (TLS1_2_VERSION & 0xff)))
		return refuse(t, SSL_AD_PROTOCOL_VERSION, "tls_version");
	if (t->record->v13 && p[0] != MS_TLS_DATA)
		return refuse(t, SSL_AD_UNEXPECTED_MESSAGE, "tls_protocol");
	if (len > (t->record->v13 ? BODY_MAX_13 : BODY_MAX_12))
		return refuse(t, SSL_AD_RECORD_OVERFLOW, "tls_record_too_long");
	return 0;
}

static size_t record_len(const uint8_t *header)
{
	return MS_TLS_HEADER + ((size_t)header[3] << 8 | header[4]);
}

/* Adds to the record that is not whole yet, up to `want` octets of it. */
static int gather(struct ms_tls *t, struct ms_span *in, size_t want)
{
	struct ms_tls_record *r = t->record;
	size_t n = want - r->part_len < in->len ? want - r->part_len : in->len;
	uint8_t *part;

	if (n == 0)
		return 0;
	part = ms_realloc(r->part, want);
	if (!part)
		return ms_tls_fail(t, 0, "tls_no_memory");
	r->part = part;
	memcpy(part + r->part_len, in->p, n);
	r->part_len = (uint16_t)(r->part_len + n);
	*in = ms_span_from(*in, n);
	return 0;
}

static bool may_decrypt(const struct ms_tls *t, size_t len)
{
	size_t waiting = ms_tls_waiting(t, MS_TLS_PLAIN).len;
	size_t around = MS_TLS_HEADER + MS_TLS_TAG + (t->record->v13 ? 1 : MS_TLS_EXPLICIT);

	return waiting == 0 || len <= around || waiting + len - around <= t->ctx->config.plain_max;
}

/* A record that began in earlier octets. *ret_more: go on. */
static int from_part(struct ms_tls *t, struct ms_span *in, bool *ret_more)
{
	struct ms_tls_record *r = t->record;
	struct ms_span whole;
	int err = 0;

	if (r->part_len < MS_TLS_HEADER)
		err = gather(t, in, MS_TLS_HEADER);
	if (err || r->part_len < MS_TLS_HEADER)
		return err;
	err = check_header(t, r->part);
	if (err == 0 && r->part_len < record_len(r->part))
		err = gather(t, in, record_len(r->part));
	if (err || r->part_len < record_len(r->part) || !may_decrypt(t, r->part_len))
		return err;
	whole = ms_span_of(r->part, r->part_len);
	err = on_record(t, whole);
	r->part = ms_free(r->part);
	r->part_len = 0;
	*ret_more = true;
	return err;
}

static int from_input(struct ms_tls *t, struct ms_span *in, bool *ret_more)
{
	size_t len;
	int err;

	if (in->len < MS_TLS_HEADER)
		return gather(t, in, MS_TLS_HEADER);
	err = check_header(t, in->p);
	if (err)
		return err;
	len = record_len(in->p);
	if (in->len < len)
		return gather(t, in, len);
	if (!may_decrypt(t, len))
		return 0;
	err = on_record(t, ms_span_sub(*in, 0, len));
	*in = ms_span_from(*in, len);
	*ret_more = true;
	return err;
}

int ms_tls_record_input(struct ms_tls *t, struct ms_span *in)
{
	bool more = true;
	int err = 0;

	while (err == 0 && more && t->state == MS_TLS_OPEN && (in->len > 0 || t->record->part)) {
		more = false;
		err = t->record->part ? from_part(t, in, &more) : from_input(t, in, &more);
	}
	return err;
}
