/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys-micro smime [ROUNDS]: protecting and opening a message of 1 kB with a ticket that is there,
 * beside what OpenSSL's CMS calls need for the cryptography of it alone: AuthEnvelopedData with one
 * KEK recipient, AES-256-GCM, without any key exchange. In one process, rounds alternate; each
 * line is one round: ours and theirs in microseconds.
 *
 * keys-micro replay: what a message costs at the replay cache, by how many it remembers.
 */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../tests/keys/small-kms.h"
#include "core/alloc.h"

#define BATCH 2000
#define ENTITY 1024

static double seconds(void)
{
	struct timespec t;

	/* Time of our own on a core, not that of others beside us. */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int die(const char *what)
{
	fprintf(stderr, "%s failed\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

/* ---- ours ---- */

static struct {
	struct ms_keys_smime alice, bob;
	struct ms_mikey_ticket_held *held;
	struct ms_mikey_resolved *resolved;
	struct ms_keys_replay *replay;
	uint8_t entity[ENTITY];
	ms_usec now;
	struct ms_buf object[BATCH];
} o;

static struct ms_keys_smime smime_of(enum small_user who)
{
	return (struct ms_keys_smime){ .party = small_party(who, true),
				       .profile = &ms_profile_default,
				       .random = &ms_random_system,
				       .cms = { .alg = MS_AEAD_AES_256_GCM },
				       .replay = o.replay };
}

static struct ms_keys_smime_in *read_one(size_t i)
{
	struct ms_keys_smime_in *in = NULL;
	struct ms_fault f = { 0 };

	if (ms_keys_smime_read(&o.bob, ms_buf_span(&o.object[i]), o.now, &f, &in))
		die(f.reason ? f.reason : "reading");
	return in;
}

static void seal_batch(void)
{
	struct ms_span bob = ms_span_str(small_uri(BOB));

	for (size_t i = 0; i < BATCH; i++) {
		ms_buf_reset(&o.object[i]);
		o.now += MS_MSEC;
		if (ms_keys_smime_seal(&o.alice, o.held, bob, ms_span_of(o.entity, ENTITY), o.now,
				       &o.object[i]))
			die("sealing");
	}
}

static void open_batch(void)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;

	ms_buf_init_secret(&out, 2 * ENTITY);
	for (size_t i = 0; i < BATCH; i++) {
		struct ms_keys_smime_in *in = read_one(i);
		struct ms_keys_identity sender;
		struct ms_fault f = { 0 };

		ms_buf_reset(&out);
		if (ms_mikey_incoming_use(ms_keys_smime_incoming(in), o.resolved, o.now, &f) ||
		    ms_keys_smime_open(in, o.now, &out, &sender, &f))
			die(f.reason ? f.reason : "opening");
		if (out.len != ENTITY || memcmp(out.p, o.entity, ENTITY) != 0)
			die("comparing");
		ms_keys_smime_in_free(in);
	}
}

/* Bob resolves the ticket once. */
static void resolve_once(void)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_keys_smime_in *in;

	ms_buf_init_secret(&b, MS_MIKEY_RESOLVED_MAX);
	seal_batch();
	in = read_one(0);
	if (small_resolve(ms_keys_smime_incoming(in), NULL))
		die("resolving");
	ms_mikey_resolved_serialise(ms_mikey_incoming_outcome(ms_keys_smime_incoming(in)), &b);
	if (ms_mikey_resolved_parse(ms_buf_span(&b), &o.resolved))
		die("copying");
	ms_keys_smime_in_free(in);
}

static void set_up(void)
{
	small_kms_reset();
	o.now = SMALL_NOW;
	for (size_t i = 0; i < ENTITY; i++)
		o.entity[i] = (uint8_t)("0123456789abcdef"[i % 16]);
	for (size_t i = 0; i < BATCH; i++)
		ms_buf_init(&o.object[i], 16384);
	if (ms_keys_replay_new(10000, &ms_random_system, &o.replay) ||
	    small_ticket(ALICE, true, small_uri(BOB), &o.held))
		die("set-up");
	o.alice = smime_of(ALICE);
	o.bob = smime_of(BOB);
	resolve_once();
}

static void tear_down(void)
{
	for (size_t i = 0; i < BATCH; i++)
		ms_buf_done(&o.object[i]);
	ms_mikey_resolved_free(o.resolved);
	ms_mikey_ticket_held_free(o.held);
	ms_keys_replay_free(o.replay);
}

/* ---- theirs ---- */

static struct {
	unsigned char *der[BATCH];
	int len[BATCH];
	unsigned char kek[32];
} t;

/* OpenSSL's own objects take the key and its name over. */
static unsigned char *copy(const void *p, size_t n)
{
	unsigned char *c = OPENSSL_malloc(n);

	if (!c)
		die("memory");
	memcpy(c, p, n);
	return c;
}

static void theirs_seal_batch(void)
{
	for (size_t i = 0; i < BATCH; i++) {
		BIO *in = BIO_new_mem_buf(o.entity, ENTITY);
		CMS_ContentInfo *cms = CMS_AuthEnvelopedData_create(EVP_aes_256_gcm());

		if (!in || !cms || !CMS_set_detached(cms, 0) ||
		    !CMS_add0_recipient_key(cms, NID_id_aes256_wrap, copy(t.kek, 32), 32,
					    copy("ticket 1", 8), 8, NULL, NULL, NULL) ||
		    CMS_final(cms, in, NULL, CMS_BINARY) != 1)
			die("OpenSSL sealing");
		OPENSSL_free(t.der[i]);
		t.der[i] = NULL;
		t.len[i] = i2d_CMS_ContentInfo(cms, &t.der[i]);
		if (t.len[i] <= 0)
			die("OpenSSL writing");
		CMS_ContentInfo_free(cms);
		BIO_free(in);
	}
}

static void theirs_open_batch(void)
{
	for (size_t i = 0; i < BATCH; i++) {
		const unsigned char *p = t.der[i];
		CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, t.len[i]);
		BIO *out = BIO_new(BIO_s_mem());
		char *plain;

		if (!cms || !out ||
		    !CMS_decrypt_set1_key(cms, t.kek, 32, (const unsigned char *)"ticket 1", 8) ||
		    !CMS_decrypt(cms, NULL, NULL, NULL, out, CMS_BINARY))
			die("OpenSSL opening");
		if (BIO_get_mem_data(out, &plain) != ENTITY || memcmp(plain, o.entity, ENTITY) != 0)
			die("comparing");
		CMS_ContentInfo_free(cms);
		BIO_free(out);
	}
}

/* ---- smime ---- */

static double time_of(void (*batch)(void))
{
	double start = seconds();

	batch();
	return (seconds() - start) / BATCH * 1e6;
}

static int smime(int rounds)
{
	set_up();
	if (ms_random_fill(&ms_random_system, t.kek, sizeof(t.kek)))
		die("random octets");
	theirs_seal_batch(); /* both are warm */
	for (int i = 0; i < rounds; i++) {
		double a = time_of(seal_batch), b = time_of(theirs_seal_batch);
		double c = time_of(open_batch), d = time_of(theirs_open_batch);

		printf("%.3f %.3f %.3f %.3f\n", a, b, c, d);
	}
	printf("octets %zu %d\n", o.object[0].len, t.len[0]);
	for (size_t i = 0; i < BATCH; i++)
		OPENSSL_free(t.der[i]);
	tear_down();
	return 0;
}

/* ---- replay ---- */

static void put_id(uint8_t id[MS_KEYS_REPLAY_ID], uint64_t n)
{
	/* Scattered, as digests are. */
	for (size_t i = 0; i < MS_KEYS_REPLAY_ID; i++)
		id[i] = (uint8_t)((n * 0x9e3779b97f4a7c15u) >> (i % 8 * 8));
}

static size_t resident(void)
{
	unsigned long size = 0, pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%lu %lu", &size, &pages) != 2)
		die("statm");
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* A full cache: each message that comes is looked up, entered, and another is forgotten. */
static void replay_at(size_t max, const char *path)
{
	enum { N = 200000 };
	struct ms_keys_replay *r = NULL;
	uint8_t id[MS_KEYS_REPLAY_ID];
	size_t before = resident(), used;
	double start, cost;
	uint64_t n = 0;

	if (ms_keys_replay_new(max, &ms_random_system, &r) ||
	    (path && ms_keys_replay_open(r, path)))
		die("replay cache");
	for (; n < max; n++) {
		put_id(id, n);
		if (ms_keys_replay_enter(r, id, (ms_usec)n + 1))
			die("entering");
	}
	used = resident() - before;
	start = seconds();
	for (uint64_t end = n + N; n < end; n++) {
		put_id(id, n);
		/* Some come late: their timestamps are not in order. */
		if (ms_keys_replay_seen(r, id) ||
		    ms_keys_replay_enter(r, id, (ms_usec)(n + 1 - (n % 3) * (max / 8))))
			die("entering");
	}
	cost = (seconds() - start) / N * 1e6;
	printf("%s %zu %.3f %zu\n", path ? "file" : "memory", max, cost, used / max);
	fflush(stdout);
	ms_keys_replay_free(r);
	if (path)
		unlink(path);
}

static int replay(void)
{
	char folder[] = "/tmp/keys-micro-XXXXXX", path[64];

	if (!mkdtemp(folder))
		die("mkdtemp");
	snprintf(path, sizeof(path), "%s/seen", folder);
	for (size_t max = 1000; max <= 1000000; max *= 10) {
		replay_at(max, NULL);
		replay_at(max, path);
	}
	rmdir(folder);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "smime") == 0)
		return smime(argc > 2 ? (int)strtol(argv[2], NULL, 10) : 5);
	if (argc > 1 && strcmp(argv[1], "replay") == 0)
		return replay();
	fprintf(stderr, "usage: keys-micro smime [ROUNDS] | replay\n");
	return 2;
}
