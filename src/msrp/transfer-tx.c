/* SPDX-License-Identifier: Apache-2.0 */
/* Sending a file: RFC 5547 sections 8.2.1, 8.3.2, 8.4 and 8.7. */
#include <errno.h>

#include "core/alloc.h"
#include "msrp/transfer-priv.h"

struct ms_msrp_file_tx {
	struct ms_msrp_file_params params;
	struct ms_msrp_out *out; /* while it is being sent */
	uint64_t length, progress;
	bool cancelled, storage_failed;
};

int ms_msrp_file_tx_new(const struct ms_msrp_file_params *params, struct ms_msrp_file_tx **ret_t)
{
	const struct ms_msrp_file_range *r = &params->range;
	struct ms_msrp_file_tx *t;

	if (!params->file.has_size || !params->store.read || r->first == 0 ||
	    r->first > params->file.size + 1 ||
	    (r->last != MS_MSRP_UNKNOWN && (r->last > params->file.size || r->last < r->first)))
		return -EINVAL;
	t = ms_zalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->params = *params;
	t->length = ms_msrp_file_length(params);
	*ret_t = t;
	return 0;
}

struct ms_msrp_file_tx *ms_msrp_file_tx_free(struct ms_msrp_file_tx *t)
{
	return ms_free(t);
}

static int read_file(void *arg, uint64_t offset, uint8_t *dst, size_t size, size_t *ret_n)
{
	struct ms_msrp_file_tx *t = arg;
	const struct ms_msrp_file_params *p = &t->params;
	int err;

	if (offset + size > t->length)
		size = (size_t)(t->length - offset);
	err = p->store.read(p->store.arg, p->range.first - 1 + offset, dst, size, ret_n);
	if (err < 0) {
		t->storage_failed = err != -EAGAIN;
		return err;
	}
	t->storage_failed = *ret_n == 0; /* shorter than was said */
	if (offset + *ret_n > t->progress) {
		t->progress = offset + *ret_n;
		if (p->events.progress)
			p->events.progress(p->events.arg, t->progress, t->length);
	}
	return 0;
}

static void put_disposition(struct ms_buf *b, const struct ms_msrp_file_selector *f)
{
	ms_buf_put_str(b, "attachment");
	if (f->name[0] != '\0') {
		ms_buf_put_str(b, "; filename=\"");
		ms_msrp_file_safe_name(b, ms_span_str(f->name));
		ms_buf_put_str(b, "\"");
	}
	ms_buf_printf(b, "; size=%llu", (unsigned long long)f->size);
}

int ms_msrp_file_tx_start(struct ms_msrp_file_tx *t, struct ms_msrp_session *s)
{
	const struct ms_msrp_file_selector *f = &t->params.file;
	uint8_t memory[512];
	struct ms_buf disposition;
	struct ms_msrp_send m = {
		.content_type =
			f->type[0] ? ms_span_str(f->type) : MS_SPAN_LIT("application/octet-stream"),
		.source = { read_file, t },
		.total = t->length,
		.success_report = true,
		.user = t,
	};

	if (t->out)
		return -EBUSY;
	ms_buf_init_fixed(&disposition, memory, sizeof(memory));
	put_disposition(&disposition, f);
	if (ms_buf_status(&disposition) < 0)
		return ms_buf_status(&disposition);
	m.content_disposition = ms_buf_span(&disposition);
	return ms_msrp_send(s, &m, &t->out);
}

void ms_msrp_file_tx_cancel(struct ms_msrp_file_tx *t)
{
	if (!t->out)
		return;
	t->cancelled = true;
	ms_msrp_out_abort(t->out);
}

static enum ms_msrp_file_result result_of(const struct ms_msrp_file_tx *t,
					  enum ms_msrp_outcome outcome)
{
	switch (outcome) {
	case MS_MSRP_SENT:
	case MS_MSRP_ACCEPTED:
	case MS_MSRP_REPORTED:
		return MS_MSRP_FILE_DONE;
	case MS_MSRP_REFUSED:
		return MS_MSRP_FILE_REFUSED;
	case MS_MSRP_TIMED_OUT:
		return MS_MSRP_FILE_TIMED_OUT;
	case MS_MSRP_ABORTED:
		if (t->cancelled)
			return MS_MSRP_FILE_CANCELLED;
		return t->storage_failed ? MS_MSRP_FILE_STORAGE : MS_MSRP_FILE_BAD_SIZE;
	case MS_MSRP_UNCONFIRMED:
		break;
	}
	return MS_MSRP_FILE_LOST;
}

static void on_done(void *arg, struct ms_msrp_out *out, enum ms_msrp_outcome outcome, int code)
{
	struct ms_msrp_file_tx *t = arg;

	(void)out;
	t->out = NULL;
	if (t->params.events.done)
		t->params.events.done(t->params.events.arg, result_of(t, outcome), code);
}

/* Section 8.7: the session carries this one file. */
static int on_begin(void *arg, struct ms_msrp_in *in)
{
	(void)arg;
	(void)in;
	return MS_MSRP_FORBIDDEN;
}

static void on_bound(void *arg)
{
	struct ms_msrp_file_tx *t = arg;

	if (t->params.events.bound)
		t->params.events.bound(t->params.events.arg);
}

static void on_failed(void *arg, int code)
{
	struct ms_msrp_file_tx *t = arg;

	if (t->params.events.failed)
		t->params.events.failed(t->params.events.arg, code);
}

const struct ms_msrp_handlers *ms_msrp_file_tx_handlers(void)
{
	static const struct ms_msrp_handlers handlers = {
		.begin = on_begin,
		.done = on_done,
		.bound = on_bound,
		.failed = on_failed,
	};

	return &handlers;
}
