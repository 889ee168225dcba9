/* SPDX-License-Identifier: Apache-2.0 */
#include "ms-test.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/ticket-cache.h"
#include "small-kms.h"

#define PSK MS_SPAN_LIT("0123456789abcdef0123456789abcdef")
#define LATER (SMALL_NOW + 2 * 3600 * MS_SEC)

static struct ms_keys_cache *cache;
static char folder[] = "/tmp/ue-ticket-XXXXXX", path[64];

static int set_up(void **state)
{
	(void)state;
	small_kms_reset();
	return ms_keys_cache_new(3, &cache);
}

static int tear_down(void **state)
{
	(void)state;
	cache = ms_keys_cache_free(cache);
	unlink(path);
	return 0;
}

static void add(enum ms_keys_ticket_kind kind, const char *responder)
{
	struct ms_mikey_ticket_held *held = NULL;

	assert_int_equal(small_ticket(ALICE, kind == MS_KEYS_TICKET_MESSAGE, responder, &held), 0);
	assert_int_equal(ms_keys_cache_add(cache, kind, ms_span_str(responder), held, SMALL_NOW),
			 0);
}

static const struct ms_mikey_ticket_held *find(enum ms_keys_ticket_kind kind, const char *responder,
					       ms_usec now)
{
	return ms_keys_cache_find(cache, kind, ms_span_str(responder), now);
}

static void only_what_fits(void **state)
{
	(void)state;
	add(MS_KEYS_TICKET_MESSAGE, small_uri(BOB));
	add(MS_KEYS_TICKET_SESSION, "?@?");
	assert_non_null(find(MS_KEYS_TICKET_MESSAGE, small_uri(BOB), SMALL_NOW));
	assert_null(find(MS_KEYS_TICKET_SESSION, small_uri(BOB), SMALL_NOW));
	assert_null(find(MS_KEYS_TICKET_MESSAGE, small_uri(CAROL), SMALL_NOW));
	assert_null(find(MS_KEYS_TICKET_MESSAGE, "?@?", SMALL_NOW));
	assert_non_null(find(MS_KEYS_TICKET_SESSION, "?@?", SMALL_NOW));
}

static void only_while_valid(void **state)
{
	(void)state;
	add(MS_KEYS_TICKET_MESSAGE, small_uri(BOB));
	assert_null(find(MS_KEYS_TICKET_MESSAGE, small_uri(BOB), LATER));
	assert_null(find(MS_KEYS_TICKET_MESSAGE, small_uri(BOB), SMALL_NOW)); /* dropped */
}

static void the_oldest_goes(void **state)
{
	(void)state;
	add(MS_KEYS_TICKET_MESSAGE, "sip:a@x");
	add(MS_KEYS_TICKET_MESSAGE, "sip:b@x");
	add(MS_KEYS_TICKET_MESSAGE, "sip:c@x");
	add(MS_KEYS_TICKET_MESSAGE, "sip:c@x"); /* replaces */
	assert_non_null(find(MS_KEYS_TICKET_MESSAGE, "sip:a@x", SMALL_NOW));
	add(MS_KEYS_TICKET_MESSAGE, "sip:d@x");
	assert_null(find(MS_KEYS_TICKET_MESSAGE, "sip:a@x", SMALL_NOW));
	assert_non_null(find(MS_KEYS_TICKET_MESSAGE, "sip:d@x", SMALL_NOW));
}

static void resolvers_are_a_set(void **state)
{
	const struct ms_span some[] = { MS_SPAN_LIT("b"), MS_SPAN_LIT("a"), MS_SPAN_LIT("b") };
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	(void)state;
	ms_buf_init(&b, 100);
	ms_keys_resolvers_put(&b, some, 3);
	assert_string_equal(ms_buf_cstr(&b), "a, b");
}

/* Bob resolves once; the outcome serves Alice's next message without the KMS. */
static void resolved_tickets(void **state)
{
	const struct ms_mikey_session session = {
		.cs_id = 1, .prot_type = (uint8_t)ms_profile_default.prot_type_psk_mime
	};
	const struct ms_mikey_offer offer = { .called = { MS_MIKEY_ID_URI,
							  ms_span_str(small_uri(BOB)) },
					      .session = &session,
					      .n_sessions = 1 };
	struct ms_mikey_ticket_held *held = NULL;
	const struct ms_mikey_resolved *known;

	(void)state;
	assert_int_equal(small_ticket(ALICE, true, small_uri(BOB), &held), 0);
	for (int i = 0; i < 2; i++) {
		MS_CLEANUP(ms_buf_done) struct ms_buf init;
		struct ms_mikey_transfer *t = NULL;
		struct ms_mikey_incoming *in = NULL;
		const struct ms_mikey_policy *ticket;

		ms_buf_init(&init, MS_MIKEY_MESSAGE_MAX);
		assert_int_equal(ms_mikey_transfer_start(small_party(ALICE, true), held, &offer,
							 SMALL_NOW, &init, &t),
				 0);
		assert_int_equal(ms_mikey_incoming_new(small_party(BOB, true), ms_buf_span(&init),
						       MS_SPAN_NULL, NULL, SMALL_NOW, NULL, &in),
				 0);
		ticket = &ms_mikey_incoming_message(in)->ticket;
		known = ms_keys_cache_resolved(cache, ticket, SMALL_NOW);
		assert_int_equal(known != NULL, i == 1);
		if (known) {
			assert_int_equal(ms_mikey_incoming_use(in, known, SMALL_NOW, NULL), 0);
			assert_null(ms_keys_cache_resolved(cache, ticket, LATER));
		} else {
			assert_int_equal(small_resolve(in, NULL), 0);
			assert_int_equal(ms_keys_cache_add_resolved(cache, ticket,
								    ms_mikey_incoming_outcome(in)),
					 0);
			assert_int_equal(ms_keys_cache_n_resolved(cache), 1);
		}
		ms_mikey_incoming_free(in);
		ms_mikey_transfer_free(t);
	}
	ms_mikey_ticket_held_free(held);
}

static void in_a_file(void **state)
{
	struct ms_keys_cache *other = NULL;
	struct stat st;

	(void)state;
	add(MS_KEYS_TICKET_MESSAGE, small_uri(BOB));
	add(MS_KEYS_TICKET_SESSION, "?@?");
	assert_int_equal(ms_keys_ticket_file_save(path, cache, PSK, &small_random), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	cache = ms_keys_cache_free(cache);
	assert_int_equal(ms_keys_cache_new(3, &cache), 0);
	assert_int_equal(ms_keys_ticket_file_load(path, cache, PSK, SMALL_NOW), 0);
	assert_non_null(find(MS_KEYS_TICKET_MESSAGE, small_uri(BOB), SMALL_NOW));
	assert_non_null(find(MS_KEYS_TICKET_SESSION, "?@?", SMALL_NOW));

	assert_int_equal(ms_keys_cache_new(3, &other), 0);
	assert_int_equal(
		ms_keys_ticket_file_load(path, other, MS_SPAN_LIT("another key"), SMALL_NOW),
		-EBADMSG);
	assert_int_equal(ms_keys_ticket_file_load(path, other, PSK, LATER), 0);
	assert_null(
		ms_keys_cache_find(other, MS_KEYS_TICKET_SESSION, MS_SPAN_LIT("?@?"), SMALL_NOW));
	assert_int_equal(ms_keys_ticket_file_load("/nowhere/at/all", other, PSK, SMALL_NOW), 0);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(ms_keys_ticket_file_load(path, other, PSK, SMALL_NOW), -EACCES);
	ms_keys_cache_free(other);
}

static void a_damaged_file(void **state)
{
	FILE *f;

	(void)state;
	add(MS_KEYS_TICKET_MESSAGE, small_uri(BOB));
	assert_int_equal(ms_keys_ticket_file_save(path, cache, PSK, &small_random), 0);
	f = fopen(path, "r+");
	assert_non_null(f);
	fseek(f, 60, SEEK_SET);
	fputc('x', f);
	fputc('y', f);
	fclose(f);
	assert_int_equal(ms_keys_ticket_file_load(path, cache, PSK, SMALL_NOW), -EBADMSG);
	assert_int_equal(truncate(path, 10), 0);
	assert_int_equal(ms_keys_ticket_file_load(path, cache, PSK, SMALL_NOW), -EBADMSG);
}

static void two_processes(void **state)
{
	struct ms_keys_cache *other = NULL;
	const struct ms_mikey_ticket_held *mine;

	(void)state;
	add(MS_KEYS_TICKET_MESSAGE, small_uri(BOB));
	assert_int_equal(ms_keys_ticket_file_save(path, cache, PSK, &small_random), 0);
	assert_int_equal(ms_keys_cache_new(3, &other), 0);
	assert_int_equal(ms_keys_ticket_file_load(path, other, PSK, SMALL_NOW), 0);
	add(MS_KEYS_TICKET_SESSION, "?@?");
	mine = find(MS_KEYS_TICKET_MESSAGE, small_uri(BOB), SMALL_NOW);
	ms_keys_cache_merge(cache, other); /* nothing new */
	assert_ptr_equal(find(MS_KEYS_TICKET_MESSAGE, small_uri(BOB), SMALL_NOW), mine);
	ms_keys_cache_merge(other, cache); /* takes the session's */
	assert_null(find(MS_KEYS_TICKET_SESSION, "?@?", SMALL_NOW));
	assert_non_null(
		ms_keys_cache_find(other, MS_KEYS_TICKET_SESSION, MS_SPAN_LIT("?@?"), SMALL_NOW));
	ms_keys_cache_free(other);
}

static int torture_run(void *arg)
{
	struct ms_keys_cache *c = NULL;
	int err = ms_keys_cache_new(3, &c);

	(void)arg;
	if (!err)
		err = ms_keys_ticket_file_load(path, c, PSK, SMALL_NOW);
	if (!err)
		err = ms_keys_ticket_file_save(path, c, PSK, &small_random);
	ms_keys_cache_free(c);
	return err;
}

static void without_memory(void **state)
{
	(void)state;
	add(MS_KEYS_TICKET_MESSAGE, small_uri(BOB));
	assert_int_equal(ms_keys_ticket_file_save(path, cache, PSK, &small_random), 0);
	ms_test_torture(torture_run, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_what_fits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_while_valid, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_oldest_goes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(resolvers_are_a_set, set_up, tear_down),
		cmocka_unit_test_setup_teardown(resolved_tickets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(in_a_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(two_processes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_memory, set_up, tear_down),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/tickets", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
