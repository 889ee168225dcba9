/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles with a real child: this program starts itself again. The role's name says what the child
 * does; see roles[].
 */
#include "ms-test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop/loop.h"
#include "priv/chan.h"
#include "priv/fd.h"
#include "priv/role.h"
#include "priv/sandbox.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

enum { MSG_ECHO = 1, MSG_FACTS = 2, MSG_DO = 3, MSG_SHORT = 4, MSG_IDENTITY = 5 };

/* ---- the child's side ---- */

static void child_closed(struct ms_chan *c, int err, void *arg MS_UNUSED)
{
	ms_chan_free(c);
	_exit(err ? 3 : 0);
}

static void echo(struct ms_chan *c, struct ms_msg *m)
{
	uint32_t number = ms_msg_u32(m);
	struct ms_span text = ms_msg_lv32(m);
	struct ms_buf *b = ms_chan_begin(c, MSG_ECHO, m->id);

	ms_msg_end(m);
	ms_buf_put_u32(b, number + 1);
	ms_chan_put_lv32(b, text);
	if (ms_chan_end(c))
		_exit(4);
}

/* What a role must not have: inherited descriptors, variables, core dumps. */
static void facts(struct ms_chan *c, struct ms_msg *m)
{
	struct ms_buf *b = ms_chan_begin(c, MSG_FACTS, 0);
	struct rlimit core;
	struct stat st;
	uint8_t leaked = 0;

	for (int fd = MS_ROLE_FD + 2; fd < 64; fd++)
		leaked += fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	getrlimit(RLIMIT_CORE, &core);
	ms_msg_end(m);
	ms_buf_put_u8(b, leaked);
	ms_buf_put_u8(b, getenv("MS_TEST_SECRET") != NULL);
	ms_buf_put_u8(b, getenv("MEDIASEC_TEST") != NULL);
	ms_buf_put_u8(b, core.rlim_max != 0);
	ms_buf_put_u8(b, (unsigned)prctl(PR_GET_DUMPABLE));
	ms_buf_put_u8(b, (unsigned)prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	ms_buf_put_u8(b, write(MS_ROLE_FD + 1, "given", 5) == 5);
	if (ms_chan_end(c))
		_exit(4);
}

/* After the drop: who we are, whether root can come back, whether files are out of reach. */
static void identity(struct ms_chan *c, struct ms_msg *m)
{
	struct ms_buf *b = ms_chan_begin(c, MSG_FACTS, 0);
	gid_t groups[8];

	ms_msg_end(m);
	ms_buf_put_u8(b, geteuid() == 0);
	ms_buf_put_u8(b, getuid() == 0 || getegid() == 0);
	ms_buf_put_u8(b, setuid(0) == 0);
	ms_buf_put_u8(b, (unsigned)getgroups(8, groups));
	ms_buf_put_u8(b, access("/etc/passwd", F_OK) == 0);
	ms_buf_put_u8(b, access("/", F_OK) == 0);
	ms_buf_put_u8(b, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	if (ms_chan_end(c))
		_exit(4);
}

/* Things the sandbox forbids or allows; answers if it survives. */
static void act(struct ms_chan *c, struct ms_msg *m)
{
	uint8_t what = ms_msg_u8(m);
	struct rlimit limit;
	int result = 0;

	ms_msg_end(m);
	if (what == 'f')
		result = fork();
	else if (what == 'o')
		result = open("/etc/hostname", O_RDONLY);
	else if (what == 'w')
		result = open("/tmp/ms-test-priv-forbidden", O_WRONLY | O_CREAT, 0600);
	else if (what == 's')
		result = socket(AF_INET, SOCK_STREAM, 0);
	else if (what == 'u')
		result = socket(AF_UNIX, SOCK_DGRAM, 0) < 0 && errno == EACCES ? 1 : -1;
	else if (what == 'k')
		result = tgkill(getpid(), gettid(), 0);
	else if (what == 'K')
		result = tgkill(getppid(), getppid(), 0);
	else if (what == 'l')
		result = prlimit(0, RLIMIT_CORE, NULL, &limit);
	else if (what == 'L')
		result = prlimit(getppid(), RLIMIT_CORE, NULL, &limit);
	else if (what == 'x')
		result = execl("/bin/true", "true", NULL);
	ms_buf_put_u32(ms_chan_begin(c, MSG_DO, m->id), (uint32_t)result);
	if (ms_chan_end(c))
		_exit(4);
}

static void child_message(struct ms_chan *c, struct ms_msg *m, void *arg MS_UNUSED)
{
	if (m->type == MSG_ECHO)
		echo(c, m);
	else if (m->type == MSG_FACTS)
		facts(c, m);
	else if (m->type == MSG_IDENTITY)
		identity(c, m);
	else if (m->type == MSG_DO)
		act(c, m);
	else
		ms_msg_u64(m);
}

static const struct ms_chan_handlers child_handlers = {
	.message = child_message,
	.closed = child_closed,
};

static int child_main(const char *role)
{
	struct ms_sandbox_drop drop = { .max_files = 64 };
	struct ms_chan *c;
	static const char *const extra[] = { "prctl", "no_such_call" };
	const char *what;
	unsigned groups = strcmp(role, "reader") == 0 ? MS_SANDBOX_FILES_READ : 0;

	if (strcmp(role, "mute") == 0)
		return 5;
	if (ms_loop_init() || ms_chan_new(MS_ROLE_FD, 0, false, &child_handlers, NULL, &c))
		return 6;
	if (strcmp(role, "nobody") == 0) {
		drop = (struct ms_sandbox_drop){ .user = "nobody",
						 .chroot_dir = getenv("MEDIASEC_TEST_ROOT") };
		if (ms_sandbox_drop(&drop, &what))
			return 9;
	} else if (strcmp(role, "free") != 0 &&
		   (ms_sandbox_drop(&drop, &what) || ms_sandbox_enter(groups, extra, 2)))
		return 7;
	return ms_loop_run() ? 8 : 0;
}

/* ---- the parent's side ---- */

static struct {
	struct ms_role *role;
	struct ms_chan *chan;
	int status;
	char text[128];
	bool ended;
	unsigned answers, wrong;
	uint32_t result;
	uint8_t facts[7];
	struct ms_timer end;
} t;

static void over_limit(void *arg MS_UNUSED)
{
	ms_loop_stop();
	fail_msg("nothing happened for 10 s");
}

static int setup(void **state MS_UNUSED)
{
	memset(&t, 0, sizeof(t));
	if (ms_loop_init())
		return -1;
	ms_timer_init(&t.end, "end", over_limit, NULL);
	ms_timer_start(&t.end, 60 * MS_SEC);
	return 0;
}

static int teardown(void **state MS_UNUSED)
{
	t.chan = ms_chan_free(t.chan);
	t.role = ms_role_free(t.role);
	ms_timer_stop(&t.end);
	ms_loop_close();
	return 0;
}

static void role_ended(struct ms_role *r, int status, const char *text, void *arg MS_UNUSED)
{
	assert_ptr_equal(r, t.role);
	t.status = status;
	snprintf(t.text, sizeof(t.text), "%s", text);
	t.ended = true;
	ms_loop_stop();
}

static void parent_message(struct ms_chan *c MS_UNUSED, struct ms_msg *m, void *arg MS_UNUSED)
{
	if (m->type == MSG_ECHO) {
		t.wrong += ms_msg_u32(m) != m->id + 1;
		t.wrong += ms_msg_lv32(m).len != m->id % 3000;
	} else if (m->type == MSG_FACTS) {
		for (size_t i = 0; i < sizeof(t.facts); i++)
			t.facts[i] = ms_msg_u8(m);
	} else {
		t.result = ms_msg_u32(m);
	}
	ms_msg_end(m);
	t.answers++;
	ms_loop_stop();
}

static void parent_closed(struct ms_chan *c, int err MS_UNUSED, void *arg MS_UNUSED)
{
	assert_ptr_equal(c, t.chan);
	t.chan = ms_chan_free(c);
}

static const struct ms_chan_handlers parent_handlers = {
	.message = parent_message,
	.closed = parent_closed,
};

static void spawn(const char *role, int extra_fd)
{
	struct ms_role_spawn s = {
		.name = role, .fds = &extra_fd, .n_fds = extra_fd >= 0, .ended = role_ended
	};
	int fd;

	assert_int_equal(ms_role_spawn(&s, &t.role, &fd), 0);
	assert_string_equal(ms_role_name(t.role), role);
	assert_int_equal(ms_chan_new(fd, 0, false, &parent_handlers, NULL, &t.chan), 0);
}

static void run_until(const bool *flag, unsigned answers)
{
	while (!(flag && *flag) && !(answers && t.answers >= answers))
		assert_int_equal(ms_loop_run(), 0);
}

static void test_many_messages(void **state MS_UNUSED)
{
	static uint8_t text[3000];
	const unsigned n = 2000;

	spawn("free", -1);
	for (uint32_t i = 0; i < n; i++) {
		struct ms_buf *b = ms_chan_begin(t.chan, MSG_ECHO, i);

		ms_buf_put_u32(b, i);
		ms_chan_put_lv32(b, ms_span_of(text, i % sizeof(text)));
		assert_int_equal(ms_chan_end(t.chan), 0);
	}
	run_until(NULL, n);
	assert_int_equal(t.answers, n);
	assert_int_equal(t.wrong, 0);
	assert_int_equal(ms_chan_queued(t.chan), 0);
}

static void test_limits_of_sending(void **state MS_UNUSED)
{
	static uint8_t big[MS_CHAN_BODY_MAX + 1];
	int err, n = 0;

	spawn("free", -1);
	assert_int_equal(ms_chan_send(t.chan, MSG_DO, 0, ms_span_of(big, sizeof(big))), -EMSGSIZE);
	assert_int_equal(ms_chan_queued(t.chan), 0);
	do
		err = ms_chan_send(t.chan, MSG_ECHO, 0, ms_span_of(big, sizeof(big) - 1));
	while (err == 0 && ++n < 100);
	assert_int_equal(err, -ENOBUFS);
	assert_true(n > 1 && n < 10);
	ms_chan_begin(t.chan, MSG_DO, 0);
	ms_chan_abandon(t.chan);
}

static void test_what_is_inherited(void **state MS_UNUSED)
{
	static const uint8_t expected[] = { 0, 0, 1, 1, 0, 0, 1 };
	int own = open("/proc/self/exe", O_RDONLY); /* not handed over, not close-on-exec */
	int given[2];
	char text[8] = "";

	assert_int_equal(pipe(given), 0);
	assert_int_equal(setenv("MS_TEST_SECRET", "1", 1), 0);
	assert_int_equal(setenv("MEDIASEC_TEST", "1", 1), 0);
	spawn("free", given[1]);
	assert_int_equal(ms_chan_send(t.chan, MSG_FACTS, 0, MS_SPAN_NULL), 0);
	run_until(NULL, 1);
	assert_int_equal(t.facts[0], expected[0]);
	assert_int_equal(t.facts[1], 0);
	assert_int_equal(t.facts[2], 1);
	assert_int_equal(t.facts[6], 1);
	assert_int_equal(read(given[0], text, 5), 5);
	assert_string_equal(text, "given");
	close(own);
	close(given[0]);
	close(given[1]);
}

static void test_sandbox_facts(void **state MS_UNUSED)
{
	spawn("reader", -1);
	assert_int_equal(ms_chan_send(t.chan, MSG_FACTS, 0, MS_SPAN_NULL), 0);
	run_until(NULL, 1);
	assert_int_equal(t.facts[3], 0);         /* no core */
	assert_int_equal(t.facts[4], SANITIZED); /* not dumpable */
	assert_int_equal(t.facts[5], 1);         /* no new privileges */
}

static void ask(const char *role, char what)
{
	spawn(role, -1);
	assert_int_equal(ms_chan_send(t.chan, MSG_DO, 0, ms_span_of(&what, 1)), 0);
	run_until(&t.ended, 1);
}

static void killed_by(const char *role, char what)
{
	ask(role, what);
	assert_true(t.ended);
	assert_true(WIFSIGNALED(t.status));
	assert_int_equal(WTERMSIG(t.status), SIGSYS);
	assert_non_null(strstr(t.text, "a system call outside its list"));
	assert_int_equal(t.answers, 0);
	teardown(NULL);
	setup(NULL);
}

static void survives(const char *role, char what)
{
	ask(role, what);
	assert_false(t.ended);
	assert_int_equal(t.answers, 1);
	assert_true((int32_t)t.result >= 0);
	teardown(NULL);
	setup(NULL);
}

static void test_seccomp(void **state MS_UNUSED)
{
	const bool sanitized = SANITIZED; /* their runtime opens files and forks: allowed then */

	survives("free", 'o');
	survives("reader", 'o');
	survives("closed", 'u');
	survives("closed", 'k');
	survives("closed", 'l');
	killed_by("closed", 'K');
	killed_by("closed", 'L');
	killed_by("closed", 's');
	killed_by("closed", 'x');
	killed_by("reader", 's');
	killed_by("reader", 'x');
	if (sanitized)
		return;
	killed_by("closed", 'f');
	killed_by("closed", 'o');
	killed_by("closed", 'w');
	killed_by("reader", 'w');
}

static void test_child_ends(void **state MS_UNUSED)
{
	spawn("mute", -1);
	run_until(&t.ended, 0);
	assert_string_equal(t.text, "exited with status 5");
	assert_int_equal(ms_role_kill(t.role, SIGKILL), -ESRCH);
}

static void test_parent_closes(void **state MS_UNUSED)
{
	spawn("closed", -1);
	t.chan = ms_chan_free(t.chan);
	run_until(&t.ended, 0);
	assert_string_equal(t.text, "exited with status 0");
}

static void test_malformed_message(void **state MS_UNUSED)
{
	spawn("free", -1);
	assert_int_equal(ms_chan_send(t.chan, MSG_SHORT, 0, MS_SPAN_LIT("abc")), 0);
	run_until(&t.ended, 0);
	assert_string_equal(t.text, "exited with status 70");
	teardown(NULL);
	setup(NULL);
	spawn("free", -1);
	assert_int_equal(ms_chan_send(t.chan, MSG_DO, 0, MS_SPAN_LIT("uu")), 0); /* one too many */
	run_until(&t.ended, 0);
	assert_string_equal(t.text, "exited with status 70");
}

static void test_killed(void **state MS_UNUSED)
{
	spawn("closed", -1);
	assert_int_equal(ms_role_kill(t.role, SIGTERM), 0); /* ignored: the parent decides */
	assert_int_equal(ms_role_kill(t.role, SIGKILL), 0);
	run_until(&t.ended, 0);
	assert_int_equal(WTERMSIG(t.status), SIGKILL);
	assert_non_null(strstr(t.text, "killed by signal 9"));
}

static void test_another_user(void **state MS_UNUSED)
{
	static const uint8_t expected[] = { 0, 0, 0, 1, 0, 1, 1 };
	char root[] = "/tmp/ms-test-priv-XXXXXX";

	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(root));
	assert_int_equal(chmod(root, 0755), 0);
	assert_int_equal(setenv("MEDIASEC_TEST_ROOT", root, 1), 0);
	spawn("nobody", -1);
	assert_int_equal(ms_chan_send(t.chan, MSG_IDENTITY, 0, MS_SPAN_NULL), 0);
	run_until(&t.ended, 1);
	assert_false(t.ended);
	assert_memory_equal(t.facts, expected, sizeof(expected));
	assert_int_equal(rmdir(root), 0);
}

static void test_unknown_user(void **state MS_UNUSED)
{
	struct ms_sandbox_drop d = { .user = "no-such-user-here" };
	const char *what = NULL;

	assert_int_equal(ms_sandbox_drop(&d, &what), -ENOENT);
	assert_string_equal(what, "user");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* A descriptor crosses and works; without one, or with the other end gone, the reader is told. */
static void test_fd(void **state)
{
	int pair[2], other[2], got = -1;
	uint32_t number = 0;
	char c = 0;

	(void)state;
	assert_int_equal(ms_role_pair(pair), 0);
	assert_int_equal(ms_role_pair(other), 0);
	assert_int_equal(ms_fd_receive(pair[1], &number, &got), -EAGAIN);
	assert_int_equal(ms_fd_send(pair[0], 7, other[1]), 0);
	assert_int_equal(ms_fd_send(pair[0], 8, other[1]), 0);
	assert_int_equal(ms_fd_receive(pair[1], &number, &got), 0);
	assert_int_equal(number, 7);
	assert_int_equal(write(other[0], "x", 1), 1);
	assert_int_equal(read(got, &c, 1), 1);
	assert_int_equal(c, 'x');
	close(got);
	assert_int_equal(ms_fd_receive(pair[1], &number, &got), 0);
	assert_int_equal(number, 8);
	close(got);
	assert_int_equal(write(pair[0], "abcd", 4), 4);
	assert_int_equal(ms_fd_receive(pair[1], &number, &got), -EBADMSG);
	close(pair[0]);
	assert_int_equal(ms_fd_receive(pair[1], &number, &got), -EPIPE);
	close(pair[1]);
	close(other[0]);
	close(other[1]);
}

int main(int argc, char **argv)
{
	const char *role = ms_role_self(argc, argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fd),    TEST(test_many_messages),
		TEST(test_limits_of_sending), TEST(test_what_is_inherited),
		TEST(test_sandbox_facts),     TEST(test_seccomp),
		TEST(test_child_ends),        TEST(test_parent_closes),
		TEST(test_malformed_message), TEST(test_killed),
		TEST(test_unknown_user),      TEST(test_another_user),
	};

	if (role)
		return child_main(role);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
