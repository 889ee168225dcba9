/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overload of a gateway (H.248.10 chp, H.248.11 ocp): the share of new contexts it gets. H.248.10 names
 * the percentage. H.248.11 only says that a command met overload and leaves the algorithm to us: half
 * after each report (not more often than each second), and one percent more each 200 ms.
 */
#include "h248/mgc-priv.h"

#define RECOVERY (200 * MS_MSEC)
#define LEAST 5u /* percent: something must go there to learn that it is better */

void ms_mgc_load_reduce(struct ms_mgc_load *l, unsigned percent)
{
	l->reduction = percent < 100 ? percent : 100;
}

static void recover(struct ms_mgc_load *l, ms_usec now)
{
	ms_usec steps = (now - l->since) / RECOVERY;

	if (l->share >= 100 || steps <= 0)
		return;
	l->share = steps >= 100 ? 100 : l->share + (unsigned)steps;
	if (l->share > 100)
		l->share = 100;
	l->since += steps * RECOVERY;
}

void ms_mgc_load_overload(struct ms_mgc_load *l, ms_usec now)
{
	if (l->share < 100 && now - l->since < MS_SEC)
		return;
	recover(l, now);
	l->share = l->share / 2 > LEAST ? l->share / 2 : LEAST;
	l->since = now;
}

unsigned ms_mgc_load_share(struct ms_mgc_load *l, ms_usec now)
{
	recover(l, now);
	return l->share < 100 - l->reduction ? l->share : 100 - l->reduction;
}
