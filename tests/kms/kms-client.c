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
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "core/alloc.h"
#include "core/base64.h"
#include "core/hex.h"
#include "mikey/error.h"
#include "mikey/incoming.h"
#include "mikey/pk.h"
#include "mikey/request.h"
#include "mikey/transfer.h"

#define USERS_MAX 64
#define HANDLES_MAX 100000
#define WORDS_MAX 24
#define BODY_MAX ((size_t)128 << 10)

struct user {
	char *name, *identity, *key_id;
	struct ms_secret key;
	struct ms_mikey_credential *credential; /* owned; NULL: a pre-shared key */
	struct ms_mikey_clock clock;
};

struct handle {
	char *name;
	struct user *owner;
	struct ms_mikey_ticket_held *ticket;
};

struct options {
	long skew, life, start, keys, corrupt;
	bool base64;
	const char *path, *query, *type;
};

struct answer {
	int err, status;
	struct ms_buf body;
};

static struct sockaddr_in server;
static const char *kms_identity;
static struct user users[USERS_MAX];
static size_t n_users;
static struct handle *handles;
static size_t n_handles;
static struct ms_profile profile;
static struct ms_mikey_local local;
static int sock = -1;
static struct ms_buf last_body;
static char last_query[64];

/* ---- HTTP ---- */

/* Closed by the server while it was idle? */
static bool is_over(void)
{
	char c;

	return recv(sock, &c, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

static int connect_server(void)
{
	struct timeval limit = { .tv_sec = 15 };
	int one = 1;

	if (sock >= 0 && !is_over())
		return 0;
	if (sock >= 0)
		close(sock);
	sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(sock, (struct sockaddr *)&server, sizeof(server)) == 0)
		return 0;
	close(sock);
	sock = -1;
	return -errno;
}

static int send_all(struct ms_span s)
{
	while (s.len > 0) {
		ssize_t n = send(sock, s.p, s.len, MSG_NOSIGNAL);

		if (n <= 0)
			return -errno;
		s = ms_span_from(s, (size_t)n);
	}
	return 0;
}

/* Status, Content-Length and where the body begins; false if the head is not whole yet. */
static bool parse_head(struct ms_span all, int *ret_status, size_t *ret_len, size_t *ret_body)
{
	static const char field[] = "\r\ncontent-length:";
	size_t end = ms_span_find_span(all, MS_SPAN_LIT("\r\n\r\n"));
	uint64_t v = 0;

	if (end == all.len || all.len < 12)
		return false;
	if (ms_span_u64(ms_span_sub(all, 9, 3), 999, &v))
		return false;
	*ret_status = (int)v;
	*ret_len = 0;
	*ret_body = end + 4;
	for (size_t i = 0; i + sizeof(field) < end; i++) {
		struct ms_span rest = ms_span_from(all, i + sizeof(field) - 1);

		if (ms_span_starts_nocase(ms_span_from(all, i), MS_SPAN_LIT(field)) &&
		    ms_span_u64(ms_span_trim(ms_span_cut(&rest, '\r')), BODY_MAX, &v) == 0)
			*ret_len = (size_t)v;
	}
	return true;
}

static int receive(struct answer *a)
{
	struct ms_buf in;
	size_t want = 0, body = 0;
	int err = 0;

	ms_buf_init(&in, BODY_MAX);
	for (;;) {
		uint8_t chunk[4096];
		ssize_t n = recv(sock, chunk, sizeof(chunk), 0);

		if (n <= 0) {
			err = n < 0 ? -errno : -ECONNRESET;
			break;
		}
		ms_buf_put(&in, chunk, (size_t)n);
		if (parse_head(ms_buf_span(&in), &a->status, &want, &body) && in.len >= body + want)
			break;
	}
	if (err == 0)
		ms_buf_put(&a->body, in.p + body, want);
	if (err == 0 && ms_span_find_span(ms_span_sub(ms_buf_span(&in), 0, body),
					  MS_SPAN_LIT("onnection: close")) < body)
		err = 1;
	ms_buf_done(&in);
	return err;
}

static void post(struct ms_span body, const char *query, const struct options *o, struct answer *a)
{
	struct ms_buf text, out;
	int err;

	ms_buf_init(&text, BODY_MAX);
	ms_buf_init(&out, BODY_MAX);
	if (o->base64) {
		ms_base64_encode(&text, body);
		body = ms_buf_span(&text);
	}
	ms_buf_printf(&out,
		      "POST %s?%s=%s HTTP/1.1\r\nHost: kms\r\nContent-Type: %s\r\n"
		      "Content-Length: %zu\r\n\r\n",
		      o->path, profile.kms_query, o->query ? o->query : query, o->type, body.len);
	ms_buf_put_span(&out, body);
	err = connect_server();
	if (err == 0)
		err = send_all(ms_buf_span(&out));
	if (err == 0)
		err = receive(a);
	if (err) {
		close(sock);
		sock = -1;
	}
	a->err = err > 0 ? 0 : err;
	ms_buf_done(&text);
	ms_buf_done(&out);
}

static void decode_base64(struct answer *a)
{
	struct ms_buf raw;

	ms_buf_init(&raw, BODY_MAX);
	if (ms_base64_decode(&raw, ms_buf_span(&a->body), true) == 0) {
		ms_buf_reset(&a->body);
		ms_buf_put_span(&a->body, ms_buf_span(&raw));
	}
	ms_buf_done(&raw);
}

/* ---- answers ---- */

static void say(json_t *j)
{
	char *text = json_dumps(j, JSON_COMPACT);

	puts(text);
	fflush(stdout);
	free(text);
	json_decref(j);
}

static void say_error(const char *what)
{
	say(json_pack("{s:b, s:s}", "ok", 0, "error", what));
}

/* What the transport or an Error message says; true if there is a response to be looked at. */
static bool has_response(const struct answer *a)
{
	static struct ms_mikey_message m;
	struct ms_mikey_error e;

	if (a->err) {
		say(json_pack("{s:b, s:s}", "ok", 0, "error", strerror(-a->err)));
		return false;
	}
	if (a->status != 200) {
		say(json_pack("{s:b, s:i}", "ok", 0, "status", a->status));
		return false;
	}
	if (a->body.len > 1 && a->body.p[1] != MS_MIKEY_ERROR)
		return true;
	if (ms_mikey_error_read(ms_buf_span(&a->body), MS_SPAN_NULL, &m, &e, NULL) || e.n == 0)
		say(json_pack("{s:b, s:i, s:s}", "ok", 0, "status", a->status, "error",
			      "unreadable answer"));
	else
		say(json_pack("{s:b, s:i, s:i}", "ok", 0, "status", a->status, "mikey",
			      (int)e.error_no[0]));
	return false;
}

static void remember(struct ms_span body, const char *query)
{
	ms_buf_reset(&last_body);
	ms_buf_put_span(&last_body, body);
	snprintf(last_query, sizeof(last_query), "%s", query);
}

static void exchange(struct ms_buf *body, const char *query, const struct options *o,
		     struct answer *a)
{
	if (o->corrupt > 0 && (size_t)o->corrupt <= body->len)
		body->p[o->corrupt - 1] ^= 1;
	remember(ms_buf_span(body), query);
	post(ms_buf_span(body), query, o, a);
	if (a->err == 0 && o->base64)
		decode_base64(a);
}

/* ---- who ---- */

static struct user *find_user(const char *name)
{
	for (size_t i = 0; i < n_users; i++)
		if (strcmp(users[i].name, name) == 0)
			return &users[i];
	return NULL;
}

static struct handle *find_handle(const char *name)
{
	for (size_t i = n_handles; i-- > 0;)
		if (strcmp(handles[i].name, name) == 0)
			return &handles[i];
	return NULL;
}

static struct ms_mikey_id uri(const char *text)
{
	return (struct ms_mikey_id){ MS_MIKEY_ID_URI, ms_span_str(text) };
}

/* A clock that is wrong must not spoil the user's own, which never goes back. */
static struct ms_mikey_party party_of(struct user *u, long skew)
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

static ms_usec now_with(long skew)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (ms_usec)t.tv_sec * MS_SEC + t.tv_nsec / 1000 + skew * MS_SEC;
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

/* ---- Ticket Request ---- */

static size_t split_ids(char *text, struct ms_mikey_id *id, size_t max)
{
	size_t n = 0;

	for (char *p = text; p && n < max;) {
		char *comma = strchr(p, ',');

		if (comma)
			*comma++ = 0;
		id[n++] = uri(p);
		p = comma;
	}
	return n;
}

static void keep_ticket(struct user *u, const char *name, struct ms_mikey_ticket_held *ticket)
{
	struct handle *h;

	if (n_handles == HANDLES_MAX) {
		ms_mikey_ticket_held_free(ticket);
		return;
	}
	h = &handles[n_handles++];
	*h = (struct handle){ ms_strdup(name), u, ticket };
}

static void finish_request(const struct ms_mikey_request *r, struct user *u, const char *name,
			   const struct answer *a, ms_usec now)
{
	struct ms_mikey_ticket_held *ticket = NULL;
	struct ms_fault fault = { 0 };
	const struct ms_mikey_policy *p;

	if (ms_mikey_request_finish(r, ms_buf_span(&a->body), now, &fault, &ticket)) {
		say(json_pack("{s:b, s:i, s:s}", "ok", 0, "status", a->status, "reason",
			      fault.reason ? fault.reason : "?"));
		return;
	}
	p = ms_mikey_ticket_held_policy(ticket);
	say(json_pack("{s:b, s:i, s:I, s:i, s:i}", "ok", 1, "status", a->status, "life",
		      (json_int_t)((ms_mikey_ticket_held_end(ticket) - now) / MS_SEC), "altered",
		      p->flags & MS_MIKEY_FLAG_K ? 1 : 0, "responders", (int)p->n_responders));
	keep_ticket(u, name, ticket);
}

static void cmd_request(char **w, size_t n, const struct options *o)
{
	static struct ms_mikey_id id[2048];
	struct ms_mikey_wish wish[17];
	struct user *u = n >= 4 ? find_user(w[1]) : NULL;
	ms_usec now = now_with(o->skew);
	struct ms_mikey_wanted wanted = {
		.flags = MS_MIKEY_FLAG_D | MS_MIKEY_FLAG_E | MS_MIKEY_FLAG_F | MS_MIKEY_FLAG_G |
			 MS_MIKEY_FLAG_H | MS_MIKEY_FLAG_I | MS_MIKEY_FLAG_J | MS_MIKEY_FLAG_N |
			 MS_MIKEY_FLAG_O,
		.responder = id,
		.wish = wish,
		.n_wishes = (size_t)o->keys,
	};
	struct ms_mikey_request *r = NULL;
	struct ms_mikey_party me;
	struct answer a = { 0 };
	struct ms_buf body;

	if (!u || o->keys > 17) {
		say_error("request NAME HANDLE RESPONDER,...");
		return;
	}
	for (long i = 0; i < o->keys; i++)
		wish[i] = (struct ms_mikey_wish){ MS_MIKEY_KEY_TGK, 32, MS_SPAN_NULL };
	wanted.n_responders = split_ids(w[3], id, MS_ARRAY_SIZE(id));
	if (o->life)
		wanted.end = now + o->life * MS_SEC;
	if (o->start)
		wanted.start = now + o->start * MS_SEC;
	me = party_of(u, o->skew);
	ms_buf_init(&body, BODY_MAX);
	ms_buf_init(&a.body, BODY_MAX);
	if (ms_mikey_request_start(&me, &wanted, now, &body, &r)) {
		say_error("cannot make a request");
	} else {
		exchange(&body, profile.kms_request, o, &a);
		if (has_response(&a))
			finish_request(r, u, w[2], &a, now_with(o->skew));
	}
	ms_mikey_request_free(r);
	ms_buf_done(&a.body);
	ms_buf_done(&body);
}

/* ---- Ticket Resolve ---- */

static int make_transfer(struct handle *h, const struct user *to, long skew, struct ms_buf *out)
{
	const struct ms_mikey_session session = { .cs_id = 1, .prot_type = local.prot_tls };
	const struct ms_mikey_offer offer = { .called = uri(to->identity),
					      .session = &session,
					      .n_sessions = 1 };
	struct ms_mikey_party me = party_of(h->owner, skew);
	struct ms_mikey_transfer *t = NULL;
	int err;

	err = ms_mikey_transfer_start(&me, h->ticket, &offer, now_with(skew), out, &t);
	ms_mikey_transfer_free(t);
	return err;
}

static void finish_resolve(struct ms_mikey_incoming *in, const struct answer *a, ms_usec now)
{
	struct ms_fault fault = { 0 };
	const struct ms_mikey_resolved *r;
	struct ms_mikey_id admitted, from;

	if (ms_mikey_incoming_resolved(in, ms_buf_span(&a->body), now, &fault)) {
		say(json_pack("{s:b, s:i, s:s}", "ok", 0, "status", a->status, "reason",
			      fault.reason ? fault.reason : "?"));
		return;
	}
	r = ms_mikey_incoming_outcome(in);
	admitted = ms_mikey_resolved_identity(r);
	from = ms_mikey_incoming_initiator(in);
	say(json_pack("{s:b, s:i, s:s%, s:s%}", "ok", 1, "status", a->status, "admitted",
		      (const char *)admitted.data.p, admitted.data.len, "initiator",
		      (const char *)from.data.p, from.data.len));
}

static void cmd_resolve(char **w, size_t n, const struct options *o)
{
	struct user *u = n >= 3 ? find_user(w[1]) : NULL;
	struct handle *h = n >= 3 ? find_handle(w[2]) : NULL;
	struct ms_mikey_incoming *in = NULL;
	struct ms_buf transfer, body;
	struct ms_fault fault = { 0 };
	struct ms_mikey_party me;
	struct answer a = { 0 };
	ms_usec now = now_with(o->skew);

	if (!u || !h) {
		say_error("resolve NAME HANDLE");
		return;
	}
	me = party_of(u, o->skew);
	ms_buf_init(&transfer, BODY_MAX);
	ms_buf_init(&body, BODY_MAX);
	ms_buf_init(&a.body, BODY_MAX);
	if (make_transfer(h, u, o->skew, &transfer)) {
		say_error("cannot make a TRANSFER_INIT");
	} else if (ms_mikey_incoming_new(&me, ms_buf_span(&transfer), MS_SPAN_NULL, NULL, now,
					 &fault, &in) ||
		   ms_mikey_incoming_resolve(in, now, &body)) {
		say_error(fault.reason ? fault.reason : "cannot make a RESOLVE_INIT");
	} else {
		exchange(&body, profile.kms_resolve, o, &a);
		if (has_response(&a))
			finish_resolve(in, &a, now_with(o->skew));
	}
	ms_mikey_incoming_free(in);
	ms_buf_done(&a.body);
	ms_buf_done(&body);
	ms_buf_done(&transfer);
}

static void cmd_again(const struct options *o)
{
	struct answer a = { 0 };

	ms_buf_init(&a.body, BODY_MAX);
	post(ms_buf_span(&last_body), last_query, o, &a);
	if (has_response(&a))
		say(json_pack("{s:b, s:i}", "ok", 1, "status", a.status));
	ms_buf_done(&a.body);
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
	server.sin_family = AF_INET;
	server.sin_port = htons((uint16_t)port);
	inet_pton(AF_INET, argv[1], &server.sin_addr);
	kms_identity = argv[3];
	profile = ms_profile_default;
	ms_mikey_local_init(&local, &profile);
	/* So that the tests reach the KMS with a clock that is wrong. */
	local.skew = local.ahead = (ms_usec)1000000 * MS_SEC;
	handles = ms_calloc(HANDLES_MAX, sizeof(*handles));
	ms_buf_init(&last_body, BODY_MAX);
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
	ms_buf_done(&last_body);
	return 0;
}
