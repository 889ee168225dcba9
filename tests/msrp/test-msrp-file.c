/* SPDX-License-Identifier: Apache-2.0 */
/* A file on its way between two sessions: whole, resumed, refused, cancelled, in any order (RFC 5547 section 8). */
#include <errno.h>

#include "ms-test.h"
#include "msrp/transfer.h"
#include "peers.h"

/* A file in memory, and one side's end of a transfer. */
struct disk {
	uint8_t *octets;
	uint64_t size, room;
	bool fail;
	uint64_t progress;
	unsigned done;
	enum ms_msrp_file_result result;
	int code;
	uint64_t cancel_at;
	struct ms_msrp_file_tx *tx;
	struct ms_msrp_file_rx *rx;
};

static int disk_read(void *arg, uint64_t offset, uint8_t *dst, size_t size, size_t *ret_n)
{
	struct disk *d = arg;

	if (d->fail)
		return -EIO;
	if (offset >= d->size)
		size = 0;
	else if (size > d->size - offset)
		size = (size_t)(d->size - offset);
	memcpy(dst, d->octets + offset, size);
	*ret_n = size;
	return 0;
}

static int disk_write(void *arg, uint64_t offset, struct ms_span octets)
{
	struct disk *d = arg;

	if (d->fail || offset + octets.len > d->room)
		return -ENOSPC;
	memcpy(d->octets + offset, octets.p, octets.len);
	if (offset + octets.len > d->size)
		d->size = offset + octets.len;
	return 0;
}

static void on_progress(void *arg, uint64_t octets, uint64_t total)
{
	struct disk *d = arg;

	(void)total;
	assert_true(octets >= d->progress);
	d->progress = octets;
	if (d->cancel_at > 0 && octets >= d->cancel_at) {
		d->cancel_at = 0;
		if (d->rx)
			ms_msrp_file_rx_cancel(d->rx);
	}
}

static void on_done(void *arg, enum ms_msrp_file_result result, int code)
{
	struct disk *d = arg;

	d->done++;
	d->result = result;
	d->code = code;
}

struct transfer {
	struct disk from, to;
	struct ms_msrp_file_params tx, rx;
	struct peers p;
};

static void transfer_params(struct ms_msrp_file_params *p, struct disk *d)
{
	*p = (struct ms_msrp_file_params){
		.range = { 1, MS_MSRP_UNKNOWN },
		.store = { disk_read, disk_write, d },
		.events = { .progress = on_progress, .done = on_done, .arg = d },
	};
}

static void transfer_prepare(struct transfer *t, uint64_t size)
{
	*t = (struct transfer){ .p = { .now = 0 } };
	t->from.octets = test_malloc(size + 1);
	t->to.octets = test_calloc(1, size + 1);
	t->from.size = size;
	t->to.room = size;
	for (uint64_t i = 0; i < size; i++)
		t->from.octets[i] = (uint8_t)(i * 131 + (i >> 8) * 7);
	transfer_params(&t->tx, &t->from);
	transfer_params(&t->rx, &t->to);
	assert_int_equal(ms_msrp_file_digest(&t->tx.store, &t->tx.file), 0);
	snprintf(t->tx.file.type, sizeof(t->tx.file.type), "image/jpeg");
	snprintf(t->tx.file.name, sizeof(t->tx.file.name), "My cool picture.jpg");
	t->rx.file = t->tx.file;
}

static struct transfer *tuned;

static void tune(struct ms_msrp_session_params *a, struct ms_msrp_session_params *b)
{
	a->handlers = *ms_msrp_file_tx_handlers();
	a->arg = tuned->from.tx;
	b->handlers = *ms_msrp_file_rx_handlers();
	b->arg = tuned->to.rx;
}

/* Makes both ends and starts; 0 or errno, with everything freed. */
static int transfer_start(struct transfer *t)
{
	int err = ms_msrp_file_tx_new(&t->tx, &t->from.tx);

	if (err == 0)
		err = ms_msrp_file_rx_new(&t->rx, &t->to.rx);
	tuned = t;
	if (err == 0)
		err = peers_init(&t->p, tune);
	if (err == 0) {
		t->p.a.keep_seen = t->p.b.keep_seen = false;
		err = ms_msrp_file_tx_start(t->from.tx, t->p.a.session);
		if (err < 0)
			peers_done(&t->p);
	}
	if (err < 0) {
		t->from.tx = ms_msrp_file_tx_free(t->from.tx);
		t->to.rx = ms_msrp_file_rx_free(t->to.rx);
	}
	return err;
}

static void transfer_stop(struct transfer *t)
{
	peers_done(&t->p);
	t->from.tx = ms_msrp_file_tx_free(t->from.tx);
	t->to.rx = ms_msrp_file_rx_free(t->to.rx);
}

static void transfer_done(struct transfer *t)
{
	test_free(t->from.octets);
	test_free(t->to.octets);
}

static void test_transfer(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 2048, 2049, 300000 };

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(sizes); i++) {
		struct transfer t;

		transfer_prepare(&t, sizes[i]);
		assert_int_equal(transfer_start(&t), 0);
		assert_int_equal(peers_run(&t.p), 0);
		assert_int_equal(t.from.done, 1);
		assert_int_equal(t.to.done, 1);
		assert_int_equal(t.from.result, MS_MSRP_FILE_DONE);
		assert_int_equal(t.to.result, MS_MSRP_FILE_DONE);
		assert_memory_equal(t.from.octets, t.to.octets, (size_t)sizes[i]);
		assert_int_equal(t.from.progress, sizes[i]);
		assert_int_equal(t.to.progress, sizes[i]);
		transfer_stop(&t);
		transfer_done(&t);
	}
}

/* The connection is lost; the rest is asked for by a=file-range and the whole is verified. */
static void test_resume(void **state)
{
	struct transfer t;
	uint64_t have;
	int err;

	(void)state;
	transfer_prepare(&t, 300000);
	assert_int_equal(transfer_start(&t), 0);
	for (int i = 0; i < 30; i++)
		assert_true(peers_step(&t.p, &t.p.a, &t.p.b, &err));
	ms_msrp_conn_lost(t.p.a.conn);
	ms_msrp_conn_lost(t.p.b.conn);
	assert_int_equal(t.from.result, MS_MSRP_FILE_LOST);
	assert_int_equal(t.to.result, MS_MSRP_FILE_LOST);
	have = ms_msrp_file_rx_contiguous(t.to.rx);
	assert_in_range(have, 100000, 200000);
	transfer_stop(&t);
	t.tx.range.first = t.rx.range.first = have + 1;
	t.from.progress = t.to.progress = 0;
	assert_int_equal(transfer_start(&t), 0);
	assert_int_equal(peers_run(&t.p), 0);
	assert_int_equal(t.to.result, MS_MSRP_FILE_DONE);
	assert_int_equal(t.to.progress, 300000 - have);
	assert_memory_equal(t.from.octets, t.to.octets, 300000);
	transfer_stop(&t);
	/* had the first part been another, the hash would tell */
	t.to.octets[5] ^= 1;
	t.from.progress = t.to.progress = 0;
	assert_int_equal(transfer_start(&t), 0);
	assert_int_equal(peers_run(&t.p), 0);
	assert_int_equal(t.to.result, MS_MSRP_FILE_BAD_HASH);
	assert_int_equal(t.from.result, MS_MSRP_FILE_REFUSED);
	transfer_stop(&t);
	transfer_done(&t);
}

/* What does not fit the selector is refused, at the earliest moment. */
static void test_refusals(void **state)
{
	struct transfer t;

	(void)state;
	transfer_prepare(&t, 100000);
	t.rx.file.sha256[0] ^= 1;
	assert_int_equal(transfer_start(&t), 0);
	assert_int_equal(peers_run(&t.p), 0);
	assert_int_equal(t.to.result, MS_MSRP_FILE_BAD_HASH);
	assert_int_equal(t.from.result, MS_MSRP_FILE_REFUSED);
	assert_int_equal(t.from.code, 400);
	transfer_stop(&t);

	t.rx.file = t.tx.file;
	t.rx.file.size = 99999;
	t.from.progress = t.to.progress = 0;
	assert_int_equal(transfer_start(&t), 0);
	assert_int_equal(peers_run(&t.p), 0);
	assert_int_equal(t.to.result, MS_MSRP_FILE_BAD_SIZE);
	assert_int_equal(t.from.code, 413);
	assert_int_equal(t.to.progress, 0);
	transfer_stop(&t);

	t.rx.file = t.tx.file;
	memcpy(t.rx.file.type, "text/plain", sizeof("text/plain"));
	t.from.progress = 0;
	assert_int_equal(transfer_start(&t), 0);
	assert_int_equal(peers_run(&t.p), 0);
	assert_int_equal(t.to.result, MS_MSRP_FILE_BAD_TYPE);
	assert_int_equal(t.from.code, 415);
	transfer_stop(&t);

	t.rx.file = t.tx.file;
	t.to.room = 50000; /* the disk is full */
	t.from.progress = t.to.progress = 0;
	assert_int_equal(transfer_start(&t), 0);
	assert_int_equal(peers_run(&t.p), 0);
	assert_int_equal(t.to.result, MS_MSRP_FILE_STORAGE);
	assert_int_equal(t.from.code, 413);
	transfer_stop(&t);

	t.to.room = 100000;
	t.from.size = 90000; /* the file shrank */
	t.from.progress = t.to.progress = 0;
	assert_int_equal(transfer_start(&t), 0);
	assert_int_equal(peers_run(&t.p), 0);
	assert_int_equal(t.from.result, MS_MSRP_FILE_STORAGE);
	assert_int_equal(t.to.result, MS_MSRP_FILE_ABORTED);
	transfer_stop(&t);
	transfer_done(&t);
}

static void test_cancel(void **state)
{
	struct transfer t;
	int err;

	(void)state;
	transfer_prepare(&t, 300000);
	t.to.cancel_at = 100000;
	assert_int_equal(transfer_start(&t), 0);
	assert_int_equal(peers_run(&t.p), 0);
	assert_int_equal(t.to.result, MS_MSRP_FILE_CANCELLED);
	assert_int_equal(t.from.result, MS_MSRP_FILE_REFUSED);
	assert_int_equal(t.from.code, 413);
	assert_in_range(t.from.progress, 100000, 150000);
	transfer_stop(&t);

	t.from.progress = t.to.progress = 0;
	assert_int_equal(transfer_start(&t), 0);
	for (int i = 0; i < 10; i++)
		assert_true(peers_step(&t.p, &t.p.a, &t.p.b, &err));
	ms_msrp_file_tx_cancel(t.from.tx);
	assert_int_equal(t.from.result, MS_MSRP_FILE_CANCELLED);
	assert_int_equal(peers_run(&t.p), 0);
	assert_int_equal(t.to.result, MS_MSRP_FILE_ABORTED);
	transfer_stop(&t);

	t.from.progress = t.to.progress = 0;
	assert_int_equal(transfer_start(&t), 0);
	ms_msrp_file_rx_cancel(t.to.rx); /* before it began */
	assert_int_equal(t.to.result, MS_MSRP_FILE_CANCELLED);
	assert_int_equal(peers_run(&t.p), 0);
	assert_int_equal(t.from.code, 413);
	transfer_stop(&t);
	transfer_done(&t);
}

/* Section 8.7: the session is for one file. */
static void test_one_file_a_session(void **state)
{
	struct transfer t;

	(void)state;
	transfer_prepare(&t, 1000);
	assert_int_equal(transfer_start(&t), 0);
	assert_int_equal(peers_run(&t.p), 0);
	assert_int_equal(peer_say(&t.p.a, "and another", NULL), 0);
	assert_int_equal(peers_run(&t.p), 0);
	assert_int_equal(t.from.result, MS_MSRP_FILE_REFUSED);
	assert_int_equal(t.from.code, 403);
	assert_int_equal(t.to.done, 1);
	transfer_stop(&t);
	transfer_done(&t);
}

static int feed_chunk(struct transfer *t, unsigned from, unsigned to, char flag)
{
	struct ms_buf *b = &t->p.b.in;

	ms_buf_printf(b,
		      "MSRP tid%05u SEND\r\nTo-Path: msrp://b.example:7002/bob;tcp\r\n"
		      "From-Path: msrp://a.example:7001/alice;tcp\r\nMessage-ID: file1\r\n"
		      "Byte-Range: %u-*/1000\r\nContent-Type: image/jpeg\r\n\r\n",
		      from, from + 1);
	ms_buf_put(b, t->from.octets + from, to - from);
	ms_buf_printf(b, "\r\n-------tid%05u%c\r\n", from, flag);
	return peer_feed(&t->p, &t->p.b, "");
}

/* Chunks out of order, some twice: the hash is that of what was stored. */
static void test_hash_out_of_order(void **state)
{
	struct transfer t;

	(void)state;
	transfer_prepare(&t, 1000);
	assert_int_equal(transfer_start(&t), 0);
	assert_int_equal(feed_chunk(&t, 600, 1000, '$'), 0);
	assert_int_equal(feed_chunk(&t, 0, 300, '+'), 0);
	assert_int_equal(feed_chunk(&t, 100, 400, '+'), 0);
	assert_int_equal(t.to.done, 0);
	assert_int_equal(ms_msrp_file_rx_contiguous(t.to.rx), 400);
	assert_int_equal(feed_chunk(&t, 400, 600, '+'), 0);
	assert_int_equal(t.to.result, MS_MSRP_FILE_DONE);
	assert_int_equal(t.to.done, 1);
	transfer_stop(&t);
	transfer_done(&t);
}

static void tune_chunks(struct ms_msrp_session_params *a, struct ms_msrp_session_params *b)
{
	tune(a, b);
	a->limits.chunk = 2048;
	b->limits.ranges = 100;
}

/* Cuts a stream of SENDs into its chunks; returns how many. */
static size_t cut_chunks(struct ms_span stream, struct ms_span *chunk, size_t max)
{
	static const struct ms_span start = MS_SPAN_LIT("\r\nMSRP ");
	size_t n = 0;

	while (stream.len > 0 && n < max) {
		size_t at = ms_span_find_span(stream, start);
		size_t len = at < stream.len ? at + 2 : stream.len;

		chunk[n++] = ms_span_sub(stream, 0, len);
		stream = ms_span_from(stream, len);
	}
	return n;
}

/* What one engine sends, delivered to the other with its chunks in any order and some doubled. */
static void test_shuffled_chunks(void **state)
{
	static struct ms_span chunk[200];
	uint32_t dice = 1;

	(void)state;
	for (int round = 0; round < 20; round++) {
		struct transfer t;
		size_t n;

		transfer_prepare(&t, 100000);
		assert_int_equal(ms_msrp_file_tx_new(&t.tx, &t.from.tx), 0);
		assert_int_equal(ms_msrp_file_rx_new(&t.rx, &t.to.rx), 0);
		tuned = &t;
		assert_int_equal(peers_init(&t.p, tune_chunks), 0);
		assert_int_equal(ms_msrp_file_tx_start(t.from.tx, t.p.a.session), 0);
		n = cut_chunks(peer_fetch(&t.p, &t.p.a), chunk, MS_ARRAY_SIZE(chunk));
		assert_int_equal(n, 49);
		for (size_t i = n; i > 0; i--) {
			size_t k;

			dice = dice * 1664525u + 1013904223u;
			k = (dice >> 8) % i;
			ms_buf_put_span(&t.p.b.in, chunk[k]);
			if (dice >> 30 == 0)
				ms_buf_put_span(&t.p.b.in, chunk[k]);
			chunk[k] = chunk[i - 1];
		}
		assert_int_equal(peers_run(&t.p), 0);
		assert_int_equal(t.to.result, MS_MSRP_FILE_DONE);
		assert_int_equal(t.from.result, MS_MSRP_FILE_DONE);
		assert_memory_equal(t.from.octets, t.to.octets, 100000);
		transfer_stop(&t);
		transfer_done(&t);
	}
}

static int torture(void *arg)
{
	struct transfer *t = arg;
	int err;

	t->from.done = t->to.done = 0;
	t->from.progress = t->to.progress = 0;
	err = transfer_start(t);
	if (err < 0)
		return err;
	err = peers_run(&t->p);
	if (err == 0 && (t->from.result != MS_MSRP_FILE_DONE || t->to.result != MS_MSRP_FILE_DONE))
		err = -ENOMEM;
	transfer_stop(t);
	if (t->to.done > 1 || t->from.done > 1)
		return -EPROTO;
	return err;
}

static void test_torture(void **state)
{
	struct transfer t;

	(void)state;
	transfer_prepare(&t, 20000);
	assert_true(ms_test_torture(torture, &t) > 10);
	transfer_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transfer),           cmocka_unit_test(test_resume),
		cmocka_unit_test(test_refusals),           cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_one_file_a_session), cmocka_unit_test(test_hash_out_of_order),
		cmocka_unit_test(test_shuffled_chunks),    cmocka_unit_test(test_torture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
