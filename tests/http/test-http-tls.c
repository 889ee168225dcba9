/* SPDX-License-Identifier: Apache-2.0 */
/* The client over HTTPS, against openssl's test server: whom it trusts and whom it does not. */
#include "http-test.h"

#include <signal.h>
#include <sys/wait.h>

#include "http/client.h"

static struct {
	char dir[64], cert[2][96], key[2][96];
	pid_t pid;
	unsigned port;
	unsigned done;
	int err, status;
} s;

static int run(const char *const *argv)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], (char **)argv);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static int make_certificate(int i, const char *names)
{
	char subject[128], dir[sizeof(s.dir)];

	memcpy(dir, s.dir, sizeof(dir));
	snprintf(s.cert[i], sizeof(s.cert[i]), "%s/cert%d.pem", dir, i);
	snprintf(s.key[i], sizeof(s.key[i]), "%s/key%d.pem", dir, i);
	snprintf(subject, sizeof(subject), "subjectAltName=%s", names);
	return run((const char *const[]){ "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
					  "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
					  "-subj", "/CN=test", "-addext", subject, "-out",
					  s.cert[i], "-keyout", s.key[i], NULL });
}

static int make_both(void **state MS_UNUSED)
{
	snprintf(s.dir, sizeof(s.dir), "/tmp/ms-test-tls-XXXXXX");
	if (!mkdtemp(s.dir))
		return -1;
	return make_certificate(0, "IP:127.0.0.1") || make_certificate(1, "DNS:other.example");
}

static int remove_both(void **state MS_UNUSED)
{
	for (int i = 0; i < 2; i++) {
		unlink(s.cert[i]);
		unlink(s.key[i]);
	}
	return rmdir(s.dir);
}

/* openssl says "ACCEPT 127.0.0.1:PORT" once it listens. */
static void start_server(int i, const char *version)
{
	char text[512] = "";
	size_t n = 0;
	int fds[2];
	char *at = NULL;

	assert_int_equal(pipe(fds), 0);
	s.pid = fork();
	if (s.pid == 0) {
		dup2(fds[1], 1);
		dup2(open("/dev/null", O_RDWR), 2);
		execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
		       s.cert[i], "-key", s.key[i], "-www", version, NULL);
		_exit(127);
	}
	close(fds[1]);
	while (!at || !strchr(at, '\n')) {
		ssize_t got = read(fds[0], text + n, sizeof(text) - 1 - n);

		assert_true(got > 0);
		n += (size_t)got;
		at = strstr(text, "ACCEPT 127.0.0.1:");
	}
	s.port = (unsigned)strtoul(at + strlen("ACCEPT 127.0.0.1:"), NULL, 10);
	close(fds[0]);
}

static void done(const struct ms_http_answer *a, void *arg MS_UNUSED)
{
	s.done++;
	s.err = a->err;
	s.status = a->status;
	ms_loop_stop();
}

/* Asks a server that has certificate `cert`, trusting certificate `ca`. */
static void ask(int cert, int ca, const char *version)
{
	const struct ms_http_client_options o = { .ca_file = s.cert[ca] };
	struct ms_http_client *c = NULL;
	char url[64];

	start_server(cert, version);
	s.done = 0;
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/", s.port);
	assert_int_equal(ms_http_client_new(&o, &c), 0);
	assert_int_equal(ms_http_get(c, url, done, NULL, NULL), 0);
	for (int i = 0; i < 500 && s.done == 0; i++)
		run_loop(10 * MS_MSEC);
	assert_int_equal(s.done, 1);
	ms_http_client_free(c);
	kill(s.pid, SIGKILL);
	waitpid(s.pid, NULL, 0);
}

static void test_trusted(void **state MS_UNUSED)
{
	ask(0, 0, "-tls1_3");
	assert_int_equal(s.err, 0);
	assert_int_equal(s.status, 200);
	ask(0, 0, "-tls1_2");
	assert_int_equal(s.err, 0);
}

static void test_unknown_authority(void **state MS_UNUSED)
{
	ask(0, 1, "-tls1_3");
	assert_int_equal(s.err, -EKEYREJECTED);
}

static void test_other_name(void **state MS_UNUSED)
{
	ask(1, 1, "-tls1_3");
	assert_int_equal(s.err, -EKEYREJECTED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_trusted),
		TEST(test_unknown_authority),
		TEST(test_other_name),
	};

	(void)serve;
	return cmocka_run_group_tests(tests, make_both, remove_both);
}
