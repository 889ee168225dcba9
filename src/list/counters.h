/* SPDX-License-Identifier: Apache-2.0 */
/* What mediasec-list counts: mediasec_list_... */
#ifndef MS_LISTS_COUNTERS_H
#define MS_LISTS_COUNTERS_H

#include "daemon/counter.h"
#include "daemon/log.h"

enum ms_lists_counter {
	MS_LISTS_C_MESSAGES, /* MESSAGEs that came */
	MS_LISTS_C_ACCEPTED, /* answered 202 */
	MS_LISTS_C_REENCRYPTED,
	MS_LISTS_C_HELD,          /* kept as they came, since the KMS did not answer */
	MS_LISTS_C_RECIPIENTS,    /* of accepted messages */
	MS_LISTS_C_REGISTRATIONS, /* of users, told by the core */
	MS_LISTS_C_SENT,          /* requests to recipients, repetitions included */
	MS_LISTS_C_DELIVERED,
	MS_LISTS_C_FAILED,
	MS_LISTS_C_EXPIRED,
	MS_LISTS_C_REPEATED,    /* refused by recipients that had them already */
	MS_LISTS_C_UNTOLD,      /* messages of whose outcomes authors are not told */
	MS_LISTS_C_QUEUE,       /* gauge */
	MS_LISTS_C_AWAY,        /* gauge */
	MS_LISTS_C_CHANGES,     /* of lists */
	MS_LISTS_C_HTTP_DENIED, /* requests without a good token */
	MS_LISTS_C_LISTS,       /* gauge */
	MS_LISTS_C_PENDING,     /* gauge */
	MS_LISTS_C_REFUSED,     /* the first of those by reason */
};

extern struct ms_counter_set ms_lists_counters, ms_lists_sip_counters;
extern struct ms_log_category ms_lists_log;

void ms_lists_count(enum ms_lists_counter c);
void ms_lists_count_n(enum ms_lists_counter c, uint64_t n);

/** One more refused for that reason (static). */
void ms_lists_count_refused(const char *reason);

/** The counters show this program's state from now on; the names of the proxy's are made. */
void ms_lists_counters_start(void);

#endif
