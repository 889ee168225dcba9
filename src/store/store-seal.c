/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed secrets: 1 octet version, 12 octets nonce, AES-256-GCM ciphertext, 16 octets tag; the
 * identity of the row is the additional authenticated data. And the file of the master key.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/hex.h"
#include "core/random.h"
#include "store/store-priv.h"

#define SEAL_VERSION 1
#define NONCE_LEN 12
#define TAG_LEN 16
#define AAD_MAX (3 * (2 + MS_STORE_NAME_MAX) + 64)

static int make_aad(const struct ms_store_row *row, struct ms_buf *aad)
{
	ms_buf_put_str(aad, "mediasec-store:1");
	ms_buf_put_lv16(aad, ms_span_str(row->table));
	ms_buf_put_lv16(aad, row->id);
	ms_buf_put_lv16(aad, row->owner);
	ms_buf_put_u8(aad, (unsigned)row->kind);
	ms_buf_put_u64(aad, (uint64_t)row->from);
	ms_buf_put_u64(aad, (uint64_t)row->to);
	return ms_buf_status(aad);
}

static bool gcm(bool seal, const struct ms_secret *master, const uint8_t *nonce, struct ms_span aad,
		struct ms_span in, uint8_t *out, uint8_t *tag)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, last = 0;
	bool ok;

	ok = ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, master->b, nonce, seal) == 1 &&
	     EVP_CipherUpdate(ctx, NULL, &n, aad.p, (int)aad.len) == 1 &&
	     EVP_CipherUpdate(ctx, out, &n, in.p, (int)in.len) == 1 &&
	     (seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) == 1) &&
	     EVP_CipherFinal_ex(ctx, out + n, &last) == 1 &&
	     (!seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, tag) == 1);
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

int ms_store_seal(const struct ms_secret *master, const struct ms_store_row *row,
		  struct ms_span secret, uint8_t out[MS_STORE_SEALED_MAX], size_t *ret_len)
{
	uint8_t aad_octets[AAD_MAX];
	struct ms_buf aad;
	int err;

	if (secret.len == 0 || secret.len > MS_SECRET_MAX)
		return -EINVAL;
	ms_buf_init_fixed(&aad, aad_octets, sizeof(aad_octets));
	err = make_aad(row, &aad);
	if (err)
		return err;
	out[0] = SEAL_VERSION;
	err = ms_random_fill(&ms_random_system, out + 1, NONCE_LEN);
	if (err)
		return err;
	if (!gcm(true, master, out + 1, ms_buf_span(&aad), secret, out + 1 + NONCE_LEN,
		 out + 1 + NONCE_LEN + secret.len))
		return -EIO;
	*ret_len = 1 + NONCE_LEN + secret.len + TAG_LEN;
	return 0;
}

int ms_store_unseal(const struct ms_secret *master, const struct ms_store_row *row,
		    struct ms_span sealed, struct ms_secret *ret_secret)
{
	uint8_t aad_octets[AAD_MAX], tag[TAG_LEN];
	MS_CLEANUP(ms_secret_wipe) struct ms_secret out = { .len = 0 };
	struct ms_buf aad;
	struct ms_span text;
	int err;

	if (sealed.len <= 1 + NONCE_LEN + TAG_LEN || sealed.len > MS_STORE_SEALED_MAX ||
	    sealed.p[0] != SEAL_VERSION)
		return -EBADMSG;
	ms_buf_init_fixed(&aad, aad_octets, sizeof(aad_octets));
	err = make_aad(row, &aad);
	if (err)
		return err;
	text = ms_span_sub(sealed, 1 + NONCE_LEN, sealed.len - 1 - NONCE_LEN - TAG_LEN);
	memcpy(tag, text.p + text.len, TAG_LEN);
	if (!gcm(false, master, sealed.p + 1, ms_buf_span(&aad), text, out.b, tag))
		return -EBADMSG;
	out.len = text.len;
	*ret_secret = out;
	return 0;
}

static int explain(char *why, int err, const char *path, const char *words)
{
	snprintf(why, MS_STORE_MESSAGE_MAX, "master key %s: %s", path, words);
	return err;
}

static int check_mode(int fd, const char *path, char *why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return explain(why, -EACCES, path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return explain(why, -EACCES, path, "not a regular file");
	if (st.st_mode & 077)
		return explain(why, -EACCES, path,
			       "others may read it; set its mode to 0600 or 0400");
	return 0;
}

/* 32 octets as they are, or 64 hex digits with or without an end of line. */
static int parse_master(struct ms_span text, struct ms_secret *ret_key)
{
	struct ms_buf key;

	if (text.len == MS_STORE_MASTER_LEN)
		return ms_secret_set(ret_key, text);
	text = ms_span_trim(text);
	if (text.len != 2 * MS_STORE_MASTER_LEN)
		return -EINVAL;
	ms_buf_init_fixed(&key, ret_key->b, sizeof(ret_key->b));
	ret_key->len = MS_STORE_MASTER_LEN;
	return ms_hex_decode(&key, text);
}

int ms_store_master_read(const char *path, char why[MS_STORE_MESSAGE_MAX],
			 struct ms_secret *ret_key)
{
	uint8_t text[2 * MS_STORE_MASTER_LEN + 8];
	int err, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT
			       ? explain(why, -ENOENT, path,
					 "no such file; make one with 'mediasec-kms --make-master'")
			       : explain(why, -EACCES, path, strerror(errno));
	err = check_mode(fd, path, why);
	if (err) {
		close(fd);
		return err;
	}
	n = read(fd, text, sizeof(text));
	close(fd);
	if (n < 0)
		return explain(why, -EACCES, path, strerror(errno));
	err = parse_master(ms_span_of(text, (size_t)n), ret_key);
	ms_wipe(text, sizeof(text));
	return err ? explain(why, -EINVAL, path, "must hold 32 octets or 64 hex digits") : 0;
}

static int write_all(int fd, struct ms_span s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.p, s.len);

		if (n < 0)
			return -errno;
		s = ms_span_from(s, (size_t)n);
	}
	return fsync(fd) < 0 ? -errno : 0;
}

int ms_store_master_create(const char *path)
{
	uint8_t key[MS_STORE_MASTER_LEN];
	struct ms_buf text;
	int fd, err = ms_random_fill(&ms_random_system, key, sizeof(key));

	if (err)
		return err;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	ms_buf_init_secret(&text, 2 * MS_STORE_MASTER_LEN + 1);
	ms_hex_encode(&text, ms_span_of(key, sizeof(key)));
	ms_buf_put_str(&text, "\n");
	err = ms_buf_status(&text);
	if (err == 0)
		err = write_all(fd, ms_buf_span(&text));
	ms_buf_done(&text);
	ms_wipe(key, sizeof(key));
	close(fd);
	if (err)
		unlink(path);
	return err;
}
