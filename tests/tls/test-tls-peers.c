/* SPDX-License-Identifier: Apache-2.0 */
/* Our sessions with a peer that is OpenSSL itself, set up to do what the profile refuses. */
#include "pair.h"

#include <errno.h>
#include <openssl/ssl.h>

#include "core/buf.h"
#include "tls/tls-priv.h"

struct raw {
	SSL_CTX *ctx;
	SSL *ssl;
	BIO *in, *out; /* of the peer */
	struct ms_tls_context *ours_ctx;
	struct ms_tls *ours;
};

static unsigned give_key(SSL *ssl MS_UNUSED, const char *identity MS_UNUSED, unsigned char *psk,
			 unsigned max MS_UNUSED)
{
	memcpy(psk, PSK32, 32);
	return 32;
}

static unsigned give_key_and_name(SSL *ssl, const char *hint, char *identity,
				  unsigned max MS_UNUSED, unsigned char *psk, unsigned psk_max)
{
	identity[0] = '\0';
	return give_key(ssl, hint, psk, psk_max);
}

static void raw_open(struct raw *r, enum ms_tls_role ours, const struct ms_tls_config *config)
{
	struct ms_tls_peer peer = { .role = ours, .psk = MS_SPAN_LIT(PSK32) };

	r->ctx = SSL_CTX_new(TLS_method());
	assert_int_equal(SSL_CTX_set_cipher_list(r->ctx, "PSK"), 1);
	SSL_CTX_set_max_proto_version(r->ctx, TLS1_2_VERSION);
	SSL_CTX_set_psk_server_callback(r->ctx, give_key);
	SSL_CTX_set_psk_client_callback(r->ctx, give_key_and_name);
	SSL_CTX_set_options(r->ctx, SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
	r->ssl = SSL_new(r->ctx);
	r->in = BIO_new(BIO_s_mem());
	r->out = BIO_new(BIO_s_mem());
	SSL_set_bio(r->ssl, r->in, r->out);
	if (ours == MS_TLS_CLIENT)
		SSL_set_accept_state(r->ssl);
	else
		SSL_set_connect_state(r->ssl);
	r->ours_ctx = context_of(config);
	assert_int_equal(ms_tls_new(r->ours_ctx, &peer, 0, &r->ours), 0);
}

/* A peer with a certificate, or without one, of the version given. */
static void raw_open_certificate(struct raw *r, enum ms_tls_role ours, int version, bool shows)
{
	struct ms_tls_certificate *cert = NULL;
	struct ms_tls_peer peer = { .role = ours, .mode = MS_TLS_CERTIFICATE };

	assert_int_equal(ms_tls_certificate_make(MS_SPAN_NULL, 0, 1, &cert), 0);
	*r = (struct raw){ .ctx = SSL_CTX_new(TLS_method()), .ours_ctx = context_of(NULL) };
	SSL_CTX_set_min_proto_version(r->ctx, version);
	SSL_CTX_set_max_proto_version(r->ctx, version);
	r->ssl = SSL_new(r->ctx);
	r->in = BIO_new(BIO_s_mem());
	r->out = BIO_new(BIO_s_mem());
	SSL_set_bio(r->ssl, r->in, r->out);
	if (shows)
		assert_int_equal(ms_tls_certificate_use(cert, r->ssl), 0);
	if (ours == MS_TLS_CLIENT)
		SSL_set_accept_state(r->ssl);
	else
		SSL_set_connect_state(r->ssl);
	peer.certificate = cert;
	peer.fingerprints = ms_tls_certificate_fingerprint(cert, MS_TLS_SHA512);
	peer.n_fingerprints = 1;
	assert_int_equal(ms_tls_new(r->ours_ctx, &peer, 0, &r->ours), 0);
	ms_tls_certificate_unref(cert);
}

static void raw_close(struct raw *r)
{
	SSL_free(r->ssl);
	SSL_CTX_free(r->ctx);
	ms_tls_free(r->ours);
	ms_tls_context_free(r->ours_ctx);
}

/* Octets both ways until nothing moves; the raw peer reads into `got`. */
static void raw_pump(struct raw *r, struct ms_buf *got)
{
	char octets[4096];
	size_t taken;
	int n, moved;

	do {
		struct ms_span out = ms_tls_output(r->ours);

		moved = 0;
		if (out.len > 0) {
			BIO_write(r->in, out.p, (int)out.len);
			moved = 1;
		}
		ms_tls_sent(r->ours, out.len);
		if (SSL_in_init(r->ssl))
			SSL_do_handshake(r->ssl);
		while ((n = SSL_read(r->ssl, octets, sizeof(octets))) > 0)
			ms_buf_put(got, octets, (size_t)n);
		while ((n = BIO_read(r->out, octets, sizeof(octets))) > 0) {
			moved = 1;
			if (ms_tls_input(r->ours, ms_span_of(octets, (size_t)n), &taken) < 0)
				break;
		}
	} while (moved);
}

/* The peer asks for a renegotiation; then both talk. */
static void renegotiate(enum ms_tls_role ours, bool allow, bool want_done)
{
	struct ms_tls_config config = { .allow_renegotiation = allow };
	MS_CLEANUP(ms_buf_done) struct ms_buf got;
	struct raw r;
	size_t taken;

	ms_buf_init(&got, 4096);
	raw_open(&r, ours, &config);
	raw_pump(&r, &got);
	assert_int_equal(ms_tls_state(r.ours), MS_TLS_OPEN);
	assert_int_equal(SSL_renegotiate(r.ssl), 1);
	SSL_do_handshake(r.ssl);
	raw_pump(&r, &got);
	if (ms_tls_state(r.ours) == MS_TLS_OPEN)
		assert_int_equal(ms_tls_write(r.ours, MS_SPAN_LIT("still here"), &taken), 0);
	raw_pump(&r, &got);
	if (want_done) {
		assert_int_equal(ms_tls_state(r.ours), MS_TLS_OPEN);
		assert_span_str(ms_buf_span(&got), "still here");
	}
	assert_int_equal(SSL_num_renegotiations(r.ssl) > 0 && !SSL_in_init(r.ssl) &&
				 ms_tls_state(r.ours) == MS_TLS_OPEN,
			 want_done);
	raw_close(&r);
}

static void test_renegotiation_is_refused(void **state MS_UNUSED)
{
	renegotiate(MS_TLS_SERVER, false, false);
	renegotiate(MS_TLS_CLIENT, false, false);
}

static void test_renegotiation_by_switch(void **state MS_UNUSED)
{
	renegotiate(MS_TLS_SERVER, true, true);
	renegotiate(MS_TLS_CLIENT, true, true);
}

static void test_hint_is_ignored(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf got;
	struct raw r;

	ms_buf_init(&got, 4096);
	raw_open(&r, MS_TLS_CLIENT, NULL);
	assert_int_equal(SSL_use_psk_identity_hint(r.ssl, "whatever"), 1);
	raw_pump(&r, &got);
	assert_int_equal(ms_tls_state(r.ours), MS_TLS_OPEN);
	raw_close(&r);
}

static void test_no_hint_is_sent(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf got;
	struct raw r;

	ms_buf_init(&got, 4096);
	raw_open(&r, MS_TLS_SERVER, NULL);
	raw_pump(&r, &got);
	assert_int_equal(ms_tls_state(r.ours), MS_TLS_OPEN);
	assert_null(SSL_get_psk_identity_hint(r.ssl));
	raw_close(&r);
}

/* Neither side keeps anything for another session: no ticket, no session id. */
static void test_nothing_to_resume(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf got;
	const SSL_SESSION *s;
	unsigned id_len = 99;
	struct raw r;

	ms_buf_init(&got, 4096);
	raw_open(&r, MS_TLS_SERVER, NULL);
	raw_pump(&r, &got);
	s = SSL_get_session(r.ssl);
	SSL_SESSION_get_id(s, &id_len);
	assert_int_equal(id_len, 0);
	assert_int_equal(SSL_SESSION_has_ticket(s), 0);
	raw_close(&r);
}

/*
 * A ClientHello of a client that knows nothing of RFC 5746: neither the extension nor the signalling
 * suite. It has to be refused before anything is said to it; by switch it is taken.
 */
static const uint8_t old_client_hello[] = {
	0x16, 0x03, 0x01, 0x00, 0x2d, 0x01, 0x00, 0x00, 0x29, 0x03, 0x03, 0,  1,
	2,    3,    4,    5,    6,    7,    8,    9,    10,   11,   12,   13, 14,
	15,   16,   17,   18,   19,   20,   21,   22,   23,   24,   25,   26, 27,
	28,   29,   30,   31,   0x00, 0x00, 0x02, 0x00, 0xa8, 0x01, 0x00,
};

static void test_client_without_rfc5746(void **state MS_UNUSED)
{
	struct ms_tls_peer peer = { .role = MS_TLS_SERVER, .psk = MS_SPAN_LIT(PSK32) };
	struct ms_tls_config by_switch = { .allow_legacy_peer = true };

	for (int legacy = 0; legacy <= 1; legacy++) {
		struct ms_tls_context *ctx = context_of(legacy ? &by_switch : NULL);
		struct ms_tls *t = NULL;
		size_t taken = 0;
		int err;

		assert_int_equal(ms_tls_new(ctx, &peer, 0, &t), 0);
		err = ms_tls_input(t, ms_span_of(old_client_hello, sizeof(old_client_hello)),
				   &taken);
		assert_int_equal(err < 0, !legacy);
		if (!legacy)
			assert_failed(t, "tls_no_secure_renegotiation");
		else
			assert_int_equal(ms_tls_state(t), MS_TLS_HANDSHAKE);
		ms_tls_free(t);
		ms_tls_context_free(ctx);
	}
}

/* Garbage and other protocols fail at once, with a name. */
static void test_not_tls(void **state MS_UNUSED)
{
	static const struct {
		const char *text;
		const char *reason;
	} cases[] = {
		{ "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "tls_not_tls" },
		{ "MSRP a786hjs2 SEND\r\nTo-Path: msrp://x\r\n", "tls_version" },
	};
	struct ms_tls_peer peer = { .role = MS_TLS_SERVER, .psk = MS_SPAN_LIT(PSK32) };
	struct ms_tls_context *ctx = context_of(NULL);

	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		struct ms_tls *t = NULL;
		size_t taken;

		assert_int_equal(ms_tls_new(ctx, &peer, 0, &t), 0);
		assert_true(ms_tls_input(t, ms_span_str(cases[i].text), &taken) < 0);
		assert_failed(t, cases[i].reason);
		assert_string_not_equal(ms_tls_fault_detail(t), "");
		ms_tls_free(t);
	}
	ms_tls_context_free(ctx);
}

/* Who closes before the handshake is finished has not set up a session. */
static void test_close_in_handshake(void **state MS_UNUSED)
{
	static const uint8_t close_notify[] = { 0x15, 0x03, 0x03, 0x00, 0x02, 0x01, 0x00 };
	struct ms_tls_peer peer = { .role = MS_TLS_SERVER, .psk = MS_SPAN_LIT(PSK32) };
	struct ms_tls_context *ctx = context_of(NULL);
	struct ms_tls *t = NULL;
	size_t taken;

	for (int client = 0; client <= 1; client++) {
		peer.role = client ? MS_TLS_CLIENT : MS_TLS_SERVER;
		assert_int_equal(ms_tls_new(ctx, &peer, 0, &t), 0);
		assert_true(ms_tls_input(t, ms_span_of(close_notify, sizeof(close_notify)),
					 &taken) < 0);
		assert_int_equal(ms_tls_state(t), MS_TLS_FAILED);
		assert_int_equal(ms_tls_input_end(t), -EPROTO);
		ms_tls_free(t);
	}
	ms_tls_context_free(ctx);
}

static bool key_is_wiped(const struct ms_tls *t)
{
	static const uint8_t none[MS_SECRET_MAX];

	return !t->start ||
	       (t->start->psk.len == 0 && memcmp(t->start->psk.b, none, sizeof(none)) == 0);
}

/* The TEK is kept no longer than it is of use. */
static void test_key_is_wiped(void **state MS_UNUSED)
{
	struct pair p;
	size_t taken;

	pair_open_plain(&p);
	assert_false(key_is_wiped(p.c));
	pump(&p);
	assert_open(&p);
	assert_true(key_is_wiped(p.c));
	assert_true(key_is_wiped(p.s));
	pair_close(&p);

	pair_open_plain(&p);
	assert_true(ms_tls_input(p.s, MS_SPAN_LIT("no TLS at all"), &taken) < 0);
	assert_true(key_is_wiped(p.s));
	ms_tls_close(p.c);
	assert_true(key_is_wiped(p.c));
	pair_close(&p);
}

static int last_alert;

static void note(const SSL *ssl MS_UNUSED, int where, int ret)
{
	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && ret >> 8 == SSL3_AL_FATAL)
		last_alert = ret & 0xff;
}

/* RFC 8122 section 6.2: no certificate, no session. */
static void test_client_without_certificate(void **state MS_UNUSED)
{
	static const struct {
		int version, alert;
	} cases[] = { { TLS1_2_VERSION, SSL_AD_BAD_CERTIFICATE },
		      { TLS1_3_VERSION, TLS13_AD_CERTIFICATE_REQUIRED } };

	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		MS_CLEANUP(ms_buf_done) struct ms_buf got;
		struct raw r;

		ms_buf_init(&got, 4096);
		raw_open_certificate(&r, MS_TLS_SERVER, cases[i].version, false);
		last_alert = -1;
		SSL_set_info_callback(r.ssl, note);
		raw_pump(&r, &got);
		assert_failed(r.ours, "tls_no_certificate");
		assert_string_equal(ms_tls_fault_token(r.ours), "nocert");
		assert_int_equal(last_alert, cases[i].alert);
		raw_close(&r);
	}
}

/* A client that guessed a group we do not have is asked again, and its fingerprint comes late. */
static void test_hello_retry_request(void **state MS_UNUSED)
{
	for (int late = 0; late <= 1; late++) {
		MS_CLEANUP(ms_buf_done) struct ms_buf got;
		struct ms_tls_fingerprint fp;
		struct raw r;

		ms_buf_init(&got, 4096);
		raw_open_certificate(&r, MS_TLS_SERVER, TLS1_3_VERSION, true);
		assert_int_equal(SSL_set1_groups_list(r.ssl, "P-521:P-256"), 1);
		fp = r.ours->start->fingerprints[0];
		r.ours->start->n_fingerprints = late ? 0 : 1;
		raw_pump(&r, &got);
		assert_int_equal(ms_tls_state(r.ours), late ? MS_TLS_UNVERIFIED : MS_TLS_OPEN);
		if (late)
			assert_int_equal(ms_tls_verify(r.ours, &fp, 1), 0);
		raw_pump(&r, &got);
		assert_int_equal(ms_tls_state(r.ours), MS_TLS_OPEN);
		assert_int_equal(SSL_get_negotiated_group(r.ssl), NID_X9_62_prime256v1);
		raw_close(&r);
	}
}

/* What TLS 1.3 may still bring after the handshake: tickets are ignored, keys updated. */
static void test_tickets_and_key_updates(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf got;
	struct raw r;
	size_t taken;

	ms_buf_init(&got, 4096);
	raw_open_certificate(&r, MS_TLS_CLIENT, TLS1_3_VERSION, true);
	SSL_set_num_tickets(r.ssl, 3);
	raw_pump(&r, &got);
	assert_int_equal(ms_tls_state(r.ours), MS_TLS_OPEN);
	assert_int_equal(SSL_write(r.ssl, "one", 3), 3);
	assert_int_equal(SSL_key_update(r.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
	assert_int_equal(SSL_write(r.ssl, "two", 3), 3);
	raw_pump(&r, &got);
	assert_span_str(ms_tls_plain(r.ours), "onetwo");
	assert_int_equal(ms_tls_write(r.ours, MS_SPAN_LIT("three"), &taken), 0);
	raw_pump(&r, &got);
	assert_span_str(ms_buf_span(&got), "three");
	raw_close(&r);
}

/* To the peer all that waits, and what it makes of it. */
static void to_raw(struct raw *r)
{
	struct ms_span out = ms_tls_output(r->ours);

	if (out.len > 0)
		BIO_write(r->in, out.p, (int)out.len);
	ms_tls_sent(r->ours, out.len);
	SSL_do_handshake(r->ssl);
}

/* What the peer has to send, `step` octets at a time (0: all). */
static void from_raw(struct raw *r, int step)
{
	char octets[8192];
	size_t taken;
	int n;

	while ((n = BIO_read(r->out, octets, step ? step : (int)sizeof(octets))) > 0) {
		assert_int_equal(ms_tls_input(r->ours, ms_span_of(octets, (size_t)n), &taken), 0);
		assert_int_equal(taken, n);
	}
}

/* Octets that come right behind the Finished, before or after which we take over. */
static void behind_finished(enum ms_tls_role ours, int version, int step)
{
	struct raw r;

	raw_open_certificate(&r, ours, version, true);
	for (int i = 0; i < 6 && !SSL_is_init_finished(r.ssl); i++) {
		to_raw(&r);
		if (!SSL_is_init_finished(r.ssl))
			from_raw(&r, step);
	}
	assert_int_equal(ms_tls_state(r.ours), MS_TLS_HANDSHAKE);
	assert_int_equal(SSL_write(r.ssl, "first", 5), 5);
	assert_int_equal(SSL_write(r.ssl, "second", 6), 6);
	assert_int_equal(SSL_shutdown(r.ssl), 0);
	from_raw(&r, step);
	assert_int_equal(ms_tls_state(r.ours), MS_TLS_HALF);
	assert_span_str(ms_tls_plain(r.ours), "firstsecond");
	assert_non_null(r.ours->record);
	assert_int_equal(ms_tls_input_end(r.ours), 0);
	raw_close(&r);
}

static void test_octets_behind_the_finished(void **state MS_UNUSED)
{
	static const int steps[] = { 0, 1, 7, 100 };

	for (size_t i = 0; i < MS_ARRAY_SIZE(steps); i++) {
		behind_finished(MS_TLS_CLIENT, TLS1_2_VERSION, steps[i]);
		behind_finished(MS_TLS_SERVER, TLS1_3_VERSION, steps[i]);
	}
}

static void test_renegotiation_with_certificates(void **state MS_UNUSED)
{
	for (int client = 0; client <= 1; client++) {
		MS_CLEANUP(ms_buf_done) struct ms_buf got;
		struct raw r;

		ms_buf_init(&got, 4096);
		raw_open_certificate(&r, client ? MS_TLS_CLIENT : MS_TLS_SERVER, TLS1_2_VERSION,
				     true);
		raw_pump(&r, &got);
		assert_int_equal(ms_tls_state(r.ours), MS_TLS_OPEN);
		assert_int_equal(SSL_renegotiate(r.ssl), 1);
		SSL_do_handshake(r.ssl);
		raw_pump(&r, &got);
		assert_failed(r.ours, "tls_renegotiation");
		assert_string_equal(ms_tls_fault_token(r.ours), "renegrefused");
		raw_close(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_renegotiation_is_refused),
		cmocka_unit_test(test_renegotiation_by_switch),
		cmocka_unit_test(test_hint_is_ignored),
		cmocka_unit_test(test_no_hint_is_sent),
		cmocka_unit_test(test_nothing_to_resume),
		cmocka_unit_test(test_client_without_rfc5746),
		cmocka_unit_test(test_not_tls),
		cmocka_unit_test(test_close_in_handshake),
		cmocka_unit_test(test_key_is_wiped),
		cmocka_unit_test(test_client_without_certificate),
		cmocka_unit_test(test_hello_retry_request),
		cmocka_unit_test(test_tickets_and_key_updates),
		cmocka_unit_test(test_octets_behind_the_finished),
		cmocka_unit_test(test_renegotiation_with_certificates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
