/* SPDX-License-Identifier: Apache-2.0 */
/* SIP over TLS between two stacks: who is believed and who is not. */
#include "world.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

static struct user alice, bob;
static char ca_file[64], cert_file[64], other_ca[64];

/* ---- certificates ---- */

static void add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(e);
	assert_int_equal(X509_add_ext(cert, e, -1), 1);
	X509_EXTENSION_free(e);
}

static X509 *make_cert(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
	X509 *cert = X509_new();

	assert_non_null(cert);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), issuer ? 2 : 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert));
	if (issuer)
		add_extension(cert, NID_subject_alt_name, "DNS:bob.example,IP:127.0.0.1");
	else
		add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
	assert_true(X509_sign(cert, issuer_key, EVP_sha256()) > 0);
	return cert;
}

static FILE *temporary(char path[static 64])
{
	int fd;

	(void)snprintf(path, 64, "/tmp/ms-sip-tls-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	return fdopen(fd, "w");
}

static void write_cert(char path[static 64], X509 *cert, EVP_PKEY *key)
{
	FILE *f = temporary(path);

	assert_int_equal(PEM_write_X509(f, cert), 1);
	if (key)
		assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(f), 0);
}

static void make_files(void)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	EVP_PKEY *other_key = EVP_EC_gen("P-256");
	X509 *ca = make_cert("CA", ca_key, NULL, ca_key);
	X509 *other = make_cert("CA", other_key, NULL, other_key);
	X509 *cert = make_cert("bob", key, ca, ca_key);

	write_cert(ca_file, ca, NULL);
	write_cert(other_ca, other, NULL);
	write_cert(cert_file, cert, key);
	X509_free(ca);
	X509_free(other);
	X509_free(cert);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(other_key);
	EVP_PKEY_free(key);
}

static int setup(void **state)
{
	make_files();
	return world_setup(state);
}

static int teardown(void **state)
{
	unlink(ca_file);
	unlink(other_ca);
	unlink(cert_file);
	return world_teardown(state);
}

/* ---- users ---- */

static void request(struct ms_sip *sip, const struct ms_sip_message *m, void *arg)
{
	world_take(arg, m);
	assert_int_equal(ms_sip_message_transport(m), MS_SIP_TLS);
	world_note(arg, 'q');
	assert_int_equal(ms_sip_reply(sip, m, 200, NULL, NULL), 0);
}

static const struct ms_sip_handlers bobs = { .request = request, .invite = world_invite };

static void open_both(const char *ca, const char *name)
{
	struct ms_sip_tls server = { .ca_file = ca_file, .cert_file = cert_file };
	struct ms_sip_tls client = { .ca_file = ca, .server_name = name };

	world_open(&alice, "alice", "127.0.0.1", MS_SIP_TLS, NULL, &client);
	world_open(&bob, "bob", "127.0.0.1", MS_SIP_TLS, &bobs, &server);
}

static void close_both(void)
{
	world_close(&alice);
	world_close(&bob);
}

static void send_to(const char *uri)
{
	static uint8_t body[20000];
	struct ms_sip_request_spec spec = { .method = "MESSAGE",
					    .uri = uri,
					    .content = { .type = "application/octet-stream",
							 .body = { body, sizeof(body) } } };

	memset(body, 7, sizeof(body));
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, NULL), 0);
}

static void accepted(const char *name)
{
	char sips[64];

	open_both(ca_file, name);
	send_to(bob.uri);
	world_until(&alice, "r", 5000);
	assert_int_equal(alice.status, 200);
	assert_int_equal(bob.body_len, 20000);
	/* A sips: URI, which libre would refuse, is the same by its scheme. */
	(void)snprintf(sips, sizeof(sips), "sips:bob@127.0.0.1:%u",
		       (unsigned)ms_sip_port(bob.sip, 0));
	send_to(sips);
	world_until(&alice, "rr", 5000);
	assert_int_equal(alice.status, 200);
	assert_int_equal(ms_sip_counter(alice.sip, MS_SIP_TLS_REFUSED), 0);
	close_both();
}

static void test_accepted(void **state MS_UNUSED)
{
	accepted("bob.example");
	accepted("127.0.0.1");
}

static void refused(const char *ca, const char *name)
{
	open_both(ca, name);
	send_to(bob.uri);
	world_until(&alice, "e", 5000);
	assert_true(alice.err < 0);
	assert_int_equal(ms_sip_counter(alice.sip, MS_SIP_TLS_REFUSED), 1);
	assert_non_null(ms_sip_tls_refusal(alice.sip));
	assert_string_equal(bob.log, "");
	close_both();
}

static void test_refused(void **state MS_UNUSED)
{
	refused(other_ca, "bob.example");
	refused(ca_file, "eve.example");
	refused(ca_file, "127.0.0.2");
	refused(ca_file, NULL);
	refused(NULL, "bob.example");
}

static void test_call(void **state MS_UNUSED)
{
	open_both(ca_file, "bob.example");
	world_call(&alice, bob.uri, "A");
	world_until(&alice, "pa", 5000);
	world_until(&bob, "ik", 5000);
	ms_sip_session_end(alice.session, NULL);
	world_until(&alice, "pac", 5000);
	close_both();
}

static void bad_file(struct ms_sip_tls tls, const char *what)
{
	struct ms_sip_bind bind = { MS_SIP_TLS, "127.0.0.1", 0 };
	struct ms_sip_config config = { .binds = &bind, .n_binds = 1, .tls = tls };
	MS_CLEANUP(ms_buf_done) struct ms_buf error;
	struct ms_sip *sip;

	ms_buf_init(&error, 1000);
	assert_int_equal(ms_sip_new(&config, &error, &sip), -EINVAL);
	assert_non_null(strstr(ms_buf_cstr(&error), what));
}

static void test_bad_files(void **state MS_UNUSED)
{
	bad_file((struct ms_sip_tls){ .ca_file = "/nonexistent" }, "CA file /nonexistent: ");
	bad_file((struct ms_sip_tls){ .ca_file = ca_file, .cert_file = ca_file },
		 "certificate and key ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_bad_files),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
