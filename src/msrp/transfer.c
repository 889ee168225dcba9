/* SPDX-License-Identifier: Apache-2.0 */
/* What sending and receiving a file share: results, digests, lengths. RFC 5547 sections 6 and 8. */
#include <errno.h>

#include "core/alloc.h"
#include "msrp/transfer-priv.h"

#define PIECE 65536

const char *ms_msrp_file_result_name(enum ms_msrp_file_result r)
{
	static const char *const names[] = { "done",      "refused",  "cancelled", "aborted",
					     "bad-size",  "bad-type", "bad-hash",  "storage",
					     "timed-out", "lost" };

	return names[r];
}

int ms_msrp_file_hash_init(struct ms_msrp_file_hash *h, bool sha1, bool sha256)
{
	int err = 0;

	*h = (struct ms_msrp_file_hash){ .done = 0 };
	if (sha1)
		err = ms_digest_new(MS_DIGEST_SHA1, &h->sha1);
	if (err == 0 && sha256)
		err = ms_digest_new(MS_DIGEST_SHA256, &h->sha256);
	if (err < 0)
		ms_msrp_file_hash_done(h);
	return err;
}

void ms_msrp_file_hash_done(struct ms_msrp_file_hash *h)
{
	h->sha1 = ms_digest_free(h->sha1);
	h->sha256 = ms_digest_free(h->sha256);
}

int ms_msrp_file_hash_update(struct ms_msrp_file_hash *h, struct ms_span octets)
{
	int err = 0;

	if (h->sha1)
		err = ms_digest_update(h->sha1, octets);
	if (err == 0 && h->sha256)
		err = ms_digest_update(h->sha256, octets);
	if (err == 0)
		h->done += octets.len;
	return err;
}

static int hash_piece(struct ms_msrp_file_hash *h, const struct ms_msrp_file_store *store,
		      uint64_t end, uint8_t *piece, size_t *ret_n)
{
	size_t want = PIECE, n = 0;
	int err;

	if (end != MS_MSRP_UNKNOWN && end - h->done < want)
		want = (size_t)(end - h->done);
	err = want > 0 ? store->read(store->arg, h->done, piece, want, &n) : 0;
	if (err == 0)
		err = ms_msrp_file_hash_update(h, ms_span_of(piece, n));
	*ret_n = n;
	return err;
}

int ms_msrp_file_hash_store(struct ms_msrp_file_hash *h, const struct ms_msrp_file_store *store,
			    uint64_t end)
{
	MS_CLEANUP(ms_freep) uint8_t *piece = NULL;
	size_t n = 1;
	int err = 0;

	if (!store->read)
		return -EINVAL;
	piece = ms_zalloc(PIECE);
	if (!piece)
		return -ENOMEM;
	while (n > 0 && err == 0)
		err = hash_piece(h, store, end, piece, &n);
	if (err == 0 && end != MS_MSRP_UNKNOWN && h->done < end)
		return -EIO; /* shorter than it should be */
	return err;
}

int ms_msrp_file_hash_final(struct ms_msrp_file_hash *h, struct ms_msrp_file_selector *s)
{
	uint8_t digest[MS_DIGEST_MAX];
	size_t n;
	int err = 0;

	if (h->sha1) {
		err = ms_digest_final(h->sha1, digest, &n);
		memcpy(s->sha1, digest, sizeof(s->sha1));
		s->has_sha1 = err == 0;
	}
	if (err == 0 && h->sha256) {
		err = ms_digest_final(h->sha256, digest, &n);
		memcpy(s->sha256, digest, sizeof(s->sha256));
		s->has_sha256 = err == 0;
	}
	ms_msrp_file_hash_done(h);
	return err;
}

int ms_msrp_file_digest(const struct ms_msrp_file_store *store, struct ms_msrp_file_selector *s)
{
	struct ms_msrp_file_hash h;
	int err = ms_msrp_file_hash_init(&h, true, true);

	if (err < 0)
		return err;
	err = ms_msrp_file_hash_store(&h, store, MS_MSRP_UNKNOWN);
	if (err == 0) {
		s->size = h.done;
		s->has_size = true;
		err = ms_msrp_file_hash_final(&h, s);
	}
	ms_msrp_file_hash_done(&h);
	return err;
}

uint64_t ms_msrp_file_length(const struct ms_msrp_file_params *p)
{
	uint64_t last = p->range.last;

	if (last == MS_MSRP_UNKNOWN && p->file.has_size)
		last = p->file.size;
	return last == MS_MSRP_UNKNOWN ? MS_MSRP_UNKNOWN : last - (p->range.first - 1);
}
