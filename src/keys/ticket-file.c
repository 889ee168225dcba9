/* SPDX-License-Identifier: Apache-2.0 */
/* The ticket cache in a file: a heading, a nonce, AES-256-GCM. See ticket-cache.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/secret.h"
#include "crypto/aead.h"
#include "crypto/hmac.h"
#include "keys/ticket-cache.h"

#define HEADING MS_SPAN_LIT("mediasec-ue tickets 2\n")
#define NONCE 12
#define TAG 16

/*
 * The tickets' keys came to us encrypted under the same pre-shared key, so a key derived from it is
 * as good a protection as they ever had.
 */
static void file_key(struct ms_span psk, struct ms_secret *ret_key)
{
	struct ms_span label = MS_SPAN_LIT("mediasec-ue ticket file");
	struct ms_hmac_key k;

	ms_hmac_key_set(&k, MS_HASH_SHA256, psk);
	ms_hmac(&k, &label, 1, ret_key->b);
	ret_key->len = 32;
	ms_hmac_key_wipe(&k);
}

static int seal(struct ms_span plain, struct ms_span psk, const struct ms_random *random,
		struct ms_buf *out)
{
	MS_CLEANUP(ms_secret_wipe) struct ms_secret key = { .len = 0 };
	uint8_t nonce[NONCE], *cipher, tag[TAG];
	int err = ms_random_fill(random, nonce, sizeof(nonce));

	if (err)
		return err;
	file_key(psk, &key);
	ms_buf_put_span(out, HEADING);
	ms_buf_put(out, nonce, sizeof(nonce));
	cipher = ms_buf_extend(out, plain.len);
	if (!cipher)
		return ms_buf_status(out);
	err = ms_aead_seal(MS_AEAD_AES_256_GCM, ms_secret_span(&key),
			   ms_span_of(nonce, sizeof(nonce)), HEADING, plain, TAG, cipher, tag);
	ms_buf_put(out, tag, sizeof(tag));
	return err ? err : ms_buf_status(out);
}

static int open_sealed(struct ms_span file, struct ms_span psk, struct ms_buf *out)
{
	MS_CLEANUP(ms_secret_wipe) struct ms_secret key = { .len = 0 };
	size_t head = HEADING.len + NONCE;
	struct ms_span nonce = ms_span_sub(file, HEADING.len, NONCE);
	uint8_t *plain;

	if (file.len < head + TAG || !ms_span_starts(file, HEADING))
		return -EBADMSG;
	file_key(psk, &key);
	plain = ms_buf_extend(out, file.len - head - TAG);
	if (!plain)
		return ms_buf_status(out);
	return ms_aead_open(MS_AEAD_AES_256_GCM, ms_secret_span(&key), nonce, HEADING,
			    ms_span_sub(file, head, file.len - head - TAG),
			    ms_span_from(file, file.len - TAG), plain);
}

static int write_all(int fd, struct ms_span s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.p, s.len);

		if (n < 0 && errno != EINTR)
			return -errno;
		s = ms_span_from(s, n > 0 ? (size_t)n : 0);
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* A new file beside the old one, then the name changes hands: nobody sees half a file. */
static int replace(const char *path, struct ms_span content)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf name;
	int fd, err;

	ms_buf_init(&name, 8192);
	ms_buf_printf(&name, "%s.%ld.new", path, (long)getpid());
	if (ms_buf_status(&name))
		return ms_buf_status(&name);
	fd = open(ms_buf_cstr(&name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	err = write_all(fd, content);
	close(fd);
	if (!err && rename(ms_buf_cstr(&name), path) < 0)
		err = -errno;
	if (err)
		unlink(ms_buf_cstr(&name));
	return err;
}

int ms_keys_ticket_file_save(const char *path, const struct ms_keys_cache *c, struct ms_span psk,
			     const struct ms_random *random)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf plain, sealed;
	int err;

	ms_buf_init_secret(&plain, MS_KEYS_TICKET_FILE_MAX);
	ms_buf_init(&sealed, MS_KEYS_TICKET_FILE_MAX + 256);
	ms_keys_cache_serialise(c, &plain);
	err = ms_buf_status(&plain);
	if (!err)
		err = seal(ms_buf_span(&plain), psk, random, &sealed);
	return err ? err : replace(path, ms_buf_span(&sealed));
}

static int read_all(int fd, struct ms_buf *out)
{
	uint8_t piece[16384];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0)
		ms_buf_put(out, piece, (size_t)n);
	return n < 0 ? -errno : ms_buf_status(out);
}

int ms_keys_ticket_file_load(const char *path, struct ms_keys_cache *c, struct ms_span psk,
			     ms_usec now)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf sealed, plain;
	struct stat st;
	int fd, err;

	ms_buf_init(&sealed, MS_KEYS_TICKET_FILE_MAX + 256);
	ms_buf_init_secret(&plain, MS_KEYS_TICKET_FILE_MAX);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) < 0 || (st.st_mode & 077)) {
		close(fd);
		return -EACCES;
	}
	err = read_all(fd, &sealed);
	close(fd);
	if (!err)
		err = open_sealed(ms_buf_span(&sealed), psk, &plain);
	return err ? err : ms_keys_cache_parse(c, ms_buf_span(&plain), now);
}
