/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our certificate for media up to the edge of the network (TS 33.328 clause 6.2): one for all sessions
 * of this user, as RFC 4975 section 14.4 recommends. It is kept in a file, so that those who remember
 * fingerprints know us again.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ue/ue-priv.h"

#define FILE_MAX 65536

static int complain(struct ms_buf *error, const char *path, const char *what)
{
	ms_buf_printf(error, "%s: %s", path, what);
	return -EINVAL;
}

static int read_file(const char *path, struct ms_buf *pem, struct ms_buf *error)
{
	struct stat st;
	uint8_t *p;
	ssize_t n = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : complain(error, path, strerror(errno));
	p = ms_buf_extend(pem, FILE_MAX);
	if (p && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && !(st.st_mode & 077))
		n = read(fd, p, FILE_MAX);
	close(fd);
	ms_buf_truncate(pem, n > 0 ? (size_t)n : 0);
	if (n <= 0)
		return complain(
			error, path,
			"not a file that only its owner may read; it holds a key: chmod 600");
	return 0;
}

static int load(struct ms_ue *ue, const char *path, struct ms_buf *error)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf pem;
	int err;

	ms_buf_init_secret(&pem, FILE_MAX);
	err = read_file(path, &pem, error);
	if (err)
		return err;
	err = ms_tls_certificate_load(ms_buf_span(&pem), ms_buf_span(&pem), &ue->certificate);
	return err ? complain(error, path,
			      err == -EKEYREJECTED
				      ? "the key is too short, or not the certificate's"
				      : "not a certificate and its key in PEM")
		   : 0;
}

static int save(const struct ms_ue *ue, const char *path, struct ms_buf *error)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf pem;
	int fd, err;

	ms_buf_init_secret(&pem, FILE_MAX);
	err = ms_tls_certificate_put_pem(ue->certificate, &pem);
	if (err)
		return err;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return complain(error, path, strerror(errno));
	if (write(fd, pem.p, pem.len) != (ssize_t)pem.len)
		err = complain(error, path, strerror(errno));
	close(fd);
	if (err)
		(void)!unlink(path);
	return err;
}

static int make(struct ms_ue *ue, struct ms_buf *error)
{
	unsigned days = (unsigned)ue->settings->config->profile.certificate_days;
	int err = ms_tls_certificate_make(MS_SPAN_NULL, ms_clock_wall(), days, &ue->certificate);

	if (err)
		ms_buf_printf(error, "certificate: %s", strerror(-err));
	return err;
}

/* Half of its time is over: who goes by fingerprint does not mind, who looks at dates would. */
static bool is_old(const struct ms_ue *ue)
{
	ms_usec life = (ms_usec)ue->settings->config->profile.certificate_days * 86400 * MS_SEC;

	return ms_tls_certificate_expires(ue->certificate) < ms_clock_wall() + life / 2;
}

static void put_fingerprint(struct ms_ue *ue, enum ms_tls_hash hash)
{
	const struct ms_tls_fingerprint *fp = ms_tls_certificate_fingerprint(ue->certificate, hash);
	char *text = ue->fingerprint[ue->n_fingerprints];
	struct ms_buf b;

	ms_buf_init_fixed(&b, text, sizeof(ue->fingerprint[0]) - 1);
	ms_tls_fingerprint_put(&b, fp);
	text[b.len] = '\0';
	ue->n_fingerprints++;
}

/* RFC 8122 section 5.1: SHA-256, and the hash of the signature, if it is another that may be used. */
static void put_fingerprints(struct ms_ue *ue)
{
	enum ms_tls_hash signature = ms_tls_certificate_signature_hash(ue->certificate);

	put_fingerprint(ue, MS_TLS_SHA256);
	if (signature != MS_TLS_SHA256 && signature != MS_TLS_HASH_NONE &&
	    (signature != MS_TLS_SHA1 || ue->settings->config->profile.fingerprint_sha1))
		put_fingerprint(ue, signature);
}

int ms_ue_certificate_open(struct ms_ue *ue, struct ms_buf *error)
{
	const char *path = ue->settings->certificate;
	int err = path ? load(ue, path, error) : -ENOENT;

	if (err == -ENOENT) {
		err = make(ue, error);
		if (!err && path)
			err = save(ue, path, error);
	} else if (!err && is_old(ue)) {
		ms_ue_warn(ue, "%s: the certificate is old; remove the file for a new one", path);
	}
	if (!err)
		err = ms_tls_context_certificate(ue->tls, ue->certificate);
	if (!err)
		put_fingerprints(ue);
	return err;
}
