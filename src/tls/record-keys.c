/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traffic keys after a handshake of libssl: TLS 1.2 derives them from the master secret (RFC 5246
 * section 6.3), TLS 1.3 from the traffic secrets that the key log callback tells (RFC 8446 section
 * 7.3).
 */
#include <openssl/evp.h>

#include "core/alloc.h"
#include "tls/derive.h"
#include "tls/record-priv.h"

/* ---- TLS 1.2 ---- */

/* Takes the key block apart (RFC 5246 section 6.3); there are no MAC keys. */
static void share_out(const struct ms_tls *t, struct ms_tls_record *r, const uint8_t *block)
{
	struct ms_tls_side *client = t->role == MS_TLS_CLIENT ? &r->out : &r->in;
	struct ms_tls_side *server = t->role == MS_TLS_CLIENT ? &r->in : &r->out;
	size_t k = r->key_len;

	memcpy(client->key, block, k);
	memcpy(server->key, block + k, k);
	memcpy(client->iv, block + 2 * k, 4);
	memcpy(server->iv, block + 2 * k + 4, 4);
	/*
	 * The Finished messages were the first records under these keys. libssl gave its own an explicit
	 * nonce of 64 random bits; ours is the record's number, so that one of n records has the same
	 * with a probability of n / 2^64.
	 */
	client->seq = server->seq = 1;
}

static bool keys_12(const struct ms_tls *t, struct ms_tls_record *r)
{
	uint8_t random[2 * SSL3_RANDOM_SIZE];
	uint8_t master[SSL_MAX_MASTER_KEY_LENGTH], block[2 * (32 + 4)];
	size_t n = SSL_SESSION_get_master_key(SSL_get_session(t->ssl), master, sizeof(master));
	const struct ms_span seed[] = { MS_SPAN_LIT("key expansion"),
					ms_span_of(random, sizeof(random)) };

	if (n == 0)
		return false;
	SSL_get_server_random(t->ssl, random, SSL3_RANDOM_SIZE);
	SSL_get_client_random(t->ssl, random + SSL3_RANDOM_SIZE, SSL3_RANDOM_SIZE);
	ms_tls_prf(r->hash_len, ms_span_of(master, n), seed, MS_ARRAY_SIZE(seed), block,
		   2 * ((size_t)r->key_len + 4));
	share_out(t, r, block);
	ms_wipe(master, sizeof(master));
	ms_wipe(block, sizeof(block));
	return true;
}

/* ---- TLS 1.3 ---- */

static void expand(size_t hash_len, const uint8_t *secret, const char *label, uint8_t *out,
		   size_t n)
{
	ms_tls_expand_label(hash_len, ms_span_of(secret, hash_len), MS_SPAN_LIT("tls13 "),
			    ms_span_str(label), MS_SPAN_NULL, out, n);
}

static void keys_13(const struct ms_tls_record *r, struct ms_tls_side *side)
{
	expand(r->hash_len, side->secret, "key", side->key, r->key_len);
	expand(r->hash_len, side->secret, "iv", side->iv, sizeof(side->iv));
	/* Old keys with new numbers would use nonces twice. */
	side->seq = 0;
}

void ms_tls_record_next_keys(const struct ms_tls_record *r, struct ms_tls_side *side)
{
	uint8_t next[MS_TLS_HASH_MAX];

	expand(r->hash_len, side->secret, "traffic upd", next, r->hash_len);
	memcpy(side->secret, next, r->hash_len);
	ms_wipe(next, sizeof(next));
	keys_13(r, side);
}

static int nibble(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* "LABEL <client random> <secret>", hexadecimal. */
static void read_secret(const char *line, struct ms_tls_secret *ret_s)
{
	const char *hex = strrchr(line, ' ');
	size_t n = hex ? strlen(hex + 1) / 2 : 0;

	if (n > sizeof(ret_s->octets))
		return;
	for (size_t i = 0; i < n; i++) {
		int high = nibble(hex[1 + 2 * i]), low = nibble(hex[2 + 2 * i]);

		if (high < 0 || low < 0)
			return;
		ret_s->octets[i] = (uint8_t)(high << 4 | low);
	}
	ret_s->len = (uint8_t)n;
}

/*
 * libssl prints a secret by one sprintf() for each octet, 5 us a line in TLS 1.2, 20 us for the five of
 * TLS 1.3. Unless somebody wants them all, it is only asked when a traffic secret comes next.
 */
bool ms_tls_record_wants_line(const struct ms_tls *t)
{
	bool client = t->role == MS_TLS_CLIENT;

	if (SSL_version(t->ssl) != TLS1_3_VERSION)
		return false;
	switch (SSL_get_state(t->ssl)) {
	case TLS_ST_SW_ENCRYPTED_EXTENSIONS: /* with a key: the server's Finished follows */
	case TLS_ST_SW_CERT_VRFY:            /* with a certificate likewise */
	case TLS_ST_SW_FINISHED:
	case TLS_ST_SR_CERT:
	case TLS_ST_SR_CERT_VRFY:
	case TLS_ST_SR_FINISHED:
	case TLS_ST_EARLY_DATA:
		return !client;
	default:
		return client;
	}
}

void ms_tls_record_secret(struct ms_tls *t, const char *line)
{
	static const char client[] = "CLIENT_TRAFFIC_SECRET_0 ";
	static const char server[] = "SERVER_TRAFFIC_SECRET_0 ";

	if (!t || !t->start)
		return;
	if (strncmp(line, client, sizeof(client) - 1) == 0)
		read_secret(line, &t->start->secrets.client);
	else if (strncmp(line, server, sizeof(server) - 1) == 0)
		read_secret(line, &t->start->secrets.server);
}

void ms_tls_record_wipe(struct ms_tls_secrets *s)
{
	ms_wipe(s, sizeof(*s));
}

static bool take_secrets(const struct ms_tls *t, struct ms_tls_record *r)
{
	const struct ms_tls_secrets *s = &t->start->secrets;
	struct ms_tls_side *client = t->role == MS_TLS_CLIENT ? &r->out : &r->in;
	struct ms_tls_side *server = t->role == MS_TLS_CLIENT ? &r->in : &r->out;

	if (s->client.len != r->hash_len || s->server.len != r->hash_len)
		return false;
	memcpy(client->secret, s->client.octets, r->hash_len);
	memcpy(server->secret, s->server.octets, r->hash_len);
	keys_13(r, client);
	keys_13(r, server);
	return true;
}

/* ---- taking over ---- */

/* Suites we have, and a session of which libssl holds nothing that we would not see. */
static bool is_ours(const struct ms_tls *t, const SSL_CIPHER *c)
{
	int nid = c ? SSL_CIPHER_get_cipher_nid(c) : NID_undef;
	const SSL_SESSION *session = SSL_get_session(t->ssl);

	if (nid != NID_aes_128_gcm && nid != NID_aes_256_gcm)
		return false;
	return !t->ctx->config.allow_renegotiation && !SSL_has_pending(t->ssl) && session &&
	       SSL_SESSION_get_max_fragment_length(session) == TLSEXT_max_fragment_length_DISABLED;
}

static bool fill_in(const struct ms_tls *t, const SSL_CIPHER *c, struct ms_tls_record *r)
{
	const EVP_MD *md = SSL_CIPHER_get_handshake_digest(c);

	r->suite = SSL_CIPHER_get_name(c);
	r->key_len = SSL_CIPHER_get_cipher_nid(c) == NID_aes_128_gcm ? 16 : 32;
	r->hash_len = md ? (uint8_t)EVP_MD_get_size(md) : 0;
	r->v13 = SSL_version(t->ssl) == TLS1_3_VERSION;
	if (r->hash_len != 32 && r->hash_len != MS_SHA384_LEN)
		return false;
	if (r->v13)
		return take_secrets(t, r);
	return SSL_version(t->ssl) == TLS1_2_VERSION && keys_12(t, r);
}

struct ms_tls_record *ms_tls_record_make(const struct ms_tls *t)
{
	const SSL_CIPHER *c = SSL_get_current_cipher(t->ssl);
	struct ms_tls_record *r = is_ours(t, c) ? ms_zalloc(sizeof(*r)) : NULL;

	if (r && !fill_in(t, c, r)) {
		ms_wipe(r, sizeof(*r));
		r = ms_free(r);
	}
	return r;
}
