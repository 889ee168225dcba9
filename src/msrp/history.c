/* SPDX-License-Identifier: Apache-2.0 */
/* The messages last received, so that a second copy is not shown again: RFC 4975 section 5.4. */
#include <errno.h>

#include "core/alloc.h"
#include "msrp/session-priv.h"

struct entry {
	uint64_t key; /* the last octets of the identifier: most often enough to tell apart */
	char id[MS_MSRP_IDENT_MAX];
	uint8_t len;
	int code;
};

struct ms_msrp_history {
	unsigned max, n, next;
	struct entry entry[];
};

int ms_msrp_history_new(unsigned max, struct ms_msrp_history **ret_h)
{
	struct ms_msrp_history *h;

	if (max == 0 || max > 65536)
		return -EINVAL;
	h = ms_zalloc(sizeof(*h) + max * sizeof(h->entry[0]));
	if (!h)
		return -ENOMEM;
	h->max = max;
	*ret_h = h;
	return 0;
}

struct ms_msrp_history *ms_msrp_history_free(struct ms_msrp_history *h)
{
	return ms_free(h);
}

static uint64_t key_of(struct ms_span id)
{
	size_t n = id.len < sizeof(uint64_t) ? id.len : sizeof(uint64_t);
	uint64_t key = 0;

	memcpy(&key, id.p + id.len - n, n);
	return key;
}

int ms_msrp_history_find(const struct ms_msrp_history *h, struct ms_span id)
{
	uint64_t key = key_of(id);

	for (unsigned i = 0; i < h->n; i++) {
		const struct entry *e = &h->entry[i];

		if (e->key == key && ms_span_eq(ms_span_of(e->id, e->len), id))
			return e->code;
	}
	return 0;
}

void ms_msrp_history_add(struct ms_msrp_history *h, struct ms_span id, int code)
{
	struct entry *e = &h->entry[h->next];

	if (ms_msrp_history_find(h, id) != 0)
		return;
	e->key = key_of(id);
	memcpy(e->id, id.p, id.len);
	e->len = (uint8_t)id.len;
	e->code = code;
	h->next = (h->next + 1) % h->max;
	if (h->n < h->max)
		h->n++;
}
