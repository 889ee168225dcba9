/* SPDX-License-Identifier: Apache-2.0 */
#include "core/secret.h"

#include <errno.h>
#include <string.h>

void ms_wipe(void *p, size_t n)
{
	if (p && n > 0)
		explicit_bzero(p, n);
}

void ms_secret_wipe(struct ms_secret *s)
{
	ms_wipe(s, sizeof(*s));
}

int ms_secret_set(struct ms_secret *s, struct ms_span value)
{
	if (value.len > sizeof(s->b))
		return -EMSGSIZE;
	if (value.len > 0)
		memmove(s->b, value.p, value.len);
	ms_wipe(s->b + value.len, sizeof(s->b) - value.len);
	s->len = value.len;
	return 0;
}

bool ms_secret_equal(struct ms_span a, struct ms_span b)
{
	volatile uint8_t diff = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		diff = (uint8_t)(diff | (a.p[i] ^ b.p[i]));
	return diff == 0;
}
