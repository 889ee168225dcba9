/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration on its way to the roles, and the audit log's lines. */
#include "ms-test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kms/audit.h"
#include "kms/config.h"
#include "loop/loop.h"

#define NOW (1800000000 * MS_SEC + 123 * MS_MSEC)

static struct ms_config *parse(const char *text)
{
	struct ms_config_error e = { "" };
	struct ms_config *c = NULL;

	if (ms_config_parse(ms_span_str(text), "kms.yaml", ms_kms_config_fields,
			    sizeof(struct ms_kms_config), &c, &e))
		fail_msg("%s", e.text);
	return c;
}

static const char base[] = "identity: sip:kms@example.com\n"
			   "http:\n  listen: [\"127.0.0.1:8080\", \"[::1]:8080\"]\n"
			   "  metrics: \"127.0.0.1:9464\"\n";

static void test_wire(void **state)
{
	char text[512];
	struct ms_config *c;
	struct ms_config *owner;
	const struct ms_kms_config *from, *to;
	struct ms_buf b;

	(void)state;
	snprintf(text, sizeof(text),
		 "%sticket:\n  lifetime: 2h\n  default: deny\nprofile:\n"
		 "  kms_path: /kms\n",
		 base);
	c = parse(text);
	from = ms_config_values(c);
	ms_buf_init(&b, 65536);
	ms_config_put(ms_kms_config_fields, from, &b);
	assert_int_equal(ms_buf_status(&b), 0);
	assert_int_equal(ms_config_take(ms_buf_span(&b), ms_kms_config_fields, sizeof(*to), &owner),
			 0);
	to = ms_config_values(owner);
	assert_string_equal(to->identity, "sip:kms@example.com");
	assert_string_equal(to->profile.kms_path, "/kms");
	assert_int_equal(to->ticket.lifetime, 7200 * MS_SEC);
	assert_int_equal(to->ticket.by_default, MS_KMS_DENY);
	assert_int_equal(to->http.body_max, 96 << 10);
	assert_true(ms_addr_equal(&to->http.metrics, &from->http.metrics));
	assert_int_equal(to->http.listen.n, 2);
	assert_true(ms_addr_equal((struct ms_addr *)to->http.listen.items + 1,
				  (struct ms_addr *)from->http.listen.items + 1));
	ms_config_free(owner);
	/* Every shorter message is refused, none read beyond its end. */
	for (size_t n = 0; n < b.len; n++)
		assert_true(ms_config_take(ms_span_of(b.p, n), ms_kms_config_fields, sizeof(*to),
					   &owner) == -EBADMSG);
	ms_buf_done(&b);
	ms_config_free(c);
}

static void test_lifetime_of_the_profile(void **state)
{
	struct ms_config *c = parse("identity: k\nhttp:\n  listen: [\"127.0.0.1:8080\"]\n"
				    "profile:\n  ticket_lifetime_s: 77\n");
	struct ms_kms_config to = *(const struct ms_kms_config *)ms_config_values(c);

	(void)state;
	ms_kms_config_settle(&to);
	assert_int_equal(to.ticket.lifetime, 77 * MS_SEC);
	ms_config_free(c);
}

/* What a reload to `base` with `more` is refused for; NULL: it may be. */
static const char *fixed(const char *more)
{
	static char path[MS_CONFIG_PATH_MAX];
	char text[512];
	struct ms_config *a = parse(base), *b;
	bool differs;

	snprintf(text, sizeof(text), "%s%s", base, more);
	b = parse(text);
	differs = ms_config_differs(ms_kms_config_fields, ms_config_values(a), ms_config_values(b),
				    ms_kms_config_loose, path);
	ms_config_free(b);
	ms_config_free(a);
	return differs ? path : NULL;
}

static void test_reload(void **state)
{
	static const struct {
		const char *text, *key;
	} refused[] = {
		{ "vault: {store: /elsewhere}\n", "vault.store" },
		{ "vault: {control: /elsewhere}\n", "vault.control" },
		{ "vault: {max_entries: 5}\n", "vault.max_entries" },
		{ "replay: {sync: batch}\n", "replay.sync" },
		{ "replay: {bucket: 2s}\n", "replay.bucket" },
		{ "audit: {target: none}\n", "audit.target" },
		{ "daemon: {user: other}\n", "daemon.user" },
		{ "profile: {kms_path: /elsewhere}\n", "profile.kms_path" },
		{ "ticket: {lifetime: 2h}\nprofile: {clock_skew_s: 7}\n", "profile.clock_skew_s" },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(refused); i++)
		assert_string_equal(fixed(refused[i].text), refused[i].key);
	assert_null(fixed(""));
	assert_null(fixed("ticket: {lifetime: 2h, default: deny}\naudit: {file: /elsewhere}\n"
			  "replay: {sync_interval: 2s}\ndaemon: {log_level: debug}\n"
			  "profile: {kms_query: q, id_type: 2}\n"));
	assert_null(fixed("  body_max: 2k\n  answer_limit: 3s\n  in_flight: 7\n")); /* of http: */
}

/* Does the table have the key of this path? One with another name would never be loose. */
static bool has_key(const struct ms_config_field *f, const char *path)
{
	size_t n = strcspn(path, ".");

	while (f->key && (strlen(f->key) != n || strncmp(f->key, path, n) != 0))
		f++;
	if (!f->key || path[n] == '\0')
		return f->key;
	if (f->type == MS_CONFIG_MAP)
		return has_key(f->fields, path + n + 1);
	for (size_t i = 0; f->type == MS_CONFIG_PROFILE && ms_profile_entry(i); i++)
		if (strcmp(ms_profile_entry(i)->name, path + n + 1) == 0)
			return true;
	return false;
}

static void test_loose_keys_exist(void **state)
{
	(void)state;
	assert_false(has_key(ms_kms_config_fields, "http.nothing"));
	for (const char *const *key = ms_kms_config_loose; *key; key++)
		if (!has_key(ms_kms_config_fields, *key))
			fail_msg("no key %s", *key);
}

static void expect_file(const char *path, const char *want)
{
	char text[2048];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	assert_true(n >= 0);
	text[n] = 0;
	assert_string_equal(text, want);
	assert_int_equal(truncate(path, 0), 0);
}

static struct ms_mikey_id uri(const char *text)
{
	return (struct ms_mikey_id){ MS_MIKEY_ID_URI, ms_span_str(text) };
}

static void test_audit(void **state)
{
	static const char hostile[] = "sip:x\"\n@\x01";
	char path[] = "/tmp/ms-audit-XXXXXX";
	int fd = mkstemp(path);
	struct ms_kms_audit a;
	struct ms_mikey_kms_outcome o = {
		.data_type = MS_MIKEY_REQUEST_INIT_PSK,
		.authenticated = true,
		.granted = true,
		.claimed = uri("sip:alice@a"),
		.responder = uri("sip:bob@a"),
		.n_responders = 2,
		.has_ticket_id = true,
		.ticket_id = { 0xab },
		.end = NOW + 60 * MS_SEC,
	};

	(void)state;
	close(fd);
	assert_int_equal(ms_kms_audit_open(&a, MS_KMS_AUDIT_FILE, path), 0);
	ms_kms_audit_add(&a, NOW, &o, "granted", "alice");
	assert_int_equal(ms_kms_audit_flush(&a), 0);
	expect_file(path, "2027-01-15T08:00:00.123Z issue granted user=\"alice\" as=\"sip:alice@a\""
			  " to=\"sip:bob@a\" responders=2 ticket=ab000000000000000000000000000000"
			  " until=2027-01-15T08:01:00.123Z\n");
	/* A peer cannot make lines or quotes of its own. */
	o = (struct ms_mikey_kms_outcome){ .data_type = MS_MIKEY_RESOLVE_INIT_PSK,
					   .claimed = uri(hostile) };
	ms_kms_audit_add(&a, NOW, &o, "bad_mac", NULL);
	assert_int_equal(ms_kms_audit_flush(&a), 0);
	expect_file(path, "2027-01-15T08:00:00.123Z resolve refused reason=bad_mac"
			  " claims=\"sip:x\\x22\\x0a@\\x01\"\n");
	/* What did not leave is not said to have left. */
	ms_kms_audit_add(&a, NOW, &o, "bad_mac", NULL);
	ms_kms_audit_withdraw(&a, NOW, 1);
	assert_int_equal(ms_kms_audit_flush(&a), 0);
	expect_file(path, "2027-01-15T08:00:00.123Z withheld answers=1 reason=journal\n");
	ms_kms_audit_change(&a, NOW, 1000, "user.add", MS_SPAN_LIT("bob"));
	expect_file(path, "2027-01-15T08:00:00.123Z change uid=1000 command=user.add \"bob\"\n");
	assert_int_equal(ms_kms_audit_reopen(&a, "/nonexistent/audit"), -ENOENT);
	ms_kms_audit_change(&a, NOW, 1000, "user.add", MS_SPAN_LIT("eve"));
	expect_file(path, "2027-01-15T08:00:00.123Z change uid=1000 command=user.add \"eve\"\n");
	ms_kms_audit_close(&a);
	unlink(path);
}

static int syslog_at(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* A daemon's queue is short (net.unix.max_dgram_qlen): lines wait for one that reads ... */
static void test_audit_burst(void **state)
{
	enum { LINES = 1000 };
	const struct ms_mikey_kms_outcome o = { .data_type = MS_MIKEY_RESOLVE_INIT_PSK };
	char path[] = "/tmp/ms-syslog-XXXXXX", line[512];
	struct ms_kms_audit a;
	int fd, status;
	ms_usec start;
	pid_t reader;

	(void)state;
	close(mkstemp(path));
	fd = syslog_at(path);
	assert_int_equal(ms_kms_audit_open(&a, MS_KMS_AUDIT_SYSLOG, path), 0);
	reader = fork();
	if (reader == 0)
		alarm(10);
	for (int i = 0; reader == 0 && i < LINES; i++)
		if (recv(fd, line, sizeof(line), 0) < 0)
			_exit(1);
	if (reader == 0)
		_exit(0);
	for (int i = 0; i < LINES; i++)
		ms_kms_audit_add(&a, NOW, &o, "bad_mac", NULL);
	assert_int_equal(ms_kms_audit_flush(&a), 0);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
	/* ... but not long, and not again and again, for one that does not. */
	start = ms_clock_mono();
	for (int i = 0; i < 2 * LINES; i++) {
		ms_kms_audit_add(&a, NOW, &o, "bad_mac", NULL);
		(void)!ms_kms_audit_flush(&a);
	}
	assert_true(a.errors > 0);
	assert_true(ms_clock_mono() - start < 2 * MS_SEC);
	ms_kms_audit_close(&a);
	close(fd);
	unlink(path);
}

/* A limit on its size stands for a full disk. */
static void test_audit_torn(void **state)
{
	char path[] = "/tmp/ms-audit-XXXXXX";
	int fd = mkstemp(path);
	struct rlimit before, small = { 5, 5 };
	struct ms_kms_audit a;

	(void)state;
	close(fd);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small.rlim_max = before.rlim_max;
	assert_int_equal(ms_kms_audit_open(&a, MS_KMS_AUDIT_FILE, path), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	ms_kms_audit_change(&a, NOW, 1, "user.add", MS_SPAN_LIT("a"));
	ms_kms_audit_change(&a, NOW, 1, "user.add", MS_SPAN_LIT("b"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(a.errors, 2);
	ms_kms_audit_change(&a, NOW, 1, "user.add", MS_SPAN_LIT("c"));
	ms_kms_audit_change(&a, NOW, 1, "user.add", MS_SPAN_LIT("d"));
	expect_file(path, "2027-\n"
			  "2027-01-15T08:00:00.123Z change uid=1 command=user.add \"c\"\n"
			  "2027-01-15T08:00:00.123Z change uid=1 command=user.add \"d\"\n");
	ms_kms_audit_close(&a);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wire),       cmocka_unit_test(test_lifetime_of_the_profile),
		cmocka_unit_test(test_reload),     cmocka_unit_test(test_loose_keys_exist),
		cmocka_unit_test(test_audit),      cmocka_unit_test(test_audit_burst),
		cmocka_unit_test(test_audit_torn),
	};

	return cmocka_run_group_tests_name("kms-config", tests, NULL, NULL);
}
