/* SPDX-License-Identifier: Apache-2.0 */
/* Our transaction identifiers, and what the responses to them belong to. */
#include <errno.h>

#include "core/alloc.h"
#include "core/hex.h"
#include "msrp/b2bua-priv.h"

#define FIRST_SIZE 8u
#define WAIT_US (30 * MS_SEC) /* RFC 4975 section 7.1: nobody waits longer for a response */

int ms_msrp_waits_init(struct ms_msrp_b2bua_waits *w, const struct ms_random *random, uint32_t max)
{
	static const uint8_t letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	*w = (struct ms_msrp_b2bua_waits){ .max = max };
	if (ms_random_fill(random, w->prefix, sizeof(w->prefix)) < 0)
		return -EIO;
	for (size_t i = 0; i < sizeof(w->prefix); i++)
		w->prefix[i] = letters[w->prefix[i] & 31];
	return 0;
}

void ms_msrp_waits_done(struct ms_msrp_b2bua_waits *w)
{
	ms_free(w->ring);
	w->ring = NULL;
	w->size = 0;
}

void ms_msrp_waits_name(struct ms_msrp_b2bua_waits *w, uint8_t ret_tid[static B2BUA_TID])
{
	static const char digits[] = "0123456789abcdef";
	uint32_t n = ++w->next;
	memcpy(ret_tid, w->prefix, B2BUA_PREFIX);
	for (int i = B2BUA_TID - 1; i >= B2BUA_PREFIX; i--, n >>= 4)
		ret_tid[i] = (uint8_t)digits[n & 15];
}

static struct ms_msrp_b2bua_wait *place(const struct ms_msrp_b2bua_waits *w, uint32_t number)
{
	return &w->ring[number & (w->size - 1)];
}

/* A ring of twice the size; numbers that had places of their own have them still. */
static int grow(struct ms_msrp_b2bua_waits *w)
{
	struct ms_msrp_b2bua_waits larger = *w;
	larger.size = w->size ? w->size * 2 : FIRST_SIZE < w->max ? FIRST_SIZE : w->max;
	larger.ring = ms_zalloc(larger.size * sizeof(*larger.ring));
	if (!larger.ring)
		return -ENOMEM;
	for (uint32_t i = 0; i < w->size; i++)
		if (w->ring[i].at)
			*place(&larger, w->ring[i].number) = w->ring[i];
	ms_free(w->ring);
	*w = larger;
	return 0;
}

static bool waits(const struct ms_msrp_b2bua_wait *old, ms_usec now)
{
	return old->at && now < old->at + WAIT_US && !old->errors_only;
}

int ms_msrp_waits_add(struct ms_msrp_b2bua_waits *w, ms_usec now,
		      const struct ms_msrp_b2bua_wait *wait)
{
	while (!w->size || (waits(place(w, w->next), now) && w->size < w->max)) {
		int err = grow(w);
		if (err < 0)
			return err;
	}
	struct ms_msrp_b2bua_wait *to = place(w, w->next);
	int forgotten = waits(to, now);
	*to = *wait;
	to->number = w->next;
	to->at = now ? now : 1;
	return forgotten;
}

struct ms_msrp_b2bua_wait *ms_msrp_waits_find(struct ms_msrp_b2bua_waits *w, struct ms_span tid)
{
	uint32_t number = 0;
	if (!w->size || tid.len != B2BUA_TID || memcmp(tid.p, w->prefix, B2BUA_PREFIX) != 0)
		return NULL;
	for (size_t i = B2BUA_PREFIX; i < B2BUA_TID; i++) {
		int d = ms_hex_digit(tid.p[i]);
		if (d < 0)
			return NULL;
		number = number << 4 | (uint32_t)d;
	}
	struct ms_msrp_b2bua_wait *found = place(w, number);
	return found->at && found->number == number ? found : NULL;
}
