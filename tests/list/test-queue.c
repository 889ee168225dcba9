/* SPDX-License-Identifier: Apache-2.0 */
/* The queue on disk: rows in and out, letters packed and unpacked, rows that are damaged, no memory. */
#include "ms-test.h"

#include <errno.h>
#include <unistd.h>

#include "list/lists.h"
#include "list/post-priv.h"
#include "store/lists-queue.h"
#include "store/lists.h"

/* What the program has and these parts never reach. */
struct ms_lists ms_lists;

struct fixture {
	char dir[64], db[96];
	struct ms_store *s;
};

static void reopen(struct fixture *f)
{
	const struct ms_store_config c = { .path = f->db,
					   .busy_ms = 50,
					   .schema = &ms_store_lists_schema };
	char why[MS_STORE_MESSAGE_MAX];

	f->s = ms_store_close(f->s);
	assert_int_equal(ms_store_open(&c, why, &f->s), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/ms-queue-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->db, sizeof(f->db), "%s/list.db", f->dir);
	reopen(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "list.db", "list.db-wal", "list.db-journal" };
	struct fixture *f = *state;
	char path[160];

	ms_store_close(f->s);
	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
		unlink(path);
	}
	rmdir(f->dir);
	free(f);
	return 0;
}

/* ---- rows ---- */

struct seen {
	size_t n;
	int64_t id[8];
	size_t outcomes[8];
	uint64_t body_len;
};

static int see(const struct ms_store_job *j, void *arg)
{
	struct seen *s = arg;

	assert_true(s->n < 8);
	s->id[s->n] = j->id;
	s->outcomes[s->n++] = j->outcomes.len;
	s->body_len = j->body_len;
	assert_span_str(j->head, "head");
	assert_span_str(j->recipients, "recipients");
	return 0;
}

static int64_t add_job(struct fixture *f)
{
	const struct ms_store_job j = { .created = 1,
					.expires = 2,
					.head = MS_SPAN_LIT("head"),
					.recipients = MS_SPAN_LIT("recipients"),
					.body = MS_SPAN_LIT("a body") };
	int64_t id = 0;

	assert_int_equal(ms_store_job_add(f->s, &j, &id), 0);
	return id;
}

static void keeps_jobs(void **state)
{
	struct fixture *f = *state;
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct seen s = { 0 };
	int64_t first = add_job(f), second = add_job(f);

	ms_buf_init(&b, 100);
	assert_int_equal(ms_store_job_outcomes(f->s, second, MS_SPAN_LIT("\1\2\3")), 0);
	assert_int_equal(ms_store_job_outcomes(f->s, second, MS_SPAN_LIT("\2\2\3\4")), 0);
	reopen(f);
	assert_int_equal(ms_store_jobs(f->s, see, &s), 0);
	assert_int_equal(s.n, 2);
	assert_true(s.id[0] == first && s.id[1] == second);
	assert_int_equal(s.outcomes[0], 0);
	assert_int_equal(s.outcomes[1], 4);
	assert_int_equal(s.body_len, 6);
	assert_int_equal(ms_store_job_body(f->s, first, &b), 0);
	assert_span_str(ms_buf_span(&b), "a body");
	assert_int_equal(ms_store_job_remove(f->s, second), 0);
	assert_int_equal(ms_store_job_remove(f->s, second), 0);
	assert_int_equal(ms_store_job_body(f->s, second, &b), -ENOENT);
	/* Call-IDs are made of numbers: none comes twice. */
	assert_true(add_job(f) > second);
}

static void keeps_held(void **state)
{
	struct fixture *f = *state;
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	int64_t id, first, second;
	uint64_t octets;
	ms_usec expires;
	size_t n;

	ms_buf_init(&b, 100);
	assert_int_equal(ms_store_held_next(f->s, 0, &b, &id, &expires), -ENOENT);
	assert_int_equal(ms_store_held_add(f->s, MS_SPAN_LIT("one"), 7, &first), 0);
	assert_int_equal(ms_store_held_add(f->s, MS_SPAN_LIT("three"), 8, &second), 0);
	reopen(f);
	assert_int_equal(ms_store_held_count(f->s, &n, &octets), 0);
	assert_int_equal(n, 2);
	assert_int_equal(octets, 8);
	assert_int_equal(ms_store_held_next(f->s, first, &b, &id, &expires), 0);
	assert_true(id == second && expires == 8);
	assert_span_str(ms_buf_span(&b), "three");
	assert_int_equal(ms_store_held_remove(f->s, first), 0);
	assert_int_equal(ms_store_held_remove(f->s, first), 0);
	assert_int_equal(ms_store_held_count(f->s, &n, &octets), 0);
	assert_int_equal(n, 1);
}

/* ---- letters ---- */

static const struct ms_span uris[] = { MS_SPAN_LIT("sip:bob@example.org"),
				       MS_SPAN_LIT("sip:carol@example.org"),
				       MS_SPAN_LIT("tel:+4930123") };

static const struct ms_lists_parcel parcel = {
	.from = MS_SPAN_LIT("\"Alice\" <sip:alice@example.org>"),
	.asserted = MS_SPAN_LIT("<sip:alice@example.org>"),
	.content_type = MS_SPAN_LIT("application/pkcs7-mime"),
	.encoding = MS_SPAN_LIT("binary"),
	.body = MS_SPAN_LIT("\0\1\2"),
	.privacy = MS_SPAN_LIT("none"),
	.tag = MS_SPAN_LIT("<sip:friends@lists.example.org>"),
	.max_forwards = 9,
	.expires = MS_NEVER,
	.origin = MS_SPAN_LIT("sip:alice@example.org"),
	.list = MS_SPAN_LIT("sip:friends@lists.example.org"),
	.wish = { 3, MS_SPAN_LIT("id"), MS_SPAN_LIT("2026-11-20T00:00:00Z") },
};

static struct ms_lists_post post_of(void)
{
	return (struct ms_lists_post){ .config = { .keep = 3600 * MS_SEC } };
}

static struct ms_store_job row_of(const struct ms_lists_letter *l)
{
	return (struct ms_store_job){ .id = 5,
				      .created = l->created,
				      .expires = l->expires,
				      .head = ms_buf_span(&l->head),
				      .recipients = ms_buf_span(&l->recipients),
				      .body_len = l->body.len };
}

static void letters_come_back(void **state)
{
	struct ms_lists_post p = post_of();
	struct ms_lists_letter *l, *again;
	struct ms_store_job row;

	(void)state;
	assert_int_equal(ms_lists_letter_new(&p, &parcel, uris, 3, &l), 0);
	assert_true(l->expires == l->created + 3600 * MS_SEC);
	row = row_of(l);
	row.outcomes = MS_SPAN_LIT("\2\1\0");
	assert_int_equal(ms_lists_letter_load(&p, &row, &again), 0);
	assert_int_equal(again->n, 3);
	for (size_t i = 0; i < 3; i++)
		assert_span_equal(again->uri[i], uris[i]);
	assert_span_equal(again->parcel.from, parcel.from);
	assert_span_equal(again->parcel.privacy, parcel.privacy);
	assert_span_equal(again->parcel.tag, parcel.tag);
	assert_span_equal(again->parcel.wish.date_time, parcel.wish.date_time);
	assert_int_equal(again->parcel.max_forwards, 9);
	assert_int_equal(again->outcome[0], MS_LISTS_DELIVERED);
	assert_int_equal(again->octets, 3);
	assert_false(again->has_body);
	ms_lists_letter_free(again);
	ms_lists_letter_free(l);
}

/* Whoever was told of an outcome is not told again; whoever was not told durably is. */
static void tells_once(void **state)
{
	struct ms_lists_post p = post_of();
	struct ms_lists_letter *l, *again;
	struct ms_lists_news news[3];
	struct ms_store_job row;

	(void)state;
	ms_list_init(&p.news);
	ms_list_init(&p.dirty);
	ms_timer_init(&p.flush, "test", NULL, NULL);
	assert_int_equal(ms_lists_letter_new(&p, &parcel, uris, 3, &l), 0);
	row = row_of(l);
	/* Bob has it and Alice knows, Carol is away, somebody else failed. */
	row.outcomes = MS_SPAN_LIT("\202\1\3");
	assert_int_equal(ms_lists_letter_load(&p, &row, &again), 0);
	assert_int_equal(again->outcome[0], MS_LISTS_DELIVERED);
	again->is_dirty = true; /* nobody flushes here */
	assert_int_equal(ms_lists_post_news(again, news, 3), 1);
	assert_span_equal(news[0].recipient, uris[2]);
	assert_int_equal(news[0].outcome, MS_LISTS_FAILED);
	again->outcome[1] = MS_LISTS_EXPIRED;
	assert_int_equal(ms_lists_post_news(again, news, 1), 1);
	assert_span_equal(news[0].recipient, uris[1]);
	ms_lists_letter_telling(again, 1);
	assert_int_equal(ms_lists_post_news(again, news, 3), 1);
	ms_lists_letter_told(again, false);
	assert_int_equal(ms_lists_post_news(again, news, 3), 2);
	ms_lists_letter_telling(again, 2);
	assert_false(ms_lists_letter_has_news(again));
	ms_lists_letter_told(again, true);
	assert_false(ms_lists_letter_has_news(again));
	again->parcel.wish.wishes = 0;
	again->told[2] = MS_LISTS_UNTOLD;
	assert_false(ms_lists_letter_has_news(again));
	ms_lists_letter_free(again);
	ms_lists_letter_free(l);
}

/* A row that is not ours is refused, whatever is wrong with it. */
static void damaged_rows(void **state)
{
	struct ms_lists_post p = post_of();
	struct ms_lists_letter *l, *again = NULL;
	struct ms_store_job row;

	(void)state;
	assert_int_equal(ms_lists_letter_new(&p, &parcel, uris, 3, &l), 0);
	for (size_t n = 0; n < l->head.len; n++) {
		row = row_of(l);
		row.head.len = n;
		assert_int_equal(ms_lists_letter_load(&p, &row, &again), -EBADMSG);
	}
	for (size_t n = 1; n < uris[2].len + 2; n++) {
		row = row_of(l);
		row.recipients.len -= n;
		assert_int_equal(ms_lists_letter_load(&p, &row, &again), -EBADMSG);
	}
	row = row_of(l);
	row.outcomes = MS_SPAN_LIT("\1\1");
	assert_int_equal(ms_lists_letter_load(&p, &row, &again), -EBADMSG);
	row.outcomes = MS_SPAN_LIT("\1\1\5");
	assert_int_equal(ms_lists_letter_load(&p, &row, &again), -EBADMSG);
	assert_null(again);
	ms_lists_letter_free(l);
}

static int new_and_load(void *arg)
{
	struct ms_lists_post p = post_of();
	struct ms_lists_letter *l = NULL, *again = NULL;
	int err = ms_lists_letter_new(&p, &parcel, uris, 3, &l);

	(void)arg;
	if (err == 0) {
		const struct ms_store_job row = row_of(l);

		err = ms_lists_letter_load(&p, &row, &again);
	}
	ms_lists_letter_free(again);
	ms_lists_letter_free(l);
	return err;
}

static void survives_no_memory(void **state)
{
	(void)state;
	assert_true(ms_test_torture(new_and_load, NULL) >= 10);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps_jobs, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_held, setup, teardown),
		cmocka_unit_test(letters_come_back),
		cmocka_unit_test(tells_once),
		cmocka_unit_test(damaged_rows),
		cmocka_unit_test(survives_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
