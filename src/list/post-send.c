/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request one recipient gets: RFC 3428 section 4, RFC 5365 section 7.2, TS 24.247 clause 5.3.3.
 * Call-ID and From tag follow from the message and the recipient, so that a repetition after a crash
 * shows as one.
 */
#include <errno.h>

#include "core/alloc.h"
#include "list/post-priv.h"
#include "store/lists-queue.h"

#define HEADERS_MAX 4

static int read_body(struct ms_lists_letter *l)
{
	int err;

	if (l->has_body)
		return 0;
	err = ms_store_job_body(l->post->store, l->id, &l->body);
	l->has_body = err == 0;
	return err;
}

static unsigned retry_after(const struct ms_sip_packet *m)
{
	struct ms_span v = m ? ms_sip_packet_get(m, "Retry-After") : MS_SPAN_NULL;
	uint64_t seconds;
	size_t n = 0;

	/* A number, then perhaps a comment or parameters (RFC 3261 section 20.33). */
	while (n < v.len && v.p[n] >= '0' && v.p[n] <= '9')
		n++;
	return ms_span_u64(ms_span_sub(v, 0, n), UINT32_MAX, &seconds) == 0 ? (unsigned)seconds : 0;
}

static void answered(unsigned status, const struct ms_sip_packet *m, void *arg)
{
	struct ms_lists_recipient *r = arg;
	struct ms_lists_letter *l = r->job->user;
	struct ms_lists_post *p = l->post;

	/* 503 that nobody said: it could not be sent, or the connection broke. */
	if (!m && status == 503)
		status = 0;
	ms_lists_delivery_answer(p->delivery, r, status, retry_after(m), ms_clock_mono());
	ms_lists_post_kick(p);
}

static size_t put_headers(const struct ms_lists_letter *l, struct ms_sip_edit *e)
{
	const struct ms_lists_parcel *p = &l->parcel;
	const struct ms_sip_edit all[HEADERS_MAX] = {
		{ .name = "P-Asserted-Identity", .value = p->asserted },
		{ .name = "Content-Transfer-Encoding", .value = p->encoding },
		{ .name = "Privacy", .value = p->privacy },
		{ .name = l->post->tag_header, .value = p->tag },
	};
	size_t n = 0;

	for (size_t i = 0; i < HEADERS_MAX; i++)
		if (all[i].value.len > 0)
			e[n++] = all[i];
	return n;
}

int ms_lists_post_send(struct ms_lists_recipient *r, void *arg)
{
	struct ms_lists_post *p = arg;
	struct ms_lists_letter *l = r->job->user;
	struct ms_sip_edit headers[HEADERS_MAX];
	MS_CLEANUP(ms_buf_done) struct ms_buf text;
	size_t to, id, index = (size_t)(r - r->job->recipient);
	struct ms_sip_hop core;
	struct ms_sip_origin o = {
		.method = "MESSAGE",
		.uri = r->uri,
		.hop = &core,
		.side = MS_SIP_CORE,
		.cseq = 1,
		.max_forwards = l->parcel.max_forwards > 0 ? l->parcel.max_forwards - 1 : 0,
		.done = answered,
		.arg = r,
	};
	int err;

	ms_buf_init(&text, 4096);
	err = read_body(l);
	if (err < 0)
		return err;
	/* Whatever the recipient's host: the core decides where he is. */
	if (!ms_sip_proxy_hop_of(p->proxy, MS_SIP_CORE, MS_SPAN_LIT("sip:core.invalid"), &core))
		return -ENETUNREACH;
	ms_buf_put_span(&text, l->parcel.from);
	ms_buf_printf(&text, ";tag=%llx-%llx", (unsigned long long)l->created,
		      (unsigned long long)l->id);
	to = text.len;
	ms_buf_printf(&text, "<%.*s>", MS_SPAN_FMT(r->uri));
	id = text.len;
	ms_buf_printf(&text, "%llx-%llx-%zx@list", (unsigned long long)l->created,
		      (unsigned long long)l->id, index);
	err = ms_buf_status(&text);
	if (err < 0)
		return err;
	o.from = ms_span_sub(ms_buf_span(&text), 0, to);
	o.to = ms_span_sub(ms_buf_span(&text), to, id - to);
	o.call_id = ms_span_from(ms_buf_span(&text), id);
	o.content = (struct ms_sip_change){
		.edits = headers,
		.n_edits = put_headers(l, headers),
		.body = ms_buf_span(&l->body),
		.content_type = l->content_type,
	};
	return ms_sip_proxy_originate(p->proxy, &o);
}
