/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why input was refused, in the protocol's own terms, so that the reply, the counter and the log
 * line write themselves.
 */
#ifndef MS_CORE_FAULT_H
#define MS_CORE_FAULT_H

#include <stddef.h>

struct ms_fault {
	int code;           /* the protocol's own number (MIKEY error no, SIP or MSRP status) */
	const char *reason; /* static: a counter's name, e.g. "ticket_expired"; NULL if none */
	size_t offset;      /* where in the input, octets; 0 if it has no place */
};

/** Fills *f (which may be NULL) and gives `err` back, for `return ms_fault_set(...)`. */
static inline int ms_fault_set(struct ms_fault *f, int err, int code, const char *reason,
			       size_t offset)
{
	if (f)
		*f = (struct ms_fault){ code, reason, offset };
	return err;
}

#endif
