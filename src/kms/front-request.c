/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of users (RFC 6043 section 6.1): what can be checked without keys, then the vault's answer.
 *
 * A MIKEY refusal is an answer like any other (200 with an Error message); the statuses of HTTP are
 * for what HTTP sees: path, method, media type, size, rate, overload, a body that is no MIKEY.
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/base64.h"
#include "kms/front-priv.h"
#include "kms/msg.h"
#include "mikey/message.h"

#define MEDIA_TYPE "application/mikey"
#define NONE UINT32_MAX

int ms_kms_front_pending_new(struct ms_kms_front *f)
{
	/* The limit can be changed by a reload, up to what the table allows. */
	f->n_pending = 65536;
	f->pending = ms_calloc(f->n_pending, sizeof(*f->pending));
	if (!f->pending)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->n_pending; i++)
		f->pending[i].next_free = i + 1 < f->n_pending ? i + 1 : NONE;
	f->free = 0;
	return 0;
}

static void overload(struct ms_http_request *r)
{
	ms_count(ms_kms_front_counter(MS_KMS_F_OVERLOAD));
	ms_http_reply_fields(r, 503, "Retry-After: 1\r\n", "text/plain",
			     MS_SPAN_LIT("busy, try again\n"));
}

/* Which exchange the query asks for: two data types each (RFC 6043 section 6.1). */
static bool exchange_of(const struct ms_kms_front *f, const struct ms_http_request *r,
			uint8_t ret_type[2])
{
	char value[MS_PROFILE_TEXT_MAX];

	if (ms_http_query(r, f->config.profile.kms_query, value, sizeof(value)))
		return false;
	if (strcmp(value, f->config.profile.kms_request) == 0) {
		ret_type[0] = MS_MIKEY_REQUEST_INIT_PSK;
		ret_type[1] = MS_MIKEY_REQUEST_INIT_PK;
		return true;
	}
	ret_type[0] = MS_MIKEY_RESOLVE_INIT_PSK;
	ret_type[1] = MS_MIKEY_RESOLVE_INIT_PK;
	return strcmp(value, f->config.profile.kms_resolve) == 0;
}

/* A MIKEY message starts with its version, 1; base64 of one with "AQ". */
static int body_of(struct ms_kms_front *f, const struct ms_http_request *r,
		   struct ms_span *ret_body, bool *ret_base64)
{
	struct ms_span body = ms_http_body(r);
	int err;

	*ret_base64 = body.len > 0 && body.p[0] != MS_MIKEY_VERSION;
	*ret_body = body;
	if (!*ret_base64)
		return 0;
	ms_buf_reset(&f->scratch);
	err = ms_base64_decode(&f->scratch, body, true);
	*ret_body = ms_buf_span(&f->scratch);
	return err;
}

static void refuse(struct ms_http_request *r, enum ms_kms_front_counter why, int status,
		   const char *text)
{
	ms_count(ms_kms_front_counter(why));
	ms_http_reply(r, status, "text/plain", ms_span_str(text));
}

static void hand_over(struct ms_kms_front *f, struct ms_http_request *r, struct ms_span body,
		      bool base64)
{
	struct ms_kms_pending *p;
	uint64_t id;

	if (f->free == NONE || f->in_flight >= f->config.http.in_flight || !f->link) {
		overload(r);
		return;
	}
	p = &f->pending[f->free];
	id = (uint64_t)p->use << 32 | f->free;
	ms_buf_put_span(ms_chan_begin(f->link, MS_KMS_MSG_HANDLE, id), body);
	if (ms_chan_end(f->link)) {
		overload(r);
		return;
	}
	f->free = p->next_free;
	f->in_flight++;
	p->request = r;
	p->base64 = base64;
	ms_count(ms_kms_front_counter(MS_KMS_F_REQUESTS));
}

void ms_kms_front_request(struct ms_http_request *r, void *arg)
{
	struct ms_kms_front *f = arg;
	struct ms_span body;
	uint8_t type[2];
	bool base64;

	if (!exchange_of(f, r, type)) {
		refuse(r, MS_KMS_F_BAD_QUERY, 400, "unknown request type\n");
	} else if (!ms_http_is_type(r, MEDIA_TYPE)) {
		refuse(r, MS_KMS_F_MEDIA_TYPE, 415, "the body must be " MEDIA_TYPE "\n");
	} else if (body_of(f, r, &body, &base64) || body.len < 2 || body.p[0] != MS_MIKEY_VERSION) {
		refuse(r, MS_KMS_F_BAD_BODY, 400, "the body is no MIKEY message\n");
	} else if (body.p[1] != type[0] && body.p[1] != type[1]) {
		refuse(r, MS_KMS_F_BAD_QUERY, 400, "the message is none of that request type\n");
	} else {
		hand_over(f, r, body, base64);
	}
}

static struct ms_http_request *take_pending(struct ms_kms_front *f, uint64_t id, bool *ret_base64)
{
	uint32_t at = (uint32_t)id;
	struct ms_kms_pending *p;
	struct ms_http_request *r;

	if (at >= f->n_pending)
		return NULL;
	p = &f->pending[at];
	if (!p->request || p->use != (uint32_t)(id >> 32))
		return NULL;
	r = p->request;
	*ret_base64 = p->base64;
	p->request = NULL;
	p->use++;
	p->next_free = f->free;
	f->free = at;
	f->in_flight--;
	return r;
}

static void reply_mikey(struct ms_kms_front *f, struct ms_http_request *r, struct ms_span message,
			bool base64)
{
	if (base64) {
		ms_buf_reset(&f->scratch);
		ms_base64_encode(&f->scratch, message);
		if (ms_buf_status(&f->scratch)) {
			overload(r);
			return;
		}
		message = ms_buf_span(&f->scratch);
	}
	ms_http_reply(r, 200, MEDIA_TYPE, message);
}

void ms_kms_front_answer(struct ms_kms_front *f, struct ms_msg *m)
{
	uint8_t answer = ms_msg_u8(m);
	struct ms_span message = ms_msg_rest(m);
	bool base64 = false;
	struct ms_http_request *r = take_pending(f, m->id, &base64);

	/* Answered too late: the client has had its 503. */
	if (!r)
		return;
	ms_kms_count_latency((uint64_t)(ms_loop_now() - ms_http_since(r)));
	if (answer == MS_KMS_ANSWER_OK)
		reply_mikey(f, r, message, base64);
	else if (answer == MS_KMS_ANSWER_BAD)
		refuse(r, MS_KMS_F_BAD_BODY, 400, "the body is no MIKEY-TICKET request\n");
	else if (answer == MS_KMS_ANSWER_BUSY)
		overload(r);
	else
		ms_http_refuse(r, 500);
}

void ms_kms_front_drop_late(struct ms_kms_front *f)
{
	ms_usec now = ms_loop_now();

	for (uint32_t i = 0; i < f->n_pending && f->in_flight > 0; i++) {
		struct ms_kms_pending *p = &f->pending[i];
		bool base64;

		if (!p->request || now - ms_http_since(p->request) < f->config.http.answer_limit)
			continue;
		ms_count(ms_kms_front_counter(MS_KMS_F_LATE));
		overload(take_pending(f, (uint64_t)p->use << 32 | i, &base64));
	}
}

void ms_kms_front_drop_all(struct ms_kms_front *f)
{
	bool base64;

	for (uint32_t i = 0; i < f->n_pending; i++)
		if (f->pending[i].request)
			overload(take_pending(f, (uint64_t)f->pending[i].use << 32 | i, &base64));
}
