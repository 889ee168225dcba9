/* SPDX-License-Identifier: Apache-2.0 */
#include "core/time.h"

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
