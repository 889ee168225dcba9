/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kms/pem.h"

#define FILE_MAX 65536

static int read_file(const char *path, bool secret, struct ms_buf *b)
{
	int err = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	uint8_t *p;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	p = ms_buf_extend(b, FILE_MAX);
	if (!p)
		err = -ENOMEM;
	else if (fstat(fd, &st) < 0 || (secret && st.st_mode & 077))
		err = -EACCES;
	else if ((n = read(fd, p, FILE_MAX)) < 0)
		err = -errno;
	close(fd);
	ms_buf_truncate(b, n > 0 ? (size_t)n : 0);
	return err;
}

static int load(const char *path, bool secret, uint8_t **ret_der, size_t *ret_len)
{
	struct ms_buf text;
	int err;

	ms_buf_init_secret(&text, FILE_MAX);
	err = read_file(path, secret, &text);
	if (err == 0)
		err = ms_kms_pem_decode(ms_buf_span(&text), ret_der, ret_len, NULL);
	ms_buf_done(&text);
	if (err)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "%s: %s", path,
		       err == -EACCES && secret ? "unreadable, or others may read it (mode 0600)"
						: strerror(-err));
	return err;
}

int ms_kms_credential_load(const struct ms_kms_config *c, struct ms_mikey_credential **ret_c)
{
	uint8_t *key = NULL, *cert = NULL;
	size_t key_len = 0, cert_len = 0;
	struct ms_span chain;
	int err;

	*ret_c = NULL;
	if (!*c->vault.certificate)
		return 0;
	err = load(c->vault.private_key, true, &key, &key_len);
	if (err == 0)
		err = load(c->vault.certificate, false, &cert, &cert_len);
	if (err == 0) {
		chain = ms_span_of(cert, cert_len);
		err = ms_mikey_credential_new(ms_span_of(key, key_len), &chain, 1, MS_SPAN_NULL,
					      ret_c);
		if (err)
			MS_LOG(&ms_log_main, MS_LOG_ERROR, "%s and %s do not belong together: %s",
			       c->vault.certificate, c->vault.private_key, strerror(-err));
	}
	OPENSSL_clear_free(key, key_len);
	OPENSSL_free(cert);
	return err;
}
