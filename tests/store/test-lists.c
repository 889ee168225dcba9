/* SPDX-License-Identifier: Apache-2.0 */
/* A list server's lists in the store: rows in and out, refusals, failing allocations. */
#include "ms-test.h"

#include <errno.h>
#include <unistd.h>

#include "core/buf.h"
#include "store/lists.h"

struct fixture {
	char dir[64], db[96];
	char why[MS_STORE_MESSAGE_MAX];
	struct ms_store *s;
};

static int reopen(struct fixture *f)
{
	const struct ms_store_config c = { .path = f->db,
					   .busy_ms = 50,
					   .schema = &ms_store_lists_schema };

	f->s = ms_store_close(f->s);
	return ms_store_open(&c, f->why, &f->s);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/ms-lists-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->db, sizeof(f->db), "%s/list.db", f->dir);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char path[128];

	ms_store_close(f->s);
	unlink(f->db);
	snprintf(path, sizeof(path), "%s-wal", f->db);
	unlink(path);
	rmdir(f->dir);
	free(f);
	return 0;
}

static struct ms_span str(const char *s)
{
	return ms_span_str(s);
}

static int put_list(struct ms_store *s, const char *uri, const char *owner, unsigned post)
{
	const struct ms_store_list l = { str(uri), str(owner), str(""), post, 1, 7 };

	return ms_store_list_put(s, &l);
}

static int add(struct ms_store *s, const char *list, unsigned kind, const char *uri,
	       const char *display)
{
	const struct ms_store_list_entry e = { str(list), kind, str(uri), str(display) };

	return ms_store_list_entry_add(s, &e);
}

static int fill(struct ms_store *s)
{
	int err = put_list(s, "sip:friends@example.org", "sip:alice@example.org", 1);

	if (err == 0)
		err = add(s, "sip:friends@example.org", 0, "sip:zoe@example.org", "Zoe");
	if (err == 0)
		err = add(s, "sip:friends@example.org", 0, "sip:bob@example.org", "");
	return err ? err : add(s, "sip:friends@example.org", 1, "sip:zoe@example.org", "");
}

static int tell_list(void *arg, const struct ms_store_list *l)
{
	ms_buf_printf(arg, "[%.*s %.*s %u %u %lld]", MS_SPAN_FMT(l->uri), MS_SPAN_FMT(l->owner),
		      l->post, l->show, (long long)l->changed);
	return 0;
}

static int tell_entry(void *arg, const struct ms_store_list_entry *e)
{
	ms_buf_printf(arg, "{%u %.*s %.*s}", e->kind, MS_SPAN_FMT(e->uri), MS_SPAN_FMT(e->display));
	return 0;
}

static void expect(struct ms_store *s, const char *wanted)
{
	struct ms_buf b;
	const struct ms_store_lists_visitor v = { tell_list, tell_entry, &b };

	ms_buf_init(&b, 4096);
	assert_int_equal(ms_store_lists_load(s, &v), 0);
	assert_string_equal(ms_buf_cstr(&b), wanted);
	ms_buf_done(&b);
}

static void test_rows(void **state)
{
	struct fixture *f = *state;
	const struct ms_store_list_entry zoe = { str("sip:friends@example.org"), 0,
						 str("sip:zoe@example.org"), MS_SPAN_NULL };

	assert_int_equal(reopen(f), 0);
	assert_int_equal(fill(f->s), 0);
	assert_int_equal(reopen(f), 0);
	/* In the order they were added. */
	expect(f->s,
	       "[sip:friends@example.org sip:alice@example.org 1 1 7]{0 sip:zoe@example.org Zoe}"
	       "{0 sip:bob@example.org }{1 sip:zoe@example.org }");
	assert_int_equal(put_list(f->s, "sip:friends@example.org", "sip:carol@example.org", 2), 0);
	assert_int_equal(ms_store_list_entry_remove(f->s, &zoe), 0);
	assert_int_equal(ms_store_list_entry_remove(f->s, &zoe), -ENOENT);
	assert_int_equal(ms_store_list_entries_clear(f->s, str("sip:friends@example.org"), 1), 0);
	expect(f->s,
	       "[sip:friends@example.org sip:carol@example.org 2 1 7]{0 sip:bob@example.org }");
	assert_int_equal(ms_store_list_remove(f->s, str("sip:friends@example.org")), 0);
	assert_int_equal(ms_store_list_remove(f->s, str("sip:friends@example.org")), -ENOENT);
	expect(f->s, "");
}

static void test_refusals(void **state)
{
	struct fixture *f = *state;
	char name[MS_STORE_NAME_MAX + 2];

	assert_int_equal(reopen(f), 0);
	assert_int_equal(fill(f->s), 0);
	assert_int_equal(add(f->s, "sip:friends@example.org", 0, "sip:bob@example.org", ""),
			 -EEXIST);
	assert_int_equal(add(f->s, "sip:nobody@example.org", 0, "sip:bob@example.org", ""),
			 -ENOENT);
	assert_int_equal(put_list(f->s, "", "sip:alice@example.org", 0), -EINVAL);
	assert_int_equal(put_list(f->s, "sip:x@example.org", "", 0), -EINVAL);
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(put_list(f->s, name, "sip:alice@example.org", 0), -EINVAL);
	assert_int_equal(add(f->s, "sip:friends@example.org", 0, "sip:x@example.org", name),
			 -EINVAL);
}

/* The database of another program of ours is not taken either. */
static void test_not_ours(void **state)
{
	struct fixture *f = *state;
	static const struct ms_store_schema other = { .id = 1234,
						      .version = 1,
						      .create = "CREATE TABLE x (y);" };
	struct ms_store_config c = { .path = f->db, .busy_ms = 50, .schema = &other };

	assert_int_equal(ms_store_open(&c, f->why, &f->s), 0);
	assert_int_equal(reopen(f), -EPROTONOSUPPORT);
	assert_non_null(strstr(f->why, "another program"));
}

static int torture(void *arg)
{
	struct fixture *f = arg;
	int err;

	unlink(f->db);
	err = reopen(f);
	if (err == 0)
		err = fill(f->s);
	f->s = ms_store_close(f->s);
	return err;
}

static void test_torture(void **state)
{
	assert_true(ms_test_torture(torture, *state) > 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_rows),
		T(test_refusals),
		T(test_not_ours),
		T(test_torture),
	};

	return cmocka_run_group_tests_name("store-lists", tests, NULL, NULL);
}
