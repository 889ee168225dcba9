/* SPDX-License-Identifier: Apache-2.0 */
/* TPKT deframing: any cut of the stream gives the same messages; what is no TPKT is refused. */
#include "ms-test.h"

#include <errno.h>

#include "core/buf.h"
#include "gcp/tpkt.h"

static void put_frame(struct ms_buf *b, size_t len, uint8_t fill)
{
	uint8_t header[MS_GCP_TPKT_HEADER];

	ms_gcp_tpkt_header(len, header);
	ms_buf_put(b, header, sizeof(header));
	for (size_t i = 0; i < len; i++)
		ms_buf_put_u8(b, fill);
}

/* Feeds the stream in pieces of `piece` octets; the lengths of the messages found. */
static size_t feed(struct ms_span stream, size_t piece, size_t lengths[static 8])
{
	struct ms_gcp_tpkt t;
	struct ms_span message;
	size_t n = 0;

	ms_gcp_tpkt_init(&t, MS_GCP_TPKT_MAX);
	for (size_t at = 0; at < stream.len; at += piece) {
		struct ms_span part = ms_span_sub(stream, at, piece);
		int r;

		while ((r = ms_gcp_tpkt_next(&t, &part, &message)) == 1) {
			for (size_t i = 0; i < message.len; i++)
				assert_int_equal(message.p[i], 'a' + n);
			assert_true(n < 8);
			lengths[n++] = message.len;
		}
		assert_int_equal(r, 0);
		assert_int_equal(part.len, 0);
	}
	ms_gcp_tpkt_done(&t);
	return n;
}

static void any_cut(void **state)
{
	static const size_t wanted[] = { 5, 0, 1, 300, 0, 65531 };
	struct ms_buf b;
	size_t lengths[8];

	(void)state;
	ms_buf_init(&b, 100000);
	for (size_t i = 0; i < 6; i++)
		put_frame(&b, wanted[i], (uint8_t)('a' + i));
	assert_int_equal(ms_buf_status(&b), 0);
	for (size_t piece = 1; piece < 400; piece++) {
		assert_int_equal(feed(ms_buf_span(&b), piece, lengths), 6);
		assert_memory_equal(lengths, wanted, sizeof(wanted));
	}
	assert_int_equal(feed(ms_buf_span(&b), b.len, lengths), 6);
	ms_buf_done(&b);
}

static int first_error(const char *octets, size_t len, size_t max)
{
	int err = 0;

	for (size_t piece = 1; piece <= len; piece++) {
		struct ms_gcp_tpkt t;
		struct ms_span message;

		ms_gcp_tpkt_init(&t, max);
		err = 0;
		for (size_t at = 0; at < len && err >= 0; at += piece) {
			struct ms_span part = ms_span_sub(ms_span_of(octets, len), at, piece);

			do
				err = ms_gcp_tpkt_next(&t, &part, &message);
			while (err == 1);
		}
		ms_gcp_tpkt_done(&t);
		if (err >= 0)
			return err;
	}
	return err;
}

static void refused(void **state)
{
	(void)state;
	assert_int_equal(first_error("\2\0\0\10abcd", 8, 100), -EBADMSG);
	assert_int_equal(first_error("MEGACO/1", 8, 100), -EBADMSG);
	assert_int_equal(first_error("\3\0\0\3abcd", 8, 100), -EBADMSG);
	assert_int_equal(first_error("\3\0\0\10abcd", 8, 3), -EMSGSIZE);
	assert_int_equal(first_error("\3\77\0\10abcd", 8, 4),
			 0); /* the reserved octet says nothing */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_cut),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
