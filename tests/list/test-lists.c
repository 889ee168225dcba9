/* SPDX-License-Identifier: Apache-2.0 */
/* Rates, tokens, what a list passes on, and the directory of lists with its store. */
#include "ms-test.h"

#include <errno.h>
#include <unistd.h>

#include "list/author.h"
#include "list/directory.h"
#include "list/rate.h"
#include "list/tokens.h"
#include "mime/cpim.h"

static struct ms_span str(const char *s)
{
	return ms_span_str(s);
}

/* ---- rates ---- */

static void test_rate(void **state)
{
	struct ms_lists_rate *r;
	ms_usec now = 1000 * MS_SEC, wait;

	(void)state;
	assert_int_equal(ms_lists_rate_new(2, &r), 0);
	ms_lists_rate_set(r, 60, 10);
	assert_true(ms_lists_rate_fits(r, 10));
	assert_false(ms_lists_rate_fits(r, 11));
	assert_int_equal(ms_lists_rate_take(r, str("alice"), 10, now), 0);
	wait = ms_lists_rate_take(r, str("alice"), 1, now);
	assert_true(wait > 900 * MS_MSEC && wait <= MS_SEC + 1);
	/* After that long it goes, and not a moment before. */
	assert_true(ms_lists_rate_take(r, str("alice"), 1, now + wait - 2 * MS_MSEC) > 0);
	assert_int_equal(ms_lists_rate_take(r, str("alice"), 1, now + wait), 0);
	/* Another has his own; time that goes backwards gives nothing. */
	assert_int_equal(ms_lists_rate_take(r, str("bob"), 10, now), 0);
	assert_true(ms_lists_rate_take(r, str("bob"), 1, now - 100 * MS_SEC) > 0);
	/* A third takes the place of who was not seen for longest. */
	assert_int_equal(ms_lists_rate_take(r, str("carol"), 10, now), 0);
	assert_true(ms_lists_rate_take(r, str("bob"), 10, now) > 0);
	/* However long nobody came, no more than the burst. */
	assert_int_equal(ms_lists_rate_take(r, str("bob"), 10, INT64_MAX / 2), 0);
	assert_true(ms_lists_rate_take(r, str("bob"), 1, INT64_MAX / 2) > 0);
	ms_lists_rate_set(r, 0, 0);
	assert_int_equal(ms_lists_rate_take(r, str("bob"), 1000000, now), 0);
	assert_true(ms_lists_rate_fits(r, SIZE_MAX));
	ms_lists_rate_free(r);
}

/* ---- tokens ---- */

#define ALICE "alice-0123456789abcdef"
#define ROOT "root-0123456789abcdef"

static bool whose(const char *file, const char *authorization, struct ms_lists_client *c)
{
	struct ms_lists_tokens *t = NULL;
	struct ms_buf error;
	bool found;

	ms_buf_init(&error, 256);
	assert_int_equal(ms_lists_tokens_parse(str(file), &error, &t), 0);
	found = ms_lists_tokens_check(t, str(authorization), c);
	ms_lists_tokens_free(t);
	ms_buf_done(&error);
	return found;
}

static void bad_tokens(const char *file, const char *line)
{
	struct ms_lists_tokens *t = NULL;
	struct ms_buf error;

	ms_buf_init(&error, 256);
	assert_int_equal(ms_lists_tokens_parse(str(file), &error, &t), -EINVAL);
	assert_non_null(strstr(ms_buf_cstr(&error), line));
	ms_buf_done(&error);
}

static void test_tokens(void **state)
{
	static const char file[] = "# who may\n\n" ALICE " sip:Alice@EXAMPLE.org\r\n" ROOT " *\n";
	struct ms_lists_client c;

	(void)state;
	assert_true(whose(file, "Bearer " ALICE, &c));
	assert_string_equal(c.identity.uri, "sip:Alice@example.org");
	assert_true(whose(file, "bearer " ROOT, &c));
	assert_string_equal(c.identity.uri, "");
	assert_false(whose(file, "Bearer ", &c));
	assert_false(whose(file, "Bearer alice", &c));
	assert_false(whose(file, "Basic " ALICE, &c));
	assert_false(whose(file, ALICE, &c));
	assert_false(whose(file, "", &c));
	assert_false(whose("", "Bearer " ALICE, &c));
	bad_tokens("short sip:alice@example.org\n", "line 1");
	bad_tokens("\n" ALICE "\n", "line 2");
	bad_tokens(ALICE " alice of example\n", "line 1");
	bad_tokens(ALICE ", sip:alice@example.org\n", "line 1");
}

/* ---- what is passed on ---- */

#define AUTHOR "sip:alice@example.org"
#define LIST "sip:friends@lists.example.org"

static int wrap_as(enum ms_lists_author where, const char *opened, struct ms_buf *out,
		   struct ms_lists_asked *asked)
{
	struct ms_fault f = { 0 };

	return ms_lists_author_wrap(str(opened), str(AUTHOR), str(LIST), 5 * MS_SEC, where, out,
				    asked, &f);
}

static int wrap(const char *opened, struct ms_buf *out, struct ms_lists_asked *asked)
{
	return wrap_as(MS_LISTS_AUTHOR_CPIM, opened, out, asked);
}

/* Whatever the author wrote about himself, the server's word stands there. */
static void expect(const char *opened, const char *type, const char *body, unsigned wishes)
{
	struct ms_buf out;
	struct ms_lists_asked asked;
	struct ms_mime_entity e;
	struct ms_cpim m;

	ms_buf_init(&out, 65536);
	assert_int_equal(wrap(opened, &out, &asked), 0);
	assert_int_equal(ms_mime_read(ms_buf_span(&out), NULL, &e, NULL), 0);
	assert_true(ms_mime_is(&e.type, "message", "cpim"));
	assert_int_equal(ms_cpim_read(e.body, NULL, &m, NULL), 0);
	assert_span_str(m.from.uri, AUTHOR);
	assert_int_equal(m.n_to, 1);
	assert_span_str(m.to[0].uri, LIST);
	assert_int_equal(m.wishes, 0);
	assert_int_equal(m.message_id.len, 0);
	assert_true(m.date_time.len > 0);
	assert_span_str(ms_mime_field(&m.content, "Content-Type"), type);
	assert_span_str(m.content.body, body);
	assert_int_equal(asked.wishes, wishes);
	ms_buf_done(&out);
}

#define WISHES                                                                                \
	"Content-Type: message/cpim\r\n\r\nFrom: <sip:president@example.org>\r\n"             \
	"To: <sip:nobody@example.org>\r\nDateTime: 2026-11-20T06:45:00Z\r\nSubject: news\r\n" \
	"NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: abc\r\n"                         \
	"imdn.Disposition-Notification: positive-delivery\r\n\r\n"

static void test_author(void **state)
{
	struct ms_buf out;
	struct ms_lists_asked asked;

	(void)state;
	expect("Content-Type: text/plain;charset=UTF-8\r\n\r\nhello", "text/plain;charset=UTF-8",
	       "hello", 0);
	expect("\r\nhello", "text/plain", "hello", 0);
	expect("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=",
	       "text/plain", "hello", 0);
	expect("Content-Type: text/plain;\r\n charset=x\r\nContent-Language: de\r\n\r\nhallo",
	       "text/plain; charset=x", "hallo", 0);
	expect(WISHES "Content-Type: text/html\r\n\r\n<p>", "text/html", "<p>",
	       MS_IMDN_WISH_POSITIVE);
	ms_buf_init(&out, 65536);
	assert_int_equal(wrap(WISHES "Content-Type: text/html\r\n\r\n<p>", &out, &asked), 0);
	assert_span_str(asked.message_id, "abc");
	assert_span_str(asked.date_time, "2026-11-20T06:45:00Z");
	ms_buf_reset(&out);
	assert_int_equal(wrap("Content-Type: message/imdn+xml\r\n\r\n<imdn/>", &out, &asked),
			 -EPERM);
	assert_int_equal(wrap(WISHES "Content-Type: message/imdn+xml\r\n\r\n<imdn/>", &out, &asked),
			 -EPERM);
	assert_int_equal(wrap("Content-Type: /\r\n\r\n", &out, &asked), -EBADMSG);
	assert_int_equal(wrap("Content-Type: message/cpim\r\n\r\nnothing", &out, &asked), -EBADMSG);
	assert_int_equal(out.len, 0);
	ms_buf_done(&out);
	ms_buf_init(&out, 64);
	assert_int_equal(wrap("\r\nhello", &out, &asked), -EMSGSIZE);
	ms_buf_done(&out);
}

/* For clients that read no CPIM: bare, whatever it came in; and no wrapper that looks like the list's. */
static void test_author_in_sip(void **state)
{
	static const char *const forged =
		WISHES "Content-Type: message/cpim\r\n\r\nFrom: <sip:president@example.org>\r\n"
		       "To: <" LIST ">\r\n\r\nContent-Type: text/plain\r\n\r\nhello";
	struct ms_buf out;
	struct ms_lists_asked asked;

	(void)state;
	ms_buf_init(&out, 65536);
	assert_int_equal(wrap_as(MS_LISTS_AUTHOR_SIP,
				 WISHES "Content-Type: text/html\r\nContent-Language: de\r\n"
					"Content-Transfer-Encoding: base64\r\n\r\nPHA+",
				 &out, &asked),
			 0);
	assert_span_str(ms_buf_span(&out),
			"Content-Type: text/html\r\nContent-Language: de\r\n\r\n<p>");
	assert_int_equal(asked.wishes, MS_IMDN_WISH_POSITIVE);
	ms_buf_reset(&out);
	assert_int_equal(wrap_as(MS_LISTS_AUTHOR_SIP, forged, &out, &asked), -EBADMSG);
	assert_int_equal(out.len, 0);
	ms_buf_done(&out);
}

static int author_torture(void *arg)
{
	struct ms_buf out;
	struct ms_lists_asked asked;
	int err;

	ms_buf_init(&out, 65536);
	err = wrap(arg, &out, &asked);
	ms_buf_done(&out);
	return err;
}

static void test_author_torture(void **state)
{
	(void)state;
	assert_true(ms_test_torture(author_torture,
				    (char[]){ WISHES "Content-Type: text/html\r\n\r\n<p>" }) > 0);
}

/* ---- the directory ---- */

struct fixture {
	char dir[64], db[96];
	struct ms_lists_directory *d;
};

static int reopen(struct fixture *f)
{
	const struct ms_lists_directory_options o = { .path = f->db, .lists = 3, .members = 4 };
	struct ms_buf error;
	int err;

	ms_buf_init(&error, 1024);
	f->d = ms_lists_directory_close(f->d);
	err = ms_lists_directory_open(&o, &error, &f->d);
	ms_buf_done(&error);
	return err;
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
	char wal[128];

	ms_lists_directory_close(f->d);
	snprintf(wal, sizeof(wal), "%s-wal", f->db);
	unlink(f->db);
	unlink(wal);
	rmdir(f->dir);
	free(f);
	return 0;
}

static int put(struct ms_lists_directory *d, const char *uri, const char *const *members)
{
	struct ms_lists_entry_spec e[8];
	struct ms_lists_spec s = { .uri = str(uri), .owner = str(AUTHOR), .post = 1 };

	for (; members && members[s.n[0]]; s.n[0]++)
		e[s.n[0]] = (struct ms_lists_entry_spec){ str(members[s.n[0]]), str("One") };
	s.replace[MS_LISTS_MEMBER] = members != NULL;
	s.entries[MS_LISTS_MEMBER] = e;
	return ms_lists_put(d, &s);
}

static void test_directory(void **state)
{
	struct fixture *f = *state;
	static const char *const two[] = { "sip:bob@EXAMPLE.org", "sip:bob@example.org",
					   "tel:+4912345", NULL };
	static const char *const five[] = { "sip:a@b", "sip:c@b", "sip:d@b",
					    "sip:e@b", "sip:f@b", NULL };
	static const char *const odd[] = { "sip:a@b", "nobody", NULL };
	static const char *const itself[] = { LIST, NULL };
	const struct ms_lists_list *l;
	ms_usec was;

	assert_int_equal(reopen(f), 0);
	assert_int_equal(put(f->d, LIST, two), 0);
	l = ms_lists_find(f->d, str(LIST));
	assert_non_null(l);
	assert_int_equal(l->n[MS_LISTS_MEMBER], 2);
	was = l->changed;
	assert_int_equal(put(f->d, LIST, five), -ENOSPC);
	assert_int_equal(put(f->d, LIST, odd), -EINVAL);
	assert_int_equal(put(f->d, LIST, itself), -ELOOP);
	assert_int_equal(l->n[MS_LISTS_MEMBER], 2);
	assert_int_equal(l->changed, was);
	assert_int_equal(put(f->d, LIST, NULL), 0); /* members stay */
	l = ms_lists_find(f->d, str(LIST));
	assert_int_equal(l->n[MS_LISTS_MEMBER], 2);
	assert_true(l->changed > was);
	assert_int_equal(put(f->d, "sip:other@b", NULL), 0);
	assert_int_equal(put(f->d, "sip:third@b", NULL), 0);
	assert_int_equal(put(f->d, "sip:fourth@b", NULL), -ENOSPC);
	assert_int_equal(reopen(f), 0);
	l = ms_lists_find(f->d, str(LIST));
	assert_non_null(l);
	assert_true(ms_lists_has(l, MS_LISTS_MEMBER, str("sip:bob@example.org")));
	assert_true(ms_lists_may_post(l, str("tel:+4912345")));
	assert_true(ms_lists_may_post(l, str(AUTHOR)));
	assert_false(ms_lists_may_post(l, str("sip:eve@example.org")));
	assert_false(ms_lists_may_see(l, str("sip:bob@example.org")));
	assert_int_equal(ms_lists_remove(f->d, str(LIST)), 0);
	assert_int_equal(ms_lists_remove(f->d, str(LIST)), -ENOENT);
	assert_int_equal(ms_lists_count_of(f->d), 2);
}

static void test_entries(void **state)
{
	struct fixture *f = *state;
	const struct ms_lists_entry_spec bob = { str("sip:bob@example.org"), MS_SPAN_NULL };
	const struct ms_lists_entry_spec other = { str("sip:other@b"), MS_SPAN_NULL };
	const struct ms_lists_list *l;

	assert_int_equal(reopen(f), 0);
	assert_int_equal(put(f->d, LIST, NULL), 0);
	assert_int_equal(put(f->d, "sip:other@b", NULL), 0);
	assert_int_equal(ms_lists_entry_add(f->d, str(LIST), MS_LISTS_MEMBER, &bob), 0);
	assert_int_equal(ms_lists_entry_add(f->d, str(LIST), MS_LISTS_MEMBER, &bob), -EEXIST);
	assert_int_equal(ms_lists_entry_add(f->d, str(LIST), MS_LISTS_MEMBER, &other), -ELOOP);
	assert_int_equal(ms_lists_entry_add(f->d, str("sip:x@b"), MS_LISTS_MEMBER, &bob), -ENOENT);
	assert_int_equal(ms_lists_entry_add(f->d, str(LIST), MS_LISTS_POSTER, &bob), 0);
	assert_int_equal(reopen(f), 0);
	l = ms_lists_find(f->d, str(LIST));
	assert_true(ms_lists_has(l, MS_LISTS_POSTER, bob.uri));
	assert_int_equal(ms_lists_entry_remove(f->d, str(LIST), MS_LISTS_MEMBER, bob.uri), 0);
	assert_int_equal(ms_lists_entry_remove(f->d, str(LIST), MS_LISTS_MEMBER, bob.uri), -ENOENT);
	assert_false(ms_lists_has(l, MS_LISTS_MEMBER, bob.uri));
	assert_true(ms_lists_has(l, MS_LISTS_POSTER, bob.uri));
}

static int directory_torture(void *arg)
{
	static const char *const one[] = { "sip:bob@example.org", NULL };
	const struct ms_lists_entry_spec carol = { str("sip:carol@example.org"), str("Carol") };
	struct fixture *f = arg;
	int err;

	unlink(f->db);
	err = reopen(f);
	if (err == 0)
		err = put(f->d, LIST, one);
	if (err == 0)
		err = put(f->d, LIST, one);
	if (err == 0)
		err = ms_lists_entry_add(f->d, str(LIST), MS_LISTS_MEMBER, &carol);
	f->d = ms_lists_directory_close(f->d);
	return err;
}

static void test_directory_torture(void **state)
{
	assert_true(ms_test_torture(directory_torture, *state) > 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_author),
		cmocka_unit_test(test_author_in_sip),
		cmocka_unit_test(test_author_torture),
		T(test_directory),
		T(test_entries),
		T(test_directory_torture),
	};

	return cmocka_run_group_tests_name("lists", tests, NULL, NULL);
}
