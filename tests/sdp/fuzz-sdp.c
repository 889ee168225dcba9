/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever parses can be walked, answered and numbered; what we write as answer parses again. */
#include <stdlib.h>

#include "core/buf.h"
#include "sdp/keymgmt.h"
#include "sdp/offer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

static void walk(const struct ms_sdp *sdp)
{
	struct ms_sdp_crypto_session cs[32];
	struct ms_span v;
	struct ms_buf ids;
	size_t n, lines = sdp->session.n_lines;

	ms_buf_init(&ids, 65536);
	for (size_t i = 0; i < sdp->n_media; i++) {
		const struct ms_sdp_media *m = &sdp->media[i];
		struct ms_sdp_msrp msrp;

		lines += m->section.n_lines;
		if (ms_sdp_keymgmt_find(sdp, i, "mikey", &v) != MS_SDP_LEVEL_NONE)
			check(v.len <= sdp->lines[0].offset + 65536);
		(void)ms_sdp_keymgmt_ids(sdp, i, &ids);
		if (ms_sdp_msrp_read(m, NULL, &msrp) == 0) {
			(void)ms_sdp_cema_offer(m, &msrp);
			(void)ms_sdp_cema_answer(m, &msrp);
		}
	}
	check(lines == sdp->n_lines);
	check(ms_sdp_crypto_sessions(sdp, SIZE_MAX, cs, 32, &n) <= 0);
	ms_buf_done(&ids);
}

static void answer(const struct ms_sdp *offer)
{
	struct ms_sdp_session_info info = { .session_id = 1,
					    .version = 1,
					    .address = { false, MS_SPAN_LIT("127.0.0.1") } };
	struct ms_sdp_answer_line lines[32] = { 0 };
	struct ms_sdp again;
	struct ms_buf b;
	size_t n = 0;

	for (; n < offer->n_media && n < 32; n++)
		if (offer->media[n].kind == MS_SDP_TCP_TLS_MSRP)
			lines[n] = (struct ms_sdp_answer_line){
				true,
				{ .port = 7000,
				  .path = MS_SPAN_LIT("msrps://127.0.0.1:7000/a;tcp"),
				  .max_size = UINT64_MAX }
			};
	ms_buf_init(&b, 262144);
	if (ms_sdp_answer(&b, &info, offer, MS_SPAN_NULL, lines, n, NULL) == 0) {
		struct ms_sdp_limits wide = { .text = 262144, .line = 65536 };

		check(ms_sdp_parse(ms_buf_span(&b), &wide, NULL, &again) == 0);
		check(ms_sdp_answer_check(offer, &again, NULL) == 0);
		ms_sdp_done(&again);
	}
	ms_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_fault fault = { 0 };
	struct ms_sdp sdp;

	if (ms_sdp_parse(ms_span_of(data, size), NULL, &fault, &sdp) < 0) {
		check(fault.reason != NULL && fault.offset <= size);
		return 0;
	}
	walk(&sdp);
	answer(&sdp);
	ms_sdp_done(&sdp);
	return 0;
}
