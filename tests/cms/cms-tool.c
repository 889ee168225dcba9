/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For interoperation tests:
 *   cms-tool seal ALG MAC_LEN KEK_HEX KEY_ID_HEX <entity >der
 *   cms-tool open KEK_HEX <der >entity        (prints the algorithm and the key identifier to stderr)
 * Exit codes: 0 done, 1 refused (the reason on stderr), 2 usage.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cms/cms.h"
#include "core/hex.h"
#include "core/secret.h"

#define MAX (4 * 1024 * 1024)

static void slurp(struct ms_buf *b)
{
	ssize_t n;

	do {
		uint8_t *p = ms_buf_extend(b, 65536);

		n = p ? read(STDIN_FILENO, p, 65536) : -1;
		ms_buf_truncate(b, b->len - 65536 + (n > 0 ? (size_t)n : 0));
	} while (n > 0);
}

static int pour(struct ms_span s)
{
	return fwrite(s.p, 1, s.len, stdout) == s.len && fflush(stdout) == 0 ? 0 : 1;
}

static int complain(const char *what, int err, const struct ms_fault *f)
{
	fprintf(stderr, "%s: %d %s\n", what, err, f->reason ? f->reason : "-");
	return 1;
}

static const struct ms_cms_locator *locator(void)
{
	return ms_cms_locator(MS_SPAN_LIT("kekid.keyIdentifier"));
}

static int find_alg(const char *name, enum ms_aead_alg *ret_alg)
{
	for (int i = 0; ms_aead_info((enum ms_aead_alg)i); i++) {
		if (strcmp(ms_aead_info((enum ms_aead_alg)i)->name, name) == 0) {
			*ret_alg = (enum ms_aead_alg)i;
			return 0;
		}
	}
	return -1;
}

static int seal(char **arg, struct ms_span in)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf kek, id, der;
	MS_CLEANUP(ms_cms_freep) struct ms_cms_message *m = NULL;
	struct ms_cms_params p = { .alg = MS_AEAD_AES_128_GCM };
	struct ms_fault f = { 0 };
	uint64_t mac_len;
	int err;

	ms_buf_init_secret(&kek, 64);
	ms_buf_init(&id, MAX);
	ms_buf_init(&der, MAX);
	if (find_alg(arg[0], &p.alg) < 0 || ms_span_u64(ms_span_str(arg[1]), 16, &mac_len) < 0 ||
	    ms_hex_decode(&kek, ms_span_str(arg[2])) < 0 ||
	    ms_hex_decode(&id, ms_span_str(arg[3])) < 0)
		return 2;
	p.tag_len = (size_t)mac_len;
	err = ms_cms_seal(&p, ms_buf_span(&kek), in, &ms_random_system, &m);
	if (err == 0)
		err = ms_cms_put_transfer(m, locator(), ms_buf_span(&id));
	if (err == 0)
		err = ms_cms_write(m, &der);
	return err < 0 ? complain("seal", err, &f) : pour(ms_buf_span(&der));
}

static int open_object(char **arg, struct ms_span in)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf kek, text, plain;
	MS_CLEANUP(ms_cms_freep) struct ms_cms_message *m = NULL;
	struct ms_cms_limits l = { .message_max = MAX };
	struct ms_fault f = { 0 };
	struct ms_span id;
	int err;

	ms_buf_init_secret(&kek, 64);
	ms_buf_init(&text, MAX);
	ms_buf_init(&plain, MAX);
	if (ms_hex_decode(&kek, ms_span_str(arg[0])) < 0)
		return 2;
	err = ms_cms_read(in, &l, &m, &f);
	if (err == 0)
		err = ms_cms_transfer(m, locator(), &id);
	if (err == 0) {
		ms_hex_encode(&text, id);
		fprintf(stderr, "%s %s\n", ms_aead_info(ms_cms_alg(m))->name, ms_buf_cstr(&text));
		err = ms_cms_open(m, ms_buf_span(&kek), &plain, &f);
	}
	return err < 0 ? complain("open", err, &f) : pour(ms_buf_span(&plain));
}

int main(int argc, char **argv)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf in;

	ms_buf_init(&in, MAX);
	if (argc == 6 && strcmp(argv[1], "seal") == 0) {
		slurp(&in);
		return seal(argv + 2, ms_buf_span(&in));
	}
	if (argc == 3 && strcmp(argv[1], "open") == 0) {
		slurp(&in);
		return open_object(argv + 2, ms_buf_span(&in));
	}
	fprintf(stderr, "usage: cms-tool seal ALG MAC_LEN KEK KEY_ID | open KEK\n");
	return 2;
}
