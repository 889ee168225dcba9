/* SPDX-License-Identifier: Apache-2.0 */
/* Files of proofs of origin: each proof that is found is written again and found again. */
#include "core/span.h"
#include "ue/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(struct ms_span object)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text, second;
	const struct ms_ue_proof_note n = { .from = MS_SPAN_LIT("sip:a@b"),
					    .to = MS_SPAN_LIT("sip:c@d\n-----BEGIN CMS-----\n"),
					    .written = 1,
					    .received = 2 };
	struct ms_span rest, note, proof;

	ms_buf_init(&text, MS_UE_PROOF_TEXT_MAX);
	ms_buf_init(&second, MS_UE_PROOF_TEXT_MAX);
	ms_ue_proof_put(&text, &n, object);
	if (ms_buf_status(&text))
		return;
	rest = ms_buf_span(&text);
	if (ms_ue_proof_next(&rest, &note, &proof, &second) ||
	    !ms_span_eq(ms_buf_span(&second), object) || proof.len != text.len || rest.len != 0)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf object;
	struct ms_span rest = ms_span_of(data, size), note, proof;

	ms_buf_init(&object, MS_UE_PROOF_TEXT_MAX);
	while (ms_ue_proof_next(&rest, &note, &proof, &object) == 0) {
		if (note.len > proof.len || proof.len > size || proof.p < data ||
		    proof.p + proof.len > data + size || note.p != proof.p)
			__builtin_trap();
		again(ms_buf_span(&object));
		ms_buf_reset(&object);
	}
	return 0;
}
