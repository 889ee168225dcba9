/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An offer and its answer, separated by a NUL, through a node; then what was saved is read back, or the
 * input is taken for something saved. What comes out must be a description again.
 */
#include <stdlib.h>
#include <string.h>

#include "anchor/world.h"
#include "sdp/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

static void parses(const struct world *w)
{
	struct ms_sdp sdp = { .lines = NULL };

	if (w->status)
		return;
	check(ms_sdp_parse(ms_span_str(w->sdp), NULL, NULL, &sdp) == 0);
	ms_sdp_done(&sdp);
}

static void exchange(struct world *w, const char *offer, const char *answer)
{
	for (int i = 0; i < 2; i++) {
		enum ms_anchor_side from = i ? MS_ANCHOR_CORE : MS_ANCHOR_ACCESS;

		check(world_offer(w, from, offer) == 0);
		parses(w);
		if (w->status)
			continue;
		check(world_answer(w, "x", answer, true) == 0);
		parses(w);
		ms_anchor_rollback(w->s, 0);
		world_deliver(w);
	}
}

static void keep(struct world *w)
{
	struct ms_anchor_session *again;
	struct ms_buf b;

	ms_buf_init(&b, 65536);
	check(ms_anchor_save(w->s, &b) == 0);
	w->s = ms_anchor_release(w->s, 0);
	world_deliver(w);
	check(ms_anchor_load(w->anchor, ms_buf_span(&b), NULL, &again) == 0);
	ms_anchor_release(again, 0);
	world_deliver(w);
	ms_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_anchor_policy p = world_policy();
	const uint8_t *end = memchr(data, 0, size);
	size_t n = end ? (size_t)(end - data) : size;
	struct ms_anchor_session *loaded;
	struct world w;
	char *offer, *answer;

	if (size > 6000)
		return 0;
	p.plain = p.tls = MS_ANCHOR_ALWAYS;
	p.unregistered = p.sha1 = true;
	p.without_cema = (enum ms_anchor_msrp)(size % 2);
	p.direction = (enum ms_anchor_direction)(size % 3);
	check(world_open(&w, &p, true, size % 5 == 0) == 0);
	offer = calloc(1, n + 1);
	answer = calloc(1, size - n + 1);
	check(offer && answer);
	memcpy(offer, data, n);
	if (end)
		memcpy(answer, end + 1, size - n - 1);
	exchange(&w, offer, answer);
	keep(&w);
	if (ms_anchor_load(w.anchor, ms_span_of(data, size), NULL, &loaded) == 0)
		ms_anchor_release(loaded, 0);
	free(offer);  /* the test's own memory, not the library's memory */
	free(answer); /* the library's memory has no part in it */
	world_close(&w);
	return 0;
}
