/* SPDX-License-Identifier: Apache-2.0 */
/* One message handed to a role: the kinds `negative` and `state`. */
#ifndef MS_TESTS_MIKEY_VEC_RECEIVE_H
#define MS_TESTS_MIKEY_VEC_RECEIVE_H

#include "vec-world.h"

/* One receiver, for one message or several. */
struct vec_receiver {
	struct vec_world *w;
	const char *role, *operation;
	const json_t *context;    /* may be NULL */
	bool early;               /* to be refused before the KMS is asked */
	struct ms_mikey_csb *csb; /* owned; what came out, or is updated */
};

struct vec_verdict {
	bool accepted;
	int error_no; /* -1: none */
	const char *reason;
};

/* False if the vector itself fails, whatever it expects. */
bool vec_deliver(struct vec_receiver *rx, struct ms_span in, ms_usec now,
		 struct vec_verdict *ret_v);

#endif
