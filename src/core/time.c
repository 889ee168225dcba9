/* SPDX-License-Identifier: Apache-2.0 */
#include "core/time.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

ms_usec ms_usec_add(ms_usec a, ms_usec b)
{
	return a > MS_NEVER - b ? MS_NEVER : a + b;
}

/* Civil date from days since 1970-01-01, proleptic Gregorian; no libc clock or time zone needed. */
static void civil(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*ret_day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*ret_month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*ret_year = (int)(yoe + era * 400 + (*ret_month <= 2));
}

/* The inverse of civil(), from 1970 on. */
static int64_t days_of(unsigned year, unsigned month, unsigned day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t era = y / 400, yoe = y - era * 400;
	int64_t doy = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* `n` digits at the front, and what must follow them (0: nothing). */
static bool take_number(struct ms_span *s, size_t n, uint8_t then, unsigned *ret_v)
{
	unsigned v = 0;

	if (s->len < n + (then ? 1 : 0) || (then && s->p[n] != then))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		v = 10 * v + (s->p[i] - '0');
	}
	*s = ms_span_from(*s, n + (then ? 1 : 0));
	*ret_v = v;
	return true;
}

static bool take_fraction(struct ms_span *s, ms_usec *ret_t)
{
	ms_usec unit = MS_SEC / 10;
	unsigned digit;

	*ret_t = 0;
	if (s->len == 0 || s->p[0] != '.')
		return true;
	*s = ms_span_from(*s, 1);
	if (!take_number(s, 1, 0, &digit))
		return false;
	do {
		*ret_t += digit * unit;
		unit /= 10;
	} while (take_number(s, 1, 0, &digit));
	return true;
}

static bool take_offset(struct ms_span s, ms_usec *ret_t)
{
	unsigned hours, minutes;
	uint8_t sign = s.len > 0 ? s.p[0] : 0;

	*ret_t = 0;
	if (s.len == 1 && (sign == 'Z' || sign == 'z'))
		return true;
	s = ms_span_from(s, 1);
	if ((sign != '+' && sign != '-') || !take_number(&s, 2, ':', &hours) ||
	    !take_number(&s, 2, 0, &minutes) || s.len > 0 || hours > 23 || minutes > 59)
		return false;
	*ret_t = (ms_usec)(hours * 60 + minutes) * 60 * MS_SEC * (sign == '-' ? -1 : 1);
	return true;
}

static unsigned days_in(unsigned year, unsigned month)
{
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (month == 2)
		return leap ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

int ms_usec_of_iso(struct ms_span s, ms_usec *ret_t)
{
	unsigned year, month, day, hour, minute, second;
	ms_usec fraction, offset;

	if (!take_number(&s, 4, '-', &year) || !take_number(&s, 2, '-', &month) ||
	    !take_number(&s, 2, 0, &day) || s.len == 0 || (s.p[0] != 'T' && s.p[0] != 't'))
		return -EINVAL;
	s = ms_span_from(s, 1);
	if (!take_number(&s, 2, ':', &hour) || !take_number(&s, 2, ':', &minute) ||
	    !take_number(&s, 2, 0, &second) || !take_fraction(&s, &fraction) ||
	    !take_offset(s, &offset))
		return -EINVAL;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month) ||
	    hour > 23 || minute > 59 || second > 60)
		return -EINVAL;
	*ret_t = (days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) * MS_SEC +
		 fraction - offset;
	return 0;
}

char *ms_usec_to_iso(ms_usec t, char dst[static 32])
{
	int64_t ms = t / 1000 - (t % 1000 < 0);
	int64_t sec = ms / 1000 - (ms % 1000 < 0);
	int64_t day = sec / 86400 - (sec % 86400 < 0);
	int in_day = (int)(sec - day * 86400);
	int year, month, mday;
	char text[80]; /* what the compiler thinks integers may need */

	civil(day, &year, &month, &mday);
	if (year < 0 || year > 9999)
		snprintf(text, sizeof(text), "(out of range)");
	else
		snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month,
			 mday, in_day / 3600, in_day / 60 % 60, in_day % 60,
			 (int)(ms - sec * 1000));
	memcpy(dst, text, 32);
	dst[31] = '\0';
	return dst;
}
