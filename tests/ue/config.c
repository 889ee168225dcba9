/* SPDX-License-Identifier: Apache-2.0 */
#include "ms-test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "ue/config.h"

#define BASE                                       \
	"identity: \"sip:alice@example.org\"\n"    \
	"sip:\n  proxy: \"sip:127.0.0.1:5060\"\n"  \
	"kms:\n  url: \"http://127.0.0.1:8080\"\n" \
	"  psk_file: \"psk\"\n"
#define PSK "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"

static char folder[] = "/tmp/ue-config-XXXXXX", path[64], psk[64];
static struct ms_config_error error;

static void put(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(name, mode), 0);
}

static int set_up(void **state)
{
	(void)state;
	put(psk, PSK, 0600);
	return 0;
}

static int load(const char *text, struct ms_ue_settings **s)
{
	put(path, text, 0644);
	return ms_ue_settings_load(path, s, &error);
}

static void refused(const char *text, const char *words)
{
	struct ms_ue_settings *s = NULL;

	assert_int_not_equal(load(text, &s), 0);
	assert_null(s);
	if (!strstr(error.text, words))
		fail_msg("\"%s\" is not in \"%s\"", words, error.text);
}

static void a_small_file(void **state)
{
	struct ms_ue_settings *s = NULL;

	(void)state;
	if (load(BASE, &s))
		fail_msg("%s", error.text);
	assert_string_equal(s->identity.uri, "sip:alice@example.org");
	assert_int_equal(s->psk.len, 32);
	assert_int_equal(s->psk.b[31], 0x1f);
	assert_true(s->policy.diversion);
	assert_false(s->policy.plain_media);
	assert_false(s->policy.unverified_message);
	assert_null(s->ticket_file);
	assert_null(s->key_log);
	assert_int_equal(s->config->message.max_size, 32768);
	ms_ue_settings_free(s);
}

static void paths_and_contacts(void **state)
{
	struct ms_ue_settings *s = NULL;
	char expected[80];

	(void)state;
	if (load(BASE "tickets:\n  file: \"t\"\nfiles:\n  directory: \"/tmp\"\n"
		      "policy:\n  peer: called\n  chat: accept\n"
		      "contacts:\n  - name: \"bob\"\n    uri: \"sip:bob@Example.org;x=y\"\n",
		 &s))
		fail_msg("%s", error.text);
	snprintf(expected, sizeof(expected), "%s/t", folder);
	assert_string_equal(s->ticket_file, expected);
	assert_string_equal(s->directory, "/tmp");
	assert_int_equal(s->policy.peer, MS_UE_PEER_CALLED);
	assert_int_equal(s->policy.chat, MS_UE_ANSWER_ACCEPT);
	assert_int_equal(s->contacts.n, 1);
	assert_string_equal(s->contacts.v[0].uri.uri, "sip:bob@example.org");
	ms_ue_settings_free(s);
}

static void errors_name_file_line_and_key(void **state)
{
	(void)state;
	refused(BASE "  colour: \"red\"\n", "colour");
	assert_non_null(strstr(error.text, ":7: kms.colour"));
	assert_non_null(strstr(error.text, "ue.yaml"));
	refused("identity: \"alice\"\nkms:\n  url: \"http://x\"\n  psk_file: \"psk\"\n"
		"sip:\n  proxy: \"sip:x\"\n",
		"identity");
	refused(BASE "contacts:\n  - name: \"bob\"\n    uri: \"nonsense\"\n", "contacts[0].uri");
	refused(BASE "media:\n  port_min: 9000\n  port_max: 8000\n", "media.port_max");
	refused("identity: \"sip:a@b\"\nkms:\n  url: \"ftp://x\"\n  psk_file: \"psk\"\n"
		"sip:\n  proxy: \"sip:x\"\n",
		"kms.url");
	refused("identity: \"sip:a@b\"\nsip:\n  proxy: \"sip:x\"\n", "kms.url");
	refused(BASE "media:\n  outgoing: e2ae\n", "media.outgoing");
	refused(BASE "media:\n  outgoing: plain\n", "media.outgoing");
	refused("identity: \"sip:a@b\"\nkms:\n  url: \"http://x\"\n  psk_file: \"psk\"\n",
		"sip.address");
	refused("identity: \"sip:a@b\"\nkms:\n  url: \"http://x\"\n  psk_file: \"psk\"\n"
		"sip:\n  proxy: \"sip:x\"\n  transport: tls\n",
		"sip.transport");
	refused("kms:\n  url: \"http://x\"\n  psk_file: \"psk\"\n"
		"sip:\n  proxy: \"sip:x\"\n",
		"identity");
}

static void secrets_are_looked_after(void **state)
{
	(void)state;
	assert_int_equal(chmod(psk, 0640), 0);
	refused(BASE, "others may read it");
	put(psk, "0001\n", 0600);
	refused(BASE, "hex digits");
	put(psk, "not hexadecimal at all, but long enough\n", 0600);
	refused(BASE, "hex digits");
	put(psk, PSK PSK, 0600);
	refused(BASE, "more than one line");
	put(psk, "\n", 0600);
	refused(BASE, "is empty");
	assert_int_equal(unlink(psk), 0);
	refused(BASE, "kms.psk_file");
	assert_int_equal(mkdir(psk, 0700), 0);
	refused(BASE, "not a regular file");
	assert_int_equal(rmdir(psk), 0);
}

static void a_password(void **state)
{
	struct ms_ue_settings *s = NULL;
	char name[80];

	(void)state;
	snprintf(name, sizeof(name), "%s/password", folder);
	put(name, "  open sesame \n", 0600);
	if (load("identity: \"sip:alice@example.org\"\n"
		 "sip:\n  proxy: \"sip:127.0.0.1\"\n  password_file: \"password\"\n"
		 "kms:\n  url: \"https://kms\"\n  psk_file: \"psk\"\n",
		 &s))
		fail_msg("%s", error.text);
	assert_string_equal(s->password, "open sesame");
	ms_ue_settings_free(s);
	unlink(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_small_file, set_up),
		cmocka_unit_test_setup(paths_and_contacts, set_up),
		cmocka_unit_test_setup(errors_name_file_line_and_key, set_up),
		cmocka_unit_test_setup(secrets_are_looked_after, set_up),
		cmocka_unit_test_setup(a_password, set_up),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/ue.yaml", folder);
	snprintf(psk, sizeof(psk), "%s/psk", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	unlink(psk);
	rmdir(folder);
	return failed;
}
