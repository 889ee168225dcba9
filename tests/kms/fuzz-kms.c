/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operators and files bring: ids, PEM, patterns, and replay journals. The first octet chooses.
 */
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/alloc.h"
#include "crypto/pem.h"
#include "kms/pem.h"
#include "kms/policy.h"
#include "kms/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW (1800000000 * MS_SEC)
#define BUCKET (60 * MS_SEC)

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void id(struct ms_span s)
{
	struct ms_buf octets, text, again;

	ms_buf_init(&octets, 65536);
	ms_buf_init(&text, 262144);
	ms_buf_init(&again, 65536);
	if (ms_kms_id_parse(s, &octets) == 0) {
		ms_kms_id_print(ms_buf_span(&octets), &text);
		check(ms_kms_id_parse(ms_buf_span(&text), &again) == 0);
		check(ms_span_eq(ms_buf_span(&octets), ms_buf_span(&again)));
	}
	ms_buf_done(&octets);
	ms_buf_done(&text);
	ms_buf_done(&again);
}

static void pem(struct ms_span s)
{
	uint8_t *der = NULL;
	size_t len = 0;
	ms_usec expires;
	struct ms_buf plain;

	ms_buf_init(&plain, 1 << 20);
	if (ms_pem_decode(s, &plain) == 0)
		check(plain.len > 0 || s.len > 0);
	ms_buf_done(&plain);
	if (ms_kms_pem_decode(s, &der, &len, &expires) == 0)
		OPENSSL_free(der);
	if (ms_kms_pem_decode(s, &der, &len, NULL) == 0)
		OPENSSL_free(der);
}

/* What a pattern covers, it covers with the wildcard filled in as well. */
static void pattern(struct ms_span s)
{
	struct ms_span text = s, p = ms_span_cut(&text, '\n');
	uint8_t filled[256];

	if (!text.p || text.len > sizeof(filled) || !ms_kms_covers(p, text, '?'))
		return;
	for (size_t i = 0; i < text.len; i++)
		filled[i] = text.p[i] == '?' ? 'x' : text.p[i];
	if (ms_span_find(p, 'x') == p.len)
		check(ms_kms_covers(p, ms_span_of(filled, text.len), '?'));
}

static void write_file(const char *dir, const char *name, struct ms_span s)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	check(fd >= 0 && write(fd, s.p, s.len) == (ssize_t)s.len);
	close(fd);
}

static void clean(const char *dir)
{
	char path[128];

	for (int64_t n = 0; n < 12; n++) {
		snprintf(path, sizeof(path), "%s/bucket.%lld", dir, (long long)(NOW / BUCKET + n));
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/floor", dir);
	unlink(path);
}

/* Any file is taken: its records count, or its time is closed, or it is nothing. */
static void journal(struct ms_span s)
{
	static char dir[] = "/tmp/ms-fuzz-kms-XXXXXX";
	static bool made;
	static const uint8_t key[16];
	const struct ms_kms_replay_config c = { .dir = dir,
						.window = 600 * MS_SEC,
						.bucket = BUCKET,
						.max_records = 100000,
						.hash_key = key };
	struct ms_kms_replay *r = NULL;
	char why[MS_KMS_REPLAY_WHY_MAX], name[64];
	uint8_t digest[MS_KMS_DIGEST_LEN] = { 9, 9, 9 };
	int err;

	if (!made)
		made = mkdtemp(dir) != NULL;
	check(made);
	snprintf(name, sizeof(name), "bucket.%lld", (long long)(NOW / BUCKET + 1));
	write_file(dir, name, s);
	write_file(dir, "floor", ms_span_sub(s, 3, s.len % 17));
	if (ms_kms_replay_open(&c, NOW, why, &r) == 0) {
		err = ms_kms_replay_add(r, digest, NOW + BUCKET);
		check(err == 0 ? ms_kms_replay_flush(r) == 0 : err < 0);
		if (err == 0)
			check(ms_kms_replay_add(r, digest, NOW + BUCKET) < 0);
	}
	ms_kms_replay_close(r);
	clean(dir);
	rmdir(dir);
	made = false;
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_span s;

	if (size == 0)
		return 0;
	s = ms_span_of(data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		id(s);
		break;
	case 1:
		pem(s);
		break;
	case 2:
		pattern(s);
		break;
	default:
		journal(s);
	}
	return 0;
}
