/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the gateway's half of the coding: what reading properties, signals and streams shares. */
#ifndef MS_H248_CODING_GET_PRIV_H
#define MS_H248_CODING_GET_PRIV_H

#include <errno.h>

#include "h248/coding.h"
#include "h248/package.h"

/* What is being read, and what is wrong with it. */
struct ms_h248_get {
	const struct ms_h248_coding *c;
	struct ms_bearer *b;
	uint16_t stream;
	struct ms_fault *f;
	struct ms_span *what;
};

/* Says what is wrong and with what; -EBADMSG. */
int ms_h248_get_refuse(struct ms_h248_get *g, int code, const char *reason, struct ms_span what);

/* The value of a property or parameter, one number; on or off. 449 if it is none. */
int ms_h248_get_number(struct ms_h248_get *g, const struct ms_h248_param *p, int64_t *ret);
int ms_h248_get_switch(struct ms_h248_get *g, const struct ms_h248_param *p, bool *ret);

/* A property of LocalControl (coding-get-property.c). */
int ms_h248_get_property(struct ms_h248_get *g, const struct ms_h248_param *p);

/* The Signals descriptor, as far as it is about this stream (coding-get-signal.c). */
int ms_h248_get_signals(struct ms_h248_get *g, const struct ms_h248_signal *list);

#endif
