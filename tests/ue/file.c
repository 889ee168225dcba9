/* SPDX-License-Identifier: Apache-2.0 */
/* What an offered file does to the disk before an octet of it has come. */
#include "ms-test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ue/file.h"

#define HASH                                                                                       \
	"hash:sha-256:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:" \
	"99:AA:BB:CC:DD:EE:FF"

static char directory[64];

static int set_up(void **state MS_UNUSED)
{
	(void)snprintf(directory, sizeof(directory), "/tmp/mediasec-file-XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state MS_UNUSED)
{
	return rmdir(directory);
}

static int offer(const char *name, const char *range, struct ms_ue_file **ret_f)
{
	static const struct ms_ue_file_handlers none = { 0 };
	char selector[512];
	struct ms_sdp_msrp line = { .file_transfer_id = MS_SPAN_LIT("0123456789abcdef"),
				    .file_range = ms_span_str(range) };
	int err;

	(void)snprintf(selector, sizeof(selector), "name:\"%s\" type:text/plain size:100 " HASH,
		       name);
	line.file_selector = ms_span_str(selector);
	err = ms_ue_file_offered(&line, 1000, &none, ret_f);
	return err ? err : ms_ue_file_accept(*ret_f, directory);
}

static void part_of(const char *name, char path[static 256])
{
	(void)snprintf(path, 256, "%s/.%s.0011223344556677.part", directory, name);
}

/* Else the second would write into what the first one's hash was right for. */
static void test_one_at_a_time(void **state MS_UNUSED)
{
	struct ms_ue_file *first, *second;
	char part[256], whole[256];

	assert_int_equal(offer("a", NULL, &first), 0);
	assert_int_equal(offer("a", NULL, &second), -EBUSY);
	ms_ue_file_free(second);
	assert_int_equal(offer("a", "1-*", &second), -EBUSY);
	ms_ue_file_free(second);
	/* Complete, and so named; the next one begins anew beside it. */
	part_of("a", part);
	(void)snprintf(whole, sizeof(whole), "%s/a", directory);
	assert_int_equal(rename(part, whole), 0);
	assert_int_equal(offer("a", NULL, &second), 0);
	ms_ue_file_free(second);
	ms_ue_file_free(first);
	assert_int_equal(unlink(whole), 0);
	(void)unlink(part);
}

static void test_resume(void **state MS_UNUSED)
{
	struct ms_ue_file *f;
	char part[256];
	FILE *file;

	part_of("a", part);
	assert_int_equal(offer("a", "5-*", &f), -ERANGE);
	ms_ue_file_free(f);
	file = fopen(part, "w");
	assert_non_null(file);
	assert_int_equal(fwrite("1234567890", 1, 10, file), 10);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(offer("a", "20-*", &f), -ERANGE);
	ms_ue_file_free(f);
	assert_int_equal(offer("a", "11-*", &f), 0);
	ms_ue_file_free(f);
	(void)unlink(part);
}

/* A link in the part's place is not followed, and a pipe is not written to. */
static void test_strange_part(void **state MS_UNUSED)
{
	struct ms_ue_file *f;
	char part[256];

	part_of("a", part);
	assert_int_equal(symlink("/dev/null", part), 0);
	assert_int_equal(offer("a", NULL, &f), -ELOOP);
	ms_ue_file_free(f);
	assert_int_equal(unlink(part), 0);
	assert_int_equal(mkfifo(part, 0600), 0);
	assert_int_equal(offer("a", NULL, &f), -EINVAL);
	ms_ue_file_free(f);
	assert_int_equal(unlink(part), 0);
}

static void expect_name(const char *offered, const char *safe)
{
	struct ms_ue_file *f;
	char path[256];

	assert_int_equal(offer(offered, NULL, &f), 0);
	(void)snprintf(path, sizeof(path), "%s/%s", directory, safe);
	assert_string_equal(ms_ue_file_path(f), path);
	ms_ue_file_free(f);
	part_of(safe, path);
	(void)unlink(path);
}

static void test_names(void **state MS_UNUSED)
{
	expect_name("../../etc/passwd", "passwd");
	expect_name("%2e%2e%2fx", "x");
	expect_name("..", "file");
	expect_name(".bashrc", "bashrc");
	expect_name("-rf", "_rf");
	expect_name("Gr\xc3\xbc\xc3\x9f e.txt", "Gr\xc3\xbc\xc3\x9f e.txt");
	/* Shown, it would end in "exe.txt". */
	expect_name("a\xe2\x80\xaetxt.exe", "a\xef\xbf\xbdtxt.exe");
	expect_name("a\xc2\x9b"
		    "2Jb",
		    "a\xef\xbf\xbd"
		    "2Jb");
	expect_name("a\xff", "a\xef\xbf\xbd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_strange_part),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
