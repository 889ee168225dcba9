/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving a file: RFC 5547 sections 8.2.2, 8.3.1, 8.4 and 8.7. */
#include <errno.h>

#include "core/alloc.h"
#include "msrp/range-set.h"
#include "msrp/transfer-priv.h"
#include "msrp/types.h"

#define RANGES_MAX 256

struct ms_msrp_file_rx {
	struct ms_msrp_file_params params;
	struct ms_msrp_in *in; /* while it comes */
	struct ms_msrp_file_hash hash;
	struct ms_msrp_range_set got; /* octets in the range */
	uint64_t length;              /* expected, or MS_MSRP_UNKNOWN */
	bool begun, finished, cancelled;
	bool rewritten;               /* octets that were hashed came again */
	enum ms_msrp_file_result why; /* of a stop that comes from here */
};

int ms_msrp_file_rx_new(const struct ms_msrp_file_params *params, struct ms_msrp_file_rx **ret_r)
{
	const struct ms_msrp_file_range *range = &params->range;
	struct ms_msrp_file_rx *r;

	if (!params->store.write || range->first == 0 ||
	    (range->last != MS_MSRP_UNKNOWN && range->last < range->first) ||
	    (params->file.has_size && range->first > params->file.size + 1) ||
	    (params->file.has_size && range->last != MS_MSRP_UNKNOWN &&
	     range->last > params->file.size))
		return -EINVAL;
	r = ms_zalloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->params = *params;
	r->length = ms_msrp_file_length(params);
	ms_msrp_range_set_init(&r->got, RANGES_MAX);
	*ret_r = r;
	return 0;
}

struct ms_msrp_file_rx *ms_msrp_file_rx_free(struct ms_msrp_file_rx *r)
{
	if (!r)
		return NULL;
	ms_msrp_file_hash_done(&r->hash);
	ms_msrp_range_set_done(&r->got);
	return ms_free(r);
}

uint64_t ms_msrp_file_rx_contiguous(const struct ms_msrp_file_rx *r)
{
	return ms_msrp_range_set_prefix(&r->got);
}

static void finish(struct ms_msrp_file_rx *r, enum ms_msrp_file_result result, int code)
{
	if (r->finished)
		return;
	r->finished = true;
	r->in = NULL;
	if (r->params.events.done)
		r->params.events.done(r->params.events.arg, result, code);
}

/* The digests are those of the whole file (section 6), so the range must reach its end. */
static bool hash_is_checkable(const struct ms_msrp_file_rx *r)
{
	const struct ms_msrp_file_params *p = &r->params;

	if (!p->file.has_sha1 && !p->file.has_sha256)
		return false;
	return p->range.last == MS_MSRP_UNKNOWN ||
	       (p->file.has_size && p->range.last == p->file.size);
}

static int start_hash(struct ms_msrp_file_rx *r)
{
	const struct ms_msrp_file_params *p = &r->params;
	int err;

	if (!hash_is_checkable(r))
		return 0;
	err = ms_msrp_file_hash_init(&r->hash, p->file.has_sha1, p->file.has_sha256);
	if (err < 0 || p->range.first == 1)
		return err;
	/* what an earlier transfer left */
	return ms_msrp_file_hash_store(&r->hash, &p->store, p->range.first - 1);
}

static int refuse(struct ms_msrp_file_rx *r, enum ms_msrp_file_result why, int code)
{
	finish(r, why, code);
	return code;
}

static bool type_fits(const struct ms_msrp_file_rx *r, const struct ms_msrp_in *in)
{
	struct ms_span wanted = ms_msrp_type_essence(ms_span_str(r->params.file.type));

	return wanted.len == 0 ||
	       ms_span_eq_nocase(wanted, ms_msrp_type_essence(ms_msrp_in_content_type(in)));
}

static int on_begin(void *arg, struct ms_msrp_in *in)
{
	struct ms_msrp_file_rx *r = arg;
	uint64_t total = ms_msrp_in_total(in);

	if (r->cancelled)
		return MS_MSRP_STOP_SENDING;
	if (r->begun)
		return MS_MSRP_FORBIDDEN; /* section 8.7: one file a session */
	r->begun = true;
	if (!type_fits(r, in))
		return refuse(r, MS_MSRP_FILE_BAD_TYPE, MS_MSRP_UNSUPPORTED_TYPE);
	if (total != MS_MSRP_UNKNOWN && r->length != MS_MSRP_UNKNOWN && total != r->length)
		return refuse(r, MS_MSRP_FILE_BAD_SIZE, MS_MSRP_STOP_SENDING);
	if (start_hash(r) < 0)
		return refuse(r, MS_MSRP_FILE_STORAGE, MS_MSRP_STOP_SENDING);
	r->in = in;
	return 0;
}

static int stop(struct ms_msrp_file_rx *r, enum ms_msrp_file_result why)
{
	r->why = why;
	return MS_MSRP_STOP_SENDING;
}

/* In order, the octets are hashed as they come; else the store is read in the end. */
static int hash_octets(struct ms_msrp_file_rx *r, uint64_t at, struct ms_span octets)
{
	if (!r->hash.sha1 && !r->hash.sha256)
		return 0;
	if (at < r->hash.done)
		r->rewritten = true;
	return at == r->hash.done ? ms_msrp_file_hash_update(&r->hash, octets) : 0;
}

static int on_data(void *arg, struct ms_msrp_in *in, uint64_t offset, struct ms_span octets)
{
	struct ms_msrp_file_rx *r = arg;
	const struct ms_msrp_file_params *p = &r->params;
	uint64_t at = p->range.first - 1 + offset;

	if (r->length != MS_MSRP_UNKNOWN && offset + octets.len > r->length)
		return stop(r, MS_MSRP_FILE_BAD_SIZE);
	if (p->store.write(p->store.arg, at, octets) < 0 || hash_octets(r, at, octets) < 0 ||
	    ms_msrp_range_set_add(&r->got, offset, offset + octets.len) < 0)
		return stop(r, MS_MSRP_FILE_STORAGE);
	if (p->events.progress)
		p->events.progress(p->events.arg, ms_msrp_range_set_size(&r->got), r->length);
	(void)in;
	return 0;
}

/* All came: does it fit what was agreed? */
static enum ms_msrp_file_result verify(struct ms_msrp_file_rx *r, uint64_t total)
{
	const struct ms_msrp_file_params *p = &r->params;
	const struct ms_msrp_file_selector *f = &p->file;
	struct ms_msrp_file_selector is = { .has_size = false };
	int err = 0;

	if (r->length != MS_MSRP_UNKNOWN && total != r->length)
		return MS_MSRP_FILE_BAD_SIZE;
	if (!hash_is_checkable(r))
		return MS_MSRP_FILE_DONE;
	if (r->rewritten) {
		ms_msrp_file_hash_done(&r->hash);
		err = ms_msrp_file_hash_init(&r->hash, f->has_sha1, f->has_sha256);
	}
	if (err == 0 && r->hash.done < p->range.first - 1 + total)
		err = ms_msrp_file_hash_store(&r->hash, &p->store, p->range.first - 1 + total);
	if (err == 0)
		err = ms_msrp_file_hash_final(&r->hash, &is);
	if (err < 0)
		return MS_MSRP_FILE_STORAGE;
	if ((f->has_sha1 && memcmp(f->sha1, is.sha1, sizeof(is.sha1)) != 0) ||
	    (f->has_sha256 && memcmp(f->sha256, is.sha256, sizeof(is.sha256)) != 0))
		return MS_MSRP_FILE_BAD_HASH;
	return MS_MSRP_FILE_DONE;
}

static int on_end(void *arg, struct ms_msrp_in *in, enum ms_msrp_in_end how)
{
	struct ms_msrp_file_rx *r = arg;
	enum ms_msrp_file_result result = MS_MSRP_FILE_LOST;

	r->in = NULL;
	if (how == MS_MSRP_IN_COMPLETE)
		result = verify(r, ms_msrp_in_total(in));
	else if (how == MS_MSRP_IN_STOPPED)
		/* by cancel(), by on_data(), or by the engine: chunks that contradict each other */
		result = r->why != MS_MSRP_FILE_DONE ? r->why : MS_MSRP_FILE_BAD_SIZE;
	else if (how == MS_MSRP_IN_ABORTED)
		result = MS_MSRP_FILE_ABORTED;
	else if (how == MS_MSRP_IN_IDLE)
		result = MS_MSRP_FILE_TIMED_OUT;
	finish(r, result, 0);
	/* No status code says "not the file you announced"; 400 admits another attempt. */
	return result == MS_MSRP_FILE_DONE ? 0 : MS_MSRP_BAD_REQUEST;
}

void ms_msrp_file_rx_cancel(struct ms_msrp_file_rx *r)
{
	r->cancelled = true;
	r->why = MS_MSRP_FILE_CANCELLED;
	if (r->in)
		ms_msrp_in_stop(r->in, MS_MSRP_STOP_SENDING);
	else
		finish(r, MS_MSRP_FILE_CANCELLED, 0);
}

static void on_bound(void *arg)
{
	struct ms_msrp_file_rx *r = arg;

	if (r->params.events.bound)
		r->params.events.bound(r->params.events.arg);
}

static void on_failed(void *arg, int code)
{
	struct ms_msrp_file_rx *r = arg;

	finish(r, MS_MSRP_FILE_LOST, code);
	if (r->params.events.failed)
		r->params.events.failed(r->params.events.arg, code);
}

const struct ms_msrp_handlers *ms_msrp_file_rx_handlers(void)
{
	static const struct ms_msrp_handlers handlers = {
		.begin = on_begin,
		.data = on_data,
		.end = on_end,
		.bound = on_bound,
		.failed = on_failed,
	};

	return &handlers;
}
