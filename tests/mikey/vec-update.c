/* SPDX-License-Identifier: Apache-2.0 */
/* CSB updates inside of exchange vectors. */
#include "mikey/bundle.h"
#include "vec-encode.h"
#include "vec-exchange.h"

static struct ms_mikey_csb *bundle_of(const struct vec_walk *k, const char *who)
{
	return strcmp(who, "initiator") == 0 ? k->csb_i : k->csb_r;
}

/* Keys that the answer in the vector brings along: ours brings the same. */
static bool answer_keys(struct vec_walk *k, size_t n, struct ms_mikey_keyring *ring)
{
	const json_t *keys = json_object_get(vec_step(k, n + 1), "keys");
	struct ms_span plain = vec_hex(k->run, keys, "kemac_plain");
	struct ms_mikey_keys list;

	ring->n = 0;
	if (!plain.p || !vec_next_is(k, n, "TRANSFER_RESP(update)"))
		return true;
	if (ms_mikey_keys_decode(plain, &list, NULL) < 0 ||
	    ms_mikey_keyring_take(ring, &list, 0, NULL) < 0)
		return vec_fail(k->run, "keys of the answer do not decode");
	return true;
}

/* The sender takes its own message up, as if it had made it; the receiver takes it. Without an
 * answer to come the sender's bundle is changed by the message as well. */
bool vec_update_init(struct vec_walk *k, const json_t *step, ms_usec now, size_t n)
{
	struct ms_mikey_csb *from = bundle_of(k, vec_str(k->run, step, "from"));
	struct ms_mikey_csb *to = bundle_of(k, vec_str(k->run, step, "to"));
	struct ms_mikey_keyring *ring = vec_alloc(k->run, sizeof(*ring));
	struct ms_mikey_update answer = { .keys = ring };
	struct ms_fault fault = { 0, NULL, 0 };
	struct ms_buf out;
	int err;

	if (!answer_keys(k, n, ring))
		return false;
	if (!from || !to)
		return vec_fail(k->run, "update out of place");
	k->update = vec_step_octets(k, step);
	ms_buf_init_fixed(&out, vec_alloc(k->run, 65536), 65536);
	err = ms_mikey_csb_update_resume(from, k->update);
	if (err == 0)
		err = ms_mikey_csb_update_take(to, k->update, &answer, k->w.replay, now, &out,
					       &fault);
	if (err < 0)
		return vec_refused(k, "update", err, &fault);
	if (vec_next_is(k, n, "TRANSFER_RESP(update)"))
		return true;
	if (out.len > 0)
		return vec_fail(k->run, "an update answered that wants none");
	/* Both have the same keys now, so what the receiver has is what counts. */
	from = to == k->csb_r ? k->csb_i : k->csb_r;
	from->traffics = to->traffics;
	return vec_results_after(k, n);
}

bool vec_update_resp(struct vec_walk *k, const json_t *step, ms_usec now, size_t n)
{
	struct ms_mikey_csb *to = bundle_of(k, vec_str(k->run, step, "to"));
	struct ms_fault fault = { 0, NULL, 0 };
	int err;

	if (!to)
		return vec_fail(k->run, "answer to an update out of place");
	err = ms_mikey_csb_update_finish(to, vec_step_octets(k, step), now, &fault);
	return err < 0 ? vec_refused(k, "answer to an update", err, &fault)
		       : vec_results_after(k, n);
}
