/* SPDX-License-Identifier: Apache-2.0 */
#include "ms-test.h"

#include <errno.h>

#include "daemon/counter.h"

enum { C_ISSUED, C_EXPIRED, C_OTHER, C_UNUSED, C_USERS, C_LAST };

static struct ms_counter table[C_LAST] = {
	[C_ISSUED] = MS_COUNTER("issued_total", "Tickets issued."),
	[C_EXPIRED] = MS_COUNTER_LABEL("refused_total", "Refused, by reason.", "reason", "expired"),
	[C_OTHER] = MS_COUNTER_LABEL("refused_total", "Refused, by reason.", "reason", "other"),
	[C_USERS] = MS_GAUGE("users", "Users."),
};

static void refresh(struct ms_counter_set *set, void *arg)
{
	ms_gauge(&set->counters[C_USERS], *(uint64_t *)arg);
}

static uint64_t users = 42;
static struct ms_counter_set set = {
	.prefix = "mediasec_t", .counters = table, .n = C_LAST, .refresh = refresh, .arg = &users
};

static int setup(void **state MS_UNUSED)
{
	for (size_t i = 0; i < C_LAST; i++)
		table[i].value = 0;
	ms_counter_set_add(&set);
	ms_counter_set_add(&set);
	return 0;
}

static void test_prometheus(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;

	ms_buf_init(&out, 4096);
	ms_count(&table[C_ISSUED]);
	ms_count_reason(&set, "refused_total", "expired");
	ms_count_reason(&set, "refused_total", "never_heard_of");
	ms_count_reason(&set, "refused_total", "never_heard_of");
	ms_count_reason(&set, "no_such_total", "x");
	ms_counters_prometheus(&out);
	assert_int_equal(ms_buf_status(&out), 0);
	assert_string_equal(ms_buf_cstr(&out),
			    "# HELP mediasec_t_issued_total Tickets issued.\n"
			    "# TYPE mediasec_t_issued_total counter\n"
			    "mediasec_t_issued_total 1\n"
			    "# HELP mediasec_t_refused_total Refused, by reason.\n"
			    "# TYPE mediasec_t_refused_total counter\n"
			    "mediasec_t_refused_total{reason=\"expired\"} 1\n"
			    "mediasec_t_refused_total{reason=\"other\"} 2\n"
			    "# HELP mediasec_t_users Users.\n"
			    "# TYPE mediasec_t_users gauge\n"
			    "mediasec_t_users 42\n");
}

static void test_json(void **state MS_UNUSED)
{
	json_t *all;

	table[C_EXPIRED].value = 9;
	all = ms_counters_json();
	assert_int_equal(json_integer_value(json_object_get(
				 all, "mediasec_t_refused_total{reason=\"expired\"}")),
			 9);
	assert_int_equal(json_integer_value(json_object_get(all, "mediasec_t_users")), 42);
	json_decref(all);
}

static void test_find(void **state MS_UNUSED)
{
	assert_ptr_equal(ms_counter_find(&set, "issued_total", NULL), &table[C_ISSUED]);
	assert_ptr_equal(ms_counter_find(&set, "refused_total", "expired"), &table[C_EXPIRED]);
	assert_ptr_equal(ms_counter_find(&set, "refused_total", "x"), &table[C_OTHER]);
	assert_null(ms_counter_find(&set, "issued_total", "x"));
	assert_null(ms_counter_find(&set, "no_such", NULL));
}

static void test_between_roles(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	struct ms_counter other[2] = { MS_COUNTER("a", "b"), MS_COUNTER("c", "d") };
	struct ms_counter_set smaller = MS_COUNTER_SET("mediasec_t", other);
	struct ms_reader in;

	ms_buf_init(&out, 4096);
	table[C_ISSUED].value = UINT64_MAX;
	ms_counters_put(&set, &out);
	table[C_ISSUED].value = 0;
	in = ms_reader_of(ms_buf_span(&out));
	assert_int_equal(ms_counters_get(&set, &in), 0);
	assert_true(table[C_ISSUED].value == UINT64_MAX);
	assert_int_equal(ms_read_end(&in), 0);
	in = ms_reader_of(ms_buf_span(&out));
	assert_int_equal(ms_counters_get(&smaller, &in), -EBADMSG);
	in = ms_reader_of(ms_span_sub(ms_buf_span(&out), 0, out.len - 1));
	assert_int_equal(ms_counters_get(&set, &in), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_prometheus, setup),
		cmocka_unit_test_setup(test_json, setup),
		cmocka_unit_test_setup(test_find, setup),
		cmocka_unit_test_setup(test_between_roles, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
