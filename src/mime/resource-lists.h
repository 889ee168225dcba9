/* SPDX-License-Identifier: Apache-2.0 */
/*
 * application/resource-lists+xml (RFC 4826 section 3) with copy control (RFC 5364), as list servers
 * and URI-list messages need it: a flat list of URIs. Nested lists are read as one; references to
 * documents elsewhere (<external>, <entry-ref>) are refused, since nobody here would fetch them. No
 * DTD, hence no entities to expand.
 */
#ifndef MS_MIME_RESOURCE_LISTS_H
#define MS_MIME_RESOURCE_LISTS_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/span.h"

#define MS_RESOURCE_LISTS_TYPE "application/resource-lists+xml"

/** What stands in place of a URI its sender wants hidden (RFC 5364 section 4). */
#define MS_RESOURCE_ANONYMOUS "sip:anonymous@anonymous.invalid"

/** RFC 5364 section 4, in ascending precedence; no attribute means bcc. */
enum ms_copy_control { MS_COPY_BCC, MS_COPY_CC, MS_COPY_TO };

struct ms_resource_entry {
	struct ms_span uri;          /* references resolved */
	struct ms_span display_name; /* may be empty */
	enum ms_copy_control copy;
	bool copy_given; /* the attribute was there; the writer puts it only then */
	bool anonymize;
	uint32_t count; /* 1 unless the document says otherwise */
};

/** Zero means the default in brackets. */
struct ms_resource_limits {
	size_t octets;  /* of the document (1 MiB) */
	size_t entries; /* (10000) */
	unsigned depth; /* lists inside each other (4) */
};

struct ms_resource_lists {
	struct ms_resource_entry *entry; /* owned; spans are into `text` */
	size_t n;
	struct ms_span name; /* of the outermost list, or empty */
	struct ms_buf text;  /* private */
};

/**
 * Reads the document. -EBADMSG (not well formed, or not the schema), -E2BIG (too many entries, reason
 * "resource_lists_entries"), -EMSGSIZE (too long or too deep), -ENOTSUP (a reference, reason
 * "resource_lists_reference"), -ENOMEM. On success freed by ms_resource_lists_done().
 */
MS_MUST_CHECK int ms_resource_lists_read(struct ms_span xml, const struct ms_resource_limits *l,
					 struct ms_resource_lists *ret_lists, struct ms_fault *f);

/** Frees. All-zero is fine. For MS_CLEANUP. */
void ms_resource_lists_done(struct ms_resource_lists *lists);

/** Appends the document; -EINVAL sticks for text that is no UTF-8 or has control octets. `name` may
 * be empty. */
void ms_resource_lists_write(struct ms_buf *b, struct ms_span name,
			     const struct ms_resource_entry *entry, size_t n);

/** Appends one <entry> alone, without a namespace; else as above. */
void ms_resource_entry_write(struct ms_buf *b, const struct ms_resource_entry *e);

/**
 * Appends the recipient-list-history of a recipient-list (RFC 5364 section 6): `to` and `cc` as they
 * are, those to be anonymized as one entry with a count each, no `bcc`. 0 entries may be the result:
 * then nothing is appended and false returned.
 */
MS_MUST_CHECK bool ms_resource_lists_history(struct ms_buf *b,
					     const struct ms_resource_entry *entry, size_t n);

#endif
