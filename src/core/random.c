/* SPDX-License-Identifier: Apache-2.0 */
#include "core/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/secret.h"

/*
 * A key server draws a dozen small values a request; one system call for each would cost more than
 * the hashing. Octets are wiped as they are handed out, and a fork starts with an empty pool.
 */
static struct {
	uint8_t b[512];
	size_t left;
	pid_t owner;
} pool;

static int from_kernel(void *p, size_t n)
{
	uint8_t *at = p;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		if (got < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		at += got;
		n -= (size_t)got;
	}
	return 0;
}

static int fill_system(void *arg MS_UNUSED, void *p, size_t n)
{
	uint8_t *from;
	int err;

	if (n > sizeof(pool.b) / 2)
		return from_kernel(p, n);
	if (pool.left < n || pool.owner != getpid()) {
		err = from_kernel(pool.b, sizeof(pool.b));
		if (err < 0)
			return err;
		pool.left = sizeof(pool.b);
		pool.owner = getpid();
	}
	from = pool.b + sizeof(pool.b) - pool.left;
	memcpy(p, from, n);
	ms_wipe(from, n);
	pool.left -= n;
	return 0;
}

const struct ms_random ms_random_system = { fill_system, NULL };

int ms_random_fill(const struct ms_random *r, void *p, size_t n)
{
	int err = n > 0 ? r->fill(r->arg, p, n) : 0;

	if (err < 0)
		memset(p, 0, n);
	return err;
}

int ms_random_u32(const struct ms_random *r, uint32_t *ret_v)
{
	uint32_t v;
	int err = ms_random_fill(r, &v, sizeof(v));

	if (err == 0)
		*ret_v = v;
	return err;
}
