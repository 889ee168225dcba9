/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mikey-micro [SECONDS]: what one core does in crypto and codec alone. One REQUEST_INIT and one
 * RESOLVE_INIT, again and again through the KMS engine, without replay records, store or network:
 * the floor under everything that a key server does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../tests/mikey/memory-call.h"

static double seconds(void)
{
	struct timespec t;

	/* Time of our own on a core, not that of others beside us. */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int measure(struct memory_kms *k, const char *what, struct ms_span in, double how_long)
{
	double start = seconds(), end;
	unsigned long n = 0;
	struct ms_buf out;

	ms_buf_init(&out, MS_MIKEY_MESSAGE_MAX);
	do {
		for (int i = 0; i < 1000; i++) {
			if (memory_ask(k, in, &out) < 0 || !k->outcome.granted) {
				fprintf(stderr, "%s: refused: %s\n", what, k->outcome.reason);
				return 1;
			}
		}
		n += 1000;
		end = seconds();
	} while (end - start < how_long);
	printf("%s: %.0f/s, %.2f us, %zu octets in, %zu out\n", what, (double)n / (end - start),
	       (end - start) / (double)n * 1e6, in.len, out.len);
	ms_buf_done(&out);
	return 0;
}

static int suite(const char *name, const struct ms_mikey_suite *s, double how_long)
{
	const struct ms_mikey_id bob = memory_id("sip:bob@example.com");
	const struct ms_mikey_wanted w = { .flags = SESSION_FLAGS,
					   .responder = &bob,
					   .n_responders = 1 };
	struct ms_mikey_request *r = NULL;
	struct memory_kms k;
	struct call c;
	char what[64];
	int failed = 1;

	if (memory_kms_init(&k) < 0)
		return 1;
	k.replay = ms_mikey_replay_free(k.replay);
	call_init(&c, &k, ALICE, BOB, s);
	snprintf(what, sizeof(what), "%s ticket request", name);
	if (ms_mikey_request_start(&c.a, &w, k.now, &c.out, &r) == 0)
		failed = measure(&k, what, ms_buf_span(&c.out), how_long);
	ms_mikey_request_free(r);
	/* call_receive() leaves its RESOLVE_INIT in c.out. */
	snprintf(what, sizeof(what), "%s ticket resolve", name);
	if (!failed && call_ticket(&c, &w) == 0 && call_offer(&c, NULL) == 0 &&
	    call_receive(&c) == 0)
		failed = measure(&k, what, ms_buf_span(&c.out), how_long);
	call_done(&c);
	memory_kms_done(&k);
	return failed;
}

int main(int argc, char **argv)
{
	double how_long = argc > 1 ? strtod(argv[1], NULL) : 2;

	return suite("128", &ms_mikey_suite_128, how_long) +
	       suite("256", &ms_mikey_suite_256, how_long);
}
