/* SPDX-License-Identifier: Apache-2.0 */
/* Files on their way: storage, events, and what the session has to know. See file.h. */
#include <errno.h>
#include <unistd.h>

#include "core/alloc.h"
#include "crypto/digest.h"
#include "loop/loop.h"
#include "ue/file-priv.h"

#define PROGRESS_EVERY (100 * MS_MSEC)

struct ms_ue_file *ms_ue_file_new(const struct ms_ue_file_handlers *h, bool sending)
{
	struct ms_ue_file *f = ms_zalloc(sizeof(*f));

	if (!f)
		return NULL;
	f->fd = -1;
	f->handlers = *h;
	f->sending = sending;
	return f;
}

struct ms_ue_file *ms_ue_file_free(struct ms_ue_file *f)
{
	if (!f)
		return NULL;
	if (f->rx && !f->over)
		ms_ue_file_keep_part(f);
	ms_digest_free(f->sha1);
	ms_digest_free(f->sha256);
	ms_msrp_file_tx_free(f->tx);
	ms_msrp_file_rx_free(f->rx);
	if (f->fd >= 0)
		close(f->fd);
	return ms_free(f);
}

/* ---- storage ---- */

int ms_ue_file_read(void *arg, uint64_t offset, uint8_t *dst, size_t size, size_t *ret_n)
{
	struct ms_ue_file *f = arg;
	ssize_t n = pread(f->fd, dst, size, (off_t)offset);

	if (n < 0)
		return -errno;
	*ret_n = (size_t)n;
	return 0;
}

static int store_write(void *arg, uint64_t offset, struct ms_span octets)
{
	struct ms_ue_file *f = arg;

	while (octets.len > 0) {
		ssize_t n = pwrite(f->fd, octets.p, octets.len, (off_t)offset);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			offset += (uint64_t)n;
			octets = ms_span_from(octets, (size_t)n);
		}
	}
	return 0;
}

/* ---- events of the transfer ---- */

static void on_progress(void *arg, uint64_t octets, uint64_t total)
{
	struct ms_ue_file *f = arg;
	ms_usec now = ms_loop_now();

	f->at = f->range.first - 1 + octets;
	if (octets < total && now - f->told < PROGRESS_EVERY)
		return;
	f->told = now;
	f->handlers.progress(f->handlers.arg, f->at, f->selector.size);
}

static const char *const reasons[] = {
	[MS_MSRP_FILE_DONE] = NULL,
	[MS_MSRP_FILE_REFUSED] = "file_refused",
	[MS_MSRP_FILE_CANCELLED] = "file_cancelled",
	[MS_MSRP_FILE_ABORTED] = "file_aborted",
	[MS_MSRP_FILE_BAD_SIZE] = "file_bad_size",
	[MS_MSRP_FILE_BAD_TYPE] = "file_bad_type",
	[MS_MSRP_FILE_BAD_HASH] = "file_bad_hash",
	[MS_MSRP_FILE_STORAGE] = "file_storage",
	[MS_MSRP_FILE_TIMED_OUT] = "file_timeout",
	[MS_MSRP_FILE_LOST] = "file_lost",
};

static void on_done(void *arg, enum ms_msrp_file_result result, int code)
{
	struct ms_ue_file *f = arg;
	const char *reason = reasons[result];

	if (f->over)
		return;
	f->over = true;
	if (!f->sending) {
		const char *trouble = ms_ue_file_received(f, result);

		reason = trouble ? trouble : reason;
	}
	f->handlers.done(f->handlers.arg, reason, code);
}

struct ms_msrp_file_params ms_ue_file_params(struct ms_ue_file *f)
{
	return (struct ms_msrp_file_params){
		.file = f->selector,
		.range = f->range,
		.store = { ms_ue_file_read, store_write, f },
		.events = { .progress = on_progress, .done = on_done, .arg = f },
	};
}

/* ---- in the session ---- */

static struct ms_span mark(const struct ms_buf *b, size_t from)
{
	return ms_span_from(ms_buf_span(b), from);
}

/* RFC 5547 section 8: what offer and answer carry. `text` must not move: it has its room. */
int ms_ue_file_attributes(const struct ms_ue_file *f, bool answer, struct ms_buf *text,
			  struct ms_sdp_attr_value v[static 4], size_t *ret_n)
{
	struct ms_msrp_file_range range = f->range;
	size_t n = 0, selector, at;

	ms_msrp_file_selector_put(text, &f->selector);
	selector = text->len;
	if (range.first > 1 || range.last < f->selector.size)
		ms_msrp_file_range_put(text, &range);
	at = text->len;
	if (ms_buf_status(text))
		return ms_buf_status(text);
	v[n++] = (struct ms_sdp_attr_value){ "file-selector",
					     ms_span_sub(ms_buf_span(text), 0, selector) };
	v[n++] = (struct ms_sdp_attr_value){ "file-transfer-id", ms_span_str(f->id) };
	if (!answer)
		v[n++] =
			(struct ms_sdp_attr_value){ "file-disposition", MS_SPAN_LIT("attachment") };
	if (at > selector)
		v[n++] = (struct ms_sdp_attr_value){ "file-range", mark(text, selector) };
	*ret_n = n;
	return 0;
}

const struct ms_msrp_handlers *ms_ue_file_msrp_handlers(const struct ms_ue_file *f, void **ret_arg)
{
	*ret_arg = f->sending ? (void *)f->tx : (void *)f->rx;
	return f->sending ? ms_msrp_file_tx_handlers() : ms_msrp_file_rx_handlers();
}

int ms_ue_file_start(struct ms_ue_file *f, struct ms_msrp_session *s)
{
	return f->sending ? ms_msrp_file_tx_start(f->tx, s) : 0;
}

void ms_ue_file_cancel(struct ms_ue_file *f)
{
	if (f->tx)
		ms_msrp_file_tx_cancel(f->tx);
	if (f->rx)
		ms_msrp_file_rx_cancel(f->rx);
}

bool ms_ue_file_sending(const struct ms_ue_file *f)
{
	return f->sending;
}

const char *ms_ue_file_name(const struct ms_ue_file *f)
{
	return f->selector.name;
}

const char *ms_ue_file_path(const struct ms_ue_file *f)
{
	return f->path;
}

const char *ms_ue_file_type(const struct ms_ue_file *f)
{
	return f->selector.type;
}

uint64_t ms_ue_file_size(const struct ms_ue_file *f)
{
	return f->selector.size;
}

uint64_t ms_ue_file_at(const struct ms_ue_file *f)
{
	return f->at;
}

bool ms_ue_file_has_hash(const struct ms_ue_file *f)
{
	return f->selector.has_sha256 || f->selector.has_sha1;
}

static void put_hex(struct ms_buf *b, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ms_buf_printf(b, "%s%02X", i > 0 ? ":" : "", p[i]);
}

void ms_ue_file_put_hash(const struct ms_ue_file *f, struct ms_buf *b)
{
	if (f->selector.has_sha256) {
		ms_buf_put_str(b, "sha-256:");
		put_hex(b, f->selector.sha256, sizeof(f->selector.sha256));
	} else if (f->selector.has_sha1) {
		ms_buf_put_str(b, "sha-1:");
		put_hex(b, f->selector.sha1, sizeof(f->selector.sha1));
	}
}
