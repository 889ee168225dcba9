/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests in, answers out, a round of the loop at a time: what one read brought is handled, then
 * the replay journal and the audit log are written once, then all answers leave in one write. No
 * answer leaves before its message is in the journal.
 */
#include <errno.h>
#include <inttypes.h>

#include "core/alloc.h"
#include "kms/counters.h"
#include "kms/msg.h"
#include "kms/vault.h"

/** Answers of a batch, octets; a fuller batch is ended early. */
#define OUT_MAX ((size_t)8 << 20)
#define OUT_FULL (OUT_MAX - 2 * (size_t)MS_MIKEY_MESSAGE_MAX)

static struct ms_counter *counter(enum ms_kms_vault_counter c)
{
	return &ms_kms_vault_set.counters[c];
}

static void on_end(void *arg)
{
	ms_kms_batch_end(arg);
}

int ms_kms_batch_init(struct ms_kms_vault *v)
{
	ms_buf_init(&v->batch.out, OUT_MAX);
	ms_defer_init(&v->batch.end, on_end, v);
	v->batch.result = ms_calloc(MS_KMS_BATCH_MAX, sizeof(*v->batch.result));
	return v->batch.result ? 0 : -ENOMEM;
}

void ms_kms_batch_done(struct ms_kms_vault *v)
{
	ms_defer_cancel(&v->batch.end);
	ms_buf_done(&v->batch.out);
	v->batch.result = ms_free(v->batch.result);
	v->batch.n = 0;
}

static void count_granted(const struct ms_mikey_kms_outcome *o)
{
	bool issue = o->data_type == MS_MIKEY_REQUEST_INIT_PSK ||
		     o->data_type == MS_MIKEY_REQUEST_INIT_PK;

	ms_count(counter(issue ? MS_KMS_V_ISSUED : MS_KMS_V_RESOLVED));
}

static void refused(struct ms_kms_vault *v, uint64_t id, const char *reason)
{
	const struct ms_mikey_kms_outcome *o = &v->outcome;

	ms_kms_count_refused(reason);
	if (strcmp(reason, "replay") == 0)
		ms_count(counter(MS_KMS_V_REPLAYS));
	MS_LOG(&ms_kms_log_ticket, MS_LOG_INFO,
	       "req=%" PRIu64 " refused reason=%s offset=%zu type=%u user=%s claims=%s to=%s", id,
	       reason, o->offset, o->data_type, MS_QUOTED(ms_span_str(v->user)),
	       MS_QUOTED(o->claimed.data), MS_QUOTED(o->responder.data));
}

static enum ms_kms_answer judge(struct ms_kms_vault *v, uint64_t id, int err)
{
	const struct ms_mikey_kms_outcome *o = &v->outcome;
	const char *reason = v->reason ? v->reason : o->reason ? o->reason : "other";

	if (err == 0 && o->granted) {
		count_granted(o);
	} else if (err == 0 || err == -EBADMSG) {
		refused(v, id, reason);
		ms_count(counter(err ? MS_KMS_V_UNREADABLE : MS_KMS_V_ERROR_MESSAGES));
	} else {
		ms_count(counter(MS_KMS_V_FAILED));
		MS_LOG(&ms_kms_log_ticket, MS_LOG_WARNING, "req=%" PRIu64 " failed: %s", id,
		       strerror(-err));
	}
	if (err == 0 || err == -EBADMSG)
		ms_kms_audit_add(&v->audit, v->now, o, reason, v->user);
	if (err == 0)
		return MS_KMS_ANSWER_OK;
	if (err == -EBADMSG)
		return MS_KMS_ANSWER_BAD;
	return err == -EBUSY || err == -ENOSPC || err == -ENOMEM ? MS_KMS_ANSWER_BUSY
								 : MS_KMS_ANSWER_FAILED;
}

void ms_kms_batch_handle(struct ms_kms_vault *v, uint64_t id, struct ms_span body)
{
	struct ms_kms_batch *b = &v->batch;
	size_t at = b->out.len;
	int err;

	if (b->n == 0) {
		v->now = ms_clock_wall();
		ms_defer_call(&b->end);
	}
	v->reason = v->user = NULL;
	err = ms_mikey_kms_handle(&v->engine, body, v->now, &b->out, &v->outcome);
	if (err) {
		b->out.err = 0;
		ms_buf_truncate(&b->out, at);
	}
	b->result[b->n++] = (struct ms_kms_result){
		.id = id,
		.answer = (uint8_t)judge(v, id, err),
		.at = at,
		.len = b->out.len - at,
	};
	if (b->n == MS_KMS_BATCH_MAX || b->out.len > OUT_FULL)
		ms_kms_batch_end(v);
}

static void withhold(struct ms_kms_vault *v, int err)
{
	struct ms_kms_batch *b = &v->batch;

	MS_LOG(&ms_kms_log_store, MS_LOG_ERROR,
	       "replay journal: %s; %zu answers held back, their senders get 503", strerror(-err),
	       b->n);
	counter(MS_KMS_V_WITHHELD)->value += b->n;
	ms_kms_audit_withdraw(&v->audit, v->now, b->n);
	for (size_t i = 0; i < b->n; i++)
		if (b->result[i].answer == MS_KMS_ANSWER_OK)
			b->result[i] = (struct ms_kms_result){ .id = b->result[i].id,
							       .answer = MS_KMS_ANSWER_BUSY };
}

static void answer(struct ms_kms_vault *v, const struct ms_kms_result *r)
{
	struct ms_buf *out = ms_chan_begin(v->link, MS_KMS_MSG_ANSWER, r->id);

	ms_buf_put_u8(out, r->answer);
	ms_buf_put_span(out, ms_span_sub(ms_buf_span(&v->batch.out), r->at, r->len));
	/* The front gives up on it and says 503. */
	if (ms_chan_end(v->link))
		ms_count(counter(MS_KMS_V_FAILED));
}

void ms_kms_batch_end(struct ms_kms_vault *v)
{
	struct ms_kms_batch *b = &v->batch;
	int err;

	ms_defer_cancel(&b->end);
	if (b->n == 0)
		return;
	err = ms_kms_replay_flush(v->replay);
	if (err)
		withhold(v, err);
	if (ms_kms_audit_flush(&v->audit))
		MS_LOG(&ms_kms_log_store, MS_LOG_ERROR, "audit log: %s", strerror(errno));
	for (size_t i = 0; i < b->n && v->link; i++)
		answer(v, &b->result[i]);
	b->n = 0;
	ms_buf_reset(&b->out);
	ms_count(counter(MS_KMS_V_BATCHES));
}
