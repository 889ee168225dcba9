/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters and gauges: named, described, in static tables, shown as Prometheus text and as JSON.
 *
 *   enum { C_ISSUED, C_REFUSED_EXPIRED, C_REFUSED_OTHER, C_USERS };
 *   static struct ms_counter counters[] = {
 *           [C_ISSUED] = MS_COUNTER("tickets_issued_total", "Tickets issued."),
 *           [C_REFUSED_EXPIRED] = MS_COUNTER_LABEL("refused_total", "Requests refused, by reason.",
 *                                                  "reason", "ticket_expired"),
 *           ...
 *           [C_USERS] = MS_GAUGE("users", "Users in the store."),
 *   };
 *   static struct ms_counter_set set = MS_COUNTER_SET("mediasec_kms", counters);
 *
 * Entries that share a name and differ in their label stand next to each other. Labels are few and
 * never peer text.
 */
#ifndef MS_DAEMON_COUNTER_H
#define MS_DAEMON_COUNTER_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/reader.h"

enum ms_counter_kind { MS_KIND_COUNTER, MS_KIND_GAUGE };

struct ms_counter {
	const char *name;                /* without the set's prefix; counters end in _total */
	const char *help;                /* one sentence */
	const char *label, *label_value; /* NULL: none */
	enum ms_counter_kind kind;
	uint64_t value;
};

#define MS_COUNTER(n, h)                                          \
	{                                                         \
		.name = (n), .help = (h), .kind = MS_KIND_COUNTER \
	}
#define MS_COUNTER_LABEL(n, h, l, v)                                        \
	{                                                                   \
		.name = (n), .help = (h), .label = (l), .label_value = (v), \
		.kind = MS_KIND_COUNTER                                     \
	}
#define MS_GAUGE(n, h)                                          \
	{                                                       \
		.name = (n), .help = (h), .kind = MS_KIND_GAUGE \
	}

/** A module's table; static. */
struct ms_counter_set {
	const char *prefix; /* "mediasec_kms" */
	struct ms_counter *counters;
	size_t n;
	/** Called before the set is shown, to fill gauges; may be NULL. */
	void (*refresh)(struct ms_counter_set *set, void *arg);
	void *arg;
	struct ms_counter_set *next;
};

#define MS_COUNTER_SET(p, table)                                              \
	{                                                                     \
		.prefix = (p), .counters = (table), .n = MS_ARRAY_SIZE(table) \
	}

/** Makes the set part of what is shown. Harmless if done twice. */
void ms_counter_set_add(struct ms_counter_set *set);

static inline void ms_count(struct ms_counter *c)
{
	c->value++;
}

static inline void ms_gauge(struct ms_counter *c, uint64_t value)
{
	c->value = value;
}

/**
 * The entry with that name and label value; if there is none, the one with label value "other"; if
 * there is none, NULL. For struct ms_fault's reasons.
 */
struct ms_counter *ms_counter_find(struct ms_counter_set *set, const char *name,
				   const char *label_value);

/** Counts name{...=label_value}, or name{...="other"}. */
void ms_count_reason(struct ms_counter_set *set, const char *name, const char *label_value);

/** All sets in Prometheus's text format (version 0.0.4). */
void ms_counters_prometheus(struct ms_buf *out);

/** All sets as {"prefix_name": value, "prefix_name{label=\"v\"}": value}. New reference or NULL. */
MS_MUST_CHECK json_t *ms_counters_json(void);

/** The values of one set, for sending to another role that has the same table. */
void ms_counters_put(const struct ms_counter_set *set, struct ms_buf *out);

/** Takes what ms_counters_put() wrote. 0 or -EBADMSG (another table). */
MS_MUST_CHECK int ms_counters_get(struct ms_counter_set *set, struct ms_reader *in);

#endif
