/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of the KMS for the scenario tests: real Initiator and Responder engines over HTTP,
 * commanded by lines on standard input, each answered by one line of JSON.
 *
 *   kms-client HOST PORT KMS-IDENTITY
 *   user NAME IDENTITY KEY-ID HEX        who may act; with "-" before it IDENTITY is left out of messages
 *   certuser NAME IDENTITY KEY CERT KMS-CERT   the public-key variants; files in DER
 *   request NAME HANDLE RESPONDER[,...] [opt=value ...]
 *   resolve NAME HANDLE [opt=value ...]  makes a TRANSFER_INIT with the ticket, resolves it
 *   again                                sends the last message once more
 *   save HANDLE FILE                     the TICKET payload
 *   options: skew=SECONDS life=SECONDS start=SECONDS keys=N base64=1 path=P query=Q type=T corrupt=N
 */
#include "kms-client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/hex.h"
#include "mikey/pk.h"

#define USERS_MAX 64
#define HANDLES_MAX 100000
#define WORDS_MAX 24

static const char *kms_identity;
static struct user users[USERS_MAX];
static size_t n_users;
static struct handle *handles;
static size_t n_handles;
struct ms_profile profile;
struct ms_mikey_local local;

/* ---- who ---- */

struct user *find_user(const char *name)
{
	for (size_t i = 0; i < n_users; i++)
		if (strcmp(users[i].name, name) == 0)
			return &users[i];
	return NULL;
}

struct handle *find_handle(const char *name)
{
	for (size_t i = n_handles; i-- > 0;)
		if (strcmp(handles[i].name, name) == 0)
			return &handles[i];
	return NULL;
}

struct ms_mikey_id uri(const char *text)
{
	return (struct ms_mikey_id){ MS_MIKEY_ID_URI, ms_span_str(text) };
}

struct ms_mikey_party party_of(struct user *u, long skew)
{
	static struct ms_mikey_clock wrong;

	wrong.last = 0;
	bool nameless = u->identity[0] == '-';

	return (struct ms_mikey_party){
		.id = uri(u->identity + nameless),
		.kms = uri(kms_identity),
		.psk_id = { MS_MIKEY_ID_BYTES,
			    u->credential ? MS_SPAN_NULL : ms_span_str(u->key_id) },
		.psk = ms_secret_span(&u->key),
		.credential = u->credential,
		.suite = *ms_mikey_suite_of(&profile),
		.omit_ids = nameless,
		.local = &local,
		.random = &ms_random_system,
		.clock = skew ? &wrong : &u->clock,
	};
}

static void cmd_user(char **w, size_t n)
{
	struct user *u = n >= 5 ? find_user(w[1]) : NULL;
	struct ms_buf key;

	if (n < 5 || n_users == USERS_MAX) {
		say_error("user NAME IDENTITY KEY-ID HEX");
		return;
	}
	if (!u)
		u = &users[n_users++];
	memset(u, 0, sizeof(*u));
	u->name = ms_strdup(w[1]);
	u->identity = ms_strdup(w[2]);
	u->key_id = ms_strdup(w[3]);
	ms_buf_init_fixed(&key, u->key.b, sizeof(u->key.b));
	if (ms_hex_decode(&key, ms_span_str(w[4]))) {
		say_error("key");
		return;
	}
	u->key.len = key.len;
	say(json_pack("{s:b}", "ok", 1));
}

static bool read_der(const char *path, struct ms_buf *b)
{
	uint8_t chunk[8192];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, chunk, sizeof(chunk));

	if (fd >= 0)
		close(fd);
	if (n > 0)
		ms_buf_put(b, chunk, (size_t)n);
	return n > 0 && ms_buf_status(b) == 0;
}

static void cmd_certuser(char **w, size_t n)
{
	struct user *u = &users[n_users];
	struct ms_buf der[3];
	struct ms_span cert;
	bool ok = n == 6 && n_users < USERS_MAX;

	for (int i = 0; i < 3; i++) {
		ms_buf_init(&der[i], BODY_MAX);
		ok = ok && read_der(w[3 + i], &der[i]);
	}
	cert = ms_buf_span(&der[1]);
	memset(u, 0, sizeof(*u));
	if (ok && ms_mikey_credential_new(ms_buf_span(&der[0]), &cert, 1, ms_buf_span(&der[2]),
					  &u->credential) == 0) {
		u->name = ms_strdup(w[1]);
		u->identity = ms_strdup(w[2]);
		n_users++;
		say(json_pack("{s:b}", "ok", 1));
	} else {
		say_error("certuser NAME IDENTITY KEY CERT KMS-CERT");
	}
	for (int i = 0; i < 3; i++)
		ms_buf_done(&der[i]);
}

void keep_ticket(struct user *u, const char *name, struct ms_mikey_ticket_held *ticket)
{
	struct handle *h;

	if (n_handles == HANDLES_MAX) {
		ms_mikey_ticket_held_free(ticket);
		return;
	}
	h = &handles[n_handles++];
	*h = (struct handle){ ms_strdup(name), u, ticket };
}

static void cmd_save(char **w, size_t n)
{
	struct handle *h = n >= 3 ? find_handle(w[1]) : NULL;
	const struct ms_mikey_policy *p;
	int fd;

	if (!h) {
		say_error("save HANDLE FILE");
		return;
	}
	p = ms_mikey_ticket_held_policy(h->ticket);
	fd = open(w[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, p->raw.p, p->raw.len) != (ssize_t)p->raw.len)
		say_error(strerror(errno));
	else
		say(json_pack("{s:b}", "ok", 1));
	if (fd >= 0)
		close(fd);
}

/* ---- the lines ---- */

static bool number(const char *word, const char *name, long *v)
{
	size_t n = strlen(name);
	bool minus;
	uint64_t u;

	if (strncmp(word, name, n) != 0 || word[n] != '=')
		return false;
	minus = word[n + 1] == '-';
	if (ms_span_u64(ms_span_str(word + n + 1 + minus), INT32_MAX, &u) == 0)
		*v = minus ? -(long)u : (long)u;
	return true;
}

static bool text(const char *word, const char *name, const char **v)
{
	size_t n = strlen(name);

	if (strncmp(word, name, n) != 0 || word[n] != '=')
		return false;
	*v = word + n + 1;
	return true;
}

static size_t take_options(char **w, size_t n, struct options *o)
{
	size_t kept = 0;
	long base64 = 0;

	for (size_t i = 0; i < n; i++)
		if (!number(w[i], "skew", &o->skew) && !number(w[i], "life", &o->life) &&
		    !number(w[i], "start", &o->start) && !number(w[i], "keys", &o->keys) &&
		    !number(w[i], "corrupt", &o->corrupt) && !number(w[i], "base64", &base64) &&
		    !text(w[i], "path", &o->path) && !text(w[i], "query", &o->query) &&
		    !text(w[i], "type", &o->type))
			w[kept++] = w[i];
	o->base64 = base64 != 0;
	return kept;
}

static void run_line(char *line)
{
	struct options o = { .path = profile.kms_path, .type = "application/mikey" };
	char *w[WORDS_MAX];
	size_t n = 0;

	for (char *p = line; *p && n < WORDS_MAX;) {
		w[n++] = p;
		p += strcspn(p, " \n");
		if (*p)
			*p++ = 0;
	}
	n = take_options(w, n, &o);
	if (n == 0)
		say_error("what?");
	else if (strcmp(w[0], "user") == 0)
		cmd_user(w, n);
	else if (strcmp(w[0], "certuser") == 0)
		cmd_certuser(w, n);
	else if (strcmp(w[0], "request") == 0)
		cmd_request(w, n, &o);
	else if (strcmp(w[0], "resolve") == 0)
		cmd_resolve(w, n, &o);
	else if (strcmp(w[0], "again") == 0)
		cmd_again(&o);
	else if (strcmp(w[0], "save") == 0)
		cmd_save(w, n);
	else
		say_error("unknown command");
}

int main(int argc, char **argv)
{
	static char line[BODY_MAX];
	uint64_t port;

	if (argc != 4 || ms_span_u64(ms_span_str(argv[2]), 65535, &port)) {
		fprintf(stderr, "usage: kms-client HOST PORT KMS-IDENTITY\n");
		return 2;
	}
	http_to(argv[1], (uint16_t)port);
	kms_identity = argv[3];
	profile = ms_profile_default;
	ms_mikey_local_init(&local, &profile);
	/* So that the tests reach the KMS with a clock that is wrong. */
	local.skew = local.ahead = (ms_usec)1000000 * MS_SEC;
	handles = ms_calloc(HANDLES_MAX, sizeof(*handles));
	exchange_init();
	while (handles && fgets(line, sizeof(line), stdin))
		run_line(line);
	for (size_t i = 0; i < n_handles; i++) {
		ms_mikey_ticket_held_free(handles[i].ticket);
		ms_free(handles[i].name);
	}
	ms_free(handles);
	for (size_t i = 0; i < n_users; i++) {
		ms_free(users[i].name);
		ms_free(users[i].identity);
		ms_free(users[i].key_id);
		ms_mikey_credential_free(users[i].credential);
	}
	exchange_done();
	return 0;
}
