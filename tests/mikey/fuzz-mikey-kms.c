/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The KMS engine: each input as it is, and again with its MAC put right, as from a user with a key
 * and no manners. Whatever is answered must decode.
 */
#include "core/alloc.h"
#include "fuzz-world.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct ms_mikey_message answer;

static void serve(struct ms_span in)
{
	struct ms_mikey_kms_outcome outcome;
	struct ms_buf out;
	int err;

	ms_buf_init(&out, MS_MIKEY_MESSAGE_MAX);
	err = ms_mikey_kms_handle(&world_kms, in, WORLD_NOW, &out, &outcome);
	WORLD_CHECK(outcome.reason);
	WORLD_CHECK(!outcome.granted || outcome.authenticated);
	if (err == 0) {
		WORLD_CHECK(ms_mikey_decode(ms_buf_span(&out), &answer, NULL) == 0);
		WORLD_CHECK(outcome.granted == (answer.hdr.data_type != MS_MIKEY_ERROR));
		WORLD_CHECK(outcome.error_no >= 0 || outcome.granted);
	} else {
		WORLD_CHECK(out.len == 0 && !outcome.granted);
	}
	ms_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t *copy = ms_zalloc(n);

	if (!copy)
		return 0;
	if (n > 0)
		memcpy(copy, p, n);
	world_reset(0);
	serve(ms_span_of(copy, n));
	world_sign_psk(copy, n, MS_SPAN_NULL);
	serve(ms_span_of(copy, n));
	ms_free(copy);
	return 0;
}
