/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is sent: what the offer says of it, hashes included, before the transfer begins. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "crypto/digest.h"
#include "ue/file-priv.h"

#define PIECE 65536       /* octets read at once for the hash */
#define PIECES_AT_ONCE 64 /* and how often before the loop gets its turn */

static int describe(struct ms_ue_file *f, const char *path, uint64_t from)
{
	const char *slash = strrchr(path, '/');
	struct stat st;
	struct ms_buf b;

	if (fstat(f->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size == 0 || (uint64_t)st.st_size <= from)
		return -EINVAL;
	if (ms_span_to_str(ms_span_str(path), f->path, sizeof(f->path)) ||
	    ms_span_to_str(ms_span_str(slash ? slash + 1 : path), f->selector.name,
			   sizeof(f->selector.name)))
		return -ENAMETOOLONG;
	(void)!ms_span_to_str(MS_SPAN_LIT("application/octet-stream"), f->selector.type,
			      sizeof(f->selector.type));
	f->selector.has_size = true;
	f->selector.size = (uint64_t)st.st_size;
	f->range = (struct ms_msrp_file_range){ from + 1, f->selector.size };
	f->at = from;
	ms_buf_init_fixed(&b, f->id, sizeof(f->id) - 1);
	if (ms_msrp_file_id_put(&b, &ms_random_system))
		return -EIO;
	if (ms_digest_new(MS_DIGEST_SHA1, &f->sha1) || ms_digest_new(MS_DIGEST_SHA256, &f->sha256))
		return -ENOMEM;
	return 0;
}

static int hash_piece(struct ms_ue_file *f)
{
	static uint8_t piece[PIECE]; /* not a secret: it goes through here at once */
	size_t n = 0;
	int err = ms_ue_file_read(f, f->hashed, piece, sizeof(piece), &n);

	if (!err && n == 0)
		err = -EIO; /* it shrinks while we read */
	if (!err)
		err = ms_digest_update(f->sha1, ms_span_of(piece, n));
	if (!err)
		err = ms_digest_update(f->sha256, ms_span_of(piece, n));
	f->hashed += n;
	return err;
}

static int finish_hash(struct ms_ue_file *f)
{
	struct ms_msrp_file_params params;
	uint8_t digest[MS_DIGEST_MAX];
	size_t len;
	int err = ms_digest_final(f->sha1, digest, &len);

	if (err)
		return err;
	memcpy(f->selector.sha1, digest, sizeof(f->selector.sha1));
	err = ms_digest_final(f->sha256, digest, &len);
	if (err)
		return err;
	memcpy(f->selector.sha256, digest, sizeof(f->selector.sha256));
	f->selector.has_sha1 = f->selector.has_sha256 = true;
	params = ms_ue_file_params(f);
	return ms_msrp_file_tx_new(&params, &f->tx);
}

int ms_ue_file_hash(struct ms_ue_file *f)
{
	int err = 0;

	for (int i = 0; i < PIECES_AT_ONCE && !err && f->hashed < f->selector.size; i++)
		err = hash_piece(f);
	if (err)
		return err;
	return f->hashed < f->selector.size ? 1 : finish_hash(f);
}

int ms_ue_file_open(const char *path, uint64_t from, const struct ms_ue_file_handlers *h,
		    struct ms_ue_file **ret_f)
{
	struct ms_ue_file *f = ms_ue_file_new(h, true);
	int err;

	if (!f)
		return -ENOMEM;
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	err = f->fd < 0 ? -errno : describe(f, path, from);
	if (err) {
		ms_ue_file_free(f);
		return err;
	}
	*ret_f = f;
	return 0;
}
