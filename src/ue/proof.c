/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs of origin as files. See proof.h. */
#include "ue/proof.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base64.h"
#include "ue/display.h"

#define TITLE "Mediasec proof of origin\n"
#define BEGIN "-----BEGIN CMS-----\n"
#define END "-----END CMS-----\n"
#define PEM_LINE 64 /* characters: RFC 7468 section 2 */
#define SHOWN_MAX 256

static void put_time(struct ms_buf *b, ms_usec t)
{
	const time_t seconds = (time_t)(t / MS_SEC);
	char text[32];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		ms_buf_put_str(b, text);
}

static void put_pem(struct ms_buf *b, struct ms_span object)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;

	ms_buf_init(&text, MS_UE_PROOF_TEXT_MAX);
	ms_base64_encode(&text, object);
	ms_buf_fail(b, ms_buf_status(&text));
	ms_buf_put_str(b, BEGIN);
	for (size_t at = 0; at < text.len; at += PEM_LINE) {
		struct ms_span rest = ms_span_from(ms_buf_span(&text), at);

		ms_buf_put_span(b, ms_span_sub(rest, 0, rest.len < PEM_LINE ? rest.len : PEM_LINE));
		ms_buf_put_u8(b, '\n');
	}
	ms_buf_put_str(b, END);
}

void ms_ue_proof_put(struct ms_buf *b, const struct ms_ue_proof_note *n, struct ms_span object)
{
	ms_buf_put_str(b, TITLE "From: ");
	ms_ue_display_text(b, n->from, NULL, SHOWN_MAX);
	ms_buf_put_str(b, "\nTo: ");
	ms_ue_display_text(b, n->to, NULL, SHOWN_MAX);
	ms_buf_put_str(b, "\nWritten: ");
	put_time(b, n->written);
	ms_buf_put_str(b, "\nReceived: ");
	put_time(b, n->received);
	ms_buf_put_u8(b, '\n');
	put_pem(b, object);
}

static bool find(struct ms_span text, const char *what, size_t *ret_at)
{
	*ret_at = ms_span_find_span(text, ms_span_str(what));
	return *ret_at < text.len;
}

/* Where the lines for people begin: at the last title before the object, else at the object. */
static size_t note_start(struct ms_span before)
{
	size_t start = before.len, at, from = 0;

	while (find(ms_span_from(before, from), TITLE, &at)) {
		start = from + at;
		from = start + 1;
	}
	return start;
}

int ms_ue_proof_next(struct ms_span *text, struct ms_span *ret_note, struct ms_span *ret_proof,
		     struct ms_buf *object)
{
	struct ms_span rest;
	size_t begin, end, note;
	int err;

	if (!find(*text, BEGIN, &begin))
		return -ENOENT;
	rest = ms_span_from(*text, begin + strlen(BEGIN));
	if (!find(rest, END, &end))
		return -EBADMSG;
	err = ms_base64_decode(object, ms_span_sub(rest, 0, end), true);
	if (err)
		return err == -EINVAL ? -EBADMSG : err;
	note = note_start(ms_span_sub(*text, 0, begin));
	*ret_note = ms_span_sub(*text, note, begin - note);
	end += begin + strlen(BEGIN) + strlen(END);
	*ret_proof = ms_span_sub(*text, note, end - note);
	*text = ms_span_from(*text, end);
	return 0;
}

/* All of it, or nothing: what was written in part is taken back. */
static int append(int fd, uint64_t max, struct ms_span text)
{
	struct stat st;
	ssize_t n;
	int err;

	if (fstat(fd, &st))
		return -errno;
	if ((uint64_t)st.st_size + text.len > max)
		return -EFBIG;
	n = write(fd, text.p, text.len);
	if (n == (ssize_t)text.len && fdatasync(fd) == 0)
		return 0;
	err = n < 0 || n == (ssize_t)text.len ? -errno : -ENOSPC;
	return ftruncate(fd, st.st_size) ? -errno : err;
}

int ms_ue_proof_keep(const char *path, uint64_t max, const struct ms_ue_proof_note *n,
		     struct ms_span object)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;
	int fd, err;

	ms_buf_init(&text, MS_UE_PROOF_TEXT_MAX);
	ms_ue_proof_put(&text, n, object);
	err = ms_buf_status(&text);
	if (err)
		return err;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	err = append(fd, max, ms_buf_span(&text));
	close(fd);
	return err;
}

int ms_ue_proof_load(const char *path, uint64_t max, struct ms_buf *text)
{
	uint8_t piece[8192];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), err = 0;

	if (fd < 0)
		return -errno;
	while (!err && (n = read(fd, piece, sizeof(piece))) != 0) {
		if (n < 0)
			err = -errno;
		else if (text->len + (size_t)n > max)
			err = -EFBIG;
		else
			ms_buf_put(text, piece, (size_t)n);
	}
	close(fd);
	return err ? err : ms_buf_status(text);
}
