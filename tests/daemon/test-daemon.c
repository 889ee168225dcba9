/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole daemon in a child process: options, configuration check, readiness, control socket, reload,
 * signals, graceful and forced stop.
 */
#include "ms-test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/daemon.h"

struct app_config {
	struct ms_daemon_config daemon;
	struct ms_profile profile;
	uint64_t number;
};

static const struct ms_config_field fields[] = {
	MS_DAEMON_CONFIG(struct app_config, daemon),
	MS_PROFILE_CONFIG(struct app_config, profile),
	{ .key = "number",
	  .type = MS_CONFIG_UINT,
	  MS_CONFIG_AT(struct app_config, number),
	  .value = "1",
	  .help = "A number; 13 is refused, 14 does not start, 15 cannot be reloaded." },
	{ 0 },
};

static int check(const struct ms_config *c, struct ms_config_error *ret_error)
{
	const struct app_config *config = ms_config_values(c);

	if (config->number == 13)
		return ms_config_complain(c, "number", ret_error, "brings bad luck");
	return 0;
}

static int start(struct ms_daemon *d, const void *config)
{
	ms_daemon_set_state(d, (void *)config);
	return ((const struct app_config *)config)->number == 14 ? -EIO : 0;
}

static int reload(struct ms_daemon *d, const void *config)
{
	if (((const struct app_config *)config)->number == 15)
		return -EBUSY;
	ms_daemon_set_state(d, (void *)config);
	return 0;
}

/* number 16: never finishes on its own. */
static void stop(struct ms_daemon *d)
{
	const struct app_config *config = ms_daemon_state(d);

	if (config->number != 16)
		ms_daemon_stopped(d);
}

static void run_number(struct ms_control_request *r, json_t *args MS_UNUSED, void *arg MS_UNUSED);

static const struct ms_control_command commands[] = {
	{ .name = "number", .help = "The number in force.", .run = run_number },
	{ 0 },
};

static struct ms_daemon *running;

static int start_and_keep(struct ms_daemon *d, const void *config)
{
	running = d;
	return start(d, config);
}

static const char *const loose[] = { MS_DAEMON_LOOSE, "number", NULL };

static const struct ms_daemon_app app = {
	.name = "mediasec-test",
	.summary = "A daemon for a test.",
	.config_path = "/nonexistent",
	.fields = fields,
	.config_size = sizeof(struct app_config),
	.daemon_offset = offsetof(struct app_config, daemon),
	.check = check,
	.start = start_and_keep,
	.reload = reload,
	.loose = loose,
	.stop = stop,
	.commands = commands,
};

static void run_number(struct ms_control_request *r, json_t *args MS_UNUSED, void *arg MS_UNUSED)
{
	const struct app_config *config = ms_daemon_config(running);

	ms_control_reply(r, json_integer((json_int_t)config->number));
}

/* ---- the test's side ---- */

static struct {
	char config[64], control[64], notify[64];
	int notify_fd, out_fd;
	pid_t pid;
} t;

static void write_config(const char *more)
{
	FILE *f = fopen(t.config, "w");

	assert_non_null(f);
	fprintf(f, "daemon:\n  control: %s\n%s", t.control, more);
	fclose(f);
}

static int setup(void **state MS_UNUSED)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	snprintf(t.config, sizeof(t.config), "/tmp/ms-test-daemon-%d.yaml", (int)getpid());
	snprintf(t.control, sizeof(t.control), "/tmp/ms-test-daemon-%d.ctl", (int)getpid());
	snprintf(t.notify, sizeof(t.notify), "/tmp/ms-test-daemon-%d.ntf", (int)getpid());
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", t.notify);
	t.notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	t.pid = -1;
	t.out_fd = -1;
	return bind(t.notify_fd, (struct sockaddr *)&un, sizeof(un));
}

static int teardown(void **state MS_UNUSED)
{
	if (t.pid > 0) {
		kill(t.pid, SIGKILL);
		waitpid(t.pid, NULL, 0);
	}
	close(t.notify_fd);
	close(t.out_fd);
	unlink(t.config);
	unlink(t.notify);
	unlink(t.control);
	return 0;
}

/* Starts with the arguments given; its standard output and error come to t.out_fd. */
static void launch(const char *const *argv, int argc)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fflush(NULL);
	t.pid = fork();
	if (t.pid == 0) {
		setenv("NOTIFY_SOCKET", t.notify, 1);
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		exit(ms_daemon_main(&app, argc, (char **)argv));
	}
	close(fds[1]);
	t.out_fd = fds[0];
}

static void expect_notify(const char *text)
{
	struct pollfd p = { .fd = t.notify_fd, .events = POLLIN };
	char got[64] = "";

	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_true(recv(t.notify_fd, got, sizeof(got) - 1, 0) > 0);
	assert_string_equal(got, text);
}

static void start_daemon(const char *more)
{
	const char *argv[] = { "mediasec-test", "-f", "-c", t.config, NULL };

	write_config(more);
	launch(argv, 4);
	expect_notify("READY=1");
}

static int ended(void)
{
	int status;

	assert_int_equal(waitpid(t.pid, &status, 0), t.pid);
	t.pid = -1;
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Everything it printed; only after it ended. */
static const char *printed(void)
{
	static char text[32768];
	size_t n = 0;
	ssize_t more;

	while ((more = read(t.out_fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)more;
	text[n] = 0;
	return text;
}

static json_t *ask(const char *request)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char text[65536] = "";
	size_t n = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", t.control);
	assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	dprintf(fd, "%s\n", request);
	while (n == 0 || text[n - 1] != '\n') {
		ssize_t got = recv(fd, text + n, sizeof(text) - 1 - n, 0);

		assert_true(got > 0);
		n += (size_t)got;
	}
	close(fd);
	return json_loads(text, 0, NULL);
}

static void asked(const char *request, bool ok, const char *part)
{
	json_t *answer = ask(request);
	char *text = json_dumps(answer, JSON_COMPACT);

	assert_int_equal(json_is_true(json_object_get(answer, "ok")), ok);
	if (!strstr(text, part))
		fail_msg("%s is not in %s", part, text);
	free(text);
	json_decref(answer);
}

static void exits(int status, const char *text, const char *const *argv, int argc)
{
	launch(argv, argc);
	assert_int_equal(ended(), status);
	if (!strstr(printed(), text))
		fail_msg("\"%s\" was not printed", text);
	close(t.out_fd);
	t.out_fd = -1;
}

static void test_options(void **state MS_UNUSED)
{
	const char *help[] = { "x", "--help", NULL }, *version[] = { "x", "-V", NULL };
	const char *wrong[] = { "x", "--no-such", NULL }, *extra[] = { "x", "word", NULL };
	const char *print[] = { "x", "--print-config", NULL };

	exits(0, "--config-check", help, 2);
	exits(0, "mediasec-test " MS_VERSION, version, 2);
	exits(2, "--help says", wrong, 2);
	exits(2, "\"word\" is too much", extra, 2);
	exits(0, "  stop_limit: 30s\n", print, 2);
}

static void test_config_check(void **state MS_UNUSED)
{
	const char *argv[] = { "x", "-n", "-c", t.config, NULL }, *none[] = { "x", "-n", NULL };

	write_config("number: 5\n");
	exits(0, "is good", argv, 4);
	write_config("number: 13\n");
	exits(78, ".yaml:3: number: brings bad luck", argv, 4);
	write_config("  log_levels:\n    - {category: nope, level: debug}\n");
	exits(78, ".yaml:4: daemon.log_levels[0].category: no category is called \"nope\"", argv,
	      4);
	write_config("nmber: 5\n");
	exits(78, ".yaml:3: nmber: unknown key", argv, 4);
	exits(78, "/nonexistent: No such file or directory", none, 2);
}

static void test_life(void **state MS_UNUSED)
{
	start_daemon("number: 5\n");
	asked("{\"command\":\"number\"}", true, "5");
	asked("{\"command\":\"version\"}", true, MS_VERSION);
	asked("{\"command\":\"counters\"}", true, "mediasec_daemon_control_requests_total");
	asked("{\"command\":\"metrics\"}", true,
	      "# TYPE mediasec_daemon_loop_rounds_total counter");
	asked("{\"command\":\"log.level\",\"args\":{\"level\":\"debug\"}}", true, "\"debug\"");
	asked("{\"command\":\"log.level\",\"args\":{\"level\":\"loud\"}}", false,
	      "level is one of");
	asked("{\"command\":\"stop\"}", true, "stopping");
	expect_notify("STOPPING=1");
	assert_int_equal(ended(), 0);
	assert_non_null(strstr(printed(), "notice mediasec-test: main: stopped\n"));
	assert_int_equal(access(t.control, F_OK), -1);
}

static void test_reload(void **state MS_UNUSED)
{
	start_daemon("number: 5\n");
	write_config("number: 6\n");
	asked("{\"command\":\"reload\"}", true, "reloaded");
	asked("{\"command\":\"number\"}", true, "6");
	write_config("number: 13\n");
	asked("{\"command\":\"reload\"}", false, "brings bad luck");
	write_config("number: 15\n");
	asked("{\"command\":\"reload\"}", false, "could not be put in force");
	asked("{\"command\":\"number\"}", true, "6"); /* as before */
	for (int i = 0; i < 3; i++) {
		expect_notify("RELOADING=1");
		expect_notify("READY=1");
	}
	write_config("number: 7\n");
	assert_int_equal(kill(t.pid, SIGHUP), 0);
	expect_notify("RELOADING=1");
	expect_notify("READY=1");
	asked("{\"command\":\"number\"}", true, "7");
	asked("{\"command\":\"counters\"}", true,
	      "mediasec_daemon_reloads_total{outcome=\\\"refused\\\"}\":2");
	assert_int_equal(kill(t.pid, SIGTERM), 0);
	assert_int_equal(ended(), 0);
}

/* A key that is not loose: refused by its name, and the keys beside it are not taken over either. */
static void test_reload_fixed(void **state MS_UNUSED)
{
	start_daemon("number: 5\n");
	write_config("  pid_file: /tmp/elsewhere\nnumber: 6\n");
	asked("{\"command\":\"reload\"}", false,
	      "daemon.pid_file needs a restart; nothing was changed");
	asked("{\"command\":\"number\"}", true, "5");
	write_config("  log_level: debug\nnumber: 6\n");
	asked("{\"command\":\"reload\"}", true, "reloaded");
	asked("{\"command\":\"number\"}", true, "6");
	assert_int_equal(kill(t.pid, SIGTERM), 0);
	assert_int_equal(ended(), 0);
}

static void test_start_fails(void **state MS_UNUSED)
{
	const char *argv[] = { "x", "-f", "-c", t.config, NULL };

	write_config("number: 14\n");
	launch(argv, 4);
	assert_int_equal(ended(), 1);
}

static void test_stop_forced(void **state MS_UNUSED)
{
	start_daemon("  stop_limit: 100ms\nnumber: 16\n");
	assert_int_equal(kill(t.pid, SIGTERM), 0);
	assert_int_equal(ended(), 0);
	assert_non_null(strstr(printed(), "stopping took too long"));
	close(t.out_fd);
	expect_notify("STOPPING=1");
	start_daemon("number: 16\n");
	assert_int_equal(kill(t.pid, SIGTERM), 0);
	expect_notify("STOPPING=1");
	assert_int_equal(kill(t.pid, SIGTERM), 0);
	assert_int_equal(ended(), 0);
	assert_non_null(strstr(printed(), "not waiting any longer"));
}

static void test_pid_file(void **state MS_UNUSED)
{
	char more[128], pid_file[64], text[32] = "";
	pid_t first;
	int fd;

	snprintf(pid_file, sizeof(pid_file), "/tmp/ms-test-daemon-%d.pid", (int)getpid());
	snprintf(more, sizeof(more), "  pid_file: %s\n", pid_file);
	start_daemon(more);
	first = t.pid;
	fd = open(pid_file, O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	assert_int_equal(strtol(text, NULL, 10), first);
	t.pid = -1;
	const char *argv[] = { "x", "-f", "-c", t.config, NULL };

	close(t.out_fd);
	launch(argv, 4);
	assert_int_equal(ended(), 1); /* another one is running */
	assert_non_null(strstr(printed(), "another one is running"));
	t.pid = first;
	assert_int_equal(kill(t.pid, SIGTERM), 0);
	ended();
	unlink(pid_file);
}

/* Without -f: the first process waits until the service stands, and says so by its status. */
static void test_background(void **state MS_UNUSED)
{
	const char *argv[] = { "x", "-c", t.config, NULL };

	write_config("number: 5\n");
	launch(argv, 3);
	assert_int_equal(ended(), 0);
	expect_notify("READY=1");
	asked("{\"command\":\"number\"}", true, "5");
	asked("{\"command\":\"stop\"}", true, "stopping");
	expect_notify("STOPPING=1");
	write_config("number: 14\n");
	exits(1, "did not start", argv, 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_options),     TEST(test_config_check), TEST(test_life),
		TEST(test_reload),      TEST(test_reload_fixed), TEST(test_start_fails),
		TEST(test_stop_forced), TEST(test_pid_file),     TEST(test_background),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
