/* SPDX-License-Identifier: Apache-2.0 */
#include "mikey/timestamp.h"

#include <errno.h>

#define NTP_TO_UNIX 2208988800u /* seconds from 1900 to 1970 */
#define ERA ((uint64_t)1 << 32) /* seconds an NTP era lasts */
#define TOP_BIT 0x80000000u

uint64_t ms_mikey_ts_t64(const struct ms_mikey_ts *t)
{
	return t->type == MS_MIKEY_TS_NTP_UTC_32 ? t->value << 32 : t->value;
}

int ms_mikey_ts_seconds(const struct ms_mikey_ts *t, uint64_t *ret_seconds)
{
	uint32_t s;

	if (!t->set || t->type == MS_MIKEY_TS_COUNTER)
		return -EINVAL;
	s = (uint32_t)(ms_mikey_ts_t64(t) >> 32);
	/* RFC 4330 section 3: top bit clear is the era that starts in 2036. */
	*ret_seconds = s & TOP_BIT ? s : s + ERA;
	return 0;
}

int ms_mikey_ts_to_usec(const struct ms_mikey_ts *t, ms_usec *ret_time)
{
	uint64_t seconds, fraction;
	int err = ms_mikey_ts_seconds(t, &seconds);

	if (err < 0)
		return err;
	fraction = ms_mikey_ts_t64(t) & 0xffffffffu;
	*ret_time = ((ms_usec)seconds - NTP_TO_UNIX) * MS_SEC +
		    (ms_usec)(fraction * (uint64_t)MS_SEC >> 32);
	return 0;
}

struct ms_mikey_ts ms_mikey_ts_of(enum ms_mikey_ts_type type, ms_usec now)
{
	struct ms_mikey_ts t = { .set = true, .type = (uint8_t)type };
	ms_usec since_1900 = now + (ms_usec)NTP_TO_UNIX * MS_SEC;
	uint64_t seconds, usec;

	if (type == MS_MIKEY_TS_COUNTER || since_1900 < 0)
		return (struct ms_mikey_ts){ .set = false };
	seconds = (uint64_t)(since_1900 / MS_SEC);
	usec = (uint64_t)(since_1900 % MS_SEC);
	t.value = seconds & 0xffffffffu;
	if (type != MS_MIKEY_TS_NTP_UTC_32)
		/* Rounded up, so that the way back gives the same microsecond. */
		t.value = t.value << 32 | ((usec << 32) + MS_SEC - 1) / MS_SEC;
	return t;
}
