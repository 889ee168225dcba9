/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes back from cache files, and SRTP parameters: the first octet chooses. What is taken must
 * serialise to something that is taken again, and then to the same octets.
 */
#include "fuzz-world.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void held(struct ms_span s)
{
	struct ms_mikey_ticket_held *h = NULL, *again = NULL;
	struct ms_buf b, c;

	if (ms_mikey_ticket_held_parse(s, &h) < 0)
		return;
	ms_buf_init_secret(&b, MS_MIKEY_HELD_MAX);
	ms_buf_init_secret(&c, MS_MIKEY_HELD_MAX);
	ms_mikey_ticket_held_serialise(h, &b);
	WORLD_CHECK(ms_buf_status(&b) == 0);
	WORLD_CHECK(ms_mikey_ticket_held_parse(ms_buf_span(&b), &again) == 0);
	ms_mikey_ticket_held_serialise(again, &c);
	WORLD_CHECK(ms_span_eq(ms_buf_span(&b), ms_buf_span(&c)));
	ms_buf_done(&b);
	ms_buf_done(&c);
	ms_mikey_ticket_held_free(h);
	ms_mikey_ticket_held_free(again);
}

static void resolved(struct ms_span s)
{
	struct ms_mikey_resolved *r = NULL, *again = NULL;
	struct ms_buf b, c;

	if (ms_mikey_resolved_parse(s, &r) < 0)
		return;
	ms_buf_init_secret(&b, MS_MIKEY_RESOLVED_MAX);
	ms_buf_init_secret(&c, MS_MIKEY_RESOLVED_MAX);
	ms_mikey_resolved_serialise(r, &b);
	WORLD_CHECK(ms_buf_status(&b) == 0);
	WORLD_CHECK(ms_mikey_resolved_parse(ms_buf_span(&b), &again) == 0);
	ms_mikey_resolved_serialise(again, &c);
	WORLD_CHECK(ms_span_eq(ms_buf_span(&b), ms_buf_span(&c)));
	ms_buf_done(&b);
	ms_buf_done(&c);
	ms_mikey_resolved_free(r);
	ms_mikey_resolved_free(again);
}

static void srtp(struct ms_span s)
{
	struct ms_mikey_srtp first, second;
	uint8_t octets[128];
	struct ms_buf b;

	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
	if (ms_mikey_srtp_decode(s, &first) < 0)
		return;
	ms_buf_init_fixed(&b, octets, sizeof(octets));
	ms_mikey_srtp_encode(&first, &b);
	WORLD_CHECK(ms_buf_status(&b) == 0);
	WORLD_CHECK(ms_mikey_srtp_decode(ms_buf_span(&b), &second) == 0);
	WORLD_CHECK(memcmp(&first, &second, sizeof(first)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct ms_span rest = ms_span_from(ms_span_of(p, n), 1);

	if (n == 0)
		return 0;
	if (p[0] % 3 == 0)
		held(rest);
	else if (p[0] % 3 == 1)
		resolved(rest);
	else
		srtp(rest);
	return 0;
}
