/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traffic keys after a handshake of libssl: TLS 1.2 derives them from the master secret (RFC 5246
 * section 6.3), TLS 1.3 from the traffic secrets that the key log callback tells (RFC 8446 section
 * 7.3).
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/alloc.h"
#include "crypto/hmac.h"
#include "tls/record-priv.h"

#define MAC_MAX 48
#define PARTS_MAX 256

/* ---- HMAC with the hash of the suite ---- */

struct mac {
	struct ms_hmac_key key; /* SHA-256 */
	struct ms_span secret;  /* SHA-384 */
	size_t len;
};

static void mac_set(struct mac *m, size_t hash_len, struct ms_span secret)
{
	m->len = hash_len;
	m->secret = secret;
	if (hash_len == 32)
		ms_hmac_key_set(&m->key, MS_HASH_SHA256, secret);
}

static bool mac_384(const struct mac *m, const struct ms_span *parts, size_t n, uint8_t *out)
{
	uint8_t text[PARTS_MAX];
	size_t len = 0;
	unsigned got = 0;
	bool ok;

	for (size_t i = 0; i < n; i++) {
		memcpy(text + len, parts[i].p, parts[i].len);
		len += parts[i].len;
	}
	ok = HMAC(EVP_sha384(), m->secret.p, (int)m->secret.len, text, len, out, &got);
	ms_wipe(text, len);
	return ok;
}

/* All parts together are shorter than PARTS_MAX: labels, randoms, digests. false: libcrypto fails, and
 * `out` is no key. */
static MS_MUST_CHECK bool mac(const struct mac *m, const struct ms_span *parts, size_t n,
			      uint8_t out[MAC_MAX])
{
	if (m->len != 32)
		return mac_384(m, parts, n, out);
	ms_hmac(&m->key, parts, n, out);
	return true;
}

static void mac_wipe(struct mac *m)
{
	ms_hmac_key_wipe(&m->key);
}

/* ---- TLS 1.2 ---- */

/* P_hash of RFC 5246 section 5. */
static bool expand_12(size_t hash_len, struct ms_span secret, struct ms_span seed, uint8_t *out,
		      size_t n)
{
	uint8_t a[MAC_MAX], block[MAC_MAX];
	struct mac m;
	struct ms_span parts[2] = { seed };
	bool ok;

	mac_set(&m, hash_len, secret);
	ok = mac(&m, parts, 1, a);
	for (size_t at = 0; ok && at < n; at += hash_len) {
		parts[0] = ms_span_of(a, hash_len);
		parts[1] = seed;
		ok = mac(&m, parts, 2, block);
		if (ok)
			memcpy(out + at, block, n - at < hash_len ? n - at : hash_len);
		ok = ok && mac(&m, parts, 1, block);
		if (ok)
			memcpy(a, block, hash_len);
	}
	mac_wipe(&m);
	ms_wipe(a, sizeof(a));
	ms_wipe(block, sizeof(block));
	return ok;
}

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
	static const char label[] = "key expansion";
	uint8_t seed[sizeof(label) - 1 + 2 * SSL3_RANDOM_SIZE];
	uint8_t master[SSL_MAX_MASTER_KEY_LENGTH], block[2 * (32 + 4)];
	size_t n = SSL_SESSION_get_master_key(SSL_get_session(t->ssl), master, sizeof(master));
	bool ok;

	memcpy(seed, label, sizeof(label) - 1);
	SSL_get_server_random(t->ssl, seed + sizeof(label) - 1, SSL3_RANDOM_SIZE);
	SSL_get_client_random(t->ssl, seed + sizeof(label) - 1 + SSL3_RANDOM_SIZE,
			      SSL3_RANDOM_SIZE);
	ok = n > 0 && expand_12(r->hash_len, ms_span_of(master, n), ms_span_of(seed, sizeof(seed)),
				block, 2 * ((size_t)r->key_len + 4));
	if (ok)
		share_out(t, r, block);
	ms_wipe(master, sizeof(master));
	ms_wipe(block, sizeof(block));
	return ok;
}

/* ---- TLS 1.3 ---- */

/* HKDF-Expand-Label without context; never more than one block of the hash. */
static bool expand_label(size_t hash_len, const uint8_t *secret, const char *label, uint8_t *out,
			 size_t n)
{
	uint8_t info[32], block[MAC_MAX];
	struct ms_buf b;
	struct ms_span part;
	struct mac m;
	bool ok;

	ms_buf_init_fixed(&b, info, sizeof(info));
	ms_buf_put_u16(&b, (unsigned)n);
	ms_buf_put_u8(&b, (unsigned)(6 + strlen(label)));
	ms_buf_put_str(&b, "tls13 ");
	ms_buf_put_str(&b, label);
	ms_buf_put_u8(&b, 0); /* context */
	ms_buf_put_u8(&b, 1); /* first block of HKDF-Expand */
	part = ms_buf_span(&b);
	mac_set(&m, hash_len, ms_span_of(secret, hash_len));
	ok = mac(&m, &part, 1, block);
	if (ok)
		memcpy(out, block, n);
	mac_wipe(&m);
	ms_wipe(block, sizeof(block));
	return ok;
}

static bool keys_13(const struct ms_tls_record *r, struct ms_tls_side *side)
{
	bool ok = expand_label(r->hash_len, side->secret, "key", side->key, r->key_len) &&
		  expand_label(r->hash_len, side->secret, "iv", side->iv, sizeof(side->iv));

	/* Old keys with new numbers would use nonces twice. */
	if (ok)
		side->seq = 0;
	return ok;
}

bool ms_tls_record_next_keys(const struct ms_tls_record *r, struct ms_tls_side *side)
{
	uint8_t next[MAC_MAX];
	bool ok = expand_label(r->hash_len, side->secret, "traffic upd", next, r->hash_len);

	if (ok)
		memcpy(side->secret, next, r->hash_len);
	ms_wipe(next, sizeof(next));
	return ok && keys_13(r, side);
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
	return keys_13(r, client) && keys_13(r, server);
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
	if (r->hash_len != 32 && r->hash_len != MAC_MAX)
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
